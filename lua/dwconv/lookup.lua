-- lookup.lua: tables of functions that say so when a name is looked up which they do not have, and that print as what
-- they are. Used for dw, K, dw.ops, dw.io and the methods of tensors. rawget and pairs see them as plain tables.

local args = require "dwconv.args"

local lookup = {}

--- Names in lines of at most `width` bytes, after `indent`.
---@param names string[]
---@param indent string
---@param width? integer 100 if left out
---@return string
function lookup.lines(names, indent, width)
  local lines, line = {}, ""
  for i, name in ipairs(names) do
    local word = i < #names and name .. ", " or name
    if #line + #word > (width or 100) - #indent then
      lines[#lines + 1], line = indent .. line:gsub("%s+$", ""), ""
    end
    line = line .. word
  end
  lines[#lines + 1] = indent .. line
  return table.concat(lines, "\n")
end

local function strings(t)
  local names = {}
  for name in pairs(t) do
    if type(name) == "string" and not name:find "^_" then names[#names + 1] = name end
  end
  return names
end

--- Raises for a name that `what` does not have: with `advice` if there is some, else with the nearest of `names`.
---@param what string what was asked, as error texts have it: "K", "dw.io"
---@param name any
---@param names string[]
---@param advice? string
function lookup.refuse(what, name, names, advice)
  if advice then args.raise("%s.%s: %s", what, name, advice) end
  local hint = args.hint(name, names)
  if hint == "" then hint = ("; print(%s) lists what it has"):format(what) end
  args.raise("%s has no %s%s", what, args.show(name), hint)
end

--- Required again after package.loaded was cleared, a room is what it was: tensors have one metatable, their operators
--- one tape. Who has changed a source begins a new Lua state.
function lookup.keep_rooms()
  for name, room in pairs(package.loaded) do
    if (name == "dwconv" or name:find "^dwconv%.") and not package.preload[name] then
      package.preload[name] = function() return room end
    end
  end
end

--- Makes `t` strict. `rooms`: names that are there too, each with a function that makes its value when it is first
--- wanted. `advice`: what to use in place of names that are not there, if anything.
---@param t table
---@param what string as error texts have it: "K"
---@param about string what it is, the first line that it prints
---@param rooms? table<string, fun(): any>
---@param advice? table<string, string>
---@return table t
function lookup.strict(t, what, about, rooms, advice)
  rooms, advice = rooms or {}, advice or {}
  local function names()
    local list = strings(t)
    for name in pairs(rooms) do
      if rawget(t, name) == nil then list[#list + 1] = name end
    end
    table.sort(list)
    return list
  end
  return setmetatable(t, {
    __index = function(_, name)
      if not rooms[name] then lookup.refuse(what, name, names(), advice[name]) end
      t[name] = rooms[name]()
      lookup.keep_rooms()
      return t[name]
    end,
    __tostring = function() return about .. "\n" .. lookup.lines(names(), "  ") end,
    names = names,
  })
end

--- The names that a strict table has, those of rooms that are not loaded yet too; nil for any other table.
---@param t table
---@return string[]?
function lookup.names(t)
  local metatable = type(t) == "table" and getmetatable(t)
  local names = type(metatable) == "table" and rawget(metatable, "names")
  return names and names() or nil
end

--- A list that prints as what `text(item)` says of each of its items, in lines of their own after `about`.
---@param list table
---@param about string
---@param text fun(item: any): string
---@return table list
function lookup.listed(list, about, text)
  return setmetatable(list, { __tostring = function(self)
    local lines = { about:format(#self) }
    for i, item in ipairs(self) do lines[#lines + 1] = ("  %d  %s"):format(i, text(item)) end
    return table.concat(lines, "\n")
  end })
end

return lookup
