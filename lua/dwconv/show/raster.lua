-- show/raster.lua: pixels as the encoders read them, row by row.
-- Invariant: a colour is a whole number 0xRRGGBB, or -1 where nothing is drawn and the terminal's background stays.

local raster = {}

local byte = string.byte

--- What encoders take of a contiguous uint8 tensor (h,w,3) or (h,w,4), whose fourth channel is 0 where nothing is
--- drawn.
---@param pixels dwconv.Tensor
function raster.of(pixels)
  local shape = pixels.shape
  return { height = shape[1], width = shape[2], channels = shape[3], bytes = pixels:to_bytes() }
end

--- The colours of a row, counted from 1.
---@return integer[]
function raster.row(image, y)
  local channels, width = image.channels, image.width
  local stride = width * channels
  local samples = { byte(image.bytes, (y - 1) * stride + 1, y * stride) }
  local colours, at = {}, 1
  for x = 1, width do
    local colour = samples[at] << 16 | samples[at + 1] << 8 | samples[at + 2]
    if channels == 4 and samples[at + 3] == 0 then colour = -1 end
    colours[x] = colour
    at = at + channels
  end
  return colours
end

return raster
