-- tensor_spec.lua: writing, conversion, printing, memory, and every way to get them wrong. How tensors are made is in
-- create_spec.lua, indexing and views in view_spec.lua.

local dw = require "dwconv"
local support = require "support"
local same, refuses = support.same, support.refuses

local DTYPES = { "float32", "float64", "int32", "int64", "uint8", "bool" }

describe("writing", function()
  it("t[i] = v, t[{...}] = v with numbers, tensors and tables", function()
    local t = dw.zeros { 2, 3 }
    t[1] = 5
    t[{ 2, { 1, 2 } }] = dw.tensor { 1, 2 }
    t[{ 2, 3 }] = 9
    assert.same({ { 5, 5, 5 }, { 1, 2, 9 } }, t:to_table())
    t[{ {}, 1 }] = { -1, -2 }
    assert.same({ { -1, 5, 5 }, { -2, 2, 9 } }, t:to_table())
    local flags = dw.zeros({ 2 }, { dtype = "bool" })
    flags[2] = true
    assert.same({ false, true }, flags:to_table())
  end)

  it("fill and copy_ write and return the tensor", function()
    local t = dw.zeros({ 2, 2 }, { dtype = "int32" })
    assert.equal(t, t:fill(3))
    assert.equal(t, t:transpose():copy_(dw.tensor({ { 1, 2 }, { 3, 4 } }, { dtype = "int32" })) and t)
    assert.same({ { 1, 3 }, { 2, 4 } }, t:to_table())
  end)

  it("between overlapping views copies first", function()
    local t = dw.arange(6)
    t[{ { 2, 6 } }] = t[{ { 1, 5 } }]
    assert.same({ 0, 0, 1, 2, 3, 4 }, t:to_table())
    t:copy_(t[{ { -1, 1, -1 } }])
    assert.same({ 4, 3, 2, 1, 0, 0 }, t:to_table())
  end)

  it("counts writes through any view", function()
    local t = dw.zeros { 4 }
    local v = t:narrow(1, 1, 2)
    assert.equal(0, t:writes())
    v:fill(1)
    t[1] = 3
    assert.equal(2, t:writes())
    assert.equal(2, v:writes())
  end)

  it("refuses other dtypes, shapes and kinds, and changes nothing", function()
    local t = dw.zeros({ 2 }, { dtype = "int32" })
    refuses(function() t[1] = 1.5 end, "the value must be a whole number that fits into int32, got 1.5")
    refuses(function() t[1] = 2 ^ 31 end, "the value must be a whole number that fits into int32")
    refuses(function() t[1] = "1" end, 'got "1"')
    refuses(function() t[1] = nil end, "got nil")
    refuses(function() t[3] = 1 end, "index 3 is outside axis 1 of size 2")
    refuses(function() t[0] = 1 end, "counting starts at 1")
    refuses(function() t.x = 1 end, "an index must be a whole number, a table of ranges or a tensor")
    refuses(function() t:copy_(dw.zeros { 2 }) end, "copy_: source is float32 but the tensor written to is int32")
    refuses(function() t:copy_(dw.zeros({ 3 }, { dtype = "int32" })) end, "copy_: source has shape 3 but 2 is written to")
    refuses(function() t:copy_(3) end, "copy_: source must be a tensor, got 3")
    refuses(function() t:fill() end, "fill: value must be")
    refuses(function() dw.zeros({ 1 }, { dtype = "uint8" }):fill(256) end, "fill: value must be a whole number from 0 to 255")
    refuses(function() dw.zeros({ 1 }, { dtype = "bool" }):fill(1) end, "fill: value must be a boolean")
    assert.same({ 0, 0 }, t:to_table())
    assert.equal(0, t:writes())
  end)
end)

describe("conversion", function()
  local R = require "reference"
  local values = { 0, 1, -1, 2.5, -2.5, 255, 256, -129, 2 ^ 31, -2 ^ 31 - 1, 2 ^ 53, 2 ^ 63, -2 ^ 63, 1e300, 0 / 0, 1 / 0, -1 / 0 }

  for _, from in ipairs(DTYPES) do
    it("from " .. from .. " to each dtype", function()
      local data = {}
      for _, v in ipairs(values) do
        local whole = math.tointeger(v)
        if from:find "float" then data[#data + 1] = v
        elseif from == "bool" then data[#data + 1] = v == 1
        elseif whole and (from == "int64" or from == "int32" and whole < 2 ^ 31 and whole > -2 ^ 31
          or from == "uint8" and whole >= 0 and whole < 256) then data[#data + 1] = whole end
      end
      local t = dw.tensor(data, { dtype = from })
      for _, to in ipairs(DTYPES) do
        support.everywhere(function() same(t:astype(to), R.cast(t, to), from .. " to " .. to) end, { 1 })
      end
      support.covers "astype"
    end)
  end

  it("of large strided tensors, on any number of threads", function()
    local t = dw.uniform({ 70, 90, 11 }, { minval = -300, maxval = 300, seed = 4 })
    local want = R.cast(t:permute { 3, 1, 2 }, "int32")
    support.everywhere(function() same(t:permute({ 3, 1, 2 }):astype "int32", want) end)
  end)

  it("refuses unknown dtypes", function()
    refuses(function() dw.zeros({ 1 }):astype "float16" end, 'astype: dtype must be "float32", ', 'got "float16"')
    refuses(function() dw.zeros({ 1 }):astype(nil) end, "got nil")
    refuses(function() dw.zeros({ 1 }, { dtype = "flaot32" }) end, 'zeros: dtype must be', 'did you mean "float32"?')
  end)
end)

describe("close and item", function()
  it("close names where tensors differ most", function()
    local ok, why = dw.close(dw.tensor { 1, 2, 3 }, dw.tensor { 1, 2.5, 3.1 })
    assert.is_false(ok)
    assert.truthy(why:find("element 2 is 2.0 in a and 2.5 in b", 1, true))
    assert.is_true(dw.close(dw.tensor { 1, 0 / 0, 1 / 0 }, dw.tensor { 1 + 1e-6, 0 / 0, 1 / 0 }))
    assert.is_false(dw.close(dw.tensor { 1 / 0 }, dw.tensor { -1 / 0 }))
    assert.is_false(dw.close(dw.tensor { 1 }, dw.tensor { 0 / 0 }))
    assert.is_false(dw.close(dw.tensor { 1e30 }, dw.tensor { 1 / 0 }))
    assert.is_true(dw.close(dw.tensor { 1 }, dw.tensor { 2 }, { atol = 1 }))
    assert.is_false((dw.close(dw.tensor { 1 }, dw.tensor({ 1 }, { dtype = "float64" }))))
    assert.is_false((dw.close(dw.zeros { 2 }, dw.zeros { 2, 1 })))
    local big = dw.tensor({ 2 ^ 53 }, { dtype = "int64" })
    assert.is_false((dw.close(big, dw.tensor({ 2 ^ 53 | 1 }, { dtype = "int64" }), { rtol = 0, atol = 0 })))
    refuses(function() dw.close(dw.zeros { 1 }) end, "close: b must be a tensor, got nil")
    refuses(function() dw.close(1, 2) end, "close: a must be a tensor, got 1")
    refuses(function() dw.close(dw.zeros { 1 }, dw.zeros { 1 }, { tol = 1 }) end, 'close: unknown option "tol"')
    support.covers "close"
  end)

  it("item is the number of a tensor with one element", function()
    assert.equal(4, dw.tensor({ { 4 } }):item())
    refuses(function() dw.zeros({ 2 }):item() end, "item: only a tensor of one element")
  end)
end)

describe("printing", function()
  it("small tensors in full, numbers aligned", function()
    assert.equal("tensor 2x3 float32\n[[ 1.,  2.,  3.],\n [ 4., 50.,  6.]]",
      tostring(dw.tensor { { 1, 2, 3 }, { 4, 50, 6 } }))
    assert.equal("tensor 2 float32\n[0.5000, 1.2500]", tostring(dw.tensor { 0.5, 1.25 }))
    assert.equal("tensor 3 float32\n[ nan,  inf, -inf]", (tostring(dw.tensor { 0 / 0, 1 / 0, -1 / 0 })))
    assert.equal("tensor () int32 7", tostring(dw.tensor(7, { dtype = "int32" })))
    assert.equal("tensor 0x3 float32 []", tostring(dw.zeros { 0, 3 }))
    assert.equal("tensor 2 bool\n[ true, false]", tostring(dw.tensor { true, false }))
    assert.truthy(tostring(dw.tensor { 1e-9, 1e9 }):find("1.0000e-09", 1, true))
  end)

  it("any size in a few lines", function()
    for _, shape in ipairs { { 100000 }, { 1000, 1000 }, { 200, 100, 90 }, { 1, 224, 224, 3 }, { 5, 5, 5, 5, 5, 5, 5 } } do
      local text = tostring(dw.zeros(shape))
      assert.truthy(text:find("...", 1, true))
      assert.is_true(#text < 4000, #text .. " bytes")
    end
  end)

  it("what fits a screen: 24 lines of 100 columns, whatever the shape", function()
    for _, shape in ipairs { { 2, 8, 8, 4 }, { 3, 3, 3, 3, 3, 3 }, { 5, 40 }, { 30, 3 }, { 1, 2, 1, 2, 1, 2, 9 }, { 300 }, { 64, 64 } } do
      for _, dtype in ipairs { "float32", "int64", "bool" } do
        local text = tostring(dw.zeros(shape, { dtype = dtype }))
        local _, lines = text:gsub("\n", "")
        assert.is_true(lines < 24, ("%s, %s: %d lines"):format(table.concat(shape, "x"), dtype, lines))
        for line in text:gmatch "[^\n]+" do assert.is_true(#line <= 102, line) end
      end
    end
    local row = tostring(dw.arange(100))
    assert.truthy(row:find("[ 0,  1,  2,", 1, true) and row:find(" 98, 99]", 1, true) and not row:find("...", 1, true))
  end)

  it("shapes, functions and lists as what they are", function()
    local t = dw.zeros { 2, 8, 4 }
    assert.equal("2x8x4 ()", ("%s %s"):format(t.shape, dw.tensor(1).shape))
    assert.equal("4 2 nil", ("%s %s %s"):format(t.shape[-1], t.shape[-3], t.shape[4]))
    assert.is_true(t.shape == dw.ones({ 2, 8, 4 }).shape and t.shape ~= dw.ones({ 2, 8 }).shape)
    assert.truthy(select(2, pcall(function() return t.shape[0] end)):find("axes count from 1", 1, true))
    local n = 0
    for _ in ipairs(t.shape) do n = n + 1 end
    assert.equal(3, n)
    assert.equal("2x8x4", tostring(dw.backend.int_shape(t)))
    for _, name in ipairs { "depthwise_conv2d", "sum" } do
      assert.truthy(tostring(dw.backend):find(name, 1, true))
      assert.truthy(tostring(dw.ops):find(name, 1, true))
    end
    assert.truthy(tostring(dw):find("uniform", 1, true))
    assert.truthy(tostring(dw.io):find("image, npy", 1, true))
    local net = dw.ops.matmul { b = dw.zeros { 6, 1 } } >> dw.ops.add { b = dw.zeros { 1 } }
    assert.equal("2 parameters\n  1  a float32 tensor 6x1\n  2  a float32 tensor 1", tostring(net:parameters()))
  end)
end)

describe("memory", function()
  it("600 dropped 8 MiB tensors stay under 64 MiB", function()
    local script = [[
      local dw = require "dwconv"
      for i = 1, 600 do dw.full({ 2 * 1024 * 1024 }, i) end
      for line in io.lines "/proc/self/status" do
        local kib = line:match "VmHWM:%s+(%d+)"
        if kib then print(kib) end
      end]]
    local host = io.popen(("%s -e '%s'"):format(arg and arg[-1] or "lua5.4", script:gsub("\n", " ")))
    local kib = tonumber(host:read "l")
    host:close()
    if os.getenv "DWCONV_SANITIZE" then return end -- its allocator keeps freed blocks
    assert.is_true(kib < 64 * 1024, kib .. " KiB")
  end)

  it("more than there is is refused, and the state goes on", function()
    local before = collectgarbage "count"
    refuses(function() dw.zeros { 2 ^ 42 } end, "zeros: not enough memory")
    assert.is_true(collectgarbage "count" - before < 1024)
    assert.equal(0, dw.zeros({ 2 })[1])
  end)
end)
