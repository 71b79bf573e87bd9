-- update.lua: `make bench`. Steps of optimizers in place: GB/s of what is read and written, and percent of the time to
-- read as much and write as much once, in the same run; by the number of weights, on one thread and on all.
--   lua update.lua [seconds per figure]

local bench = require "bench"
local dw = require "dwconv"

local SECONDS = tonumber(arg[1]) or 0.04

-- Steps, and how many slots they keep.
local STEPS = {
  { "sgd", 0 }, { "sgd_momentum", 1 }, { "sgd_nesterov", 1 }, { "rmsprop", 1 }, { "rmsprop_centered", 2 },
  { "rmsprop_momentum", 2 }, { "rmsprop_centered_momentum", 3 }, { "adagrad", 1 }, { "adadelta", 2 }, { "adam", 2 },
  { "adam_amsgrad", 3 }, { "adamax", 2 }, { "nadam", 2 }, { "lion", 1 }, { "ftrl", 2 }, { "average", 0 },
}

local SIZES = { 1000, 30000, 1000000, 8000000 }

local function tensors(n, count)
  local list = {}
  for i = 1, count do list[i] = dw.uniform({ n }, { minval = 0.5, seed = i }) end
  return list
end

-- Seconds of a step, and of reading and writing as much.
local function measure(name, slots, n, threads)
  local t = bench.update(name, threads, SECONDS, table.unpack(tensors(n, 2 + slots)))
  return t, bench.stream_time(4 * n * (2 + slots), 4 * n * (1 + slots), threads, SECONDS)
end

print(dw.info())
local counts = dw.threads() > 1 and { 1, dw.threads() } or { 1 }
for _, threads in ipairs(counts) do
  print(("\n%d thread%s: GB/s, %% of the limit; by weights"):format(threads, threads > 1 and "s" or ""))
  print((" "):rep(28) .. ("%18d"):rep(#SIZES):format(table.unpack(SIZES)))
  for _, step in ipairs(STEPS) do
    local line = { ("  %-26s"):format(step[1]) }
    for _, n in ipairs(SIZES) do
      local t, limit = measure(step[1], step[2], n, threads)
      line[#line + 1] = ("%11.1f %5.0f%%"):format(4 * n * (3 + 2 * step[2]) / t / 1e9, 100 * limit / t)
      collectgarbage()
    end
    print(table.concat(line))
  end
  local line = { ("  %-26s"):format "sum of squares, read" }
  for _, n in ipairs(SIZES) do
    local x = tensors(n, 1)[1]
    local t = bench.squares(threads, SECONDS, x)
    line[#line + 1] = ("%11.1f %5s "):format(4 * n / t / 1e9, threads == 1 and ("%.0f%%"):format(100 * bench.read_time(x,
      SECONDS) / t) or "")
  end
  print(table.concat(line))
end
