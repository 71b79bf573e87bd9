-- layers/conv.lua: dense and grouped convolution of one to three axes, and transposed convolution: Conv1D to Conv3D,
-- Conv1DTranspose to Conv3DTranspose. K.conv1d and its like compute; strides with dilation, groups and either layout
-- are theirs.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local layer = require "dwconv.layers.layer"
local shared = require "dwconv.layers.shared"

local kinds, raise = args.kinds, args.raise

local LEADING <const> = { "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate" }

local function options_of(axes)
  return shared.with_activation({
    filters = kinds.whole(nil, 1),
    kernel_size = kinds.sizes(axes),
    strides = kinds.sizes(axes, 1),
    padding = kinds.padding(axes, axes == 1),
    data_format = kinds.data_format(),
    dilation_rate = kinds.sizes(axes, 1),
  }, { kernel = "glorot_uniform" })
end

-- ---- convolution ---------------------------------------------------------------------------------

local function check_groups(self, channels)
  if channels % self.groups ~= 0 then
    raise("groups must divide the %d channels of x, got %d", channels, self.groups)
  end
end

local function convolution(axes)
  local conv, options = K[("conv%dd"):format(axes)], options_of(axes)
  options.groups = kinds.whole(1, 1)
  if axes == 1 then options.data_format = shared.fixed_format() end
  layer.class(("Conv%dD"):format(axes)) {
    doc = ([[
Convolution with `filters` kernels of kernel_size, then a bias and an activation. groups splits channels and filters
into parts that do not see each other. Weights: kernel (%s,channels/groups,filters), bias (filters).]]):format(
      ({ "kw", "kh,kw", "kd,kh,kw" })[axes]),
    leading = LEADING,
    options = options,
    init = function(self)
      if self.filters % self.groups ~= 0 then
        raise("groups must divide the %d filters, got %d", self.filters, self.groups)
      end
    end,
    build = function(self, shape)
      local channels = shared.channels(self, shape, axes)
      check_groups(self, channels)
      local size = table.move(self.kernel_size, 1, axes, 1, {})
      size[axes + 1], size[axes + 2] = channels // self.groups, self.filters
      self.kernel = shared.weight(self, "kernel", size)
      if self.use_bias then self.bias = shared.weight(self, "bias", { self.filters }) end
      self.window = shared.window(self)
    end,
    call = function(self, x)
      return shared.finish(self, conv(shared.check_built(self, x, axes), self.kernel, self.window))
    end,
  }
end

-- ---- transposed convolution ----------------------------------------------------------------------

-- The size of the result along an axis. Source: spec 4.1; without output_padding it is Keras's choice among those that
-- the convolution leads back from.
local function result_size(n, kernel, stride, dilation, padding, extra)
  local reach = (kernel - 1) * dilation + 1
  if type(padding) == "table" then return (n - 1) * stride + reach - padding[1] - padding[2] + (extra or 0) end
  if not extra then return padding == "same" and n * stride or n * stride + math.max(reach - stride, 0) end
  local pad = padding == "same" and reach // 2 or 0
  return (n - 1) * stride + reach - 2 * pad + extra
end

local function check_extra(self)
  for i, extra in ipairs(self.output_padding or {}) do
    if extra >= self.strides[i] then
      raise("output_padding must be below strides, %d, got %d", self.strides[i], extra)
    end
  end
end

-- A number for all axes, or one for each, at least 0.
local function extra_sizes(axes)
  local whole = kinds.whole(nil, 0).read
  return kinds.new {
    optional = true,
    annotation = "integer|integer[]",
    expected = "a whole number or a table of one for each axis, each at least 0",
    read = function(v)
      local list = {}
      for i = 1, axes do
        list[i] = whole(type(v) == "table" and rawlen(v) == axes and rawget(v, i) or v)
        if not list[i] then return nil end
      end
      return list
    end,
  }
end

-- The shape of the result for x.
local function result_shape(self, x)
  local shape, sizes = { -1 }, shared.sizes(x, self.data_format)
  for i, n in ipairs(sizes) do
    local padding = self.padding
    shape[#shape + 1] = result_size(n, self.kernel_size[i], self.strides[i], self.dilation_rate[i],
      type(padding) == "table" and padding[i] or padding, self.output_padding and self.output_padding[i])
  end
  table.insert(shape, self.data_format == "channels_first" and 2 or #shape + 1, self.filters)
  return shape
end

local function transposed(axes)
  local conv, options = K[("conv%dd_transpose"):format(axes)], options_of(axes)
  options.padding, options.output_padding = kinds.padding(axes), extra_sizes(axes)
  layer.class(("Conv%dDTranspose"):format(axes)) {
    doc = ([[
Transposed convolution, which makes images larger by strides: every number of x is spread over a window of the result.
Then a bias and an activation. output_padding says how many further positions the result has at its end. Weights: kernel
(%s,filters,channels), bias (filters).]]):format(({ "kw", "kh,kw", "kd,kh,kw" })[axes]),
    leading = LEADING,
    options = options,
    init = check_extra,
    build = function(self, shape)
      local size = table.move(self.kernel_size, 1, axes, 1, {})
      size[axes + 1], size[axes + 2] = self.filters, shared.channels(self, shape, axes)
      self.kernel = shared.weight(self, "kernel", size)
      if self.use_bias then self.bias = shared.weight(self, "bias", { self.filters }) end
      self.window = shared.window(self)
    end,
    call = function(self, x)
      shared.check_built(self, x, axes)
      return shared.finish(self, conv(x, self.kernel, result_shape(self, x), self.window))
    end,
  }
end

for axes = 1, 3 do
  convolution(axes)
  transposed(axes)
end
