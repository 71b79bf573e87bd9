-- layers/transform.lua: images turned, moved and zoomed: every output pixel takes its colour from a place in the input,
-- which a matrix gives. Called by augmentation.lua.
-- Source of the formulas: TensorFlow's ImageProjectiveTransformV3, whose rounding and edges these are.

local K = require "dwconv.backend"

local transform = {}

-- ---- places beyond the edge ----------------------------------------------------------------------

-- v without its fraction, towards 0.
local function whole_part(v) return K.sign(v) * K.floor(K.abs(v)) end

-- Each maps coordinates along an axis of n pixels into it, as far as its mode goes.
local edges = {}

function edges.constant(v) return v end

function edges.nearest(v, n) return K.clip(v, 0, n - 1) end

-- d c b a | a b c d | d c b a
function edges.reflect(v, n)
  if n == 1 then return v * 0 end
  local below = v + whole_part(-v / (2 * n)) * (2 * n)
  below = K.where(K.less(below, -n), below + 2 * n, -below - 1)
  local above = v - whole_part(v / (2 * n)) * (2 * n)
  above = K.where(K.greater_equal(above, n), -above + (2 * n - 1), above)
  return K.clip(K.where(K.less(v, 0), below, K.where(K.greater(v, n - 1), above, v)), 0, n - 1)
end

-- a b c d | a b c d | a b c d
function edges.wrap(v, n)
  if n == 1 then return v * 0 end
  local below = v + (whole_part(-v / (n - 1)) + 1) * n
  local above = v - whole_part(v / (n - 1)) * n
  return K.clip(K.where(K.less(v, 0), below, K.where(K.greater(v, n - 1), above, v)), 0, n - 1)
end

-- ---- the input's pixels --------------------------------------------------------------------------

-- A picker of pixels: function(rows, columns), whole numbers n,oh,ow, -> n,oh,ow,c; outside it is fill_value.
local function picker(x, fill_value)
  local n, h, w, c = table.unpack(x.shape)
  local flat = K.reshape(x, { n * h * w, c })
  local first = K.reshape(K.arange(0, n, 1, { dtype = "float64" }) * (h * w), { n, 1, 1 })
  return function(rows, columns)
    local inside = K.less_equal(K.abs(rows * 2 - (h - 1)), h - 1)
    local across = K.less_equal(K.abs(columns * 2 - (w - 1)), w - 1)
    local place = first + K.cast(K.clip(rows, 0, h - 1), "float64") * w + K.cast(K.clip(columns, 0, w - 1), "float64")
    local pixels = K.gather(flat, K.cast(place, "int64") + 1)
    local there = K.expand_dims(K.cast(inside, x.dtype) * K.cast(across, x.dtype))
    return pixels * there + (1 - there) * fill_value
  end
end

local function nearest(pick, rows, columns)
  local function rounded(v) return K.sign(v) * K.floor(K.abs(v) + 0.5) end
  return pick(rounded(rows), rounded(columns))
end

local function bilinear(pick, rows, columns)
  local top, left = K.floor(rows), K.floor(columns)
  local down, right = K.expand_dims(rows - top), K.expand_dims(columns - left)
  local upper = pick(top, left) * (1 - right) + pick(top, left + 1) * right
  local lower = pick(top + 1, left) * (1 - right) + pick(top + 1, left + 1) * right
  return upper * (1 - down) + lower * down
end

--- Images x (n,h,w,c; floats) transformed: the output pixel in column u and row v, both from 0, takes its colour from
--- column a*u + b*v + p and row d*u + e*v + q of the input.
---@param x dwconv.Tensor
---@param matrix table { a, b, p, d, e, q }, each a number or a tensor n
---@param o table fill_mode, fill_value, interpolation
function transform.apply(x, matrix, o)
  local n, h, w = table.unpack(x.shape)
  local u = K.reshape(K.arange(0, w, 1, { dtype = x.dtype }), { 1, 1, w })
  local v = K.reshape(K.arange(0, h, 1, { dtype = x.dtype }), { 1, h, 1 })
  local m = {}
  for i, part in ipairs(matrix) do
    m[i] = type(part) == "number" and part or K.reshape(K.cast(part, x.dtype), { n, 1, 1 })
  end
  local zero = K.zeros({ n, h, w }, { dtype = x.dtype })
  local columns, rows = zero + (u * m[1] + v * m[2] + m[3]), zero + (u * m[4] + v * m[5] + m[6])
  local edge = edges[o.fill_mode]
  local sample = o.interpolation == "nearest" and nearest or bilinear
  return sample(picker(x, o.fill_value), edge(rows, h), edge(columns, w))
end

-- ---- matrices ------------------------------------------------------------------------------------

--- Turned about the middle by angles (n, radians).
function transform.rotation(angles, h, w)
  local cos, sin = K.cos(angles), K.sin(angles)
  local p = ((w - 1) - (cos * (w - 1) - sin * (h - 1))) / 2
  local q = ((h - 1) - (sin * (w - 1) + cos * (h - 1))) / 2
  return { cos, -sin, p, sin, cos, q }
end

--- Moved by so many pixels (n each) down and to the right.
function transform.translation(down, right) return { 1, 0, -right, 0, 1, -down } end

--- Seen through a window of so much of the height and width (n each) about the middle.
function transform.zoom(height, width, h, w)
  return { width, 0, (1 - width) * ((w - 1) / 2), 0, height, (1 - height) * ((h - 1) / 2) }
end

return transform
