-- config.lua: the backend's settings, one per Lua state: default float type, fuzz factor, image layout.
-- Read by the option parser, set through K. Keras's keras.json is not looked at.

local core = require "dwconv.core"

-- Errors blame the first line outside this folder. Every room loads this one, whichever a script requires first.
if debug then core.set_home((debug.getinfo(1, "S").source:gsub("config%.lua$", ""))) end

-- changes: how often a setting was set.
local config = { changes = 0 }

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

--- The most bytes that all of this Lua state may take now.
function config.memory_limit() return core.memory_limit() end

--- Sets it; nil stands for what the machine has left.
function config.set_memory_limit(value)
  core.set_memory_limit(value)
  config.changes = config.changes + 1
end

local function refuse(name, wanted, got)
  got = type(got) == "string" and ('"%s"'):format(got) or tostring(got)
  core.raise(("set_%s: %s must be %s, got %s"):format(name, name, wanted, got))
end

local function set(name, value)
  values[name] = value
  config.changes = config.changes + 1
end

local function set_choice(name)
  return function(value)
    if type(value) ~= "string" or not allowed[name][value] then refuse(name, expected[name], value) end
    set(name, value)
  end
end

local set_floatx = set_choice "floatx"

function config.set_floatx(value)
  set_floatx(value)
  core.set_floatx(value)
end

config.set_image_data_format = set_choice "image_data_format"

function config.set_epsilon(value)
  if type(value) ~= "number" or value ~= value then refuse("epsilon", "a number", value) end
  set("epsilon", value)
end

return config
