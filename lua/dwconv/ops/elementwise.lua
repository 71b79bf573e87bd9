-- ops/elementwise.lua: ops that work number by number, with NumPy's broadcasting. A kernel of the same name
-- computes most; kernels/elementwise.h lists them. A gradient is summed over the axes that were stretched.

local core = require "dwconv.core"
local ops = require "dwconv.ops"
local options = require "dwconv.options"

local op = ops.family("elementwise", "numbers one by one; shapes broadcast as NumPy's, numbers take the tensors' dtype")
local K = ops.calls

local ANY = "a tensor, or a number beside one"
local BROADCAST = "Shapes that do not broadcast, dtypes that differ, a number that the tensors' dtype cannot hold."
local DIVISOR = "A whole divisor of 0."

local function fitted(f) -- the gradient f gives, in the shape of argument i
  return function(i)
    return function(g, y, ...) return K.sum_to(f(g, y, ...), select(i, ...).shape) end
  end
end

-- One tensor in, one of its shape out.
local function unary(name)
  return function(r)
    r.args, r.method = { "x" }, true
    r.shapes = { x = r.takes or "any; float32 or float64", result = "x's" }
    r.forward = core.elementwise(name, name, "new", "x")
    r.sample = r.sample or function(R) return R { 2, 3 } end
    return op(name)(r)
  end
end

-- Two tensors, or a tensor and a number. `gradients`: one for each of them.
local function binary(name, a, b)
  return function(r)
    r.args, r.errors = { a, b }, r.errors or BROADCAST .. (r.result and "" or " Bools.")
    r.shapes = { [a] = ANY, [b] = ANY, result = r.result or "both, broadcast" }
    r.forward = r.forward or core.elementwise(name, name, r.floats and "float" or "new", a, b)
    r.sample = r.sample or function(R) return R { 2, 3 }, R { 2, 1 } end
    if r.gradients then r.backward = { [a] = fitted(r.gradients[1])(1), [b] = fitted(r.gradients[2])(2) } end
    return op(name)(r)
  end
end

-- ---- arithmetic ----------------------------------------------------------------------------------

binary("add", "a", "b") {
  doc = "a + b.",
  metamethod = "__add", keeps = {}, method = true,
  gradients = { function(g) return g end, function(g) return g end },
  example = "print(dw.tensor { 1, 2 } + dw.tensor { { 10 }, { 20 } })",
}

binary("subtract", "a", "b") {
  doc = "a - b.",
  metamethod = "__sub", keeps = {}, method = true,
  gradients = { function(g) return g end, function(g) return -g end },
  example = "print(dw.tensor { 5, 7 } - 1)",
}

binary("multiply", "a", "b") {
  doc = "a * b, number by number.",
  metamethod = "__mul", keeps = { a = { "b" }, b = { "a" } }, method = true,
  gradients = { function(g, _, _, b) return g * b end, function(g, _, a) return g * a end },
  example = "print(dw.tensor { 1, 2 } * dw.tensor { { 10 }, { 20 } })",
}

binary("divide", "a", "b") {
  doc = "a / b. Whole numbers become K.floatx() first.",
  floats = true,
  metamethod = "__div", keeps = { a = { "b" }, b = { "b", "result" } }, method = true,
  sample = function(R) return R { 2, 3 }, R({ 2, 1 }, 0.5, 2) end,
  gradients = { function(g, _, _, b) return g / b end, function(g, y, _, b) return -(g * y / b) end },
  example = "print(dw.tensor { 1, 2 } / 4)", errors = "Shapes that do not broadcast, dtypes that differ; bools.",
}

binary("floor_divide", "a", "b") {
  doc = "a / b rounded down. A whole divisor of 0 is an error.",
  metamethod = "__idiv", method = true,
  backward = "none", reason = "it is constant between its steps",
  example = "print(dw.tensor { 7, -7 } // 2)",
  errors = BROADCAST .. " " .. DIVISOR,
}

binary("mod", "a", "b") {
  doc = "What a // b leaves over: a - b*floor(a / b), of the sign of b. A whole divisor of 0 is an error.",
  metamethod = "__mod", keeps = { a = {}, b = { "a", "b" } }, method = true,
  sample = function() return core.tensor({ { 1.3, -2.3, 4.0 }, { 0.6, 5.1, -0.4 } }, "float64", "float64"),
    core.tensor({ { 0.7 }, { -1.1 } }, "float64", "float64") end,
  gradients = { function(g) return g end, function(g, _, a, b) return -(g * (a // b)) end },
  example = "print(dw.tensor { 7, -7 } % 3)",
  errors = BROADCAST .. " " .. DIVISOR,
}

-- b*a^(b-1), and 0 where b is 0, whatever a.
local function power_gradient(g, _, a, b)
  if type(b) == "number" then
    if b == 0 then return g * 0 end
    if b == 1 then return g end
    if b == 2 then return g * a * 2 end
    return g * K.power(a, b - 1) * b
  end
  return K.where(K.equal(b, 0), 0, g * b * K.power(a, b - 1))
end

-- log(a)*a^b, and 0 where a <= 0, as Keras has it.
local function exponent_gradient(g, y, a)
  if type(a) == "number" then return a > 0 and g * y * math.log(a) or g * 0 end
  local positive = K.greater(a, 0)
  return K.where(positive, g * y * K.log(K.where(positive, a, 1)), 0)
end

-- Squares are what powers mostly are.
local function power_of(name, a, b)
  local power, square = core.elementwise("power", name, "new", a, b), core.elementwise("square", name, "new", a)
  return function(x, y)
    if y == 2 and options.is_tensor(x) then return square(x) end
    return power(x, y)
  end
end

for name, b in pairs { power = "b", pow = "a" } do
  local a = name == "power" and "a" or "x"
  binary(name, a, b) {
    forward = power_of(name, a, b),
    doc = ("%s to the power of %s. A negative base with a fractional exponent gives NaN; whole numbers with negative "
      .. "exponents are an error."):format(a, b),
    metamethod = name == "power" and "__pow" or nil, method = true,
    keeps = { [a] = { a, b }, [b] = { a, "result" } },
    gradients = { power_gradient, exponent_gradient },
    sample = function(R) return R({ 2, 3 }, 0.5, 2), R { 2, 1 } end,
    errors = BROADCAST .. " Whole numbers to a negative power.",
    example = name == "pow" and "print(K.pow(dw.tensor { 1, 2, 3 }, 2))" or "print(dw.tensor { 4, 9 } ^ 0.5)",
  }
end

unary "negative" {
  doc = "-x.",
  takes = "any", keeps = {}, metamethod = "__unm",
  backward = { x = function(g) return -g end },
  linear = true,
  example = "print(-dw.tensor { 1, -2 })",
}

binary("maximum", "x", "y") {
  doc = "The larger of x and y; NaN on either side gives NaN. Where they are equal, the gradient goes to x.",
  keeps = { "x", "y" }, method = true,
  gradients = {
    function(g, _, x, y) return K.where(K.greater_equal(x, y), g, 0) end,
    function(g, _, x, y) return K.where(K.less(x, y), g, 0) end,
  },
  example = "print(K.maximum(dw.tensor { 1, 5 }, 3))",
}

binary("minimum", "x", "y") {
  doc = "The smaller of x and y; NaN on either side gives NaN. Where they are equal, the gradient goes to x.",
  keeps = { "x", "y" }, method = true,
  gradients = {
    function(g, _, x, y) return K.where(K.less_equal(x, y), g, 0) end,
    function(g, _, x, y) return K.where(K.greater(x, y), g, 0) end,
  },
  example = "print(K.minimum(dw.tensor { 1, 5 }, 3))",
}

-- ---- functions of one number ---------------------------------------------------------------------

unary "square" {
  doc = "x * x.",
  takes = "any numbers", keeps = { "x" }, example = "print(K.square(dw.tensor { -3, 2 }))",
  backward = { x = function(g, _, x) return g * x * 2 end },
}

unary "abs" {
  doc = "The absolute value of x. Its gradient at 0 is 0.",
  takes = "any numbers", keeps = { "x" }, example = "print(K.abs(dw.tensor { -3, 2 }))",
  backward = { x = function(g, _, x) return g * K.sign(x) end },
}

unary "sign" {
  doc = "-1, 0 or 1; NaN stays.",
  takes = "any numbers", backward = "none", reason = "it is constant between its steps",
  example = "print(K.sign(dw.tensor { -3, 0, 2 }))",
}

unary "round" {
  doc = "The nearest whole number, the even one of two; whole numbers stay.",
  takes = "any numbers", backward = "none", reason = "it is constant between its steps",
  example = "print(K.round(dw.tensor { 0.5, 1.5, -1.2 }))",
}

unary "floor" {
  doc = "The largest whole number that is not above x.",
  takes = "any numbers", backward = "none", reason = "it is constant between its steps",
  example = "print(K.floor(dw.tensor { 1.7, -1.2 }))",
}

unary "sqrt" {
  doc = "The square root, 0 for negative x. Its gradient is infinite at 0 and 0 below.",
  keeps = { "x", "result" }, example = "print(K.sqrt(dw.tensor { 4, 2, -1 }))",
  backward = { x = function(g, y, x) return K.where(K.less(x, 0), 0, g / y * 0.5) end },
  sample = function(R) return R({ 2, 3 }, 0.5, 2) end,
}

unary "exp" {
  doc = "e to the power of x.",
  keeps = { "result" }, example = "print(K.exp(dw.tensor { 0, 1 }))",
  backward = { x = function(g, y) return g * y end },
}

unary "log" {
  doc = "The natural logarithm: -inf of 0, NaN of negative x.",
  keeps = { "x" }, example = "print(K.log(dw.tensor { 1, math.exp(2), 0 }))",
  backward = { x = function(g, _, x) return g / x end },
  sample = function(R) return R({ 2, 3 }, 0.5, 2) end,
}

unary "sin" {
  doc = "The sine of x in radians.",
  keeps = { "x" }, example = "print(K.sin(dw.tensor { 0, math.pi / 2 }))",
  backward = { x = function(g, _, x) return g * K.cos(x) end },
}

unary "cos" {
  doc = "The cosine of x in radians.",
  keeps = { "x" }, example = "print(K.cos(dw.tensor { 0, math.pi / 3 }))",
  backward = { x = function(g, _, x) return -(g * K.sin(x)) end },
}

unary "expm1" {
  doc = "exp(x) - 1, exact near 0.",
  keeps = { "result" },
  backward = { x = function(g, y) return g * (y + 1) end },
  differs = "Keras's backend does not have it.",
  example = "print(K.expm1(dw.tensor { 0, 1 }))",
}

unary "log1p" {
  doc = "log(1 + x), exact near 0: -inf of -1, NaN below.",
  keeps = { "x" },
  backward = { x = function(g, _, x) return g / (x + 1) end },
  differs = "Keras's backend does not have it.",
  example = "print(K.log1p(dw.tensor { 0, 1 }))",
}

unary "tanh" {
  doc = "The hyperbolic tangent.",
  keeps = { "result" }, example = "print(K.tanh(dw.tensor { -1, 0, 1 }))",
  backward = { x = function(g, y) return g * (1 - y * y) end },
}

unary "sigmoid" {
  doc = "1 / (1 + exp(-x)).",
  keeps = { "result" }, example = "print(K.sigmoid(dw.tensor { -1, 0, 1 }))",
  backward = { x = function(g, y) return g * (y * (1 - y)) end },
}

-- What of g flows through where x is above the threshold and below the largest value: Keras takes the slope at
-- max_value 6 from relu6, which has none there, and at other largest values from clip, which has one.
local function through(g, x, o)
  local open = K.greater(x, o.threshold)
  if o.max_value then
    local below = o.max_value == 6 and o.threshold == 0 and K.less or K.less_equal
    open = K.logical_and(open, below(x, o.max_value))
  end
  return K.where(open, g, 0)
end

local rectified = core.elementwise("relu", "relu", "new", "x")
local above = core.elementwise("greater", "relu", "new", "x", "threshold")
local below = core.elementwise("less", "relu", "new", "x", "threshold")
local choose = core.elementwise("where", "relu", "new", "condition", "x", "y")
local capped = core.elementwise("clip", "relu", "new", "x", "min_value", "max_value")
local sum, difference = core.elementwise("add", "relu", "first", "x", "y"),
  core.elementwise("subtract", "relu", "new", "x", "threshold")
local scaled = core.elementwise("multiply", "relu", "new", "x", "alpha")

op "relu" {
  doc = [[
x above the threshold and 0 elsewhere, clipped to 0..max_value if there is one; alpha*(x - threshold) is added where x
is below the threshold.]],
  args = { "x" },
  options = { alpha = options.number(0), max_value = options.number(), threshold = options.number(0) },
  shapes = { x = "any numbers", result = "x's" },
  forward = function(x, o)
    local y = o.threshold == 0 and rectified(x) or choose(above(x, o.threshold), x, 0)
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
  backward = { x = function(g, _, x) return g * K.exp(-(x * x)) * (2 / math.sqrt(math.pi)) end },
  differs = "Keras's backend does not have it.",
}

-- Bounds as Keras reads them: none is infinite, and a largest number below the smallest is the smallest.
local clip3 = core.elementwise("clip", "clip", "new", "x", "min_value", "max_value")
local unbounded = core.named(core.alias, "clip")
local at_least = core.elementwise("maximum", "clip", "new", "x", "min_value")
local at_most = core.elementwise("minimum", "clip", "new", "x", "max_value")

local function inside(x, low, high)
  local over = low and K.greater_equal(x, low)
  local under = high and K.less_equal(x, high)
  return over and under and K.logical_and(over, under) or over or under
end

op "clip" {
  doc = [[
x, but not below min_value nor above max_value, each a number, a tensor or nil for no bound; NaN stays. A max_value
below min_value counts as min_value. The gradient is 1 at both bounds.]],
  args = { "x", "min_value", "max_value" },
  optional = { min_value = true, max_value = true },
  shapes = { x = ANY, min_value = ANY .. ", or nil", max_value = ANY .. ", or nil", result = "all, broadcast" },
  forward = function(x, low, high)
    if low == nil and high == nil then return unbounded(x) end
    if high == nil then return at_least(x, low) end
    if low == nil then return at_most(x, high) end
    if type(low) == "number" and type(high) == "number" and high < low then high = low end
    return clip3(x, low, high)
  end,
  keeps = { "x", "min_value", "max_value" },
  backward = {
    x = function(g, _, x, low, high)
      if not (low or high) then return g end
      return K.sum_to(K.where(inside(x, low, high), g, 0), x.shape)
    end,
    min_value = function(g, _, x, low) return K.sum_to(K.where(K.less(x, low), g, 0), low.shape) end,
    max_value = function(g, _, x, low, high)
      local over = K.greater(x, high)
      if low then over = K.logical_and(over, K.greater_equal(x, low)) end
      return K.sum_to(K.where(over, g, 0), high.shape)
    end,
  },
  method = true,
  sample = function(R) return R { 2, 3 }, R({ 2, 1 }, -0.6, -0.4), R({ 3 }, 0.4, 0.6) end,
  example = "print(K.clip(dw.tensor { -3, 0.5, 3 }, -1, 1))",
  errors = BROADCAST,
}

return { unary = unary, binary = binary, op = op, ANY = ANY, BROADCAST = BROADCAST }
