-- graph.lua: dw.Input and what is made of it. An input is a tensor with an EMPTY batch, so K functions, operators and
-- layers run on it as they are: they give shapes and errors, and compute on nothing. Meanwhile each call is noted as a
-- node, from which models are made (models/). Called by ops, whose slot holds the graph while symbolic tensors are
-- around; by layers, whose calls are nodes too; and by models, which run nodes again on numbers.
-- Invariant: a symbolic tensor is known by the object alone, and stands for one value: {node, index, shape, dtype}.
-- Nodes hold values, never tensors, so that a graph nobody uses is collected.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local ops = require "dwconv.ops"

local kinds, raise, is_tensor, slot = args.kinds, args.raise, args.check.is_tensor, ops.slot

local graph = {}

local values = setmetatable({}, { __mode = "k" }) -- by symbolic tensor
local writes = setmetatable({}, { __mode = "k" }) -- by symbolic tensor: how often it had been written when it was made

local Value = { __name = "dwconv.Value" }
Value.__index = Value

--- The shape of one sample: "14x14x64".
function Value:__tostring() return #self.shape == 1 and "()" or table.concat(self.shape, "x", 2) end

-- Makes t stand for a value.
local function put(t, value) values[t], writes[t] = value, t:writes() end

function slot.refuse_write(t)
  raise("a symbolic tensor (%s) has no numbers to write in place; K.where and K.concatenate make a new one", values[t])
end

--- The value that a symbolic tensor stands for; nil for any other.
function graph.value(t)
  local value = values[t]
  if value and t:writes() ~= writes[t] then slot.refuse_write(t) end
  return value
end

--- Whether v is a symbolic tensor.
function slot.is_symbolic(v) return type(v) == "userdata" and values[v] ~= nil end

--- Whether v is a value, as nodes hold them in place of symbolic tensors.
function graph.is_value(v) return getmetatable(v) == Value end

-- ---- nodes ---------------------------------------------------------------------------------------

local count = 0

-- A node has: id, kind ("input", "layer" or "op"), results (values); layer, or record and arguments ({n =}, as the
-- function of K was called, with values in place of symbolic tensors).
local function new_node(fields)
  count = count + 1
  fields.id, fields.results = count, {}
  return fields
end

local function add_result(node, t)
  local value = setmetatable({ node = node, index = #node.results + 1, shape = t.shape, dtype = t.dtype }, Value)
  node.results[value.index] = value
  put(t, value)
  return value
end

-- Puts back what was in the slot.
local quiet = { __close = function(former) slot.watch(former[1]) end }

--- Calls f(...) while nothing is noted.
function graph.without(f, ...)
  local _ <close> = setmetatable({ slot[3] }, quiet)
  slot.watch(nil)
  return args.pass(f(...))
end

--- Calls f(...) while calls on symbolic tensors are noted.
function graph.within(f, ...)
  local _ <close> = setmetatable({ slot[3] }, quiet)
  slot.watch(graph)
  return args.pass(f(...))
end

local function has_symbolic(v)
  if type(v) == "userdata" then return values[v] ~= nil end
  if type(v) ~= "table" or getmetatable(v) then return false end
  for _, item in pairs(v) do
    if has_symbolic(item) then return true end
  end
  return false
end

--- Whether one of the arguments is symbolic, or a table with one in it.
function graph.meets(...)
  if next(values) == nil then
    slot.watch(nil)
    return false
  end
  for i = 1, select("#", ...) do
    if has_symbolic((select(i, ...))) then return true end
  end
  return false
end

local function refuse_constant(t)
  raise("a tensor without numbers (%s) stands beside one of dw.Input; its size may come from the empty batch: make it "
    .. "of the input itself, as K.zeros_like does", t.shape)
end

-- What a node holds of an argument: values in place of symbolic tensors, tables copied.
local function held(v)
  if is_tensor(v) then
    if values[v] then return graph.value(v) end
    if v.size == 0 then refuse_constant(v) end
    return v
  end
  if type(v) ~= "table" or getmetatable(v) then return v end
  local copy = {}
  for key, item in pairs(v) do copy[key] = held(item) end
  return copy
end

-- A tensor like y that stands for nothing yet: what computes may give what it got.
local function unknown(y) return values[y] and K.zeros(y.shape, { dtype = y.dtype }) or y end

local function add_results(node, ...)
  local results = table.pack(...)
  for i = 1, results.n do
    if is_tensor(results[i]) then
      results[i] = unknown(results[i])
      add_result(node, results[i])
    end
  end
  return table.unpack(results, 1, results.n)
end

--- Calls a function of K with symbolic tensors among its arguments, and notes it.
function graph.note(record, ...)
  local node = new_node { kind = "op", record = record, arguments = table.pack(...) }
  for i = 1, node.arguments.n do node.arguments[i] = held(node.arguments[i]) end
  return add_results(node, graph.without(record.call, ...))
end

--- Notes that a layer gave y, a tensor or a table of tensors, of x, one too.
function graph.note_layer(layer, x, y)
  local node = new_node { kind = "layer", layer = layer, arguments = { held(x), n = 1 } }
  layer:set_node(node)
  if is_tensor(y) then
    y = unknown(y)
    add_result(node, y)
    return y
  end
  local results = {}
  for i, one in ipairs(y) do
    results[i] = unknown(one)
    add_result(node, results[i])
  end
  return results
end

--- The name of a node: that of its layer, input or function of K.
function graph.name(node)
  if node.kind == "layer" then return node.layer.name end
  return node.name or node.kind == "op" and node.record.name or "input"
end

--- The names of values, each of them once: what comes again gets a number, as layers do: "dense", then "dense_1".
function graph.names(list)
  local names, used = {}, {}
  for i, value in ipairs(list) do
    local base, n = graph.name(value.node), 0
    local name = base
    while used[name] do
      n = n + 1
      name = ("%s_%d"):format(base, n)
    end
    names[i], used[name] = name, true
  end
  return names
end

--- The keys of a table, numbers and strings, in an order that is the same each time.
function graph.keys_of(t)
  local keys = {}
  for key in pairs(t) do
    if type(key) == "number" or type(key) == "string" then keys[#keys + 1] = key end
  end
  table.sort(keys, function(a, b)
    if type(a) ~= type(b) then return type(a) == "number" end
    return a < b
  end)
  return keys
end

--- The values among a node's arguments, in order, each as often as it stands there.
function graph.parents(node)
  local list = {}
  local function visit(v)
    if graph.is_value(v) then
      list[#list + 1] = v
    elseif type(v) == "table" and not getmetatable(v) then
      for _, key in ipairs(graph.keys_of(v)) do visit(v[key]) end
    end
  end
  visit(node.arguments or {})
  return list
end

-- ---- running a node again ------------------------------------------------------------------------

-- Sizes in which 0 is the batch.
local function with_batch(sizes, batch)
  if type(sizes) ~= "table" then return sizes end
  local copy = {}
  for i, n in ipairs(sizes) do copy[i] = n == 0 and batch or n end
  return copy
end

local function filled(v, number_of)
  if graph.is_value(v) then return number_of(v) end
  if type(v) ~= "table" or getmetatable(v) then return v end
  local copy = {}
  for key, item in pairs(v) do copy[key] = filled(item, number_of) end
  return copy
end

--- What a node's function of K gives for numbers. number_of(value) is the tensor of a value; a size that was the empty
--- batch is `batch` now.
---@param node table
---@param number_of fun(value: table): dwconv.Tensor
---@param batch integer
function graph.run(node, number_of, batch)
  local record, given = node.record, { n = node.arguments.n }
  for i = 1, given.n do
    local v = filled(node.arguments[i], number_of)
    if i <= #record.positional then
      if record.kinds[i].sizes then v = with_batch(v, batch) end
    elseif type(v) == "table" then
      for name, kind in pairs(record.options) do
        if kind.sizes then v[name] = with_batch(v[name], batch) end
      end
    end
    given[i] = v
  end
  return record.call(table.unpack(given, 1, given.n))
end

--- The argument of a layer's node, for numbers.
function graph.argument(node, number_of) return filled(node.arguments[1], number_of) end

-- ---- inputs --------------------------------------------------------------------------------------

local MOST <const> = kinds.MOST_AXES - 1
local size, dtype, name = kinds.whole(nil, 1), kinds.dtype(), kinds.optional(kinds.text())
local names = { "dtype", "name", "shape" }

local function read_shape(given)
  local sizes = given.shape == nil and given or given.shape
  if given.shape ~= nil and rawlen(given) > 0 then raise "takes sizes, or shape in their place, got both" end
  if type(sizes) ~= "table" then raise("shape must be a table of sizes, got %s", args.show(sizes)) end
  if rawlen(sizes) > MOST then
    raise("shape must have at most %d axes beside the batch, got %d", MOST, rawlen(sizes))
  end
  local shape = {}
  for i = 1, rawlen(sizes) do shape[i] = size:check(("shape[%d]"):format(i), rawget(sizes, i)) end
  return shape
end

--- A symbolic tensor for a value that nodes hold.
function graph.tensor(value)
  local t = K.zeros(value.shape, { dtype = value.dtype })
  put(t, value)
  slot.watch(graph)
  return t
end

--- A symbolic tensor with this shape of a sample, which leaves the batch out.
---@param shape integer[]
---@param type_of string a dtype
---@param given_name? string of the input
function graph.input(shape, type_of, given_name)
  local t = K.zeros({ 0, table.unpack(shape) }, { dtype = type_of })
  local node = new_node { kind = "input", name = given_name }
  add_result(node, t)
  slot.watch(graph)
  return t
end

--- dw.Input{ 224, 224, 3, name = "image" }: an input of models, which stands for a batch of such samples. Options:
--- name, dtype (K.floatx() if left out), and shape, in place of the sizes.
---@param given table
---@return dwconv.Tensor
graph.Input = args.speaking("Input", function(given, ...)
  if type(given) ~= "table" or is_tensor(given) or select("#", ...) > 0 then
    raise("takes one table of sizes: dw.Input{ 224, 224, 3 }, got %s", args.show(given))
  end
  for key in pairs(given) do
    if math.type(key) == nil and key ~= "dtype" and key ~= "name" and key ~= "shape" then
      raise("unknown option %s%s (the options are %s)", args.show(key), args.hint(key, names),
        table.concat(names, ", "))
    end
  end
  local type_of = given.dtype == nil and dtype.current() or dtype:check("dtype", given.dtype)
  return graph.input(read_shape(given), type_of, name:check("name", given.name))
end)

return graph
