-- io/safetensors.lua: .safetensors files: tensors by name, with texts beside them. The numbers go straight between the
-- file and tensors. Source: the format's description and its reference reader (huggingface/safetensors, tensor.rs),
-- whose checks are made here in the same order.
-- Invariant: no tensor is made before the whole header fits the file's length: the tensors lie in it one behind the
-- other, without a gap, an overlap or a rest. So a damaged file takes no more memory than its length justifies.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local config = require "dwconv.config"
local file = require "dwconv.io.file"
local json = require "dwconv.io.json"
local ops = require "dwconv.ops"
local record = require "dwconv.io"

local raise, show = args.raise, args.show

local safetensors = {}

local LONGEST_HEADER <const> = 100000000 -- the reference reader's
local READING <const> = 32 -- bytes that decoding takes for a byte of the header, at most
local PIECE <const> = 1 << 20
local METADATA <const> = "__metadata__"

local dtypes = { F32 = "float32", F64 = "float64", I32 = "int32", I64 = "int64", U8 = "uint8", BOOL = "bool" }
local codes = {}
for code, dtype in pairs(dtypes) do codes[dtype] = code end

local WRITTEN <const> = { "int64", "float64", "float32", "int32", "uint8", "bool" } -- the reference's order

-- Of these dtypes each value has 2 bytes, and is read as the float32 that function(bits) gives.
local halves = {}

function halves.F16(bits)
  local sign = bits >> 15 == 0 and 1 or -1
  local exponent, fraction = bits >> 10 & 31, bits & 1023
  if exponent == 31 then return fraction == 0 and sign * math.huge or 0 / 0 end
  if exponent == 0 then return sign * fraction * 2.0 ^ -24 end
  return sign * (1024 + fraction) * 2.0 ^ (exponent - 25)
end

function halves.BF16(bits) return (string.unpack("<f", string.pack("<I4", bits << 16))) end

-- The values of all 65536 patterns of bits, made when they are first wanted.
local values_of = setmetatable({}, { __index = function(t, code)
  local list = {}
  for bits = 0, 65535 do list[bits + 1] = halves[code](bits) end
  t[code] = K.constant(list, { dtype = "float32" })
  return t[code]
end })

local function width_of(code) return halves[code] and 2 or file.width(dtypes[code]) end

-- ---- the header ----------------------------------------------------------------------------------

local function check_memory(f, length)
  local left = config.memory_limit() - math.floor(collectgarbage "count" * 1024)
  if READING * length > left then
    f:refuse(("a header of %d bytes takes more than the memory limit leaves"):format(length))
  end
end

-- The header's text; after it the file stands where the numbers begin.
local function read_header(f)
  if f.left == math.huge then f:refuse "not a regular file, so that its length is not known" end
  local size, start = f.left, f:read(8)
  if #start < 8 then f:refuse "not a .safetensors file: it is shorter than 8 bytes" end
  local length = string.unpack("<i8", start)
  if length < 0 or length > LONGEST_HEADER then
    local text = length < 0 and "2^63 or more" or length
    f:refuse(("not a .safetensors file: a header of %s bytes is too long"):format(text))
  end
  if length > f.left then
    f:refuse(("a header of %d bytes is longer than the file, which has %.0f bytes"):format(length, size))
  end
  check_memory(f, length)
  local parts, left = {}, length
  while left > 0 do
    parts[#parts + 1] = f:read(math.min(left, PIECE))
    if parts[#parts] == "" then f:refuse "the file ends inside its header" end
    left = left - #parts[#parts]
  end
  return table.concat(parts)
end

local function is_size(v) return math.type(v) == "integer" and v >= 0 end

-- Whether t is a list of sizes, of this many if n is given.
local function are_sizes(t, n)
  if type(t) ~= "table" or n and #t ~= n then return false end
  local entries = 0
  for _, v in pairs(t) do
    entries = entries + 1
    if not is_size(v) then return false end
  end
  return entries == #t
end

local FIELDS <const> = { dtype = true, shape = true, data_offsets = true }

-- An entry of the header in a table of our own: name, code (its dtype), shape, first and last (its place in the data).
local function read_entry(f, name, entry)
  local function refuse(text, ...) f:refuse(("tensor %s: %s"):format(show(name), text:format(...))) end
  if type(entry) ~= "table" then refuse "its entry is not an object" end
  for key in pairs(entry) do
    if not FIELDS[key] then refuse("its entry has an unknown field %s", show(key)) end
  end
  local code, shape, place = entry.dtype, entry.shape, entry.data_offsets
  if type(code) ~= "string" then refuse "dtype must be a string" end
  if not dtypes[code] and not halves[code] then refuse("dtype %s is not supported", show(code)) end
  if not are_sizes(shape) then refuse "shape must be a list of whole numbers" end
  if #shape > args.kinds.MOST_AXES then refuse("%d axes are more than a tensor's %d", #shape, args.kinds.MOST_AXES) end
  if not are_sizes(place, 2) then refuse "data_offsets must be two whole numbers" end
  return { name = name, code = code, shape = shape, first = place[1], last = place[2] }
end

-- The texts beside the tensors.
local function read_metadata(f, given)
  local texts = {}
  if given == nil then return texts end
  if type(given) ~= "table" or #given > 0 then f:refuse(METADATA .. " must be an object of strings") end
  for key, text in pairs(given) do
    if type(text) ~= "string" then
      f:refuse(("%s: %s must be a string, got %s"):format(METADATA, show(key), show(text)))
    end
    texts[key] = text
  end
  return texts
end

-- The entries of a header, sorted by their place in the file, and the texts.
local function parse_header(f, text)
  if text:find "%z+ *$" then f:refuse "the header is padded with zero bytes; the format wants spaces" end
  local header, problem = json.decode(text, 8)
  if problem then f:refuse("the header is not JSON: " .. problem) end
  if type(header) ~= "table" or text:find "^%s*%[" then f:refuse "the header is not an object" end
  local entries = {}
  for name, entry in pairs(header) do
    if name ~= METADATA then entries[#entries + 1] = read_entry(f, name, entry) end
  end
  table.sort(entries, function(a, b)
    if a.first ~= b.first then return a.first < b.first end
    if a.last ~= b.last then return a.last < b.last end
    return a.name < b.name
  end)
  return entries, read_metadata(f, header[METADATA])
end

-- Bytes that a shape takes, nil where that is no 62-bit number.
local function bytes_of(shape, width)
  local n, empty = width, false
  for _, size in ipairs(shape) do
    if size == 0 then empty = true elseif size > (1 << 62) // n then return nil else n = n * size end
  end
  return empty and 0 or n
end

-- The entries lie one behind the other, each as long as its shape says, and fill the rest of the file.
local function check_places(f, entries)
  local at = 0
  for _, e in ipairs(entries) do
    local function refuse(text, ...) f:refuse(("tensor %s: %s"):format(show(e.name), text:format(...))) end
    if e.first ~= at then
      refuse("its data_offsets {%d, %d} must begin at %d, where the data before it ends", e.first, e.last, at)
    end
    if e.last < e.first then refuse("its data_offsets {%d, %d} end before they begin", e.first, e.last) end
    local need = bytes_of(e.shape, width_of(e.code))
    if need ~= e.last - e.first then
      refuse("shape (%s) of %s takes %s bytes, but its data_offsets {%d, %d} hold %d", table.concat(e.shape, ", "),
        e.code, need or "2^62 or more", e.first, e.last, e.last - e.first)
    end
    at = e.last
  end
  if at > f.left then f:refuse(("the data should take %d bytes, but %.0f are there"):format(at, f.left)) end
  if at < f.left then f:refuse(("%.0f bytes are left over after the data"):format(f.left - at)) end
end

-- ---- the data ------------------------------------------------------------------------------------

-- Values of 2 bytes become float32, a piece at a time.
local function fill_halves(f, t, values)
  file.each_piece(t, function(piece)
    local bytes = file.tensor({ piece.size, 2 }, "uint8")
    f:fill(bytes)
    bytes = K.cast(bytes, "int32")
    local bits = bytes:select(2, 1) + bytes:select(2, 2) * 256
    piece:copy_(K.gather(values, bits + 1):reshape(piece.shape))
  end)
end

local function read_tensor(f, e)
  local t = file.tensor(e.shape, dtypes[e.code] or "float32")
  if halves[e.code] then
    fill_halves(f, t, values_of[e.code])
  else
    f:fill(t, not file.LITTLE and file.width(t.dtype) > 1)
  end
  return t
end

safetensors.read = record "safetensors.read" {
  doc = [[
Reads a .safetensors file: a table of its tensors by name, and a table of the texts that its __metadata__ holds. Of
the format's dtypes F32, F64, I32, I64, U8 and BOOL are read as they are, F16 and BF16 as float32. Everything that the
header claims is checked before the first tensor is made. Ctrl-C stops it.]],
  values = { { "path", file.path } },
  result = {
    args.kinds.gives("table<string, dwconv.Tensor>", "tensors by name"),
    args.kinds.gives("table<string, string>", "texts by name"),
  },
  forward = function(path)
    local f <close> = file.open(path)
    local entries, metadata = parse_header(f, read_header(f))
    check_places(f, entries)
    local tensors = {}
    for _, e in ipairs(entries) do tensors[e.name] = read_tensor(f, e) end
    return tensors, metadata
  end,
  home = "io",
  sample = function() return "tests/fixtures/files/numpy.safetensors" end,
  example = [[
path = os.tmpname()
dw.io.safetensors.write(path, { kernel = dw.ones { 2, 3 } }, { metadata = { made_by = "hand" } })
tensors, metadata = dw.io.safetensors.read(path)
print(tensors.kernel, metadata.made_by)
os.remove(path)]],
  errors = [[
A path that cannot be read, or is a pipe; a header that is cut short, longer than 100 MB, not JSON, or has two entries
of one name; a dtype that dwconv has not, more than 8 axes; tensors that overlap, leave a gap, are not as long as their
shape says, or do not fill the file; no dkjson.]],
}

-- ---- writing -------------------------------------------------------------------------------------

local function check_text(what, text)
  if type(text) ~= "string" then raise("%s must be a string, got %s", what, show(text)) end
  if not utf8.len(text) then raise("%s must be UTF-8, got %s", what, show(text)) end
end

-- The tensors in the order in which they are written, each { name, tensor }.
local function ordered(tensors)
  local rank, list = {}, {}
  for i, dtype in ipairs(WRITTEN) do rank[dtype] = i end
  for name, t in pairs(tensors) do
    check_text("the name of a tensor", name)
    if name == METADATA then raise("a tensor cannot be named %s, which the format keeps for texts", METADATA) end
    if not args.check.is_tensor(t) then raise("tensors[%s] must be a tensor, got %s", show(name), show(t)) end
    list[#list + 1] = { name = name, tensor = t, rank = rank[t.dtype] }
  end
  table.sort(list, function(a, b)
    if a.rank ~= b.rank then return a.rank < b.rank end
    return a.name < b.name
  end)
  return list
end

local function metadata_text(metadata)
  local names, parts = {}, {}
  for name, text in pairs(metadata) do
    check_text("a name of metadata", name)
    check_text(("metadata[%s]"):format(show(name)), text)
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do parts[i] = json.quote(name) .. ":" .. json.quote(metadata[name]) end
  return ("%s:{%s}"):format(json.quote(METADATA), table.concat(parts, ","))
end

local function header_of(list, metadata)
  local parts, at = { metadata and metadata_text(metadata) }, 0
  for _, item in ipairs(list) do
    local t = item.tensor
    local last = at + t.size * file.width(t.dtype)
    parts[#parts + 1] = ('%s:{"dtype":"%s","shape":[%s],"data_offsets":[%d,%d]}'):format(json.quote(item.name),
      codes[t.dtype], table.concat(t.shape, ","), at, last)
    at = last
  end
  local text = "{" .. table.concat(parts, ",") .. "}"
  text = text .. (" "):rep(-#text % 8)
  if #text > LONGEST_HEADER then raise("a header of %d bytes is longer than the format's %d", #text, LONGEST_HEADER) end
  return text
end

-- The file has the bytes of numbers in little-endian order.
local function write_tensor(f, t)
  local width = file.width(t.dtype)
  if file.LITTLE or width == 1 then return f:write(t) end
  file.each_piece(t, function(piece)
    f:write(K.reverse(ops.calls.from_bytes(piece:to_bytes(), { piece.size, width }, { dtype = "uint8" }), 2))
  end)
end

safetensors.write = record "safetensors.write" {
  doc = [[
Writes tensors by name as a .safetensors file, sorted as the format's reference does: by dtype, then by name. metadata
is a table of texts by name. The file replaces an older one when it is complete, whose mode and owner it keeps; symbolic
links are followed. Ctrl-C stops it.]],
  values = {
    { "path", file.path },
    { "tensors", args.kinds.table("table<string, dwconv.Tensor>", "tensors by name") },
  },
  options = { metadata = args.kinds.optional(args.kinds.table("table<string, string>", "texts by name")) },
  forward = function(path, tensors, o)
    local list = ordered(tensors)
    local header = header_of(list, o.metadata)
    local f <close> = file.create(path)
    f:write(string.pack("<I8", #header) .. header)
    for _, item in ipairs(list) do write_tensor(f, item.tensor) end
    f:commit()
  end,
  home = "io",
  reason = "its numbers go into a file",
  sample = function(R) return "/dev/null", { a = R { 2, 3 } } end,
  example = [[
path = os.tmpname()
dw.io.safetensors.write(path, { a = dw.zeros { 2 }, b = dw.ones({ 3 }, { dtype = "uint8" }) })
print((dw.io.safetensors.read(path)).b)
os.remove(path)]],
  errors = "A name that is not UTF-8, or is __metadata__; a path that cannot be written, a full disk; no dkjson.",
}

return safetensors
