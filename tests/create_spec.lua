-- create_spec.lua: making tensors, from tables, bytes and sizes, and every way to get that wrong.

local core = require "dwconv.core"
local dw = require "dwconv"
local support = require "support"
local refuses = support.refuses

local DTYPES = { "float32", "float64", "int32", "int64", "uint8", "bool" }

describe("making tensors", function()
  it("from nested tables", function()
    local t = dw.tensor { { 1, 2, 3 }, { 4, 5, 6 } }
    assert.same({ 2, 3 }, t.shape)
    assert.equal("float32", t.dtype)
    assert.equal(2, t.ndim)
    assert.equal(6, t.size)
    assert.equal(2, #t)
    assert.same({ { 1, 2, 3 }, { 4, 5, 6 } }, t:to_table())
    assert.same({ 1, 1, 1, 1, 1, 1, 1, 1 }, dw.tensor({ { { { { { { { 5 } } } } } } } }).shape)
    assert.same({ 0 }, dw.tensor({}).shape)
    assert.same({ 2, 0 }, dw.tensor({ {}, {} }).shape)
    support.covers "tensor"
  end)

  it("of every dtype", function()
    for _, dtype in ipairs { "float32", "float64", "int32", "int64", "uint8" } do
      local t = dw.tensor({ 1, 2, 3 }, { dtype = dtype })
      assert.equal(dtype, t.dtype)
      assert.equal(dtype:find "float" and "float" or "integer", math.type(t[1]))
      assert.same({ 1, 2, 3 }, t:to_table())
    end
    local b = dw.tensor { true, false }
    assert.equal("bool", b.dtype)
    assert.is_true(b[1])
    assert.is_false(b[2])
    assert.same({ math.mininteger, math.maxinteger },
      dw.tensor({ math.mininteger, math.maxinteger }, { dtype = "int64" }):to_table())
  end)

  it("from a number, a boolean, a tensor", function()
    assert.equal(0, dw.tensor(3.5).ndim)
    assert.equal(3.5, dw.tensor(3.5):item())
    assert.is_true(dw.tensor(true):item())
    local t = dw.tensor { 1.7, -1.7 }
    assert.same({ 1, -1 }, dw.tensor(t, { dtype = "int32" }):to_table())
    local copy = dw.tensor(t)
    copy[1] = 9
    assert.is_true(math.abs(t[1] - 1.7) < 1e-6)
  end)

  it("takes K.floatx() as the default dtype", function()
    local _ <close> = support.with { floatx = "float64" }
    for _, t in ipairs { dw.tensor { 1 }, dw.zeros { 1 }, dw.ones { 1 }, dw.full({ 1 }, 2), dw.eye(1),
      dw.linspace(0, 1, 2), dw.uniform { 1 }, dw.normal { 1 }, dw.arange(0, 1, 0.5) } do
      assert.equal("float64", t.dtype)
    end
  end)

  it("zeros, ones, full, eye", function()
    for _, dtype in ipairs(DTYPES) do
      local zero, one = 0, 1
      if dtype == "bool" then zero, one = false, true end
      assert.same({ zero, zero, zero }, dw.zeros({ 3 }, { dtype = dtype }):to_table())
      assert.same({ one, one }, dw.ones({ 2 }, { dtype = dtype }):to_table())
      assert.same({ { one, zero }, { zero, one } }, dw.eye(2, { dtype = dtype }):to_table())
    end
    assert.same({ 7, 7 }, dw.full({ 2 }, 7, { dtype = "uint8" }):to_table())
    assert.equal("bool", dw.full({ 2 }, true).dtype)
    assert.equal(0, dw.zeros({ 3, 0, 2 }).size)
    assert.same({}, dw.zeros({}).shape)
    assert.same({ 0, 0 }, dw.eye(0).shape)
    support.covers "full"
  end)
end)

describe("ranges, and bytes", function()
  it("arange refuses more numbers than can be counted", function()
    refuses(function() dw.arange(0, math.mininteger, -1, { dtype = "int64" }) end, "arange: the range is too long")
    refuses(function() dw.arange(0, math.mininteger, -2, { dtype = "int64" }) end, "arange: a tensor of shape")
  end)

  it("arange is Keras's", function()
    assert.same({ 0, 1, 2, 3, 4 }, dw.arange(5):to_table())
    assert.equal("int32", dw.arange(5).dtype)
    assert.same({ 2, 4 }, dw.arange(2, 6, 2):to_table())
    assert.same({ 5, 3, 1 }, dw.arange(5, 0, -2):to_table())
    assert.same({ 0, 0.5, 1, 1.5 }, dw.arange(0, 2, 0.5):to_table())
    assert.equal("float32", dw.arange(0, 2, 0.5).dtype)
    assert.same({ 0, 1, 2 }, dw.arange(3, { dtype = "uint8" }):to_table())
    assert.equal(0, dw.arange(-3).size)
    assert.equal(0, dw.arange(0).size)
    assert.equal(0, dw.arange(4, 4).size)
    assert.same({ math.maxinteger - 1 }, dw.arange(math.maxinteger - 1, math.maxinteger, 1, { dtype = "int64" }):to_table())
    refuses(function() dw.arange(5, 0) end, "arange: ", "does not lead")
    refuses(function() dw.arange(0, 5, 0) end, "arange: step must not be 0")
    refuses(function() dw.arange(0, 2 ^ 40, 1 / 0) end, "arange: ")
    refuses(function() dw.arange(0, 1 / 0) end, "arange: stop must be a finite number, got inf")
    refuses(function() dw.arange(0 / 0) end, "arange: ")
    refuses(function() dw.arange(math.mininteger, math.maxinteger) end, "arange: ", "too long")
    refuses(function() dw.arange(0, 1000, 1, { dtype = "uint8" }) end, "arange: ", "do not fit into uint8")
    refuses(function() dw.arange(2 ^ 31, 2 ^ 31 + 2, 1, { dtype = "int32" }) end, "do not fit into int32")
    refuses(function() dw.arange() end, "arange: start must be a finite number, got nil")
    refuses(function() dw.arange(5, false) end, "arange: stop must be a finite number, got false")
    refuses(function() dw.arange("5") end, 'arange: start must be a finite number, got "5"')
    refuses(function() dw.arange(1, 2, 3, 4) end, "arange: takes")
  end)

  it("linspace includes both ends", function()
    assert.same({ 0, 0.25, 0.5, 0.75, 1 }, dw.linspace(0, 1, 5):to_table())
    assert.same({ 3 }, dw.linspace(3, 9, 1):to_table())
    assert.same({ 1, -1 }, dw.linspace(1, -1, 2, { dtype = "float64" }):to_table())
    assert.equal(0.7, dw.linspace(0.1, 0.7, 11, { dtype = "float64" })[11])
    assert.same({ -1e308, 0, 1e308 }, dw.linspace(-1e308, 1e308, 3, { dtype = "float64" }):to_table())
    refuses(function() dw.linspace(1 / 0, 1, 3) end, "linspace: start must be a finite number")
    refuses(function() dw.linspace(0, 1, 0) end, "linspace: num must be a whole number")
    refuses(function() dw.linspace(0, 1, 5, { dtype = "int32" }) end, "linspace: dtype must be")
    support.covers "linspace"
  end)

  it("from_bytes and to_bytes", function()
    assert.same({ { 1, 2 }, { 3, 4 } }, dw.from_bytes("\1\2\3\4", { 2, 2 }, { dtype = "uint8" }):to_table())
    assert.same({ 1.5, -2 }, dw.from_bytes(string.pack("ff", 1.5, -2), { 2 }):to_table())
    assert.same({ true, false, true }, dw.from_bytes("\1\0\7", { 3 }, { dtype = "bool" }):to_table())
    assert.equal(string.pack("i4i4", 7, 9), dw.tensor({ 7, 9 }, { dtype = "int32" }):to_bytes())
    assert.equal("\3\1", dw.tensor({ { 1, 2 }, { 3, 4 } }, { dtype = "uint8" })[{ { -1, 1, -1 }, 1 }]:to_bytes())
    refuses(function() dw.from_bytes("abc", { 2, 2 }, { dtype = "uint8" }) end, "from_bytes: ", "got 3")
    refuses(function() dw.from_bytes("abc", { 2 ^ 62, 2 ^ 62 }, { dtype = "uint8" }) end, "from_bytes: ")
    refuses(function() dw.from_bytes(7, { 1 }) end, "from_bytes: bytes must be a string, got 7")
    support.covers "from_bytes"
  end)
end)

describe("making tensors refuses", function()
  it("bad tables, naming the place", function()
    refuses(function() dw.tensor { { 1, 2 }, { 3 } } end, "tensor: data[2] has 1 elements, but its neighbours have 2")
    refuses(function() dw.tensor { { 1, 2 }, 3 } end, "tensor: data[2] must be a table of 2, got 3")
    refuses(function() dw.tensor { 1, { 2 } } end, "tensor: data[2] must be a number, got {2}")
    refuses(function() dw.tensor { { 1 }, { "2" } } end, 'tensor: data[2][1] must be a number, got "2"')
    refuses(function() dw.tensor { true, 1 } end, "tensor: data[2] must be a boolean, got 1")
    refuses(function() dw.tensor { 1, true } end, "tensor: data[2] must be a number, got true")
    refuses(function() dw.tensor({ 1, 300 }, { dtype = "uint8" }) end, "data[2] must be a whole number from 0 to 255")
    refuses(function() dw.tensor({ 1, nil, 3 }) end, "tensor: data[2] must be a number, got nil")
    refuses(function() dw.tensor "1" end, "tensor: data must be a nested table")
    refuses(function() dw.tensor() end, "tensor: data must be a nested table", "got nil")
    refuses(function() dw.tensor(print) end, "got a function")
    local loop = {}
    loop[1] = loop
    refuses(function() dw.tensor(loop) end, "tensor: data is nested deeper than 8 levels")
    local trap = setmetatable({}, { __index = function() error "metamethod ran" end, __len = function() return 3 end })
    assert.same({ 0 }, dw.tensor(trap).shape)
  end)

  it("bad sizes, before anything is allocated", function()
    for _, make in ipairs { dw.zeros, dw.ones, dw.uniform, dw.normal } do
      refuses(function() make(3) end, "shape must be a table of sizes, got 3")
      refuses(function() make() end, "shape must be a table of sizes, got nil")
      refuses(function() make { -1 } end, "shape[1] must be a whole number of at least 0, got -1")
      refuses(function() make { 2, 1.5 } end, "shape[2] must be a whole number of at least 0, got 1.5")
      refuses(function() make { "2" } end, 'shape[1] must be a whole number of at least 0, got "2"')
      refuses(function() make { 0 / 0 } end, "shape[1] must be")
      refuses(function() make { 2 ^ 63 } end, "shape[1] must be")
      refuses(function() make { 1, nil, 3 } end, "shape[2] must be")
      refuses(function() make { 1, 1, 1, 1, 1, 1, 1, 1, 1 } end, "shape must have at most 8 axes, got 9")
      refuses(function() make { 2 ^ 40, 2 ^ 40 } end, "is too large")
      refuses(function() make { math.maxinteger } end, "is too large")
      refuses(function() make { 0, 2 ^ 40, 2 ^ 40 } end, "is too large")
      refuses(function() make { 2 ^ 45 } end, "not enough memory")
      refuses(function() make({ 2 }, { dytpe = "int32" }) end, 'unknown option "dytpe"; did you mean "dtype"?')
      refuses(function() make({ 2 }, "int32") end, "options must be a table")
    end
    refuses(function() dw.full({ 2 }) end, "full: value must be a number, got nil")
    refuses(function() dw.full({ 2 }, 1.5, { dtype = "int32" }) end, "full: value must be a whole number")
    refuses(function() dw.eye(-1) end, "eye: size must be")
    refuses(function() dw.eye(2 ^ 31) end, "eye: ")
  end)

  it("options among the sizes or numbers, and further arguments", function()
    refuses(function() dw.zeros { 2, 3, dtype = "int32" } end, 'zeros: shape has a field "dtype"; options go into a table of')
    refuses(function() dw.uniform { 2, minval = 1 } end, 'uniform: shape has a field "minval"')
    refuses(function() dw.tensor { 1, 2, dtype = "int32" } end, 'tensor: data has a field "dtype"')
    refuses(function() dw.ones({ 2 }, nil, { dtype = "int32" }) end, "ones: takes (shape, {options}), got a further")
  end)

  it("a tensor of another kind: a table, a file, a bare userdata", function()
    for _, x in ipairs { {}, io.stdout, coroutine.create(print), print, "x", 3, true } do
      refuses(function() core.methods.clone(x) end, "clone: x must be a tensor")
      refuses(function() core.methods.reshape(x, { 1 }) end, "reshape: x must be a tensor")
    end
    assert.equal("dwconv.Tensor", getmetatable(dw.zeros { 1 }))
  end)

  it("joining a tensor to a string", function()
    refuses(function() return "x = " .. dw.zeros { 1 } end, "t:item()")
  end)
end)
