-- ops/state.lua: functions that read tensors out or write into them; and those of Keras that dwconv does not have.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local plain = ops.plain(ops.family "state")
local kinds, raise, gives = args.kinds, args.raise, args.kinds.gives
local tensor = kinds.tensor
local clone, copy_ = core.clone, core.methods.copy_

-- ---- reading -------------------------------------------------------------------------------------

local function reader(name)
  return function(r)
    r.values, r.reason = { { "x", tensor "a tensor" } }, r.reason or "its result is no float tensor"
    r.sample = function(R) return R { 2, 3 } end
    return plain(name)(r)
  end
end

reader "shape" {
  doc = "The shape of x, as a tensor: int32, or int64 where a size does not fit.",
  result = "a tensor of sizes",
  forward = function(x)
    local shape = x.shape
    if #shape == 0 then return core.empty({ 0 }, "int32") end
    return core.tensor(shape, math.max(table.unpack(shape)) < 2 ^ 31 and "int32" or "int64", "float32")
  end,
  example = "print(K.shape(dw.zeros { 2, 3 }))",
}

reader "int_shape" {
  doc = "The shape of x, as a table: x.shape.",
  result = gives("integer[]", "a table of sizes"),
  forward = function(x) return x.shape end,
  example = 'print(table.concat(K.int_shape(dw.zeros { 2, 3 }), "x"))',
}

reader "ndim" {
  doc = "How many axes x has.",
  result = gives("integer", "a whole number"),
  forward = function(x) return x.ndim end,
  example = "print(K.ndim(dw.zeros { 2, 3 }))",
}

reader "dtype" {
  doc = "The name of x's dtype.",
  result = gives("string", "a string"),
  forward = function(x) return x.dtype end,
  example = "print(K.dtype(dw.zeros { 2, 3 }))",
}

reader "count_params" {
  doc = "How many numbers x holds.",
  result = gives("integer", "a whole number"),
  forward = function(x) return x.size end,
  example = "print(K.count_params(dw.zeros { 2, 3 }))",
}

reader "eval" {
  doc = "A copy of a tensor's numbers, which later writes do not change.",
  result = "a tensor",
  forward = clone,
  reason = "it reads a value out",
  differs = "It is a tensor still; t:to_table() gives a nested table.",
  example = [[
x = dw.zeros { 2 }
copy = K.eval(x)
K.update(x, 1)
print(copy)]],
}

local maybe_tensor = kinds.anything "a tensor; anything else comes back as it is"
maybe_tensor.tensors = true

plain "get_value" {
  doc = "A copy of a tensor's numbers, which later writes do not change.",
  values = { { "x", maybe_tensor } },
  result = "a tensor",
  forward = function(x) return args.check.is_tensor(x) and clone(x) or x end,
  reason = "it reads a value out",
  sample = function(R) return R { 2, 3 } end,
  differs = "It is a tensor still; t:to_table() gives a nested table.",
  example = [[
x = dw.zeros { 2 }
copy = K.get_value(x)
K.update(x, 1)
print(copy)]],
}

plain "batch_get_value" {
  doc = "get_value of each of some tensors.",
  values = { { "tensors", kinds.list("a table of tensors", nil, true) } },
  result = gives("dwconv.Tensor[]", "a table of tensors"),
  forward = function(tensors)
    for i = 1, #tensors do tensors[i] = clone(tensors[i]) end -- in a list of our own
    return tensors
  end,
  reason = "it reads values out",
  sample = function(R) return { R { 2, 3 } } end,
  example = "print(K.batch_get_value({ dw.zeros { 2 }, dw.ones { 2 } })[2])",
}

plain "print_tensor" {
  doc = "Prints a message and x; gives x.",
  values = { { "x", tensor "a tensor" } },
  options = { message = kinds.text "" },
  result = "x itself",
  forward = function(x, o)
    print(o.message == "" and tostring(x) or o.message .. " " .. tostring(x))
    return x
  end,
  reason = "it gives x itself, whose gradient flows on",
  sample = function(R) return R { 2, 3 }, { message = "x is" } end,
  example = 'K.print_tensor(dw.tensor { 1, 2 }, { message = "x is" })',
}

plain "is_keras_tensor" {
  doc = "Whether x is symbolic: dw.Input, or made of it.",
  values = { { "x", maybe_tensor, "anything" } },
  result = gives("boolean", "true or false"),
  forward = function(x) return ops.slot.is_symbolic ~= nil and ops.slot.is_symbolic(x) end,
  reason = "it asks what x is",
  sample = function(R) return R { 2, 3 } end,
  example = "print(K.is_keras_tensor(dw.zeros { 2 }), K.is_keras_tensor(dw.Input { 2 }))",
}

-- ---- writing -------------------------------------------------------------------------------------

local IN_PLACE = "it writes in place"
local WRITING = "Shapes that do not broadcast to x's, dtypes that differ, an x that was broadcast."
local add_to = core.elementwise("add", "first", "x", "increment")
local subtract_from = core.elementwise("subtract", "first", "x", "decrement")
local scaled = core.elementwise("multiply", "new", "value", "momentum")
local average = core.elementwise("add", "new", "x", "value")
local follow = core.updater("average", "x", "value")

-- The value as a tensor like x.
local function like(x, value)
  local given = core.tensor(value, x.dtype, x.dtype, "value")
  if given.shape ~= x.shape then raise("value has shape %s but x has %s", given.shape, x.shape) end
  return given
end

plain "set_value" {
  doc = "Writes value into x, converted to x's dtype.",
  values = {
    { "x", tensor "a tensor" },
    { "value", kinds.values "a nested table, a number, a boolean or a tensor, of x's shape" },
  },
  forward = function(x, value)
    local given = like(x, value)
    ops.write(x, value)
    copy_(x, given)
  end,
  reason = IN_PLACE,
  sample = function(R) return R { 2, 3 }, R { 2, 3 } end,
  example = [[
x = dw.zeros { 2 }
K.set_value(x, { 1, 2 })
print(x)]],
  errors = "A value that is not of x's shape, an x that was broadcast.",
}

local to, from = tensor "", kinds.values()

local tuples_kind = kinds.new {
  annotation = "table",
  expected = "a table of {tensor, value}",
  tensors = true,
  read = function(v)
    if type(v) ~= "table" then return nil end
    local tuples = {}
    for i = 1, rawlen(v) do
      local tuple = rawget(v, i)
      if type(tuple) ~= "table" or not to.read(tuple[1]) or from.read(tuple[2]) == nil then return nil end
      tuples[i] = { tuple[1], tuple[2] }
    end
    return tuples
  end,
  explain = function(argument, v)
    for i = 1, type(v) == "table" and rawlen(v) or 0 do
      local tuple, name = rawget(v, i), ("%s[%d]"):format(argument, i)
      if type(tuple) ~= "table" then raise("%s must be {tensor, value}, got %s", name, args.show(tuple)) end
      to:check(name .. "[1]", tuple[1])
      from:check(name .. "[2]", tuple[2])
    end
  end,
}

plain "batch_set_value" {
  doc = "Writes a value into each of some tensors.",
  values = { { "tuples", tuples_kind } },
  forward = function(tuples)
    local given = {}
    for i, pair in ipairs(tuples) do given[i] = like(pair[1], pair[2]) end
    for i, pair in ipairs(tuples) do
      ops.write(pair[1], pair[2])
      copy_(pair[1], given[i])
    end
  end,
  reason = IN_PLACE,
  sample = function(R) return { { R { 2, 3 }, R { 2, 3 } } } end,
  example = [[
x, y = dw.zeros { 2 }, dw.zeros { 1 }
K.batch_set_value { { x, { 1, 2 } }, { y, { 3 } } }
print(y)]],
  errors = "A value that is not of its tensor's shape.",
}

plain "update" {
  doc = "Writes new_x into x.",
  values = {
    { "x", tensor "a tensor" },
    { "new_x", kinds.tensor_or_number("a tensor of x's shape and dtype, or a number") },
  },
  result = "x itself",
  forward = function(x, new_x)
    if type(new_x) == "number" or type(new_x) == "boolean" then return core.methods.fill(x, new_x) end
    ops.write(x, new_x)
    return core.update(x, new_x)
  end,
  reason = IN_PLACE,
  sample = function(R) return R { 2, 3 }, R { 2, 3 } end,
  example = "print(K.update(dw.zeros { 2 }, dw.tensor { 1, 2 }))",
  errors = "A shape or dtype that is not x's, a number that x's dtype cannot hold, an x that was broadcast.",
}

plain "update_add" {
  doc = "Adds increment to x in place.",
  values = {
    { "x", tensor "a tensor" },
    { "increment", kinds.tensor_or_number("a tensor that broadcasts to x's shape, or a number") },
  },
  result = "x itself",
  reads = "core",
  forward = function(x, increment)
    ops.write(x, increment)
    return add_to(x, increment)
  end,
  reason = IN_PLACE,
  sample = function(R) return R { 2, 3 }, R { 3 } end,
  example = "print(K.update_add(dw.tensor { 1, 2 }, 10))",
  errors = WRITING,
}

plain "update_sub" {
  doc = "Subtracts decrement from x in place.",
  values = {
    { "x", tensor "a tensor" },
    { "decrement", kinds.tensor_or_number("a tensor that broadcasts to x's shape, or a number") },
  },
  result = "x itself",
  reads = "core",
  forward = function(x, decrement)
    ops.write(x, decrement)
    return subtract_from(x, decrement)
  end,
  reason = IN_PLACE,
  sample = function(R) return R { 2, 3 }, R { 3 } end,
  example = "print(K.update_sub(dw.tensor { 1, 2 }, 1))",
  errors = WRITING,
}

plain "moving_average_update" {
  doc = "x becomes x*momentum + value*(1 - momentum), in place.",
  values = {
    { "x", tensor "a tensor" },
    { "value", kinds.tensor_or_number("a tensor that broadcasts to x's shape, or a number") },
    { "momentum", kinds.number() },
  },
  result = "x itself",
  forward = function(x, value, momentum)
    local floats = x.dtype == "float32" or x.dtype == "float64"
    if floats and args.check.is_tensor(value) and value.dtype == x.dtype and value.shape == x.shape then
      ops.write(x, value)
      return follow(x, value, 1, math.huge, 0, momentum) -- in one pass
    end
    local step = type(value) == "number" and value * (1 - momentum) or scaled(value, 1 - momentum)
    local y = like(x, average(scaled(x, momentum), step))
    ops.write(x, value)
    return copy_(x, y)
  end,
  reason = IN_PLACE,
  sample = function(R) return R { 2, 3 }, R { 2, 3 }, 0.9 end,
  example = "print(K.moving_average_update(dw.tensor { 1, 2 }, dw.tensor { 3, 3 }, 0.5))",
  errors = WRITING,
}

-- ---- what has no place here ----------------------------------------------------------------------

for name, advice in pairs {
  manual_variable_initialization = "there are no sessions, and K.variable is initialised when it is made",
  name_scope = "there is no graph to name; K.get_uid makes names that differ",
  placeholder = "dw.Input makes a symbolic tensor for models; ops compute at once, and dw.ops composes them",
  is_sparse = "every tensor is dense",
  to_dense = "every tensor is dense already",
  ctc_label_dense_to_sparse = "K.ctc_batch_cost takes dense labels, with label_length",
  ["function"] = "write a Lua function; dw.ops composes ops into one",
} do
  ops.refuse("state", name, advice)
end
