-- models/architecture.lua: models as plain data, and back: layers, and the nodes between them. Called by saving.lua,
-- and by get_config and from_config of Model and Sequential. Invariant: data makes layers of known classes, or of those
-- that the caller hands over, and calls of K's functions of tensors; it holds no code, and no other function can be
-- named in it.

local args = require "dwconv.args"
local classes = require "dwconv.classes"
local graph = require "dwconv.graph"
local layer = require "dwconv.layers.layer"
local ops = require "dwconv.ops"

local raise, show, is_tensor = args.raise, args.show, args.check.is_tensor

local architecture = {}

-- Families whose functions change settings, files, or what a script holds.
local CLOSED <const> = { settings = true, state = true, gradients = true, io = true, create = true, update = true }

local OPEN <const> = { einsum = true, in_train_phase = true, in_test_phase = true }

local function is_open(record)
  if not record or record.refused then return false end
  if OPEN[record.name] then return true end
  local first = record.kinds[1]
  return not CLOSED[record.family] and first ~= nil and first.tensors == true
end

-- ---- to data ---------------------------------------------------------------------------------------

-- Refuses what no file can hold, by the name of its layer.
local function check_plain(v, where)
  if type(v) == "function" or type(v) == "table" and getmetatable(v) or type(v) == "userdata" then
    raise('%s holds %s, which cannot be saved; make a class of layers for it, dw.layers.Layer "Name" { ... }, and '
      .. "hand it to dw.load_model as a custom object", where, type(v) == "function" and "a Lua function"
      or args.check.is_callable(v) and "a composed op" or show(v))
  end
  for _, item in pairs(type(v) == "table" and v or {}) do check_plain(item, where) end
  return v
end

-- While a model becomes data: the tensors bound in calls of K, over it and the models within; by layer, its data; and
-- how many layers stand in several models.
local writing

-- A layer that stands in several of the models gets a number, by which it is named from the second time on.
local function layer_data(one)
  local known = writing.data[one]
  if known then
    if not known.number then known.number, writing.shared = writing.shared + 1, writing.shared + 1 end
    return { again = known.number }
  end
  local data = classes.serialize(one)
  check_plain(data.config, one.name)
  writing.data[one] = data
  return data
end

-- Calls f(...) within what is written, or begins it. Gives what was written, then f's results.
local function within_writing(f, ...)
  local former = writing
  local _ <close> = setmetatable({}, { __close = function() writing = former end })
  writing = former or { constants = {}, data = {}, shared = 0 }
  return writing, f(...)
end

-- An argument of a function of K: values become {value = {node, result}}; constants are collected.
local function encode(v, numbers, constants)
  if graph.is_value(v) then return { value = { numbers[v.node], v.index } } end
  if is_tensor(v) then
    constants[#constants + 1] = v
    return { tensor = #constants }
  end
  if v == nil then return { none = true } end
  if type(v) == "number" and v - v ~= 0 then return { number = v ~= v and "nan" or v > 0 and "inf" or "-inf" } end
  if type(v) ~= "table" then return v end
  local list = {}
  for key, item in pairs(v) do list[#list + 1] = { key, encode(item, numbers, constants) } end
  table.sort(list, function(a, b) return tostring(a[1]) < tostring(b[1]) end)
  return { table = list }
end

local function node_data(node, numbers, layers, constants)
  if node.kind == "layer" then
    return { layer = layers[node.layer], arguments = { encode(node.arguments[1], numbers, constants) } }
  end
  if not is_open(node.record) then raise("a call of K.%s cannot be saved", node.record.name) end
  local list = {}
  for i = 1, node.arguments.n do list[i] = encode(node.arguments[i], numbers, constants) end
  check_plain(list, "a call of K." .. node.record.name)
  return { op = node.record.name, arguments = list }
end

local function ends_data(values, numbers)
  local list = {}
  for i, v in ipairs(values) do list[i] = { numbers[v.node], v.index } end
  return list
end

local function model_config(self)
  local config = { name = self.name, trainable = self.trainable, layers = {}, nodes = {} }
  local numbers, layers = {}, {}
  for i, one in ipairs(self.layers) do
    config.layers[i], layers[one] = layer_data(one), i
  end
  for i, v in ipairs(self.input_values) do
    config.nodes[i] = { input = graph.name(v.node), shape = { table.unpack(v.shape, 2) }, dtype = v.dtype }
    numbers[v.node] = i
  end
  for _, step in ipairs(self.steps) do
    config.nodes[#config.nodes + 1] = node_data(step.node, numbers, layers, writing.constants)
    numbers[step.node] = #config.nodes
  end
  config.inputs, config.outputs = ends_data(self.input_values, numbers), ends_data(self.output_values, numbers)
  return config
end

local function sequential_config(self)
  local config = { name = self.name, trainable = self.trainable, layers = {} }
  for i, one in ipairs(self.stack) do config.layers[i] = layer_data(one) end
  if self.built then
    local v = self.input_values[1]
    config.input = { input = graph.name(v.node), shape = { table.unpack(v.shape, 2) }, dtype = v.dtype }
  end
  return config
end

--- A model, or any layer, as plain data, and the tensors that are bound in its calls of K's functions.
function architecture.of(model)
  local written, data = within_writing(function() return layer_data(model) end)
  return data, written.constants
end

function architecture.get_config(self)
  local _, config = within_writing(rawget(self, "stack") and sequential_config or model_config, self)
  return config
end

-- ---- from data -------------------------------------------------------------------------------------

local function refuse(...) raise("architecture: %s", (...):format(select(2, ...))) end

local function need_table(v, what)
  if type(v) ~= "table" or getmetatable(v) then refuse("%s must be a table, got %s", what, show(v)) end
  return v
end

-- While data becomes a model: the constants of the file that is read; the layers that come again, by number.
local reading

local function within_reading(constants, f, ...)
  local former = reading
  local _ <close> = setmetatable({}, { __close = function() reading = former end })
  reading = former or { constants = constants, shared = {} }
  return args.pass(f(...))
end

local function make_layer(data, what, custom_objects)
  need_table(data, what)
  if data.again ~= nil then
    return reading.shared[data.again] or refuse("%s: there is no layer of number %s yet", what, show(data.again))
  end
  local one, why = layer.registry:get(data, custom_objects)
  if not one then
    refuse("%s: %s; if it is a script's own, hand it over: custom_objects = { %s = ... }", what,
      why or "no class_name", type(data.class_name) == "string" and data.class_name or "Name")
  end
  if data.number ~= nil then reading.shared[data.number] = one end
  return one
end

local function make_input(data, what)
  local shape = need_table(data.shape, what .. ".shape")
  return graph.Input { shape = shape, dtype = data.dtype, name = data.input }
end

local function result_at(place, made, what)
  need_table(place, what)
  local node = made[place[1]]
  local t = type(node) == "table" and node[place[2]]
  if not t then refuse("%s names a result that is not there yet", what) end
  return t
end

local NUMBERS <const> = { inf = math.huge, ["-inf"] = -math.huge, nan = 0 / 0 }

local function decode(v, made, constants, what)
  if type(v) ~= "table" then return v end
  if getmetatable(v) then refuse("%s holds null", what) end
  if v.value then return result_at(v.value, made, what) end
  if v.tensor then return constants[v.tensor] or refuse("%s: there is no constant %s", what, show(v.tensor)) end
  if v.none then return nil end
  if v.number then return NUMBERS[v.number] or refuse("%s: %s is no number", what, show(v.number)) end
  local t = {}
  for _, pair in ipairs(need_table(v.table, what)) do
    need_table(pair, what)
    if type(pair[1]) ~= "string" and math.type(pair[1]) ~= "integer" then refuse("%s: a bad key", what) end
    t[pair[1]] = decode(pair[2], made, constants, what)
  end
  return t
end

local function run_node(data, what, made, layers, constants)
  local list = need_table(data.arguments, what .. ".arguments")
  if data.layer then
    local one = layers[data.layer]
    if not one then refuse("%s: there is no layer %s", what, show(data.layer)) end
    local y = one(decode(list[1], made, constants, what))
    return is_tensor(y) and { y } or y
  end
  local record = type(data.op) == "string" and ops.records[data.op]
  if not is_open(record) then refuse("%s: %s is no function of tensors", what, show(data.op)) end
  local given = { n = #list }
  for i = 1, #list do given[i] = decode(list[i], made, constants, what) end
  return { record.call(table.unpack(given, 1, given.n)) }
end

local function ends(list, made, what)
  local tensors = {}
  for i, place in ipairs(need_table(list, what)) do tensors[i] = result_at(place, made, what) end
  return tensors
end

-- Whether the model itself is trainable says nothing of the layers within, which say so themselves.
local function with_trainable(model, config)
  if config.trainable ~= nil then rawset(model, "is_trainable", config.trainable == true) end
  return model
end

local function model_from_config(class, config, custom_objects)
  local layers, made = {}, {}
  for i, data in ipairs(need_table(config.layers, "layers")) do
    layers[i] = make_layer(data, ("layers[%d]"):format(i), custom_objects)
  end
  for i, data in ipairs(need_table(config.nodes, "nodes")) do
    local what = ("nodes[%d]"):format(i)
    need_table(data, what)
    made[i] = data.shape and { make_input(data, what) } or run_node(data, what, made, layers, reading.constants)
  end
  return with_trainable(class {
    inputs = ends(config.inputs, made, "inputs"), outputs = ends(config.outputs, made, "outputs"), name = config.name,
  }, config)
end

local function sequential_from_config(class, config, custom_objects)
  local stack = {}
  for i, data in ipairs(need_table(config.layers, "layers")) do
    stack[i] = make_layer(data, ("layers[%d]"):format(i), custom_objects)
  end
  if config.input then table.insert(stack, 1, make_input(need_table(config.input, "input"), "input")) end
  return with_trainable(class { layers = stack, name = config.name }, config)
end

--- The model, or layer, that the data describes.
---@param data table
---@param constants dwconv.Tensor[]
---@param custom_objects? table<string, any>
function architecture.make(data, constants, custom_objects)
  return within_reading(constants, graph.within, make_layer, data, "the model", custom_objects)
end

--- Gives the classes Model and Sequential these methods.
function architecture.install(model, sequential)
  model.get_config, sequential.get_config = architecture.get_config, architecture.get_config
  function model.from_config(...) return within_reading({}, model_from_config, ...) end
  function sequential.from_config(...) return within_reading({}, sequential_from_config, ...) end
end

return architecture
