-- layers/pooling.lua: the largest number or the average, of windows (MaxPooling1D to 3D, AveragePooling1D to 3D) or of
-- whole images (GlobalMaxPooling1D to 3D, GlobalAveragePooling1D to 3D). Padding is never the largest, and averages do
-- not count it.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local layer = require "dwconv.layers.layer"
local shared = require "dwconv.layers.shared"

local kinds = args.kinds

-- Layers of one axis are channels_last whatever K's setting is.
local function data_format(axes) return axes == 1 and shared.fixed_format() or kinds.data_format() end

local MODES <const> = {
  Max = { pool = "max", reduce = K.max, word = "The largest number" },
  Average = { pool = "avg", reduce = K.mean, word = "The average" },
}

local function pooling(axes, name, mode)
  local pool = K[("pool%dd"):format(axes)]
  layer.class(("%sPooling%dD"):format(name, axes)) {
    doc = mode.word .. " of windows of pool_size, channel by channel, which are strides apart: pool_size if left out.",
    leading = { "pool_size", "strides", "padding", "data_format" },
    options = {
      pool_size = kinds.sizes(axes, 2),
      strides = kinds.optional(kinds.sizes(axes)),
      padding = kinds.padding(axes),
      data_format = data_format(axes),
    },
    init = function(self)
      if not self.strides then self.strides = self.pool_size end
      self.window = { strides = self.strides, padding = self.padding, data_format = self.data_format,
        pool_mode = mode.pool }
    end,
    call = function(self, x)
      return pool(shared.check_image(x, axes, self.data_format), self.pool_size, self.window)
    end,
  }
end

local function global(axes, name, mode)
  layer.class(("Global%sPooling%dD"):format(name, axes)) {
    doc = mode.word .. " of each channel of an image: n,c; with keepdims the image's axes stay, with size 1.",
    leading = { "data_format" },
    options = { data_format = data_format(axes), keepdims = kinds.flag(false) },
    call = function(self, x)
      shared.check_image(x, axes, self.data_format)
      local first, over = shared.first_axis(self.data_format), {}
      for i = 1, axes do over[i] = first + i - 1 end
      return mode.reduce(x, { axis = over, keepdims = self.keepdims })
    end,
  }
end

for axes = 1, 3 do
  for name, mode in pairs(MODES) do
    pooling(axes, name, mode)
    global(axes, name, mode)
  end
end
