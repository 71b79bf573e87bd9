-- layers/shared.lua: what families of layers share: options that several have, the weights that options describe, and
-- where the channels of an image are. Called by the files of this folder alone.

local K = require "dwconv.backend"
local activations = require "dwconv.activations"
local args = require "dwconv.args"
local constraints = require "dwconv.constraints"
local initializers = require "dwconv.initializers"
local regularizers = require "dwconv.regularizers"

local kinds, raise = args.kinds, args.raise

local shared = {}

-- What the axes of an image are called, by how many there are beside the channels.
local LAST <const> = { "n,w,c", "n,h,w,c", "n,d,h,w,c" }
local FIRST <const> = { "n,c,w", "n,c,h,w", "n,c,d,h,w" }

-- ---- options -------------------------------------------------------------------------------------

--- Adds to options those of weights: `initial` is the name of the initializer by the weight's prefix. Of a weight
--- "kernel" these are kernel_initializer, kernel_regularizer and kernel_constraint.
---@param options table
---@param initial table<string, string>
function shared.with_weights(options, initial)
  for prefix, name in pairs(initial) do
    options[prefix .. "_initializer"] = initializers:kind(name)
    options[prefix .. "_regularizer"] = regularizers:kind(nil, true)
    options[prefix .. "_constraint"] = constraints:kind(nil, true)
  end
  return options
end

--- The same for layers that end in a bias and an activation.
function shared.with_activation(options, initial)
  initial.bias = "zeros"
  options.activation = activations.kind "linear"
  options.use_bias = kinds.flag(true)
  options.activity_regularizer = regularizers:kind(nil, true)
  return shared.with_weights(options, initial)
end

--- The layout of layers that are channels_last whatever K's setting is.
function shared.fixed_format()
  local kind = kinds.data_format()
  kind.current, kind.default = nil, "channels_last"
  return kind
end

--- Adds a default to a kind.
function shared.default(kind, value)
  kind.default = value
  return kind
end

--- The same kind, which must be given.
function shared.required(kind)
  kind.optional = nil
  return kind
end

--- A number of at least `least`; it may be left out if there is no default.
function shared.number(default, least)
  return kinds.new {
    default = default,
    optional = default == nil,
    annotation = "number",
    expected = ("a number of at least %g"):format(least),
    read = function(v) return type(v) == "number" and v >= least and v or nil end,
  }
end

-- ---- weights -------------------------------------------------------------------------------------

--- A weight as the options of its prefix say.
---@param self table the layer
---@param name string
---@param shape integer[]
---@param prefix? string the name, if left out
function shared.weight(self, name, shape, prefix)
  prefix = prefix or name
  return self:add_weight(name, shape, {
    initializer = self[prefix .. "_initializer"],
    regularizer = self[prefix .. "_regularizer"],
    constraint = self[prefix .. "_constraint"],
  })
end

--- What a layer with a bias and an activation does last.
function shared.finish(self, y)
  if self.use_bias then y = K.bias_add(y, self.bias, { data_format = self.data_format or "channels_last" }) end
  return self.activation(y)
end

-- ---- images --------------------------------------------------------------------------------------

local function refuse_rank(axes, data_format, got)
  local words = (data_format == "channels_first" and FIRST or LAST)[axes]
  raise("x must be %s (%s), got %d axes after the batch", words, data_format, got)
end

--- Raises unless a sample's shape is that of an image with so many axes beside the channels, which there must be; notes
--- how many channels, and gives the number.
function shared.channels(self, shape, axes)
  if #shape ~= axes + 1 then refuse_rank(axes, self.data_format, #shape) end
  local channels = shape[self.data_format == "channels_first" and 1 or #shape]
  if channels == 0 then raise "x has no channels" end
  self.channels = channels
  return channels
end

--- The first axis of an image beside the batch and the channels.
function shared.first_axis(data_format) return data_format == "channels_first" and 3 or 2 end

--- The sizes of an image's own axes.
function shared.sizes(x, data_format)
  local first = shared.first_axis(data_format)
  local shape = x.shape
  return table.move(shape, first, first + #shape - 3, 1, {})
end

--- Raises unless x is an image with so many axes beside batch and channels.
function shared.check_image(x, axes, data_format)
  if x.ndim ~= axes + 2 then refuse_rank(axes, data_format, x.ndim - 1) end
  return x
end

--- Raises unless x is such an image with the channels for which the layer was built. K would take a multiple of them
--- as groups.
function shared.check_built(self, x, axes)
  shared.check_image(x, axes, self.data_format)
  local channels = x.shape[self.data_format == "channels_first" and 2 or -1]
  if channels ~= self.channels then
    raise("x has %d channels (%s, %s) but the layer was built for %d", channels, table.concat(x.shape, "x", 2),
      self.data_format, self.channels)
  end
  return x
end

--- Where windows are and how they move, as functions of K take it.
function shared.window(self)
  return {
    strides = self.strides,
    padding = self.padding,
    data_format = self.data_format,
    dilation_rate = self.dilation_rate,
  }
end

return shared
