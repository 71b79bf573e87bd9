-- plot/lines.lua: dw.plot.lines: series as lines, with markers if they are asked for. Called by init.lua and
-- history.lua. Invariant: what is drawn was read when the chart was made; a script may change its tensors afterwards.

local args = require "dwconv.args"
local axes = require "dwconv.plot.axes"
local colours = require "dwconv.plot.colours"
local data = require "dwconv.plot.data"
local plot = require "dwconv.plot.plot"
local reduce = require "dwconv.plot.reduce"
local scale = require "dwconv.plot.scale"

local kinds, raise, optional = args.kinds, args.raise, args.kinds.optional

local lines = {}

local x_kind = kinds.new {
  annotation = "dwconv.Tensor|number[]",
  expected = "a tensor of one axis or a table of numbers",
  optional = true,
  read = function(v) if args.check.is_tensor(v) or type(v) == "table" then return v end end,
}

local options = data.options({
  x = x_kind,
  x_label = optional(kinds.text()),
  y_label = optional(kinds.text()),
  labels = data.names(),
  y_scale = kinds.oneof { "linear", "log" },
  points = kinds.flag(false),
  range = data.pair(),
}, "(ys, {options})")

-- ---- what is drawn ---------------------------------------------------------------------------------

local function styled(list)
  for i, s in ipairs(list) do s.style = { colour = colours.series(i), symbol = i, alone = #list == 1 } end
end

local function with_x(list, x)
  if x == nil then return nil end
  local numbers = data.numbers("x", x)
  for _, s in ipairs(list) do
    if s.n ~= numbers.size then
      raise("%s has %d numbers, but x has %d", s.what, s.n, numbers.size)
    end
  end
  if not data.extent(numbers) then raise "x has no number that can be drawn: all are NaN or infinite" end
  return numbers
end

local function check_log(list, o)
  if o.y_scale ~= "log" then return end
  for _, s in ipairs(list) do
    if s.lo <= 0 then raise('y_scale = "log" needs numbers above 0, but %s has %s', s.what, args.show(s.lo)) end
  end
  if o.range and o.range[1] <= 0 then
    raise('y_scale = "log" needs a range above 0, got %s', args.show(o.range[1]))
  end
end

-- The extent of the runs of all series along x (offset 0) or y (offset 1), and whether all numbers are whole.
local function extent(list, offset)
  local lo, hi, whole = math.huge, -math.huge, true
  for _, s in ipairs(list) do
    for _, run in ipairs(s.runs) do
      for k = 1 + offset, #run, 2 do
        local v = run[k]
        if v < lo then lo = v end
        if v > hi then hi = v end
        whole = whole and v % 1 == 0
      end
    end
  end
  return lo, hi, whole
end

local function scales(list, o)
  local lo, hi, whole = extent(list, 0)
  if lo == math.huge then raise "there is no point whose x and y can both be drawn" end
  if lo == hi and whole and math.abs(lo) < 2 ^ 52 then lo, hi = lo - 1, hi + 1 end
  local x = scale.linear(lo, hi, { inside = true, whole = whole and hi - lo >= 1 })
  local y_lo, y_hi = extent(list, 1)
  if o.range then y_lo, y_hi = o.range[1], o.range[2] end
  local y = o.y_scale == "log" and scale.log(y_lo, y_hi) or scale.linear(y_lo, y_hi, { inside = o.range ~= nil })
  if o.range then y.lo, y.hi = y_lo, y_hi end
  if o.range and o.y_scale == "log" then scale.keep_inside(y) end
  return x, y
end

-- ---- drawing ---------------------------------------------------------------------------------------

local function placed(run, X, Y)
  local points = {}
  for k = 1, #run, 2 do points[k], points[k + 1] = X(run[k]), Y(run[k + 1]) end
  return points
end

local DOT <const> = 2 -- points to each side of a place that has points

-- So many points that they would hide each other: places of a grid that have some, neighbours of a row together.
local function paint_places(c, run, X, Y, area, style)
  local rows = {}
  for k = 1, #run, 2 do
    local x, y = X(run[k]), Y(run[k + 1])
    if reduce.is_within(x, y, area) then
      local row = (y - area.y) // DOT
      rows[row] = rows[row] or {}
      rows[row][(x - area.x) // DOT] = true
    end
  end
  for row = 0, area.h // DOT + 1 do
    local places, first = rows[row] or {}, nil
    for i = 0, area.w // DOT + 1 do
      if places[i] and not first then first = i end
      if first and not places[i] then
        c:rect(area.x + first * DOT, area.y + row * DOT, (i - first) * DOT, DOT, style)
        first = nil
      end
    end
  end
end

local function paint_series(c, s, X, Y, area, o)
  if s.scattered and c.kind == "pixels" then return paint_places(c, s.runs[1], X, Y, area, s.style) end
  for _, run in ipairs(s.runs) do
    local points = placed(run, X, Y)
    for _, part in ipairs(s.scattered and {} or reduce.clipped(reduce.columns(points, c.step), area)) do
      if #part > 2 then c:polyline(part, s.style) end
    end
    if o.points or s.scattered or #run == 2 then
      for k = 1, #points, 2 do
        if reduce.is_within(points[k], points[k + 1], area) then c:marker(points[k], points[k + 1], s.style) end
      end
    end
  end
end

local function legend_of(list)
  if #list == 1 and not list[1].name then return nil end
  local entries = {}
  for i, s in ipairs(list) do entries[i] = { name = s.name, style = s.style } end
  return entries
end

--- A chart of series whose runs are known: list of {name, style, runs}.
function lines.chart(list, o)
  local x, y = scales(list, o)
  x.grid = true
  return plot.new { kind = "lines", width = 640, height = 400, rows = 18, draw = function(c, box)
    axes.draw(c, box, { title = o.title, x_label = o.x_label, y_label = o.y_label, x = x, y = y,
      legend = legend_of(list),
      paint = function(X, Y, area)
        for _, s in ipairs(list) do paint_series(c, s, X, Y, area, o) end
      end })
  end }
end

--- Lines of numbers: a tensor of one axis or a table of numbers; a tensor of two axes, of which each row is a line; a
--- table of several, by name or in order. Options: x, title, x_label, y_label, labels, y_scale ("linear", "log"),
--- points (false), range ({least, largest} of y).
---@param ys dwconv.Tensor|table
---@param given? table
lines.lines = args.speaking("plot.lines", function(ys, given, ...)
  local o = options(given, ...)
  local list = data.series("ys", ys, o.labels)
  local x = with_x(list, o.x)
  check_log(list, o)
  styled(list)
  for _, s in ipairs(list) do
    s.runs, s.scattered = reduce.runs(s.numbers, x, o.points)
    s.numbers = nil
  end
  return lines.chart(list, o)
end)

return lines
