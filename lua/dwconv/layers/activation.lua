-- layers/activation.lua: activations as layers: Activation takes any by name, the others have options or weights. Their
-- functions are K's.

local K = require "dwconv.backend"
local activations = require "dwconv.activations"
local args = require "dwconv.args"
local layer = require "dwconv.layers.layer"
local shared = require "dwconv.layers.shared"

local kinds, raise = args.kinds, args.raise

-- An activation that must be given.
local function given()
  local kind = activations.kind()
  kind.optional = false
  return kind
end

layer.class "Activation" {
  doc = "An activation by its name, such as \"relu\", or a function of a tensor.",
  leading = { "activation" },
  options = { activation = given() },
  call = function(self, x) return self.activation(x) end,
  clip = function(self) return activations.clip_of(self.activation) end,
}

layer.class "ReLU" {
  doc = "x above threshold, negative_slope*(x - threshold) below; clipped to max_value if it is given.",
  leading = { "max_value", "negative_slope", "threshold" },
  options = {
    max_value = shared.number(nil, 0),
    negative_slope = shared.number(0.0, 0),
    threshold = shared.number(0.0, 0),
  },
  init = function(self)
    self.how = { alpha = self.negative_slope, max_value = self.max_value, threshold = self.threshold }
  end,
  call = function(self, x) return K.relu(x, self.how) end,
  clip = function(self)
    if self.negative_slope ~= 0 or self.threshold ~= 0 or self.max_value == 0 then return nil end
    return { 0, self.max_value or math.huge }
  end,
}

layer.class "LeakyReLU" {
  doc = "x above 0, alpha*x below.",
  leading = { "alpha" },
  options = { alpha = kinds.finite(0.3) },
  call = function(self, x) return K.relu(x, { alpha = self.alpha }) end,
}

layer.class "PReLU" {
  doc = [[
x above 0, alpha*x below, with a learned alpha for each number of a sample; shared_axes, which count the batch as axis
1, share one. Weights: alpha, of the sample's shape with 1 on the shared axes.]],
  leading = {},
  options = shared.with_weights({ shared_axes = kinds.optional(kinds.axes()) }, { alpha = "zeros" }),
  build = function(self, shape)
    local size = table.move(shape, 1, #shape, 1, {})
    if self.shared_axes then
      for _, axis in ipairs(args.check.axes(self.shared_axes, #shape + 1, "shared_axes")) do
        if axis == 1 then raise "shared_axes must not name axis 1, which counts samples" end
        size[axis - 1] = 1
      end
    end
    self.alpha = shared.weight(self, "alpha", size)
  end,
  call = function(self, x) return K.relu(x) - self.alpha * K.relu(-x) end,
}

layer.class "ELU" {
  doc = "x above 0, alpha*(exp(x) - 1) below.",
  leading = { "alpha" },
  options = { alpha = kinds.finite(1.0) },
  call = function(self, x) return K.elu(x, { alpha = self.alpha }) end,
}

layer.class "ThresholdedReLU" {
  doc = "x above theta, else 0.",
  leading = { "theta" },
  options = { theta = shared.number(1.0, 0) },
  call = function(self, x) return x * K.cast(K.greater(x, self.theta), x.dtype) end,
}

layer.class "Softmax" {
  doc = "Shares along an axis: exp(x) over the sum of exp(x) there. Several axes are taken together.",
  leading = { "axis" },
  options = { axis = shared.default(kinds.axes(), -1) },
  call = function(self, x)
    local axes = args.check.axes(self.axis, x.ndim)
    if #axes == 1 then return K.softmax(x, { axis = axes[1] }) end
    return K.exp(x - K.logsumexp(x, { axis = axes, keepdims = true }))
  end,
}
