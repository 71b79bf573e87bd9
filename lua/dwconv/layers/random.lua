-- layers/random.lua: where the random numbers of layers come from: noise.lua and augmentation.lua. Without a seed they
-- follow dw.seed's stream. With one, each layer has a stream of its own: its field `draws` counts what was drawn, and
-- the seed and this count alone decide what comes next. Files of models keep these counts (models/saving.lua).

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

-- Calls f with each layer within a model that draws from a stream of its own, in a fixed order.
local function each_drawing(model, f, seen)
  for _, one in ipairs(model.sublayers) do
    if not seen[one] then
      seen[one] = true
      if rawget(one, "draws") and rawget(one, "seed") then f(one) end
      each_drawing(one, f, seen)
    end
  end
end

--- How much each layer of a model has drawn: a list, for `restore`.
---@return integer[]
function random.counts(model)
  local list = {}
  each_drawing(model, function(one) list[#list + 1] = one.draws end, {})
  return list
end

--- Puts the counts back; false where they are not those of this model.
---@return boolean
function random.restore(model, list)
  local layers = {}
  each_drawing(model, function(one) layers[#layers + 1] = one end, {})
  if type(list) ~= "table" or #list ~= #layers then return false end
  for _, n in ipairs(list) do
    if math.type(n) ~= "integer" or n < 0 then return false end
  end
  for i, one in ipairs(layers) do one.draws = list[i] end
  return true
end

local Undoing = { __close = function(self)
  if not self.stays then random.restore(self.model, self.counts) end
end }

--- To be closed: what a model's layers have drawn since is undone then, unless the field `stays` is set.
function random.undoing(model)
  return setmetatable({ model = model, counts = random.counts(model), stays = false }, Undoing)
end

return random
