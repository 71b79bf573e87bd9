-- repl/errors.lua: how the prompt and the command report an error: the line it blames, a mark under the word that it is
-- about, the message, and the calls that led there, without those within dwconv.
-- Invariant: a mark stands under a word that the message names, or there is none.

local args = require "dwconv.args"
local lexer = require "dwconv.repl.lexer"
local wrap = require "dwconv.repl.wrap"

local errors = {}

local MOST_CALLS <const> = 8

-- ---- where ---------------------------------------------------------------------------------------

local HOME <const> = debug.getinfo(1, "S").source:match "^(.*)repl/errors%.lua$"

local function is_ours(source)
  return source:sub(1, #HOME) == HOME or source:find("=[dwconv]", 1, true) == 1
end

-- The calls of scripts on the stack, innermost first, up to errors.call.
local function calls_from(level)
  local calls = {}
  for at = level, math.huge do
    local info = debug.getinfo(at, "Slnf")
    if not info or info.func == errors.call then return calls end
    if info.what ~= "C" and not is_ours(info.source) then
      local name = info.what ~= "main" and info.name or nil
      calls[#calls + 1] = { name = name, place = info.short_src, line = info.currentline }
    end
  end
end

local function handler(value) return { value = value, calls = calls_from(3) } end
local function pass(...) return ... end

--- Calls f(...); gives true and its results, or false and what report takes.
---@param f function
---@return boolean
---@return any
function errors.call(f, ...)
  return pass(xpcall(f, handler, ...)) -- no tail call: it ends the calls of the script
end

-- The text of what was raised, and place and line if it begins with them.
local function parts_of(value)
  if type(value) ~= "string" then
    local fine, text = pcall(tostring, value)
    local printer = type(value) == "table" and getmetatable(value) and getmetatable(value).__tostring
    return printer and fine and text or ("the error is not a text but %s"):format(args.show(value))
  end
  local place, line, message = value:match "^([^\n]-):(%d+): (.*)$"
  if place then return message, place, tonumber(line) end
  return value
end

-- ---- what --------------------------------------------------------------------------------------

-- Words that a message is about, the likeliest first. A word may be looked for as a token of one kind.
local function words_of(message)
  local list = {}
  local near = message:match " near '(.-)'$"
  if near then list[#list + 1] = near end
  for word in message:gmatch "%(%a+ '([%w_]+)'%)" do list[#list + 1] = word end
  for word in message:gmatch '"([^"]*)"' do list[#list + 1] = word end
  list[#list + 1] = message:match "^([%w_%.]+): ([%w_]+)"
  list[#list + 1] = select(2, message:match "^([%w_%.]+): ([%w_]+)")
  local called = message:match "^[%w_%.:]+"
  list[#list + 1] = called and called:match "[%w_]+:?$"
  return list
end

-- The token of a line that the message is about: its first and last byte. `token`: it, if it is known.
local function marked(line, message, token)
  if token then return token.from, token.to end
  if message:find "near <eof>$" then return #line + 1, #line + 1 end
  local tokens = lexer.tokens(line)
  for _, word in ipairs(words_of(message)) do
    for _, t in ipairs(tokens) do
      if t.text == word or t.kind == "string" and t.text:sub(2, -2) == word then return t.from, t.to end
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
function errors.is_interruption(problem)
  return type(problem.value) == "string" and problem.value:find "interrupted!$" ~= nil
end

--- Where an error is: place, line, or nil; and its message without them.
function errors.place(problem)
  local message, place, line = parts_of(problem.value)
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
  local message, place, line = parts_of(problem.value)
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
    if #calls > MOST_CALLS then lines[#lines + 1] = colours.dim(("  ... %d more"):format(#calls - MOST_CALLS)) end
  end
  return table.concat(lines, "\n")
end

return errors
