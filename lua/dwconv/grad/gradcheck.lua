-- grad/gradcheck.lua: dw.gradcheck, which compares the gradients of a function with central differences.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "gradients"
local K = ops.calls
local kinds = args.kinds

-- sum(f(inputs...) * g) as a number, outside any tape.
local function projected(f, inputs, g)
  return K.no_grad(function() return core.sum(args.call(f, table.unpack(inputs)) * g, nil, false):item() end)
end

-- Central differences for one input: extrapolated from two steps (Richardson), so that the error is of order step^4.
local function differences(f, inputs, k, g, step)
  local x = inputs[k]
  local d = core.zeros({ x.size }, x.dtype)
  local moved = { table.unpack(inputs) }
  moved[k] = core.clone(x)
  local flat = core.reshape(moved[k], { -1 })
  for i = 1, x.size do
    local at = flat:select(1, i):item()
    local function slope(h)
      flat[i] = at + h
      local above = projected(f, moved, g)
      flat[i] = at - h
      local below = projected(f, moved, g)
      flat[i] = at
      return (above - below) / (2 * h)
    end
    d[i] = (4 * slope(step) - slope(2 * step)) / 3
  end
  return core.reshape(d, x.shape)
end

local function weights_for(y, seed) return core.uniform(y.shape, 0.5, 1.5, seed, y.dtype) end

-- The gradient function of f: inputs -> gradients of sum(f * g), as one flat tensor.
local function gradient_of(f, g)
  return function(...)
    local inputs = { ... }
    local tape, y = K.record(f, ...)
    local flat = {}
    for i, d in ipairs(tape:gradients(y, inputs, { output_gradients = g })) do flat[i] = K.flatten(d) end
    return K.concatenate(flat)
  end
end

local function compare(f, inputs, o, order)
  local y = args.call(f, table.unpack(inputs))
  local g = weights_for(y, 1000 + order)
  local tape, z = K.record(f, table.unpack(inputs))
  local got = tape:gradients(z, inputs, { output_gradients = g })
  for k in ipairs(inputs) do
    local want = differences(f, inputs, k, g, o.step)
    local close, why = core.close(got[k], want, o.rtol, o.atol)
    if not close then
      why = why:gsub(" in a", " by the tape"):gsub(" in b", " by differences")
      return false, ("order %d, input %d: %s"):format(order, k, why)
    end
  end
  return true
end

local result = kinds.tensor("", { dtype = "float64" }) -- of f

op "gradcheck" {
  doc = [[
Whether the gradients of f at the inputs agree with central differences, |a - b| <= atol + rtol*|b|; of its gradients
too, for the option order = 2 or more. The second result says where they do not. f must give one float64 tensor.]],
  args = {},
  values = {
    { "f", kinds.callable(), "a function of tensors" },
    { "inputs", kinds.list("a table of float64 tensors", { dtype = "float64" }) },
  },
  options = {
    order = kinds.whole(1), step = kinds.number(1e-3), rtol = kinds.number(1e-6),
    atol = kinds.number(1e-8),
  },
  result = { kinds.gives("boolean", "true"), kinds.gives("string?", "or false and a text") },
  forward = function(f, inputs, o)
    if o.order < 1 then args.raise("order must be at least 1, got %d", o.order) end
    for i, x in ipairs(inputs) do inputs[i] = core.clone(x) end -- as two of them may be one tensor
    for order = 1, o.order do
      local y = result:check("what f gives", args.call(f, table.unpack(inputs)))
      local good, why = compare(f, inputs, o, order)
      if not good then return false, why end
      f = gradient_of(f, weights_for(y, 1000 - order))
    end
    return true
  end,
  backward = "none",
  reason = "its result is a boolean",
  home = "dw",
  sample = function(R) return function(x) return x * x end, { R { 2, 3 } } end,
  errors = "An order below 1, a result of f that is no float64 tensor.",
  example = "print(dw.gradcheck(K.tanh, { dw.uniform({ 2, 3 }, { dtype = \"float64\", seed = 1 }) }, { order = 2 }))",
}
