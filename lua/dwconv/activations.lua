-- activations.lua: dw.activations, functions by Keras's names, and the kind of a layer's option that is one of them.
-- Invariant: the normal form of such an option is a function; one that a script wrote has no name, so a model with it
-- cannot be saved.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local lookup = require "dwconv.lookup"

local kinds, raise = args.kinds, args.raise

local activations = {}

for _, name in ipairs {
  "elu", "selu", "softplus", "softsign", "tanh", "sigmoid", "hard_sigmoid", "softmax", "relu", "gelu", "silu",
  "hard_silu", "leaky_relu", "mish", "log_softmax",
} do
  activations[name] = K[name]
end

local SIX <const> = { max_value = 6 }

--- x itself.
function activations.linear(x) return x end

--- x clipped to 0 and 6.
function activations.relu6(x) return K.relu(x, SIX) end

--- e to the power of x.
activations.exponential = K.exp

activations.swish, activations.hard_swish = K.silu, K.hard_silu

-- What clips, and to what.
local clips = { [K.relu] = { 0, math.huge }, [activations.relu6] = { 0, 6 } }

-- The name of each; of two, the one that Keras 2 has.
local names, sorted = {}, {}
for name in pairs(activations) do sorted[#sorted + 1] = name end
table.sort(sorted)
for _, name in ipairs(sorted) do names[activations[name]] = name end
names[K.silu] = "swish"

--- The name of an activation; nil for a function of a script.
---@param f function
---@return string?
local function name_of(f) return names[f] end

--- The kind of an option: the name of an activation, or a function of a tensor. Left out, it is `default`.
---@param default? string
local function kind(default)
  return kinds.new {
    default = default,
    fresh = true,
    optional = default == nil,
    annotation = "string|function",
    words = "the name of an activation, or a function of a tensor",
    expected = "the name of an activation or a function",
    read = function(v)
      if type(v) == "string" then return rawget(activations, v) end
      return args.check.is_callable(v) and v or nil
    end,
    suggest = function() return sorted end,
    explain = function(argument, v)
      if type(v) ~= "string" then return end
      raise("%s must be the name of an activation or a function, got %s%s", argument, args.show(v),
        args.hint(v, sorted))
    end,
    to_config = function(f)
      if f == nil then return nil end
      return name_of(f) or f
    end,
  }
end

local about = "dw.activations, functions of a tensor, for layers by name:"

return {
  namespace = lookup.strict(activations, "dw.activations", about),
  kind = kind,
  name_of = name_of,
  --- {low, high} of an activation that clips; nil for others.
  clip_of = function(f) return clips[f] end,
}
