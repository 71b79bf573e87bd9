-- constraints.lua: what weights are brought to after every step of an optimizer: dw.constraints. A constraint is called
-- with a weight and gives the nearest one that it allows; training writes that back. Axes count from 1: those over
-- which lengths are taken, so 1 for the kernel (inputs, units) of a dense layer, {1, 2, 3} for that of a convolution.

local args = require "dwconv.args"
local K = require "dwconv.backend"
local classes = require "dwconv.classes"

local kinds, raise = args.kinds, args.raise

local Constraint = {}

local weight = kinds.tensor("a weight", { dtype = "floats" })

--- The weight that is allowed. A class says how by its method project(w).
function Constraint:call(w) return self:project(weight:check("w", w)) end

local OfFunction

--- A function(w) that gives a tensor of w's shape may stand for a constraint.
function Constraint.of_function(f) return OfFunction { f } end

local constraints = classes.registry("dw.constraints", "a constraint", Constraint)

OfFunction = constraints:class("Function", true) {
  doc = "What a function(w) of a script gives.",
  leading = { "f" },
  options = { f = kinds.callable() },
  project = function(self, w) return self.f(w) end,
}

local function axes()
  local kind = kinds.axes()
  kind.default = 1
  return kind
end

local function lengths(w, axis) return K.sqrt(K.sum(K.square(w), { axis = axis, keepdims = true })) end

constraints:class "MaxNorm" {
  doc = "Lengths along the axes are at most max_value.",
  leading = { "max_value", "axis" },
  options = { max_value = kinds.number(2, 0), axis = axes() },
  project = function(self, w)
    local norms = lengths(w, self.axis)
    return w * (K.clip(norms, 0, self.max_value) / (K.epsilon() + norms))
  end,
}

constraints:class "NonNeg" {
  doc = "Numbers below 0 become 0.",
  project = function(_, w) return w * K.cast(K.greater_equal(w, 0), w.dtype) end,
}

constraints:class "UnitNorm" {
  doc = "Lengths along the axes are 1.",
  leading = { "axis" },
  options = { axis = axes() },
  project = function(self, w) return w / (K.epsilon() + lengths(w, self.axis)) end,
}

constraints:class "MinMaxNorm" {
  doc = [[
Lengths along the axes lie between min_value and max_value: of each the share `rate` of the way there is gone, 1 for all
of it.]],
  leading = { "min_value", "max_value", "rate", "axis" },
  options = { min_value = kinds.number(0.0, 0), max_value = kinds.number(1.0, 0), rate = kinds.number(1.0, 0, 1),
    axis = axes() },
  init = function(self)
    if self.max_value < self.min_value then
      raise("max_value (%g) must not be below min_value (%g)", self.max_value, self.min_value)
    end
  end,
  project = function(self, w)
    local norms = lengths(w, self.axis)
    local wanted = K.clip(norms, self.min_value, self.max_value) * self.rate + norms * (1 - self.rate)
    return w * (wanted / (K.epsilon() + norms))
  end,
}

local more = { Constraint = constraints:own() }
for name, class in pairs(constraints.classes) do more[classes.snake(name)] = class end

constraints.room = constraints:open("dw.constraints, what weights are brought to:", more)

return constraints
