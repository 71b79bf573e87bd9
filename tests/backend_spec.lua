-- backend_spec.lua: the functions of K against TensorFlow's results, gradients and refusals, from fixtures/backend.

local cases = require "backend_cases"

local SHOWN = 5 -- failures of one function that are printed

local names, of = cases.load()

local function pass(list, f)
  local passed, failures = cases.run(list, f)
  if #failures == 0 then return end
  local text = table.concat(failures, "\n", 1, math.min(#failures, SHOWN))
  error(("%d of %d cases fail:\n%s"):format(#failures, passed + #failures, text), 0)
end

describe("K, as TensorFlow:", function()
  for _, name in ipairs(names) do
    it(("%s, %d cases"):format(name, #of[name]), function() pass(of[name]) end)
  end
end)

describe("operators, as TensorFlow:", function()
  local operators = {
    { "add", function(a, b) return a + b end },
    { "subtract", function(a, b) return a - b end },
    { "multiply", function(a, b) return a * b end },
    { "divide", function(a, b) return a / b end },
    { "floor_divide", function(a, b) return a // b end },
    { "mod", function(a, b) return a % b end },
    { "negative", function(a) return -a end },
  }
  for _, operator in ipairs(operators) do
    local name, f = table.unpack(operator)
    it(name, function()
      local accepted = {}
      for _, case in ipairs(of[name]) do
        if not case.refused then accepted[#accepted + 1] = case end
      end
      pass(accepted, f)
    end)
  end
end)
