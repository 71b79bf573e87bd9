-- tensor.lua: what the Lua layer adds to tensors: methods from the records, and printing.
-- The first line of a printed tensor is its shape and dtype; then a block as NumPy's, with "..." for what a large
-- tensor has between its edges, so that it fits a screen at any size.

local args = require "dwconv.args"
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

local FIELDS = { "shape", "dtype", "ndim", "size" }

-- Where a tensor has neither a field nor a method, the core looks into the table of methods.
setmetatable(methods, { __index = function(_, name)
  local names = table.move(FIELDS, 1, #FIELDS, 1, {})
  for method in pairs(methods) do names[#names + 1] = method end
  args.raise("tensor: a tensor has no field or method %s%s", args.show(name), args.hint(name, names))
end })

-- Methods that take other arguments than the function of K.
function methods.transpose(t, a, b)
  if a == nil and b == nil then return K.transpose(t) end
  core.transpose(t, a, b) -- which refuses, in the method's name, what is no axis
  return K.swapaxes(t, a, b)
end

function methods.expand_dims(t, axis)
  if type(axis) == "table" then return K.expand_dims(t, axis) end
  if math.type(axis) == nil then return core.expand_dims(t, axis) end -- which refuses it
  return K.expand_dims(t, { axis = axis })
end

local copy_ = methods.copy_

function methods.copy_(t, source)
  ops.write(t, source)
  return copy_(t, source)
end

local SCREEN <const> = { lines = 20, columns = 100 } -- what a printed block fits into
local EDGES = { math.maxinteger, 3, 2, 1 } -- items kept at each end of every axis, the first that fits
local WIDTHS = { bool = 7, uint8 = 5, int32 = 8, int64 = 8 } -- about what a number takes; floats 9

-- The positions of an axis that are shown; false stands for "...".
local function shown(size, edge)
  local at, whole = {}, edge >= size or size <= 2 * edge + 1
  for i = 1, whole and size or math.max(edge, 1) do at[i] = i end
  if whole then return at end
  at[#at + 1] = false
  for i = size - edge + 1, size do at[#at + 1] = i end
  return at
end

-- How many lines a block takes with this many items at each end of each axis (0: only the first item); those between
-- blocks count too.
local function lines_of(t, edges, screen)
  local rank, lines, per_line = t.ndim, 1, math.max(1, screen.columns // (WIDTHS[t.dtype] or 9))
  for i = rank, 1, -1 do
    local size, edge = t.shape[i], edges[i]
    local cut = edge < size and size > 2 * edge + 1
    local items = cut and math.max(2 * edge, 1) or size
    local dots = cut and 1 or 0
    if i == rank then
      lines = (items + dots + per_line - 1) // per_line
    else
      lines = items * lines + dots + (items + dots - 1) * (rank - i - 1)
    end
    if lines > screen.lines then return lines end
  end
  return lines
end

local function edges_of(t, screen)
  local edges = {}
  for _, edge in ipairs(EDGES) do
    for i = 1, t.ndim do edges[i] = edge end
    if lines_of(t, edges, screen) <= screen.lines then return edges end
  end
  for i = 1, t.ndim - 1 do -- outer axes are cut first
    edges[i] = 0
    if lines_of(t, edges, screen) <= screen.lines then return edges end
  end
  return edges
end

local function collect(t, edges, depth, numbers)
  if t.ndim == 0 then
    numbers[#numbers + 1] = t:item()
    return #numbers
  end
  local node = {}
  for i, at in ipairs(shown(#t, edges[depth])) do
    node[i] = at and collect(t:select(1, at), edges, depth + 1, numbers)
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

-- A row of numbers, broken where a line is full.
local function lay_out_row(parts, width, depth, screen)
  local lines, per_line = {}, math.max(1, (screen.columns - depth) // (width + 2))
  for first = 1, #parts, per_line do
    lines[#lines + 1] = table.concat(parts, ", ", first, math.min(first + per_line - 1, #parts))
  end
  return table.concat(lines, ",\n" .. (" "):rep(depth + 1))
end

local function lay_out(node, texts, width, depth, rank, screen)
  if type(node) == "number" then return (" "):rep(width - #texts[node]) .. texts[node] end
  local parts = {}
  for i, child in ipairs(node) do
    parts[i] = child and lay_out(child, texts, width, depth + 1, rank, screen) or "..."
  end
  if depth == rank - 1 then return "[" .. lay_out_row(parts, width, depth, screen) .. "]" end
  local between = "," .. ("\n"):rep(rank - depth - 1) .. (" "):rep(depth + 1)
  return "[" .. table.concat(parts, between) .. "]"
end

local tensor = {}

--- The text of a tensor that fits into so many lines and columns, after a line with its shape and dtype.
---@param t dwconv.Tensor
---@param screen { lines: integer, columns: integer }
---@return string
function tensor.text(t, screen)
  local head = ("tensor %s %s"):format(t.shape, t.dtype)
  if t.size == 0 then return head .. " []" end
  local numbers, texts, width = {}, {}, 0
  local root = collect(t, edges_of(t, screen), 1, numbers)
  local format = formatter(numbers, t.dtype)
  for i, x in ipairs(numbers) do
    texts[i] = format(x)
    width = math.max(width, #texts[i])
  end
  return head .. (t.ndim == 0 and " " or "\n") .. lay_out(root, texts, t.ndim == 0 and 0 or width, 0, t.ndim, screen)
end

metatable.__tostring = function(t) return tensor.text(t, SCREEN) end

return tensor
