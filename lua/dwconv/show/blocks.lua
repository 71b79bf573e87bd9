-- show/blocks.lua: pictures as text. Half blocks show two pixels in a cell, the upper one in the colour of the letter,
-- the lower one in that of its ground; "ascii" has a letter for a pixel, denser for what is brighter.
-- Invariant: every line ends with the terminal's own colours, and a colour is set only where it changes.

local raster = require "dwconv.show.raster"

local blocks = {}

local UPPER <const>, LOWER <const> = "\u{2580}", "\u{2584}"

-- ---- colours -------------------------------------------------------------------------------------

local LEVELS <const> = { 0, 95, 135, 175, 215, 255 } -- of the cube of 6x6x6 among the 256 colours, from number 16 on

-- The nearest level of the cube.
local function level_of(v)
  if v < 48 then return 0 end
  if v < 115 then return 1 end
  return (v - 35) // 40
end

local function distance(r1, g1, b1, r2, g2, b2)
  return 2 * (r1 - r2) ^ 2 + 4 * (g1 - g2) ^ 2 + 3 * (b1 - b2) ^ 2 -- as eyes weigh them
end

--- The number, among the 256 colours of terminals, of the nearest one: of the cube or of the 24 greys.
---@param colour integer
---@return integer
function blocks.nearest256(colour)
  local r, g, b = colour >> 16, colour >> 8 & 255, colour & 255
  local i, j, k = level_of(r), level_of(g), level_of(b)
  local step = math.max(0, math.min(23, ((2 * r + 4 * g + 3 * b) // 9 - 3) // 10))
  local grey = 8 + 10 * step
  local in_cube = distance(r, g, b, LEVELS[i + 1], LEVELS[j + 1], LEVELS[k + 1])
  if distance(r, g, b, grey, grey, grey) < in_cube then return 232 + step end
  return 16 + 36 * i + 6 * j + k
end

-- What sets a colour, remembered by colour; -1 is the terminal's own.
local function setter(kind, in_256)
  local own = kind == 38 and "\27[39m" or "\27[49m"
  return setmetatable({ [-1] = own }, { __index = function(known, colour)
    local text
    if in_256 then text = ("\27[%d;5;%dm"):format(kind, blocks.nearest256(colour))
    else text = ("\27[%d;2;%d;%d;%dm"):format(kind, colour >> 16, colour >> 8 & 255, colour & 255) end
    known[colour] = text
    return text
  end })
end

--- Tables that give what sets the colour of letters and of their ground.
---@param in_256 boolean
---@return table<integer, string>
---@return table<integer, string>
function blocks.setters(in_256) return setter(38, in_256), setter(48, in_256) end

-- ---- half blocks ---------------------------------------------------------------------------------

-- The two colours of a cell and what is drawn in it. An upper pixel alone, or a lower one, leaves the ground as it is.
local function cell(top, bottom)
  if top < 0 and bottom < 0 then return -1, -1, " " end
  if top < 0 then return bottom, -1, LOWER end
  return top, bottom, UPPER
end

local function line(top, bottom, letters, grounds)
  local parts, n, set_letter, set_ground = {}, 0, letters[-1], grounds[-1]
  for x = 1, #top do
    local letter, ground, sign = cell(top[x], bottom and bottom[x] or -1)
    if sign ~= " " and letters[letter] ~= set_letter then
      set_letter, n = letters[letter], n + 1
      parts[n] = set_letter
    end
    if grounds[ground] ~= set_ground then
      set_ground, n = grounds[ground], n + 1
      parts[n] = set_ground
    end
    n = n + 1
    parts[n] = sign
  end
  parts[n + 1] = "\27[0m"
  return table.concat(parts)
end

--- Lines of half blocks.
---@param image table raster.lua's
---@param in_256 boolean
---@return string[]
function blocks.lines(image, in_256)
  local lines, letters, grounds = {}, blocks.setters(in_256)
  for y = 1, image.height, 2 do
    local bottom = y < image.height and raster.row(image, y + 1) or nil
    lines[#lines + 1] = line(raster.row(image, y), bottom, letters, grounds)
  end
  return lines
end

-- ---- letters -------------------------------------------------------------------------------------

local RAMP <const> = " .:-=+*#%@"

-- As bright as a colour looks, 0 to 255000.
local function luma(colour) return 299 * (colour >> 16) + 587 * (colour >> 8 & 255) + 114 * (colour & 255) end

--- Lines of letters, one for each pixel.
---@param image table raster.lua's
---@return string[]
function blocks.ascii(image)
  local lines = {}
  for y = 1, image.height do
    local row = raster.row(image, y)
    for x = 1, image.width do
      local at = row[x] < 0 and 1 or luma(row[x]) * #RAMP // 255001 + 1
      row[x] = RAMP:sub(at, at)
    end
    lines[y] = table.concat(row)
  end
  return lines
end

return blocks
