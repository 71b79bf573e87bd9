-- show/resample.lua: pictures of another size: each pixel of a smaller one is the average of the area that it covers;
-- a larger one is interpolated, or, of few pixels, has squares for pixels.
-- Invariant: a large tensor is read in bands of rows, so that what is held beside it stays small.

local K = require "dwconv.backend"

local resample = {}

local BAND <const> = 1 << 20 -- about as many numbers as a band has
local GROUP <const> = 16 -- rows of a result that one product computes

-- The weights with which rows from+1 .. from+count of `n` are averaged into `rows` of `size`, from the one after
-- `first` on.
local function weights(n, size, first, rows, from, count)
  local list = {}
  for i = 1, rows do
    local low, high, line = (first + i - 1) * n / size, (first + i) * n / size, {}
    for k = 1, count do
      local inside = math.min(from + k, high) - math.max(from + k - 1, low)
      line[k] = inside > 0 and inside / (high - low) or 0
    end
    list[i] = line
  end
  return K.constant(list, { dtype = "float32" })
end

-- The rows first+1 .. first+rows of `size` into which the n rows are averaged, of which x holds those after `from`:
-- (count, k) -> (rows, k).
local function average(x, n, size, first, rows, from)
  local parts = {}
  for at = first, first + rows - 1, GROUP do
    local some = math.min(GROUP, first + rows - at)
    local low, high = at * n // size, ((at + some) * n + size - 1) // size
    local part = K.narrow(x, 1, low - from + 1, high - low)
    parts[#parts + 1] = K.dot(weights(n, size, at, some, low, high - low), part)
  end
  return #parts == 1 and parts[1] or K.concatenate(parts, { axis = 1 })
end

-- A band (rows, w, c), contiguous, with its columns averaged into `width` if they are more.
local function narrower(band, width)
  local rows, w, c = table.unpack(band.shape)
  if w <= width then return band end
  local lying = K.reshape(band:permute { 2, 1, 3 }, { w, rows * c })
  return average(lying, w, width, 0, width, 0):reshape({ width, rows, c }):permute { 2, 1, 3 }
end

-- Larger, where it must be.
local function larger(x, height, width, interpolation)
  local h, w = x.shape[1], x.shape[2]
  if h == height and w == width then return x end
  local image = K.expand_dims(x, { axis = 1 })
  return K.squeeze(K.resize(image, { height, width }, { interpolation = interpolation,
    data_format = "channels_last" }), 1)
end

--- A picture t (h,w,...) as float32 (height,width,c).
---@param t dwconv.Tensor
---@param height integer
---@param width integer
---@param prepare fun(band: dwconv.Tensor): dwconv.Tensor makes float32 (rows,w,c) of rows of t
---@param interpolation "nearest"|"bilinear" where it becomes larger
---@return dwconv.Tensor
function resample.to(t, height, width, prepare, interpolation)
  local h, w = t.shape[1], t.shape[2]
  local tall = math.min(h, height) -- rows that averaging gives
  local per_row = math.max(1, t.size // h)
  local step = math.max(1, BAND // per_row * tall // h)
  local parts = {}
  for first = 0, tall - 1, step do
    local rows = math.min(step, tall - first)
    local from, to = first * h // tall, ((first + rows) * h + tall - 1) // tall
    local band = prepare(K.narrow(t, 1, from + 1, to - from)):contiguous()
    local c = band.shape[3]
    if tall < h then
      band = average(band:reshape { to - from, w * c }, h, tall, first, rows, from):reshape { rows, w, c }
    end
    parts[#parts + 1] = narrower(band, width)
  end
  local small = #parts == 1 and parts[1] or K.concatenate(parts, { axis = 1 })
  return larger(small, height, width, interpolation)
end

return resample
