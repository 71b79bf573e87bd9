-- ops/norm.lua: normalization.

local args = require "dwconv.args"
local ops = require "dwconv.ops"

local op = ops.family "norm"
local K = ops.calls
local kinds = args.kinds

local LEAST_SQUARE <const> = 1e-12 -- Keras's

op "l2_normalize" {
  doc = "x over the root of its sum of squares along the axes (over all of them if none is given), of at least 1e-12.",
  args = { { "x", kinds.tensor("any; float32 or float64", { dtype = "floats" }) } },
  options = { axis = kinds.axes() },
  result = "x's",
  forward = function(x, o)
    local squares = K.sum(K.square(x), { axis = o.axis, keepdims = true })
    return x * K.rsqrt(K.maximum(squares, LEAST_SQUARE))
  end,
  backward = "parts",
  method = true,
  sample = function(R) return R { 2, 3 }, { axis = 1 } end,
  errors = "An axis that x does not have, or that is named twice.",
  example = "print(K.l2_normalize(dw.tensor { { 3, 4 }, { 0, 0 } }, { axis = 2 }))",
}
