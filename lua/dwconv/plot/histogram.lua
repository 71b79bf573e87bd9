-- plot/histogram.lua: dw.plot.histogram: how often numbers of tensors fall between round edges; of a model or a layer a
-- panel for each weight. Called by init.lua.
-- Invariant: counts are exact; a number on an edge is in the bin above it, the largest edge in the last bin; what is
-- NaN or infinite is counted apart and said. Numbers are looked at a piece at a time, so that little memory is taken.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local axes = require "dwconv.plot.axes"
local colours = require "dwconv.plot.colours"
local data = require "dwconv.plot.data"
local grid = require "dwconv.plot.grid"
local plot = require "dwconv.plot.plot"
local scale = require "dwconv.plot.scale"

local kinds, raise, show, is_tensor = args.kinds, args.raise, args.show, args.check.is_tensor

local histogram = {}

local PIECE <const> = 1 << 20 -- numbers
local MOST_PANELS <const> = 64

local options = data.options({ bins = kinds.optional(kinds.whole(nil, 1, 1000)) }, "(x, {options})")

-- ---- counting --------------------------------------------------------------------------------------

-- Calls f with the finite numbers of each piece, as float64.
local function each_piece(t, f)
  local flat = t:reshape { -1 }
  for first = 1, t.size, PIECE do
    local piece = K.cast(K.narrow(flat, 1, first, math.min(PIECE, t.size - first + 1)), "float64")
    f(K.boolean_mask(piece, data.finite(piece)), piece)
  end
end

-- n, nans, infinite, lo, hi (nil where nothing is finite).
local function survey(t)
  local s = { n = t.size, finite = 0, nans = 0, lo = math.huge, hi = -math.huge }
  each_piece(t, function(fine, piece)
    s.finite = s.finite + fine.size
    if fine.size > 0 then
      s.lo, s.hi = math.min(s.lo, K.min(fine):item()), math.max(s.hi, K.max(fine):item())
    end
    if fine.size < piece.size then s.nans = s.nans + K.sum(K.cast(K.isnan(piece), "int64")):item() end
  end)
  s.infinite = s.n - s.finite - s.nans
  return s
end

-- How many bins show n numbers well: 2 * n^(1/3), Rice's rule.
local function usual_bins(n) return math.max(5, math.min(60, math.ceil(2 * n ^ (1 / 3)))) end

local function edges_of(s, bins, whole)
  local lo, hi = scale.widened(s.lo, whole and s.hi + 1 or s.hi)
  if bins == 1 and lo < 0 and hi > 0 then -- 0 is an edge of all others
    local m, e, _, last = scale.step(0, math.max(-lo, hi), 2, whole)
    return { -scale.decimal(last * m, e), scale.decimal(last * m, e) }
  end
  local m, e, first, last = scale.step(lo, hi, bins + 1, whole)
  local edges = {}
  for k = first, last do edges[#edges + 1] = scale.decimal(k * m, e) end
  return edges
end

local function counted(t, edges)
  local n, lo, hi = #edges - 1, edges[1], edges[#edges]
  local step, limits = hi / n - lo / n, K.constant(edges, { dtype = "float64" })
  local counts = K.zeros({ n }, { dtype = "float64" })
  each_piece(t, function(fine)
    if fine.size == 0 then return end
    -- A quotient may be a rounding away from the bin; the edges decide.
    local bin = K.clip(K.floor((fine - lo) / step) + 1, 1, n)
    local function limit(b) return K.gather(limits, K.cast(b, "int32")) end
    bin = bin + K.cast(K.greater_equal(fine, limit(bin + 1)), "float64") - K.cast(K.less(fine, limit(bin)), "float64")
    bin = K.cast(K.clip(bin, 1, n), "int32")
    counts = counts + K.scatter(K.ones({ fine.size }, { dtype = "float64" }), bin, n)
  end)
  return counts:to_table()
end

-- ---- panels ----------------------------------------------------------------------------------------

local function said(s)
  local parts = { ("%d number%s"):format(s.n, s.n == 1 and "" or "s") }
  if s.nans > 0 then parts[#parts + 1] = s.nans .. " NaN" end
  if s.infinite > 0 then parts[#parts + 1] = s.infinite .. " infinite" end
  return table.concat(parts, ", ")
end

local function is_whole(t) return t.dtype ~= "bool" and not t.dtype:find "float" end

local function paint(c, counts, edges, X, Y, style)
  for i, count in ipairs(counts) do
    local left, right, top = X(edges[i]), X(edges[i + 1]), Y(count)
    local gap = c.kind == "pixels" and right - left >= 5 and 1 or 0
    if count > 0 then c:rect(left + gap / 2, top, right - left - gap, Y(0) - top, style, "up") end
  end
end

local function panel(what, t, title, bins)
  local s = survey(t)
  if s.finite == 0 then raise("%s has no number that can be counted: all are NaN or infinite", what) end
  local edges = edges_of(s, bins or usual_bins(s.finite), is_whole(t))
  local counts = counted(t, edges)
  local x = scale.linear(edges[1], edges[#edges], { inside = true })
  local y = scale.linear(0, math.max(1, table.unpack(counts)), { whole = true })
  local style = { colour = colours.series(1), symbol = 1, alone = true }
  local made = plot.new { kind = "histogram", width = 560, height = 340, rows = 15, draw = function(c, box)
    axes.draw(c, box, { title = title, x = x, y = y, x_label = said(s), paint = function(X, Y)
      paint(c, counts, edges, X, Y, style)
    end })
  end }
  plot.chart(made).counts, plot.chart(made).edges = counts, edges
  return made
end

-- ---- what scripts pass -----------------------------------------------------------------------------

--- The variables of a model or a layer, or nil of anything else: known by what classes.lua makes.
function histogram.variables(v)
  local meta = type(v) == "table" and getmetatable(v)
  local class = type(meta) == "table" and rawget(meta, "class")
  local method = type(class) == "table" and type(class.methods) == "table" and class.methods.all_variables
  return method and method(v)
end

-- {what, title, tensor} of each panel.
local function parts_of(x)
  local variables, list = histogram.variables(x), {}
  if variables then
    for _, v in ipairs(variables) do
      local name = v.layer and v.layer.name .. "/" .. v.name or v.name
      list[#list + 1] = { name, ("%s  %s"):format(name, v.tensor.shape), v.tensor }
    end
    if #list == 0 then raise "x has no weights; a model has them when it is built" end
  elseif is_tensor(x) then
    list[1] = { "x", nil, x }
  elseif type(x) == "table" and type(x[1]) == "number" then
    list[1] = { "x", nil, data.numbers("x", x) }
  elseif type(x) == "table" and not getmetatable(x) and type(next(x)) == "string" then
    for _, name in ipairs(args.sorted_keys(x)) do
      if not is_tensor(x[name]) then raise("x.%s must be a tensor, got %s", name, show(x[name])) end
      list[#list + 1] = { "x." .. name, name, x[name] }
    end
  else
    raise("x must be a tensor, a table of numbers, a table of tensors by name, a layer or a model, got %s", show(x))
  end
  for _, part in ipairs(list) do
    if part[3].size == 0 then raise("%s must have at least one number, got %s", part[1], show(part[3])) end
  end
  return list
end

--- Histograms: of a tensor's numbers, of several by name, or of each weight of a model or a layer. Options: bins (at
--- most so many, as their edges are round; by default it depends on how many numbers there are), title.
---@param x dwconv.Tensor|table
---@param given? table
histogram.histogram = args.speaking("plot.histogram", function(x, given, ...)
  local o = options(given, ...)
  local list = parts_of(x)
  if #list == 1 then return panel(list[1][1], list[1][3], o.title or list[1][2], o.bins) end
  local panels, left_out = {}, #list - MOST_PANELS
  for i = 1, math.min(#list, MOST_PANELS) do panels[i] = panel(list[i][1], list[i][3], list[i][2], o.bins) end
  local title = o.title
  if left_out > 0 then
    title = ("%sthe first %d of %d"):format(title and title .. ": " or "", MOST_PANELS, #list)
  end
  return grid.of(panels, nil, title)
end)

return histogram
