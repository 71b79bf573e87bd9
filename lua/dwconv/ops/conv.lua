-- ops/conv.lua: dense and grouped convolution of one to three axes, its gradients, and the transposed convolution. The
-- gradients and the convolution are each linear in both of their tensors and have the other two as their gradients, so
-- the family is closed under differentiation. What is made of these is in
-- separable.lua and unshared.lua.
-- Source of the formulas: spec of tf.keras.backend r2.2, sections 1.4 and 2.12.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local kinds = args.kinds
local tensor = kinds.tensor
local op = ops.family "conv"

local UNFIT = "Sizes of g, or dtypes, that do not fit to the shapes and options."
local KERAS_TAPE = "Keras has it only inside its gradient tape."
local RIGHT = "Strides with dilation, groups and channels_first are right; Keras on a CPU refuses some of them."

-- By the number of axes: what shapes are called, sizes for tests (nothing square, options away from their defaults),
-- and two groups.
local WORDS = {
  { last = "n,w,c", first = "n,c,w", kernel = "kw,cin,cout", result = "n,ow,cout or n,cout,ow" },
  { last = "n,h,w,c", first = "n,c,h,w", kernel = "kh,kw,cin,cout", result = "n,oh,ow,cout or n,cout,oh,ow" },
  { last = "n,d,h,w,c", first = "n,c,d,h,w", kernel = "kd,kh,kw,cin,cout",
    result = "n,od,oh,ow,cout or n,cout,od,oh,ow" },
}
local SAMPLES = {
  { x = { 2, 7, 4 }, kernel = { 3, 2, 6 }, y = { 2, 4, 6 }, o = { strides = 2, padding = { 1, 2 } } },
  { x = { 2, 5, 7, 4 }, kernel = { 3, 2, 2, 6 }, y = { 2, 2, 8, 6 },
    o = { strides = { 2, 1 }, dilation_rate = { 1, 2 }, padding = { { 1, 0 }, { 2, 1 } } } },
  { x = { 1, 3, 4, 5, 2 }, kernel = { 2, 1, 3, 2, 3 }, y = { 1, 2, 2, 5, 3 },
    o = { strides = { 1, 2, 1 }, padding = { { 0, 0 }, { 0, 0 }, { 1, 1 } } } },
}

-- What C takes in the place of options.
local function geometry(o)
  return core.geometry(o.strides, o.dilation_rate, o.padding, o.data_format == "channels_first")
end

-- The five records for images of so many axes.
local function convolutions(axes)
  local words, sample = WORDS[axes], SAMPLES[axes]
  local name, layouts = ("conv%dd"):format(axes), words.last .. " or " .. words.first
  local conv, grad_x, grad_kernel

  local function options()
    return {
      strides = kinds.sizes(axes, 1),
      padding = kinds.padding(axes, axes == 1),
      data_format = kinds.data_format(),
      dilation_rate = kinds.sizes(axes, 1),
    }
  end

  conv = op(name) {
    doc = [[
Convolves x with a kernel: each output channel is the sum over taps and input channels. It is correlation, as is usual
in the field: kernels are not flipped. A kernel with fewer input channels than x, of which x must have a multiple,
convolves groups of channels, each with its own share of the output channels. With padding "same" the result has
ceil(size/strides) positions along an axis, and an odd one of padding goes to the end; with "valid" as many as the
kernel fits, and a kernel that does not fit at all is an error.]]
      .. (axes == 1 and ' "causal" pads before only, so that no output sees a later input.' or ""),
    args = {
      { "x", tensor(words.last .. " (channels_last) or " .. words.first .. " (channels_first); float32 or float64") },
      { "kernel", tensor(words.kernel .. " for both layouts; of x's dtype") },
    },
    result = words.result,
    options = options(),
    prepare = geometry,
    forward = core.conv,
    backward = {
      x = function(g, _, x, w, o) return grad_x(g, w, x.shape, o) end,
      kernel = function(g, _, x, w, o) return grad_kernel(g, x, w.shape, o) end,
    },
    keeps = { "x", "kernel" },
    linear = true,
    method = true,
    differs = RIGHT .. " padding also takes pairs of sizes.",
    example = ("print(K.%s(dw.ones { 1, %s2 }, dw.ones { %s2, 3 }):reshape { -1, 3 })"):format(name,
      ("3, "):rep(axes), ("3, "):rep(axes)),
    sample = function(R) return R(sample.x), R(sample.kernel), sample.o end,
    errors = "Channels of x and the kernel, or dtypes, that do not fit; with \"valid\" a kernel larger than x.",
  }

  grad_x = op(name .. "_grad_x") {
    doc = ("The gradient of %s with respect to x, given g, the gradient with respect to its result."):format(name),
    args = { { "g", tensor("the result's: " .. words.result) }, { "kernel", tensor(words.kernel) } },
    values = { { "x_shape", kinds.shape(), "a table of sizes: the shape of x" } },
    result = "x_shape",
    options = options(),
    prepare = geometry,
    forward = core.conv_grad_x,
    backward = {
      g = function(gg, _, _, w, _, o) return conv(gg, w, o) end,
      kernel = function(gg, _, g, w, _, o) return grad_kernel(g, gg, w.shape, o) end,
    },
    keeps = { "g", "kernel" },
    linear = true,
    differs = KERAS_TAPE,
    sample = function(R) return R(sample.y), R(sample.kernel), sample.x, sample.o end,
    example = ("print(K.%s_grad_x(dw.ones { 1, %s3 }, dw.ones { %s2, 3 }, { 1, %s2 }):reshape { -1, 2 })"):format(name,
      ("1, "):rep(axes), ("2, "):rep(axes), ("2, "):rep(axes)),
    errors = UNFIT,
  }

  grad_kernel = op(name .. "_grad_kernel") {
    doc = ("The gradient of %s with respect to its kernel, given g, the one with respect to its result."):format(name),
    args = { { "g", tensor("the result's: " .. words.result) }, { "x", tensor(layouts) } },
    values = { { "kernel_shape", kinds.shape(), "a table of sizes: the shape of the kernel, " .. words.kernel } },
    result = "kernel_shape",
    options = options(),
    prepare = geometry,
    forward = core.conv_grad_kernel,
    backward = {
      g = function(gk, _, _, x, _, o) return conv(x, gk, o) end,
      x = function(gk, _, g, x, _, o) return grad_x(g, gk, x.shape, o) end,
    },
    keeps = { "g", "x" },
    linear = true,
    differs = KERAS_TAPE,
    sample = function(R) return R(sample.y), R(sample.x), sample.kernel, sample.o end,
    example = ("print(K.%s_grad_kernel(dw.ones { 1, %s3 }, dw.ones { 1, %s2 }, { %s2, 3 }):reshape { -1, 3 })"):format(
      name, ("1, "):rep(axes), ("2, "):rep(axes), ("2, "):rep(axes)),
    errors = UNFIT,
  }

  op(name .. "_transpose") {
    doc = ([[
The transposed convolution, which leads from the shape of a result of %s to that of its x: every number of x is
spread over a window of the result, weighted by the kernel. output_shape is the shape of the result, -1 in place of the
batch: strides leave several sizes open, and any is right from which the convolution leads back to x's size.]]):format(
      name),
    args = {
      { "x", tensor(layouts .. "; float32 or float64") },
      { "kernel", tensor(words.kernel:gsub("cin,cout", "cout,cin") .. " for both layouts; of x's dtype") },
    },
    values = { { "output_shape", kinds.shape(true), "a table of sizes: the shape of the result" } },
    result = "output_shape",
    options = options(),
    prepare = geometry,
    reads = "core",
    forward = core.conv_transpose,
    backward = {
      x = function(g, _, _, w, _, o) return conv(g, w, o) end,
      kernel = function(g, _, x, w, _, o) return grad_kernel(x, g, w.shape, o) end,
    },
    keeps = { "x", "kernel" },
    linear = true,
    differs = "Keras has conv2d_transpose only, and ignores strides with dilation; here both count.",
    sample = function(R) return R(sample.y), R(sample.kernel), sample.x, sample.o end,
    example = ("print(K.%s_transpose(dw.ones { 1, %s3 }, dw.ones { %s1, 3 }, { 1, %s1 }, { strides = 2 }).shape)")
      :format(name, ("2, "):rep(axes), ("2, "):rep(axes), ("4, "):rep(axes)),
    errors = "An output_shape that the convolution does not lead back from; channels or dtypes that differ.",
  }
end

for axes = 1, 3 do convolutions(axes) end
