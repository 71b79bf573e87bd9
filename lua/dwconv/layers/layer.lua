-- layers/layer.lua: what all layers have: names, weights, building on first use, calls on tensors and on symbolic ones.
-- A layer speaks to K only: `build(self, shape)` makes its weights, `call(self, x, training)` computes. Called by every
-- file in layers/, by scripts through dw.layers.Layer, and by models, which are layers too.
-- Invariant: weights are made once, when the shape of the first input is known, and stay the same tensors.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local classes = require "dwconv.classes"
local compose = require "dwconv.compose"
local ends = require "dwconv.layers.ends"
local graph = require "dwconv.graph"
local initializers = require "dwconv.initializers"
local ops = require "dwconv.ops"
local regularizers = require "dwconv.regularizers"
local constraints = require "dwconv.constraints"

local kinds, raise, show, is_tensor, slot = args.kinds, args.raise, args.show, args.check.is_tensor, ops.slot

-- A variable is what a layer knows of one of its weights: {name, tensor, trainable, regularizer, constraint, layer}.

-- clips: function(self, training) -> whether call(self, x, training, clip) takes clip = {low, high}.
-- keeps_dtype: true for layers that take x in any dtype; of others x is cast to the layer's.
-- takes_many: true for layers whose x may be a table of tensors, as that of a script's own may.
-- takes_names: true for models, whose x may also be a table by the names of their inputs.
local base = { getters = {}, metamethods = {}, keeps_dtype = false, takes_many = false, takes_names = false,
  activity_regularizer = false }
local layer = { base = base, registry = classes.registry("dw.layers", "a layer", base), shapes_of = ends.shapes_of }

local dtype = kinds.dtype(true)
dtype.quiet = true

base.options = {
  name = kinds.optional(kinds.text()),
  trainable = kinds.flag(true),
  dtype = dtype,
  input_shape = kinds.optional(kinds.shape()),
}
base.options.name.quiet, base.options.input_shape.to_config = true, function() return nil end

--- "DepthwiseConv2D" as layers are named: "depthwise_conv2d".
local function snake_case(name)
  return (name:gsub("(.)(%u%l+)", "%1_%2"):gsub("(%l)(%u)", "%1_%2"):lower())
end

--- A name that no layer had: "dense", then "dense_1".
function layer.unique_name(prefix)
  local n = K.get_uid(prefix)
  return n == 1 and prefix or ("%s_%d"):format(prefix, n - 1)
end

function base.init(self)
  local class = getmetatable(self).class
  rawset(self, "name", self.name or layer.unique_name(snake_case(class.name)))
  rawset(self, "is_trainable", rawget(self, "trainable"))
  rawset(self, "trainable", nil) -- a getter, so that setting it reaches the layers within
  rawset(self, "built", false)
  rawset(self, "variables", {})
  rawset(self, "sublayers", {})
end

-- ---- layers within layers ------------------------------------------------------------------------

local function is_layer(v) return classes.is_instance(v, layer.registry) end

layer.is_layer = is_layer

--- Makes the weights of another layer a part of this one's. Layers in a field, or in tables there, are tracked without
--- it.
function base:track(other)
  for _, known in ipairs(self.sublayers) do
    if rawequal(known, other) then return other end
  end
  self.sublayers[#self.sublayers + 1] = other
  return other
end

-- Tracks a layer, or those in a table, or in tables within it.
local function track_within(self, v, seen)
  if is_layer(v) then
    self:track(v)
  elseif type(v) == "table" and not getmetatable(v) and not seen[v] then
    seen[v] = true
    for _, key in ipairs(graph.keys_of(v)) do track_within(self, v[key], seen) end
  end
end

local BOOKS <const> = { variables = true, sublayers = true, node = true } -- fields that say where the layer stands

-- Tracks the layers in all fields: a table may have been filled after it was put there.
local function track_fields(self)
  for _, key in ipairs(graph.keys_of(self)) do
    if not BOOKS[key] then track_within(self, rawget(self, key), {}) end
  end
end

function base.metamethods.__newindex(self, key, value)
  if key == "trainable" then
    rawset(self, "is_trainable", kinds.flag():check("trainable", value))
    for _, inner in ipairs(self.sublayers) do inner.trainable = value end
    return
  end
  track_within(self, value, {})
  rawset(self, key, value)
end

function base.getters.trainable(self) return rawget(self, "is_trainable") end

-- ---- weights -------------------------------------------------------------------------------------

local weight_options = {
  initializer = initializers:kind "glorot_uniform",
  regularizer = regularizers:kind(nil, true),
  constraint = constraints:kind(nil, true),
  trainable = kinds.flag(true),
  dtype = kinds.optional(kinds.dtype()),
}

local weight_shape = kinds.shape()

--- Makes a weight of the layer, for `build`. Options: initializer (glorot_uniform if left out), regularizer,
--- constraint, trainable, dtype (the layer's if left out).
---@param name string
---@param shape integer[]
---@param given? table
---@return dwconv.Tensor
function base:add_weight(name, shape, given)
  given = given or {}
  for key in pairs(given) do
    if not weight_options[key] then
      raise("add_weight: unknown option %s%s", show(key), args.hint(key, { "initializer", "regularizer", "constraint",
        "trainable", "dtype" }))
    end
  end
  local o = {}
  for key, kind in pairs(weight_options) do
    local value = given[key]
    if value == nil then value = kind.default end
    o[key] = value ~= nil and kind:check("add_weight: " .. key, value) or value
  end
  local tensor = o.initializer(weight_shape:check("add_weight: shape", shape), o.dtype or self.dtype)
  local variable = { name = name, tensor = tensor, trainable = o.trainable, regularizer = o.regularizer,
    constraint = o.constraint, layer = self }
  self.variables[#self.variables + 1] = variable
  return tensor
end

-- Adds the variables that are trainable, or those that are not, of a layer and those within.
local function gather(self, trainable, frozen, found, seen)
  frozen = frozen or not self.trainable
  for _, v in ipairs(self.variables) do
    if not seen[v] and (v.trainable and not frozen) == trainable then
      seen[v] = true
      found[#found + 1] = v
    end
  end
  for _, inner in ipairs(self.sublayers) do inner:gather(trainable, frozen, found, seen) end
  return found
end

base.gather = gather

--- The variables in the order of get_weights: trainable ones first.
function base:all_variables()
  local seen = {}
  return self:gather(false, false, self:gather(true, false, {}, seen), seen)
end

--- The variables that training changes.
function base:trainable_variables() return self:gather(true, false, {}, {}) end

local function tensors_of(variables)
  local list = {}
  for i, v in ipairs(variables) do list[i] = v.tensor end
  return list
end

function base.getters.weights(self) return tensors_of(self:all_variables()) end
function base.getters.trainable_weights(self) return tensors_of(self:trainable_variables()) end
function base.getters.non_trainable_weights(self) return tensors_of(self:gather(false, false, {}, {})) end

--- {low, high} if all that the layer does is to clip x, as relu does: then it may run within the layer before it.
function base:clip() return nil end -- luacheck: ignore self

function base:clips() return false end -- luacheck: ignore self

--- What composed ops call the weights that training changes.
function base:parameters() return self.trainable_weights end

base.metamethods.parameters = base.parameters
base.metamethods.__shr = getmetatable(compose.relu {}).__shr -- layers compose as ops do

--- How many numbers the weights hold.
---@return integer
function base:count_params()
  if not self.built then raise("%s: it has no weights before it is built: call it, or build(shape)", self.name) end
  local n = 0
  for _, v in ipairs(self:all_variables()) do n = n + v.tensor.size end
  return n
end

--- Copies of the weights.
---@return dwconv.Tensor[]
function base:get_weights()
  local list = {}
  for i, v in ipairs(self:all_variables()) do list[i] = K.get_value(v.tensor) end
  return list
end

--- Writes the weights, in get_weights' order: tensors or nested tables of the same shapes.
---@param list table
function base:set_weights(list)
  local variables = self:all_variables()
  if type(list) ~= "table" then raise("set_weights: takes a table of weights, got %s", show(list)) end
  if #list ~= #variables then raise("set_weights: %s has %d weights, got %d", self.name, #variables, #list) end
  local pairs_ = {}
  for i, v in ipairs(variables) do
    local value = is_tensor(list[i]) and list[i] or K.constant(list[i], { dtype = v.tensor.dtype })
    if value.shape ~= v.tensor.shape then
      raise("set_weights: weight %d, %s of %s, has shape %s, got %s", i, v.name, v.layer.name, v.tensor.shape,
        value.shape)
    end
    pairs_[i] = { v.tensor, value }
  end
  ops.calls.no_grad(K.batch_set_value, pairs_)
end

-- ---- losses that layers add ----------------------------------------------------------------------

local collecting -- a list of scalar tensors, while a model computes its loss

--- For `call`: adds a number, or a tensor of one element, to the loss of the model that is being trained.
function base:add_loss(value)
  if not (is_tensor(value) and value.size == 1) and type(value) ~= "number" then
    raise("add_loss: %s must add a number or a tensor of one element, got %s", self.name, show(value))
  end
  if collecting then collecting[#collecting + 1] = value end
end

--- Calls f(...), which writes into weights, at the end of the step of training that computes; now, if there is none. So
-- a step that an error or Ctrl-C ends changes nothing.
function layer.at_end(f, ...)
  if not collecting then return f(...) end
  for i = 1, slot.hold and select("#", ...) or 0 do
    local v = select(i, ...)
    if is_tensor(v) then slot.hold(v) end
  end
  table.insert(collecting.at_end, table.pack(f, ...))
end

--- Calls f(...) and gives what layers have added to the loss meanwhile, with the calls that they want at the end in its
--- field at_end, then f's result.
function layer.collecting(f, ...)
  local former = collecting
  local _ <close> = setmetatable({}, { __close = function() collecting = former end })
  local list = { at_end = {} }
  collecting = list
  return list, f(...)
end

-- ---- its place in a graph ------------------------------------------------------------------------

--- Called when a symbolic tensor went through the layer.
function base:set_node(node) rawset(self, "node", node) end

local function symbolic(values)
  local list = {}
  for i, v in ipairs(values) do list[i] = graph.tensor(v) end
  return #list == 1 and list[1] or list
end

local function node_of(self)
  local node = rawget(self, "node")
  if not node then raise("%s: no symbolic tensor went through it; call it on dw.Input", self.name) end
  return node
end

--- What the layer gave, and took, when a symbolic tensor last went through it: symbolic tensors.
function base.getters.output(self) return symbolic(node_of(self).results) end
function base.getters.input(self) return symbolic(graph.parents(node_of(self))) end

-- ---- calls ---------------------------------------------------------------------------------------

local function compute(self, x, training, clip)
  x = ends.cast(self, x)
  if not self.built then self:build(ends.shapes_of(x)) end
  local y = self:call(x, training, clip)
  if not is_tensor(y) then ends.check_results(y) end
  if self.activity_regularizer and collecting then self:add_loss(self.activity_regularizer(y) / y.shape[1]) end
  return y
end

--- What the layer gives for x, a tensor or a table of tensors, without the checks of a call. An error says which layer
--- it is of. clip = {low, high} is for a layer that `clips` what it gives on the way.
function layer.run(self, x, training, clip)
  local fine, y = pcall(compute, self, x, training, clip)
  if fine then return y end
  if type(y) == "string" and not y:find(" [at ", 1, true) then
    y = ("%s [at %s, which takes %s]"):format(y, self.name, ends.text(x))
  end
  error(y, 0)
end

--- Calls f(...) in the learning phase of training or not, which layers within layers are called in.
function layer.in_phase(training, f, ...)
  local phase = training and 1 or 0
  if K.learning_phase() == phase then return f(...) end
  local given = table.pack(...)
  return K.learning_phase_scope(phase, function() return f(table.unpack(given, 1, given.n)) end)
end

local parse = args.options({ training = kinds.optional(kinds.flag()) }, "(x, {training = true})")

--- layer(x, { training = true }): the result for a tensor, or a table of tensors; training is K.learning_phase() if
--- left out. On symbolic tensors it is a node of their graph.
function base.invoke(self, x, given, extra)
  local training = parse(given, extra).training
  if training == nil then training = K.learning_phase() == 1 end
  ends.check_input(self, x)
  if slot[3] and slot[3].meets(x) then
    return graph.note_layer(self, x, graph.without(layer.run, self, x, false))
  end
  return layer.in_phase(training, layer.run, self, x, training)
end

-- ---- classes -------------------------------------------------------------------------------------

-- `build` runs once, and is told a shape that it may keep.
local function once(name, build, is_own)
  return args.speaking(name, function(self, shape)
    if self.built then return self end
    if type(shape) ~= "table" then
      raise("build: the shape must be a table of sizes without the batch, got %s", show(shape))
    end
    if build then build(self, shape) end
    if is_own then track_fields(self) end
    rawset(self, "built", true)
    return self
  end)
end

--- Makes a class of layers of a record, as classes.lua has them; build(self, shape) and call(self, x, training).
---@param name string
---@param own? boolean whether it is a script's
function layer.class(name, own)
  local make = layer.registry:class(name, own)
  return function(record)
    if type(record) == "table" then
      local copy, record_init = {}, record.init
      for key, value in pairs(record) do copy[key] = value end
      if type(copy.call) ~= "function" then raise("%s: a layer needs a function call(self, x, training)", name) end
      copy.build = once(name, copy.build, own)
      if own then
        copy.init = function(self)
          if record_init then record_init(self) end
          track_fields(self)
        end
      end
      if copy.takes_many == nil then copy.takes_many = own or nil end
      record = copy
    end
    return make(record)
  end
end

return layer
