-- view_spec.lua: indexing and views, and every way to get them wrong.

local dw = require "dwconv"
local K = dw.backend
local support = require "support"
local same, refuses = support.same, support.refuses

describe("indexing", function()
  local t = dw.arange(24):reshape { 2, 3, 4 }

  it("t[i] is a view, or a number on rank 1", function()
    assert.same({ { 0, 1, 2, 3 }, { 4, 5, 6, 7 }, { 8, 9, 10, 11 } }, t[1]:to_table())
    assert.equal(23, t[2][3][4])
    assert.equal(23, t[-1][-1][-1])
    assert.equal(4, t[1.0][2][1])
    assert.is_nil(t[3])
    refuses(function() return t[0] == 1 end, "tensor: index 0 on axis 1: counting starts at 1")
    refuses(function() return t[4] == 1 end, "tensor: index 4 is outside axis 1 of size 2")
    refuses(function() return t[-3] == 1 end, "tensor: index -3 is outside axis 1 of size 2")
    refuses(function() return t[1.5] == 1 end, "tensor: an index must be a whole number")
    refuses(function() return t[0 / 0] == 1 end, "tensor: an index must be a whole number")
    refuses(function() return t[true] == 1 end, "tensor: an index must be", "got true")
    refuses(function() return dw.tensor(3)[1] == 1 end, "rank 0")
  end)

  it("t(i, j, k) with every index is a number", function()
    assert.equal(6, t(1, 2, 3))
    assert.same({ 4, 5, 6, 7 }, t(1, 2):to_table())
    assert.same(t:to_table(), t():to_table())
    refuses(function() return t(1, 2, 3, 4) == 1 end, "4 indices for a tensor of shape 2x3x4")
    refuses(function() return t(1, 9) == 1 end, "index 9 is outside axis 2 of size 3")
    refuses(function() return t(1, nil, 2) == 1 end, "an index must be a whole number", "got nil")
  end)

  it("t[{...}]: ranges include both ends, with steps", function()
    assert.same({ 6, 18 }, t[{ {}, 2, 3 }]:to_table())
    assert.same({ { 5, 6, 7 }, { 9, 10, 11 } }, t[{ 1, { 2, 3 }, { 2, 4 } }]:to_table())
    assert.same({ 0, 2 }, t[{ 1, 1, { 1, 4, 2 } }]:to_table())
    assert.same({ 3, 1 }, t[{ 1, 1, { 4, 1, -2 } }]:to_table())
    assert.same({ 1, 1, 4 }, t[{ { 2 }, { -1 } }].shape)
    assert.same({ 0, 3, 4 }, t[{ { 2, 1 } }].shape)
    assert.same({ 0, 3, 4 }, t[{ { 3, 2 } }].shape)
    assert.same({ 0, 2 }, dw.zeros({ 0, 2 })[{ { 1, -1 } }].shape)
    assert.same({ 0, 2 }, K.index(t, { 1, 1, { 1, 4, 2 } }):to_table())
    assert.equal(23, t[{ 2, 3, 4 }])
    assert.same(t.shape, t[{}].shape)
    refuses(function() return t[{ { 0, 1 } }] == 1 end, "counting starts at 1")
    refuses(function() return t[{ { 1, 3 } }] == 1 end, "index 3 is outside axis 1 of size 2")
    refuses(function() return t[{ 1, 9 }] == 1 end, "index 9 is outside axis 2 of size 3")
    refuses(function() return t[{ { 1, 2, 0 } }] == 1 end, "step of a range must not be 0")
    refuses(function() return t[{ { 1, 2, 1, 1 } }] == 1 end, "a range has at most")
    refuses(function() return t[{ {}, {}, {}, {} }] == 1 end, "4 indices for a tensor")
    refuses(function() return t[{ { "1" } }] == 1 end, "first of a range must be")
    support.covers "index"
  end)

  it("ipairs walks the first axis", function()
    local seen = {}
    for i, row in ipairs(t) do seen[i] = row[1][1] end
    assert.same({ 0, 12 }, seen)
    seen = {}
    for i, v in ipairs(dw.tensor { 5, 6 }) do seen[i] = v end
    assert.same({ 5, 6 }, seen)
  end)

  it("a name that is no field or method is an error", function()
    refuses(function() return t.shpae end, 'a tensor has no field or method "shpae"')
  end)
end)

describe("reshape", function()
  it("infers -1 as if axes of size 0 had size 1, where an empty tensor gets an empty shape", function()
    assert.same({ 0, 147 }, dw.zeros({ 0, 7, 7, 3 }):reshape({ 0, -1 }).shape)
    assert.same({ 2, 0 }, dw.zeros({ 0, 2 }):reshape({ -1, 0 }).shape)
    assert.same({ 0, 2 }, dw.zeros({ 0, 2 }):reshape({ -1, 2 }).shape)
  end)
end)

describe("views", function()
  it("share numbers with their owner and keep it alive", function()
    local t = dw.arange(12):reshape { 3, 4 }
    local v = t:narrow(1, 2, 2):transpose(1, 2)[2]
    assert.same({ 5, 9 }, v:to_table())
    v[1] = 50
    assert.equal(50, t(2, 2))
    t = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    for _ = 1, 100 do dw.full({ 12 }, -1) end
    assert.same({ 50, 9 }, v:to_table())
  end)

  it("narrow, select, transpose, permute, squeeze, expand_dims", function()
    local t = dw.arange(24):reshape { 2, 3, 4 }
    assert.same({ 2, 2, 4 }, t:narrow(2, 2, 2).shape)
    assert.same({ 2, 0, 4 }, t:narrow(2, 4, 0).shape)
    assert.same({ 4, 5, 6, 7 }, t:select(1, 1):select(1, 2):to_table())
    assert.equal(0, dw.tensor({ 7 }):select(1, 1).ndim)
    assert.same({ 4, 3, 2 }, t:transpose().shape)
    assert.same({ 3, 2, 4 }, t:transpose(1, -2).shape)
    assert.same({ 4, 2, 3 }, t:permute({ 3, 1, 2 }).shape)
    assert.equal(t(2, 3, 1), t:permute { 3, 1, 2 }(1, 2, 3))
    assert.same({ 2, 1, 3, 4 }, t:expand_dims(2).shape)
    assert.same({ 2, 3, 4, 1 }, t:expand_dims(-1).shape)
    assert.same({ 2, 3, 4 }, t:expand_dims(1):expand_dims(-1):squeeze().shape)
    assert.same({ 1, 2, 3, 4 }, t:expand_dims(1):expand_dims(-1):squeeze(-1).shape)
    support.covers("narrow", "select", "permute")
  end)

  it("reshape is a view where it can be, and the same numbers where it cannot", function()
    local t = dw.arange(24):reshape { 2, 3, 4 }
    for _, v in ipairs { t, t:transpose(), t:transpose(1, 2), t[{ {}, { 1, 3, 2 } }], t:narrow(3, 2, 2),
      t[{ {}, {}, { -1, 1, -1 } }], t:expand_dims(2):transpose(1, 3) } do
      local copy = v:clone()
      for _, shape in ipairs { { -1 }, { 1, -1, 1 }, { v.size // 2, 2 }, { 2, 1, -1 }, { 2, 2, -1 }, { v.size // 4, 4 } } do
        same(v:reshape(shape):clone(), copy:reshape(shape))
      end
    end
    local v = t:reshape { 4, 6 }
    v[1] = dw.full({ 6 }, -1, { dtype = "int32" })
    assert.equal(-1, t(1, 2, 2))
    assert.same({ 2, 2, 3, 2 }, t:reshape({ 2, 3, 2, 2 }):transpose(2, 3).shape)
    assert.same({ 0, 5 }, dw.zeros({ 0, 3 }):reshape({ 0, 5 }).shape)
    assert.same({}, dw.tensor({ 4 }):reshape({}).shape)
  end)

  it("swap axes, reverse, and put parts back where they were", function()
    local t = dw.arange(24):reshape { 2, 3, 4 }
    support.same(K.swapaxes(t, 1, -1):clone(), t:transpose(1, 3):clone())
    support.same(K.reverse(t, { 1, -1 }):clone(), t[{ { -1, 1, -1 }, {}, { -1, 1, -1 } }]:clone())
    support.same(K.index(t, { 2, {}, { 1, 3, 2 } }):clone(), t[{ 2, {}, { 1, 3, 2 } }]:clone())
    local g = dw.ones({ 3, 2 }, { dtype = "int32" })
    local want = dw.zeros({ 2, 3, 4 }, { dtype = "int32" })
    want[{ 2, {}, { 1, 3, 2 } }] = g
    support.same(K.embed(g, { 2, 3, 4 }, "index", { { 2, {}, { 1, 3, 2 } } }), want)
    support.same(K.embed(g, { 3, 3 }, "narrow", { 2, 2, 2 })[{ {}, { 2, 3 } }]:clone(), g)
    support.same(K.embed(g[1], { 3, 2 }, "select", { 1, -1 })[3]:clone(), g[1]:clone())
    support.same(K.strided(t, { 2, 3 }, { 12, -2 }, 5):clone(), dw.tensor({ { 4, 2, 0 }, { 16, 14, 12 } },
      { dtype = "int32" }))
    refuses(function() K.strided(t, { 2, 3 }, { 12, 6 }, 1) end, "strided: shape and strides lead outside x's 24 elements")
    refuses(function() K.strided(t, { 2, 3 }, { 1, 1 }, 1) end, "strided: with these strides two indices would share")
    refuses(function() K.embed(g, { 3, 3 }, "part", {}) end, 'embed: form must be "index", "narrow", "select", "diagonal" or')
    refuses(function() K.embed(g, { 3, 3 }, "narrow", { 2, 2, 3 }) end, "embed: size must be")
    refuses(function() K.reverse(t, 4) end, "reverse: axes must be an axis from 1 to 3 or from -3 to -1, got 4")
    refuses(function() K.reverse(t, { 1, -3 }) end, "reverse: axes names axis 1 twice")
    refuses(function() K.swapaxes(t, 1, 0) end, "swapaxes: b must be an axis, counting from 1")
    support.covers("embed", "strided")
  end)
end)

describe("views", function()
  it("refuse what is out of range", function()
    local t = dw.zeros { 2, 3 }
    refuses(function() t:narrow() end, "narrow: axis must be an axis, counting from 1 (-1 is the last), got nil")
    refuses(function() t:narrow(1) end, "narrow: first must be a whole number", "got nil")
    refuses(function() t:narrow(1, 1) end, "narrow: size must be a whole number from 0 to 2, got nil")
    refuses(function() t:select(1) end, "select: index must be a whole number, got nil")
    refuses(function() t:expand_dims() end, "expand_dims: axis", "got nil")
    refuses(function() t:narrow(3, 1, 1) end, "narrow: axis must be an axis from 1 to 2")
    refuses(function() t:narrow(0, 1, 1) end, "narrow: axis must be an axis, counting from 1 (-1 is the last), got 0")
    refuses(function() t:narrow(1, 0, 1) end, "narrow: first must not be 0")
    refuses(function() t:narrow(1, 2, 2) end, "narrow: size must be a whole number from 0 to 1, got 2")
    refuses(function() t:narrow(1, 1, -1) end, "narrow: size")
    refuses(function() t:narrow(1, 1, math.maxinteger) end, "narrow: size")
    refuses(function() t:select(1, 3) end, "select: index 3 is outside axis 1")
    refuses(function() t:transpose(1) end, "transpose: b must be an axis")
    refuses(function() t:permute { 1 } end, "permute: pattern must name each of the 2 axes of x once, got 1")
    refuses(function() t:permute { 1, 1 } end, "permute: pattern names axis 1 twice")
    refuses(function() t:permute { 1, 3 } end, "permute: pattern[2] must be an axis from 1 to 2")
    refuses(function() t:permute { 1, "2" } end, "permute: pattern[2]")
    refuses(function() t:permute(1, 2) end, "permute: takes (x, pattern), got a further 2")
    refuses(function() t:reshape { 4 } end, "reshape: a tensor of shape 2x3 cannot become 4")
    refuses(function() t:reshape { -1, -1 } end, "reshape: shape may have only one -1")
    refuses(function() t:reshape { -1, 4 } end, "reshape: a tensor of shape 2x3 cannot become -1x4")
    refuses(function() t:reshape { -2, 3 } end, "reshape: shape[1]")
    refuses(function() t:reshape { 2 ^ 62, 2 ^ 62 } end, "reshape: shape")
    refuses(function() t:reshape { 1, 1, 1, 1, 1, 1, 1, 2, 3 } end, "reshape: shape must have at most 8 axes")
    refuses(function() dw.zeros({ 0, 2 }):reshape { -1, 0, 3 } end, "reshape: a tensor of shape 0x2 cannot become -1x0x3")
    refuses(function() t:squeeze(1) end, "squeeze: axis 1 of a tensor of shape 2x3 has not size 1")
    refuses(function() t:expand_dims(4) end, "expand_dims: axis")
    refuses(function() dw.zeros({ 1, 1, 1, 1, 1, 1, 1, 1 }):expand_dims(1) end, "expand_dims: a tensor has at most 8 axes")
  end)
end)
