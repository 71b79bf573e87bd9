-- ops/gather.lua: elements picked by their index. Indices count from 1; outside they are an error.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "gather"
local K = ops.calls
local check, kinds, raise = args.check, args.kinds, args.raise
local tensor = kinds.tensor

local OUTSIDE = "An index outside the axis."
local ALONG = OUTSIDE .. " Other sizes or ranks that differ, an axis that is not there."
local NOT_KERAS = "Keras's backend does not have it."

op "gather" {
  doc = "The rows of reference (along its first axis) at the indices: reference[indices].",
  args = { { "reference", tensor "n,..." } },
  values = { { "indices", kinds.indices "any" } },
  result = "the indices', then the row's",
  forward = core.gather,
  keeps = { "indices" },
  backward = { reference = function(g, _, x, indices) return K.scatter(g, indices, x.shape[1]) end },
  linear = true,
  differs = "Indices count from 1.",
  method = true,
  sample = function(R) return R { 4, 3 }, core.tensor({ 3, 1, 3 }, "int64", "float32") end,
  example = 'print(K.gather(dw.tensor { 10, 20, 30 }, dw.tensor({ 3, 1 }, { dtype = "int32" })))',
  errors = OUTSIDE .. " A reference of rank 0.",
}

op "scatter" {
  doc = "The gradient of gather: n rows of zeros, to which rows are added at their indices.",
  args = { { "rows", tensor "the indices', then a row's" } },
  values = { { "indices", kinds.indices "any" }, { "n", kinds.count() } },
  result = "n, a row's",
  forward = core.scatter,
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
  doc = "The elements at the indices along an axis; each line has its own indices.",
  args = { { "x", tensor "any" } },
  values = { { "indices", kinds.indices "x's but on the axis" }, { "axis", kinds.axis() } },
  result = "the indices'",
  forward = core.take_along_axis,
  keeps = { "indices" },
  backward = {
    x = function(g, _, x, indices, axis)
      return K.put_along_axis(g, indices, axis, x.shape[check.from_front(axis, #x.shape)])
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
  args = { { "y", tensor "the indices'" } },
  values = { { "indices", kinds.indices "any" }, { "axis", kinds.axis() }, { "n", kinds.count() } },
  result = "y's, the axis of size n",
  forward = core.put_along_axis,
  keeps = { "indices" },
  backward = { y = function(g, _, _, indices, axis) return K.take_along_axis(g, indices, axis) end },
  linear = true,
  differs = NOT_KERAS,
  sample = function(R) return R { 2, 2 }, sample_order(), -1, 4 end,
  example = 'print(K.put_along_axis(dw.tensor { 5, 6 }, dw.tensor({ 3, 1 }, { dtype = "int32" }), 1, 4))',
  errors = ALONG,
}

-- ---- masks -----------------------------------------------------------------------------------------

local function mask_kind() return tensor("bool; x's shape, or its first axes", { dtype = "bools", axes = 1 }) end

op "nonzero" {
  doc = "The positions of the elements that are not 0 (false is 0, NaN is not), in row-major order, one in each row.",
  args = { { "x", tensor "any" } },
  result = "how many there are, x's rank; int64, counting from 1",
  forward = core.nonzero,
  backward = "none",
  reason = "its result is positions",
  method = true,
  differs = NOT_KERAS,
  sample = function(R) return R { 2, 3 } end,
  example = "print(K.nonzero(dw.tensor { { 0, 5 }, { 7, 0 } }))",
}

-- The shape of what a mask picks from; and where it is true, counted along all its axes as one.
local function check_mask(x, mask)
  local whole, shape = x.shape, mask.shape
  local fits = #shape <= #whole
  for i, size in ipairs(shape) do fits = fits and size == whole[i] end
  if not fits then
    raise("mask (%s) must have the shape of x (%s), or that of its first axes", shape, whole)
  end
  return table.move(whole, #shape + 1, #whole, 2, { mask.size })
end

local function places_of(mask) return core.reshape(core.nonzero(core.reshape(mask, { -1 })), { -1 }) end

op "boolean_mask" {
  doc = "The numbers of x, or its parts along the first axes, where mask is true, in row-major order: x[mask].",
  args = { { "x", tensor "any" }, { "mask", mask_kind() } },
  result = "how many are true, x's other axes",
  forward = function(x, mask)
    local rows = check_mask(x, mask)
    return K.gather(K.reshape(x, rows), places_of(mask))
  end,
  backward = "parts",
  method = true,
  differs = NOT_KERAS,
  sample = function(R)
    return R { 2, 3, 2 }, core.tensor({ { true, false, true }, { false, true, true } }, "bool", "float32")
  end,
  example = "x = dw.tensor { 3, -1, 2 }\nprint(x[x:greater(0)])",
  errors = "A mask of another shape.",
}

local copy_ = core.methods.copy_ -- of which no tape is told, as ops.write has been
local choose = core.elementwise("where", "new", "mask", "value", "x")

-- v as rows of x's dtype in a shape: a number, a table or a tensor, which stretches as in arithmetic.
local function rows_of(x, v, shape)
  local rows = check.is_tensor(v) and v or core.tensor(v, x.dtype, x.dtype, "value")
  if rows.dtype ~= x.dtype then
    raise("value is %s but the tensor written to is %s; use astype", rows.dtype, x.dtype)
  end
  local given, fits = rows.shape, #rows.shape <= #shape
  for i = 1, #given do
    local size = shape[#shape - #given + i]
    fits = fits and (given[i] == size or given[i] == 1)
  end
  if not fits then raise("value (%s) does not stretch to %s", given, table.concat(shape, "x")) end
  return core.broadcast_to(rows, shape)
end

op "put_mask" {
  doc = "Writes value where mask is true, in place: x[mask] = value. Tensors give their numbers in row-major order.",
  args = { { "x", tensor "any; written in place" } },
  values = {
    { "mask", mask_kind() },
    { "value", kinds.values "a number, a boolean, a table or a tensor, which stretches to x[mask]" },
  },
  result = "x",
  forward = function(x, mask, v)
    local rows = check_mask(x, mask)
    ops.write(x, v)
    if type(v) == "number" or type(v) == "boolean" then
      local stretched = mask.shape
      for i = mask.ndim + 1, x.ndim do stretched[i] = 1 end
      return copy_(x, choose(core.reshape(mask, stretched), v, x))
    end
    local places, flat = places_of(mask), core.reshape(x, rows)
    rows[1] = places.size
    core.put_rows(flat, places, rows_of(x, v, rows))
    return core.owner(flat) == core.owner(x) and x or copy_(x, core.reshape(flat, x.shape))
  end,
  backward = "none",
  reason = "it writes in place",
  home = "method",
  method = true,
  sample = function(R) return R { 2, 3 }, core.tensor({ true, false }, "bool", "float32"), 7 end,
  example = "x = dw.tensor { 3, -1, 2 }\nx[x:less(0)] = 0\nprint(x)",
  errors = "A mask of another shape, a value that does not stretch, or of another dtype.",
}

op "put_rows" {
  doc = "Writes values at indices along the first axis, one after another, in place: x[indices] = value.",
  args = { { "x", tensor("n,...; written in place", { axes = 1 }) } },
  values = {
    { "indices", kinds.indices "any" },
    { "value", kinds.values "a number, a boolean, a table or a tensor, which stretches to x[indices]" },
  },
  result = "x",
  forward = function(x, at, v)
    local shape, row = at.shape, table.move(x.shape, 2, x.ndim, 2, { at.size })
    if #shape + #row - 1 > 8 then raise "x[indices] would have more than 8 axes" end
    local rows = rows_of(x, v, table.move(row, 2, #row, #shape + 1, shape))
    ops.write(x, v)
    core.put_rows(x, core.reshape(at, { -1 }), core.reshape(rows, row))
    return x
  end,
  backward = "none",
  reason = "it writes in place",
  home = "method",
  method = true,
  sample = function(R) return R { 4, 3 }, core.tensor({ 3, 1 }, "int64", "float32"), 7 end,
  example = 'x = dw.tensor { 10, 20, 30 }\nx[dw.tensor({ 3, 1 }, { dtype = "int32" })] = 0\nprint(x)',
  errors = OUTSIDE .. " A value that does not stretch, or of another dtype.",
}
