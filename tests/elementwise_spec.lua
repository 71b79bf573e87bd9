-- elementwise_spec.lua: broadcasting and strides against a naive loop, exact with whole numbers, on every ISA and
-- thread count; writing in place through overlapping views; whole numbers at their limits; every way to get it wrong.

local dw = require "dwconv"
local support = require "support"
local layouts = require "random_layout"
local K = dw.backend
local same, refuses, everywhere = support.same, support.refuses, support.everywhere

local NUMBERS = { "float32", "float64", "int32", "int64", "uint8" }
local LIMITS = { int32 = { -2 ^ 31 | 0, 2 ^ 31 - 1 | 0 }, int64 = { math.mininteger, math.maxinteger } }

-- name -> operands, and the value of one element
local ops = {
  add = { 2, function(a, b) return a + b end },
  multiply = { 2, function(a, b) return a * b end },
  maximum = { 2, function(a, b) return math.max(a, b) end },
  less = { 2, function(a, b) return a < b end },
  clip = { 3, function(a, low, high) return math.max(low, math.min(a, high)) end },
  where = { 3, function(c, a, b) if c then return a else return b end end },
}

-- op over lists of Lua values, in the order of the result's elements
local function naive(op, dtype, operands, shape)
  local lists, values = {}, {}
  for i, t in ipairs(operands) do lists[i] = layouts.flat(K.broadcast_to(t, shape)) end
  for i = 1, #lists[1] do
    local v = ops[op][2](lists[1][i], lists[2][i], lists[3] and lists[3][i])
    values[i] = dtype == "uint8" and math.type(v) == "integer" and v & 255 or v
  end
  return layouts.tensor(values, shape, op == "less" and "bool" or dtype)
end

local function random_operands(below, op, dtype, shape)
  local operands = {}
  for i = 1, ops[op][1] do
    local kind = op == "where" and i == 1 and "bool" or dtype
    operands[i] = layouts.random(below, layouts.shrunk(below, shape), kind)
  end
  return operands
end

describe("elementwise ops", function()
  for _, dtype in ipairs(NUMBERS) do
    it("broadcast and walk any strides: " .. dtype, function()
      for seed = 1, 60 do
        local below = layouts.generator(seed)
        for op in pairs(ops) do
          local shape = layouts.shape(below, seed % 4 == 0 and 20000 or 600)
          local operands = random_operands(below, op, dtype, shape)
          local _, result = layouts.broadcast(operands)
          local want = naive(op, dtype, operands, result)
          everywhere(function(isa, threads)
            same(K[op](table.unpack(operands)), want, ("case %d, %s, %s, %d threads"):format(seed, op, isa, threads))
          end, seed % 4 == 0 and support.threads or { 1 })
        end
      end
    end)
  end

  it("bools: equal, logical_and, where", function()
    local a = dw.tensor { { true, false, true } }
    local b = a:transpose()
    same(K.equal(a, b), dw.tensor { { true, false, true }, { false, true, false }, { true, false, true } })
  end)

  it("floor and power are Lua's", function()
    local values, exponents = { -2.5, -1, -0.25, 0, 0.75, 1, 2.5, 1e6 + 0.5 }, { -2, -0.5, 0, 0.5, 1, 2, 3 }
    for _, dtype in ipairs { "float32", "float64" } do
      local floors, bases, powers = {}, {}, {}
      for i, v in ipairs(values) do floors[i] = math.floor(v) + 0.0 end
      for i, v in ipairs { 0.25, 0.5, 1, 1.5, 4 } do
        bases[i], powers[i] = { v }, {}
        for j, e in ipairs(exponents) do powers[i][j] = v ^ e end
      end
      local x, b, e = dw.tensor(values, { dtype = dtype }), dw.tensor(bases, { dtype = dtype }), dw.tensor(exponents, { dtype = dtype })
      local tolerance = dtype == "float32" and 3e-7 or 1e-15
      everywhere(function()
        assert.same(floors, K.floor(x):to_table())
        support.near(K.power(b, e), dw.tensor(powers, { dtype = dtype }), { rtol = tolerance, atol = 0 })
        support.near(b ^ e, dw.tensor(powers, { dtype = dtype }), { rtol = tolerance, atol = 0 })
      end)
    end
    support.covers("floor", "power")
  end)

  it("give the same for results that go past the caches", function()
    local x, bias = dw.uniform { 7, 5, 301 }, dw.uniform { 301 }
    local t = dw.uniform({ 301, 5, 7 }):transpose()
    local want = { x + t, x + bias, x:clone(), t:clone(), K.exp(x[{ {}, {}, { 2, 301 } }]) }
    everywhere(function(isa, threads)
      local _ <close> = support.with { stream = 0 }
      local got = { x + t, x + bias, x:clone(), t:clone(), K.exp(x[{ {}, {}, { 2, 301 } }]) }
      for i = 1, 4 do same(got[i], want[i], ("%d, %s, %d"):format(i, isa, threads)) end
      support.near(got[5], want[5], { rtol = 1e-6, atol = 0 })
    end)
  end)

  it("keep NaN, infinities and the sign of zero", function()
    local nan, inf = 0 / 0, math.huge
    for _, dtype in ipairs { "float32", "float64" } do
      local x = dw.tensor({ nan, inf, -inf, -0.0, 0.0, 1 }, { dtype = dtype })
      everywhere(function()
        assert.equal("nan nan", ("%s %s"):format(K.maximum(x, 5)[1], K.maximum(5, x)[1]):gsub("-nan", "nan"))
        assert.is_true(K.minimum(x, nan)[6] ~= K.minimum(x, nan)[6])
        assert.equal(-inf, 1 / (x + -0.0)[4])
        assert.equal(inf, 1 / (x + 0)[4])
        assert.same({ false, false, false, true, true, false }, K.equal(x, 0):to_table())
        assert.is_false(K.less(x, inf)[1])
        assert.is_true(K.not_equal(x, x)[1])
        assert.equal(inf, K.relu(x)[2])
      end)
    end
  end)
end)

describe("whole numbers", function()
  it("wrap around", function()
    for dtype, limits in pairs(LIMITS) do
      local low, high = dw.full({ 9 }, limits[1], { dtype = dtype }), dw.full({ 9 }, limits[2], { dtype = dtype })
      everywhere(function()
        same(high + 1, low)
        same(low - 1, high)
        same(-low, low)
        same(K.abs(low), low)
        same(low * -1, low)
        same(low // -1, low)
        same(low % -1, K.zeros_like(low))
        same(high * 2, dw.full({ 9 }, -2, { dtype = dtype }))
      end)
    end
    local u = dw.tensor({ 250, 0 }, { dtype = "uint8" })
    assert.same({ 4, 10 }, (u + 10):to_table())
    assert.same({ 249, 255 }, (u - 1):to_table())
    assert.same({ 6, 0 }, (-u):to_table())
  end)

  it("// and % round down and take the divisor's sign, as Lua's", function()
    local a, b = {}, {}
    for x = -7, 7 do
      for y = -4, 4 do
        if y ~= 0 then a[#a + 1], b[#b + 1] = x, y end
      end
    end
    for _, dtype in ipairs { "int32", "int64", "float32", "float64" } do
      local ta, tb = dw.tensor(a, { dtype = dtype }), dw.tensor(b, { dtype = dtype })
      everywhere(function()
        local q, r = (ta // tb):to_table(), (ta % tb):to_table()
        for i = 1, #a do
          assert.equal(a[i] // b[i], q[i])
          assert.equal(a[i] % b[i], r[i])
        end
      end)
    end
  end)

  it("refuse a divisor of zero anywhere, and negative exponents", function()
    local x = dw.arange(6):reshape { 2, 3 }
    refuses(function() return x // 0 end, "floor_divide: division of whole numbers by zero")
    refuses(function() return x % x end, "mod: division of whole numbers by zero")
    refuses(function() return x // x:transpose()[{ {}, 1 }]:reshape { 3 } end, "by zero")
    refuses(function() return x ^ -1 end, "negative power")
    same(x // 4, dw.tensor({ { 0, 0, 0 }, { 0, 1, 1 } }, { dtype = "int32" }))
    assert.equal(math.huge, (dw.tensor { 1 } / 0)[1])
  end)
end)

describe("writing in place", function()
  it("through views that overlap reads every number before it is written", function()
    local views = {
      { function(t) return t[{ { 2, 40 } }] end, function(t) return t[{ { 1, 39 } }] end },
      { function(t) return t[{ { 1, 39 } }] end, function(t) return t[{ { 2, 40 } }] end },
      { function(t) return t end, function(t) return t[{ { -1, 1, -1 } }] end },
      { function(t) return t[{ { 1, 39, 2 } }] end, function(t) return t[{ { 20, 1, -1 } }] end },
      { function(t) return t:reshape { 5, 8 } end, function(t) return t[{ { 3, 10 } }] end },
      { function(t) return t end, function(t) return t end },
    }
    for _, name in ipairs { "update_add", "update_sub" } do
      for i, pair in ipairs(views) do
        everywhere(function(isa)
          local t = dw.arange(40)
          local target, source = pair[1](t), pair[2](t)
          local want = name == "update_add" and target:clone() + source:clone() or target:clone() - source:clone()
          K[name](target, source)
          same(target, want, ("%s, views %d, %s"):format(name, i, isa))
        end)
      end
    end
  end)

  it("refuses a target that repeats numbers, or that the others would stretch", function()
    local t = dw.zeros { 3 }
    refuses(function() K.update_add(K.broadcast_to(t, { 2, 3 }), 1) end, "update_add: ", "repeats its numbers")
    refuses(function() K.update_add(t, dw.zeros { 2, 3 }) end, "update_add: ", "3", "2x3")
  end)
end)

describe("elementwise ops refuse", function()
  local x = dw.zeros { 2, 3 }

  it("shapes that do not broadcast, dtypes that differ, what is no tensor", function()
    refuses(function() return x + dw.zeros { 2 } end, "add: the shapes do not broadcast: a 2x3, b 2")
    refuses(function() return x + dw.zeros({ 3 }, { dtype = "float64" }) end,
      "add: a is float32 but b is float64; convert one with astype")
    refuses(function() return x + "1" end, "add: b must be a tensor or a number", 'got "1"')
    refuses(function() return {} + x end, "add: a must be a tensor or a number", "got a table")
    refuses(function() K.add(1, 2) end, "add: a must be a tensor, got 1")
    refuses(function() K.exp(dw.arange(3)) end, "exp: x must be of dtype float32, float64, got int32")
    refuses(function() return dw.arange(3) + 0.5 end, "add: b must be a whole number that fits into int32")
    refuses(function() return dw.zeros({ 1 }, { dtype = "uint8" }) + 256 end, "add: b must be a whole number from 0 to 255")
    refuses(function() return dw.tensor { true } + dw.tensor { true } end, "add: a must be of dtype")
  end)
end)
