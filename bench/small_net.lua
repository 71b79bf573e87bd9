-- small_net.lua: many small regions, as a small network has them: seconds for 150 training steps of a separable block
-- on images of 16x16, best and worst of five. Not part of `make bench`, as it is for a busy machine too: run it beside
-- `for i in 1 2 3 4; do timeout 60 sh -c 'while :; do :; done' & done`.
--   lua small_net.lua [threads...]

local dw = require "dwconv"
local K, ops = dw.backend, dw.ops

local function train(steps)
  dw.seed(1)
  local x = dw.uniform { 16, 16, 16, 8 }
  local target = K.mean(x, { axis = 4, keepdims = true })
  local block = ops.depthwise_conv2d { depthwise_kernel = dw.normal({ 3, 3, 8, 2 }, { stddev = 0.2 }), padding = "same" }
    >> ops.relu {}
    >> ops.matmul { b = dw.normal({ 16, 32 }, { stddev = 0.2 }) }
    >> ops.tanh {}
    >> ops.matmul { b = dw.normal({ 32, 1 }, { stddev = 0.2 }) }
  local weights = block:parameters()
  local start = dw.clock()
  for _ = 1, steps do
    local tape, loss = dw.record(function() return K.mean(K.square(block(x) - target)) end)
    for i, g in ipairs(tape:gradients(loss, weights)) do K.update_sub(weights[i], g * 0.1) end
  end
  return dw.clock() - start
end

local counts = #arg > 0 and arg or { 1, 2 }
for _, threads in ipairs(counts) do
  dw.set_threads(tonumber(threads))
  local best, worst = math.huge, 0
  for _ = 1, 5 do
    local t = train(150)
    best, worst = math.min(best, t), math.max(worst, t)
  end
  print(("%d thread(s): %.3f s to %.3f s"):format(threads, best, worst))
end
