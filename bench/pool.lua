-- pool.lua: `make bench`. The drivers of pooling and of its gradients with a reused output: microseconds, GB/s (read plus
-- written), and percent of the speed at which as many bytes are read and written, in the same run.
--   lua pool.lua [seconds per figure]

local bench = require "bench"
local dw = require "dwconv"
local images = require "bench.lib.images"

local SECONDS = tonumber(arg[1]) or 0.05

-- ResNet's, VGG's, Inception's; of a whole image; n h w c, size, stride, padding
local CASES = {
  { 1, 112, 112, 64, 3, 2, "same" }, { 1, 224, 224, 64, 2, 2, "valid" }, { 1, 56, 56, 256, 2, 2, "valid" },
  { 1, 14, 14, 512, 2, 2, "valid" }, { 1, 35, 35, 192, 3, 1, "same" }, { 1, 17, 17, 768, 3, 1, "same" },
  { 1, 147, 147, 64, 3, 2, "valid" }, { 1, 7, 7, 2048, 7, 1, "valid" }, { 8, 56, 56, 64, 3, 2, "same" },
  { 1, 224, 224, 3, 2, 2, "valid" },
}
local OPS = { "max", "average", "max_grad", "average_grad" }

local function sizes(n, k, s, padding) return padding == "same" and (n + s - 1) // s or (n - k) // s + 1 end

local function measure(op, case, planes, threads)
  local n, h, w, c, k, s, padding = table.unpack(case)
  local x = images.new(n, h, w, c, planes)
  local y = images.new(n, sizes(h, k, s, padding), sizes(w, k, s, padding), c, planes)
  local to, from, other = y, x, nil
  if op:find "grad" then to, from, other = x:clone(), y, op == "max_grad" and x or nil end
  if planes and to ~= y then to = images.new(n, h, w, c, planes) end
  local t = bench.pool(op, threads, SECONDS, to, from, other, planes, k, s, padding)
  local name = ("%dx%dx%dx%d %dx%d s%d %s"):format(n, h, w, c, k, k, s, padding)
  return images.report(name, threads, SECONDS, t, { from, other }, to)
end

print(dw.info())
local all = dw.threads()
for threads = 1, all, math.max(1, all - 1) do
  for _, op in ipairs(OPS) do
    for _, planes in ipairs { false, true } do
      local shares = {}
      print(("\n%s, %s, %d thread(s): us, GB/s, %% of reading and writing"):format(op,
        planes and "channels_first" or "channels_last", threads))
      for i, case in ipairs(CASES) do
        shares[i] = measure(op, case, planes, threads)
        collectgarbage()
      end
      images.mean(shares)
    end
  end
end
