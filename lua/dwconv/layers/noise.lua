-- layers/noise.lua: what keeps networks from learning by heart: noise while training (Dropout, SpatialDropout1D to 3D,
-- AlphaDropout, GaussianNoise, GaussianDropout), and a loss for large numbers (ActivityRegularization). Out of training
-- each gives x as it is.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local layer = require "dwconv.layers.layer"
local random = require "dwconv.layers.random"
local regularizers = require "dwconv.regularizers"
local shared = require "dwconv.layers.shared"

local kinds = args.kinds

local function rate() return kinds.number(nil, 0, 1) end

layer.class "Dropout" {
  doc = [[
While training, 0 with the probability `rate` and x / (1 - rate) else, each number by itself. noise_shape makes choices
that stretch to x's shape; it counts the batch, and -1 stands for x's size.]],
  leading = { "rate", "noise_shape", "seed" },
  options = { rate = rate(), noise_shape = kinds.optional(kinds.shape(true)), seed = random.seed() },
  init = random.start,
  call = function(self, x, training)
    if not training or self.rate == 0 then return x end
    return K.dropout(x, self.rate, { noise_shape = self.noise_shape, seed = random.next(self) })
  end,
}

-- Whole channels of images are dropped.
local function spatial(axes)
  local options = { rate = rate(), seed = random.seed() }
  if axes > 1 then options.data_format = kinds.data_format() end
  layer.class(("SpatialDropout%dD"):format(axes)) {
    doc = "Dropout of whole channels of an image, as neighbouring pixels tell the same.",
    leading = axes > 1 and { "rate", "data_format" } or { "rate" },
    options = options,
    init = random.start,
    call = function(self, x, training)
      local data_format = axes > 1 and self.data_format or "channels_last"
      shared.check_image(x, axes, data_format)
      if not training or self.rate == 0 then return x end
      local shape, first = x.shape, shared.first_axis(data_format)
      local noise_shape = { table.unpack(shape) }
      for i = first, first + axes - 1 do noise_shape[i] = 1 end
      return K.dropout(x, self.rate, { noise_shape = noise_shape, seed = random.next(self) })
    end,
  }
end

for axes = 1, 3 do spatial(axes) end

layer.class "GaussianNoise" {
  doc = "While training, x plus normally distributed numbers of mean 0.",
  leading = { "stddev", "seed" },
  options = { stddev = shared.required(shared.number(nil, 0)), seed = random.seed() },
  init = random.start,
  call = function(self, x, training)
    if not training then return x end
    return x + random.normal(self, x.shape, 0, self.stddev, x.dtype)
  end,
}

-- The beginning of a layer that divides by 1 - rate.
local function start_below_one(self)
  if self.rate == 1 then args.raise "rate must be below 1, got 1" end
  random.start(self)
end

layer.class "GaussianDropout" {
  doc = "While training, x times normally distributed numbers of mean 1 and deviation sqrt(rate / (1 - rate)).",
  leading = { "rate", "seed" },
  options = { rate = rate(), seed = random.seed() },
  init = start_below_one,
  call = function(self, x, training)
    if not training or self.rate == 0 then return x end
    return x * random.normal(self, x.shape, 1, math.sqrt(self.rate / (1 - self.rate)), x.dtype)
  end,
}

local LOWEST <const> = -1.0507009873554804934 * 1.6732632423543772848 -- what selu tends to

layer.class "AlphaDropout" {
  doc = [[
While training, numbers are set to what selu tends to below, and all are scaled and shifted so that mean 0 and variance
1 stay. noise_shape is as in Dropout.]],
  leading = { "rate", "noise_shape", "seed" },
  options = { rate = rate(), noise_shape = kinds.optional(kinds.shape(true)), seed = random.seed() },
  init = start_below_one,
  call = function(self, x, training)
    if not training or self.rate == 0 then return x end
    local p = self.rate
    local kept = K.dropout(K.ones_like(x), p, { noise_shape = self.noise_shape, seed = random.next(self) })
    local scale = 1 / math.sqrt((1 - p) * (1 + p * LOWEST ^ 2))
    return K.where(K.greater(kept, 0), x, LOWEST) * scale - scale * LOWEST * p
  end,
}

layer.class "ActivityRegularization" {
  doc = "x as it is; l1 times the sum of |x| and l2 times that of x squared, over the batch, are added to the loss.",
  leading = { "l1", "l2" },
  options = { l1 = kinds.finite(0.0), l2 = kinds.finite(0.0) },
  init = function(self) self.activity_regularizer = regularizers.room.L1L2 { self.l1, self.l2 } end,
  call = function(_, x) return x end,
}
