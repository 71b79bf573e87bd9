-- ops/running.lua: running sums, products and extremes: each number along an axis with all before it.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "reduce"
local K = ops.calls
local check, kinds = args.check, args.kinds
local tensor = kinds.tensor
local NO_AXIS = "An axis that x does not have."

-- Products are made in float64, so that nothing overflows that the result does not.
local function wide(x) return x.dtype == "float64" and x or K.cast(x, "float64") end

local function from_the_end(f, x, o) return K.reverse(f(K.reverse(x, o.axis), o), o.axis) end

op "cumsum" {
  doc = "Running sums along an axis: each number with all before it.",
  args = { { "x", tensor "any numbers" } },
  options = { axis = kinds.axis(1) },
  result = "x's",
  reads = "core",
  forward = function(x, o) return core.cumsum(x, o.axis) end,
  keeps = {},
  backward = { x = function(g, _, _, o) return from_the_end(K.cumsum, g, o) end },
  linear = true,
  method = true,
  sample = function(R) return R { 2, 3 }, { axis = 2 } end,
  example = "print(K.cumsum(dw.tensor { 1, 2, 3 }))",
  errors = NO_AXIS,
}

-- y shifted by one along the axis, from `first` on.
local function shifted(y, first, axis)
  local n = y.shape[check.from_front(axis, #y.shape)]
  if n == 0 then return y end
  local start = K.narrow(y, axis, 1, 1)
  start = first == 1 and K.ones_like(start) or K.zeros_like(start)
  return K.concatenate({ start, K.narrow(y, axis, 1, n - 1) }, { axis = axis })
end

op "cumprod" {
  doc = "Running products along an axis: each number times all before it. Its gradient is right with zeros too.",
  args = { { "x", tensor "any numbers" } },
  options = { axis = kinds.axis(1) },
  result = "x's",
  reads = "core",
  forward = function(x, o) return core.cumprod(x, o.axis) end,
  keeps = { "x" },
  backward = {
    -- y_i has x_j for j <= i: dx_j = y_(j-1) * s_j with s_j = g_j + x_(j+1) * s_(j+1), from the end.
    x = function(g, _, x, o)
      local factors = wide(x)
      local next_x = shifted(K.reverse(factors, o.axis), 0, o.axis)
      local s = K.reverse(K.recurrence(K.reverse(wide(g), o.axis), next_x, o), o.axis)
      local all = K.gradient_product(s, shifted(K.cumprod(factors, o), 1, o.axis))
      return x.dtype == "float64" and all or K.cast(all, x.dtype)
    end,
  },
  method = true,
  sample = function(R) return R({ 2, 3 }, 0.5, 1.5), { axis = 2 } end,
  example = "print(K.cumprod(dw.tensor { 1, 2, 3 }))",
  errors = NO_AXIS,
}

op "recurrence" {
  doc = [[
Helper of the gradient of cumprod: along an axis y_i = a_i + b_i * y_(i-1), from y_1 = a_1 on; 0 times any b_i is 0.]],
  args = { { "a", tensor "any numbers" }, { "b", tensor "a's; its first along the axis is not read" } },
  options = { axis = kinds.axis(1) },
  result = "a's",
  reads = "core",
  forward = function(a, b, o) return core.recurrence(a, b, o.axis) end,
  keeps = { "b", "result" },
  backward = {
    a = function(g, _, _, b, o)
      local next_b = shifted(K.reverse(b, o.axis), 0, o.axis)
      return K.reverse(K.recurrence(K.reverse(g, o.axis), next_b, o), o.axis)
    end,
    b = function(g, y, _, b, o)
      local next_b = shifted(K.reverse(b, o.axis), 0, o.axis)
      return K.reverse(K.recurrence(K.reverse(g, o.axis), next_b, o), o.axis) * shifted(y, 0, o.axis)
    end,
  },
  differs = "Keras's backend does not have it.",
  sample = function(R) return R { 2, 3 }, R { 2, 3 }, { axis = 2 } end,
  example = "print(K.recurrence(dw.tensor { 1, 2, 3 }, dw.tensor { 0, 10, 10 }))",
  errors = NO_AXIS .. " Shapes or dtypes of a and b that differ.",
}

-- The position, from 1, of the number that each of the running extremes y is: the first of equal ones, and the first
-- NaN.
local function positions_of(y, axis)
  local at = check.from_front(axis, #y.shape)
  local n, shape = y.shape[at], {}
  for i = 1, #y.shape do shape[i] = i == at and n - 1 or 1 end
  local before, after = K.narrow(y, at, 1, n - 1), K.narrow(y, at, 2, n - 1)
  local changes = K.logical_and(K.not_equal(after, before), K.equal(before, before)) -- once NaN it stays
  local later = K.where(changes, K.reshape(core.arange(2, n + 1, 1, "int64", "float32"), shape), 1)
  local first = K.ones_like(K.narrow(y, at, 1, 1), { dtype = "int64" })
  return K.cummax(K.concatenate({ first, later }, { axis = at }), { axis = at })
end

for name, doc in pairs { cummax = "largest", cummin = "least" } do
  op(name) {
    doc = ("The %s so far along an axis; NaN stays. Of equal ones the first has the gradient."):format(doc),
    args = { { "x", tensor "any numbers" } },
    options = { axis = kinds.axis(1) },
    result = "x's",
    reads = "core",
    forward = function(x, o) return core[name](x, o.axis) end,
    keeps = { "result" },
    backward = {
      x = function(g, y, x, o)
        local n = x.shape[check.from_front(o.axis, #x.shape)]
        if n == 0 then return g end
        return K.put_along_axis(g, K.no_grad(positions_of, y, o.axis), o.axis, n)
      end,
    },
    method = true,
    differs = "Keras's backend does not have it.",
    sample = function(R) return R { 3, 4 }, { axis = 2 } end,
    example = ("print(K.%s(dw.tensor { 2, 3, 1, 5 }))"):format(name),
    errors = NO_AXIS,
  }
end
