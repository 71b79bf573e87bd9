-- ops/join.lua: tensors put together, and repeated.

local core = require "dwconv.core"
local ops = require "dwconv.ops"
local options = require "dwconv.options"

local op = ops.family("join", "tensors put together, and repeated")
local copy_ = core.methods.copy_
local K = ops.calls
local check_tensor, product = options.check_tensor, options.product
local MOST_PARTS = 1 << 16 -- so many results a Lua function can give

-- The tensors in a list of our own: the script's may answer otherwise when it is looked at again.
local function check_list(name, argument, tensors)
  if type(tensors) ~= "table" or rawlen(tensors) == 0 then
    core.raise(("%s: %s must be a table of at least one tensor, got %s"):format(name, argument, options.show(tensors)))
  end
  if rawget(tensors, "axis") ~= nil then
    core.raise(('%s: %s has a field "axis"; options go into a table of their own, after it'):format(name, argument))
  end
  local list = {}
  for i = 1, rawlen(tensors) do list[i] = check_tensor(name, ("%s[%d]"):format(argument, i), rawget(tensors, i)) end
  return list
end

-- The shape of all of them along the axis; they must agree otherwise.
local function joint_shape(tensors, axis)
  local first, shape = tensors[1], tensors[1].shape
  for i = 2, #tensors do
    local t, other = tensors[i], tensors[i].shape
    local fits = #other == #shape
    for k = 1, #shape do fits = fits and (k == axis or other[k] == shape[k]) end
    if not fits then
      core.raise(("concatenate: tensors[1] is %s but tensors[%d] is %s; they may differ on axis %d only"):format(
        table.concat(first.shape, "x"), i, table.concat(other, "x"), axis))
    end
    if t.dtype ~= first.dtype then
      core.raise(("concatenate: tensors[1] is %s but tensors[%d] is %s; convert one with astype"):format(
        first.dtype, i, t.dtype))
    end
    shape[axis] = shape[axis] + other[axis]
  end
  return shape
end

local empty = core.named(core.empty, "concatenate")

op "concatenate" {
  doc = "Tensors one after another along an axis.",
  args = { "tensors" },
  list = true,
  options = { axis = options.axis(-1) },
  shapes = { tensors = "a table of tensors that differ on the axis only", result = "the sum of sizes on the axis" },
  forward = function(tensors, o)
    tensors = check_list("concatenate", "tensors", tensors)
    if tensors[1].ndim == 0 then core.raise "concatenate: tensors of rank 0 have no axis; use stack" end
    local axis = options.check_axis("concatenate", "axis", o.axis, tensors[1].ndim)
    local y, first = empty(joint_shape(tensors, axis), tensors[1].dtype), 1
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
      local axis, first, grads = options.from_front(o.axis, #tensors[1].shape), 1, {}
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
  args = { "x" },
  list = true,
  options = { axis = options.axis(1) },
  shapes = { x = "a table of tensors of one shape", result = "theirs, with the new axis" },
  forward = function(x, o)
    x = check_list("stack", "x", x)
    for i = 2, #x do
      if options.show(x[i]) ~= options.show(x[1]) then -- shape or dtype
        core.raise(("stack: x[1] is %s but x[%d] is %s"):format(options.show(x[1]), i, options.show(x[i])))
      end
    end
    local axis, rows = options.check_axis("stack", "axis", o.axis, x[1].ndim + 1), {}
    for i, t in ipairs(x) do rows[i] = K.expand_dims(t, { axis = axis }) end
    return K.concatenate(rows, { axis = axis })
  end,
  backward = "parts",
  sample = function(R) return { R { 2, 3 }, R { 2, 3 } }, { axis = -1 } end,
  example = "print(K.stack { dw.tensor { 1, 2 }, dw.tensor { 3, 4 } })",
  errors = "Shapes or dtypes that differ, an axis that the result does not have.",
}

local MOST <const> = 2 ^ 31 -- counts; so no size overflows before the core has looked at it

local function check_count(name, what, n)
  local whole = options.whole(n)
  if not whole or whole < 0 or whole > MOST then
    core.raise(("%s: %s must be a whole number from 0 to %d, got %s"):format(name, what, MOST, options.show(n)))
  end
  return whole
end

-- x as rows of what lies from axis `first` on, each `times` times in place; axis `axis` grows. Three axes do, whatever
-- the rank.
local function repeated(x, times, first, axis)
  local shape = x.shape
  local rows, row = product(shape, 1, first - 1), product(shape, first, #shape)
  shape[axis] = shape[axis] * times
  return K.reshape(K.broadcast_to(K.reshape(x, { rows, 1, row }), { rows, times, row }), shape)
end

-- For counts of each slice, the slice that comes at each place of the result.
local function places(counts, n)
  local whole = options.is_tensor(counts) and counts.dtype:find "int" and counts.ndim == 1
  if not whole and type(counts) ~= "table" or (whole and #counts or rawlen(counts)) ~= n then
    core.raise(("repeat_elements: rep must be a whole number, or %d of them, one for each slice, got %s"):format(n,
      options.show(counts)))
  end
  counts = whole and counts:to_table() or counts
  local total, first = 0, 1
  for i = 1, n do
    local times = check_count("repeat_elements", ("rep[%d]"):format(i), counts[i])
    if times > 2 ^ 48 - total then core.raise "repeat_elements: rep makes too large a tensor" end
    total = total + times
  end
  local indices = core.named(core.empty, "repeat_elements")({ total }, "int64")
  for i = 1, n do
    local times = options.whole(counts[i])
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

op "repeat_elements" {
  doc = "Each slice along an axis, rep times in place; or each its own number of times.",
  args = { "x" },
  values = { "rep", "axis" },
  shapes = {
    x = "any", rep = "a whole number, or a table or tensor of them, one for each slice",
    axis = "an axis, from 1 or -1 back", result = "x's, the axis rep times as long",
  },
  forward = function(x, rep, axis)
    local rank = check_tensor("repeat_elements", "x", x).ndim
    axis = options.check_axis("repeat_elements", "axis", axis, rank)
    if options.is_tensor(rep) or type(rep) == "table" then return at_places(x, axis, places(rep, x.shape[axis])) end
    rep = check_count("repeat_elements", "rep", rep)
    return repeated(x, rep, axis + 1, axis)
  end,
  backward = "parts",
  sample = function(R) return R { 2, 3 }, 2, -1 end,
  example = "print(K.repeat_elements(dw.tensor { 1, 2 }, 2, 1))",
  errors = "A negative rep, more or fewer than slices, an axis that x does not have.",
}

op "repeat_" {
  doc = "Each row of x, n times: K[\"repeat\"], which Lua cannot write as K.repeat.",
  args = { "x" },
  values = { "n" },
  shapes = { x = "b,d", n = "a whole number", result = "b,n,d" },
  alias = "repeat",
  forward = function(x, n)
    n = check_count("repeat_", "n", n)
    if check_tensor("repeat_", "x", x).ndim ~= 2 then
      core.raise(("repeat_: x must be a tensor of rank 2, got %s"):format(options.show(x)))
    end
    return repeated(K.expand_dims(x, { axis = 2 }), n, 2, 2)
  end,
  backward = "parts",
  sample = function(R) return R { 2, 3 }, 4 end,
  example = 'print(K["repeat"](dw.tensor { { 1, 2 } }, 2))',
  errors = "An x that is not of rank 2, a negative n.",
}

op "tile" {
  doc = "x repeated as a whole, n[i] times along axis i; a number stands for {n}.",
  args = { "x" },
  values = { "n" },
  shapes = { x = "any", n = "a whole number, or one for each axis", result = "x's times n" },
  forward = function(x, n)
    local shape = check_tensor("tile", "x", x).shape
    local given, counts = type(n) == "table" and n or { n }, {}
    if #given ~= #shape then
      core.raise(("tile: n must have one number for each of the %d axes of x, got %d"):format(#shape, #given))
    end
    for i = 1, #shape do counts[i] = check_count("tile", ("n[%d]"):format(i), given[i]) end
    for axis = #shape, 1, -1 do x = repeated(x, counts[axis], axis, axis) end
    return x
  end,
  backward = "parts",
  method = true,
  sample = function(R) return R { 2, 3 }, { 2, 1 } end,
  example = "print(K.tile(dw.tensor { 1, 2 }, 2))",
  errors = "More or fewer numbers than axes, a negative number.",
}

-- ---- cut and turned --------------------------------------------------------------------------------

-- The sizes of the parts of n: so many equal ones, or a table, in which -1 is what is left.
local function part_sizes(sizes, n, axis)
  local list, sum, free = {}, 0, nil
  if type(sizes) == "table" then
    for i = 1, rawlen(sizes) do
      local size = options.whole(sizes[i])
      if size == -1 and not free then
        free = i
      else
        list[i] = check_count("split", ("sizes[%d]"):format(i), sizes[i])
        if list[i] > n - sum then sum = n + 1 break end
        sum = sum + list[i]
      end
    end
    if free then list[free], sum = n - sum, math.max(n, sum) end
    if #list > 0 and sum == n then return list end
    core.raise(("split: sizes must add up to %d, the size of axis %d, got %s"):format(n, axis, options.show(sizes)))
  end
  local parts = check_count("split", "sizes", sizes)
  if parts == 0 or n % parts ~= 0 or parts > MOST_PARTS then
    core.raise(("split: axis %d of size %d cannot be cut into %s equal parts"):format(axis, n, options.show(sizes)))
  end
  for i = 1, parts do list[i] = n // parts end
  return list
end

op "split" {
  doc = [[
x cut along an axis into views: into so many equal parts, or into parts of the given sizes, one of which may be -1, for
what is left. The parts are several results, of which { K.split(...) } makes a table.]],
  args = { "x" },
  values = { "sizes" },
  options = { axis = options.axis(1) },
  shapes = { x = "any", sizes = "a whole number, or a table of them", result = "the parts" },
  forward = function(x, sizes, o)
    local axis = options.check_axis("split", "axis", o.axis, check_tensor("split", "x", x).ndim)
    local parts, first = part_sizes(sizes, x.shape[axis], axis), 1
    if #parts > MOST_PARTS then core.raise(("split: at most %d parts, got %d"):format(MOST_PARTS, #parts)) end
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

local function check_shift(shift, argument)
  local whole = options.whole(shift)
  if whole then return whole end
  core.raise(("roll: %s must be a whole number, got %s"):format(argument, options.show(shift)))
end

op "roll" {
  doc = [[
x turned round along an axis: what leaves at its end comes in at its beginning, for a negative shift the other way.
Tables of shifts and axes go together; without an axis the numbers are turned as one row.]],
  args = { "x" },
  values = { "shift" },
  options = { axis = options.axes() },
  shapes = { x = "any", shift = "a whole number, or a table of them, one for each axis", result = "x's" },
  forward = function(x, shift, o)
    local rank, y = check_tensor("roll", "x", x).ndim, x
    if o.axis == nil then return K.reshape(rolled(K.reshape(x, { -1 }), check_shift(shift, "shift"), 1), x.shape) end
    local axes = type(o.axis) == "table" and o.axis or { o.axis }
    local shifts = type(shift) == "table" and shift or { shift }
    if #axes ~= rawlen(shifts) then
      core.raise(("roll: shift must be one number for each of the %d axes, got %s"):format(#axes, options.show(shift)))
    end
    for i, axis in ipairs(axes) do
      local at = options.check_axis("roll", "axis", axis, rank)
      y = rolled(y, check_shift(shifts[i], "shift"), at)
    end
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
  values = { "indices", "num_classes" },
  shapes = {
    indices = "any; int32, int64 or uint8, from 1 to num_classes", num_classes = "a whole number",
    result = "theirs, num_classes; float32",
  },
  forward = function(indices, n) return core.one_hot(indices, n) end,
  backward = "none",
  reason = "indices have no gradient",
  differs = "Classes count from 1; outside them an index is an error.",
  sample = function() return core.tensor({ 2, 3, 1 }, "int32", "float32"), 4 end,
  example = "print(K.one_hot(dw.tensor({ 2, 1 }, { dtype = \"int32\" }), 3))",
  errors = "An index outside 1 to num_classes.",
}
