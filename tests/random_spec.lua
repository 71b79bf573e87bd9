-- random_spec.lua: the generator against its authors' vectors, independence of threads, moments and support.

local core = require "dwconv.core"
local dw = require "dwconv"
local K = dw.backend
local support = require "support"
local refuses = support.refuses

local function moments(t)
  local n, sum, squares = t.size, 0, 0
  for _, v in ipairs(t:reshape({ -1 }):to_table()) do sum, squares = sum + v, squares + v * v end
  return sum / n, squares / n - (sum / n) ^ 2
end

-- Philox 4x32-10 in Lua's integers, after the paper.
local function philox(key, counter)
  local M = 0xffffffff
  local k0, k1, c0, c1, c2, c3 = key & M, key >> 32 & M, counter & M, counter >> 32 & M, 0, 0
  for _ = 1, 10 do
    local a, b = 0xD2511F53 * c0, 0xCD9E8D57 * c2
    c0, c1, c2, c3 = (b >> 32) ~ c1 ~ k0, b & M, (a >> 32) ~ c3 ~ k1, a & M
    k0, k1 = k0 + 0x9E3779B9 & M, k1 + 0xBB67AE85 & M
  end
  return c0, c1, c2, c3
end

describe("random", function()
  it("Philox 4x32-10 gives the published numbers", function()
    -- Random123's known-answer file: counter 0 0 0 0, key 0 0; the same algorithm in Lua for the rest.
    assert.same({ 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 }, { philox(0, 0) })
    for _, key in ipairs { 0, 1, -1, 0x0123456789abcdef } do
      for _, counter in ipairs { 0, 1, 2 ^ 32 | 0, -1, 0x7edcba9876543210 } do
        assert.same({ philox(key, counter) }, { core.philox(key, counter) })
      end
    end
  end)

  it("the same numbers for any thread count and ISA", function()
    for _, make in ipairs { dw.uniform, dw.normal } do
      for _, dtype in ipairs { "float32", "float64" } do
        local want = make({ 3, 5003 }, { seed = 11, dtype = dtype }):to_bytes()
        support.everywhere(function()
          assert.is_true(make({ 3, 5003 }, { seed = 11, dtype = dtype }):to_bytes() == want)
        end, { 1, 2, 3, 7 })
      end
    end
  end)

  it("dw.seed makes what follows repeatable, and calls differ", function()
    dw.seed(5)
    local a, b = dw.uniform { 10 }, dw.normal { 10 }
    dw.seed(5)
    support.same(dw.uniform { 10 }, a)
    support.same(dw.normal { 10 }, b)
    assert.is_false((dw.close(dw.uniform { 10 }, a)))
    dw.seed(6)
    assert.is_false((dw.close(dw.uniform { 10 }, a)))
    support.covers "seed"
  end)

  it("dw.set_random_state goes back to where dw.random_state was: a seed, and the blocks of four numbers since", function()
    dw.seed(5)
    assert.same({ 5, 0 }, dw.random_state())
    dw.uniform { 10 }
    assert.same({ 5, 3 }, dw.random_state())
    local state = dw.random_state()
    local a = dw.uniform { 10 }
    dw.seed(9)
    dw.set_random_state(state)
    support.same(dw.uniform { 10 }, a)
    support.refuses(function() dw.set_random_state { 1 } end, "set_random_state: state must be {seed, count}")
    support.covers("random_state", "set_random_state")
  end)

  it("a seed of its own leaves the stream alone", function()
    dw.seed(5)
    dw.uniform { 4 }
    local want = dw.uniform { 4 }
    dw.seed(5)
    dw.uniform { 4 }
    dw.uniform({ 100 }, { seed = 1 })
    support.same(dw.uniform { 4 }, want)
  end)
end)

describe("random numbers", function()
  it("uniform: support and moments", function()
    for _, dtype in ipairs { "float32", "float64" } do
      local t = dw.uniform({ 100000 }, { minval = -1, maxval = 3, seed = 2, dtype = dtype })
      for _, v in ipairs(t:to_table()) do
        if not (v >= -1 and v < 3) then error(v .. " is outside") end
      end
      local mean, variance = moments(t)
      assert.is_true(math.abs(mean - 1) < 0.02, mean)
      assert.is_true(math.abs(variance - 16 / 12) < 0.02, variance)
    end
    -- rounding to float32 must not reach the excluded end
    for _, v in ipairs(dw.uniform({ 1000 }, { minval = 1, maxval = 1 + 2 ^ -20, seed = 3 }):to_table()) do
      assert.is_true(v < 1 + 2 ^ -20)
    end
    support.covers "uniform"
  end)

  it("normal: moments and tails", function()
    for _, dtype in ipairs { "float32", "float64" } do
      local t = dw.normal({ 100000 }, { mean = 2, stddev = 3, seed = 2, dtype = dtype })
      local mean, variance = moments(t)
      assert.is_true(math.abs(mean - 2) < 0.05, mean)
      assert.is_true(math.abs(variance - 9) < 0.15, variance)
      local beyond = 0
      for _, v in ipairs(t:to_table()) do
        if v ~= v or math.abs(v) > 40 then error(v .. " is no normal number") end
        if math.abs(v - 2) > 6 then beyond = beyond + 1 end
      end
      assert.is_true(math.abs(beyond / 100000 - 0.0455) < 0.004, beyond) -- P(|z| > 2)
    end
    assert.same({ 4, 4 }, dw.normal({ 2 }, { mean = 4, stddev = 0 }):to_table())
    support.covers "normal"
  end)

  it("under Keras's names, the same numbers", function()
    local same = support.same
    same(K.random_uniform({ 9 }, { minval = 2, maxval = 5, seed = 1 }), dw.uniform({ 9 }, { minval = 2, maxval = 5, seed = 1 }))
    same(K.random_normal({ 9 }, { mean = 2, stddev = 5, seed = 1 }), dw.normal({ 9 }, { mean = 2, stddev = 5, seed = 1 }))
    same(K.random_uniform_variable({ 9 }, 2, 5, { seed = 1 }), dw.uniform({ 9 }, { minval = 2, maxval = 5, seed = 1 }))
    same(K.random_normal_variable({ 9 }, 2, 5, { seed = 1 }), dw.normal({ 9 }, { mean = 2, stddev = 5, seed = 1 }))
    refuses(function() K.random_normal({ 1 }, { stddev = -1 }) end, "random_normal: stddev must not be negative")
    refuses(function() K.random_uniform_variable({ 1 }, 2, 1) end, "random_uniform_variable: high (1.0) must be above low (2.0)")
    support.covers("random_uniform", "random_normal",
      "random_uniform_variable", "random_normal_variable")
  end)

  it("truncated_normal: moments, and nothing beyond two deviations", function()
    for _, dtype in ipairs { "float32", "float64" } do
      local t = K.truncated_normal({ 100000 }, { mean = 1, stddev = 2, seed = 3, dtype = dtype })
      local mean, variance = moments(t)
      assert.is_true(math.abs(mean - 1) < 0.03, mean)
      assert.is_true(math.abs(variance / 4 - 0.7737413) < 0.01, variance) -- 1 - 4 phi(2) / (2 Phi(2) - 1)
      assert.is_true(K.max(t):item() <= 5 and K.min(t):item() >= -3)
      assert.is_true(K.max(t):item() > 4.99 and K.min(t):item() < -2.99)
      local below = K.mean(t:less(0)):item() -- (Phi(-1/2) - Phi(-2)) / (1 - 2 Phi(-2))
      assert.is_true(math.abs(below - 0.2994) < 0.006, below)
    end
    support.covers "truncated_normal"
  end)

  it("random_binomial: 1 as often as p says", function()
    local t = K.random_binomial({ 100000 }, { p = 0.3, seed = 5 })
    assert.equal("float32", t.dtype)
    assert.is_true(math.abs(K.mean(t):item() - 0.3) < 0.006)
    assert.is_true(K.all(K.logical_or(t:equal(0), t:equal(1))):item())
    assert.same({ 0, 1 }, { K.max(K.random_binomial({ 99 })):item(), K.min(K.random_binomial({ 99 }, { p = 1 })):item() })
    support.covers "random_binomial"
  end)

  it("are the same for every number of threads", function()
    local function draw() return K.truncated_normal({ 50000 }, { seed = 8 }) end
    local want = draw()
    support.everywhere(function() support.same(draw(), want) end)
  end)

  it("refuses what makes no sense", function()
    refuses(function() dw.uniform({ 1 }, { minval = 1, maxval = 1 }) end, "uniform: maxval (1.0) must be above minval (1.0)")
    refuses(function() dw.uniform({ 1 }, { minval = 0 / 0 }) end, "uniform: minval must be a number, got NaN")
    refuses(function() dw.uniform({ 1 }, { maxval = 1 / 0 }) end, "uniform: maxval must be a finite number")
    refuses(function() dw.uniform({ 1 }, { minval = -1e308, maxval = 1e308 }) end, "uniform: maxval")
    refuses(function() dw.normal({ 1 }, { stddev = -1 }) end, "normal: stddev must not be negative")
    refuses(function() dw.normal({ 1 }, { seed = 1.5 }) end, "normal: seed must be a whole number, got 1.5")
    refuses(function() dw.normal({ 1 }, { dtype = "int32" }) end, "normal: dtype must be")
    refuses(function() dw.uniform({ 1 }, { min = 0 }) end, 'uniform: unknown option "min"; did you mean "minval"?')
    refuses(function() dw.seed() end, "seed: n must be")
  end)
end)
