-- ops/join.lua: tensors put together, and repeated.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "join"
local copy_ = core.methods.copy_
local K = ops.calls
local check, kinds, raise, show = args.check, args.kinds, args.raise, args.show
local tensor, product = kinds.tensor, check.product
local MOST_PARTS = 1 << 16 -- the most results that a Lua function can give

-- The shape of all of them along the axis; they must agree otherwise.
local function joint_shape(tensors, axis)
  local first, shape = tensors[1], tensors[1].shape
  for i = 2, #tensors do
    local t, other = tensors[i], tensors[i].shape
    local fits = #other == #shape
    for k = 1, #shape do fits = fits and (k == axis or other[k] == shape[k]) end
    if not fits then
      raise("tensors[1] is %s but tensors[%d] is %s; they may differ on axis %d only", first.shape, i, other, axis)
    end
    if t.dtype ~= first.dtype then check.same_dtype(first, "tensors[1]", t, ("tensors[%d]"):format(i)) end
    shape[axis] = shape[axis] + other[axis]
  end
  return shape
end

op "concatenate" {
  doc = "Tensors one after another along an axis.",
  args = { { "tensors", kinds.list("a table of tensors that differ on the axis only", { axes = 1 }) } },
  options = { axis = kinds.axis(-1) },
  result = "the sum of sizes on the axis",
  forward = function(tensors, o)
    local axis = check.axis(o.axis, tensors[1].ndim)
    local y, first = core.empty(joint_shape(tensors, axis), tensors[1].dtype), 1
    for _, t in ipairs(tensors) do
      local n = t.shape[axis]
      copy_(core.narrow(y, axis, first, n), t)
      first = first + n
    end
    return y
  end,
  keeps = {},
  backward = {
    tensors = function(g, _, tensors, o)
      local axis, first, grads = check.from_front(o.axis, #tensors[1].shape), 1, {}
      for i, t in ipairs(tensors) do
        grads[i] = K.narrow(g, axis, first, t.shape[axis])
        first = first + t.shape[axis]
      end
      return grads
    end,
  },
  sample = function(R) return { R { 2, 3 }, R { 2, 1 } }, { axis = 2 } end,
  example = "print(K.concatenate({ dw.ones { 1, 2 }, dw.zeros { 2, 2 } }, { axis = 1 }))",
  errors = "Tensors whose dtypes differ, or whose sizes differ on another axis; an axis that they do not have.",
}

op "stack" {
  doc = "Tensors of one shape along a new axis.",
  args = { { "x", kinds.list "a table of tensors of one shape" } },
  options = { axis = kinds.axis(1) },
  result = "theirs, with the new axis",
  forward = function(x, o)
    for i = 2, #x do
      local first, other = show(x[1]), show(x[i]) -- shape and dtype
      if first ~= other then raise("x[1] is %s but x[%d] is %s", first, i, other) end
    end
    local axis, rows = check.axis(o.axis, x[1].ndim + 1), {}
    for i, t in ipairs(x) do rows[i] = K.expand_dims(t, { axis = axis }) end
    return K.concatenate(rows, { axis = axis })
  end,
  backward = "parts",
  sample = function(R) return { R { 2, 3 }, R { 2, 3 } }, { axis = -1 } end,
  example = "print(K.stack { dw.tensor { 1, 2 }, dw.tensor { 3, 4 } })",
  errors = "Shapes or dtypes that differ, an axis that the result does not have.",
}

local MOST <const> = 1 << 31
local count = kinds.whole(nil, 0, MOST) -- so no size overflows before the core has looked at it

-- x as rows of what lies from axis `first` on, each `times` times in place; axis `axis` grows. Three axes do, whatever
-- the rank.
local function repeated(x, times, first, axis)
  local shape = x.shape
  local rows, row = product(shape, 1, first - 1), product(shape, first, #shape)
  shape[axis] = shape[axis] * times
  return K.reshape(K.broadcast_to(K.reshape(x, { rows, 1, row }), { rows, times, row }), shape)
end

-- For counts of each slice, the slice that comes at each place of the result.
local function places(rep, n)
  local counts = check.is_tensor(rep) and rep:to_table() or rep
  if type(counts) ~= "table" or #counts ~= n then
    raise("rep must be a whole number, or %d of them, one for each slice, got %s", n, show(rep))
  end
  local total, first = 0, 1
  for i, times in ipairs(counts) do
    count:check(("rep[%d]"):format(i), times)
    if times > 2 ^ 48 - total then raise "rep makes too large a tensor" end
    total = total + times
  end
  local indices = core.empty({ total }, "int64")
  for i, times in ipairs(counts) do
    core.narrow(indices, 1, first, times):fill(i)
    first = first + times
  end
  return indices
end

-- The slices of x at indices along an axis.
local function at_places(x, axis, indices)
  if axis == 1 then return K.gather(x, indices) end
  return K.swapaxes(K.gather(K.swapaxes(x, 1, axis), indices), 1, axis)
end

local wholes, whole_tensor = kinds.wholes(), tensor("", { rank = 1, dtype = "whole numbers" })

local repeats = kinds.new {
  annotation = "integer|integer[]|dwconv.Tensor",
  expected = "a whole number, or a table or tensor of them, one for each slice",
  read = function(v) return whole_tensor.read(v) or wholes.read(v) end,
}

op "repeat_elements" {
  doc = "Each slice along an axis, rep times in place; or each its own number of times.",
  args = { { "x", tensor "any" } },
  values = { { "rep", repeats }, { "axis", kinds.axis() } },
  result = "x's, the axis rep times as long",
  forward = function(x, rep, axis)
    if type(rep) ~= "number" then return at_places(x, axis, places(rep, x.shape[axis])) end
    count:check("rep", rep)
    return repeated(x, rep, axis + 1, axis)
  end,
  backward = "parts",
  sample = function(R) return R { 2, 3 }, 2, -1 end,
  example = "print(K.repeat_elements(dw.tensor { 1, 2 }, 2, 1))",
  errors = "A negative rep, more or fewer than slices, an axis that x does not have.",
}

op "repeat_" {
  doc = "Each row of x, n times: K[\"repeat\"], which Lua cannot write as K.repeat.",
  args = { { "x", tensor("b,d", { rank = 2 }) } },
  values = { { "n", count, "a whole number" } },
  result = "b,n,d",
  alias = "repeat",
  forward = function(x, n)
    return repeated(K.expand_dims(x, { axis = 2 }), n, 2, 2)
  end,
  backward = "parts",
  sample = function(R) return R { 2, 3 }, 4 end,
  example = 'print(K["repeat"](dw.tensor { { 1, 2 } }, 2))',
  errors = "An x that is not of rank 2, a negative n.",
}

op "tile" {
  doc = "x repeated as a whole, n[i] times along axis i; a number stands for {n}.",
  args = { { "x", tensor "any" } },
  values = { { "n", kinds.wholes "a whole number, or a table of them, one for each axis" } },
  result = "x's times n",
  forward = function(x, n)
    local counts, rank = type(n) == "table" and n or { n }, x.ndim
    if #counts ~= rank then
      raise("n must have one number for each of the %d axes of x, got %d", rank, #counts)
    end
    for i = 1, rank do count:check(("n[%d]"):format(i), counts[i]) end
    for axis = rank, 1, -1 do x = repeated(x, counts[axis], axis, axis) end
    return x
  end,
  backward = "parts",
  method = true,
  sample = function(R) return R { 2, 3 }, { 2, 1 } end,
  example = "print(K.tile(dw.tensor { 1, 2 }, 2))",
  errors = "More or fewer numbers than axes, a negative number.",
}

-- ---- cut and turned --------------------------------------------------------------------------------

-- The sizes of the parts of n: a number of equal ones, or a table, in which -1 is what is left.
local function part_sizes(sizes, n, axis)
  local list, sum, free = {}, 0, nil
  if type(sizes) == "table" then
    for i, size in ipairs(sizes) do
      if size == -1 and not free then
        free = i
      else
        if size < 0 or size > MOST then count:check(("sizes[%d]"):format(i), size) end
        list[i] = size
        if list[i] > n - sum then sum = n + 1 break end
        sum = sum + list[i]
      end
    end
    if free then list[free], sum = n - sum, math.max(n, sum) end
    if #list > 0 and sum == n then return list end
    raise("sizes must add up to %d, the size of axis %d, got %s", n, axis, show(sizes))
  end
  if sizes < 1 or n % sizes ~= 0 or sizes > MOST_PARTS then
    raise("axis %d of size %d cannot be cut into %d equal parts", axis, n, sizes)
  end
  for i = 1, sizes do list[i] = n // sizes end
  return list
end

op "split" {
  doc = [[
x cut along an axis into views: into a number of equal parts, or into parts of the given sizes, one of which may be -1
for what is left. The parts are several results, of which { K.split(...) } makes a table.]],
  args = { { "x", tensor "any" } },
  values = { { "sizes", kinds.wholes() } },
  options = { axis = kinds.axis(1) },
  result = kinds.gives("dwconv.Tensor ...", "the parts", true),
  forward = function(x, sizes, o)
    local axis = check.axis(o.axis, x.ndim)
    local parts, first = part_sizes(sizes, x.shape[axis], axis), 1
    if #parts > MOST_PARTS then raise("at most %d parts, got %d", MOST_PARTS, #parts) end
    for i, size in ipairs(parts) do
      parts[i] = K.narrow(x, axis, first, size)
      first = first + size
    end
    return table.unpack(parts)
  end,
  backward = "parts",
  method = true,
  differs = "Keras's backend does not have it.",
  sample = function(R) return R { 2, 5 }, { 2, -1 }, { axis = 2 } end,
  example = "print(K.split(dw.tensor { 1, 2, 3, 4 }, 2))\nprint(K.split(dw.tensor { 1, 2, 3 }, { 1, -1 }))",
  errors = "An axis that x does not have, sizes that do not add up to its own, or that cannot be equal.",
}

-- x turned by shift along an axis.
local function rolled(x, shift, axis)
  local n = x.shape[axis]
  shift = n > 0 and shift % n or 0
  if shift == 0 then return K.clone(x) end
  return K.concatenate({ K.narrow(x, axis, n - shift + 1, shift), K.narrow(x, axis, 1, n - shift) }, { axis = axis })
end

local whole = kinds.whole()

op "roll" {
  doc = [[
x rolled along an axis: what leaves at its end comes in at its beginning; a negative shift goes the other way.
Tables of shifts and axes go together; without an axis the numbers are turned as one row.]],
  args = { { "x", tensor "any" } },
  values = { { "shift", kinds.wholes "a whole number, or a table of them, one for each axis" } },
  options = { axis = kinds.axes() },
  result = "x's",
  forward = function(x, shift, o)
    local axes = type(o.axis) == "table" and o.axis or { o.axis }
    local shifts, y = type(shift) == "table" and shift or { shift }, x
    if o.axis == nil then
      return K.reshape(rolled(K.reshape(x, { -1 }), whole:check("shift", shift), 1), x.shape)
    elseif #axes ~= #shifts then
      raise("shift must be one number for each of the %d axes, got %s", #axes, show(shift))
    end
    for i, axis in ipairs(axes) do y = rolled(y, shifts[i], check.axis(axis, x.ndim)) end
    return y == x and K.clone(x) or y
  end,
  backward = "parts",
  linear = true,
  method = true,
  differs = "Keras's backend does not have it.",
  sample = function(R) return R { 2, 5 }, { 1, -2 }, { axis = { 1, 2 } } end,
  example = "print(K.roll(dw.tensor { 1, 2, 3, 4 }, 1))",
  errors = "An axis that x does not have, more or fewer shifts than axes.",
}

op "one_hot" {
  doc = "For each index a row of num_classes zeros with a 1 at the index.",
  args = {},
  values = {
    { "indices", kinds.indices "any", "any; int32, int64 or uint8, from 1 to num_classes" },
    { "num_classes", kinds.count() },
  },
  result = "theirs, num_classes; float32",
  forward = core.one_hot,
  backward = "none",
  reason = "indices have no gradient",
  differs = "Classes count from 1; outside them an index is an error.",
  sample = function() return core.tensor({ 2, 3, 1 }, "int32", "float32"), 4 end,
  example = "print(K.one_hot(dw.tensor({ 2, 1 }, { dtype = \"int32\" }), 3))",
  errors = "An index outside 1 to num_classes.",
}
