-- show/kitty.lua: pictures in kitty's graphics protocol: the samples as they are, in base64, in chunks. screen.lua
-- calls it. No answer is asked for, and the cursor ends on the picture's last line.
-- Invariant: a chunk has at most 4096 letters, and its escape sequence is whole.

local kitty = {}

local LETTERS <const> = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local STEP <const> = 3 * 1024 -- bytes of a chunk, whose base64 has the 4096 that the protocol allows

-- Two letters for each 12 bits, made when they are first needed.
local pairs_of = setmetatable({}, { __index = function(known, bits)
  local high, low = bits >> 6, bits & 63
  local text = LETTERS:sub(high + 1, high + 1) .. LETTERS:sub(low + 1, low + 1)
  known[bits] = text
  return text
end })

-- The base64 of the bytes from..to, at most STEP of them; "=" stands for what is missing of the last three.
local function encode(bytes, from, to)
  local missing = -(to - from + 1) % 3
  local b, parts, n = { bytes:byte(from, to) }, {}, 0
  for _ = 1, missing do b[#b + 1] = 0 end
  for i = 1, #b - 2, 3 do
    local bits = b[i] << 16 | b[i + 1] << 8 | b[i + 2]
    parts[n + 1], parts[n + 2] = pairs_of[bits >> 12], pairs_of[bits & 4095]
    n = n + 2
  end
  local text = table.concat(parts)
  return text:sub(1, #text - missing) .. ("="):rep(missing)
end

--- A picture as one text.
---@param image table raster.lua's
---@return string
function kitty.text(image)
  local bytes, parts = image.bytes, {}
  local keys = ("a=T,f=%d,s=%d,v=%d,q=2,"):format(8 * image.channels, image.width, image.height)
  for from = 1, #bytes, STEP do
    local to = math.min(from + STEP - 1, #bytes)
    parts[#parts + 1] = ("\27_G%sm=%d;%s\27\\"):format(keys, to < #bytes and 1 or 0, encode(bytes, from, to))
    keys = ""
  end
  return table.concat(parts)
end

return kitty
