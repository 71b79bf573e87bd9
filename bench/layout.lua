-- layout.lua: `make bench`. Transposing tensors from channels_last to channels_first and back with a reused output:
-- microseconds, GB/s (read plus written), and percent of the speed at which memcpy moves as many bytes, in the same
-- run.
--   lua layout.lua [seconds per figure]

local bench = require "bench"
local cases = require "bench.lib.cases"
local dw = require "dwconv"

local SECONDS = tonumber(arg[1]) or 0.1

local function time(name, x, threads)
  local y, bytes = dw.zeros(x.shape, { dtype = x.dtype }), 2 * x.size * (x.dtype == "float64" and 8 or 4)
  local limit, t = bench.copy_time(bytes, threads, SECONDS), bench.copy("copy", threads, SECONDS, y, x)
  print(("  %-36s %9.2f %7.1f %6.0f%%"):format(name, t * 1e6, bytes / t / 1e9, 100 * limit / t))
end

local function report(dtype, threads)
  print(("\n%s, %d thread(s): us, GB/s, %% of memcpy"):format(dtype, threads))
  for _, l in ipairs(cases.layout) do
    local o = { minval = -1, dtype = dtype }
    time(l.name .. " to channels_first", dw.uniform({ l.n, l.h, l.w, l.c }, o):permute { 1, 4, 2, 3 }, threads)
    time(l.name .. " to channels_last", dw.uniform({ l.n, l.c, l.h, l.w }, o):permute { 1, 3, 4, 2 }, threads)
    collectgarbage()
  end
end

print(dw.info())
local all = dw.threads()
for _, dtype in ipairs { "float32", "float64" } do
  for threads = 1, all, math.max(1, all - 1) do report(dtype, threads) end
end
