-- ops/gather.lua: elements picked by their index, and sorting. Indices count from 1; outside they are an error.

local core = require "dwconv.core"
local ops = require "dwconv.ops"
local options = require "dwconv.options"

local op = ops.family("gather", "elements picked by index, sorting")
local K = ops.calls
local check_tensor = options.check_tensor

local WHOLE = "int32, int64 or uint8, counting from 1"
local AXIS = "an axis, from 1 or -1 back"
local NO_AXIS = "An axis that x does not have."
local OUTSIDE = "An index outside the axis."
local ALONG = OUTSIDE .. " Other sizes or ranks that differ, an axis that is not there."
local NOT_KERAS = "Keras's backend does not have it."

op "gather" {
  doc = "The rows of reference (along its first axis) at the indices.",
  args = { "reference" },
  values = { "indices" },
  shapes = { reference = "n,...", indices = "any; " .. WHOLE, result = "the indices', then the row's" },
  forward = function(reference, indices) return core.gather(reference, indices) end,
  keeps = { "indices" },
  backward = { reference = function(g, _, x, indices) return K.scatter(g, indices, x.shape[1]) end },
  linear = true,
  differs = "Indices count from 1.",
  sample = function(R) return R { 4, 3 }, core.tensor({ 3, 1, 3 }, "int64", "float32") end,
  example = 'print(K.gather(dw.tensor { 10, 20, 30 }, dw.tensor({ 3, 1 }, { dtype = "int32" })))',
  errors = OUTSIDE .. " A reference of rank 0.",
}

op "scatter" {
  doc = "The gradient of gather: n rows of zeros, to which rows are added at their indices.",
  args = { "rows" },
  values = { "indices", "n" },
  shapes = {
    rows = "the indices', then a row's", indices = "any; " .. WHOLE, n = "a whole number", result = "n, a row's",
  },
  forward = function(rows, indices, n) return core.scatter(rows, indices, n) end,
  keeps = { "indices" },
  backward = { rows = function(g, _, _, indices) return K.gather(g, indices) end },
  linear = true,
  differs = NOT_KERAS,
  sample = function(R) return R { 3, 2 }, core.tensor({ 3, 1, 3 }, "int64", "float32"), 4 end,
  example = 'print(K.scatter(dw.tensor { 5, 6, 7 }, dw.tensor({ 3, 1, 3 }, { dtype = "int32" }), 4))',
  errors = OUTSIDE .. " Rows whose first sizes are not the indices' shape.",
}

local function sample_order() return core.tensor({ { 2, 1 }, { 3, 3 } }, "int64", "float32") end

op "take_along_axis" {
  doc = "Along an axis, the elements at the indices: of each line its own.",
  args = { "x" },
  values = { "indices", "axis" },
  shapes = { x = "any", indices = "x's but on the axis; " .. WHOLE, axis = AXIS, result = "the indices'" },
  forward = function(x, indices, axis) return core.take_along_axis(x, indices, axis) end,
  keeps = { "indices" },
  backward = {
    x = function(g, _, x, indices, axis)
      return K.put_along_axis(g, indices, axis, x.shape[options.from_front(axis, #x.shape)])
    end,
  },
  linear = true,
  differs = NOT_KERAS,
  sample = function(R) return R { 2, 3 }, sample_order(), -1 end,
  example = [[
x = dw.tensor { { 1, 2 }, { 3, 4 } }
print(K.take_along_axis(x, K.argsort(x, { direction = "descending" }), 2))]],
  errors = ALONG,
}

op "put_along_axis" {
  doc = "The gradient of take_along_axis: zeros, n along the axis, to which y is added at the indices.",
  args = { "y" },
  values = { "indices", "axis", "n" },
  shapes = { y = "the indices'", indices = "any; " .. WHOLE, axis = AXIS, n = "a whole number",
    result = "y's, the axis of size n" },
  forward = function(y, indices, axis, n) return core.put_along_axis(y, indices, axis, n) end,
  keeps = { "indices" },
  backward = { y = function(g, _, _, indices, axis) return K.take_along_axis(g, indices, axis) end },
  linear = true,
  differs = NOT_KERAS,
  sample = function(R) return R { 2, 2 }, sample_order(), -1, 4 end,
  example = 'print(K.put_along_axis(dw.tensor { 5, 6 }, dw.tensor({ 3, 1 }, { dtype = "int32" }), 1, 4))',
  errors = ALONG,
}

-- ---- sorting -------------------------------------------------------------------------------------

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
  doc = "The k largest elements along the last axis, largest first, and their positions; of equal ones the first.",
  args = { "x" },
  values = { "k" },
  shapes = { x = "any numbers", k = "a whole number, not above the axis", result = "x's with k last; positions int64" },
  forward = function(x, k)
    local n = check_tensor("top_k", "x", x).ndim > 0 and x.shape[x.ndim] or 0
    if math.type(k) ~= "integer" or k < 0 or k > n then
      core.raise(("top_k: k must be a whole number from 0 to %d, got %s"):format(n, options.show(k)))
    end
    local positions = core.contiguous(core.narrow(order_of("top_k", x, -1, true), -1, 1, k))
    return K.take_along_axis(x, positions, -1), positions
  end,
  backward = "parts",
  differs = NOT_KERAS,
  sample = function(R) return R { 2, 5 }, 3 end,
  example = "values, positions = K.top_k(dw.tensor { 3, 9, 5 }, 2)\nprint(values)\nprint(positions)",
  errors = "A k above the size of the last axis.",
}
