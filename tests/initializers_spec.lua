-- initializers_spec.lua: initializers: moments and limits of their distributions by Keras's fan rule, orthogonality,
-- seeds, names and bad input.

local dw = require "dwconv"
local support = require "support"
local K, refuses, initializers = dw.backend, support.refuses, dw.initializers

local CUT = 0.87962566103423978 -- the deviation of a normal distribution cut at 2

local function moments(x)
  x = K.cast(x, "float64")
  return K.mean(x):item(), K.std(x):item(), K.min(x):item(), K.max(x):item()
end

local function within(got, want, tolerance, what)
  assert(math.abs(got - want) <= tolerance, ("%s: %g is not near %g"):format(what, got, want))
end

-- The deviation is `stddev` and, if given, no number is beyond `limit`, and the limit is reached nearly.
local function check(what, x, stddev, limit)
  local mean, deviation, low, high = moments(x)
  local n = x.size
  within(mean, 0, 5 * stddev / n ^ 0.5, what .. ", mean")
  within(deviation, stddev, 5 * stddev / n ^ 0.5, what .. ", deviation")
  if not limit then return assert(high > 3 * stddev and low < -3 * stddev, what) end
  assert(high <= limit and low >= -limit, what .. " passes its limit")
  assert(high > 0.99 * limit and low < -0.99 * limit, what .. " stays far below its limit")
end

-- Shapes with their fan in and fan out, as Keras 2 has them: a window counts for both.
local SHAPES = {
  { { 90000 }, 90000, 90000 }, { { 200, 450 }, 200, 450 }, { { 5, 120, 150 }, 600, 750 },
  { { 3, 3, 100, 100 }, 900, 900 }, { { 3, 5, 2000, 3 }, 30000, 45 }, { { 2, 3, 4, 50, 75 }, 1200, 1800 },
}

describe("initializers", function()
  it("without chance give what they say", function()
    support.same(initializers.Zeros {}({ 2, 3 }), dw.zeros { 2, 3 })
    support.same(initializers.Ones {}({ 2 }, "float64"), dw.ones({ 2 }, { dtype = "float64" }))
    support.same(initializers.Constant { 0.5 }({ 2, 2 }), dw.full({ 2, 2 }, 0.5))
    support.same(initializers.Constant {}({}), dw.tensor(0.0))
    support.same(initializers.Constant { { 1, 2, 3 } }({ 3 }, "float64"), dw.tensor({ 1, 2, 3 }, { dtype = "float64" }))
    support.same(initializers.Identity { 2 }({ 2, 3 }), dw.tensor { { 2, 0, 0 }, { 0, 2, 0 } })
    support.same(initializers.Identity {}({ 3, 2 }), dw.tensor { { 1, 0 }, { 0, 1 }, { 0, 0 } })
  end)

  it("by chance have the moments of their distribution", function()
    check("RandomUniform", initializers.RandomUniform { seed = 1 }({ 300, 300 }), 0.1 / 12 ^ 0.5, 0.05)
    check("RandomNormal", initializers.RandomNormal { seed = 2 }({ 300, 300 }), 0.05)
    check("TruncatedNormal", initializers.TruncatedNormal { 0, 0.5, seed = 3 }({ 300, 300 }), 0.5 * CUT, 1)
    local mean, deviation = moments(initializers.RandomNormal { 3, 2, seed = 4 }({ 300, 300 }))
    within(mean, 3, 0.04, "mean")
    within(deviation, 2, 0.04, "deviation")
    local low, high = select(3, moments(initializers.RandomUniform { 1, 3, seed = 5 }({ 300, 300 })))
    assert(low >= 1 and low < 1.01 and high < 3 and high > 2.99)
  end)

  it("scale by Keras's fan rule", function()
    for i, case in ipairs(SHAPES) do
      local shape, fan_in, fan_out = table.unpack(case)
      local function both(name, n, scale)
        local stddev = (scale / n) ^ 0.5
        local uniform, normal = name .. "Uniform", name .. "Normal"
        check(uniform, initializers[uniform] { seed = i }(shape, "float64"), stddev, stddev * 3 ^ 0.5)
        check(normal, initializers[normal] { seed = i }(shape, "float64"), stddev, 2 * stddev / CUT)
      end
      both("Glorot", (fan_in + fan_out) / 2, 1)
      both("He", fan_in, 2)
      both("Lecun", fan_in, 1)
      local out = initializers.VarianceScaling { 2, "fan_out", seed = i }
      check("fan_out", out(shape), (2 / fan_out) ^ 0.5, 2 * (2 / fan_out) ^ 0.5 / CUT)
      local untruncated = initializers.VarianceScaling { 3, "fan_avg", "untruncated_normal", seed = i }
      check("fan_avg", untruncated(shape), (6 / (fan_in + fan_out)) ^ 0.5)
    end
  end)

  it("of a depthwise kernel start as far too small as Keras's", function()
    local limit = (6 / 297) ^ 0.5
    for seed = 1, 20 do
      assert(K.max(K.abs(initializers.GlorotUniform { seed = seed }({ 3, 3, 32, 1 }))):item() <= limit)
    end
  end)

  it("are orthogonal", function()
    for i, shape in ipairs { { 5, 3 }, { 3, 5 }, { 70, 70 }, { 40, 100 }, { 3, 3, 4, 8 }, { 2, 2, 2, 33 }, { 1, 1 } } do
      for dtype, tolerance in pairs { float64 = 1e-14, float32 = 1e-6 } do
        local x = initializers.Orthogonal { 2, seed = i }(shape, dtype)
        assert.same(shape, x.shape)
        local q = x:reshape { -1, shape[#shape] } / 2
        local short = math.min(q.shape[1], q.shape[2])
        local product = q.shape[1] < q.shape[2] and K.matmul(q, q:transpose()) or K.matmul(q:transpose(), q)
        support.near(product, dw.eye(short, short, { dtype = dtype }), { rtol = 0, atol = tolerance })
      end
    end
    local bias = 0 -- a QR decomposition whose signs are not fixed has a diagonal of Q below 0
    for seed = 1, 200 do bias = bias + initializers.Orthogonal { seed = seed }({ 1, 1 }):item() end
    assert(math.abs(bias) < 60, "the signs are not fair")
  end)

  it("with a seed give the same each time, without one follow dw.seed, whatever the threads", function()
    local wanted
    support.everywhere(function()
      for _, name in ipairs { "GlorotUniform", "HeNormal", "Orthogonal", "RandomNormal", "TruncatedNormal" } do
        local seeded = initializers[name] { seed = 7 }
        support.same(seeded { 9, 8 }, seeded { 9, 8 })
        local free = initializers[name] {}
        dw.seed(3)
        local a, b = free { 9, 8 }, free { 9, 8 }
        dw.seed(3)
        support.same(free { 9, 8 }, a)
        assert.is_false((dw.close(a, b)))
      end
      local x = initializers.HeUniform { seed = 1 }({ 3, 3, 40, 50 })
      wanted = wanted or x
      support.same(x, wanted)
    end)
  end)

  it("are float32 or float64, of floatx where nothing is said, and may be empty", function()
    local _ <close> = support.with { floatx = "float64" }
    for _, class in pairs(require("dwconv.initializers").classes) do
      assert.equal("float64", class {}({ 2, 3 }).dtype)
      assert.equal("float32", class {}({ 2, 3 }, "float32").dtype)
      assert.same({ 0, 3 }, class {}({ 0, 3 }).shape)
    end
  end)

  it("have Keras's names, and configurations that make them again", function()
    for _, name in ipairs { "zeros", "ones", "constant", "uniform", "normal", "random_uniform", "random_normal",
      "truncated_normal", "variance_scaling", "orthogonal", "identity", "glorot_uniform", "glorot_normal", "he_uniform",
      "he_normal", "lecun_uniform", "lecun_normal", "GlorotUniform" } do
      local one = initializers.get(name)
      assert.same({ 2, 3 }, one({ 2, 3 }).shape)
      assert.equal(tostring(one), tostring(initializers.get(one)))
    end
    local scaling = initializers.VarianceScaling { scale = 2, mode = "fan_out", seed = 5 }
    local config = scaling:get_config()
    assert.same({ scale = 2, mode = "fan_out", distribution = "truncated_normal", seed = 5 }, config)
    local again = initializers.get { class_name = "VarianceScaling", config = config }
    support.same(scaling { 4, 5 }, again { 4, 5 })
    assert.same({ value = { 1, 2 } }, initializers.Constant { dw.tensor { 1, 2 } }:get_config())
  end)

  it("may be functions", function()
    local own = initializers.get(function(shape, dtype) return dw.full(shape, 3, { dtype = dtype }) end)
    support.same(own({ 2 }, "float64"), dw.full({ 2 }, 3, { dtype = "float64" }))
    refuses(function() initializers.get(function() return dw.ones { 3 } end)({ 2 }) end,
      "f must give a float32 tensor 2, got a float32 tensor 3")
  end)

  it("refuse what they cannot be", function()
    refuses(function() initializers.VarianceScaling { 0 } end, "VarianceScaling: scale must be a number above 0, got 0")
    refuses(function() initializers.VarianceScaling { 1, "fan" } end, "VarianceScaling: mode must be", "did you mean")
    refuses(function() initializers.RandomNormal { stddev = -1 } end, "stddev must be a number of at least 0, got -1")
    refuses(function() initializers.RandomUniform { 1, 1 } end, "RandomUniform: maxval (1) must be above minval (1)")
    refuses(function() initializers.GlorotUniform { seed = 1.5 } end, "GlorotUniform: seed must be a whole number")
    refuses(function() initializers.GlorotUniform { sed = 1 } end, 'unknown option "sed"; did you mean "seed"?')
    refuses(function() initializers.Zeros {}({ 2, -1 }) end, "Zeros: shape[2] must be a whole number of at least 0")
    refuses(function() initializers.Zeros {}({ 2 }, "int32") end, "Zeros: dtype must be", '"float32"')
    refuses(function() initializers.Zeros {}(2) end, "Zeros: shape must be a table of sizes, got 2")
    refuses(function() initializers.Identity {}({ 2, 2, 2 }) end, "Identity: shape must have two axes, got {2, 2, 2}")
    refuses(function() initializers.Orthogonal {}({ 2 }) end, "Orthogonal: shape must have at least two axes, got {2}")
    refuses(function() initializers.Constant { { 1, 2 } }({ 3 }) end, "Constant: value has shape 2, but the weight has 3")
    refuses(function() return initializers.HeUnifrm end, "HeUnifrm", 'did you mean "HeUniform"')
  end)
end)
