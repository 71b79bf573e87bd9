-- layer_cases.lua: the cases of fixtures/layers.lua, which says what one holds, for layers_spec.lua.

local dw = require "dwconv"
local K = dw.backend

local cases = {}

local SIZES = { float32 = 4, int64 = 8 }

local function bytes_of(path)
  local f <close> = assert(io.open(path, "rb"))
  return f:read "a"
end

--- All cases, in order.
function cases.load()
  local bytes = bytes_of "tests/fixtures/layers.bin"
  local function T(dtype, shape, at)
    local n = SIZES[dtype]
    for _, size in ipairs(shape) do n = n * size end
    return dw.from_bytes(bytes:sub(at + 1, at + n), shape, { dtype = dtype })
  end
  return assert(loadfile "tests/fixtures/layers.lua")(T)
end

--- The shape of a sample, of a tensor or of each of a list.
function cases.sample_shape(x)
  if type(x) == "userdata" then return { table.unpack(x.shape, 2) } end
  local shapes = {}
  for i, t in ipairs(x) do shapes[i] = cases.sample_shape(t) end
  return shapes
end

--- f of x, or of each of a list.
function cases.each(x, f)
  if type(x) == "userdata" then return f(x) end
  local list = {}
  for i, t in ipairs(x) do list[i] = f(t) end
  return list
end

--- The layer of a case.
function cases.make(case)
  local config = {}
  for key, value in pairs(case.config) do config[key] = value end
  return dw.layers[case.layer](config)
end

--- The same, with its weights.
function cases.with_weights(case)
  local layer = cases.make(case)
  layer:build(cases.sample_shape(case.x))
  local weights = {}
  for i, v in ipairs(layer:all_variables()) do weights[i] = K.cast(case.weights[i], v.tensor.dtype) end
  layer:set_weights(weights)
  return layer
end

--- A name for a case.
function cases.title(case)
  local keys, parts = {}, {}
  for key in pairs(case.config or {}) do keys[#keys + 1] = key end
  table.sort(keys)
  local function text(v)
    if type(v) ~= "table" then return tostring(v) end
    local list = {}
    for i, item in ipairs(v) do list[i] = text(item) end
    return "{" .. table.concat(list, ",") .. "}"
  end
  for i, key in ipairs(keys) do parts[i] = key .. "=" .. text(case.config[key]) end
  local x = type(case.x) == "userdata" and tostring(case.x.shape) or "a list"
  return ("%s %s of %s"):format(case.layer, table.concat(parts, " "), x)
end

--- Gradients of sum(layer(x) * g) in training, for each trainable weight.
function cases.gradients(layer, x, g)
  local tape, loss = dw.record(function()
    local y = layer(x, { training = true })
    return K.sum(y * K.cast(g, y.dtype))
  end)
  return tape:gradients(loss, layer.trainable_weights)
end

return cases
