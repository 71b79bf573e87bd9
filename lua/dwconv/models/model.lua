-- models/model.lua: dw.Model{ inputs =, outputs = }: the graph between symbolic tensors as a layer that can be trained.
-- Called by scripts, and by what makes models out of parts of others.

local args = require "dwconv.args"
local graph = require "dwconv.graph"
local layer = require "dwconv.layers.layer"
local network = require "dwconv.models.network"

local kinds, raise, show, is_tensor = args.kinds, args.raise, args.show, args.check.is_tensor

local function value_of(t) return graph.is_value(t) and t or is_tensor(t) and graph.value(t) or nil end

-- The kind of an end of a model: a symbolic tensor, or a table of them.
local function symbolic(from)
  return kinds.new {
    annotation = "dwconv.Tensor|dwconv.Tensor[]",
    tensors = true,
    expected = "a symbolic tensor" .. from .. ", or a table of them",
    read = function(v)
      if value_of(v) then return { value_of(v) } end
      if type(v) ~= "table" or #v == 0 then return nil end
      local list = {}
      for i = 1, #v do
        list[i] = value_of(v[i])
        if not list[i] then return nil end
      end
      return list
    end,
    explain = function(argument, v)
      if type(v) == "table" and #v > 0 then
        for i = 1, #v do
          if not value_of(v[i]) then
            raise("%s[%d] must be a symbolic tensor%s, got %s", argument, i, from, show(v[i]))
          end
        end
      end
      if is_tensor(v) then
        raise("%s must be a symbolic tensor%s, got %s, which has nothing to do with dw.Input", argument, from, show(v))
      end
    end,
    to_config = function() return nil end,
  }
end

local record = {
  doc = [[
The graph from symbolic tensors of dw.Input to others that were made of them, as one layer that can be trained. Layers
may be shared, there may be several inputs and outputs, and functions of K and operators between the layers.]],
  leading = { "inputs", "outputs" },
  options = { inputs = symbolic " of dw.Input", outputs = symbolic " made of dw.Input" },
  -- The fields inputs and outputs are symbolic tensors, made when they are read; what was given is kept as values.
  init = function(self)
    local inputs, outputs = rawget(self, "inputs"), rawget(self, "outputs")
    rawset(self, "inputs", nil)
    rawset(self, "outputs", nil)
    network.adopt(self, inputs, outputs)
    if not self.trainable then self.trainable = false end -- the layers within neither
  end,
  getters = network.methods.getters,
}

for name, f in pairs(network.methods) do
  if name ~= "getters" then record[name] = f end
end

return function(methods)
  for name, f in pairs(methods) do
    if name ~= "getters" then record[name] = f end
  end
  for name, f in pairs(methods.getters) do record.getters[name] = f end
  local Model = layer.class "Model"(record)

  --- The model between lists of values.
  function network.between(inputs, outputs) return Model { inputs = inputs, outputs = outputs } end

  return Model
end
