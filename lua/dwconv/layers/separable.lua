-- layers/separable.lua: convolution of each channel by itself, alone or before one that mixes channels:
-- DepthwiseConv1D and DepthwiseConv2D, SeparableConv1D and SeparableConv2D. Between the two convolutions of a separable
-- one there is neither a bias nor an activation.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local layer = require "dwconv.layers.layer"
local shared = require "dwconv.layers.shared"

local kinds = args.kinds

local KERNELS <const> = { "kw", "kh,kw" }

local function options_of(axes, more, initial)
  initial.depthwise = "glorot_uniform"
  more.kernel_size = kinds.sizes(axes)
  more.strides = kinds.sizes(axes, 1)
  more.padding = kinds.padding(axes, axes == 1)
  more.depth_multiplier = kinds.whole(1, 1)
  more.data_format = kinds.data_format()
  more.dilation_rate = kinds.sizes(axes, 1)
  return shared.with_activation(more, initial)
end

-- Makes the weight (kernel_size...,channels,depth_multiplier); gives the channels that come out.
local function add_depthwise(self, shape, axes)
  local channels = shared.channels(self, shape, axes)
  local size = table.move(self.kernel_size, 1, axes, 1, {})
  size[axes + 1], size[axes + 2] = channels, self.depth_multiplier
  self.depthwise_kernel = shared.weight(self, "depthwise_kernel", size, "depthwise")
  self.window = shared.window(self)
  return channels * self.depth_multiplier
end

local function depthwise(axes)
  local conv = K[("depthwise_conv%dd"):format(axes)]
  layer.class(("DepthwiseConv%dD"):format(axes)) {
    doc = ([[
Convolution of each channel with depth_multiplier kernels of its own, then a bias and an activation. Weights:
depthwise_kernel (%s,channels,depth_multiplier), bias (channels*depth_multiplier).]]):format(KERNELS[axes]),
    leading = { "kernel_size", "strides", "padding", "depth_multiplier", "data_format" },
    options = options_of(axes, {}, {}),
    build = function(self, shape)
      local channels = add_depthwise(self, shape, axes)
      if self.use_bias then self.bias = shared.weight(self, "bias", { channels }) end
    end,
    call = function(self, x)
      shared.check_built(self, x, axes)
      return shared.finish(self, conv(x, self.depthwise_kernel, self.window))
    end,
  }
end

local function separable(axes)
  local conv = K[("separable_conv%dd"):format(axes)]
  layer.class(("SeparableConv%dD"):format(axes)) {
    doc = ([[
Convolution of each channel by itself, then one of a single tap that mixes the channels, then a bias and an activation.
Weights: depthwise_kernel (%s,channels,depth_multiplier), pointwise_kernel (%s,channels*depth_multiplier,filters), bias
(filters).]]):format(KERNELS[axes], axes == 1 and "1" or "1,1"),
    leading = { "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "depth_multiplier" },
    options = options_of(axes, { filters = kinds.whole(nil, 1) }, { pointwise = "glorot_uniform" }),
    build = function(self, shape)
      local channels = add_depthwise(self, shape, axes)
      local size = { 1, 1, 1 }
      size[axes + 1], size[axes + 2] = channels, self.filters
      self.pointwise_kernel = shared.weight(self, "pointwise_kernel", size, "pointwise")
      if self.use_bias then self.bias = shared.weight(self, "bias", { self.filters }) end
    end,
    call = function(self, x)
      shared.check_built(self, x, axes)
      return shared.finish(self, conv(x, self.depthwise_kernel, self.pointwise_kernel, self.window))
    end,
  }
end

for axes = 1, 2 do
  depthwise(axes)
  separable(axes)
end
