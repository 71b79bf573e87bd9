-- constraints_spec.lua: constraints against tf_keras; and what they promise.

local dw = require "dwconv"
local support = require "support"
local training = require "training_cases"
local K, refuses, constraints = dw.backend, support.refuses, dw.constraints

describe("constraints", function()
  it("are tf_keras's", function()
    for _, case in ipairs(training.load "constraints") do
      local got = training.instance(constraints, case)(case.w)
      support.near(got, case.result, { rtol = 1e-13, atol = 1e-15 }, training.describe(case))
    end
  end)

  it("hold the lengths that they name", function()
    local w = dw.normal({ 3, 3, 5, 7 }, { stddev = 2, seed = 1, dtype = "float64" })
    local over = { axis = { 1, 2, 3 } }
    local function lengths(x) return K.sqrt(K.sum(K.square(x), over)) end
    support.near(lengths(constraints.UnitNorm { axis = { 1, 2, 3 } }(w)), dw.ones({ 7 }, { dtype = "float64" }),
      { rtol = 1e-6, atol = 0 })
    assert.is_true(K.max(lengths(constraints.MaxNorm { 3, axis = { 1, 2, 3 } }(w))):item() <= 3)
    assert.equal(0, K.min(constraints.NonNeg {}(w)):item())
  end)

  it("are found by name, by configuration, and may be functions", function()
    local c = constraints.get { class_name = "MinMaxNorm", config = constraints.MinMaxNorm { 1, 2, 0.5 }:get_config() }
    assert.equal("MinMaxNorm{ 1.0, 2.0, 0.5 }", (tostring(c):gsub("(%d),", "%1.0,"):gsub("%.0%.0", ".0")))
    assert.equal("MaxNorm{}", tostring(constraints.get "max_norm"))
    assert.equal(6, K.sum(constraints.get(function(w) return w * 2 end)(dw.ones { 3 })):item())
    refuses(function() constraints.MinMaxNorm { 2, 1 } end, "MinMaxNorm: max_value (1) must not be below min_value (2)")
    refuses(function() constraints.MaxNorm { -1 } end, "MaxNorm: max_value must be a number of at least 0, got -1")
    refuses(function() constraints.UnitNorm { axis = 0 } end, "UnitNorm: axis must be an axis")
    refuses(function() constraints.UnitNorm { axis = 3 }(dw.ones { 2, 2 }) end, "axis")
    refuses(function() constraints.NonNeg {}(3) end, "NonNeg: w must be a tensor, got 3")
  end)
end)
