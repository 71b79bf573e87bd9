-- layers/resizing.lua: images of another size: UpSampling1D to 3D by whole factors, Resizing to any size, CenterCrop.
-- K.resize computes; `fitted` is Keras's way to keep the proportions.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local layer = require "dwconv.layers.layer"
local shared = require "dwconv.layers.shared"

local kinds = args.kinds

local resizing = {}

-- Two interpolations, of which the first is the default.
local function interpolation(default)
  return shared.default(kinds.oneof { "nearest", "bilinear" }, default)
end

local function upsampling(axes)
  local options = { size = kinds.sizes(axes, 2) }
  if axes > 1 then options.data_format = kinds.data_format() end
  if axes == 2 then options.interpolation = interpolation "nearest" end
  layer.class(("UpSampling%dD"):format(axes)) {
    doc = "Images `size` times as large, each number repeated or, of two axes, interpolated.",
    leading = axes > 1 and { "size", "data_format" } or { "size" },
    options = options,
    keeps_dtype = axes == 1,
    call = function(self, x)
      local data_format = axes > 1 and self.data_format or "channels_last"
      local sizes = shared.sizes(shared.check_image(x, axes, data_format), data_format)
      for i, n in ipairs(sizes) do sizes[i] = n * self.size[i] end
      return K.resize(x, sizes, { data_format = data_format,
        interpolation = axes == 2 and self.interpolation or "nearest" })
    end,
  }
end

for axes = 1, 3 do upsampling(axes) end

-- The part of images n,h,w,c that begins at this row and column.
local function part(x, row, column, h, w) return K.narrow(K.narrow(x, 2, row, h), 3, column, w) end

resizing.part = part

--- The largest part from the middle of images n,h,w,c that has the proportions of h x w, in this size.
function resizing.fitted(x, h, w, how)
  local rows, columns = x.shape[2], x.shape[3]
  local part_h, part_w = math.min(rows, columns * h // w), math.min(columns, rows * w // h)
  return K.resize(part(x, (rows - part_h) // 2 + 1, (columns - part_w) // 2 + 1, part_h, part_w), { h, w },
    { interpolation = how, data_format = "channels_last" })
end

layer.class "Resizing" {
  doc = [[
Images n,h,w,c of the given height and width. With crop_to_aspect_ratio what does not have their proportions is cut off
at both sides, instead of being stretched.]],
  leading = { "height", "width" },
  options = {
    height = kinds.whole(nil, 1),
    width = kinds.whole(nil, 1),
    interpolation = interpolation "bilinear",
    crop_to_aspect_ratio = kinds.flag(false),
  },
  call = function(self, x)
    shared.check_image(x, 2, "channels_last")
    if self.crop_to_aspect_ratio then return resizing.fitted(x, self.height, self.width, self.interpolation) end
    return K.resize(x, { self.height, self.width },
      { interpolation = self.interpolation, data_format = "channels_last" })
  end,
}

layer.class "CenterCrop" {
  doc = "The middle of images n,h,w,c; images that are smaller are resized, as by Resizing with crop_to_aspect_ratio.",
  leading = { "height", "width" },
  options = { height = kinds.whole(nil, 1), width = kinds.whole(nil, 1) },
  call = function(self, x)
    shared.check_image(x, 2, "channels_last")
    local rows, columns = x.shape[2] - self.height, x.shape[3] - self.width
    if rows < 0 or columns < 0 then return resizing.fitted(x, self.height, self.width, "bilinear") end
    return part(x, rows // 2 + 1, columns // 2 + 1, self.height, self.width)
  end,
}

return resizing
