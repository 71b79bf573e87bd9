-- conv.lua: `make bench`. For each convolution of layers.txt, op and thread count: the driver with a reused output, its
-- kernel packed before (not of groups) and within the call; microseconds, GFLOP/s and percent of the limit (roof.lua), measured in the
-- same run. GFLOP/s do not count taps on padding. Best of many calls; inputs are random.
--   lua conv.lua [seconds per figure]
-- BENCH_ONLY is a Lua pattern of the layers' names, BENCH_OPS one of the ops'.

local bench = require "bench"
local cases = require "bench.lib.cases"
local dw = require "dwconv"
local roof = require "bench.lib.roof"

local SECONDS = tonumber(arg[1]) or 0.1
local ONLY, OPS = os.getenv "BENCH_ONLY" or "", os.getenv "BENCH_OPS" or ""

local function to_first(t) return t:permute({ 1, 4, 2, 3 }):contiguous():permute { 1, 3, 4, 2 } end

-- Tensors of a case in the drivers' order, what is written first; and how many bytes are read and written.
local function operands(l, op)
  local o = { minval = -1, dtype = l.dtype }
  local x = dw.uniform({ l.n, l.h, l.w, l.c }, o)
  local w = dw.uniform({ l.kh, l.kw, l.c // l.groups, l.o }, o)
  local y = dw.uniform({ l.n, l.oh, l.ow, l.o }, o)
  if l.layout == "first" then x, y = to_first(x), to_first(y) end
  local list = op == "forward" and { y, x, w } or op == "grad_x" and { x, y, w } or { w, y, x }
  local bytes = l.dtype == "float64" and 8 or 4
  return list, bytes * (list[2].size + list[3].size), bytes * list[1].size
end

local function time(l, op, threads)
  local list, reads, writes = operands(l, op)
  local limit = roof.seconds(l.flops, l.dtype, reads, writes, threads)
  local line, ratios = ("%-40s %-12s"):format(l.name, op), {}
  for i, packed in ipairs { true, false } do
    local t = bench.conv(op, packed and l.groups == 1, threads, SECONDS, list[1], list[2], list[3], l.geometry)
    line = line .. (" %9.1f %8.1f %5.0f%%  "):format(t * 1e6, l.flops / t / 1e9, 100 * limit / t)
    ratios[i] = limit / t
  end
  print(line)
  return ratios[1]
end

local function report(threads)
  dw.set_threads(threads)
  print(("\n%d thread(s), %s, FMA peak %.0f GFLOP/s; us, GFLOP/s, %% of the limit"):format(threads, dw.info().isa,
    roof.peak(threads) / 1e9))
  print(("%-40s %-12s %9s %8s %6s   %9s %8s %6s"):format("layer", "op", "packed", "GFLOP/s", "limit", "call", "GFLOP/s",
    "limit"))
  for _, op in ipairs { "forward", "grad_x", "grad_kernel" } do
    for _, group in ipairs { "resnet", "stem", "conv" } do
      local sum, n = 0, 0
      for _, l in ipairs(cases[group]) do
        if l.name:find(ONLY) and op:find(OPS) then
          sum, n = sum + math.log(time(l, op, threads)), n + 1
          collectgarbage()
        end
      end
      if n > 0 then print(("geometric mean %-7s %-12s %3.0f%% of the limit"):format(group, op, 100 * math.exp(sum / n))) end
    end
  end
end

print(dw.info())
local all = tonumber(os.getenv "BENCH_THREADS") or dw.threads()
for threads = 1, all, math.max(1, all - 1) do report(threads) end
