-- depthwise.lua: `make bench`. For each layer, op and thread count: the driver with a reused output, and the eager
-- call from Lua, which also allocates its result; microseconds, GFLOP/s, and percent of the machine's limit, which is
-- the larger of (multiply-adds inside the image / FMA peak) and the time to copy as many bytes as the op touches, both
-- measured in the same run. Best of many calls; inputs are random.
--   lua depthwise.lua [seconds per figure]

local bench = require "bench"
local best_of = require "bench.best_of"
local dw = require "dwconv"
local K = dw.backend

local SECONDS = tonumber(arg[1]) or 0.1

-- Taps of one axis inside the image, over all outputs of padding "same".
local function inside(n, k, s)
  local out = (n + s - 1) // s
  local before, count = math.max(0, (out - 1) * s + k - n) // 2, 0
  for o = 0, out - 1 do
    for t = 0, k - 1 do
      local at = o * s + t - before
      if at >= 0 and at < n then count = count + 1 end
    end
  end
  return count, out
end

local function prepare(l)
  local rows, oh = inside(l.h, l.k, l.s)
  local cols, ow = inside(l.w, l.k, l.s)
  local o = { strides = l.s, padding = "same" }
  local x = dw.uniform({ 1, l.h, l.w, l.c }, { minval = -1 })
  local w = dw.uniform({ l.k, l.k, l.c, 1 }, { minval = -1 })
  local g = dw.uniform({ 1, oh, ow, l.c }, { minval = -1 })
  local calls = {
    { "forward", g:clone(), x, w, function() return K.depthwise_conv2d(x, w, o) end },
    { "grad_x", x:clone(), g, w, function() return K.depthwise_conv2d_grad_x(g, w, x.shape, o) end },
    { "grad_kernel", w:clone(), g, x, function() return K.depthwise_conv2d_grad_kernel(g, x, w.shape, o) end },
  }
  return calls, 2 * rows * cols * l.c, 4 * (x.size + w.size + g.size), x, w
end

local function report(layers, threads)
  dw.set_threads(threads)
  local peak = bench.fma_peak(threads, 0.3)
  print(("\n%d thread(s), %s, FMA peak %.0f GFLOP/s; us, GFLOP/s, %% of the limit"):format(threads, dw.info().isa, peak / 1e9))
  print(("%-28s %-12s %9s %8s %6s   %9s %8s %6s"):format("layer", "op", "driver", "GFLOP/s", "limit", "eager", "GFLOP/s", "limit"))
  local logs, count = {}, 0
  for _, l in ipairs(layers) do
    local calls, flops, bytes, x, w = prepare(l)
    local limit = math.max(flops / peak, bench.copy_time(bytes, threads, SECONDS / 2))
    for _, call in ipairs(calls) do
      local op, to, a, b, eager = table.unpack(call)
      local t = bench.driver(op, to, a, b, x, w, l.s, 1, threads, SECONDS)
      local e = best_of(eager, SECONDS)
      print(("%-28s %-12s %9.1f %8.1f %5.0f%%   %9.1f %8.1f %5.0f%%"):format(
        ("%d: %dx%dx%d k%d s%d"):format(l.row, l.h, l.w, l.c, l.k, l.s), op, t * 1e6, flops / t / 1e9, 100 * limit / t,
        e * 1e6, flops / e / 1e9, 100 * limit / e))
      logs[op] = logs[op] or { driver = 0, eager = 0 }
      logs[op].driver, logs[op].eager = logs[op].driver + math.log(limit / t), logs[op].eager + math.log(limit / e)
    end
    count = count + 1
  end
  for _, op in ipairs { "forward", "grad_x", "grad_kernel" } do
    print(("geometric mean %-12s driver %3.0f%%, eager %3.0f%% of the limit"):format(
      op, 100 * math.exp(logs[op].driver / count), 100 * math.exp(logs[op].eager / count)))
  end
end

local function call_cost()
  dw.set_threads(1)
  local x, w, o = dw.uniform { 1, 4, 4, 8 }, dw.uniform { 3, 3, 8, 1 }, { padding = "same" }
  collectgarbage() -- the layers above are garbage by now, and would set the collector's pace
  local n = 1000
  local t = best_of(function()
    for _ = 1, n do K.depthwise_conv2d(x, w, o) end
  end, SECONDS)
  print(("\none eager call of 1x4x4x8, 3x3 same, one thread: %.2f us"):format(t / n * 1e6))
end

print(dw.info())
local layers = require "bench.layers"
local all = dw.threads()
report(layers, 1)
if all > 1 then report(layers, all) end
call_cost()
