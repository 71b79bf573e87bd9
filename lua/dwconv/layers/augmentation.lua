-- layers/augmentation.lua: images n,h,w,c changed by chance while training, so that a network sees more than there are:
-- RandomFlip, RandomCrop, RandomRotation, RandomZoom, RandomTranslation, RandomContrast. Each image has its own chance,
-- but RandomCrop's, which is the batch's. Out of training images stay as they are.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local layer = require "dwconv.layers.layer"
local random = require "dwconv.layers.random"
local resizing = require "dwconv.layers.resizing"
local shared = require "dwconv.layers.shared"
local transform = require "dwconv.layers.transform"

local kinds, raise = args.kinds, args.raise

-- A number f for the range -f to f, or a pair {low, high}.
local function range(default)
  return kinds.new {
    default = default,
    optional = default == nil,
    annotation = "number|number[]",
    expected = "a number f for -f to f, or a pair {low, high}",
    read = function(v)
      if type(v) == "number" then return v >= 0 and v < math.huge and v or nil end
      if type(v) ~= "table" or rawlen(v) ~= 2 then return nil end
      local low, high = rawget(v, 1), rawget(v, 2)
      if type(low) ~= "number" or type(high) ~= "number" then return nil end
      return low <= high and { low, high } or nil
    end,
  }
end

-- The ends of a range.
local function ends(v) return type(v) == "table" and v or { -v, v } end

-- A number for each image, within a range.
local function drawn(self, x, limits, scale)
  local low, high = table.unpack(ends(limits))
  if low == high then return K.zeros({ x.shape[1] }, { dtype = x.dtype }) + low * scale end
  return random.uniform(self, { x.shape[1] }, low * scale, high * scale, x.dtype)
end

-- A layer whose `change(self, x)` is made while training.
local function augmentation(name)
  return function(record)
    local change, init = record.change, record.init
    record.change, record.options.seed = nil, random.seed()
    function record.init(self)
      random.start(self)
      if init then init(self) end
    end
    function record.call(self, x, training)
      shared.check_image(x, 2, "channels_last")
      if not training or x.size == 0 then return x end
      return change(self, x)
    end
    layer.class(name)(record)
  end
end

-- ---- turned, moved, zoomed -----------------------------------------------------------------------

local function options_of(more)
  more.fill_mode = kinds.oneof { "reflect", "wrap", "constant", "nearest" }
  more.fill_value = kinds.finite(0.0)
  more.interpolation = kinds.oneof { "bilinear", "nearest" }
  return more
end

augmentation "RandomRotation" {
  doc = "Turned about the middle, by up to `factor` full turns either way: 0.1 is 36 degrees.",
  leading = { "factor", "fill_mode", "interpolation" },
  options = options_of { factor = shared.required(range()) },
  change = function(self, x)
    local angles = drawn(self, x, self.factor, 2 * math.pi)
    return transform.apply(x, transform.rotation(angles, x.shape[2], x.shape[3]), self)
  end,
}

augmentation "RandomTranslation" {
  doc = "Moved down and to the right by up to height_factor and width_factor of the image's size, either way.",
  leading = { "height_factor", "width_factor", "fill_mode", "interpolation" },
  options = options_of { height_factor = shared.required(range()), width_factor = shared.required(range()) },
  change = function(self, x)
    local down = drawn(self, x, self.height_factor, x.shape[2])
    local right = drawn(self, x, self.width_factor, x.shape[3])
    return transform.apply(x, transform.translation(down, right), self)
  end,
}

-- The sizes of windows, of which 1 shows all.
local function windows(self, x, limits)
  local low, high = table.unpack(ends(limits))
  return drawn(self, x, { 1 + low, 1 + high }, 1)
end

augmentation "RandomZoom" {
  doc = [[
Zoomed about the middle: height_factor and width_factor say by how much more, or less, than all of an image is shown;
below 0 it is enlarged. Without width_factor the proportions stay.]],
  leading = { "height_factor", "width_factor", "fill_mode", "interpolation" },
  options = options_of { height_factor = shared.required(range()), width_factor = range() },
  init = function(self)
    for _, name in ipairs { "height_factor", "width_factor" } do
      if ends(self[name] or 0)[1] < -1 then raise("%s must not be below -1, got %s", name, args.show(self[name])) end
    end
  end,
  change = function(self, x)
    local height = windows(self, x, self.height_factor)
    local width = self.width_factor and windows(self, x, self.width_factor) or height
    return transform.apply(x, transform.zoom(height, width, x.shape[2], x.shape[3]), self)
  end,
}

-- ---- others --------------------------------------------------------------------------------------

-- Of half of the images x, those along an axis the other way round.
local function flipped(self, x, axis)
  local heads = K.less(random.uniform(self, { x.shape[1], 1, 1, 1 }, 0, 1, x.dtype), 0.5)
  return K.where(heads, K.reverse(x, axis), x)
end

augmentation "RandomFlip" {
  doc = "Mirrored left to right, upside down, or both, each with the probability of a half.",
  leading = { "mode" },
  options = { mode = kinds.oneof { "horizontal_and_vertical", "horizontal", "vertical" } },
  change = function(self, x)
    if self.mode ~= "vertical" then x = flipped(self, x, 3) end
    if self.mode ~= "horizontal" then x = flipped(self, x, 2) end
    return x
  end,
}

augmentation "RandomContrast" {
  doc = [[
Each channel's distances from its mean times a number from 1 - low to 1 + high, of factor = {low, high} or one number
for both; clipped to 0..255.]],
  leading = { "factor" },
  options = {
    factor = kinds.new {
      annotation = "number|number[]",
      expected = "a number, or a pair {low, high}, of at least 0; low at most 1",
      read = function(v)
        local pair = type(v) == "table" and rawlen(v) == 2 and v or { v, v }
        local low, high = rawget(pair, 1), rawget(pair, 2)
        if type(low) ~= "number" or type(high) ~= "number" then return nil end
        return low >= 0 and low <= 1 and high >= 0 and high < math.huge and (pair == v and { low, high } or v) or nil
      end,
    },
  },
  change = function(self, x)
    local low, high = self.factor, self.factor
    if type(self.factor) == "table" then low, high = self.factor[1], self.factor[2] end
    local factor = K.reshape(drawn(self, x, { 1 - low, 1 + high }, 1), { x.shape[1], 1, 1, 1 })
    local mean = K.mean(x, { axis = { 2, 3 }, keepdims = true })
    return K.clip((x - mean) * factor + mean, 0, 255)
  end,
}

layer.class "RandomCrop" {
  doc = [[
While training, a part of the given size at a place by chance, the same for all of a batch. Else, and of smaller
images, the middle, resized as by Resizing with crop_to_aspect_ratio.]],
  leading = { "height", "width" },
  options = { height = kinds.whole(nil, 1), width = kinds.whole(nil, 1), seed = random.seed() },
  init = random.start,
  call = function(self, x, training)
    shared.check_image(x, 2, "channels_last")
    local rows, columns = x.shape[2] - self.height, x.shape[3] - self.width
    if not training or rows < 0 or columns < 0 then
      return resizing.fitted(x, self.height, self.width, "bilinear")
    end
    local place = random.uniform(self, { 2 }, 0, 1, "float64")
    local row, column = math.floor(place[1] * (rows + 1)), math.floor(place[2] * (columns + 1))
    return resizing.part(x, row + 1, column + 1, self.height, self.width)
  end,
}
