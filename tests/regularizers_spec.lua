-- regularizers_spec.lua: regularizers against tf_keras, with their gradients, which are twice differentiable.

local dw = require "dwconv"
local support = require "support"
local training = require "training_cases"
local K, refuses, regularizers = dw.backend, support.refuses, dw.regularizers

describe("regularizers", function()
  it("and their gradients are tf_keras's", function()
    for _, case in ipairs(training.load "regularizers") do
      local r, what = training.instance(regularizers, case), training.describe(case)
      local tape, loss = dw.record(function() return r(case.w) end)
      assert.same({}, loss.shape)
      support.holds(loss, case.loss, what)
      if case.grad then support.near(tape:gradients(loss, case.w), case.grad, { rtol = 1e-13, atol = 1e-15 }, what) end
    end
  end)

  it("have second derivatives", function()
    local w = dw.tensor({ { 1, -2 }, { 0.5, 3 } }, { dtype = "float64" })
    dw.gradcheck(function(x) return regularizers.L1L2 { 0.1, 0.2 }(x) end, { w }, { order = 2 })
  end)

  it("are found by name, by configuration, and may be functions", function()
    local config = regularizers.L2 { 0.5 }:get_config()
    assert.same({ l2 = 0.5 }, config)
    local r = regularizers.get { class_name = "L2", config = config }
    assert.equal(0.5, r.l2)
    assert.equal("L2{ 0.5 }", tostring(r))
    assert.equal("L1L2{ 0.01, 0.01 }", tostring(regularizers.l1_l2 {}))
    assert.equal("L1L2{ 0.5, 0.01 }", tostring(regularizers.l1_l2 { 0.5 }))
    local own = regularizers.get(function(w) return K.sum(w) end)
    assert.equal(3, own(dw.ones { 3 }):item())
    refuses(function() regularizers.get "l3" end, 'got "l3"', "did you mean")
    refuses(function() regularizers.l2 { l1 = 1 } end, 'L2: unknown option "l1"')
    refuses(function() regularizers.L2 { 0 / 0 } end, "L2: l2 must be a finite number")
  end)

  it("of nothing are 0, of 0 too, of float32 are float32; only of floats", function()
    local w = dw.ones { 2, 3 }
    assert.equal(0, regularizers.L1L2 {}(w):item())
    assert.equal("float32", regularizers.L1L2 {}(w).dtype)
    assert.equal(0, regularizers.L2 {}(dw.zeros { 0, 3 }):item())
    refuses(function() regularizers.L2 {}(dw.arange(3)) end, "L2: w must be of dtype float32, float64")
  end)
end)
