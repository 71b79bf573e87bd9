-- worker.lua: our side of race.py, and the limits of the machine; process.py says what is asked and answered.
--   lua worker.lua dwconv|dwconv_eager|limits threads

local bench = require "bench"
local best_of = require "bench.lib.best_of"
local dw = require "dwconv"
local K = dw.backend
local layers = require "bench.lib.layers"

local role, threads = arg[1], tonumber(arg[2])
dw.set_threads(threads)

-- Of the job at hand: seconds of its fastest call, and its result as race.py wants it.
local time, result

local function read(j, name)
  if not j[name] then return nil end
  local file <close> = assert(io.open(j[name], "rb"))
  local shape = {}
  for size in tostring(j[name .. "_shape"]):gmatch "%d+" do shape[#shape + 1] = math.tointeger(size) end
  return dw.from_bytes(file:read "a", shape, { dtype = j.dtype })
end

local function product(j, x, w)
  if j.op == "pointwise" then x = x:reshape { -1, j.c } end
  local a, b = j.turn:find "a" and x:transpose() or x, j.turn:find "b" and w:transpose() or w
  local c = dw.zeros { a.shape[1], b.shape[2] }
  time = function(seconds) return bench.matmul(j.op == "pointwise", threads, seconds, c, a, b) end
  result = function() return c end
end

local function transposition(j, x)
  local view = x:permute(j.to == "first" and { 1, 4, 2, 3 } or { 1, 3, 4, 2 })
  local y = dw.zeros(view.shape)
  time = function(seconds) return bench.copy("copy", threads, seconds, y, view) end
  result = function() return y end
end

local function elementwise(j, x, b)
  local y, f = dw.zeros(x.shape), j.f == "add_bias" and "add" or j.f
  local run = f == "copy" and bench.copy or bench.elementwise
  b = b and K.broadcast_to(b, x.shape)
  time = function(seconds) return run(f, threads, seconds, y, x, b) end
  result = function() return y end
end

local function reduce(j, x)
  local kept = x.shape
  for axis, left in ipairs { "column", "row" } do -- axis 1 goes where each column has one
    if j.of == left or j.of == "all" then kept[axis] = 1 end
  end
  local y = dw.zeros(kept)
  time = function(seconds) return bench.reduce(j.f, threads, seconds, y, x) end
  result = function() return y end
end

local function depthwise(j, ...)
  j.geometry = { j.sh, j.sw, j.d, j.d, j.top, j.bottom, j.left, j.right }
  local op = j.op == "call" and "forward" or j.op
  local x, w, g = layers.tensors(j, ...)
  if role == "dwconv" then
    local run, y = layers.driver(j, op, x, w, g)
    time, result = function(seconds) return run(threads, seconds) end, function() return y end
  else
    local f = layers.eager(j, op, x, w, g)
    time = function(seconds) return best_of(f, seconds) end
    result = function()
      local y = f()
      return j.layout == "first" and op ~= "grad_kernel" and y:permute { 1, 3, 4, 2 } or y
    end
  end
end

local function inner(t) return t:reshape { t.shape[1], 1, t.shape[2], t.shape[3], t.shape[4] } end

-- Both passes of bias and relu, as there is no driver for the two in one.
local function bias_relu(y, x, b, seconds)
  return bench.elementwise("add", threads, seconds, y, x, b) + bench.elementwise("relu", threads, seconds, y, y)
end

local function nn(j, x, w, g)
  local y = dw.zeros { j.n, j.oh, j.ow, j.c }
  local function pool(f)
    return function(s) return bench.pool(f, threads, s, inner(y), inner(x), nil, false, j.k, j.s, "same") end
  end
  local function resize(how)
    return function(s) return bench.resize("forward", threads, s, inner(y), inner(x), nil, false, how) end
  end
  local shape = { 1, 1, 1, j.c }
  local p = w and w:reshape(shape)
  local mean, var = dw.zeros(shape, { dtype = "float64" }), dw.ones(shape, { dtype = "float64" })
  if j.f == "norm_inference" then mean, var = p:astype "float64", K.abs(p):astype "float64" end
  local d_gamma, d_beta = p and p:clone(), p and p:clone()
  local function norm(s, ...) return bench.norm(threads, s, y, x, mean, var, p, p, ...) end
  time = ({
    max_pool = pool "max", average_pool = pool "average", nearest = resize "nearest", bilinear = resize "bilinear",
    softmax = function(s) return bench.softmax(false, threads, s, y, x, 4) end,
    bias_relu = function(s) return bias_relu(y, x, K.broadcast_to(w, x.shape), s) end,
    norm = function(s) return norm(s) end, norm_inference = function(s) return norm(s, x) end,
    norm_gradient = function(s)
      if s == 0 then norm(0) end -- the moments
      return norm(s, g, d_gamma, d_beta)
    end,
  })[j.f]
  result = function() return y end
end

local function convolution(j, x, w, g)
  local operands = {
    forward = { g, x, w }, grad_x = { x, g, w }, grad_kernel = { w, g, x },
  }
  local to, a, b = table.unpack(operands[j.op])
  local o = { strides = { j.sh, j.sw }, dilation_rate = j.d, padding = "same" }
  if j.layout == "first" then
    o.data_format = "channels_first"
    a = layers.to_first(a)
    if j.op ~= "forward" then b = j.op == "grad_kernel" and layers.to_first(b) or b end
    if j.op == "forward" then to = layers.to_first(to) end
    if j.op == "grad_x" then to = layers.to_first(to) end
  end
  local function last(t) return j.layout == "first" and t ~= w and layers.to_last(t) or t end
  if role == "dwconv" then
    local y = last(to:clone())
    if j.op == "grad_kernel" then y = to:clone() end
    local geometry = { j.sh, j.sw, j.d, j.d, j.top, j.bottom, j.left, j.right }
    time = function(seconds) return bench.conv(j.op, j.groups == 1, threads, seconds, y, last(a), last(b), geometry) end
    result = function() return y end
    return
  end
  local f = K["conv2d" .. (j.op == "forward" and "" or "_" .. j.op)]
  local shape = to.shape
  local function call() return j.op == "forward" and f(a, b, o) or f(a, b, shape, o) end
  time = function(seconds) return best_of(call, seconds) end
  result = function() return j.op == "grad_kernel" and call() or last(call()) end
end

local prepare = {
  forward = depthwise, grad_x = depthwise, grad_kernel = depthwise, call = depthwise, pointwise = product,
  matmul = product, layout = transposition, elementwise = elementwise, reduce = reduce, nn = nn,
}

local commands = {}

function commands.setup(words)
  local j = { dtype = "float32", turn = "" }
  for key, value in words:gmatch "(%S+)=(%S+)" do j[key] = math.tointeger(value) or value end
  local f = j.convolution and convolution or prepare[j.op]
  if f ~= depthwise and f ~= convolution and role ~= "dwconv" then return "skip not raced" end
  f(j, read(j, "x"), read(j, "kernel"), read(j, "g"))
  collectgarbage()
  return "ok"
end

function commands.check(path)
  time(0)
  local file <close> = assert(io.open(path, "wb"))
  file:write(result():contiguous():to_bytes())
  return "ok"
end

function commands.time(seconds) return ("ok %.12f"):format(time(tonumber(seconds))) end

function commands.version() return ("ok %s, %s"):format(dw.info().version, dw.info().isa) end

function commands.isa() return "ok " .. dw.info().isa end

function commands.peak(seconds) return ("ok %.6g"):format(bench.fma_peak(threads, tonumber(seconds), dw.info().isa)) end

function commands.stream(words)
  local reads, writes, seconds = words:match "(%d+) (%d+) (%S+)"
  return ("ok %.12f"):format(bench.stream_time(tonumber(reads), tonumber(writes), threads, tonumber(seconds)))
end

function commands.copy(words)
  local bytes, seconds = words:match "(%d+) (%S+)"
  return ("ok %.12f"):format(bench.copy_time(tonumber(bytes), threads, tonumber(seconds)))
end

for line in io.lines() do
  local word, rest = line:match "^(%a+) ?(.*)$"
  local ok, answer = pcall(commands[word], rest)
  print(ok and answer or "skip " .. tostring(answer):gsub("\n", " "))
  io.stdout:flush()
end
