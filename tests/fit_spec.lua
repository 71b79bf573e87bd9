-- fit_spec.lua: compile, train_on_batch, fit, evaluate and predict: what a step computes, which batches come in which
-- order, weights of samples and classes, generators, several outputs, what is printed, and that nothing depends on the
-- number of threads. The numbers of optimizers, losses and metrics are compared with tf_keras in specs of their own.

local dw = require "dwconv"
local support = require "support"
local K, layers, refuses, near, same = dw.backend, dw.layers, support.refuses, support.near, support.same

local function random(shape, seed) return dw.uniform(shape, { minval = -1, seed = seed }) end

local function linear(name)
  local model = dw.Sequential { dw.Input { 3 }, layers.Dense { 2, use_bias = false, name = name or "head" } }
  model:set_weights { random({ 3, 2 }, 5) }
  return model
end

-- Calls f; gives what was written to standard output.
local function written(f)
  local path = os.tmpname()
  local former = io.output()
  local out <close> = assert(io.open(path, "w"))
  local _ <close> = support.field(io, "stdout", out)
  f()
  out:flush()
  io.output(former)
  local file <close> = assert(io.open(path))
  local text = file:read "a"
  os.remove(path)
  return text
end

describe("a step of training", function()
  it("is one of gradient descent, with regularizers and weights of samples", function()
    local x, y, w = random({ 4, 3 }, 1), random({ 4, 2 }, 2), dw.tensor { 1, 2, 0, 3 }
    local dense = layers.Dense { 2, use_bias = false, kernel_regularizer = dw.regularizers.L2 { 0.1 } }
    local model = dw.Sequential { dw.Input { 3 }, dense }
    local kernel = K.get_value(dense.kernel)
    model:compile { optimizer = dw.optimizers.SGD { 0.5 }, loss = "mse" }
    local loss = model:train_on_batch(x, y, { sample_weight = w })
    local away = K.dot(x, kernel) - y
    local each = K.mean(away * away, { axis = 2 }) * w
    near(dw.tensor(loss), K.mean(each) + 0.1 * K.sum(kernel * kernel), { rtol = 1e-6 })
    local g = K.dot(K.transpose(x), away * K.reshape(w, { 4, 1 })) * (1 / 4) + 0.2 * kernel
    near(dense.kernel, kernel - 0.5 * g, { rtol = 1e-5, atol = 1e-6 })
  end)

  it("keeps constraints, and adds what layers add to the loss", function()
    local Loud = layers.Layer "Loud" { call = function(self, x)
      self:add_loss(K.sum(x) * 0 + 7)
      return x
    end }
    local model = dw.Sequential { dw.Input { 3 }, Loud {}, layers.Dense { 2, kernel_constraint = "non_neg" } }
    model:compile { optimizer = "sgd", loss = "mse" }
    local x, y = random({ 4, 3 }, 1), random({ 4, 2 }, 2)
    local without = model:test_on_batch(x, y)
    assert.is_true(without > 7)
    assert.is_true(model:train_on_batch(x, y) > 7)
    assert.is_true(K.min(model.layers[2].kernel):item() >= 0)
  end)

  it("leaves alone what is not trainable", function()
    local model = dw.Sequential { dw.Input { 3 }, layers.Dense { 3 }, layers.Dense { 2 } }
    model:compile { optimizer = "sgd", loss = "mse" }
    model.layers[1].trainable = false
    local before = model:get_weights()
    model:train_on_batch(random({ 4, 3 }, 1), random({ 4, 2 }, 2))
    same(model.weights[1], before[1])
    assert.is_false(dw.close(model.weights[3], before[3]))
  end)

  it("is refused before compile, and with labels that do not fit", function()
    local model = linear()
    refuses(function() model:train_on_batch(random({ 4, 3 }, 1), random({ 4, 2 }, 2)) end,
      "train_on_batch: ", "compile the model with a loss first")
    refuses(function() model:compile { optimizer = "adamm" } end,
      'compile: optimizer must be an optimizer or its name, got "adamm"; did you mean "Adam"?')
    refuses(function() model:compile { loss = "msee" } end, "compile: loss must be")
    refuses(function() model:compile { los = "mse" } end, 'compile: unknown option "los"; did you mean "loss"?')
    model:compile { loss = "mse" }
    refuses(function() model:train_on_batch(random({ 4, 3 }, 1)) end, "train_on_batch: y is missing")
    refuses(function() model:train_on_batch(random({ 4, 5 }, 1), random({ 4, 2 }, 2)) end,
      "must be a batch of samples of shape 3, got a float32 tensor 4x5")
    refuses(function() model:fit(random({ 4, 3 }, 1), random({ 5, 2 }, 2), { verbose = 0 }) end,
      "fit: x has 4 samples but y has 5")
    refuses(function() model:fit(random({ 4, 3 }, 1), random({ 4, 2 }, 2), { epoch = 3 }) end,
      'fit: unknown option "epoch"; did you mean "epochs"?')
  end)
end)

describe("fit", function()
  -- The first number of each sample that a batch has, by batch.
  local function seen(o)
    local list = {}
    local Spy = layers.Layer "Spy" { call = function(_, x, training)
      if training and x.shape[1] > 0 then list[#list + 1] = K.reshape(x, { -1 }):to_table() end
      return x
    end }
    local model = dw.Sequential { dw.Input { 1 }, Spy {}, layers.Dense { 1 } }
    model:compile { optimizer = dw.optimizers.SGD { 0.0 }, loss = "mse" }
    local x = K.reshape(dw.arange(10, { dtype = "float32" }), { 10, 1 })
    o.verbose = 0
    model:fit(x, x, o)
    return list
  end

  it("takes each sample once an epoch, in a new order each, which dw.seed decides", function()
    dw.seed(3)
    local batches = seen { epochs = 2, batch_size = 4 }
    assert.same({ 4, 4, 2, 4, 4, 2 }, { #batches[1], #batches[2], #batches[3], #batches[4], #batches[5], #batches[6] })
    for first = 1, 4, 3 do
      local all = {}
      for i = first, first + 2 do table.move(batches[i], 1, #batches[i], #all + 1, all) end
      table.sort(all)
      assert.same({ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 }, all)
    end
    assert.are_not.same(batches[1], batches[4])
    dw.seed(3)
    assert.same(batches, seen { epochs = 2, batch_size = 4 })
    assert.same({ { 0, 1, 2, 3 }, { 4, 5, 6, 7 }, { 8, 9 } }, seen { batch_size = 4, shuffle = false })
  end)

  it("splits the last samples off for validation", function()
    assert.same({ { 0, 1, 2, 3, 4, 5, 6 } }, seen { batch_size = 10, shuffle = false, validation_split = 0.3 })
    refuses(function() seen { validation_split = 0.99 } end, "fit: validation_split leaves 0 of 10 samples to train on")
  end)

  it("gives a history of averages over samples", function()
    local model, x, y = linear(), random({ 10, 3 }, 1), random({ 10, 2 }, 2)
    model:compile { optimizer = dw.optimizers.SGD { 0.0 }, loss = "mse" }
    local history = model:fit(x, y, { epochs = 2, batch_size = 4, verbose = 0, validation_data = { x, y } })
    local loss = K.mean(K.square(model(x) - y)):item()
    for epoch = 1, 2 do
      near(dw.tensor(history.history.loss[epoch]), dw.tensor(loss), { rtol = 1e-6 })
      near(dw.tensor(history.history.val_loss[epoch]), dw.tensor(loss), { rtol = 1e-6 })
    end
    assert.same({ 1, 2 }, history.epoch)
    near(dw.tensor((model:evaluate(x, y, { batch_size = 3 }))), dw.tensor(loss), { rtol = 1e-6 })
    same(model:predict(x, { batch_size = 3 }), model(x))
  end)

  it("trains on generators: functions, and objects with epochs", function()
    local model, x, y = linear(), random({ 10, 3 }, 1), random({ 10, 2 }, 2)
    model:compile { optimizer = "sgd", loss = "mse" }
    local epochs = {}
    local function generator(epoch)
      epochs[#epochs + 1] = epoch
      local i = 0
      return function()
        i = i + 1
        if i <= 2 then return x:narrow(1, 5 * i - 4, 5), y:narrow(1, 5 * i - 4, 5) end
      end
    end
    model:fit(generator, { epochs = 3, verbose = 0, validation_data = generator })
    assert.same({ 1, 1, 2, 1, 3, 1 }, epochs)
    local endless = function() return function() return x, y end end
    local steps = 0
    model:fit(endless, nil, { steps_per_epoch = 4, verbose = 0,
      callbacks = { dw.callbacks.LambdaCallback { on_train_batch_end = function() steps = steps + 1 end } } })
    assert.equal(4, steps)
    model:fit(dw.data.batches(x, y, { batch_size = 4 }), { epochs = 2, verbose = 0 })
    refuses(function() model:fit(function() return 3 end, { verbose = 0 }) end, "fit: the generator must give an iterator")
    refuses(function() model:fit(generator, nil, { validation_split = 0.2, verbose = 0 }) end,
      "fit: validation_split needs arrays")
  end)

  it("weighs classes", function()
    local x, y = random({ 6, 3 }, 1), dw.tensor({ 1, 2, 2, 1, 2, 1 }, { dtype = "int32" })
    local function loss(o)
      local model = dw.Sequential { dw.Input { 3 }, layers.Dense { 2, activation = "softmax" } }
      model:set_weights { random({ 3, 2 }, 5), dw.zeros { 2 } }
      model:compile { optimizer = dw.optimizers.SGD { 0.0 }, loss = "sparse_categorical_crossentropy" }
      o.verbose, o.batch_size = 0, 6
      return model:fit(x, y, o).history.loss[1]
    end
    local weights = dw.tensor { 1, 3, 3, 1, 3, 1 }
    near(dw.tensor(loss { class_weight = { 1, 3 } }), dw.tensor(loss { sample_weight = weights }), { rtol = 1e-6 })
    near(dw.tensor(loss { class_weight = { [2] = 3 } }), dw.tensor(loss { sample_weight = weights }), { rtol = 1e-6 })
    refuses(function() loss { class_weight = { [0] = 3 } } end, "fit: class_weight must map classes, from 1 on, to numbers")
  end)

  it("has a loss, its weight and metrics for each output", function()
    local x = dw.Input { 3 }
    local a, b = layers.Dense({ 2, name = "a" })(x), layers.Dense({ 1, name = "b" })(x)
    local model = dw.Model { inputs = x, outputs = { a, b } }
    model:compile { optimizer = "sgd", loss = { a = "mse", b = "mae" }, loss_weights = { a = 1, b = 10 },
      metrics = { a = { "mae" } } }
    local numbers, ya, yb = random({ 4, 3 }, 1), random({ 4, 2 }, 2), random({ 4, 1 }, 3)
    local history = model:fit(numbers, { a = ya, b = yb }, { verbose = 0, shuffle = false })
    local h = history.history
    near(dw.tensor(h.loss[1]), dw.tensor(h.a_loss[1] + 10 * h.b_loss[1]), { rtol = 1e-6 })
    assert.is_true(h.a_mae[1] > 0)
    local total, of_a, of_b, mae = model:evaluate(numbers, { ya, yb })
    near(dw.tensor(total), dw.tensor(of_a + 10 * of_b), { rtol = 1e-6 })
    near(dw.tensor(mae), K.mean(K.abs(model(numbers)[1] - ya)), { rtol = 1e-6 })
    assert.equal(2, #model:predict(numbers))
    refuses(function() model:fit(numbers, { a = ya }, { verbose = 0 }) end, 'fit: y has nothing for the output "b"')
  end)

  it("takes weights of samples by the names of outputs, of some of them too", function()
    local x = dw.Input { 3 }
    local a, b = layers.Dense({ 2, name = "a" })(x), layers.Dense({ 1, name = "b" })(x)
    local model = dw.Model { inputs = x, outputs = { a, b } }
    model:compile { optimizer = dw.optimizers.SGD { 0.0 }, loss = "mse" }
    local numbers, y, w = random({ 4, 3 }, 1), { random({ 4, 2 }, 2), random({ 4, 1 }, 3) }, dw.ones { 4 } * 3
    local _, plain_a, plain_b = model:evaluate(numbers, y)
    for _, weights in ipairs { { b = w }, { b = w, a = dw.ones { 4 } }, { dw.ones { 4 }, w } } do
      local _, of_a, of_b = model:evaluate(numbers, y, { sample_weight = weights })
      near(dw.tensor { of_a, of_b }, dw.tensor { plain_a, 3 * plain_b }, { rtol = 1e-6 })
      local h = model:fit(numbers, y, { sample_weight = weights, verbose = 0, validation_split = 0.5 }).history
      assert.is_number(h.val_b_loss[1])
    end
  end)

  it("refuses names that no input or output has", function()
    local x = dw.Input { 3, name = "x" }
    local a, b = layers.Dense({ 2, name = "a" })(x), layers.Dense({ 1, name = "b" })(x)
    local model = dw.Model { inputs = x, outputs = { a, b }, name = "net" }
    local numbers, y = random({ 4, 3 }, 1), { a = random({ 4, 2 }, 2), b = random({ 4, 1 }, 3) }
    local function fits(o, text)
      o.optimizer, o.loss = "sgd", o.loss or "mse"
      model:compile(o)
      refuses(function() model:fit(numbers, y, { verbose = 0 }) end, text)
    end
    fits({ metrics = { c = "mae" } }, 'fit: metrics names "c", but there is no such output')
    fits({ loss = { a = "mse", b = "mse", c = "mae" } }, 'fit: loss names "c", but there is no such output')
    fits({ loss_weights = { a = "x", b = 1 } }, 'fit: loss_weights[1] must be a finite number, got "x"')
    model:compile { optimizer = "sgd", loss = "mse" }
    refuses(function() model:fit({ x = numbers, z = numbers }, y, { verbose = 0 }) end,
      'fit: net: x names "z", but there is no such input')
    refuses(function() model:fit(numbers, y, { verbose = 0, sample_weight = { c = numbers } }) end,
      'fit: sample_weight names "c", but there is no such output')
  end)

  it("names losses of one layer's outputs, and metrics of one name, apart", function()
    local shared = layers.Dense { 1, name = "d", kernel_initializer = "ones" }
    local a, b = dw.Input { 3 }, dw.Input { 3 }
    local model = dw.Model { inputs = { a, b }, outputs = { shared(a), shared(b) } }
    local function constant(v) return function(y) return K.zeros_like(y) + v end end
    model:compile { optimizer = "sgd", loss = "mse", metrics = { { constant(1), constant(2) }, {} } }
    local one, none = dw.ones { 2, 3 }, dw.zeros { 2, 1 }
    local h = model:fit({ one, one * 2 }, { d = none, d_1 = none }, { verbose = 0 }).history
    assert.same({ 9.0, 36.0 }, { h.d_loss[1], h.d_1_loss[1] })
    assert.same({ 1.0, 2.0 }, { h.d_mean_metric_wrapper[1], h.d_mean_metric_wrapper_1[1] })
  end)

  it("counts the regularizers of frozen layers, and of shared ones once, as Keras", function()
    local shared, x = layers.Dense { 3, kernel_regularizer = "l2", kernel_initializer = "ones" }, dw.Input { 3 }
    local model = dw.Model { inputs = x, outputs = shared(shared(x)) }
    model:compile { optimizer = "sgd", loss = "mse" }
    local none = dw.zeros { 2, 3 }
    near(dw.tensor((model:evaluate(none, none))), dw.tensor(0.09), { rtol = 1e-6 })
    shared.trainable = false
    near(dw.tensor((model:evaluate(none, none))), dw.tensor(0.09), { rtol = 1e-6 })
  end)

  it("makes as many steps of arrays as steps_per_epoch and its like say", function()
    local model, x, y = linear(), random({ 8, 3 }, 1), random({ 8, 2 }, 2)
    model:compile { optimizer = "sgd", loss = "mse" }
    local tests = 0
    model:fit(x, y, { steps_per_epoch = 2, batch_size = 2, epochs = 3, verbose = 0, validation_data = { x, y },
      validation_steps = 1, callbacks = { { on_test_batch_end = function() tests = tests + 1 end } } })
    assert.equal(6, model.optimizer.iterations)
    assert.equal(3, tests)
    assert.equal(model:evaluate(x:narrow(1, 1, 4), y:narrow(1, 1, 4)), model:evaluate(x, y, { batch_size = 4, steps = 1 }))
    assert.equal(6, model:predict(x, { batch_size = 3, steps = 2 }).shape[1])
    refuses(function() model:fit(x, y, { steps_per_epoch = 3, batch_size = 4, verbose = 0 }) end,
      "fit: steps_per_epoch must be at most 2, as there are no more batches, got 3")
  end)

  it("weighs classes of generators, of labels 0 and 1, and beside weights of samples", function()
    local x, y = random({ 6, 3 }, 1), dw.tensor { 1, 0, 0, 1, 0, 1 }
    local model = dw.Sequential { dw.Input { 3 }, layers.Dense { 1, activation = "sigmoid" } }
    model:compile { optimizer = dw.optimizers.SGD { 0.0 }, loss = "binary_crossentropy" }
    local w = dw.tensor { 5, 1, 2, 1, 1, 1 }
    local function loss(o)
      o.verbose = 0
      return dw.tensor(model:fit(x, y, o).history.loss[1])
    end
    local want = loss { sample_weight = dw.tensor { 3, 2, 2, 3, 2, 3 } }
    near(loss { class_weight = { [0] = 2, [1] = 3 } }, want, { rtol = 1e-6 })
    near(loss { class_weight = { [0] = 2, [1] = 3 }, sample_weight = w },
      loss { sample_weight = w * dw.tensor { 3, 2, 2, 3, 2, 3 } }, { rtol = 1e-6 })
    local history = model:fit(dw.data.batches(x, y), { class_weight = { [0] = 2, [1] = 3 }, verbose = 0 }).history
    near(dw.tensor(history.loss[1]), want, { rtol = 1e-6 })
    near(dw.tensor((model:train_on_batch(x, y, { class_weight = { [0] = 2, [1] = 3 }, sample_weight = w }))),
      loss { sample_weight = w * dw.tensor { 3, 2, 2, 3, 2, 3 } }, { rtol = 1e-6 })
    near(loss { class_weight = { [0] = 2, [1] = 3 }, sample_weight = y }, loss { sample_weight = y * 3 }, { rtol = 1e-6 })
    model:train_on_batch(x, dw.ones { 6 }, { class_weight = { [0] = 2, [1] = 3 } }) -- of one class alone
    refuses(function() model:train_on_batch(x, y - 1, { class_weight = { [0] = 2 } }) end,
      "train_on_batch: class_weight needs labels from 0 on, got -1")
    refuses(function() model:fit(x, dw.ones { 6, 2, 2 }, { class_weight = { [0] = 2 } }) end,
      "fit: class_weight needs a label for each sample, got y of shape 6x2x2")
    refuses(function() model:fit(dw.data.batches(x, y), { sample_weight = w, verbose = 0 }) end,
      "fit: sample_weight must be nil where x is a generator")
  end)

  it("predicts nothing of an empty batch, and says what x must be before the model is built", function()
    local model = dw.Sequential { layers.Dense { 2 }, name = "net" }
    for _, name in ipairs { "predict", "evaluate", "train_on_batch" } do
      model:compile { loss = "mse" }
      refuses(function() model[name](model) end, name .. ": x must be a tensor, got nil")
      refuses(function() model[name](model, "a") end, name .. ': x must be a tensor, got "a"')
    end
    assert.same({ 0, 2 }, { table.unpack(model:predict(dw.zeros { 0, 3 }).shape) })
  end)

  it("keeps the rates that callbacks set in its history", function()
    local model, x, y = linear(), random({ 4, 3 }, 1), random({ 4, 2 }, 2)
    model:compile { optimizer = dw.optimizers.SGD { 0.5 }, loss = "mse" }
    local history = model:fit(x, y, { epochs = 3, verbose = 0, callbacks = {
      dw.callbacks.LearningRateScheduler { function(_, rate) return rate / 2 end } } })
    assert.same({ 0.25, 0.125, 0.0625 }, history.history.lr)
  end)

  it("ends when a callback says so, and calls them in order", function()
    local calls = {}
    local spy = {}
    for _, name in ipairs { "on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end",
      "on_test_begin", "on_test_end", "on_epoch_end", "on_train_end" } do
      spy[name] = function() calls[#calls + 1] = name:match "^on_(.*)" end
    end
    local model, x, y = linear(), random({ 4, 3 }, 1), random({ 4, 2 }, 2)
    model:compile { optimizer = "sgd", loss = "mse" }
    model:fit(x, y, { verbose = 0, callbacks = { spy, dw.callbacks.LambdaCallback {
      on_epoch_end = function(epoch) if epoch == 2 then model.stop_training = true end end } },
      epochs = 9, validation_data = { x, y } })
    local once = { "epoch_begin", "train_batch_begin", "train_batch_end", "test_begin", "test_end", "epoch_end" }
    local want = { "train_begin" }
    for _ = 1, 2 do table.move(once, 1, #once, #want + 1, want) end
    want[#want + 1] = "train_end"
    assert.same(want, calls)
  end)

  it("prints a line for each epoch where there is no terminal, or nothing", function()
    local model, x, y = linear(), random({ 4, 3 }, 1), random({ 4, 2 }, 2)
    model:compile { optimizer = "sgd", loss = "mse", metrics = { "mae" } }
    local text = written(function() model:fit(x, y, { epochs = 2, validation_data = { x, y }, verbose = 2 }) end)
    assert.equal(2, select(2, text:gsub("\n", "")))
    assert.matches("^epoch 1/2 1 steps %- [%d.]+ s %- loss [%d.]+ %- mae [%d.]+ %- val_loss [%d.]+ %- val_mae [%d.]+\n", text)
    assert.is_nil(text:find "[\r\b\27]")
    assert.equal("", written(function() model:fit(x, y, { verbose = 0 }) end))
  end)

  it("ends with the weights of the last step where it is interrupted, and the model goes on", function()
    local model, x, y = linear(), random({ 40, 3 }, 1), random({ 40, 2 }, 2)
    model:compile { optimizer = "sgd", loss = "mse" }
    local steps = 0
    local history = model:fit(x, y, { epochs = 5, batch_size = 4, verbose = 0, callbacks = {
      dw.callbacks.LambdaCallback { on_train_batch_end = function()
        steps = steps + 1
        if steps == 7 then error "interrupted!" end
      end } } })
    assert.is_true(history.interrupted)
    assert.equal(7, steps)
    assert.equal(7, model.optimizer.iterations)
    model:fit(x, y, { verbose = 0 })
  end)

  it("passes other errors through", function()
    local model = linear()
    model:compile { optimizer = "sgd", loss = "mse" }
    model.optimizer.learning_rate = "fast"
    refuses(function() model:fit(random({ 4, 3 }, 1), random({ 4, 2 }, 2), { verbose = 0 }) end,
      'fit: learning_rate must be a number or a schedule, got "fast"')
    model.optimizer.learning_rate = 0.1
    local message = support.error_of(function()
      model:fit(random({ 4, 3 }, 1), random({ 4, 2 }, 2), { verbose = 0, callbacks = {
        dw.callbacks.LambdaCallback { on_epoch_begin = function() error "mine" end } } })
    end)
    assert.matches("mine", message)
  end)
end)

describe("the bits of training", function()
  it("do not depend on the number of threads", function()
    local function train(threads)
      local _ <close> = support.with { threads = threads, grain = 0 }
      dw.seed(11)
      local model = dw.Sequential { dw.Input { 8, 8, 2 }, layers.Conv2D { 6, 3, padding = "same" },
        layers.BatchNormalization {}, layers.ReLU {}, layers.DepthwiseConv2D { 3 }, layers.Dropout { 0.2 },
        layers.MaxPooling2D { 2 }, layers.Flatten {}, layers.Dense { 3, activation = "softmax" } }
      model:compile { optimizer = "adam", loss = "categorical_crossentropy", metrics = { "accuracy" } }
      local x, y = random({ 20, 8, 8, 2 }, 1), K.one_hot(dw.arange(20, { dtype = "int32" }) % 3 + 1, 3)
      local history = model:fit(x, y, { epochs = 2, batch_size = 8, verbose = 0 })
      return model:get_weights(), history.history.loss
    end
    local weights, losses = train(1)
    for _, threads in ipairs { 2, 5 } do
      local others, other_losses = train(threads)
      assert.same(losses, other_losses)
      for i = 1, #weights do same(others[i], weights[i]) end
    end
  end)
end)
