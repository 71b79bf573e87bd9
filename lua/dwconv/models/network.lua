-- models/network.lua: a graph between inputs and outputs as one layer: which nodes it has, in which order they run,
-- whose weights come when. Called by model.lua and sequential.lua, whose classes share these methods. Invariant: a
-- network holds nodes and values (graph.lua), never symbolic tensors; a tensor that runs through it is let go of after
-- its last use.

local K = require "dwconv.backend"
local arena = require "dwconv.grad.arena"
local args = require "dwconv.args"
local feeding = require "dwconv.models.feeding"
local graph = require "dwconv.graph"
local layer = require "dwconv.layers.layer"

local raise, show, is_tensor = args.raise, args.show, args.check.is_tensor

local network = {}

-- ---- which nodes -----------------------------------------------------------------------------------

-- What Keras orders the layers of a model by: how far a node is from the outputs at most, then the order in which a
-- walk back from the outputs comes to its layer.
local function survey(inputs, outputs)
  local is_input, seen, order, met = {}, {}, {}, {}
  for _, v in ipairs(inputs) do is_input[v.node] = true end
  local list = {} -- after all that they depend on

  local function visit(node)
    if seen[node] then return end
    seen[node] = true
    local key = node.layer or node
    if not order[key] then
      met[#met + 1] = key
      order[key] = #met
    end
    if is_input[node] then
      list[#list + 1] = node
      return
    end
    if node.kind == "input" then
      raise("the outputs depend on the input %s (%s), which is not among inputs", graph.name(node), node.results[1])
    end
    for _, v in ipairs(graph.parents(node)) do visit(v.node) end
    list[#list + 1] = node
  end

  for _, v in ipairs(outputs) do visit(v.node) end
  for _, v in ipairs(inputs) do
    if not seen[v.node] then raise("the outputs do not depend on the input %s (%s)", graph.name(v.node), v) end
  end
  return list, order, is_input
end

local function layers_in_order(list, order, is_input)
  local depth_of, depth_of_node, layers = {}, {}, {}
  for i = #list, 1, -1 do
    local node = list[i]
    local key = node.layer or node
    local depth = math.max(depth_of_node[node] or 0, depth_of[key] or 0)
    if not depth_of[key] then layers[#layers + 1] = key end
    depth_of[key], depth_of_node[node] = depth, depth
    for _, v in ipairs(is_input[node] and {} or graph.parents(node)) do
      depth_of_node[v.node] = math.max(depth + 1, depth_of_node[v.node] or 0)
    end
  end
  table.sort(layers, function(a, b)
    if depth_of[a] ~= depth_of[b] then return depth_of[a] > depth_of[b] end
    return order[a] < order[b]
  end)
  return layers
end

-- The steps in which nodes run; `dead`: the values that nothing reads after a step.
local function steps_of(list, is_input, outputs)
  local steps, used, keep = {}, {}, {}
  for _, v in ipairs(outputs) do keep[v] = true end
  for _, node in ipairs(list) do
    if not is_input[node] then steps[#steps + 1] = { node = node, dead = {} } end
  end
  table.sort(steps, function(a, b) return a.node.id < b.node.id end)
  for i = #steps, 1, -1 do
    local step = steps[i]
    for _, v in ipairs(step.node.results) do
      if not used[v] and not keep[v] then step.dead[#step.dead + 1] = v end
    end
    for _, v in ipairs(graph.parents(step.node)) do
      if not used[v] and not keep[v] then
        used[v] = true
        step.dead[#step.dead + 1] = v
      end
    end
  end
  return steps
end

-- A layer that only clips what the step before gives, and nothing else reads, may run within that: `clip` of the first
-- of the two steps is the bounds, `joined` the second.
local function join_clips(steps, outputs)
  local readers, reads, keep = {}, {}, {}
  for _, v in ipairs(outputs) do keep[v] = true end
  for _, step in ipairs(steps) do
    for _, v in ipairs(graph.parents(step.node)) do
      readers[v] = (readers[v] or 0) + 1
      reads[v] = step
    end
  end
  for _, step in ipairs(steps) do
    local v, one = step.node.results[1], step.node.layer
    local reader = readers[v] == 1 and not keep[v] and reads[v] or nil
    if one and reader and reader.node.layer and graph.is_value(reader.node.arguments[1]) then
      local clip = reader.node.layer:clip()
      if clip then step.clip, step.joined = clip, reader end
    end
  end
  return steps
end

--- Makes a layer the network between inputs and outputs, lists of values.
function network.adopt(self, inputs, outputs)
  local list, order, is_input = survey(inputs, outputs)
  rawset(self, "input_values", inputs)
  rawset(self, "output_values", outputs)
  rawset(self, "steps", join_clips(steps_of(list, is_input, outputs), outputs))
  rawset(self, "elements", layers_in_order(list, order, is_input))
  rawset(self, "sublayers", {})
  for _, key in ipairs(self.elements) do
    if layer.is_layer(key) then self:track(key) end
  end
  rawset(self, "built", true)
end

-- Whether a layer already has a place.
local function has(self, one)
  for _, element in ipairs(self.elements) do
    if element == one then return true end
  end
  return false
end

--- Puts a further layer behind the one output, whose result `value` is. The same as `adopt` from the beginning, but
--- takes no longer for a long network.
function network.extend(self, value)
  local node, steps = value.node, self.steps
  local one, former = node.layer, self.output_values[1]
  if has(self, one) or not graph.is_value(node.arguments[1]) then
    return network.adopt(self, self.input_values, { value })
  end
  local last = steps[#steps]
  steps[#steps + 1] = { node = node, dead = { former } }
  self.elements[#self.elements + 1] = one
  self:track(one)
  self.output_values = { value }
  local clip = last and last.node.layer and last.node.results[1] == former and one:clip()
  if clip then last.clip, last.joined = clip, steps[#steps] end
end

-- ---- running ---------------------------------------------------------------------------------------

local function input_name(self, i)
  return #self.input_values == 1 and "x" or ("x[%d], for %s,"):format(i, graph.name(self.input_values[i].node))
end

local function check_number(self, i, t)
  local value = self.input_values[i]
  local fits = is_tensor(t) and t.ndim == #value.shape
  for k = 2, fits and t.ndim or 0 do fits = fits and t.shape[k] == value.shape[k] end
  if not fits then
    raise("%s: %s must be a batch of samples of shape %s, got %s", self.name, input_name(self, i), value, show(t))
  end
  if t.dtype ~= value.dtype then t = K.cast(t, value.dtype) end
  return t
end

--- A list of tensors, one for each input, of what a script passes: a tensor, a list, or a table by the inputs' names.
function network.inputs_of(self, x)
  if not is_tensor(x) and type(x) ~= "table" then
    raise("%s: x must be a tensor or a table of tensors, got %s", self.name, show(x))
  end
  local list = feeding.spread(self.name .. ": x", x, self.input_values, "input")
  for i, t in ipairs(list) do list[i] = check_number(self, i, t) end
  return list
end

-- The tensors of outputs: one alone, or a list.
local function results(self, numbers)
  local list = {}
  for i, v in ipairs(self.output_values) do list[i] = numbers[v] end
  return #list == 1 and list[1] or list
end

-- Puts the tensor of a value into numbers.
local function put(numbers, value, t)
  numbers[value] = t
  if arena.open then arena.hold(t) end
end

-- The results of a layer's node, or what a layer that runs within it gives.
local function run_layer(step, numbers, number_of, training)
  local node, joined = step.node, step.joined
  local clip = joined and node.layer:clips(training) and step.clip or nil
  local argument = node.arguments[1]
  local y = layer.run(node.layer, numbers[argument] or graph.argument(node, number_of), training, clip)
  if clip then
    put(numbers, joined.node.results[1], y)
  elseif is_tensor(y) then
    put(numbers, node.results[1], y)
  else
    for i, v in ipairs(node.results) do put(numbers, v, y[i]) end
  end
end

local function run_step(step, numbers, number_of, batch, training)
  local node = step.node
  if node.kind == "layer" then
    if not numbers[node.results[1]] then run_layer(step, numbers, number_of, training) end -- it may have run already
    return
  end
  local y = table.pack(graph.run(node, number_of, batch))
  for i, v in ipairs(node.results) do put(numbers, v, y[i]) end
end

-- Lets go of what is not read any more.
local function let_go(numbers, values)
  for _, v in ipairs(values) do
    if arena.open and numbers[v] then arena.drop(numbers[v]) end
    numbers[v] = nil
  end
end

--- The outputs for x. `watch`, if given, is called in the place of each step, with its node, how to find a value's
--- tensor, and a function that runs the step.
function network.run(self, x, training, watch)
  local numbers, inputs = {}, network.inputs_of(self, x)
  for i, v in ipairs(self.input_values) do put(numbers, v, inputs[i]) end
  local function number_of(v) return numbers[v] end
  local batch = inputs[1].shape[1]
  local function run(step) run_step(step, numbers, number_of, batch, training) end
  for _, step in ipairs(self.steps) do
    local mark = arena.open and arena.mark()
    if watch then watch(step.node, number_of, function() run(step) end) else run(step) end
    if mark then arena.sweep(mark) end
    let_go(numbers, step.dead)
  end
  if arena.open then
    for _, t in pairs(numbers) do arena.hand_on(t) end
  end
  return results(self, numbers)
end

-- ---- what the classes share --------------------------------------------------------------------------

local methods = { getters = {}, keeps_dtype = true, takes_many = true, takes_names = true }
network.methods = methods

local function need_graph(self)
  if not rawget(self, "steps") then
    raise("%s: it is not built yet: give its first layer an input_shape, begin with dw.Input, or call build(shape)",
      self.name)
  end
end

network.need_graph = need_graph

function methods:call(x, training) return network.run(self, x, training) end

-- Layer by layer; within a layer trainable weights first.
function methods:all_variables()
  local list, seen = {}, {}
  for _, inner in ipairs(self.sublayers) do
    for _, v in ipairs(inner:all_variables()) do
      if not seen[v] then
        seen[v] = true
        list[#list + 1] = v
      end
    end
  end
  return list
end

--- The layer of this name, or at this position, from 1 on.
---@param key string|integer
function methods:get_layer(key)
  local names = {}
  for i, inner in ipairs(self.layers) do
    if inner.name == key or i == key then return inner end
    names[i] = inner.name
  end
  raise("%s: it has no layer %s%s", self.name, show(key), args.hint(key, names))
end

-- The value that a layer, or a function of K, of this name gives last.
local function value_at(self, name)
  local found, names = nil, {}
  for _, step in ipairs(self.steps) do
    local own = graph.name(step.node)
    if own == name then found = step.node end
    names[#names + 1] = own
  end
  if not found then raise("at: %s has no layer %s%s", self.name, show(name), args.hint(name, names)) end
  return found.results
end

--- The model from the same inputs to what the layer of this name gives.
---@param name string
function methods:at(name)
  need_graph(self)
  return network.between(self.input_values, value_at(self, name))
end

local function tensors(values)
  local list = {}
  for i, v in ipairs(values) do list[i] = graph.tensor(v) end
  return list
end

function methods.getters.inputs(self)
  need_graph(self)
  return tensors(self.input_values)
end

function methods.getters.outputs(self)
  need_graph(self)
  return tensors(self.output_values)
end

function methods.getters.input(self) return self.inputs[1] end
function methods.getters.output(self) return self.outputs[1] end

--- The layers, inputs and functions of K left out.
function methods.getters.layers(self)
  local list = {}
  for _, key in ipairs(rawget(self, "elements") or self.stack or {}) do
    if layer.is_layer(key) then list[#list + 1] = key end
  end
  return list
end

return network
