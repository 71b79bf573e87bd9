-- ops/matrix.lua: parts of matrices, which lie along the last two axes, and norms. Made of other ops, whose gradients
-- are theirs.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "matrix"
local K = ops.calls
local check, kinds, raise = args.check, args.kinds, args.raise
local tensor = kinds.tensor

local NOT_KERAS = "Keras's backend does not have it."
local OFFSET = "an offset: 0 is the main diagonal, 1 the one to its right, -1 the one below"

local copy_ = core.methods.copy_

op "diag" {
  doc = "For a vector, the matrix with it on a diagonal and 0 elsewhere; for a matrix, that diagonal as a view. k is "
    .. OFFSET .. ".",
  args = { { "x", tensor "any; rank 1 or 2" } },
  options = { k = kinds.whole(0) },
  result = "of n numbers n+|k|,n+|k|; of n,m the diagonal's length",
  forward = function(x, o)
    local rank = x.ndim
    if rank == 2 then return core.diagonal(x, o.k) end
    if rank ~= 1 then raise("x must be of rank 1 or 2, got %s", args.show(x)) end
    if o.k < -2 ^ 31 or o.k > 2 ^ 31 then raise("k = %d makes too large a matrix", o.k) end
    local n = #x + math.abs(o.k)
    local y = core.zeros({ n, n }, x.dtype)
    copy_(core.diagonal(y, o.k), x)
    return y
  end,
  keeps = {},
  backward = {
    x = function(g, _, x, o)
      if #x.shape == 1 then return K.diagonal(g, o.k) end
      return K.embed(g, x.shape, "diagonal", { o.k })
    end,
  },
  linear = true,
  method = true,
  differs = NOT_KERAS,
  sample = function(R) return R { 3 }, { k = 1 } end,
  example = "print(K.diag(dw.tensor { 1, 2 }, { k = 1 }), K.diag(dw.tensor { { 1, 2 }, { 3, 4 } }))",
  errors = "An x of another rank.",
}

for name, r in pairs {
  tril = { "Lower", "at and below", K.less_equal },
  triu = { "Upper", "at and above", K.greater_equal },
} do
  op(name) {
    doc = ("%s triangles: x %s a diagonal of the last two axes, 0 elsewhere, whatever was there. k is %s."):format(
      r[1], r[2], OFFSET),
    args = { { "x", tensor("...,n,m", { axes = 2 }) } },
    options = { k = kinds.whole(0) },
    result = "x's",
    forward = function(x, o)
      local n, m = x.shape[-2], x.shape[-1]
      local k = math.max(-n, math.min(m, o.k)) -- farther away nothing changes
      local rows = K.reshape(core.arange(k, n + k, 1, "int64", "float32"), { n, 1 })
      local kept = r[3](core.arange(0, m, 1, "int64", "float32"), rows)
      return K.where(kept, x, x.dtype ~= "bool" and 0)
    end,
    backward = "parts",
    linear = true,
    method = true,
    differs = NOT_KERAS,
    sample = function(R) return R { 2, 3, 4 }, { k = 1 } end,
    example = ("print(K.%s(dw.ones { 3, 3 }))"):format(name),
    errors = "An x of fewer than 2 axes.",
  }
end

op "trace" {
  doc = "The sum of the main diagonal over the last two axes.",
  args = { { "x", tensor("...,n,m; numbers", { axes = 2, dtype = "numbers" }) } },
  result = "x's without the last two",
  forward = function(x) return K.sum(K.diagonal(x), { axis = -1 }) end,
  backward = "parts",
  linear = true,
  method = true,
  differs = NOT_KERAS,
  sample = function(R) return R { 2, 3, 4 } end,
  example = "print(K.trace(dw.tensor { { 1, 2 }, { 3, 4 } }))",
  errors = "An x of fewer than 2 axes, bools.",
}

-- ---- norms -----------------------------------------------------------------------------------------

local ORDERS = { [1] = 1, [2] = 2, [math.huge] = math.huge, fro = 2 }

local order = kinds.new {
  default = 2,
  annotation = 'number|"fro"',
  expected = '1, 2, math.huge or "fro"',
  read = function(v) return (type(v) == "string" or math.type(v)) and ORDERS[v] or nil end,
}

-- What x is divided by so that neither overflow nor underflow spoils its squares: 1 for most.
local function scale_of(x, over)
  local most = K.max(K.abs(x), over)
  local usual = K.logical_and(K.greater(most, 1e-140), K.less(most, 1e140))
  local none = K.logical_or(K.equal(most, 0), K.logical_not(K.isfinite(most)))
  return K.where(K.logical_or(usual, none), 1, most)
end

-- The root of a sum of squares in float64. Where that is 0, its gradient is 0.
local function length(x, o)
  local over = { axis = o.axis, keepdims = true }
  local wide = x.dtype == "float64" and x or K.cast(x, "float64")
  local scale = x.dtype == "float64" and K.no_grad(scale_of, x, over)
  local squares = K.sum(K.square(scale and wide / scale or wide), over)
  local root = K.where(K.equal(squares, 0), 0, K.sqrt(K.where(K.equal(squares, 0), 1, squares)))
  if scale then root = root * scale end
  return x.dtype == "float64" and root or K.cast(root, x.dtype)
end

op "norm" {
  doc = [[
The norm of all numbers over the axes: of order 2 (also called "fro") the root of the sum of squares, of order 1 the sum
of absolute values, of order math.huge the largest of them. Order 2 neither overflows nor underflows before its
result does, and its gradient is 0 where it is 0 or infinite; that of order math.huge is shared among ties.]],
  args = { { "x", tensor("any; float32 or float64", { dtype = "floats" }) } },
  options = { ord = order, axis = kinds.axes(), keepdims = kinds.flag(false) },
  result = "x's without the axes, or with size 1 there for keepdims",
  forward = function(x, o)
    local axes = check.axes(o.axis, x.ndim)
    local over = { axis = o.axis, keepdims = o.keepdims }
    if o.ord == 1 then return K.sum(K.abs(x), over) end
    if o.ord == math.huge then return K.maximum(K.max(K.abs(x), over), 0) end -- over no elements 0
    local y, shape = length(x, o), x.shape
    if o.keepdims then return y end
    table.sort(axes)
    for i = #axes, 1, -1 do table.remove(shape, axes[i]) end
    return K.reshape(y, shape)
  end,
  backward = "parts",
  method = true,
  differs = NOT_KERAS .. " Over two axes too it is that of all their numbers as one vector, never an operator norm.",
  sample = function(R) return R { 2, 3, 4 }, { axis = { 1, -1 } } end,
  example = [[
print(K.norm(dw.tensor { 3, 4 }))
print(K.norm(dw.tensor { { 3, -4 }, { 1, 2 } }, { ord = math.huge, axis = 2 }))]],
  errors = "An axis that x does not have, or that is named twice.",
}
