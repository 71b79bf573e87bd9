-- show/values.lua: tiles as text, each number in a cell of its colour. init.lua calls it where values are wanted and
-- have room.
-- Invariant: all cells of a picture are equally wide, and a number can be read on its ground.

local blocks = require "dwconv.show.blocks"
local raster = require "dwconv.show.raster"

local values = {}

local BLACK <const>, WHITE <const> = 0x000000, 0xFFFFFF

local function text_of(v, pattern)
  if v == true then return "1" elseif v == false then return "0" end
  if math.type(v) == "integer" then return tostring(v) end
  if v ~= v then return "nan" end
  return v == math.floor(v) and math.abs(v) < 1e6 and ("%d"):format(v) or pattern:format(v)
end

--- The texts of a tile's numbers, row by row.
---@param tile dwconv.Tensor (h,w)
---@param pattern string of fractions, as string.format has it
---@return string[][]
---@return integer # letters of the longest
function values.texts(tile, pattern)
  local rows, longest = tile:to_table(), 0
  for _, row in ipairs(rows) do
    for x, v in ipairs(row) do
      row[x] = text_of(v, pattern)
      longest = math.max(longest, #row[x])
    end
  end
  return rows, longest
end

local function is_bright(colour)
  return 299 * (colour >> 16) + 587 * (colour >> 8 & 255) + 114 * (colour & 255) > 140000
end

--- The lines of a tile.
---@param texts string[][]
---@param pixels dwconv.Tensor uint8 (h,w,3), the colours of the numbers
---@param longest integer letters of the longest text of all tiles
---@param width integer columns of a cell, more than the longest text has
---@param mode string
---@return string[]
function values.lines(texts, pixels, longest, width, mode)
  local image, lines, letters, grounds = raster.of(pixels), {}, blocks.setters(mode == "256")
  for y, row in ipairs(texts) do
    local ground, parts = raster.row(image, y), {}
    for x, text in ipairs(row) do
      local after = width - longest > 1 and 1 or 0
      local cell = (" "):rep(width - after - #text) .. text .. (" "):rep(after)
      if mode ~= "ascii" then
        cell = letters[is_bright(ground[x]) and BLACK or WHITE] .. grounds[ground[x]] .. cell
      end
      parts[x] = cell
    end
    lines[y] = table.concat(parts) .. (mode ~= "ascii" and "\27[0m" or "")
  end
  return lines
end

return values
