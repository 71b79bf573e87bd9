-- models/profile.lua: where the time of a model goes, layer by layer, beside what the machine can do. Its function is a
-- method of Model and Sequential.
-- The limit of a layer is the larger of two times: its multiply-adds at the rate of a large matrix product, and its
-- bytes (what it reads and writes once: inputs, weights, outputs) at the rate of a large copy; both are measured in the
-- same call.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local graph = require "dwconv.graph"
local layer = require "dwconv.layers.layer"
local network = require "dwconv.models.network"
local ops = require "dwconv.ops"
local terminal = require "dwconv.io.terminal"

local kinds, is_tensor = args.kinds, args.check.is_tensor

local BYTES <const> = { float32 = 4, float64 = 8, int32 = 4, int64 = 8, uint8 = 1, bool = 1 }

-- Of a result that an activation took over there is none.
local function bytes_of(t) return t and t.size * BYTES[t.dtype] or 0 end

-- ---- what the machine can do -------------------------------------------------------------------------

local function best(f, times)
  local least = math.huge
  for _ = 1, times do
    local start = terminal.clock()
    f()
    least = math.min(least, terminal.clock() - start)
  end
  return least
end

-- Multiply-adds a second, and bytes a second.
local function limits()
  local n, long = 512, 1 << 22
  local a, b = K.random_uniform { n, n }, K.random_uniform { n, n }
  local from, to = K.random_uniform { long }, K.zeros { long }
  local product = best(function() K.dot(a, b) end, 8)
  local copy = best(function() K.update(to, from) end, 8)
  return n * n * n / product, 2 * 4 * long / copy
end

-- ---- what a layer does -------------------------------------------------------------------------------

-- Every number of a kernel is multiplied once for each place of the output; of a transposed convolution, of the input.
local function multiply_adds(one, x, y)
  local n = 0
  for _, v in ipairs(one:all_variables()) do
    if v.name:find "kernel$" then
      local class = getmetatable(v.layer).class
      local image = class.name:find "Transpose$" and x or y
      local first = class.options.data_format and v.layer.data_format == "channels_first"
      local channels = image.shape[first and 2 or image.ndim]
      n = n + v.tensor.size * (channels > 0 and image.size // channels or 0)
    end
  end
  return n
end

-- Whether the layer's own kernels are all that it has, so that their places are those of its result.
local function is_simple(one) return #one.sublayers == 0 and #one.variables > 0 end

-- ---- the table ---------------------------------------------------------------------------------------

local Profile = { __name = "dwconv.Profile" }
Profile.__index = Profile

local FORMAT <const> = "%-34s %9.3f %6.1f%% %9s %7.0f%% %9.2f"
local HEADS <const> = "%-34s %9s %7s %9s %8s %9s"

local function row_text(row, total)
  return FORMAT:format(row.name .. " (" .. row.class .. ")", row.seconds * 1e3, 100 * row.seconds / total,
    row.multiply_adds > 0 and ("%.1f"):format(2 * row.multiply_adds / row.seconds / 1e9) or "-",
    100 * row.limit / row.seconds, row.bytes / 2 ^ 20)
end

function Profile:__tostring()
  local lines = { HEADS:format("layer", "ms", "share", "GFLOP/s", "of limit", "MiB") }
  for _, row in ipairs(self) do lines[#lines + 1] = row_text(row, self.seconds) end
  lines[#lines + 1] = ("%-34s %9.3f"):format("all", self.seconds * 1e3)
  return table.concat(lines, "\n")
end

local parse = args.options({ times = kinds.whole(5, 1), training = kinds.flag(false) }, "(x, {options})")

local function describe(node, number_of, rate, speed)
  local y = number_of(node.results[1])
  local row = { name = graph.name(node), class = node.layer and getmetatable(node.layer).class.name
    or "K." .. node.record.name, multiply_adds = 0, bytes = 0 }
  local x
  for _, v in ipairs(graph.parents(node)) do
    x = x or number_of(v)
    row.bytes = row.bytes + bytes_of(number_of(v))
  end
  for _, v in ipairs(node.results) do row.bytes = row.bytes + bytes_of(number_of(v)) end
  if node.layer then
    for _, v in ipairs(node.layer:all_variables()) do row.bytes = row.bytes + bytes_of(v.tensor) end
    if is_tensor(x) and is_simple(node.layer) then row.multiply_adds = multiply_adds(node.layer, x, y) end
  end
  row.limit = math.max(row.multiply_adds / rate, row.bytes / speed)
  return row
end

--- model:profile(x): the time of each layer for x, the best of `times` runs; its share of all; its GFLOP/s (two for a
--- multiply-add); the share of the time that it would take at the machine's limit; and the bytes that it reads and
--- writes. A list of rows, which prints as a table.
local function profile(self, x, ...)
  local o = parse(...)
  network.need_graph(self)
  local rate, speed = limits()
  local rows, at = setmetatable({}, Profile), {}
  local function run()
    network.run(self, x, o.training, function(node, number_of, step)
      local start = terminal.clock()
      step()
      local seconds = terminal.clock() - start
      if not at[node] then
        rows[#rows + 1] = describe(node, number_of, rate, speed)
        at[node] = rows[#rows]
        at[node].seconds = seconds
      end
      at[node].seconds = math.min(at[node].seconds, seconds)
    end)
  end
  ops.calls.no_grad(function()
    for _ = 1, o.times do layer.in_phase(o.training, run) end
  end)
  rows.seconds = 0
  for _, row in ipairs(rows) do rows.seconds = rows.seconds + row.seconds end
  return rows
end

return { profile = args.speaking("profile", profile) }
