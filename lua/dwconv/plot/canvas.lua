-- plot/canvas.lua: what charts are drawn with. A canvas has width and height, in points or, on terminals, characters; y
-- grows downwards. Charts ask it how large texts are, so one layout serves all. A canvas has
--   text(x, y, text, {role =, anchor =, colour =})   in the middle of a line around y; role: "title", "label", "tick";
--                                       anchor: "start", "middle", "end"
--   rule(x1, y1, x2, y2, colour)        an axis, a tick or a grid line: horizontal or vertical
--   polyline({x1, y1, ...}, style)      style: {colour =, symbol = (a number)}
--   marker(x, y, style)                 a dot
--   rect(x, y, w, h, style, grows)      grows: "up", "down", "left", "right": a bar whose end may be in a character
--   patch(x, y, style), sample(x, y, style)    of a legend: a square, a line, which begin at x
--   shade(x, y, w, h, share)            a cell of a heat map
--   picture(x, y, w, h, picture)        {lines =, columns =, colours row by row}
--   finish()                            what it has drawn
-- and lengths: margin, gap_x, gap_y, tick, axis (what an axis takes), inset_x, inset_y (from the edge of an area to the
-- first place where a point can be), swatch (a sample in a legend), step (from one column of places to the next);
-- bar_share(wide, n): what part of its band a group of bars takes; on_shade(share): the ink on a shade; grid: whether
-- it has grid lines; row(y): where the text of a tick at y stands.
-- Pixels is the common part of svg.lua and raster.lua. Invariant: charts draw within the canvas, and `boxes` holds
-- where each text is.

local colours = require "dwconv.plot.colours"
local font = require "dwconv.plot.font"

local canvas = {}

local Pixels = {
  SIZES = { title = 15, label = 12, tick = 11 },
  LINE = 1.8, -- width of lines
  MARKER = 2.8, -- radius
  kind = "pixels", margin = 14, gap_x = 7, gap_y = 7, tick = 4, axis = 0, inset_x = 0, inset_y = 0,
  swatch = 18, grid = true, step = 1,
}
canvas.Pixels = Pixels

function Pixels:text_width(text, role) return font.width(text, self.SIZES[role]) end

function Pixels:text_height(role) return self.SIZES[role] * 1.3 end

function Pixels.row(_, y) return y end

function Pixels:sample(x, y, style) self:polyline({ x, y, x + self.swatch, y }, style) end

function Pixels:patch(x, y, style)
  local side = 0.6 * self.swatch
  self:rect(x + self.swatch - side, y - side / 2, side, side, style)
end

--- Where a text of a width begins.
function canvas.start(x, width, anchor)
  return anchor == "middle" and x - width / 2 or anchor == "end" and x - width or x
end

--- Notes where a text is.
function canvas.note(self, x, y, w, h, text)
  self.boxes = self.boxes or {}
  table.insert(self.boxes, { x = x, y = y, w = w, h = h, text = text })
end

function Pixels:text(x, y, text, o)
  local width, height = self:text_width(text, o.role), self:text_height(o.role)
  local left = canvas.start(x, width, o.anchor)
  canvas.note(self, left, y - height / 2, width, height, text)
  local colour = o.ink or o.colour or colours.label
  self:words(left, y, text, { role = o.role, colour = colour, width = width, anchor = o.anchor })
end

function Pixels:shade(x, y, w, h, share) self:rect(x, y, w, h, { colour = colours.heat(share) }) end

--- What part of the band of a group of bars they take: `wide` is the band, `n` how many bars.
function Pixels.bar_share(wide, n) return n == 1 and wide > 60 and 0.55 or 0.76 end

--- What a text on a shade is written in; `faint` where it says little.
function Pixels.on_shade(_, share, faint) return faint and 0xa3adb8 or colours.on(colours.heat(share)) end

local function average(picture, x1, x2, y1, y2)
  local r, g, b, n = 0, 0, 0, (x2 - x1) * (y2 - y1)
  for y = y1, y2 - 1 do
    for x = x1 + 1, x2 do
      local pr, pg, pb = colours.parts(picture[y * picture.columns + x])
      r, g, b = r + pr, g + pg, b + pb
    end
  end
  return math.floor(r / n + 0.5) << 16 | math.floor(g / n + 0.5) << 8 | math.floor(b / n + 0.5)
end

--- A picture with at most so many columns and lines, averaged where it has more.
function canvas.shrunk(picture, columns, lines)
  columns, lines = math.min(picture.columns, math.max(columns, 1)), math.min(picture.lines, math.max(lines, 1))
  if columns == picture.columns and lines == picture.lines then return picture end
  local small = { columns = columns, lines = lines }
  for y = 0, lines - 1 do
    local y1, y2 = y * picture.lines // lines, (y + 1) * picture.lines // lines
    for x = 0, columns - 1 do
      local x1, x2 = x * picture.columns // columns, (x + 1) * picture.columns // columns
      small[#small + 1] = average(picture, x1, math.max(x2, x1 + 1), y1, math.max(y2, y1 + 1))
    end
  end
  return small
end

return canvas
