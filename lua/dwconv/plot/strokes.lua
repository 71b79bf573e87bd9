-- plot/strokes.lua: which pixels lines with round ends cover, and how much: 0 to 1. Called by font.lua and raster.lua.
-- The pixel x, y is the square from x, y to x + 1, y + 1.
-- Invariant: a pixel that several parts of a line cover has the largest of their coverages, so that joints are smooth.

local strokes = {}

local floor, sqrt = math.floor, math.sqrt

--- Coverage of nothing: rows by y, in them coverage by x.
function strokes.cover() return {} end

-- The part of a row that a segment may touch.
local function add_row(row, y, from, to, x1, y1, dx, dy, scale, half)
  local py = y + 0.5 - y1
  for x = from, to do
    local px = x + 0.5 - x1
    local t = (px * dx + py * dy) * scale
    if t < 0 then t = 0 elseif t > 1 then t = 1 end
    local ex, ey = px - t * dx, py - t * dy
    local a = half + 0.5 - sqrt(ex * ex + ey * ey)
    if a > 0 then
      if a > 1 then a = 1 end
      local old = row[x]
      if not old or old < a then row[x] = a end
    end
  end
end

local function add_segment(cover, x1, y1, x2, y2, half, clip)
  local reach = half + 0.5
  local dx, dy = x2 - x1, y2 - y1
  local length = dx * dx + dy * dy
  local scale = length > 0 and 1 / length or 0
  local low, high = floor((y1 < y2 and y1 or y2) - reach), floor((y1 > y2 and y1 or y2) + reach)
  local left, right = (x1 < x2 and x1 or x2) - reach, (x1 > x2 and x1 or x2) + reach
  -- Along a row the middle line moves by `slope`, and the line is `wide` to each side of it.
  local slope = dy ~= 0 and dx / dy or 0
  local wide = dy ~= 0 and reach * sqrt(1 + slope * slope) + math.abs(slope) / 2 or right - left
  if clip then low, high = math.max(low, clip[2]), math.min(high, clip[4]) end
  for y = low, high do
    local middle = dy ~= 0 and x1 + (y + 0.5 - y1) * slope or x1
    local from, to = floor(math.max(left, middle - wide)), floor(math.min(right, middle + wide))
    if clip then from, to = math.max(from, clip[1]), math.min(to, clip[3]) end
    local row = cover[y]
    if not row then
      row = {}
      cover[y] = row
    end
    add_row(row, y, from, to, x1, y1, dx, dy, scale, half)
  end
end

--- Adds a line through points {x1, y1, x2, y2, ...}; one point is a disc.
---@param cover table
---@param points number[]
---@param half number half the width of the line
---@param clip? integer[] first x, first y, last x, last y of the pixels that may be covered
function strokes.add(cover, points, half, clip)
  if #points == 2 then return add_segment(cover, points[1], points[2], points[1], points[2], half, clip) end
  for k = 1, #points - 3, 2 do
    add_segment(cover, points[k], points[k + 1], points[k + 2], points[k + 3], half, clip)
  end
end

return strokes
