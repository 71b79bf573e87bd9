-- ops/view.lua: parts of a tensor. Indices count from 1, and -1 is the last. The gradient of a part is zeros with the
-- part put in: embed, whose own gradient is the part again.

local core = require "dwconv.core"
local ops = require "dwconv.ops"
local options = require "dwconv.options"

local op = ops.family("view", "parts of a tensor, as views of the same numbers")
local K = ops.calls
local check_tensor, is_tensor = options.check_tensor, options.is_tensor

local AXIS, INDEX = "an axis, from 1 or -1 back", "an index, from 1 or -1 back"

local plain_index = core.metatable.__index
local part_at = core.named(plain_index, "index")
local forms = {
  index = core.named(plain_index, "embed"), narrow = core.named(core.narrow, "embed"),
  select = core.named(core.select, "embed"), diagonal = core.named(core.diagonal, "embed"),
  strided = core.named(core.strided, "embed"),
}
local copy_ = core.methods.copy_
local zeros = core.named(core.zeros, "embed")

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
  args = { "x" },
  values = { "key" },
  shapes = { x = "any", key = "a whole number, or a table of them and of ranges", result = "what is left of x's" },
  forward = function(x, key)
    if options.is_tensor(key) then
      core.raise "index: key must be a whole number or a table; use gather for indices, boolean_mask for a mask"
    end
    return part_at(x, key)
  end,
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
  args = { "x" },
  values = { "axis", "first", "size" },
  shapes = {
    x = "any", axis = AXIS, first = INDEX, size = "a whole number", result = "x's, the axis of that size",
  },
  forward = function(x, axis, first, size) return core.narrow(x, axis, first, size) end,
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
  doc = "The part at one index of an axis, which goes; a tensor also where one number is left.",
  args = { "x" },
  values = { "axis", "index" },
  shapes = { x = "any", axis = AXIS, index = INDEX, result = "x's without the axis" },
  forward = function(x, axis, index) return core.select(x, axis, index) end,
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
The diagonal over the last two axes, k columns to the right of the main one, or below it for negative k; nothing where
there is none. A view of the same numbers.]],
  args = { "x" },
  values = { "k" },
  optional = { k = true },
  shapes = {
    x = "...,n,m", k = "a whole number, an offset: 0 is the main diagonal; or nil for 0", result = "...,its length",
  },
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
  args = { "x" },
  values = { "shape", "strides", "first" },
  shapes = {
    x = "any, in row-major order", shape = "a table of sizes", strides = "a table of whole numbers", result = "shape",
    first = "a whole number, from 1",
  },
  forward = function(x, shape, strides, first) return core.strided(x, shape, strides, first) end,
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
  args = { "g" },
  values = { "shape", "form", "values" },
  shapes = {
    g = "the part's", shape = "a table of sizes", form = '"index", "narrow", "select", "diagonal" or "strided"',
    values = "a table of what the form takes", result = "shape",
  },
  forward = function(g, shape, form, values)
    if not forms[form] then
      core.raise(("embed: form must be %s, got %s"):format('"index", "narrow", "select", "diagonal" or "strided"',
        options.show(form)))
    end
    if type(values) ~= "table" then
      core.raise(("embed: values must be a table, got %s"):format(options.show(values)))
    end
    local x = zeros(shape, check_tensor("embed", "g", g).dtype)
    local part = forms[form](x, table.unpack(values))
    if not is_tensor(part) or options.show(part) ~= options.show(g) then -- shape or dtype
      core.raise(("embed: g must be like the part it goes into, %s, got %s"):format(options.show(part),
        options.show(g)))
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

local function reversing_key(x, axes)
  local rank = check_tensor("reverse", "x", x).ndim
  local key = {}
  for i = 1, rank do key[i] = {} end
  local one = type(axes) ~= "table"
  for i = 1, one and 1 or #axes do
    local axis, argument = axes, "axes"
    if not one then axis, argument = axes[i], ("axes[%d]"):format(i) end
    local at = options.check_axis("reverse", argument, axis, rank)
    if #key[at] > 0 then core.raise(("reverse: axes names axis %d twice"):format(at)) end
    if x.shape[at] > 0 then key[at] = { -1, 1, -1 } end
  end
  return key
end

op "reverse" {
  doc = "x with the order along each of the axes reversed. A view of the same numbers.",
  args = { "x" },
  values = { "axes" },
  shapes = { x = "any", axes = "an axis or a table of axes, from 1 or -1 back", result = "x's" },
  forward = function(x, axes) return plain_index(x, reversing_key(x, axes)) end,
  keeps = {},
  backward = { x = function(g, _, _, axes) return K.reverse(g, axes) end },
  linear = true,
  method = true,
  sample = function(R) return R { 3, 4 }, { 1, -1 } end,
  example = "print(K.reverse(dw.tensor { 1, 2, 3 }, 1))",
  errors = "An axis that x does not have, or that is named twice.",
}
