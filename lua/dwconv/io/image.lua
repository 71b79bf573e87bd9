-- io/image.lua: PNG and JPEG files to and from uint8 tensors (h,w,c): c is 1 (grey), 3 (RGB) or 4 (RGBA).
-- The decoding is libpng's and libjpeg's, in the optional C module dwconv.image.

local config = require "dwconv.config"
local from_bytes = require("dwconv").from_bytes
local file = require "dwconv.io.file"
local options = require "dwconv.options"

local image = {}

local function codec(name)
  local found, module = pcall(require, "dwconv.image")
  if found then return module end
  if not tostring(module):find("module 'dwconv.image' not found", 1, true) then
    options.raise(("%s: the image module does not load: %s"):format(name, module))
  end
  options.raise(("%s: this build has no image module; install libpng and libjpeg (on Debian libpng-dev and "
    .. "libjpeg-dev), then build again"):format(name))
end

-- The most samples a picture may have: decoding holds them three times, beside what is held already.
local function most_samples() return (config.memory_limit() - math.floor(collectgarbage "count") * 1024) // 3 end

--- Reads a PNG (grey, RGB, RGBA, palette; 16 bits become 8) or JPEG (grey or RGB) file.
---@param path string
---@return dwconv.Tensor uint8, h,w,c
function image.read(path)
  local bytes = file.read("image.read", path)
  local samples, h, w, c = codec("image.read").decode(bytes, math.max(0, most_samples()))
  if not samples then options.raise(("image.read: %s: %s"):format(path, h)) end
  return from_bytes(samples, { h, w, c }, { dtype = "uint8" })
end

local parse_write = options.parser("image.write", { quality = options.number(90, true) }, "(path, image, {options})")

-- Floats 0..1 are clipped and rounded; the rest is as it is.
local function as_bytes(t)
  if t.dtype == "uint8" then return t:to_bytes() end
  return t:to_pixels():to_bytes()
end

local FORMATS = { png = "png", jpg = "jpg", jpeg = "jpg" } -- by the ending of a path
local LONGEST = { png = 1000000, jpg = 65500 } -- sides in pixels, as libpng and libjpeg have it

local function check_picture(t, format)
  if not options.is_tensor(t) then
    options.raise("image.write: image must be a tensor (h,w,c) or (h,w), got " .. options.show(t))
  end
  local c = t.ndim == 2 and 1 or t.ndim == 3 and t.shape[3]
  if not (c == 1 or c == 3 or c == 4) or t.size == 0 then
    options.raise("image.write: image must be (h,w,c) with 1, 3 or 4 channels, or (h,w), got " .. options.show(t))
  end
  if t.dtype ~= "uint8" and not t.dtype:find "float" then
    options.raise("image.write: image must be uint8, or float in 0..1, got " .. options.show(t))
  end
  if math.max(t.shape[1], t.shape[2]) > LONGEST[format] then
    options.raise(("image.write: image must be at most %d pixels wide and high, got %s"):format(LONGEST[format],
      options.show(t)))
  end
  return c
end

--- Writes a tensor (h,w,c) or (h,w) as PNG or JPEG, by the ending of the path. uint8 is written as it is; floats are
--- taken in 0..1 and clipped, NaN is 0. Option quality = 90, 1 to 100, for JPEG.
---@param path string
---@param t dwconv.Tensor
---@param o? { quality: integer }
function image.write(path, t, ...)
  file.check_path("image.write", path)
  local quality = parse_write(...).quality
  local format = FORMATS[(path:match "%.(%w+)$" or ""):lower()]
  if not format then
    options.raise(("image.write: path must end in .png, .jpg or .jpeg, got %s"):format(options.show(path)))
  end
  if quality < 1 or quality > 100 then options.raise("image.write: quality must be 1 to 100, got " .. quality) end
  local c = check_picture(t, format)
  if format == "jpg" and c == 4 then
    options.raise "image.write: JPEG has no alpha channel; write 3 channels or a PNG"
  end
  local module, h, w = codec "image.write", t.shape[1], t.shape[2]
  local bytes, why
  if format == "png" then
    bytes, why = module.encode_png(as_bytes(t), h, w, c)
  else
    bytes, why = module.encode_jpeg(as_bytes(t), h, w, c, quality)
  end
  if not bytes then options.raise(("image.write: %s: %s"):format(path, why)) end
  file.write("image.write", path, { bytes })
end

return image
