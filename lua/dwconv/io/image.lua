-- io/image.lua: PNG and JPEG files to and from uint8 tensors (h,w,c): c is 1 (grey), 3 (RGB) or 4 (RGBA).
-- The decoding is libpng's and libjpeg's, in the optional C module dwconv.image, which reads the file's bytes from a
-- tensor and writes samples into one: a picture is held once.

local args = require "dwconv.args"
local config = require "dwconv.config"
local file = require "dwconv.io.file"
local record = require "dwconv.io"

local kinds, raise = args.kinds, args.raise

local image = {}

local function codec()
  local found, module = pcall(require, "dwconv.image")
  if found then return module end
  if not tostring(module):find("module 'dwconv.image' not found", 1, true) then
    raise("the image module does not load: %s", module)
  end
  raise("this build has no image module; install libpng and libjpeg (on Debian libpng-dev and libjpeg-dev), then "
    .. "build again")
end

-- ---- reading -------------------------------------------------------------------------------------

local function held() return math.floor(collectgarbage "count" * 1024) end

-- Refuses a picture that, with the memory its decoder needs, would pass the memory limit.
local function check_memory(path, h, w, c, beside)
  local need, limit = h * w * c + beside, config.memory_limit()
  if need > limit - held() then collectgarbage() end
  if need > limit - held() then
    raise("%s: a picture of %dx%dx%d takes %.0f MiB, more than the memory limit leaves", path, h, w, c,
      math.ceil(need / 2 ^ 20))
  end
end

image.read = record "image.read" {
  doc = [[
Reads a PNG or JPEG file, which its first bytes tell, as uint8: grey (h,w,1), RGB (h,w,3) or RGBA (h,w,4).
PNG: grey, RGB, palettes (which become RGB) and alpha, of 1 to 16 bits, interlaced or not; 16 bits are rounded to 8,
and grey with transparency becomes RGBA. Sides of up to 1000000.
JPEG: grey and colour, baseline and progressive, of 8 bits. Sides of up to 65500.
Samples are as the file has them: gamma and colour profiles are not applied, nor the orientation that a camera notes
(EXIF), nor is alpha multiplied in. Ctrl-C stops it.]],
  values = { { "path", file.path } },
  result = "h,w,c; uint8",
  forward = function(path)
    local bytes, module = file.bytes(path), codec()
    local function check(result, ...)
      if not result then raise("%s: %s", path, (...)) end
      return result, ...
    end
    if bytes.size == 0 then check(nil, "neither a PNG nor a JPEG file") end
    local h, w, c, beside = check(module.header(bytes))
    check_memory(path, h, w, c, beside)
    local t = file.tensor({ h, w, c }, "uint8")
    check(module.read(bytes, t))
    return t
  end,
  home = "io",
  sample = function() return "tests/fixtures/files/rgb.png" end,
  example = [[
path = os.tmpname() .. ".png"
dw.io.image.write(path, dw.arange(6, { dtype = "uint8" }):reshape { 2, 3 })
print(dw.io.image.read(path):squeeze())
os.remove(path)]],
  errors = [[
A path that cannot be read; a file that is no picture, is damaged or cut short, or claims more pixels than a file of its
length can hold (a PNG 1032 bytes from one, a JPEG at least one bit for each of its blocks); CMYK; JPEG with arithmetic
coding, or of more than 100 scans; a picture that the memory limit does not allow.]],
}

-- ---- writing -------------------------------------------------------------------------------------

local FORMATS = { png = "PNG", jpg = "JPEG", jpeg = "JPEG" } -- by the ending of a path
local LONGEST = { PNG = 1000000, JPEG = 65500 } -- sides in pixels, as libpng and libjpeg have it

local function refuse(argument, expected, got)
  raise("%s must %s, got %s", argument, expected, args.show(got))
end

local function check_picture(t, format)
  local c = t.ndim == 2 and 1 or t.ndim == 3 and t.shape[3]
  if not (c == 1 or c == 3 or c == 4) or t.size == 0 then
    refuse("image", "be (h,w,c) with 1, 3 or 4 channels, or (h,w)", t)
  end
  if t.dtype ~= "uint8" and not t.dtype:find "float" then refuse("image", "be uint8, or float in 0..1", t) end
  if math.max(t.shape[1], t.shape[2]) > LONGEST[format] then
    refuse("image", ("be at most %d pixels wide and high"):format(LONGEST[format]), t)
  end
  if format == "JPEG" and c == 4 then raise "JPEG has no alpha channel; write 3 channels or a PNG" end
end

-- Samples (h,w,c) in a row. Floats 0..1 are clipped and rounded; the rest is as it is.
local function samples_of(t)
  local samples = t.dtype == "uint8" and t:contiguous() or t:to_pixels()
  return t.ndim == 2 and samples:expand_dims(3) or samples
end

local quality = kinds.whole(nil, 1, 100)
quality.default_text = "90"

image.write = record "image.write" {
  doc = [[
Writes a tensor (h,w,c) or (h,w) as PNG or JPEG, as the path's ending says: .png, .jpg or .jpeg. c is 1 (grey), 3 (RGB)
or, in a PNG, 4 (RGBA). uint8 is written as it is; floats are taken in 0..1 and clipped, and NaN is 0. A PNG keeps every
sample. The quality is a JPEG's; from 90 on its colours are as fine as its brightness, below they are halved. Ctrl-C
stops it. The file replaces an older one when it is complete, whose mode and owner it keeps; symbolic links are
followed, pipes and devices written to.]],
  values = { { "path", file.path }, { "image", kinds.tensor "a tensor h,w,c or h,w" } },
  options = { quality = quality },
  forward = function(path, t, o)
    local format = FORMATS[(path:match "%.(%w+)$" or ""):lower()]
    if not format then refuse("path", "end in .png, .jpg or .jpeg", path) end
    check_picture(t, format)
    if format == "PNG" and o.quality then raise "quality is a JPEG's; a PNG keeps every sample" end
    local module, samples = codec(), samples_of(t)
    local f <close> = file.create(path)
    f:check(module.write(f.handle, samples, format == "JPEG" and (o.quality or 90) or nil))
    f:commit()
  end,
  home = "io",
  reason = "its numbers go into a file",
  sample = function(R) return "no such folder/a.png", R { 2, 3, 3 } end,
  example = [[
path = os.tmpname() .. ".jpg"
dw.io.image.write(path, dw.full({ 16, 16, 3 }, 0.5), { quality = 95 })
print(dw.io.image.read(path)(1, 1, 1))
os.remove(path)]],
  errors = "A path that cannot be written, a full disk; sides of more than 1000000 in a PNG, 65500 in a JPEG.",
}

return image
