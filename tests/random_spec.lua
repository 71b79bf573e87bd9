-- random_spec.lua: the generator against its authors' vectors, independence of threads, moments and support.

local core = require "dwconv.core"
local dw = require "dwconv"
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
  end)

  it("refuses what makes no sense", function()
    refuses(function() dw.uniform({ 1 }, { minval = 1, maxval = 1 }) end, "uniform: maxval (1.0) must be above minval (1.0)")
    refuses(function() dw.uniform({ 1 }, { minval = 0 / 0 }) end, "uniform: minval must be a finite number")
    refuses(function() dw.uniform({ 1 }, { maxval = 1 / 0 }) end, "uniform: maxval must be a finite number")
    refuses(function() dw.uniform({ 1 }, { minval = -1e308, maxval = 1e308 }) end, "uniform: maxval")
    refuses(function() dw.normal({ 1 }, { stddev = -1 }) end, "normal: stddev must not be negative")
    refuses(function() dw.normal({ 1 }, { seed = 1.5 }) end, "normal: seed must be a whole number, got 1.5")
    refuses(function() dw.normal({ 1 }, { dtype = "int32" }) end, "normal: dtype must be")
    refuses(function() dw.uniform({ 1 }, { min = 0 }) end, 'uniform: unknown option "min"; did you mean "minval"?')
    refuses(function() dw.seed() end, "seed: seed must be")
  end)
end)
