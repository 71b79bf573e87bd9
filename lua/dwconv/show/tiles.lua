-- show/tiles.lua: the pictures that a tensor holds: what its axes mean, and a view of each picture. init.lua calls it.
-- Invariant: a tile is a view (h,w), or (h,w,3) or (h,w,4) for colours, with its channels last; nothing is copied.

local args = require "dwconv.args"

local raise, show = args.raise, args.show

local tiles = {}

local SHAPES <const> = "h,w, h,w,c, n,h,w,c or a kernel kh,kw,c,m"
local LONGEST_KERNEL <const> = 11 -- sides that are taken for those of a kernel
local SHORTEST_IMAGE <const> = 8 -- from here on equal sides are taken for those of pictures

-- What a tensor of rank 4 is taken for.
local function guess(shape)
  local a, b, c = shape[1], shape[2], shape[3]
  local pictures = b == c and b >= SHORTEST_IMAGE
  return a <= LONGEST_KERNEL and b <= LONGEST_KERNEL and not pictures and "kernel" or "images"
end

local function is_colour(c) return c == 3 or c == 4 end

-- A field of what `of` gives: tile(i) for i from 1 to count; label(i); `group`, how many belong side by side; `words`,
-- what labels say; h, w, and whether tiles have colours.
local function planned(fields) return fields end

local function one(t, colour)
  return planned { count = 1, group = 1, h = t.shape[1], w = t.shape[2], colour = colour,
    tile = function() return t end, label = function() return nil end }
end

-- Tiles along one axis.
local function row(t, axis, words, h, w, colour)
  return planned { count = t.shape[axis], group = 1, h = h, w = w, colour = colour, words = words,
    tile = function(i) return t:select(axis, i) end, label = tostring }
end

-- Tiles along two axes, those of the inner one side by side.
local function rows(t, outer, inner, words, h, w)
  local n = t.shape[inner]
  if n == 1 then return row(t:select(inner, 1), outer > inner and outer - 1 or outer, words[1], h, w) end
  if t.shape[outer] == 1 then return row(t:select(outer, 1), inner > outer and inner - 1 or inner, words[2], h, w) end
  local function at(i) return (i - 1) // n + 1, (i - 1) % n + 1 end
  local function tile(i)
    local a, b = at(i)
    local part = t:select(outer, a)
    return part:select(inner > outer and inner - 1 or inner, b)
  end
  local function label(i)
    local a, b = at(i)
    if outer > inner then a, b = b, a end
    return ("%d,%d"):format(a, b)
  end
  return planned { count = t.shape[outer] * n, group = n, h = h, w = w, tile = tile, label = label,
    words = outer > inner and words[2] .. "," .. words[1] or words[1] .. "," .. words[2] }
end

local function of_three(t)
  local h, w, c = table.unpack(t.shape)
  if c == 1 then return one(t:select(3, 1)) end
  if is_colour(c) then return one(t, true) end
  return row(t, 3, "channel", h, w)
end

local function of_images(t)
  local n, h, w, c = table.unpack(t.shape)
  if not is_colour(c) then return rows(t, 1, 4, { "sample", "channel" }, h, w) end
  return n == 1 and one(t:select(1, 1), true) or row(t, 1, "sample", h, w, true)
end

local function of_kernel(t)
  local h, w, c, m = table.unpack(t.shape)
  if c == 1 and m == 1 then return one(t:select(4, 1):select(3, 1)) end
  return rows(t, 4, 3, { "m", "channel" }, h, w)
end

--- What is to be shown of a tensor.
---@param t dwconv.Tensor
---@param kind? "images"|"kernel" of a tensor of rank 4; a guess if it is nil
---@param data_format "channels_last"|"channels_first"
---@return table # see `planned`; `kernel`: whether it was taken for one
function tiles.of(t, kind, data_format)
  if t.ndim < 2 or t.ndim > 4 or t.size == 0 then
    raise("t must be a tensor %s, with at least one number, got %s", SHAPES, show(t))
  end
  if kind and t.ndim < 4 then raise("kind is for a tensor of four axes, got %s", show(t)) end
  if t.ndim == 2 then return one(t) end
  local first = data_format == "channels_first"
  if t.ndim == 3 then return of_three(first and t:permute { 2, 3, 1 } or t) end
  if (kind or guess(t.shape)) == "images" then return of_images(first and t:permute { 1, 3, 4, 2 } or t) end
  local plan = of_kernel(t)
  plan.kernel = true
  return plan
end

return tiles
