-- norm.lua: `make bench`. The normalization drivers with reused outputs, one thread: microseconds, and percent of the
-- time to read what must be read and write what must be written. That is x and y, of gradients x, g and the result; but
-- where moments are taken of more than a second-level cache holds, what is read is read twice.
--   lua norm.lua [seconds per figure]

local bench = require "bench"
local dw = require "dwconv"

local SECONDS = tonumber(arg[1]) or 0.1

-- Shapes, with which sizes moments have, and gamma.
local CASES = {
  { "batch 8x56x56x64", { 8, 56, 56, 64 }, { 1, 1, 1, 64 } }, { "batch 8x14x14x256", { 8, 14, 14, 256 }, { 1, 1, 1, 256 } },
  { "batch 1x7x7x512", { 1, 7, 7, 512 }, { 1, 1, 1, 512 } }, { "batch 32x112x112x32", { 32, 112, 112, 32 }, { 1, 1, 1, 32 } },
  { "batch 8x64x56x56, first", { 8, 64, 56, 56 }, { 1, 64, 1, 1 } },
  { "layer 512x768", { 512, 768 }, { 512, 1 }, { 1, 768 } }, { "layer 8192x1024", { 8192, 1024 }, { 8192, 1 }, { 1, 1024 } },
  { "layer 4096x64", { 4096, 64 }, { 4096, 1 }, { 1, 64 } },
  { "group 8x56x56x64, 32", { 8, 3136, 32, 2 }, { 8, 1, 32, 1 }, { 1, 1, 32, 2 } },
  { "group 8x32x2x56x56, first", { 8, 32, 2, 3136 }, { 8, 32, 1, 1 }, { 1, 32, 2, 1 } },
}

print(dw.info())
print "\none thread: training, inference, gradients: us and % of reading and writing"
for _, case in ipairs(CASES) do
  local name, shape, stat, param = table.unpack(case)
  local x, g = dw.uniform(shape, { minval = -1 }), dw.uniform(shape, { minval = -1 })
  local y, bytes = x:clone(), 4 * x.size
  local mean, var = dw.zeros(stat, { dtype = "float64" }), dw.ones(stat, { dtype = "float64" })
  local gamma = dw.uniform(param or stat)
  local beta, d_gamma, d_beta = gamma:clone(), gamma:clone(), gamma:clone()
  local function limit(reads, writes) return bench.stream_time(reads * bytes, writes * bytes, 1, SECONDS) end
  local twice = not name:find "^layer" and bytes > (1 << 20) and 2 or 1
  local forward = bench.norm(1, SECONDS, y, x, mean, var, gamma, beta)
  local apply = bench.norm(1, SECONDS, y, x, mean, var, gamma, beta, g)
  local grad = bench.norm(1, SECONDS, y, x, mean, var, gamma, beta, g, d_gamma, d_beta)
  print(("  %-26s %10.2f %5.0f%% %10.2f %5.0f%% %10.2f %5.0f%%"):format(name, forward * 1e6, 100 * limit(twice, 1) / forward,
    apply * 1e6, 100 * limit(1, 1) / apply, grad * 1e6, 100 * limit(2 * twice, 1) / grad))
  collectgarbage()
end
