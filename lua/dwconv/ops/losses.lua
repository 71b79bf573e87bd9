-- ops/losses.lua: losses, sample by sample, with the formulas of Keras's backend and, beyond it, of its losses. All are
-- made of other ops, whose gradients are theirs. Invariant: crossentropies of probabilities that come straight from a
-- softmax or a sigmoid are computed from its logits (logits.lua).

local args = require "dwconv.args"
local config = require "dwconv.config"
local core = require "dwconv.core"
local logits = require "dwconv.ops.logits"
local ops = require "dwconv.ops"

local op = ops.family "losses"
local K = ops.calls
local check, kinds, raise = args.check, args.kinds, args.raise
local NOT_KERAS = "Keras has it among its losses."
local FROM_LOGITS = "Of what comes straight from K.%s it is computed from the logits, exactly; the probabilities then\n"
  .. "have the gradient 0, as it goes past them."
local UNLIKE = "Shapes or dtypes that differ."

local function floats(text) return kinds.tensor(text .. "; float32 or float64", { dtype = "floats" }) end
local function lines(text) return kinds.tensor(text .. "; float32 or float64", { dtype = "floats", axes = 1 }) end

local function check_alike(a, b, name_a, name_b)
  check.same_dtype(a, name_a, b, name_b)
  if a.shape ~= b.shape then raise("%s (%s) must have the shape of %s (%s)", name_a, a.shape, name_b, b.shape) end
end

local function clipped(p)
  local epsilon = config.epsilon()
  return K.clip(p, epsilon, 1 - epsilon)
end

-- The logits of output, if there are any: those that it is said to be, or those behind it.
local function logits_of(output, o, axis)
  if o.from_logits then return output end
  return logits.of(output, axis)
end

-- ---- crossentropies -------------------------------------------------------------------------------

op "categorical_crossentropy" {
  doc = [[
-sum(target * log(output)) along the axis of the classes, for each sample. Probabilities are divided by their sum and
clipped to epsilon..1 - epsilon; through what is clipped no gradient flows.]],
  args = { { "target", lines "any" }, { "output", lines "target's" } },
  options = { from_logits = kinds.flag(false), axis = kinds.axis(-1) },
  result = "output's without the axis",
  forward = function(target, output, o)
    check_alike(target, output, "target", "output")
    local axis = check.axis(o.axis, output.ndim)
    local over, given = { axis = axis }, logits_of(output, o, axis)
    if given then return -K.sum(target * K.log_softmax(given, over), over) end
    local shares = output / K.sum(output, { axis = axis, keepdims = true })
    return -K.sum(target * K.log(clipped(shares)), over)
  end,
  backward = "parts",
  sample = function(R) return R({ 2, 3, 4 }, 0.1, 0.9), R({ 2, 3, 4 }, 0.1, 0.9), { axis = 2 } end,
  differs = FROM_LOGITS:format "softmax",
  errors = UNLIKE .. " An axis that output does not have.",
  example = [[
target = dw.tensor { { 0, 1, 0 }, { 0, 0, 1 } }
print(K.categorical_crossentropy(target, dw.tensor { { 0.05, 0.95, 0 }, { 0.1, 0.8, 0.1 } }))
print(K.categorical_crossentropy(target, dw.tensor { { 0, 9, 0 }, { 0, 0, 9 } }, { from_logits = true }))]],
}

-- The sizes that are not 1.
local function long_sizes(shape)
  local list = {}
  for _, n in ipairs(shape) do
    if n ~= 1 then list[#list + 1] = n end
  end
  return table.concat(list, "x")
end

-- The labels of x along an axis, in x's shape with size 1 there; int64, in range.
local function labels_of(target, x, axis)
  local shape, classes = table.move(x.shape, 1, x.ndim, 1, {}), x.shape[axis]
  shape[axis] = 1
  if long_sizes(target.shape) ~= long_sizes(shape) then
    table.remove(shape, axis)
    raise("target (%s) must have a label for each line of output (%s): its shape without axis %d, %s", target.shape,
      x.shape, axis, #shape == 0 and "()" or table.concat(shape, "x"))
  end
  local labels = core.cast(target, "int64")
  if labels.size > 0 then
    local low, high = core.min(labels, nil, false):item(), core.max(labels, nil, false):item()
    local wrong = low < 1 and low or high > classes and high
    if wrong then
      local hint = wrong == 0 and "; counting starts at 1" or ""
      raise("target holds the label %d, outside 1 to %d%s", wrong, classes, hint)
    end
  end
  return core.reshape(labels, shape)
end

op "sparse_categorical_crossentropy" {
  doc = [[
-log(output) of the class that target names, from 1 on, along the axis of the classes. Probabilities are clipped to
epsilon..1 - epsilon and then divided by their sum; through what is clipped no gradient flows.]],
  args = {},
  values = {
    { "target", kinds.tensor "output's without the axis, or 1 there; numbers, cast to whole ones" },
    { "output", lines "any" },
  },
  options = { from_logits = kinds.flag(false), axis = kinds.axis(-1) },
  result = "output's without the axis",
  forward = function(target, output, o)
    local axis = check.axis(o.axis, output.ndim)
    local labels, given = labels_of(target, output, axis), logits_of(output, o, axis)
    local shares = K.log_softmax(given or K.log(clipped(output)), { axis = axis })
    return -K.squeeze(K.take_along_axis(shares, labels, axis), axis)
  end,
  backward = "parts",
  sample = function(R)
    return core.tensor({ { 2, 1, 3 }, { 3, 3, 1 } }, "int64", "float32"), R({ 2, 3, 3 }, 0.1, 0.9)
  end,
  differs = "Labels count from 1. " .. FROM_LOGITS:format "softmax",
  errors = "A label outside 1 to the number of classes. Shapes that do not fit, an axis that output does not have.",
  example = [[
labels = dw.tensor({ 2, 3 }, { dtype = "int32" })
print(K.sparse_categorical_crossentropy(labels, dw.tensor { { 0.05, 0.95, 0 }, { 0.1, 0.8, 0.1 } }))]],
}

-- max(x, 0) - x*target + log(1 + exp(-|x|)), of which every part has the right slope at 0.
local function of_logits(target, x)
  local up = K.greater_equal(x, 0)
  return K.where(up, x, 0) - x * target + K.softplus(K.where(up, -x, x))
end

op "binary_crossentropy" {
  doc = [[
-(target * log(output) + (1 - target) * log(1 - output)), number by number. Probabilities are clipped to
epsilon..1 - epsilon, and epsilon is added within the logarithms too; through what is clipped no gradient flows.]],
  args = { { "target", floats "any" }, { "output", floats "target's" } },
  options = { from_logits = kinds.flag(false) },
  result = "output's",
  forward = function(target, output, o)
    check_alike(target, output, "target", "output")
    local given = logits_of(output, o, false)
    if given then return of_logits(target, given) end
    local p, epsilon = clipped(output), config.epsilon()
    return -(target * K.log(p + epsilon) + (1 - target) * K.log(1 - p + epsilon))
  end,
  backward = "parts",
  sample = function(R) return R({ 2, 3 }, 0.1, 0.9), R({ 2, 3 }, 0.1, 0.9) end,
  differs = FROM_LOGITS:format "sigmoid",
  errors = UNLIKE,
  example = [[
target = dw.tensor { 0, 1, 1 }
print(K.binary_crossentropy(target, dw.tensor { 0.2, 0.2, 1 }))
print(K.binary_crossentropy(target, dw.tensor { -1, -1, 200 }, { from_logits = true }))]],
}

-- ---- beyond Keras's backend -----------------------------------------------------------------------

-- A loss of y_true and y_pred, alike, along the last axis.
local function loss(name)
  return function(r)
    r.args = { { "y_true", lines "any" }, { "y_pred", lines "y_true's" } }
    r.result, r.backward, r.differs = r.result or "y_true's without the last axis", "parts", NOT_KERAS
    r.errors = r.errors or UNLIKE
    local compute = r.forward
    r.forward = function(y_true, y_pred, o)
      check_alike(y_true, y_pred, "y_true", "y_pred")
      return compute(y_true, y_pred, o)
    end
    r.sample = r.sample or function(R) return R({ 2, 3 }, 0.1, 0.9), R({ 2, 3 }, 0.1, 0.9) end
    r.example = r.example or ("print(K.%s(dw.tensor { { 0.2, 0.8 } }, dw.tensor { { 0.5, 0.5 } }))"):format(name)
    return op(name)(r)
  end
end

loss "huber" {
  doc = [[
The mean over the last axis of e*e/2, of the error e = y_pred - y_true, where |e| is up to delta, and of
delta*|e| - delta*delta/2 beyond.]],
  options = { delta = kinds.number(1) },
  forward = function(y_true, y_pred, o)
    local e, delta = y_pred - y_true, o.delta
    local size = K.abs(e)
    local each = K.where(K.less_equal(size, delta), K.square(e) * 0.5, size * delta - 0.5 * delta * delta)
    return K.mean(each, { axis = -1 })
  end,
  sample = function(R) return R { 2, 3 }, R({ 2, 3 }, -2, 2), { delta = 0.5 } end,
  example = "print(K.huber(dw.tensor { { 0, 0 } }, dw.tensor { { 0.5, 3 } }))",
}

loss "kl_divergence" {
  doc = "The sum over the last axis of y_true * log(y_true / y_pred), both clipped to epsilon..1.",
  forward = function(y_true, y_pred)
    local p, q = K.clip(y_true, config.epsilon(), 1), K.clip(y_pred, config.epsilon(), 1)
    return K.sum(p * K.log(p / q), { axis = -1 })
  end,
}

loss "cosine_similarity" {
  doc = [[
Minus the cosine of the angle between y_true and y_pred along an axis: -1 where they agree in direction, 0 for what is
all zeros.]],
  options = { axis = kinds.axis(-1) },
  result = "y_true's without the axis",
  forward = function(y_true, y_pred, o)
    return -K.sum(K.l2_normalize(y_true, o) * K.l2_normalize(y_pred, o), { axis = o.axis })
  end,
  errors = UNLIKE .. " An axis that y_true does not have.",
}
