-- layers/random.lua: where the random numbers of layers come from: noise.lua and augmentation.lua. Without a seed they
-- follow dw.seed's stream. With one, each layer has a stream of its own: its field `draws` counts what was drawn, and
-- the seed and this count alone decide what comes next.

local K = require "dwconv.backend"
local args = require "dwconv.args"

local kinds = args.kinds

local random = {}

--- The option `seed`.
function random.seed()
  local kind = kinds.optional(kinds.whole())
  kind.default_text = "what dw.seed began"
  return kind
end

--- Starts a layer's own stream; for `init`.
function random.start(self) self.draws = 0 end

--- The seed of the next draw, for functions of K; nil for dw.seed's stream.
function random.next(self)
  if not self.seed then return nil end
  self.draws = self.draws + 1
  return self.seed * 1000003 + self.draws -- far apart, so that two seeds do not meet
end

--- Uniform random numbers.
function random.uniform(self, shape, low, high, dtype)
  return K.random_uniform(shape, { minval = low, maxval = high, seed = random.next(self), dtype = dtype })
end

--- Normally distributed random numbers.
function random.normal(self, shape, mean, stddev, dtype)
  return K.random_normal(shape, { mean = mean, stddev = stddev, seed = random.next(self), dtype = dtype })
end

return random
