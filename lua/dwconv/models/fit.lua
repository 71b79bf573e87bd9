-- models/fit.lua: training and evaluation over many batches: fit, evaluate, predict. Its functions are methods of Model
-- and Sequential.
-- Invariant: `position` says how far training is: {epoch =, step = (0 when the epoch is complete), order =, stream =},
-- so that a model that was saved goes on with the same numbers.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local callbacks = require "dwconv.callbacks"
local classes = require "dwconv.classes"
local feeding = require "dwconv.models.feeding"
local layer = require "dwconv.layers.layer"
local network = require "dwconv.models.network"
local ops = require "dwconv.ops"
local progress = require "dwconv.models.progress"
local training = require "dwconv.models.training"

local kinds, raise, is_tensor = args.kinds, args.raise, args.check.is_tensor
local no_grad, random_state, set_random_state = ops.calls.no_grad, ops.calls.random_state, ops.calls.set_random_state

local fit = {}

-- ---- sources ---------------------------------------------------------------------------------------

-- The source of what a script passes: arrays or a generator.
local function source_of(self, x, y, weights, o)
  if feeding.is_generator(x) then
    if not self.built then raise("%s: give the first layer an input_shape, or begin with dw.Input", self.name) end
    if y ~= nil then raise "y must be nil where x is a generator, which gives the labels too" end
    if weights ~= nil then raise "sample_weight must be nil where x is a generator, which gives the weights too" end
    return feeding.generator(x, function(...) return training.lists_of(self, o.class_weight, ...) end)
  end
  local xs, ys, ws = training.lists_of(self, o.class_weight, x, y, weights)
  return feeding.arrays(xs, ys, ws, o.batch_size)
end

-- ---- averages over batches -------------------------------------------------------------------------

-- Averages losses over batches by their samples; metrics are averages already.
local function averaging(self)
  local sums, n = {}, 0
  return function(logs, samples)
    n = n + samples
    local heads = self.heads
    local function add(name)
      sums[name] = (sums[name] or 0) + logs[name] * samples
      logs[name] = sums[name] / n
    end
    add "loss"
    for _, head in ipairs(#heads > 1 and heads or {}) do add(head.name .. "_loss") end
    return logs
  end
end

-- begins(step) and ends(step, logs) are called around each batch.
local function evaluate(self, source, begins, ends)
  self:reset_metrics()
  local average, logs = averaging(self), nil
  for step, x, y, weights in source:epoch(1, nil, 1) do
    begins(step)
    logs = average(training.test(self, x, y, weights))
    ends(step, logs)
  end
  if not logs then raise "there is nothing to evaluate" end
  return logs
end

-- ---- fit -------------------------------------------------------------------------------------------

local positive, optional = kinds.whole(nil, 1), kinds.optional

local fit_options = {
  batch_size = kinds.whole(32, 1),
  epochs = kinds.whole(1, 0),
  verbose = kinds.whole(1, 0, 2),
  callbacks = optional(kinds.table("table", "a table of callbacks")),
  validation_split = kinds.number(0, 0, 1),
  validation_data = optional(kinds.anything "{x, y}, {x, y, sample_weight}, or a generator"),
  validation_freq = kinds.whole(1, 1),
  validation_batch_size = optional(positive),
  validation_steps = optional(positive),
  shuffle = kinds.flag(true),
  class_weight = training.class_weight,
  sample_weight = training.sample_weight,
  initial_epoch = kinds.whole(0, 0),
  steps_per_epoch = optional(positive),
  resume = kinds.flag(false),
}
fit_options.validation_data.read = function(v)
  return (type(v) == "table" or feeding.is_generator(v)) and v or nil
end
fit_options.validation_data.expected = "{x, y}, {x, y, sample_weight} or a generator"

local parse_fit = args.options(fit_options, "(x, y, {options})")

local function validation_source(self, source, o)
  local settings = { batch_size = o.validation_batch_size or o.batch_size }
  if o.validation_data then
    if feeding.is_generator(o.validation_data) then
      return source, source_of(self, o.validation_data, nil, nil, settings)
    end
    local x, y, weights = table.unpack(o.validation_data, 1, 3)
    if x == nil or y == nil then raise "validation_data must be {x, y}, {x, y, sample_weight} or a generator" end
    return source, source_of(self, x, y, weights, settings)
  end
  if o.validation_split > 0 then
    return feeding.split(source, o.validation_split, settings.batch_size)
  end
  return source
end

-- A seed for the order of an epoch.
local function draw_order()
  return K.random_uniform({ 1 }, { maxval = 2 ^ 31, dtype = "float64" })(1) // 1 | 0
end

local function is_interruption(why) return type(why) == "string" and why:find("interrupted!", 1, true) ~= nil end

-- One epoch: its logs.
local function run_epoch(self, run, epoch, first, order)
  local average, logs = averaging(self), nil
  self:reset_metrics()
  run.bar:begin(epoch)
  for step, x, y, weights in run.source:epoch(epoch, order, first) do
    run.list:call("on_train_batch_begin", step, {})
    logs = average(training.step(self, x, y, weights))
    run.steps = math.max(run.steps or 0, step)
    local complete = step == run.source.steps
    self.position = { epoch = epoch, step = complete and 0 or step, order = order, stream = random_state() }
    run.list:call("on_train_batch_end", step, logs)
    run.bar:step(step, logs)
    if self.stop_training then break end
  end
  if not logs then raise("epoch %d had no batch", epoch) end
  return logs
end

local function validate(self, run, logs)
  run.list:call("on_test_begin", {})
  local found = evaluate(self, run.validation, function(step) run.list:call("on_test_batch_begin", step, {}) end,
    function(step, so_far) run.list:call("on_test_batch_end", step, so_far) end)
  run.list:call("on_test_end", found)
  for name, value in pairs(found) do logs["val_" .. name] = value end
end

local function train(self, run, o)
  local position = o.resume and rawget(self, "position") or nil
  local epoch, first, order = o.initial_epoch, 1, nil
  if position then
    set_random_state(position.stream)
    epoch = position.step == 0 and position.epoch or position.epoch - 1
    first, order = position.step + 1, position.step > 0 and position.order or nil
  end
  while epoch < o.epochs and not self.stop_training do
    epoch = epoch + 1
    run.list:call("on_epoch_begin", epoch, {})
    if not order and o.shuffle then order = draw_order() end
    local logs = run_epoch(self, run, epoch, first, order)
    if run.validation and epoch % o.validation_freq == 0 then validate(self, run, logs) end
    self.position = { epoch = epoch, step = 0, stream = random_state() }
    run.bar:finish(logs, run.steps)
    run.list:call("on_epoch_end", epoch, logs)
    first, order = 1, nil
  end
end

--- model:fit(x, y, { epochs = 10, ... }): trains on arrays, or on a generator in place of x: a function(epoch) that
--- gives an iterator over x, y and weights, or an object of dw.data. Gives its History: history.history.loss is a list
--- of the losses of epochs. Ctrl-C ends it after the step that runs, with `interrupted` in the History. With resume =
--- true it goes on where the training of a saved model ended, with the same numbers.
fit.fit = args.speaking("fit", function(self, x, y, given, ...)
  if feeding.is_generator(x) and given == nil and type(y) == "table" and not getmetatable(y) then y, given = nil, y end
  local o = parse_fit(given, ...)
  local run = { source = source_of(self, x, y, o.sample_weight, o) }
  training.heads_of(self)
  run.source, run.validation = validation_source(self, run.source, o)
  feeding.limit(run.source, "steps_per_epoch", o.steps_per_epoch)
  if run.validation then feeding.limit(run.validation, "validation_steps", o.validation_steps) end
  local history = callbacks.registry.classes.History {}
  local own = classes.is_instance(o.callbacks) and { o.callbacks } or o.callbacks or {}
  local given_callbacks = table.move(own, 1, #own, 1, {})
  table.insert(given_callbacks, history) -- last, so that it has what others add to the logs
  run.list = callbacks.list(given_callbacks, self)
  run.bar = progress.new(o.verbose, o.epochs, run.source.steps, function() return training.names(self) end)
  self.stop_training = false
  run.list:call("on_train_begin", {})
  local fine, why = pcall(train, self, run, o)
  self.blocks = false -- the memory of steps
  if not fine and not is_interruption(why) then
    run.bar:stop()
    error(why, 0)
  end
  if not fine then
    run.bar:stop "interrupted; the weights are those of the last step"
    history.interrupted = true
  end
  self.optimizer:finalize_variable_values(self.trainable_weights)
  run.list:call("on_train_end", {})
  self.history = history
  return history
end)

-- ---- evaluate and predict --------------------------------------------------------------------------

local evaluate_options = {
  batch_size = kinds.whole(32, 1),
  verbose = kinds.whole(0, 0, 2),
  sample_weight = training.sample_weight,
  steps = optional(positive),
}
local parse_evaluate = args.options(evaluate_options, "(x, y, {options})")

--- The loss and then the metrics over all samples, as Lua numbers.
fit.evaluate = args.speaking("evaluate", function(self, x, y, given, ...)
  if feeding.is_generator(x) and given == nil and type(y) == "table" and not getmetatable(y) then y, given = nil, y end
  local o = parse_evaluate(given, ...)
  local source = feeding.limit(source_of(self, x, y, o.sample_weight, o), "steps", o.steps)
  training.heads_of(self)
  local bar = progress.new(o.verbose, 1, source.steps, function() return training.names(self) end)
  bar:begin(1)
  local logs = evaluate(self, source, function() end, function(step, so_far) bar:step(step, so_far) end)
  bar:finish(logs, source.steps)
  self.blocks = false
  return training.numbers(self, logs)
end)

local predict_options = { batch_size = kinds.whole(32, 1), steps = optional(positive) }
local parse_predict = args.options(predict_options, "(x, {options})")

--- The outputs for all samples of x, computed batch by batch: a tensor, or a list for several outputs.
fit.predict = args.speaking("predict", function(self, x, ...)
  local o = parse_predict(...)
  local source, parts = feeding.limit(source_of(self, x, nil, nil, o), "steps", o.steps), {}
  local function compute(xs)
    local y = layer.in_phase(false, network.run, self, xs, false)
    for i, t in ipairs(is_tensor(y) and { y } or y) do
      parts[i] = parts[i] or {}
      table.insert(parts[i], t)
    end
  end
  no_grad(function()
    for _, xs in source:epoch(1, nil, 1) do compute(xs) end
    if source.n == 0 then compute(source.x) end
  end)
  if #parts == 0 then raise "there is nothing to predict" end
  for i, list in ipairs(parts) do parts[i] = #list == 1 and list[1] or K.concatenate(list, { axis = 1 }) end
  return #parts == 1 and parts[1] or parts
end)

return fit
