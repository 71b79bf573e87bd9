-- support_spec.lua: the helpers of the other specs fail where they should, and put back what they change.

local core = require "dwconv.core"
local dw = require "dwconv"
local support = require "support"
local K = dw.backend

describe("support.with", function()
  local function now() return { K.floatx(), K.learning_phase(), dw.threads(), core.build().isa, print } end

  it("puts everything back, also after an error, and the inner before the outer", function()
    local before = now()
    local ok, why = pcall(function()
      local _ <close> = support.with { floatx = "float64", learning_phase = 1, threads = 3, isa = "base", print = error }
      assert.same({ "float64", 1, 3, "base", error }, now())
      local _ <close> = support.with { threads = 2, floatx = "float32" }
      assert.same({ "float32", 1, 2, "base", error }, now())
      error("of its own", 0)
    end)
    assert.is_false(ok)
    assert.equal("of its own", why)
    assert.same(before, now())
  end)

  it("puts back what changes meanwhile, if its present value was given", function()
    do
      local _ <close> = support.with { epsilon = K.epsilon() }
      K.set_epsilon(1e-3)
    end
    assert.equal(1e-7, K.epsilon())
  end)

  it("everywhere puts ISA, threads and grain back when a comparison fails", function()
    local before = now()
    local _ <close> = support.with { grain = 3e5 }
    assert.is_false((pcall(support.everywhere, function() error "differs" end)))
    assert.same(before, now())
    assert.equal(3e5, core.set_grain(3e5))
  end)
end)

describe("what compares", function()
  local x = dw.tensor({ 1, 2 }, { dtype = "float64" })

  it("fails for another number, shape or dtype", function()
    support.same(x, dw.tensor({ 1, 2 }, { dtype = "float64" }))
    for _, other in ipairs { x + 1e-15, x:reshape { 2, 1 }, x:astype "float32" } do
      assert.is_false((pcall(support.same, other, x)))
    end
    support.holds(x, { 1, 2 })
    assert.is_false((pcall(support.holds, x, { 1, 2.1 })))
    assert.is_false((pcall(support.near, x, x + 1, { rtol = 0, atol = 0.5 })))
  end)

  it("fails for no error, another text, and another place", function()
    assert.is_false((pcall(support.refuses, function() end, "text")))
    assert.is_false((pcall(support.refuses, function() error "another" end, "text")))
    assert.is_false((pcall(support.refuses, function() error("text", 0) end, "text")))
    assert.is_false((pcall(support.error_of, function() end)))
  end)
end)
