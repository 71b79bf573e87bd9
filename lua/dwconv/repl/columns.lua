-- repl/columns.lua: names side by side, in as few lines as the screen's width allows, read from top to bottom. Called
-- by completion.lua.

local _ENV = require "dwconv.repl.globals"

--- Names in columns; of more than `most` lines the last says how many names are missing.
---@param names string[]
---@param width integer
---@param most integer
---@return string
return function(names, width, most)
  local widest = 0
  for _, name in ipairs(names) do widest = math.max(widest, utf8.len(name) or #name) end
  local across = math.max(1, width // (widest + 2))
  local down = (#names + across - 1) // across
  local lines = {}
  for row = 1, math.min(down, math.max(most, 2)) do
    local parts = {}
    for k = row, #names, down do
      parts[#parts + 1] = names[k] .. (" "):rep(widest + 2 - (utf8.len(names[k]) or #names[k]))
    end
    lines[row] = table.concat(parts):gsub("%s+$", "")
  end
  if #lines < down then
    local shown = 0
    for row = 1, #lines - 1 do shown = shown + (#names - row) // down + 1 end
    lines[#lines] = ("... and %d more; type a letter of the name"):format(#names - shown)
  end
  return table.concat(lines, "\n")
end
