-- ops/view.lua: parts of a tensor. Indices count from 1, and -1 is the last. The gradient of a part is zeros with the
-- part put in: embed, whose own gradient is the part again.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "view"
local K = ops.calls
local kinds, raise, show = args.kinds, args.raise, args.show
local tensor = kinds.tensor

local copy_ = core.methods.copy_

-- What embed knows, by form.
local FORMS = { "index", "narrow", "select", "diagonal", "strided" }
local forms = {
  index = core.index, narrow = core.narrow, select = core.select, diagonal = core.diagonal, strided = core.strided,
}

-- An index or a table of indices and ranges, which the core looks into.
local key = kinds.new {
  annotation = "integer|table",
  expected = "a whole number, or a table of them and of ranges",
  read = function(v) return args.check.whole(v) or type(v) == "table" and v or nil end,
}

local function embedded(form)
  return function(g, _, x, ...)
    local values = table.pack(...)
    return K.embed(g, x.shape, form, { table.unpack(values, 1, values.n - 1) }) -- without the options
  end
end

op "index" {
  doc = [[
What t[key] and t(i, j, ...) give, as a function for gradients and dw.ops: the part of x at a table of one index, or
range {first, last, step}, for each axis ({} is all of it); or at one index of the first axis. With every index given
it is a Lua number.]],
  args = { { "x", tensor "any" } },
  values = { { "key", key } },
  result = kinds.gives("dwconv.Tensor|number", "what is left of x's"),
  forward = core.index,
  keeps = {},
  backward = { x = embedded "index" },
  part = true,
  linear = true,
  differs = "Indices count from 1, and ranges include both ends.",
  sample = function(R) return R { 3, 4, 5 }, { { 1, 3, 2 }, -1, {} } end,
  example = [[
t = dw.tensor { { 1, 2, 3 }, { 4, 5, 6 } }
print(t[{ {}, { 1, 3, 2 } }])
print(t(2, -1))]],
  errors = "An index in a table that is outside its axis, more indices than axes, a step of 0.",
}

op "narrow" {
  doc = "`size` neighbours along an axis, from index `first` on.",
  args = { { "x", tensor "any" } },
  values = { { "axis", kinds.axis() }, { "first", kinds.index() }, { "size", kinds.whole() } },
  result = "x's, the axis of that size",
  forward = core.narrow,
  keeps = {},
  backward = { x = embedded "narrow" },
  part = true,
  linear = true,
  method = true,
  differs = "Keras's backend does not have it.",
  sample = function(R) return R { 3, 4 }, 2, 2, 2 end,
  example = "print(K.narrow(dw.tensor { 1, 2, 3, 4 }, 1, 2, 2))",
  errors = "An axis that x does not have, and a part that goes beyond it.",
}

op "select" {
  doc = "The part at one index of an axis, without that axis; a tensor even if it holds one number.",
  args = { { "x", tensor "any" } },
  values = { { "axis", kinds.axis() }, { "index", kinds.index() } },
  result = "x's without the axis",
  forward = core.select,
  keeps = {},
  backward = { x = embedded "select" },
  part = true,
  linear = true,
  method = true,
  differs = "Keras's backend does not have it.",
  sample = function(R) return R { 3, 4 }, 2, -1 end,
  example = "print(K.select(dw.tensor { { 1, 2 }, { 3, 4 } }, 2, -1))",
  errors = "An axis that x does not have, an index outside it.",
}

op "diagonal" {
  doc = [[
The diagonal over the last two axes, k columns to the right of the main one, or below it for negative k; empty where
there is no such diagonal. A view of the same numbers.]],
  args = { { "x", tensor("...,n,m", { axes = 2 }) } },
  values = { { "k", kinds.optional(kinds.whole()), "a whole number, an offset: 0 is the main diagonal" } },
  result = "...,its length",
  reads = "core",
  forward = function(x, k) return core.diagonal(x, k or 0) end,
  keeps = {},
  backward = { x = function(g, _, x, k) return K.embed(g, x.shape, "diagonal", { k or 0 }) end },
  linear = true,
  method = true,
  differs = "Keras's backend does not have it.",
  sample = function(R) return R { 2, 3, 4 }, 1 end,
  example = "print(K.diagonal(dw.tensor { { 1, 2, 3 }, { 4, 5, 6 } }), K.diagonal(dw.eye(3), -1))",
  errors = "An x of fewer than 2 axes.",
}

local function repeats(shape, strides)
  for i, size in ipairs(shape) do
    if size > 1 and strides[i] == 0 then return true end
  end
  return false
end

-- g summed along the axes on which a view of these strides repeats its numbers; then its shape.
local function without_repeats(g, shape, strides)
  local axes, once = {}, {}
  for i, size in ipairs(shape) do
    once[i] = size
    if strides[i] == 0 and size > 1 then axes[#axes + 1], once[i] = i, 1 end
  end
  if #axes > 0 then g = K.sum(g, { axis = axes, keepdims = true }) end
  return g, once
end

op "strided" {
  doc = [[
The numbers of x, in row-major order, from number `first` on: along axis i of the result every strides[i]-th. A view of
the same numbers. A stride of 0 repeats a number; else no two indices may share one.]],
  args = { { "x", tensor "any, in row-major order" } },
  values = {
    { "shape", kinds.shape() },
    { "strides", kinds.table("integer[]", "a table of whole numbers") },
    { "first", kinds.whole(), "a whole number, from 1" },
  },
  result = "shape",
  forward = core.strided,
  keeps = {},
  backward = {
    x = function(g, _, x, shape, strides, first)
      local once
      g, once = without_repeats(g, shape, strides)
      return K.embed(g, x.shape, "strided", { once, strides, first })
    end,
  },
  part = true,
  repeats = repeats,
  linear = true,
  differs = "Keras's backend does not have it.",
  sample = function(R) return R { 3, 4 }, { 2, 3 }, { 4, 1 }, 2 end,
  example = "print(K.strided(dw.tensor { 1, 2, 3, 4 }, { 2, 2 }, { 2, -1 }, 2))",
  errors = "An x that is not in row-major order, strides that lead outside it or share numbers.",
}

op "embed" {
  doc = "The gradient of views: zeros of a shape, with g in the part that a view takes.",
  args = { { "g", tensor "the part's" } },
  values = {
    { "shape", kinds.shape() },
    { "form", kinds.oneof(FORMS) },
    { "values", kinds.table("table", "a table of what the form takes") },
  },
  result = "shape",
  reads = { "shape" },
  forward = function(g, shape, form, values)
    local x = core.zeros(shape, g.dtype)
    local part = forms[form](x, table.unpack(values))
    if show(part) ~= show(g) then -- shape or dtype
      raise("g must be like the part it goes into, %s, got %s", show(part), show(g))
    end
    copy_(part, g)
    return x
  end,
  keeps = {},
  backward = {
    g = function(gg, _, _, _, form, values) return K[form](gg, table.unpack(values)) end,
  },
  linear = true,
  differs = "Keras's backend does not have it.",
  sample = function(R) return R { 3, 2 }, { 3, 4 }, "narrow", { 2, 2, 2 } end,
  example = 'print(K.embed(dw.ones { 2 }, { 4 }, "narrow", { 1, 2, 2 }))',
  errors = "A part outside the shape, a g that is not of the part's shape.",
}

local ALL, BACKWARDS = {}, { -1, 1, -1 } -- ranges

-- A range for each axis up to the last that is reversed; what is empty has no last index.
local function reversing_key(x, axes)
  local ranges, range, last = {}, x.size > 0 and BACKWARDS or ALL, 0
  for i = 1, #axes do
    local axis = axes[i]
    ranges[axis] = range
    if axis > last then last = axis end
  end
  for i = 1, last do ranges[i] = ranges[i] or ALL end
  return ranges
end

op "reverse" {
  doc = "x with the order along each of the axes reversed. A view of the same numbers.",
  args = { { "x", tensor "any" } },
  values = { { "axes", kinds.axes() } },
  result = "x's",
  forward = function(x, axes) return core.index(x, reversing_key(x, axes)) end,
  keeps = {},
  backward = { x = function(g, _, _, axes) return K.reverse(g, axes) end },
  linear = true,
  method = true,
  sample = function(R) return R { 3, 4 }, { 1, -1 } end,
  example = "print(K.reverse(dw.tensor { 1, 2, 3 }, 1))",
  errors = "An axis that x does not have, or that is named twice.",
}
