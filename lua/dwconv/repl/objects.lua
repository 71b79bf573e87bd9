-- repl/objects.lua: what is in a value: its names and what they stand for, for completion and `?name`. Called by
-- completion.lua and describe.lua.
-- Invariant: looking runs no metamethod of a script, so it can neither loop, nor print, nor fail; rooms of dwconv load.

local _ENV = require "dwconv.repl.globals"

local args = require "dwconv.args"
local classes = require "dwconv.classes"
local core = require "dwconv.core"
local lookup = require "dwconv.lookup"

local objects = {}

local is_tensor = args.check.is_tensor

local MOST_NAMES <const> = 20000 -- that are looked at in a table, as Ctrl-C waits for it

local FIELDS <const> = { "shape", "dtype", "ndim", "size" } -- of tensors

-- A metatable that does not hide itself.
local function metatable_of(v)
  local metatable = getmetatable(v)
  return type(metatable) == "table" and metatable or {}
end

-- What a class's instances have, by name.
local function of_instance(v)
  local metatable, all = metatable_of(v), {}
  for name in next, metatable.getters do all[name] = "field" end
  for name in next, metatable.class.options do all[name] = "field" end
  for name, method in next, metatable.class.methods do
    if type(method) == "function" and not all[name] then all[name] = "method" end
  end
  for name in next, v do all[name] = "field" end
  return all
end

-- What a table, or another value with a table of methods, has.
local function of_table(v)
  local all, n = {}, 0
  for _ = 1, 10 do -- a chain of __index that may be a ring
    if type(v) ~= "table" then break end
    for name, value in next, v do
      n = n + 1
      if n > MOST_NAMES then break end
      if not all[name] then all[name] = type(value) == "function" and "method" or "field" end
    end
    v = rawget(metatable_of(v), "__index")
  end
  return all
end

--- The names in a value: { name = "field" or "method" }.
---@return table<string, string>
function objects.names(v)
  if is_tensor(v) then
    local all = {}
    for name in next, core.methods do all[name] = "method" end
    for _, name in ipairs(FIELDS) do all[name] = "field" end
    return all
  end
  if classes.is_instance(v) then return of_instance(v) end
  local listed = lookup.names(v)
  if listed then
    local all = {}
    for _, name in ipairs(listed) do all[name] = "method" end
    return all
  end
  if type(v) == "table" then return of_table(v) end
  return of_table(rawget(metatable_of(v), "__index"))
end

--- What a name in a value stands for; nil if there is no such name, or a script's own function would have to say.
function objects.get(v, name)
  if is_tensor(v) then
    if type(name) == "number" then return nil end
    return rawget(core.methods, name) or objects.names(v)[name] and v[name] or nil
  end
  if classes.is_instance(v) then
    local metatable = metatable_of(v)
    if rawget(v, name) ~= nil then return rawget(v, name) end
    if metatable.getters[name] then
      local fine, value = pcall(metatable.getters[name], v)
      return fine and value or nil
    end
    return metatable.class.methods[name]
  end
  if lookup.names(v) then return objects.names(v)[name] and v[name] or rawget(v, name) end
  if type(v) ~= "table" then v = rawget(metatable_of(v), "__index") end
  for _ = 1, 10 do
    if type(v) ~= "table" then return nil end
    local value = rawget(v, name)
    if value ~= nil then return value end
    v = rawget(metatable_of(v), "__index")
  end
end

-- What a name at the beginning stands for: a global, or what is at hand at the prompt.
local function global(env, name)
  local v = rawget(env, name)
  if v == nil then v = rawget(_G, name) end
  if v == nil then v = objects.get(env, name) end
  return v
end

--- What the tokens up to number `last` stand for, as far as they are names with dots and colons, or an index that is
--- written out; the value that holds it, and its name there, if it has one.
---@param tokens table as lexer.tokens gives them
---@param last integer
---@param env table
---@return any value, any holder, string? name
function objects.resolve(tokens, last, env)
  local t = tokens[last]
  if not t then return nil end
  local before = tokens[last - 1]
  if t.kind == "name" then
    if before and (before.text == "." or before.text == ":") then
      local holder = objects.resolve(tokens, last - 2, env)
      if holder == nil then return nil end
      return objects.get(holder, t.text), holder, t.text
    end
    return global(env, t.text), nil, t.text
  elseif t.text == "]" and tokens[last - 2] and tokens[last - 2].text == "[" then
    local holder, key = objects.resolve(tokens, last - 3, env), before.text
    if holder == nil then return nil end
    return objects.get(holder, tonumber(key) or before.kind == "string" and key:sub(2, -2) or nil), holder
  elseif t.kind == "string" then
    return ""
  end
end

return objects
