-- calls.lua: `make bench`. What a call from Lua costs when there is next to nothing to compute: nanoseconds, with the
-- allocation of its result and the collector's share.
--   lua calls.lua [seconds per figure]

local best_of = require "bench.lib.best_of"
local dw = require "dwconv"
local K = dw.backend

local SECONDS = tonumber(arg[1]) or 0.3
local CALLS = 10000

local a, b, rows = dw.tensor { 1 }, dw.tensor { 2 }, dw.zeros { 2, 2 }
local x, w, same = dw.uniform { 1, 4, 4, 8 }, dw.uniform { 3, 3, 8, 1 }, { padding = "same" }
local flat, all, shape = { -1 }, { axis = 1 }, { 2, 2 }

local cases = {
  { "a + b", function() return a + b end },
  { "a + 1", function() return a + 1 end },
  { "K.exp(a)", function() return K.exp(a) end },
  { "K.sum(a)", function() return K.sum(a) end },
  { "K.sum(a, {axis = 1})", function() return K.sum(a, all) end },
  { "t:reshape {-1}", function() return rows:reshape(flat) end },
  { "t[1], a view", function() return rows[1] end },
  { "t[1], a number", function() return a[1] end },
  { "dw.zeros {2, 2}", function() return dw.zeros(shape) end },
  { "depthwise 1x4x4x8 3x3", function() return K.depthwise_conv2d(x, w, same) end },
}

local function nanoseconds(f, calls)
  return best_of(function()
    for _ = 1, calls do f() end
  end, SECONDS) / calls * 1e9
end

dw.set_threads(1)
print "\none call, ns"
for _, case in ipairs(cases) do print(("  %-22s %7.0f"):format(case[1], nanoseconds(case[2], CALLS))) end
local recorded = nanoseconds(function()
  dw.record(function()
    for _ = 1, 100 do local _ = a + b end
  end)
end, CALLS // 100) / 100
print(("  %-22s %7.0f"):format("a + b, recorded", recorded))
