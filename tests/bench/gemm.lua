-- gemm.lua: `make bench`. The matrix product with a reused output: b packed within the call, and b packed before it;
-- microseconds, GFLOP/s and percent of the FMA peak, which is measured anew for each line, since other programs slow
-- both. Best of many calls; inputs are random.
--   lua gemm.lua [seconds per figure]

local bench = require "bench"
local dw = require "dwconv"

local SECONDS = tonumber(arg[1]) or 0.1

-- m, k, n; which operands are transposed views
local SHAPES = {
  { "square", { 512, 512, 512 }, { 1024, 1024, 1024 } },
  { "MobileNet v1 pointwise", { 12544, 32, 64 }, { 3136, 64, 128 }, { 3136, 128, 128 }, { 784, 128, 256 },
    { 784, 256, 256 }, { 196, 256, 512 }, { 196, 512, 512 }, { 49, 512, 1024 }, { 49, 1024, 1024 } },
  { "transposed", { 512, 512, 512, "a" }, { 512, 512, 512, "b" }, { 512, 512, 512, "ab" }, { 1024, 1024, 1024, "ab" },
    { 784, 256, 256, "b" }, { 256, 784, 256, "a" } },
  { "skinny", { 1, 1024, 1024 }, { 1, 1024, 1024, "b" }, { 4, 1024, 1024 }, { 4, 1024, 1024, "b" },
    { 16, 1024, 1024, "b" }, { 1024, 1024, 1 }, { 1024, 1024, 1, "a" }, { 1024, 1024, 8 }, { 1024, 16, 1024 },
    { 4, 4, 4 }, { 16, 16, 16 }, { 64, 64, 64 } },
}

local function operand(rows, cols, transposed, dtype)
  local shape = transposed and { cols, rows } or { rows, cols }
  local t = dw.uniform(shape, { minval = -1, dtype = dtype })
  return transposed and t:transpose() or t
end

local function report(dtype, threads)
  print(("\n%s, %d thread(s), %s; us, GFLOP/s, %% of the FMA peak"):format(dtype, threads, dw.info().isa))
  print(("%-22s %9s %8s %5s   %9s %8s %5s   %8s"):format("m, k, n", "call", "GFLOP/s", "peak", "packed",
    "GFLOP/s", "peak", "peak is"))
  for _, group in ipairs(SHAPES) do
    print(group[1])
    for i = 2, #group do
      local m, k, n, turned = table.unpack(group[i])
      turned = turned or ""
      local a = operand(m, k, turned:find "a", dtype)
      local b = operand(k, n, turned:find "b", dtype)
      local c = dw.zeros({ m, n }, { dtype = dtype })
      local peak = bench.fma_peak(threads, SECONDS / 4) / (dtype == "float64" and 2 or 1)
      local line = ("  %-20s"):format(("%d, %d, %d %s"):format(m, k, n, turned))
      for _, packed in ipairs { false, true } do
        local t = bench.matmul(c, a, b, packed, threads, SECONDS)
        local rate = 2 * m * n * k / t
        line = line .. (" %9.2f %8.1f %4.0f%%  "):format(t * 1e6, rate / 1e9, 100 * rate / peak)
      end
      print(("%s %8.1f"):format(line, peak / 1e9))
    end
  end
end

print(dw.info())
local all = dw.threads()
for _, dtype in ipairs { "float32", "float64" } do
  report(dtype, 1)
  if all > 1 then report(dtype, all) end
end
