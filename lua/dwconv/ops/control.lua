-- ops/control.lua: choosing between results, and functions called along the first axis.

local core = require "dwconv.core"
local ops = require "dwconv.ops"
local options = require "dwconv.options"

local value_of = options.value_of

local op = ops.family("control", "choices, and functions called along the first axis")
local K = ops.calls
local is_tensor, check_function = options.is_tensor, options.check_function

-- A condition of the rank of the branches: one of rank 1 lies along the last axis, a higher one has 1s added behind.
local function fitted(condition, rank)
  local shape = condition.shape
  if #shape > rank then
    core.raise(("switch: condition has %d axes, more than the %d of the branches"):format(#shape, rank))
  end
  if #shape < 2 then return condition end
  for i = #shape + 1, rank do shape[i] = 1 end
  return core.reshape(condition, shape)
end

-- Refuses what where() would, in the names that the script used.
local check_branches = core.elementwise("where", "switch", "check", "condition", "then_expression", "else_expression")

op "switch" {
  doc = [[
then_expression where condition is true (a number: not 0), else else_expression. A condition of one element picks one
of them whole, and of functions calls only that one; otherwise the choice is number by number.]],
  args = {},
  values = { "condition", "then_expression", "else_expression" },
  shapes = {
    condition = "a tensor, a number or a boolean", then_expression = "a tensor, a number or a function",
    else_expression = "a tensor, a number or a function", result = "the branches'",
  },
  forward = function(condition, x, y)
    if is_tensor(condition) and condition.ndim == 0 then condition = condition:item() end
    if type(condition) == "number" then condition = condition ~= 0 end
    if type(condition) == "boolean" then return value_of(condition and x or y) end
    if not is_tensor(condition) then
      core.raise(("switch: condition must be a tensor, a number or a boolean, got %s"):format(options.show(condition)))
    end
    x, y = value_of(x), value_of(y)
    for name, v in pairs { then_expression = x or false, else_expression = y or false } do
      if not is_tensor(v) and type(v) ~= "number" then
        core.raise(("switch: %s must be a tensor, a number or a function, got %s"):format(name, options.show(v)))
      end
    end
    local rank = math.max(is_tensor(x) and x.ndim or 0, is_tensor(y) and y.ndim or 0)
    if condition.dtype ~= "bool" then condition = core.cast(condition, "bool") end
    condition = fitted(condition, rank)
    check_branches(condition, x, y)
    return K.where(condition, x, y)
  end,
  backward = "parts",
  sample = function(R) return K.greater(R { 2, 3 }, 0), R { 2, 3 }, R { 2, 3 } end,
  example = "print(K.switch(dw.tensor { true, false }, dw.tensor { 1, 2 }, dw.tensor { 10, 20 }))",
  errors = "A condition with more axes than the branches, or whose shape does not broadcast with theirs.",
}

-- How many slices a tensor has along its first axis, or a table items, and a function that gives the i-th.
local function items(name, elems)
  if type(elems) == "table" then
    local list = {} -- of our own
    for i = 1, rawlen(elems) do list[i] = options.check_tensor(name, ("elems[%d]"):format(i), rawget(elems, i)) end
    return #list, function(i) return list[i] end
  end
  if not is_tensor(elems) or elems.ndim == 0 then
    core.raise(("%s: elems must be a tensor with at least one axis or a table of tensors, got %s"):format(name,
      options.show(elems)))
  end
  return #elems, function(i) return K.select(elems, 1, i) end
end

local check_memory = core.named(core.check_memory, "map_fn")
local TENSOR <const> = 256 -- bytes of a small one

op "map_fn" {
  doc = "fn(e) of each slice of elems along its first axis, stacked.",
  args = {},
  values = { "fn", "elems" },
  options = { dtype = options.optional(options.dtype()) },
  shapes = { fn = "a function", elems = "n,...", result = "n, fn's" },
  forward = function(fn, elems, o)
    check_function("map_fn", "fn", fn)
    local n, item = items("map_fn", elems)
    if n == 0 then core.raise "map_fn: elems is empty, so there is nothing that says what fn gives" end
    check_memory(n * TENSOR)
    local results = {}
    for i = 1, n do
      local y = fn(item(i))
      if not is_tensor(y) then core.raise(("map_fn: fn must give a tensor, got %s"):format(options.show(y))) end
      results[i] = o.dtype and K.cast(y, o.dtype) or y
    end
    return K.stack(results, { axis = 1 })
  end,
  backward = "parts",
  sample = function(R) return function(e) return e * e end, R { 2, 3 } end,
  example = "print(K.map_fn(function(e) return e * 2 end, dw.tensor { 1, 2 }))",
  errors = "Nothing in elems; results of fn that are no tensors, or differ in shape or dtype.",
}

local initial = {
  annotation = "dwconv.Tensor|number",
  default_text = "the first slice",
  expected = "a tensor or a number",
  read = function(v) return v end,
}

for name, order in pairs { foldl = "first to last", foldr = "last to first" } do
  op(name) {
    doc = ("acc = fn(acc, e) over the slices of elems along its first axis, %s; acc begins as the option initializer, "
      .. "or as the first slice met."):format(order),
    args = {},
    values = { "fn", "elems" },
    options = { initializer = initial },
    shapes = { fn = "a function of acc and e", elems = "n,...", result = "fn's" },
    forward = function(fn, elems, o)
      check_function(name, "fn", fn)
      local n, item = items(name, elems)
      local first, last, step = 1, n, 1
      if name == "foldr" then first, last, step = n, 1, -1 end
      local acc = o.initializer
      if acc == nil then
        if n == 0 then core.raise(name .. ": elems is empty, and there is no initializer") end
        acc, first = item(first), first + step
      end
      for i = first, last, step do acc = fn(acc, item(i)) end
      return acc
    end,
    backward = "parts",
    sample = function(R) return function(acc, e) return acc * e end, R { 2, 3 } end,
    errors = "Nothing in elems and no initializer.",
    example = ("print(K.%s(function(acc, e) return acc - e end, dw.tensor { 1, 2, 3, 4 }))"):format(name),
  }
end
