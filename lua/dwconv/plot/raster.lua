-- plot/raster.lua: the canvas whose result is pixels. Lines and texts are smooth at any scale; rectangles and axes
-- stand on whole pixels. canvas.lua says what a canvas has; plot.lua makes one for each picture.
-- Invariant: a row of pixels takes memory when something is drawn in it; nothing is drawn outside the picture.

local canvas = require "dwconv.plot.canvas"
local colours = require "dwconv.plot.colours"
local font = require "dwconv.plot.font"
local ops = require "dwconv.ops"
local strokes = require "dwconv.plot.strokes"

local floor = math.floor

local Raster = setmetatable({}, { __index = canvas.Pixels })
Raster.__index = Raster

local raster = {}

--- An empty picture of width x height points, each of scale x scale pixels.
function raster.new(width, height, scale)
  local self = setmetatable({ width = width, height = height, scale = scale }, Raster)
  self.columns, self.lines = floor(width * scale + 0.5), floor(height * scale + 0.5)
  self.rows = {}
  self.empty = {}
  for x = 1, self.columns do self.empty[x] = colours.paper end
  self.bounds = { 0, 0, self.columns - 1, self.lines - 1 } -- of pixels: first x, first y, last x, last y
  return self
end

-- The pixels of a row, x from 1.
local function row_of(self, y)
  local row = self.rows[y]
  if not row then
    row = table.move(self.empty, 1, self.columns, 1, {})
    self.rows[y] = row
  end
  return row
end

-- Mixes a colour into the pixels that a cover has at dx, dy.
local function paint(self, cover, dx, dy, colour)
  local left, top, right, bottom = table.unpack(self.bounds)
  local r, g, b = colours.parts(colour)
  for cy, line in pairs(cover) do
    local y = cy + dy
    local row = y >= top and y <= bottom and next(line) and row_of(self, y)
    for cx, a in pairs(row and line or {}) do
      local x = cx + dx
      if x >= left and x <= right then
        local old = row[x + 1]
        local r0, g0, b0 = old >> 16, old >> 8 & 255, old & 255
        row[x + 1] = floor(r0 + (r - r0) * a + 0.5) << 16 | floor(g0 + (g - g0) * a + 0.5) << 8
          | floor(b0 + (b - b0) * a + 0.5)
      end
    end
  end
end

-- Pixels from x1, y1 up to but without x2, y2.
local function fill(self, x1, y1, x2, y2, colour)
  local left, top, right, bottom = table.unpack(self.bounds)
  local first, last = math.max(x1, left) + 1, math.min(x2 - 1, right) + 1
  if first > last then return end
  for y = math.max(y1, top), math.min(y2 - 1, bottom) do
    local row = row_of(self, y)
    for x = first, last do row[x] = colour end
  end
end

function Raster:rect(x, y, w, h, style)
  local s = self.scale
  local x1, y1, x2, y2 = floor(x * s + 0.5), floor(y * s + 0.5), floor((x + w) * s + 0.5), floor((y + h) * s + 0.5)
  if w > 0 and h > 0 then fill(self, x1, y1, math.max(x2, x1 + 1), math.max(y2, y1 + 1), style.colour) end
end

function Raster:rule(x1, y1, x2, y2, colour)
  local s = self.scale
  local thick = math.max(1, floor(s + 0.5))
  local left, top = floor(x1 * s + 0.5) - thick // 2, floor(y1 * s + 0.5) - thick // 2
  fill(self, left, top, floor(x2 * s + 0.5) - thick // 2 + thick, floor(y2 * s + 0.5) - thick // 2 + thick, colour)
end

local function scaled(points, s)
  local list = {}
  for k, v in ipairs(points) do list[k] = v * s end
  return list
end

function Raster:polyline(points, style)
  local cover = strokes.cover()
  strokes.add(cover, scaled(points, self.scale), self.LINE * self.scale / 2, self.bounds)
  paint(self, cover, 0, 0, style.colour)
end

function Raster:marker(x, y, style)
  local cover = strokes.cover()
  strokes.add(cover, { x * self.scale, y * self.scale }, self.MARKER * self.scale, self.bounds)
  paint(self, cover, 0, 0, style.colour)
end

function Raster:words(x, y, text, o)
  local size = self.SIZES[o.role] * self.scale
  local baseline = floor(y * self.scale + 0.37 * size + 0.5)
  font.draw(text, x * self.scale, baseline, size, o.role == "title", function(gx, gy, cover)
    paint(self, cover, gx, gy, o.colour)
  end)
end

function Raster:picture(x, y, w, h, picture)
  local s = self.scale
  local x1, y1, x2, y2 = floor(x * s + 0.5), floor(y * s + 0.5), floor((x + w) * s + 0.5), floor((y + h) * s + 0.5)
  local left, top, right, bottom = table.unpack(self.bounds)
  picture = canvas.shrunk(picture, x2 - x1, y2 - y1)
  local columns, lines = picture.columns, picture.lines
  for py = math.max(y1, top), math.min(y2 - 1, bottom) do
    local row, from = row_of(self, py), (py - y1) * lines // (y2 - y1) * columns + 1
    for px = math.max(x1, left), math.min(x2 - 1, right) do
      row[px + 1] = picture[from + (px - x1) * columns // (x2 - x1)]
    end
  end
end

--- The picture: uint8 (h,w,3).
function Raster:finish()
  local three = setmetatable({}, { __index = function(t, colour)
    local bytes = string.char(colours.parts(colour))
    t[colour] = bytes
    return bytes
  end })
  local lines, buffer, columns = {}, {}, self.columns
  local empty = three[colours.paper]:rep(columns)
  for y = 0, self.lines - 1 do
    local row = self.rows[y]
    for x = 1, row and columns or 0 do buffer[x] = three[row[x]] end
    lines[y + 1] = row and table.concat(buffer, "", 1, columns) or empty
  end
  return ops.calls.from_bytes(table.concat(lines), { self.lines, columns, 3 }, { dtype = "uint8" })
end

return raster
