-- plot/font.lua: widths of texts, and the strokes of texts as coverage of pixels, for raster.lua. The glyphs are those
-- of glyphs.lua. Small sizes stay sharp, as the heights of small letters and capitals are rounded to whole pixels.
-- Invariant: width() is the advance that the strokes have; any text has a width, and what is no UTF-8 counts byte by
-- byte.

local glyphs = require "dwconv.plot.glyphs"
local strokes = require "dwconv.plot.strokes"

local font = {}

local UNIT <const> = 0.104 -- of the size: a seventh of the height of a capital
local BESIDE <const> = 1.75 -- between the strokes of two letters, in units
local RAISED <const> = { ["⁰"] = "0", ["¹"] = "1", ["²"] = "2", ["³"] = "3", ["⁴"] = "4", ["⁵"] = "5", ["⁶"] = "6",
  ["⁷"] = "7", ["⁸"] = "8", ["⁹"] = "9", ["⁻"] = "−" }
local SMALL <const> = 0.66 -- of what is raised

for mark, letters in pairs(glyphs.marked) do
  local letter
  for _, code in utf8.codes(letters) do
    local c = utf8.char(code)
    if letter then
      glyphs[c] = { base = letter, mark = glyphs.marks[mark], high = letter:find "%u" and mark ~= "cedilla" }
      letter = nil
    else
      letter = c
    end
  end
end

--- The characters of a text, spaces for those that control; bytes that are no UTF-8 are characters of their own.
---@param text string
---@return string[]
function font.characters(text)
  local list = {}
  text = text:gsub("[%z\1-\31\127]", " ")
  if utf8.len(text) then
    for _, code in utf8.codes(text) do list[#list + 1] = utf8.char(code) end
  else
    for i = 1, #text do list[i] = text:byte(i) < 128 and text:sub(i, i) or "�" end
  end
  return list
end

local function glyph_of(c)
  local small = RAISED[c]
  return glyphs[small or c] or glyphs["�"], small and SMALL or 1
end

local function advance(c)
  local glyph, part = glyph_of(c)
  return ((glyph.base and glyphs[glyph.base] or glyph).width + BESIDE) * part
end

--- The width of a text in pixels.
---@param text string
---@param size number
function font.width(text, size)
  local units = 0
  for _, c in ipairs(font.characters(text)) do units = units + advance(c) end
  return units * UNIT * size
end

--- The beginning of a text that fits a width, with "…" where something is left out. `width_of` measures.
---@param text string
---@param most number
---@param width_of fun(text: string): number
function font.fitted(text, most, width_of)
  if width_of(text) <= most then return text end
  local list = font.characters(text)
  for n = #list - 1, 1, -1 do
    local short = table.concat(list, "", 1, n):gsub("%s+$", "") .. "…"
    if width_of(short) <= most then return short end
  end
  return width_of "…" <= most and "…" or ""
end

-- ---- strokes ---------------------------------------------------------------------------------------

local function arc(points, cx, cy, rx, ry, from, to)
  local n = math.max(4, math.ceil(math.abs(to - from) / 12))
  for i = 0, n do
    local angle = math.rad(from + (to - from) * i / n)
    points[#points + 1], points[#points + 2] = cx + rx * math.cos(angle), cy + ry * math.sin(angle)
  end
end

local function curve(points, cx, cy, x, y)
  local x0, y0 = points[#points - 1], points[#points]
  for i = 1, 8 do
    local t = i / 8
    local a, b, c = (1 - t) ^ 2, 2 * t * (1 - t), t * t
    points[#points + 1], points[#points + 2] = a * x0 + b * cx + c * x, a * y0 + b * cy + c * y
  end
end

-- The strokes of a path, lists of coordinates in turn; a dot is a stroke of one point.
local function flattened(path)
  local list, points = {}, nil
  for command, rest in path:gmatch "(%u)([^%u]*)" do
    local v = {}
    for word in rest:gmatch "%S+" do v[#v + 1] = tonumber(word) end
    if command == "M" or command == "D" then
      points = v
      list[#list + 1] = points
      points.dot = command == "D"
    elseif command == "L" then
      table.move(v, 1, #v, #points + 1, points)
    elseif command == "A" then
      arc(points, table.unpack(v))
    else
      curve(points, table.unpack(v))
    end
  end
  return list
end

local function strokes_of(glyph)
  if glyph.strokes then return glyph.strokes end
  if glyph.base then
    local base = glyph.base == "i" and glyphs["ı"] or glyphs[glyph.base]
    glyph.strokes = table.move(strokes_of(base), 1, #strokes_of(base), 1, {})
    for _, points in ipairs(flattened(glyph.mark)) do
      for k = 1, #points, 2 do
        points[k], points[k + 1] = points[k] + base.width / 2, points[k + 1] + (glyph.high and 2 or 0)
      end
      table.insert(glyph.strokes, points)
    end
  else
    glyph.strokes = flattened(glyph.path)
  end
  return glyph.strokes
end

-- What turns heights in units into pixels above the baseline: whole pixels for the edges of letters.
local function heights(size, weight)
  local unit = UNIT * size
  local x_height, capital = math.floor(5 * unit + weight / 2 + 0.6), math.floor(7 * unit + weight / 2 + 0.6)
  local low, middle, high = weight / 2, x_height - weight / 2, capital - weight / 2
  return function(y)
    if y <= 0 then return low + y * unit end
    if y <= 5 then return low + (middle - low) * y / 5 end
    return middle + (high - middle) * (y - 5) / 2
  end
end

local cache = setmetatable({}, { __mode = "v" }) -- coverage by character, size, weight and part of a pixel
local PARTS <const> = 4 -- positions of a glyph within a pixel

local function coverage_of(c, size, weight, part)
  local key = ("%s %g %g %d"):format(c, size, weight, part)
  if cache[key] then return cache[key] end
  local glyph, smaller = glyph_of(c)
  local unit, lift = UNIT * size * smaller, smaller < 1 and 0.3 * size or 0
  local y_of = heights(size * smaller, weight)
  local cover = strokes.cover()
  for _, points in ipairs(strokes_of(glyph)) do
    local moved = {}
    for k = 1, #points, 2 do
      moved[k] = points[k] * unit + (BESIDE / 2) * unit + part / PARTS
      moved[k + 1] = -y_of(points[k + 1]) - lift
    end
    strokes.add(cover, moved, points.dot and weight * 0.72 or weight / 2)
  end
  cache[key] = cover
  return cover
end

--- Calls draw(x, y, cover) for each glyph of a text that begins at x and stands on the baseline y (whole), in pixels;
--- x and y of the calls are whole.
---@param text string
---@param x number
---@param y integer
---@param size number of the font, in pixels
---@param bold boolean
---@param draw fun(x: integer, y: integer, cover: table)
function font.draw(text, x, y, size, bold, draw)
  local weight = math.max(bold and 1.5 or 1.05, size * (bold and 0.125 or 0.088))
  for _, c in ipairs(font.characters(text)) do
    local at = math.floor(x * PARTS + 0.5)
    draw(at // PARTS, y, coverage_of(c, size, weight, at % PARTS))
    x = x + advance(c) * UNIT * size
  end
end

return font
