-- backend.lua: K, the backend with tf.keras.backend's names: one function per record.
-- Everything above (layers, io, applications) speaks to K and never to the core.

local lookup = require "dwconv.lookup"
local ops = require "dwconv.ops"

for _, family in ipairs(ops.families) do
  for _, room in ipairs(family.rooms) do require("dwconv.ops." .. room) end
end
require "dwconv.grad.tape"
require "dwconv.grad.gradients"
require "dwconv.grad.gradcheck"
require "dwconv.tensor" -- what the records add to tensors

---@class dwconv.backend
local K = {}

for name, record in pairs(ops.records) do
  if record.home ~= "dw" and record.home ~= "method" then
    K[name] = record.call
    if record.alias then K[record.alias] = record.call end
  end
end

-- What looking up a name says that is not in K: where it is.
local elsewhere = {}
for name, record in pairs(ops.records) do
  if record.home == "dw" then elsewhere[name] = "it is dw." .. name end
  if record.home == "method" then elsewhere[name] = ("it is a method of tensors: t:%s()"):format(name) end
end

return lookup.strict(K, "K", "K, the backend; K.NAME calls a function, dw.help \"NAME\" explains it:", nil, elsewhere)
