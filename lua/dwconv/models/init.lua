-- models/init.lua: dw.Model and dw.Sequential: what they share is put together here.

local architecture = require "dwconv.models.architecture"
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

for room, names in pairs(PUBLIC) do
  for _, name in ipairs(names) do methods[name] = require("dwconv.models." .. room)[name] end
end

local Model = require "dwconv.models.model"(methods)
local make, Sequential = require "dwconv.models.sequential"(methods)
architecture.install(Model.methods, Sequential.methods)

return { Model = Model, Sequential = make, load_model = saving.load_model }
