-- models/training.lua: compile, and what one batch does: the loss, its gradients, the optimizer's step, the metrics.
-- fit.lua makes epochs of it. Its functions are methods of Model and Sequential.
-- Invariant: a step changes the weights that training changes as a whole or, if an error comes or Ctrl-C, not at all.

local K = require "dwconv.backend"
local activations = require "dwconv.activations"
local arena = require "dwconv.grad.arena"
local args = require "dwconv.args"
local classes = require "dwconv.classes"
local feeding = require "dwconv.models.feeding"
local graph = require "dwconv.graph"
local layer = require "dwconv.layers.layer"
local losses = require "dwconv.losses"
local metrics = require "dwconv.metrics"
local network = require "dwconv.models.network"
local ops = require "dwconv.ops"
local optimizers = require "dwconv.optimizers"
local random = require "dwconv.layers.random"

local kinds, raise, show, is_tensor = args.kinds, args.raise, args.show, args.check.is_tensor
local record, no_grad = ops.calls.record, ops.calls.no_grad

local training = {}

-- ---- compile ---------------------------------------------------------------------------------------

local anything = kinds.optional(kinds.anything "one for the output, a list, or a table by the names of outputs")
anything.read = function(v) return v end

local compile_options = {
  optimizer = optimizers:kind "rmsprop",
  loss = anything,
  loss_weights = anything,
  metrics = anything,
  weighted_metrics = anything,
}

local parse_compile = args.options(compile_options, "({optimizer =, loss =, metrics =})")

-- Names that stand for one metric or another, as the labels are.
local BY_LABELS <const> = { accuracy = true, acc = true, crossentropy = true, ce = true }

local function check_metrics(what, given)
  if type(given) == "string" and not BY_LABELS[given:lower()] then metrics:kind():check(what, given) end
  if type(given) ~= "table" or getmetatable(given) then return end
  for key, one in pairs(given) do check_metrics(("%s[%s]"):format(what, show(key)), one) end
end

--- model:compile{ optimizer = "adam", loss = "mse", metrics = { "accuracy" } }: how the model is trained. With several
--- outputs, loss, loss_weights and metrics are lists, or tables by the names of the outputs' layers.
---@param given table
training.compile = args.speaking("compile", function(self, given, ...)
  local o = parse_compile(given, ...)
  o.optimizer = optimizers:get(o.optimizer) -- the default is a name still
  if o.loss ~= nil and (type(o.loss) ~= "table" or getmetatable(o.loss)) then
    o.loss = losses:kind():check("loss", o.loss)
  end
  check_metrics("metrics", o.metrics)
  check_metrics("weighted_metrics", o.weighted_metrics)
  rawset(self, "compiled", o)
  rawset(self, "heads", nil)
end)

--- The optimizer of a compiled model.
function training.optimizer_of(self)
  if not rawget(self, "compiled") then raise("%s: compile the model first", self.name) end
  return self.compiled.optimizer
end

local function is_plain(v) return type(v) == "table" and not getmetatable(v) end

-- The metrics of each output: lists of what stands for them.
local function metrics_for(what, given, ends)
  local lists = {}
  if feeding.by_name(given) or #ends > 1 and is_plain(given) and is_plain(given[1]) then
    lists = feeding.spread(what, given, ends, "output", true)
  else
    for i = 1, #ends do lists[i] = given end
  end
  for i = 1, #ends do
    local own = lists[i] or {}
    lists[i] = is_plain(own) and own or { own }
  end
  return lists
end

local weight_kind = kinds.finite()

-- What belongs to each output: {name, value, loss, weight, metrics (made with the first batch), wanted}.
local function heads_of(self)
  local o = rawget(self, "compiled")
  if not o or o.loss == nil then raise("%s: compile the model with a loss first", self.name) end
  if rawget(self, "heads") then return self.heads end
  local ends, heads = self.output_values, {}
  local names = graph.names(ends)
  local of_each = is_plain(o.loss) and feeding.spread("loss", o.loss, ends)
  local weights = feeding.spread("loss_weights", o.loss_weights, ends) or {}
  local wanted = metrics_for("metrics", o.metrics, ends)
  local weighted = metrics_for("weighted_metrics", o.weighted_metrics, ends)
  for i, value in ipairs(ends) do
    local loss = of_each and losses:kind():check(("loss[%d]"):format(i), of_each[i]) or o.loss
    local weight = weights[i] == nil and 1 or weight_kind:check(("loss_weights[%d]"):format(i), weights[i])
    heads[i] = { name = names[i], value = value, loss = loss, weight = weight, wanted = wanted[i],
      weighted = weighted[i] }
  end
  rawset(self, "heads", heads)
  return heads
end

training.heads_of = heads_of

-- Makes the metrics of an output when the first labels are seen. Of one name, the later ones get a number.
local function make_metrics(head, y, prediction, prefix)
  local used = {}
  head.metrics = {}
  for _, list in ipairs { head.wanted, head.weighted } do
    for _, wanted in ipairs(list) do
      local metric = metrics.resolve(wanted, head.loss, y.shape, prediction.shape)
      local text = type(wanted) == "string" and wanted or metric.name
      used[text] = (used[text] or 0) + 1
      if used[text] > 1 then text = ("%s_%d"):format(text, used[text] - 1) end
      head.metrics[#head.metrics + 1] = { metric = metric, name = prefix .. text, weighted = list == head.weighted }
    end
  end
end

-- ---- one batch -------------------------------------------------------------------------------------

-- Labels without an axis of their own stand beside predictions that have one.
local function beside(y, prediction)
  if y.ndim == 1 and prediction.ndim > 1 then return K.expand_dims(y, { axis = -1 }) end
  return y
end

-- The sum of the losses, as a tensor; each of them, as tensors.
local function total_loss(self, heads, y, predictions, weights, added)
  local total, each = nil, {}
  for i, head in ipairs(heads) do
    local labels = beside(y[i], predictions[i])
    local given = weights and weights[i] and { sample_weight = weights[i] } or nil
    local loss = head.loss(labels, predictions[i], given)
    if loss.ndim > 0 then loss = K.mean(loss) end
    each[i] = loss
    if head.weight ~= 1 then loss = loss * head.weight end
    total = total and total + loss or loss
  end
  for _, v in ipairs(self:all_variables()) do -- frozen ones count too, as in Keras
    if v.regularizer then total = total + v.regularizer(v.tensor) end
  end
  for _, one in ipairs(added) do total = total + one end
  return total, each
end

local function as_list(v) return is_tensor(v) and { v } or v end

local function check_labels(heads, y)
  if y == nil then raise "y is missing: there is nothing to compare the outputs with" end
  for i, head in ipairs(heads) do
    if not is_tensor(y[i]) then raise("y for the output %s must be a tensor, got %s", head.name, show(y[i])) end
  end
end

-- The outputs and the loss of a batch.
local function forward(self, heads, x, y, weights, is_training)
  local added, outputs = layer.collecting(layer.in_phase, is_training, network.run, self, x, is_training)
  local predictions = as_list(outputs)
  local total, each = total_loss(self, heads, y, predictions, weights, added)
  return total, each, predictions, added.at_end
end

-- Runs f to its end before Ctrl-C is looked at, which interrupts the main thread alone.
local function unbroken(f)
  local fine, why = coroutine.resume(coroutine.create(f))
  if fine then return end
  local spoken = type(why) ~= "string" or why:find "^[^\n]-:%d+: " or why:find("interrupted!", 1, true)
  if spoken then error(why, 0) end
  raise("%s", why) -- in the coroutine nobody knew which function was called
end

-- Makes the calls that layers have put off.
local function finish(at_end)
  for _, call in ipairs(at_end) do call[1](table.unpack(call, 2, call.n)) end
end

local function update(self, gradients, variables, at_end)
  local pairs_ = {}
  for i, v in ipairs(variables) do pairs_[i] = { gradients[i], v.tensor } end
  self.optimizer:apply_gradients(pairs_)
  finish(at_end)
  no_grad(function()
    for _, v in ipairs(variables) do
      if v.constraint then K.update(v.tensor, v.constraint(v.tensor)) end
    end
  end)
end

local function update_metrics(heads, y, predictions, weights)
  for i, head in ipairs(heads) do
    local labels = beside(y[i], predictions[i])
    if not head.metrics then make_metrics(head, labels, predictions[i], #heads > 1 and head.name .. "_" or "") end
    for _, m in ipairs(head.metrics) do
      m.metric:update_state(labels, predictions[i], m.weighted and weights and weights[i] or nil)
    end
  end
end

--- Puts the metrics back to their beginning, before an epoch.
function training:reset_metrics()
  for _, head in ipairs(self.heads or {}) do
    for _, m in ipairs(head.metrics or {}) do m.metric:reset_state() end
  end
end

-- Names and numbers of the losses of a batch, in order.
local function losses_of(heads, total, each)
  local logs = { loss = total:item() }
  for i, head in ipairs(#heads > 1 and heads or {}) do logs[head.name .. "_loss"] = each[i]:item() end
  return logs
end

-- Adds the metrics so far.
local function with_metrics(heads, logs)
  for _, head in ipairs(heads) do
    for _, m in ipairs(head.metrics or {}) do logs[m.name] = m.metric:result() end
  end
  return logs
end

--- The names of losses and metrics, in the order in which they are printed.
function training.names(self)
  local heads, names = self.heads or {}, { "loss" }
  for _, head in ipairs(#heads > 1 and heads or {}) do names[#names + 1] = head.name .. "_loss" end
  for _, head in ipairs(heads) do
    for _, m in ipairs(head.metrics or {}) do names[#names + 1] = m.name end
  end
  return names
end

-- ---- the memory of a step --------------------------------------------------------------------------

local function is_known(instance)
  local class = getmetatable(instance).class
  return class.registry.classes[class.name] == class
end

-- Whether an option is a script's function, or an instance of its class.
local function is_of_script(v)
  if type(v) == "function" then return activations.name_of(v) == nil end
  return classes.is_instance(v) and not is_known(v)
end

-- Whether all that computes is dwconv's own: what a script wrote may keep a tensor for later.
local function is_own(one)
  local class = getmetatable(one).class
  if not is_known(one) or class.name == "Lambda" and not one:is_of_K() then return false end
  for name in pairs(class.name ~= "Lambda" and class.options or {}) do
    if is_of_script(rawget(one, name)) then return false end
  end
  for _, inner in ipairs(one.sublayers) do
    if not is_own(inner) then return false end
  end
  return true
end

local function may_lend(self, heads)
  for _, head in ipairs(heads) do
    if not is_known(head.loss) then return false end
    for _, m in ipairs(head.metrics or {}) do
      if not is_known(m.metric) then return false end
    end
  end
  return is_own(self)
end

local nothing = setmetatable({}, { __close = function() end })

-- An open arena for a step, if it may have one.
local function open_arena(self, heads)
  if arena.open or not may_lend(self, heads) then return nothing end
  if not self.blocks then self.blocks = {} end
  return arena.over(self.blocks)
end

--- One step of training on lists of tensors: names and numbers of losses and metrics.
function training.step(self, x, y, weights)
  local heads = heads_of(self)
  check_labels(heads, y)
  local variables, tensors = self:trainable_variables(), {}
  for i, v in ipairs(variables) do tensors[i] = v.tensor end
  local _ <close> = open_arena(self, heads)
  local drawn <close> = random.undoing(self)
  local tape, total, each, predictions, at_end = record(forward, self, heads, x, y, weights, true)
  for _, t in ipairs(predictions) do arena.keep(t) end
  local gradients = #tensors > 0 and tape:gradients(total, tensors, { release = true }) or {}
  unbroken(function() arena.outside(update, self, gradients, variables, at_end) end)
  drawn.stays = true
  arena.outside(update_metrics, heads, y, predictions, weights)
  return with_metrics(heads, losses_of(heads, total, each)), x[1].shape[1]
end

--- The same without training.
function training.test(self, x, y, weights)
  local heads = heads_of(self)
  check_labels(heads, y)
  local _ <close> = open_arena(self, heads)
  local total, each, predictions, at_end = no_grad(forward, self, heads, x, y, weights, false)
  finish(at_end)
  arena.outside(update_metrics, heads, y, predictions, weights)
  return with_metrics(heads, losses_of(heads, total, each)), x[1].shape[1]
end

-- ---- for scripts -----------------------------------------------------------------------------------

--- The options of fit, train_on_batch and their like.
training.class_weight = kinds.optional(kinds.table("table<integer, number>", "a weight for each class, from 1 on; "
  .. "for 0 and 1, if the output is one number"))
training.sample_weight = kinds.new {
  optional = true,
  annotation = "dwconv.Tensor|table",
  words = "a tensor of a weight for each sample; of several outputs, a list or a table by their names",
  expected = "a tensor of a weight for each sample, or a table of them",
  read = function(v) return (is_tensor(v) or is_plain(v)) and v or nil end,
}

local parse_batch = args.options({ sample_weight = training.sample_weight, class_weight = training.class_weight },
  "(x, y, {options})")

--- Lists of what a script passes, one tensor for each input or output: x, y, weights of samples. A model that waits for
--- its first numbers is built.
function training.lists_of(self, class_weight, x, y, weights)
  if not self.built then
    local first = is_plain(x) and #x == 1 and x[1] or x
    if not is_tensor(first) then raise("x must be a tensor, got %s", show(x)) end
    self:build(layer.shapes_of(first))
  end
  local ends = self.output_values
  local xs, ys = network.inputs_of(self, x), feeding.spread("y", y, ends)
  weights = feeding.spread("sample_weight", weights, ends, "output", true)
  if not class_weight then return xs, ys, weights end
  if not ys or #ys > 1 then raise "class_weight needs one output with labels" end
  local by_class = feeding.weights_of_classes(ys[1], ends[1], class_weight)
  return xs, ys, { weights and K.cast(weights[1], by_class.dtype) * by_class or by_class }
end

local function batch_of(self, x, y, ...)
  local o = parse_batch(...)
  return training.lists_of(self, o.class_weight, x, y, o.sample_weight)
end

--- The loss, then the metrics, as Lua numbers.
function training.numbers(self, logs)
  local list = {}
  for i, name in ipairs(training.names(self)) do list[i] = logs[name] end
  return table.unpack(list)
end

--- One step of training on a batch: gives the loss and then the metrics, as Lua numbers.
training.train_on_batch = args.speaking("train_on_batch", function(self, x, y, ...)
  local xs, ys, weights = batch_of(self, x, y, ...)
  self:reset_metrics()
  return training.numbers(self, (training.step(self, xs, ys, weights)))
end)

--- The loss and the metrics of a batch, without training.
training.test_on_batch = args.speaking("test_on_batch", function(self, x, y, ...)
  local xs, ys, weights = batch_of(self, x, y, ...)
  self:reset_metrics()
  return training.numbers(self, (training.test(self, xs, ys, weights)))
end)

--- The outputs for a batch, as in inference.
training.predict_on_batch = args.speaking("predict_on_batch", function(self, x)
  return no_grad(self, x, { training = false })
end)

return training
