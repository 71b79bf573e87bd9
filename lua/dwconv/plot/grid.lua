-- plot/grid.lua: dw.plot.grid: plots side by side, in rows of equal columns. Called by init.lua, and by charts of
-- several panels. Invariant: each plot draws within its own part, so nothing overlaps.

local args = require "dwconv.args"
local axes = require "dwconv.plot.axes"
local plot = require "dwconv.plot.plot"

local kinds, raise, show = args.kinds, args.raise, args.show

local grid = {}

local NARROW <const> = 44 -- characters that a plot needs on a terminal

-- As many columns as a canvas has room for.
local function columns_on(c, box, wanted)
  if c.kind ~= "text" then return wanted end
  return math.max(1, math.min(wanted, box.w // NARROW))
end

-- What each row takes of a height: its highest plot's share.
local function heights(charts, columns, field, width)
  local list, sum = {}, 0
  for i, chart in ipairs(charts) do
    local row = (i - 1) // columns + 1
    local size = chart[field]
    if type(size) == "function" then size = size(width) end
    list[row] = math.max(list[row] or 0, size)
  end
  for _, h in ipairs(list) do sum = sum + h end
  return list, sum
end

local function draw(c, box, charts, wanted, title)
  local rest = axes.title(c, box, box.h > 3 * c:text_height "title" and title)
  local columns = columns_on(c, rest, wanted)
  local text = c.kind == "text"
  local gap_x, gap_y = text and 2 or 24, text and 1 or 20
  local width = (rest.w - (columns - 1) * gap_x) / columns
  if text then width = math.floor(width) end
  local rows, sum = heights(charts, columns, text and "rows" or "height", width)
  local free, y = rest.h - (#rows - 1) * gap_y, rest.y
  for r, share in ipairs(rows) do
    local height = free * share / sum
    if text then height = math.floor(height) end
    for k = 1, columns do
      local chart = charts[(r - 1) * columns + k]
      local x = rest.x + (k - 1) * (width + gap_x)
      if chart and height >= 1 then chart.draw(c, { x = x, y = y, w = width, h = height }) end
    end
    y = y + height + gap_y
  end
end

--- A plot of plots.
---@param plots table[]
---@param columns? integer
---@param title? string
function grid.of(plots, columns, title)
  local charts, widest = {}, 0
  for i, p in ipairs(plots) do
    charts[i] = plot.chart(p)
    widest = math.max(widest, charts[i].width)
  end
  columns = math.min(columns or math.ceil(math.sqrt(#plots)), #plots)
  local shrink = columns > 2 and 0.75 or 1
  local _, height = heights(charts, columns, "height", widest)
  return plot.new {
    kind = "grid", text_columns = 100 * columns,
    width = math.min(10000, math.floor(columns * widest * shrink)),
    height = math.min(10000, math.floor(height * shrink)),
    rows = function(width)
      local fits = math.max(1, math.min(columns, width // NARROW))
      local list, sum = heights(charts, fits, "rows", width // fits)
      return math.min(1000, sum + #list - 1 + (title and 1 or 0))
    end,
    draw = function(c, box) draw(c, box, charts, columns, title) end,
  }
end

local options = { columns = kinds.optional(kinds.whole(nil, 1, 20)), title = kinds.optional(kinds.text()) }

-- Options stand among the plots: dw.plot.grid{ p, q, columns = 2 }.
local parse = args.options(options, "{plot, plot, ..., columns =, title =}")

--- Plots side by side: dw.plot.grid{ p, q, columns = 2, title = "both" }.
---@param given table
grid.grid = args.speaking("plot.grid", function(given, ...)
  if type(given) ~= "table" or plot.is_plot(given) or select("#", ...) > 0 then
    raise("takes one table: {plot, plot, ..., columns =, title =}, got %s", show(given))
  end
  local plots, named = {}, {}
  for key, value in pairs(given) do
    if math.type(key) == "integer" then plots[key] = value else named[key] = value end
  end
  local o = parse(named)
  if #plots == 0 then raise "there must be at least one plot in the table" end
  for key in pairs(plots) do
    if key < 1 or key > #plots then raise("the plots must be at 1 to %d, got one at %d", #plots, key) end
  end
  for i, p in ipairs(plots) do
    if not plot.is_plot(p) then raise("plot %d must be a plot, got %s", i, show(p)) end
  end
  return grid.of(plots, o.columns, o.title)
end)

return grid
