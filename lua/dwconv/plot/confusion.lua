-- plot/confusion.lua: dw.plot.confusion: which classes are taken for which: rows are the true classes, columns the
-- predicted ones. A cell's shade is its share of its row. Called by init.lua.
-- Invariant: classes count from 1; counts are exact.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local axes = require "dwconv.plot.axes"
local data = require "dwconv.plot.data"
local plot = require "dwconv.plot.plot"
local scale = require "dwconv.plot.scale"

local raise, show, is_tensor = args.raise, args.show, args.check.is_tensor

local confusion = {}

local MOST <const> = 200 -- classes
local EXPECTED <const> = "classes from 1 (n), or probabilities (n, classes)"

local options = data.options({ labels = data.names() }, "(matrix, {options}) or (y_true, y_pred, {options})")

-- ---- counting --------------------------------------------------------------------------------------

-- Classes from 1, as int64 (n): a list or a tensor of whole numbers, or probabilities (n, classes). Also how many
-- classes there must be.
local function classes_of(what, v)
  local t = v
  if type(v) == "table" then t = data.numbers(what, v) end
  if not is_tensor(t) or t.dtype == "bool" then
    raise("%s must be %s, got %s", what, EXPECTED, show(v))
  end
  if t.size == 0 then raise("%s must have at least one sample, got %s", what, show(v)) end
  if t.ndim == 2 and t.shape[2] == 1 then t = t:reshape { -1 } end
  if t.ndim == 2 then
    if K.any(K.isnan(data.floats(t))):item() then raise("%s has NaN", what) end
    return K.cast(K.argmax(t, { axis = 2 }), "int64"), t.shape[2]
  end
  if t.ndim ~= 1 then raise("%s must be %s, got %s", what, EXPECTED, show(v)) end
  if t.dtype:find "float" and not K.all(K.equal(K.floor(t), t)):item() then
    raise("%s must be %s, but not all of its numbers are whole", what, EXPECTED)
  end
  local least, most = K.min(t):item(), K.max(t):item()
  if least < 1 then raise("%s holds class %d, but classes count from 1", what, least) end
  if most > MOST then raise("%s holds class %.0f; there can be at most %d", what, most, MOST) end
  return K.cast(t, "int64"), math.tointeger(most)
end

local function counted(y_true, y_pred, labels)
  local t, n_true = classes_of("y_true", y_true)
  local p, n_pred = classes_of("y_pred", y_pred)
  if t.size ~= p.size then raise("y_true has %d samples, but y_pred has %d", t.size, p.size) end
  local n = math.max(n_true, n_pred, labels and #labels or 1)
  if n > MOST then raise("there are %d classes; there can be at most %d", n, MOST) end
  local place = (t - 1) * n + p
  return K.scatter(K.ones({ t.size }, { dtype = "float64" }), place, n * n):reshape({ n, n }):to_table(), n
end

local function matrix_of(v)
  local t = v
  if type(v) == "table" then
    for i, row in ipairs(v) do
      if type(row) ~= "table" or #row ~= #v then
        raise("matrix must be square, but row %d is %s, and there are %d rows", i, show(row), #v)
      end
      data.numbers(("matrix[%d]"):format(i), row)
    end
    t = #v > 0 and K.constant(v, { dtype = "float64" }) or v
  end
  if not is_tensor(t) or t.ndim ~= 2 or t.shape[1] ~= t.shape[2] or t.size == 0 then
    raise("matrix must be a square of counts (classes, classes), got %s", show(v))
  end
  if t.shape[1] > MOST then raise("matrix has %d classes; there can be at most %d", t.shape[1], MOST) end
  local x = K.cast(t, "float64")
  if not K.all(data.finite(x)):item() or K.min(x):item() < 0 then
    raise "matrix must hold finite numbers of at least 0"
  end
  return x:to_table(), t.shape[1]
end

-- ---- drawing ---------------------------------------------------------------------------------------

local function number(v)
  if v % 1 == 0 and v < 1e15 then return ("%.0f"):format(v) end
  return ("%.3g"):format(v)
end

local function title_of(m, n, title)
  local sum, right = 0, 0
  for i = 1, n do
    right = right + m[i][i]
    for j = 1, n do sum = sum + m[i][j] end
  end
  local text = "no samples"
  if sum > 0 then
    text = ("accuracy %.1f %%"):format(100 * right / sum)
    if sum % 1 == 0 then text = ("%s (%s of %s)"):format(text, number(right), number(sum)) end
  end
  return title and title .. ": " .. text or text
end

local function paint(c, m, n, area)
  local w, h = area.w / n, area.h / n
  local gap = c.kind == "pixels" and 1 or 0
  for i = 1, n do
    local total = 0
    for j = 1, n do total = total + m[i][j] end
    for j = 1, n do
      local share = total > 0 and m[i][j] / total or 0
      local x, y = area.x + (j - 1) * w, area.y + (i - 1) * h
      c:shade(x, y, w - gap, h - gap, share)
      local text = number(m[i][j])
      local fits = c:text_width(text, "tick") <= w - gap and c:text_height "tick" <= h
      if fits then
        local padded = c.kind == "text" and not c.coloured and c:text_width(text, "tick") + 2 <= w
        c:text(x + w / 2, y + h / 2, padded and " " .. text .. " " or text,
          { role = "tick", anchor = "middle", ink = c:on_shade(share, m[i][j] == 0) })
      end
    end
  end
end

local function chart(m, n, labels, title)
  local most = 0
  for i = 1, n do
    for j = 1, n do most = math.max(most, #number(m[i][j])) end
  end
  local side = math.max(14, math.min(64, math.max(9 * most + 10, math.min(64, 480 // n))))
  local cell = math.max(most + 2, 5)
  local widest = 0
  for _, label in ipairs(labels) do widest = math.max(widest, utf8.len(label) or #label) end
  local high = n <= 6 and 2 or 1
  return plot.new {
    kind = "confusion", width = math.max(260, n * side + 90 + 6 * math.min(widest, 20)),
    height = math.max(200, math.min(10000, n * math.min(side, 52) + 140)),
    text_columns = n * cell + math.min(widest, 24) + 4, rows = math.min(1000, n * high + 5),
    draw = function(c, box)
      axes.draw(c, box, {
        title = title, x_label = "predicted", y_label = "true", x = scale.names(labels), y = scale.names(labels, true),
        cells = n, paint = function(_, _, area) paint(c, m, n, area) end,
      })
    end,
  }
end

--- A confusion matrix, of counts (classes, classes), or counted of y_true and y_pred: classes from 1 (n), or
--- probabilities (n, classes), of which the largest counts. Options: labels (names of the classes), title.
---@param a dwconv.Tensor|table matrix or y_true
---@param b? dwconv.Tensor|table y_pred, or the options
---@param given? table
confusion.confusion = args.speaking("plot.confusion", function(a, b, given, ...)
  local two = is_tensor(b) or type(b) == "table" and (#b > 0 or given ~= nil)
  if not two and given ~= nil then raise("y_pred must be %s, got %s", EXPECTED, show(b)) end
  local o
  if two then o = options(given, ...) else o = options(b, given) end
  local m, n
  if two then m, n = counted(a, b, o.labels) else m, n = matrix_of(a) end
  local labels = o.labels or {}
  for i = 1, o.labels and 0 or n do labels[i] = tostring(i) end
  if #labels ~= n then raise("labels must be %d, one for each class, got %d", n, #labels) end
  return chart(m, n, labels, title_of(m, n, o.title))
end)

return confusion
