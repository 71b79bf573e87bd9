-- show/palette.lua: at most 256 colours for a picture, and each pixel's number among them; for sixel.lua.
-- A picture of few colours keeps them exactly. Others get the colours of a median cut over their pixels, and are
-- dithered by an ordered pattern: neighbours are rounded differently, so that slow changes show no edges.
-- Invariant: numbers count from 0, and -1 stays -1.

local raster = require "dwconv.show.raster"

local palette = {}

local MOST <const> = 256
local SAMPLES <const> = 40000 -- about as many pixels as are looked at to choose colours

-- Bayer's 4x4, around 0, as steps of brightness: as much as keys of 5 bits round away.
local PATTERN <const> = {
  { -4, 0, -3, 1 },
  { 2, -2, 3, -1 },
  { -3, 1, -4, 0 },
  { 3, -1, 2, -2 },
}

-- ---- few colours ---------------------------------------------------------------------------------

-- The numbers of the pixels and the colours, or nothing if there are more than a palette holds.
local function exact(image)
  local number, colours, rows = {}, {}, {}
  for y = 1, image.height do
    local row = raster.row(image, y)
    for x = 1, image.width do
      local colour = row[x]
      if colour >= 0 then
        local i = number[colour]
        if not i then
          i = #colours
          if i == MOST then return nil end
          number[colour], colours[i + 1] = i, colour
        end
        row[x] = i
      end
    end
    rows[y] = row
  end
  return rows, colours
end

-- ---- many colours --------------------------------------------------------------------------------

-- How often colours of 5 bits for each channel are met, in a list of { r, g, b, times }, 0 to 255.
local function histogram(image)
  local times, list = {}, {}
  local step = math.max(1, math.floor(math.sqrt(image.height * image.width / SAMPLES)))
  for y = 1, image.height, step do
    local row = raster.row(image, y)
    for x = 1, image.width, step do
      local colour = row[x]
      if colour >= 0 then
        local key = colour >> 9 & 0x7C00 | colour >> 6 & 0x3E0 | colour >> 3 & 0x1F
        local bin = times[key]
        if not bin then
          bin = { 0, 0, 0, 0 }
          times[key], list[#list + 1] = bin, bin
        end
        bin[1], bin[2], bin[3] = bin[1] + (colour >> 16), bin[2] + (colour >> 8 & 255), bin[3] + (colour & 255)
        bin[4] = bin[4] + 1
      end
    end
  end
  for _, bin in ipairs(list) do
    for i = 1, 3 do bin[i] = bin[i] / bin[4] end
  end
  return list
end

-- A box of bins from first to last: its widest channel, and how much there is to gain from cutting it.
local function box_of(bins, first, last)
  local box, pixels = { first = first, last = last, channel = 1, gain = 0 }, 0
  for i = first, last do pixels = pixels + bins[i][4] end
  for channel = 1, 3 do
    local sum, squares = 0, 0
    for i = first, last do
      local v, n = bins[i][channel], bins[i][4]
      sum, squares = sum + v * n, squares + v * v * n
    end
    local gain = squares - sum * sum / pixels
    if first < last and gain > box.gain then box.channel, box.gain = channel, gain end -- one bin cannot be cut
  end
  return box
end

-- Cuts a box where half of its pixels are on each side.
local function cut(bins, box)
  local part, channel, total = table.move(bins, box.first, box.last, 1, {}), box.channel, 0
  table.sort(part, function(a, b) return a[channel] < b[channel] end)
  for i, bin in ipairs(part) do
    bins[box.first + i - 1], total = bin, total + bin[4]
  end
  local at, below = box.first, bins[box.first][4]
  while at < box.last - 1 and 2 * below < total do
    at = at + 1
    below = below + bins[at][4]
  end
  return box_of(bins, box.first, at), box_of(bins, at + 1, box.last)
end

local function mean_of(bins, box)
  local r, g, b, n = 0, 0, 0, 0
  for i = box.first, box.last do
    local bin = bins[i]
    r, g, b, n = r + bin[1] * bin[4], g + bin[2] * bin[4], b + bin[3] * bin[4], n + bin[4]
  end
  return math.floor(r / n + 0.5) << 16 | math.floor(g / n + 0.5) << 8 | math.floor(b / n + 0.5)
end

local function chosen(image)
  local bins = histogram(image)
  local boxes = { box_of(bins, 1, #bins) }
  while #boxes < MOST do
    local widest = 1
    for i, box in ipairs(boxes) do
      if box.gain > boxes[widest].gain then widest = i end
    end
    if boxes[widest].gain <= 0 then break end
    boxes[widest], boxes[#boxes + 1] = cut(bins, boxes[widest])
  end
  local colours = {}
  for i, box in ipairs(boxes) do colours[i] = mean_of(bins, box) end
  return colours
end

-- The number of the nearest colour for a key of 5 bits for each channel, remembered.
local function nearest(colours)
  local reds, greens, blues = {}, {}, {}
  for i, colour in ipairs(colours) do
    reds[i], greens[i], blues[i] = colour >> 16, colour >> 8 & 255, colour & 255
  end
  return setmetatable({}, { __index = function(known, key)
    local r, g, b = (key >> 10 << 3) + 4, (key >> 5 & 31) * 8 + 4, (key & 31) * 8 + 4
    local best, least = 1, math.huge
    for i = 1, #reds do
      local dr, dg, db = reds[i] - r, greens[i] - g, blues[i] - b
      local far = 2 * dr * dr + 4 * dg * dg + 3 * db * db
      if far < least then best, least = i, far end
    end
    known[key] = best - 1
    return best - 1
  end })
end

-- Channels with each step of the pattern added, as bits 3 to 7 moved down.
local function dithered_channels()
  local tables = {}
  for step = -4, 3 do
    local t = {}
    for v = 0, 255 do t[v] = math.max(0, math.min(255, v + step)) >> 3 end
    tables[step] = t
  end
  return tables
end

local function dithered(image)
  local colours, rows = chosen(image), {}
  local number, channels = nearest(colours), dithered_channels()
  for y = 1, image.height do
    local row, pattern = raster.row(image, y), PATTERN[y % 4 + 1]
    for x = 1, image.width do
      local colour = row[x]
      if colour >= 0 then
        local channel = channels[pattern[x % 4 + 1]]
        row[x] = number[channel[colour >> 16] << 10 | channel[colour >> 8 & 255] << 5 | channel[colour & 255]]
      end
    end
    rows[y] = row
  end
  return rows, colours
end

--- Rows of numbers of colours, and the colours, 0xRRGGBB; number 0 is the first.
---@param image table raster.lua's
---@return integer[][]
---@return integer[]
function palette.of(image)
  local rows, colours = exact(image)
  if rows then return rows, colours end
  return dithered(image)
end

return palette
