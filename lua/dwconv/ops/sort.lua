-- ops/sort.lua: sorting. Positions count from 1.

local core = require "dwconv.core"
local ops = require "dwconv.ops"
local options = require "dwconv.options"

local op = ops.family("sort", "sorting; positions count from 1")
local K = ops.calls
local check_tensor = options.check_tensor

local NO_AXIS = "An axis that x does not have."
local NOT_KERAS = "Keras's backend does not have it."

local function kinds()
  return { axis = options.axis(-1), direction = options.oneof { "ascending", "descending" } }
end

local function order_of(name, x, axis, descending)
  local rank = check_tensor(name, "x", x).ndim
  local at = options.check_axis(name, "axis", axis, rank)
  local last = at == rank
  local order = core.argsort(last and x or core.transpose(x, at, rank), descending)
  return last and order or core.transpose(order, at, rank)
end

op "argsort" {
  doc = "The positions of x's elements along an axis in sorted order; equal ones stay in order, NaN comes last.",
  args = { "x" },
  options = kinds(),
  shapes = { x = "any numbers", result = "x's; int64, counting from 1" },
  forward = function(x, o) return order_of("argsort", x, o.axis, o.direction == "descending") end,
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
  args = { "x" },
  options = kinds(),
  shapes = { x = "any numbers", result = "x's" },
  forward = function(x, o)
    return K.take_along_axis(x, order_of("sort", x, o.axis, o.direction == "descending"), o.axis)
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
  args = { "x" },
  values = { "k" },
  options = { axis = options.axis(-1), largest = options.flag(true) },
  shapes = {
    x = "any numbers", k = "a whole number, not above the axis", result = "x's with k there; positions int64",
  },
  forward = function(x, k, o)
    local rank = check_tensor("top_k", "x", x).ndim
    if rank == 0 then core.raise "top_k: x must have at least one axis, got a tensor of rank 0" end
    local n = x.shape[options.check_axis("top_k", "axis", o.axis, rank)]
    if math.type(k) ~= "integer" or k < 0 or k > n then
      core.raise(("top_k: k must be a whole number from 0 to %d, got %s"):format(n, options.show(k)))
    end
    local positions = core.contiguous(core.narrow(order_of("top_k", x, o.axis, o.largest), o.axis, 1, k))
    return K.take_along_axis(x, positions, o.axis), positions
  end,
  backward = "parts",
  method = true,
  differs = NOT_KERAS,
  sample = function(R) return R { 2, 5 }, 3 end,
  example = "values, positions = K.top_k(dw.tensor { 3, 9, 5 }, 2)\nprint(values)\nprint(positions)",
  errors = "A k above the size of the axis, an axis that x does not have.",
}
