-- io/base64.lua: bytes as the letters of base64 (RFC 4648, 4). Called by what draws pictures in terminals and in SVG.

local base64 = {}

local LETTERS <const> = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local STEP <const> = 3 * 1024 -- bytes at a time, which string.byte gives at once

-- Two letters for each 12 bits, made when they are first needed.
local pairs_of = setmetatable({}, { __index = function(known, bits)
  local high, low = bits >> 6, bits & 63
  local text = LETTERS:sub(high + 1, high + 1) .. LETTERS:sub(low + 1, low + 1)
  known[bits] = text
  return text
end })

-- Of the bytes from..to, at most STEP of them; "=" stands for what is missing of the last three.
local function encode_step(bytes, from, to)
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

--- The base64 of the bytes from..to of a string, of all of them if these are left out.
---@param bytes string
---@param from? integer
---@param to? integer
---@return string
function base64.encode(bytes, from, to)
  local parts, last = {}, to or #bytes
  for at = from or 1, last, STEP do parts[#parts + 1] = encode_step(bytes, at, math.min(at + STEP - 1, last)) end
  return table.concat(parts)
end

return base64
