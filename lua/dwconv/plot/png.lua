-- plot/png.lua: a picture as the text of a PNG in base64, for svg.lua, which so needs no library. The samples are
-- stored without compression: pictures in charts are small.
-- Formats: W3C PNG, 5 (chunks); RFC 1950 and 1951 (stored blocks).

local colours = require "dwconv.plot.colours"

local png = {}

local TABLE = {}
for n = 0, 255 do
  local c = n
  for _ = 1, 8 do c = c & 1 == 1 and 0xedb88320 ~ c >> 1 or c >> 1 end
  TABLE[n] = c
end

local function crc(text)
  local c = 0xffffffff
  for i = 1, #text do c = TABLE[(c ~ text:byte(i)) & 255] ~ c >> 8 end
  return c ~ 0xffffffff
end

local function adler(text)
  local a, b = 1, 0
  for i = 1, #text do
    a = (a + text:byte(i)) % 65521
    b = (b + a) % 65521
  end
  return b << 16 | a
end

local function chunk(name, data)
  return (">I4"):pack(#data) .. name .. data .. (">I4"):pack(crc(name .. data))
end

local BLOCK <const> = 65535

local function stored(data)
  local parts = { "\x78\x01" }
  for at = 1, #data, BLOCK do
    local part = data:sub(at, at + BLOCK - 1)
    parts[#parts + 1] = ("<I1I2I2"):pack(at + BLOCK > #data and 1 or 0, #part, ~#part & 0xffff) .. part
  end
  parts[#parts + 1] = (">I4"):pack(adler(data))
  return table.concat(parts)
end

local LETTERS <const> = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(text)
  local parts = {}
  for at = 1, #text, 3 do
    local a, b, c = text:byte(at, at + 2)
    local n = a << 16 | (b or 0) << 8 | (c or 0)
    local four = {}
    for k = 0, 3 do
      local i = (n >> 18 - 6 * k & 63) + 1
      four[k + 1] = (k == 2 and not b or k == 3 and not c) and "=" or LETTERS:sub(i, i)
    end
    parts[#parts + 1] = table.concat(four)
  end
  return table.concat(parts)
end

--- The PNG of a picture {lines =, columns =, colours row by row}, in base64.
---@param picture table
---@return string
function png.base64(picture)
  local parts = {}
  for y = 0, picture.lines - 1 do
    parts[#parts + 1] = "\0" -- the row is as it is
    for x = 1, picture.columns do
      parts[#parts + 1] = string.char(colours.parts(picture[y * picture.columns + x]))
    end
  end
  local header = (">I4I4BBBBB"):pack(picture.columns, picture.lines, 8, 2, 0, 0, 0)
  return base64("\x89PNG\r\n\x1a\n" .. chunk("IHDR", header) .. chunk("IDAT", stored(table.concat(parts)))
    .. chunk("IEND", ""))
end

return png
