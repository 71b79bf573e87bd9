-- ops/depthwise.lua: depthwise convolution and its gradients. Each of the three is linear in both of its
-- tensors and has the other two as its gradients, so the family is closed under differentiation.
-- Source of the formulas: spec of tf.keras.backend r2.2, sections 1.3 to 1.6 and 1.11.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local kinds = args.kinds
local tensor = kinds.tensor
local op = ops.family "depthwise"

local UNFIT = "Sizes of g, or dtypes, that do not fit to the shapes and options."

local conv, grad_x, grad_kernel

-- What C takes in the place of options.
local function geometry(o)
  return core.geometry(o.strides, o.dilation_rate, o.padding, o.data_format == "channels_first")
end

local function options()
  return {
    strides = kinds.sizes(2, 1),
    padding = kinds.padding(2),
    data_format = kinds.data_format(),
    dilation_rate = kinds.sizes(2, 1),
  }
end

-- Sizes for tests: nothing square, every option away from its default.
local sample_options = { strides = { 2, 1 }, dilation_rate = { 1, 2 }, padding = { { 1, 0 }, { 2, 1 } } }

conv = op "depthwise_conv2d" {
  doc = [[
Convolves each channel of x with its own kernels: output channel (c-1)*m + q is channel c with kernel q of its m.
It is correlation, as is usual in the field: kernels are not flipped. With padding "same" the result has
ceil(h/strides) rows and an odd pixel of padding goes to the bottom and right; with "valid" it has as many rows
as the kernel fits, and a kernel that does not fit at all is an error.]],
  args = {
    { "x", tensor "n,h,w,c (channels_last) or n,c,h,w (channels_first); float32 or float64" },
    { "depthwise_kernel", tensor "kh,kw,c,m for both layouts; of x's dtype" },
  },
  result = "n,oh,ow,c*m or n,c*m,oh,ow",
  options = options(),
  prepare = geometry,
  forward = core.depthwise_conv2d,
  backward = {
    x = function(g, _, x, w, o) return grad_x(g, w, x.shape, o) end,
    depthwise_kernel = function(g, _, x, w, o) return grad_kernel(g, x, w.shape, o) end,
  },
  keeps = { "x", "depthwise_kernel" },
  linear = true,
  method = true,
  differs = [[
Keras refuses unequal strides and computes nonsense for strides with dilation; here both are right. strides and
dilation_rate also take one number; padding also takes {{top, bottom}, {left, right}}. A valid window larger than its
input is an error, as in Keras 3.]],
  example = [[
x = dw.arange(0, 16, 1, { dtype = "float32" }):reshape { 1, 4, 4, 1 }
w = dw.ones({ 3, 3, 1, 1 })
print(K.depthwise_conv2d(x, w, { strides = 2, padding = "same" }):reshape { 2, 2 })]],
  sample = function(R)
    return R { 2, 5, 7, 3 }, R { 3, 2, 3, 2 }, sample_options
  end,
  errors = "Channels of x and the kernel, or dtypes, that differ; with \"valid\" a kernel larger than x.",
}

grad_x = op "depthwise_conv2d_grad_x" {
  doc = "The gradient of depthwise_conv2d with respect to x, given g, the gradient with respect to its result.",
  args = { { "g", tensor "the result's: n,oh,ow,c*m or n,c*m,oh,ow" }, { "depthwise_kernel", tensor "kh,kw,c,m" } },
  values = { { "x_shape", kinds.shape(), "a table of sizes: the shape of x" } },
  result = "x_shape",
  options = options(),
  prepare = geometry,
  forward = core.depthwise_conv2d_grad_x,
  backward = {
    g = function(gg, _, _, w, _, o) return conv(gg, w, o) end,
    depthwise_kernel = function(gg, _, g, w, _, o) return grad_kernel(g, gg, w.shape, o) end,
  },
  keeps = { "g", "depthwise_kernel" },
  linear = true,
  differs = "Keras has it only inside its gradient tape.",
  sample = function(R)
    return R { 2, 2, 8, 6 }, R { 3, 2, 3, 2 }, { 2, 5, 7, 3 }, sample_options
  end,
  example = [[
g = dw.ones { 1, 2, 2, 1 }
print(K.depthwise_conv2d_grad_x(g, dw.ones { 2, 2, 1, 1 }, { 1, 3, 3, 1 }):reshape { 3, 3 })]],
  errors = UNFIT,
}

grad_kernel = op "depthwise_conv2d_grad_kernel" {
  doc = "The gradient of depthwise_conv2d with respect to its kernel, given g, the one with respect to its result.",
  args = { { "g", tensor "the result's: n,oh,ow,c*m or n,c*m,oh,ow" }, { "x", tensor "n,h,w,c or n,c,h,w" } },
  values = { { "kernel_shape", kinds.shape(), "a table of sizes: the shape of the kernel, {kh, kw, c, m}" } },
  result = "kernel_shape",
  options = options(),
  prepare = geometry,
  forward = core.depthwise_conv2d_grad_kernel,
  backward = {
    g = function(gk, _, _, x, _, o) return conv(x, gk, o) end,
    x = function(gk, _, g, x, _, o) return grad_x(g, gk, x.shape, o) end,
  },
  keeps = { "g", "x" },
  linear = true,
  differs = "Keras has it only inside its gradient tape.",
  sample = function(R)
    return R { 2, 2, 8, 6 }, R { 2, 5, 7, 3 }, { 3, 2, 3, 2 }, sample_options
  end,
  example = [[
g = dw.ones { 1, 2, 2, 1 }
print(K.depthwise_conv2d_grad_kernel(g, dw.ones { 1, 3, 3, 1 }, { 2, 2, 1, 1 }):reshape { 2, 2 })]],
  errors = UNFIT,
}
