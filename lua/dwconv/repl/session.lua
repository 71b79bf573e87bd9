-- repl/session.lua: what an entry does: it is compiled, run so that Ctrl-C stops it, its values are printed and kept,
-- or its error is reported. It knows nothing of how entries are read. Called by init.lua and the command.
-- Invariant: whatever an entry does, run() comes back, but for os.exit and what ends the process.

local _ENV = require "dwconv.repl.globals"

local chunk = require "dwconv.repl.chunk"
local colours = require "dwconv.repl.colours"
local errors = require "dwconv.repl.errors"
local lexer = require "dwconv.repl.lexer"
local system = require "dwconv.prompt"
local terminal = require "dwconv.io.terminal"
local values = require "dwconv.repl.values"
local wrap = require "dwconv.repl.wrap"

local Session = {}
Session.__index = Session

local session = {}

local KEPT_RESULTS <const> = 9 -- _1 to _9
local NOTICED <const> = 0.01 -- seconds from which the time of an entry is printed

-- ---- the names at hand -------------------------------------------------------------------------------

local ROOMS <const> = { "ops", "layers", "Sequential", "Model", "Input" } -- of dw

-- The environment of entries: the globals of Lua, and behind them dw, K and some rooms of dw, which load on first use.
-- What an entry assigns becomes a global, which files that it runs see; the names in `own`, once locals of an entry,
-- stay in the environment, so that `local table = {}` harms nobody.
local function new_environment(dw, own)
  local env = {}
  local rooms = { dw = function() return dw end, K = function() return dw.backend end }
  for _, name in ipairs(ROOMS) do rooms[name] = function() return dw[name] end end
  local function names()
    local list = {}
    for name in pairs(rooms) do list[#list + 1] = name end
    for name in next, env do list[#list + 1] = name end
    return list
  end
  return setmetatable(env, {
    __index = function(_, name)
      local v = rawget(_G, name)
      if v == nil and rooms[name] then return rooms[name]() end
      if v == nil then return _G[name] end -- a script's own metatable may have it, or refuse
      return v
    end,
    __newindex = function(_, name, v)
      if own[name] then rawset(env, name, v) else _G[name] = v end
    end,
    names = names,
  })
end

-- ---- results -----------------------------------------------------------------------------------------

-- _ and _1 are the first value of the entry, _2 the next, and so on; those of entries before come after them.
function Session:keep(list)
  if list.n == 0 then return end
  local results = table.pack(table.unpack(list, 1, math.min(list.n, KEPT_RESULTS)))
  for i = 1, math.min(self.results.n, KEPT_RESULTS - results.n) do results[results.n + i] = self.results[i] end
  results.n = math.min(KEPT_RESULTS, results.n + self.results.n)
  self.results = results
  for i = 1, results.n do rawset(self.env, "_" .. i, results[i]) end
  rawset(self.env, "_", results[1])
end

-- A picture where the terminal draws pictures, else the text.
local function print_values(self, list)
  local metatable = list.n == 1 and getmetatable(list[1])
  local shows = type(metatable) == "table" and rawget(metatable, "__show")
  if shows and self.is_terminal then return shows(list[1]) end
  io.stdout:write(values.texts(list, self.screen()), "\n")
end

local function time_text(seconds)
  if seconds < 0.9995 then return ("%.0f ms"):format(seconds * 1e3) end
  if seconds < 100 then return ("%.2f s"):format(seconds) end
  return ("%d:%02d min"):format(seconds // 60, math.floor(seconds % 60))
end

function Session:print_time(seconds)
  if not self.is_terminal or seconds < NOTICED then return end
  local text = time_text(seconds)
  io.stdout:write((" "):rep(self.screen().columns - 1 - #text), self.colours.dim(text), "\n")
end

-- ---- errors --------------------------------------------------------------------------------------------

local function line_of(text, n)
  local at = 1
  for _ = 2, n do
    at = text:match("\n()", at)
    if not at then return nil end
  end
  return text:match("^[^\n]*", at)
end

-- A function that gives lines of sources: of entries, and of files.
local function line_reader(self)
  return function(place, n)
    local entry = tonumber(place:match "^entry (%d+)$")
    if entry then return self.entries[entry] and line_of(self.entries[entry], n) end
    local f = io.open(place, "r")
    if not f then return nil end
    local text = f:read "a"
    f:close()
    return text and line_of(text, n)
  end
end

-- Names that a misspelt global may be meant as.
local function known_names(self)
  local list = getmetatable(self.env).names()
  for name in pairs(_G) do
    if type(name) == "string" then list[#list + 1] = name end
  end
  return list
end

--- Says, for an entry that is a name which nothing has, what may be meant.
function Session:hint(text)
  local name = text:match "^%s*(%a[%w_]*)%s*$"
  local hint = name and not lexer.keywords[name] and errors.hint(name, known_names(self)) or ""
  if hint ~= "" then print(self.colours.dim(("nothing is called %s%s"):format(name, hint))) end
end

--- Prints an error, on standard error.
---@param problem table as errors.call gives it
---@param here? string the place that goes without saying
function Session:report(problem, here)
  self.interrupted = errors.is_interruption(problem)
  io.stdout:flush()
  if errors.is_interruption(problem) then
    local place, line = errors.place(problem)
    local where = place and place ~= here and (" at %s, line %d"):format(place, line) or ""
    io.stderr:write(self.error_colours.red("interrupted" .. where), "\n")
  else
    local columns = self.is_terminal and self.screen().columns - 1 or nil
    local how = { line = self.line_of, here = here, names = known_names(self), columns = columns }
    io.stderr:write(errors.report(problem, how, self.error_colours), "\n")
  end
end

-- ---- running -------------------------------------------------------------------------------------------

local function finish(self, name, start, fine, done, ...)
  local spent = terminal.clock() - start
  if not fine then -- what broke off was outside of the entry: Ctrl-C between two instructions
    self:report({ value = done, calls = {} }, name)
    return false
  end
  if not done then
    self:report(..., name)
    return false
  end
  return true, table.pack(...), spent
end

--- Keeps the locals of a function that is running, `level` above the caller, for the entries that come.
function Session:keep_locals(level)
  local i = 1
  while true do
    local name, value = debug.getlocal(level + 1, i)
    if not name then return end
    if name:find "^%a" then
      self.own[name] = true
      rawset(self.env, name, value)
    end
    i = i + 1
  end
end

-- Runs a function so that Ctrl-C stops it; reports an error. True, its values and the time, or false.
function Session:call(name, f, ...)
  local start = terminal.clock()
  return finish(self, name, start, system.call(errors.call, f, ...))
end

-- The token's place in its line.
local function within_line(text, token)
  local start = select(2, lexer.line_of(text, token.from))
  return { from = token.from - start + 1, to = token.to - start + 1 }
end

--- Runs an entry; one that is not finished is an error. Gives whether it was fine.
---@param text string
---@return boolean
function Session:run(text)
  if not text:find "%S" then return true end
  local name = "entry " .. #self.entries + 1
  local f, _, message, token, locals = chunk.compile(text, "=" .. name, self.env)
  self.entries[#self.entries + 1] = text
  if not f then
    self:report({ value = message, token = token and within_line(text, token) }, name)
    return false
  end
  for _, one in ipairs(locals or {}) do self.own[one] = true end
  local fine, list, spent = self:call(name, f)
  if not fine then return false end
  self:keep(list)
  local printed = true
  if list.n == 1 and list[1] == nil then self:hint(text) end
  if list.n > 0 and not chunk.is_muted(text) then
    printed = self:call(name, print_values, self, list) -- a printer may be a script's, and long
  end
  self:print_time(spent)
  return printed
end

-- Takes the prompt's own signs off pasted lines.
local function without_prompts(text)
  if text:sub(1, 2) ~= "> " then return text end
  return (("\n" .. text):gsub("\n[>.] ", "\n"):sub(2))
end

--- The name that an entry asks about, and how many marks it has: `?name`, `name?`, `??name`; nil for Lua.
---@param text string
---@return string?
---@return integer?
function session.question(text)
  local marks, name = text:match "^%s*(%?+)%s*([^\n]-)%s*%?*%s*$"
  if not marks then name, marks = text:match "^%s*([%w_%.:%[%]\"]+)%s*(%?+)%s*$" end
  if marks then return name, #marks end
end

--- What the prompt does with a text: answers a question, or runs an entry. Gives whether it was fine.
---@param text string
---@return boolean
function Session:enter(text)
  text = without_prompts(text)
  local name, marks = session.question(text)
  if not name then return self:run(text) end
  local describe, screen = require "dwconv.repl.describe", self.screen()
  local answer = marks == 1 and wrap(describe.help(name, self.env, screen, self.line_of), screen.columns - 1)
    or describe.source(name, self.env, self.line_of)
  print(answer)
  return true
end

--- The size of the terminal: 80x24 where there is none.
function Session.screen()
  local columns, lines = terminal.size()
  return { columns = columns or 80, lines = lines or 24 }
end

--- A session with an environment of its own.
---@param dw table the module
function session.new(dw)
  local own = { _ = true }
  for i = 1, KEPT_RESULTS do own["_" .. i] = true end
  local self = setmetatable({
    env = new_environment(dw, own),
    own = own,
    entries = {},
    results = { n = 0 },
    is_terminal = system.is_terminal(1),
    colours = colours.new(system.is_terminal(1)),
    error_colours = colours.new(system.is_terminal(2)),
  }, Session)
  self.line_of = line_reader(self)
  return self
end

return session
