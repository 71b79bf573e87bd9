-- precision_spec.lua: what float32 keeps. Results and gradients in float32 are compared with those of the same numbers
-- in float64, number by number and relative to each, so that digits lost where a result is small show as much as
-- others; sums and products of many numbers, with what lies between them beyond float32; functions at the edge of where
-- they are one.

local dw = require "dwconv"
local K = dw.backend
local ops = require "dwconv.ops"
local support = require "support"
local same = support.same

local NORMAL = 0x1p-120 -- below, a float32 has fewer digits

local function numbers(list, dtype) return dw.tensor(list, { dtype = dtype or "float32" }) end

local function flat(t) return t:reshape({ -1 }):to_table() end

-- Fails where got (float32) is further from want (float64) than so many times the distance of neighbouring float32.
local function near(got, want, ulps, what)
  local a, b = flat(got), flat(want)
  for i, w in ipairs(b) do
    local tolerance = ulps * 0x1p-23 * math.max(math.abs(w), NORMAL)
    local fits = a[i] == w or a[i] ~= a[i] and w ~= w or math.abs(a[i] - w) <= tolerance
      or math.abs(w) >= 0x1p128 and a[i] == (w > 0 and math.huge or -math.huge)
    if not fits then error(("%s: number %d is %.9g instead of %.9g"):format(what, i, a[i], w), 2) end
  end
end

-- The result of f and the gradients of its sum, of float32 tensors and of the same numbers in float64.
local function both(f, inputs)
  local function run(dtype)
    local given = {}
    for i, x in ipairs(inputs) do given[i] = x:astype(dtype) end
    local tape, y = dw.record(f, table.unpack(given))
    return y, tape:gradients(y, given)
  end
  local y, grads = run "float32"
  local wide_y, wide_grads = run "float64"
  return y, wide_y, grads, wide_grads
end

local function check(name, f, inputs, ulps)
  local y, wide_y, grads, wide_grads = both(f, inputs)
  near(y, wide_y, ulps, name)
  for i, g in ipairs(grads) do near(g, wide_grads[i], ulps, ("%s, gradient %d"):format(name, i)) end
end

-- From tiny to large, both signs.
local function magnitudes()
  local list = {}
  for e = -20, 5 do
    for _, m in ipairs { 1, 1.3, 1.77 } do
      list[#list + 1] = m * 2.0 ^ e
      list[#list + 1] = -m * 2.0 ^ e
    end
  end
  return numbers(list)
end

describe("every function of one number", function()
  -- Where two large numbers nearly cancel in the definition, or an argument is squared first, digits are lost by it.
  local LOOSE = { sin = 2 ^ 8, cos = 2 ^ 8, erf = 2 ^ 10, log = 2 ^ 3 }
  for name, r in pairs(ops.records) do
    if r.family == "elementwise" and r.backward ~= "none" and #r.args == 1 then
      it(name .. " keeps its digits in float32, and its gradient", function()
        support.everywhere(function(isa) check(name .. ", " .. isa, r.call, { magnitudes() }, LOOSE[name] or 16) end, { 1 })
      end)
    end
  end
end)

describe("arithmetic", function()
  it("keeps its digits in float32, and its gradients", function()
    local a, b = numbers { 1e30, 3e-30, 2, -7e15, 5e-12 }, numbers { 1e10, 2e-9, 3, 9e9, 4e11 }
    for _, name in ipairs { "add", "subtract", "multiply", "divide", "maximum", "minimum", "mod" } do
      check(name, K[name], { a, b }, 4)
    end
    check("power", K.power, { numbers { 1e-9, 3, 2.5, 1e6 }, numbers { 2.5, -3.25, 30, 0.5 } }, 16)
  end)

  it("divides with a gradient that overflows only where it is too large itself", function()
    local a, b = numbers { 1e30 }, numbers { 1e10 }
    local tape, y = dw.record(K.divide, a, b)
    near(tape:gradients(y, b, { output_gradients = numbers { 1e15 } }), numbers({ -1e25 }, "float64"), 2, "of the divisor")
  end)
end)

describe("the mean, the variance and the deviation", function()
  it("are rounded once, and do not overflow in between", function()
    support.everywhere(function()
      local big = numbers { 3e38, 3e38, 3e38 }
      same(K.mean(big), big:select(1, 1):clone())
      same(K.var(big), dw.tensor(0))
      same(K.mean(numbers { 16777215, 16777215, 16777214 }), numbers { 50331644 / 3 }:reshape {})
      same(K.std(numbers { 1e30, -1e30 }), dw.tensor(1e30))
      same(K.std(numbers { 1e-30, -1e-30 }), dw.tensor(1e-30))
      same(K.mean(dw.tensor({ 16777217, 16777219 }, { dtype = "int32" })), dw.tensor(16777218))
    end)
  end)

  it("are those of float64, of numbers far from 0 too, and so are their gradients", function()
    local x = dw.uniform({ 7, 5, 300 }, { seed = 3 }) + 4096
    for _, name in ipairs { "mean", "var", "std" } do
      for _, axis in ipairs { false, 1, 2, 3, { 1, 3 }, { 2, 3 } } do
        local function f(t) return K[name](t, { axis = axis or nil }) end
        local y, wide_y, grads, wide_grads = both(f, { x })
        near(y, wide_y, 1, name)
        if name ~= "mean" then -- the largest gradient says how far rounding of its numbers reaches
          local most = K.max(K.abs(wide_grads[1])):item()
          support.near(grads[1]:astype "float64", wide_grads[1], { rtol = 0, atol = most * 1e-5 }, name .. "'s gradient")
        end
      end
    end
  end)

  it("of equal numbers are that number and 0, whatever the number", function()
    for _, dtype in ipairs { "float32", "float64" } do
      for _, v in ipairs { 0.1, 1 / 3, -7.7e12, 1e-30 } do
        support.everywhere(function()
          local x = dw.full({ 3, 7, 41 }, v, { dtype = dtype })
          for axis = 1, 3 do
            same(K.var(x, { axis = axis }), K.zeros_like(K.sum(x, { axis = axis })))
            same(K.std(x, { axis = axis }), K.zeros_like(K.sum(x, { axis = axis })))
          end
        end, { 1, 2 })
        local x = dw.full({ 5 }, v, { dtype = dtype })
        local tape, y = dw.record(K.std, x)
        same(tape:gradients(y, x), K.zeros_like(x))
      end
    end
  end)

  it("are the same bits for every thread count", function()
    local x = dw.uniform({ 3, 41, 57, 67 }, { seed = 8 })
    for _, axis in ipairs { 1, 4, { 1, 2 }, { 2, 3 }, { 1, 2, 3, 4 } } do
      for _, name in ipairs { "mean", "var", "std" } do
        local want
        support.everywhere(function(isa, threads)
          local got = K[name](x, { axis = axis })
          want = threads > 1 and want or got
          same(got, want, ("%s, %s, %d threads"):format(name, isa, threads))
        end)
      end
    end
  end)

  it("of nothing are NaN; of one number the deviation has gradient 0", function()
    for _, name in ipairs { "mean", "var", "std" } do
      local y = K[name](dw.zeros { 2, 0 }, { axis = 2 })
      assert.same({ 2 }, y.shape)
      assert.is_true(y[1] ~= y[1])
      assert.same({ 0 }, K[name](dw.zeros { 0, 3 }, { axis = 2 }).shape)
    end
    local one = dw.tensor { { 0.3 } }
    local tape, y = dw.record(function() return K.sum(K.std(one, { axis = 2 })) end)
    same(tape:gradients(y, one), dw.zeros { 1, 1 })
  end)
end)

describe("products", function()
  it("have gradients that overflow only where they are too large themselves", function()
    check("prod", K.prod, { numbers { 1e30, 2e30, 3e-30, 4e-30 } }, 4)
    check("prod of zeros", K.prod, { numbers { 1e30, 0, 2e30, 3e-30, 4e-30 } }, 4)
    check("cumprod", K.cumprod, { numbers { 1e-30, 1e-30, 2e30, 3e30, 5 } }, 4)
  end)
end)

describe("sums by index", function()
  it("are kept in float64: scatter, put_along_axis, the gradient of gather", function()
    local n = 1 << 12
    local ones = dw.ones({ n }, { dtype = "int32" })
    for _, width in ipairs { 1, 3, 17, 300 } do -- narrow rows and wide ones take different ways
      local rows = dw.full({ n, width }, 0.1)
      rows[1]:fill(2 ^ 24)
      support.everywhere(function(isa)
        local exact = string.unpack("f", string.pack("f", 2 ^ 24 + (n - 1) * rows(2, 1)))
        same(K.scatter(rows, ones, 2), K.stack { dw.full({ width }, exact), dw.zeros { width } }, ("%d, %s"):format(width, isa))
        local lines = K.put_along_axis(rows:transpose():contiguous(), K.broadcast_to(ones, { width, n }), 2, 2)
        same(lines[{ {}, 1 }]:clone(), dw.full({ width }, exact))
        local columns = K.put_along_axis(rows, K.broadcast_to(ones:reshape { n, 1 }, { n, width }), 1, 2)
        same(columns[1]:clone(), dw.full({ width }, exact))
      end)
    end
    local x = dw.zeros { 3, 2 }
    local tape, y = dw.record(function() return K.gather(x, ones) end)
    local g = dw.full({ n, 2 }, 0.1)
    g[1]:fill(2 ^ 24)
    assert.equal(string.unpack("f", string.pack("f", 2 ^ 24 + (n - 1) * g(2, 1))),
      tape:gradients(y, x, { output_gradients = g })(1, 2))
  end)
end)

describe("gradients at the edge", function()
  local function gradient(f, x)
    local tape, y = dw.record(f, x)
    return tape:gradients(y, x)
  end

  it("of numbers that where() did not take are 0, whatever their slope", function()
    local x = numbers { 4, -1, 0, 0 / 0, math.huge, -math.huge }
    for name, f in pairs {
      sqrt = K.sqrt, log = K.log, log1p = function(v) return K.log1p(v - 1) end, exp = function(v) return K.exp(v * 1e30) end,
      quotient = function(v) return 1 / v end, power = function(v) return v ^ -0.5 end, product = function(v) return v * v end,
      power_of = function(v) return 2 ^ v end, mod = function(v) return v % 0.1 end, sin = K.sin, square = K.square,
      std = function(v) return K.std(K.stack({ v, v * 2 }), { axis = 1 }) end, tanh = K.tanh, erf = K.erf, abs = K.abs,
      logsumexp = function(v) return K.logsumexp(K.stack({ v, v * 2 }), { axis = 1 }) end,
      prod = function(v) return K.prod(K.stack({ v, v * 2 }), { axis = 1 }) end,
      cumprod = function(v) return K.cumprod(K.stack({ v, v * 2 }), { axis = 1 })[2] end,
      relu = function(v) return K.relu(v, { alpha = 0.1, threshold = 0.5 }) end, clip = function(v) return K.clip(v, -1, v) end,
    } do
      local g = gradient(function(v) return K.sum(K.where(K.equal(v, 4), f(v), 0)) end, x):to_table()
      for i = 2, 6 do assert.equal(0, g[i], ("%s, number %d"):format(name, i)) end
    end
  end)

  it("of sqrt below 0 are 0, to second order and by the incoming gradient too", function()
    local x, g = numbers({ -1, 4 }, "float64"), numbers({ 2, 3 }, "float64")
    local outer, slope = dw.record(function()
      local inner, y = dw.record(K.sqrt, x)
      return inner:gradients(y, x, { output_gradients = g })
    end)
    local by = outer:gradients(slope, { x = x, g = g })
    same(by.g, numbers({ 0, 0.25 }, "float64"))
    same(by.x, numbers({ 0, -3 / 32 }, "float64"))
  end)

  it("of logsumexp are shares: of only -inf 0, of inf shared, to second order finite", function()
    local inf = math.huge
    local x = numbers { { -inf, -inf, -inf }, { inf, 1, inf }, { -inf, 0, 0 } }
    local function f(v) return K.sum(K.logsumexp(v, { axis = 2 })) end
    same(gradient(f, x), numbers { { 0, 0, 0 }, { 0.5, 0, 0.5 }, { 0, 0.5, 0.5 } })
    local second = gradient(function(v) return K.sum(gradient(f, v) * numbers { 1, 2, 3 }) end, x)
    assert.is_true(K.all(K.equal(second, second)):item())
    assert.equal(-inf, K.logsumexp(dw.zeros { 0 }):item())
  end)

  it("of bounds: the lower wins where they cross, and NaN gives NaN", function()
    local nan = 0 / 0
    local x = numbers { -5, 0, 5, nan }
    same(K.clip(x, numbers { 1, 1, 1, 1 }, numbers { -1, -1, -1, -1 }), numbers { 1, 1, 1, nan })
    same(K.clip(x, numbers { nan, -1, -1, -1 }, numbers { 1, nan, 1, 1 }), numbers { nan, nan, 1, nan })
    same(K.clip(dw.tensor({ 5, 0 }, { dtype = "int32" }), dw.tensor({ 3, 3 }, { dtype = "int32" }), 1),
      dw.tensor({ 3, 3 }, { dtype = "int32" }))
  end)
end)
