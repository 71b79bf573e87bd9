-- saving_spec.lua: models in files: what is saved comes back, training goes on to the same bits, weights by order and by
-- name with a report, and files that are wrong are refused and change nothing.

local dw = require "dwconv"
local json = require "dwconv.io.json"
local support = require "support"
local K, layers, refuses, same = dw.backend, dw.layers, support.refuses, support.same

local function random(shape, seed) return dw.uniform(shape, { minval = -1, seed = seed }) end

-- Calls f with the path of a file that is gone afterwards.
local function with_file(f)
  local path = os.tmpname()
  local _ <close> = setmetatable({}, { __close = function() os.remove(path) end })
  f(path)
end

local function small()
  return dw.Sequential { dw.Input { 6, 6, 2 }, layers.SeparableConv2D { 5, 3, padding = "same", name = "sep" },
    layers.BatchNormalization { name = "norm" }, layers.ReLU { 6 }, layers.Dropout { 0.3 },
    layers.GlobalAveragePooling2D {}, layers.Dropout { 0.1, seed = 2 },
    layers.Dense { 3, activation = "softmax", name = "head" }, name = "small" }
end

local function compiled()
  local model = small()
  model:compile { optimizer = dw.optimizers.Adam { 0.01, amsgrad = true }, loss = "sparse_categorical_crossentropy",
    metrics = { "accuracy" } }
  return model
end

local x, y = random({ 30, 6, 6, 2 }, 1), dw.arange(30, { dtype = "int32" }) % 3 + 1

local function same_weights(a, b)
  assert.equal(#a.weights, #b.weights)
  for i, w in ipairs(a.weights) do same(w, b.weights[i]) end
end

describe("a saved model", function()
  it("is the same model, with its configuration, weights and losses", function()
    with_file(function(path)
      local model = compiled()
      model:fit(x, y, { verbose = 0 })
      model:save(path)
      local again = dw.load_model(path)
      same_weights(model, again)
      same(again(x), model(x))
      assert.same(model:get_config(), again:get_config())
      assert.same({ model:evaluate(x, y) }, { again:evaluate(x, y) })
      assert.equal(tostring(model.optimizer), tostring(again.optimizer))
    end)
  end)

  it("keeps layers that stand in several models within, or twice in one, the same layers", function()
    local shared = layers.Dense { 3 }
    local one = dw.Sequential { dw.Input { 3 }, shared }
    local two = dw.Sequential { dw.Input { 3 }, layers.Dense { 3 }, shared, shared }
    local input = dw.Input { 3 }
    local model = dw.Model { inputs = input, outputs = two(one(input)) }
    with_file(function(path)
      model:save(path)
      local again = dw.load_model(path)
      same_weights(model, again)
      assert.equal(4, #again.weights)
      same(again(x:reshape { -1, 3 }), model(x:reshape { -1, 3 }))
      assert.is_true(rawequal(again:get_layer(one.name):get_layer(1), again:get_layer(two.name):get_layer(2)))
    end)
    local again = dw.Model.from_config(model:get_config())
    assert.equal(4, #again.weights)
    assert.same(model:get_config(), again:get_config())
    refuses(function() dw.Sequential.from_config { layers = { { again = 1 } } } end,
      "Sequential.from_config: architecture: layers[1]: there is no layer of number 1 yet")
  end)

  it("keeps weights apart whose names look alike", function()
    local Alike = layers.Layer "Alike" {
      build = function(self, shape)
        for _, name in ipairs { "w", "w#2", "w", "w#2" } do self:add_weight(name, { shape[#shape] }) end
      end,
      call = function(_, v) return v end,
    }
    local model = dw.Sequential { dw.Input { 3 }, Alike {} }
    with_file(function(path)
      model:save(path)
      same_weights(model, dw.load_model(path, { custom_objects = { Alike = Alike } }))
    end)
  end)

  it("keeps which models within are trainable", function()
    local inner = dw.Sequential { dw.Input { 3 }, layers.Dense { 3 }, layers.BatchNormalization {}, name = "inner" }
    local model = dw.Sequential { dw.Input { 3 }, inner, layers.Dense { 1 } }
    inner.trainable = false
    inner:get_layer(1).trainable = true
    with_file(function(path)
      model:save(path)
      local again = dw.load_model(path):get_layer "inner"
      assert.is_false(again.trainable)
      assert.is_true(again:get_layer(1).trainable)
      assert.is_false(again:get_layer(2).trainable)
    end)
  end)

  it("leaves out losses and metrics that are functions of a script", function()
    local function mine(a, b) return K.mean(K.abs(a - b), { axis = -1 }) end
    local input = dw.Input { 3 }
    local model = dw.Model { inputs = input, outputs = { layers.Dense { 1 }(input), layers.Dense { 1 }(input) } }
    local v, labels = dw.ones { 2, 3 }, { dw.ones { 2, 1 }, dw.ones { 2, 1 } }
    with_file(function(path)
      model:compile { loss = "mse", metrics = { { mine, "mae" }, { "mse" } } }
      model:fit(v, labels, { verbose = 0 })
      model:save(path)
      local again = dw.load_model(path)
      local numbers = { again:evaluate(v, labels) }
      assert.equal(3 + 2, #numbers)
      model:compile { loss = { mine, "mse" } }
      model:save(path)
      again = dw.load_model(path)
      refuses(function() again:evaluate(v, labels) end, "compile the model with a loss first")
    end)
  end)

  it("has of an optimizer what belongs to the model", function()
    local optimizer, models = dw.optimizers.Adam {}, {}
    for i = 1, 2 do
      models[i] = dw.Sequential { dw.Input { 3 }, layers.Dense { 1 } }
      models[i]:compile { optimizer = optimizer, loss = "mse" }
      models[i]:fit(dw.ones { 2, 3 }, dw.ones { 2, 1 }, { verbose = 0 })
    end
    with_file(function(path)
      models[2]:save(path)
      local again = dw.load_model(path)
      same_weights(models[2], again)
      local slots, all = again.optimizer:variables(), optimizer:variables()
      assert.equal(4, #slots)
      for i, slot in ipairs(slots) do same(slot.tensor, all[4 + i].tensor) end
    end)
  end)

  it("may be any graph: shared layers, several ends, functions of K, constants, models within", function()
    local a, b = dw.Input { 4, name = "a" }, dw.Input { 4, name = "b", dtype = "float32" }
    local shared, inner = layers.Dense { 4, activation = "tanh" }, dw.Sequential { dw.Input { 4 }, layers.Dense { 4 } }
    local one, two = K.split(shared(a), 2, { axis = 2 })
    local sum = layers.Concatenate {} { inner(shared(b)), one } * random({ 6 }, 3) + two[{ {}, 1 }]:reshape { -1, 1 }
    local clipped = K.clip(sum, -math.huge, 0.5)
    local model = dw.Model { inputs = { a, b }, outputs = { clipped, K.reshape(sum, { sum.shape[1], 2, 3 }) } }
    with_file(function(path)
      model:save(path)
      local again = dw.load_model(path)
      local numbers = { random({ 3, 4 }, 1), random({ 3, 4 }, 2) }
      local want, got = model(numbers), again(numbers)
      same(got[1], want[1])
      same(got[2], want[2])
      same_weights(model, again)
      assert.equal(model:dot():gsub('"model[%w_]*"', ""), again:dot():gsub('"model[%w_]*"', ""))
    end)
  end)

  it("has layers of scripts, if they are handed over", function()
    local Scale = layers.Layer "Scale" {
      options = { start = 1.0 },
      build = function(self, shape) self.gamma = self:add_weight("gamma", { shape[#shape] }) end,
      call = function(self, t) return t * self.gamma * self.start end,
    }
    local model = dw.Sequential { dw.Input { 3 }, Scale { start = 0.5 } }
    with_file(function(path)
      model:save(path)
      same(dw.load_model(path, { custom_objects = { Scale = Scale } })(dw.ones { 1, 3 }), model(dw.ones { 1, 3 }))
      refuses(function() dw.load_model(path) end,
        'there is no layer "Scale"; if it is a script\'s own, hand it over: custom_objects = { Scale = ... }')
    end)
  end)

  it("cannot hold a function of a script", function()
    local model = dw.Sequential { dw.Input { 3 }, function(t) return t * 2 end }
    refuses(function() model:save "never" end, "save: ", "holds a Lua function, which cannot be saved; make a class of layers")
    local composed = dw.Sequential { dw.Input { 3 }, dw.ops.tanh {} >> dw.ops.exp {} }
    refuses(function() composed:save "never" end, "cannot be saved")
    assert.is_nil(io.open "never")
    with_file(function(path)
      local of_K = dw.Sequential { dw.Input { 3 }, K.softmax }
      of_K:save(path)
      same(dw.load_model(path)(dw.ones { 1, 3 }), of_K(dw.ones { 1, 3 }))
    end)
  end)
end)

describe("training that goes on", function()
  local function options(more)
    more.verbose, more.batch_size = 0, 8
    return more
  end

  it("after a file is the same, to the last bit, between epochs", function()
    dw.seed(4)
    local whole = compiled()
    local first = whole:get_weights()
    whole:fit(x, y, options { epochs = 4 })
    dw.seed(4)
    local part = compiled()
    part:set_weights(first)
    part.optimizer.iterations = 0
    dw.set_random_state(dw.random_state())
    with_file(function(path)
      dw.seed(4)
      local again = compiled()
      again:fit(x, y, options { epochs = 2 })
      again:save(path)
      dw.seed(99)
      local loaded = dw.load_model(path)
      loaded:fit(x, y, options { epochs = 4, resume = true })
      same_weights(whole, loaded)
      for name, history in pairs(whole.history.history) do
        assert.same({ history[3], history[4] }, loaded.history.history[name], name)
      end
    end)
  end)

  it("and within an epoch", function()
    dw.seed(4)
    local whole = compiled()
    whole:fit(x, y, options { epochs = 3 })
    with_file(function(path)
      dw.seed(4)
      local again, steps = compiled(), 0
      again:fit(x, y, options { epochs = 3, callbacks = { dw.callbacks.LambdaCallback { on_train_batch_end = function()
        steps = steps + 1
        if steps == 6 then
          again:save(path)
          again.stop_training = true
        end
      end } } })
      dw.seed(99)
      local loaded = dw.load_model(path)
      assert.equal(6, loaded.optimizer.iterations)
      loaded:fit(x, y, options { epochs = 3, resume = true })
      same_weights(whole, loaded)
    end)
  end)
end)

describe("weights", function()
  it("come in order, whatever layers are called", function()
    with_file(function(path)
      local model, other = small(), small()
      model:save_weights(path)
      local report = other:load_weights { path }
      assert.equal("loaded 9 weights", tostring(report))
      same_weights(model, other)
    end)
  end)

  it("come by name, with a report of both sides", function()
    with_file(function(path)
      local model = small()
      model:save_weights(path)
      local other = dw.Sequential { dw.Input { 6, 6, 2 },
        layers.SeparableConv2D { 5, 3, padding = "same", name = "sep" }, layers.GlobalAveragePooling2D {},
        layers.Dense { 4, name = "head" }, layers.Dense { 2, name = "new" } }
      refuses(function() other:load_weights { path, by_name = true } end,
        "load_weights: ", "head/kernel: the model has 5x4 float32, the file 5x3 float32")
      local report = other:load_weights { path, by_name = true, skip_mismatch = true }
      assert.same({ "sep/depthwise_kernel", "sep/pointwise_kernel", "sep/bias" }, report.loaded)
      assert.same({ "new/kernel 4x2 float32", "new/bias 2 float32" }, report.missing)
      assert.same({ "norm/gamma 5 float32", "norm/beta 5 float32", "norm/moving_mean 5 float32",
        "norm/moving_variance 5 float32" }, report.unexpected)
      assert.equal(2, #report.mismatched)
      assert.matches("of the model, not in the file:\n    new/kernel", tostring(report))
      same(other.layers[1].depthwise_kernel, model.layers[1].depthwise_kernel)
    end)
  end)

  it("that do not fit are refused, and nothing is written", function()
    with_file(function(path)
      small():save_weights(path)
      local other = dw.Sequential { dw.Input { 3 }, layers.Dense { 2 } }
      local before = other:get_weights()
      refuses(function() other:load_weights { path } end, "does not fit the model: loaded 0 weights")
      same(other.weights[1], before[1])
      refuses(function() dw.load_model(path) end, "holds no architecture: it is a file of weights, for model:load_weights")
      refuses(function() other:load_weights { path, byname = true } end,
        'load_weights: unknown option "byname"; did you mean "by_name"?')
      refuses(function() other:load_weights { path .. "/none" } end, "load_weights: ")
    end)
  end)

  it("of other programs are matched by name", function()
    with_file(function(path)
      dw.io.safetensors.write(path, { ["head/kernel"] = dw.full({ 3, 2 }, 7), ["head/bias"] = dw.zeros { 2 } })
      local model = dw.Sequential { dw.Input { 3 }, layers.Dense { 2, name = "head" } }
      model:load_weights { path, by_name = true }
      same(model.weights[1], dw.full({ 3, 2 }, 7))
    end)
  end)
end)

describe("a file that is wrong", function()
  -- Writes a saved model with changed texts; loading must be refused with these words.
  local function refused(change, ...)
    local words = { ... }
    with_file(function(path)
      local model = compiled()
      model:fit(x, y, { verbose = 0 })
      model:save(path)
      local tensors, metadata = dw.io.safetensors.read(path)
      local data = json.decode(metadata.architecture)
      local training = json.decode(metadata.training)
      change(data, training, tensors, metadata)
      metadata.architecture = metadata.architecture and json.encode(data, "it")
      metadata.training = json.encode(training, "it")
      dw.io.safetensors.write(path, tensors, { metadata = metadata })
      local limit = K.memory_limit()
      refuses(function() dw.load_model(path) end, "load_model: ", table.unpack(words))
      assert.is_true(math.abs(K.memory_limit() - limit) < limit // 4)
    end)
  end

  it("is refused by what it claims", function()
    refused(function(data) data.class_name = "Sequental" end, 'there is no layer "Sequental"')
    refused(function(data) data.class_name = 3 end, "the model: no class_name")
    refused(function(data) data.config.layers[2].class_name = "Loss" end, 'layers[2]: there is no layer "Loss"')
    refused(function(data) data.config.layers = "x" end, "layers must be a table")
    refused(function(data) data.config.layers[1].config.filters = 6 end, "the weights do not fit the architecture")
    refused(function(data) data.config.layers[1].config.filters = -1 end, "filters must be")
    refused(function(data) data.config.layers[1].config.filtres = 1 end, 'unknown option "filtres"')
    refused(function(data) data.config.input.shape = { 6, 6, 2.5 } end, "shape[3] must be a whole number")
    refused(function(data) data.config.layers[7].config.units = 1 << 29 end, "memory")
    refused(function(_, training) training.position = { epoch = "x" } end, "training.position is damaged")
    refused(function(_, training) training.draws = { -1 } end, "training.draws is damaged")
    refused(function(_, training) training.draws = { 1, 2 } end, "training.draws is damaged")
    refused(function(_, training) training.variables[1] = 99 end, "training.variables[1] is no weight")
    refused(function(_, training) training.optimizer.class_name = "Adan" end, 'there is no optimizer "Adan"')
    refused(function(_, _, tensors) tensors["optimizer/m/1"] = nil end, "there is no tensor optimizer/m/1")
    refused(function(_, _, tensors) tensors["optimizer/m/1"] = dw.ones { 3 } end, "m/1 must be a float32 tensor")
    refused(function(_, _, tensors) tensors["head/bias"] = nil end, "names no tensor")
    refused(function(_, _, _, metadata) metadata.architecture = nil end, "holds no architecture")
    refused(function(_, _, _, metadata) metadata.dwconv = "2" end, 'is of version "2" of the layout')
  end)

  it("cannot name functions that are no functions of tensors", function()
    for _, name in ipairs { "set_memory_limit", "update", "seed", "nothing", "gradients", "record" } do
      with_file(function(path)
        local input = dw.Input { 3 }
        dw.Model({ inputs = input, outputs = K.tanh(input) }):save(path)
        local tensors, metadata = dw.io.safetensors.read(path)
        metadata.architecture = metadata.architecture:gsub('"tanh"', ('"%s"'):format(name))
        dw.io.safetensors.write(path, tensors, { metadata = metadata })
        refuses(function() dw.load_model(path) end, ('"%s" is no function of tensors'):format(name))
      end)
    end
  end)
end)
