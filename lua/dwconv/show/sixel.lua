-- show/sixel.lua: pictures as sixels: bands of six rows, in which each colour draws its pixels of all columns, run by
-- run. Pixels that no colour draws keep what the terminal has there. Colours are whole percents of each channel.

local palette = require "dwconv.show.palette"

local sixel = {}

local char = string.char

-- n times the same six pixels.
local function run(bits, n)
  local letter = char(63 + bits)
  return n > 3 and ("!%d%s"):format(n, letter) or letter:rep(n)
end

-- Adds the six pixels of column x to a colour's line, which is { parts, run's bits, its length, columns so far }.
local function add(line, x, bits)
  local parts = line[1]
  if line[4] < x - 1 then -- columns without this colour
    parts[#parts + 1] = run(line[2], line[3])
    line[2], line[3] = 0, x - 1 - line[4]
  end
  if line[2] == bits then
    line[3] = line[3] + 1
  else
    parts[#parts + 1] = run(line[2], line[3])
    line[2], line[3] = bits, 1
  end
  line[4] = x
end

-- The lines of a band, by the numbers of their colours in the order in which they are met.
local function lines_of(rows, y, width)
  local lines, order = {}, {}
  local last = math.min(5, #rows - y)
  local bits, numbers = {}, {}
  for x = 1, width do
    local n = 0
    for i = 0, last do
      local number = rows[y + i][x]
      if number >= 0 then
        if not bits[number] then
          n = n + 1
          numbers[n], bits[number] = number, 0
        end
        bits[number] = bits[number] | 1 << i
      end
    end
    for i = 1, n do
      local number = numbers[i]
      local line = lines[number]
      if not line then
        line = { {}, 0, 0, 0 }
        lines[number], order[#order + 1] = line, number
      end
      add(line, x, bits[number])
      bits[number] = nil
    end
  end
  return lines, order
end

local function percent(v) return (v * 100 + 127) // 255 end

local function definitions(colours, parts)
  for i, colour in ipairs(colours) do
    local r, g, b = percent(colour >> 16), percent(colour >> 8 & 255), percent(colour & 255)
    parts[#parts + 1] = ("#%d;2;%d;%d;%d"):format(i - 1, r, g, b)
  end
end

--- A picture as one text.
---@param image table raster.lua's
---@return string
function sixel.text(image)
  local rows, colours = palette.of(image)
  local parts = { ('\27P0;1q"1;1;%d;%d'):format(image.width, image.height) }
  definitions(colours, parts)
  for y = 1, image.height, 6 do
    local lines, order = lines_of(rows, y, image.width)
    for i, number in ipairs(order) do
      local line = lines[number]
      line[1][#line[1] + 1] = run(line[2], line[3])
      parts[#parts + 1] = ("%s#%d%s"):format(i > 1 and "$" or "", number, table.concat(line[1]))
    end
    if y + 6 <= image.height then parts[#parts + 1] = "-" end
  end
  parts[#parts + 1] = "\27\\"
  return table.concat(parts)
end

return sixel
