-- safetensors_spec.lua: files as the format's own package writes them (tests/oracle/safetensors_files.py), our own, and
-- files that lie. Each check of the reference reader has a file here that only this check refuses.

local dw = require "dwconv"
local json = require "dwconv.io.json"
local safetensors = dw.io.safetensors
local support = require "support"
local same, refuses = support.same, support.refuses

local FILES = "tests/fixtures/files/"
local path = os.tmpname()

local function bytes_of(name)
  local f <close> = assert(io.open(name, "rb"))
  return f:read "a"
end

local function put(bytes)
  local f <close> = assert(io.open(path, "wb"))
  f:write(bytes)
end

local function file(header, data) return string.pack("<I8", #header) .. header .. (data or "") end

local function refused(bytes, ...)
  put(bytes)
  refuses(function() safetensors.read(path) end, "safetensors.read: " .. path, ...)
end

-- What comes after a size of 8 bytes and a header with one tensor a of 4 bytes.
local function one(fields, data) return file('{"a":{' .. fields .. "}}", data or "\1\2\3\4") end

teardown(function() os.remove(path) end)

describe("safetensors.read", function()
  it("every dtype, empty tensors, rank 0, NaN, odd names, metadata", function()
    local tensors, metadata = safetensors.read(FILES .. "numpy.safetensors")
    for _, dtype in ipairs { "float32", "float64", "int32", "int64" } do
      same(tensors[dtype], dw.arange(-2, 4, 1, { dtype = dtype }):reshape { 2, 3 }, dtype)
    end
    same(tensors.uint8, dw.arange(6, { dtype = "uint8" }):reshape { 2, 3 })
    same(tensors.bool, dw.tensor { true, false, true })
    same(tensors.scalar, dw.tensor(2.5))
    same(tensors.empty, dw.zeros { 0, 3 })
    same(tensors.another, dw.tensor { 0 / 0, math.huge, -math.huge })
    same(tensors['ü "quoted"\n\\'], dw.ones({ 1 }, { dtype = "int32" }))
    assert.same({ ["made by"] = "the safetensors package, ü" }, metadata)
    support.covers "safetensors.read"
  end)

  it("F16 and BF16 as float32", function()
    local tensors = safetensors.read(FILES .. "halves.safetensors")
    for _, name in ipairs { "F16", "BF16" } do
      assert.is_true(tensors[name].size > 300)
      same(tensors[name], tensors[name .. " wide"], name)
    end
  end)

  it("F16 of more than a piece, in the right order", function()
    local rows, columns = 1300, 500 -- 1.3 MB; a piece of float32 is 1 MB
    local header = ('{"a":{"dtype":"BF16","shape":[%d,%d],"data_offsets":[0,%d]}}'):format(rows, columns, 2 * rows * columns)
    local parts = {}
    for i = 1, rows do parts[i] = string.pack("<f", i):sub(3):rep(columns) end -- the upper half of a float32
    put(file(header, table.concat(parts)))
    local got = (safetensors.read(path)).a
    for _, i in ipairs { 1, 2, 255, 256, 1024, 1300 } do
      local want = i < 256 and i or i // (i < 512 and 2 or i < 1024 and 4 or 8) * (i < 512 and 2 or i < 1024 and 4 or 8)
      assert.equal(want, got(i, 1))
      assert.equal(want, got(i, columns))
    end
  end)

  it("what the reference accepts: spaces, no tensors, any order of keys", function()
    put(file '{"__metadata__":{}}')
    assert.same({ {}, {} }, { safetensors.read(path) })
    put(file "{}")
    assert.same({ {}, {} }, { safetensors.read(path) })
    put(file(' {"b":{"data_offsets":[1,2],"shape":[],"dtype":"U8"}, "a":{"dtype":"U8","data_offsets":[0,1],"shape":[1]}}   ', "\5\6"))
    local tensors = safetensors.read(path)
    assert.same({ 5 }, tensors.a:to_table())
    assert.equal(6, tensors.b:item())
  end)
end)

describe("safetensors.write", function()
  it("writes what the reference writes, byte for byte", function()
    local tensors, metadata = safetensors.read(FILES .. "numpy.safetensors")
    safetensors.write(path, tensors, { metadata = metadata })
    assert.is_true(bytes_of(path) == bytes_of(FILES .. "numpy.safetensors"))
    support.covers "safetensors.write"
  end)

  it("what it writes, of every dtype and layout; only texts; nothing", function()
    local t = dw.arange(24):reshape { 2, 3, 4 }
    for _, dtype in ipairs { "float32", "float64", "int32", "int64", "uint8", "bool" } do
      local x = t:astype(dtype)
      safetensors.write(path, { a = x, b = x:transpose(), c = x[{ {}, { -1, 1, -2 } }], d = x[{ {}, {}, 2 }] })
      local back = safetensors.read(path)
      same(back.a, x)
      same(back.b, x:transpose():clone())
      same(back.c, x[{ {}, { -1, 1, -2 } }]:clone())
      same(back.d, x[{ {}, {}, 2 }]:clone())
    end
    safetensors.write(path, {}, { metadata = { b = "2", a = "\u{1F600}\t\"\\/" } })
    assert.same({ {}, { b = "2", a = "\u{1F600}\t\"\\/" } }, { safetensors.read(path) })
    safetensors.write(path, {})
    assert.equal(file "{}      ", bytes_of(path))
  end)

  it("the data begins at a multiple of 8 bytes, whatever the names", function()
    for n = 1, 9 do
      safetensors.write(path, { [("n"):rep(n)] = dw.ones({ 1 }, { dtype = "float64" }) })
      assert.equal(0, (#bytes_of(path) - 8) % 8)
      assert.equal(0, string.unpack("<I8", bytes_of(path)) % 8)
    end
  end)

  it("refuses names and texts that the format cannot hold", function()
    local x = dw.ones { 1 }
    refuses(function() safetensors.write(path, { __metadata__ = x }) end, "safetensors.write: ", "__metadata__")
    refuses(function() safetensors.write(path, { ["\xff"] = x }) end, "safetensors.write: ", "UTF-8")
    refuses(function() safetensors.write(path, { x }) end, "the name of a tensor must be a string, got 1")
    refuses(function() safetensors.write(path, { a = 1 }) end, 'tensors["a"] must be a tensor, got 1')
    refuses(function() safetensors.write(path, {}, { metadata = { a = 1 } }) end, 'metadata["a"] must be a string, got 1')
    refuses(function() safetensors.write(path, {}, { metadata = { a = "\xff" } }) end, "UTF-8")
    refuses(function() safetensors.write(path, {}, { meta = {} }) end, 'did you mean "metadata"')
    refuses(function() safetensors.write("/nonexistent/x", {}) end, "safetensors.write: /nonexistent/x: ", "No such file")
  end)

  it("a refused write leaves the file as it was", function()
    safetensors.write(path, { a = dw.ones { 1 } })
    pcall(safetensors.write, path, { a = dw.ones { 1 }, b = 3 })
    same((safetensors.read(path)).a, dw.ones { 1 })
  end)
end)

describe("safetensors.read refuses", function()
  local good = one '"dtype":"U8","shape":[4],"data_offsets":[0,4]'

  it("short files, and headers that are too long", function()
    put(good)
    assert.same({ 1, 2, 3, 4 }, (safetensors.read(path)).a:to_table())
    for n = 0, 7 do refused(good:sub(1, n), "shorter than 8 bytes") end
    for n = 8, #good - 5 do refused(good:sub(1, n), "is longer than the file, which has " .. n .. " bytes") end
    refused(string.pack("<I8", 100000001) .. "{}", "too long")
    refused("\0\0\0\0\0\0\0\x80{}", "too long")
    refused(("\xff"):rep(8) .. "{}", "too long")
    refused(string.pack("<I8", 100000000) .. "{}", "longer than the file")
  end)

  it("headers that are not UTF-8, not JSON, not objects of objects", function()
    refused(file "{\"\xff\":1}", "not UTF-8 at byte 3")
    refused(file "", "not JSON: expected a value at byte 1")
    refused(file "{}\0\0", "zero bytes")
    refused(file "{} x", "expected the end at byte 4")
    refused(file '{"a":{"dtype":"U8",}}', "expected a name in quotes at byte 20")
    refused(file "[]", "not an object")
    refused(file "7", "not an object")
    refused(file '{"a":1}', 'tensor "a": its entry is not an object')
    refused(file(("["):rep(50000)), "more than 8 levels")
    for _, half in ipairs { "\\ud800", "\\udc00", "\\ud800\\u0041", "\\ud800x", "\\udc00\\udc00" } do
      refused(file('{"' .. half .. '":1}'), "expected the rest of a name at byte 3")
    end
    refused(file '{"\\ud83d\\ude00":1}', "its entry is not an object")
  end)

  it("entries with two names, missing, further or wrong fields", function()
    local a = '"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}'
    refused(file("{" .. a .. "," .. a .. "}", "\1\2\3\4"), 'two entries "a"')
    refused(one('"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]'), 'two entries "dtype"')
    refused(one('"shape":[4],"data_offsets":[0,4]'), "dtype must be a string")
    refused(one('"dtype":"U8","data_offsets":[0,4]'), "shape must be a list")
    refused(one('"dtype":"U8","shape":[4]'), "data_offsets must be two")
    refused(one('"dtype":"U8","shape":[4],"data_offsets":[0,4],"x":1'), 'unknown field "x"')
    refused(one('"dtype":"U7","shape":[4],"data_offsets":[0,4]'), 'dtype "U7" is not supported')
    refuses(function() safetensors.read(FILES .. "unsupported.safetensors") end, 'tensor "a": dtype "I8" is not supported')
    refused(one('"dtype":"U8","shape":[1,1,1,1,1,1,1,1,4],"data_offsets":[0,4]'), "9 axes")
  end)

  it("sizes that are no whole numbers", function()
    for _, n in ipairs { "4.0", "4e0", "-4", '"4"', "true", "null", "[4]", "9223372036854775808", "1e400" } do
      refused(one('"dtype":"U8","shape":[' .. n .. '],"data_offsets":[0,4]'), "shape must be a list of whole numbers")
      refused(one('"dtype":"U8","shape":[4],"data_offsets":[0,' .. n .. "]"), "data_offsets must be two")
    end
    refused(one('"dtype":"U8","shape":{"1":4},"data_offsets":[0,4]'), "shape must be a list")
    refused(one('"dtype":"U8","shape":[4],"data_offsets":[0,4,4]'), "data_offsets must be two")
  end)

  it("shapes that take more than there is, before anything is made", function()
    refused(one '"dtype":"U8","shape":[5],"data_offsets":[0,4]', "shape (5) of U8 takes 5 bytes, but", "hold 4")
    refused(one '"dtype":"F32","shape":[9223372036854775807],"data_offsets":[0,4]', "takes 2^62 or more bytes")
    refused(one '"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]', "takes 2^62 or more bytes")
    refused(one '"dtype":"F64","shape":[1099511627776],"data_offsets":[0,8796093022208]', "the data should take 8796093022208")
    refused(one('"dtype":"F32","shape":[0],"data_offsets":[0,4]'), "takes 0 bytes")
  end)

  it("tensors that overlap, leave a gap or do not fill the file", function()
    local function two(a, b, data)
      return file(('{"a":{"dtype":"U8","shape":[2],"data_offsets":[%s]},"b":{"dtype":"U8","shape":[2],"data_offsets":[%s]}}')
        :format(a, b), data or "\1\2\3\4")
    end
    put(two("0,2", "2,4"))
    assert.same({ 3, 4 }, (safetensors.read(path)).b:to_table())
    refused(two("0,2", "0,2"), 'tensor "b": its data_offsets {0, 2} must begin at 2')
    refused(two("0,2", "1,3"), "must begin at 2")
    refused(two("0,2", "3,5", "\1\2\3\4\5"), "must begin at 2")
    refused(two("1,3", "3,5", "\1\2\3\4\5"), "must begin at 0")
    refused(one('"dtype":"U8","shape":[0],"data_offsets":[0,-1]', ""), "two whole numbers")
    refused(file('{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,1]}}', "\1\2"),
      'tensor "b": its data_offsets {2, 1} end before they begin')
    refused(good .. "x", "1 bytes are left over")
    refused(good:sub(1, -2), "the data should take 4 bytes, but 3 are there")
  end)

  it("metadata that is no table of texts", function()
    for _, m in ipairs { '{"a":1}', '{"a":null}', '{"a":{}}', '["a"]', "1", '"a"' } do
      refused(file('{"__metadata__":' .. m .. "}"), "__metadata__")
    end
  end)

  it("pipes, folders, files that are not there", function()
    refuses(function() safetensors.read "/dev/null" end, "safetensors.read: /dev/null: not a regular file")
    refuses(function() safetensors.read "tests" end, "Is a directory")
    refuses(function() safetensors.read "tests/none" end, "No such file")
    refuses(function() safetensors.read() end, "path must be a file name, got nil")
  end)

  it("headers of many tiny entries in memory that grows with their length", function()
    for _, entry in ipairs { "[],", '"%d":0,', '"%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},' } do
      local parts = {}
      for i = 1, 20000 do parts[i] = entry:format(i) end
      local list = entry:byte() == 91
      local text = (list and '{"a":[' or "{") .. table.concat(parts):sub(1, -2) .. (list and "]}" or "}")
      put(file(text))
      collectgarbage()
      local _ <close> = support.with { collector = "stop" }
      local before = collectgarbage "count"
      pcall(safetensors.read, path)
      local grown = (collectgarbage "count" - before) * 1024
      assert.is_true(grown < 100 * #text, ("%s: %.1f times the header"):format(entry, grown / #text))
    end
    local _ <close> = support.with { memory_limit = 1 << 25 }
    refused(file('{"a":"' .. ("x"):rep(3000000) .. '"}'), "a header of 3000008 bytes takes more than the memory limit leaves")
  end)
end)

describe("json", function()
  it("keeps integers, digits, escapes and nesting; names sorted", function()
    local value = { b = { 1, 2.5, -3, true, "x\n\"\u{e9}" }, a = { c = { d = {} } }, third = 1 / 3, tenth = 0.1, big = math.maxinteger,
      two = 2.0, least = 2 ^ -1074 }
    local text = json.encode(value, "config")
    assert.equal(text, json.encode(json.decode(text), "config"))
    local back = json.decode(text)
    assert.same(value, back)
    assert.equal("integer", math.type(back.big))
    assert.equal("float", math.type(back.two))
    assert.is_true(text:find '^{"a":' ~= nil)
  end)

  it("refuses to write what JSON cannot hold, and says where", function()
    for value, text in pairs { [print] = "config.a.x", [math.huge] = "config.a.x: inf", ["\xff"] = "UTF-8" } do
      refuses(function() json.encode({ a = { x = value } }, "config") end, text)
    end
    refuses(function() json.encode({ 1, 2, x = 3 }, "config") end, "config: a table must be a list or have names")
    refuses(function() json.encode({ [2] = 1 }, "config") end, "config")
    local ring = {}
    ring.ring = ring
    refuses(function() json.encode(ring, "config") end, "more than 100 levels")
  end)

  it("says what to install where dkjson is not there", function()
    local _ <close> = support.field(package.loaded, "dkjson", nil)
    local _ <close> = support.field(package.preload, "dkjson", function() error "not found" end)
    refuses(function() json.decode "1" end, "dkjson", "lua-dkjson")
  end)
end)
