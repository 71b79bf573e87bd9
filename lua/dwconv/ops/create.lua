-- ops/create.lua: tensors out of sizes, tables, bytes and numbers. Sizes and numbers are checked by the core. The
-- default dtype is K.floatx().

local config = require "dwconv.config"
local core = require "dwconv.core"
local ops = require "dwconv.ops"
local options = require "dwconv.options"

local source = ops.plain(ops.family("create", "tensors out of sizes, tables, bytes and numbers"))
local check_tensor = options.check_tensor

local dtype = { dtype = options.dtype() }
local any_dtype = { dtype = options.optional(options.dtype()) }

local SIZES = "a table of sizes"
local RAGGED = "Tables whose parts differ in shape, what is no number in them, numbers that the dtype cannot hold."

for name, doc in pairs { zeros = "Zeros of a shape.", ones = "Ones of a shape." } do
  source(name) {
    doc = doc,
    values = { "shape" },
    options = dtype,
    shapes = { shape = SIZES, result = "shape" },
    forward = function(shape, o) return core[name](shape, o.dtype) end,
    home = "both",
    sample = function() return { 2, 3 }, { dtype = "int32" } end,
    example = ('print(K.%s({ 2, 2 }, { dtype = "int32" }))'):format(name),
  }
  source(name .. "_like") {
    doc = doc:gsub(" of a shape", " in the shape of x"),
    values = { "x" },
    options = any_dtype,
    shapes = { x = "a tensor, whose dtype is the default", result = "x's" },
    forward = function(x, o)
      check_tensor(name .. "_like", "x", x)
      return core[name](x.shape, o.dtype or x.dtype)
    end,
    sample = function(R) return R { 2, 3 } end,
    example = ("print(K.%s_like(dw.tensor { 3, 4 }))"):format(name),
  }
end

source "full" {
  doc = "One number (or boolean) everywhere.",
  values = { "shape", "value" },
  options = any_dtype,
  shapes = { shape = SIZES, value = "a number or a boolean", result = "shape" },
  forward = function(shape, value, o)
    return core.full(shape, value, o.dtype or (type(value) == "boolean" and "bool" or config.floatx()))
  end,
  home = "dw",
  sample = function() return { 2, 3 }, 7 end,
  example = "print(dw.full({ 2, 2 }, 7))",
  errors = "A number that the dtype cannot hold.",
}

-- What was given by position, and the options, of a function that has optional positions.
local function read_given(name, most, parse, ...)
  local given, n, o = { ... }, select("#", ...), nil
  if type(given[n]) == "table" then
    o, given[n], n = given[n], nil, n - 1
  end
  if n > most then core.raise(("%s: takes at most %d numbers, then options, got more"):format(name, most)) end
  return given, parse(o)
end

-- What was given by position or as an option of the same name.
local function either(name, argument, given, option)
  if given ~= nil and option ~= nil then core.raise(("%s: %s is given twice"):format(name, argument)) end
  if given == nil then return option end
  return given
end

local eye_options = { dtype = dtype.dtype, columns = options.number(nil, true) }
local parse_eye = options.parser("eye", eye_options, "(size, columns, {options})")

source "eye" {
  doc = "The identity matrix of a size; with columns, which may be an option too, of so many columns.",
  values = { "size", "columns" },
  optional = { columns = true },
  options = eye_options,
  shapes = { size = "a whole number", columns = "a whole number, or nil", result = "size,columns" },
  raw = true,
  forward = function(...)
    local given, o = read_given("eye", 2, parse_eye, ...)
    local columns = either("eye", "columns", given[2], o.columns)
    if columns == nil then columns = given[1] end
    return core.eye(given[1], columns, o.dtype)
  end,
  home = "both",
  sample = function() return 3, 4 end,
  example = "print(K.eye(2))\nprint(K.eye(2, 3))",
}

local arange_options = { dtype = any_dtype.dtype, stop = options.number(), step = options.number() }
local parse_arange = options.parser("arange", arange_options, "(start, stop, step, {options})")

source "arange" {
  doc = [[
Numbers from start to below stop: arange(stop), arange(start, stop) or arange(start, stop, step), then options, as which
stop and step may be given too; start is 0 and step 1 if not given. Whole numbers are int32, others K.floatx().]],
  values = { "start", "stop", "step" },
  options = arange_options,
  shapes = {
    start = "a number", stop = "a number, or nil", step = "a number, or nil", result = "as many as there are",
  },
  raw = true,
  forward = function(...)
    local given, o = read_given("arange", 3, parse_arange, ...)
    local stop, step = either("arange", "stop", given[2], o.stop), either("arange", "step", given[3], o.step)
    return core.arange(given[1], stop, step, o.dtype, config.floatx())
  end,
  home = "both",
  sample = function() return 1, 8, 2 end,
  example = "print(K.arange(3))\nprint(K.arange(0, 2, 0.5))\nprint(K.arange(1, { stop = 8, step = 3 }))",
  errors = "A step of 0, and a whole number that does not fit into the dtype.",
}

source "linspace" {
  doc = "num numbers from start to stop, both included.",
  values = { "start", "stop", "num" },
  options = { dtype = options.dtype(true) },
  shapes = { start = "a number", stop = "a number", num = "a whole number", result = "num" },
  forward = function(start, stop, num, o) return core.linspace(start, stop, num, o.dtype) end,
  home = "dw",
  sample = function() return 0, 1, 5 end,
  example = "print(dw.linspace(0, 1, 5))",
  errors = "A num below 1.",
}

source "from_bytes" {
  doc = "The numbers in a string, in this machine's byte order and row-major order.",
  values = { "bytes", "shape" },
  options = dtype,
  shapes = { bytes = "a string", shape = SIZES, result = "shape" },
  forward = function(bytes, shape, o) return core.from_bytes(bytes, shape, o.dtype) end,
  home = "dw",
  sample = function() return "abcdef", { 2, 3 }, { dtype = "uint8" } end,
  example = [[print(dw.from_bytes("\1\2\3", { 3 }, { dtype = "uint8" }))]],
  errors = "A string that is not as long as the numbers of the shape take.",
}

source "tensor" {
  doc = "A tensor from a nested table, a number or a boolean; a copy when given a tensor. A table of booleans is bool.",
  values = { "data" },
  options = any_dtype,
  shapes = { data = "a nested table, a number, a boolean or a tensor", result = "the table's" },
  forward = function(data, o) return core.tensor(data, o.dtype, config.floatx()) end,
  home = "dw",
  reason = "it is a copy; clone() has one",
  sample = function() return { { 1, 2, 3 }, { 4, 5, 6 } } end,
  example = "print(dw.tensor { { 1, 2 }, { 3, 4 } })",
  errors = RAGGED,
}

local variable, constant = core.named(core.tensor, "variable"), core.named(core.tensor, "constant")
local filled, empty = core.named(core.full, "constant"), core.named(core.empty, "constant")

source "variable" {
  doc = [[
A tensor of its own from a nested table, a number or a tensor, to be changed in place by K.update and its like.]],
  values = { "value" },
  options = dtype,
  shapes = { value = "a nested table, a number or a tensor", result = "value's shape" },
  forward = function(value, o) return variable(value, o.dtype, config.floatx(), "value") end,
  sample = function() return { { 1, 2, 3 }, { 4, 5, 6 } } end,
  example = [[
v = K.variable { 1, 2 }
K.update_add(v, 1)
print(v)]],
  errors = RAGGED,
}

local shape_kind = {
  annotation = "integer[]",
  expected = SIZES,
  read = function(v) return type(v) == "table" and v or nil end,
}

source "constant" {
  doc = [[
A tensor from a nested table or a number. With the option shape a number fills it, and as many numbers as it holds are
put in.]],
  values = { "value" },
  options = { dtype = dtype.dtype, shape = shape_kind },
  shapes = { value = "a nested table, a number or a tensor", result = "value's, or the option shape" },
  forward = function(value, o)
    if o.shape and type(value) == "number" then return filled(o.shape, value, o.dtype) end
    local t = constant(value, o.dtype, config.floatx(), "value")
    if not o.shape then return t end
    if t.size == 1 then return filled(o.shape, t:item(), o.dtype) end
    local shaped = empty(o.shape, "bool")
    if shaped.size ~= t.size then
      core.raise(("constant: value holds %d numbers, but shape %s takes %d"):format(t.size,
        table.concat(o.shape, "x"), shaped.size))
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
  values = { "a", "b" },
  options = { rtol = options.number(1e-5), atol = options.number(1e-8) },
  shapes = { a = "a tensor", b = "a tensor", result = "true, or false and a text" },
  forward = function(a, b, o) return core.close(a, b, o.rtol, o.atol) end,
  home = "dw",
  reason = "its result is a boolean",
  sample = function(R) return R { 2, 3 }, R { 2, 3 } end,
  example = "print(dw.close(dw.tensor { 1, 2 }, dw.tensor { 1, 2.5 }))",
}
