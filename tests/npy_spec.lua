-- npy_spec.lua: files as NumPy writes them (tests/oracle/files.py), our own, and files that lie. Ids are the guide's.

local dw = require "dwconv"
local npy = dw.io.npy
local support = require "support"
local same, refuses = support.same, support.refuses

local FILES = "tests/fixtures/files/"
local path = os.tmpname()

local function put(bytes)
  local f = assert(io.open(path, "wb"))
  f:write(bytes)
  f:close()
end

local function file(header, data, version)
  version = version or 1
  return "\x93NUMPY" .. string.char(version, 0) .. string.pack(version == 1 and "<I2" or "<I4", #header) .. header .. data
end

local function header(descr, order, shape)
  return ("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n"):format(descr, order or "False", shape)
end

local function refused(bytes, ...)
  put(bytes)
  refuses(function() npy.read(path) end, "npy.read: " .. path, ...)
end

teardown(function() os.remove(path) end)

describe("npy.read", function()
  it("either byte order, every dtype", function()
    for code, dtype in pairs { f4 = "float32", f8 = "float64", i4 = "int32", i8 = "int64" } do
      local want = dw.arange(-7, 17, 1, { dtype = dtype }):reshape { 2, 3, 4 }
      same(npy.read(FILES .. "order_little_" .. code .. ".npy"), want)
      same(npy.read(FILES .. "order_big_" .. code .. ".npy"), want)
    end
    same(npy.read(FILES .. "order_u1.npy"), dw.arange(24, { dtype = "uint8" }):reshape { 2, 3, 4 })
    same(npy.read(FILES .. "order_b1.npy"), dw.arange(24):reshape({ 2, 3, 4 }):astype "bool")
    support.covers "npy.read"
  end)

  it("NP07: C and Fortran order, every rank, version 2", function()
    for name, shape in pairs { scalar = {}, ["0"] = { 0 }, ["5"] = { 5 }, ["2x3"] = { 2, 3 }, ["2x3x4"] = { 2, 3, 4 },
      ["2x1x3x2"] = { 2, 1, 3, 2 } } do
      local n = 1
      for _, s in ipairs(shape) do n = n * s end
      local want = dw.arange(n):reshape(shape)
      same(npy.read(FILES .. "c_" .. name .. ".npy"), want)
      if name ~= "scalar" then same(npy.read(FILES .. "fortran_" .. name .. ".npy"), want) end
    end
    same(npy.read(FILES .. "version2.npy"), dw.arange(0, 6, 1, { dtype = "float32" }):reshape { 2, 3 })
  end)

  it("what it writes, of every dtype and layout", function()
    for _, dtype in ipairs { "float32", "float64", "int32", "int64", "uint8", "bool" } do
      for _, t in ipairs { dw.arange(24):reshape({ 2, 3, 4 }):astype(dtype), dw.arange(24):reshape({ 4, 6 }):transpose():astype(dtype),
        dw.zeros({ 0, 3 }, { dtype = dtype }), dw.zeros({}, { dtype = dtype }), dw.zeros({ 5 }, { dtype = dtype }) } do
        npy.write(path, t)
        same(npy.read(path), t)
        local f = io.open(path, "rb")
        local bytes = f:read "a"
        f:close()
        assert.equal(0, (#bytes - t.size * #dw.zeros({ 1 }, { dtype = dtype }):to_bytes()) % 64)
      end
    end
    local t = dw.arange(12):reshape { 3, 4 }
    npy.write(path, t[{ {}, { -1, 1, -2 } }])
    same(npy.read(path), t[{ {}, { -1, 1, -2 } }]:clone())
  end)

  it("what it writes is what NumPy writes, byte for byte", function()
    local function bytes_of(name)
      local f <close> = assert(io.open(name, "rb"))
      return f:read "a"
    end
    for _, name in ipairs { "order_little_f4", "order_little_f8", "order_little_i4", "order_little_i8", "order_u1", "c_5" } do
      npy.write(path, npy.read(FILES .. name .. ".npy"))
      assert.is_true(bytes_of(path) == bytes_of(FILES .. name .. ".npy"), name)
    end
    support.covers "npy.write"
  end)

  it("real digits", function()
    local digits = npy.read "tests/fixtures/files/order_u1.npy"
    assert.equal("uint8", digits.dtype)
  end)
end)

describe("npy.read", function()
  it("accepts Python 2's 3L and odd spacing", function()
    put(file("{'shape':(2L,),'descr':'|u1' , 'fortran_order':False}", "\7\8"))
    assert.same({ 7, 8 }, npy.read(path):to_table())
  end)

  it("accepts the header as any Python literal, and version 3", function()
    for _, h in ipairs { '{"descr": "|u1", "fortran_order": False, "shape": (2,)}',
      "{\n 'shape':\t(2,),\n'descr':u'|u1','fortran_order':True,}\n",
      "  { 'fortran_order' : False ,'descr' : \"|u1\", 'shape':( 2L , ) , }  \n" } do
      for version = 1, 3 do
        put(file(h, "\7\8", version))
        assert.same({ 7, 8 }, npy.read(path):to_table())
      end
    end
    refused(file("{'descr': '|u1\", 'fortran_order': False, 'shape': (2,)}", "\7\8"), "malformed")
    refused(file("{'descr': '|u1' 'fortran_order': False, 'shape': (2,)}", "\7\8"), "malformed")
  end)

  it("reads the longest header in steps that grow with its tokens", function()
    local blank, steps = (" "):rep(65000), 0
    local function counted(f)
      return function(...)
        steps = steps + 1
        return f(...)
      end
    end
    local _ <close> = support.field(string, "find", counted(string.find))
    local _ <close> = support.field(string, "match", counted(string.match))
    put(file("{'descr': '|u1', 'fortran_order': False, 'shape': (2," .. blank .. "1), }", "\7\8"))
    assert.same({ { 7 }, { 8 } }, npy.read(path):to_table())
    for _, h in ipairs { "{" .. blank .. "x", blank, ("{'"):rep(32000), "{'shape': (" .. ("1,"):rep(32000), ("}"):rep(65000) } do
      refused(file(h, ""), "the header ")
    end
    assert.is_true(steps < 10 * 65536, steps)
  end)

  it("pieces of large arrays, in every order of axes and bytes", function()
    local t = dw.uniform({ 3, 300, 500 }, { dtype = "float64", seed = 3 }) -- 3.6 MB, a piece is 1
    npy.write(path, t)
    same(npy.read(path), t)
    npy.write(path, t:transpose())
    same(npy.read(path), t:transpose():clone())
    npy.write(path, t[{ {}, {}, { -1, 1, -3 } }])
    same(npy.read(path), t[{ {}, {}, { -1, 1, -3 } }]:clone())
    local bytes = t:reshape({ -1 })
    local turned = dw.from_bytes(t:to_bytes(), { bytes.size, 8 }, { dtype = "uint8" })[{ {}, { -1, 1, -1 } }]:to_bytes()
    put(file(header(">f8", "True", "(500, 300, 3)"), turned))
    same(npy.read(path), t:transpose():clone())
    put(file(header("|b1", nil, "(4,)"), "\0\1\2\255"))
    assert.same({ false, true, true, true }, npy.read(path):to_table())
  end)
end)

describe("npy.read refuses", function()
  it("NP01: short files, wrong magic, unknown versions", function()
    local good = file(header("|u1", nil, "(2,)"), "\7\8")
    for n = 0, 11 do refused(good:sub(1, n), n < 10 and "not a .npy file" or "ends inside its header") end
    refused("\x92" .. good:sub(2), "not a .npy file")
    for _, v in ipairs { 0, 4, 255 } do refused(good:sub(1, 6) .. string.char(v) .. good:sub(8), "version " .. v) end
  end)

  it("NP02: a header longer than the file", function()
    refused("\x93NUMPY\1\0\xff\xff{}", "ends inside its header")
    refused("\x93NUMPY\2\0\xf0\xff\xff\xff" .. (" "):rep(100), "too long")
  end)

  it("NP03: more data claimed than there is, before allocating", function()
    refused(file(header("<f8", nil, "(1099511627776,)"), "12345678"), "takes more than the 8 bytes there are")
    refused(file(header("<f4", nil, "(4294967296, 4294967296)"), ""), "takes more than")
    refused(file(header("<f4", nil, "(1073741824, 1073741824, 1073741824, 1073741824, 4)"), ""), "takes more than")
  end)

  it("NP04: bad shapes", function()
    for _, shape in ipairs { "(-1,)", "(1e3,)", "(True,)", "(007,)", "(9223372036854775808,)", "(0x10,)", "(1.0,)", "(,)", "(5)",
      "(1,,2)", "(1 2,)", "('1',)", "(1,2" } do
      refused(file(header("|u1", nil, shape), "\1"), path)
    end
    refused(file(header("|u1", nil, "(1, 1, 1, 1, 1, 1, 1, 1, 1)"), "\1"), "9 axes are more than a tensor's 8")
  end)

  it("NP05: missing, further, repeated keys; rubbish", function()
    for _, h in ipairs { "{}", "{'descr': '|u1', 'shape': (1,)}", "{'descr': '|u1', 'fortran_order': False}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'more': 1}",
      "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (1,)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} x", "[1]", "os.exit()", "{'descr': '|u1'; 'shape': (1,)}",
      "{'descr': {'a': 1}, 'fortran_order': False, 'shape': (1,)}",
      "{'descr': '|u1', 'fortran_order': Maybe, 'shape': (1,)}" } do
      refused(file(h, "\1"), path)
    end
  end)

  it("NP06: dtypes that dwconv has not", function()
    for _, name in ipairs { "f2", "c8", "u4", "i2", "text", "fields", "object", "time" } do
      local why = name == "fields" and "malformed" or "is not supported"
      refuses(function() npy.read(FILES .. "unsupported_" .. name .. ".npy") end, "npy.read: ", why)
    end
  end)

  it("NP08: truncated at every byte, or too long", function()
    local good = file(header("<i4", nil, "(3,)"), string.pack("<i4i4i4", 1, 2, 3))
    for n = 0, #good - 1 do refused(good:sub(1, n)) end
    refused(good .. "x", "1 bytes are left over")
  end)

  it("files that are not there or cannot be", function()
    refuses(function() npy.read "tests/no such file.npy" end, "npy.read: tests/no such file.npy: No such file")
    refuses(function() npy.read "tests" end, "npy.read: tests: Is a directory")
    refuses(function() npy.read() end, "npy.read: path must be a file name, got nil")
    refuses(function() npy.read "a\0b" end, "npy.read: path must be a file name")
    refuses(function() npy.write("/nonexistent/x.npy", dw.zeros { 1 }) end, "npy.write: ", "No such file")
    refuses(function() npy.write(path, 3) end, "npy.write: tensor must be a tensor, got 3")
  end)

  it("a failed write leaves the old file, and no temporary one", function()
    if not io.open("/dev/full", "wb") then return end
    npy.write(path, dw.tensor { 1 })
    refuses(function() npy.write("/dev/full/x.npy", dw.zeros { 1 }) end, "npy.write: ")
    same(npy.read(path), dw.tensor { 1 })
  end)
end)
