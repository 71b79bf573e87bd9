-- image_spec.lua: pictures as Pillow writes them (tests/oracle/files.py), our own, and files that lie.

local dw = require "dwconv"
local image, npy = dw.io.image, dw.io.npy
local support = require "support"
local same, near, refuses = support.same, support.near, support.refuses

if not pcall(require, "dwconv.image") then
  describe("image", function()
    it("says what is missing", function()
      refuses(function() image.read "README.md" end, "image.read: this build has no image module", "libpng")
      refuses(function() image.write("x.png", dw.zeros { 1, 1, 3 }) end, "image.write: this build has no image module")
    end)
  end)
  return
end

local FILES = "tests/fixtures/files/"
local base = os.tmpname()
local png, jpg = base .. ".png", base .. ".jpg"

teardown(function()
  for _, path in ipairs { base, png, jpg } do os.remove(path) end
end)

local function bytes_of(path)
  local f = assert(io.open(path, "rb"))
  local bytes = f:read "a"
  f:close()
  return bytes
end

local function put(path, bytes)
  local f = assert(io.open(path, "wb"))
  f:write(bytes)
  f:close()
end

describe("image.read", function()
  for _, name in ipairs { "grey", "rgb", "rgba", "bits", "palette", "palette_transparent", "grey16", "grey_alpha" } do
    it(name .. ".png", function()
      same(image.read(FILES .. name .. ".png"), npy.read(FILES .. name .. ".npy"))
      support.covers "image.read"
    end)
  end

  for _, name in ipairs { "jpeg_rgb", "jpeg_grey", "jpeg_progressive" } do
    it(name .. ".jpg", function()
      -- decoders may differ in the last bit of a cosine
      local got, want = image.read(FILES .. name .. ".jpg"), npy.read(FILES .. name .. ".npy")
      near(got:astype "float32", want:astype "float32", { rtol = 0, atol = 2 })
    end)
  end

  it("refuses what is no picture, is cut short, or lies about its size", function()
    put(png, "hello")
    refuses(function() image.read(png) end, "image.read: " .. png, "neither a PNG nor a JPEG file")
    for _, source in ipairs { { "rgb.png", png }, { "jpeg_rgb.jpg", jpg } } do
      local good = bytes_of(FILES .. source[1])
      for n = 0, #good - 12, 7 do
        put(source[2], good:sub(1, n))
        refuses(function() image.read(source[2]) end, "image.read: " .. source[2])
      end
    end
    local good = bytes_of(FILES .. "rgb.png")
    put(png, good:sub(1, 16) .. string.pack(">I4I4", 2 ^ 30, 2 ^ 30) .. good:sub(25))
    refuses(function() image.read(png) end, "image.read: ")
    refuses(function() image.read(FILES .. "cmyk.jpg") end, "image.read: ")
    refuses(function() image.read(3) end, "image.read: path must be a file name, got 3")
    refuses(function() image.read "none.png" end, "image.read: none.png: No such file")
  end)

  it("survives every single damaged byte", function()
    for _, source in ipairs { { "rgba.png", png }, { "jpeg_progressive.jpg", jpg } } do
      local good = bytes_of(FILES .. source[1])
      for at = 1, #good do
        put(source[2], good:sub(1, at - 1) .. string.char(good:byte(at) ~ 0x55) .. good:sub(at + 1))
        pcall(image.read, source[2])
      end
    end
    same(image.read(FILES .. "rgb.png"), npy.read(FILES .. "rgb.npy"))
  end)
end)

-- CRC-32, bit by bit.
local function crc(s)
  local c = 0xffffffff
  for i = 1, #s do
    c = c ~ s:byte(i)
    for _ = 1, 8 do c = c & 1 == 1 and 0xedb88320 ~ (c >> 1) or c >> 1 end
  end
  return c ~ 0xffffffff
end

local function chunk(kind, data, length)
  return string.pack(">I4", length or #data) .. kind .. data .. string.pack(">I4", crc(kind .. data))
end

-- A grey PNG of 2x2 samples: the rows of bytes as `rows`, stored without compression; further chunks before them.
local function grey_png(rows, interlace, further, h, w)
  local a, b = 1, 0
  for i = 1, #rows do
    a = (a + rows:byte(i)) % 65521
    b = (b + a) % 65521
  end
  local packed = "\x78\1" .. "\1" .. string.pack("<I2I2", #rows, ~#rows & 0xffff) .. rows .. string.pack(">I2I2", b, a)
  return "\x89PNG\r\n\x1a\n" .. chunk("IHDR", string.pack(">I4I4BBBBB", w or 2, h or 2, 8, 0, 0, 0, interlace)) .. further
    .. chunk("IDAT", packed) .. chunk("IEND", "")
end

describe("image.read of PNG", function()
  local plain = grey_png("\0\1\2\0\3\4", 0, "")

  it("reads interlaced pictures", function()
    put(png, grey_png("\0\1\0\2\0\3\4", 1, ""))
    assert.same({ { 1, 2 }, { 3, 4 } }, image.read(png):squeeze():to_table())
  end)

  it("enters no chunk of texts, profiles or gamma, whatever it holds", function()
    local further = chunk("gAMA", "\0\0\0\1") .. chunk("iCCP", ("x"):rep(100)) .. chunk("zTXt", "a\0\0" .. ("\255"):rep(100))
      .. chunk("tEXt", "") .. chunk("iTXt", ("a"):rep(1000)) .. chunk("zzZz", "private")
    put(png, grey_png("\0\1\2\0\3\4", 0, further))
    assert.same({ { 1, 2 }, { 3, 4 } }, image.read(png):squeeze():to_table())
    put(png, grey_png("\0\1\2\0\3\4", 0, chunk("ABCD", "")))
    refuses(function() image.read(png) end, "image.read: " .. png) -- critical, and unknown
  end)

  it("refuses a chunk longer than the file, and more pixels than deflate can hold", function()
    for _, kind in ipairs { "tEXt", "IDAT", "PLTE" } do
      put(png, plain:sub(1, 33) .. chunk(kind, "abc", 0x7fffffff) .. plain:sub(34))
      refuses(function() image.read(png) end, "image.read: " .. png, "a chunk is longer than what is left of the file")
    end
    put(png, grey_png("\0\1\2\0\3\4", 0, ("t"):rep(0), 200, 200))
    refuses(function() image.read(png) end, "the header claims more pixels than the file can hold")
  end)
end)

-- A progressive grey JPEG of one block, in 1 scan and `more` scans: one for each bit of each coefficient.
local function jpeg_of_scans(more)
  local function segment(mark, data) return "\xff" .. string.char(mark) .. string.pack(">I2", #data + 2) .. data end
  local function scan(first, last, bits) return segment(0xda, string.pack("BBBBBB", 1, 1, 0, first, last, bits)) .. "\x7f" end
  local parts = { "\xff\xd8", segment(0xdb, "\0" .. ("\1"):rep(64)), segment(0xc2, string.pack(">BI2I2BBBB", 8, 8, 8, 1, 1, 0x11, 0)),
    segment(0xc4, "\0\1" .. ("\0"):rep(15) .. "\0"), segment(0xc4, "\x10\1" .. ("\0"):rep(15) .. "\0"), scan(0, 0, 0) }
  for n = 0, more - 1 do
    local k, low = n // 14 + 1, 13 - n % 14
    parts[#parts + 1] = scan(k, k, low == 13 and low or (low + 1) << 4 | low)
  end
  parts[#parts + 1] = "\xff\xd9"
  return table.concat(parts)
end

describe("image.read of JPEG", function()
  it("refuses fewer bits than the blocks need", function()
    for _, source in ipairs { { "jpeg_rgb.jpg", "\xff\xc0" }, { "jpeg_grey.jpg", "\xff\xc0" }, { "jpeg_progressive.jpg", "\xff\xc2" } } do
      local good = bytes_of(FILES .. source[1])
      local at = good:find(source[2], 1, true)
      put(jpg, good:sub(1, at + 4) .. string.pack(">I2I2", 30000, 30000) .. good:sub(at + 9))
      refuses(function() image.read(jpg) end, "image.read: " .. jpg, "the header claims more pixels than the file can hold")
    end
  end)

  it("takes a hundred scans and no more", function()
    put(jpg, jpeg_of_scans(99))
    same(image.read(jpg), dw.full({ 8, 8, 1 }, 128, { dtype = "uint8" }))
    put(jpg, jpeg_of_scans(120))
    refuses(function() image.read(jpg) end, "more than 100 scans")
  end)

  it("says that CMYK is not supported", function()
    refuses(function() image.read(FILES .. "cmyk.jpg") end, "image.read: ", "CMYK (4 components) is not supported")
  end)
end)

describe("image.read", function()
  it("refuses what the memory limit does not allow, with what the decoder takes", function()
    local _ <close> = support.field(require "dwconv.config", "memory_limit", function() return 1000 end)
    refuses(function() image.read(FILES .. "jpeg_progressive.jpg") end,
      "a picture of 13x22x3 takes 1 MiB, more than the memory limit leaves")
  end)
end)

describe("image.write", function()
  it("PNG keeps every sample: 1, 3 and 4 channels, and (h,w)", function()
    for _, shape in ipairs { { 5, 7, 1 }, { 5, 7, 3 }, { 5, 7, 4 }, { 1, 1, 3 }, { 200, 300, 3 } } do
      local t = dw.uniform(shape, { maxval = 256, seed = 1 }):astype "uint8"
      image.write(png, t)
      same(image.read(png), t)
    end
    local grey = dw.arange(35, { dtype = "uint8" }):reshape { 5, 7 }
    image.write(png, grey)
    same(image.read(png), grey:expand_dims(3):clone())
    image.write(png, grey:transpose())
    same(image.read(png), grey:transpose():expand_dims(3):clone())
  end)

  it("floats are 0..1, clipped and rounded; NaN is black", function()
    local t = dw.tensor { { 0, 1, 0.5 }, { -3, 7, 0 / 0 }, { 1 / 255, 0.4999 / 255, 254.6 / 255 } }
    local want = { { 0, 255, 128 }, { 0, 255, 0 }, { 1, 0, 255 } }
    image.write(png, t:astype "float64")
    assert.same(want, image.read(png):squeeze():to_table())
    image.write(png, t)
    assert.same(want, image.read(png):squeeze():to_table())
    support.covers "image.write"
  end)

  it("JPEG comes close, the closer the higher its quality", function()
    local ramp = dw.arange(0, 64 * 48, 1, { dtype = "float32" }):reshape { 48, 64, 1 }
    local t = dw.backend.depthwise_conv2d(ramp:expand_dims(1), dw.full({ 1, 1, 1, 3 }, 1 / (64 * 48)))[1]
    local size = {}
    for _, quality in ipairs { 30, 98 } do
      image.write(jpg, t, { quality = quality })
      near(image.read(jpg):astype "float32", t:to_pixels():astype "float32", { rtol = 0, atol = quality == 98 and 3 or 30 })
      size[quality] = #bytes_of(jpg)
    end
    assert.is_true(size[30] < size[98])
    local noise = dw.uniform({ 33, 17, 3 }, { maxval = 256, seed = 9 }):astype "uint8" -- the largest a JPEG gets
    image.write(jpg, noise, { quality = 100 })
    assert.same({ 33, 17, 3 }, image.read(jpg).shape)
  end)

  it("refuses other tensors, endings and options", function()
    local t = dw.zeros { 2, 2, 3 }
    refuses(function() image.write(png, dw.zeros { 2, 2, 2 }) end, "image.write: image must be (h,w,c)", "2x2x2")
    refuses(function() image.write(png, dw.zeros { 2 }) end, "image.write: image must be")
    refuses(function() image.write(png, dw.zeros { 0, 2, 3 }) end, "image.write: image must be")
    refuses(function() image.write(png, t:astype "int32") end, "image.write: image must be uint8, or float")
    refuses(function() image.write(png, 3) end, "image.write: image must be a tensor")
    refuses(function() image.write("x.gif", t) end, "image.write: path must end in .png, .jpg or .jpeg", '"x.gif"')
    refuses(function() image.write(jpg, dw.zeros { 2, 2, 4 }) end, "image.write: JPEG has no alpha channel")
    refuses(function() image.write(jpg, t, { quality = 0 }) end, "image.write: quality must be a whole number from 1 to 100, got 0")
    refuses(function() image.write(jpg, t, { qualty = 9 }) end, 'did you mean "quality"?')
    refuses(function() image.write(png, t, { quality = 9 }) end, "image.write: quality is a JPEG's")
    refuses(function() image.write(nil, t) end, "image.write: path must be a file name, got nil")
    refuses(function() image.write("/nonexistent/x.png", t) end, "image.write: ", "No such file")
    refuses(function() image.write(jpg, dw.zeros { 1, 70000, 1 }) end, "image.write: image must be at most 65500 pixels wide and high")
  end)
end)
