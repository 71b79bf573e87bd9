-- show/kitty.lua: pictures in kitty's graphics protocol: the samples as they are, in base64, in chunks. screen.lua
-- calls it. No answer is asked for, and the cursor ends on the picture's last line.
-- Invariant: a chunk has at most 4096 letters, and its escape sequence is whole.

local base64 = require "dwconv.io.base64"

local kitty = {}

local STEP <const> = 3 * 1024 -- bytes of a chunk, whose base64 has the 4096 letters that the protocol allows

--- A picture as one text.
---@param image table raster.lua's
---@return string
function kitty.text(image)
  local bytes, parts = image.bytes, {}
  local keys = ("a=T,f=%d,s=%d,v=%d,q=2,"):format(8 * image.channels, image.width, image.height)
  for from = 1, #bytes, STEP do
    local to = math.min(from + STEP - 1, #bytes)
    parts[#parts + 1] = ("\27_G%sm=%d;%s\27\\"):format(keys, to < #bytes and 1 or 0, base64.encode(bytes, from, to))
    keys = ""
  end
  return table.concat(parts)
end

return kitty
