-- training_cases.lua: the cases of fixtures/training, which tf_keras computed in float64; fixtures/README.md says what
-- a case holds.

local dw = require "dwconv"

local cases = {}

local NIL = {}

local function T(dtype, shape, numbers)
  if #numbers == 0 then return dw.zeros(shape, { dtype = dtype }) end
  return dw.tensor(numbers, { dtype = dtype }):reshape(shape)
end

--- The list of cases of fixtures/training/NAME.lua, at least one.
function cases.load(name)
  local chunk = assert(loadfile(("tests/fixtures/training/%s.lua"):format(name)))
  local list = chunk(T, 0 / 0, math.huge, NIL)
  assert(#list > 0, name)
  return list
end

--- What a case is, for texts of failures: the name and the options.
function cases.describe(case)
  local names, list = {}, {}
  for key in pairs(case.options or {}) do names[#names + 1] = key end
  table.sort(names)
  for i, key in ipairs(names) do
    local v = case.options[key]
    list[i] = ("%s = %s"):format(key, type(v) == "table" and "{...}" or tostring(v))
  end
  return ("%s{ %s }"):format(case.name, table.concat(list, ", "))
end

--- An instance as the case has it: of options, or, without any, of its name alone.
function cases.instance(room, case)
  if not case.options then return room.get(case.name) end
  local given = {}
  for key, value in pairs(case.options) do given[key] = value end
  return room[case.name](given)
end

return cases
