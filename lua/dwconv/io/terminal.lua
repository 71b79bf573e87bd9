-- io/terminal.lua: what standard output is, and a clock, for what is printed while something runs.

local core = require "dwconv.core"

local terminal = {}

--- The width of the terminal, in characters; nil where standard output is none.
---@return integer?
function terminal.columns() return core.columns() end

--- Columns and rows of the terminal; nil where standard output is none.
function terminal.size() return core.columns(), 24 end

--- Seconds of wall time since some start.
---@return number
function terminal.clock() return core.clock() end

return terminal
