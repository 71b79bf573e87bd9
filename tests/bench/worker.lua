-- worker.lua: dwconv's side of race.py. Reads one job a line, "op h w c k s threads seconds file", runs the eager call
-- for that long and answers with the best time of one call in seconds. op "save" writes what the last job computed, op
-- "load" takes the inputs that race.py wrote, so that both sides compute the same numbers.

local best_of = require "bench.best_of"
local dw = require "dwconv"
local K, npy = dw.backend, dw.io.npy

local x, w, g, result

local function call_for(op, k, s)
  local p = k // 2
  local o = { strides = s, padding = { { p, p }, { p, p } } }
  if op == "forward" then return function() return K.depthwise_conv2d(x, w, o) end end
  if op == "grad_x" then return function() return K.depthwise_conv2d_grad_x(g, w, x.shape, o) end end
  return function() return K.depthwise_conv2d_grad_kernel(g, x, w.shape, o) end
end

for line in io.lines() do
  local op, k, s, threads, seconds, folder = line:match "^(%S+) (%d+) (%d+) (%d+) (%S+) (%S+)$"
  if op == "load" then
    x, w, g = npy.read(folder .. "/x.npy"), npy.read(folder .. "/w.npy"), npy.read(folder .. "/g.npy")
    print "ok"
  elseif op == "save" then
    npy.write(folder .. "/y.npy", result)
    print "ok"
  else
    dw.set_threads(tonumber(threads))
    local f = call_for(op, tonumber(k), tonumber(s))
    result = f()
    print(("%.9f"):format(best_of(f, tonumber(seconds))))
  end
  io.stdout:flush()
end
