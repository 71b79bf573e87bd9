-- repl/values.lua: how the prompt shows values: tensors so that they fit the screen, tables one level deep, what has a
-- printer of its own by that. Called by session.lua and describe.lua.
-- Invariant: showing changes nothing, and an error in a script's own __tostring becomes a part of the text.

local _ENV = require "dwconv.repl.globals"

local args = require "dwconv.args"
local lookup = require "dwconv.lookup"
local tensor = require "dwconv.tensor"

local values = {}

local MOST_KEYS <const> = 20
local MOST_LINES <const> = 20 -- of a tensor
local LONGEST <const> = 60 -- bytes of a string within a table
local LINES_KEPT <const> = 4 -- of the screen, for the entry and the next prompt

local ESCAPES <const> = { ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r", ["\\"] = "\\\\", ['"'] = '\\"' }

-- A string as a script writes it; cut at `longest` bytes.
local function quoted(s, longest)
  local cut = longest and #s > longest
  if cut then s = s:sub(1, (utf8.offset(s, 0, longest + 1) or longest + 1) - 1) end
  local text = s:gsub('[\n\t\r\\"]', ESCAPES):gsub("%c", function(c) return ("\\%03d"):format(c:byte()) end)
  return '"' .. text .. (cut and '"...' or '"')
end

-- What a function is: where it was made.
local function function_text(f)
  local info = debug.getinfo(f, "S")
  if info.what == "C" then return tostring(f) end
  local name = info.source:match "^=%[dwconv%] (.+)$"
  if name then return ("function %s of dwconv"):format(name) end
  return ("function of %s, line %d"):format(info.short_src, info.linedefined)
end

-- What tostring gives; it may be a script's function, and may fail.
local function printed(v)
  local fine, text = pcall(tostring, v)
  return fine and text or ("(its __tostring fails: %s)"):format(tostring(text))
end

local function has_printer(v)
  local metatable = getmetatable(v)
  return type(metatable) ~= "table" or metatable.__tostring ~= nil or metatable.__name ~= nil
end

-- A value within a table, on one line.
local function short(v)
  if type(v) == "string" then return quoted(v, LONGEST) end
  if type(v) == "function" then return function_text(v) end
  if args.check.is_tensor(v) then return ("tensor %s %s"):format(v.shape, v.dtype) end
  if type(v) ~= "table" then return printed(v) end
  if getmetatable(v) and has_printer(v) then
    local line = printed(v):match "^[^\n]*"
    return #line > LONGEST and line:sub(1, LONGEST) .. "..." or line
  end
  return next(v) == nil and "{}" or #v > 0 and ("{ %d items }"):format(#v) or "{ ... }"
end

local function key_text(key)
  if type(key) == "string" and key:find "^[%a_][%w_]*$" then return key end
  return "[" .. short(key) .. "]"
end

local function by_text(a, b)
  if type(a) == type(b) and (type(a) == "string" or type(a) == "number") then return a < b end
  return type(a) == type(b) and tostring(a) < tostring(b) or type(a) < type(b)
end

-- The items of a table as texts: its list first, then keys in order; how many more there are; how many are of the list.
local function items_of(t)
  local items, keys, n = {}, {}, rawlen(t)
  local listed = math.min(n, MOST_KEYS)
  for i = 1, listed do items[i] = short(rawget(t, i)) end
  for key in next, t do
    if not (math.type(key) == "integer" and key >= 1 and key <= n) then keys[#keys + 1] = key end
  end
  table.sort(keys, by_text)
  local left = n - #items
  for i, key in ipairs(keys) do
    if #items >= MOST_KEYS then return items, left + #keys - i + 1, listed end
    items[#items + 1] = key_text(key) .. " = " .. short(rawget(t, key))
  end
  return items, left, listed
end

-- On one line if it fits; else the list in full lines, and a line for each key.
local function table_text(t, columns)
  local items, left, listed = items_of(t)
  if left > 0 then items[#items + 1] = ("... %d more"):format(left) end
  local whole = #items == 0 and "{}" or "{ " .. table.concat(items, ", ") .. " }"
  if #whole <= columns then return whole end
  local lines = {}
  if listed > 0 then lines[1] = lookup.lines(table.move(items, 1, listed, 1, {}), "  ", columns) end
  for i = listed + 1, #items do lines[#lines + 1] = "  " .. items[i] end
  return "{\n" .. table.concat(lines, ",\n") .. "\n}"
end

--- The text of a value.
---@param v any
---@param screen { lines: integer, columns: integer }
---@return string
function values.text(v, screen)
  if args.check.is_tensor(v) then
    local lines = math.max(3, math.min(screen.lines - LINES_KEPT, MOST_LINES))
    local columns = math.min(screen.columns, 120) - 1
    return tensor.text(v, { lines = lines, columns = columns })
  end
  local names = lookup.names(v)
  if names then return printed(v):match "^[^\n]*" .. "\n" .. lookup.lines(names, "  ", screen.columns - 1) end
  if type(v) == "string" then return quoted(v, 4000) end
  if type(v) == "function" then return function_text(v) end
  if type(v) == "table" and not (getmetatable(v) and has_printer(v)) then return table_text(v, screen.columns) end
  return printed(v)
end

--- The text of several values: on one line, if all of them are short.
---@param list table as table.pack gives it
---@param screen { lines: integer, columns: integer }
---@return string
function values.texts(list, screen)
  local texts, line = {}, 0
  for i = 1, list.n do
    texts[i] = values.text(list[i], screen)
    line = texts[i]:find("\n", 1, true) and math.huge or line + #texts[i] + 2
  end
  return table.concat(texts, line <= screen.columns and ", " or "\n")
end

return values
