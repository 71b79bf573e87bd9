-- conv_reference.lua: convolution of one to three axes and its gradients in plain Lua: every pair of a position and a
-- tap, one after another. Written from the formulas of the spec (1.4, 2.12); it shares no code and no idea with the core.
-- Takes and returns dwconv tensors; computes in Lua floats.

local dw = require "dwconv"

local R = {}

local function flat(t) return t:reshape({ -1 }):to_table() end

local function product(sizes)
  local n = 1
  for _, s in ipairs(sizes) do n = n * s end
  return n
end

local function zeros(n)
  local t = {}
  for i = 1, n do t[i] = 0.0 end
  return t
end

-- Output size and padding before, of one axis.
local function axis(n, k, s, d, padding, pair)
  local window = (k - 1) * d + 1
  if padding == "same" then
    local out = (n + s - 1) // s
    return out, math.max(0, (out - 1) * s + window - n) // 2
  end
  local before, after = 0, 0
  if padding == "causal" then before = window - 1 end
  if pair then before, after = pair[1], pair[2] end
  return (n + before + after - window) // s + 1, before
end

local function geometry(xs, ws, o)
  local axes = #xs - 2
  local g = { axes = axes, n = xs[1], first = o.data_format == "channels_first", size = {}, out = {}, before = {} }
  local function each(v, i) return type(v) == "table" and v[i] or v or 1 end
  g.s, g.d, g.k = {}, {}, {}
  for i = 1, axes do
    g.s[i], g.d[i], g.k[i] = each(o.strides, i), each(o.dilation_rate, i), ws[i]
    g.size[i] = xs[g.first and i + 2 or i + 1]
    local pair = type(o.padding) == "table" and o.padding[i]
    g.out[i], g.before[i] = axis(g.size[i], g.k[i], g.s[i], g.d[i], o.padding, pair)
  end
  g.channels, g.cin, g.cout = xs[g.first and 2 or axes + 2], ws[axes + 1], ws[axes + 2]
  g.groups = g.channels // g.cin
  return g
end

-- Every index of a shape, from 0, in row-major order.
local function each_index(shape, visit)
  local index = {}
  local function walk(depth)
    if depth > #shape then return visit(index) end
    for i = 0, shape[depth] - 1 do
      index[depth] = i
      walk(depth + 1)
    end
  end
  walk(1)
end

-- Position of a pixel's channel in a flat image, plus 1.
local function at(first, n, index, size, channels, c)
  local pixel = 0
  for i = 1, #size do pixel = pixel * size[i] + index[i] end
  if first then return (n * channels + c) * product(size) + pixel + 1 end
  return (n * product(size) + pixel) * channels + c + 1
end

-- Calls visit(x position, kernel position, y position) for every product the convolution adds.
local function each_product(g, visit)
  local per_group = g.cout // g.groups
  each_index(g.k, function(tap)
    local t = 0
    for i = 1, g.axes do t = t * g.k[i] + tap[i] end
    each_index(g.out, function(out)
      local from, inside = {}, true
      for i = 1, g.axes do
        from[i] = out[i] * g.s[i] + tap[i] * g.d[i] - g.before[i]
        inside = inside and from[i] >= 0 and from[i] < g.size[i]
      end
      if not inside then return end
      for n = 0, g.n - 1 do
        for c = 0, g.cin - 1 do
          for o = 0, g.cout - 1 do
            local x = at(g.first, n, from, g.size, g.channels, o // per_group * g.cin + c)
            visit(x, (t * g.cin + c) * g.cout + o + 1, at(g.first, n, out, g.out, g.cout, o))
          end
        end
      end
    end)
  end)
end

local function tensor(data, shape, dtype) return dw.tensor(data, { dtype = dtype }):reshape(shape) end

function R.conv(x, kernel, o)
  local g = geometry(x.shape, kernel.shape, o or {})
  local shape = { g.n, table.unpack(g.out) }
  table.insert(shape, g.first and 2 or #shape + 1, g.cout)
  local xs, ks, ys = flat(x), flat(kernel), zeros(product(shape))
  each_product(g, function(i, k, j) ys[j] = ys[j] + xs[i] * ks[k] end)
  return tensor(ys, shape, x.dtype)
end

function R.conv_grad_x(dy, kernel, x_shape, o)
  local g = geometry(x_shape, kernel.shape, o or {})
  local gs, ks, xs = flat(dy), flat(kernel), zeros(product(x_shape))
  each_product(g, function(i, k, j) xs[i] = xs[i] + gs[j] * ks[k] end)
  return tensor(xs, x_shape, dy.dtype)
end

function R.conv_grad_kernel(dy, x, kernel_shape, o)
  local g = geometry(x.shape, kernel_shape, o or {})
  local gs, xs, ks = flat(dy), flat(x), zeros(product(kernel_shape))
  each_product(g, function(i, k, j) ks[k] = ks[k] + gs[j] * xs[i] end)
  return tensor(ks, kernel_shape, dy.dtype)
end

return R
