-- repl/colours.lua: the few colours of the prompt, each a function that paints a text. Called by session.lua.
-- Invariant: without colours each gives the text as it is.

local _ENV = require "dwconv.repl.globals"

local terminal = require "dwconv.io.terminal"

---@class dwconv.repl.Colours
local colours = {}

local CODES <const> = { red = "31", dim = "2" }

--- The colours for an output: on a terminal, where the environment allows them.
---@param is_terminal boolean
---@return dwconv.repl.Colours
function colours.new(is_terminal)
  local wanted = is_terminal and terminal.allows_colours(os.getenv)
  local set = { wanted = wanted }
  for name, code in pairs(CODES) do
    set[name] = function(text) return wanted and ("\27[%sm%s\27[0m"):format(code, text) or text end
  end
  return set
end

return colours
