-- layers/dense.lua: Dense: a product with a matrix along the last axis, a bias and an activation.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local layer = require "dwconv.layers.layer"
local shared = require "dwconv.layers.shared"

local kinds, raise = args.kinds, args.raise

layer.class "Dense" {
  doc = [[
Every number of the last axis mixed with every other: x times a matrix, then a bias and an activation. Weights: kernel
(inputs,units), bias (units).]],
  leading = { "units", "activation", "use_bias" },
  options = shared.with_activation({ units = kinds.whole(nil, 1) }, { kernel = "glorot_uniform" }),
  build = function(self, shape)
    if #shape == 0 then raise "x must be n,...,inputs, got no axes after the batch" end
    self.kernel = shared.weight(self, "kernel", { shape[#shape], self.units })
    if self.use_bias then self.bias = shared.weight(self, "bias", { self.units }) end
  end,
  call = function(self, x)
    local shape = x.shape
    if shape[-1] ~= self.kernel.shape[1] then
      raise("x has %d numbers along its last axis (%s) but kernel takes %d (%s)", shape[-1], shape,
        self.kernel.shape[1], self.kernel.shape)
    end
    local y = K.dot(x, self.kernel)
    if self.use_bias then y = y + self.bias end
    return self.activation(y)
  end,
}
