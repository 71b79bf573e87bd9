-- network_spec.lua: five steps of each optimizer on a small separable network, from the weights with which TensorFlow
-- begins: its losses and its weights (fixtures/network.lua, made by oracle/network.py).

local dw = require "dwconv"
local support = require "support"
local layers = dw.layers

local TOLERANCE = { rtol = 2e-5, atol = 3e-6 }

local function T(dtype, shape, numbers) return dw.tensor(numbers, { dtype = dtype }):reshape(shape) end

local x, y, first, cases = assert(loadfile "tests/fixtures/network.lua")(T)

local function network()
  return dw.Sequential { dw.Input { 8, 8, 2 }, layers.SeparableConv2D { 4, 3, padding = "same", use_bias = false },
    layers.BatchNormalization { momentum = 0.9 }, layers.ReLU {}, layers.DepthwiseConv2D { 3, strides = 2 },
    layers.Conv2D { 5, 1, activation = "tanh" }, layers.GlobalAveragePooling2D {},
    layers.Dense { 3, activation = "softmax" } }
end

describe("five steps of training", function()
  it("are there for all optimizers", function()
    local seen, missing = {}, {}
    for _, case in ipairs(cases) do seen[case.name] = true end
    for name in pairs(require("dwconv.optimizers").classes) do
      if not seen[name] then missing[#missing + 1] = name end
    end
    assert.same({}, missing)
  end)

  for i, case in ipairs(cases) do
    it(("with %s (%d) give TensorFlow's losses and weights"):format(case.name, i), function()
      local model = network()
      model:set_weights(first)
      model:compile { optimizer = dw.optimizers[case.name](case.options), loss = "categorical_crossentropy" }
      for step, loss in ipairs(case.losses) do
        support.near(dw.tensor((model:train_on_batch(x, y))), dw.tensor(loss), TOLERANCE, "loss of step " .. step)
      end
      for k, w in ipairs(model.weights) do support.near(w, case.weights[k], TOLERANCE, "weight " .. k) end
    end)
  end
end)
