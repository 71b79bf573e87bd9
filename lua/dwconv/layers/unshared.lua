-- layers/unshared.lua: LocallyConnected1D and LocallyConnected2D: convolutions with another kernel, and another bias,
-- at each position.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local layer = require "dwconv.layers.layer"
local shared = require "dwconv.layers.shared"

local kinds, raise = args.kinds, args.raise

local UNITS <const> = { { "columns" }, { "rows", "columns" } }

-- How many positions there are along each axis of x.
local function positions(self, shape, axes)
  local first, found = self.data_format == "channels_first" and 1 or 0, {}
  for i = 1, axes do
    local n, k = shape[first + i], self.kernel_size[i]
    if k > n then raise("kernel_size covers %d %s but x has %d", k, UNITS[axes][i], n) end
    found[i] = (n - k) // self.strides[i] + 1
  end
  return found
end

local function locally_connected(axes)
  layer.class(("LocallyConnected%dD"):format(axes)) {
    doc = ([[
Convolution whose kernel and bias are others at each position, then an activation. Weights: kernel (positions,
kernel_size*channels,filters), bias (%s,filters).]]):format(axes == 1 and "ow" or "oh,ow"),
    leading = { "filters", "kernel_size", "strides", "padding", "data_format" },
    options = shared.with_activation({
      filters = kinds.whole(nil, 1),
      kernel_size = kinds.sizes(axes),
      strides = kinds.sizes(axes, 1),
      padding = kinds.oneof { "valid" },
      data_format = kinds.data_format(),
    }, { kernel = "glorot_uniform" }),
    build = function(self, shape)
      local channels = shared.channels(self, shape, axes)
      local bias = positions(self, shape, axes)
      local count, taps = args.check.product(bias, 1, axes), args.check.product(self.kernel_size, 1, axes)
      self.kernel = shared.weight(self, "kernel", { count, taps * channels, self.filters })
      bias[axes + 1] = self.filters
      if self.use_bias then self.bias = shared.weight(self, "bias", bias) end
    end,
    call = function(self, x)
      shared.check_built(self, x, axes)
      local how = { data_format = self.data_format }
      if axes == 1 then
        return shared.finish(self, K.local_conv1d(x, self.kernel, self.kernel_size, self.strides, how))
      end
      local sizes = positions(self, { table.unpack(x.shape, 2) }, axes)
      return shared.finish(self, K.local_conv2d(x, self.kernel, self.kernel_size, self.strides, sizes, how))
    end,
  }
end

for axes = 1, 2 do locally_connected(axes) end
