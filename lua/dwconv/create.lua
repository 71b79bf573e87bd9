-- create.lua: the functions that make tensors out of sizes, tables, bytes and random numbers. Options are parsed
-- here; sizes and numbers are checked by the core. The default dtype is K.floatx().

local config = require "dwconv.config"
local core = require "dwconv.core"
local options = require "dwconv.options"

local create = {}

local dtype = { dtype = options.dtype() }

local function optional(kind) -- no default: nil stays nil
  kind.default, kind.current = nil, nil
  return kind
end

local parse = {
  tensor = options.parser("tensor", { dtype = optional(options.dtype()) }, "(data, {options})"),
  zeros = options.parser("zeros", dtype, "(shape, {options})"),
  ones = options.parser("ones", dtype, "(shape, {options})"),
  full = options.parser("full", { dtype = optional(options.dtype()) }, "(shape, value, {options})"),
  eye = options.parser("eye", dtype, "(size, {options})"),
  arange = options.parser("arange", { dtype = optional(options.dtype()) }, "(start, stop, step, {options})"),
  linspace = options.parser("linspace", { dtype = options.dtype(true) }, "(start, stop, num, {options})"),
  from_bytes = options.parser("from_bytes", dtype, "(bytes, shape, {options})"),
  uniform = options.parser("uniform", {
    minval = options.number(0), maxval = options.number(1), seed = options.number(nil, true),
    dtype = options.dtype(true),
  }, "(shape, {options})"),
  normal = options.parser("normal", {
    mean = options.number(0), stddev = options.number(1), seed = options.number(nil, true),
    dtype = options.dtype(true),
  }, "(shape, {options})"),
  close = options.parser("close", { rtol = options.number(1e-5), atol = options.number(1e-8) }, "(a, b, {options})"),
}

--- A tensor from a nested table, a number or a boolean; a copy when given a tensor. A table of booleans is bool.
---@param data table|number|boolean|dwconv.Tensor
---@param o? { dtype: string }
---@return dwconv.Tensor
function create.tensor(data, ...) return core.tensor(data, parse.tensor(...).dtype, config.floatx()) end

--- Zeros of a shape: dw.zeros({ 2, 3 }, { dtype = "int32" }).
function create.zeros(shape, ...) return core.zeros(shape, parse.zeros(...).dtype) end

--- Ones of a shape.
function create.ones(shape, ...) return core.ones(shape, parse.ones(...).dtype) end

--- One number (or boolean) everywhere.
function create.full(shape, value, ...)
  local wish = parse.full(...).dtype
  return core.full(shape, value, wish or (type(value) == "boolean" and "bool" or config.floatx()))
end

--- The identity matrix of a size.
function create.eye(size, ...) return core.eye(size, parse.eye(...).dtype) end

--- arange(stop), arange(start, stop) or arange(start, stop, step), then options: numbers from start (0) to below
--- stop. Whole numbers are int32, others K.floatx().
function create.arange(...)
  local given, n, o = { ... }, select("#", ...), nil
  if type(given[n]) == "table" then
    o, given[n], n = given[n], nil, n - 1
  end
  if n > 3 then core.raise "arange: takes (start, stop, step, {options}), got more" end
  return core.arange(given[1], given[2], given[3], parse.arange(o).dtype, config.floatx())
end

--- num numbers from start to stop, both included.
function create.linspace(start, stop, num, ...) return core.linspace(start, stop, num, parse.linspace(...).dtype) end

--- The numbers in a string, in this machine's byte order and row-major order.
function create.from_bytes(bytes, shape, ...) return core.from_bytes(bytes, shape, parse.from_bytes(...).dtype) end

--- Uniform random numbers in [minval, maxval), options minval = 0, maxval = 1, seed, dtype. The same for any number
--- of threads. A seed makes the call repeatable by itself; dw.seed(n) makes what follows repeatable.
function create.uniform(shape, ...)
  local o = parse.uniform(...)
  return core.uniform(shape, o.minval, o.maxval, o.seed, o.dtype)
end

--- Normally distributed random numbers, options mean = 0, stddev = 1, seed, dtype.
function create.normal(shape, ...)
  local o = parse.normal(...)
  return core.normal(shape, o.mean, o.stddev, o.seed, o.dtype)
end

--- Starts the state's random stream anew.
---@param n integer
function create.seed(n) core.seed(n) end

--- Whether |a - b| <= atol + rtol*|b| everywhere (NaN equals NaN), options rtol = 1e-5, atol = 1e-8. The second
--- result says where they differ most.
---@return boolean, string?
function create.close(a, b, ...)
  local o = parse.close(...)
  return core.close(a, b, o.rtol, o.atol)
end

return create
