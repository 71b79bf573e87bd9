-- regularizers.lua: what large weights add to a loss: dw.regularizers. A regularizer is called with a weight and gives
-- a number, as a tensor of rank 0 through which gradients flow. Models add those of their layers to the loss.

local args = require "dwconv.args"
local K = require "dwconv.backend"
local classes = require "dwconv.classes"

local kinds = args.kinds

local Regularizer = {}

local OfFunction

--- A function(w) that gives a tensor of rank 0 may stand for a regularizer.
function Regularizer.of_function(f) return OfFunction { f } end

local regularizers = classes.registry("dw.regularizers", "a regularizer", Regularizer)

OfFunction = regularizers:class("Function", true) {
  doc = "What a function(w) of a script gives.",
  leading = { "f" },
  options = { f = kinds.callable() },
  call = function(self, w) return self.f(w) end,
}

local weight = kinds.tensor("a weight", { dtype = "floats" })

-- l1 * sum(|w|) + l2 * sum(w^2); parts that are 0 are left out.
local function penalty(w, l1, l2)
  weight:check("w", w)
  local first = l1 ~= 0 and K.sum(K.abs(w)) * l1 or nil
  local second = l2 ~= 0 and K.sum(K.square(w)) * l2 or nil
  if first and second then return first + second end
  return first or second or K.sum(w) * 0
end

regularizers:class "L1" {
  doc = "l1 times the sum of all |w|.",
  leading = { "l1" },
  options = { l1 = kinds.finite(0.01) },
  call = function(self, w) return penalty(w, self.l1, 0) end,
}

regularizers:class "L2" {
  doc = "l2 times the sum of all w squared.",
  leading = { "l2" },
  options = { l2 = kinds.finite(0.01) },
  call = function(self, w) return penalty(w, 0, self.l2) end,
}

-- "l1_l2" has 0.01 for both, the class by itself 0, as in Keras.
local L1L2 = regularizers:class "L1L2" {
  doc = "The sum of both.",
  leading = { "l1", "l2" },
  options = { l1 = kinds.finite(0.0), l2 = kinds.finite(0.0) },
  call = function(self, w) return penalty(w, self.l1, self.l2) end,
}

regularizers:alias("l1_l2", L1L2, { l1 = 0.01, l2 = 0.01 })

regularizers.room = regularizers:open("dw.regularizers, what large weights cost:", {
  Regularizer = regularizers:own(),
  l1 = regularizers.classes.L1,
  l2 = regularizers.classes.L2,
  l1_l2 = function(given)
    local both = { l1 = 0.01, l2 = 0.01 }
    for key, value in pairs(given or {}) do both[key == 1 and "l1" or key == 2 and "l2" or key] = value end
    return L1L2(both)
  end,
})

return regularizers
