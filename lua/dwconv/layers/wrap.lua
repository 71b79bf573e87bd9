-- layers/wrap.lua: anything that computes as a layer: a composed op, a function of K, a function of a script become a
-- Lambda. Called where a layer is expected; and for composed ops that are called on symbolic tensors.

local args = require "dwconv.args"
local layer = require "dwconv.layers.layer"

local made = setmetatable({}, { __mode = "k" }) -- by composed op, so that one is one layer wherever it is used

--- The layer that v is or becomes; nil for what cannot be one.
return function(v)
  if layer.is_layer(v) then return v end
  if not args.check.is_callable(v) or type(v) == "table" and rawget(v, "construct") then return nil end
  if type(v) == "function" then return layer.registry.classes.Lambda { v } end
  made[v] = made[v] or layer.registry.classes.Lambda { v }
  return made[v]
end
