-- models/init.lua: dw.Model and dw.Sequential: what they share is put together here.

local methods = {}

return {
  Model = require "dwconv.models.model"(methods),
  Sequential = require "dwconv.models.sequential"(methods),
}
