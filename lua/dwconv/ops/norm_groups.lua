-- ops/norm_groups.lua: samples, and groups of their channels, normalized by themselves; numbers scaled to length 1.
-- Made of K.normalize (norm.lua) and other ops.

local args = require "dwconv.args"
local norm = require "dwconv.ops.norm"
local ops = require "dwconv.ops"

local op = ops.family "norm"
local K = ops.calls
local check, kinds, raise = args.check, args.kinds, args.raise
local floats, maybe, fitted = norm.floats, norm.maybe, norm.fitted

local last_axis = kinds.axes()
last_axis.default, last_axis.default_text = -1, nil

-- ---- layers and groups ----------------------------------------------------------------------------

-- The shape in which a parameter of the axes stretches to x's.
local function shape_of_axes(x, axes)
  local shape = {}
  for i = 1, x.ndim do shape[i] = 1 end
  for _, axis in ipairs(axes) do shape[axis] = x.shape[axis] end
  return shape
end

op "layer_normalization" {
  doc = [[
Each sample normalized by itself, along the axes: (x - mean) * gamma / sqrt(variance + epsilon) + beta. gamma and beta
have the sizes of these axes; they may be nil, and are then 1 and 0.]],
  args = {},
  values = { { "x", floats "any" }, { "gamma", maybe "the sizes of the axes" }, { "beta", maybe "gamma's shape" } },
  options = { axis = last_axis, epsilon = kinds.number(1e-3) },
  result = "x's",
  forward = function(x, gamma, beta, o)
    local axes = check.axes(o.axis, x.ndim)
    local shape = shape_of_axes(x, axes)
    return K.normalize(x, fitted(gamma, shape, "gamma"), fitted(beta, shape, "beta"),
      { axis = axes, epsilon = o.epsilon })
  end,
  backward = "parts",
  sample = function(R) return R { 2, 3, 4 }, R { 3, 4 }, R { 3, 4 }, { axis = { 2, 3 } } end,
  differs = "Keras has it as a layer.",
  errors = norm.NO_AXIS .. " A gamma or beta of another size.",
  example = "print(K.layer_normalization(dw.tensor { { 1, 2, 3 }, { 0, 0, 9 } }, dw.ones { 3 }, dw.zeros { 3 }))",
}

op "group_normalization" {
  doc = [[
The channels along an axis in groups of neighbours, each group of a sample normalized by itself over all other axes but
the first. gamma and beta have a number for each channel; they may be nil, and are then 1 and 0.]],
  args = {},
  values = {
    { "x", kinds.tensor("n,...; float32 or float64", { dtype = "floats", axes = 2 }) },
    { "gamma", maybe "the channels" }, { "beta", maybe "the channels" },
  },
  options = { groups = kinds.whole(32, 1), axis = kinds.axis(-1), epsilon = kinds.number(1e-3) },
  result = "x's",
  forward = function(x, gamma, beta, o)
    local axis, shape, of_gamma, axes = check.axis(o.axis, x.ndim), {}, {}, {}
    local channels = x.shape[axis]
    if axis == 1 then raise "axis must be one of the channels, not the first, which counts samples" end
    if channels % o.groups ~= 0 then raise("groups must divide the %d channels of x, got %d", channels, o.groups) end
    if x.ndim == kinds.MOST_AXES then raise("x must have at most %d axes, got %d", kinds.MOST_AXES - 1, x.ndim) end
    for i = 1, x.ndim do
      shape[#shape + 1], of_gamma[#shape + 1] = i == axis and o.groups or x.shape[i], i == axis and o.groups or 1
      if i == axis then shape[#shape + 1], of_gamma[#of_gamma + 1] = channels // o.groups, channels // o.groups end
      if i > 1 then axes[#axes + 1] = i == axis and i + 1 or i > axis and i + 1 or i end
    end
    local y = K.normalize(K.reshape(x, shape), fitted(gamma, of_gamma, "gamma"), fitted(beta, of_gamma, "beta"),
      { axis = axes, epsilon = o.epsilon })
    return K.reshape(y, x.shape)
  end,
  backward = "parts",
  sample = function(R) return R { 2, 3, 4 }, R { 4 }, R { 4 }, { groups = 2, epsilon = 0.1 } end,
  differs = "Keras has it as a layer.",
  errors = "Groups that do not divide the channels, a gamma or beta of another size, an axis that x does not have.",
  example = "print(K.group_normalization(dw.tensor { { 1, 2, 3, 7 } }, nil, nil, { groups = 2 }))",
}

op "l2_normalize" {
  doc = "x over the root of its sum of squares along the axes (over all of them if none is given), of at least 1e-12.",
  args = { { "x", floats "any" } },
  options = { axis = kinds.axes() },
  result = "x's",
  forward = function(x, o)
    local squares = K.sum(K.square(x), { axis = o.axis, keepdims = true })
    return x * K.rsqrt(K.maximum(squares, 1e-12))
  end,
  backward = "parts",
  method = true,
  sample = function(R) return R { 2, 3 }, { axis = 1 } end,
  errors = norm.NO_AXIS,
  example = "print(K.l2_normalize(dw.tensor { { 3, 4 }, { 0, 0 } }, { axis = 2 }))",
}
