-- ops/gemm.lua: matrix products. Each gradient is a product again, with an operand transposed, as a view.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "gemm"
local K = ops.calls
local FEW = "Fewer than 2 axes, bools, dtypes that differ, contracted axes that are not equally long."
local check, kinds, raise = args.check, args.kinds, args.raise
local tensor, product = kinds.tensor, check.product

local function matrices(text) return tensor(text, { axes = 2, dtype = "numbers" }) end

local function vectors(text) return tensor(text, { axes = 1, dtype = "numbers" }) end

local function flipped(x) return K.swapaxes(x, -1, -2) end

local multiply = core.elementwise("multiply", "new", "a", "b")
local add_to = core.elementwise("add", "first", "a", "b")

-- Whole numbers wrap: one outer product after another, as there is no kernel for them. The sum of no products is 0.
local function whole_product(a, b)
  local k = a.shape[a.ndim]
  if k == 0 then return core.sum(multiply(core.expand_dims(a, -1), core.expand_dims(b, -3)), -2, false) end
  local function outer(p) return multiply(core.narrow(a, -1, p, 1), core.narrow(b, -2, p, 1)) end
  local y = outer(1)
  for p = 2, k do add_to(y, outer(p)) end
  return y
end

-- A vector is a row on the left, a column on the right; the axis that it added to the product is removed again.
local function vector_product(a, b)
  if a.shape[-1] ~= b.shape[math.max(1, b.ndim - 1)] then
    raise("the last axis of a (%s) must be as long as the %s of b (%s)", a.shape,
      b.ndim == 1 and "first" or "second-to-last", b.shape)
  end
  local row, column = a.ndim == 1, b.ndim == 1
  local left, right = row and core.expand_dims(a, 1) or a, column and core.expand_dims(b, 2) or b
  local y = core.matmul(left, right) or whole_product(left, right)
  local shape = y.shape
  if column then table.remove(shape) end
  if row then table.remove(shape, #shape - (column and 0 or 1)) end
  return core.reshape(y, shape)
end

local function is_vector(t) return check.is_tensor(t) and t.ndim == 1 end

-- The operands of the product, and its gradient, as matrices.
local function as_product(g, a, b)
  if is_vector(b) then b, g = K.expand_dims(b, { axis = 2 }), K.expand_dims(g, { axis = -1 }) end
  if is_vector(a) then a, g = K.expand_dims(a, { axis = 1 }), K.expand_dims(g, { axis = -2 }) end
  return g, a, b
end

op "matmul" {
  doc = [[
The matrix product over the last two axes; the axes before them broadcast. A vector is a row on the left and a column on
the right, whose axis the result does not have. Whole numbers wrap, and are slow.]],
  args = { { "a", vectors "...,m,k or k; numbers" }, { "b", vectors "...,k,n or k" } },
  result = "...,m,n, without m or n for a vector",
  reads = "core",
  forward = function(a, b)
    local y = core.matmul(a, b) -- nothing of what has no kernel, see binding/gemm.c
    if y then return y end
    return (is_vector(a) or is_vector(b)) and vector_product(a, b) or whole_product(a, b)
  end,
  keeps = { "a", "b" },
  backward = {
    a = function(g, _, a, b)
      local gm, am, bm = as_product(g, a, b)
      local d = K.sum_to(K.matmul(gm, flipped(bm)), am.shape)
      return am == a and d or K.reshape(d, a.shape)
    end,
    b = function(g, _, a, b)
      local gm, am, bm = as_product(g, a, b)
      local d = K.sum_to(K.matmul(flipped(am), gm), bm.shape)
      return bm == b and d or K.reshape(d, b.shape)
    end,
  },
  linear = true,
  method = true,
  differs = "Keras's backend does not have it.",
  sample = function(R) return R { 2, 1, 3, 4 }, R { 3, 4, 2 } end,
  example = "print(K.matmul(dw.tensor { { 1, 2 }, { 3, 4 } }, dw.eye(2)))",
  errors = FEW .. " Axes before the last two that do not broadcast.",
}

-- Lists one after another.
local function joined(...)
  local all = {}
  for _, part in ipairs { ... } do table.move(part, 1, #part, #all + 1, all) end
  return all
end

local function slice(list, first, last) return table.move(list, first, last, 1, {}) end

op "dot" {
  doc = [[
Contracts the last axis of x with the second-to-last of y: the matrix product for rank 2. Not batched: the result has
all other axes of x, then those of y.]],
  args = { { "x", matrices "...,k; rank 2 or more" }, { "y", matrices "...,k,n" } },
  result = "x's but the last, y's but the second-to-last",
  forward = function(x, y)
    check.same_dtype(x, "x", y, "y")
    local a, b = x.shape, y.shape
    local rank, k = #b, a[#a]
    if k ~= b[rank - 1] then
      raise("the last axis of x (%s) must be as long as the second-to-last of y (%s)", a, b)
    end
    if #a == 2 and rank == 2 then return K.matmul(x, y) end
    local pattern = { rank - 1 }
    for i = 1, rank do
      if i ~= rank - 1 then pattern[#pattern + 1] = i end
    end
    local others = joined(slice(b, 1, rank - 2), { b[rank] })
    local left = K.reshape(x, { product(a, 1, #a - 1), k })
    local right = K.reshape(K.permute_dimensions(y, pattern), { k, product(others, 1, #others) })
    return K.reshape(K.matmul(left, right), joined(slice(a, 1, #a - 1), others))
  end,
  backward = "parts",
  linear = true,
  method = true,
  sample = function(R) return R { 2, 3, 4 }, R { 2, 4, 3 } end,
  example = "print(K.dot(dw.ones { 2, 3 }, dw.ones { 3, 2 }))",
  errors = FEW,
}

local axes_kind = kinds.new {
  annotation = "integer|integer[]",
  expected = "an axis or a pair of axes, neither of them the batch",
  read = function(v)
    if math.type(v) == "integer" then return { v, v } end
    if type(v) ~= "table" or #v ~= 2 or math.type(v[1]) ~= "integer" or math.type(v[2]) ~= "integer" then return nil end
    return { v[1], v[2] }
  end,
}

local function contracted_axis(t, axis, which)
  local at = check.axis(axis, t.ndim, ("axes (of %s)"):format(which))
  if at == 1 then raise "axes must not name axis 1, the batch" end
  return at
end

-- The batch, then all other axes as one, then the contracted one; and the sizes of the others.
local function as_matrices(t, axis)
  local shape, pattern, others = t.shape, { 1 }, {}
  for i = 2, #shape do
    if i ~= axis then
      pattern[#pattern + 1] = i
      others[#others + 1] = shape[i]
    end
  end
  pattern[#pattern + 1] = axis
  local flat = { shape[1], product(others, 1, #others), shape[axis] }
  return K.reshape(K.permute_dimensions(t, pattern), flat), others
end

op "batch_dot" {
  doc = [[
For each sample, contracts an axis of x with one of y; the result has the other axes of x, then those of y, and (b, 1)
when none is left. Without axes, the last of x meets the last of a y of rank 2, the second-to-last of others.]],
  args = { { "x", matrices "b,...; rank 2 or more" }, { "y", matrices "b,...; rank 2 or more" } },
  options = { axes = axes_kind },
  result = "b, x's others, y's others",
  forward = function(x, y, o)
    check.same_dtype(x, "x", y, "y")
    local axes = o.axes or { -1, y.ndim == 2 and -1 or -2 }
    local i, j = contracted_axis(x, axes[1], "x"), contracted_axis(y, axes[2], "y")
    local text = ("x is %s and y %s"):format(x.shape, y.shape)
    if x.shape[1] ~= y.shape[1] then raise("the batches differ: %s", text) end
    if x.shape[i] ~= y.shape[j] then
      raise("axis %d of x must be as long as axis %d of y: %s", i, j, text)
    end
    local left, others = as_matrices(x, i)
    local right, more = as_matrices(y, j)
    local result = joined({ x.shape[1] }, others, more)
    if #result == 1 then result[2] = 1 end
    return K.reshape(K.matmul(left, flipped(right)), result)
  end,
  backward = "parts",
  linear = true,
  sample = function(R) return R { 2, 3, 4 }, R { 2, 4, 2 } end,
  example = "print(K.batch_dot(dw.ones { 2, 3, 4 }, dw.ones { 2, 4 }))",
  errors = FEW .. " Batches that differ, an axis that x or y does not have.",
}
