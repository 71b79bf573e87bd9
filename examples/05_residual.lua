-- 05_residual.lua: the digits again, with the functional API and residual blocks.     lua 05_residual.lua
--
-- dw.Input is a symbolic tensor: layers, functions of K and operators work on it as on numbers, and what they do is
-- noted. A residual block adds what it computes to what it got (the + below), so that gradients have a way around it.

local dw = require "dwconv"
local K, layers = dw.backend, dw.layers

local folder = (arg and arg[0] or ""):match "^(.*/)" or ""
local images = dw.io.npy.read(folder .. "data/digits_images.npy"):astype "float32" / 16
local labels = dw.io.npy.read(folder .. "data/digits_labels.npy"):astype "int32" + 1
dw.seed(2)

local function normalized(x) return layers.BatchNormalization { momentum = 0.9 }(x) end

local function residual(x, filters)
  local y = layers.SeparableConv2D { filters, 3, padding = "same", activation = "relu" }(x)
  y = normalized(layers.SeparableConv2D { filters, 3, padding = "same" }(y))
  return K.relu(x + y)
end

local image = dw.Input { 8, 8, 1, name = "image" }
local x = normalized(layers.Conv2D { 48, 3, padding = "same", activation = "relu" }(image))
x = residual(x, 48)
x = layers.MaxPooling2D {}(x)
x = residual(x, 48)
local features = layers.GlobalAveragePooling2D { name = "features" }(x)
local digit = layers.Dense { 10, activation = "softmax", name = "digit" }(features)
local model = dw.Model { inputs = image, outputs = digit, name = "residual" }

model:compile { optimizer = dw.optimizers.Adam { dw.optimizers.schedules.CosineDecay { 0.01, 12 * 45 } },
  loss = "sparse_categorical_crossentropy", metrics = { "accuracy" } }

-- dw.data gives batches in an order that depends on its seed and the epoch alone.
local cut = #images * 4 // 5
local order = K.argsort(dw.uniform({ #images }, { seed = 1, dtype = "float64" }))
local function part(from, to) return images:gather(order[{ { from, to } }]), labels:gather(order[{ { from, to } }]) end
local train_x, train_y = part(1, cut)
local test_x, test_y = part(cut + 1, #images)
model:fit(dw.data.batches(train_x, train_y, { batch_size = 32, seed = 1 }), nil,
  { epochs = 12, validation_data = { test_x, test_y } })

-- The model up to a layer is a model, too: here the 48 numbers from which the last layer reads the digit.
local middle = model:at "features"
print(("of 5 images, %s numbers"):format(middle(test_x[{ { 1, 5 } }]).shape))
local _, accuracy = model:evaluate(test_x, test_y, { verbose = 0 })
print(("right on %.2f %% of the digits that it has never seen"):format(100 * accuracy))
