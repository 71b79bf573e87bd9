-- graph_spec.lua: dw.Input and what is made of it: symbolic tensors give shapes and errors, models compute what the same
-- program computes on numbers, also with the sizes of another batch.

local dw = require "dwconv"
local graph = require "dwconv.graph"
local ops = require "dwconv.ops"
local support = require "support"
local K, refuses, same = dw.backend, support.refuses, support.same

local function random(shape, seed) return dw.uniform(shape, { minval = -1, seed = seed }) end

-- Programs of an n,4,6,2 image; each runs on symbolic tensors and on numbers.
local programs = {
  function(x) return x * 2 + 1 end,
  function(x) return 1 / (x * x + 1) - -x end,
  function(x) return K.relu(x)[{ {}, { 1, 4, 2 }, -1 }] end,
  function(x) return x:permute { 1, 4, 2, 3 }:reshape { -1, 48 } end,
  function(x) return K.reshape(x, { x.shape[1], -1 }) end,
  function(x) return K.reshape(x, { x.shape[1], 8, 6 }) end,
  function(x) return K.batch_flatten(x) end,
  function(x) return K.mean(x, { axis = { 2, 3 }, keepdims = true }) - x end,
  function(x) return x - K.mean(x, { axis = 1, keepdims = true }) end,
  function(x) return K.concatenate({ x, K.square(x), x }, { axis = 3 }) end,
  function(x) return K.stack({ x, x + 1 }, { axis = 2 }) end,
  function(x) return (select(2, K.split(x, 3, { axis = 3 }))) end,
  function(x)
    local a, _, c = K.split(x, 3, { axis = 3 })
    return a * c
  end,
  function(x) return K.cast(K.argmax(x, { axis = 2 }), "float32") end,
  function(x) return K.where(K.greater(x, 0), x, x * 0.1) end,
  function(x) return K.softmax(x) end,
  function(x) return K.conv2d(x, random({ 3, 3, 2, 3 }, 5), { padding = "same" }) end,
  function(x) return K.conv2d_transpose(x, random({ 2, 2, 3, 2 }, 6), { x.shape[1], 8, 12, 3 }, { strides = 2 }) end,
  function(x) return K.group_normalization(x, nil, nil, { groups = 2 }) end,
  function(x) return K.broadcast_to(K.sum(x, { axis = 4, keepdims = true }), x.shape) end,
  function(x) return K.zeros_like(x) + K.ones_like(x) end,
  function(x) return dw.ops.residual(dw.ops.tanh {})(x) end,
  function(x) return (dw.ops.tanh {} >> dw.ops.matmul { b = random({ 2, 5 }, 8) })(x) end,
  function(x) return K.einsum("nhwc,nhwd->ncd", x, x) end,
  function(x) return K.resize_images(x, 2, 2, "channels_last", { interpolation = "bilinear" }) end,
  function(x) return K.dot(K.sum(x, { axis = { 2, 3 } }), random({ 2, 3 }, 4)) end,
}

describe("a model of functions and operators", function()
  for i, program in ipairs(programs) do
    it(i .. " computes what the program computes", function()
      local x = dw.Input { 4, 6, 2 }
      local y = program(x)
      local model = dw.Model { inputs = x, outputs = y }
      for _, n in ipairs { 1, 3 } do
        local numbers = random({ n, 4, 6, 2 }, 10 + n)
        same(model(numbers), program(numbers))
      end
    end)
  end

  it("has several results of one call as outputs", function()
    local x = dw.Input { 6 }
    local a, b = K.split(x, 2, { axis = 2 })
    local model = dw.Model { inputs = x, outputs = { b, a } }
    local numbers = random({ 2, 6 }, 1)
    local y = model(numbers)
    same(y[1], numbers:narrow(2, 4, 3))
    same(y[2], numbers:narrow(2, 1, 3))
  end)

  it("is differentiable to any order, with respect to its input and what it holds", function()
    local w, x, numbers = random({ 3, 3 }, 2), dw.Input { 3 }, random({ 2, 3 }, 3)
    local function program(t) return K.tanh(K.dot(t, w)) end
    local model = dw.Model { inputs = x, outputs = program(x) }
    local function second(f)
      local outer, g = dw.record(function()
        local tape, y = dw.record(f, numbers)
        return tape:gradients(y, w)
      end)
      return outer:gradients(g, { numbers, w })
    end
    local got, want = second(model), second(program)
    same(got[1], want[1])
    same(got[2], want[2])
  end)
end)

describe("dw.Input", function()
  it("is a tensor with an empty batch", function()
    local x = dw.Input { 28, 28, 1 }
    assert.same({ 0, 28, 28, 1 }, { table.unpack(x.shape) })
    assert.equal("float32", x.dtype)
    assert.equal("int32", dw.Input({ 3, dtype = "int32" }).dtype)
    assert.same({ 0, 5 }, { table.unpack(dw.Input({ shape = { 5 } }).shape) })
    support.covers "is_keras_tensor"
    assert.is_true(K.is_keras_tensor(x))
    assert.is_true(K.is_keras_tensor(x + 1))
    assert.is_false(K.is_keras_tensor(dw.zeros { 0, 28, 28, 1 }))
  end)

  it("refuses what is no shape", function()
    refuses(function() dw.Input { 3, "4" } end, "Input: shape[2] must be a whole number of at least 1, got \"4\"")
    refuses(function() dw.Input { 0 } end, "Input: shape[1] must be a whole number of at least 1, got 0")
    refuses(function() dw.Input(3) end, "Input: takes one table of sizes")
    refuses(function() dw.Input { 3, nam = "x" } end, 'Input: unknown option "nam"; did you mean "name"?')
    refuses(function() dw.Input { 3, dtype = "float" } end, 'Input: dtype must be "float32"')
    refuses(function() dw.Input { 1, 2, 3, 4, 5, 6, 7, 8 } end, "Input: shape must have at most 7 axes beside the batch")
  end)

  it("gives a wrong shape's error at once, in the words of the op", function()
    local x = dw.Input { 4, 4, 3 }
    refuses(function() K.conv2d(x, dw.zeros { 3, 3, 4, 3 }) end, "conv2d: x has 3 channels (0x4x4x3")
    refuses(function() local _ = x + dw.Input { 5 } end, "add: ")
  end)

  it("refuses a constant whose size came from the empty batch", function()
    local x = dw.Input { 3 }
    refuses(function() local _ = x + dw.zeros { x.shape[1], 3 } end, "add: a tensor without numbers (0x3) stands beside")
  end)
end)

describe("a graph", function()
  it("is noted only while there are symbolic tensors", function()
    do
      local x = dw.Input { 3 }
      assert.is_true(ops.slot[3] ~= nil)
      assert.is_true(graph.value(x + 1) ~= nil)
    end
    collectgarbage()
    collectgarbage()
    local y = dw.ones { 2 } + 1
    assert.is_nil(ops.slot[3])
    assert.is_nil(graph.value(y))
  end)

  it("takes no notes of numbers, and none within a call", function()
    local x = dw.Input { 3 }
    local before = graph.value(x + 1).node.id
    local numbers = K.softmax(dw.ones { 2, 3 }) * 2
    assert.is_nil(graph.value(numbers))
    K.batch_flatten(x) -- made of other calls
    assert.equal(before + 2, graph.value(x * 1).node.id)
  end)

  it("takes sizes once", function()
    refuses(function() dw.Input { 3, shape = { 4 } } end, "Input: takes sizes, or shape in their place, got both")
  end)

  it("refuses writes into symbolic tensors, which would be lost", function()
    local x = dw.Input { 3 }
    local function written(f)
      local y = x * 2
      f(y)
      return dw.Model { inputs = x, outputs = K.relu(y) }
    end
    for _, f in ipairs {
      function(y) K.update_add(y, 1) end, function(y) y:fill(3) end, function(y) y[{ {}, 1 }] = 5 end,
      function(y) y:copy_(dw.zeros { 0, 3 }) end, function(y) y:narrow(2, 1, 2):fill(1) end,
    } do
      refuses(function() written(f) end, "a symbolic tensor (3) has no numbers to write in place")
    end
  end)

  it("chooses by the learning phase when a model runs, also one that was saved", function()
    local x, one = dw.Input { 3 }, dw.ones { 1, 3 }
    local model = dw.Model { inputs = x, outputs = { K.in_train_phase(x * 2, x), K.in_test_phase(x * 2, x) } }
    local path = os.tmpname()
    model:save(path)
    for _, each in ipairs { model, dw.load_model(path) } do
      for _, training in ipairs { true, false } do
        local y, z = table.unpack(each(one, { training = training }))
        same(y, one * (training and 2 or 1))
        same(z, one * (training and 1 or 2))
      end
    end
    os.remove(path)
  end)

  it("leaves tapes alone, and they it", function()
    local x, w = dw.Input { 3 }, dw.ones { 3 }
    local tape, y = dw.record(function() return K.sum(w * w) + K.sum(x * w) end)
    assert.is_true(graph.value(y) ~= nil)
    assert.is_true(tape ~= nil)
  end)
end)
