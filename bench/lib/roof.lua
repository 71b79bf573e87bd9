-- roof.lua: seconds that nothing can beat which computes `flops` (multiply-adds on padding not counted) and reads and
-- writes so many bytes: the larger of the multiply-adds at the FMA peak and the traffic at the speed at which a working
-- set of that size streams, both measured here and now.

local bench = require "bench"
local dw = require "dwconv"

local SECONDS = 0.02
local isa = dw.info().isa
local best = {}

local roof = {}

-- The highest so far: other programs slow it down at times, and nothing speeds it up.
function roof.peak(threads, dtype)
  local peak = math.max(best[threads] or 0, bench.fma_peak(threads, SECONDS, isa))
  best[threads] = peak
  return dtype == "float64" and peak / 2 or peak
end

function roof.seconds(flops, dtype, reads, writes, threads)
  return math.max(flops / roof.peak(threads, dtype), bench.stream_time(reads, writes, threads, SECONDS))
end

return roof
