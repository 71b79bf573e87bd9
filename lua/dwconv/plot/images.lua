-- plot/images.lua: dw.plot.images: a grid of pictures, each with a text below it. Called by init.lua.
-- Invariant: all pictures of a call are shown with one scale of brightness, so they can be compared; large ones are
-- averaged to what a grid can show when the plot is made.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local axes = require "dwconv.plot.axes"
local colours = require "dwconv.plot.colours"
local data = require "dwconv.plot.data"
local plot = require "dwconv.plot.plot"

local kinds, raise, show, is_tensor = args.kinds, args.raise, args.show, args.check.is_tensor

local images = {}

local MOST <const> = 400 -- pictures
local WIDEST <const> = 1200 -- pixels of a row of pictures that are kept

local options = data.options({
  labels = data.names(),
  range = data.pair(),
  columns = kinds.optional(kinds.whole(nil, 1, 100)),
}, "(pictures, {options})")

-- ---- what scripts pass -----------------------------------------------------------------------------

local EXPECTED <const> = "(n,h,w), (n,h,w,c) with 1, 3 or 4 channels, or a table of (h,w) and (h,w,c)"

local function refuse(what, v) raise("%s must be %s, got %s", what, EXPECTED, show(v)) end

-- A picture (h,w,c).
local function checked(what, t)
  local c = t.ndim == 2 and 1 or t.ndim == 3 and t.shape[3]
  if t.size == 0 or not (c == 1 or c == 3 or c == 4) then refuse(what, t) end
  return t.ndim == 2 and t:reshape { t.shape[1], t.shape[2], 1 } or t
end

--- Whether a value is what `images` takes.
function images.are(v)
  if is_tensor(v) then return v.ndim == 3 or v.ndim == 4 end
  return type(v) == "table" and is_tensor(v[1]) and v[1].ndim >= 2
end

local function check_count(n)
  if n == 0 then raise "pictures must be at least one, got none" end
  if n > MOST then
    raise("pictures are %d, but at most %d can be shown; K.narrow(x, 1, 1, 100) takes the first 100", n, MOST)
  end
end

local function list_of(v)
  local list = {}
  if is_tensor(v) then
    local c = v.ndim == 3 and 1 or v.ndim == 4 and v.shape[4]
    check_count(v.ndim > 0 and v.shape[1] or 1)
    if v.size == 0 or not (c == 1 or c == 3 or c == 4) then refuse("pictures", v) end
    for i = 1, v.shape[1] do list[i] = checked("pictures", K.select(v, 1, i)) end
  elseif type(v) == "table" then
    check_count(#v)
    for i = 1, #v do
      if not is_tensor(v[i]) then refuse(("pictures[%d]"):format(i), v[i]) end
      list[i] = checked(("pictures[%d]"):format(i), v[i])
    end
  else
    refuse("pictures", v)
  end
  return list
end

-- ---- pixels ----------------------------------------------------------------------------------------

local DIM <const> = 64 -- pictures of whole numbers below it are no photos, but use a part of the range

-- Which numbers are black and white, for all pictures together.
local function brightness(list, range)
  if range then return range[1], range[2] end
  local lo, hi = math.huge, -math.huge
  for _, t in ipairs(list) do
    local from, to = data.extent(data.floats(t))
    lo, hi = math.min(lo, from or lo), math.max(hi, to or hi)
  end
  if lo > hi then raise "pictures have no number that can be drawn: all are NaN or infinite" end
  local floats = list[1].dtype:find "float" or list[1].dtype == "bool"
  if floats and lo >= 0 and hi <= 1 then return 0, 1 end
  if not floats and lo >= 0 and hi <= 255 then return 0, hi < DIM and math.max(hi, 1) or 255 end
  if lo == hi then return lo - 1, hi end
  return lo, hi
end

-- Averages blocks of size x size pixels.
local function pooled(x, size)
  if size <= 1 then return x end
  local h, w = x.shape[1] // size * size, x.shape[2] // size * size
  local cut = K.narrow(K.narrow(x, 1, 1, h), 2, 1, w)
  return K.mean(cut:reshape { h // size, size, w // size, size, x.shape[3] }, { axis = { 2, 4 } })
end

-- {lines =, columns =, colours}
local function picture_of(t, lo, hi, most)
  local x = pooled(K.cast(t, "float32"), math.min(math.max(t.shape[1], t.shape[2]) // most, t.shape[1], t.shape[2]))
  x = K.where(K.isfinite(x), x, lo)
  x = K.floor(K.clip((x - lo) * (255 / (hi - lo)) + 0.5, 0, 255))
  local c = x.shape[3]
  local function channel(i) return K.select(x, 3, i) end
  local r, g, b = channel(1), channel(c == 1 and 1 or 2), channel(c == 1 and 1 or 3)
  if c == 4 then -- over white
    local share = channel(4) / 255
    local function over(v) return K.floor(v * share + (1 - share) * 255 + 0.5) end
    r, g, b = over(r), over(g), over(b)
  end
  local packed = K.cast(r, "int32") * 65536 + K.cast(g, "int32") * 256 + K.cast(b, "int32")
  local picture = packed:reshape({ -1 }):to_table()
  picture.lines, picture.columns = x.shape[1], x.shape[2]
  return picture
end

-- ---- drawing ---------------------------------------------------------------------------------------

-- Where things are in a cell of w x h: the picture's size, as large as it fits. On terminals a character is about twice
-- as high as wide.
local function size_in(c, w, h, picture)
  local unit = c.kind == "text" and 0.5 or 1
  local part = math.min(w / picture.columns, h / (picture.lines * unit))
  if c.kind ~= "text" then return picture.columns * part, picture.lines * part end
  return math.max(1, math.floor(picture.columns * part)), math.max(1, math.floor(picture.lines * part * unit + 0.5))
end

local function draw(c, box, list, labels, columns, title)
  local rows = math.ceil(#list / columns)
  local rest = axes.title(c, box, box.h > (rows + 1) * c:text_height "title" and title)
  local below = labels and c:text_height "tick" + c.gap_y / 2 or 0
  local gap = c.kind == "text" and 1 or 10
  local w, h = (rest.w - (columns - 1) * gap) / columns, (rest.h - (rows - 1) * gap) / rows
  if c.kind == "text" then w, h = math.floor(w), math.floor(h) end
  if w < 1 or h < 1 then return end
  if h < 2 * below then labels, below = nil, 0 end
  for i, picture in ipairs(list) do
    local x, y = rest.x + (i - 1) % columns * (w + gap), rest.y + (i - 1) // columns * (h + gap)
    local pw, ph = size_in(c, w, math.max(1, h - below), picture)
    local left = x + (w - pw) / 2
    if c.kind == "text" then left = math.floor(left) end
    c:picture(left, y, pw, ph, picture)
    if labels then
      local text = axes.fitted(c, labels[i], w, "tick")
      c:text(x + w / 2, y + ph + c.gap_y / 2 + c:text_height "tick" / 2, text,
        { role = "tick", anchor = "middle", colour = colours.ink })
    end
  end
end

-- How many lines of text the grid takes.
local function rows_on(list, labels, columns, title)
  return function(width)
    local w = math.max(1, (width - columns + 1) // columns)
    local highest = 1
    for _, p in ipairs(list) do
      local wide = math.min(w, 2 * p.columns)
      highest = math.max(highest, math.floor(wide * p.lines / p.columns / 2 + 0.5))
    end
    local rows = math.ceil(#list / columns)
    return math.min(1000, rows * (highest + (labels and 1 or 0)) + rows - 1 + (title and 1 or 0))
  end
end

local function chart(list, labels, columns, title)
  local ratio, widest = 0, 1
  for _, p in ipairs(list) do
    ratio, widest = math.max(ratio, p.lines / p.columns), math.max(widest, p.columns)
  end
  ratio = math.min(ratio, 4)
  local side = math.max(40, math.min(800 // columns, math.max(200, widest)))
  local rows = math.ceil(#list / columns)
  local height = rows * (side * ratio + (labels and 18 or 0)) + (rows - 1) * 10 + 28 + (title and 27 or 0)
  return plot.new {
    kind = "images", width = math.max(120, columns * side + (columns - 1) * 10 + 28),
    height = math.max(90, math.min(10000, math.ceil(height))),
    text_columns = math.max(40, columns * (2 * widest + 1)), rows = rows_on(list, labels, columns, title),
    draw = function(c, box) draw(c, box, list, labels, columns, title) end,
  }
end

--- A grid of pictures: (n,h,w), (n,h,w,c) or a table of (h,w) and (h,w,c). Whole numbers in 0..255 and
--- floats in 0..1 are shown as they are, but 0 to the largest number where that is below 64; other numbers from the
--- least, black, to the largest, white. Options: range ({black, white}), labels (a text below each), columns, title.
---@param pictures dwconv.Tensor|dwconv.Tensor[]
---@param given? table
images.images = args.speaking("plot.images", function(pictures, given, ...)
  local o = options(given, ...)
  local list = list_of(pictures)
  if o.labels and #o.labels ~= #list then raise("labels must be %d, one for each picture, got %d", #list, #o.labels) end
  local columns = math.min(o.columns or math.ceil(math.sqrt(1.6 * #list)), #list)
  local lo, hi = brightness(list, o.range)
  local most = math.max(32, WIDEST // columns)
  for i, t in ipairs(list) do list[i] = picture_of(t, lo, hi, most) end
  return chart(list, o.labels, columns, o.title)
end)

return images
