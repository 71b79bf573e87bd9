-- 10_custom_loop.lua: training by hand, with a tape and an optimizer.     lua 10_custom_loop.lua
--
-- fit does this: record what the model computes, ask the tape for gradients, let the optimizer change the weights.
-- By hand every step can be something else; here the gradients of four small batches are added up before each step.

local dw = require "dwconv"
local K, layers = dw.backend, dw.layers

local folder = (arg and arg[0] or ""):match "^(.*/)" or ""
local images = dw.io.npy.read(folder .. "data/digits_images.npy"):astype "float32" / 16
local labels = dw.io.npy.read(folder .. "data/digits_labels.npy"):astype "int32" + 1
dw.seed(7)

local model = dw.Sequential {
  dw.Input { 8, 8, 1 },
  layers.SeparableConv2D { 64, 3, activation = "relu" },
  layers.Flatten {},
  layers.Dropout { 0.2 },
  layers.Dense { 10, activation = "softmax" },
}
local optimizer = dw.optimizers.Adam { 0.005 }
local loss_of = dw.losses.SparseCategoricalCrossentropy {}
local weights = model.trainable_weights
local PARTS <const> = 4

local data = dw.data.batches(images, labels, { batch_size = 16, seed = 1, drop_remainder = true })
for epoch = 1, 4 do
  local sum, step, total = nil, 0, 0
  for x, y in data:epoch(epoch) do
    local tape, loss = dw.record(function() return loss_of(y, model(x, { training = true })) end)
    local gradients = tape:gradients(loss, weights)
    for i, g in ipairs(gradients) do gradients[i] = sum and sum[i] + g or g end
    sum, step, total = gradients, step + 1, total + loss:item()
    if step % PARTS == 0 then
      local pairs_ = {}
      for i, g in ipairs(sum) do pairs_[i] = { g / PARTS, weights[i] } end
      optimizer:apply_gradients(pairs_)
      sum = nil
    end
  end
  local right = K.mean(K.cast(K.equal(K.argmax(model(images)), K.cast(labels, "int64")), "float32"))
  print(("epoch %d: loss %.4f, right on %.2f %%"):format(epoch, total / step, 100 * right:item()))
end
