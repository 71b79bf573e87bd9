-- config.lua: the backend's settings, one per Lua state: default float type, fuzz factor, image layout.
-- Read by the option parser, set through K. Keras's keras.json is not looked at.

local core = require "dwconv.core"

local config = {}

local values = { floatx = "float32", epsilon = 1e-7, image_data_format = "channels_last" }

local allowed = {
  floatx = { float32 = true, float64 = true },
  image_data_format = { channels_last = true, channels_first = true },
}

local expected = {
  floatx = '"float32" or "float64"',
  image_data_format = '"channels_last" or "channels_first"',
}

--- The default float type: "float32" or "float64".
function config.floatx() return values.floatx end

--- The fuzz factor, 1e-7 at first.
function config.epsilon() return values.epsilon end

--- The layout of images where a call does not say: "channels_last" (n,h,w,c) or "channels_first" (n,c,h,w).
function config.image_data_format() return values.image_data_format end

--- The most bytes that all tensors of this state may take: the machine's memory or its cgroup's.
function config.memory_limit() return core.build().memory end

local function set_choice(name)
  return function(value)
    if type(value) ~= "string" or not allowed[name][value] then
      local got = type(value) == "string" and ('"%s"'):format(value) or tostring(value)
      core.raise(("set_%s: must be %s, got %s"):format(name, expected[name], got))
    end
    values[name] = value
  end
end

config.set_floatx = set_choice "floatx"
config.set_image_data_format = set_choice "image_data_format"

function config.set_epsilon(value)
  if type(value) ~= "number" then core.raise("set_epsilon: must be a number, got " .. tostring(value)) end
  values.epsilon = value
end

return config
