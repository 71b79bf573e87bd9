-- losses_spec.lua: what fixtures cannot hold of losses: logits behind probabilities, what is kept alive for them, the
-- words of errors. tests/fixtures/backend/losses.lua has TensorFlow's numbers and gradients.

local dw = require "dwconv"
local support = require "support"
local K, refuses, holds, near = dw.backend, support.refuses, support.holds, support.near

local function f64(t) return dw.tensor(t, { dtype = "float64" }) end

local logits, hard = f64 { { 200, -200 }, { 1, 2 } }, f64 { { 0, 1 }, { 1, 0 } }
local labels = dw.tensor({ 2, 1 }, { dtype = "int32" })
local exact = { 400, math.log(1 + math.exp(1)) }

describe("a crossentropy of what comes from a softmax or a sigmoid", function()
  it("is computed from the logits", function()
    holds(K.categorical_crossentropy(hard, K.softmax(logits)), exact)
    holds(K.sparse_categorical_crossentropy(labels, K.softmax(logits)), exact)
    holds(K.categorical_crossentropy(hard:transpose(), K.softmax(logits:transpose(), { axis = 1 }), { axis = 1 }), exact)
    holds(K.binary_crossentropy(hard, logits:sigmoid())[1], { 200, 200 })
  end)

  it("also while a tape records, with the gradient softmax - target", function()
    local tape, loss = dw.record(function() return K.categorical_crossentropy(hard, K.softmax(logits)) end)
    holds(loss, exact)
    near(tape:gradients(loss, logits), K.softmax(logits) - hard, { rtol = 1e-14, atol = 1e-15 })
    tape, loss = dw.record(function() return K.sparse_categorical_crossentropy(labels, K.softmax(logits)) end)
    near(tape:gradients(loss, logits), K.softmax(logits) - hard, { rtol = 1e-14, atol = 1e-15 })
    tape, loss = dw.record(function() return K.binary_crossentropy(hard, K.sigmoid(logits)) end)
    near(tape:gradients(loss, logits), K.sigmoid(logits) - hard, { rtol = 1e-14, atol = 1e-15 })
    local inner
    tape, loss = dw.record(function()
      inner, loss = dw.record(function() return K.categorical_crossentropy(hard, K.softmax(logits)) end)
      return K.sum(K.square(inner:gradients(loss, logits)))
    end)
    assert.is_true(K.any(tape:gradients(loss, logits)[2]):item())
  end)

  it("of several results, in any order", function()
    local a, b = K.softmax(logits), K.softmax(logits * 2)
    assert.equal(800, K.categorical_crossentropy(hard, b)(1))
    assert.equal(400, K.categorical_crossentropy(hard, a)(1))
  end)

  -- The probabilities are then numbers like any others: clipped at 1e-7.
  it("is not, where the probabilities are no longer those, or a tape does not know where they are from", function()
    local clipped = -math.log(1e-7)
    local function is_clipped(p) near(K.categorical_crossentropy(hard, p)[{ { 1 } }], f64 { clipped }, { rtol = 1e-9, atol = 0 }) end
    is_clipped(K.softmax(logits):clone())
    local p = K.softmax(logits)
    p[2] = 0.5
    is_clipped(p)
    local x = logits:clone()
    p = K.softmax(x)
    x[2] = 1
    is_clipped(p)
    near(K.binary_crossentropy(f64 { 1 }, K.softmax(f64 { -200, 200 })[{ { 1 } }]), f64 { -math.log(2e-7) }, { rtol = 1e-6, atol = 0 })
    p = K.softmax(logits)
    local tape, loss = dw.record(function() return K.categorical_crossentropy(hard, p) end)
    assert.is_true(math.abs(loss(1) - clipped) < 1e-8)
    assert.is_true(K.any(tape:gradients(loss, p)[2]):item())
    tape, loss = dw.record(function()
      local q = dw.no_grad(function() return K.softmax(logits) end)
      return K.categorical_crossentropy(hard, q)
    end)
    assert.is_true(math.abs(loss(1) - clipped) < 1e-8)
    holds(tape:gradients(loss, logits), { { 0, 0 }, { 0, 0 } })
  end)

  it("keeps the logits of the last few results alive, and those only as long as the results", function()
    local alive = setmetatable({}, { __mode = "k" })
    local function count()
      collectgarbage()
      collectgarbage()
      local n = 0
      for _ in pairs(alive) do n = n + 1 end
      return n
    end
    local results = {}
    for i = 1, 20 do
      local x = dw.zeros { 2, 3 }
      alive[x], results[i] = true, i % 2 == 0 and K.softmax(x) or K.sigmoid(x)
    end
    assert.is_true(count() <= 8)
    assert.equal(20, #results)
    results = nil -- luacheck: ignore
    assert.equal(0, count())
  end)
end)

describe("a loss", function()
  it("adds the second epsilon of Keras", function() -- numbers of TensorFlow 2.21, float32
    local y = K.binary_crossentropy(dw.tensor { 1, 0 }, dw.tensor { 0, 1 })
    near(y, dw.tensor { 15.424949, 15.333239 }, { rtol = 1e-6, atol = 0 })
    local tape, loss = dw.record(function(p) return K.binary_crossentropy(dw.tensor { 1, 0 }, p) end, dw.tensor { 0, 1 })
    assert.is_true(tostring(tape) ~= "" and loss.size == 2)
  end)

  it("of nothing is nothing", function()
    assert.same({ 0 }, K.categorical_crossentropy(dw.zeros { 0, 3 }, dw.zeros { 0, 3 }).shape)
    assert.same({ 0 }, K.sparse_categorical_crossentropy(dw.zeros({ 0 }, { dtype = "int32" }), dw.zeros { 0, 3 }).shape)
    assert.same({ 0, 2 }, K.huber(dw.zeros { 0, 2, 3 }, dw.zeros { 0, 2, 3 }).shape)
  end)

  it("says which label is wrong, and which shapes do not fit", function()
    local x = dw.zeros { 2, 3 }
    refuses(function() K.sparse_categorical_crossentropy(dw.tensor { 0, 1 }, x) end,
      "sparse_categorical_crossentropy: target holds the label 0, outside 1 to 3; counting starts at 1")
    refuses(function() K.sparse_categorical_crossentropy(dw.tensor { 4, 1 }, x) end, "the label 4, outside 1 to 3")
    refuses(function() K.sparse_categorical_crossentropy(dw.tensor { 1, 2, 3 }, x) end,
      "target (3) must have a label for each line of output (2x3): its shape without axis 2, 2")
    refuses(function() K.categorical_crossentropy(dw.zeros { 2, 4 }, x) end,
      "categorical_crossentropy: target (2x4) must have the shape of output (2x3)")
    refuses(function() K.huber(x, dw.zeros({ 2, 3 }, { dtype = "float64" })) end, "huber: ", "float32", "float64")
    refuses(function() K.categorical_crossentropy(x, x, { axis = 0 }) end, "axis must be an axis, counting from 1")
  end)

  it("takes labels with a size of 1 anywhere, and of any numbers", function()
    local x = dw.uniform({ 2, 3, 4 }, { seed = 1, dtype = "float64" })
    local at = dw.tensor({ { 1, 2, 3, 1 }, { 3, 3, 2, 1 } }, { dtype = "int32" })
    local want = K.sparse_categorical_crossentropy(at, x, { axis = 2 })
    for _, shape in ipairs { { 2, 1, 4 }, { 2, 4, 1 }, { 1, 2, 4 } } do
      support.same(K.sparse_categorical_crossentropy(K.cast(at, "float32"):reshape(shape), x, { axis = 2 }), want)
    end
  end)
end)
