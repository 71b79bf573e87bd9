-- plot/bars.lua: dw.plot.bars: a bar for each number, those of several series side by side. Bars stand where the names
-- of their groups fit below them, and lie where they do not; in terminals they lie while they fit the screen. Called by
-- init.lua. Invariant: the axis of values begins at 0.

local args = require "dwconv.args"
local axes = require "dwconv.plot.axes"
local colours = require "dwconv.plot.colours"
local data = require "dwconv.plot.data"
local plot = require "dwconv.plot.plot"
local scale = require "dwconv.plot.scale"

local raise, optional, text = args.raise, args.kinds.optional, args.kinds.text

local bars = {}

local MOST <const> = 1000 -- groups

local options = data.options({
  labels = data.names(),
  x_label = optional(text()),
  y_label = optional(text()),
}, "(values, {options})")

-- {cat = 3, dog = 5}: the numbers and their names.
local function named_numbers(values)
  if type(values) ~= "table" or type(next(values)) ~= "string" then return nil end
  local names, numbers = args.sorted_keys(values), {}
  for i, name in ipairs(names) do
    if type(values[name]) ~= "number" then return nil end
    numbers[i] = values[name]
  end
  return numbers, names
end

local function names_of(list, labels)
  local n = list[1].n
  for _, s in ipairs(list) do
    if s.n ~= n then raise("%s has %d numbers, but %s has %d", s.what, s.n, list[1].what, n) end
  end
  if n > MOST then raise("values has %d bars in a row, there can be at most %d; dw.plot.lines draws more", n, MOST) end
  if labels and #labels ~= n then raise("labels must be %d, one for each place, got %d", n, #labels) end
  local names = labels or {}
  for i = 1, labels and 0 or n do names[i] = tostring(i) end
  return names
end

-- ---- drawing ---------------------------------------------------------------------------------------

-- Of band i of n: where the bar of series k of m begins, and how wide it is, as parts of the whole.
local function place_of(i, n, k, m, share) return (i - 1 + (1 - share) / 2 + share * (k - 1) / m) / n, share / m / n end

local function visit(list, share, f)
  for k, s in ipairs(list) do
    for i, v in ipairs(s.values) do
      if v - v == 0 and math.abs(v) <= scale.LARGEST then f(v, s.style, place_of(i, s.n, k, #list, share)) end
    end
  end
end

local function paint_standing(c, list, Y, area)
  visit(list, c.bar_share(area.w / list[1].n, #list), function(v, style, from, wide)
    local zero, y = Y(0), Y(v)
    c:rect(area.x + from * area.w, math.min(zero, y), wide * area.w, math.abs(y - zero), style,
      v >= 0 and "up" or "down")
  end)
  c:rule(area.x, Y(0), area.x + area.w, Y(0), colours.axis)
end

local function paint_lying(c, list, X, area)
  visit(list, c.bar_share(area.h / list[1].n, #list), function(v, style, from, wide)
    local zero, x = X(0), X(v)
    c:rect(math.min(zero, x), area.y + from * area.h, math.abs(x - zero), wide * area.h, style,
      v >= 0 and "right" or "left")
  end)
  if X(0) > area.x + 1 then c:rule(X(0), area.y, X(0), area.y + area.h, colours.axis) end
end

-- Whether the bars lie in this box.
local function lie(c, box, names, lines)
  if c.kind == "text" then return lines <= box.h end
  local widest = 0
  for _, name in ipairs(names) do widest = math.max(widest, c:text_width(name, "tick")) end
  local fits = widest + c.gap_x <= (box.w - 50) / #names
  return not fits and (#names + 4) * c:text_height "tick" <= box.h
end

local function chart(list, names, o)
  local lo, hi = 0, 0
  for _, s in ipairs(list) do lo, hi = math.min(lo, s.lo), math.max(hi, s.hi) end
  if lo == hi then hi = 1 end
  local values = scale.linear(lo, hi)
  local legend = #list > 1 and {} or nil
  for i, s in ipairs(legend and list or {}) do legend[i] = { name = s.name, style = s.style, patch = true } end
  local each = #list > 1 and #list + 1 or #names <= 12 and 2 or 1
  local lines = #names * each + 3 + (o.title and 1 or 0) + (legend and 1 or 0) + (o.x_label and 1 or 0)
    + (o.y_label and 1 or 0)
  local rows = lines <= 44 and lines or 20
  return plot.new { kind = "bars", width = 640, height = 400, rows = rows, draw = function(c, box)
    local spec = { title = o.title, legend = legend }
    if lie(c, box, names, lines) then
      values.grid = true
      spec.x, spec.y, spec.x_label, spec.y_label = values, scale.names(names, true), o.y_label, o.x_label
      spec.paint = function(X, _, area) paint_lying(c, list, X, area) end
    else
      spec.x, spec.y, spec.x_label, spec.y_label = scale.names(names), values, o.x_label, o.y_label
      spec.paint = function(_, Y, area) paint_standing(c, list, Y, area) end
    end
    axes.draw(c, box, spec)
  end }
end

--- Bars of numbers: a tensor of one axis, a table of numbers, or one by name; of several series (a tensor of two axes,
--- of which each row is one, or a table of such by name) those at the same place stand side by side. Options: labels
--- (names of the groups), title, x_label, y_label.
---@param values dwconv.Tensor|table
---@param given? table
bars.bars = args.speaking("plot.bars", function(values, given, ...)
  local o = options(given, ...)
  local numbers, names = named_numbers(values)
  local list = data.series("values", numbers or values)
  if numbers and o.labels then raise "labels cannot be given where values has names already" end
  names = names_of(list, o.labels or names)
  for i, s in ipairs(list) do
    s.style, s.values = { colour = colours.series(i), symbol = i, alone = #list == 1 }, s.numbers:to_table()
    s.numbers = nil
  end
  return chart(list, names, o)
end)

return bars
