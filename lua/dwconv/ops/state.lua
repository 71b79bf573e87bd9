-- ops/state.lua: functions that read tensors out or write into them; and what has no place here.

local core = require "dwconv.core"
local ops = require "dwconv.ops"
local options = require "dwconv.options"

local plain = ops.plain(ops.family("state", "reading tensors out and writing into them"))
local check_tensor = options.check_tensor
local clone, copy_ = core.clone, core.methods.copy_

-- ---- reading -------------------------------------------------------------------------------------

local function reader(name)
  return function(r)
    r.values, r.reason = { "x" }, r.reason or "its result is no float tensor"
    r.shapes.x = r.shapes.x or "a tensor"
    local read = r.forward
    r.forward = function(x) return read(check_tensor(name, "x", x)) end
    r.sample = function(R) return R { 2, 3 } end
    return plain(name)(r)
  end
end

reader "shape" {
  doc = "The shape of x, as a tensor: int32, or int64 where a size does not fit.",
  shapes = { result = "a tensor of sizes" },
  forward = function(x)
    local shape = x.shape
    if #shape == 0 then return core.empty({ 0 }, "int32") end
    return core.tensor(shape, math.max(table.unpack(shape)) < 2 ^ 31 and "int32" or "int64", "float32")
  end,
  example = "print(K.shape(dw.zeros { 2, 3 }))",
}

reader "int_shape" {
  doc = "The shape of x, as a table: x.shape.",
  shapes = { result = "a table of sizes" },
  forward = function(x) return x.shape end,
  example = 'print(table.concat(K.int_shape(dw.zeros { 2, 3 }), "x"))',
}

reader "ndim" {
  doc = "How many axes x has.",
  shapes = { result = "a whole number" },
  forward = function(x) return x.ndim end,
  example = "print(K.ndim(dw.zeros { 2, 3 }))",
}

reader "dtype" {
  doc = "The name of x's dtype.",
  shapes = { result = "a string" },
  forward = function(x) return x.dtype end,
  example = "print(K.dtype(dw.zeros { 2, 3 }))",
}

reader "count_params" {
  doc = "How many numbers x holds.",
  shapes = { result = "a whole number" },
  forward = function(x) return x.size end,
  example = "print(K.count_params(dw.zeros { 2, 3 }))",
}

reader "eval" {
  doc = "A copy of a tensor's numbers, which later writes do not change.",
  shapes = { result = "a tensor" },
  forward = clone,
  reason = "it reads a value out",
  differs = "It is a tensor still; t:to_table() gives a nested table.",
  example = [[
x = dw.zeros { 2 }
copy = K.eval(x)
K.update(x, 1)
print(copy)]],
}

plain "get_value" {
  doc = "A copy of a tensor's numbers, which later writes do not change.",
  values = { "x" },
  shapes = { x = "a tensor; what is none comes back as it is", result = "a tensor" },
  forward = function(x) return options.is_tensor(x) and clone(x) or x end,
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
  values = { "tensors" },
  shapes = { tensors = "a table of tensors", result = "a table of tensors" },
  forward = function(tensors)
    local values = {}
    if type(tensors) ~= "table" then
      core.raise(("batch_get_value: tensors must be a table, got %s"):format(options.show(tensors)))
    end
    for i, t in ipairs(tensors) do values[i] = clone(check_tensor("batch_get_value", "each", t)) end
    return values
  end,
  reason = "it reads values out",
  sample = function(R) return { R { 2, 3 } } end,
  example = "print(K.batch_get_value({ dw.zeros { 2 }, dw.ones { 2 } })[2])",
}

plain "print_tensor" {
  doc = "Prints a message and x; gives x.",
  values = { "x" },
  options = { message = options.text "" },
  shapes = { x = "a tensor", result = "x itself" },
  forward = function(x, o)
    check_tensor("print_tensor", "x", x)
    print(o.message == "" and tostring(x) or o.message .. " " .. tostring(x))
    return x
  end,
  reason = "it gives x itself, whose gradient flows on",
  sample = function(R) return R { 2, 3 }, { message = "x is" } end,
  example = 'K.print_tensor(dw.tensor { 1, 2 }, { message = "x is" })',
}

-- ---- writing -------------------------------------------------------------------------------------

local IN_PLACE = "it writes in place"
local WRITING = "Shapes that do not broadcast to x's, dtypes that differ, an x that was broadcast."
local add_to = core.elementwise("add", "update_add", "first", "x", "increment")
local subtract_from = core.elementwise("subtract", "update_sub", "first", "x", "decrement")
local scaled = core.elementwise("multiply", "moving_average_update", "new", "value", "momentum")
local average = core.elementwise("add", "moving_average_update", "new", "x", "value")

local fill = core.named(core.methods.fill, "update")

-- like(x, value): the value as a tensor like x, or an error in the function's name.
local function liker(name)
  local tensor = core.named(core.tensor, name)
  return function(x, value)
    check_tensor(name, "x", x)
    local given = tensor(value, x.dtype, x.dtype, "value")
    local shape, wanted = options.shape_text(given), options.shape_text(x)
    if shape ~= wanted then core.raise(("%s: value has shape %s but x has %s"):format(name, shape, wanted)) end
    return given
  end
end

local like_one, like_each, like_average = liker "set_value", liker "batch_set_value", liker "moving_average_update"

plain "set_value" {
  doc = "Writes value into x, converted to x's dtype.",
  values = { "x", "value" },
  shapes = { x = "a tensor", value = "a tensor, a number or a nested table, of x's shape", result = "nothing" },
  forward = function(x, value)
    local given = like_one(x, value)
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

plain "batch_set_value" {
  doc = "Writes a value into each of some tensors.",
  values = { "tuples" },
  shapes = { tuples = "a table of {tensor, value}", result = "nothing" },
  forward = function(tuples)
    if type(tuples) ~= "table" then
      core.raise(("batch_set_value: tuples must be a table, got %s"):format(options.show(tuples)))
    end
    local given = {}
    for i, pair in ipairs(tuples) do
      if type(pair) ~= "table" then
        core.raise(("batch_set_value: tuples[%d] must be {tensor, value}, got %s"):format(i, options.show(pair)))
      end
      given[i] = like_each(pair[1], pair[2])
    end
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
  values = { "x", "new_x" },
  shapes = { x = "a tensor", new_x = "a tensor of x's shape and dtype, or a number", result = "x itself" },
  forward = function(x, new_x)
    check_tensor("update", "x", x)
    if type(new_x) == "number" or type(new_x) == "boolean" then return fill(x, new_x) end
    ops.write(x, check_tensor("update", "new_x", new_x))
    return core.update(x, new_x)
  end,
  reason = IN_PLACE,
  sample = function(R) return R { 2, 3 }, R { 2, 3 } end,
  example = "print(K.update(dw.zeros { 2 }, dw.tensor { 1, 2 }))",
  errors = "A shape or dtype that is not x's, a number that x's dtype cannot hold, an x that was broadcast.",
}

plain "update_add" {
  doc = "Adds increment to x in place.",
  values = { "x", "increment" },
  shapes = { x = "a tensor", increment = "a tensor that broadcasts to x's shape, or a number", result = "x itself" },
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
  values = { "x", "decrement" },
  shapes = { x = "a tensor", decrement = "a tensor that broadcasts to x's shape, or a number", result = "x itself" },
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
  values = { "x", "value", "momentum" },
  shapes = {
    x = "a tensor", value = "a tensor that broadcasts to x's shape", momentum = "a number", result = "x itself",
  },
  forward = function(x, value, momentum)
    if type(momentum) ~= "number" then
      core.raise(("moving_average_update: momentum must be a number, got %s"):format(options.show(momentum)))
    end
    check_tensor("moving_average_update", "x", x)
    local step = type(value) == "number" and value * (1 - momentum) or scaled(value, 1 - momentum)
    local y = like_average(x, average(scaled(x, momentum), step))
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
  placeholder = "ops compute at once: write a Lua function of tensors, or compose ops with dw.ops",
  is_keras_tensor = "no tensor is symbolic",
  is_sparse = "every tensor is dense",
  to_dense = "every tensor is dense already",
  ctc_label_dense_to_sparse = "every tensor is dense, and so are labels",
  ["function"] = "write a Lua function; dw.ops composes ops into one",
} do
  ops.refuse("state", name, advice)
end
