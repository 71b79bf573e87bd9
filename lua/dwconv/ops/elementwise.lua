-- ops/elementwise.lua: ops that work number by number, with NumPy's broadcasting: how their records are made,
-- arithmetic and extremes; functions.lua has the functions of one number, compare.lua what asks and chooses. A kernel
-- of the same name computes most; kernels/elementwise_list.h lists them. A gradient is summed over the axes that were
-- stretched.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "elementwise"
local K = ops.calls
local kinds, is_tensor = args.kinds, args.check.is_tensor
local tensor, either = kinds.tensor, kinds.tensor_or_number

local BROADCAST = "Shapes that do not broadcast, dtypes that differ, a number that the tensors' dtype cannot hold."
local DIVISOR = "A whole divisor of 0."

local function fitted(f) -- the gradient f gives, in the shape of argument i
  return function(i)
    return function(g, y, ...) return K.sum_to(f(g, y, ...), select(i, ...).shape) end
  end
end

-- The part of g that flows on through a derivative: g * slope, and 0 where g is 0, whatever the slope. So numbers that
-- a result does not depend on, such as those that where() did not take, get no NaN for an infinite slope.
local function times(g, slope) return K.gradient_product(g, slope) end

-- One tensor in, one of its shape out. `slope`: function(y, x) -> the derivative; `over`: the same, of what 1 is
-- divided by.
local function unary(name)
  return function(r)
    r.args = { { "x", tensor(r.takes or "any; float32 or float64") } }
    r.result, r.method = r.result or "x's", r.method == nil or r.method
    local slope, over = r.slope, r.over
    if slope then r.backward = { x = function(g, y, x) return times(g, slope(y, x)) end } end
    if over then r.backward = { x = function(g, y, x) return K.gradient_quotient(g, over(y, x)) end } end
    r.forward = r.forward or core.elementwise(name, "new", "x")
    r.sample = r.sample or function(R) return R { 2, 3 } end
    return op(name)(r)
  end
end

-- Two tensors, or a tensor and a number. `gradients`: one for each of them.
local function binary(name, a, b)
  return function(r)
    r.args = { { a, either() }, { b, either() } }
    r.errors, r.result = r.errors or BROADCAST .. (r.result and "" or " Bools."), r.result or "both, broadcast"
    r.forward = r.forward or core.elementwise(name, r.floats and "float" or "new", a, b)
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
  gradients = { function(g, _, _, b) return times(g, b) end, function(g, _, a) return times(g, a) end },
  example = "print(dw.tensor { 1, 2 } * dw.tensor { { 10 }, { 20 } })",
}

binary("divide", "a", "b") {
  doc = "a / b. Whole numbers become K.floatx() first.",
  floats = true,
  metamethod = "__div", keeps = { a = { "b" }, b = { "b", "result" } }, method = true,
  sample = function(R) return R { 2, 3 }, R({ 2, 1 }, 0.5, 2) end,
  gradients = {
    function(g, _, _, b) return K.gradient_quotient(g, b) end,
    function(g, y, _, b) return -times(g, y / b) end,
  },
  example = "print(dw.tensor { 1, 2 } / 4)", errors = "Shapes that do not broadcast, dtypes that differ; bools.",
}

binary("floor_divide", "a", "b") {
  doc = [[
The largest whole number that is not above a / b, so that (a // b)*b + a % b is a, except for rounding: 1 // 0.1 is 9. A
whole divisor of 0 is an error.]],
  metamethod = "__idiv", method = true,
  backward = "none", noted = true, reason = "it is constant between its steps",
  example = "print(dw.tensor { 7, -7 } // 2)",
  errors = BROADCAST .. " " .. DIVISOR,
}

binary("mod", "a", "b") {
  doc = "The remainder of a // b: a - (a // b)*b, exactly, with the sign of b. A whole divisor of 0 is an error.",
  metamethod = "__mod", keeps = { a = {}, b = { "a", "b" } }, method = true,
  sample = function() return core.tensor({ { 1.3, -2.3, 4.0 }, { 0.6, 5.1, -0.4 } }, "float64", "float64"),
    core.tensor({ { 0.7 }, { -1.1 } }, "float64", "float64") end,
  gradients = { function(g) return g end, function(g, _, a, b) return -times(g, a // b) end },
  example = "print(dw.tensor { 7, -7 } % 3)",
  errors = BROADCAST .. " " .. DIVISOR,
}

-- b*a^(b-1), and 0 where b is 0, whatever a.
local function power_gradient(g, _, a, b)
  if type(b) == "number" then
    if b == 0 then return K.zeros_like(g) end
    if b == 1 then return g end
    if b == 2 then return times(g, a * 2) end
    return times(g, K.power(a, b - 1) * b)
  end
  return times(K.where(K.equal(b, 0), 0, g), K.power(a, b - 1) * b)
end

-- log(a)*a^b, and 0 where a <= 0, as Keras has it.
local function exponent_gradient(g, y, a)
  if type(a) == "number" then return a > 0 and times(g, y * math.log(a)) or K.zeros_like(g) end
  return times(K.where(K.greater(a, 0), g, 0), y * K.log(a))
end

-- Most powers are squares.
local function power_of(a, b)
  local power, square = core.elementwise("power", "new", a, b), core.elementwise("square", "new", a)
  return function(x, y)
    if y == 2 and is_tensor(x) then return square(x) end
    return power(x, y)
  end
end

for name, b in pairs { power = "b", pow = "a" } do
  local a = name == "power" and "a" or "x"
  binary(name, a, b) {
    reads = "core",
    forward = power_of(a, b),
    doc = ("%s to the power of %s. A negative base with a fractional exponent gives NaN; whole numbers with negative "
      .. "exponents are an error. The gradient of %s is 0 where %s is not above 0: there is none for most %s."):format(
      a, b, b, a, b),
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

-- ---- helpers of gradients -------------------------------------------------------------------------

local function gradient_op(name, sign, gradients, keeps)
  binary(name, "g", "slope") {
    doc = ("g %s slope, and 0 where g is 0, whatever slope is: the part of a gradient that flows on."):format(sign),
    keeps = keeps, gradients = gradients,
    differs = "Keras's backend does not have it.",
    sample = function(R) return R { 2, 3 }, R({ 2, 1 }, 0.5, 2) end,
    example = ("print(K.%s(dw.tensor { 0, 2 }, dw.tensor { 1 / 0, 3 }))"):format(name),
  }
end

gradient_op("gradient_product", "*", {
  function(gg, _, _, slope) return times(gg, slope) end, function(gg, _, g) return times(gg, g) end,
}, { g = { "slope" }, slope = { "g" } })

gradient_op("gradient_quotient", "/", {
  function(gg, _, _, slope) return K.gradient_quotient(gg, slope) end,
  function(gg, y, _, slope) return -times(gg, K.gradient_quotient(y, slope)) end,
}, { g = { "slope" }, slope = { "slope", "result" } })

-- ---- extremes ------------------------------------------------------------------------------------

binary("maximum", "x", "y") {
  doc = "The larger of x and y; NaN on either side gives NaN. Where they are equal, the gradient goes to x.",
  keeps = { "x", "y" }, method = true,
  gradients = {
    function(g, _, x, y) return K.where(K.greater_equal(x, y), g, 0) end,
    function(g, _, x, y) return K.where(K.greater_equal(x, y), 0, g) end,
  },
  example = "print(K.maximum(dw.tensor { 1, 5 }, 3))",
}

binary("minimum", "x", "y") {
  doc = "The smaller of x and y; NaN on either side gives NaN. Where they are equal, the gradient goes to x.",
  keeps = { "x", "y" }, method = true,
  gradients = {
    function(g, _, x, y) return K.where(K.less_equal(x, y), g, 0) end,
    function(g, _, x, y) return K.where(K.less_equal(x, y), 0, g) end,
  },
  example = "print(K.minimum(dw.tensor { 1, 5 }, 3))",
}

-- Bounds as Keras reads them: none is infinite, and a largest number below the smallest is the smallest.
local clip3 = core.elementwise("clip", "new", "x", "min_value", "max_value")
local at_least = core.elementwise("maximum", "new", "x", "min_value")
local at_most = core.elementwise("minimum", "new", "x", "max_value")

-- Of two numbers, a highest below the lowest is the lowest; of tensors, the lowest wins number by number.
local function bounds(low, high)
  if type(low) == "number" and type(high) == "number" and high < low then return low, low end
  return low, high
end

-- Whether clip takes x or max_value rather than min_value, and whether it takes x rather than max_value; nil means
-- always.
local function choices(x, low, high)
  low, high = bounds(low, high)
  local above = low and K.greater_equal(high and K.minimum(x, high) or x, low)
  return above, high and K.less_equal(x, high)
end

op "clip" {
  doc = [[
x, but neither below min_value nor above max_value: each is a number, a tensor or nil for no bound; NaN on any side
gives NaN. A max_value below min_value counts as min_value. The gradient is 1 at both bounds.]],
  args = { { "x", either() }, { "min_value", kinds.optional(either()) }, { "max_value", kinds.optional(either()) } },
  result = "all, broadcast",
  reads = "core",
  forward = function(x, low, high)
    if low == nil and high == nil then return core.alias(x) end
    if high == nil then return at_least(x, low) end
    if low == nil then return at_most(x, high) end
    return clip3(x, bounds(low, high))
  end,
  keeps = { "x", "min_value", "max_value" },
  backward = {
    x = function(g, _, x, low, high)
      local above, below = choices(x, low, high)
      if above then g = K.where(above, g, 0) end
      if below then g = K.where(below, g, 0) end
      return K.sum_to(g, x.shape)
    end,
    min_value = function(g, _, x, low, high) return K.sum_to(K.where(choices(x, low, high), 0, g), low.shape) end,
    max_value = function(g, _, x, low, high)
      local above, below = choices(x, low, high)
      if above then g = K.where(above, g, 0) end
      return K.sum_to(K.where(below, 0, g), high.shape)
    end,
  },
  method = true,
  sample = function(R) return R { 2, 3 }, R({ 2, 1 }, -0.6, -0.4), R({ 3 }, 0.4, 0.6) end,
  example = "print(K.clip(dw.tensor { -3, 0.5, 3 }, -1, 1))",
  errors = BROADCAST,
}

return { op = op, unary = unary, binary = binary, times = times, either = either, BROADCAST = BROADCAST }
