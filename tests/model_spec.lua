-- model_spec.lua: Sequential and Model: graphs of layers with shared layers, several ends, models within models; parts of
-- them; their tables and pictures; what does not fit.

local dw = require "dwconv"
local support = require "support"
local K, layers, refuses, same = dw.backend, dw.layers, support.refuses, support.same

local function random(shape, seed) return dw.uniform(shape, { minval = -1, seed = seed }) end

local function shape(t) return table.concat(t.shape, "x") end

describe("Sequential", function()
  it("begins with an input that is added, and is frozen as a whole", function()
    local model = dw.Sequential {}
    model:add(dw.Input { 3 })
    model:add(layers.Dense { 2 })
    assert.equal(8, model:count_params())
    refuses(function() dw.Sequential({}):add(3) end, "add: takes a layer, an op or a function, or dw.Input first, got 3")
    refuses(function() dw.Sequential({}):count_params() end, "it has no weights before it is built")
    local frozen = dw.Sequential { dw.Input { 3 }, layers.BatchNormalization {}, trainable = false }
    local before = frozen:get_weights()
    frozen(dw.uniform({ 4, 3 }, { seed = 1 }), { training = true })
    for i, w in ipairs(frozen.weights) do support.same(w, before[i]) end
  end)

  it("comes back from its configuration, as every class does", function()
    local model = dw.Sequential { dw.Input { 3 }, layers.Dense { 2 }, dw.Sequential { layers.ReLU {} }, name = "net" }
    local again = dw.Sequential.from_config(model:get_config())
    assert.same(model:get_config(), again:get_config())
    assert.equal(8, again:count_params())
    assert.equal(2, layers.Dense.from_config(layers.Dense({ 2 }):get_config()).units)
    refuses(function() layers.Dense.from_config { unit = 2 } end, 'Dense.from_config: unknown option "unit"')
  end)
end)

describe("Sequential", function()
  local a, b = layers.Dense { 4, activation = "relu" }, layers.Dense { 2 }

  it("runs its layers one after the other", function()
    local model, x = dw.Sequential { a, b, K.softmax }, random({ 3, 5 }, 1)
    same(model(x), K.softmax(b(a(x))))
    assert.equal(4 * 6 + 10, model:count_params())
  end)

  it("is built by dw.Input, input_shape, build, a model at its beginning, or the first numbers", function()
    local function three(first) return { first, layers.Dense { 4, input_shape = first == nil and { 5 } or nil } } end
    assert.is_true(dw.Sequential({ dw.Input { 5 }, layers.Dense { 4 } }).built)
    assert.is_true(dw.Sequential({ layers.Dense { 4, input_shape = { 5 } } }).built)
    local late = dw.Sequential { layers.Dense { 4 } }
    assert.is_false(late.built)
    late:build { 5 }
    assert.equal(24, late:count_params())
    assert.is_true(dw.Sequential({ late, layers.Dense { 3 } }).built)
    local later = dw.Sequential { layers.Dense { 4 } }
    later(dw.ones { 2, 5 })
    assert.equal(24, later:count_params())
    assert.is_true(three ~= nil)
  end)

  it("grows by add", function()
    local model = dw.Sequential { dw.Input { 5 } }
    model:add(layers.Dense { 4 }):add(K.relu)
    assert.same({ 2, 4 }, { table.unpack(model(dw.ones { 2, 5 }).shape) })
    refuses(function() model:add(3) end, "add: takes a layer, an op or a function, got 3")
  end)

  it("refuses what is no layer", function()
    refuses(function() dw.Sequential { a, 3 } end, "Sequential: layers[2] must be a layer, an op or a function, got 3")
    refuses(function() dw.Sequential { dw.ones { 3 } } end, "Sequential: layers[1] must be a layer")
    refuses(function() dw.Sequential(a) end, "Sequential: takes one table of layers")
    refuses(function() dw.Sequential { a, nam = "x" } end, 'Sequential: unknown option "nam"; did you mean "name"?')
    refuses(function() dw.Sequential({}):build { 3 } end, "it has no layers")
    refuses(function() dw.Sequential({ layers.Dense { 2 } }):save "x" end, "it is not built yet")
  end)

  it("that does not fit says where, with the shapes", function()
    refuses(function()
      dw.Sequential { dw.Input { 8, 8, 3, name = "image" }, layers.MaxPooling2D { 2, name = "pool" },
        layers.Conv2D { 4, 5, name = "wide" } }
    end, "[at wide, which takes pool (4x4x3)]")
  end)
end)

describe("Model", function()
  it("has shared layers, several inputs and outputs", function()
    local shared = layers.Dense { 3, name = "shared" }
    local x1, x2 = dw.Input { 4, name = "left" }, dw.Input { 4, name = "right" }
    local a, b = shared(x1), shared(x2)
    local model = dw.Model { inputs = { x1, x2 }, outputs = { layers.Add {} { a, b }, a * b } }
    local left, right = random({ 2, 4 }, 1), random({ 2, 4 }, 2)
    for _, numbers in ipairs { { left, right }, { left = left, right = right } } do
      local y = model(numbers)
      same(y[1], shared(left) + shared(right))
      same(y[2], shared(left) * shared(right))
    end
    assert.equal(15, model:count_params())
    assert.equal(2, #model.inputs)
    assert.equal("0x3", shape(model.outputs[2]))
  end)

  it("is a layer of other models, and its weights are shared", function()
    local x = dw.Input { 4 }
    local inner = dw.Model { inputs = x, outputs = layers.Dense { 4 }(x) }
    local outer = dw.Model { inputs = inner.input, outputs = inner(inner(inner.input)) }
    local numbers = random({ 2, 4 }, 1)
    same(outer(numbers), inner(inner(numbers)))
    assert.equal(20, outer:count_params())
    assert.equal(inner, outer.layers[1])
  end)

  it("lists layers, and so weights, in Keras's order: by how far they are from the outputs", function()
    local x = dw.Input { 4 }
    local long = layers.Dense { 4, name = "long_2" }(layers.Dense { 4, name = "long_1" }(x))
    local short = layers.Dense { 4, name = "short" }(x)
    local model = dw.Model { inputs = x, outputs = layers.Add { name = "sum" } { short, long } }
    local names = {}
    for i, one in ipairs(model.layers) do names[i] = one.name end
    assert.same({ "long_1", "short", "long_2", "sum" }, names)
  end)

  it("gives its parts by name", function()
    local model = dw.Sequential { dw.Input { 8, 8, 1 }, layers.Conv2D { 4, 3, name = "conv" },
      layers.Flatten { name = "flat" }, layers.Dense { 2, name = "head" } }
    local x = random({ 2, 8, 8, 1 }, 3)
    local part = model:at "flat"
    same(model:get_layer "head"(part(x)), model(x))
    assert.equal(40, part:count_params())
    assert.equal(model:get_layer(1), model:get_layer "conv")
    refuses(function() model:at "flatt" end, 'at: sequential', 'has no layer "flatt"; did you mean "flat"?')
    refuses(function() model:get_layer "conv1" end, 'has no layer "conv1"; did you mean "conv"?')
    local new = dw.Model { inputs = model.input, outputs = layers.Dense { 5 }(model:get_layer("flat").output) }
    assert.same({ 2, 5 }, { table.unpack(new(x).shape) })
  end)

  it("refuses ends that do not belong together", function()
    local x, other = dw.Input { 4, name = "x" }, dw.Input { 4, name = "other" }
    refuses(function() dw.Model { inputs = x, outputs = x + other } end,
      "Model: the outputs depend on the input other (4), which is not among inputs")
    refuses(function() dw.Model { inputs = { x, other }, outputs = x * 2 } end,
      "Model: the outputs do not depend on the input other (4)")
    refuses(function() dw.Model { inputs = x, outputs = dw.ones { 2 } } end,
      "Model: outputs must be a symbolic tensor made of dw.Input")
    refuses(function() dw.Model { inputs = x } end, "Model: outputs is missing")
  end)

  it("refuses numbers of other shapes", function()
    local x = dw.Input { 4, 4, 1 }
    local model = dw.Model { inputs = x, outputs = K.relu(x), name = "net" }
    refuses(function() model(dw.ones { 2, 4, 4 }) end,
      "Model: net: x must be a batch of samples of shape 4x4x1, got a float32 tensor 2x4x4")
    refuses(function() model { dw.ones { 1, 4, 4, 1 }, dw.ones { 1 } } end,
      "net: x must have an entry for each input, of which there is 1, got 2")
  end)
end)

describe("batch normalization before an activation", function()
  it("runs within one step to the same bits, forward and back, whatever follows", function()
    for _, activation in ipairs { "relu", "relu6" } do
      local conv, norm, act = layers.Conv2D { 9, 3 }, layers.BatchNormalization {}, layers.Activation { activation }
      local model = dw.Sequential { dw.Input { 7, 7, 2 }, conv, norm, act }
      local x, g = random({ 3, 7, 7, 2 }, 1), random({ 3, 5, 5, 9 }, 2)
      norm:set_weights { random({ 9 }, 3), random({ 9 }, 4), dw.zeros { 9 }, dw.ones { 9 } }
      local function run(f)
        norm:set_weights { norm.gamma, norm.beta, dw.zeros { 9 }, dw.ones { 9 } }
        local tape, y = dw.record(f)
        return y, tape:gradients(y, model.trainable_weights, { output_gradients = g }), norm:get_weights()
      end
      local y, gradients, after = run(function() return model(x, { training = true }) end)
      local want, want_gradients, want_after = run(function()
        return act(norm(conv(x), { training = true }))
      end)
      same(y, want)
      for i = 1, #gradients do same(gradients[i], want_gradients[i]) end
      for i = 1, #after do same(after[i], want_after[i]) end
      same(model(x), act(norm(conv(x))))
    end
  end)
end)

describe("summary, dot and svg", function()
  local function printed(f)
    local lines = {}
    local _ <close> = support.with { print = function(text) lines[#lines + 1] = text end }
    local fine, why = pcall(f)
    return table.concat(lines, "\n"), fine, why
  end

  it("prints layers, shapes and parameters", function()
    local model = dw.Sequential { dw.Input { 8, 8, 1 }, layers.Conv2D { 4, 3, name = "conv" },
      layers.BatchNormalization { name = "norm" }, layers.Dense { 1000, name = "head" }, name = "net" }
    assert.equal([[
Model: "net"
Layer (type)               Output shape     Param #
===================================================
conv (Conv2D)              (n, 6, 6, 4)     40
norm (BatchNormalization)  (n, 6, 6, 4)     16
head (Dense)               (n, 6, 6, 1000)  5,000
===================================================
Total params: 5,056
Trainable params: 5,048
Non-trainable params: 8]], (printed(function() model:summary() end)))
  end)

  it("says what is connected to what where that is no chain", function()
    local x = dw.Input { 3, name = "x" }
    local model = dw.Model { inputs = x, outputs = layers.Dense { 3, name = "d" }(x) + x, name = "net" }
    assert.equal([[
Model: "net"
Layer (type)  Output shape  Param #  Connected to
=================================================
x (Input)     (n, 3)        0
d (Dense)     (n, 3)        12       x
add (K.add)   (n, 3)        0        d, x
=================================================
Total params: 12
Trainable params: 12
Non-trainable params: 0]], (printed(function() model:summary() end)))
  end)

  it("prints the rows up to a layer that does not fit, then its error", function()
    local model = dw.Sequential { layers.Conv2D { 4, 3, name = "a" }, layers.Conv2D { 4, 9, name = "b" }, name = "net" }
    local text, fine, why = printed(function() model:summary { 8, 8, 1 } end)
    assert.equal([[
Model: "net"
Layer (type)  Output shape  Param #
===================================
a (Conv2D)    (n, 6, 6, 4)  40
b (Conv2D)    does not fit
===================================]], text)
    assert.is_false(fine)
    assert.matches("%[at b, which takes a %(6x6x4%)%]", why)
  end)

  it("draws the graph", function()
    local x = dw.Input { 3, name = "x" }
    local model = dw.Model { inputs = x, outputs = layers.Dense { 3, name = "d<1>" }(x) + x, name = "net" }
    assert.equal([[
digraph "net" {
  node [shape=box, style=rounded, fontname=Helvetica];
  n1 [label="x\nInput\n3"];
  n2 [label="d<1>\nDense\n3"];
  n3 [label="add\nK.add\n3"];
  n1 -> n2;
  n2 -> n3;
  n1 -> n3;
}
]], model:dot())
    local svg = model:svg()
    assert.matches("^<svg xmlns", svg)
    assert.matches("d&lt;1&gt;", svg)
    assert.equal(3, select(2, svg:gsub("<rect x=", "")))
    assert.equal(3, select(2, svg:gsub('stroke="#888" marker', "")))
  end)

  it("profiles layers: each once, with its multiply-adds and bytes", function()
    local model = dw.Sequential { dw.Input { 8, 8, 2 }, layers.Conv2D { 4, 3, name = "conv" },
      layers.SeparableConv2D { 5, 3, name = "sep" }, layers.Flatten {}, layers.Dense { 3, name = "head" } }
    local rows = model:profile(dw.ones { 2, 8, 8, 2 }, { times = 1 })
    assert.equal(4, #rows)
    assert.equal(2 * 36 * (3 * 3 * 2 * 4), rows[1].multiply_adds)
    assert.equal(2 * 16 * (3 * 3 * 4 + 4 * 5), rows[2].multiply_adds)
    assert.equal(0, rows[3].multiply_adds)
    assert.equal(2 * 80 * 3, rows[4].multiply_adds)
    assert.equal(4 * (2 * 64 * 2 + 2 * 36 * 4 + 72 + 4), rows[1].bytes)
    assert.matches("conv %(Conv2D%)", tostring(rows))
  end)
end)

describe("a step of training that does not come to its end", function()
  it("changes no weights, no moving averages and no random streams", function()
    local Fails = layers.Layer "Fails" {
      init = function(self) self.fails = false end,
      call = function(self, x)
        if self.fails then return 3 end
        return x
      end,
    }
    local last = Fails {}
    local model = dw.Sequential { dw.Input { 3 }, layers.BatchNormalization {}, layers.Dropout { 0.5, seed = 1 },
      layers.Dense { 2 }, last }
    model:compile { optimizer = "adam", loss = "mse" }
    local x, y = random({ 8, 3 }, 1), random({ 8, 2 }, 2)
    model:train_on_batch(x, y)
    local before, draws = model:get_weights(), model:get_layer(2).draws
    last.fails = true
    refuses(function() model:train_on_batch(x, y) end, "call must give a tensor or a table of tensors, got 3 [at fails")
    for i, w in ipairs(model.weights) do same(w, before[i]) end
    assert.equal(draws, model:get_layer(2).draws)
    last.fails = false
    model:train_on_batch(x, y)
    for _, i in ipairs { 1, 3, 4, 5 } do
      assert.is_true(K.any(K.not_equal(model.weights[i], before[i])):item())
    end
  end)
end)
