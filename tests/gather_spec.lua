-- gather_spec.lua: gather, scatter, take_along_axis, put_along_axis and one_hot, against loops in Lua, for every dtype,
-- ISA and thread count.

local dw = require "dwconv"
local K = dw.backend
local support = require "support"
local refuses, same = support.refuses, support.same

local random = math.random
math.randomseed(4)

local function numbers(shape, dtype)
  local t = dw.uniform(shape, { minval = 0, maxval = 20 })
  return K.floor(t):astype(dtype)
end

local function indices(shape, n) return (K.floor(dw.uniform(shape, { minval = 1, maxval = n + 1 }))):astype "int64" end

local DTYPES = { "float32", "float64", "int32", "int64", "uint8" }

describe("gather and scatter", function()
  it("pick rows and add them back", function()
    support.everywhere(function()
      for _, dtype in ipairs(DTYPES) do
        local n, width = random(1, 9), random(1, 300)
        local x, i = numbers({ n, width }, dtype), indices({ 2, 5 }, n)
        local y = K.gather(x, i)
        assert.same({ 2, 5, width }, y.shape)
        for a = 1, 2 do
          for b = 1, 5 do same(y[a][b]:clone(), x[i(a, b)]:clone()) end
        end
        local back = K.scatter(y, i, n)
        local want = dw.zeros({ n, width }, { dtype = dtype })
        for a = 1, 2 do
          for b = 1, 5 do K.update_add(want[i(a, b)], y[a][b]) end
        end
        same(back, want)
      end
    end)
    support.covers "scatter"
  end)

  it("take views, other index dtypes and bools", function()
    local x = dw.arange(12):reshape({ 3, 4 }):transpose()
    same(K.gather(x, dw.tensor({ 4, 1 }, { dtype = "uint8" })), dw.tensor({ { 3, 7, 11 }, { 0, 4, 8 } }, { dtype = "int32" }))
    same(K.gather(dw.tensor { true, false }, dw.tensor(2, { dtype = "int32" })), dw.tensor(false))
    assert.same({ 0, 3 }, K.gather(dw.zeros { 2, 3 }, dw.zeros({ 0 }, { dtype = "int64" })).shape)
  end)

  it("refuse what is outside", function()
    local x = dw.zeros { 3, 2 }
    refuses(function() K.gather(x, dw.tensor({ 0 }, { dtype = "int32" })) end,
      "gather: indices holds 0, outside 1 to 3; counting starts at 1")
    refuses(function() K.gather(x, dw.tensor({ 4 }, { dtype = "int32" })) end, "gather: indices holds 4, outside 1 to 3")
    refuses(function() K.gather(x, dw.tensor { 1 }) end,
      "gather: indices must be a tensor of whole numbers (int32, int64, uint8), got a float32 tensor 1")
    refuses(function() K.gather(dw.tensor(1), dw.tensor({ 1 }, { dtype = "int32" })) end,
      "gather: reference must be a tensor with at least one axis")
    refuses(function() K.scatter(x, dw.tensor({ 1, 2 }, { dtype = "int32" }), 3) end, "scatter: rows (3x2) must be numbers")
  end)
end)

describe("take_along_axis and put_along_axis", function()
  it("work line by line on any axis", function()
    support.everywhere(function()
      for axis = 1, 3 do
        local shape = { 4, 3, 5 }
        local x = numbers(shape, DTYPES[random(#DTYPES)])
        local n = shape[axis]
        shape[axis] = 6
        local i = indices(shape, n)
        local y = K.take_along_axis(x, i, axis)
        local back = K.put_along_axis(y, i, axis - 4, n)
        local want = dw.zeros(x.shape, { dtype = x.dtype })
        for a = 1, shape[1] do
          for b = 1, shape[2] do
            for c = 1, shape[3] do
              local at = { a, b, c }
              at[axis] = i(a, b, c)
              assert.equal(x[at], y(a, b, c))
              want[at] = want[at] + y(a, b, c)
            end
          end
        end
        same(back, want)
      end
    end)
    support.covers "put_along_axis"
  end)

  it("refuse other shapes", function()
    local x, i = dw.zeros { 2, 3 }, dw.ones({ 3, 3 }, { dtype = "int64" })
    refuses(function() K.take_along_axis(x, i, 2) end, "take_along_axis: indices (3x3) must have the shape of x (2x3) but on axis 2")
    refuses(function() K.put_along_axis(x, i, 2, 4) end, "put_along_axis: y (2x3) must be numbers in the shape of indices (3x3)")
    refuses(function() K.take_along_axis(x, i, 0) end, "take_along_axis: axis must be an axis, counting from 1")
  end)
end)

describe("one_hot", function()
  it("counts from 1 and refuses the rest", function()
    same(K.one_hot(dw.tensor({ { 2 }, { 1 } }, { dtype = "int32" }), 3), dw.tensor { { { 0, 1, 0 } }, { { 1, 0, 0 } } })
    refuses(function() K.one_hot(dw.tensor({ 4 }, { dtype = "int32" }), 3) end, "one_hot: indices holds 4, outside 1 to 3")
  end)
end)

describe("a finaliser that writes while a result is allocated", function()
  -- Calls f while `write` runs as soon as the collector does: in f's allocation.
  local function meanwhile(write, f, ...)
    collectgarbage("incremental", 100, 1000, 40)
    collectgarbage()
    setmetatable({}, { __gc = write })
    local good, why = pcall(f, ...)
    collectgarbage("incremental", 200, 100, 13)
    return good, why
  end

  it("brings no index outside and no zero divisor to a kernel", function()
    local x, i = dw.ones { 10, 10000 }, dw.ones({ 20 }, { dtype = "int64" })
    local d = dw.ones({ 50000 }, { dtype = "int32" })
    local calls = {
      { i, 1 << 40, K.gather, x, i },
      { i, 1 << 40, K.one_hot, i, 3000 },
      { i, 1 << 40, K.scatter, dw.ones { 20, 1000 }, i, 10 },
      { i, 1 << 40, K.take_along_axis, dw.ones { 20 }, i, 1 },
      { i, 1 << 40, K.put_along_axis, dw.ones { 20 }, i, 1, 20000 },
      { d, 0, K.floor_divide, d, d },
      { d, 0, K.mod, d, d },
    }
    for _, call in ipairs(calls) do
      for _ = 1, 5 do
        call[1]:fill(1)
        meanwhile(function() call[1]:fill(call[2]) end, table.unpack(call, 3))
      end
    end
  end)
end)

describe("sizes at the limits", function()
  it("are refused before anything is written", function()
    local one = dw.tensor(1, { dtype = "int64" })
    refuses(function() K.scatter(dw.ones { 1, 1, 1, 1, 1, 1, 1, 2 }, one, 1) end,
      "scatter: the result would have more than 8 axes")
  end)

  it("hold for what is written into its first operand", function()
    local core = require "dwconv.core"
    refuses(function() core.elementwise("where", "first", "c", "a", "b") end,
      "elementwise: \"where\" cannot write into its first operand")
    refuses(function() core.elementwise("less", "first", "a", "b") end, "cannot write into its first operand")
  end)
end)

describe("t[mask] and t[indices]", function()
  local function i(t, dtype) return dw.tensor(t, { dtype = dtype or "int64" }) end

  it("are what boolean_mask and gather give, of views and in every dtype", function()
    for _, dtype in ipairs { "float32", "float64", "int32", "int64", "uint8", "bool" } do
      local t = dw.arange(12):reshape({ 3, 4 }):astype(dtype)
      for _, v in ipairs { t, t:transpose(), t[{ {}, { 4, 1, -2 } }], dw.zeros({ 0, 4 }, { dtype = dtype }) } do
        local mask = K.greater(v:astype "int32", 0)
        same(v[mask], K.boolean_mask(v:clone(), mask:clone()))
        local rows = mask:any { axis = 2 }
        same(v[rows], K.boolean_mask(v, rows))
        if #v > 0 then same(v[i({ { #v, 1 } }, "uint8")], K.gather(v, i { { #v, 1 } })) end
      end
    end
  end)

  it("write where they pick, the last of several", function()
    local t = dw.zeros { 3, 2 }
    t[i { 3, 1, 3 }] = dw.tensor { { 1 }, { 2 }, { 3 } }
    same(t, dw.tensor { { 2, 2 }, { 0, 0 }, { 3, 3 } })
    t[t:greater(1)] = dw.tensor { 10, 20, 30, 40 }
    same(t, dw.tensor { { 10, 20 }, { 0, 0 }, { 30, 40 } })
    t[t:equal(0)] = -1
    t[dw.tensor { false, false, true }] = { { 7, 8 } }
    same(t, dw.tensor { { 10, 20 }, { -1, -1 }, { 7, 8 } })
    t:transpose()[t:transpose():less(0)] = dw.tensor { 5, 6 }
    same(t, dw.tensor { { 10, 20 }, { 5, 6 }, { 7, 8 } })
    t:transpose()[i { 1 }] = 0
    same(t, dw.tensor { { 0, 20 }, { 0, 6 }, { 0, 8 } })
    support.covers("put_mask", "put_rows")
  end)

  it("read before they write, where numbers are shared", function()
    local t = i { 2, 3, 1 }
    t[t] = t
    same(t, i { 1, 2, 3 })
    t[t[{ { 3, 1, -1 } }]] = t
    same(t, i { 3, 2, 1 })
    local b = dw.tensor { true, false, true }
    b[b] = dw.tensor { false, true }
    same(b, dw.tensor { false, false, true })
  end)

  it("write strided and empty tensors, and nothing", function()
    local t = dw.zeros { 4, 4 }
    local v = t[{ { 1, 4, 2 }, { 4, 1, -1 } }]
    v[v:equal(0)] = dw.arange(8, { dtype = "float32" })
    same(v:clone(), dw.arange(8, { dtype = "float32" }):reshape { 2, 4 })
    local before = t:clone()
    t[dw.zeros({ 4 }, { dtype = "bool" })] = dw.zeros { 0, 4 }
    t[dw.zeros({ 0 }, { dtype = "int64" })] = 7
    same(t, before)
  end)

  it("are recorded, and their gradients come back to where they were", function()
    local x = dw.tensor { 1, 2, 3 }
    local tape, y = dw.record(function() return K.sum(x[x:greater(1)] ^ 2) + K.sum(x[i { 3, 3 }]) end)
    same(tape:gradients(y, x), dw.tensor { 0, 4, 8 })
    refuses(function()
      local late, z = dw.record(function() return K.square(x) end)
      x[i { 1 }] = 5
      late:gradients(z, x)
    end, "gradients: x of square was written in place since")
  end)

  it("refuse what does not fit, before anything is written", function()
    local t = dw.zeros { 2, 3 }
    refuses(function() return t[i { 0 }] end, "gather: indices holds 0, outside 1 to 2; counting starts at 1")
    refuses(function() return t[dw.tensor { 1.5 }] end, "gather: indices must be a tensor of whole numbers")
    refuses(function() return t[dw.tensor { true }] end, "boolean_mask: mask (1) must have the shape of x (2x3)")
    refuses(function() t[i { 1, 3 }] = 1 end, "put_rows: indices holds 3, outside 1 to 2")
    refuses(function() t[i { 1, 2 }] = dw.zeros { 3, 3 } end, "put_rows: value (3x3) does not stretch to 2x3")
    refuses(function() t[i { 1, 2 }] = dw.zeros({ 3 }, { dtype = "int32" }) end, "put_rows: value is int32 but")
    refuses(function() t[i { 1 }] = "x" end, "put_rows: value")
    refuses(function() t[dw.tensor { true, true, true }] = 1 end, "put_mask: mask (3) must have the shape of x (2x3)")
    refuses(function() t[dw.tensor { true, true }] = dw.zeros { 4 } end, "put_mask: value (4) does not stretch to 2x3")
    refuses(function() dw.zeros({ 2 }):broadcast_to({ 2, 2 })[i { 1 }] = 1 end, "put_rows: ")
    refuses(function() K.index(t, i { 1 }) end, "index: key must be a whole number, or a table of them and of ranges; use gather")
    same(t, dw.zeros { 2, 3 })
  end)
end)

describe("nonzero", function()
  it("finds what is true beyond one run, on any number of threads", function()
    local x = dw.zeros({ 300, 1000 }, { dtype = "uint8" })
    x[{ 1, 1 }], x[{ 66, 537 }], x[{ 300, 1000 }] = 1, 2, 3
    same(K.nonzero(x), dw.tensor({ { 1, 1 }, { 66, 537 }, { 300, 1000 } }, { dtype = "int64" }))
    same(K.nonzero(x:transpose())[2]:clone(), dw.tensor({ 537, 66 }, { dtype = "int64" }))
    assert.same({ 1, 0 }, K.nonzero(dw.tensor(5)).shape)
    assert.same({ 0, 8 }, K.nonzero(dw.zeros { 1, 1, 1, 2, 1, 1, 1, 1 }).shape)
  end)
end)
