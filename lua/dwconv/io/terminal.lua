-- io/terminal.lua: what standard output is, what the terminal says of itself, and a clock, for what is printed while
-- something runs and for pictures. The only room that asks the core about the terminal.
-- Invariant: nothing here writes to the terminal, but `ask`.

local core = require "dwconv.core"

local terminal = {}

--- The width of the terminal, in characters; nil where standard output is none.
---@return integer?
function terminal.columns() return (core.terminal_size()) end

--- Columns and rows of the terminal, and its width and height in pixels, 0 where it does not say; nothing where
--- standard output is none.
---@return integer?
---@return integer
---@return integer
---@return integer
function terminal.size() return core.terminal_size() end

-- Milliseconds to wait for an answer. Terminals answer within a few, so only one that never does takes this long, once;
-- an answer that came later would stand among what is typed.
local function patience(env) return (env "SSH_CONNECTION" or env "SSH_TTY") and 1000 or 500 end

--- The terminal's answer to a question, which must end with that for device attributes, ESC [ c: every terminal answers
--- it, last. "" if no answer comes in time; nil if it cannot be asked now, as there is none, the process is in the
--- background, or something has been typed, which stays for the script. Keys that are pressed while it is asked, some
--- milliseconds, are part of what comes back, and lost. An answer that comes later than is waited for is not met here.
---@param question string
---@return string?
function terminal.ask(question)
  io.stdout:flush()
  return core.terminal_ask(question, patience(os.getenv))
end

--- Whether the terminal's letters are UTF-8, as the locale says.
---@param env fun(name: string): string? os.getenv, or what stands for it
---@return boolean
function terminal.is_utf8(env)
  for _, name in ipairs { "LC_ALL", "LC_CTYPE", "LANG" } do
    local value = env(name)
    if value and value ~= "" then return value:lower():find "utf%-?8" ~= nil end
  end
  return false
end

--- Whether texts may be coloured: not with NO_COLOR (no-color.org), nor on a terminal that says it is dumb.
---@param env fun(name: string): string?
---@return boolean
function terminal.allows_colours(env) return (env "NO_COLOR" or "") == "" and env "TERM" ~= "dumb" end

local DIRECT <const> = { "direct", "kitty", "alacritty", "foot", "wezterm", "ghostty" }

--- How many colours the terminal has: 2^24, 256 or 0, for fewer.
---@param env fun(name: string): string?
---@return integer
function terminal.colours(env)
  local depth, kind = env "COLORTERM", env "TERM" or ""
  if depth == "truecolor" or depth == "24bit" then return 1 << 24 end
  for _, word in ipairs(DIRECT) do
    if kind:find(word, 1, true) then return 1 << 24 end
  end
  return kind:find("256color", 1, true) and 256 or 0
end

--- Seconds of wall time since some start.
---@return number
function terminal.clock() return core.clock() end

return terminal
