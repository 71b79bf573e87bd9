-- plot/reduce.lua: from many numbers to what a picture can show. `runs` keeps of long series the least and the largest
-- number of each of some thousand parts; `columns` keeps of a line what one column of pixels can show; `clipped` cuts a
-- line at the edges of its area. Called by lines.lua.
-- Invariant: the extremes of a series stay, and so do gaps that are longer than a part.

local K = require "dwconv.backend"
local data = require "dwconv.plot.data"

local reduce = {}

local PARTS <const> = 4096 -- of a series; a wide picture has as many columns
local GRID <const> = 2048 -- of points without order: places to each side

-- Runs of points without gaps: lists {x1, y1, x2, y2, ...}. y that is infinite or NaN, or beyond limits, is a gap.
local function split(xs, ys, n)
  local runs, run = {}, {}
  for i = 1, n do
    local x, y = xs(i), ys[i]
    if y - y == 0 and x - x == 0 and math.abs(y) <= 1e300 then
      run[#run + 1], run[#run + 2] = x, y
    elseif #run > 0 then
      runs[#runs + 1], run = run, {}
    end
  end
  if #run > 0 then runs[#runs + 1] = run end
  return runs
end

local function itself(i) return i end

local function looked_up(x)
  local list = x:to_table()
  return function(i) return list[i] end
end

-- The extremes of parts of `size` numbers; the last part may be shorter. Where nothing can be drawn: inf and -inf.
local function extremes(t, size)
  local n = t.size // size
  local fine = data.finite(t)
  local low, high = K.where(fine, t, math.huge), K.where(fine, t, -math.huge)
  local function parts(x, f)
    local list = K.narrow(x, 1, 1, n * size):reshape { n, size }
    list = f(list, { axis = 2 }):to_table()
    if n * size < t.size then list[n + 1] = f(K.narrow(x, 1, n * size + 1, t.size - n * size)):item() end
    return list
  end
  return parts(low, K.min), parts(high, K.max)
end

local function in_parts(t, x)
  local size = (t.size + PARTS - 1) // PARTS
  local low, high = extremes(t, size)
  local xs = x and x:to_table() -- sorted
  local ys, places = {}, {}
  for i = 1, #low do
    local first = (i - 1) * size + 1
    local last = math.min(i * size, t.size)
    ys[2 * i - 1], ys[2 * i] = low[i], high[i]
    places[2 * i - 1], places[2 * i] = xs and xs[first] or first, xs and xs[last] or last
  end
  return split(function(i) return places[i] end, ys, #ys)
end

-- Points without order: one for each place of a fine grid that has some.
local function in_places(t, x)
  local fine = K.logical_and(data.finite(t), data.finite(x))
  local ys, xs = K.cast(K.boolean_mask(t, fine), "float64"), K.cast(K.boolean_mask(x, fine), "float64")
  local function place(v)
    local lo, hi = K.min(v):item(), K.max(v):item()
    local step = math.max((hi / 2 - lo / 2) * 2 / (GRID - 1), 1e-300)
    return K.floor((v - lo) / step), lo, step
  end
  local px, x0, dx = place(xs)
  local py, y0, dy = place(ys)
  local sorted = K.sort(px * GRID + py)
  local n = sorted.size
  local new = K.not_equal(K.narrow(sorted, 1, 2, n - 1), K.narrow(sorted, 1, 1, n - 1))
  local codes = K.boolean_mask(K.narrow(sorted, 1, 2, n - 1), new):to_table()
  codes[#codes + 1] = sorted(1)
  local run = {}
  for _, code in ipairs(codes) do
    run[#run + 1], run[#run + 2] = x0 + dx * (code // GRID), y0 + dy * (code % GRID)
  end
  return { run }
end

--- The runs of a series, and whether its line is gone, as only places of its points are left.
---@param t dwconv.Tensor
---@param x? dwconv.Tensor
---@param dots boolean whether points are drawn, not only lines
function reduce.runs(t, x, dots)
  if t.size <= 2 * PARTS then return split(x and looked_up(x) or itself, t:to_table(), t.size), false end
  local n = t.size
  local sorted = not x or K.all(K.greater_equal(K.narrow(x, 1, 2, n - 1), K.narrow(x, 1, 1, n - 1))):item()
  if sorted and not dots then return in_parts(t, x), false end
  return in_places(t, x or K.arange(1, n + 1, 1, { dtype = "float64" })), true
end

local DENSE <const> = 8 -- points in a column from which only its extremes can be seen

--- Of a line, in places of a picture: of the points that follow each other in one column, the first, the extremes and
--- the last; of many the extremes, beginning with the one that is nearer to the column before.
---@param points number[]
---@param step number the width of a column
function reduce.columns(points, step)
  if #points <= 64 then return points end
  local kept, n, k = {}, #points, 1
  while k < n do
    local column, last, low, high = points[k] // step, k, k, k
    while last + 2 < n and points[last + 2] // step == column do
      last = last + 2
      if points[last + 1] < points[low + 1] then low = last end
      if points[last + 1] > points[high + 1] then high = last end
    end
    local before = 0
    if (last - k) // 2 >= DENSE then
      local a, b = points[low + 1], points[high + 1]
      local y = kept[#kept] or a
      if math.abs(y - b) < math.abs(y - a) then a, b = b, a end
      local x = math.max(points[k], math.min((column + 0.5) * step, points[last])) -- as far from both neighbours
      table.move({ x, a, x, b }, 1, 4, #kept + 1, kept)
      before = last
    end
    for _, at in ipairs { k, math.min(low, high), math.max(low, high), last } do
      if at > before then
        kept[#kept + 1], kept[#kept + 2] = points[at], points[at + 1]
        before = at
      end
    end
    k = last + 2
  end
  return kept
end

-- The part of a segment within an area, by Liang and Barsky's way: from t0 to t1 of its length, or nil.
local function part_within(x1, y1, x2, y2, area)
  local t0, t1 = 0, 1
  local dx, dy = x2 - x1, y2 - y1
  for _, side in ipairs { { -dx, x1 - area.x }, { dx, area.x + area.w - x1 }, { -dy, y1 - area.y },
    { dy, area.y + area.h - y1 } } do
    local p, q = side[1], side[2]
    if p == 0 then
      if q < 0 then return nil end
    elseif p < 0 then
      t0 = math.max(t0, q / p)
    else
      t1 = math.min(t1, q / p)
    end
  end
  if t0 <= t1 then return t0, t1 end
end

local EDGE <const> = 1e-6

function reduce.is_within(x, y, area)
  return x >= area.x - EDGE and x <= area.x + area.w + EDGE and y >= area.y - EDGE and y <= area.y + area.h + EDGE
end

--- The parts of a line that are within an area.
---@param points number[]
---@param area { x: number, y: number, w: number, h: number }
---@return number[][]
function reduce.clipped(points, area)
  local inside = true
  for k = 1, #points, 2 do inside = inside and reduce.is_within(points[k], points[k + 1], area) end
  if inside then return { points } end
  local parts, part = {}, nil
  for k = 1, #points - 3, 2 do
    local x1, y1, x2, y2 = table.unpack(points, k, k + 3)
    local t0, t1 = part_within(x1, y1, x2, y2, area)
    if t0 then
      if not part or t0 > 0 then
        part = { x1 + t0 * (x2 - x1), y1 + t0 * (y2 - y1) }
        parts[#parts + 1] = part
      end
      part[#part + 1], part[#part + 2] = x1 + t1 * (x2 - x1), y1 + t1 * (y2 - y1)
      if t1 < 1 then part = nil end
    else
      part = nil
    end
  end
  return parts
end

return reduce
