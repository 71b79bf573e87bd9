-- ops/sort.lua: sorting. Positions count from 1.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "sort"
local K = ops.calls
local check, kinds, raise = args.check, args.kinds, args.raise
local tensor = kinds.tensor

local NO_AXIS = "An axis that x does not have."
local NOT_KERAS = "Keras's backend does not have it."

local function options() return { axis = kinds.axis(-1), direction = kinds.oneof { "ascending", "descending" } } end

local function order_of(x, along, descending)
  local rank = x.ndim
  local at = check.axis(along, rank)
  local last = at == rank
  local order = core.argsort(last and x or core.transpose(x, at, rank), descending)
  return last and order or core.transpose(order, at, rank)
end

op "argsort" {
  doc = "The positions of x's elements along an axis in sorted order; equal ones stay in order, NaN comes last.",
  args = { { "x", tensor "any numbers" } },
  options = options(),
  result = "x's; int64, counting from 1",
  forward = function(x, o) return order_of(x, o.axis, o.direction == "descending") end,
  backward = "none",
  reason = "its result is positions",
  method = true,
  differs = NOT_KERAS,
  sample = function(R) return R { 2, 3 }, { axis = 1 } end,
  example = "print(K.argsort(dw.tensor { 30, 10, 20 }))",
  errors = NO_AXIS,
}

op "sort" {
  doc = "The elements along an axis in sorted order; NaN comes last.",
  args = { { "x", tensor "any numbers" } },
  options = options(),
  result = "x's",
  forward = function(x, o)
    return K.take_along_axis(x, order_of(x, o.axis, o.direction == "descending"), o.axis)
  end,
  backward = "parts",
  method = true,
  differs = NOT_KERAS,
  sample = function(R) return R { 2, 3 }, { direction = "descending" } end,
  example = "print(K.sort(dw.tensor { 3, 1, 2 }))",
  errors = NO_AXIS,
}

op "top_k" {
  doc = [[
The k largest elements along an axis, largest first, or the k least, least first, and their positions; of equal ones the
first. NaN comes last.]],
  args = { { "x", tensor("any numbers", { axes = 1 }) } },
  values = { { "k", kinds.whole(), "a whole number, not above the axis" } },
  options = { axis = kinds.axis(-1), largest = kinds.flag(true) },
  result = { "x's, the axis of size k", "and their positions; int64" },
  forward = function(x, k, o)
    local n = x.shape[check.axis(o.axis, x.ndim)]
    if k < 0 or k > n then raise("k must be a whole number from 0 to %d, got %d", n, k) end
    local positions = core.contiguous(core.narrow(order_of(x, o.axis, o.largest), o.axis, 1, k))
    return K.take_along_axis(x, positions, o.axis), positions
  end,
  backward = "parts",
  method = true,
  differs = NOT_KERAS,
  sample = function(R) return R { 2, 5 }, 3 end,
  example = "values, positions = K.top_k(dw.tensor { 3, 9, 5 }, 2)\nprint(values)\nprint(positions)",
  errors = "A k above the size of the axis, an axis that x does not have.",
}

op "in_top_k" {
  doc = [[
Whether the class that targets names is among the k with the largest predictions: in each row, whether fewer than k
are larger than its own. It is false for a target that is no class, and where a prediction in the row is not finite.]],
  args = {},
  values = {
    { "predictions", tensor("n,classes; float32 or float64", { rank = 2, dtype = "floats" }) },
    { "targets", kinds.tensor("n; int32, int64 or uint8, counting from 1", { rank = 1, dtype = "whole numbers" }) },
    { "k", kinds.whole() },
  },
  result = "n; bool",
  forward = function(predictions, targets, k)
    local n, classes = predictions.shape[1], predictions.shape[2]
    if targets.shape[1] ~= n then
      raise("targets (%s) must have one class for each row of predictions (%s)", targets.shape, predictions.shape)
    end
    if classes == 0 then return core.zeros({ n }, "bool") end
    return K.no_grad(function()
      local at = K.cast(targets, "int64")
      local known = K.logical_and(K.greater_equal(at, 1), K.less_equal(at, classes))
      local own = K.take_along_axis(predictions, K.reshape(K.clip(at, 1, classes), { n, 1 }), 2)
      local larger = K.sum(K.cast(K.greater(predictions, own), "int64"), { axis = 2 })
      local finite = K.all(K.isfinite(predictions), { axis = 2 })
      return K.logical_and(K.logical_and(known, finite), K.less(larger, k))
    end)
  end,
  backward = "none",
  reason = "its result is bool",
  differs = "Classes count from 1; float64 too.",
  sample = function(R) return R { 3, 4 }, core.tensor({ 2, 4, 9 }, "int64", "float32"), 2 end,
  example = [[
predictions = dw.tensor { { 0.1, 0.7, 0.2 }, { 0.5, 0.2, 0.3 } }
print(K.in_top_k(predictions, dw.tensor({ 3, 2 }, { dtype = "int32" }), 2))]],
  errors = "Targets that are not as many as rows.",
}
