-- layers/ends.lua: what goes into a layer and what comes out of it: tensors, or tables of them; their shapes without
-- the batch, their dtype, and how errors speak of them. Called by layer.lua.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local graph = require "dwconv.graph"

local raise, show, is_tensor = args.raise, args.show, args.check.is_tensor

local ends = {}

local function sample_shape(t)
  if t.ndim == 0 then raise "x must have a batch as its first axis, got a tensor without axes" end
  return { table.unpack(t.shape, 2) }
end

--- The shape, or list of shapes, that `build` gets for these inputs.
function ends.shapes_of(x)
  if is_tensor(x) then return sample_shape(x) end
  local shapes = {}
  for i, t in ipairs(x) do shapes[i] = sample_shape(t) end
  return shapes
end

local function cast_one(self, t)
  if t.dtype == self.dtype or t.dtype == "bool" then return t end
  return K.cast(t, self.dtype)
end

--- x with the layer's dtype, unless the layer takes any.
function ends.cast(self, x)
  if self.keeps_dtype then return x end
  if is_tensor(x) then return cast_one(self, x) end
  local list = {}
  for i, t in ipairs(x) do list[i] = cast_one(self, t) end
  return list
end

--- "14x14x64", with the name of what gave it where that is known.
function ends.text(x)
  if not is_tensor(x) then
    local list = {}
    for i, t in ipairs(x) do list[i] = ends.text(t) end
    return table.concat(list, " and ")
  end
  local value = graph.value(x)
  local text = x.ndim > 1 and table.concat(x.shape, "x", 2) or x.ndim == 1 and "numbers" or "a number"
  return value and ("%s (%s)"):format(graph.name(value.node), text) or text
end

--- Refuses what is no tensor, nor a table of tensors where the layer takes one.
function ends.check_input(self, x)
  if is_tensor(x) then return x end
  if not self.takes_many then raise("x must be a tensor, got %s", show(x)) end
  local named = self.takes_names and type(x) == "table" and next(x) ~= nil
  if type(x) ~= "table" or #x == 0 and not named then
    raise("x must be a tensor or a table of tensors, got %s", show(x))
  end
  for i, t in ipairs(x) do
    if not is_tensor(t) then raise("x[%d] must be a tensor, got %s", i, show(t)) end
  end
  return x
end

--- What `call` gave, if that is no tensor, must be a table of tensors.
function ends.check_results(y)
  if type(y) ~= "table" or #y == 0 then raise("call must give a tensor or a table of tensors, got %s", show(y)) end
  for i, t in ipairs(y) do
    if not is_tensor(t) then raise("call must give tensors, got %s at %d", show(t), i) end
  end
end

return ends
