-- ops/layout.lua: permutation, reshape and conversion. The first two are views where they can be.

local core = require "dwconv.core"
local op = require("dwconv.ops").op

local permute_dimensions, transpose, reshape, cast

-- Axis pattern[i] of x is axis i of the result, so axis i of g is axis pattern[i] of the gradient.
local function inverse(pattern)
  local back = {}
  for i, axis in ipairs(pattern) do back[axis < 0 and axis + #pattern + 1 or axis] = i end
  return back
end

permute_dimensions = op "permute_dimensions" {
  doc = "Reorders the axes of x: axis i of the result is axis pattern[i] of x. A view of the same numbers.",
  args = { "x" },
  values = { "pattern" },
  shapes = { x = "any", pattern = "a table naming each axis once, from 1; -1 is the last", result = "x's, permuted" },
  forward = function(x, pattern) return core.permute_dimensions(x, pattern) end,
  backward = { x = function(g, _, _, pattern) return permute_dimensions(g, inverse(pattern)) end },
  linear = true,
  differs = "Axes count from 1.",
  example = [[
print(table.concat(K.permute_dimensions(dw.zeros { 1, 5, 7, 3 }, { 1, 4, 2, 3 }).shape, "x"))]],
  sample = function(R) return R { 2, 3, 4 }, { 3, 1, -2 } end,
}

transpose = op "transpose" {
  doc = "Reverses the axes of x. A view of the same numbers.",
  args = { "x" },
  shapes = { x = "any", result = "x's, reversed" },
  forward = function(x) return core.transpose(x) end,
  backward = { x = function(g) return transpose(g) end },
  linear = true,
  sample = function(R) return R { 2, 3, 4 } end,
}

reshape = op "reshape" {
  doc = "The numbers of x in row-major order in another shape; one size may be -1. A view where that is possible.",
  args = { "x" },
  values = { "shape" },
  shapes = { x = "any", shape = "a table of sizes with as many elements as x", result = "shape" },
  forward = function(x, shape) return core.reshape(x, shape) end,
  backward = { x = function(g, _, x) return reshape(g, x.shape) end },
  linear = true,
  method = false,
  sample = function(R) return R { 2, 3, 4 }, { 4, -1 } end,
}

cast = op "cast" {
  doc = [[
A copy of x converted to dtype: integers wrap when they narrow, floats become integers towards zero and stop at the
type's limits (NaN becomes 0), and everything but 0 is true.]],
  args = { "x" },
  values = { "dtype" },
  shapes = { x = "any", dtype = "float32, float64, int32, int64, uint8 or bool", result = "x's" },
  forward = function(x, dtype) return core.cast(x, dtype) end,
  backward = { x = function(g, _, x) return cast(g, x.dtype) end },
  linear = true,
  differs = "Floats outside an integer type's range are defined.",
  sample = function(R) return R { 2, 3 }, "float64" end,
}
