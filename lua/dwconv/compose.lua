-- compose.lua: dw.ops, in which ops are values: dw.ops.NAME{ bound arguments and options } is callable over what it
-- leaves open, and f >> g, f + g, f * g, f .. g, parallel{...} and residual(f) make bigger ones of them.
-- A node has: call(self, ...), `open` (names of the arguments it takes, nil for what does not say: functions, numbers),
-- `results` (how many it gives), its parts, and text(self) with a `level` that says where it needs parentheses.
-- What an operator makes has `left` and `right`; the list of its parts is made when it is first asked for, so that long
-- formulas cost no more than their length.

local args = require "dwconv.args"
local config = require "dwconv.config"
local lookup = require "dwconv.lookup"
local ops = require "dwconv.ops"

local records, K = ops.records, ops.calls
local raise, show, is_tensor = args.raise, args.show, args.check.is_tensor

---@class dwconv.Op
local Node = {}
Node.__index = Node
Node.__name = "dwconv.Op"

-- How tightly Lua's operators bind, loosest first.
local CHAIN <const>, JOIN <const>, SUM <const>, PRODUCT <const>, LEAF <const> = 1, 2, 3, 4, 5

local function node(fields) return setmetatable(fields, Node) end

local function is_node(v) return getmetatable(v) == Node end

-- The parts of a node: operands of its own kind are taken apart, on the right only where the operation is associative.
local function parts_of(self)
  if self.parts or not self.left then return self.parts or {} end
  local parts, todo, apart = {}, { self }, { true } -- a stack of operands, and whether they may be taken apart
  while #todo > 0 do
    local n = #todo
    local part, open = todo[n], apart[n]
    todo[n], apart[n] = nil, nil
    if open and part.kind == self.kind then
      todo[n], apart[n] = part.right, self.associative
      todo[n + 1], apart[n + 1] = part.left, true
    else
      parts[#parts + 1] = part
    end
  end
  self.parts = parts
  return parts
end

local function text_of(part, level)
  local text = part:text()
  return part.level < level and "(" .. text .. ")" or text
end

local function texts(parts, between, level)
  local list = {}
  for i, part in ipairs(parts) do list[i] = text_of(part, level) end
  return table.concat(list, between)
end

-- ---- leaves --------------------------------------------------------------------------------------

local function value_text(v)
  if is_tensor(v) then return tostring(v.shape) end
  if type(v) ~= "table" then return show(v) end
  local list = {}
  for i, item in ipairs(v) do list[i] = value_text(item) end
  return "{" .. table.concat(list, ", ") .. "}"
end

-- "1 open argument (x)".
local function open_text(part)
  local n = #part.open
  if n == 0 then return "no open argument" end
  return ("%d open argument%s (%s)"):format(n, n == 1 and "" or "s", table.concat(part.open, ", "))
end

local function call_bound(self, ...)
  local r, given, inputs = self.record, {}, table.pack(...)
  if inputs.n > #self.open then raise("%s: it has %s, got %d", r.name, open_text(self), inputs.n) end
  local next_input, n = 1, #r.positional
  for i, name in ipairs(r.positional) do
    given[i] = self.bound[name]
    if given[i] == nil and not r.kinds[i].optional then
      given[i], next_input = inputs[next_input], next_input + 1
    end
  end
  if next(self.options) then
    n = n + 1
    given[n] = self.options
  end
  return r.call(table.unpack(given, 1, n))
end

local function bound_text(self)
  local list = {}
  for i, name in ipairs(self.names) do
    local v = self.bound[name]
    if v == nil then v = self.options[name] end
    list[i] = ("%s = %s"):format(name, value_text(v))
  end
  local inside = table.concat(list, ", ")
  return self.record.name .. (inside == "" and "{}" or "{ " .. inside .. " }")
end

-- The names of what is bound: arguments by position, then options by name.
local function bound_names(self)
  local names, options_ = {}, {}
  for _, name in ipairs(self.record.positional) do
    if self.bound[name] ~= nil then names[#names + 1] = name end
  end
  for name in pairs(self.options) do options_[#options_ + 1] = name end
  table.sort(options_)
  return table.move(options_, 1, #options_, #names + 1, names)
end

local function refuse_key(r, key)
  local names = table.move(r.positional, 1, #r.positional, 1, {})
  for name in pairs(r.options) do names[#names + 1] = name end
  table.sort(names)
  if type(key) == "number" then
    raise("%s: arguments are bound by name (%s), got a value without one", r.name, table.concat(names, ", "))
  end
  raise("%s: nothing to bind is called %s%s (there are %s)", r.name, show(key), args.hint(key, names),
    table.concat(names, ", "))
end

local LEVELS = 8 -- of tables in tables that can be bound

-- A script may change its table later, and it may contain itself.
local function own_copy(r, name, v, depth)
  if type(v) ~= "table" or getmetatable(v) then return v end
  if depth == LEVELS then raise("%s: %s is nested deeper than %d levels", r.name, name, LEVELS) end
  local copy = {}
  for key, item in pairs(v) do copy[key] = own_copy(r, name, item, depth + 1) end
  return copy
end

-- NAME{...}: arguments bound by name, options checked at once.
local function bind(r, given)
  if type(given) ~= "table" then
    raise("%s: dw.ops.%s takes a table of what it binds, then is called: dw.ops.%s{}(x); got %s", r.name, r.name,
      r.name, show(given))
  end
  local self = { record = r, bound = {}, options = {}, open = {}, results = 1, level = LEAF, call = call_bound,
    text = bound_text }
  local positional = {}
  for _, name in ipairs(r.positional) do positional[name] = true end
  for key, value in pairs(given) do
    if positional[key] then
      self.bound[key] = own_copy(r, key, value, 0)
    elseif r.options[key] then
      self.options[key] = own_copy(r, key, value, 0)
    else
      refuse_key(r, key)
    end
  end
  args.speaking(r.name, args.options(r.options, ""))(self.options)
  for i, name in ipairs(r.positional) do
    if self.bound[name] == nil and not r.kinds[i].optional then self.open[#self.open + 1] = name end
  end
  self.names = bound_names(self)
  return node(self)
end

local function call_function(self, ...) return self.f(...) end
local function function_text(self) return type(self.f) == "table" and tostring(self.f) or "function" end

local function call_constant(self) return self.value end
local function constant_text(self) return value_text(self.value) end

-- What may stand beside an operator: a node, a Lua function, or, for + and *, a number or tensor.
local function as_node(v, operator)
  if is_node(v) then return v end
  for _, r in pairs(type(v) == "function" and records or {}) do
    if r.call == v and not r.refused then return bind(r, {}) end -- a function of K
  end
  if args.check.is_callable(v) then
    return node { f = v, results = 1, level = LEAF, call = call_function, text = function_text }
  end
  if (operator == "+" or operator == "*") and (type(v) == "number" or is_tensor(v)) then
    return node { value = v, results = 1, level = LEAF, constant = true, call = call_constant, text = constant_text }
  end
  local numbers = (operator == "+" or operator == "*") and ", or a number or tensor" or ""
  raise("%s: takes ops and functions%s, got %s", operator, numbers, show(v))
end

-- ---- composition ---------------------------------------------------------------------------------

local TOO_DEEP <const> = "dw.ops: ops stand in ops deeper than Lua can call, some 190 levels; a chain of >> is one"

-- Calls f(...); an error says where in the formula it arose, unless a part has said so.
local function located(where, self, f, ...)
  local results = table.pack(pcall(f, ...))
  if results[1] then return table.unpack(results, 2, results.n) end
  local why = results[2]
  local text = type(why) == "string"
  if text and why:find("C stack overflow", 1, true) then raise(TOO_DEEP) end
  if text and not why:find(" [at ", 1, true) and not why:find(TOO_DEEP, 1, true) then
    why = ("%s [at %s, of %s]"):format(why, where(), self:text())
  end
  error(why, 0)
end

local function call_part(self, i, ...)
  local part = parts_of(self)[i]
  return located(function() return ("stage %d, %s"):format(i, part:text()) end, self, part.call, part, ...)
end

-- Whether its one open argument is a table of tensors.
local function takes_list(part) return part.record and part.record.list and #part.open == 1 end

local function call_chain(self, ...)
  local results = table.pack(call_part(self, 1, ...))
  local parts = parts_of(self)
  for i = 2, #parts do
    local part = parts[i]
    if takes_list(part) and (results.n > 1 or is_tensor(results[1])) then results = { results, n = 1 } end
    results = table.pack(call_part(self, i, table.unpack(results, 1, part.open and #part.open or results.n)))
  end
  return table.unpack(results, 1, results.n)
end

local function chain_text(self) return texts(parts_of(self), " >> ", JOIN) end

-- Refuses a g that cannot take what f gives: each open argument of g one result, or all of them a list.
local function check_fit(f, g)
  if not g.open or #g.open == f.results or takes_list(g) then return end
  local advice = #g.open > f.results and "; bind the others by name" or ""
  raise(">>: %s has %s, but %s gives %d%s", g:text(), open_text(g), f:text(), f.results, advice)
end

-- Parts that get the same inputs leave the same number of arguments open: the names of the first that says.
local function common_open(operator, parts)
  local first
  for _, part in ipairs(parts) do
    if first and part.open and #part.open ~= #first.open then
      raise("%s: %s has %s, but %s has %s", operator, first:text(), open_text(first), part:text(),
        open_text(part))
    end
    first = first or part.open and part
  end
  return first and first.open
end

local function check_single(operator, part)
  if part.results ~= 1 then
    raise("%s: takes parts with one result, but %s gives %d", operator, part:text(), part.results)
  end
end

local function chain(f, g)
  f, g = as_node(f, ">>"), as_node(g, ">>")
  check_fit(f, g)
  return node { kind = "chain", left = f, right = g, associative = true, open = f.open, results = g.results,
    level = CHAIN, call = call_chain, text = chain_text }
end

local function call_each(self, ...)
  local results = {}
  for i = 1, #parts_of(self) do results[i] = call_part(self, i, ...) end
  return results
end

-- The parts get the same inputs; their results are combined. Sums and products of floats are not associative:
-- what stands in parentheses on the right is computed first.
local function side_by_side(kind, operator, level, associative, combine)
  local between, right = (" %s "):format(operator), associative and level or level + 1
  local function where() return operator end
  local function call(self, ...) return located(where, self, combine, call_each(self, ...)) end
  local function text(self)
    local parts = parts_of(self)
    local others = table.move(parts, 2, #parts, 1, {})
    return text_of(parts[1], level) .. between .. texts(others, between, right)
  end
  return function(f, g)
    f, g = as_node(f, operator), as_node(g, operator)
    check_single(operator, f)
    check_single(operator, g)
    return node { kind = kind, left = f, right = g, associative = associative, open = common_open(operator, { f, g }),
      results = 1, level = level, call = call, text = text }
  end
end

local function fold(f)
  return function(results)
    local y = results[1]
    for i = 2, #results do y = f(y, results[i]) end
    return y
  end
end

Node.__shr = chain
Node.__add = side_by_side("sum", "+", SUM, false, fold(function(a, b) return K.add(a, b) end))
Node.__mul = side_by_side("product", "*", PRODUCT, false, fold(function(a, b) return K.multiply(a, b) end))
Node.__concat = side_by_side("join", "..", JOIN, true, function(results)
  return K.concatenate(results, { axis = config.image_data_format() == "channels_first" and 2 or -1 })
end)

function Node:__call(...)
  local graph = ops.slot[3]
  if graph and graph.composed and self.results == 1 and select("#", ...) == 1 and graph.meets(...) then
    return graph.composed(self, ...) -- a layer, with its parameters
  end
  return self:call(...)
end
function Node:__tostring() return self:text() end

--- The float tensors bound anywhere in it, each once, in the order of the formula.
---@return dwconv.Tensor[]
function Node:parameters()
  local found, seen = {}, {}
  local function add(v)
    if is_tensor(v) and v.dtype:find "^float" and not seen[v] then
      seen[v] = true
      found[#found + 1] = v
    end
  end
  local visit
  local function visit_value(v) -- a tensor, an op, or a table with them in it
    if is_node(v) then return visit(v) end
    add(v)
    for _, item in ipairs(type(v) == "table" and v or {}) do visit_value(item) end
  end
  function visit(part)
    if seen[part] then return end
    seen[part] = true
    if part.constant then add(part.value) end
    local meta = type(part.f) == "table" and getmetatable(part.f)
    for _, tensor in ipairs(meta and meta.parameters and meta.parameters(part.f) or {}) do add(tensor) end
    for _, name in ipairs(part.names or {}) do
      local v = part.bound[name]
      if v == nil then v = part.options[name] end
      visit_value(v)
    end
    for _, inner in ipairs(parts_of(part)) do visit(inner) end
  end
  visit(self)
  return lookup.listed(found, "%d parameters", show)
end

local WITH_TENSOR = { add = Node.__add, multiply = Node.__mul }

-- A tensor on the left of an op: the operator of tensors asks the operand that it does not know.
function Node.__with_tensor(operator, a, b)
  local combine = WITH_TENSOR[operator]
  return combine and combine(a, b)
end

-- ---- the namespace -------------------------------------------------------------------------------

local compose = {}

local function call_parallel(self, ...) return table.unpack(call_each(self, ...)) end
local function parallel_text(self) return "parallel{ " .. texts(parts_of(self), ", ", CHAIN) .. " }" end

--- The same inputs to each of the ops; gives a result of each. What follows with >> takes them all.
---@param list table ops or functions
---@return dwconv.Op
function compose.parallel(list)
  if type(list) ~= "table" or is_node(list) or #list == 0 then
    raise("parallel: takes a table of ops, got %s", is_node(list) and list:text() or show(list))
  end
  local parts = {}
  for i = 1, #list do
    parts[i] = as_node(list[i], "parallel")
    check_single("parallel", parts[i])
  end
  return node { kind = "parallel", parts = parts, open = common_open("parallel", parts), results = #parts, level = LEAF,
    call = call_parallel, text = parallel_text }
end

local function where_residual() return "x + f(x)" end

local function call_residual(self, x, ...)
  return located(where_residual, self, K.add, x, (call_part(self, 1, x, ...)))
end

local function residual_text(self) return "residual(" .. parts_of(self)[1]:text() .. ")" end

--- x + f(x).
---@param f dwconv.Op|function
function compose.residual(f)
  f = as_node(f, "residual")
  check_single("residual", f)
  if f.open and #f.open ~= 1 then
    raise("residual: takes a part with one open argument, but %s has %s", f:text(), open_text(f))
  end
  return node { kind = "residual", parts = { f }, open = f.open or { "x" }, results = 1, level = LEAF,
    call = call_residual, text = residual_text }
end

local rooms, advice = {}, {}
for name, r in pairs(records) do
  if r.refused then
    advice[name] = "there is no such thing here; " .. r.refused
  elseif not compose[name] then
    rooms[name] = function() return function(given) return bind(r, given) end end
  end
end

return lookup.strict(compose, "dw.ops", "dw.ops, ops as values: dw.ops.NAME{ what is bound } is called over the rest:",
  rooms, advice)
