-- layers/lambda.lua: layers out of functions and composed ops. A composed op brings its parameters along as weights.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local graph = require "dwconv.graph"
local layer = require "dwconv.layers.layer"
local ops = require "dwconv.ops"

local kinds, raise = args.kinds, args.raise

-- The name in K of a function of a record, under which it can be saved.
local function name_in_K(f)
  for name, r in pairs(ops.records) do
    if r.call == f and rawget(K, name) then return name end
  end
end

local function_kind = kinds.new {
  annotation = "function|dwconv.Op",
  words = "a function of a tensor, or a composed op",
  expected = "a function or a composed op",
  read = function(v)
    if type(v) == "string" then return rawget(K, v) end
    return args.check.is_callable(v) and v or nil
  end,
  to_config = function(f) return name_in_K(f) or f end,
}

layer.class "Lambda" {
  doc = [[
What a function or a composed op gives. The float tensors bound in a composed op are weights of the layer. A function
takes (x), or (x, training) if it is one of a script. A model with a script's function or a composed op cannot be saved:
make a layer of it with dw.layers.Layer.]],
  leading = { "function" },
  options = { ["function"] = function_kind },
  init = function(self)
    local f = self["function"]
    local meta = type(f) == "table" and getmetatable(f)
    if type(meta) ~= "table" or not meta.parameters then return end
    for i, tensor in ipairs(meta.parameters(f)) do
      self.variables[i] = { name = ("parameter_%d"):format(i), tensor = tensor, trainable = true, layer = self }
    end
  end,
  takes_many = true,
  -- Whether it is a function of K alone, which keeps nothing.
  is_of_K = function(self) return name_in_K(self["function"]) ~= nil end,
  call = function(self, x, training)
    local f = self["function"]
    local y
    if type(f) == "function" and not name_in_K(f) then y = args.call(f, x, training) else y = f(x) end
    if not args.check.is_tensor(y) and type(y) ~= "table" then
      raise("function must give a tensor, got %s", args.show(y))
    end
    return y
  end,
}

-- A composed op that is called on a symbolic tensor is one layer, with its parameters.
local wrap = require "dwconv.layers.wrap"

function graph.composed(op, x) return wrap(op)(x) end
