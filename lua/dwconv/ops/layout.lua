-- ops/layout.lua: the same numbers in another shape, order or dtype. Views of the same numbers where they can be.

local config = require "dwconv.config"
local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "layout"
local K = ops.calls
local check, kinds = args.check, args.kinds
local tensor = kinds.tensor

-- Axis pattern[i] of x is axis i of the result, so axis i of g is axis pattern[i] of the gradient.
local function inverse(pattern)
  local back = {}
  for i, axis in ipairs(pattern) do back[check.from_front(axis, #pattern)] = i end
  return back
end

-- A view whose gradient only needs x's shape back.
local function reshaped(g, _, x) return K.reshape(g, x.shape) end

for _, name in ipairs { "permute_dimensions", "permute" } do
  op(name) {
    doc = "Reorders the axes of x: axis i of the result is axis pattern[i] of x. A view of the same numbers.",
    args = { { "x", tensor "any" } },
    values = { { "pattern", kinds.table("integer[]", "a table naming each axis once, from 1; -1 is the last") } },
    result = "x's, permuted",
    forward = core.permute_dimensions,
    keeps = {},
    backward = { x = function(g, _, _, pattern) return K.permute_dimensions(g, inverse(pattern)) end },
    linear = true,
    home = name == "permute" and "method" or "K",
    method = name == "permute",
    differs = "Axes count from 1.",
    example = ('print(table.concat(%s{ 1, 4, 2, 3 }).shape, "x"))'):format(
      name == "permute" and "dw.zeros({ 1, 5, 7, 3 }):permute(" or "K.permute_dimensions(dw.zeros { 1, 5, 7, 3 }, "),
    errors = "A pattern that does not name each axis once.",
    sample = function(R) return R { 2, 3, 4 }, { 3, 1, -2 } end,
  }
end

op "transpose" {
  doc = "Reverses the axes of x. A view of the same numbers. As a method, t:transpose(a, b) swaps two axes.",
  args = { { "x", tensor "any" } },
  result = "x's, reversed",
  forward = core.transpose,
  keeps = {},
  backward = { x = function(g) return K.transpose(g) end },
  linear = true,
  sample = function(R) return R { 2, 3, 4 } end,
  example = "print(K.transpose(dw.tensor { { 1, 2, 3 } }))",
}

op "swapaxes" {
  doc = "Swaps axes a and b of x. A view of the same numbers.",
  args = { { "x", tensor "any" } },
  values = { { "a", kinds.axis() }, { "b", kinds.axis() } },
  result = "x's, with the two swapped",
  forward = core.transpose,
  keeps = {},
  backward = { x = function(g, _, _, a, b) return K.swapaxes(g, a, b) end },
  linear = true,
  differs = "Keras's backend does not have it.",
  sample = function(R) return R { 2, 3, 4 }, 1, -1 end,
  example = 'print(table.concat(K.swapaxes(dw.zeros { 2, 3, 4 }, 1, -1).shape, "x"))',
  errors = "An axis that x does not have.",
}

op "reshape" {
  doc = [[
The numbers of x in row-major order in another shape; one size may be -1, for what is left over. A view where that is
possible. Where an empty x gets an empty shape, -1 is what it would be if axes of size 0 had size 1.]],
  args = { { "x", tensor "any" } },
  values = { { "shape", kinds.shape(true), "a table of sizes with as many elements as x" } },
  result = "shape",
  forward = core.reshape,
  keeps = {},
  backward = { x = reshaped },
  linear = true,
  method = true,
  sample = function(R) return R { 2, 3, 4 }, { 4, -1 } end,
  example = "print(K.reshape(dw.arange(6), { 2, -1 }))",
  errors = "A shape with more or fewer elements than x, more than one -1.",
}

op "flatten" {
  doc = "The numbers of x in row-major order along one axis, the batch included.",
  args = { { "x", tensor "any" } },
  result = "one axis",
  reads = "core",
  forward = function(x) return core.reshape(x, { -1 }) end,
  keeps = {},
  backward = { x = reshaped },
  linear = true,
  method = true,
  sample = function(R) return R { 2, 3, 4 } end,
  example = "print(K.flatten(dw.tensor { { 1, 2 }, { 3, 4 } }))",
}

op "batch_flatten" {
  doc = "The numbers of each sample along one axis.",
  args = { { "x", tensor("n,...", { axes = 1 }) } },
  result = "n, all the others",
  forward = function(x)
    local shape = x.shape
    return core.reshape(x, { shape[1], check.product(shape, 2, #shape) })
  end,
  keeps = {},
  backward = { x = reshaped },
  linear = true,
  sample = function(R) return R { 2, 3, 4 } end,
  example = 'print(table.concat(K.batch_flatten(dw.zeros { 2, 3, 4 }).shape, "x"))',
  errors = "An x of rank 0.",
}

op "expand_dims" {
  doc = "A view with one more axis, of size 1. As a method, t:expand_dims(axis).",
  args = { { "x", tensor "any" } },
  options = { axis = kinds.axis(-1) },
  result = "x's with a 1 at the axis, which counts in the result",
  reads = "core",
  forward = function(x, o) return core.expand_dims(x, o.axis) end,
  keeps = {},
  backward = { x = reshaped },
  linear = true,
  sample = function(R) return R { 2, 3 }, { axis = 2 } end,
  example = [[print(table.concat(K.expand_dims(dw.zeros { 2, 3 }, { axis = 1 }).shape, "x"))]],
  errors = "An axis that the result does not have.",
}

op "squeeze" {
  doc = "A view without an axis of size 1; without all of them for nil.",
  args = { { "x", tensor "any" } },
  values = { { "axis", kinds.optional(kinds.axis()), "an axis of size 1, from 1 or -1 back" } },
  result = "x's without the axis",
  forward = core.squeeze,
  keeps = {},
  backward = { x = reshaped },
  linear = true,
  method = true,
  sample = function(R) return R { 2, 1, 3 }, 2 end,
  example = 'print(table.concat(K.squeeze(dw.zeros { 1, 3, 1 }, 1).shape, "x"))',
  errors = "An axis that x does not have, or whose size is not 1.",
}

op "broadcast_to" {
  doc = [[
x stretched to a shape, as NumPy's broadcasting does: a view, in which numbers repeat, so that it cannot be written to
in place.]],
  args = { { "x", tensor "any" } },
  values = { { "shape", kinds.shape() } },
  result = "shape",
  forward = core.broadcast_to,
  keeps = {},
  backward = { x = function(g, _, x) return K.sum_to(g, x.shape) end },
  linear = true,
  method = true,
  differs = "Keras's backend does not have it.",
  sample = function(R) return R { 3, 1 }, { 2, 3, 4 } end,
  example = "print(K.broadcast_to(dw.tensor { 1, 2 }, { 2, 2 }))",
  errors = "A shape to which x's does not broadcast.",
}

for name, doc in pairs {
  clone = "A copy of x, of its own.",
  contiguous = "x itself if its numbers lie in row-major order, else a copy.",
} do
  op(name) {
    doc = doc,
    args = { { "x", tensor "any" } },
    result = "x's",
    forward = core[name],
    keeps = {},
    backward = { x = function(g) return g end },
    linear = true,
    method = true,
    differs = "Keras's backend does not have it.",
    example = ("print(K.%s(K.transpose(dw.tensor { { 1, 2 }, { 3, 4 } })))"):format(name),
    sample = function(R) return core.transpose(R { 2, 3 }) end,
  }
end

op "stop_gradient" {
  doc = "The same numbers, through which no gradient flows; a table of tensors gives a table.",
  args = { { "variables", kinds.tensor_or_list() } },
  result = kinds.gives("dwconv.Tensor|dwconv.Tensor[]", "the same"),
  forward = function(x)
    if type(x) ~= "table" then return core.alias(x) end
    local stopped = {}
    for i, t in ipairs(x) do stopped[i] = K.stop_gradient(t) end
    return stopped
  end,
  backward = "none",
  reason = "that is what it is for",
  noted = true,
  method = true,
  sample = function(R) return R { 2, 3 } end,
  example = [[
x = dw.tensor { 1, 2, 3 }
tape, loss = dw.record(function() return K.sum(x * K.stop_gradient(x)) end)
print(tape:gradients(loss, x))]],
}

local function to_dtype(name)
  return function(r)
    r.keeps, r.linear, r.result = {}, true, "x's"
    r.backward = { x = function(g, _, x) return K.cast(g, x.dtype) end }
    return op(name)(r)
  end
end

for _, name in ipairs { "cast", "astype" } do
  to_dtype(name) {
    doc = [[
A copy of x converted to dtype: integers wrap when they narrow, floats become integers towards zero and stop at the
type's limits (NaN becomes 0), and everything but 0 is true.]],
    args = { { "x", tensor "any" } },
    values = { { "dtype", kinds.dtype() } },
    forward = core.cast,
    home = name == "astype" and "method" or "K",
    method = name == "astype",
    example = name == "cast" and 'print(K.cast(dw.tensor { -1.5, 300 }, "uint8"))'
      or 'print(dw.tensor({ -1.5, 300 }):astype "uint8")',
    differs = "Floats outside an integer type's range are defined.",
    sample = function(R) return R { 2, 3 }, "float64" end,
  }
end

to_dtype "cast_to_floatx" {
  doc = "A copy of a tensor, or a new one of numbers, in K.floatx().",
  args = { { "x", kinds.values() } },
  reads = "core",
  forward = function(x)
    local floatx = config.floatx()
    return core.tensor(x, floatx, floatx, "x")
  end,
  sample = function(R) return R { 2, 3 } end,
  example = "print(K.cast_to_floatx(dw.tensor { true, false }))",
  errors = "Tables whose parts differ in shape, or that hold what is not a number.",
}
