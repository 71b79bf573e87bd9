-- ops/update.lua: steps of optimizers, in place: one call for each variable, one pass over its numbers. Optimizers call
-- these, and scripts that train by hand may. Formulas are those of Keras's optimizers; what depends on the number of
-- the step (corrections of bias, schedules) is in the rate that is given.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local family = ops.family "update"
local kinds, raise = args.kinds, args.raise

local NOT_KERAS = "Keras's optimizers do this."
local ERRORS = "Shapes or dtypes that differ from w's, a tensor to be written that was broadcast, two that lie among "
  .. "each other's numbers."

local BEFORE = "\nBefore that g is multiplied by scale and brought to -clip..clip, and the share decay of w taken off."

-- NaN is a scale, too: what is not a number shows.
local scale = kinds.new {
  default = 1,
  annotation = "number",
  expected = "a number",
  read = function(v) return type(v) == "number" and v or nil end,
}

-- What every step takes.
local function options(own)
  own.scale, own.clip, own.decay = scale, kinds.number(math.huge, 0), kinds.number(0)
  own.learning_rate = own.learning_rate or kinds.number(0.001)
  return own
end

local share = function(default) return kinds.number(default, 0, 1) end
local epsilon = kinds.number(1e-7, 0)

-- Tapes record: they are told that w and its n slots are written with what g decides.
local function note_writes(n, g, w, ...)
  ops.write(w, g)
  for i = 1, n do
    local slot = select(i, ...)
    if slot ~= nil then ops.write(slot, g) end
  end
end

-- `slots`: names of the tensors that the step keeps, those that may be nil with "?" at the end; compute(w, g, ...) gets
-- them, and the options.
local function step(name, slots, record)
  local weights, gradient = kinds.tensor "the weights; float32 or float64", kinds.tensor "their gradient; w's"
  local values = { { "w", weights }, { "g", gradient } }
  for i, slot in ipairs(slots) do
    local kind = kinds.tensor "w's"
    values[2 + i] = { slot:match "[%w_]+", slot:find "?" and kinds.optional(kind) or kind }
  end
  local compute = record.forward
  record.forward = function(w, g, a, b, c, d)
    if ops.slot[2] then note_writes(#slots, g, w, a, b, c) end
    return compute(w, g, a, b, c, d)
  end
  record.values, record.result, record.reads = values, "w itself", "core"
  record.doc = record.doc .. BEFORE
  record.reason, record.errors, record.differs = "it writes in place", ERRORS, NOT_KERAS
  record.options = options(record.options)
  record.sample = function(R)
    local tensors = { R { 2, 3 }, R { 2, 3 } }
    for i = 1, #slots do tensors[2 + i] = R({ 2, 3 }, 0.5, 1) end
    return table.unpack(tensors)
  end
  return ops.plain(family)(name)(record)
end

-- ---- descent -------------------------------------------------------------------------------------

local sgd = core.updater("sgd", "w", "g")
local with_momentum = core.updater("sgd_momentum", "w", "g", "velocity")
local nesterov = core.updater("sgd_nesterov", "w", "g", "velocity")

step("sgd_update", { "velocity?" }, {
  doc = [[
One step of gradient descent: w - learning_rate*g; with a velocity, which becomes momentum*velocity - learning_rate*g,
w + velocity, or, for nesterov, w + momentum*velocity - learning_rate*g.]],
  options = { learning_rate = kinds.number(0.01), momentum = share(0), nesterov = kinds.flag(false) },
  forward = function(w, g, velocity, o)
    if velocity == nil and o.momentum ~= 0 then
      raise "with momentum, velocity must be a tensor, got nil"
    end
    if velocity == nil then return sgd(w, g, o.scale, o.clip, o.decay, o.learning_rate) end
    local run = o.nesterov and nesterov or with_momentum
    return run(w, g, velocity, o.scale, o.clip, o.decay, o.learning_rate, o.momentum)
  end,
  example = "print(K.sgd_update(dw.tensor { 1, 2 }, dw.tensor { 1, -1 }, nil, { learning_rate = 0.5 }))",
})

-- ---- steps scaled by the size of gradients -------------------------------------------------------

local rmsprop = core.updater("rmsprop", "w", "g", "r")
local rmsprop_centered = core.updater("rmsprop_centered", "w", "g", "r", "mean")
local rmsprop_momentum = core.updater("rmsprop_momentum", "w", "g", "r", "velocity")
local rmsprop_both = core.updater("rmsprop_centered_momentum", "w", "g", "r", "mean", "velocity")

step("rmsprop_update", { "r", "mean?", "velocity?" }, {
  doc = [[
One step of RMSprop. r follows g*g, and mean, if it is given, g, by the share 1 - rho; d is r, or r - mean*mean. Without
a velocity w - learning_rate*g / (sqrt(d) + epsilon), else w - velocity, which becomes momentum*velocity +
learning_rate*g / sqrt(d + epsilon).]],
  options = { rho = share(0.9), momentum = share(0), epsilon = epsilon },
  forward = function(w, g, r, mean, velocity, o)
    local s, clip, decay, rate, rho, e = o.scale, o.clip, o.decay, o.learning_rate, o.rho, o.epsilon
    if mean == nil and velocity == nil then return rmsprop(w, g, r, s, clip, decay, rate, rho, e) end
    if velocity == nil then return rmsprop_centered(w, g, r, mean, s, clip, decay, rate, rho, e) end
    if mean == nil then return rmsprop_momentum(w, g, r, velocity, s, clip, decay, rate, rho, e, o.momentum) end
    return rmsprop_both(w, g, r, mean, velocity, s, clip, decay, rate, rho, e, o.momentum)
  end,
  example = "print(K.rmsprop_update(dw.tensor { 1, 2 }, dw.tensor { 1, -1 }, dw.zeros { 2 }))",
})

local adagrad = core.updater("adagrad", "w", "g", "sum")

step("adagrad_update", { "sum" }, {
  doc = "One step of Adagrad: g*g is added to sum, then w - learning_rate*g / (sqrt(sum) + epsilon).",
  options = { epsilon = epsilon },
  forward = function(w, g, sum, o)
    return adagrad(w, g, sum, o.scale, o.clip, o.decay, o.learning_rate, o.epsilon)
  end,
  example = "print(K.adagrad_update(dw.tensor { 1, 2 }, dw.tensor { 1, -1 }, dw.full({ 2 }, 0.1)))",
})

local adadelta = core.updater("adadelta", "w", "g", "r", "u")

step("adadelta_update", { "r", "u" }, {
  doc = [[
One step of Adadelta: r follows g*g by the share 1 - rho; d is g * sqrt(u + epsilon) / sqrt(r + epsilon), u follows d*d,
and w - learning_rate*d.]],
  options = { rho = share(0.95), epsilon = epsilon },
  forward = function(w, g, r, u, o)
    return adadelta(w, g, r, u, o.scale, o.clip, o.decay, o.learning_rate, o.rho, o.epsilon)
  end,
  example = "print(K.adadelta_update(dw.tensor { 1, 2 }, dw.tensor { 1, -1 }, dw.zeros { 2 }, dw.zeros { 2 }))",
})

-- ---- with averages of gradients ------------------------------------------------------------------

local adam = core.updater("adam", "w", "g", "m", "v")
local amsgrad = core.updater("adam_amsgrad", "w", "g", "m", "v", "most_v")

step("adam_update", { "m", "v", "most_v?" }, {
  doc = [[
One step of Adam: m follows g by the share 1 - beta_1, v follows g*g by 1 - beta_2, and w - learning_rate*m / (sqrt(v) +
epsilon). most_v, if it is given, is the largest v so far, and stands in v's place (AMSGrad). In step t of Keras's Adam
the learning_rate is multiplied by sqrt(1 - beta_2^t) / (1 - beta_1^t).]],
  options = { beta_1 = share(0.9), beta_2 = share(0.999), epsilon = epsilon },
  forward = function(w, g, m, v, most_v, o)
    local s, clip, decay, rate, e = o.scale, o.clip, o.decay, o.learning_rate, o.epsilon
    if most_v == nil then return adam(w, g, m, v, s, clip, decay, rate, o.beta_1, o.beta_2, e) end
    return amsgrad(w, g, m, v, most_v, s, clip, decay, rate, o.beta_1, o.beta_2, e)
  end,
  example = "print(K.adam_update(dw.tensor { 1, 2 }, dw.tensor { 1, -1 }, dw.zeros { 2 }, dw.zeros { 2 }))",
})

local adamax = core.updater("adamax", "w", "g", "m", "u")

step("adamax_update", { "m", "u" }, {
  doc = [[
One step of Adamax: m follows g by the share 1 - beta_1, u becomes max(beta_2*u, |g|), and w - learning_rate*m / (u +
epsilon). In step t of Keras's Adamax the learning_rate is divided by 1 - beta_1^t.]],
  options = { beta_1 = share(0.9), beta_2 = share(0.999), epsilon = epsilon },
  forward = function(w, g, m, u, o)
    return adamax(w, g, m, u, o.scale, o.clip, o.decay, o.learning_rate, o.beta_1, o.beta_2, o.epsilon)
  end,
  example = "print(K.adamax_update(dw.tensor { 1, 2 }, dw.tensor { 1, -1 }, dw.zeros { 2 }, dw.zeros { 2 }))",
})

local nadam = core.updater("nadam", "w", "g", "m", "v")

step("nadam_update", { "m", "v" }, {
  doc = [[
One step of Nadam: m follows g by the share 1 - beta_1, v follows g*g by 1 - beta_2, and
w - learning_rate * (share_g*g + share_m*m) / (sqrt(v * scale_v) + epsilon).]],
  options = { beta_1 = share(0.9), beta_2 = share(0.999), epsilon = epsilon, share_g = kinds.number(1),
    share_m = kinds.number(1), scale_v = kinds.number(1, 0) },
  forward = function(w, g, m, v, o)
    local rate = o.learning_rate
    return nadam(w, g, m, v, o.scale, o.clip, o.decay, rate * o.share_g, rate * o.share_m, o.beta_1, o.beta_2,
      o.scale_v, o.epsilon)
  end,
  example = "print(K.nadam_update(dw.tensor { 1, 2 }, dw.tensor { 1, -1 }, dw.zeros { 2 }, dw.zeros { 2 }))",
})

local lion = core.updater("lion", "w", "g", "m")

step("lion_update", { "m" }, {
  doc = [[
One step of Lion: w - learning_rate * sign(beta_1*m + (1 - beta_1)*g); then m follows g by the share 1 - beta_2.]],
  options = { beta_1 = share(0.9), beta_2 = share(0.99) },
  forward = function(w, g, m, o)
    return lion(w, g, m, o.scale, o.clip, o.decay, o.learning_rate, o.beta_1, o.beta_2)
  end,
  example = "print(K.lion_update(dw.tensor { 1, 2 }, dw.tensor { 3, -0.1 }, dw.zeros { 2 }))",
})

local ftrl = core.updater("ftrl", "w", "g", "n", "z")
local ftrl_power = core.updater("ftrl_power", "w", "g", "n", "z")

step("ftrl_update", { "n", "z" }, {
  doc = [[
One step of Ftrl, which keeps weights at 0 that matter little. With p = -learning_rate_power and n' = n + g*g, z grows
by g + 2*l2_shrinkage*w - (n'^p - n^p) / learning_rate * w; then w is (sign(z)*l1 - z) / (n'^p / learning_rate + 2*l2)
where |z| > l1, else 0.]],
  options = { l1 = kinds.number(0, 0), l2 = kinds.number(0, 0), l2_shrinkage = kinds.number(0, 0),
    learning_rate_power = kinds.number(-0.5) },
  forward = function(w, g, n, z, o)
    local s, clip, decay, rate, power = o.scale, o.clip, o.decay, o.learning_rate, o.learning_rate_power
    if rate <= 0 then raise("learning_rate must be a number above 0, got %g", rate) end
    if power > 0 then raise("learning_rate_power must be a number of at most 0, got %g", power) end
    if power == -0.5 then return ftrl(w, g, n, z, s, clip, decay, rate, o.l1, o.l2, o.l2_shrinkage) end
    return ftrl_power(w, g, n, z, s, clip, decay, rate, o.l1, o.l2, o.l2_shrinkage, -power)
  end,
  example = "print(K.ftrl_update(dw.tensor { 1, 2 }, dw.tensor { 1, -1 }, dw.full({ 2 }, 0.1), dw.zeros { 2 }))",
})

-- ---- sums of squares -----------------------------------------------------------------------------

local any = kinds.tensor("any; float32 or float64", { dtype = "floats" })

family "sum_of_squares" {
  doc = "The sum of the squares of all numbers, made in float64.",
  args = { { "x", any } },
  result = "()",
  forward = core.sum_of_squares,
  keeps = { "x" },
  backward = { x = function(g, _, x) return x * (g * 2) end },
  sample = function(R) return R { 2, 3 } end,
  differs = "Keras's backend does not have it.",
  example = "print(K.sum_of_squares(dw.tensor { 3, 4 }))",
}
