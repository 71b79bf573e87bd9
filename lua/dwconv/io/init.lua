-- io/init.lua: the family that the functions of io belong to: records as ops are, without gradients, which are at
-- dw.io.ROOM.NAME under the name "ROOM.NAME". help/init.lua makes their texts. What a record holds, ops/init.lua says.

local ops = require "dwconv.ops"

return ops.plain(ops.family "io")
