-- 06_denoising.lua: an autoencoder takes noise out of pictures.     lua 06_denoising.lua
--
-- The encoder makes images smaller (strides), the decoder larger again (Conv2DTranspose). What goes through the narrow
-- middle is what digits have in common; noise does not fit through.

local dw = require "dwconv"
local K, layers = dw.backend, dw.layers

local folder = (arg and arg[0] or ""):match "^(.*/)" or ""
local clean = dw.io.npy.read(folder .. "data/digits_images.npy"):astype "float32" / 16
dw.seed(3)
local noisy = K.clip(clean + dw.normal(clean.shape, { stddev = 0.3 }), 0, 1)

local model = dw.Sequential {
  dw.Input { 8, 8, 1 },
  layers.Conv2D { 32, 3, strides = 2, padding = "same", activation = "relu" }, -- 4x4
  layers.Conv2D { 32, 3, strides = 2, padding = "same", activation = "relu", name = "code" }, -- 2x2
  layers.Conv2DTranspose { 32, 3, strides = 2, padding = "same", activation = "relu" }, -- 4x4
  layers.Conv2DTranspose { 32, 3, strides = 2, padding = "same", activation = "relu" }, -- 8x8
  layers.Conv2D { 1, 3, padding = "same", activation = "sigmoid" },
}
model:compile { optimizer = dw.optimizers.Adam { 0.003 }, loss = "mse" }

-- The labels are the clean images. The last 300 are for the test.
local cut = #clean - 300
model:fit(noisy[{ { 1, cut } }], clean[{ { 1, cut } }], { epochs = 15, batch_size = 32 })

local x, want = noisy[{ { cut + 1, #clean } }], clean[{ { cut + 1, #clean } }]
local y = model:predict(x)
local function distance(a) return K.mean(K.square(a - want)):item() end
print(("mean squared distance from the clean image: %.4f with the noise, %.4f after the network"):format(distance(x),
  distance(y)))

-- One of them as text: clean, noisy, and what the network makes of that.
local SHADES <const> = " .:-=+*#%@"
local function row(image, r)
  local signs = {}
  for c = 1, 8 do
    local shade = math.floor(image(1, r, c, 1) * 9 + 0.5) + 1
    signs[c] = SHADES:sub(shade, shade):rep(2)
  end
  return table.concat(signs)
end
for r = 1, 8 do print(row(want, r) .. "   |   " .. row(x, r) .. "   |   " .. row(y, r)) end
