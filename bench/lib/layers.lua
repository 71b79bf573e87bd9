-- layers.lua: the tensors of a depthwise case, and its three ops as calls of a driver and as eager calls from Lua.

local bench = require "bench"
local dw = require "dwconv"
local K = dw.backend

local layers = {}

layers.OPS = { "forward", "grad_x", "grad_kernel" }

function layers.to_last(t) return t:permute { 1, 3, 4, 2 } end
function layers.to_first(t) return t:permute({ 1, 4, 2, 3 }):contiguous() end

-- x, w and g in the case's layout; channels_last tensors may be given.
function layers.tensors(l, x, w, g)
  local o = { minval = -1, dtype = l.dtype }
  x = x or dw.uniform({ l.n, l.h, l.w, l.c }, o)
  w = w or dw.uniform({ l.k, l.k, l.c, l.m }, o)
  g = g or dw.uniform({ l.n, l.oh, l.ow, l.c * l.m }, o)
  if l.layout == "first" then return layers.to_first(x), w, layers.to_first(g) end
  return x, w, g
end

-- A function of (threads, seconds) that gives the seconds of one call of the driver, and its result as (n,h,w,c).
function layers.driver(l, op, x, w, g)
  local turned = l.layout == "first" and layers.to_last or function(t) return t end
  local result = (op == "forward" and g or op == "grad_x" and x or w):clone()
  local y = op == "grad_kernel" and result or turned(result)
  local a = turned(op == "forward" and x or g)
  local b = op == "grad_kernel" and turned(x) or w
  return function(threads, seconds) return bench.depthwise(op, threads, seconds, y, a, b, l.geometry) end, y
end

-- A function that makes one eager call, on as many threads as dw.set_threads said.
function layers.eager(l, op, x, w, g)
  local o = { strides = { l.sh, l.sw }, dilation_rate = l.d, padding = "same" }
  if l.layout == "first" then o.data_format = "channels_first" end
  local shapes = { x.shape, w.shape }
  if op == "forward" then return function() return K.depthwise_conv2d(x, w, o) end end
  if op == "grad_x" then return function() return K.depthwise_conv2d_grad_x(g, w, shapes[1], o) end end
  return function() return K.depthwise_conv2d_grad_kernel(g, x, shapes[2], o) end
end

-- Bytes that an op must read and write.
function layers.traffic(l, op)
  local bytes = l.dtype == "float64" and 8 or 4
  local x, w, g = l.n * l.h * l.w * l.c, l.k * l.k * l.c * l.m, l.n * l.oh * l.ow * l.c * l.m
  local written = op == "forward" and g or op == "grad_x" and x or w
  return bytes * (x + w + g - written), bytes * written
end

return layers
