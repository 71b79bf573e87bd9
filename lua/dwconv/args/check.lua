-- args/check.lua: questions about values: whether they are tensors, functions, whole numbers; axes and sizes; and what
-- several arguments must be together, which no kind can say. What raises does so in the name of the function that the
-- script called, see words.lua.

local core = require "dwconv.core"
local words = require "dwconv.args.words"

local math_type = math.type

local check = {}

--- Whether a value is a tensor: a table that pretends to be one is not.
function check.is_tensor(value) return type(value) == "userdata" and getmetatable(value) == "dwconv.Tensor" end

local is_tensor = check.is_tensor

--- Whether a value can be called.
function check.is_callable(value)
  if type(value) == "function" then return true end
  local metatable = not is_tensor(value) and getmetatable(value)
  return type(metatable) == "table" and metatable.__call ~= nil
end

--- Axis `axis` (from 1, or backwards from -1) of this many axes, from 1 on.
function check.from_front(axis, rank) return axis < 0 and axis + rank + 1 or axis end

--- The same for an axis that may not exist in this rank: then an error names the argument, "axis" by default.
---@param axis any
---@param rank integer
---@param argument? string
---@return integer
function check.axis(axis, rank, argument)
  local at = math_type(axis) == "integer" and (axis < 0 and axis + rank + 1 or axis) or 0
  return at >= 1 and at <= rank and at or core.check_axis(axis, argument or "axis", rank)
end

--- For an axis, a table of axes, or nil for all: a list of axes from 1 on; none may come twice.
---@param axes any
---@param rank integer
---@param argument? string
---@return integer[]
function check.axes(axes, rank, argument)
  local list, seen = {}, {}
  argument = argument or "axis"
  if axes == nil then
    for i = 1, rank do list[i] = i end
    return list
  end
  for i = 1, type(axes) == "table" and rawlen(axes) or 1 do
    local one, name = axes, argument
    if type(axes) == "table" then one, name = rawget(axes, i), ("%s[%d]"):format(argument, i) end
    list[i] = check.axis(one, rank, name)
    if seen[list[i]] then words.raise("%s names axis %d twice", argument, list[i]) end
    seen[list[i]] = true
  end
  return list
end

--- Two tensors of one dtype; each is followed by the name of its argument.
check.same_dtype = core.check_dtypes

--- A whole number as an integer, 2.0 too; nil for anything else.
function check.whole(v)
  local kind = math_type(v)
  if kind == "integer" then return v end
  return kind and math.tointeger(v) or nil
end

--- The product of sizes[first] to sizes[last].
function check.product(sizes, first, last)
  local n = 1
  for i = first, last do n = n * sizes[i] end
  return n
end

--- x, or, of a function, what it gives.
function check.value_of(x)
  if type(x) == "function" then return words.call(x) end
  return x
end

return check
