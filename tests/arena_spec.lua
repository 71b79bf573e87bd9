-- arena_spec.lua: the memory of steps of training: borrowed blocks give the same bits as memory of their own, with every
-- kind of layer; what was taken back is an error for whoever still has it; a step borrows nothing that the step before
-- did not.

local dw = require "dwconv"
local arena = require "dwconv.grad.arena"
local call = require "dwconv.ops.call"
local core = require "dwconv.core"
local support = require "support"
local K, layers, refuses, same = dw.backend, dw.layers, support.refuses, support.same

local function random(shape, seed) return dw.uniform(shape, { minval = -1, seed = seed }) end

-- A network of layers of many kinds whose tensors are large enough to borrow.
local function network(last)
  local L, x = layers, dw.Input { 16, 16, 4 }
  local a = L.ReLU {}(L.BatchNormalization {}(L.Conv2D { 8, 3, padding = "same" }(x)))
  local b = L.LayerNormalization {}(L.DepthwiseConv2D { 3, padding = "same", depth_multiplier = 2 }(x))
  local c = L.Add {} { a, L.Dropout { 0.2, seed = 3 }(b) } * 0.5 + K.tanh(a)
  local d = L.Concatenate {} { L.SeparableConv2D { 8, 3, padding = "same", activation = "relu" }(c), a, b }
  local e = L.Activation { "relu6" }(L.BatchNormalization {}(L.Conv2DTranspose { 8, 3, strides = 2, padding = "same" }(d)))
  local f = L.AveragePooling2D {}(L.GroupNormalization { 4 }(L.UpSampling2D {}(L.MaxPooling2D {}(e))))
  local g = L.Softmax {}(L.PReLU { shared_axes = { 2, 3 } }(f))
  local h = L.Flatten {}(L.Permute { { 3, 1, 2 } }(L.ZeroPadding2D {}(g[{ {}, { 1, 16, 2 }, {}, {} }])))
  return dw.Model { inputs = x, outputs = last(L.Dense { 5, activation = "softmax" }(h)) }
end

-- Weights and losses after some steps.
local function train(last, steps)
  dw.seed(5)
  local model = network(last)
  model:compile { optimizer = "adam", loss = "categorical_crossentropy", metrics = { "accuracy", "mse" } }
  local x, y = random({ 24, 16, 16, 4 }, 1), K.one_hot(dw.arange(24, { dtype = "int32" }) % 5 + 1, 5)
  local losses = {}
  for i = 1, steps do losses[i] = table.pack(model:train_on_batch(x, y)) end
  losses[#losses + 1] = table.pack(model:test_on_batch(x, y))
  return model, losses
end

local function itself(x) return x end

-- What a script wrote, and may keep tensors: then nothing is borrowed.
local function of_script(x) return dw.layers.Lambda { function(t) return t end }(x) end

describe("steps on borrowed memory", function()
  for _, large in ipairs { call.large, 1 } do
    it("give the same bits, with results made again from " .. large .. " bytes on", function()
      local _ <close> = support.field(call, "large", large)
      local model, losses = train(itself, 3)
      local plain, want = train(of_script, 3)
      assert.is_true(next(model.blocks) ~= nil)
      assert.is_false(plain.blocks)
      assert.same(want, losses)
      for i, w in ipairs(model.weights) do same(w, plain.weights[i]) end
    end)
  end

  it("are not taken where a script's function could keep a tensor", function()
    local function kept(t) return K.tanh(t) end
    for _, layer in ipairs { layers.Dense { 2, activation = kept }, dw.layers.Lambda { kept },
      layers.Dense { 2, activity_regularizer = function(t) return K.sum(t) end },
      dw.layers.Lambda { dw.ops.tanh {} >> kept } } do
      local model = dw.Sequential { dw.Input { 400 }, layer, layers.Dense { 1 } }
      model:compile { optimizer = "sgd", loss = "mse" }
      model:train_on_batch(dw.ones { 200, 400 }, dw.ones { 200, 1 })
      assert.is_false(model.blocks)
    end
    local model = dw.Sequential { dw.Input { 400 }, layers.Dense { 2, activation = "relu" }, K.tanh }
    model:compile { optimizer = "sgd", loss = function(y, p) return K.mean(K.square(y - p), { axis = -1 }) end }
    model:train_on_batch(dw.ones { 200, 400 }, dw.ones { 200, 2 })
    assert.is_false(model.blocks)
    model:compile { optimizer = "sgd", loss = "mse" }
    model:train_on_batch(dw.ones { 200, 400 }, dw.ones { 200, 2 })
    assert.is_true(next(model.blocks) ~= nil)
  end)

  it("borrow nothing that the step before did not", function()
    local model = train(itself, 1)
    local function held()
      local n = 0
      for size, list in pairs(model.blocks) do n = n + size * #list end
      return n
    end
    local before = held()
    local x, y = random({ 24, 16, 16, 4 }, 1), K.one_hot(dw.arange(24, { dtype = "int32" }) % 5 + 1, 5)
    model:train_on_batch(x, y)
    assert.equal(before, held())
  end)

  it("need much less than all that they compute", function()
    local model = dw.Sequential { dw.Input { 64, 64, 8 } }
    for _ = 1, 10 do
      model:add(layers.DepthwiseConv2D { 3, padding = "same" }):add(layers.BatchNormalization {}):add(layers.ReLU {})
    end
    model:add(layers.GlobalAveragePooling2D {}):add(layers.Dense { 2 })
    model:compile { optimizer = "sgd", loss = "mse" }
    model:train_on_batch(random({ 8, 64, 64, 8 }, 1), random({ 8, 2 }, 2))
    local bytes, one = 0, 8 * 64 * 64 * 8 * 4
    for size, list in pairs(model.blocks) do bytes = bytes + size * #list end
    assert.is_true(bytes < 10 * one + 6 * (one + 4096), bytes / one .. " tensors") -- 10 results of convolutions are kept
  end)
end)

describe("a tensor whose memory was taken back", function()
  local function taken()
    local t, view
    do
      local _ <close> = arena.over {}
      t = K.ones { 200, 100 }
      view = t:narrow(1, 5, 3)
    end
    return t, view
  end

  it("is an error to whoever touches it, or a view of it", function()
    local t, view = taken()
    for _, one in ipairs { t, view } do
      for _, f in ipairs {
        function() return K.sum(one) end, function() return one + 1 end, function() return one[1] end,
        function() return one.shape end, function() return tostring(one) end, function() one[1] = 0 end,
        function() return one:to_table() end, function() K.update(dw.ones { 200, 100 }, one) end,
        function() return core.writes and one:writes() or one:writes() end,
      } do
        refuses(function() local _ = f() end, "was let go of when the step did not need it any more; clone() what is to stay")
      end
    end
  end)

  it("is not lent where a function of a script computes, which may keep it", function()
    local kept = {}
    local function activation(x)
      kept[#kept + 1] = x * 2
      return x
    end
    local function penalty(x)
      kept[#kept + 1] = x * 2
      return K.sum(x)
    end
    local x = dw.ones { 8, 34, 34, 4 }
    for _, options in ipairs { { activation = activation }, { activity_regularizer = penalty } } do
      options.filters, options.kernel_size = 8, 3
      local model = dw.Sequential { dw.Input { 34, 34, 4 }, dw.layers.Conv2D(options) }
      model:compile { optimizer = "sgd", loss = "mse" }
      model:train_on_batch(x, dw.zeros { 8, 32, 32, 8 })
    end
    assert.is_true(#kept >= 2)
    for _, t in ipairs(kept) do assert.equal("number", type(K.sum(t):item())) end
  end)

  it("stays, if it is kept", function()
    local t
    do
      local _ <close> = arena.over {}
      t = K.ones { 200, 100 }
      arena.keep(t)
    end
    same(t, dw.ones { 200, 100 })
  end)

  it("is taken back by an error too, and the next arena opens", function()
    local blocks, t = {}, nil
    assert.is_false(pcall(function()
      local _ <close> = arena.over(blocks)
      t = K.ones { 200, 100 }
      error "mine"
    end))
    assert.is_false(arena.open)
    assert.is_false(pcall(K.sum, t))
    local _ <close> = arena.over(blocks)
    same(K.ones { 200, 100 } * 2, K.ones { 200, 100 } + 1)
  end)

  it("of small size is not lent", function()
    local _ <close> = arena.over {}
    assert.is_nil(core.borrower(K.ones { 100 }))
    assert.is_true(core.borrower(K.ones { 200, 100 }) ~= nil)
    assert.is_nil(arena.outside(function() return core.borrower(K.ones { 200, 100 }) end))
  end)
end)
