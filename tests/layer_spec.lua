-- layer_spec.lua: what all layers have in common: names, weights, building, calls, layers of scripts, composed ops as
-- layers. layers_spec.lua compares each layer with tf_keras.

local dw = require "dwconv"
local support = require "support"
local K, layers, refuses, same = dw.backend, dw.layers, support.refuses, support.same

local function random(shape, seed) return dw.uniform(shape, { minval = -1, seed = seed }) end

-- A layer of a script, with a layer within.
local Scaled = layers.Layer "Scaled" {
  leading = { "units" },
  options = { units = 3, start = 2.0 },
  build = function(self, shape)
    self.inner = layers.Dense { self.units, use_bias = false }
    self.gamma = self:add_weight("gamma", { shape[#shape] }, { initializer = dw.initializers.Constant { self.start } })
    self.count = self:add_weight("count", {}, { initializer = "zeros", trainable = false })
  end,
  call = function(self, x, training)
    if training then K.update_add(self.count, 1) end
    return self.inner(x * self.gamma)
  end,
}

describe("a layer of a script", function()
  it("has weights, its own before those within, trainable before others", function()
    local one = Scaled { 4 }
    local x = random({ 2, 5 }, 1)
    local y = one(x)
    assert.same({ 2, 4 }, { table.unpack(y.shape) })
    assert.equal(3, #one.weights)
    same(one.weights[1], dw.full({ 5 }, 2))
    same(y, K.dot(x * 2, one.inner.kernel))
    assert.equal(5 + 20 + 1, one:count_params())
    assert.equal(2, #one.trainable_weights)
    assert.equal(1, #one.non_trainable_weights)
    one(x, { training = true })
    assert.equal(1, one.count:item())
  end)

  it("prints as what makes it, and its configuration makes it again", function()
    local one = Scaled { 4, start = 0.5 }
    assert.equal("Scaled{ 4, start = 0.5 }", tostring(one))
    assert.equal("Scaled{}", tostring(Scaled {}))
    local again = Scaled(one:get_config())
    assert.same(one:get_config(), again:get_config())
  end)

  it("is a layer wherever one is", function()
    local model = dw.Sequential { dw.Input { 5 }, Scaled { 4 }, layers.ReLU {} }
    assert.same({ 2, 4 }, { table.unpack(model(random({ 2, 5 }, 1)).shape) })
    assert.equal(26, model:count_params())
  end)

  it("is refused when it is none", function()
    refuses(function() layers.Layer "No" {} end, "No: a layer needs a function call(self, x, training)")
    refuses(function() layers.Layer(3) end, "the name of a layer must be a name of letters and digits, got 3")
  end)
end)

describe("weights", function()
  it("are read as copies and written by value", function()
    local dense = layers.Dense { 3 }
    dense:build { 2 }
    local list = dense:get_weights()
    K.update(dense.kernel, 7)
    assert.is_false(dw.close(list[1], dense.kernel))
    dense:set_weights { { { 1, 2, 3 }, { 4, 5, 6 } }, dw.tensor { 7, 8, 9 } }
    same(dense(dw.tensor { { 1, 1 } }), dw.tensor { { 12, 15, 18 } })
  end)

  it("of wrong number or shape are refused, and nothing is written", function()
    local dense = layers.Dense { 3, name = "head" }
    dense:build { 2 }
    local before = dense:get_weights()
    refuses(function() dense:set_weights { dw.ones { 2, 3 } } end, "set_weights: head has 2 weights, got 1")
    refuses(function() dense:set_weights { dw.ones { 2, 3 }, dw.ones { 4 } } end,
      "set_weights: weight 2, bias of head, has shape 3, got 4")
    refuses(function() dense:set_weights(3) end, "set_weights: takes a table of weights, got 3")
    same(dense.kernel, before[1])
  end)

  it("are made once, and counted only when they are there", function()
    local dense = layers.Dense { 3, name = "late" }
    refuses(function() dense:count_params() end, "late: it has no weights before it is built")
    dense:build { 2 }
    local kernel = dense.kernel
    dense:build { 9 }
    assert.is_true(rawequal(kernel, dense.kernel))
  end)

  it("follow trainable, also that of layers within", function()
    local model = dw.Sequential { dw.Input { 4 }, layers.Dense { 3 }, layers.BatchNormalization {} }
    assert.equal(4, #model.trainable_weights)
    model.layers[1].trainable = false
    assert.equal(2, #model.trainable_weights)
    model.trainable = false
    assert.equal(0, #model.trainable_weights)
    assert.is_false(model.layers[2].trainable)
    assert.equal(6, #model.weights)
    model.trainable = true
    assert.equal(4, #model.trainable_weights)
    refuses(function() model.trainable = 1 end, "trainable must be true or false, got 1")
  end)
end)

describe("a call", function()
  it("casts numbers to the layer's dtype", function()
    local dense = layers.Dense { 2 }
    assert.equal("float32", dense(dw.ones({ 3, 4 }, { dtype = "uint8" })).dtype)
    assert.equal("float64", layers.Dense({ 2, dtype = "float64" })(dw.ones { 3, 4 }).dtype)
  end)

  it("is in training if it is said, or the learning phase is", function()
    local drop, x = layers.Dropout { 0.5 }, dw.ones { 100 , 10 }
    same(drop(x), x)
    assert.is_false(dw.close(drop(x, { training = true }), x))
    K.learning_phase_scope(1, function() assert.is_false(dw.close(drop(x), x)) end)
    K.learning_phase_scope(1, function() same(drop(x, { training = false }), x) end)
    local within = layers.Layer "Within" { call = function(_, t) return drop(t) end } {}
    assert.is_false(dw.close(within(x, { training = true }), x))
  end)

  it("that does not fit names the layer, and what goes in with its shape", function()
    local one = layers.Conv2D { 8, 3, name = "stem" }
    one(dw.zeros { 1, 8, 8, 3 })
    refuses(function() one(dw.zeros { 1, 8, 8, 4 }) end,
      "Conv2D: x has 4 channels (8x8x4, channels_last) but the layer was built for 3",
      "[at stem, which takes 8x8x4]")
    local x = layers.ReLU { name = "before" }(dw.Input { 2, 2, 3 })
    refuses(function() layers.Conv2D { 8, 3, name = "stem" }(x) end, "[at stem, which takes before (2x2x3)]")
    refuses(function() one "x" end, 'Conv2D: x must be a tensor, got "x"')
    refuses(function() one { dw.ones { 1 } } end, "Conv2D: x must be a tensor, got ")
    refuses(function() layers.Add {} { dw.ones { 1 }, 3 } end, "Add: x[2] must be a tensor, got 3")
    refuses(function() one(dw.zeros { 1, 8, 8, 3 }, { trainin = true }) end,
      'Conv2D: unknown option "trainin"; did you mean "training"?')
  end)
end)

describe("a constructor", function()
  it("answers every mistake", function()
    refuses(function() layers.Dense {} end, "Dense: units is missing: it must be a whole number of at least 1")
    refuses(function() layers.Dense { 3, 4, 5, 6 } end, "Dense: takes ")
    refuses(function() layers.Dense { 3, unit = 4 } end, 'Dense: unknown option "unit"; did you mean "units"?')
    refuses(function() layers.Dense { 3, units = 4 } end, "Dense: units is given by position and by name")
    refuses(function() layers.Dense(3) end, "Dense: takes one table: Dense{ units }, got 3")
    refuses(function() layers.Dense { 3, activation = "rel" } end,
      'Dense: activation must be the name of an activation or a function, got "rel"; did you mean "relu"?')
    refuses(function() layers.Dense { 3, kernel_initializer = "glorot" } end, "Dense: kernel_initializer must be")
    refuses(function() local _ = layers.Dens end, 'dw.layers has no "Dens"; did you mean "Dense"?')
    refuses(function() local _ = layers.Dense({ 3 }).kernl end, 'Dense has no field or method "kernl"')
  end)

  it("makes names that differ", function()
    K.reset_uids()
    assert.equal("conv2d", layers.Conv2D({ 1, 1 }).name)
    assert.equal("conv2d_1", layers.Conv2D({ 1, 1 }).name)
    assert.equal("depthwise_conv2d", layers.DepthwiseConv2D({ 1 }).name)
    assert.equal("re_lu", layers.ReLU({}).name)
    assert.equal("head", layers.Dense({ 1, name = "head" }).name)
  end)
end)

describe("a layer of a script", function()
  it("is told what its call must give, and add_loss must get", function()
    for what, call in pairs {
      ["call must give a tensor or a table of tensors, got nil"] = function() end,
      ["call must give a tensor or a table of tensors, got 3"] = function() return 3 end,
      ["call must give tensors, got 3 at 2"] = function(_, x) return { x, 3 } end,
      ["add_loss: own must add a number or a tensor of one element, got a float32 tensor 2x3"] = function(self, x)
        self:add_loss(x)
        return x
      end,
    } do
      local Own = layers.Layer "Own" { call = call }
      refuses(function() Own { name = "own" }(dw.ones { 2, 3 }) end, what)
      if not what:find "add_loss" then refuses(function() dw.Sequential { dw.Input { 3 }, Own {} } end, what) end
    end
  end)
end)

describe("layers in tables of another", function()
  it("are tracked, however deep, and when the table is filled later", function()
    local Blocks = layers.Layer "Blocks" {
      options = { n = 2 },
      init = function(self)
        self.list, self.named = {}, { first = layers.Dense { 4 }, pairs = { { layers.Dense { 4 } } } }
        for i = 1, self.n do self.list[i] = layers.Dense { 4 } end
      end,
      build = function(self) self.list[#self.list + 1] = layers.Dense { 4 } end,
      call = function(self, x)
        for _, one in ipairs(self.list) do x = one(x) end
        return self.named.pairs[1][1](self.named.first(x))
      end,
    }
    local block = Blocks { n = 3 }
    local model = dw.Sequential { dw.Input { 4 }, block }
    assert.equal(6, #block.sublayers)
    assert.equal(6 * 20, model:count_params())
    block.trainable = false
    assert.equal(0, #model.trainable_weights)
    for _, one in ipairs(block.list) do assert.is_false(one.trainable) end
  end)
end)

describe("composition", function()
  it("of layers and ops by >> is an op, and a layer", function()
    local dense = layers.Dense { 4 }
    local f = dense >> K.relu >> dw.ops.matmul { b = random({ 4, 2 }, 3) }
    local x = random({ 3, 5 }, 1)
    same(f(x), K.dot(K.relu(dense(x)), random({ 4, 2 }, 3)))
    assert.equal("Dense{ 4 } >> relu{} >> matmul{ b = 4x2 }", tostring(f))
    assert.equal(3, #f:parameters())
    local input = dw.Input { 5 }
    local model = dw.Model { inputs = input, outputs = f(input) }
    same(model(x), f(x))
    assert.equal(20 + 4 + 8, model:count_params())
    assert.equal(20 + 4 + 8, dw.Sequential({ dw.Input { 5 }, f }):count_params())
  end)

  it("shares a composed op that is used twice", function()
    local f, x = dw.ops.matmul { b = random({ 3, 3 }, 1) } >> dw.ops.tanh {}, dw.Input { 3 }
    assert.equal(9, dw.Model({ inputs = x, outputs = f(f(x)) }):count_params())
  end)
end)
