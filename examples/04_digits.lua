-- 04_digits.lua: a network of separable convolutions learns to read digits.     lua 04_digits.lua
--
-- A separable convolution looks at each channel by itself (3x3) and then mixes the channels (1x1). It does nearly what
-- a dense one does, with a fraction of the weights: separable_conv2d_1 in the summary has 9*64 + 64*64 = 4,672, where
-- Conv2D{ 64, 3 } would have 9*64*64 = 36,864.

local dw = require "dwconv"
local layers = dw.layers

local folder = (arg and arg[0] or ""):match "^(.*/)" or ""
local images = dw.io.npy.read(folder .. "data/digits_images.npy"):astype "float32" / 16 -- n,8,8,1; 0 to 1
local labels = dw.io.npy.read(folder .. "data/digits_labels.npy"):astype "int32" + 1 -- classes count from 1

-- Weights, order and dropout follow this seed: every run gives the same numbers, on any number of threads.
dw.seed(1)

-- A fifth of the digits is kept aside. The network does not see it while it learns.
local order = dw.backend.argsort(dw.uniform({ #images }, { dtype = "float64" }))
local cut = #images * 4 // 5
local train, test = order[{ { 1, cut } }], order[{ { cut + 1, #images } }]

local model = dw.Sequential {
  dw.Input { 8, 8, 1 },
  layers.Conv2D { 32, 3, padding = "same", activation = "relu" },
  layers.SeparableConv2D { 64, 3, padding = "same", use_bias = false },
  layers.BatchNormalization { momentum = 0.9 },
  layers.ReLU {},
  layers.MaxPooling2D {},
  layers.SeparableConv2D { 64, 3, padding = "same", use_bias = false },
  layers.BatchNormalization { momentum = 0.9 },
  layers.ReLU {},
  layers.GlobalAveragePooling2D {},
  layers.Dropout { 0.2 },
  layers.Dense { 10, activation = "softmax" },
}
model:summary()

-- The learning rate falls from 0.01 to 0 along half a wave of the cosine.
local EPOCHS <const>, BATCH <const> = 12, 32
local rate = dw.optimizers.schedules.CosineDecay { 0.01, EPOCHS * (cut // BATCH + 1) }
model:compile { optimizer = dw.optimizers.Adam { rate }, loss = "sparse_categorical_crossentropy",
  metrics = { "accuracy" } }
model:fit(images:gather(train), labels:gather(train), { epochs = EPOCHS, batch_size = BATCH })

local _, accuracy = model:evaluate(images:gather(test), labels:gather(test), { verbose = 0 })
print(("right on %.2f %% of the digits that it has never seen"):format(100 * accuracy))

-- What it says of three of them.
local some = test[{ { 1, 3 } }]
local guesses = dw.backend.argmax(model:predict(images:gather(some)))
for i = 1, 3 do print(("a %d, taken for a %d"):format(labels:gather(some)[i] - 1, guesses[i] - 1)) end
