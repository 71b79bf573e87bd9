-- layers/init.lua: dw.layers, the layers by name, and dw.layers.Layer, with which scripts make their own:
--   local Scale = dw.layers.Layer "Scale" {
--     options = { start = 1 },
--     build = function(self, shape)
--       local start = dw.initializers.Constant { self.start }
--       self.gamma = self:add_weight("gamma", { shape[#shape] }, { initializer = start })
--     end,
--     call = function(self, x, training) return x * self.gamma end,
--   }
-- `shape` leaves the batch out. A layer in a field of another (self.inner = dw.layers.Dense { 3 }) is tracked.

local layer = require "dwconv.layers.layer"

for _, room in ipairs {
  "lambda",
} do
  require("dwconv.layers." .. room)
end

local function own(name) return layer.class(name, true) end

local about = 'dw.layers, layers of networks; dw.layers.Layer "Name" { ... } makes your own:'

layer.room = layer.registry:open(about, { Layer = own })

return layer
