-- initializers.lua: the first values of weights: dw.initializers. An initializer is called with a shape and a dtype
-- (K.floatx() if left out) and gives a tensor. Layers call them when they are built.
-- Invariant: with a seed each call gives the same numbers; without one they follow dw.seed, whatever the threads.

local args = require "dwconv.args"
local K = require "dwconv.backend"
local classes = require "dwconv.classes"

local kinds, raise, show = args.kinds, args.raise, args.show

local Initializer = {}

local shape_kind, dtype_kind = kinds.shape(), kinds.dtype(true)

--- A new tensor. A class says how by its method make(shape, dtype).
---@param shape integer[]
---@param dtype? string
function Initializer:call(shape, dtype)
  dtype = dtype == nil and K.floatx() or dtype_kind:check("dtype", dtype)
  return self:make(shape_kind:check("shape", shape), dtype)
end

local OfFunction

--- A function(shape, dtype) may stand for an initializer.
function Initializer.of_function(f) return OfFunction { f } end

local initializers = classes.registry("dw.initializers", "an initializer", Initializer)

OfFunction = initializers:class("Function", true) {
  doc = "What a function(shape, dtype) of a script gives.",
  leading = { "f" },
  options = { f = kinds.callable() },
  make = function(self, shape, dtype)
    local y = args.call(self.f, shape, dtype)
    if not args.check.is_tensor(y) or y.dtype ~= dtype or y.shape ~= K.zeros(shape).shape then
      raise("f must give a %s tensor %s, got %s", dtype, table.concat(shape, "x"), show(y))
    end
    return y
  end,
}

local function seed()
  local kind = kinds.optional(kinds.whole())
  kind.default_text = "what dw.seed began"
  return kind
end

-- ---- without chance ------------------------------------------------------------------------------

initializers:class "Zeros" {
  doc = "All numbers 0.",
  make = function(_, shape, dtype) return K.zeros(shape, { dtype = dtype }) end,
}

initializers:class "Ones" {
  doc = "All numbers 1.",
  make = function(_, shape, dtype) return K.ones(shape, { dtype = dtype }) end,
}

local value = kinds.values "a number, or a nested table or tensor of the weight's shape"
value.default = 0
value.to_config = function(v) return args.check.is_tensor(v) and v:to_table() or v end

initializers:class "Constant" {
  doc = "One number everywhere, or the numbers that are given.",
  leading = { "value" },
  options = { value = value },
  make = function(self, shape, dtype)
    local given = K.constant(self.value, { dtype = dtype })
    if given.ndim > 0 and given.shape ~= K.zeros(shape).shape then
      raise("value has shape %s, but the weight has %s", given.shape, table.concat(shape, "x"))
    end
    return K.zeros(shape, { dtype = dtype }) + given
  end,
}

initializers:class "Identity" {
  doc = "gain along the diagonal, 0 elsewhere; of rank 2 only.",
  leading = { "gain" },
  options = { gain = 1 },
  make = function(self, shape, dtype)
    if #shape ~= 2 then raise("shape must have two axes, got %s", show(shape)) end
    return K.eye(shape[1], shape[2], { dtype = dtype }) * self.gain
  end,
}

-- ---- by chance -----------------------------------------------------------------------------------

initializers:class "RandomUniform" {
  doc = "Uniform random numbers from minval to maxval.",
  leading = { "minval", "maxval", "seed" },
  options = { minval = kinds.number(-0.05), maxval = kinds.number(0.05), seed = seed() },
  init = function(self)
    if self.maxval <= self.minval then raise("maxval (%g) must be above minval (%g)", self.maxval, self.minval) end
  end,
  make = function(self, shape, dtype)
    return K.random_uniform(shape, { minval = self.minval, maxval = self.maxval, seed = self.seed, dtype = dtype })
  end,
}

local function normal(name, doc, draw)
  initializers:class(name) {
    doc = doc,
    leading = { "mean", "stddev", "seed" },
    options = { mean = 0.0, stddev = kinds.number(0.05, 0), seed = seed() },
    make = function(self, shape, dtype)
      return draw(shape, { mean = self.mean, stddev = self.stddev, seed = self.seed, dtype = dtype })
    end,
  }
end

normal("RandomNormal", "Normally distributed random numbers.", K.random_normal)
normal("TruncatedNormal", "Normally distributed random numbers, none further than two stddev from the mean.",
  K.truncated_normal)

-- How many inputs and outputs one output and one input have to do with, by Keras's rule: the last two axes of a kernel
-- are inputs and outputs, those before them its window. Of a depthwise kernel (h,w,c,m) that gives h*w*c and h*w*m.
local function fans(shape)
  local n = #shape
  if n < 2 then return shape[1] or 1, shape[1] or 1 end
  local window = args.check.product(shape, 1, n - 2)
  return window * shape[n - 1], window * shape[n]
end

-- The standard deviation that is left of 1 when a normal distribution is cut at 2.
local CUT <const> = 0.87962566103423978

local draws = {}

function draws.truncated_normal(shape, variance, o)
  o.stddev = math.sqrt(variance) / CUT
  return K.truncated_normal(shape, o)
end

function draws.untruncated_normal(shape, variance, o)
  o.stddev = math.sqrt(variance)
  return K.random_normal(shape, o)
end

function draws.uniform(shape, variance, o)
  local limit = math.sqrt(3 * variance)
  o.minval, o.maxval = -limit, limit
  return K.random_uniform(shape, o)
end

local function scaled(shape, dtype, how)
  local fan_in, fan_out = fans(shape)
  local n = how.mode == "fan_in" and fan_in or how.mode == "fan_out" and fan_out or (fan_in + fan_out) / 2
  return draws[how.distribution](shape, how.scale / math.max(1, n), { seed = how.seed, dtype = dtype })
end

initializers:class "VarianceScaling" {
  doc = [[
Random numbers whose variance is scale over the fan in, the fan out or their average, so that what layers give neither
grows nor shrinks.]],
  leading = { "scale", "mode", "distribution", "seed" },
  options = {
    scale = kinds.positive(1.0),
    mode = kinds.oneof { "fan_in", "fan_out", "fan_avg" },
    distribution = kinds.oneof({ "truncated_normal", "untruncated_normal", "uniform" },
      { normal = "truncated_normal" }),
    seed = seed(),
  },
  make = function(self, shape, dtype) return scaled(shape, dtype, self) end,
}

for name, how in pairs {
  Glorot = { scale = 1, mode = "fan_avg", doc = "Of the variance 1 over the average of fan in and fan out" },
  He = { scale = 2, mode = "fan_in", doc = "Of the variance 2 / fan in" },
  Lecun = { scale = 1, mode = "fan_in", doc = "Of the variance 1 / fan in" },
} do
  for ending, distribution in pairs { Uniform = "uniform", Normal = "truncated_normal" } do
    initializers:class(name .. ending) {
      doc = ("%s: %s."):format(how.doc, ending == "Uniform" and "uniform" or "normal, cut at two deviations"),
      leading = { "seed" },
      options = { seed = seed() },
      make = function(self, shape, dtype)
        return scaled(shape, dtype,
          { scale = how.scale, mode = how.mode, distribution = distribution, seed = self.seed })
      end,
    }
  end
end

-- ---- orthogonal ----------------------------------------------------------------------------------

local BLOCK <const> = 32 -- rows that are made orthogonal to all before them at once

-- b without its parts along the orthonormal rows of q. Once leaves rounding errors of the parts, twice does not
-- (Giraud, Langou and Rozloznik, "The loss of orthogonality in the Gram-Schmidt orthogonalization process", 2005).
local function without(b, q)
  for _ = 1, 2 do b = b - K.matmul(K.matmul(b, K.transpose(q)), q) end
  return b
end

-- The rows of x (m, n), m <= n, made orthonormal one after another; float64. These are the columns of Q in the QR
-- decomposition of x's transpose whose R has a positive diagonal, as Keras takes them.
local function orthonormal(x)
  local m, done = x.shape[1], nil
  for first = 1, m, BLOCK do
    local b = K.narrow(x, 1, first, math.min(BLOCK, m - first + 1))
    if done then b = without(b, done) end
    local rows
    for i = 1, b.shape[1] do
      local row = K.narrow(b, 1, i, 1)
      if rows then row = without(row, rows) end
      row = row / K.sqrt(K.sum(K.square(row)))
      rows = rows and K.concatenate({ rows, row }, { axis = 1 }) or row
    end
    if done then rows = without(rows, done) end
    done = done and K.concatenate({ done, rows }, { axis = 1 }) or rows
  end
  return done
end

initializers:class "Orthogonal" {
  doc = [[
A random orthogonal matrix times gain: all axes but the last are its rows. Rows are orthonormal where they are fewer
than columns, else columns are.]],
  leading = { "gain", "seed" },
  options = { gain = 1.0, seed = seed() },
  make = function(self, shape, dtype)
    local n = #shape
    if n < 2 then raise("shape must have at least two axes, got %s", show(shape)) end
    local rows, columns = args.check.product(shape, 1, n - 1), shape[n]
    if rows * columns == 0 then return K.zeros(shape, { dtype = dtype }) end
    local short, long = math.min(rows, columns), math.max(rows, columns)
    local q = orthonormal(K.random_normal({ short, long }, { seed = self.seed, dtype = "float64" }))
    if rows > columns then q = K.transpose(q) end
    return K.cast(K.reshape(q, shape) * self.gain, dtype)
  end,
}

-- Keras's other names. r2.2 finds these as "he_normal" and its like, as classes of every registry are found.
local more = { Initializer = initializers:own() }
for name, class in pairs(initializers.classes) do more[classes.snake(name)] = class end
for short, name in pairs { uniform = "RandomUniform", normal = "RandomNormal", zero = "Zeros", one = "Ones" } do
  initializers:alias(short, initializers.classes[name])
end

initializers.room = initializers:open("dw.initializers, first values of weights:", more)

return initializers
