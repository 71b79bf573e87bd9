-- depthwise_cases.lua: the cases of fixtures/depthwise.lua and their numbers, TensorFlow's own, for
-- depthwise_spec.lua. depthwise.bin holds the tensors of each case in the order of NAMES, case after case; a case knows
-- where its own begin.

local dw = require "dwconv"

local NAMES = { "x", "kernel", "g", "y", "dx", "dk" }
local BYTES = { float32 = 4, float64 = 8 }

local Case = {}
Case.__index = Case

local SHAPED = { x = "x", dx = "x", kernel = "kernel", dk = "kernel", y = "y", g = "y" }

local function shape_of(case, name) return case[SHAPED[name]] end

local function size_of(case, name)
  local bytes = BYTES[case.dtype]
  for _, extent in ipairs(shape_of(case, name)) do bytes = bytes * extent end
  return bytes
end

--- The six tensors of the case, by name.
function Case:tensors()
  local found, at = {}, self.first
  for _, name in ipairs(NAMES) do
    local size = size_of(self, name)
    found[name] = dw.from_bytes(self.bytes:sub(at, at + size - 1), shape_of(self, name), { dtype = self.dtype })
    at = at + size
  end
  return found
end

local cases = {}

--- The cases, in order. Fails unless they take up the file of numbers to its last byte.
function cases.load()
  local list = dofile "tests/fixtures/depthwise.lua"
  local file <close> = assert(io.open("tests/fixtures/depthwise.bin", "rb"))
  local bytes, at = file:read "a", 1
  for _, case in ipairs(list) do
    case.bytes, case.first = bytes, at
    setmetatable(case, Case)
    for _, name in ipairs(NAMES) do at = at + size_of(case, name) end
  end
  assert(at == #bytes + 1, "depthwise.lua and depthwise.bin do not fit together")
  return list
end

return cases
