-- layers/padding.lua: zeros around images (ZeroPadding1D to 3D), and less of them (Cropping1D to 3D). Both take a whole
-- number for all sides, one for each axis, or a pair {before, after} for each axis; of one axis a pair alone.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local layer = require "dwconv.layers.layer"
local shared = require "dwconv.layers.shared"

local kinds, raise, whole = args.kinds, args.raise, args.check.whole

local WORDS <const> = {
  "a pair {before, after}",
  "{h, w} or {{top, bottom}, {left, right}}",
  "{d, h, w} or {{front, back}, {top, bottom}, {left, right}}",
}

local function count(v)
  v = whole(v)
  return v and v >= 0 and v < 2 ^ 31 and v or nil
end

-- n on both sides, or a pair.
local function pair(v)
  local n = count(v)
  if n then return { n, n } end
  if type(v) ~= "table" or rawlen(v) ~= 2 then return nil end
  local before, after = count(rawget(v, 1)), count(rawget(v, 2))
  return before and after and { before, after }
end

-- The kind of an option that says how much there is on each side: a pair for each axis.
local function sides(axes, default)
  local function read(v)
    if axes == 1 then
      local one = pair(v)
      if one then return { one } end
      v = type(v) == "table" and rawlen(v) == 1 and v -- the normal form again
    end
    if count(v) then v = ({ { v }, { v, v }, { v, v, v } })[axes] end
    if type(v) ~= "table" or rawlen(v) ~= axes then return nil end
    local list = {}
    for i = 1, axes do
      list[i] = pair(rawget(v, i))
      if not list[i] then return nil end
    end
    return list
  end
  return kinds.new {
    default = read(default),
    annotation = "integer|integer[]|integer[][]",
    expected = "a whole number of at least 0, or " .. WORDS[axes],
    read = read,
  }
end

-- A pair for each axis of x.
local function around(list, data_format)
  local first = shared.first_axis(data_format)
  local pairs_ = { { 0, 0 } }
  if first == 3 then pairs_[2] = { 0, 0 } end
  table.move(list, 1, #list, first, pairs_)
  if first == 2 then pairs_[#pairs_ + 1] = { 0, 0 } end
  return pairs_
end

local function options_of(axes, name, default)
  local options = { [name] = sides(axes, default) }
  if axes > 1 then options.data_format = kinds.data_format() end
  return options
end

local function format_of(self, axes) return axes > 1 and self.data_format or "channels_last" end

local function zero_padding(axes)
  layer.class(("ZeroPadding%dD"):format(axes)) {
    doc = "Zeros before and after x along the axes of an image.",
    leading = { "padding" },
    options = options_of(axes, "padding", 1),
    keeps_dtype = true,
    call = function(self, x)
      local data_format = format_of(self, axes)
      return K.pad(shared.check_image(x, axes, data_format), around(self.padding, data_format))
    end,
  }
end

local function cropping(axes)
  layer.class(("Cropping%dD"):format(axes)) {
    doc = "x without so many positions at the beginning and the end of each axis of an image.",
    leading = { "cropping" },
    options = options_of(axes, "cropping", axes == 1 and 1 or 0),
    keeps_dtype = true,
    call = function(self, x)
      local data_format = format_of(self, axes)
      local shape = shared.check_image(x, axes, data_format).shape
      for axis, cut in ipairs(around(self.cropping, data_format)) do
        local left = shape[axis] - cut[1] - cut[2]
        if cut[1] + cut[2] > 0 and left < 1 then
          raise("cropping {%d, %d} leaves nothing of the %d positions of x (%s)", cut[1], cut[2], shape[axis],
            table.concat(shape, "x", 2))
        end
        if cut[1] + cut[2] > 0 then x = K.narrow(x, axis, cut[1] + 1, left) end
      end
      return x
    end,
  }
end

for axes = 1, 3 do
  zero_padding(axes)
  cropping(axes)
end
