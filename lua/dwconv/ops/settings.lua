-- ops/settings.lua: what Keras's backend keeps besides tensors: settings, the learning phase, unique names.

local args = require "dwconv.args"
local config = require "dwconv.config"
local ops = require "dwconv.ops"

local kinds, gives, value_of = args.kinds, args.kinds.gives, args.check.value_of
local plain = ops.plain(ops.family "settings")

-- ---- settings ------------------------------------------------------------------------------------

plain "backend" {
  doc = "The name of the backend.",
  result = gives("string", '"dwconv"'),
  forward = function() return "dwconv" end,
  example = "print(K.backend())",
}

for name, doc in pairs {
  floatx = 'The default float dtype: "float32" or "float64".',
  epsilon = "The fuzz factor, 1e-7 at first.",
  image_data_format = 'The layout of images where a call does not say: "channels_last" or "channels_first".',
  memory_limit = "The most bytes that this Lua state may take: what K.set_memory_limit said, or what it holds and the "
    .. "machine, or the cgroup around it, has left now, less a sixteenth of all.",
} do
  plain(name) {
    doc = doc,
    result = name:find "^[em]" and gives("number", "a number") or gives("string", "a string"),
    forward = function() return config[name]() end,
    example = name == "memory_limit" and "print(K.memory_limit() > 0)" or ("print(K.%s())"):format(name),
    differs = name == "memory_limit" and "Keras's backend does not have it." or nil,
  }
end

local examples = {
  floatx = [[
K.set_floatx "float64"
print(dw.zeros { 1 })
K.set_floatx "float32" -- as at first]],
  epsilon = [[
K.set_epsilon(1e-5)
print(K.epsilon())
K.set_epsilon(1e-7) -- as at first]],
  image_data_format = [[
K.set_image_data_format "channels_first"
print(K.image_data_format())
K.set_image_data_format "channels_last" -- as at first]],
  memory_limit = [[
K.set_memory_limit(1 << 30) -- a gigabyte
print(K.memory_limit())
K.set_memory_limit(nil) -- as at first]],
}

for name, kind in pairs {
  floatx = kinds.dtype(true), epsilon = kinds.number(), image_data_format = kinds.data_format(),
  memory_limit = kinds.optional(kinds.whole(nil, 1)),
} do
  plain("set_" .. name) {
    doc = ("Sets K.%s()%s."):format(name, kind.optional and "; nil stands for what the machine has left" or ""),
    values = { { "value", kind, name == "memory_limit" and "a whole number of bytes" or nil } },
    forward = function(value) config["set_" .. name](value) end,
    sample = function() return name ~= "memory_limit" and config[name]() or nil end,
    example = examples[name],
    differs = name == "floatx" and "There is no float16."
      or name == "memory_limit" and "Keras's backend does not have it." or nil,
  }
end

-- ---- learning phase ------------------------------------------------------------------------------

local phase = 0

local phase_kind = kinds.new {
  annotation = "integer|boolean",
  default_text = "K.learning_phase()",
  expected = "0, 1 or a boolean",
  read = function(v)
    if v == true or v == 1 then return 1 end
    if v == false or v == 0 then return 0 end
  end,
}

plain "learning_phase" {
  doc = "1 while training, 0 while testing, as at first.",
  result = gives("integer", "0 or 1"),
  forward = function() return phase end,
  example = "print(K.learning_phase())",
}

plain "set_learning_phase" {
  doc = "Sets the learning phase.",
  values = { { "value", phase_kind } },
  forward = function(value) phase = value end,
  sample = function() return 0 end,
  example = [[
K.set_learning_phase(1)
print(K.in_train_phase("training", "testing"))
K.set_learning_phase(0) -- as at first]],
}

plain "learning_phase_scope" {
  doc = "Calls f() in a learning phase and puts the former one back, after an error too; gives f's results.",
  values = { { "value", phase_kind }, { "f", kinds.callable() } },
  result = gives("any ...", "f's", true),
  forward = function(value, f)
    local former = phase
    local guard <close> = setmetatable({}, { __close = function() phase = former end }) -- luacheck: ignore
    phase = value
    return args.call(f)
  end,
  differs = "It takes a function, as Lua has no with.",
  sample = function() return 1, function() return phase end end,
  example = "print(K.learning_phase_scope(1, function() return K.learning_phase() end))",
}

local either = kinds.anything() -- also a symbolic tensor, of which a model chooses when it runs
either.tensors = true

for name, at in pairs { in_train_phase = 1, in_test_phase = 0 } do
  plain(name) {
    doc = ("x in the %s phase, else alt; of either a function's result, which is called only then."):format(
      name:match "in_(%a+)_"),
    values = { { "x", either }, { "alt", either } },
    options = { training = phase_kind },
    result = gives("any", "x or alt", true),
    forward = function(x, alt, o)
      local now = o.training or phase
      if now == at then return value_of(x) end
      return value_of(alt)
    end,
    reason = "it gives what it takes",
    example = ('print(K.%s("x", "alt"), K.%s("x", "alt", { training = true }))'):format(name, name),
    sample = function() return 1, 2, { training = true } end,
  }
end

-- ---- unique names --------------------------------------------------------------------------------

local uids = {}

plain "get_uid" {
  doc = 'A number that counts the calls with this prefix ("" for nil), 1 for the first.',
  values = { { "prefix", kinds.optional(kinds.text()) } },
  result = gives("integer", "a whole number"),
  forward = function(prefix)
    prefix = prefix or ""
    uids[prefix] = (uids[prefix] or 0) + 1
    return uids[prefix]
  end,
  sample = function() return "sample" end,
  example = [[
K.reset_uids()
print(K.get_uid "layer", K.get_uid "layer", K.get_uid "loss")
K.reset_uids()]],
}

plain "reset_uids" {
  doc = "Lets get_uid count from 1 again.",
  forward = function() uids = {} end,
  example = [[
K.get_uid "layer"
K.reset_uids()
print(K.get_uid "layer")
K.reset_uids()]],
}

plain "clear_session" {
  doc = "Lets get_uid count from 1 again and sets the learning phase to 0.",
  forward = function() uids, phase = {}, 0 end,
  example = [[
K.set_learning_phase(1)
K.clear_session()
print(K.learning_phase())]],
}
