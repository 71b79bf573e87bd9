-- models/sequential.lua: dw.Sequential{ layer, layer, ... }: layers one after the other. It is a graph as soon as the
-- shape of its input is known: from dw.Input at its beginning, from input_shape of its first layer, from build(shape),
-- or from the first numbers.

local args = require "dwconv.args"
local graph = require "dwconv.graph"
local layer = require "dwconv.layers.layer"
local network = require "dwconv.models.network"
local wrap = require "dwconv.layers.wrap"

local kinds, raise, show, is_tensor = args.kinds, args.raise, args.show, args.check.is_tensor

local stack_kind = kinds.new {
  annotation = "table",
  words = "a table of layers; the first may be dw.Input{...}; ops and functions are layers too",
  expected = "a table of layers",
  default_text = "{}",
  read = function(v)
    if type(v) ~= "table" or getmetatable(v) then return nil end
    local list = {}
    for i = 1, #v do
      local input = i == 1 and is_tensor(v[i]) and graph.value(v[i])
      list[i] = input or wrap(v[i])
      if not list[i] then return nil end
    end
    return list
  end,
  explain = function(argument, v)
    for i = 1, type(v) == "table" and not getmetatable(v) and #v or 0 do
      local is_input = i == 1 and is_tensor(v[i]) and graph.value(v[i])
      if not (is_input or wrap(v[i])) then
        local input = i == 1 and ", or dw.Input" or ""
        raise("%s[%d] must be a layer, an op or a function%s, got %s", argument, i, input, show(v[i]))
      end
    end
  end,
}
stack_kind.default = {}

-- Runs a symbolic tensor through the stack.
local function connect(self, x)
  local first = graph.value(x)
  for _, element in ipairs(self.stack) do
    x = element(x)
    if not is_tensor(x) then raise("%s: %s gives several tensors; use dw.Model", self.name, element.name) end
  end
  network.adopt(self, { first }, { graph.value(x) })
end

local record = {
  doc = [[
Layers one after the other, as one layer that can be trained. Composed ops and functions are layers too. The shape of
the input is known from dw.Input{...} as the first element, or from input_shape of the first layer; else the weights are
made when the first numbers come, or by build(shape).]],
  options = { layers = stack_kind },
  init = function(self)
    local given = rawget(self, "layers")
    local stack = table.move(given, 1, #given, 1, {}) -- its own, to which `add` adds
    rawset(self, "layers", nil)
    rawset(self, "stack", stack)
    local input = graph.is_value(stack[1]) and table.remove(stack, 1)
    local first = stack[1]
    for _, element in ipairs(stack) do self:track(element) end
    if not self.trainable then self.trainable = false end -- those within neither
    if input then
      connect(self, graph.tensor(input))
    elseif first and first.input_shape then
      connect(self, graph.input(first.input_shape, first.dtype, first.name .. "_input"))
    elseif first and rawget(first, "input_values") and #first.input_values == 1 then
      local v = first.input_values[1]
      connect(self, graph.input({ table.unpack(v.shape, 2) }, v.dtype, first.name .. "_input"))
    end
  end,
  build = function(self, shape)
    if #self.stack == 0 then raise("%s: it has no layers", self.name) end
    graph.within(function() connect(self, graph.input(shape, self.dtype, self.name .. "_input")) end)
  end,
  getters = network.methods.getters,
}

for name, f in pairs(network.methods) do
  if name ~= "getters" then record[name] = f end
end

function record:call(x, training)
  if is_tensor(x) and not self.built then self:build { table.unpack(x.shape, 2) } end
  return network.run(self, x, training)
end

--- Puts a further layer at the end.
function record:add(element)
  local input = #self.stack == 0 and not self.built and is_tensor(element) and graph.value(element)
  if input then
    connect(self, graph.tensor(input))
    return self
  end
  local wrapped = wrap(element)
  if not wrapped then
    raise("add: takes a layer, an op or a function%s, got %s", #self.stack == 0 and ", or dw.Input first" or "",
      show(element))
  end
  self.stack[#self.stack + 1] = wrapped
  self:track(wrapped)
  if rawget(self, "output_values") then
    local x = wrapped(graph.tensor(self.output_values[1]))
    network.extend(self, graph.value(x))
  elseif #self.stack == 1 and wrapped.input_shape then
    connect(self, graph.input(wrapped.input_shape, wrapped.dtype, wrapped.name .. "_input"))
  end
  return self
end

return function(methods)
  for name, f in pairs(methods) do
    if name ~= "getters" then record[name] = f end
  end
  for name, f in pairs(methods.getters) do record.getters[name] = f end
  local Sequential = layer.class "Sequential"(record)

  local make = Sequential.construct

  --- Sequential{ layer, layer, ..., name = }.
  Sequential.construct = args.speaking("Sequential", function(given, ...)
    if type(given) ~= "table" or getmetatable(given) or select("#", ...) > 0 then
      raise("takes one table of layers: dw.Sequential{ layer, layer }, got %s", show(given))
    end
    local options, stack = {}, {}
    for key, value in pairs(given) do
      if math.type(key) ~= "integer" then options[key] = value end
    end
    for i, element in ipairs(given) do stack[i] = element end
    if #stack > 0 then options.layers = stack end
    return make(options)
  end)
  return Sequential
end
