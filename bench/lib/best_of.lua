-- best_of.lua: the shortest wall time of one call of f among those that fit into `seconds`, after two to warm up. Short
-- calls are timed by the batch, since the clock itself takes some 100 ns.

local clock = require("dwconv").clock

local BATCH = 2e-5

return function(f, seconds)
  f()
  local t = clock()
  f()
  local calls = math.max(1, BATCH // (clock() - t + 1e-9))
  local best, stop = math.huge, clock() + seconds
  repeat
    t = clock()
    for _ = 1, calls do f() end
    t = (clock() - t) / calls
    if t < best then best = t end
  until clock() > stop
  return best
end
