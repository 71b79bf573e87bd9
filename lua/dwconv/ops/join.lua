-- ops/join.lua: tensors put together, and repeated.

local core = require "dwconv.core"
local ops = require "dwconv.ops"
local options = require "dwconv.options"

local op = ops.family("join", "tensors put together, and repeated")
local K = ops.calls
local check_tensor = options.check_tensor

local function check_list(name, tensors)
  if type(tensors) ~= "table" or #tensors == 0 then
    core.raise(("%s: tensors must be a table of at least one tensor, got %s"):format(name, options.show(tensors)))
  end
  for i, t in ipairs(tensors) do
    if not options.is_tensor(t) then
      core.raise(("%s: tensors[%d] must be a tensor, got %s"):format(name, i, options.show(t)))
    end
  end
end

local function plain_axis(name, axis, rank)
  local at = axis < 0 and axis + rank + 1 or axis
  if at < 1 or at > rank then
    core.raise(("%s: axis must be an axis from 1 to %d or from -%d to -1, got %d"):format(name, rank, rank, axis))
  end
  return at
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

op "concatenate" {
  doc = "Tensors one after another along an axis.",
  args = { "tensors" },
  list = true,
  options = { axis = options.axis(-1) },
  shapes = { tensors = "a table of tensors that differ on the axis only", result = "the sum of sizes on the axis" },
  forward = function(tensors, o)
    check_list("concatenate", tensors)
    if tensors[1].ndim == 0 then core.raise "concatenate: tensors of rank 0 have no axis; use stack" end
    local axis = plain_axis("concatenate", o.axis, tensors[1].ndim)
    local y, first = core.empty(joint_shape(tensors, axis), tensors[1].dtype), 1
    for _, t in ipairs(tensors) do
      local n = t.shape[axis]
      core.narrow(y, axis, first, n):copy_(t)
      first = first + n
    end
    return y
  end,
  keeps = {},
  backward = {
    tensors = function(g, _, tensors, o)
      local axis, first, grads = plain_axis("concatenate", o.axis, #tensors[1].shape), 1, {}
      for i, t in ipairs(tensors) do
        grads[i] = K.narrow(g, axis, first, t.shape[axis])
        first = first + t.shape[axis]
      end
      return grads
    end,
  },
  sample = function(R) return { R { 2, 3 }, R { 2, 1 } }, { axis = 2 } end,
  example = "print(K.concatenate({ dw.ones { 1, 2 }, dw.zeros { 2, 2 } }, { axis = 1 }))",
}

op "stack" {
  doc = "Tensors of one shape along a new axis.",
  args = { "x" },
  list = true,
  options = { axis = options.axis(1) },
  shapes = { x = "a table of tensors of one shape", result = "theirs, with the new axis" },
  forward = function(x, o)
    check_list("stack", x)
    for i = 2, #x do
      if table.concat(x[i].shape, "x") ~= table.concat(x[1].shape, "x") then
        core.raise(("stack: x[1] is %s but x[%d] is %s"):format(options.show(x[1]), i, options.show(x[i])))
      end
    end
    local axis, rows = plain_axis("stack", o.axis, x[1].ndim + 1), {}
    for i, t in ipairs(x) do rows[i] = K.expand_dims(t, { axis = axis }) end
    return K.concatenate(rows, { axis = axis })
  end,
  backward = "parts",
  sample = function(R) return { R { 2, 3 }, R { 2, 3 } }, { axis = -1 } end,
}

local function check_count(name, what, n)
  if math.type(n) ~= "integer" or n < 0 then
    core.raise(("%s: %s must be a whole number of at least 0, got %s"):format(name, what, options.show(n)))
  end
end

-- Each slice along the axis, rep times in place: a new axis behind it, stretched.
local function repeat_slices(x, rep, axis)
  local shape, long = x.shape, {}
  table.move(shape, 1, axis, 1, long)
  long[axis + 1] = rep
  table.move(shape, axis + 1, #shape, axis + 2, long)
  shape[axis] = shape[axis] * rep
  return K.reshape(K.broadcast_to(K.expand_dims(x, { axis = axis + 1 }), long), shape)
end

op "repeat_elements" {
  doc = "Each slice along an axis, rep times in place.",
  args = { "x" },
  values = { "rep", "axis" },
  shapes = { x = "any", rep = "a whole number", axis = "an axis", result = "x's, the axis rep times as long" },
  forward = function(x, rep, axis)
    check_count("repeat_elements", "rep", rep)
    local rank = check_tensor("repeat_elements", "x", x).ndim
    if math.type(axis) ~= "integer" then
      core.raise(("repeat_elements: axis must be a whole number, got %s"):format(options.show(axis)))
    end
    return repeat_slices(x, rep, plain_axis("repeat_elements", axis, rank))
  end,
  backward = "parts",
  sample = function(R) return R { 2, 3 }, 2, -1 end,
  example = "print(K.repeat_elements(dw.tensor { 1, 2 }, 2, 1))",
}

op "repeat_" {
  doc = "Each row of x, n times: K[\"repeat\"], which Lua cannot write as K.repeat.",
  args = { "x" },
  values = { "n" },
  shapes = { x = "b,d", n = "a whole number", result = "b,n,d" },
  alias = "repeat",
  forward = function(x, n)
    check_count("repeat_", "n", n)
    if check_tensor("repeat_", "x", x).ndim ~= 2 then
      core.raise(("repeat_: x must be a tensor of rank 2, got %s"):format(options.show(x)))
    end
    return repeat_slices(K.expand_dims(x, { axis = 2 }), n, 2)
  end,
  backward = "parts",
  sample = function(R) return R { 2, 3 }, 4 end,
}

op "tile" {
  doc = "x repeated as a whole, n[i] times along axis i; a number stands for {n}.",
  args = { "x" },
  values = { "n" },
  shapes = { x = "any", n = "a whole number, or one for each axis", result = "x's times n" },
  forward = function(x, n)
    local shape = check_tensor("tile", "x", x).shape
    local counts = type(n) == "table" and n or { n }
    if #counts ~= #shape then
      core.raise(("tile: n must have one number for each of the %d axes of x, got %d"):format(#shape, #counts))
    end
    local split, long, whole = {}, {}, {}
    for i, size in ipairs(shape) do
      check_count("tile", ("n[%d]"):format(i), counts[i])
      split[2 * i - 1], split[2 * i] = 1, size
      long[2 * i - 1], long[2 * i] = counts[i], size
      whole[i] = counts[i] * size
    end
    if #long > 8 then -- as many axes as a tensor has: one axis at a time
      for axis = 1, #shape do
        local copies = {}
        for i = 1, counts[axis] do copies[i] = x end
        x = counts[axis] == 0 and core.zeros(whole, x.dtype) or K.concatenate(copies, { axis = axis })
      end
      return x
    end
    return K.reshape(K.broadcast_to(K.reshape(x, split), long), whole)
  end,
  backward = "parts",
  method = true,
  sample = function(R) return R { 2, 3 }, { 2, 1 } end,
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
}
