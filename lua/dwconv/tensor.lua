-- tensor.lua: what the Lua layer adds to tensors: methods from the records, and printing.
-- The first line of a printed tensor is its shape and dtype; then a block as NumPy's, with "..." for what a large
-- tensor has between its edges, so the text stays short at any size.

local core = require "dwconv.core"
local ops = require "dwconv.ops"

local methods, metatable, K = core.methods, core.metatable, ops.calls

for name, record in pairs(ops.records) do
  local method, metamethod, call = record.method, record.metamethod, record.call
  if method then methods[method == true and name or method] = call end
  if metamethod == "__unm" then -- Lua passes the operand twice
    metatable.__unm = function(x) return call(x) end
  elseif metamethod then
    metatable[metamethod] = call
  end
end

-- Methods that take other arguments than the function of K.
function methods.transpose(t, a, b)
  if a == nil and b == nil then return K.transpose(t) end
  core.transpose(t, a, b) -- which refuses what is no axis in the method's name
  return K.swapaxes(t, a, b)
end

function methods.expand_dims(t, axis)
  if type(axis) == "table" then return K.expand_dims(t, axis) end
  if math.type(axis) == nil then return core.expand_dims(t, axis) end -- which refuses it
  return K.expand_dims(t, { axis = axis })
end

local WHOLE = 1000 -- elements printed in full
local EDGES = { 3, 3, 2 } -- items kept at each end of an axis otherwise, by rank; 1 for higher ranks

-- The positions of an axis that are shown; false stands for "...".
local function shown(size, edge)
  local at, whole = {}, size <= 2 * edge
  for i = 1, whole and size or edge do at[i] = i end
  if whole then return at end
  at[edge + 1] = false
  for i = size - edge + 1, size do at[#at + 1] = i end
  return at
end

local function collect(t, edge, numbers)
  if t.ndim == 0 then
    numbers[#numbers + 1] = t:item()
    return #numbers
  end
  local node = {}
  for i, at in ipairs(shown(#t, edge)) do
    node[i] = at and collect(t:select(1, at), edge, numbers)
  end
  return node
end

-- One format for all numbers of a block.
local function formatter(numbers, dtype)
  if dtype == "bool" then return tostring end
  if not dtype:find "float" then return function(x) return ("%d"):format(x) end end
  local most, least, whole = 0, math.huge, true
  for _, x in ipairs(numbers) do
    local size = math.abs(x)
    if x == x and size < math.huge and size > 0 then
      most, least = math.max(most, size), math.min(least, size)
      whole = whole and x == math.floor(x)
    end
  end
  local wide = most >= 1e8 or least < 1e-4 or most / least > 1e6 and not whole
  local pattern = wide and "%.4e" or whole and "%.0f." or "%.4f"
  return function(x)
    if x ~= x then return "nan" end
    if x == math.huge or x == -math.huge then return x > 0 and "inf" or "-inf" end
    return pattern:format(x)
  end
end

local function lay_out(node, texts, width, depth, rank)
  if type(node) == "number" then return (" "):rep(width - #texts[node]) .. texts[node] end
  local parts = {}
  for i, child in ipairs(node) do
    parts[i] = child and lay_out(child, texts, width, depth + 1, rank) or "..."
  end
  local lines = math.max(rank - depth - 1, 0)
  local between = lines == 0 and ", " or "," .. ("\n"):rep(lines) .. (" "):rep(depth + 1)
  return "[" .. table.concat(parts, between) .. "]"
end

metatable.__tostring = function(t)
  local shape = table.concat(t.shape, "x")
  local head = ("tensor %s %s"):format(shape == "" and "()" or shape, t.dtype)
  if t.size == 0 then return head .. " []" end
  local numbers, texts, width = {}, {}, 0
  local root = collect(t, t.size <= WHOLE and WHOLE or EDGES[t.ndim] or 1, numbers)
  local format = formatter(numbers, t.dtype)
  for i, x in ipairs(numbers) do
    texts[i] = format(x)
    width = math.max(width, #texts[i])
  end
  return head .. (t.ndim == 0 and " " or "\n") .. lay_out(root, texts, t.ndim == 0 and 0 or width, 0, t.ndim)
end
