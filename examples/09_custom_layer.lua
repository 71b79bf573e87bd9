-- 09_custom_layer.lua: a layer of one's own, in 15 lines.     lua 09_custom_layer.lua
--
-- This one weighs the channels of an image by what is in it ("squeeze and excitation"): the mean of each channel goes
-- through two small layers, and what comes out, 0 to 1, multiplies the channel. Layers in fields are tracked, and
-- gradients come from the functions that are used.

local dw = require "dwconv"
local K, layers = dw.backend, dw.layers

local Excite = layers.Layer "Excite" {
  doc = "Weighs channels by what is in the image.",
  leading = { "ratio" },
  options = { ratio = 4 },
  build = function(self, shape)
    local channels = shape[#shape]
    self.squeeze = layers.Dense { channels // self.ratio, activation = "relu" }
    self.expand = layers.Dense { channels, activation = "sigmoid" }
  end,
  call = function(self, x)
    local weights = self.expand(self.squeeze(K.mean(x, { axis = { 2, 3 } })))
    return x * K.reshape(weights, { x.shape[1], 1, 1, x.shape[-1] })
  end,
}

local folder = (arg and arg[0] or ""):match "^(.*/)" or ""
local images = dw.io.npy.read(folder .. "data/digits_images.npy"):astype "float32" / 16
local labels = dw.io.npy.read(folder .. "data/digits_labels.npy"):astype "int32" + 1
dw.seed(6)

local model = dw.Sequential {
  dw.Input { 8, 8, 1 },
  layers.Conv2D { 32, 3, padding = "same", activation = "relu" },
  Excite { 8 },
  layers.GlobalMaxPooling2D {},
  layers.Dense { 10, activation = "softmax" },
}
model:compile { optimizer = dw.optimizers.Adam { 0.01 }, loss = "sparse_categorical_crossentropy",
  metrics = { "accuracy" } }
model:summary()
model:fit(images, labels, { epochs = 8, validation_split = 0.2 })

-- A file names the class; whoever loads it hands the class over.
local path = os.tmpname() .. ".safetensors"
model:save(path)
local again = dw.load_model(path, { custom_objects = { Excite = Excite } })
os.remove(path)
local some = images[{ { 1, 4 } }]
print("loaded, it gives the same: " .. tostring(dw.close(again(some), model(some), { rtol = 0, atol = 0 })))

-- What does not fit is said by name, with the shapes.
print(select(2, pcall(Excite { 8 }, dw.ones { 2, 8 })))
