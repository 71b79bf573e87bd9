-- reference.lua: a naive K in plain Lua, one more backend with the same names and options. Written from the
-- formulas of the spec, output position by output position, and shares no code and no idea with the core: it
-- walks every tap and asks whether it is inside. Takes and returns dwconv tensors; computes in Lua floats.

local dw = require "dwconv"

local R = {}

local function flat(t) return t:reshape({ -1 }):to_table() end

local function pair(v, default) return type(v) == "table" and v or { v or default, v or default } end

-- Sizes of one axis: output size and padding before (spec 1.4).
local function axis(n, k, s, d, padding, explicit)
  local window = (k - 1) * d + 1
  if padding == "same" then
    local out = (n + s - 1) // s
    return out, math.max(0, (out - 1) * s + window - n) // 2
  end
  local before, after = 0, 0
  if explicit then before, after = explicit[1], explicit[2] end
  if n + before + after < window then return 0, before end
  return (n + before + after - window) // s + 1, before
end

local function geometry(xs, ws, o)
  local first = (o.data_format or dw.backend.image_data_format()) == "channels_first"
  local g = { first = first, n = xs[1], kh = ws[1], kw = ws[2], c = ws[3], m = ws[4] }
  g.h, g.w = table.unpack(xs, first and 3 or 2)
  local s, d = pair(o.strides, 1), pair(o.dilation_rate, 1)
  g.sh, g.sw, g.dh, g.dw = s[1], s[2], d[1], d[2]
  local explicit = type(o.padding) == "table" and o.padding or {}
  g.oh, g.top = axis(g.h, g.kh, g.sh, g.dh, o.padding, explicit[1])
  g.ow, g.left = axis(g.w, g.kw, g.sw, g.dw, o.padding, explicit[2])
  return g
end

-- Position in a flat image of `rows` x `cols` pixels and `lanes` channels; all counted from 0, plus 1.
local function at(first, rows, cols, lanes, n, i, j, c)
  if first then return ((n * lanes + c) * rows + i) * cols + j + 1 end
  return ((n * rows + i) * cols + j) * lanes + c + 1
end

-- Calls visit(x position, kernel position, y position) for every product the convolution adds.
local function each_product(g, visit)
  local cm = g.c * g.m
  for n = 0, g.n - 1 do
    for i = 0, g.oh - 1 do
      for j = 0, g.ow - 1 do
        for u = 0, g.kh - 1 do
          local row = i * g.sh + u * g.dh - g.top
          for v = 0, g.kw - 1 do
            local col = j * g.sw + v * g.dw - g.left
            if row >= 0 and row < g.h and col >= 0 and col < g.w then
              for c = 0, g.c - 1 do
                local x = at(g.first, g.h, g.w, g.c, n, row, col, c)
                for q = 0, g.m - 1 do
                  visit(x, ((u * g.kw + v) * g.c + c) * g.m + q + 1, at(g.first, g.oh, g.ow, cm, n, i, j, c * g.m + q))
                end
              end
            end
          end
        end
      end
    end
  end
end

local function filled(n)
  local t = {}
  for i = 1, n do t[i] = 0.0 end
  return t
end

local function numel(shape)
  local n = 1
  for _, s in ipairs(shape) do n = n * s end
  return n
end

local function tensor(data, shape, dtype) return dw.tensor(data, { dtype = dtype }):reshape(shape) end

local function y_shape(g)
  if g.first then return { g.n, g.c * g.m, g.oh, g.ow } end
  return { g.n, g.oh, g.ow, g.c * g.m }
end

function R.depthwise_conv2d(x, kernel, o)
  local g = geometry(x.shape, kernel.shape, o or {})
  local xs, ks, shape = flat(x), flat(kernel), y_shape(g)
  local ys = filled(numel(shape))
  each_product(g, function(i, k, j) ys[j] = ys[j] + xs[i] * ks[k] end)
  return tensor(ys, shape, x.dtype)
end

function R.depthwise_conv2d_grad_x(dy, kernel, x_shape, o)
  local g = geometry(x_shape, kernel.shape, o or {})
  local gs, ks, xs = flat(dy), flat(kernel), filled(numel(x_shape))
  each_product(g, function(i, k, j) xs[i] = xs[i] + gs[j] * ks[k] end)
  return tensor(xs, x_shape, dy.dtype)
end

function R.depthwise_conv2d_grad_kernel(dy, x, kernel_shape, o)
  local g = geometry(x.shape, kernel_shape, o or {})
  local gs, xs, ks = flat(dy), flat(x), filled(numel(kernel_shape))
  each_product(g, function(i, k, j) ks[k] = ks[k] + gs[j] * xs[i] end)
  return tensor(ks, kernel_shape, dy.dtype)
end

function R.permute_dimensions(x, pattern)
  local xs, shape, steps, step = flat(x), {}, {}, 1
  for i = x.ndim, 1, -1 do
    steps[i], step = step, step * x.shape[i]
  end
  local axes = {}
  for i, p in ipairs(pattern) do
    axes[i] = p < 0 and p + x.ndim + 1 or p
    shape[i] = x.shape[axes[i]]
  end
  local ys = {}
  local function walk(depth, from)
    if depth > x.ndim then
      ys[#ys + 1] = xs[from]
      return
    end
    for i = 0, shape[depth] - 1 do walk(depth + 1, from + i * steps[axes[depth]]) end
  end
  walk(1, 1)
  return tensor(ys, shape, x.dtype)
end

function R.transpose(x)
  local pattern = {}
  for i = 1, x.ndim do pattern[i] = x.ndim + 1 - i end
  return R.permute_dimensions(x, pattern)
end

function R.reshape(x, shape)
  local known, result = 1, {}
  for _, s in ipairs(shape) do known = s > 0 and known * s or known end
  for i, s in ipairs(shape) do result[i] = s < 0 and x.size // known or s end
  return tensor(flat(x), result, x.dtype)
end

function R.sigmoid_slope(x)
  local ys = flat(x)
  for i, v in ipairs(ys) do ys[i] = 1 / (2 + math.exp(v) + math.exp(-v)) end
  return tensor(ys, x.shape, x.dtype)
end

function R.tanh_slope(x)
  local ys = flat(x)
  for i, v in ipairs(ys) do ys[i] = 4 / (2 + math.exp(2 * v) + math.exp(-2 * v)) end
  return tensor(ys, x.shape, x.dtype)
end

-- f of each element of g (2,3) and of the element of slope (2,1) in its row.
local function by_rows(f)
  return function(g, slope)
    local ys, slopes = flat(g), flat(slope)
    for i, v in ipairs(ys) do ys[i] = f(v, slopes[(i - 1) // g.shape[2] + 1]) end
    return tensor(ys, g.shape, g.dtype)
  end
end

R.gradient_product = by_rows(function(g, slope) return g * slope end)
R.gradient_quotient = by_rows(function(g, slope) return g / slope end)

local limits = { int32 = { -2 ^ 31, 2 ^ 31 - 1 }, int64 = { -2 ^ 63, 2 ^ 63 }, uint8 = { 0, 255 } }

local function float_to(dtype, v)
  local low, high = limits[dtype][1], limits[dtype][2]
  if v ~= v then return 0 end
  if v <= low then return math.tointeger(low) end
  if v >= high then return math.tointeger(high) or math.maxinteger end
  return math.tointeger(v < 0 and math.ceil(v) or math.floor(v))
end

local function integer_to(dtype, v)
  if dtype == "uint8" then return v & 0xff end
  if dtype == "int32" then return (v & 0xffffffff) - ((v & 0x80000000) << 1) end
  return v
end

function R.cast(x, dtype)
  local ys = flat(x)
  for i, v in ipairs(ys) do
    if type(v) == "boolean" then v = v and 1 or 0 end
    if dtype == "bool" then
      v = v ~= 0
    elseif limits[dtype] then
      v = math.type(v) == "float" and float_to(dtype, v) or integer_to(dtype, v)
    end
    ys[i] = v
  end
  return tensor(ys, x.shape, dtype)
end

return R
