-- io/init.lua: the family that the functions of io belong to: records like those of ops, without gradients; their
-- functions are dw.io.ROOM.NAME, named "ROOM.NAME". help/init.lua makes their texts. What a record holds, ops/init.lua
-- says.

local ops = require "dwconv.ops"

return ops.plain(ops.family "io")
