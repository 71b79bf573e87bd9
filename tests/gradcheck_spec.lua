-- gradcheck_spec.lua: dw.gradcheck agrees with right gradients, finds wrong ones and says where.

local dw = require "dwconv"
local ops = require "dwconv.ops"
local support = require "support"
local K, refuses = dw.backend, support.refuses

local function f64(t) return dw.tensor(t, { dtype = "float64" }) end

describe("gradcheck", function()
  local x, y = f64 { { 0.3, 0.7 }, { -0.2, 1.1 } }, f64 { 0.5, -0.4 }

  it("agrees with right gradients of every order", function()
    for order = 1, 3 do
      assert.same({ true }, { dw.gradcheck(function(a, b) return K.sin(a * b) + K.exp(b) end, { x, y }, { order = order }) })
    end
    assert.is_true(dw.gradcheck(function(a, b) return a * b end, { y, y }), "one tensor twice")
    assert.is_true(dw.gradcheck(function(a) return a * 2 end, { x, y }), "one that f does not read")
    support.covers "gradcheck"
  end)

  it("finds a wrong gradient, and says where", function()
    local tensor = require("dwconv.args").kinds.tensor
    local double = ops.family "state" "wrongly" {
      doc = "Doubles.", args = { { "x", tensor "any" }, { "y", tensor "any" } }, result = "x's", keeps = { "y" },
      forward = function(a, b) return dw.no_grad(function() return a * 2 + b * b end) end,
      sample = function(R) return R { 2 }, R { 2 } end, example = "print(1)",
      backward = {
        x = function(g) return g * 2 end,
        y = function(g, _, _, b) return g * b * f64 { 2, 3 } end, -- right for the first, wrong for the second
      },
    }
    finally(function() ops.records.wrongly, ops.calls.wrongly = nil, nil end)
    local good, why = dw.gradcheck(double, { f64 { 1, 2 }, y })
    assert.is_false(good)
    assert.truthy(why:find("order 1, input 2: element 2 is ", 1, true), why)
    assert.truthy(why:find("by the tape", 1, true) and why:find("by differences", 1, true), why)
  end)

  it("refuses what it cannot check", function()
    refuses(function() dw.gradcheck(3, { x }) end, "gradcheck: f must be a function, got 3")
    refuses(function() dw.gradcheck(K.sin, x) end, "gradcheck: inputs must be a table of at least one tensor, got a float64 tensor 2x2")
    refuses(function() dw.gradcheck(K.sin, {}) end, "gradcheck: inputs must be a table of at least one tensor, got a table")
    refuses(function() dw.gradcheck(K.sin, { dw.ones { 2 } }) end, "inputs[1] must be a tensor of float64, got a float32 tensor 2")
    refuses(function() dw.gradcheck(function() end, { x }) end, "gradcheck: what f gives must be a tensor, got nil")
    refuses(function() dw.gradcheck(K.sin, { x }, { order = 0 }) end, "gradcheck: order must be at least 1, got 0")
  end)
end)
