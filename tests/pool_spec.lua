-- pool_spec.lua: pooling and its gradients against loops in Lua over random geometry, for every ISA and thread count
-- and both dtypes; corners (NaN, ties, nothing inside); views; what is refused.

local dw = require "dwconv"
local R = require "image_reference"
local geometry = require "random_geometry"
local support = require "support"
local K, refuses, same, near = dw.backend, support.refuses, support.same, support.near

local TOLERANCE = { float32 = { rtol = 1e-6, atol = 2e-6 }, float64 = { rtol = 1e-14, atol = 1e-14 } }

local function random_axis(below, n)
  local k, s, d = 1 + below(4), 1 + below(3), 1 + below(2)
  if below(6) == 0 then k = n end -- all of it
  return { k = k, s = s, d = d, pair = { below(3), below(3) } }
end

-- Case number `seed`; windows that are "valid" fit.
local function random_case(seed)
  local below = geometry.generator(seed)
  local shape, format, axes = R.image(below)
  local padding = ({ "valid", "same", "explicit" })[below(3) + 1]
  local o = { strides = {}, dilation_rate = {}, padding = {}, data_format = format }
  local case = { below = below, x = shape, size = {}, options = o }
  for i = 1, axes do
    local n = shape[i + (format == "channels_first" and 2 or 1)]
    local a = random_axis(below, n)
    local room = n + (padding == "explicit" and a.pair[1] + a.pair[2] or 0)
    if padding ~= "same" and (a.k - 1) * a.d + 1 > room then a.k, a.d = math.min(a.k, room), 1 end
    case.size[i], o.strides[i], o.dilation_rate[i], o.padding[i] = a.k, a.s, a.d, a.pair
  end
  if padding ~= "explicit" then o.padding = padding end
  return case
end

local function text(seed, case)
  local o = case.options
  local pads = type(o.padding) == "string" and o.padding or {}
  if type(pads) == "table" then
    for i, pair in ipairs(o.padding) do pads[i] = ("%d+%d"):format(pair[1], pair[2]) end
    pads = table.concat(pads, ",")
  end
  return ("case %d: x %s, size %s, strides %s, dilation %s, %s, %s"):format(seed, table.concat(case.x, "x"),
    table.concat(case.size, "x"), table.concat(o.strides, ","), table.concat(o.dilation_rate, ","), pads, o.data_format)
end

-- Whole numbers with ties, so that the largest are exact; sometimes NaN and infinities among them.
local function numbers(below, shape, dtype, odd)
  local x = geometry.whole(below, shape, dtype)
  if odd then
    local flat = x:reshape { -1 }
    for _ = 1, x.size // 3 + 1 do flat[1 + below(x.size)] = ({ 0 / 0, -math.huge, math.huge })[1 + below(3)] end
  end
  return x
end

local function check_case(seed)
  local case = random_case(seed)
  local below, size, o = case.below, case.size, case.options
  local counting = { count_padding = below(2) == 0 }
  for key, value in pairs(o) do counting[key] = value end
  local x, finite = numbers(below, case.x, "float64", below(3) == 0), numbers(below, case.x, "float64")
  local best = R.max_pool(x, size, o)
  local g = geometry.whole(below, best.shape, "float64")
  local want = {
    best, R.max_pool_grad_x(g, x, size, o), R.max_pool_pick(finite, x, size, o), R.average_pool(finite, size, counting),
    R.average_pool_grad_x(g, case.x, size, counting),
  }
  for _, dtype in ipairs { "float32", "float64" } do
    local xd, gd, vd, before = x:astype(dtype), g:astype(dtype), finite:astype(dtype), {}
    if dtype == "float32" then best = R.max_pool(xd, size, o) end -- whose lowest number is another
    support.everywhere(function(isa, threads)
      local where = ("%s, %s, %s, %d threads"):format(text(seed, case), dtype, isa, threads)
      same(K.max_pool(xd, size, o), dtype == "float32" and best or want[1], "max of " .. where)
      same(K.max_pool_grad_x(gd, xd, size, o), want[2]:astype(dtype), "max's gradient of " .. where)
      same(K.max_pool_pick(vd, xd, size, o), want[3]:astype(dtype), "pick of " .. where)
      local average, dx = K.average_pool(vd, size, counting), K.average_pool_grad_x(gd, case.x, size, counting)
      near(average, want[4]:astype(dtype), TOLERANCE[dtype], "average of " .. where)
      near(dx, want[5]:astype(dtype), TOLERANCE[dtype], "average's gradient of " .. where)
      before[isa] = before[isa] or { average, dx }
      same(average, before[isa][1], "the bits of average of " .. where)
      same(dx, before[isa][2], "the bits of average's gradient of " .. where)
    end)
  end
end

describe("pooling over random geometry", function()
  local CASES = (tonumber(os.getenv "DWCONV_CASES") or 1000) // 4
  it(("%d geometries on %s"):format(CASES, table.concat(support.isas, ", ")), function()
    for seed = 1, CASES do check_case(seed) end
    support.covers("max_pool", "average_pool", "max_pool_grad_x", "max_pool_pick", "average_pool_grad_x")
  end)
end)

describe("pooling", function()
  local x = geometry.whole(geometry.generator(3), { 2, 7, 9, 20 }, "float32")

  it("of pool1d, pool2d and pool3d is that of windows of any rank", function()
    local line, volume = x:reshape { 2, 63, 20 }, x:reshape { 2, 7, 3, 3, 20 }
    for mode, f in pairs { max = K.max_pool, avg = K.average_pool } do
      same(K.pool1d(line, 5, { strides = 3, pool_mode = mode }), f(line, { 5 }, { strides = { 3 } }))
      same(K.pool2d(x, { 2, 3 }, { padding = "same", pool_mode = mode }), f(x, { 2, 3 }, { padding = "same" }))
      local strides = { 2, 1, 1 }
      same(K.pool3d(volume, 2, { strides = strides, pool_mode = mode }), f(volume, { 2, 2, 2 }, { strides = strides }))
    end
    same(x:pool2d(2, { strides = 2 }), K.pool2d(x, { 2, 2 }, { strides = { 2, 2 } }))
    support.covers "pool1d"
  end)

  it("of views is that of their copies", function()
    local o = { strides = { 1, 2 }, padding = "same" }
    local first = { strides = { 1, 2 }, padding = "same", data_format = "channels_first" }
    local views = {
      x[{ {}, { 2, 6 }, { 3, 8 }, {} }], x[{ {}, { -1, 1, -2 }, {}, { 2, 18 } }], x[{ {}, {}, {}, { 1, -1, 2 } }],
      x:transpose(2, 3),
    }
    support.everywhere(function()
      for _, v in ipairs(views) do
        same(K.max_pool(v, { 3, 2 }, o), K.max_pool(v:clone(), { 3, 2 }, o))
        same(K.average_pool(v, { 3, 2 }, o), K.average_pool(v:clone(), { 3, 2 }, o))
        local turned = v:permute { 1, 4, 2, 3 }
        same(K.max_pool(turned, { 3, 2 }, first):permute({ 1, 3, 4, 2 }):clone(), K.max_pool(v, { 3, 2 }, o))
        local g = K.ones_like(K.max_pool(v, { 3, 2 }, o))
        local wide = dw.zeros { g.shape[1], g.shape[2], g.shape[3], 2 * g.shape[4] }
        wide[{ {}, {}, {}, { 1, -1, 2 } }] = g
        local apart = wide[{ {}, {}, {}, { 1, -1, 2 } }]
        same(K.max_pool_grad_x(apart, v, { 3, 2 }, o), K.max_pool_grad_x(g, v:clone(), { 3, 2 }, o))
        same(K.average_pool_grad_x(apart, v.shape, { 3, 2 }, o), K.average_pool_grad_x(g, v.shape, { 3, 2 }, o))
      end
    end, { 1, 2 })
  end)

  it("gives the gradient of equal numbers to the first, in row order", function()
    local x0 = dw.zeros { 1, 3, 3, 1 }
    local tape, y = dw.record(function(v) return K.pool2d(v, 2) end, x0)
    local dx = tape:gradients(y, x0)
    assert.same({ 1, 1, 0, 1, 1, 0, 0, 0, 0 }, dx:reshape({ 9 }):to_table())
  end)

  -- K.pool2d of TensorFlow 2.21, and its gradients
  it("passes over NaN, and is never below the lowest finite number", function()
    local nan, inf, lowest = 0 / 0, math.huge, -0x1.fffffep+127
    for _, case in ipairs {
      { { nan, nan, nan, nan }, lowest, { 1, 0, 0, 0 } }, { { -inf, -inf, -inf, -inf }, lowest, { 1, 0, 0, 0 } },
      { { 1, nan, 3, 3 }, 3, { 0, 0, 1, 0 } }, { { -inf, nan, -inf, 5 }, 5, { 0, 0, 0, 1 } },
      { { inf, inf, nan, 1 }, inf, { 1, 0, 0, 0 } }, { { 0.0, -0.0, nan, nan }, 0, { 1, 0, 0, 0 } },
    } do
      local v = dw.tensor(case[1]):reshape { 1, 2, 2, 1 }
      assert.equal(case[2], K.pool2d(v, { 2, 2 }):item())
      assert.same(case[3], K.max_pool_grad_x(dw.ones { 1, 1, 1, 1 }, v, { 2, 2 }):reshape({ 4 }):to_table())
    end
    -- where TensorFlow gives the gradient to a NaN in the first place, it goes to what came out
    local dx = K.max_pool_grad_x(dw.ones { 1, 1, 1, 1 }, dw.tensor({ nan, 1, 2, nan }):reshape { 1, 2, 2, 1 }, 2)
    assert.same({ 0, 0, 1, 0 }, dx:reshape({ 4 }):to_table())
  end)

  it("of windows without a tap inside: the lowest number, and 0 for averages and gradients", function()
    -- taps at -2 and 0, -1 and 1, 0 and 2
    local v, o = dw.full({ 1, 1, 1 }, 3), { padding = { { 2, 2 } }, dilation_rate = 2 }
    assert.same({ 3, -0x1.fffffep+127, 3 }, K.max_pool(v, 2, o):reshape({ 3 }):to_table())
    assert.same({ 3, 0, 3 }, K.average_pool(v, 2, o):reshape({ 3 }):to_table())
    assert.same({ 7, 0, 7 }, K.max_pool_pick(dw.full({ 1, 1, 1 }, 7), v, 2, o):reshape({ 3 }):to_table())
    assert.equal(2, K.max_pool_grad_x(dw.ones { 1, 3, 1 }, v, 2, o):item())
    assert.equal(2, K.average_pool_grad_x(dw.ones { 1, 3, 1 }, { 1, 1, 1 }, 2, o):item())
  end)

  it("of nothing is nothing", function()
    assert.same({ 0, 2, 3, 4 }, K.pool2d(dw.zeros { 0, 4, 6, 4 }, 2, { strides = 2 }).shape)
    assert.same({ 2, 2, 3, 0 }, K.pool2d(dw.zeros { 2, 4, 6, 0 }, 2, { strides = 2, pool_mode = "avg" }).shape)
    assert.same({ 1, 0, 3 }, K.pool1d(dw.zeros { 1, 0, 3 }, 2, { padding = "same" }).shape)
    assert.same({ 0, 4, 6, 4 }, K.max_pool_grad_x(dw.zeros { 0, 3, 5, 4 }, dw.zeros { 0, 4, 6, 4 }, 2).shape)
  end)

  it("of huge windows, strides and dilations", function()
    local v = dw.arange(0, 12, 1, { dtype = "float32" }):reshape { 1, 12, 1 }
    assert.equal(11, K.max_pool(v, 12):item())
    assert.equal(5.5, K.average_pool(v, 1 << 30, { padding = "same", strides = 1 << 31 }):item())
    assert.equal(1, K.max_pool(v, 1, { strides = 1 << 31 }).size)
    same(K.max_pool(v, 3, { dilation_rate = 1 << 31, padding = "same" }), v)
    same(K.average_pool_grad_x(dw.ones { 1, 1, 1 }, v.shape, 12), dw.full(v.shape, 1 / 12))
  end)
end)

describe("pooling refuses", function()
  local x = dw.zeros { 1, 4, 5, 3 }

  it("windows that do not fit, in the words of the user", function()
    refuses(function() K.pool2d(x, { 5, 3 }) end,
      'pool2d: pool_size {5, 3} covers 5 rows but x has 4 with its padding; padding = "same" allows it')
    refuses(function() K.pool2d(x, { 2, 7 }, { padding = { { 0, 0 }, { 1, 0 } } }) end,
      "pool2d: pool_size {2, 7} covers 7 columns but x has 6 with its padding")
    refuses(function() K.max_pool(x, 3, { dilation_rate = 2 }) end,
      "max_pool: pool_size 3 with dilation_rate 2 covers 5 rows")
    refuses(function() K.pool3d(dw.zeros { 1, 1, 4, 5, 3 }, 2) end,
      "pool3d: pool_size {2, 2, 2} covers 2 planes but x has 1")
    refuses(function() K.pool1d(dw.zeros { 1, 1, 3 }, 2) end, "pool1d: pool_size {2} covers 2 steps but x has 1")
  end)

  it("what is not of its kind", function()
    refuses(function() K.pool2d(x[1], 2) end, "pool2d: x must be a tensor of rank 4, got a float32 tensor 4x5x3")
    refuses(function() K.pool2d(x:astype "int32", 2) end, "pool2d: x must be of dtype float32, float64, got int32")
    refuses(function() K.pool2d(x, { 2, 2, 2 }) end,
      "pool2d: pool_size must be a whole number or a pair {h, w}, each at least 1, got {2, 2, 2}")
    refuses(function() K.pool2d(x, 0) end, "pool_size must be a whole number or a pair {h, w}, each at least 1, got 0")
    refuses(function() K.pool2d(x, 2, { pool_mode = "mean" }) end,
      'pool_mode must be "max" or "avg", got "mean"; did you mean "avg"?')
    refuses(function() K.pool2d(x, 2, { stride = 2 }) end, 'unknown option "stride"; did you mean "strides"?')
    refuses(function() K.pool2d(x, 2, { padding = { { 1, 1 } } }) end,
      'padding must be "valid", "same" or {{top, bottom}, {left, right}}')
    refuses(function() K.max_pool(dw.zeros { 2, 3 }, 2) end,
      "max_pool: x must be a tensor of rank 3 to 5, got a float32 tensor 2x3")
    refuses(function() K.max_pool(x, { 2 }) end,
      "max_pool: pool_size must be a whole number or a table of 2 numbers, got {2}")
    refuses(function() K.max_pool(x, 2, { padding = { { 1, 1 } } }) end,
      'max_pool: padding must be "valid", "same" or a table of 2 pairs {before, after}, got ')
  end)

  it("gradients that do not fit", function()
    refuses(function() K.max_pool_grad_x(dw.zeros { 1, 3, 3, 3 }, x, 2) end,
      "max_pool_grad_x: g has shape 1x3x3x3, channels_last but the result has 1x3x4x3, channels_last")
    refuses(function() K.max_pool_grad_x(dw.zeros({ 1, 3, 4, 3 }, { dtype = "float64" }), x, 2) end,
      "g is float64 but x is float32")
    refuses(function() K.max_pool_pick(dw.zeros { 1, 4, 5, 2 }, x, 2) end, "v has shape 1x4x5x2", "x has 1x4x5x3")
    refuses(function() K.average_pool_grad_x(dw.zeros { 1, 3, 4 }, x.shape, 2) end,
      "g must be a tensor of rank 4, as x_shape")
    refuses(function() K.average_pool_grad_x(dw.zeros { 1, 3, 4, 3 }, { 1, 4 }, 2) end,
      "x_shape must have 3 to 5 axes, got 2")
    refuses(function() K.average_pool_grad_x(dw.zeros { 1, 3, 4, 3 }, { 1, 1 << 40, 1 << 40, 3 }, 2) end, "too large")
  end)
end)
