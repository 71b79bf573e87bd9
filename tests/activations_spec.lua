-- activations_spec.lua: activations in float32 against those in float64, on every ISA, over the whole range; their
-- limits; their slopes against the definitions. Fixtures compare the activations themselves with TensorFlow's.

local dw = require "dwconv"
local support = require "support"
local K = dw.backend

local NAMES = { "elu", "leaky_relu", "softplus", "softsign", "hard_sigmoid", "selu", "hard_silu", "silu", "mish", "gelu",
  "silu_slope", "mish_slope", "gelu_slope", "gelu_tanh_slope" }
local calls = { gelu_tanh = function(x) return K.gelu(x, { approximate = true }) end }
for _, name in ipairs(NAMES) do calls[name] = K[name] end

local function f64(t) return dw.tensor(t, { dtype = "float64" }) end

describe("an activation", function()
  it("has the digits of float32, on every ISA", function()
    local pieces = {}
    for i, far in ipairs { 1e-3, 1, 6, 16, 130 } do
      pieces[i] = dw.uniform({ 20000 }, { minval = -far, maxval = far, seed = i })
    end
    local x = K.concatenate(pieces)
    -- A slope that crosses 0 has no more digits there than its parts.
    local atol = { silu_slope = 1e-7, mish_slope = 2e-7, gelu_slope = 1e-7, gelu_tanh_slope = 3e-7, gelu_tanh = 1e-7,
      hard_sigmoid = 1e-7, hard_silu = 1e-7 }
    for name, f in pairs(calls) do
      local want = K.cast(f(K.cast(x, "float64")), "float32")
      support.everywhere(function(isa)
        support.near(f(x), want, { rtol = 2e-6, atol = atol[name] or 1e-37 }, name .. " on " .. isa)
      end, { 1, 2 })
    end
  end)

  it("has its limits at the infinities, and keeps NaN", function()
    local inf = math.huge
    local limits = { elu = { -1, inf }, leaky_relu = { -inf, inf }, softplus = { 0, inf }, softsign = { -1, 1 },
      hard_sigmoid = { 0, 1 }, selu = { -1.0507009873554804934 * 1.6732632423543772848, inf }, hard_silu = { 0, inf },
      silu = { 0, inf }, mish = { 0, inf }, gelu = { 0, inf }, gelu_tanh = { 0, inf }, silu_slope = { 0, 1 },
      mish_slope = { 0, 1 }, gelu_slope = { 0, 1 }, gelu_tanh_slope = { 0, 1 } }
    for name, want in pairs(limits) do
      for _, dtype in ipairs { "float32", "float64" } do
        local x = dw.tensor({ -inf, inf, -1e30, 1e30, 0 / 0 }, { dtype = dtype })
        local y = calls[name](x)
        support.near(y[{ { 1, 2 } }], dw.tensor(want, { dtype = dtype }), { rtol = 1e-6, atol = 0 }, name)
        assert.is_true(K.all(K.isfinite(y[{ { 3, 4 } }])):item(), name)
        assert.is_true(K.isnan(y)(5), name)
        local tape, z = dw.record(calls[name], x)
        assert.is_true(K.all(K.isfinite(tape:gradients(z, x)[{ { 3, 4 } }])):item(), "gradient of " .. name)
      end
    end
  end)
end)

describe("slopes", function()
  it("are the derivatives", function()
    local x = { -4, -1, 0, 0.5, 2, 30 }
    local function slopes_of(f)
      local list = {}
      for i, v in ipairs(x) do
        local h = 1e-3
        list[i] = (8 * (f(v + h) - f(v - h)) - (f(v + 2 * h) - f(v - 2 * h))) / (12 * h)
      end
      return f64(list)
    end
    local function sigmoid(v) return 1 / (1 + math.exp(-v)) end
    local function tanh(v) return 2 * sigmoid(2 * v) - 1 end
    local functions = {
      silu_slope = function(v) return v * sigmoid(v) end,
      mish_slope = function(v) return v * tanh(math.log(1 + math.exp(v))) end,
      gelu_tanh_slope = function(v) return 0.5 * v * (1 + tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v ^ 3))) end,
    }
    for name, f in pairs(functions) do
      support.near(K[name](f64(x)), slopes_of(f), { rtol = 1e-9, atol = 1e-9 }, name)
      support.covers(name)
    end
    -- the distribution function plus x times the density, from a table of the normal distribution
    support.near(K.gelu_slope(f64 { -1, 0, 1, 2 }), f64 { -0.0833154705876863, 0.5, 1.0833154705876864, 1.0852318010781969 },
      { rtol = 1e-14, atol = 0 })
    support.covers "gelu_slope"
  end)
end)
