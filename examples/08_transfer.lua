-- 08_transfer.lua: what a network has learned of some digits helps with others.     lua 08_transfer.lua
--
-- A network learns to tell 0 to 4. Then its layers are frozen, a new last layer is put on them, and this alone learns
-- to tell 5 to 9, from some 20 examples of each.

local dw = require "dwconv"
local K, layers = dw.backend, dw.layers

local folder = (arg and arg[0] or ""):match "^(.*/)" or ""
local images = dw.io.npy.read(folder .. "data/digits_images.npy"):astype "float32" / 16
local digits = dw.io.npy.read(folder .. "data/digits_labels.npy"):astype "int32"
dw.seed(5)

-- The images of digits from `low` to `high`, with classes from 1.
local function between(low, high)
  local positions = {}
  for i, digit in ipairs(digits:to_table()) do
    if digit >= low and digit <= high then positions[#positions + 1] = i end
  end
  positions = K.constant(positions, { dtype = "int32" })
  return images:gather(positions), digits:gather(positions) - (low - 1)
end

local function features()
  return dw.Sequential {
    dw.Input { 8, 8, 1 },
    layers.Conv2D { 32, 3, padding = "same", activation = "relu" },
    layers.SeparableConv2D { 64, 3, padding = "same", activation = "relu" },
    layers.MaxPooling2D {},
    layers.SeparableConv2D { 64, 3, activation = "relu" },
    layers.Flatten {},
  }
end

-- A model is a layer: here the first of two. The other tells five classes from what the first gives.
local function classifier(first)
  local model = dw.Sequential { dw.Input { 8, 8, 1 }, first, layers.Dense { 5, activation = "softmax" } }
  model:compile { optimizer = dw.optimizers.Adam { 0.003 }, loss = "sparse_categorical_crossentropy",
    metrics = { "accuracy" } }
  return model
end

local learned = features()
local x, y = between(0, 4)
classifier(learned):fit(x, y, { epochs = 8, batch_size = 32, verbose = 2 })

learned.trainable = false
local model = classifier(learned)
model:summary()

-- 100 of the other digits are for training, some 800 for the test.
x, y = between(5, 9)
local few = 100
local function accuracy_of(one)
  one:fit(x[{ { 1, few } }], y[{ { 1, few } }], { epochs = 60, batch_size = 16, verbose = 0 })
  local _, accuracy = one:evaluate(x[{ { few + 1, #x } }], y[{ { few + 1, #y } }], { verbose = 0 })
  return 100 * accuracy
end
print(("5 to 9 with what it has learned of 0 to 4: right on %.1f %%"):format(accuracy_of(model)))
local fresh = features()
fresh.trainable = false
print(("with layers that have learned nothing:      right on %.1f %%"):format(accuracy_of(classifier(fresh))))
