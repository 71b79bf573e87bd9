-- softmax.lua: `make bench`. The softmax driver with a reused output, one thread: microseconds, GB/s of what is read and
-- written, and percent of the time to read as much and write as much once, in the same run.
--   lua softmax.lua [seconds per figure]

local bench = require "bench"
local dw = require "dwconv"

local SECONDS = tonumber(arg[1]) or 0.1

-- Shapes, and the axis: classes of a batch, of pixels, attention, and axes that lie across.
local CASES = {
  { "32x1000, classes", { 32, 1000 }, 2 }, { "4096x10, classes", { 4096, 10 }, 2 },
  { "64x64x21, pixels", { 64, 64, 21 }, 3 }, { "8x128x128, attention", { 8, 128, 128 }, 3 },
  { "8x12x256x256, attention", { 8, 12, 256, 256 }, 4 }, { "512x32000, words", { 512, 32000 }, 2 },
  { "4x21x64x64, axis 2", { 4, 21, 64, 64 }, 2 }, { "1000x256, axis 1", { 1000, 256 }, 1 },
  { "16x512x512, axis 2", { 16, 512, 512 }, 2 },
}

print(dw.info())
print "\none thread: us, GB/s, % of reading and writing; log_softmax: us, %"
for _, case in ipairs(CASES) do
  local name, shape, axis = table.unpack(case)
  local x = dw.uniform(shape, { minval = -5, maxval = 5 })
  local y, bytes = x:clone(), 4 * x.size
  local limit = bench.stream_time(bytes, bytes, 1, SECONDS)
  local t, log = bench.softmax(false, 1, SECONDS, y, x, axis), bench.softmax(true, 1, SECONDS, y, x, axis)
  print(("  %-26s %10.2f %7.1f %6.0f%% %10.2f %6.0f%%"):format(name, t * 1e6, 2 * bytes / t / 1e9, 100 * limit / t,
    log * 1e6, 100 * limit / log))
  collectgarbage()
end
