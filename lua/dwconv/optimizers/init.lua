-- optimizers/init.lua: how weights follow gradients: dw.optimizers. Formulas and defaults are those of Keras r2.2
-- (optimizers.legacy in 2.21); AdamW and Lion, which came later, are 2.21's. A class says which slots it keeps and
-- which numbers a step takes; the step itself is one of K's (ops/update.lua).

local args = require "dwconv.args"
local K = require "dwconv.backend"
local classes = require "dwconv.classes"
local optimizer = require "dwconv.optimizers.optimizer"
local schedules = require "dwconv.optimizers.schedules"

local kinds, options = args.kinds, optimizer.options

local optimizers = classes.registry("dw.optimizers", "an optimizer", optimizer.base)

local function share(default) return kinds.number(default, 0, 1) end
local function epsilon() return kinds.number(1e-7, 0) end

local function no_slots() return {} end

optimizers:class "SGD" {
  doc = "Gradient descent, with momentum if it is given: steps go on in the direction of those before.",
  leading = { "learning_rate", "momentum", "nesterov" },
  options = options(0.01, { momentum = share(0.0), nesterov = false }),
  slots = function(self) return self.momentum > 0 and { { "momentum" } } or no_slots() end,
  prepare = function(self, rate)
    return { learning_rate = rate, momentum = self.momentum, nesterov = self.nesterov }
  end,
  step = function(self, w, g, s, o) K.sgd_update(w, g, self.momentum > 0 and s.momentum or nil, o) end,
}

optimizers:class "RMSprop" {
  doc = "Divides by the root of an average of squared gradients, or, centered, of their variance.",
  leading = { "learning_rate", "rho", "momentum", "epsilon", "centered" },
  options = options(0.001, { rho = share(0.9), momentum = share(0.0), epsilon = epsilon(), centered = false }),
  slots = function(self)
    local list = { { "rms" } }
    if self.momentum > 0 then list[#list + 1] = { "momentum" } end
    if self.centered then list[#list + 1] = { "mg" } end
    return list
  end,
  prepare = function(self, rate)
    return { learning_rate = rate, rho = self.rho, momentum = self.momentum, epsilon = self.epsilon }
  end,
  step = function(self, w, g, s, o)
    K.rmsprop_update(w, g, s.rms, self.centered and s.mg or nil, self.momentum > 0 and s.momentum or nil, o)
  end,
}

optimizers:class "Adagrad" {
  doc = "Divides by the root of the sum of all squared gradients.",
  leading = { "learning_rate", "initial_accumulator_value", "epsilon" },
  options = options(0.001, { initial_accumulator_value = kinds.number(0.1, 0), epsilon = epsilon() }),
  slots = function(self) return { { "accumulator", self.initial_accumulator_value } } end,
  prepare = function(self, rate) return { learning_rate = rate, epsilon = self.epsilon } end,
  step = function(_, w, g, s, o) K.adagrad_update(w, g, s.accumulator, o) end,
}

optimizers:class "Adadelta" {
  doc = "Scales by the ratio of average changes to average gradients, so that both have one unit.",
  leading = { "learning_rate", "rho", "epsilon" },
  options = options(0.001, { rho = share(0.95), epsilon = epsilon() }),
  slots = function() return { { "accum_grad" }, { "accum_var" } } end,
  prepare = function(self, rate) return { learning_rate = rate, rho = self.rho, epsilon = self.epsilon } end,
  step = function(_, w, g, s, o) K.adadelta_update(w, g, s.accum_grad, s.accum_var, o) end,
}

-- ---- Adam and what came of it --------------------------------------------------------------------

local function moments(self, more)
  more.beta_1, more.beta_2, more.epsilon = self.beta_1, self.beta_2, self.epsilon
  return more
end

-- Averages begin at 0, so that of the first steps they are too small; the rate makes up for it.
local function corrected(self, rate, t)
  local scale = math.sqrt(1 - self.beta_2 ^ t) / (1 - self.beta_1 ^ t)
  return moments(self, { learning_rate = rate * scale })
end

local function adam(own)
  own.beta_1, own.beta_2, own.epsilon, own.amsgrad = share(0.9), share(0.999), epsilon(), kinds.flag(false)
  return {
    options = options(0.001, own),
    slots = function(self) return self.amsgrad and { { "m" }, { "v" }, { "vhat" } } or { { "m" }, { "v" } } end,
    prepare = corrected,
    step = function(self, w, g, s, o) K.adam_update(w, g, s.m, s.v, self.amsgrad and s.vhat or nil, o) end,
  }
end

local record = adam {}
record.doc = "An average of gradients, divided by the root of one of their squares."
record.leading = { "learning_rate", "beta_1", "beta_2", "epsilon", "amsgrad" }
optimizers:class "Adam"(record)

record = adam { weight_decay = kinds.number(0.004, 0) }
record.doc = "Adam, and of the weights the share learning_rate * weight_decay is taken off before each step."
record.leading = { "learning_rate", "weight_decay", "beta_1", "beta_2", "epsilon", "amsgrad" }
optimizers:class "AdamW"(record)

optimizers:class "Adamax" {
  doc = "Adam with the largest of the gradients so far, fading, in place of the root of their squares.",
  leading = { "learning_rate", "beta_1", "beta_2", "epsilon" },
  options = options(0.001, { beta_1 = share(0.9), beta_2 = share(0.999), epsilon = epsilon() }),
  slots = function() return { { "m" }, { "v" } } end,
  prepare = function(self, rate, t) return moments(self, { learning_rate = rate / (1 - self.beta_1 ^ t) }) end,
  step = function(_, w, g, s, o) K.adamax_update(w, g, s.m, s.v, o) end,
}

-- Nadam's momentum in step t, and the product of those of steps 1 to t, which is 0 soon.
local function momentum_of(self, t) return self.beta_1 * (1 - 0.5 * 0.96 ^ (self.schedule_decay * t)) end

local function momentum_product(self, t)
  if self.product_at ~= t - 1 then
    self.product, self.product_at = 1, 0
    while self.product_at < t - 1 and self.product > 0 do
      self.product_at = self.product_at + 1
      self.product = self.product * momentum_of(self, self.product_at)
    end
  end
  self.product, self.product_at = self.product * momentum_of(self, t), t
  return self.product
end

optimizers:class "Nadam" {
  doc = "Adam with Nesterov's momentum, which grows from step to step.",
  leading = { "learning_rate", "beta_1", "beta_2", "epsilon" },
  options = options(0.001, { beta_1 = share(0.9), beta_2 = share(0.999), epsilon = epsilon(),
    schedule_decay = kinds.number(0.004, 0) }),
  init = function(self) self.product, self.product_at = 1, 0 end,
  slots = function() return { { "m" }, { "v" } } end,
  prepare = function(self, rate, t)
    local product, now, following = momentum_product(self, t), momentum_of(self, t), momentum_of(self, t + 1)
    return moments(self, {
      learning_rate = rate,
      share_g = (1 - now) / (1 - product),
      share_m = following / (1 - product * following),
      scale_v = 1 / (1 - self.beta_2 ^ t),
    })
  end,
  step = function(_, w, g, s, o) K.nadam_update(w, g, s.m, s.v, o) end,
}

optimizers:class "Lion" {
  doc = "Steps of one length in every number: along the sign of an average of gradients.",
  leading = { "learning_rate", "beta_1", "beta_2" },
  options = options(0.0001, { beta_1 = share(0.9), beta_2 = share(0.99) }),
  slots = function() return { { "momentum" } } end,
  prepare = function(self, rate) return { learning_rate = rate, beta_1 = self.beta_1, beta_2 = self.beta_2 } end,
  step = function(_, w, g, s, o) K.lion_update(w, g, s.momentum, o) end,
}

optimizers:class "Ftrl" {
  doc = "Follows the regularized leader: weights that matter little are 0 exactly.",
  leading = { "learning_rate", "learning_rate_power", "initial_accumulator_value", "l1_regularization_strength",
    "l2_regularization_strength" },
  options = options(0.001, {
    learning_rate_power = kinds.number(-0.5, -math.huge, 0),
    initial_accumulator_value = kinds.number(0.1, 0),
    l1_regularization_strength = kinds.number(0.0, 0),
    l2_regularization_strength = kinds.number(0.0, 0),
    l2_shrinkage_regularization_strength = kinds.number(0.0, 0),
    beta = kinds.number(0.0, 0),
  }),
  slots = function(self) return { { "accumulator", self.initial_accumulator_value }, { "linear" } } end,
  prepare = function(self, rate)
    return {
      learning_rate = rate,
      learning_rate_power = self.learning_rate_power,
      l1 = self.l1_regularization_strength,
      l2 = self.l2_regularization_strength + self.beta / (2 * rate),
      l2_shrinkage = self.l2_shrinkage_regularization_strength,
    }
  end,
  step = function(_, w, g, s, o) K.ftrl_update(w, g, s.accumulator, s.linear, o) end,
}

optimizers:alias("adamw", optimizers.classes.AdamW)

optimizers.room = optimizers:open("dw.optimizers, how weights follow gradients:",
  { schedules = schedules.room, Optimizer = optimizers:own() })

return optimizers
