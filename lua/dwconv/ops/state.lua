-- ops/state.lua: what Keras's backend keeps beside tensors: settings, the learning phase, unique names; and the
-- functions that read tensors out or write into them.

local config = require "dwconv.config"
local core = require "dwconv.core"
local ops = require "dwconv.ops"
local options = require "dwconv.options"

local op = ops.family("state", "settings, learning phase, names; reading tensors out and writing into them")
local check_tensor = options.check_tensor
local clone = core.clone

-- What has no gradient, and mostly no tensors.
local function plain(name)
  return function(r)
    r.args, r.values, r.shapes = {}, r.values or {}, r.shapes or {}
    r.shapes.result = r.shapes.result or "nothing"
    r.backward, r.reason = "none", r.reason or "no tensor goes in"
    r.sample = r.sample or function() end
    return op(name)(r)
  end
end

-- ---- settings ------------------------------------------------------------------------------------

plain "backend" {
  doc = "The name of the backend.",
  shapes = { result = '"dwconv"' },
  forward = function() return "dwconv" end,
}

for name, doc in pairs {
  floatx = 'The default float dtype: "float32" or "float64".',
  epsilon = "The fuzz factor, 1e-7 at first.",
  image_data_format = 'The layout of images where a call does not say: "channels_last" or "channels_first".',
  memory_limit = "The most bytes that all tensors of this Lua state may take: the machine's memory or its cgroup's.",
} do
  plain(name) {
    doc = doc,
    shapes = { result = name:find "^[em]" and "a number" or "a string" },
    forward = function() return config[name]() end,
    differs = name == "memory_limit" and "Keras's backend does not have it." or nil,
  }
end

for name, expected in pairs {
  floatx = '"float32" or "float64"', epsilon = "a number", image_data_format = '"channels_last" or "channels_first"',
} do
  plain("set_" .. name) {
    doc = ("Sets K.%s()."):format(name),
    values = { "value" },
    shapes = { value = expected },
    forward = function(value) config["set_" .. name](value) end,
    sample = function() return config[name]() end,
    differs = name == "floatx" and "There is no float16." or nil,
  }
end

-- ---- learning phase ------------------------------------------------------------------------------

local phase = 0

local function check_phase(name, value)
  if value == true or value == 1 then return 1 end
  if value == false or value == 0 then return 0 end
  core.raise(("%s: value must be 0 or 1, got %s"):format(name, options.show(value)))
end

plain "learning_phase" {
  doc = "1 while training, 0 while testing, as at first.",
  shapes = { result = "0 or 1" },
  forward = function() return phase end,
}

plain "set_learning_phase" {
  doc = "Sets the learning phase.",
  values = { "value" },
  shapes = { value = "0, 1 or a boolean" },
  forward = function(value) phase = check_phase("set_learning_phase", value) end,
  sample = function() return 0 end,
}

plain "learning_phase_scope" {
  doc = "Calls f() in a learning phase and puts the former one back, after an error too; gives f's results.",
  values = { "value", "f" },
  shapes = { value = "0, 1 or a boolean", f = "a function", result = "f's" },
  forward = function(value, f)
    local former = phase
    value = check_phase("learning_phase_scope", value)
    if type(f) ~= "function" then
      core.raise(("learning_phase_scope: f must be a function, got %s"):format(options.show(f)))
    end
    local guard <close> = setmetatable({}, { __close = function() phase = former end }) -- luacheck: ignore
    phase = value
    return f()
  end,
  differs = "It takes a function, as Lua has no with.",
  sample = function() return 1, function() return phase end end,
}

local function value_of(x)
  if type(x) == "function" then return x() end
  return x
end

local training = {
  expected = "0, 1 or a boolean",
  read = function(v)
    if v == true or v == 1 then return 1 end
    if v == false or v == 0 then return 0 end
  end,
}

for name, at in pairs { in_train_phase = 1, in_test_phase = 0 } do
  plain(name) {
    doc = ("x in the %s phase, else alt; of either a function's result, which is called only then."):format(
      name:match "in_(%a+)_"),
    values = { "x", "alt" },
    options = { training = training },
    shapes = { x = "anything", alt = "anything", result = "x or alt" },
    forward = function(x, alt, o)
      local now = o.training or phase
      if now == at then return value_of(x) end
      return value_of(alt)
    end,
    reason = "it gives what it takes",
    sample = function() return 1, 2, { training = true } end,
  }
end

-- ---- unique names --------------------------------------------------------------------------------

local uids = {}

plain "get_uid" {
  doc = "A number that counts the calls with this prefix, 1 for the first.",
  values = { "prefix" },
  shapes = { prefix = 'a string; nil is ""', result = "a whole number" },
  forward = function(prefix)
    if prefix == nil then prefix = "" end
    if type(prefix) ~= "string" then
      core.raise(("get_uid: prefix must be a string, got %s"):format(options.show(prefix)))
    end
    uids[prefix] = (uids[prefix] or 0) + 1
    return uids[prefix]
  end,
  sample = function() return "sample" end,
}

plain "reset_uids" {
  doc = "Lets get_uid count from 1 again.",
  forward = function() uids = {} end,
}

plain "clear_session" {
  doc = "Lets get_uid count from 1 again and sets the learning phase to 0.",
  forward = function() uids, phase = {}, 0 end,
}

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
  doc = "The shape of x, as a tensor.",
  shapes = { result = "an int32 tensor" },
  forward = function(x)
    local shape = x.shape
    if #shape == 0 then return core.empty({ 0 }, "int32") end
    return core.tensor(shape, "int32", "float32")
  end,
}

reader "int_shape" {
  doc = "The shape of x, as a table: x.shape.",
  shapes = { result = "a table of sizes" },
  forward = function(x) return x.shape end,
}

reader "ndim" {
  doc = "How many axes x has.",
  shapes = { result = "a whole number" },
  forward = function(x) return x.ndim end,
}

reader "dtype" {
  doc = "The name of x's dtype.",
  shapes = { result = "a string" },
  forward = function(x) return x.dtype end,
}

reader "count_params" {
  doc = "How many numbers x holds.",
  shapes = { result = "a whole number" },
  forward = function(x) return x.size end,
}

reader "eval" {
  doc = "A copy of a tensor's numbers, which later writes do not change.",
  shapes = { result = "a tensor" },
  forward = clone,
  reason = "it reads a value out",
  differs = "It is a tensor still; t:to_table() gives a nested table.",
}

plain "get_value" {
  doc = "A copy of a tensor's numbers, which later writes do not change.",
  values = { "x" },
  shapes = { x = "a tensor; what is none comes back as it is", result = "a tensor" },
  forward = function(x) return options.is_tensor(x) and clone(x) or x end,
  reason = "it reads a value out",
  sample = function(R) return R { 2, 3 } end,
  differs = "It is a tensor still; t:to_table() gives a nested table.",
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
}

-- ---- writing -------------------------------------------------------------------------------------

local IN_PLACE = "it writes in place"
local add_to = core.elementwise("add", "update_add", "first", "x", "increment")
local subtract_from = core.elementwise("subtract", "update_sub", "first", "x", "decrement")
local scaled = core.elementwise("multiply", "moving_average_update", "new", "value", "momentum")
local average = core.elementwise("add", "moving_average_update", "new", "x", "value")

local fill = core.named(core.methods.fill, "update")

-- The value as a tensor like x.
local function like(name, x, value)
  check_tensor(name, "x", x)
  local given = core.named(core.tensor, name)(value, x.dtype, x.dtype, "value")
  if table.concat(given.shape, "x") ~= table.concat(x.shape, "x") then
    core.raise(("%s: value has shape %s but x has %s"):format(name, options.shape_text(given), options.shape_text(x)))
  end
  return given
end

plain "set_value" {
  doc = "Writes value into x, converted to x's dtype.",
  values = { "x", "value" },
  shapes = { x = "a tensor", value = "a tensor, a number or a nested table, of x's shape", result = "nothing" },
  forward = function(x, value) x:copy_(like("set_value", x, value)) end,
  reason = IN_PLACE,
  sample = function(R) return R { 2, 3 }, R { 2, 3 } end,
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
      given[i] = like("batch_set_value", pair[1], pair[2])
    end
    for i, pair in ipairs(tuples) do pair[1]:copy_(given[i]) end
  end,
  reason = IN_PLACE,
  sample = function(R) return { { R { 2, 3 }, R { 2, 3 } } } end,
}

plain "update" {
  doc = "Writes new_x into x.",
  values = { "x", "new_x" },
  shapes = { x = "a tensor", new_x = "a tensor of x's shape and dtype, or a number", result = "x itself" },
  forward = function(x, new_x)
    check_tensor("update", "x", x)
    if type(new_x) == "number" or type(new_x) == "boolean" then return fill(x, new_x) end
    return core.update(x, check_tensor("update", "new_x", new_x))
  end,
  reason = IN_PLACE,
  sample = function(R) return R { 2, 3 }, R { 2, 3 } end,
}

plain "update_add" {
  doc = "Adds increment to x in place.",
  values = { "x", "increment" },
  shapes = { x = "a tensor", increment = "a tensor that broadcasts to x's shape, or a number", result = "x itself" },
  forward = function(x, increment) return add_to(x, increment) end,
  reason = IN_PLACE,
  sample = function(R) return R { 2, 3 }, R { 3 } end,
}

plain "update_sub" {
  doc = "Subtracts decrement from x in place.",
  values = { "x", "decrement" },
  shapes = { x = "a tensor", decrement = "a tensor that broadcasts to x's shape, or a number", result = "x itself" },
  forward = function(x, decrement) return subtract_from(x, decrement) end,
  reason = IN_PLACE,
  sample = function(R) return R { 2, 3 }, R { 3 } end,
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
    local y = average(scaled(x, momentum), step)
    return x:copy_(like("moving_average_update", x, y))
  end,
  reason = IN_PLACE,
  sample = function(R) return R { 2, 3 }, R { 2, 3 }, 0.9 end,
}

-- ---- what has no place here ----------------------------------------------------------------------

for name, advice in pairs {
  manual_variable_initialization = "there are no sessions, and K.variable is initialised when it is made",
  name_scope = "there is no graph to name; K.get_uid makes names that differ",
  placeholder = "ops compute at once: write a Lua function of tensors, or compose ops with dw.ops",
  is_keras_tensor = "no tensor is symbolic",
  is_sparse = "every tensor is dense",
  to_dense = "every tensor is dense already",
  ["function"] = "write a Lua function; dw.ops composes ops into one",
} do
  ops.refuse("state", name, advice)
end
