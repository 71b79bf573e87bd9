-- depthwise.lua: `make bench`. For each layer of layers.txt, op and thread count: the driver with a reused output, and
-- the eager call from Lua, which also allocates its result; microseconds, GFLOP/s, and percent of the limit (roof.lua),
-- measured in the same run. GFLOP/s do not count taps on padding. Best of many calls; inputs are random.
--   lua depthwise.lua [seconds per figure]
-- BENCH_ALL=1 takes all 53 layers of the spec's table rather than twelve, BENCH_ONLY a Lua pattern of their names.

local best_of = require "bench.lib.best_of"
local cases = require "bench.lib.cases"
local dw = require "dwconv"
local layers = require "bench.lib.layers"
local roof = require "bench.lib.roof"

local SECONDS = tonumber(arg[1]) or 0.1
local ALL = os.getenv "BENCH_ALL" or ""
local ONLY = os.getenv "BENCH_ONLY" or ""

local function chosen(groups)
  local list = {}
  for _, group in ipairs(groups) do
    for _, l in ipairs(cases[group]) do
      if l.name:find(ONLY) then list[#list + 1] = l end
    end
  end
  return list
end

local function time(l, op, threads, x, w, g)
  local reads, writes = layers.traffic(l, op)
  local limit = roof.seconds(l.flops, l.dtype, reads, writes, threads)
  local t = layers.driver(l, op, x, w, g)(threads, SECONDS)
  local e = best_of(layers.eager(l, op, x, w, g), SECONDS)
  print(("%-42s %-12s %9.1f %8.1f %5.0f%%   %9.1f %8.1f %5.0f%%"):format(l.name, op, t * 1e6, l.flops / t / 1e9,
    100 * limit / t, e * 1e6, l.flops / e / 1e9, 100 * limit / e))
  return math.log(limit / t), math.log(limit / e)
end

local function report(title, list, threads)
  if #list == 0 then return end
  dw.set_threads(threads)
  print(("\n%s, %d thread(s), %s, FMA peak %.0f GFLOP/s; us, GFLOP/s, %% of the limit"):format(title, threads,
    dw.info().isa, roof.peak(threads) / 1e9))
  print(("%-42s %-12s %9s %8s %6s   %9s %8s %6s"):format("layer", "op", "driver", "GFLOP/s", "limit", "eager",
    "GFLOP/s", "limit"))
  local driver, eager = {}, {}
  for _, l in ipairs(list) do
    local x, w, g = layers.tensors(l)
    for _, op in ipairs(layers.OPS) do
      local a, b = time(l, op, threads, x, w, g)
      driver[op], eager[op] = (driver[op] or 0) + a, (eager[op] or 0) + b
    end
    collectgarbage()
  end
  for _, op in ipairs(layers.OPS) do
    print(("geometric mean %-12s driver %3.0f%%, eager %3.0f%% of the limit"):format(op,
      100 * math.exp(driver[op] / #list), 100 * math.exp(eager[op] / #list)))
  end
end

print(dw.info())
local all = dw.threads()
local groups = ALL ~= "" and { "twelve", "spec" } or { "twelve" }
for threads = 1, all, math.max(1, all - 1) do
  report("layers of the networks", chosen(groups), threads)
  report("other geometries", chosen { "extra" }, threads)
end
