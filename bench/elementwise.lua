-- elementwise.lua: `make bench`. The elementwise and copy drivers with a reused output, one thread: microseconds, GB/s
-- (operands read plus result written), and percent of the speed at which memcpy moves as many bytes, in the same run.
--   lua elementwise.lua [seconds per figure]

local bench = require "bench"
local dw = require "dwconv"
local K = dw.backend

local SECONDS = tonumber(arg[1]) or 0.1
local SIZES = { 1 << 12, 1 << 16, 1 << 18, 1 << 22 } -- floats: 16 KiB (L1), 256 KiB (L2), 1 MiB, 16 MiB

local function random(shape) return dw.uniform(shape, { minval = 0.1, maxval = 4 }) end

local function like(x) return random(x.shape) end

-- A case: its name, its kernel, how many tensors of the result's size are read, and a function of such a tensor that
-- gives the operands.
local cases = {
  { "copy", "copy", 1, function(x) return x end },
  { "add", "add", 2, function(x) return x, like(x) end },
  { "multiply by a number", "multiply", 1, function(x) return x, K.broadcast_to(dw.tensor(1.5), x.shape) end },
  { "relu", "relu", 1, function(x) return x - 2 end },
  { "exp", "exp", 1, function(x) return x - 2 end },
  { "tanh", "tanh", 1, function(x) return x - 2 end },
  { "sigmoid", "sigmoid", 1, function(x) return x - 2 end },
  { "log", "log", 1, function(x) return x end },
  { "sin", "sin", 1, function(x) return x end },
  { "add a transposed one", "add", 2, function(x)
    local rows = x:reshape { 64, -1 }
    return rows, random({ #rows[1], 64 }):transpose()
  end },
}
for _, c in ipairs { 3, 32, 512 } do
  cases[#cases + 1] = { "add a bias, c = " .. c, "add", 1, function(x)
    local pixels = x:narrow(1, 1, x.size // c * c):reshape { -1, c }
    return pixels, K.broadcast_to(random { c }, pixels.shape)
  end }
end

local function report(n)
  print(("\n%d floats, one thread: us, GB/s, %% of memcpy"):format(n))
  for _, case in ipairs(cases) do
    local name, kernel, reads, operands = table.unpack(case)
    local a, b = operands(random { n })
    local bytes, y = 4 * a.size * (1 + reads), like(a)
    local time = kernel == "copy" and bench.copy or bench.elementwise
    local limit, t = bench.copy_time(bytes, 1, SECONDS), time(kernel, 1, SECONDS, y, a, b)
    print(("  %-22s %10.2f %7.1f %6.0f%%"):format(name, t * 1e6, bytes / t / 1e9, 100 * limit / t))
    collectgarbage()
  end
end

print(dw.info())
for _, n in ipairs(SIZES) do report(n) end
