-- charts.lua: what specs of charts share: a chart is drawn in every way and looked at: well-formed SVG whose numbers are
-- finite and inside, texts that do not overlap, lines of text that fit.

local plot = require "dwconv.plot.plot"
local svg = require "dwconv.plot.svg"
local text = require "dwconv.plot.text"
local xml = require "xml"

local charts = {}

--- A plot as text without colours.
function charts.plain(p, columns, rows)
  return p:text { columns = columns or 60, rows = rows, colours = false, unicode = true }
end

local NUMBERS <const> = { "x", "y", "width", "height", "cx", "cy", "r", "textLength", "font-size" }

--- The SVG is well formed, its numbers are finite, and all of it lies in the picture. Gives the elements.
function charts.check_svg(source)
  local elements = xml.elements(source)
  local width, height = tonumber(elements[1].attributes.width), tonumber(elements[1].attributes.height)
  local function inside(x, y)
    x, y = tonumber(x), tonumber(y)
    assert(x and y and x >= -1 and x <= width + 1 and y >= -1 and y <= height + 1, ("%s, %s is outside"):format(x, y))
  end
  for _, e in ipairs(elements) do
    local a = e.attributes
    for _, name in ipairs(NUMBERS) do
      local v = a[name] and tonumber(a[name])
      assert(not a[name] or v and v - v == 0, ("%s = %s"):format(name, a[name]))
    end
    inside(a.x or a.cx or 0, a.y or a.cy or 0)
    if e.name == "rect" then inside((a.x or 0) + a.width, (a.y or 0) + a.height) end
    for x, y in (a.points or a.d or ""):gmatch "(-?[%d.]+)[, ](-?[%d.]+)" do inside(x, y) end
    assert(not (a.points or a.d or ""):find "[in]n?f?a?n" or a.d, "no number")
  end
  return elements
end

-- Texts do not overlap, and none leaves the picture.
local function check_boxes(c)
  for i, a in ipairs(c.boxes or {}) do
    assert(a.x >= -0.01 and a.x + a.w <= c.width + 0.01 and a.y >= -0.01 and a.y + a.h <= c.height + 0.01,
      ("%q leaves the picture"):format(a.text))
    for k = i + 1, #c.boxes do
      local b = c.boxes[k]
      local apart = a.x + a.w <= b.x + 0.01 or b.x + b.w <= a.x + 0.01 or a.y + a.h <= b.y + 0.01 or b.y + b.h <= a.y + 0.01
      assert(apart, ("%q and %q overlap"):format(a.text, b.text))
    end
  end
end

--- Draws a chart in every way; gives the elements of its SVG.
function charts.check(p)
  local chart = plot.chart(p)
  local canvases = { svg.new(chart.width, chart.height) } -- pixels have the same layout
  for _, size in ipairs { { 120, 90 }, { 300, 200 }, { 200, 900 } } do canvases[#canvases + 1] = svg.new(size[1], size[2]) end
  for _, size in ipairs { { 20, 5 }, { 27, 12 } } do canvases[#canvases + 1] = text.new(size[1], size[2], true, true) end
  for _, columns in ipairs { 40, 80, 132 } do
    local rows = type(chart.rows) == "function" and chart.rows(columns) or chart.rows
    canvases[#canvases + 1] = text.new(columns, rows, false, true)
    canvases[#canvases + 1] = text.new(columns, rows, true, false)
  end
  for _, c in ipairs(canvases) do
    local m = c.margin
    chart.draw(c, { x = m, y = m, w = c.width - 2 * m, h = c.height - 2 * m })
    check_boxes(c)
  end
  for line in (charts.plain(p) .. "\n"):gmatch "(.-)\n" do assert(utf8.len(line) <= 60, line) end
  assert(tostring(p:pixels().shape) == ("%dx%dx3"):format(chart.height, chart.width), "pixels of another size")
  return charts.check_svg(p:svg())
end

--- The texts among elements.
function charts.texts_of(elements)
  local list = {}
  for _, e in ipairs(elements) do
    if e.name == "text" then list[#list + 1] = e.text end
  end
  return list
end

--- How many elements have this name.
function charts.count(elements, name)
  local n = 0
  for _, e in ipairs(elements) do n = n + (e.name == name and 1 or 0) end
  return n
end

return charts
