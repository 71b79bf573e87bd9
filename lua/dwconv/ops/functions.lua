-- ops/functions.lua: elementwise ops of one number. Their kernels are in kernels/elementwise.c; a record gives its
-- derivative as `slope` or `over`, from which elementwise.lua makes the gradient.

local args = require "dwconv.args"
local core = require "dwconv.core"
local logits = require "dwconv.ops.logits"
local ops = require "dwconv.ops"
local elementwise = require "dwconv.ops.elementwise"

local kinds = args.kinds
local number, tensor = kinds.number, kinds.tensor
local op, unary = elementwise.op, elementwise.unary
local K = ops.calls
local NOT_KERAS = "Keras's backend does not have it."
local STEPS = "it is constant between its steps"

unary "square" {
  doc = "x * x.",
  takes = "any numbers", keeps = { "x" }, example = "print(K.square(dw.tensor { -3, 2 }))",
  slope = function(_, x) return x * 2 end,
}

unary "abs" {
  doc = "The absolute value of x. Its gradient at 0 is 0.",
  takes = "any numbers", keeps = { "x" }, example = "print(K.abs(dw.tensor { -3, 2 }))",
  slope = function(_, x) return K.sign(x) end,
}

unary "sign" {
  doc = "-1, 0 or 1; NaN stays. Its gradient is 0.",
  takes = "any numbers", backward = "none", reason = STEPS, noted = true,
  example = "print(K.sign(dw.tensor { -3, 0, 2 }))",
}

unary "round" {
  doc = "The nearest whole number, or the even one of two equally near; whole numbers stay. Its gradient is 0.",
  takes = "any numbers", backward = "none", reason = STEPS, noted = true,
  example = "print(K.round(dw.tensor { 0.5, 1.5, -1.2 }))",
}

unary "floor" {
  doc = "The largest whole number that is not above x. Its gradient is 0.",
  takes = "any numbers", backward = "none", reason = STEPS, noted = true,
  example = "print(K.floor(dw.tensor { 1.7, -1.2 }))",
}

for name, doc in pairs {
  ceil = "The least whole number that is not below x. Its gradient is 0.",
  trunc = "x without the digits after the point: the nearest whole number towards 0. Its gradient is 0.",
} do
  unary(name) {
    doc = doc,
    takes = "any numbers", backward = "none", reason = STEPS, noted = true,
    differs = NOT_KERAS, example = ("print(K.%s(dw.tensor { 1.2, -1.7 }))"):format(name),
  }
end

unary "sqrt" {
  doc = "The square root, 0 for negative x. Its gradient is infinite at 0 and 0 below.",
  keeps = { "x", "result" }, example = "print(K.sqrt(dw.tensor { 4, 2, -1 }))",
  backward = { x = function(g, y, x) return K.gradient_quotient(K.where(K.less(x, 0), 0, g * 0.5), y) end },
  sample = function(R) return R({ 2, 3 }, 0.5, 2) end,
}

unary "rsqrt" {
  doc = "1 / sqrt(x): inf of 0, -inf of -0.0, NaN below, where sqrt is clipped at 0.",
  keeps = { "result" }, example = "print(K.rsqrt(dw.tensor { 4, 0.25, 0 }))",
  slope = function(y) return y * y * y * -0.5 end,
  sample = function(R) return R({ 2, 3 }, 0.5, 2) end,
  differs = NOT_KERAS,
}

unary "exp" {
  doc = "e to the power of x.",
  keeps = { "result" }, example = "print(K.exp(dw.tensor { 0, 1 }))",
  slope = function(y) return y end,
}

unary "log" {
  doc = "The natural logarithm: -inf of 0, NaN of negative x.",
  keeps = { "x" }, example = "print(K.log(dw.tensor { 1, math.exp(2), 0 }))",
  over = function(_, x) return x end,
  sample = function(R) return R({ 2, 3 }, 0.5, 2) end,
}

unary "sin" {
  doc = "The sine of x in radians.",
  keeps = { "x" }, example = "print(K.sin(dw.tensor { 0, math.pi / 2 }))",
  slope = function(_, x) return K.cos(x) end,
}

unary "cos" {
  doc = "The cosine of x in radians.",
  keeps = { "x" }, example = "print(K.cos(dw.tensor { 0, math.pi / 3 }))",
  slope = function(_, x) return -K.sin(x) end,
}

-- 1 / sqrt(1 - x*x): infinite at -1 and 1, NaN beyond.
local function arc_slope(x) return K.rsqrt((1 - x) * (x + 1)) end

for name, r in pairs {
  tan = { "The tangent of x in radians.", function(y) return y * y + 1 end, "result" },
  asin = { "The angle in radians, from -pi/2 to pi/2, whose sine is x; NaN where |x| > 1.",
    function(_, x) return arc_slope(x) end },
  acos = { "The angle in radians, from 0 to pi, whose cosine is x; NaN where |x| > 1.",
    function(_, x) return -arc_slope(x) end },
  sinh = { "The hyperbolic sine.", function(_, x) return K.cosh(x) end },
  cosh = { "The hyperbolic cosine.", function(_, x) return K.sinh(x) end },
} do
  unary(name) {
    doc = r[1], slope = r[2],
    keeps = { r[3] or "x" }, differs = NOT_KERAS,
    example = ("print(K.%s(dw.tensor { 0, 0.5, 1 }))"):format(name),
  }
end

unary "atan" {
  doc = "The angle in radians, from -pi/2 to pi/2, whose tangent is x.",
  keeps = { "x" }, differs = NOT_KERAS, example = "print(K.atan(dw.tensor { 0, 1, 1 / 0 }))",
  over = function(_, x) return x * x + 1 end,
}

unary "expm1" {
  doc = "exp(x) - 1, exact near 0.",
  keeps = { "x" },
  slope = function(_, x) return K.exp(x) end, -- y + 1 would have no digits where y is near -1
  differs = NOT_KERAS,
  example = "print(K.expm1(dw.tensor { 0, 1 }))",
}

unary "log1p" {
  doc = "log(1 + x), exact near 0: -inf of -1, NaN below.",
  keeps = { "x" },
  over = function(_, x) return x + 1 end,
  differs = NOT_KERAS,
  example = "print(K.log1p(dw.tensor { 0, 1 }))",
}

unary "tanh" {
  doc = "The hyperbolic tangent.",
  keeps = { "x" }, example = "print(K.tanh(dw.tensor { -1, 0, 1 }))",
  slope = function(_, x) return K.tanh_slope(x) end,
}

local sigmoid = core.elementwise("sigmoid", "new", "x")

unary "sigmoid" {
  doc = "1 / (1 + exp(-x)).",
  forward = function(x) return logits.remember(sigmoid(x), x, false) end,
  reads = "core",
  keeps = { "x" }, example = "print(K.sigmoid(dw.tensor { -1, 0, 1 }))",
  slope = function(_, x) return K.sigmoid_slope(x) end,
}

for name, r in pairs {
  sigmoid_slope = { "sigmoid: s*(1 - s) of s = sigmoid(x)", function(y, x) return -y * K.tanh(x * 0.5) end },
  tanh_slope = { "tanh: 1 - t*t of t = tanh(x)", function(y, x) return y * K.tanh(x) * -2 end },
} do
  unary(name) {
    doc = ("The derivative of %s, with all its digits where that is near 1."):format(r[1]),
    keeps = { "x", "result" }, method = false,
    slope = r[2],
    differs = NOT_KERAS,
    example = ("print(K.%s(dw.tensor { -1, 0, 20 }))"):format(name),
  }
end

-- What part of g flows through where x is above the threshold and below the largest value: Keras takes the slope at
-- max_value 6 from relu6, which has none there, and at other largest values from clip, which has one.
local function through(g, x, o)
  local open = K.greater(x, o.threshold)
  if o.max_value then
    local below = o.max_value == 6 and o.threshold == 0 and K.less or K.less_equal
    open = K.logical_and(open, below(x, o.max_value))
  end
  return K.where(open, g, 0)
end

local rectified = core.elementwise("relu", "new", "x")
local not_above = core.elementwise("less_equal", "new", "x", "threshold")
local below = core.elementwise("less", "new", "x", "threshold")
local choose = core.elementwise("where", "new", "condition", "x", "y")
local capped = core.elementwise("clip", "new", "x", "min_value", "max_value")
local sum, difference = core.elementwise("add", "first", "x", "y"),
  core.elementwise("subtract", "new", "x", "threshold")
local scaled = core.elementwise("multiply", "new", "x", "alpha")

op "relu" {
  doc = [[
x above the threshold and 0 elsewhere, clipped to 0..max_value if there is one; alpha*(x - threshold) is added where x
is below the threshold.]],
  args = { { "x", tensor "any numbers" } },
  options = { alpha = number(0), max_value = number(), threshold = number(0) },
  result = "x's",
  reads = "core",
  forward = function(x, o)
    local y = o.threshold == 0 and rectified(x) or choose(not_above(x, o.threshold), 0, x) -- NaN stays
    if o.max_value then y = capped(y, 0, math.max(o.max_value, 0)) end
    if o.alpha == 0 then return y end
    return sum(y, choose(below(x, o.threshold), scaled(difference(x, o.threshold), o.alpha), 0))
  end,
  keeps = { "x" },
  backward = {
    x = function(g, _, x, o)
      local d = through(g, x, o)
      if o.alpha == 0 then return d end
      local leaky = not o.max_value and o.threshold == 0 -- TensorFlow's leaky_relu has slope alpha at 0 too
      return d + K.where((leaky and K.less_equal or K.less)(x, o.threshold), g * o.alpha, 0)
    end,
  },
  method = true,
  sample = function(R) return R { 2, 3 }, { alpha = 0.1, max_value = 0.8, threshold = 0.05 } end,
  example = "print(K.relu(dw.tensor { -1, 3, 8 }, { max_value = 6 }))",
}

unary "erf" {
  doc = "The error function, 2/sqrt(pi) times the integral of exp(-t*t) from 0 to x.",
  keeps = { "x" }, example = "print(K.erf(dw.tensor { 0, 1 }))",
  slope = function(_, x) return K.exp(-(x * x)) * (2 / math.sqrt(math.pi)) end,
  differs = NOT_KERAS,
}
