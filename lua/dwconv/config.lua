-- config.lua: the backend's settings, one per Lua state: default float type, fuzz factor, image layout.
-- Read by the option parser, set through K, which checks what is set (ops/settings.lua). Keras's keras.json is not
-- looked at.

local core = require "dwconv.core"

-- Errors blame the first line outside this folder. Every room loads this one, whichever a script requires first.
if debug then core.set_home((debug.getinfo(1, "S").source:gsub("config%.lua$", ""))) end

-- changes: how often a setting was set.
local config = { changes = 0 }

local values = { floatx = "float32", epsilon = 1e-7, image_data_format = "channels_last" }

--- The default float type: "float32" or "float64".
function config.floatx() return values.floatx end

--- The fuzz factor, 1e-7 at first.
function config.epsilon() return values.epsilon end

--- The layout of images where a call does not say: "channels_last" (n,h,w,c) or "channels_first" (n,c,h,w).
function config.image_data_format() return values.image_data_format end

--- The most bytes that all of this Lua state may take now.
function config.memory_limit() return core.memory_limit() end

--- Sets it; nil stands for what the machine has left. Gives what was set before.
function config.set_memory_limit(value)
  config.changes = config.changes + 1
  return core.set_memory_limit(value)
end

local function setter(name)
  return function(value)
    values[name] = value
    config.changes = config.changes + 1
  end
end

local set_floatx = setter "floatx"

function config.set_floatx(value)
  set_floatx(value)
  core.set_floatx(value)
end

config.set_image_data_format, config.set_epsilon = setter "image_data_format", setter "epsilon"

return config
