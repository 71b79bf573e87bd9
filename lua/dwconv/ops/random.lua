-- ops/random.lua: random numbers, the same for any number of threads. A seed makes a call repeatable by itself;
-- dw.seed(n) makes what follows repeatable.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local kinds = args.kinds
local source = ops.plain(ops.family "random")

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
