-- plot/svg.lua: the canvas whose result is a text of SVG. Texts stay texts, in the reader's own sans serif font, each
-- squeezed or stretched to the width that the layout has measured. canvas.lua says what a canvas has.
-- Invariant: equal charts give equal texts; every number is finite; what a script passed is escaped.

local canvas = require "dwconv.plot.canvas"
local colours = require "dwconv.plot.colours"
local png = require "dwconv.plot.png"

local hex = colours.hex

local Svg = setmetatable({}, { __index = canvas.Pixels })
Svg.__index = Svg

local svg = {}

local HEAD <const> = [[
<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d"
 font-family="Helvetica, Arial, sans-serif">
<rect width="%d" height="%d" fill="#ffffff"/>]]

--- An empty picture of width x height points.
function svg.new(width, height)
  local head = HEAD:format(width, height, width, height, width, height)
  return setmetatable({ width = width, height = height, parts = { head } }, Svg)
end

local ESCAPED <const> = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

-- Text that XML may hold: UTF-8 without control characters.
local function escaped(text)
  if not utf8.len(text) then text = text:gsub("[\x80-\xff]", "\u{fffd}") end
  text = text:gsub("[%z\1-\31\127]", " "):gsub("\u{fffe}", " "):gsub("\u{ffff}", " ")
  return (text:gsub('[&<>"]', ESCAPED))
end

-- Two digits after the point are enough for the eye.
local function short(v) return (("%.2f"):format(v):gsub("%.?0+$", ""):gsub("^%-0$", "0")) end

local function add(self, pattern, ...) table.insert(self.parts, (pattern:format(...))) end

function Svg:rect(x, y, w, h, style)
  if w <= 0 or h <= 0 then return end
  add(self, '<rect x="%s" y="%s" width="%s" height="%s" fill="%s"/>', short(x), short(y), short(w), short(h),
    hex(style.colour))
end

function Svg:rule(x1, y1, x2, y2, colour)
  add(self, '<path d="M%s %sL%s %s" stroke="%s" shape-rendering="crispEdges"/>', short(x1), short(y1), short(x2),
    short(y2), hex(colour))
end

function Svg:polyline(points, style)
  local list = {}
  for k = 1, #points, 2 do list[#list + 1] = short(points[k]) .. "," .. short(points[k + 1]) end
  if #list == 1 then return self:marker(points[1], points[2], style) end
  add(self, '<polyline points="%s" fill="none" stroke="%s" stroke-width="%s" stroke-linejoin="round" '
    .. 'stroke-linecap="round"/>', table.concat(list, " "), hex(style.colour), short(self.LINE))
end

function Svg:marker(x, y, style)
  add(self, '<circle cx="%s" cy="%s" r="%s" fill="%s"/>', short(x), short(y), short(self.MARKER), hex(style.colour))
end

function Svg:words(x, y, text, o)
  local size, anchor = self.SIZES[o.role], o.anchor or "start"
  local at = anchor == "middle" and x + o.width / 2 or anchor == "end" and x + o.width or x
  add(self, '<text x="%s" y="%s" font-size="%d"%s%s fill="%s" textLength="%s" lengthAdjust="spacingAndGlyphs">%s'
    .. '</text>', short(at), short(y + 0.36 * size), size, o.role == "title" and ' font-weight="bold"' or "",
    anchor ~= "start" and (' text-anchor="%s"'):format(anchor) or "", hex(o.colour), short(o.width), escaped(text))
end

local PICTURE <const> = '<image x="%s" y="%s" width="%s" height="%s" preserveAspectRatio="none" '
  .. 'image-rendering="pixelated" style="image-rendering:pixelated" href="data:image/png;base64,%s"/>'

function Svg:picture(x, y, w, h, picture)
  picture = canvas.shrunk(picture, math.ceil(2 * w), math.ceil(2 * h))
  add(self, PICTURE, short(x), short(y), short(w), short(h), png.base64(picture))
end

--- The text.
function Svg:finish() return table.concat(self.parts, "\n") .. "\n</svg>\n" end

return svg
