-- plot/plot.lua: what the functions of dw.plot give: an object that draws itself as SVG, as pixels and as text. Called
-- by the charts, which hand over draw(canvas, box) and the sizes that suit them.
-- Invariant: drawing changes nothing, so a chart can be drawn again at any size; equal charts give equal drawings.

local args = require "dwconv.args"
local file = require "dwconv.io.file"
local lookup = require "dwconv.lookup"
local terminal = require "dwconv.io.terminal"

local kinds, raise, optional = args.kinds, args.raise, args.kinds.optional

local plot = {}

local methods = {}
local Plot = { __name = "dwconv.plot" }

function Plot.__index(_, name)
  if methods[name] then return methods[name] end
  lookup.refuse("plot", name, args.sorted_keys(methods))
end

function Plot.__newindex(_, name)
  raise("a plot cannot be changed, but %s was to be set; make a new one", args.show(name))
end

local charts = setmetatable({}, { __mode = "k" }) -- what a plot draws

--- Makes a plot. chart: kind, draw(canvas, box), width and height (points), rows (lines of text).
---@param chart table
function plot.new(chart)
  local self = setmetatable({}, Plot)
  charts[self] = chart
  return self
end

function plot.is_plot(v) return getmetatable(v) == Plot end

--- The chart behind a plot.
function plot.chart(v) return charts[v] end

-- The chart of self, which must be a plot.
local function chart_of(self, name)
  if not plot.is_plot(self) then raise("call it as plot:%s(...), with a colon; got %s", name, args.show(self)) end
  return charts[self]
end

local function draw(chart, c)
  local m = c.margin
  chart.draw(c, { x = m, y = m, w = c.width - 2 * m, h = c.height - 2 * m })
  return c:finish()
end

-- ---- pictures --------------------------------------------------------------------------------------

local size_options = {
  width = optional(kinds.whole(nil, 120, 10000)),
  height = optional(kinds.whole(nil, 90, 10000)),
}
local svg_options = args.options(size_options, "({options})")
local pixel_options = args.options({ width = size_options.width, height = size_options.height,
  scale = kinds.number(1, 0.5, 8) }, "({options})")
local save_options = args.options({ width = size_options.width, height = size_options.height,
  scale = optional(kinds.number(nil, 0.5, 8)) }, "(path, {options})")

local function svg_of(chart, o)
  return draw(chart, require("dwconv.plot.svg").new(o.width or chart.width, o.height or chart.height))
end

local MOST_PIXELS <const> = 1 << 24

local function pixels_of(chart, o)
  local width, height, scale = o.width or chart.width, o.height or chart.height, o.scale or 1
  local n = width * scale * height * scale
  if n > MOST_PIXELS then
    raise("a picture of %.0fx%.0f pixels is too large; there can be at most %d in all", width * scale, height * scale,
      MOST_PIXELS)
  end
  return draw(chart, require("dwconv.plot.raster").new(width, height, scale))
end

--- The chart as a text of SVG. Options: width, height, in points.
---@return string
methods.svg = args.speaking("plot:svg", function(self, ...)
  local chart = chart_of(self, "svg")
  return svg_of(chart, svg_options(...))
end)

--- The chart as pixels: uint8 (h,w,3). Options: width, height, scale (1: pixels for each point).
---@return dwconv.Tensor
methods.pixels = args.speaking("plot:pixels", function(self, ...)
  local chart = chart_of(self, "pixels")
  return pixels_of(chart, pixel_options(...))
end)

--- Writes the chart as SVG or PNG, as the path's ending says. Options: width, height, scale (of a PNG: 1; 2 is twice as
--- sharp). The file replaces an older one when it is complete.
---@param path string
---@param options? table
methods.save = args.speaking("plot:save", function(self, path, ...)
  local chart = chart_of(self, "save")
  path = file.path:check("path", path)
  local o = save_options(...)
  local ending = (path:match "%.(%w+)$" or ""):lower()
  if ending == "png" then
    require("dwconv.io.image").write(path, pixels_of(chart, o))
  elseif ending == "svg" then
    if o.scale then raise "scale is a PNG's; an SVG is sharp at any size" end
    local text = svg_of(chart, o)
    local f <close> = file.create(path)
    f:write(text)
    f:commit()
  else
    raise("path must end in .svg or .png, got %s", args.show(path))
  end
end)

-- ---- text ------------------------------------------------------------------------------------------

local function has_colours() return terminal.columns() ~= nil and terminal.allows_colours(os.getenv) end

local text_options = args.options({
  columns = optional(kinds.whole(nil, 20, 1000)),
  rows = optional(kinds.whole(nil, 5, 1000)),
  colours = optional(kinds.flag()),
  unicode = optional(kinds.flag()),
}, "({options})")

local function text_of(chart, o)
  local columns = o.columns or math.max(20, math.min(terminal.columns() or 80, 1000))
  local coloured, unicode = o.colours, o.unicode
  if coloured == nil then coloured = has_colours() end
  if unicode == nil then unicode = terminal.is_utf8(os.getenv) end
  local wanted = chart.text_columns or 100
  if not o.columns then columns = math.min(columns, wanted) end
  local rows = o.rows or type(chart.rows) == "function" and chart.rows(columns) or chart.rows
  return draw(chart, require("dwconv.plot.text").new(columns, rows, coloured, unicode))
end

--- The chart as text. Options: columns and rows (characters), colours (ANSI) and unicode; left out, they are what the
--- terminal has.
---@return string
methods.text = args.speaking("plot:text", function(self, ...)
  local chart = chart_of(self, "text")
  return text_of(chart, text_options(...))
end)

function Plot.__tostring(self) return text_of(charts[self], {}) end

-- Pixels for each point, so that texts are as large as the terminal's, and the picture fits it.
local function scale_on(chart, size)
  local fits = math.min(size.columns * size.across / chart.width, (size.rows - 2) * size.down / chart.height)
  return math.max(0.5, math.min(size.down / 18, fits, 4))
end

--- Draws the chart on the terminal: as a picture where it shows pictures in full, else as text.
methods.show = args.speaking("plot:show", function(self, ...)
  local chart = chart_of(self, "show")
  if select("#", ...) > 0 then raise "takes nothing; plot:text{ columns =, rows = } gives a text of another size" end
  local screen = require "dwconv.show.screen"
  local mode = screen.mode()
  if mode ~= "kitty" and mode ~= "sixel" then return print(text_of(chart, {})) end
  screen.draw(pixels_of(chart, { scale = scale_on(chart, screen.size(mode)) }))
end)

Plot.__show = methods.show -- what the prompt of the command does with a result

return plot
