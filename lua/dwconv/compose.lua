-- compose.lua: dw.ops, in which ops are values: dw.ops.NAME{ bound arguments and options } is callable over what it
-- leaves open, and f >> g, f + g, f * g, f .. g, parallel{...} and residual(f) make bigger ones of them.
-- A node has: call(self, ...), `open` (names of the arguments it takes, nil for Lua functions, which say nothing),
-- `results` (how many it gives), `parts`, and text(self) with a `level` that says where it needs parentheses.

local config = require "dwconv.config"
local core = require "dwconv.core"
local ops = require "dwconv.ops"
local options = require "dwconv.options"

local records, K = ops.records, ops.calls
local raise, show, is_tensor = core.raise, options.show, options.is_tensor

---@class dwconv.Op
local Node = {}
Node.__index = Node
Node.__name = "dwconv.Op"

-- As Lua's operators bind, loosest first.
local CHAIN <const>, JOIN <const>, SUM <const>, PRODUCT <const>, LEAF <const> = 1, 2, 3, 4, 5

local function node(fields) return setmetatable(fields, Node) end

local function is_node(v) return getmetatable(v) == Node end

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
  if is_tensor(v) then return options.shape_text(v) end
  if type(v) ~= "table" then return show(v) end
  local list = {}
  for i, item in ipairs(v) do list[i] = value_text(item) end
  return "{" .. table.concat(list, ", ") .. "}"
end

local function call_bound(self, ...)
  local r, given, inputs = self.record, {}, table.pack(...)
  if inputs.n > #self.open then
    raise(("%s: takes %d open argument(s) (%s), got %d"):format(r.name, #self.open, table.concat(self.open, ", "), inputs.n))
  end
  local next_input, n = 1, #r.positional
  for i, name in ipairs(r.positional) do
    given[i] = self.bound[name]
    if given[i] == nil then
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
  for _, name in ipairs(self.record.positional) do
    if self.bound[name] ~= nil then list[#list + 1] = ("%s = %s"):format(name, value_text(self.bound[name])) end
  end
  local names = {}
  for name in pairs(self.options) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do list[#list + 1] = ("%s = %s"):format(name, value_text(self.options[name])) end
  local inside = table.concat(list, ", ")
  return self.record.name .. (inside == "" and "{}" or "{ " .. inside .. " }")
end

local function refuse_key(r, key)
  local names = table.move(r.positional, 1, #r.positional, 1, {})
  for name in pairs(r.options) do names[#names + 1] = name end
  table.sort(names)
  if type(key) == "number" then
    raise(("%s: arguments are bound by name (%s), got a value without one"):format(r.name, table.concat(names, ", ")))
  end
  raise(("%s: nothing to bind is called %s%s (there are %s)"):format(r.name, show(key), options.hint(key, names),
    table.concat(names, ", ")))
end

-- NAME{...}: arguments bound by name, options checked at once.
local function bind(r, given)
  if type(given) ~= "table" then
    raise(("%s: dw.ops.%s takes a table of what it binds, then is called: dw.ops.%s{}(x); got %s"):format(r.name, r.name,
      r.name, show(given)))
  end
  local self = { record = r, bound = {}, options = {}, open = {}, results = 1, level = LEAF, call = call_bound,
    text = bound_text }
  local positional = {}
  for _, name in ipairs(r.positional) do positional[name] = true end
  for key, value in pairs(given) do
    if positional[key] then
      self.bound[key] = value
    elseif r.options[key] then
      self.options[key] = value
    else
      refuse_key(r, key)
    end
  end
  options.parser(r.name, r.options, "")(self.options)
  for _, name in ipairs(r.positional) do
    if self.bound[name] == nil then self.open[#self.open + 1] = name end
  end
  return node(self)
end

local function call_function(self, ...) return self.f(...) end
local function function_text() return "function" end

local function call_constant(self) return self.value end
local function constant_text(self) return value_text(self.value) end

-- What may stand beside an operator: a node, a Lua function, or, for + and *, a number or tensor.
local function as_node(v, operator)
  if is_node(v) then return v end
  for _, r in pairs(type(v) == "function" and records or {}) do
    if r.call == v and not r.refused then return bind(r, {}) end -- a function of K
  end
  if type(v) == "function" then
    return node { f = v, results = 1, level = LEAF, call = call_function, text = function_text }
  end
  if (operator == "+" or operator == "*") and (type(v) == "number" or is_tensor(v)) then
    return node { value = v, results = 1, level = LEAF, constant = true, call = call_constant, text = constant_text }
  end
  raise(("%s: an op stands beside %s"):format(operator, show(v)))
end

-- ---- composition ---------------------------------------------------------------------------------

-- Calls one part; an error says in which part of what it was.
local function call_part(self, i, ...)
  local part = self.parts[i]
  local results = table.pack(pcall(part.call, part, ...))
  if results[1] then return table.unpack(results, 2, results.n) end
  local why = results[2]
  if type(why) == "string" and not why:find(" [at stage ", 1, true) then
    why = ("%s [at stage %d, %s, of %s]"):format(why, i, part:text(), self:text())
  end
  error(why, 0)
end

local function call_chain(self, ...)
  local results = table.pack(call_part(self, 1, ...))
  for i = 2, #self.parts do
    local part = self.parts[i]
    if part.record and part.record.list and results.n > 1 then results = { results, n = 1 } end
    results = table.pack(call_part(self, i, table.unpack(results, 1, part.open and #part.open or results.n)))
  end
  return table.unpack(results, 1, results.n)
end

local function chain_text(self) return texts(self.parts, " >> ", JOIN) end

-- Whether g can take what f gives: each open argument of g one result, or all of them a list.
local function check_fit(f, g)
  if g.constant then raise(">>: a number takes nothing") end
  if not g.open or #g.open == f.results or (g.record and g.record.list) then return end
  if #g.open == 0 then raise((">>: %s has no open argument"):format(g:text())) end
  raise((">>: %s has %d open arguments (%s), but %s gives %d; bind the others by name"):format(g:text(), #g.open,
    table.concat(g.open, ", "), f:text(), f.results))
end

local function flat(kind, ...) -- the parts, with those of parts of the same kind in their place
  local parts = {}
  for _, part in ipairs { ... } do
    if part.kind == kind then
      table.move(part.parts, 1, #part.parts, #parts + 1, parts)
    else
      parts[#parts + 1] = part
    end
  end
  return parts
end

local function chain(f, g)
  f, g = as_node(f, ">>"), as_node(g, ">>")
  check_fit(f, g)
  return node { kind = "chain", parts = flat("chain", f, g), open = f.open, results = g.results, level = CHAIN,
    call = call_chain, text = chain_text }
end

-- The parts get the same inputs; their results are combined.
local function side_by_side(kind, operator, level, combine)
  return function(f, g)
    f, g = as_node(f, operator), as_node(g, operator)
    for _, part in ipairs { f, g } do
      if part.results ~= 1 then raise(("%s: %s gives %d results"):format(operator, part:text(), part.results)) end
    end
    local open = f.constant and g.open or f.open
    if f.open and g.open and #f.open ~= #g.open then
      raise(("%s: %s has %d open argument(s) but %s has %d"):format(operator, f:text(), #f.open, g:text(), #g.open))
    end
    local self = { kind = kind, parts = flat(kind, f, g), open = open, results = 1, level = level }
    function self:call(...)
      local results = {}
      for i = 1, #self.parts do results[i] = call_part(self, i, ...) end
      return combine(results)
    end
    function self:text() return texts(self.parts, " " .. operator .. " ", level) end
    return node(self)
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
Node.__add = side_by_side("sum", "+", SUM, fold(function(a, b) return K.add(a, b) end))
Node.__mul = side_by_side("product", "*", PRODUCT, fold(function(a, b) return K.multiply(a, b) end))
Node.__concat = side_by_side("join", "..", JOIN, function(results)
  return K.concatenate(results, { axis = config.image_data_format() == "channels_first" and 2 or -1 })
end)

function Node:__call(...) return self:call(...) end
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
  local function visit(self_)
    if self_.constant then add(self_.value) end
    for _, name in ipairs(self_.record and self_.record.positional or {}) do
      local v = self_.bound[name]
      for _, item in ipairs(type(v) == "table" and v or { v }) do add(item) end
    end
    for _, part in ipairs(self_.parts or {}) do visit(part) end
  end
  visit(self)
  return found
end

-- ---- the namespace -------------------------------------------------------------------------------

local compose = {}

--- The same inputs to each of the ops; gives a result of each. What follows with >> takes them all.
---@param list table ops or functions
---@return dwconv.Op
function compose.parallel(list)
  if type(list) ~= "table" or #list == 0 then
    raise(("parallel: takes a table of ops, got %s"):format(show(list)))
  end
  local self = { kind = "parallel", parts = {}, results = #list, level = LEAF }
  for i, part in ipairs(list) do
    self.parts[i] = as_node(part, "parallel")
    self.open = self.open or self.parts[i].open
  end
  function self:call(...)
    local results = {}
    for i = 1, #self.parts do results[i] = call_part(self, i, ...) end
    return table.unpack(results)
  end
  function self:text() return "parallel{ " .. texts(self.parts, ", ", CHAIN) .. " }" end
  return node(self)
end

--- x + f(x).
---@param f dwconv.Op|function
---@return dwconv.Op
function compose.residual(f)
  f = as_node(f, "residual")
  local self = { kind = "residual", parts = { f }, open = f.open, results = 1, level = LEAF }
  if f.open and #f.open ~= 1 then
    raise(("residual: %s has %d open arguments, not one"):format(f:text(), #f.open))
  end
  function self:call(x) return K.add(x, (call_part(self, 1, x))) end
  function self:text() return "residual(" .. f:text() .. ")" end
  return node(self)
end

return setmetatable(compose, {
  __index = function(namespace, name)
    local r = records[name]
    if not r or r.refused then
      local names = {}
      for key in pairs(records) do names[#names + 1] = key end
      raise(("ops: no op is called %s%s"):format(show(name), options.hint(name, names)))
    end
    namespace[name] = function(given) return bind(r, given) end
    return namespace[name]
  end,
})
