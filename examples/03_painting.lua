-- 03_painting.lua: a photograph, an oil painting of it, an ink drawing of that, and both together, on one sheet.
--     lua 03_painting.lua [photo] [sheet.png]
--
-- Paint: each pixel takes the colour of the brush stroke beside it whose pixels differ least, so that strokes follow
-- the fur and stop at edges (Kuwahara's filter, with strokes for windows). Ink: where a blurred image, sharpened by a
-- wider blur, falls below a soft threshold (Winnemoeller's extended difference of Gaussians).

local dw = require "dwconv"
local K = dw.backend

local here = arg[0]:match "^(.*/)" or "./"
local photo = arg[1] or here .. "data/chelsea.png"
local sheet_path = arg[2] or "painting.png"

local SCALE = 2 -- the sheet is larger than the photograph, so that strokes show

-- ---- brushes ---------------------------------------------------------------------------------------

local STROKES, REACH = 16, 12 -- directions; pixels to each side
local LENGTH, WIDTH = 4.2, 1.4 -- of a stroke: deviations along and across, in pixels
local AHEAD = 5.6 -- from the pixel to the middle of a stroke: beside an edge, one of them lies on the pixel's own side
local CHOOSY = 180 -- how strongly a stroke of even brightness is preferred

-- A kernel of f(dy, dx) for dy, dx in -reach..reach, as a plane whose sum is 1.
local function kernel(reach, f)
  local rows = {}
  for dy = -reach, reach do
    local row = {}
    for dx = -reach, reach do row[#row + 1] = f(dy, dx) end
    rows[#rows + 1] = row
  end
  local plane = dw.tensor(rows)
  return plane / K.sum(plane)
end

local brushes = dw.zeros { 2 * REACH + 1, 2 * REACH + 1, 1, STROKES } -- (kh, kw, cin, cout)
for s = 1, STROKES do
  local sin, cos = math.sin(2 * math.pi * s / STROKES), math.cos(2 * math.pi * s / STROKES)
  brushes[{ {}, {}, 1, s }] = kernel(REACH, function(dy, dx)
    local along, across = dy * sin + dx * cos - AHEAD, dx * sin - dy * cos
    return math.exp(-along ^ 2 / (2 * LENGTH ^ 2) - across ^ 2 / (2 * WIDTH ^ 2))
  end)
end

-- ---- filters: images are (1, h, w, c) ----------------------------------------------------------------

-- A convolution that sees the image mirrored beyond its border.
local function convolve(x, k)
  local n = k.shape[1] // 2
  return K.conv2d(K.pad(x, { { 0, 0 }, { n, n }, { n, n }, { 0, 0 } }, { mode = "reflect" }), k)
end

local luma = dw.tensor({ 0.299, 0.587, 0.114 }):reshape { 1, 1, 3, 1 }

local function paint(x)
  local grey = K.conv2d(x, luma)
  local deviation = K.sqrt(convolve(grey ^ 2, brushes) - convolve(grey, brushes) ^ 2)
  local choice = K.softmax(deviation * -CHOOSY) -- (1, h, w, strokes): the share of each stroke in a pixel
  local colours = {}
  for c = 1, 3 do
    colours[c] = K.sum(choice * convolve(x:narrow(4, c, 1), brushes), { axis = 4, keepdims = true })
  end
  return K.concatenate(colours)
end

local function blur(x, s)
  local bell = kernel(math.ceil(3 * s), function(dy, dx) return math.exp(-(dy * dy + dx * dx) / (2 * s * s)) end)
  return convolve(x, bell:expand_dims(3):expand_dims(4))
end

-- 1 for ink, 0 for paper.
local function draw(x)
  local grey = K.conv2d(x, luma)
  local sharpened = 20 * blur(grey, 1.4) - 19 * blur(grey, 2.24)
  local ink = K.clip(K.tanh((0.45 - sharpened) * 6), 0, 1)
  local spread = K.pool2d(ink, { 3, 3 }, { padding = "same", pool_mode = "max" }) -- it runs into the paper
  return (ink + spread) / 2
end

-- ---- the sheet: 2x2 tiles ----------------------------------------------------------------------------

local pixels = dw.io.image.read(photo)
if pixels.shape[3] ~= 3 then error("the photo must be RGB, this one is " .. table.concat(pixels.shape, "x")) end
local x = K.resize_images(K.cast(pixels, "float32"):expand_dims(1) / 255, SCALE, SCALE, "channels_last",
  { interpolation = "bilinear" })
local height, width = x.shape[2], x.shape[3]

local start = dw.clock()
local painting = paint(paint(x))
local ink = draw(painting)
print(("%s: %dx%d, painted and drawn in %.1f s by %d threads, %s"):format(photo, height, width, dw.clock() - start,
  dw.threads(), dw.info().isa))

local paper, black = dw.tensor { 0.97, 0.95, 0.9 }, dw.tensor { 0.1, 0.09, 0.12 }
local tiles = { x, painting, paper + ink * (black - paper), painting * (1 - 0.7 * ink) }

local GAP = 20
local padding = { { 0, GAP }, { 0, GAP } } -- below and right of each tile
for i, tile in ipairs(tiles) do tiles[i] = K.spatial_2d_padding(tile, { padding = padding }) end
local above = K.concatenate({ tiles[1], tiles[2] }, { axis = 3 })
local below = K.concatenate({ tiles[3], tiles[4] }, { axis = 3 })
local sheet = K.concatenate({ above, below }, { axis = 2 })
sheet = K.spatial_2d_padding(sheet, { padding = { { GAP, 0 }, { GAP, 0 } } })

dw.io.image.write(sheet_path, sheet[1])
print(("%s, %dx%d; row by row: the photograph, painted, drawn in ink, both"):format(sheet_path, sheet.shape[2],
  sheet.shape[3]))
