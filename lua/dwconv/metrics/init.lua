-- metrics/init.lua: what training watches: dw.metrics. metric.lua says what a metric does, means.lua, confusion.lua and
-- auc.lua have the classes; here is what compile's words stand for.

local classes = require "dwconv.classes"
local losses = require "dwconv.losses"
local metrics = require "dwconv.metrics.metric"
require "dwconv.metrics.means"
require "dwconv.metrics.auc"

local class = metrics.classes

-- Strings stand for classes: the names of their instances, and Keras's other names of losses.
local by_name = { log_cosh = class.LogCoshError }
for _, c in pairs(class) do by_name[c.options.name.default] = c end
for other, name in pairs(losses.other_names) do by_name[other] = by_name[name] end
for name, c in pairs(by_name) do metrics:alias(name, c) end

-- Which of the three kinds of labels they are, as Keras tells by the shapes of labels and predictions.
local function kind_of_labels(y_true, y_pred)
  if y_pred[#y_pred] == 1 then return "binary" end
  local sparse = #y_true < #y_pred or y_true[#y_true] == 1 and y_pred[#y_pred] > 1
  return sparse and "sparse" or "categorical"
end

local accuracy = {
  binary = function(logits) return class.BinaryAccuracy { threshold = logits and 0 or 0.5, name = "accuracy" } end,
  sparse = function() return class.SparseCategoricalAccuracy { name = "accuracy" } end,
  categorical = function() return class.CategoricalAccuracy { name = "accuracy" } end,
}

local crossentropy = {
  binary = class.BinaryCrossentropy,
  sparse = class.SparseCategoricalCrossentropy,
  categorical = class.CategoricalCrossentropy,
}

local WORDS <const> = { accuracy = "accuracy", acc = "accuracy", crossentropy = "crossentropy", ce = "crossentropy" }

local kind = metrics:kind()

--- The metric that a word of compile stands for, given the loss and the shapes of labels and predictions: "accuracy"
--- and "crossentropy" are binary, categorical or sparse as these tell, and of logits where the loss is. A loss stands
--- for its mean; everything else is what dw.metrics.get gives.
---@param wanted any
---@param loss table|nil
---@param y_true integer[] a shape
---@param y_pred integer[] a shape
function metrics.resolve(wanted, loss, y_true, y_pred)
  if classes.is_instance(wanted, losses) then
    local name = rawget(wanted, "name") or classes.snake(getmetatable(wanted).class.name)
    return class.MeanMetricWrapper { function(t, p) return wanted:per_sample(t, p) end, name = name }
  end
  local word = type(wanted) == "string" and WORDS[wanted:lower()]
  if not word then return kind:check("metrics", wanted) end
  local labels = kind_of_labels(y_true, y_pred)
  local logits = loss ~= nil and rawget(loss, "from_logits") or false
  if word == "accuracy" then return accuracy[labels](logits) end
  return crossentropy[labels] { from_logits = logits, name = wanted }
end

metrics.functions.Metric = metrics:own()
metrics.room = metrics:open("dw.metrics, what training watches:", metrics.functions)

return metrics
