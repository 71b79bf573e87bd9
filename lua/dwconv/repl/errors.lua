-- repl/errors.lua: how the prompt and the command report an error: the line it blames, a mark under the word that it is
-- about, the message, and the calls that led there, without those within dwconv. Called by session.lua.
-- Invariant: a mark stands under a word that the message names, or there is none.

local _ENV = require "dwconv.repl.globals"

local args = require "dwconv.args"
local lexer = require "dwconv.repl.lexer"
local wrap = require "dwconv.repl.wrap"

local errors = {}

local MOST_CALLS <const> = 8
local MOST_LEVELS <const> = 200 -- of the stack that are looked at, as each look takes as long as the stack is high

-- ---- where ---------------------------------------------------------------------------------------

local HOME <const> = debug.getinfo(1, "S").source:match "^(.*)repl/errors%.lua$"

local function is_ours(source)
  return source:sub(1, #HOME) == HOME or source:find("=[dwconv]", 1, true) == 1
end

-- The calls of scripts on the stack, innermost first, up to errors.call. `more`: there are calls further out.
local function calls_from(level)
  local calls = {}
  for at = level, level + MOST_LEVELS do
    local info = debug.getinfo(at, "Slnf")
    if not info or info.func == errors.call then return calls end
    if info.what ~= "C" and not is_ours(info.source) then
      local name = info.what ~= "main" and info.name or nil
      if name == "entry_of_prompt__" then name = nil end
      calls[#calls + 1] = { name = name, place = info.short_src, line = info.currentline }
    end
  end
  calls.more = true
  return calls
end

local function is_interruption(value) return type(value) == "string" and value:find "interrupted!$" ~= nil end

local function handler(value) return { value = value, calls = calls_from(3) } end

local function pass(...) return ... end

--- Calls f(...); gives true and its results, or false and what report takes.
---@param f function
---@return boolean
---@return any
function errors.call(f, ...)
  return pass(xpcall(f, handler, ...)) -- no tail call: it ends the calls of the script
end

-- The text of what was raised, and place and line if it begins with them. `calls`: those that led there.
local function parts_of(value, calls)
  if type(value) ~= "string" then
    local fine, text = pcall(tostring, value)
    local printer = type(value) == "number" or type(value) == "table" and getmetatable(value)
      and getmetatable(value).__tostring
    return printer and fine and text or ("the error is not a text but %s"):format(args.show(value))
  end
  local place, line, message = value:match "^([^\n]-):(%d+): (.*)$"
  if not place then return value end
  local again = ("%s:%s: "):format(place, line) -- coroutine.wrap adds it again
  while message:sub(1, #again) == again do message = message:sub(#again + 1) end
  local ours = place:sub(1, #HOME - 1) == HOME:sub(2) or place:find "^%.%.%..*dwconv/repl/" -- shortened by Lua
  if not ours then return message, place, tonumber(line) end
  local call = calls and calls[1] -- a script is to blame, never a room of dwconv
  return message, call and call.place, call and call.line
end

-- ---- what --------------------------------------------------------------------------------------

-- Whether token i, a name, can be what Lua says is wrong: "index" or "call" a "global", "field" and so on.
local function suits(tokens, i, action, kind)
  local before, after = tokens[i - 1], tokens[i + 1]
  local is_member = before ~= nil and (before.text == "." or before.text == ":")
  if is_member ~= (kind == "field" or kind == "method") then return false end
  if action == "index" then return after ~= nil and after.text:find "^[.:%[]" ~= nil and after.text ~= ".." end
  if action == "call" then return after ~= nil and (after.kind == "string" or after.text:find "^[%({:]" ~= nil) end
  return true
end

-- The token that Lua's own message is about, which names a variable: the first that suits, as they are tried in order.
local function marked_name(tokens, message)
  local kind, name = message:match "%((%a+) '([%w_]+)'%)"
  local action = message:match "^attempt to (%a+)"
  for i, t in ipairs(tokens) do
    if t.kind == "name" and t.text == name and suits(tokens, i, action, kind) then return t end
  end
end

-- Words of a message of dwconv, the likeliest first: what it quotes, then the function. (Its arguments have names of
-- their own, which may be those of other variables of the script.)
local function words_of(message)
  local list = {}
  for word in message:gmatch '"([^"]*)"' do list[#list + 1] = word end
  local called = message:match "^[%w_%.:]+"
  list[#list + 1] = called and called:match "([%w_]+):?$"
  return list
end

-- The token of a line that the message is about: its first and last byte. `token`: it, if it is known.
local function marked(line, message, token)
  if token then return token.from, token.to end
  if message:find "near <eof>$" then return #line + 1, #line + 1 end
  local tokens = lexer.tokens(line)
  local t = marked_name(tokens, message)
  if t then return t.from, t.to end
  local near = message:match " near '(.-)'$"
  for _, word in ipairs(near and { near } or words_of(message)) do
    for _, one in ipairs(tokens) do
      if one.text == word or one.kind == "string" and one.text:sub(2, -2) == word then return one.from, one.to end
    end
  end
end

--- Columns that a text takes, if each character takes one.
local function columns(text) return utf8.len(text) or #text end

-- The line, and the mark under it.
local function shown_line(line, message, token)
  local from, to = marked(line, message, token)
  local text = "  " .. line:gsub("\t", " ")
  if not from then return text end
  local width = math.max(1, columns(line:sub(from, to)))
  return text .. "\n" .. (" "):rep(2 + columns(line:sub(1, from - 1))) .. "^" .. ("~"):rep(width - 1)
end

local SHORTEST <const> = 4 -- letters of a name that may be a slip; everything is near to shorter ones

--- "; did you mean "print"?": the nearest name for a global that is nil; "" if there is none.
---@param name string
---@param names string[]
---@return string
function errors.hint(name, names) return #name >= SHORTEST and args.hint(name, names) or "" end

local function hint_of(message, names)
  local name = message:match "%(global '([%w_]+)'%)"
  return name and errors.hint(name, names) or ""
end

-- "entry 3, line 1"; of a file as editors find it, "train.lua:12".
local function place_text(place, line)
  return (place:find "^entry %d" and "%s, line %d" or "%s:%d"):format(place, line)
end

local function call_text(call)
  local place = place_text(call.place, call.line)
  return call.name and ("in %s, %s"):format(call.name, place) or "in " .. place
end

-- ---- the report ----------------------------------------------------------------------------------

--- Whether what errors.call gave is Ctrl-C's.
function errors.is_interruption(problem) return is_interruption(problem.value) end

--- Where an error is: place, line, or nil; and its message without them.
function errors.place(problem)
  local message, place, line = parts_of(problem.value, problem.calls)
  return place, line, message
end

--- The text of a report.
---@param problem { value: any, calls: table[]? } what errors.call gave; { value = message } of what does not compile,
---   with the token of the line, if it is known
---@param o { line: function, here: string?, names: string[]?, columns: integer? } line(place, n) gives lines of
---   sources; the place of the entry itself, which goes without saying; known names, for hints; the terminal's width
---@param colours dwconv.repl.Colours
---@return string
function errors.report(problem, o, colours)
  local message, place, line = parts_of(problem.value, problem.calls)
  local text = place and o.line(place, line)
  local lines, calls = {}, problem.calls or {}
  if text and text:find "%S" then
    if place ~= o.here then lines[#lines + 1] = colours.dim(place_text(place, line) .. ":") end
    lines[#lines + 1] = shown_line(text, message, problem.token)
  elseif place then
    message = ("%s: %s"):format(place_text(place, line), message)
  end
  message = message .. hint_of(message, o.names or {})
  lines[#lines + 1] = colours.red(o.columns and wrap(message, o.columns) or message)
  if #calls > 1 then
    for i = 1, math.min(#calls, MOST_CALLS) do lines[#lines + 1] = colours.dim("  " .. call_text(calls[i])) end
    local more = calls.more and "  ... and more" or ("  ... %d more"):format(#calls - MOST_CALLS)
    if #calls > MOST_CALLS then lines[#lines + 1] = colours.dim(more) end
  end
  return table.concat(lines, "\n")
end

return errors
