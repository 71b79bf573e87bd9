-- repl/globals.lua: Lua's own globals as they were at the start, for the rooms of the prompt: `local _ENV = require
-- "dwconv.repl.globals"`. An entry may put anything in the place of `io` or `table`; the prompt goes on. The table of
-- globals itself is `_G` here, too.

local copy = {}
for name, value in pairs(_G) do copy[name] = value end
for _, name in ipairs { "io", "string", "table", "math", "utf8", "os", "debug", "coroutine" } do
  copy[name] = {}
  for key, value in pairs(_G[name]) do copy[name][key] = value end
end

return copy
