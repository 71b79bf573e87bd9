-- ops/reduce.lua: many numbers become one: sums, extremes and their positions, along any axes. Running sums are in
-- running.lua.
-- Gradients come back with size 1 on the reduced axes, from where they broadcast.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"
local config = require "dwconv.config"

local op = ops.family "reduce"
local K = ops.calls
local check, kinds = args.check, args.kinds
local tensor = kinds.tensor

local options = { axis = kinds.axes(), keepdims = kinds.flag(false) }
local moment_options = { axis = options.axis, keepdims = options.keepdims, correction = kinds.number(0) }
local NO_AXIS = "An axis that x does not have."
local AXES = "x's without the axes, or with size 1 there for keepdims"

-- The axes of x that o.axis names, counted from 1, in order.
local function reduced_axes(x, o)
  local rank, set, list = #x.shape, {}, {}
  if o.axis == nil then
    for i = 1, rank do list[i] = i end
    return list
  end
  for _, axis in ipairs(type(o.axis) == "table" and o.axis or { o.axis }) do
    set[check.from_front(axis, rank)] = true
  end
  for i = 1, rank do
    if set[i] then list[#list + 1] = i end
  end
  return list
end

-- g in the shape of x with size 1 on the reduced axes.
local function kept(g, x, o)
  if o.keepdims then return g end
  local shape = table.move(x.shape, 1, #x.shape, 1, {})
  for _, axis in ipairs(reduced_axes(x, o)) do shape[axis] = 1 end
  return K.reshape(g, shape)
end

-- x's shape without the reduced axes.
local function shape_without(x, o)
  local shape, axes = x.shape, reduced_axes(x, o)
  for i = #axes, 1, -1 do table.remove(shape, axes[i]) end
  return shape
end

local function reduction(name)
  return function(r)
    r.args, r.options, r.method = { { "x", r.takes or tensor "any numbers" } }, r.options or options, true
    r.errors = "An axis that x does not have, or that is named twice."
    r.result, r.reads = AXES, r.reads or "core"
    r.sample = r.sample or function(R) return R { 2, 3, 4 }, { axis = { 1, -1 } } end
    return op(name)(r)
  end
end

reduction "sum" {
  doc = "The sum over the axes; over all of them if none is given. Floats are summed in float64, by fours.",
  forward = function(x, o) return core.sum(x, o.axis, o.keepdims) end,
  keeps = {},
  backward = { x = function(g, _, x, o) return K.broadcast_to(kept(g, x, o), x.shape) end },
  linear = true,
  example = "print(dw.tensor({ { 1, 2 }, { 3, 4 } }):sum { axis = 1 })",
}

-- Where a gradient multiplies many numbers, it does so in float64, so that nothing overflows that the result does not.
local function wide(x) return x.dtype == "float64" and x or K.cast(x, "float64") end

-- Prefix products before and after each element, so that zeros need no division. Over the last axis.
local function others_product(x)
  local one = K.ones_like(K.narrow(x, -1, 1, 1))
  local n = x.shape[#x.shape]
  local before = K.concatenate { one, K.narrow(K.cumprod(x, { axis = -1 }), -1, 1, n - 1) }
  local back = K.cumprod(K.reverse(x, -1), { axis = -1 })
  local after = K.reverse(K.concatenate { one, K.narrow(back, -1, 1, n - 1) }, -1)
  return before * after
end

reduction "prod" {
  doc = "The product over the axes; over all of them if none is given. Its gradient is right with zeros too.",
  forward = function(x, o) return core.prod(x, o.axis, o.keepdims) end,
  keeps = { "x" },
  backward = {
    x = function(g, _, x, o)
      local shape, axes = x.shape, reduced_axes(x, o)
      if x.size == 0 or #axes == 0 then return K.broadcast_to(kept(g, x, o), shape) end
      local pattern, inner, set = {}, {}, {}
      for _, axis in ipairs(axes) do set[axis] = true end
      for i = 1, #shape do
        if not set[i] then
          pattern[#pattern + 1] = i
          inner[#inner + 1] = shape[i]
        end
      end
      table.move(axes, 1, #axes, #pattern + 1, pattern)
      inner[#inner + 1] = -1
      local moved = K.permute_dimensions(wide(x), pattern)
      local products = K.reshape(others_product(K.reshape(moved, inner)), moved.shape)
      local back = {}
      for i, axis in ipairs(pattern) do back[axis] = i end
      local all = K.gradient_product(wide(kept(g, x, o)), K.permute_dimensions(products, back))
      return x.dtype == "float64" and all or K.cast(all, x.dtype)
    end,
  },
  sample = function(R) return R({ 2, 3, 4 }, 0.5, 1.5), { axis = { 1, -1 } } end,
  example = "print(K.prod(dw.tensor { { 1, 2 }, { 3, 4 } }, { axis = 2 }))",
}

-- The gradient is shared equally among ties.
local function shared(g, y, x, o)
  local among = K.cast(K.equal(x, kept(y, x, o)), x.dtype)
  return among / K.sum(among, { axis = o.axis, keepdims = true }) * kept(g, x, o)
end

reduction "max" {
  doc = [[
The largest over the axes; NaN wins; over no elements -inf, or the lowest whole number. The gradient is shared equally
among ties.]],
  forward = function(x, o) return core.max(x, o.axis, o.keepdims) end,
  keeps = { "x", "result" },
  backward = { x = shared },
  example = "print(K.max(dw.tensor { { 1, 4 }, { 3, 2 } }, { axis = 1 }))",
}

reduction "min" {
  doc = [[
The least over the axes; NaN wins; over no elements inf, or the highest whole number. The gradient is shared equally
among ties.]],
  forward = function(x, o) return core.min(x, o.axis, o.keepdims) end,
  keeps = { "x", "result" },
  backward = { x = shared },
  example = "print(K.min(dw.tensor { { 1, 4 }, { 3, 2 } }, { axis = 1, keepdims = true }))",
}

-- How many elements of x become one.
local function count_of(x, o)
  local n, shape = 1, x.shape
  for _, axis in ipairs(reduced_axes(x, o)) do n = n * shape[axis] end
  return n
end

-- What moments divide by: the number of elements less the correction; NaN where nothing is left.
local function freedom(x, o)
  local n = count_of(x, o) - o.correction
  return n > 0 and n or 0 / 0
end

-- x less its mean over the axes. The mean of what is left, due to rounding, is taken off once more.
local function centered(x, o)
  local over = { axis = o.axis, keepdims = true }
  local r = x - K.mean(x, over)
  return r - K.mean(r, over)
end

-- 1 where x is 0, else x.
local function unless_zero(x) return K.where(K.equal(x, 0), 1, x) end

for name, r in pairs {
  mean = {
    doc = "The mean over the axes.",
    keeps = {},
    gradient = function(g, _, x, o) return K.broadcast_to(kept(g, x, o) / count_of(x, o), x.shape) end,
  },
  var = {
    doc = "The variance over the axes, divided by n - correction; NaN where that is not above 0.",
    keeps = { "x" }, options = moment_options,
    gradient = function(g, _, x, o) return K.gradient_product(kept(g, x, o) * (2 / freedom(x, o)), centered(x, o)) end,
  },
  std = {
    doc = "The standard deviation over the axes, the root of var. Where it is 0, its gradient is given as 0.",
    keeps = { "x", "result" }, options = moment_options,
    gradient = function(g, y, x, o)
      local deviation = kept(y, x, o)
      local share = K.where(K.equal(deviation, 0), 0, kept(g, x, o) / freedom(x, o))
      return K.gradient_product(share, centered(x, o) / unless_zero(deviation))
    end,
  },
} do
  local compute = core[name]
  reduction(name) {
    example = ("print(K.%s(dw.tensor { { 1, 2 }, { 3, 8 } }, { axis = 2 }))"):format(name),
    doc = r.doc .. " Computed in float64, rounded once; whole numbers and bools give K.floatx(). NaN over no elements.",
    takes = tensor "any",
    reads = {},
    forward = function(x, o)
      if x.dtype:find "^float" then return compute(x, o.axis, o.keepdims, o.correction) end
      return core.cast(compute(core.cast(x, "float64"), o.axis, o.keepdims, o.correction), config.floatx())
    end,
    keeps = r.keeps, options = r.options,
    backward = { x = r.gradient },
    linear = name == "mean",
    differs = "Whole numbers give a float, where Keras truncates or refuses.",
  }
end

local exp, log = core.elementwise("exp", "new", "x"), core.elementwise("log", "new", "x")
local difference, sum_of_two = core.elementwise("subtract", "new", "x", "y"), core.elementwise("add", "new", "x", "y")

-- The largest number over the axes, or 0 where that is infinite.
local function finite_largest(most) return K.where(K.less(K.abs(most), math.huge), most, 0) end

-- exp(x) over its sum. Where the largest is inf, it is shared among those that are; where all are -inf, it is 0.
local function share_of_sum(x, o)
  local over = { axis = o.axis, keepdims = true }
  local most = K.stop_gradient(K.max(x, over))
  local endless = K.equal(most, math.huge)
  local distance = K.where(endless, K.log(K.cast(K.equal(x, most), x.dtype)), x - finite_largest(most))
  local powers = K.exp(distance)
  return powers / unless_zero(K.sum(powers, over))
end

reduction "logsumexp" {
  doc = [[
log(sum(exp(x))) over the axes, without overflow; over no elements or only -inf it is -inf. Its gradient is the share
of each exp(x) in the sum: 0 for only -inf, and shared among those that are inf.]],
  takes = tensor("float32 or float64", { dtype = "floats" }),
  reads = {},
  forward = function(x, o)
    local most = K.no_grad(finite_largest, core.max(x, o.axis, true))
    local y = sum_of_two(log(core.sum(exp(difference(x, most)), o.axis, true)), most)
    return o.keepdims and y or core.reshape(y, shape_without(x, o))
  end,
  keeps = { "x" },
  backward = { x = function(g, _, x, o) return K.gradient_product(kept(g, x, o), share_of_sum(x, o)) end },
  differs = "Keras's backend does not have it.",
  example = "print(K.logsumexp(dw.tensor { 1000, 1000 }))",
}

for name, doc in pairs {
  any = "Whether any number over the axes is not 0. Of nothing it is false.",
  all = "Whether no number over the axes is 0. Of nothing it is true.",
} do
  reduction(name) {
    example = ("print(K.%s(dw.tensor { { 0, 2 }, { 3, 8 } }, { axis = 2 }))"):format(name),
    doc = doc,
    takes = tensor "any",
    forward = function(x, o) return core[name](x, o.axis, o.keepdims) end,
    backward = "none",
    reason = "its result is bool",
  }
end

for name, doc in pairs { argmax = "largest", argmin = "least" } do
  op(name) {
    doc = ("Where the %s number along an axis is, the first of equal ones; NaN is passed over."):format(doc),
    args = { { "x", tensor "any numbers" } },
    options = { axis = kinds.axis(-1) },
    result = "x's without the axis; int64, counting from 1",
    reads = "core",
    forward = function(x, o) return core[name](x, o.axis) end,
    backward = "none",
    reason = "its result is a position",
    method = true,
    differs = "Positions count from 1.",
    errors = NO_AXIS .. " An axis of size 0.",
    example = ("print(K.%s(dw.tensor { { 5, 7, 1 }, { 9, 2, 4 } }))"):format(name),
    sample = function(R) return R { 2, 3 }, { axis = 1 } end,
  }
end

op "sum_to" {
  doc = "The gradient of broadcasting: x summed over the axes along which a tensor of the shape stretches to x's.",
  args = { { "x", tensor "any numbers" } },
  values = { { "shape", kinds.shape(), "a table of sizes that broadcasts to x's" } },
  result = "shape",
  forward = core.sum_to,
  keeps = {},
  backward = { x = function(g, _, x) return K.broadcast_to(g, x.shape) end },
  linear = true,
  differs = "Keras's backend does not have it.",
  sample = function(R) return R { 2, 3, 4 }, { 3, 1 } end,
  example = "print(K.sum_to(dw.ones { 2, 3 }, { 1, 3 }))",
  errors = "A shape that does not broadcast to x's.",
}
