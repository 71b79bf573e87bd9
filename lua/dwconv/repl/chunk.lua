-- repl/chunk.lua: from the text of an entry to a function: whether it is finished, is an expression whose values are to
-- be shown, and is rewritten so that `local` at top level stays. Called by session.lua and init.lua.
-- Invariant: rewriting moves nothing to another line, so that the lines of errors are those of the entry.

local _ENV = require "dwconv.repl.globals"

local lexer = require "dwconv.repl.lexer"

local chunk = {}

-- ---- local at top level ----------------------------------------------------------------------------

-- Tokens i, i + 1, ... that are names, with their attributes: the index after them, and whether one is to be closed.
local function names_after(tokens, i)
  local closes = false
  while tokens[i] and tokens[i].kind == "name" do
    i = i + 1
    if tokens[i] and tokens[i].text == "<" and tokens[i + 2] and tokens[i + 2].text == ">" then
      closes = closes or tokens[i + 1].text == "close"
      i = i + 3
    end
    if not (tokens[i] and tokens[i].text == ",") then break end
    i = i + 1
  end
  return i, closes
end

--- The text with the locals of its top level made global, so that later entries see them, and their names. One with
--- <close> stays local; one that is declared twice is one variable.
---@param text string
---@return string
---@return string[] names
function chunk.keep_locals(text)
  local tokens = lexer.tokens(text)
  local depths, edits, names = lexer.depths(tokens), {}, {} -- edits: from, to, what comes there; in order
  local function blank(from, to) edits[#edits + 1] = { from, to, (" "):rep(to - from + 1) } end
  for i, t in ipairs(tokens) do
    if t.kind == "keyword" and t.text == "local" and depths[i] == 0 then
      local after, closes = names_after(tokens, i + 1)
      local is_function = tokens[i + 1] and tokens[i + 1].text == "function"
      if (after > i + 1 or is_function) and not closes then
        blank(t.from, t.to)
        for k = i + 1, is_function and i + 2 or after - 1 do
          if tokens[k] and tokens[k].kind == "name" and tokens[k - 1].text ~= "<" then
            names[#names + 1] = tokens[k].text
          end
          if tokens[k].text == "<" then blank(tokens[k].from, tokens[k + 2].to) end
        end
        if not is_function and not (tokens[after] and tokens[after].text == "=") then
          local last = tokens[after - 1].to
          edits[#edits + 1] = { last + 1, last, " = nil;" }
        end
      end
    end
  end
  local parts, at = {}, 1
  for _, e in ipairs(edits) do
    parts[#parts + 1] = text:sub(at, e[1] - 1) .. e[3]
    at = e[2] + 1
  end
  return table.concat(parts) .. text:sub(at), names
end

-- ---- compiling -------------------------------------------------------------------------------------

local PASS <const> = "dwconv_pass__" -- a name that no script has

local function pass(...) return ... end

-- What a line may go on with as well as begin.
local NEVER_FIRST <const> = { ["("] = true, ["["] = true, ["{"] = true, ["-"] = true, ["~"] = true }

-- Where the last statement of a text may begin: the last token at top level after a newline or a semicolon.
local function last_statement(text)
  local tokens = lexer.tokens(text)
  local depths = lexer.depths(tokens)
  for i = #tokens, 2, -1 do
    local t, before = tokens[i], tokens[i - 1]
    if depths[i] == 0 and t.kind ~= "string" and not NEVER_FIRST[t.text] and (before.text == ";"
      or text:sub(before.to + 1, t.from - 1):find("\n", 1, true)) then
      return t.from
    end
  end
end

-- A function that gives the values of an expression list, without a tail call: an error then blames the entry, which is
-- on the stack. `first`: what comes before it. nil if it is none.
local function valued(first, text, name, env)
  if not load(first .. "return " .. text, name, "t", env) then return nil end
  local tokens = lexer.tokens(text)
  local n = #tokens
  if n > 0 and tokens[n].text == ";" then n = n - 1 end
  text = text:sub(1, n > 0 and tokens[n].to or 0) -- no comment before the parenthesis, which stays on the line
  local f = load(("local %s = ... return function(...) %sreturn %s(%s) end"):format(PASS, first, PASS, text), name, "t",
    env)
  local entry_of_prompt__ = f and f(pass) -- a name that the report of errors leaves out
  return f and function() return pass(entry_of_prompt__()) end
end

-- A function that does what comes first and gives what the last line is worth; nil if it is not worth anything.
local function with_last_value(text, name, env)
  local at = last_statement(text)
  if not at or not load(text:sub(1, at - 1), name, "t", env) then return nil end
  return valued(text:sub(1, at - 1), text:sub(at), name, env)
end

-- Whether a text that does not compile may become good when more is added.
local function is_open(message)
  return message:find "near <eof>$" ~= nil and not message:find "unfinished string near" -- a quote ends on its line
end

-- Whether a message is about the first word, so that the text was meant as an expression.
local function fails_at_once(message, text)
  local tokens = lexer.tokens(text)
  return tokens[1] ~= nil and message:match " near '(.-)'$" == tokens[1].text
end

-- The token at which Lua gives a text up: on the line of its message, the first one up to which the text is wrong, not
-- only unfinished.
local function failing_token(before, text, message)
  local wanted, line, at = tonumber(message:match ":(%d+): "), 1, 1
  for _, t in ipairs((lexer.tokens(text))) do
    line, at = line + select(2, text:sub(at, t.from - 1):gsub("\n", "")), t.from
    if line == wanted then
      local f, why = load(before .. text:sub(1, t.to), "=text", "t")
      if not f and not why:find "near <eof>$" then return t end
    end
  end
end

--- Compiles an entry: a function that gives its values; or nil, whether more lines may finish it, Lua's message, and
--- the token that it is about.
---@param text string
---@param name string the chunk's name, as load takes it
---@param env table
---@return function?
---@return boolean more
---@return string? message
---@return { from: integer, to: integer }? token
---@return string[]? names, of a function: the locals that became global
function chunk.compile(text, name, env)
  local f = valued("", text, name, env)
  if f then return f, false end
  local _, as_expression = load("return " .. text, name, "t", env)
  local kept, names = chunk.keep_locals(text)
  f = with_last_value(kept, name, env)
  if f then return f, false, nil, nil, names end
  local message
  f, message = load(kept, name, "t", env)
  if f then return f, false, nil, nil, names end
  if is_open(message) or is_open(as_expression) then return nil, true, message end
  local before = ""
  if fails_at_once(message, text) then before, message = "return ", as_expression end
  return nil, false, message, failing_token(before, text, message)
end

--- Whether the values of an entry are not to be shown: it ends in a semicolon.
function chunk.is_muted(text)
  local tokens = lexer.tokens(text)
  return #tokens > 0 and tokens[#tokens].text == ";"
end

return chunk
