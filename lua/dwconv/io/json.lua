-- io/json.lua: JSON to Lua tables and back, for the rooms that keep names and configurations in files. The values are
-- dkjson's work, a library of its own that is asked for when it is needed. dkjson takes much that is no JSON (comments,
-- missing commas, lists with keys) and keeps the last of two entries of one name, so a text is checked here first,
-- byte by byte and in time that grows with its length.
-- Invariant: what is decoded is JSON as RFC 8259 has it, in UTF-8, nested as deep as the caller allows, without two
-- entries of one name. A whole number is an integer, and a number that is encoded comes back with the same bits.

local args = require "dwconv.args"

local json = {}

local DEEPEST <const> = 100 -- levels, if the caller does not say

-- dkjson, or an error that says what to install.
local function library()
  local found, dkjson = pcall(require, "dkjson")
  if found then return dkjson end
  args.raise "JSON needs the library dkjson; install it (on Debian lua-dkjson, with LuaRocks: luarocks install dkjson)"
end

-- ---- checking a text -----------------------------------------------------------------------------

local QUOTE <const>, BACKSLASH <const> = 34, 92

-- Where an escape that begins at `at` ends, or nil. Half of a surrogate pair is no character.
local function escape_end(text, at)
  local simple = text:match('^\\["\\/bfnrt]()', at)
  if simple then return simple end
  local hex, after = text:match("^\\u(%x%x%x%x)()", at)
  local code = hex and tonumber(hex, 16)
  if not code or code >= 0xDC00 and code <= 0xDFFF then return nil end
  if code < 0xD800 or code > 0xDFFF then return after end
  return text:match("^\\u[dD][c-fC-F]%x%x()", after)
end

-- Where the string that begins at `at` ends: the place after it; or nil and the place of what is wrong.
local function string_end(text, at)
  local i = at + 1
  while true do
    i = text:match('^[^"\\\0-\31]*()', i)
    local byte = text:byte(i)
    if byte == QUOTE then return i + 1 end
    local after = byte == BACKSLASH and escape_end(text, i)
    if not after then return nil, i end
    i = after
  end
end

-- The same for a number, true, false or null.
local function scalar_end(text, at)
  local word, after = text:match("^(%a+)()", at)
  if word then
    if word == "true" or word == "false" or word == "null" then return after end
    return nil, at
  end
  local digits, i = text:match("^%-?(%d+)()", at)
  if not digits or digits:find "^0%d" then return nil, at end
  i = text:match("^%.%d+()", i) or i
  i = text:match("^[eE][+-]?%d+()", i) or i
  if text:find("^[%w.]", i) then return nil, at end
  return i
end

-- The name that stands in a text from `first` to before `after`.
local function name_of(text, first, after)
  local raw = text:sub(first + 1, after - 2)
  return raw:find("\\", 1, true) and library().decode(text:sub(first, after - 1)) or raw
end

local SPACE <const> = "^[ \t\r\n]*()"
local CLOSES <const> = { ["{"] = "}", ["["] = "]" }

local function wrong(expected, at) return nil, ("expected %s at byte %d"):format(expected, at) end

-- The name of an entry and its colon; where its value begins, or nil and what is wrong.
local function read_name(text, at, names)
  if text:byte(at) ~= QUOTE then return wrong("a name in quotes", at) end
  local after, bad = string_end(text, at)
  if not after then return wrong("the rest of a name", bad) end
  local name = name_of(text, at, after)
  if names[name] then return nil, ("there are two entries %s, the second at byte %d"):format(args.show(name), at) end
  names[name] = true
  at = text:match(SPACE, after)
  if text:sub(at, at) ~= ":" then return wrong('":"', at) end
  return text:match(SPACE, at + 1)
end

-- A value, or the beginning of one with entries, which becomes a further level; where what follows it begins, or nil
-- and what is wrong.
local function read_value(text, at, levels, deepest)
  local first = text:sub(at, at)
  if CLOSES[first] then
    if #levels == deepest then return nil, ("more than %d levels at byte %d"):format(deepest, at) end
    levels[#levels + 1] = { close = CLOSES[first], names = first == "{" and {}, may = "begin" }
    return text:match(SPACE, at + 1)
  end
  local after, bad = (first == '"' and string_end or scalar_end)(text, at)
  if not after then return wrong(first == '"' and "the rest of a string" or "a value", bad) end
  return text:match(SPACE, after)
end

-- What is wrong with a text that is not one value. `levels` is what is open, outermost first: what closes it, the names
-- that an object has, and what comes next: it may `begin` or go `on`, or another entry `must` come, after a comma.
local function problem_of(text, deepest)
  local levels = {}
  local at, bad = read_value(text, text:match(SPACE, 1), levels, deepest)
  while at and #levels > 0 do
    local level = levels[#levels]
    local byte = text:sub(at, at)
    if byte == level.close and level.may ~= "must" then
      levels[#levels] = nil
      at = text:match(SPACE, at + 1)
    elseif level.may == "on" then
      if byte ~= "," then return select(2, wrong(('"," or "%s"'):format(level.close), at)) end
      level.may, at = "must", text:match(SPACE, at + 1)
    else
      level.may = "on"
      if level.names then at, bad = read_name(text, at, level.names) end
      if at then at, bad = read_value(text, at, levels, deepest) end
    end
  end
  if at and at <= #text then return select(2, wrong("the end", at)) end
  return bad
end

-- ---- decoding and encoding -----------------------------------------------------------------------

--- The value of a text, in tables; null in it is `null`. nil and what is wrong with a text that is not JSON. Tables
--- take at most some 30 bytes for each byte of the text.
---@param text string
---@param deepest? integer levels of nesting that are allowed, 100 if left out
---@return any value
---@return string? problem
---@return any null
function json.decode(text, deepest)
  local dkjson = library()
  local _, bad = utf8.len(text)
  if bad then return nil, ("not UTF-8 at byte %d"):format(bad) end
  local problem = problem_of(text, deepest or DEEPEST)
  if problem then return nil, problem end
  local good, value, _, why = pcall(dkjson.decode, text, 1, dkjson.null, nil, nil)
  if not good or why then return nil, good and why or value end
  return value, nil, dkjson.null
end

--- A string in quotes.
function json.quote(text) return library().quotestring(text) end

-- A number that dkjson would round keeps all its digits.
local exact = { __tojson = function(n) return n.text end }

local function number(n, where)
  if n - n ~= 0 then args.raise("%s: %s cannot be written as JSON", where, args.show(n)) end
  if math.type(n) == "integer" or tonumber(tostring(n)) == n then return n end
  return setmetatable({ text = ("%.17g"):format(n) }, exact)
end

-- Whether a table is a list; an error if it is neither a list nor a table of names.
local function is_list(t, where)
  local entries, named = 0, false
  for key in next, t do
    entries, named = entries + 1, named or type(key) == "string"
    if type(key) ~= "string" and (named or math.type(key) ~= "integer") then
      args.raise("%s: a table must be a list or have names, got the key %s", where, args.show(key))
    end
  end
  if not named and entries == rawlen(t) then return true end
  if rawlen(t) > 0 or not named then args.raise("%s: a table must be a list or have names, not both", where) end
  return false
end

local plain

-- The items of a table; the names come in alphabetical order, so that equal tables give equal texts.
local function plain_table(t, where, levels)
  if levels == 0 then args.raise("%s: more than %d levels", where, DEEPEST) end
  local copy, names, list = {}, {}, is_list(t, where)
  for key, item in next, t do
    if not list then names[#names + 1] = plain(key, where) end
    copy[key] = plain(item, ("%s.%s"):format(where, key), levels - 1)
  end
  table.sort(names)
  return list and copy or setmetatable(copy, { __jsonorder = names })
end

-- A copy that dkjson writes as it is.
function plain(value, where, levels)
  if math.type(value) then return number(value, where) end
  if type(value) == "string" then
    if not utf8.len(value) then args.raise("%s: %s is not UTF-8", where, args.show(value)) end
    return value
  end
  if type(value) == "boolean" then return value end
  if type(value) ~= "table" then args.raise("%s: %s cannot be written as JSON", where, args.show(value)) end
  return plain_table(value, where, levels)
end

--- A value of tables, strings, numbers and booleans as JSON, names sorted; an empty table is a list. `where`: what it
--- is, for errors.
---@param value any
---@param where string
---@return string
function json.encode(value, where)
  return library().encode(plain(value, where, DEEPEST))
end

return json
