-- ops/activations.lua: the activations of neural networks: elementwise ops of one number. Their kernels are those of
-- kernels/activations.h; gradients at corners are Keras's.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"
local elementwise = require "dwconv.ops.elementwise"

local kinds = args.kinds
local op, unary, times = elementwise.op, elementwise.unary, elementwise.times
local K = ops.calls
local NOT_KERAS = "Keras's backend does not have it."
local SELU_SCALE <const>, SELU_ALPHA <const> = 1.0507009873554804934, 1.6732632423543772848
local FLAT <const> = 1000 -- beyond it, slopes are constant to the last bit; there infinities are taken out

local function floats() return kinds.tensor("any; float32 or float64", { dtype = "floats" }) end

local function example(name) return ("print(K.%s(dw.tensor { -2, 0, 2 }))"):format(name) end

-- ---- with a slope below 0 that is an option -------------------------------------------------------

local function with_alpha(name, alpha)
  local compute = core.elementwise(name, "new", "x", "alpha")
  return function(r)
    r.args, r.result, r.method = { { "x", floats() } }, "x's", true
    r.options, r.keeps, r.example = { alpha = kinds.number(alpha) }, { "x" }, example(name)
    r.forward = function(x, o) return compute(x, o.alpha) end
    r.sample = function(R) return R { 2, 3 }, { alpha = 0.3 } end
    return op(name)(r)
  end
end

with_alpha("elu", 1) {
  doc = "x above 0, alpha*(exp(x) - 1) elsewhere.",
  backward = {
    x = function(g, _, x, o)
      return K.where(K.greater(x, 0), g, times(g * o.alpha, K.exp(K.minimum(x, 0))))
    end,
  },
}

with_alpha("leaky_relu", 0.2) {
  doc = "x above 0, alpha*x elsewhere.",
  backward = { x = function(g, _, x, o) return K.where(K.greater(x, 0), g, g * o.alpha) end },
  differs = NOT_KERAS,
}

-- ---- of one number alone --------------------------------------------------------------------------

local function activation(name)
  return function(r)
    r.keeps, r.example = r.keeps or { "x" }, example(name)
    return unary(name)(r)
  end
end

activation "softplus" {
  doc = "log(1 + exp(x)), without overflow and with all its digits.",
  slope = function(_, x) return K.sigmoid(x) end,
}

activation "softsign" {
  doc = "x / (1 + |x|); -1 and 1 at the infinities.",
  over = function(_, x) return K.square(K.abs(x) + 1) end,
}

activation "hard_sigmoid" {
  doc = "0.2*x + 0.5, clipped to 0..1. The gradient is 0.2 at both ends.",
  backward = { x = function(g, _, x) return K.where(K.less_equal(K.abs(x), 2.5), g * 0.2, 0) end },
}

activation "selu" {
  doc = [[
scale*x above 0, scale*alpha*(exp(x) - 1) elsewhere, of scale = 1.0507 and alpha = 1.6733: elu, scaled so that layers of
it keep mean 0 and variance 1.]],
  backward = {
    x = function(g, _, x)
      local below = times(g * (SELU_SCALE * SELU_ALPHA), K.exp(K.minimum(x, 0)))
      return K.where(K.less(x, 0), below, g * SELU_SCALE)
    end,
  },
  differs = NOT_KERAS,
}

activation "hard_silu" {
  doc = "x * clip(x + 3, 0, 6) / 6: silu of straight pieces, also known as hard swish.",
  backward = {
    x = function(g, _, x)
      local between = K.where(K.less(K.abs(x), 3), times(g, x / 3 + 0.5), g)
      return K.where(K.less_equal(x, -3), 0, between)
    end,
  },
  differs = NOT_KERAS,
}

local function kept_finite(x) return K.clip(x, -FLAT, FLAT) end

activation "silu" {
  doc = "x * sigmoid(x), also known as swish; 0 at -inf.",
  slope = function(_, x) return K.silu_slope(x) end,
  differs = NOT_KERAS,
}

activation "mish" {
  doc = "x * tanh(softplus(x)); 0 at -inf.",
  slope = function(_, x) return K.mish_slope(x) end,
  differs = NOT_KERAS,
}

-- ---- gelu -----------------------------------------------------------------------------------------

local exact, by_tanh = core.elementwise("gelu", "new", "x"), core.elementwise("gelu_tanh", "new", "x")

op "gelu" {
  doc = [[
x times the standard normal distribution's probability of less than x; 0 at -inf. With approximate = true, that
probability is taken as 0.5*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x^3))).]],
  args = { { "x", floats() } },
  options = { approximate = kinds.flag(false) },
  result = "x's",
  forward = function(x, o) return (o.approximate and by_tanh or exact)(x) end,
  keeps = { "x" },
  backward = {
    x = function(g, _, x, o) return times(g, o.approximate and K.gelu_tanh_slope(x) or K.gelu_slope(x)) end,
  },
  method = true,
  sample = function(R) return R { 2, 3 } end,
  differs = NOT_KERAS,
  example = "x = dw.tensor { -1, 0, 1 }\nprint(K.gelu(x))\nprint(K.gelu(x, { approximate = true }))",
}

-- ---- slopes ---------------------------------------------------------------------------------------

-- u of gelu's approximation, x * sigmoid(u), is of the third degree in x; these are its derivatives.
local ONE <const>, THREE <const> = 1.5957691216057307117, 0.071354816272600247775

for name, r in pairs {
  silu_slope = { "silu", function(_, x)
    x = kept_finite(x)
    return K.sigmoid_slope(x) * (2 - x * K.tanh(x * 0.5))
  end },
  mish_slope = { "mish", function(_, x)
    x = kept_finite(x)
    local inner, s = K.softplus(x), K.sigmoid(x)
    local curve = K.sigmoid_slope(x) - K.square(s) * K.tanh(inner) * 2
    return K.tanh_slope(inner) * (s * 2 + x * curve)
  end },
  gelu_slope = { "gelu", function(_, x)
    local square = K.square(kept_finite(x))
    return K.exp(square * -0.5) * (2 - square) * (1 / math.sqrt(2 * math.pi))
  end },
  gelu_tanh_slope = { "the approximate gelu", function(_, x)
    x = K.clip(x, -100, 100)
    local square = K.square(x)
    local u, du, ddu = x * (square * THREE + ONE), square * (3 * THREE) + ONE, x * (6 * THREE)
    return K.sigmoid_slope(u) * (du * 2 + x * (ddu - K.square(du) * K.tanh(u * 0.5)))
  end },
} do
  activation(name) {
    doc = ("The derivative of %s."):format(r[1]),
    method = false,
    slope = r[2],
    differs = NOT_KERAS,
  }
end
