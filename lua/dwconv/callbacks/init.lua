-- callbacks/init.lua: what happens while a model trains: dw.callbacks. A callback has methods that fit calls at its
-- turns (TURNS, below), with the logs: names and numbers of losses and metrics, which they may change. Epochs and
-- batches count from 1. A table with such methods is a callback too. Invariant: what a callback remembers of a training
-- begins anew with on_train_begin.

local args = require "dwconv.args"
local K = require "dwconv.backend"
local classes = require "dwconv.classes"

local kinds, raise, show = args.kinds, args.raise, args.show

-- The turns, and what a callback's method is given: on_epoch_end(epoch, logs).
local TURNS <const> = {
  "on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_train_batch_end",
  "on_test_begin", "on_test_end", "on_test_batch_begin", "on_test_batch_end",
}

local Callback = {}

function Callback:init()
  self.model = false
  self:begin()
end

--- Puts what is remembered to what it is before a training.
function Callback.begin() end

--- fit says which model it trains, before on_train_begin.
function Callback:set_model(model) self.model = model end

function Callback:on_train_begin() self:begin() end

for _, turn in ipairs(TURNS) do Callback[turn] = Callback[turn] or function() end end

local registry = classes.registry("dw.callbacks", "a callback", Callback)

-- A message for whoever trains, on the terminal and in what the output is sent to.
local function say(format, ...) print(format:format(...)) end

-- ---- what is watched -----------------------------------------------------------------------------

local MODE = { "auto", "min", "max" }

-- Whether larger is better.
local function rises(self)
  if self.mode ~= "auto" then return self.mode == "max" end
  return self.monitor:find "acc" ~= nil or self.monitor:find "auc$" ~= nil or self.monitor:find "^fmeasure" ~= nil
end

local function worst(self) return rises(self) and -math.huge or math.huge end

-- Whether a is better than b by at least `delta`.
local function is_better(self, a, b, delta)
  if rises(self) then return a - delta > b end
  return a + delta < b
end

-- The number that is watched; where it is missing, nil, and the first time a warning, as validation need not run in
-- every epoch.
local function watched(self, logs)
  local value = logs[self.monitor]
  if value == nil and not self.warned then
    self.warned = true
    io.stderr:write(("%s: there is no %s to monitor; there are %s\n"):format(getmetatable(self).class.name,
      show(self.monitor), table.concat(args.sorted_keys(logs), ", ")))
  end
  return value
end

-- ---- ending early, keeping the best ----------------------------------------------------------------

registry:class "EarlyStopping" {
  doc = [[
Ends training when what is monitored has not become better by more than min_delta, nor than the baseline, for `patience`
epochs. With restore_best_weights the model has the weights of its best epoch in the end.]],
  leading = { "monitor", "min_delta", "patience" },
  options = {
    monitor = "val_loss",
    min_delta = kinds.number(0),
    patience = kinds.whole(0, 0),
    verbose = kinds.whole(0, 0, 2),
    mode = kinds.oneof(MODE),
    baseline = kinds.optional(kinds.number()),
    restore_best_weights = false,
    start_from_epoch = kinds.whole(0, 0),
  },
  begin = function(self)
    self.wait, self.stopped_epoch, self.best_epoch, self.best_weights, self.warned = 0, 0, 0, false, false
    self.best = worst(self)
  end,
  keep = function(self, epoch)
    self.best_epoch = epoch
    if not self.restore_best_weights then return end
    self.best_weights = {}
    for i, w in ipairs(self.model:get_weights()) do self.best_weights[i] = K.get_value(w) end
  end,
  on_epoch_end = function(self, epoch, logs)
    local current, delta = watched(self, logs), math.abs(self.min_delta)
    if current == nil or epoch <= self.start_from_epoch then return end
    if self.restore_best_weights and not self.best_weights then self:keep(epoch) end
    self.wait = self.wait + 1
    if is_better(self, current, self.best, delta) then
      self.best = current
      self:keep(epoch)
      if self.baseline == nil or is_better(self, current, self.baseline, delta) then self.wait = 0 end
    elseif self.wait >= self.patience and epoch > 1 then
      self.stopped_epoch, self.model.stop_training = epoch, true
    end
  end,
  on_train_end = function(self)
    if self.stopped_epoch > 0 and self.verbose > 0 then say("epoch %d: early stopping", self.stopped_epoch) end
    if not self.best_weights then return end
    if self.verbose > 0 then say("the weights are those of the best epoch, %d", self.best_epoch) end
    self.model:set_weights(self.best_weights)
  end,
}

-- "{epoch:02d}-{val_loss:.2f}" with numbers put in, in Python's words.
local function path_of(pattern, values)
  return (pattern:gsub("{([%w_]+):?([^{}]*)}", function(name, form)
    local value = values[name]
    if value == nil then
      raise("ModelCheckpoint: filepath %s names %s, but there are %s", show(pattern), show(name),
        table.concat(args.sorted_keys(values), ", "))
    end
    if form == "" then return math.type(value) == "integer" and ("%d"):format(value) or ("%.14g"):format(value) end
    local fine, text = pcall(string.format, "%" .. form, value)
    if not fine then raise("ModelCheckpoint: filepath has the format %s, which suits no number", show(form)) end
    return text
  end))
end

local save_freq = kinds.new {
  default = "epoch",
  annotation = '"epoch"|integer',
  expected = '"epoch" or a whole number of batches of at least 1',
  read = function(v)
    v = v == "epoch" and v or math.type(v) and math.tointeger(v) or nil
    return (v == "epoch" or v and v >= 1) and v or nil
  end,
}

registry:class "ModelCheckpoint" {
  doc = [[
Saves the model, or its weights alone, after each epoch or every save_freq batches, or only when what is monitored is
better than ever. In filepath {epoch}, {batch} and names of the logs stand for numbers, as in "w{epoch:02d}.st".]],
  leading = { "filepath", "monitor" },
  options = {
    filepath = kinds.text(),
    monitor = "val_loss",
    verbose = kinds.whole(0, 0, 2),
    save_best_only = false,
    save_weights_only = false,
    mode = kinds.oneof(MODE),
    save_freq = save_freq,
    initial_value_threshold = kinds.optional(kinds.number()),
  },
  begin = function(self)
    self.best, self.warned = self.initial_value_threshold or worst(self), false
    self.epoch, self.batches = 1, 0
  end,
  on_epoch_begin = function(self, epoch) self.epoch = epoch end,
  on_train_batch_end = function(self, batch, logs)
    self.batches = self.batches + 1
    if self.save_freq == "epoch" or self.batches < self.save_freq then return end
    self.batches = 0
    self:save(logs, batch)
  end,
  on_epoch_end = function(self, _, logs)
    if self.save_freq == "epoch" then self:save(logs) end
  end,
  save = function(self, logs, batch)
    if self.save_best_only then
      local current = watched(self, logs)
      if current == nil or not is_better(self, current, self.best, 0) then return end
      self.best = current
    end
    local values = { epoch = self.epoch, batch = batch }
    for name, value in pairs(logs) do values[name] = value end
    local path = path_of(self.filepath, values)
    if self.verbose > 0 then say("epoch %d: saving to %s", self.epoch, path) end
    if self.save_weights_only then self.model:save_weights(path) else self.model:save(path) end
  end,
}

registry:class "TerminateOnNaN" {
  doc = "Ends training when the loss of a batch is NaN or infinite.",
  on_train_batch_end = function(self, batch, logs)
    local loss = logs.loss
    if loss == nil or loss - loss == 0 then return end
    say("batch %d: the loss is %s, training ends", batch, loss)
    self.model.stop_training = true
  end,
}

-- ---- learning rates --------------------------------------------------------------------------------

local function rate_of(self)
  local rate = self.model.optimizer.learning_rate
  if type(rate) ~= "number" then raise "learning_rate of the optimizer is a schedule, which nobody can set" end
  return rate
end

registry:class "ReduceLROnPlateau" {
  doc = [[
Multiplies the learning rate by factor when what is monitored has not become better by more than min_delta for
`patience` epochs, and then not again for `cooldown` epochs; never below min_lr.]],
  leading = { "monitor", "factor", "patience" },
  options = {
    monitor = "val_loss",
    factor = kinds.number(0.1, 0, 1),
    patience = kinds.whole(10, 0),
    verbose = kinds.whole(0, 0, 2),
    mode = kinds.oneof(MODE),
    min_delta = kinds.number(0.0001, 0),
    cooldown = kinds.whole(0, 0),
    min_lr = kinds.number(0, 0),
  },
  init = function(self)
    if self.factor == 1 then raise "factor must be below 1, got 1" end
  end,
  begin = function(self)
    self.wait, self.cooling, self.best, self.warned = 0, 0, worst(self), false
  end,
  on_epoch_end = function(self, epoch, logs)
    logs.lr = rate_of(self)
    local current = watched(self, logs)
    if current == nil then return end
    if self.cooling > 0 then self.cooling, self.wait = self.cooling - 1, 0 end
    if is_better(self, current, self.best, self.min_delta) then
      self.best, self.wait = current, 0
    elseif self.cooling == 0 then
      self.wait = self.wait + 1
      if self.wait >= self.patience and rate_of(self) > self.min_lr then self:reduce(epoch) end
    end
  end,
  reduce = function(self, epoch)
    local rate = math.max(rate_of(self) * self.factor, self.min_lr)
    self.model.optimizer.learning_rate = rate
    if self.verbose > 0 then say("epoch %d: the learning rate is now %g", epoch, rate) end
    self.cooling, self.wait = self.cooldown, 0
  end,
}

registry:class "LearningRateScheduler" {
  doc = "Sets the learning rate before each epoch to schedule(epoch, rate), where epochs count from 1.",
  leading = { "schedule", "verbose" },
  options = { schedule = kinds.callable(), verbose = kinds.whole(0, 0, 2) },
  on_epoch_begin = function(self, epoch)
    local rate = args.call(self.schedule, epoch, rate_of(self))
    if type(rate) ~= "number" or rate ~= rate then
      raise("LearningRateScheduler: schedule must give a number, got %s", show(rate))
    end
    self.model.optimizer.learning_rate = rate
    if self.verbose > 0 then say("epoch %d: the learning rate is %g", epoch, rate) end
  end,
  on_epoch_end = function(self, _, logs) logs.lr = rate_of(self) end,
}

require "dwconv.callbacks.records"(registry)

-- ---- functions of scripts ------------------------------------------------------------------------

local turns, lambda = {}, { doc = "Calls functions: LambdaCallback{ on_epoch_end = function(epoch, logs) ... end }." }
lambda.options = { on_batch_begin = kinds.optional(kinds.callable()), on_batch_end = kinds.optional(kinds.callable()) }
for _, turn in ipairs(TURNS) do
  turns[turn] = true
  lambda.options[turn] = kinds.optional(kinds.callable())
end

-- Where the options stand are methods then, which pass the callback itself over.
function lambda.init(self)
  self.functions = {}
  for name in pairs(lambda.options) do self.functions[name] = rawget(self, name) end
  for _, turn in ipairs(TURNS) do
    local f = self.functions[turn] or self.functions[(turn:gsub("_train_batch_", "_batch_"))]
    rawset(self, turn, function(_, ...)
      if f then args.call(f, ...) end
    end)
  end
end

function lambda.get_config(self) return self.functions end

registry:class "LambdaCallback"(lambda)

local List = {}
List.__index = List

--- Calls a method of all callbacks: list:call("on_epoch_end", epoch, logs).
---@param turn string
function List:call(turn, ...)
  for _, callback in ipairs(self) do
    local method = callback[turn]
    if method then method(callback, ...) end
  end
end

-- A table with methods; one whose name nobody calls is refused.
local function check_methods(callback, i)
  local found = false
  for key, value in pairs(callback) do
    if type(key) == "string" and key:find "^on_" and not turns[key] then
      raise("callbacks[%d] has a method %s, which nobody calls%s", i, show(key), args.hint(key, TURNS))
    end
    found = found or turns[key] and args.check.is_callable(value)
  end
  if not found and not getmetatable(callback) then
    raise("callbacks[%d] must be a callback, or a table with methods such as on_epoch_end, got %s", i, show(callback))
  end
end

--- The callbacks of a training, which have been told the model: instances, names of classes, or tables with methods.
---@param given table
---@param model table
local list = args.speaking("callbacks", function(given, model)
  local all = setmetatable({}, List)
  for i, one in ipairs(kinds.table("table", ""):check("callbacks", given)) do
    local callback = registry:get(one) or one
    if type(callback) ~= "table" then raise("callbacks[%d] must be a callback, got %s", i, show(one)) end
    if not classes.is_instance(callback) then check_methods(callback, i) end
    if callback.set_model then callback:set_model(model) else callback.model = model end
    all[i] = callback
  end
  return all
end)

local about = 'dw.callbacks, what happens while a model trains; dw.callbacks.Callback "Name" { ... } makes your own:'

return { registry = registry, list = list, room = registry:open(about, { list = list, Callback = registry:own() }) }
