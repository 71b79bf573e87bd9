-- image_reference.lua: pooling and resizing in plain Lua, for images of any rank and layout, written from the
-- definitions: every output walks every tap and asks whether it is inside. Takes and returns dwconv tensors; for
-- pool_spec.lua and resize_spec.lua.

local dw = require "dwconv"

local R = {}

local function flat(t) return t:reshape({ -1 }):to_table() end

local function tensor(list, shape, dtype)
  if #list == 0 then return dw.zeros(shape, { dtype = dtype }) end
  return dw.tensor(list, { dtype = dtype }):reshape(shape)
end

-- An image of rank 3 to 5 as batch, channels, its own three axes, and at(n, c, d, h, w), counted from 0, which gives
-- the position in its flat list.
local function view(shape, first)
  local rank, v = #shape, { n = shape[1], c = shape[first and 2 or #shape], size = { 1, 1, 1 }, shape = shape }
  for i = 1, rank - 2 do v.size[3 - (rank - 2) + i] = shape[i + (first and 2 or 1)] end
  local s = v.size
  function v.at(n, c, d, h, w)
    if first then return (((n * v.c + c) * s[1] + d) * s[2] + h) * s[3] + w + 1 end
    return (((n * s[1] + d) * s[2] + h) * s[3] + w) * v.c + c + 1
  end
  return v
end

-- The shape of an image like `shape`, with other sizes of its own axes.
local function with_sizes(shape, sizes, first)
  local result, own = { table.unpack(shape) }, #shape - 2
  for i = 1, own do result[i + (first and 2 or 1)] = sizes[3 - own + i] end
  return result
end

local function three(v, axes, default) -- an option as a list of three
  local list = { default, default, default }
  for i = 1, axes do list[3 - axes + i] = type(v) == "table" and v[i] or v or default end
  return list
end

local function is_first(o) return o.data_format == "channels_first" end

-- ---- pooling ---------------------------------------------------------------------------------------------------

-- Sizes of one axis: output size and padding before (spec 1.4).
local function axis(n, k, s, d, padding, pair)
  local window = (k - 1) * d + 1
  if padding == "same" then
    local out = (n + s - 1) // s
    return out, math.max(0, (out - 1) * s + window - n) // 2
  end
  local before, after = pair[1], pair[2]
  return n > 0 and (n + before + after - window) // s + 1 or 0, before
end

-- Calls visit(position in y, positions in x of the taps inside, in row order) for every window.
local function each_window(x_shape, size, o, visit)
  local x, axes = view(x_shape, is_first(o)), #x_shape - 2
  local k, s, d = three(size, axes, 1), three(o.strides, axes, 1), three(o.dilation_rate, axes, 1)
  local pads, out, before = three(type(o.padding) == "table" and o.padding or nil, axes, { 0, 0 }), {}, {}
  for i = 1, 3 do
    out[i], before[i] = axis(x.size[i], k[i], s[i], d[i], i > 3 - axes and o.padding or "valid", pads[i])
  end
  local y = view(with_sizes(x_shape, out, is_first(o)), is_first(o))
  local function inside(i, o_at, tap)
    local at = o_at * s[i] + tap * d[i] - before[i]
    return at >= 0 and at < x.size[i] and at
  end
  local function taps_of(n, c, a, b, e)
    local taps = {}
    for u = 0, k[1] - 1 do
      for v = 0, k[2] - 1 do
        for w = 0, k[3] - 1 do
          local p, q, r = inside(1, a, u), inside(2, b, v), inside(3, e, w)
          if p and q and r then taps[#taps + 1] = x.at(n, c, p, q, r) end
        end
      end
    end
    return taps
  end
  for n = 0, x.n - 1 do
    for c = 0, x.c - 1 do
      for a = 0, out[1] - 1 do
        for b = 0, out[2] - 1 do
          for e = 0, out[3] - 1 do visit(y.at(n, c, a, b, e), taps_of(n, c, a, b, e)) end
        end
      end
    end
  end
  return y.shape, k[1] * k[2] * k[3]
end

local LOWEST = { float32 = -0x1.fffffep+127, float64 = -0x1.fffffffffffffp+1023 }

-- The place of the first of the largest, and it.
local function largest(xs, taps, lowest)
  local best, at = lowest, taps[1]
  for _, t in ipairs(taps) do
    if xs[t] > best then best, at = xs[t], t end
  end
  return at, best
end

function R.max_pool(x, size, o)
  local xs, ys = flat(x), {}
  local shape = each_window(x.shape, size, o, function(y, taps)
    local _, best = largest(xs, taps, LOWEST[x.dtype])
    ys[y] = best
  end)
  return tensor(ys, shape, x.dtype)
end

function R.max_pool_grad_x(g, x, size, o)
  local xs, gs, dx = flat(x), flat(g), {}
  for i = 1, #xs do dx[i] = 0.0 end
  each_window(x.shape, size, o, function(y, taps)
    local at = largest(xs, taps, LOWEST[x.dtype])
    if at then dx[at] = dx[at] + gs[y] end
  end)
  return tensor(dx, x.shape, x.dtype)
end

function R.max_pool_pick(v, x, size, o)
  local xs, vs, ys = flat(x), flat(v), {}
  local shape = each_window(x.shape, size, o, function(y, taps)
    local at = largest(xs, taps, LOWEST[x.dtype])
    ys[y] = at and vs[at] or 0.0
  end)
  return tensor(ys, shape, x.dtype)
end

function R.average_pool(x, size, o)
  local xs, sums, counts = flat(x), {}, {}
  local shape, all = each_window(x.shape, size, o, function(y, taps)
    local sum = 0.0
    for _, t in ipairs(taps) do sum = sum + xs[t] end
    sums[y], counts[y] = sum, #taps
  end)
  for y, count in ipairs(counts) do sums[y] = count > 0 and sums[y] / (o.count_padding and all or count) or 0.0 end
  return tensor(sums, shape, x.dtype)
end

function R.average_pool_grad_x(g, x_shape, size, o)
  local gs, dx, windows = flat(g), {}, {}
  for i = 1, dw.zeros(x_shape).size do dx[i] = 0.0 end
  local _, all = each_window(x_shape, size, o, function(y, taps) windows[y] = taps end)
  for y, taps in ipairs(windows) do
    for _, t in ipairs(taps) do dx[t] = dx[t] + gs[y] / (o.count_padding and all or #taps) end
  end
  return tensor(dx, x_shape, g.dtype)
end

-- ---- resizing ----------------------------------------------------------------------------------------------------

-- The sources of output i of n, of an axis of `from` pixels, as {position, weight} pairs; all from 0.
local function sources(i, n, from, interpolation)
  local centre = (2 * i + 1) * from -- over 2n
  if interpolation == "nearest" then return { { centre // (2 * n), 1.0 } } end
  local at, rest = (centre - n) // (2 * n), (centre - n) % (2 * n)
  if at < 0 then return { { 0, 1.0 } } end
  if at >= from - 1 then return { { from - 1, 1.0 } } end
  return { { at, 1 - rest / (2 * n) }, { at + 1, rest / (2 * n) } }
end

-- Calls visit(position in y, position in x, weight) for every source of every output.
local function each_source(x_shape, sizes, o, visit)
  local first = is_first(o)
  local x = view(x_shape, first)
  local to = three(sizes, #x_shape - 2, 1)
  local y = view(with_sizes(x_shape, to, first), first)
  local function along(i, at, f)
    for _, s in ipairs(sources(at, to[i], x.size[i], o.interpolation)) do
      if s[2] > 0 then f(s[1], s[2]) end
    end
  end
  local function sources_of(n, c, a, b, e)
    along(1, a, function(p, wp)
      along(2, b, function(q, wq)
        along(3, e, function(r, wr) visit(y.at(n, c, a, b, e), x.at(n, c, p, q, r), wp * wq * wr) end)
      end)
    end)
  end
  for n = 0, x.n - 1 do
    for c = 0, x.c - 1 do
      for a = 0, to[1] - 1 do
        for b = 0, to[2] - 1 do
          for e = 0, to[3] - 1 do sources_of(n, c, a, b, e) end
        end
      end
    end
  end
  return y.shape
end

function R.resize(x, sizes, o)
  local xs, ys = flat(x), {}
  local shape = each_source(x.shape, sizes, o, function(y, i, weight) ys[y] = (ys[y] or 0.0) + xs[i] * weight end)
  if not x.dtype:find "float" then
    for i, v in ipairs(ys) do ys[i] = v // 1 | 0 end
  end
  return tensor(ys, shape, x.dtype)
end

-- g is of the size; x_shape is what comes out.
function R.resize_grad_x(g, x_shape, sizes, o)
  local gs, dx = flat(g), {}
  for i = 1, dw.zeros(x_shape).size do dx[i] = 0.0 end
  each_source(x_shape, sizes, o, function(y, i, weight) dx[i] = dx[i] + gs[y] * weight end)
  return tensor(dx, x_shape, g.dtype)
end

-- ---- random cases ------------------------------------------------------------------------------------------------

local CHANNELS = { 1, 2, 3, 5, 8, 15, 16, 17, 24, 33, 64, 70 }

--- A random image: shape, layout, number of its own axes. Few elements, so that the loops above are quick.
function R.image(below)
  local axes = 1 + below(3)
  local longest = ({ 40, 12, 6 })[axes]
  local shape, first = { 1 + below(2) }, below(2) == 0
  for i = 1, axes do shape[i + 1] = 1 + below(longest) end
  local c = CHANNELS[below(#CHANNELS) + 1]
  if dw.zeros(shape).size * c > 4000 then c = 1 + below(3) end
  table.insert(shape, first and 2 or #shape + 1, c)
  return shape, first and "channels_first" or "channels_last", axes
end

return R
