-- ops/compare.lua: elementwise ops that ask and choose: comparisons, logic, where. Their kernels are in
-- kernels/elementwise.c.

local core = require "dwconv.core"
local ops = require "dwconv.ops"
local elementwise = require "dwconv.ops.elementwise"

local op, unary, binary = elementwise.op, elementwise.unary, elementwise.binary
local either, BROADCAST = elementwise.either, elementwise.BROADCAST
local K = ops.calls

local function comparison(name, sign)
  return binary(name, "x", "y") {
    doc = ("Whether x %s y, as bool. The operator == of Lua is identity, so comparisons are functions."):format(sign),
    result = "both, broadcast; bool", method = true,
    backward = "none", reason = "its result is bool",
    example = ("print(K.%s(dw.tensor { 1, 2, 3 }, 2))"):format(name),
    errors = BROADCAST .. (sign:find "[<>]" and " Bools." or ""),
  }
end

comparison("equal", "==")
comparison("not_equal", "~=")
comparison("greater", ">")
comparison("greater_equal", ">=")
comparison("less", "<")
comparison("less_equal", "<=")

local function truth(shape) return function(R) return K.greater(R { 2, 3 }, 0), K.greater(R(shape), 0) end end

for name, sign in pairs { logical_and = "and", logical_or = "or", logical_xor = "~=" } do
  binary(name, "x", "y") {
    doc = ("x %s y, of bools."):format(sign),
    result = "both, broadcast; bool", method = true,
    backward = "none", reason = "its result is bool",
    sample = truth { 2, 1 },
    example = ("print(K.%s(dw.tensor { true, false }, dw.tensor { { true }, { false } }))"):format(name),
    errors = "Shapes that do not broadcast, tensors that are not bool.",
  }
end

unary "logical_not" {
  doc = "not x, of bools.",
  takes = "any; bool", backward = "none", reason = "its result is bool",
  sample = function(R) return (truth { 1 }(R)) end,
  example = "print(K.logical_not(dw.tensor { true, false }))",
}

for name, doc in pairs {
  isnan = "Whether x is NaN; whole numbers and bools never are.",
  isinf = "Whether x is infinite, of either sign; whole numbers and bools never are.",
  isfinite = "Whether x is neither NaN nor infinite; whole numbers and bools always are.",
} do
  unary(name) {
    doc = doc,
    takes = "any", result = "x's; bool", backward = "none", reason = "its result is bool",
    differs = "Keras's backend does not have it.",
    example = ("print(K.%s(dw.tensor { 1, 0 / 0, -1 / 0 }))"):format(name),
  }
end

op "where" {
  doc = "x where condition is true, else y.",
  args = {
    { "condition", either("bool; any shape that broadcasts", "dwconv.Tensor|boolean") },
    { "x", either() },
    { "y", either() },
  },
  result = "all, broadcast",
  forward = core.elementwise("where", "new", "condition", "x", "y"),
  keeps = { "condition" },
  backward = {
    condition = false,
    x = function(g, _, condition, x) return K.sum_to(K.where(condition, g, 0), x.shape) end,
    y = function(g, _, condition, _, y) return K.sum_to(K.where(condition, 0, g), y.shape) end,
  },
  sample = function(R) return K.greater(R { 2, 3 }, 0), R { 2, 1 }, R { 3 } end,
  example = "x = dw.tensor { -1, 2 }\nprint(K.where(x:greater(0), x, 0))",
  errors = BROADCAST,
}
