-- ops/norm.lua: normalization: numbers shifted and scaled to mean 0 and variance 1, or to length 1. K.normalize is what
-- those of batches, layers and groups are made of: the core computes it and its gradients, reading x twice each way;
-- while a tape records the gradients, they are made of ops, whose own gradients are those of second order.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "norm"
local K = ops.calls
local check, kinds, raise = args.check, args.kinds, args.raise
local NOT_KERAS = "Keras's backend does not have it."
local NO_AXIS = "An axis that x does not have, or that is named twice."

local function floats(text) return kinds.tensor(text .. "; float32 or float64", { dtype = "floats" }) end
local function maybe(text) return kinds.optional(kinds.tensor(text .. "; x's dtype")) end

-- ---- moments --------------------------------------------------------------------------------------

local clipped = core.elementwise("clip", "new", "x", "min_value", "max_value")

-- What was last normalized of a tensor: its moments in float64, with size 1 on the axes.
local latest = setmetatable({}, { __mode = "k" })

-- Whether the core clips what it normalizes: where the last axis of more than one number has moments of its own.
local function core_clips(x, axes)
  local last = #x.shape
  while last > 1 and x.shape[last] == 1 do last = last - 1 end
  for _, axis in ipairs(axes) do
    if axis == last then return false end
  end
  return last > 0 and x.shape[last] > 1
end

local function normalized(x, gamma, beta, axes, epsilon, clip)
  local by_core = clip and core_clips(x, axes)
  local low, high
  if by_core then low, high = clip[1], clip[2] end
  local y, mean, var = core.normalize(x, gamma, beta, axes, epsilon, low, high)
  local hold = ops.slot.hold
  if hold then
    hold(mean)
    hold(var)
  end
  latest[x] = { key = table.concat(axes, ","), writes = x:writes(), mean = mean, var = var }
  return clip and not by_core and clipped(y, clip[1], clip[2]) or y
end

-- The mean and variance over a list of axes.
local function moments_of(x, axes)
  local m = latest[x]
  if m and m.key == table.concat(axes, ",") and m.writes == x:writes() then return m.mean, m.var end
  local _, mean, var = core.normalize(x, nil, nil, axes, 0)
  return mean, var
end

local function count_of(x, axes)
  local n, shape = 1, x.shape
  for _, axis in ipairs(axes) do n = n * shape[axis] end
  return n
end

-- ---- gradients ------------------------------------------------------------------------------------

-- By a gradient g: those of gamma and beta that the core has found along with that of x, and of which x.
local found, found_of = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "kv" })

local function key_of(axes, o, like)
  return ("%s;%a;%s;%s"):format(table.concat(axes, ","), o.epsilon, like and table.concat(like.shape, ",") or "",
    o.clip and table.concat(o.clip, ",") or "")
end

-- g where y lies between the bounds, 0 elsewhere; y is what is clipped.
local function passed(g, y, clip)
  return K.where(K.logical_and(K.greater(y, clip[1]), K.less(y, clip[2])), g, 0)
end

local function by_core(g, x, gamma, beta, o, wants_x)
  local axes = check.axes(o.axis, x.ndim)
  local mean, var = moments_of(x, axes)
  local given, low, high = g, nil, nil
  if o.clip and core_clips(x, axes) then
    low, high = o.clip[1], o.clip[2]
  elseif o.clip then
    given = passed(g, core.normalize_by(x, gamma, beta, mean, var, o.epsilon), o.clip)
  end
  if beta and not gamma then gamma = core.ones(beta.shape, x.dtype) end
  local dx, d_gamma, d_beta = core.normalize_grad(x, gamma, beta, mean, var, o.epsilon, given, wants_x, low, high)
  found[g], found_of[g] = { key = key_of(axes, o, gamma), gamma = d_gamma, beta = d_beta }, x
  return dx
end

local function of_parameter(name, g, x, gamma, beta, o)
  local f, key = found[g], key_of(check.axes(o.axis, x.ndim), o, gamma or beta)
  if not (f and found_of[g] == x and f.key == key) then
    by_core(g, x, gamma, beta, o, false)
    f = found[g]
  end
  return f[name]
end

-- x, normalized, and what its distances from the mean were multiplied with, as ops.
local function by_ops(x, o)
  local over = { axis = check.axes(o.axis, x.ndim), keepdims = true }
  local scale = K.rsqrt(K.var(x, over) + o.epsilon)
  return (x - K.mean(x, over)) * scale, scale, over
end

local function gradient_by_ops(g, x, gamma, o)
  local h, scale, over = by_ops(x, o)
  if gamma then g = g * gamma end
  return (g - K.mean(g, over) - h * K.mean(g * h, over)) * scale
end

-- The shapes of gamma and beta are one, or the core does not see both.
local function alike(x, gamma, beta)
  if gamma then check.same_dtype(x, "x", gamma, "gamma") end
  if beta then check.same_dtype(x, "x", beta, "beta") end
  if gamma and beta and gamma.shape ~= beta.shape then
    raise("gamma (%s) and beta (%s) must have one shape", gamma.shape, beta.shape)
  end
end

-- The bounds to which a result is clipped, as a list of two.
local clip_kind = kinds.new {
  annotation = "number[]",
  optional = true,
  default_text = "nil",
  expected = "{low, high}, two numbers, low below high",
  read = function(v)
    local fits = type(v) == "table" and rawlen(v) == 2 and type(v[1]) == "number" and type(v[2]) == "number"
    return fits and v[1] < v[2] and { v[1], v[2] } or nil
  end,
}

-- g as it comes through the clip, for what is made of ops.
local function through_clip(g, x, gamma, beta, o)
  if not o.clip then return g end
  return passed(g, K.normalize(x, gamma, beta, { axis = o.axis, epsilon = o.epsilon }), o.clip)
end

op "normalize" {
  doc = [[
(x - mean) * gamma / sqrt(variance + epsilon) + beta, of the mean and the variance of x along the axes, or of all of x.
gamma and beta have one shape, which stretches to x's; left out, they are 1 and 0. With clip = {low, high} the result is
clipped on the way, as relu does with {0, math.huge}: the gradient is 0 at the bounds and beyond.]],
  args = { { "x", floats "any" }, { "gamma", maybe "stretches to x's" }, { "beta", maybe "gamma's shape" } },
  options = { axis = kinds.axes(), epsilon = kinds.number(1e-3), clip = clip_kind },
  result = "x's",
  forward = function(x, gamma, beta, o)
    alike(x, gamma, beta)
    return normalized(x, gamma, beta, check.axes(o.axis, x.ndim), o.epsilon, o.clip)
  end,
  keeps = { "x", "gamma", "beta" },
  remake = function(x, gamma, beta, o)
    local axes = check.axes(o.axis, x.ndim)
    local mean, var = moments_of(x, axes)
    if not o.clip then return core.normalize_by(x, gamma, beta, mean, var, o.epsilon) end
    if core_clips(x, axes) then
      return core.normalize_by(x, gamma, beta, mean, var, o.epsilon, o.clip[1], o.clip[2])
    end
    return clipped(core.normalize_by(x, gamma, beta, mean, var, o.epsilon), o.clip[1], o.clip[2])
  end,
  backward = {
    x = function(g, _, x, gamma, beta, o)
      if ops.slot[1] then return gradient_by_ops(through_clip(g, x, gamma, beta, o), x, gamma, o) end
      return by_core(g, x, gamma, beta, o, true)
    end,
    gamma = function(g, _, x, gamma, beta, o)
      if ops.slot[1] then return K.sum_to(through_clip(g, x, gamma, beta, o) * by_ops(x, o), gamma.shape) end
      return core.reshape(of_parameter("gamma", g, x, gamma, beta, o), gamma.shape)
    end,
    beta = function(g, _, x, gamma, beta, o)
      if ops.slot[1] then return K.sum_to(through_clip(g, x, gamma, beta, o), beta.shape) end
      return core.reshape(of_parameter("beta", g, x, gamma, beta, o), beta.shape)
    end,
  },
  sample = function(R) return R { 3, 4, 2 }, R { 4, 1 }, R { 4, 1 }, { axis = { 1, 3 }, epsilon = 0.1 } end,
  differs = NOT_KERAS,
  errors = NO_AXIS .. " Parameters that do not stretch to x's shape, or are not alike.",
  example = "print(K.normalize(dw.tensor { { 1, 2, 3 }, { 4, 4, 4 } }, nil, nil, { axis = 2 }))",
}

-- ---- batches --------------------------------------------------------------------------------------

for name, r in pairs {
  batch_mean = { "mean", function(g, x, axes) return K.broadcast_to(g / count_of(x, axes), x.shape) end },
  batch_var = { "variance", function(g, x, axes)
    local away = x - K.mean(x, { axis = axes, keepdims = true })
    return g * (2 / count_of(x, axes)) * away
  end },
} do
  op(name) {
    doc = ("Helper of normalize_batch_in_training: the %s along the axes, which stay with size 1, as it was computed "
      .. "there."):format(r[1]),
    args = { { "x", floats "any" } },
    values = { { "axes", kinds.axes() } },
    result = "x's, 1 on the axes",
    forward = function(x, axes)
      local mean, var = moments_of(x, axes)
      return core.cast(name == "batch_mean" and mean or var, x.dtype)
    end,
    keeps = { "x" },
    backward = { x = function(g, _, x, axes) return r[2](g, x, axes) end },
    sample = function(R) return R { 2, 3, 4 }, { 1, 3 } end,
    differs = NOT_KERAS,
    errors = NO_AXIS,
    example = ("print(K.%s(dw.tensor { { 1, 2 }, { 3, 6 } }, { 1 }))"):format(name),
  }
end

-- The sizes of x that are not reduced, and x's shape with 1 in the place of the others.
local function kept_shapes(x, axes)
  local reduced, kept, whole = {}, {}, {}
  for _, axis in ipairs(axes) do reduced[axis] = true end
  for i = 1, x.ndim do
    local size = x.shape[i]
    whole[i] = reduced[i] and 1 or size
    if not reduced[i] then kept[#kept + 1] = size end
  end
  return kept, whole
end

-- A parameter with as many numbers as `whole` has, in this shape.
local function fitted(t, whole, name)
  if not t then return nil end
  local size = 1
  for _, n in ipairs(whole) do size = size * n end
  if t.size ~= size then
    raise("%s (%s) must have %d numbers, one for each that is normalized by itself", name, t.shape, size)
  end
  return K.reshape(t, whole)
end

op "normalize_batch_in_training" {
  doc = [[
x normalized along the axes, times gamma plus beta; then the mean and the variance of x there. gamma, beta and both
moments have the sizes of the axes that are left. The variance of an image n,h,w,c along all axes but c is n/(n - 1)
times that by which x is divided, for the sake of moving averages. With clip = {low, high} the result is clipped, as
K.normalize does it.]],
  args = {},
  values = {
    { "x", floats "any" }, { "gamma", maybe "the axes that are left" }, { "beta", maybe "gamma's shape" },
    { "reduction_axes", kinds.axes() },
  },
  options = { epsilon = kinds.number(1e-3), clip = clip_kind },
  result = { "x's", "the axes that are left", "the axes that are left" },
  forward = function(x, gamma, beta, axes, o)
    local kept, whole = kept_shapes(x, axes)
    local y = K.normalize(x, fitted(gamma, whole, "gamma"), fitted(beta, whole, "beta"),
      { axis = axes, epsilon = o.epsilon, clip = o.clip })
    local mean, var = K.batch_mean(x, axes), K.batch_var(x, axes)
    local sorted = table.move(axes, 1, #axes, 1, {})
    table.sort(sorted)
    if x.ndim == 4 and table.concat(sorted, ",") == "1,2,3" then
      local n = count_of(x, axes)
      var = var * (n / math.max(n - 1, 1))
    end
    return y, K.reshape(mean, kept), K.reshape(var, kept)
  end,
  backward = "parts",
  sample = function(R) return R { 2, 3, 2, 3 }, R { 3 }, R { 3 }, { 1, 2, 3 } end,
  differs = "Any axes, and float64, also of rank 4; gamma and beta may be nil.",
  errors = NO_AXIS .. " A gamma or beta of another size.",
  example = [[
x = dw.tensor { { 1, 2 }, { 3, 6 } }
y, mean, var = K.normalize_batch_in_training(x, dw.ones { 2 }, dw.zeros { 2 }, { 1 })
print(y)
print(mean, var)]],
}

-- What Keras gives for each channel, as it stretches to x's shape: sizes along an axis, or such a shape itself.
local function beside(t, x, axis, name)
  if not t then return nil end
  check.same_dtype(x, "x", t, name)
  local shape = {}
  for i = 1, x.ndim do shape[i] = i == axis and x.shape[axis] or 1 end
  if t.ndim == 1 and t.size == x.shape[axis] then return core.reshape(t, shape) end
  local fits = t.ndim <= x.ndim
  for i = 1, fits and t.ndim or 0 do
    local size = x.shape[x.ndim - t.ndim + i]
    fits = fits and (t.shape[i] == size or t.shape[i] == 1)
  end
  if not fits then
    local text = "%s (%s) must have the %d numbers of axis %d of x (%s), or stretch to x's shape"
    raise(text, name, t.shape, x.shape[axis], axis, x.shape)
  end
  return t
end

-- Two of them in one shape.
local function together(a, b)
  if not a or not b or a.shape == b.shape then return a, b end
  local shape = (a + b).shape
  return core.broadcast_to(a, shape), core.broadcast_to(b, shape)
end

-- The shape in which t, or its ghost, stretches to x's.
local function shape_beside(t, x, o)
  local axis, rank, shape = check.from_front(o.axis, #x.shape), #x.shape, {}
  if #t.shape ~= 1 or t.shape[1] ~= x.shape[axis] then return t.shape end
  for i = 1, rank do shape[i] = i == axis and x.shape[axis] or 1 end
  return shape
end

-- The gradient of t: g, summed over what was stretched, in t's shape.
local function gathered(g, t, x, o) return K.reshape(K.sum_to(g, shape_beside(t, x, o)), t.shape) end

-- t as ops see it beside x.
local function stretched(t, x, o) return K.reshape(t, shape_beside(t, x, o)) end

local function scale_of(x, var, gamma, o)
  local scale = K.rsqrt(stretched(var, x, o) + o.epsilon)
  return gamma and scale * stretched(gamma, x, o) or scale
end

op "batch_normalization" {
  doc = [[
(x - mean) * gamma / sqrt(var + epsilon) + beta, of a mean and a variance that are given. All four have a number for
each channel along the axis, or a shape that stretches to x's; beta and gamma may be nil, and are then 0 and 1.]],
  args = {
    { "x", kinds.tensor("any; float32 or float64", { dtype = "floats", axes = 1 }) },
    { "mean", kinds.tensor "the channels; x's dtype" }, { "var", kinds.tensor "the channels; x's dtype" },
    { "beta", maybe "the channels" }, { "gamma", maybe "the channels" },
  },
  options = { axis = kinds.axis(-1), epsilon = kinds.number(1e-3) },
  result = "x's",
  forward = function(x, mean, var, beta, gamma, o)
    local axis = check.axis(o.axis, x.ndim)
    mean, var = together(beside(mean, x, axis, "mean"), beside(var, x, axis, "var"))
    gamma, beta = together(beside(gamma, x, axis, "gamma"), beside(beta, x, axis, "beta"))
    return core.normalize_by(x, gamma, beta, core.cast(mean, "float64"), core.cast(var, "float64"), o.epsilon)
  end,
  keeps = { "x", "mean", "var", "gamma" },
  backward = {
    x = function(g, _, x, _, var, _, gamma, o) return g * scale_of(x, var, gamma, o) end,
    mean = function(g, _, x, mean, var, _, gamma, o) return -gathered(g * scale_of(x, var, gamma, o), mean, x, o) end,
    var = function(g, _, x, mean, var, _, gamma, o)
      local away = (x - stretched(mean, x, o)) * scale_of(x, var, gamma, o)
      return gathered(g * away / (stretched(var, x, o) + o.epsilon) * -0.5, var, x, o)
    end,
    beta = function(g, _, x, _, _, beta, _, o) return gathered(g, beta, x, o) end,
    gamma = function(g, _, x, mean, var, _, gamma, o)
      return gathered(g * (x - stretched(mean, x, o)) * scale_of(x, var, nil, o), gamma, x, o)
    end,
  },
  sample = function(R) return R { 2, 3, 4 }, R { 3 }, R({ 3 }, 0.5, 2), R { 3 }, R { 3 }, { axis = 2 } end,
  differs = "float64 of rank 4 too; epsilon is not raised.",
  errors = "A parameter that has not a number for each channel and does not stretch to x's shape.",
  example = "print(K.batch_normalization(dw.tensor { { 1, 2 }, { 3, 6 } }, dw.tensor { 2, 4 }, dw.tensor { 1, 4 }))",
}

-- What normalizing of layers and groups shares with this.
return { floats = floats, maybe = maybe, fitted = fitted, NOT_KERAS = NOT_KERAS, NO_AXIS = NO_AXIS }
