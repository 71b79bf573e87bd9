-- ops/init.lua: op "name" { record } takes a record, checks that it is whole and makes its function. Everything
-- with an op's name in it is made from the record: the K function, its checks, the tensor method, the reference
-- text, the gradient test. Rooms in ops/ hold the records; they know the core and this file.
--
-- A record:
--   doc       what it computes, first sentence first
--   args      names of the tensors, which come first, by position
--   values    names of what is also required by position but is no tensor (a shape, a dtype); may be left out
--   shapes    what each of them looks like, by name, and `result`
--   options   name -> kind (options.lua); may be left out
--   forward   function(args..., values..., options) -> result
--   backward  name of an arg -> function(g, result, args..., values..., options) -> gradient, written with ops;
--             or the string "none" and `reason`
--   linear    true: linear in each of its tensors, the others held
--   sample    function(R) -> the arguments of one call, for tests; sizes never square
--   method    true: tensors have it as a method
--   differs   how it differs from Keras, if it does
--   example   Lua code that prints something

local options = require "dwconv.options"

local ops = { records = {} }

local function refuse(name, text) error(("op %s: %s"):format(name, text), 0) end

local required = { doc = "string", args = "table", shapes = "table", forward = "function", sample = "function" }

local function check_record(name, r)
  if ops.records[name] then refuse(name, "is recorded twice") end
  for field, kind in pairs(required) do
    if type(r[field]) ~= kind then refuse(name, ("has no %s"):format(field)) end
  end
  if r.backward == "none" then
    if type(r.reason) ~= "string" then refuse(name, "has no backward and no reason") end
    return
  end
  if type(r.backward) ~= "table" then refuse(name, "has no backward") end
  for _, arg in ipairs(r.args) do
    if type(r.backward[arg]) ~= "function" then refuse(name, ("has no backward for %s"):format(arg)) end
  end
end

-- The function of n positional arguments, then options. Tensors are checked by the core, which knows their shapes.
local makers = {
  function(forward, parse)
    return function(a, ...) return forward(a, parse(...)) end
  end,
  function(forward, parse)
    return function(a, b, ...) return forward(a, b, parse(...)) end
  end,
  function(forward, parse)
    return function(a, b, c, ...) return forward(a, b, c, parse(...)) end
  end,
}

--- Records an op: `op "name" { ... }`. Returns its function.
---@param name string
---@return fun(record: table): function
function ops.op(name)
  return function(r)
    check_record(name, r)
    r.name, r.options = name, r.options or {}
    r.positional = table.move(r.args, 1, #r.args, 1, {})
    table.move(r.values or {}, 1, #(r.values or {}), #r.positional + 1, r.positional)
    local takes = ("(%s%s)"):format(table.concat(r.positional, ", "), next(r.options) and ", {options}" or "")
    r.call = makers[#r.positional](r.forward, options.parser(name, r.options, takes))
    ops.records[name] = r
    return r.call
  end
end

return ops
