-- reduce.lua: `make bench`. The reduction drivers with a reused output, one thread: microseconds, GB/s of what is read
-- (running sums: and written), and percent of the fastest read of as many bytes (running sums: memcpy), in the same
-- run.
--   lua reduce.lua [seconds per figure]

local bench = require "bench"
local dw = require "dwconv"

local SECONDS = tonumber(arg[1]) or 0.1
local SHAPES = { { 1, 8, 8, 64 }, { 1, 32, 32, 64 }, { 1, 64, 64, 64 }, { 4, 128, 128, 64 } } -- 16 KiB to 16 MiB

-- Which axes of (n,h,w,c) are reduced.
local AXES = { { "all", 1, 2, 3, 4 }, { "c", 4 }, { "n,h,w", 1, 2, 3 }, { "h,w", 2, 3 } }

local function report(shape)
  local x = dw.uniform(shape, { minval = -1 })
  local bytes = 4 * x.size
  local function row(name, t, copies)
    local moved = copies and 2 * bytes or bytes
    local limit = copies and bench.copy_time(moved, 1, SECONDS) or bench.read_time(x, SECONDS)
    print(("  %-14s %10.2f %7.1f %6.0f%%"):format(name, t * 1e6, moved / t / 1e9, 100 * limit / t))
  end
  print(("\n%d floats, %s, one thread: us, GB/s, %% of reading"):format(x.size, table.concat(shape, "x")))
  for _, axes in ipairs(AXES) do
    local kept = x.shape
    for i = 2, #axes do kept[axes[i]] = 1 end
    for _, op in ipairs { "sum", "max" } do
      row(op .. " " .. axes[1], bench.reduce(op, 1, SECONDS, dw.zeros(kept), x))
    end
  end
  local lines = x:reshape { -1, 256 }
  for axis = 1, 2 do
    local kept = lines.shape
    kept[axis] = 1
    row("argmax axis " .. axis, bench.along_axis("argmax", 1, SECONDS, dw.zeros(kept, { dtype = "int64" }), lines, axis))
    row("cumsum axis " .. axis, bench.along_axis("cumsum", 1, SECONDS, dw.zeros(lines.shape), lines, axis), true)
  end
end

for _, shape in ipairs(SHAPES) do report(shape) end
