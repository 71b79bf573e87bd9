-- fuzz/files.lua: damaged files, for ever or for so many seconds: `make fuzz SECONDS=60`, best in a sanitizer build; run
-- by hand, a seed and one kind of file may follow the seconds. A fixture of tests/fixtures/files is changed, cut, or
-- grown in one to eight places and read; so are saved models. What comes back must be a tensor (or tensors), or a model
-- that knows its shapes, or an error that names the reader, and the process must not have grown beyond what its files
-- justify.

local dw = require "dwconv"
local models = require "fuzz.models"

local seconds, seed, only = tonumber(arg[1]) or 60, tonumber(arg[2]) or os.time(), arg[3]
math.randomseed(seed)

local readers = {
  npy = dw.io.npy.read, png = dw.io.image.read, jpg = dw.io.image.read, safetensors = dw.io.safetensors.read,
  model = models.read,
}
local MOST = 64 -- MiB that a damaged file of some kilobytes may make the process grow by, beside the collector's

local function bytes_of(path)
  local f <close> = assert(io.open(path, "rb"))
  return f:read "a"
end

local function fixtures()
  local list = {}
  for path in io.popen("ls tests/fixtures/files/*"):lines() do
    local kind = path:match "%.(%w+)$"
    if readers[kind] and kind == (only or kind) then list[#list + 1] = { kind = kind, bytes = bytes_of(path) } end
  end
  if not only or only == "model" then
    for _, model in ipairs(models.make()) do
      local path = os.tmpname()
      model:save(path)
      list[#list + 1] = { kind = "model", bytes = bytes_of(path) }
      os.remove(path)
    end
  end
  return list
end

local EXTREMES = { "\0", "\xff", "\x7f", "\x80", "\0\0\0\0", "\xff\xff\xff\xff", "\x7f\xff\xff\xff", "\0\0\x75\x30" }

-- Numbers of headers in digits, at the edges of what integers and floats hold.
local NUMBERS = { "0", "1", "-1", "255", "65536", "2147483648", "4294967296", "9007199254740993", "9223372036854775807",
  "9223372036854775808", "18446744073709551616", "1e400", "1e2", "0.5", "-0", "00", "" }

local changes = {
  function(s, at) return s:sub(1, at - 1) .. string.char(math.random(0, 255)) .. s:sub(at + 1) end,
  function(s, at) return s:sub(1, at - 1) .. string.char(s:byte(at) ~ 1 << math.random(0, 7)) .. s:sub(at + 1) end,
  function(s, at)
    local e = EXTREMES[math.random(#EXTREMES)]
    return s:sub(1, at - 1) .. e .. s:sub(at + #e)
  end,
  function(s, at) return s:sub(1, at) end,
  function(s, at) return s:sub(1, at) .. s:sub(math.random(1, #s)) end, -- a part left out or said twice
  function(s, at)
    local first, after = s:match("()%d+()", at)
    return first and s:sub(1, first - 1) .. NUMBERS[math.random(#NUMBERS)] .. s:sub(after) or s
  end,
  function(s, at) return s:sub(1, at) .. (" "):rep(math.random(1, 64)) .. s:sub(at + 1) end,
}

-- CRC-32 of PNG, so that damage reaches what is behind the checksums.
local table_of = {}
for i = 0, 255 do
  local c = i
  for _ = 1, 8 do c = c & 1 == 1 and 0xedb88320 ~ (c >> 1) or c >> 1 end
  table_of[i] = c
end

local function crc(s)
  local c = 0xffffffff
  for i = 1, #s do c = table_of[(c ~ s:byte(i)) & 255] ~ (c >> 8) end
  return c ~ 0xffffffff
end

local function with_checksums(s)
  local parts, at = { s:sub(1, 8) }, 9
  while at + 11 <= #s do
    local n = string.unpack(">I4", s, at)
    if at + 11 + n > #s then break end
    local body = s:sub(at + 4, at + 7 + n)
    parts[#parts + 1] = string.pack(">I4", n) .. body .. string.pack(">I4", crc(body))
    at = at + 12 + n
  end
  return table.concat(parts) .. s:sub(at)
end

-- The size of a .safetensors header that was changed, so that damage reaches what is behind the length. `data`: bytes of
-- the file that are behind the header.
local function with_length(s, data)
  return #s < 8 + data and s or string.pack("<I8", #s - 8 - data) .. s:sub(9)
end

local function peak()
  local f <close> = assert(io.open "/proc/self/status")
  return tonumber(f:read("a"):match "VmHWM:%s*(%d+)") // 1024
end

-- Where a file is changed: of models mostly in the header.
local function place(file, s)
  if file.kind ~= "model" or math.random(8) == 1 then return math.random(#s) end
  return math.random(math.min(#s, 8 + string.unpack("<I8", file.bytes)))
end

local list, path = fixtures(), os.tmpname()
local count, read, slowest, before = {}, 0, 0, peak()
local stop = dw.clock() + seconds
print(("fuzz: seed %d, %d fixtures"):format(seed, #list))
while dw.clock() < stop do
  local file = list[math.random(#list)]
  local s = file.bytes
  for _ = 1, math.random(1, 8) do
    if #s > 0 then s = changes[math.random(#changes)](s, place(file, s)) end
  end
  if file.kind == "model" and math.random(2) == 1 then s = models.swap(file.bytes) end
  if (file.kind == "safetensors" or file.kind == "model") and math.random(4) > 1 then
    s = with_length(s, #file.bytes - 8 - string.unpack("<I8", file.bytes))
  end
  if file.kind == "png" and math.random(4) > 1 then s = with_checksums(s) end
  local f = assert(io.open(path, "wb"))
  f:write(s)
  f:close()
  local start = dw.clock()
  local good, result = pcall(readers[file.kind], path)
  slowest = math.max(slowest, dw.clock() - start)
  if not good and not result:find("^[^:]+:%d+: [%w._]+: ") then error("seed " .. seed .. ": " .. result) end
  count[file.kind], read = (count[file.kind] or 0) + 1, read + (good and 1 or 0)
end
os.remove(path)
local grown = peak() - before
local tries = {}
for kind, n in pairs(count) do tries[#tries + 1] = ("%d %s"):format(n, kind) end
table.sort(tries)
print(("fuzz: %s; %d read all the same; slowest %.3f s; grown by %d MiB"):format(table.concat(tries, ", "), read, slowest,
  grown))
assert(grown <= MOST or os.getenv "LD_PRELOAD", "grown too much")
