-- layers/init.lua: dw.layers, the layers by name, and dw.layers.Layer, with which scripts make their own:
--   local Scale = dw.layers.Layer "Scale" {
--     options = { start = 1 },
--     build = function(self, shape)
--       local start = dw.initializers.Constant { self.start }
--       self.gamma = self:add_weight("gamma", { shape[#shape] }, { initializer = start })
--     end,
--     call = function(self, x, training) return x * self.gamma end,
--   }
-- `shape` leaves the batch out. A layer in a field of another (self.inner = dw.layers.Dense { 3 }), or in a table in a
-- field, is tracked: its weights are weights of the other.

local layer = require "dwconv.layers.layer"

for _, room in ipairs {
  "activation", "augmentation", "conv", "dense", "embedding", "lambda", "merge", "noise", "normalization", "padding",
  "pooling", "rescaling", "resizing", "separable", "shapes", "unshared",
} do
  require("dwconv.layers." .. room)
end

local function own(name) return layer.class(name, true) end

-- Keras's other names of layers.
local names = { Layer = own, Convolution2DTranspose = "Conv2DTranspose", Convolution3DTranspose = "Conv3DTranspose" }
for axes = 1, 3 do
  names[("Convolution%dD"):format(axes)] = ("Conv%dD"):format(axes)
  names[("MaxPool%dD"):format(axes)] = ("MaxPooling%dD"):format(axes)
  names[("AvgPool%dD"):format(axes)] = ("AveragePooling%dD"):format(axes)
  names[("GlobalMaxPool%dD"):format(axes)] = ("GlobalMaxPooling%dD"):format(axes)
  names[("GlobalAvgPool%dD"):format(axes)] = ("GlobalAveragePooling%dD"):format(axes)
  if axes < 3 then names[("SeparableConvolution%dD"):format(axes)] = ("SeparableConv%dD"):format(axes) end
end
for name, class in pairs(names) do names[name] = layer.registry.classes[class] or class end

local about = 'dw.layers, layers of networks; dw.layers.Layer "Name" { ... } makes your own:'

layer.room = layer.registry:open(about, names)

return layer
