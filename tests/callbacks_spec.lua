-- callbacks_spec.lua: callbacks against tf_keras's decisions on scripted logs; what a list of them calls; files that they
-- write. The model here only remembers; fit_spec.lua trains.

local dw = require "dwconv"
local support = require "support"
local training = require "training_cases"
local room = require "dwconv.callbacks"
local refuses, callbacks = support.refuses, dw.callbacks

-- A model whose one weight is the number of the last epoch.
local function new_model()
  local model = { optimizer = dw.optimizers.SGD { 0.5 }, stop_training = false, saved = {}, weight = dw.zeros { 1 } }
  function model:get_weights() return { self.weight } end
  function model:set_weights(list) self.weight:copy_(list[1]) end
  function model:save(path) table.insert(self.saved, path) end
  function model:save_weights(path) table.insert(self.saved, "weights of " .. path) end
  return model
end

local function copy(logs)
  local own = {}
  for name, value in pairs(logs) do own[name] = value end
  return own
end

-- Calls the turns of a training with these logs; gives the last epoch and the learning rates after each.
local function train(callback, model, logs, batches)
  local list, last, rates = room.list({ callback }, model), 0, {}
  list:call("on_train_begin", {})
  for epoch, values in ipairs(logs) do
    list:call("on_epoch_begin", epoch, {})
    for batch = 1, batches or 0 do
      list:call("on_train_batch_begin", batch, {})
      list:call("on_train_batch_end", batch, copy(values))
    end
    last = epoch
    model.weight:fill(epoch)
    list:call("on_epoch_end", epoch, copy(values))
    rates[epoch] = model.optimizer.learning_rate
    if model.stop_training then break end
  end
  list:call("on_train_end", {})
  return last, rates
end

-- What f prints and what it writes as warnings.
local function quietly(f)
  local said, warned = {}, {}
  local stderr = io.stderr
  local _ <close> = support.with { print = function(text) said[#said + 1] = text end }
  local _ <close> = support.field(io, "stderr", { write = function(_, text) warned[#warned + 1] = text end })
  f()
  assert(stderr ~= nil)
  return said, warned
end

describe("callbacks", function()
  it("decide as tf_keras's", function()
    for _, case in ipairs(training.load "callbacks") do
      quietly(function()
        local callback = training.instance(callbacks, case)
        for _ = 1, 2 do -- the second training begins anew
          local model = new_model()
          local last, rates = train(callback, model, case.logs, case.batches)
          local what = training.describe(case)
          assert.equal(case.last, last, what)
          assert.equal(case.stopped, model.stop_training, what)
          assert.equal(case.weights, model.weight:item(), what)
          assert.same(case.saved, model.saved, what)
          for i, rate in ipairs(case.rates) do
            assert(math.abs(rates[i] - rate) < 1e-6 * rate, ("%s: rate %g is not %g"):format(what, rates[i], rate))
          end
        end
      end)
    end
  end)

  it("keep copies of the best weights", function()
    local model, e = new_model(), callbacks.EarlyStopping { "loss", restore_best_weights = true, patience = 5 }
    train(e, model, { { loss = 2 }, { loss = 1 }, { loss = 3 } })
    assert.equal(2, model.weight:item())
    assert.equal(2, e.best_epoch)
  end)

  it("say once what they do not find, and what they do when asked to", function()
    local said, warned = quietly(function()
      local logs = { { loss = 2, acc = 1 }, { loss = 1, acc = 1 } }
      train(callbacks.EarlyStopping {}, new_model(), logs)
      train(callbacks.EarlyStopping { "loss", verbose = 1, mode = "max" }, new_model(), logs)
      train(callbacks.ReduceLROnPlateau { "acc", patience = 1, verbose = 1 }, new_model(), logs)
      train(callbacks.ModelCheckpoint { "a{epoch}", verbose = 1 }, new_model(), { {} })
      train(callbacks.LearningRateScheduler { function() return 0.25 end, 1 }, new_model(), { {} })
    end)
    assert.same({ 'EarlyStopping: there is no "val_loss" to monitor; there are acc, loss\n' }, warned)
    assert.same({ "epoch 2: early stopping", "epoch 2: the learning rate is now 0.05", "epoch 1: saving to a1",
      "epoch 1: the learning rate is 0.25" }, said)
  end)

  it("set learning rates by a function of the epoch, from 1, and the rate", function()
    local given, model = {}, new_model()
    local s = callbacks.LearningRateScheduler { function(epoch, rate)
      given[epoch] = rate
      return rate / 2
    end }
    local history = callbacks.History {}
    local list = room.list({ s, history }, model)
    for epoch = 1, 3 do
      list:call("on_epoch_begin", epoch, {})
      list:call("on_epoch_end", epoch, {})
    end
    assert.same({ 0.5, 0.25, 0.125 }, given)
    assert.same({ 0.25, 0.125, 0.0625 }, history.history.lr)
    refuses(function() train(callbacks.LearningRateScheduler { function() end }, model, { {} }) end,
      "schedule must give a number")
    model.optimizer.learning_rate = dw.optimizers.schedules.CosineDecay { 0.1, 5 }
    refuses(function() train(s, model, { {} }) end, "learning_rate of the optimizer is a schedule")
  end)

  it("end when the loss is NaN or infinite", function()
    for _, v in ipairs { 0 / 0, math.huge, -math.huge } do
      local model = new_model()
      local said = quietly(function() train(callbacks.TerminateOnNaN {}, model, { { loss = 1 }, { loss = v }, { loss = 1 } }, 2) end)
      assert.is_true(model.stop_training)
      assert(said[1]:find "^batch 1: the loss is ")
    end
    local model = new_model()
    train(callbacks.TerminateOnNaN {}, model, { { loss = 1e300 }, {} }, 1)
    assert.is_false(model.stop_training)
  end)

  it("record the logs", function()
    local h = callbacks.History {}
    for _ = 1, 2 do
      train(h, new_model(), { { loss = 3, acc = 0.5 }, { loss = 2, acc = 0.75, val_loss = 4 } })
      assert.same({ loss = { 3, 2 }, acc = { 0.5, 0.75 }, val_loss = { 4 } }, h.history)
      assert.same({ 1, 2 }, h.epoch)
      assert.matches("\n +1 +3 +%- +0%.5\n +2 +2 +4 +0%.75$", tostring(h))
    end
  end)

  it("write lines of numbers", function()
    local path = os.tmpname()
    local function content()
      local f <close> = assert(io.open(path))
      return f:read "a"
    end
    train(callbacks.CSVLogger { path }, new_model(), { { loss = 0.1, acc = 1 / 3 }, { loss = 2 } })
    assert.equal("epoch,acc,loss\n1,0.333333333333333,0.1\n2,NA,2\n", (content():gsub("0.3333+", "0.333333333333333")))
    train(callbacks.CSVLogger { path, ";", append = true }, new_model(), { { loss = 5, acc = 6 } })
    assert.equal("1;6;5", content():match "([^\n]*)\n$")
    assert.equal(1, select(2, content():gsub("epoch", "")))
    train(callbacks.CSVLogger { path, ";" }, new_model(), { { loss = 0 / 0 } })
    assert(content():find "^epoch;loss\n1;%-?nan\n$")
    os.remove(path)
    refuses(function() train(callbacks.CSVLogger { "/nowhere/at/all.csv" }, new_model(), {}) end, "CSVLogger: cannot write")
  end)

  it("call functions at their turns, in order, with the model", function()
    local calls, model = {}, new_model()
    local function note(name) return function(...) calls[#calls + 1] = { name, ... } end end
    local lambda = callbacks.LambdaCallback { on_train_begin = note "begin", on_epoch_end = note "epoch",
      on_batch_end = note "batch" }
    local own = { seen = 0 }
    function own:on_epoch_end(epoch, logs) self.seen = self.seen + epoch * logs.loss end
    local list = room.list({ lambda, own }, model)
    assert.equal(model, own.model)
    list:call("on_train_begin", {})
    list:call("on_train_batch_end", 3, { loss = 1 })
    list:call("on_epoch_end", 2, { loss = 10 })
    assert.same({ { "begin", {} }, { "batch", 3, { loss = 1 } }, { "epoch", 2, { loss = 10 } } }, calls)
    assert.equal(20, own.seen)
  end)

  it("of a script are classes, with options", function()
    local Doubling = callbacks.Callback "Doubling" {
      doc = "Doubles the learning rate after each epoch.",
      leading = { "by" },
      options = { by = 2.0 },
      on_epoch_end = function(self)
        self.model.optimizer.learning_rate = self.model.optimizer.learning_rate * self.by
      end,
    }
    local _, rates = train(Doubling { 4 }, new_model(), { {}, {} })
    assert.same({ 2.0, 8.0 }, rates)
    assert.equal("Doubling{ 4 }", tostring(Doubling { 4 }))
  end)

  it("refuse what does not fit", function()
    local model = new_model()
    refuses(function() room.list({ 3 }, model) end, "callbacks: callbacks[1] must be a callback, got 3")
    refuses(function() room.list({ {} }, model) end, "callbacks[1] must be a callback, or a table with methods")
    refuses(function() room.list({ { on_epoch_ends = print } }, model) end,
      'has a method "on_epoch_ends", which nobody calls; did you mean "on_epoch_end"?')
    refuses(function() callbacks.EarlyStopping { mode = "least" } end, 'EarlyStopping: mode must be "auto", "min" or "max"')
    refuses(function() callbacks.ReduceLROnPlateau { factor = 1 } end, "ReduceLROnPlateau: factor must be below 1")
    refuses(function() callbacks.ModelCheckpoint {} end, "ModelCheckpoint: filepath is missing")
    refuses(function() callbacks.ModelCheckpoint { "a", save_freq = 0 } end, 'save_freq must be "epoch" or a whole number')
    refuses(function() callbacks.LambdaCallback { on_epoch_ends = print } end, 'unknown option "on_epoch_ends"')
    refuses(function() train(callbacks.ModelCheckpoint { "{val_loss}" }, model, { { loss = 1 } }) end,
      'filepath "{val_loss}" names "val_loss", but there are epoch, loss')
    refuses(function() train(callbacks.ModelCheckpoint { "{epoch:z}" }, model, { {} }) end, 'has the format "z"')
  end)
end)
