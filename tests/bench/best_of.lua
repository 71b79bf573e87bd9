-- best_of.lua: the shortest wall time of one call of f among those that fit into `seconds`, after one to warm up.

local clock = require("dwconv").clock

return function(f, seconds)
  f()
  local best, stop = math.huge, clock() + seconds
  repeat
    local t = clock()
    f()
    t = clock() - t
    if t < best then best = t end
  until clock() > stop
  return best
end
