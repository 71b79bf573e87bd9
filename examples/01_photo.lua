-- 01_photo.lua: six filters in ONE depthwise convolution on a real photograph, then a dilated and a strided one; all of
-- it on a contact sheet.     lua 01_photo.lua [photo] [sheet.png]

local dw = require "dwconv"
local K = dw.backend

local here = arg[0]:match "^(.*/)" or "./"
local photo = arg[1] or here .. "data/chelsea.png"
local sheet_path = arg[2] or "photo.png"

-- ---- filters: 7x7, the numbers of a column per channel -------------------------------------------

local SIZE = 7

local function kernel(f) -- f(dy, dx) for dy, dx in -3..3
  local k = {}
  for i = 1, SIZE do
    k[i] = {}
    for j = 1, SIZE do k[i][j] = f(i - 4, j - 4) end
  end
  return k
end

local function small(rows) -- a 3x3 filter in the middle
  return kernel(function(dy, dx) return rows[dy + 2] and rows[dy + 2][dx + 2] or 0 end)
end

local function bell(dy, dx, s) return math.exp(-(dy * dy + dx * dx) / (2 * s * s)) end

local total = 0
for dy = -3, 3 do
  for dx = -3, 3 do total = total + bell(dy, dx, 2) end
end

local filters = {
  { "blur", kernel(function(dy, dx) return bell(dy, dx, 2) / total end) },
  { "sharpen", kernel(function(dy, dx) return (dy == 0 and dx == 0 and 3 or 0) - 2 * bell(dy, dx, 2) / total end) },
  { "Sobel x", small { { -1, 0, 1 }, { -2, 0, 2 }, { -1, 0, 1 } } },
  { "Sobel y", small { { -1, -2, -1 }, { 0, 0, 0 }, { 1, 2, 1 } } },
  { "Laplacian", small { { -1, -1, -1 }, { -1, 8, -1 }, { -1, -1, -1 } } },
  { "emboss", small { { -2, -1, 0 }, { -1, 1, 1 }, { 0, 1, 2 } } },
}

-- depthwise_kernel is (kh, kw, c, m): the same six filters for each of the three channels.
local w = dw.zeros { SIZE, SIZE, 3, #filters }
for q, filter in ipairs(filters) do
  local plane = dw.tensor(filter[2])
  for c = 1, 3 do w[{ {}, {}, c, q }] = plane end
end

-- ---- the convolutions ----------------------------------------------------------------------------

local function shape(t) return table.concat(t.shape, "x") end

local function timed(what, f)
  f() -- once to warm up
  local t = dw.clock()
  local y = f()
  print(("%-28s -> %-14s %7.2f ms"):format(what, shape(y), (dw.clock() - t) * 1e3))
  return y
end

local pixels = dw.io.image.read(photo)
local height, width = pixels.shape[1], pixels.shape[2]
if pixels.shape[3] ~= 3 then error("the photo must be RGB, this one is " .. shape(pixels)) end
print(("%s: %s %s, %d threads, %s"):format(photo, shape(pixels), pixels.dtype, dw.threads(), dw.info().isa))

-- 0..255 to 0..1 is a depthwise convolution too, with one tap.
local x = K.depthwise_conv2d(K.cast(pixels, "float32"):expand_dims(1), dw.full({ 1, 1, 3, 1 }, 1 / 255))

local all = timed("six filters, multiplier 6", function() return K.depthwise_conv2d(x, w, { padding = "same" }) end)
local one = w[{ {}, {}, {}, { 6 } }] -- emboss alone
local relief = timed("emboss, dilation_rate 4", function()
  return K.depthwise_conv2d(x, one, { padding = "same", dilation_rate = 4 })
end)
local blur = w[{ {}, {}, {}, { 1 } }]
local thumb = timed("blur, strides {2, 2}", function()
  return K.depthwise_conv2d(x, blur, { padding = "same", strides = 2 })
end)

-- ---- the contact sheet: 3x3 tiles ----------------------------------------------------------------

local GAP = 10
local sheet = dw.full({ 3 * height + 4 * GAP, 3 * width + 4 * GAP, 3 }, 0.13)

local function paste(place, tile) -- centred in cell `place`, counted from 1
  local row, col = (place - 1) // 3, (place - 1) % 3
  local top = GAP + row * (height + GAP) + (height - tile.shape[1]) // 2
  local left = GAP + col * (width + GAP) + (width - tile.shape[2]) // 2
  sheet[{ { top + 1, top + tile.shape[1] }, { left + 1, left + tile.shape[2] }, {} }] = tile
end

local planes = all:reshape { height, width, 3, #filters } -- output channel (c-1)*m + q
paste(1, x[1])
for q = 1, #filters do paste(1 + q, planes:select(4, q)) end
paste(8, relief[1])
paste(9, thumb[1])

dw.io.image.write(sheet_path, sheet)
print(("\n%s, %s; row by row: the photograph, %s, %s, %s, %s, %s, %s, dilated emboss, strided blur"):format(sheet_path,
  shape(sheet), filters[1][1], filters[2][1], filters[3][1], filters[4][1], filters[5][1], filters[6][1]))
