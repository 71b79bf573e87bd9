-- layers/normalization.lua: BatchNormalization, LayerNormalization and GroupNormalization: numbers brought to mean 0
-- and variance 1, then scaled by gamma and shifted by beta, which are learned.
-- Source: spec 4.2. Invariant: an empty batch leaves the moving averages as they are.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local initializers = require "dwconv.initializers"
local layer = require "dwconv.layers.layer"
local ops = require "dwconv.ops"
local shared = require "dwconv.layers.shared"

local kinds, raise, no_grad = args.kinds, args.raise, ops.calls.no_grad

local function options_of(more)
  more.epsilon = shared.number(1e-3, 0)
  more.center, more.scale = kinds.flag(true), kinds.flag(true)
  return shared.with_weights(more, { gamma = "ones", beta = "zeros" })
end

-- Makes gamma and beta, where they are wanted.
local function add_parameters(self, shape)
  if self.scale then self.gamma = shared.weight(self, "gamma", shape) end
  if self.center then self.beta = shared.weight(self, "beta", shape) end
end

-- Those of them that there are.
local function parameters(self) return self.scale and self.gamma or nil, self.center and self.beta or nil end

-- An axis of x, which counts the batch as the first, as an axis from 1 on; not the batch. `rank`: x's axes.
local function axis_of(axis, rank)
  axis = args.check.axis(axis, rank)
  if axis == 1 then raise "axis must not be the first, which counts samples" end
  return axis
end

-- ---- batches -------------------------------------------------------------------------------------

local function moving(self, name, size)
  return self:add_weight("moving_" .. name, { size }, { trainable = false,
    initializer = self[("moving_%s_initializer"):format(name)] })
end

-- What the variance that K gives is multiplied with before it goes into the moving average. There Keras has n/(n - 1)
-- times the variance of the batch where its fused kernel computes it: of images and volumes of float32 with the
-- channels second or last. K has it for images with the channels last, of either dtype.
local function correction(self, x)
  local rank, n = x.ndim, x.size // x.shape[self.at]
  local larger = n / math.max(n - 1, 1)
  local in_keras = (rank == 4 or rank == 5) and (self.at == 2 or self.at == rank) and x.dtype == "float32"
  local in_K = rank == 4 and self.at == rank
  return (in_keras and larger or 1) / (in_K and larger or 1)
end

-- Moves the averages after the moments of a batch.
local function move(self, mean, var, factor)
  no_grad(function()
    K.moving_average_update(self.moving_mean, mean, self.momentum)
    K.moving_average_update(self.moving_variance, factor == 1 and var or var * factor, self.momentum)
  end)
end

-- What x is normalized to; its moments move the averages.
local function train(self, x, clip)
  local axes = {}
  for i = 1, x.ndim do
    if i ~= self.at then axes[#axes + 1] = i end
  end
  local gamma, beta = parameters(self)
  local y, mean, var = K.normalize_batch_in_training(x, gamma, beta, axes, { epsilon = self.epsilon, clip = clip })
  layer.at_end(move, self, mean, var, correction(self, x))
  return y
end

layer.class "BatchNormalization" {
  doc = [[
Each channel normalized over the batch while training, and by moving averages of its mean and variance else. A layer
that is not trainable uses the averages while training, too. Weights: gamma, beta, moving_mean, moving_variance, a
number for each channel; gamma is missing with scale = false, beta with center = false.]],
  leading = { "axis", "momentum", "epsilon" },
  options = options_of {
    axis = kinds.axis(-1),
    momentum = kinds.finite(0.99),
    moving_mean_initializer = initializers:kind "zeros",
    moving_variance_initializer = initializers:kind "ones",
  },
  build = function(self, shape)
    self.at = axis_of(self.axis, #shape + 1)
    local size = shape[self.at - 1]
    add_parameters(self, { size })
    self.moving_mean, self.moving_variance = moving(self, "mean", size), moving(self, "variance", size)
  end,
  clips = function(self, training) return training and self.trainable end,
  call = function(self, x, training, clip)
    if training and self.trainable and x.size > 0 then return train(self, x, clip) end
    local gamma, beta = parameters(self)
    return K.batch_normalization(x, self.moving_mean, self.moving_variance, beta, gamma,
      { axis = self.at, epsilon = self.epsilon })
  end,
}

-- ---- layers and groups ---------------------------------------------------------------------------

layer.class "LayerNormalization" {
  doc = [[
Each sample normalized by itself along the axes, of which the batch is the first. Weights: gamma, beta, of the sizes of
these axes.]],
  leading = { "axis", "epsilon" },
  options = options_of { axis = shared.default(kinds.axes(), -1) },
  build = function(self, shape)
    local sizes = {}
    self.axes = args.check.axes(self.axis, #shape + 1)
    for i, axis in ipairs(self.axes) do sizes[i] = shape[axis_of(axis, #shape + 1) - 1] end
    add_parameters(self, sizes)
  end,
  call = function(self, x)
    local gamma, beta = parameters(self)
    return K.layer_normalization(x, gamma, beta, { axis = self.axes, epsilon = self.epsilon })
  end,
}

layer.class "GroupNormalization" {
  doc = [[
Each sample normalized by itself in groups of neighbouring channels; groups = -1 makes each channel a group. Weights:
gamma, beta, a number for each channel.]],
  leading = { "groups", "axis", "epsilon" },
  options = options_of {
    groups = kinds.new {
      default = 32,
      annotation = "integer",
      expected = "a whole number of at least 1, or -1",
      read = function(v)
        v = args.check.whole(v)
        return v and (v >= 1 or v == -1) and v or nil
      end,
    },
    axis = kinds.axis(-1),
  },
  build = function(self, shape)
    self.at = axis_of(self.axis, #shape + 1)
    local channels = shape[self.at - 1]
    if self.groups ~= -1 and channels % self.groups ~= 0 then
      raise("groups must divide the %d channels of x, got %d", channels, self.groups)
    end
    add_parameters(self, { channels })
  end,
  call = function(self, x)
    local gamma, beta = parameters(self)
    local groups = self.groups == -1 and x.shape[self.at] or self.groups
    return K.group_normalization(x, gamma, beta, { groups = groups, axis = self.at, epsilon = self.epsilon })
  end,
}
