-- dwconv: tensors and depthwise convolution for Lua. This is the namespace; rooms load on first use.

local core = require "dwconv.core"

local K = require "dwconv.backend"
local lookup = require "dwconv.lookup"

---@class dwconv
local dw = { _VERSION = "dwconv " .. core.build().version, backend = K }

for name, record in pairs(require("dwconv.ops").records) do
  if record.home == "dw" or record.home == "both" then dw[name] = record.call end
end

--- How many threads drivers may use: at first the least of affinity, cgroup quota and OMP_NUM_THREADS.
---@return integer
function dw.threads(...)
  if select("#", ...) > 0 then core.raise "threads: takes nothing; dw.set_threads(n) sets it" end
  return core.threads()
end

--- Sets it, for this Lua state. Results do not depend on it.
---@param n integer
function dw.set_threads(n, ...)
  if select("#", ...) > 0 then core.raise "set_threads: takes (n), got more" end
  core.set_threads(n)
end

--- Seconds of wall time since some start, for timing.
---@return number
function dw.clock() return core.clock() end

local function describe(info)
  local lines = {
    ("dwconv %s, %s"):format(info.version, info.lua),
    ("isa      %s"):format(info.isa),
    ("threads  %d"):format(info.threads),
    ("memory   %.1f GiB at most"):format(info.memory / 2 ^ 30),
    ("images   %s"):format(info.images),
    ("compiler %s"):format(info.compiler),
  }
  return table.concat(lines, "\n")
end

--- What this build and machine are, as a table that prints as text: version, isa, threads, memory (bytes),
--- images (the libraries, or what is missing), compiler, lua.
function dw.info()
  local info = core.build()
  local found, image = pcall(require, "dwconv.image")
  info.lua = _VERSION
  info.images = found and ("%s, %s"):format(image.png, image.jpeg)
    or "none: libpng and libjpeg were not there to build with"
  return setmetatable(info, { __tostring = describe })
end

dw.io = lookup.strict({}, "dw.io", "dw.io, files:", {
  image = function() return require "dwconv.io.image" end,
  npy = function() return require "dwconv.io.npy" end,
  safetensors = function() return require "dwconv.io.safetensors" end,
})

local elsewhere = {}
for name in pairs(K) do elsewhere[name] = "it is K." .. name .. ", and K is dw.backend" end

lookup.strict(dw, "dw", dw._VERSION .. "; dw.help() says where to begin:", {
  help = function() return require("dwconv.help").show end,
  ops = function() return require "dwconv.compose" end,
  activations = function() return require("dwconv.activations").namespace end,
  layers = function() return require("dwconv.layers").room end,
  Input = function()
    require "dwconv.layers" -- so that composed ops become layers of graphs
    return require("dwconv.graph").Input
  end,
  Model = function() return require("dwconv.models").Model end,
  Sequential = function() return require("dwconv.models").Sequential end,
  initializers = function() return require("dwconv.initializers").room end,
  regularizers = function() return require("dwconv.regularizers").room end,
  constraints = function() return require("dwconv.constraints").room end,
  optimizers = function() return require("dwconv.optimizers").room end,
  losses = function() return require("dwconv.losses").room end,
  metrics = function() return require("dwconv.metrics").room end,
  callbacks = function() return require("dwconv.callbacks").room end,
  data = function() return require "dwconv.data" end,
  time = function() return require "dwconv.timing" end,
  plot = function() return require "dwconv.plot" end,
  show = function() return require("dwconv.show").show end,
  load_model = function() return require("dwconv.models").load_model end,
}, elsewhere)

package.loaded.dwconv = dw
lookup.keep_rooms()
return dw
