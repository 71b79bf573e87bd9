-- io/npy.lua: NumPy's .npy files. The numbers go straight between the file and a tensor.
-- Source: the format's description in NumPy (numpy.lib.format). The header is read token by token, never run, in time
-- that grows with its length; every size is checked against the file's length before a tensor is made.

local args = require "dwconv.args"
local file = require "dwconv.io.file"
local record = require "dwconv.io"

local npy = {}

local MAGIC = "\x93NUMPY"
local LONGEST_HEADER = 1 << 16

local dtypes = { f4 = "float32", f8 = "float64", i4 = "int32", i8 = "int64", u1 = "uint8", b1 = "bool" }
local codes = {}
for code, dtype in pairs(dtypes) do codes[dtype] = code end

local LITTLE <const> = file.LITTLE

-- ---- the header ----------------------------------------------------------------------------------

-- The header's text; after it the file stands where the numbers begin.
local function read_header(f)
  local start = f:read(10)
  if #start < 10 or start:sub(1, 6) ~= MAGIC then f:refuse "not a .npy file" end
  local version = start:byte(7)
  if version < 1 or version > 3 then f:refuse(("version %d is not supported, only 1 to 3"):format(version)) end
  local length
  if version == 1 then
    length = string.unpack("<I2", start, 9)
  else
    start = start .. f:read(2)
    if #start < 12 then f:refuse "the file ends inside its header" end
    length = string.unpack("<I4", start, 9)
  end
  if length > LONGEST_HEADER then f:refuse(("a header of %d bytes is too long"):format(length)) end
  local text = f:read(length)
  if #text < length then f:refuse "the file ends inside its header" end
  return text
end

-- A Python literal, read from left to right. accept(pattern) gives what the pattern captures (or matches) if the next
-- token fits it. No pattern looks further than its token.
local function scanner(text)
  local at = text:match "^%s*()"
  return function(pattern)
    local first, last, capture = text:find("^" .. pattern, at)
    if not first then return nil end
    at = text:match("^%s*()", last + 1)
    return capture or text:sub(first, last)
  end
end

local function accept_string(accept) return accept "[uU]?'([^'\\\n]*)'" or accept '[uU]?"([^"\\\n]*)"' end

-- (2, 3), (2,), (), with Python 2's 2L; a size of more than 18 digits is refused.
local function accept_shape(accept)
  local shape = {}
  if not accept "%(" then return nil end
  while not accept "%)" do
    local digits = accept "(%d+)L?%f[^%w_]"
    if not digits or #digits > 18 or digits:find "^0." then return nil end
    shape[#shape + 1] = math.tointeger(tonumber(digits))
    if not accept "," then
      if #shape == 1 or not accept "%)" then return nil end -- (5) is a number
      return shape
    end
  end
  return shape
end

local values = {
  descr = accept_string,
  fortran_order = function(accept) return accept "True%f[^%w_]" or accept "False%f[^%w_]" end,
  shape = accept_shape,
}

local EXPECTED = {
  descr = "descr must be a string (arrays of records are not supported)",
  fortran_order = "fortran_order must be True or False",
  shape = "shape must be a tuple of whole numbers",
}

-- The dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }: each key once, nothing else.
local function parse_header(f, text)
  local accept, found = scanner(text), {}
  if not accept "{" then f:refuse "the header is not a dictionary" end
  repeat
    local key = accept_string(accept)
    if not key then break end
    if not values[key] then f:refuse(("the header has an unknown entry %s"):format(args.show(key))) end
    if found[key] then f:refuse(("the header has two entries %s"):format(key)) end
    if not accept ":" then f:refuse "the header is malformed" end
    found[key] = values[key](accept)
    if not found[key] then f:refuse(("the header is malformed: %s"):format(EXPECTED[key])) end
  until not accept ","
  if not accept "}" or not accept "$" then f:refuse "the header is malformed" end
  if not (found.descr and found.fortran_order and found.shape) then
    f:refuse "the header must have descr, fortran_order and shape"
  end
  return found
end

-- Bytes that the shape takes, or nil when that is more than `most`; the other axes count even if one is empty.
local function bytes_of(shape, width, most)
  local n, empty = width, false
  for _, s in ipairs(shape) do
    if s == 0 then empty = true elseif s > (1 << 62) // n then return nil else n = n * s end
  end
  if empty then return 0 end
  return n <= most and n or nil
end

-- The dtype and whether the file has the other byte order.
local function read_descr(f, descr)
  local order, code = descr:match "^([<>|=])(%w+)$"
  local dtype = code and dtypes[code]
  if not dtype then f:refuse(("dtype %s is not supported"):format(args.show(descr))) end
  return dtype, file.width(dtype) > 1 and (order == ">" and LITTLE or order == "<" and not LITTLE)
end

local function check_shape(f, shape, dtype)
  local text, left = table.concat(shape, ", "), f.left
  if #shape > 8 then f:refuse(("%d axes are more than a tensor's 8"):format(#shape)) end
  local need = bytes_of(shape, file.width(dtype), left)
  if not need then
    f:refuse(("shape (%s) of %s takes more than the %.0f bytes there are"):format(text, dtype, left))
  end
  if need < left and left < math.huge then f:refuse(("%d bytes are left over after the data"):format(left - need)) end
end

-- ---- reading and writing -------------------------------------------------------------------------

npy.read = record "npy.read" {
  doc = [[
Reads a NumPy array: a .npy file of version 1 to 3, either byte order, C or Fortran order, of the dtypes that dwconv
has and up to 8 axes. It takes no memory besides the tensor's, and Ctrl-C stops it. The path may be a pipe.]],
  values = { { "path", file.path } },
  result = "the array's",
  forward = function(path)
    local f <close> = file.open(path)
    local header = parse_header(f, read_header(f))
    local dtype, swapped = read_descr(f, header.descr)
    local shape, fortran = header.shape, header.fortran_order == "True"
    check_shape(f, shape, dtype)
    local t = file.tensor(shape, dtype)
    f:fill(fortran and t:transpose() or t, swapped)
    if f.left == math.huge and f:read(1) ~= "" then f:refuse "bytes are left over after the data" end
    return t
  end,
  home = "io",
  sample = function() return "tests/fixtures/files/c_2x3.npy" end,
  example = [[
path = os.tmpname()
dw.io.npy.write(path, dw.tensor { { 1, 2 }, { 3, 4 } })
print(dw.io.npy.read(path))
os.remove(path)]],
  errors = [[
A path that cannot be read; a file that is no .npy file, holds more or fewer bytes than its header says, or an array
of float16, complex numbers, int8, int16, unsigned numbers but uint8, text, dates, records or Python objects.]],
}

npy.write = record "npy.write" {
  doc = [[
Writes a tensor, also a view, as a NumPy array: a .npy file of version 1, in C order and this machine's byte order. It
takes no memory besides the tensor's, and Ctrl-C stops it. The file replaces an older one when it is complete, whose
mode and owner it keeps; symbolic links are followed, pipes and devices written to.]],
  values = { { "path", file.path }, { "tensor", args.kinds.tensor "a tensor" } },
  forward = function(path, t)
    local shape = table.concat(t.shape, ", ") .. (t.ndim == 1 and "," or "")
    local order = file.width(t.dtype) == 1 and "|" or LITTLE and "<" or ">"
    local header = ("{'descr': '%s%s', 'fortran_order': False, 'shape': (%s), }"):format(order, codes[t.dtype], shape)
    local padding = -(#MAGIC + 4 + #header + 1) % 64
    header = header .. (" "):rep(padding) .. "\n"
    local f <close> = file.create(path)
    f:write(MAGIC .. "\1\0" .. string.pack("<I2", #header) .. header)
    f:write(t)
    f:commit()
  end,
  home = "io",
  reason = "its numbers go into a file",
  sample = function(R) return "/dev/null", R { 2, 3 } end,
  example = [[
path = os.tmpname()
dw.io.npy.write(path, dw.arange(6):reshape { 2, 3 })
print(dw.io.npy.read(path))
os.remove(path)]],
  errors = "A path that cannot be written, a full disk.",
}

return npy
