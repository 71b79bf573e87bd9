-- models/init.lua: dw.Model and dw.Sequential: what they share is put together here.

local args = require "dwconv.args"
local architecture = require "dwconv.models.architecture"
local layer = require "dwconv.layers.layer"
local saving = require "dwconv.models.saving"

require "dwconv.layers"

-- What scripts call, by the room that has it; and what is not there before it is set.
local PUBLIC <const> = {
  training = { "compile", "train_on_batch", "test_on_batch", "predict_on_batch", "reset_metrics" },
  fit = { "fit", "evaluate", "predict" },
  summary = { "summary" },
  saving = { "save", "save_weights", "load_weights" },
  drawing = { "dot", "svg" },
  profile = { "profile" },
}

local methods = { getters = { optimizer = require("dwconv.models.training").optimizer_of }, compiled = false,
  heads = false, blocks = false, stop_training = false, position = false, history = false }

-- The method, which says so when it is called with a dot.
local function with_colon(name, f)
  return args.speaking(name, function(self, ...)
    if not layer.is_layer(self) then args.raise("call it with a colon: model:%s(...)", name) end
    return f(self, ...)
  end)
end

for room, names in pairs(PUBLIC) do
  for _, name in ipairs(names) do methods[name] = with_colon(name, require("dwconv.models." .. room)[name]) end
end

local Model = require "dwconv.models.model"(methods)
local Sequential = require "dwconv.models.sequential"(methods)
architecture.install(Model.methods, Sequential.methods)

return { Model = Model, Sequential = Sequential, load_model = saving.load_model }
