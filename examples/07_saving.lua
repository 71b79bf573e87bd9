-- 07_saving.lua: a model is saved while it trains, is loaded, and goes on as if nothing had been.     lua 07_saving.lua
--
-- One .safetensors file holds the architecture, the weights, the optimizer's averages, the epoch, and where the streams
-- of random numbers are. So training that was interrupted ends with the same bits as training that was not.

local dw = require "dwconv"
local layers = dw.layers

local folder = (arg and arg[0] or ""):match "^(.*/)" or ""
local images = dw.io.npy.read(folder .. "data/digits_images.npy"):astype "float32" / 16
local labels = dw.io.npy.read(folder .. "data/digits_labels.npy"):astype "int32" + 1

local function make()
  dw.seed(4)
  local model = dw.Sequential {
    dw.Input { 8, 8, 1 },
    layers.SeparableConv2D { 32, 3, padding = "same", activation = "relu" },
    layers.BatchNormalization {},
    layers.Dropout { 0.2 },
    layers.Flatten {},
    layers.Dense { 10, activation = "softmax", name = "head" },
  }
  model:compile { optimizer = "adam", loss = "sparse_categorical_crossentropy", metrics = { "accuracy" } }
  return model
end

local path = os.tmpname() .. ".safetensors"

print "Four epochs without a break:"
local whole = make()
whole:fit(images, labels, { epochs = 4, verbose = 2 })

print "Two epochs, saved ..."
local first = make()
first:fit(images, labels, { epochs = 2, verbose = 2 })
first:save(path)

print "... loaded, and two more:"
local again = dw.load_model(path)
again:fit(images, labels, { epochs = 4, resume = true, verbose = 2 })

local same = true
for i, w in ipairs(whole.weights) do same = same and dw.close(w, again.weights[i], { rtol = 0, atol = 0 }) end
print("the same weights, to the last bit: " .. tostring(same))

-- Weights alone go into another model by the names of layers; the report says what was loaded and what was not.
local other = dw.Sequential { dw.Input { 8, 8, 1 }, layers.Flatten {}, layers.Dense { 64 },
  layers.Dense { 10, name = "head" } }
again:save_weights(path)
print(other:load_weights { path, by_name = true, skip_mismatch = true })
os.remove(path)
