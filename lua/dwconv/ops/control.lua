-- ops/control.lua: choosing between results, and functions called along the first axis.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "control"
local K = ops.calls
local check, kinds, raise = args.check, args.kinds, args.raise
local is_tensor, value_of = check.is_tensor, check.value_of

-- A condition of the rank of the branches: one of rank 1 lies along the last axis, a higher one gets 1s at the end.
local function fitted(condition, rank)
  local shape = condition.shape
  if #shape > rank then
    raise("condition has %d axes, more than the %d of the branches", #shape, rank)
  end
  if #shape < 2 then return condition end
  for i = #shape + 1, rank do shape[i] = 1 end
  return core.reshape(condition, shape)
end

local condition_kind = kinds.new {
  annotation = "dwconv.Tensor|number|boolean",
  expected = "a tensor, a number or a boolean",
  tensors = true,
  read = function(v) if is_tensor(v) or type(v) == "number" or type(v) == "boolean" then return v end end,
}

-- A branch where the choice is number by number; a branch that is picked whole may be anything.
local branch = kinds.new {
  annotation = "dwconv.Tensor|number",
  expected = "a tensor, a number or a function",
  read = function(v) return (is_tensor(v) or type(v) == "number") and v or nil end,
}

-- Refuses what where() would, in the names that the script used.
local check_branches = core.elementwise("where", "check", "condition", "then_expression", "else_expression")

op "switch" {
  doc = [[
then_expression where condition is true (a number: not 0), else else_expression. A condition of one element picks one
of them whole, and of functions calls only that one; otherwise the choice is number by number.]],
  args = {},
  values = {
    { "condition", condition_kind },
    { "then_expression", kinds.anything("a tensor, a number or a function", "dwconv.Tensor|number|function") },
    { "else_expression", kinds.anything("a tensor, a number or a function", "dwconv.Tensor|number|function") },
  },
  result = kinds.gives("dwconv.Tensor|number", "the branches'", true),
  forward = function(condition, x, y)
    if is_tensor(condition) and condition.ndim == 0 then condition = condition:item() end
    if type(condition) == "number" then condition = condition ~= 0 end
    if type(condition) == "boolean" then return value_of(condition and x or y) end
    x, y = value_of(x), value_of(y)
    branch:check("then_expression", x)
    branch:check("else_expression", y)
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

local elems_kind = kinds.tensor_or_list("n,...", { axes = 1 })

-- How many slices a tensor has along its first axis, or a list items, and a function that gives the i-th.
local function items(elems)
  if type(elems) == "table" then return #elems, function(i) return elems[i] end end
  return #elems, function(i) return K.select(elems, 1, i) end
end

local result = kinds.tensor "" -- of a function that must give a tensor

local TENSOR <const> = 256 -- bytes of a small tensor

op "map_fn" {
  doc = "fn(e) of each slice of elems along its first axis, stacked.",
  args = {},
  values = { { "fn", kinds.callable() }, { "elems", elems_kind } },
  options = { dtype = kinds.optional(kinds.dtype()) },
  result = "n, fn's",
  forward = function(fn, elems, o)
    local n, item = items(elems)
    if n == 0 then raise "elems is empty, so there is nothing that says what fn gives" end
    core.check_memory(n * TENSOR)
    local results = {}
    for i = 1, n do
      local y = result:check("what fn gives", args.call(fn, item(i)))
      results[i] = o.dtype and K.cast(y, o.dtype) or y
    end
    return K.stack(results, { axis = 1 })
  end,
  backward = "parts",
  sample = function(R) return function(e) return e * e end, R { 2, 3 } end,
  example = "print(K.map_fn(function(e) return e * 2 end, dw.tensor { 1, 2 }))",
  errors = "Empty elems; results of fn that are not tensors, or differ in shape or dtype.",
}

local initial = kinds.new {
  annotation = "any",
  default_text = "the first slice",
  expected = "a tensor or a number, or what else fn takes",
  read = function(v) return v end,
}

for name, order in pairs { foldl = "first to last", foldr = "last to first" } do
  op(name) {
    doc = ("acc = fn(acc, e) over the slices of elems along its first axis, %s; acc begins as the option initializer, "
      .. "or as the first slice met."):format(order),
    args = {},
    values = { { "fn", kinds.callable(), "a function of acc and e" }, { "elems", elems_kind } },
    options = { initializer = initial },
    result = kinds.gives("any", "fn's"),
    forward = function(fn, elems, o)
      local n, item = items(elems)
      local first, last, step = 1, n, 1
      if name == "foldr" then first, last, step = n, 1, -1 end
      local acc = o.initializer
      if acc == nil then
        if n == 0 then raise "elems is empty, and there is no initializer" end
        acc, first = item(first), first + step
      end
      for i = first, last, step do acc = args.call2(fn, acc, item(i)) end
      return acc
    end,
    backward = "parts",
    sample = function(R) return function(acc, e) return acc * e end, R { 2, 3 } end,
    errors = "Empty elems without an initializer.",
    example = ("print(K.%s(function(acc, e) return acc - e end, dw.tensor { 1, 2, 3, 4 }))"):format(name),
  }
end
