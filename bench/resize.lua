-- resize.lua: `make bench`. The drivers of resizing and of its gradient with a reused output: microseconds, GB/s (read
-- plus written), and percent of the speed at which as many bytes are read and written, in the same run.
--   lua resize.lua [seconds per figure]

local bench = require "bench"
local dw = require "dwconv"
local images = require "bench.lib.images"

local SECONDS = tonumber(arg[1]) or 0.05

-- n h w c to h w: decoders' factors of two, pictures
local CASES = {
  { 1, 28, 28, 256, 56, 56 }, { 1, 56, 56, 128, 112, 112 }, { 1, 14, 14, 512, 28, 28 }, { 8, 16, 16, 64, 32, 32 },
  { 1, 480, 640, 3, 224, 224 }, { 1, 224, 224, 3, 448, 448 }, { 1, 33, 33, 256, 129, 129 }, { 1, 100, 75, 64, 60, 80 },
}

local function measure(op, how, case, planes, threads)
  local n, h, w, c, oh, ow = table.unpack(case)
  local x, y = images.new(n, h, w, c, planes), images.new(n, oh, ow, c, planes)
  local from, to = x, y
  if op == "grad_x" then from, to = y, x end
  local t = bench.resize(op, threads, SECONDS, to, from, nil, planes, how)
  local name = ("%dx%dx%dx%d to %dx%d"):format(n, h, w, c, oh, ow)
  return images.report(name, threads, SECONDS, t, { from }, to)
end

print(dw.info())
local all = dw.threads()
for threads = 1, all, math.max(1, all - 1) do
  for _, how in ipairs { "nearest", "bilinear" } do
    for _, op in ipairs { "forward", "grad_x" } do
      for _, planes in ipairs { false, true } do
        local shares = {}
        print(("\n%s, %s, %s, %d thread(s): us, GB/s, %% of reading and writing"):format(how, op,
          planes and "channels_first" or "channels_last", threads))
        for i, case in ipairs(CASES) do
          shares[i] = measure(op, how, case, planes, threads)
          collectgarbage()
        end
        images.mean(shares)
      end
    end
  end
end
