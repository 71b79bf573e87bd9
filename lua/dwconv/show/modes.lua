-- show/modes.lua: how pictures are drawn on this terminal. What the environment and the terminal's answer mean, as
-- functions of these alone; screen.lua asks.
-- Modes: "kitty" (kitty's protocol), "sixel", "blocks" (half blocks in 24-bit colours), "256" (half blocks in 256
-- colours), "ascii" (a ramp of letters without colour), "none" (no terminal: a line of text stands for a picture).

local args = require "dwconv.args"
local terminal = require "dwconv.io.terminal"

local modes = {}

modes.all = { "kitty", "sixel", "blocks", "256", "ascii", "none" }

local choice = args.kinds.oneof(modes.all)

local SUPPORTED <const> = "\27_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\27\\" -- answered by terminals with kitty's protocol
local CELL <const> = "\27[16t" -- how large a cell is, in pixels
local ATTRIBUTES <const> = "\27[c" -- answered by every terminal, so it comes last

-- tmux and screen would take kitty's question for the title of a window, and the console of Linux may print it.
local function hears_kitty(env)
  local kind = env "TERM" or ""
  return not (env "TMUX" or env "STY" or kind:find "^screen" or kind:find "^tmux" or kind:find "^linux")
end

--- What to ask the terminal.
---@param env fun(name: string): string? os.getenv, or what stands for it
---@return string
function modes.question(env) return (hears_kitty(env) and SUPPORTED or "") .. CELL .. ATTRIBUTES end

--- What a terminal's answer says; "" is the answer of one that gives none.
---@param answer string
---@return { kitty: boolean, sixel: boolean, cell_width?: integer, cell_height?: integer }
function modes.parse(answer)
  local facts = { kitty = answer:find("\27_Gi=31;OK\27\\", 1, true) ~= nil, sixel = false }
  local height, width = answer:match "\27%[6;(%d+);(%d+)t"
  height, width = tonumber(height), tonumber(width)
  if height and height > 0 and width > 0 and math.max(height, width) <= 1000 then
    facts.cell_width, facts.cell_height = math.tointeger(width), math.tointeger(height)
  end
  for number in (answer:match "\27%[%?([%d;]*)c" or ""):gmatch "%d+" do facts.sixel = facts.sixel or number == "4" end
  return facts
end

--- The mode, where the environment alone decides it; nil where the terminal is to be asked. DWCONV_GRAPHICS comes
--- first, then whether standard output is a terminal, then TERM=dumb and NO_COLOR. Raises for an unknown
--- DWCONV_GRAPHICS.
---@param env fun(name: string): string?
---@param is_terminal boolean
---@return string?
function modes.forced(env, is_terminal)
  local asked = env "DWCONV_GRAPHICS"
  if asked and asked ~= "" then return choice:check("DWCONV_GRAPHICS", asked) end
  if not is_terminal then return "none" end
  if not terminal.allows_colours(env) then return "ascii" end
end

--- The best mode of a terminal that said this of itself.
---@param env fun(name: string): string?
---@param facts { kitty: boolean, sixel: boolean }
---@return string
function modes.best(env, facts)
  if facts.kitty then return "kitty" end
  if facts.sixel then return "sixel" end
  if not terminal.is_utf8(env) then return "ascii" end
  local colours = terminal.colours(env)
  return colours > 256 and "blocks" or colours == 256 and "256" or "ascii"
end

return modes
