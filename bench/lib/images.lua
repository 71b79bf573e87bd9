-- images.lua: images for the benches of pooling and resizing, as the drivers take them, and a line of their figures.

local bench = require "bench"
local dw = require "dwconv"

local images = {}

--- A random image as (n,1,h,w,c), in memory channels_last or channels_first ("planes").
function images.new(n, h, w, c, planes, dtype)
  local o = { minval = -1, dtype = dtype }
  if planes then return dw.uniform({ n, c, 1, h, w }, o):permute { 1, 3, 4, 5, 2 } end
  return dw.uniform({ n, 1, h, w, c }, o)
end

local function bytes(t) return t.size * (t.dtype == "float64" and 8 or 4) end

--- Prints microseconds, GB/s, and percent of the speed at which so many bytes are read and written in the same run.
function images.report(name, threads, seconds, t, read, written)
  local reads = 0
  for _, r in ipairs(read) do reads = reads + bytes(r) end
  local limit = bench.stream_time(reads, bytes(written), threads, seconds)
  print(("  %-44s %10.2f %7.1f %6.0f%%"):format(name, t * 1e6, (reads + bytes(written)) / t / 1e9, 100 * limit / t))
  return limit / t
end

--- The geometric mean of what `report` gave.
function images.mean(shares)
  local sum = 0
  for _, s in ipairs(shares) do sum = sum + math.log(s) end
  print(("  %-44s %10s %7s %6.0f%%"):format("geometric mean", "", "", 100 * math.exp(sum / #shares)))
end

return images
