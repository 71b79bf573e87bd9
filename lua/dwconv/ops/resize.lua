-- ops/resize.lua: images of another size. Linear, so resize and its gradient are each other's gradients.

local args = require "dwconv.args"
local config = require "dwconv.config"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "resize"
local K = ops.calls
local kinds, raise = args.kinds, args.raise

local FORMATS = { "channels_last", "channels_first" }
local IMAGES = "n,w,c or n,h,w,c or n,d,h,w,c; with channels_first c is the second axis"
local FLOATS = { float32 = true, float64 = true }

local function options(default)
  local interpolation = kinds.oneof { "nearest", "bilinear" }
  interpolation.default = default
  return { interpolation = interpolation, data_format = kinds.data_format() }
end

local function size() return { "size", kinds.sizes(), "a size for all axes, or a table of sizes" } end

-- The sizes of an image's own axes, without the batch and the channels.
local function sizes_of(x, o)
  local first = o.data_format == "channels_first" and 3 or 2
  local shape = x.shape
  return table.move(shape, first, first + #shape - 3, 1, {})
end

op "resize" {
  doc = [[
Images, or lines or volumes, of the given size. Pixel centres lie at halves: output i of n is at (i - 1/2) * from / n
of an axis that had `from` pixels. "bilinear" interpolates linearly along each axis between the centres of pixels,
without antialiasing, and repeats the outermost ones; "nearest" takes the pixel that the centre lies in. Whole numbers
stay what they are for "nearest", and become K.floatx() for "bilinear".]],
  args = { { "x", kinds.tensor(IMAGES) } },
  values = { size() },
  options = options "bilinear",
  result = "x's, of the given size",
  forward = function(x, sizes, o)
    if o.interpolation == "bilinear" and args.check.is_tensor(x) and not FLOATS[x.dtype] then
      x = core.cast(x, config.floatx())
    end
    return core.resize(x, sizes, o.interpolation, o.data_format)
  end,
  backward = { x = function(g, _, x, _, o) return K.resize_grad_x(g, sizes_of(x, o), o) end },
  keeps = {},
  linear = true,
  method = true,
  differs = "TensorFlow has it as tf.image.resize, Keras 3 as keras.ops.image.resize. float64 stays float64 here.",
  sample = function(R) return R { 2, 3, 5, 2 }, { 5, 4 }, { interpolation = "bilinear" } end,
  example = "print(K.resize(dw.tensor { { 1, 2 }, { 3, 4 } }:reshape { 1, 2, 2, 1 }, { 2, 4 }):reshape { 2, 4 })",
  errors = "An image that has no pixels; a size for more or fewer axes than x has.",
}

op "resize_grad_x" {
  doc = [[
The gradient of resize with respect to x, given g, the gradient with respect to its result, and the size that x had.]],
  args = { { "g", kinds.tensor "the result's; float32 or float64" } },
  values = { size() },
  options = options "bilinear",
  result = "g's, of the given size",
  forward = function(g, sizes, o) return core.resize_grad_x(g, sizes, o.interpolation, o.data_format) end,
  backward = { g = function(gg, _, g, _, o) return K.resize(gg, sizes_of(g, o), o) end },
  keeps = {},
  linear = true,
  differs = "Keras has it only inside its gradient tape.",
  sample = function(R) return R { 2, 5, 4, 2 }, { 3, 5 }, { interpolation = "bilinear" } end,
  example = "print(K.resize_grad_x(dw.ones { 1, 4, 1 }, 2):reshape { 2 })",
  errors = "What resize refuses.",
}

-- ---- as Keras has it: by whole factors -----------------------------------------------------------------------

local LARGEST <const> = 1 << 31 -- an axis of an image

local function factor(name) return { name, kinds.whole(nil, 1, LARGEST) } end
local function format()
  return { "data_format", kinds.oneof(FORMATS, { NHWC = FORMATS[1], NCHW = FORMATS[2] }), "the layout of x" }
end

local NAMES <const> = { "depth", "height", "width" }

-- x with each of its own axes so many times as long.
local function by_factors(x, factors, data_format, interpolation)
  local o = { data_format = data_format, interpolation = interpolation }
  local sizes = sizes_of(x, o)
  for i, n in ipairs(factors) do
    local most = LARGEST // math.max(sizes[i], 1)
    if n > most then
      raise("%s_factor must be at most %d for an x of %s, got %d", NAMES[#NAMES - #factors + i], most, x.shape, n)
    end
    sizes[i] = sizes[i] * n
  end
  return K.resize(x, sizes, o)
end

op "resize_images" {
  doc = "Images height_factor times as high and width_factor times as wide, as resize makes them.",
  args = { { "x", kinds.tensor("n,h,w,c (channels_last) or n,c,h,w (channels_first)", { rank = 4 }) } },
  values = { factor "height_factor", factor "width_factor", format() },
  options = { interpolation = kinds.oneof { "nearest", "bilinear" } },
  result = "x's, larger",
  forward = function(x, height, width, data_format, o)
    return by_factors(x, { height, width }, data_format, o.interpolation)
  end,
  backward = "parts",
  method = true,
  differs = "With \"bilinear\" float64 stays float64, which Keras makes float32.",
  sample = function(R) return R { 2, 3, 4, 2 }, 2, 3, "channels_last", { interpolation = "bilinear" } end,
  example = [[
x = dw.tensor { { 1, 2 }, { 3, 4 } }:reshape { 1, 2, 2, 1 }
print(K.resize_images(x, 2, 2, "channels_last", { interpolation = "bilinear" }):reshape { 4, 4 })]],
  errors = "An image that has no pixels.",
}

op "resize_volumes" {
  doc = "Volumes with each number repeated depth_factor times along the depth, and so on.",
  args = { { "x", kinds.tensor("n,d,h,w,c (channels_last) or n,c,d,h,w (channels_first)", { rank = 5 }) } },
  values = { factor "depth_factor", factor "height_factor", factor "width_factor", format() },
  result = "x's, larger",
  forward = function(x, depth, height, width, data_format)
    return by_factors(x, { depth, height, width }, data_format, "nearest")
  end,
  backward = "parts",
  method = true,
  sample = function(R) return R { 1, 2, 3, 2, 2 }, 2, 1, 3, "channels_last" end,
  example = [[
x = dw.tensor { 1, 2 }:reshape { 1, 1, 1, 2, 1 }
print(K.resize_volumes(x, 1, 2, 2, "channels_last"):reshape { 2, 4 })]],
  errors = "A volume that has no pixels.",
}
