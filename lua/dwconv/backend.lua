-- backend.lua: K, the backend with tf.keras.backend's names: the configuration and one function per record.
-- Everything above (layers, io, applications) speaks to K and never to the core.

local config = require "dwconv.config"
local ops = require "dwconv.ops"

require "dwconv.ops.depthwise"
require "dwconv.ops.layout"
require "dwconv.tensor" -- what the records add to tensors

---@class dwconv.backend
local K = {}

for name, record in pairs(ops.records) do K[name] = record.call end
for name, f in pairs(config) do K[name] = f end

--- The name of the backend.
function K.backend() return "dwconv" end

return K
