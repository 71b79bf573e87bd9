-- repl/init.lua: the prompt: reads entries, from a terminal with or without line editing or from a pipe, and hands them
-- to a session. Called by the command.

local _ENV = require "dwconv.repl.globals"

local chunk = require "dwconv.repl.chunk"
local history = require "dwconv.repl.history"
local indent = require "dwconv.repl.indent"
local lexer = require "dwconv.repl.lexer"
local session = require "dwconv.repl.session"
local system = require "dwconv.prompt"

local repl = {}

local PROMPT <const>, MORE <const> = "> ", ". "
local WITHOUT_LINES <const> = "Lines cannot be edited: %s. `rlwrap dwconv` helps."

-- ---- ways to read an entry: each a function(session) -> text, or nil and "interrupt" or "end" ------------

-- With readline: an entry of several lines is edited as a whole.
local function edited(line, self)
  local past = history.open()
  for _, entry in ipairs(past.entries) do line.add(entry) end
  local answers = {
    enter = function(text, cursor)
      local f, more = chunk.compile(text, "=entry", self.env)
      return indent.enter(text, cursor, not f and more)
    end,
    tab = function(text, cursor, again)
      local completion = require "dwconv.repl.completion"
      return completion.tab(text:sub(1, cursor), again, self.env, self.screen())
    end,
  }
  return function()
    io.stdout:flush()
    local text, why = line.read(answers, PROMPT)
    if text and past:add(text) then line.add(past.entries[#past.entries]) end
    return text, why
  end
end

local function ask_line(prompt)
  if prompt then io.stdout:write(prompt):flush() end
  return io.read "L"
end

-- Whether the lines that were read so far are an entry. `state`: the lines, how many blocks and brackets are open, and
-- what string or comment. Only where none is open are they compiled, which takes longer the more they are.
local function is_entry(self, state, line)
  state.lines[#state.lines + 1] = line
  local text = #state.lines == 1 and line or nil
  if text and session.question(text) then return true end
  if state.within then text = table.concat(state.lines) end
  local tokens, within = lexer.tokens(text or line)
  state.balance = (text and 0 or state.balance) + lexer.balance(tokens)
  state.within = within
  if state.balance > 0 then return false end
  local f, more = chunk.compile(table.concat(state.lines), "=entry", self.env)
  return f ~= nil or not more
end

-- Lines as the terminal or the pipe gives them. Two empty lines end an entry that is not finished.
local function plain(self, prompts)
  return function()
    local state, blank = { lines = {}, balance = 0 }, 0
    repeat
      local fine, line = system.call(ask_line, prompts and (#state.lines == 0 and PROMPT or MORE))
      if not fine then
        io.stdout:write "\n"
        return nil, "interrupt"
      end
      if not line then
        if #state.lines == 0 then return nil, "end" end
        break
      end
      blank = line:find "%S" and 0 or blank + 1
    until is_entry(self, state, line) or prompts and blank == 2
    return (table.concat(state.lines):gsub("\n$", ""))
  end
end

-- ---- the loop ------------------------------------------------------------------------------------------------

local function leaves(text)
  local word = text:match "^%s*(%a+)%s*%(?%)?%s*$"
  return (word == "exit" or word == "quit") and rawget(_G, word) == nil
end

-- The module that edits lines; or nil, and why there is none.
local function line_editor()
  if os.getenv "DWCONV_LINE" == "off" then return nil, "DWCONV_LINE says off" end
  local found, line = pcall(require, "dwconv.line")
  if found then return line end
  if not line:find("module 'dwconv.line' not found", 1, true) then return nil, line end
  return nil, "libreadline was not there to build with (on Debian libreadline-dev)"
end

local function greet(dw, why)
  local info = dw.info()
  local threads = info.threads == 1 and "1 thread" or info.threads .. " threads"
  print(("%s, %s, %s, %s. ? for help, Ctrl-D leaves."):format(dw._VERSION, _VERSION, info.isa, threads))
  if why then print(WITHOUT_LINES:format(why)) end
end

-- Does what an entry says. An error here is none of the entry's: it has changed something that the prompt itself needs,
-- such as `string` or `io`.
local function obey(self, text)
  local fine, result = pcall(self.enter, self, text)
  if not fine then io.stderr:write("the prompt failed: ", tostring(result), "\n") end
  return fine and result
end

-- Reads and runs entries until there are no more, or one from a pipe fails.
local function loop(self, read, goes_on)
  while true do
    local text, why = read()
    if why == "end" then return true end
    if text then
      if leaves(text) then return true end
      if not obey(self, text) and not goes_on then return false end
    end
  end
end

--- Runs the prompt in a session, until the process is to end. `interactive`: with prompts, and going on after errors,
--- even from a pipe. Gives false when an entry from a pipe failed.
---@param dw table the module
---@param self table what session.new gives
---@param interactive? boolean
---@return boolean
function repl.run(dw, self, interactive)
  system.ignore() -- for good: what follows is the end of the process
  local on_terminal = system.is_terminal(0) and system.is_terminal(1)
  local line, why
  if on_terminal then
    line, why = line_editor()
    greet(dw, why)
  end
  local prompts = system.is_terminal(0) or interactive or false
  local read = line and edited(line, self) or plain(self, prompts)
  local fine = loop(self, read, prompts)
  if prompts then io.stdout:write "\n" end
  return fine
end

return repl
