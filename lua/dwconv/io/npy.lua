-- io/npy.lua: NumPy's .npy files, versions 1 and 2, either byte order, C or Fortran order, of the dtypes dwconv has.
-- Source: the format's description in NumPy (numpy.lib.format). The header is parsed by patterns, never run, and
-- every size is checked against the file's length before a tensor is made.

local from_bytes = require("dwconv").from_bytes
local file = require "dwconv.io.file"
local options = require "dwconv.options"

local npy = {}

local MAGIC = "\x93NUMPY"
local LONGEST_HEADER = 1 << 16

local dtypes = { f4 = "float32", f8 = "float64", i4 = "int32", i8 = "int64", u1 = "uint8", b1 = "bool" }
local sizes = { float32 = 4, float64 = 8, int32 = 4, int64 = 8, uint8 = 1, bool = 1 }
local codes = {}
for code, dtype in pairs(dtypes) do codes[dtype] = code end

local LITTLE = string.pack("=I2", 1):byte() == 1

local function refuse(path, text) options.raise(("npy.read: %s: %s"):format(path, text)) end

-- The header's text and where the data starts.
local function split(path, bytes)
  if #bytes < 10 or bytes:sub(1, 6) ~= MAGIC then refuse(path, "not a .npy file") end
  local version = bytes:byte(7)
  if version ~= 1 and version ~= 2 then refuse(path, ("version %d is not supported, only 1 and 2"):format(version)) end
  local wide = version == 2
  if wide and #bytes < 12 then refuse(path, "the file ends inside its header") end
  local length, start = string.unpack(wide and "<I4" or "<I2", bytes, 9)
  if length > LONGEST_HEADER then refuse(path, ("a header of %d bytes is too long"):format(length)) end
  if start + length - 1 > #bytes then refuse(path, "the file ends inside its header") end
  return bytes:sub(start, start + length - 1), start + length
end

-- The Python literal {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }: each key once, nothing else.
local function parse_header(path, text)
  local body = text:match "^%s*{(.*)}%s*$"
  if not body then refuse(path, "the header is not a dictionary") end
  local found, patterns = {}, {
    { "descr", "^'([^']*)'()" }, { "fortran_order", "^(%u%l+)()" }, { "shape", "^%(([^()]*)%)()" },
  }
  local at = body:match "^%s*()"
  while at <= #body do
    local key, value_at = body:match("^'([%w_]+)'%s*:%s*()", at)
    local value, after
    for _, p in ipairs(patterns) do
      if p[1] == key and not found[key] then value, after = body:match(p[2], value_at) end
    end
    if not value then refuse(path, "the header has an unknown, repeated or malformed entry") end
    found[key] = value
    local next_at = body:match("^%s*,%s*()", after) or body:match("^%s*()$", after)
    if not next_at then refuse(path, "the header has an unknown, repeated or malformed entry") end
    at = next_at
  end
  if not (found.descr and found.fortran_order and found.shape) then
    refuse(path, "the header must have descr, fortran_order and shape")
  end
  return found
end

local function parse_shape(path, text)
  local shape = {}
  local rest = text:match "^%s*(.-)%s*$"
  if rest ~= "" and not rest:find "," then refuse(path, ("the shape (%s) is not a tuple"):format(text)) end
  for item in rest:gmatch "[^,]+" do
    local digits = item:match "^%s*(%d+)L?%s*$"
    local plain = digits and #digits <= 18 and (digits == "0" or digits:sub(1, 1) ~= "0")
    local n = plain and math.tointeger(tonumber(digits))
    if not n then refuse(path, ("the shape (%s) is not one of whole numbers"):format(text)) end
    shape[#shape + 1] = n
  end
  local _, commas = rest:gsub(",", "")
  if commas > #shape or (#shape > 1 and commas < #shape - 1) then
    refuse(path, ("the shape (%s) is malformed"):format(text))
  end
  if #shape > 8 then refuse(path, ("%d axes are more than a tensor's 8"):format(#shape)) end
  return shape
end

-- Bytes that the shape takes, or nil when that is more than `most`; an empty axis does not excuse the others.
local function bytes_of(shape, size, most)
  local n, empty = size, false
  for _, s in ipairs(shape) do
    if s == 0 then empty = true elseif s > (1 << 62) // n then return nil else n = n * s end
  end
  if empty then return 0 end
  return n <= most and n or nil
end

-- Reversing the bytes of each element is a view with a negative step.
local function swap_bytes(data, size)
  local bytes = from_bytes(data, { #data // size, size }, { dtype = "uint8" })
  return bytes[{ {}, { -1, 1, -1 } }]:to_bytes()
end

--- Reads a .npy file. float32, float64, int32, int64, uint8 and bool arrays of up to 8 axes.
---@param path string
---@return dwconv.Tensor
function npy.read(path)
  local bytes = file.read("npy.read", path)
  local text, start = split(path, bytes)
  local header = parse_header(path, text)
  local order, code = header.descr:match "^([<>|=])(%w+)$"
  local dtype = code and dtypes[code]
  if not dtype then refuse(path, ('dtype "%s" is not supported'):format(header.descr)) end
  if header.fortran_order ~= "True" and header.fortran_order ~= "False" then
    refuse(path, "fortran_order must be True or False")
  end
  local shape, left = parse_shape(path, header.shape), #bytes - start + 1
  local need = bytes_of(shape, sizes[dtype], left)
  if not need then
    refuse(path, ("shape (%s) of %s takes more than the %d bytes there are"):format(header.shape, dtype, left))
  end
  if need ~= left then refuse(path, ("%d bytes are left over after the data"):format(left - need)) end

  local data = bytes:sub(start)
  if sizes[dtype] > 1 and (order == ">" and LITTLE or order == "<" and not LITTLE) then
    data = swap_bytes(data, sizes[dtype])
  end
  if header.fortran_order == "False" then return from_bytes(data, shape, { dtype = dtype }) end
  local reversed = {}
  for i, s in ipairs(shape) do reversed[#shape + 1 - i] = s end
  return from_bytes(data, reversed, { dtype = dtype }):transpose():contiguous()
end

--- Writes a tensor as a version 1 file in this machine's byte order.
---@param path string
---@param t dwconv.Tensor
function npy.write(path, t)
  file.check_path("npy.write", path)
  if not options.is_tensor(t) then
    options.raise("npy.write: tensor must be a tensor, got " .. options.show(t))
  end
  local shape = table.concat(t.shape, ", ") .. (t.ndim == 1 and "," or "")
  local order = sizes[t.dtype] == 1 and "|" or LITTLE and "<" or ">"
  local header = ("{'descr': '%s%s', 'fortran_order': False, 'shape': (%s), }"):format(order, codes[t.dtype], shape)
  local padding = -(#MAGIC + 4 + #header + 1) % 64
  header = header .. (" "):rep(padding) .. "\n"
  file.write("npy.write", path, { MAGIC, "\1\0", string.pack("<I2", #header), header, t:to_bytes() })
end

return npy
