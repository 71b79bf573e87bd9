-- ops/random.lua: random numbers, the same for any number of threads. A seed makes a call repeatable by itself;
-- dw.seed(n) makes what follows repeatable.

local core = require "dwconv.core"
local ops = require "dwconv.ops"
local options = require "dwconv.options"

local source = ops.plain(ops.family("random", "random numbers, the same for any number of threads"))

local SIZES = "a table of sizes"

local function seed()
  local kind = options.number(nil, true)
  kind.default_text = "what dw.seed began"
  return kind
end

-- `first` and `second` are what the distribution takes, with their defaults; positional when there is no default.
local function distribution(name, kernel, doc, first, second, home)
  local kinds = { seed = seed(), dtype = options.dtype(true) }
  local values, shapes = { "shape" }, { shape = SIZES, result = "shape" }
  local forward
  if first[2] then
    kinds[first[1]], kinds[second[1]] = options.number(first[2]), options.number(second[2])
    forward = function(shape, o) return core[kernel](shape, o[first[1]], o[second[1]], o.seed, o.dtype) end
  else
    values = { "shape", first[1], second[1] }
    shapes[first[1]], shapes[second[1]] = "a number", "a number"
    forward = function(shape, a, b, o) return core[kernel](shape, a, b, o.seed, o.dtype) end
  end
  source(name) {
    doc = doc,
    values = values,
    options = kinds,
    shapes = shapes,
    forward = forward,
    home = home,
    errors = kernel:find "uniform" and second[1] .. " that is not above " .. first[1] .. "."
      or "A negative " .. second[1] .. ".",
    example = ("print(%s.%s({ 3 }, %s{ seed = 1 }))"):format(home or "K", name, first[2] and "" or "0, 10, "),
    differs = home == "dw" and "Keras calls it random_" .. name .. "." or nil,
    sample = first[2] and function() return { 2, 3 } end or function() return { 2, 3 }, 1, 2 end,
  }
end

local uniform = "Uniform random numbers: not below %s, below %s."
local normal = "Normally distributed random numbers."

distribution("uniform", "uniform", uniform:format("minval", "maxval"), { "minval", 0 }, { "maxval", 1 }, "dw")
distribution("normal", "normal", normal, { "mean", 0 }, { "stddev", 1 }, "dw")
distribution("random_uniform", "random_uniform", uniform:format("minval", "maxval"), { "minval", 0 }, { "maxval", 1 })
distribution("random_normal", "random_normal", normal, { "mean", 0 }, { "stddev", 1 })
distribution("truncated_normal", "truncated_normal",
  "Normally distributed random numbers, none further than two stddev from the mean.", { "mean", 0 }, { "stddev", 1 })
distribution("random_uniform_variable", "random_uniform_variable", uniform:format("low", "high"), { "low" }, { "high" })
distribution("random_normal_variable", "random_normal_variable", normal, { "mean" }, { "scale" })

source "random_binomial" {
  doc = "1 with probability p, from 0 to 1, else 0.",
  values = { "shape" },
  options = { p = options.probability(0), seed = seed(), dtype = options.dtype(true) },
  shapes = { shape = SIZES, result = "shape" },
  forward = function(shape, o)
    local u = core.random_binomial(shape, 0, 1, o.seed, o.dtype)
    return core.cast(ops.calls.less(u, o.p), o.dtype)
  end,
  sample = function() return { 2, 3 }, { p = 0.5 } end,
  example = "print(K.random_binomial({ 6 }, { p = 0.5, seed = 4 }))",
}

source "seed" {
  doc = "Starts the state's random stream anew.",
  values = { "n" },
  shapes = { n = "a whole number", result = "nothing" },
  forward = function(n) core.seed(n) end,
  home = "dw",
  sample = function() return 1 end,
  example = [[
dw.seed(1)
a = dw.uniform { 3 }
dw.seed(1)
print(dw.close(a, dw.uniform { 3 }))]],
}
