-- random_layout.lua: tensors of whole numbers in every kind of layout, for the exact tests of elementwise ops and
-- reductions: views of larger tensors, negative steps, transposes, stretched axes, empty ones and those of size 1.

local dw = require "dwconv"
local geometry = require "random_geometry"
local K = dw.backend

local layouts = { generator = geometry.generator }

--- A shape of rank 0 to 8 with at most about `most` elements.
function layouts.shape(below, most)
  local shape, n = {}, 1
  for i = 1, below(9) do
    local size = ({ 0, 1, 1, 2, 3, 4, 5, 7, 16, 33, 130, 1100 })[below(12) + 1]
    if size == 0 and below(3) > 0 then size = 2 end
    if n * size > most then size = 1 + below(2) end
    if n * size > most then size = 1 end
    shape[i], n = size, n * size
  end
  return shape
end

--- What broadcasts to `shape`: some axes of size 1, some left out in front.
function layouts.shrunk(below, shape)
  local from = below(4) == 0 and 1 + below(#shape + 1) or 1
  local shrunk = table.move(shape, from, #shape, 1, {})
  for i in ipairs(shrunk) do
    if below(4) == 0 then shrunk[i] = 1 end
  end
  return shrunk
end

--- The shape that tensors broadcast to.
function layouts.broadcast(tensors)
  local rank, result = 0, {}
  for _, t in ipairs(tensors) do rank = math.max(rank, t.ndim) end
  for i = 1, rank do result[i] = 1 end
  for _, t in ipairs(tensors) do
    for i, size in ipairs(t.shape) do
      local at = rank - t.ndim + i
      if size ~= 1 then result[at] = size end
    end
  end
  return rank, result
end

--- The elements in order, as a list.
function layouts.flat(t)
  local list = {}
  local function walk(node, depth)
    if depth == 0 then
      list[#list + 1] = node
    else
      for _, child in ipairs(node) do walk(child, depth - 1) end
    end
  end
  walk(t.ndim == 0 and t:item() or t:to_table(), t.ndim)
  return list
end

--- A tensor of `shape` from a list.
function layouts.tensor(list, shape, dtype)
  if #list == 0 then return dw.zeros(shape, { dtype = dtype }) end
  return dw.tensor(list, { dtype = dtype }):reshape(shape)
end

local function whole(below, shape, dtype)
  local n, list = 1, {}
  for _, size in ipairs(shape) do n = n * size end
  for i = 1, n do
    local v = below(9)
    if dtype == "bool" then list[i] = v % 2 == 0 else list[i] = dtype == "uint8" and v or v - 4 end
  end
  return layouts.tensor(list, shape, dtype)
end

-- Each makes a tensor of `shape` that is not laid out as a new one is.
local kinds = {
  whole,
  function(below, shape, dtype) -- axes in another order in memory
    local order, moved, back = {}, {}, {}
    for i = 1, #shape do order[i] = i end
    for i = #shape, 2, -1 do
      local k = below(i) + 1
      order[i], order[k] = order[k], order[i]
    end
    for i, axis in ipairs(order) do moved[i], back[axis] = shape[axis], i end
    local t = whole(below, moved, dtype)
    return #shape > 0 and t:permute(back) or t
  end,
  function(below, shape, dtype) -- a part of a larger one, with steps, some of them negative
    local larger, ranges = {}, {}
    for i, size in ipairs(shape) do
      local step, first = ({ 1, 2, -1, -2, 3 })[below(5) + 1], below(3) + 1
      local span = (size - 1) * math.abs(step)
      larger[i] = math.max(size, 1) * math.abs(step) + first + 1
      ranges[i] = step > 0 and { first, first + span, step } or { first + span, first, step }
      if size == 0 then ranges[i] = { 2, 1 } end
    end
    local n = 1
    for _, size in ipairs(larger) do n = n * size end
    if n > 200000 or #shape == 0 then return whole(below, shape, dtype) end
    return whole(below, larger, dtype)[ranges]
  end,
  function(below, shape, dtype) -- stretched
    return K.broadcast_to(whole(below, layouts.shrunk(below, shape), dtype), shape)
  end,
}

--- A tensor of whole numbers, -4 to 4 (0 to 8 for uint8), or of bools, in some layout.
function layouts.random(below, shape, dtype) return kinds[below(#kinds) + 1](below, shape, dtype) end

return layouts
