-- mobilenet.lua: MobileNetV1 (alpha 1) as a model, for bench/training.lua and bench/peers/training.py.

local dw = require "dwconv"
local layers = dw.layers

local BLOCKS = { { 64, 1 }, { 128, 2 }, { 128, 1 }, { 256, 2 }, { 256, 1 }, { 512, 2 }, { 512, 1 }, { 512, 1 }, { 512, 1 },
  { 512, 1 }, { 512, 1 }, { 1024, 2 }, { 1024, 1 } }

--- The network for square images of `size`, with so many classes.
return function(size, classes)
  local model = dw.Sequential { dw.Input { size, size, 3 } }
  local function convolution(layer)
    model:add(layer):add(layers.BatchNormalization {}):add(layers.ReLU { 6 })
  end
  convolution(layers.Conv2D { 32, 3, strides = 2, padding = "same", use_bias = false })
  for _, block in ipairs(BLOCKS) do
    convolution(layers.DepthwiseConv2D { 3, strides = block[2], padding = "same", use_bias = false })
    convolution(layers.Conv2D { block[1], 1, use_bias = false })
  end
  model:add(layers.GlobalAveragePooling2D {}):add(layers.Dense { classes, activation = "softmax" })
  return model
end
