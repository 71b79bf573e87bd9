-- matrix_spec.lua: diagonals, triangles, norms and einsum where neither fixtures nor records reach: limits of rank and
-- size, memory, words; and positions that may be options.

local dw = require "dwconv"
local K = dw.backend
local support = require "support"
local refuses, same = support.refuses, support.same

local function f64(t) return dw.tensor(t, { dtype = "float64" }) end

describe("einsum", function()
  it("contracts two at a time, never all at once", function()
    local n = 2000 -- all of it at once would be 2000^4 numbers
    local row = dw.ones({ n }, { dtype = "float64" })
    assert.equal(n ^ 4, K.einsum("a,b,c,d->", row, row, row, row):item())
    assert.equal(n, K.einsum("a,a,a->", row, row, row):item())
    local thin, wide = dw.ones { n, 2 }, dw.ones { 2, n }
    local _ <close> = support.with { collector = "stop" }
    local before = collectgarbage "count"
    local y = K.einsum("ij,jk,kl->il", thin, wide, thin) -- from the left it would be 2000x2000, 15625 KiB
    local grown = collectgarbage "count" - before
    assert.is_true(grown < 1000, grown)
    assert.equal(2.0 * n, y(1, 1))
  end)

  it("takes as many axes as a tensor has", function()
    local x = dw.arange(256, { dtype = "float64" }):reshape { 2, 2, 2, 2, 2, 2, 2, 2 }
    same(K.einsum("abcdefgh->hgfedcba", x):clone(), x:transpose():clone())
    same(K.einsum("...->...", x):clone(), x)
    assert.equal(0 + 255, K.einsum("aaaaaaaa", x):item())
    refuses(function() K.einsum("abcdefgh,i->abcdefghi", x, f64 { 1 }) end, "einsum: the result would have 9 axes")
  end)

  it("gives a tensor of its own", function()
    local x = f64 { 1, 2 }
    assert.is_false(rawequal(x, K.einsum("i->i", x)))
  end)

  it("refuses in the words of the equation", function()
    local x = dw.ones { 2, 3 }
    refuses(function() K.einsum("ij,jk->ik", x, x) end, 'einsum: axis 1 of operand 2 has size 2, but "j" has size 3 elsewhere')
    refuses(function() K.einsum("ijk", x) end, 'einsum: operand 1 has 2 axes, but the equation says "ijk" of it')
    refuses(function() K.einsum("ij,jk", x) end, "einsum: the equation is of 2 operands, got 1")
    refuses(function() K.einsum("ij->k", x) end, 'einsum: the result names "k", which no operand has')
    refuses(function() K.einsum("i1", x) end, 'einsum: operand 1 of the equation is "i1"; it takes letters')
    refuses(function() K.einsum("ij,ij", nil, x) end, "einsum: operand 1 must be a tensor, got nil")
    refuses(function() K.einsum("ij,ij", x, 3) end, "einsum: operand 2 must be a tensor, got 3")
    refuses(function() K.einsum("ij", x:greater(0)) end, "einsum: operand 1 must hold numbers, got bool")
  end)
end)

describe("diagonals and triangles", function()
  it("are empty or whole far outside, whatever k", function()
    local x = dw.ones { 2, 3 }
    for _, k in ipairs { math.mininteger, math.maxinteger, -3, 3 } do
      assert.same({ 0 }, K.diag(x, { k = k }).shape)
      assert.same({ 0 }, K.diagonal(x, k).shape)
      same(K.tril(x, { k = k }), k > 0 and x or dw.zeros { 2, 3 })
      same(K.triu(x, { k = k }), k < 0 and x or dw.zeros { 2, 3 })
    end
    refuses(function() K.diag(dw.ones { 2 }, { k = math.mininteger }) end, "diag: k = -9223372036854775808 makes too large")
    refuses(function() K.diag(dw.ones { 2 }, { k = 2 ^ 31 }) end, "diag: ")
  end)

  it("are views of strided tensors", function()
    local x = dw.arange(12, { dtype = "float32" }):reshape { 3, 4 }
    same(K.diagonal(x:transpose(), -1):clone(), K.diagonal(x, 1):clone())
    same(K.diagonal(x[{ {}, { 4, 1, -1 } }]):clone(), dw.tensor { 3, 6, 9 })
    same(K.diagonal(dw.tensor({ { 5 } }):broadcast_to { 3, 3 }):clone(), dw.tensor { 5, 5, 5 })
    K.diagonal(x):fill(-1)
    same(K.trace(x), dw.tensor(-3))
  end)
end)

describe("positions that may be options", function()
  it("arange and eye take either, not both", function()
    same(K.arange(1, { stop = 8, step = 3 }), K.arange(1, 8, 3))
    same(K.arange(5, { step = 2, dtype = "float64" }), K.arange(0, 5, 2, { dtype = "float64" }))
    same(K.eye(2, { columns = 3 }), K.eye(2, 3))
    same(K.eye(2, 3, { dtype = "bool" }), dw.tensor { { true, false, false }, { false, true, false } })
    refuses(function() K.arange(1, 8, { stop = 8 }) end, "arange: stop is given twice")
    refuses(function() K.eye(2, 3, { columns = 3 }) end, "eye: columns is given twice")
    refuses(function() K.eye(2, 3, 4) end, "eye: takes at most 2 numbers, then options")
    refuses(function() K.eye(2, -1) end, "eye: columns must be a whole number from 0")
    refuses(function() K.arange(1, { stop = "8" }) end, 'arange: stop must be a number, got "8"')
  end)
end)

describe("parts and pads", function()
  it("split gives as many results as parts, views of x", function()
    local x = dw.arange(6)
    local a, b, c, d = K.split(x, { 1, -1, 2 })
    assert.same({ { 0 }, { 1, 2, 3 }, { 4, 5 } }, { a:to_table(), b:to_table(), c:to_table() })
    assert.is_nil(d)
    b:fill(9)
    assert.same({ 0, 9, 9, 9, 4, 5 }, x:to_table())
    assert.equal(3, select("#", x:split(3)))
    refuses(function() K.split(x, 4) end, "split: axis 1 of size 6 cannot be cut into 4 equal parts")
    refuses(function() K.split(x, { math.maxinteger, 7 }) end, "split: sizes[1] must be a whole number from 0 to 2147")
    refuses(function() K.split(x, { 2 ^ 31, 7 }) end, "split: sizes must add up to 6, the size of axis 1, got {")
    refuses(function() K.split(dw.zeros { 0 }, 2 ^ 31) end, "split: axis 1 of size 0 cannot be cut into")
  end)

  it("roll, pad and repeat_elements give numbers of their own", function()
    local x = dw.arange(4)
    for _, y in ipairs { K.roll(x, 4), K.roll(x, 0, { axis = 1 }), K.roll(x, {}, { axis = {} }), K.pad(x, { { 0, 0 } }),
      K.pad(x, { { 0, 0 } }, { mode = "reflect" }), K.repeat_elements(x, { 1, 1, 1, 1 }, 1) } do
      y:fill(9)
      assert.same({ 0, 1, 2, 3 }, x:to_table())
    end
    refuses(function() K.pad(x, { { 2 ^ 40, 2 ^ 40 } }, { value = 1 }) end, "pad: ")
    refuses(function() K.repeat_elements(x, { 1, 1, 1, math.maxinteger }, 1) end, "repeat_elements: rep[4] must be a")
    refuses(function() K.repeat_elements(x, { 1, 2 }, 1) end, "repeat_elements: rep must be a whole number, or 4 of them")
    refuses(function() K.roll(x, 1.5) end, "roll: shift must be a whole number, or a table of them, one for each axis, got 1.5")
  end)

  it("running extremes give their gradient to the first of equal numbers, and to the NaN that stays", function()
    for name, x in pairs { cummax = f64 { 1, 3, 3, 2, 5, 0 / 0, 9 }, cummin = f64 { -1, -3, -3, -2, -5, 0 / 0, -9 } } do
      local tape, y = dw.record(K[name], x)
      same(tape:gradients(y, x), f64 { 1, 3, 0, 0, 1, 2, 0 })
    end
  end)
end)
