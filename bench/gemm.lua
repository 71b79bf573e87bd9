-- gemm.lua: `make bench`. The matrix product with a reused output: b packed within the call, and b packed before it;
-- microseconds, GFLOP/s and percent of the limit (roof.lua), measured in the same run. Best of many calls; inputs are
-- random.
--   lua gemm.lua [seconds per figure]

local bench = require "bench"
local cases = require "bench.lib.cases"
local dw = require "dwconv"
local roof = require "bench.lib.roof"

local SECONDS = tonumber(arg[1]) or 0.1

local function operand(rows, cols, transposed, dtype)
  local shape = transposed and { cols, rows } or { rows, cols }
  local t = dw.uniform(shape, { minval = -1, dtype = dtype })
  return transposed and t:transpose() or t
end

local function time(name, m, k, n, turn, dtype, threads)
  local a, b = operand(m, k, turn:find "a", dtype), operand(k, n, turn:find "b", dtype)
  local c = dw.zeros({ m, n }, { dtype = dtype })
  local bytes, flops = dtype == "float64" and 8 or 4, 2 * m * n * k
  local limit = roof.seconds(flops, dtype, bytes * (m * k + k * n), bytes * m * n, threads)
  local line = ("  %-22s"):format(name)
  for _, packed in ipairs { false, true } do
    local t = bench.matmul(packed, threads, SECONDS, c, a, b)
    line = line .. (" %9.2f %8.1f %4.0f%%  "):format(t * 1e6, flops / t / 1e9, 100 * limit / t)
  end
  print(line)
end

local function report(dtype, threads)
  print(("\n%s, %d thread(s), %s, FMA peak %.0f GFLOP/s; us, GFLOP/s, %% of the limit"):format(dtype, threads,
    dw.info().isa, roof.peak(threads, dtype) / 1e9))
  print(("%-24s %9s %8s %5s   %9s %8s %5s"):format("", "call", "GFLOP/s", "limit", "packed", "GFLOP/s", "limit"))
  print "pointwise"
  for _, l in ipairs(cases.pointwise) do time(l.name, l.h * l.w, l.c, l.k, "", dtype, threads) end
  print "m, k, n; which operands are transposed views"
  for _, l in ipairs(cases.dense) do time(l.name, l.m, l.k, l.n, l.turn, dtype, threads) end
end

print(dw.info())
local all = dw.threads()
for _, dtype in ipairs { "float32", "float64" } do
  for threads = 1, all, math.max(1, all - 1) do report(dtype, threads) end
end
