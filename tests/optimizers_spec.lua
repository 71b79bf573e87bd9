-- optimizers_spec.lua: optimizers and schedules against tf_keras, in float64 and float32; slots and what files save of
-- them; minimize; bad input. update_spec.lua tests the kernels.

local dw = require "dwconv"
local support = require "support"
local training = require "training_cases"
local K, refuses, optimizers = dw.backend, support.refuses, dw.optimizers

local cases = training.load "optimizers"
local given = table.remove(cases, 1)

local TOLERANCE = { float64 = { rtol = 1e-12, atol = 1e-13 }, float32 = { rtol = 2e-5, atol = 3e-6 } }

local function casted(list, dtype)
  local all = {}
  for i, t in ipairs(list) do all[i] = dtype == "float64" and t:clone() or K.cast(t, dtype) end
  return all
end

local function step(optimizer, variables, t)
  local pairs_ = {}
  for i, g in ipairs(given.gradients[t]) do pairs_[i] = { K.cast(g, variables[i].dtype), variables[i] } end
  optimizer:apply_gradients(pairs_)
end

local function same(got, want, tolerance, what)
  for i, w in ipairs(want) do support.near(got[i], K.cast(w, got[i].dtype), tolerance, what .. ", variable " .. i) end
end

describe("optimizers", function()
  for dtype, tolerance in pairs(TOLERANCE) do
    it("step as tf_keras's, in " .. dtype, function()
      for _, case in ipairs(cases) do
        local optimizer, what = training.instance(optimizers, case), training.describe(case)
        local variables = casted(given.first, dtype)
        for t = 1, case.steps do
          step(optimizer, variables, t)
          if t == 1 then same(variables, case.after_one, tolerance, what .. " after one step") end
        end
        same(variables, case.after, tolerance, what)
        assert.equal(case.steps, optimizer.iterations)
        if case.final then
          optimizer:finalize_variable_values(variables)
          same(variables, case.final, tolerance, what .. ", averages")
        end
      end
    end)
  end

  it("go on bit by bit after their variables were saved and loaded", function()
    for _, case in ipairs(cases) do
      local one = training.instance(optimizers, case)
      local variables = casted(given.first, "float32")
      for t = 1, 3 do step(one, variables, t) end
      local copies, tensors = casted(variables, "float32"), {}
      local list, iterations = one:variables()
      for i, entry in ipairs(list) do tensors[i] = entry.tensor:clone() end
      local other = optimizers.get { class_name = case.name, config = one:get_config() }
      other:load_variables(tensors, iterations, copies)
      for t = 4, 6 do
        step(one, variables, t)
        step(other, copies, t)
      end
      for i, w in ipairs(variables) do support.same(copies[i], w, training.describe(case)) end
      local names, others = {}, {}
      for i, entry in ipairs((one:variables())) do names[i] = entry.name end
      for i, entry in ipairs((other:variables())) do others[i] = entry.name end
      assert.same(names, others)
    end
  end)

  it("name their slots and their variables", function()
    local w, b = dw.ones { 2, 3 }, dw.zeros { 3 }
    local adam = optimizers.Adam { amsgrad = true, use_ema = true }
    assert.same({}, (adam:variables()))
    adam:apply_gradients { { dw.ones { 2, 3 }, w }, { nil, b } }
    local names = {}
    local list, iterations = adam:variables()
    for i, entry in ipairs(list) do names[i] = entry.name end
    assert.same({ "m/1", "v/1", "vhat/1", "average/1", "m/2", "v/2", "vhat/2", "average/2" }, names)
    assert.equal(1, iterations)
    assert.equal(b, list[5].variable)
    support.same(b, dw.zeros { 3 })
    assert.is_true(w(1, 1) < 1)
  end)

  it("leave variables without a gradient alone, and weights that are excluded from decay", function()
    local w, b = dw.ones { 2 }, dw.ones { 2 }
    local o = optimizers.AdamW { 0.1, 0.5 }
    o:exclude_from_weight_decay { b }
    o:apply_gradients { { dw.zeros { 2 }, w }, { dw.zeros { 2 }, b } }
    support.near(w, dw.full({ 2 }, 0.95), { rtol = 1e-6, atol = 0 })
    support.same(b, dw.ones { 2 })
    o:apply_gradients {}
    assert.equal(1, o.iterations)
    refuses(function() o:apply_gradients { { nil, w } } end, "apply_gradients: there is no gradient for any variable")
  end)

  it("minimize what a function gives", function()
    local x = dw.tensor({ 3, -2 }, { dtype = "float64" })
    local o = optimizers.SGD { 0.25 }
    local loss, more = o:minimize(function() return K.sum(x * x), "more" end, x)
    assert.equal(13, loss:item())
    assert.equal("more", more)
    support.holds(x, { 1.5, -1 })
    local y = dw.tensor({ 1 }, { dtype = "float64" })
    local adam = optimizers.Adam { 0.1 }
    for _ = 1, 300 do adam:minimize(function() return K.sum(x ^ 4) + K.sum((y - 2) ^ 2) end, { x, y }) end
    assert.is_true(math.abs(y:item() - 2) < 0.01)
  end)

  it("take a new rate at any time, a function of the step, and NaN shows", function()
    local w, o = dw.zeros { 1 }, optimizers.SGD { learning_rate = 1 }
    local g = dw.ones { 1 }
    o:apply_gradients { { g, w } }
    o.learning_rate = 0.5
    o:apply_gradients { { g, w } }
    assert.equal(-1.5, w:item())
    o.learning_rate = optimizers.schedules.PiecewiseConstantDecay { { 2 }, { 0.25, 100 } }
    o:apply_gradients { { g, w } }
    assert.equal(-1.75, w:item())
    local f = optimizers.SGD { learning_rate = function(t) return t end }
    for _ = 1, 4 do f:apply_gradients { { g, w } } end
    assert.equal(-7.75, w:item())
    for _, clip in ipairs { "clipnorm", "clipvalue", "global_clipnorm" } do
      local x = dw.zeros { 2 }
      optimizers.SGD { [clip] = 1 }:apply_gradients { { dw.tensor { 0 / 0, 1 }, x } }
      assert.is_true(x(1) ~= x(1), clip)
    end
    o.learning_rate = "fast"
    refuses(function() o:apply_gradients { { g, w } } end, "learning_rate must be a number or a schedule")
  end)

  it("of a script are classes, with slots, clipping and averages of weights", function()
    local Sign = optimizers.Optimizer "Sign" {
      doc = "Steps of one length, and counts them.",
      leading = { "learning_rate" },
      options = { learning_rate = 0.5 },
      slots = function() return { { "count", 10 } } end,
      prepare = function(_, rate, t) return { learning_rate = rate / t } end,
      step = function(_, w, g, s, o)
        K.update_sub(w, K.sign(g) * o.learning_rate)
        K.update_add(s.count, 1)
      end,
    }
    local o, w = Sign { use_ema = true, ema_momentum = 0.5 }, dw.zeros { 2 }
    for _ = 1, 2 do o:apply_gradients { { dw.tensor { 3, -3 }, w } } end
    support.same(w, dw.tensor { -0.75, 0.75 })
    support.same(o:variables()[1].tensor, dw.tensor { 12.0, 12 })
    support.same(o:variables()[2].tensor, dw.tensor { -0.5, 0.5 })
  end)

  it("clip by the norm first, then by value", function()
    local w = dw.zeros({ 2 }, { dtype = "float64" })
    local g = dw.tensor({ 3, 4 }, { dtype = "float64" })
    optimizers.SGD { 1, clipnorm = 1, clipvalue = 0.7 }:apply_gradients { { g, w } }
    support.holds(w, { -0.6, -0.7 })
  end)

  it("have the same bits for every thread count, and are not recorded", function()
    local g, wanted = dw.uniform({ 300, 301 }, { minval = -1, seed = 2 }), {}
    support.everywhere(function(isa)
      local w = dw.uniform({ 300, 301 }, { seed = 1 })
      local o = optimizers.Adam { clipnorm = 1, use_ema = true }
      local tape = dw.record(function()
        for _ = 1, 3 do o:apply_gradients { { g, w } } end
      end)
      assert.equal("tape of 0 calls", tostring(tape))
      wanted[isa] = wanted[isa] or w
      support.same(w, wanted[isa])
    end)
  end)

  it("have Keras's names and defaults", function()
    for _, name in ipairs { "sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamw", "adamax", "nadam", "lion", "ftrl",
      "SGD", "RMSprop", "AdamW" } do
      local o = optimizers.get(name)
      assert.equal(name:lower() == "sgd" and 0.01 or name == "lion" and 0.0001 or 0.001, o.learning_rate)
    end
    local o = optimizers.SGD { optimizers.schedules.ExponentialDecay { 0.1, 10, 0.5 }, momentum = 0.9 }
    local config = o:get_config()
    assert.same({ class_name = "ExponentialDecay",
      config = { initial_learning_rate = 0.1, decay_steps = 10, decay_rate = 0.5, staircase = false } },
      config.learning_rate)
    local again = optimizers.get { class_name = "SGD", config = config }
    assert.equal(0.05, again.learning_rate(10))
    assert.equal("Adam{ 0.01 }", tostring(optimizers.Adam { 0.01 }))
  end)

  it("refuse what does not fit, before anything is written", function()
    local w, o = dw.ones { 2 }, optimizers.Adam {}
    refuses(function() optimizers.Adam { 0.1, lr = 1 } end, 'Adam: unknown option "lr"')
    refuses(function() optimizers.Adam { "fast" } end, 'Adam: learning_rate must be a number or a schedule, got "fast"')
    refuses(function() optimizers.Adam { beta_1 = 1.5 } end, "Adam: beta_1 must be a number from 0 to 1, got 1.5")
    refuses(function() optimizers.SGD { clipnorm = 1, global_clipnorm = 1 } end, "SGD: takes clipnorm or global_clipnorm")
    refuses(function() optimizers.SGD { clipvalue = 0 } end, "SGD: clipvalue must be a number above 0, got 0")
    refuses(function() o:apply_gradients(w) end, "apply_gradients: takes a list of { gradient, variable }")
    refuses(function() o:apply_gradients { w } end, "apply_gradients: takes a list of { gradient, variable }", "at 1")
    refuses(function() o:apply_gradients { { w, w }, { dw.ones { 3 }, w } } end,
      "apply_gradients: gradient 2 must be as its variable is, a float32 tensor 2, got a float32 tensor 3")
    refuses(function() o:apply_gradients { { w, dw.arange(2) } } end, "variable 1 must be a tensor of floats, got an int32")
    refuses(function() o:minimize(function() return 3 end, w) end, "loss")
    refuses(function() o:minimize(w, w) end, "minimize: f must be a function")
    refuses(function() o:load_variables({}, 1, { w }) end, "there must be 2 tensors for each of the 1 variables, got 0")
    refuses(function() o:load_variables({ w, dw.ones { 3 } }, 1, { w }) end, "v/1 must be a float32 tensor 2, got")
    support.same(w, dw.ones { 2 })
    assert.equal(0, o.iterations)
  end)
end)

describe("schedules", function()
  it("are tf_keras's", function()
    for _, case in ipairs(training.load "schedules") do
      local schedule = training.instance(optimizers.schedules, case)
      for i, want in ipairs(case.rates) do
        local got = schedule(i - 1)
        assert(math.abs(got - want) < 1e-6 * (1 + want), ("%s, step %d: %.9g is not %.9g"):format(
          training.describe(case), i - 1, got, want))
      end
    end
  end)

  it("refuse what does not fit", function()
    local schedules = optimizers.schedules
    refuses(function() schedules.ExponentialDecay { 0.1, 0, 0.5 } end, "decay_steps must be a number above 0, got 0")
    refuses(function() schedules.ExponentialDecay { 0.1 } end, "ExponentialDecay: decay_steps is missing")
    refuses(function() schedules.PiecewiseConstantDecay { { 1, 2 }, { 1, 2 } } end, "values must be one more")
    refuses(function() schedules.PiecewiseConstantDecay { { 2, 2 }, { 1, 2, 3 } } end, "boundaries must rise")
    refuses(function() schedules.CosineDecay { 0.1, 5 }(-1) end, "CosineDecay: step must be a number of at least 0")
  end)
end)
