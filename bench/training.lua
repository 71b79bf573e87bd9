-- training.lua: `make bench`. A step of training of MobileNetV1 (alpha 1, 96x96, 32 images, SGD) on one thread and on
-- two: its time, the time of its multiply-adds at the FMA peak over that, and the most memory that the process held; then
-- where the time goes, by kind and size of layer: milliseconds forward, and of the gradients. And the pointwise
-- convolutions of the network by themselves, whose images do not fit into the caches.
--   lua training.lua [steps] [--step THREADS: only the best time of a step in ms, and the most memory in MB]

local dw = require "dwconv"
local mobilenet = require "bench.lib.mobilenet"
local K = dw.backend

local SIZE, BATCH, CLASSES = 96, 32, 10
local steps = tonumber(arg[1]) or 8

dw.seed(1)
local model = mobilenet(SIZE, CLASSES)
model:compile { optimizer = dw.optimizers.SGD { 0.01 }, loss = "sparse_categorical_crossentropy" }
local x = dw.uniform { BATCH, SIZE, SIZE, 3 }
local y = dw.arange(BATCH, { dtype = "int32" }) % CLASSES + 1

-- The shortest of some calls, in seconds.
local function best(f)
  local least = math.huge
  for _ = 1, steps do
    local start = dw.clock()
    f()
    least = math.min(least, dw.clock() - start)
  end
  return least
end

local function best_step() return best(function() model:train_on_batch(x, y) end) end

local function peak_memory() -- MB
  for line in io.lines "/proc/self/status" do
    if line:find "^VmHWM" then return tonumber(line:match "%d+") / 1024 end
  end
end

if arg[2] == "--step" then
  dw.set_threads(tonumber(arg[3]))
  print(("%.1f %.0f"):format(best_step() * 1e3, peak_memory()))
  os.exit()
end

local roof = require "bench.lib.roof"

-- ---- a step ----------------------------------------------------------------------------------------

-- Multiply-adds of the convolutions, forward and twice back; the first has no gradient of x.
local function multiply_adds()
  local n, first = 0, nil
  for _, row in ipairs(model:profile(x, { times = 1 })) do
    first = first or row.multiply_adds
    n = n + row.multiply_adds
  end
  return 3 * n - first
end

print(dw.info())
local work = multiply_adds()
print(("\nMobileNetV1, %dx%d, %d images: %.1f GFLOP a step"):format(SIZE, SIZE, BATCH, 2 * work / 1e9))
for _, threads in ipairs { 1, 2 } do
  dw.set_threads(threads)
  local t = best_step()
  local limit = roof.seconds(2 * work, "float32", 0, 0, threads)
  print(("  %d thread%s  %7.1f ms, %3.0f%% of the FMA peak"):format(threads, threads == 1 and " " or "s", t * 1e3,
    100 * limit / t))
end
print(("  most memory  %.0f MB"):format(peak_memory()))

-- ---- where the time goes ---------------------------------------------------------------------------

local ops = require "dwconv.ops"
local rows, order = {}, {}

local function row_of(name, t)
  local key = ("%-12s %s"):format(name, table.concat(t.shape, "x", 2))
  if not rows[key] then
    rows[key] = { name = key, x = 0, kernel = 0, n = 0 }
    order[#order + 1] = key
  end
  return rows[key]
end

local wrapped = { conv2d = { "x", "kernel" }, depthwise_conv2d = { "x", "depthwise_kernel" }, normalize = { "x" } }
local short = { conv2d = "conv", depthwise_conv2d = "depthwise", normalize = "norm, relu" }

-- Adds the time of gradients up, by op and by the shape of its result.
local function watch_gradients()
  for name, names in pairs(wrapped) do
    local backward = ops.records[name].backward
    for _, arg_name in ipairs(names) do
      local f = backward[arg_name]
      backward[arg_name] = function(g, ...)
        local start = dw.clock()
        local result = f(g, ...)
        local row = row_of(short[name], g)
        local column = arg_name == "x" and "x" or "kernel"
        row[column] = row[column] + dw.clock() - start
        if column == "kernel" or name == "normalize" then row.n = row.n + 1 end
        return result
      end
    end
  end
end

dw.set_threads(1)
watch_gradients()
for _ = 1, steps do model:train_on_batch(x, y) end
print "\none thread, ms a step: gradient of x and of the kernel, by kind and result, as often as it comes"
for _, key in ipairs(order) do
  local row = rows[key]
  print(("  %-28s %7.2f %7.2f  %2d times"):format(key, row.x / steps * 1e3, row.kernel / steps * 1e3, row.n // steps))
end

local forward = model:profile(x, { times = steps, training = true })
local kinds, names = {}, {}
for _, row in ipairs(forward) do
  local kind = row.class
  if not kinds[kind] then
    kinds[kind] = 0
    names[#names + 1] = kind
  end
  kinds[kind] = kinds[kind] + row.seconds
end
print "\nforward, ms a step, by kind of layer (normalization with its activation)"
for _, kind in ipairs(names) do print(("  %-28s %7.2f"):format(kind, kinds[kind] * 1e3)) end

-- ---- pointwise convolutions ------------------------------------------------------------------------

local POINTWISE = { { 48, 32, 64 }, { 24, 64, 128 }, { 24, 128, 128 }, { 12, 128, 256 }, { 12, 256, 256 }, { 6, 256, 512 },
  { 6, 512, 512 }, { 3, 512, 1024 }, { 3, 1024, 1024 } }

print "\npointwise, 32 images, one thread: % of the FMA peak, forward, gradient of x, of the kernel"
for _, case in ipairs(POINTWISE) do
  local size, cin, cout = table.unpack(case)
  local image, g = dw.uniform { BATCH, size, size, cin }, dw.uniform { BATCH, size, size, cout }
  local w = dw.uniform { 1, 1, cin, cout }
  local limit = roof.seconds(2 * BATCH * size * size * cin * cout, "float32", 0, 0, 1)
  print(("  %2dx%-2d %4d to %-4d  %4.0f %4.0f %4.0f"):format(size, size, cin, cout,
    100 * limit / best(function() K.conv2d(image, w) end),
    100 * limit / best(function() K.conv2d_grad_x(g, w, image.shape) end),
    100 * limit / best(function() K.conv2d_grad_kernel(g, image, w.shape) end)))
end
