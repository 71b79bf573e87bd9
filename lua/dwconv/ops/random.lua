-- ops/random.lua: random numbers, the same for any number of threads. A seed makes a call repeatable by itself;
-- dw.seed(n) makes what follows repeatable.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local kinds, raise = args.kinds, args.raise
local op, K = ops.family "random", ops.calls
local source = ops.plain(op)

local function seed()
  local kind = kinds.whole()
  kind.default_text = "what dw.seed began"
  return kind
end

-- `first` and `second` are what the distribution takes, with their defaults; positional when there is no default.
local function distribution(name, draw, doc, first, second, home)
  local options = { seed = seed(), dtype = kinds.dtype(true) }
  local forward
  local values = { { "shape", kinds.shape() } }
  if first[2] then
    options[first[1]], options[second[1]] = kinds.number(first[2]), kinds.number(second[2])
    forward = function(shape, o) return draw(shape, o[first[1]], o[second[1]], o.seed, o.dtype) end
  else
    values[2], values[3] = { first[1], kinds.finite() }, { second[1], kinds.finite() }
    forward = function(shape, a, b, o) return draw(shape, a, b, o.seed, o.dtype) end
  end
  source(name) {
    doc = doc,
    values = values,
    options = options,
    result = "shape",
    reads = "core",
    forward = forward,
    home = home,
    errors = name:find "uniform" and second[1] .. " that is not above " .. first[1] .. "."
      or "A negative " .. second[1] .. ".",
    example = ("print(%s.%s({ 3 }, %s{ seed = 1 }))"):format(home or "K", name, first[2] and "" or "0, 10, "),
    differs = home == "dw" and "Keras calls it random_" .. name .. "." or nil,
    sample = first[2] and function() return { 2, 3 } end or function() return { 2, 3 }, 1, 2 end,
  }
end

local uniform = "Uniform random numbers: not below %s, below %s."
local normal = "Normally distributed random numbers."

distribution("uniform", core.uniform, uniform:format("minval", "maxval"), { "minval", 0 }, { "maxval", 1 }, "dw")
distribution("normal", core.normal, normal, { "mean", 0 }, { "stddev", 1 }, "dw")
distribution("random_uniform", core.uniform, uniform:format("minval", "maxval"), { "minval", 0 }, { "maxval", 1 })
distribution("random_normal", core.normal, normal, { "mean", 0 }, { "stddev", 1 })
distribution("truncated_normal", core.truncated_normal,
  "Normally distributed random numbers, none further than two stddev from the mean.", { "mean", 0 }, { "stddev", 1 })
distribution("random_uniform_variable", core.random_uniform_variable, uniform:format("low", "high"), { "low" },
  { "high" })
distribution("random_normal_variable", core.random_normal_variable, normal, { "mean" }, { "scale" })

source "random_binomial" {
  doc = "1 with probability p, from 0 to 1, else 0.",
  values = { { "shape", kinds.shape() } },
  options = { p = kinds.number(0, 0, 1), seed = seed(), dtype = kinds.dtype(true) },
  result = "shape",
  reads = "core",
  forward = function(shape, o)
    local u = core.uniform(shape, 0, 1, o.seed, o.dtype)
    return core.cast(ops.calls.less(u, o.p), o.dtype)
  end,
  sample = function() return { 2, 3 }, { p = 0.5 } end,
  example = "print(K.random_binomial({ 6 }, { p = 0.5, seed = 4 }))",
}

-- ---- dropout ---------------------------------------------------------------------------------------

local level = kinds.new {
  annotation = "number",
  words = "the probability with which a number is dropped; from 0 on, below 1",
  expected = "a number from 0 on and below 1",
  read = function(v) return type(v) == "number" and v >= 0 and v < 1 and v or nil end,
}

-- The shape of the choices for x: sizes of -1 are x's, and what it stretches to must be x's shape.
local function noise_shape(x, given)
  local shape, fits, own = {}, #given <= x.ndim, x.shape
  for i, n in ipairs(fits and given or {}) do
    local size = own[x.ndim - #given + i]
    shape[i] = n == -1 and size or n
    fits = fits and (shape[i] == size or shape[i] == 1)
  end
  if not fits then
    raise("noise_shape %s does not stretch to x's shape, %s", args.show(given), own)
  end
  return shape
end

op "dropout" {
  doc = [[
0 with the probability level, and x / (1 - level) otherwise, each number by itself; whatever the learning phase is. The
choices are made in noise_shape, in which -1 stands for x's size, and stretch to x's shape.]],
  args = { { "x", kinds.tensor("any; float32 or float64", { dtype = "floats" }) } },
  values = { { "level", level } },
  options = { noise_shape = kinds.optional(kinds.shape(true)), seed = seed() },
  result = "x's",
  forward = function(x, p, o)
    local drawn = core.uniform(o.noise_shape and noise_shape(x, o.noise_shape) or x.shape, 0, 1, o.seed, x.dtype)
    return K.where(K.greater_equal(drawn, p), x * (1 / (1 - p)), 0)
  end,
  backward = "parts",
  sample = function(R) return R { 3, 4 }, 0.3, { seed = 1 } end,
  errors = "A noise_shape that does not stretch to x's.",
  example = "print(K.dropout(dw.ones { 8 }, 0.5, { seed = 1 }))",
}

source "random_state" {
  doc = "Where the state's random stream is: {seed, count}, for dw.set_random_state.",
  result = kinds.gives("integer[]", "a table of two whole numbers"),
  forward = function() return { core.random_state() } end,
  home = "dw",
  example = [[
dw.seed(1)
print(dw.random_state()[1])]],
}

local random_state = kinds.new {
  annotation = "integer[]",
  expected = "{seed, count}, two whole numbers, as dw.random_state() gives them",
  read = function(v)
    if type(v) ~= "table" then return nil end
    local seed_, count = args.check.whole(v[1]), args.check.whole(v[2])
    return seed_ and count and { seed_, count }
  end,
}

source "set_random_state" {
  doc = "Puts the state's random stream where dw.random_state said that it was.",
  values = { { "state", random_state } },
  forward = function(state) core.set_random_state(state[1], state[2]) end,
  home = "dw",
  sample = function() return { core.random_state() } end,
  example = [[
dw.seed(1)
state = dw.random_state()
a = dw.uniform { 3 }
dw.set_random_state(state)
print(dw.close(a, dw.uniform { 3 }))]],
}

source "seed" {
  doc = "Starts the state's random stream anew.",
  values = { { "n", kinds.whole() } },
  forward = core.seed,
  home = "dw",
  sample = function() return 1 end,
  example = [[
dw.seed(1)
a = dw.uniform { 3 }
dw.seed(1)
print(dw.close(a, dw.uniform { 3 }))]],
}
