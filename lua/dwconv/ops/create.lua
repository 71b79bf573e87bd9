-- ops/create.lua: tensors made from sizes, tables, bytes and numbers. Sizes and numbers are checked by the core. The
-- default dtype is K.floatx().

local args = require "dwconv.args"
local config = require "dwconv.config"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local source = ops.plain(ops.family "create")
local kinds, raise = args.kinds, args.raise
local tensor = kinds.tensor

local dtype = { dtype = kinds.dtype() }
local any_dtype = { dtype = kinds.optional(kinds.dtype()) }

local RAGGED = "Tables whose parts differ in shape, what is no number in them, numbers that the dtype cannot hold."

for name, doc in pairs { zeros = "Zeros of a shape.", ones = "Ones of a shape." } do
  source(name) {
    doc = doc,
    values = { { "shape", kinds.shape() } },
    options = dtype,
    result = "shape",
    reads = "core",
    forward = function(shape, o) return core[name](shape, o.dtype) end,
    home = "both",
    sample = function() return { 2, 3 }, { dtype = "int32" } end,
    example = ('print(K.%s({ 2, 2 }, { dtype = "int32" }))'):format(name),
  }
  source(name .. "_like") {
    doc = doc:gsub(" of a shape", " in the shape of x"),
    values = { { "x", tensor "a tensor, whose dtype is the default" } },
    options = any_dtype,
    result = "x's",
    forward = function(x, o) return core[name](x.shape, o.dtype or x.dtype) end,
    sample = function(R) return R { 2, 3 } end,
    example = ("print(K.%s_like(dw.tensor { 3, 4 }))"):format(name),
  }
end

local value_kind = kinds.scalar() -- what it must be depends on the dtype, so the core says it
value_kind.words, value_kind.expected = value_kind.expected, "a number"

source "full" {
  doc = "One number (or boolean) everywhere.",
  values = { { "shape", kinds.shape() }, { "value", value_kind } },
  options = any_dtype,
  result = "shape",
  reads = "core",
  forward = function(shape, value, o)
    return core.full(shape, value, o.dtype or (type(value) == "boolean" and "bool" or config.floatx()))
  end,
  home = "dw",
  sample = function() return { 2, 3 }, 7 end,
  example = "print(dw.full({ 2, 2 }, 7))",
  errors = "A number that the dtype cannot hold.",
}

-- What was given by position, and the options, of a function that has optional positions.
local function read_given(most, parse, ...)
  local given, n, o = { ... }, select("#", ...), nil
  if type(given[n]) == "table" then
    o, given[n], n = given[n], nil, n - 1
  end
  if n > most then raise("takes at most %d numbers, then options, got more", most) end
  return given, parse(o)
end

-- What was given by position or as an option of the same name.
local function either(argument, given, option)
  if given ~= nil and option ~= nil then raise("%s is given twice", argument) end
  if given == nil then return option end
  return given
end

local eye_options = { dtype = dtype.dtype, columns = kinds.whole() }
local parse_eye = args.options(eye_options, "(size, columns, {options})")

local size = kinds.whole(nil, 0, 1 << 31)

source "eye" {
  doc = "The identity matrix of a size; columns, which may be an option too, gives it another number of columns.",
  values = { { "size", size, "a whole number" }, { "columns", kinds.optional(size), "a whole number" } },
  options = eye_options,
  result = "size,columns",
  raw = true,
  forward = function(...)
    local given, o = read_given(2, parse_eye, ...)
    local columns = either("columns", given[2], o.columns)
    if columns == nil then columns = given[1] end
    return core.eye(given[1], columns, o.dtype)
  end,
  home = "both",
  sample = function() return 3, 4 end,
  example = "print(K.eye(2))\nprint(K.eye(2, 3))",
}

local arange_options = { dtype = any_dtype.dtype, stop = kinds.number(), step = kinds.number() }
local parse_arange = args.options(arange_options, "(start, stop, step, {options})")

source "arange" {
  doc = [[
Numbers from start up to, but without, stop: arange(stop), arange(start, stop) or arange(start, stop, step), then
options, among which stop and step may be given too; start is 0 and step 1 if not given. Whole numbers are int32,
others K.floatx().]],
  values = {
    { "start", kinds.finite() },
    { "stop", kinds.optional(kinds.finite()) },
    { "step", kinds.optional(kinds.finite()) },
  },
  options = arange_options,
  result = "as many as there are",
  raw = true,
  forward = function(...)
    local given, o = read_given(3, parse_arange, ...)
    local stop, step = either("stop", given[2], o.stop), either("step", given[3], o.step)
    return core.arange(given[1], stop, step, o.dtype, config.floatx())
  end,
  home = "both",
  sample = function() return 1, 8, 2 end,
  example = "print(K.arange(3))\nprint(K.arange(0, 2, 0.5))\nprint(K.arange(1, { stop = 8, step = 3 }))",
  errors = "A step of 0, and a whole number that does not fit into the dtype.",
}

source "linspace" {
  doc = "num numbers from start to stop, both included.",
  values = {
    { "start", kinds.finite() },
    { "stop", kinds.finite() },
    { "num", kinds.whole(nil, 1, 1 << 40), "a whole number" },
  },
  options = { dtype = kinds.dtype(true) },
  result = "num",
  reads = "core",
  forward = function(start, stop, num, o) return core.linspace(start, stop, num, o.dtype) end,
  home = "dw",
  sample = function() return 0, 1, 5 end,
  example = "print(dw.linspace(0, 1, 5))",
  errors = "A num below 1.",
}

source "from_bytes" {
  doc = "The numbers in a string, in this machine's byte order and row-major order.",
  values = { { "bytes", kinds.text() }, { "shape", kinds.shape() } },
  options = dtype,
  result = "shape",
  reads = "core",
  forward = function(bytes, shape, o) return core.from_bytes(bytes, shape, o.dtype) end,
  home = "dw",
  sample = function() return "abcdef", { 2, 3 }, { dtype = "uint8" } end,
  example = [[print(dw.from_bytes("\1\2\3", { 3 }, { dtype = "uint8" }))]],
  errors = "A string whose length does not fit the shape and the dtype.",
}

source "tensor" {
  doc = "A tensor from a nested table, a number or a boolean; a copy when given a tensor. A table of booleans is bool.",
  values = { { "data", kinds.values() } },
  options = any_dtype,
  result = "the table's",
  reads = "core",
  forward = function(data, o) return core.tensor(data, o.dtype, config.floatx()) end,
  home = "dw",
  reason = "it is a copy; clone() has one",
  sample = function() return { { 1, 2, 3 }, { 4, 5, 6 } } end,
  example = "print(dw.tensor { { 1, 2 }, { 3, 4 } })",
  errors = RAGGED,
}

source "variable" {
  doc = [[
A new tensor from a nested table, a number or a tensor, to be changed in place by K.update and the like.]],
  values = { { "value", kinds.values() } },
  options = dtype,
  result = "value's shape",
  reads = "core",
  forward = function(value, o) return core.tensor(value, o.dtype, config.floatx(), "value") end,
  sample = function() return { { 1, 2, 3 }, { 4, 5, 6 } } end,
  example = [[
v = K.variable { 1, 2 }
K.update_add(v, 1)
print(v)]],
  errors = RAGGED,
}

source "constant" {
  doc = [[
A tensor from a nested table or a number. With the option shape a number fills it, and as many numbers as it holds are
put in.]],
  values = { { "value", kinds.values() } },
  options = { dtype = dtype.dtype, shape = kinds.shape() },
  result = "value's, or the option shape",
  reads = "core",
  forward = function(value, o)
    if o.shape and type(value) == "number" then return core.full(o.shape, value, o.dtype) end
    local t = core.tensor(value, o.dtype, config.floatx(), "value")
    if not o.shape then return t end
    if t.size == 1 then return core.full(o.shape, t:item(), o.dtype) end
    local n = args.check.product(o.shape, 1, #o.shape)
    if n ~= t.size then
      raise("value holds %d numbers, but shape %s takes %d", t.size, table.concat(o.shape, "x"), n)
    end
    return core.reshape(t, o.shape)
  end,
  sample = function() return { 1, 2, 3, 4, 5, 6 }, { shape = { 2, 3 } } end,
  example = "print(K.constant({ 1, 2, 3, 4 }, { shape = { 2, 2 } }))",
  errors = RAGGED .. " With the option shape also a value of more or fewer numbers.",
}

source "close" {
  doc = [[
Whether |a - b| <= atol + rtol*|b| everywhere (NaN equals NaN), and shapes and dtypes agree. The second result says
where they differ most.]],
  values = { { "a", tensor "a tensor" }, { "b", tensor "a tensor" } },
  options = { rtol = kinds.number(1e-5), atol = kinds.number(1e-8) },
  result = { kinds.gives("boolean", "true"), kinds.gives("string?", "or false and a text") },
  reads = "core",
  forward = function(a, b, o) return core.close(a, b, o.rtol, o.atol) end,
  home = "dw",
  reason = "its result is a boolean",
  sample = function(R) return R { 2, 3 }, R { 2, 3 } end,
  example = "print(dw.close(dw.tensor { 1, 2 }, dw.tensor { 1, 2.5 }))",
}
