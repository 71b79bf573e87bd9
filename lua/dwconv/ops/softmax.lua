-- ops/softmax.lua: softmax along an axis, and its logarithm. Both gradients have closed forms, in terms of the
-- results.

local args = require "dwconv.args"
local core = require "dwconv.core"
local logits = require "dwconv.ops.logits"
local ops = require "dwconv.ops"

local op = ops.family "softmax"
local K = ops.calls
local check, kinds = args.check, args.kinds

local function softmax(name)
  return function(r)
    r.args = { { "x", kinds.tensor("float32 or float64", { axes = 1, dtype = "floats" }) } }
    r.options, r.result, r.method, r.keeps = { axis = kinds.axis(-1) }, "x's", true, { "result" }
    r.sample = function(R) return R { 2, 3, 4 }, { axis = 2 } end
    r.errors = "An axis that x does not have."
    return op(name)(r)
  end
end

softmax "softmax" {
  forward = function(x, o)
    local axis = check.axis(o.axis, x.ndim)
    return logits.remember(core.softmax(x, axis), x, axis)
  end,
  doc = "exp(x) over the sum of exp(x) along an axis, without overflow. NaN anywhere in a line makes all of it NaN.",
  backward = {
    x = function(g, y, _, o) return y * (g - K.sum(g * y, { axis = o.axis, keepdims = true })) end,
  },
  example = "print(K.softmax(dw.tensor { { 1, 1 }, { 0, 1000 } }))",
}

softmax "log_softmax" {
  forward = function(x, o) return core.log_softmax(x, o.axis) end,
  doc = "The logarithm of softmax: x - logsumexp(x) along an axis, without overflow.",
  backward = {
    x = function(g, y, _, o) return g - K.exp(y) * K.sum(g, { axis = o.axis, keepdims = true }) end,
  },
  differs = "Keras's backend does not have it.",
  example = "print(K.log_softmax(dw.tensor { { 1, 1 }, { 0, 1000 } }))",
}
