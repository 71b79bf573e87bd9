-- depthwise_spec.lua: depthwise_conv2d and its gradients against the tables of the spec (sections 1.6 and 3), against
-- TensorFlow's own results, and against the naive reference over random geometry, exactly.

local dw = require "dwconv"
local K = dw.backend
local R = require "reference"
local cases = require "depthwise_cases"
local geometry = require "random_geometry"
local support = require "support"
local refuses = support.refuses
local same, near = support.same, support.near

local function counted(shape, first, dtype) -- first, first+1, ... in row-major order
  local n = 1
  for _, s in ipairs(shape) do n = n * s end
  return dw.arange(first, first + n, 1, { dtype = dtype or "float64" }):reshape(shape)
end

local function flat(t) return t:reshape({ -1 }):to_table() end

describe("depthwise_conv2d by hand (spec 3.2)", function()
  for _, case in ipairs(require "tables.by_hand") do
    it(case.name, function()
      local x, w = counted(case.x, 1), counted(case.kernel, 1)
      support.everywhere(function(isa, threads)
        assert.same(case.y, flat(K.depthwise_conv2d(x, w, case.options)), isa .. " " .. threads)
        assert.same(case.y, flat(K.depthwise_conv2d(x:astype "float32", w:astype "float32", case.options)))
      end)
    end)
  end
end)

-- sum, sum of squares, sum of y[i] * (i mod 97 + 1), first, middle, last
local function checksums(y)
  local ys, sum, squares, weighted = flat(y), 0, 0, 0
  for i, v in ipairs(ys) do
    sum, squares, weighted = sum + v, squares + v * v, weighted + v * ((i - 1) % 97 + 1)
  end
  return { sum, squares, weighted, ys[1], ys[#ys // 2 + 1], ys[#ys] }
end

describe("depthwise_conv2d against TensorFlow's checksums (spec 3.1)", function()
  for _, case in ipairs(require "tables.checksums") do
    it("row " .. case.name, function()
      local x, w = counted(case.x, 1), counted(case.kernel, 1)
      -- x.flat[i] = (i+1)/size: the convolution is bilinear, so the sizes are divided out afterwards
      local scale = x.size * w.size
      local y = K.depthwise_conv2d(x, w, case.options)
      assert.same(case.shape, y.shape)
      local got = checksums(y)
      for i, power in ipairs { 1, 2, 1, 1, 1, 1 } do
        local value, want = got[i] / scale ^ power, case.want[i]
        assert.is_true(math.abs(value - want) <= 1e-10 * math.abs(want) + 1e-15,
          ("checksum %d is %.12g, should be %.12g"):format(i, value, want))
      end
    end)
  end
end)

describe("depthwise_conv2d against Keras 3's checksums (spec 3.3)", function()
  local x, w = counted({ 2, 10, 10, 3 }, 0), counted({ 2, 2, 3, 2 }, 0)
  for _, case in ipairs(require "tables.keras3") do
    it(("strides %d, dilation_rate %d, %s"):format(case.s, case.d, case.padding), function()
      local o = { strides = case.s, dilation_rate = case.d, padding = case.padding }
      local got = checksums(K.depthwise_conv2d(x, w, o))
      assert.same({ case[1], case[2], case[3] }, { got[1], got[3], got[6] })
    end)
  end
end)

describe("depthwise_conv2d, sizes where TensorFlow 2.2 is wrong (spec 1.6)", function()
  for _, case in ipairs(require "tables.starts") do
    it(("n=%d k=%d s=%d d=%d %s"):format(case.n, case.k, case.s, case.d, case.padding), function()
      -- A kernel with a single one at tap u reads x where window + u*d is: position + 1, or 0 on padding.
      local x = counted({ 1, case.n, 1, 1 }, 1)
      for u = 0, case.k - 1 do
        local w = dw.zeros({ case.k, 1, 1, 1 }, { dtype = "float64" })
        w[u + 1] = dw.ones({ 1, 1, 1 }, { dtype = "float64" })
        local want = {}
        for i, start in ipairs(case.starts) do
          local at = start + u * case.d
          want[i] = at >= 0 and at < case.n and at + 1.0 or 0.0
        end
        local o = { strides = { case.s, 1 }, dilation_rate = { case.d, 1 }, padding = case.padding }
        assert.same(want, flat(K.depthwise_conv2d(x, w, o)))
      end
    end)
  end
end)

describe("depthwise_conv2d against TensorFlow's results", function()
  for _, case in ipairs(cases.load()) do
    it(("%s (%s)"):format(case.name, case.source), function()
      local a = case:tensors()
      local o = { strides = case.strides, padding = case.padding, dilation_rate = case.dilation_rate,
        data_format = case.data_format }
      local tolerance = { rtol = 0, atol = case.tolerance } -- mostly 0: inputs are such that no sum rounds
      support.everywhere(function(isa, threads)
        local where = isa .. " " .. threads
        near(K.depthwise_conv2d(a.x, a.kernel, o), a.y, tolerance, "y " .. where)
        near(K.depthwise_conv2d_grad_x(a.g, a.kernel, a.x.shape, o), a.dx, tolerance, "dx " .. where)
        near(K.depthwise_conv2d_grad_kernel(a.g, a.x, a.kernel.shape, o), a.dk, tolerance, "dk " .. where)
      end, { 1, 2 })
    end)
  end
end)

-- The three ops of one case, under every ISA and thread count, must give the reference's numbers exactly; and float64,
-- whose inputs are the same whole numbers, must too.
local function check_case(seed)
  local case = geometry.case(seed)
  local text, o = geometry.text(seed, case), case.options
  local x, w = geometry.whole(case.below, case.x, "float32"), geometry.whole(case.below, case.kernel, "float32")
  local y = R.depthwise_conv2d(x, w, o)
  local g = geometry.whole(case.below, y.shape, "float32")
  local dx = R.depthwise_conv2d_grad_x(g, w, case.x, o)
  local dk = R.depthwise_conv2d_grad_kernel(g, x, case.kernel, o)
  for _, dtype in ipairs { "float32", "float64" } do
    local xd, wd, gd = x:astype(dtype), w:astype(dtype), g:astype(dtype)
    local yd, dxd, dkd = y:astype(dtype), dx:astype(dtype), dk:astype(dtype)
    support.everywhere(function(isa, threads)
      local where = ("%s, %s, %s, %d threads"):format(text, dtype, isa, threads)
      same(K.depthwise_conv2d(xd, wd, o), yd, "y of " .. where)
      same(K.depthwise_conv2d_grad_x(gd, wd, case.x, o), dxd, "dx of " .. where)
      same(K.depthwise_conv2d_grad_kernel(gd, xd, case.kernel, o), dkd, "dk of " .. where)
    end)
  end
end

describe("depthwise_conv2d over random geometry, exactly", function()
  local CASES = tonumber(os.getenv "DWCONV_CASES") or 1000
  it(("%d geometries on %s"):format(CASES, table.concat(support.isas, ", ")), function()
    for seed = 1, CASES do check_case(seed) end
    print(("\n%d geometries exact: %s; %s threads; float32, float64; y, dx, dk"):format(CASES,
      table.concat(support.isas, ", "), table.concat(support.threads, ", ")))
  end)
end)

describe("depthwise_conv2d on views", function()
  local below = geometry.generator(99)
  local big, w = geometry.whole(below, { 2, 12, 14, 40 }, "float32"), geometry.whole(below, { 3, 3, 17, 1 }, "float32")
  local views = {
    ["a crop"] = big[{ {}, { 2, 10 }, { 3, 12 }, { 1, 17 } }],
    ["every second row, backwards"] = big[{ {}, { -1, 1, -2 }, {}, { 5, 21 } }],
    ["every second channel"] = big[{ {}, {}, {}, { 1, 33, 2 } }],
    ["permuted"] = big:narrow(3, 1, 12):transpose(2, 3):narrow(4, 3, 17),
  }
  for name, x in pairs(views) do
    it(name, function()
      local o = { padding = "same", strides = { 1, 2 } }
      local want = R.depthwise_conv2d(x, w, o)
      local g = geometry.whole(below, want.shape, "float32")
      local wide = dw.zeros { g.shape[1], g.shape[2], g.shape[3], 2 * g.shape[4] }
      wide[{ {}, {}, {}, { 1, -1, 2 } }] = g
      local apart = wide[{ {}, {}, {}, { 1, -1, 2 } }]
      support.everywhere(function()
        same(K.depthwise_conv2d(x, w, o), want)
        same(K.depthwise_conv2d(x, w:transpose(1, 2), o), R.depthwise_conv2d(x, w:transpose(1, 2), o))
        same(K.depthwise_conv2d_grad_x(apart, w, x.shape, o), R.depthwise_conv2d_grad_x(g, w, x.shape, o))
        same(K.depthwise_conv2d_grad_kernel(apart, x, w.shape, o), R.depthwise_conv2d_grad_kernel(g, x, w.shape, o))
      end)
    end)
  end
end)

describe("depthwise_conv2d, properties on whole numbers", function()
  local below = geometry.generator(5)
  local x, w = geometry.whole(below, { 2, 9, 11, 6 }, "float32"), geometry.whole(below, { 3, 4, 6, 2 }, "float32")

  it("a stride is the plain result subsampled", function()
    same(K.depthwise_conv2d(x, w, { strides = { 2, 3 } }), K.depthwise_conv2d(x, w)[{ {}, { 1, -1, 2 }, { 1, -1, 3 } }]:clone())
  end)

  it("a dilation is a kernel with zeros between", function()
    local apart = dw.zeros { 5, 10, 6, 2 }
    apart[{ { 1, 5, 2 }, { 1, 10, 3 } }] = w
    local o = { strides = 2, padding = "same" }
    local dilated = { strides = 2, padding = "same", dilation_rate = { 2, 3 } }
    same(K.depthwise_conv2d(x, w, dilated), K.depthwise_conv2d(x, apart, o))
  end)

  it("channels_first is channels_last, permuted", function()
    local first = K.depthwise_conv2d(x:permute { 1, 4, 2, 3 }, w, { data_format = "channels_first", padding = "same" })
    same(first:permute({ 1, 3, 4, 2 }):clone(), K.depthwise_conv2d(x, w, { padding = "same" }))
  end)

  it("the gradients are adjoint: <conv(x, w), g> = <x, grad_x(g)> = <w, grad_kernel(g)>", function()
    local o = { strides = { 2, 1 }, dilation_rate = { 1, 2 }, padding = { { 2, 1 }, { 0, 3 } } }
    local y = K.depthwise_conv2d(x, w, o)
    local g = geometry.whole(below, y.shape, "float32")
    local function dot(a, b)
      local sum, bs = 0, flat(b)
      for i, v in ipairs(flat(a)) do sum = sum + v * bs[i] end
      return sum
    end
    local want = dot(y, g)
    assert.is_true(want ~= 0)
    assert.equal(want, dot(x, K.depthwise_conv2d_grad_x(g, w, x.shape, o)))
    assert.equal(want, dot(w, K.depthwise_conv2d_grad_kernel(g, x, w.shape, o)))
  end)

  it("K.image_data_format() is the default layout", function()
    local first = x:permute({ 1, 4, 2, 3 }):clone()
    local want = K.depthwise_conv2d(first, w, { data_format = "channels_first" })
    local _ <close> = support.with { image_data_format = "channels_first" }
    same(K.depthwise_conv2d(first, w), want)
  end)

  it("is a method too", function()
    same(x:depthwise_conv2d(w, { strides = 2 }), K.depthwise_conv2d(x, w, { strides = 2 }))
  end)
end)

describe("depthwise_conv2d, empty and extreme", function()
  local function shapes(x, kernel, o)
    local y = K.depthwise_conv2d(dw.zeros(x), dw.zeros(kernel), o)
    local g = dw.ones(y.shape)
    local dx = K.depthwise_conv2d_grad_x(g, dw.ones(kernel), x, o)
    local dk = K.depthwise_conv2d_grad_kernel(g, dw.ones(x), kernel, o)
    assert.same(x, dx.shape)
    assert.same(kernel, dk.shape)
    for _, v in ipairs(flat(dk)) do assert.equal(0, v) end
    return y.shape
  end

  it("an empty batch, image, channel or multiplier gives an empty result, and zeros as gradients", function()
    assert.same({ 0, 3, 4, 6 }, shapes({ 0, 5, 6, 3 }, { 3, 3, 3, 2 }))
    assert.same({ 2, 0, 4, 6 }, shapes({ 2, 0, 6, 3 }, { 3, 3, 3, 2 }))
    assert.same({ 2, 5, 0, 6 }, shapes({ 2, 5, 0, 3 }, { 3, 3, 3, 2 }, { padding = "same" }))
    assert.same({ 2, 3, 4, 0 }, shapes({ 2, 5, 6, 0 }, { 3, 3, 0, 2 }))
    assert.same({ 2, 3, 4, 0 }, shapes({ 2, 5, 6, 3 }, { 3, 3, 3, 0 }))
  end)

  it("dx is all zeros, not leftovers, where the multiplier is empty", function()
    local dx = K.depthwise_conv2d_grad_x(dw.zeros { 1, 3, 3, 0 }, dw.zeros { 2, 2, 2, 0 }, { 1, 4, 4, 2 })
    support.same(dx, dw.zeros { 1, 4, 4, 2 })
  end)

  it("huge strides and dilations", function()
    local x = counted({ 1, 3, 4, 1 }, 1, "float32")
    local ones = dw.ones { 3, 3, 1, 1 }
    assert.same({ 1 }, flat(K.depthwise_conv2d(x, dw.ones { 1, 1, 1, 1 }, { strides = 2 ^ 31 })))
    assert.same(flat(x), flat(K.depthwise_conv2d(x, ones, { dilation_rate = 2 ^ 31, padding = "same" })))
    local o = { dilation_rate = 2 ^ 30, strides = { 2 ^ 31, 3 }, padding = "same" }
    same(K.depthwise_conv2d(x, ones, o), R.depthwise_conv2d(x, ones, o))
  end)

  it("NaN and infinity reach only the outputs they belong to", function()
    local x, w = dw.zeros { 1, 5, 5, 20 }, dw.ones { 3, 3, 20, 1 }
    x[{ 1, 1, 1, 7 }] = 0 / 0
    x[{ 1, 5, 5, 9 }] = math.huge
    support.everywhere(function()
      local y = K.depthwise_conv2d(x, w, { padding = "same" })
      for i = 1, 5 do
        for j = 1, 5 do
          for c = 1, 20 do
            local v = y(1, i, j, c)
            if c == 7 and i <= 2 and j <= 2 then assert.is_true(v ~= v)
            elseif c == 9 and i >= 4 and j >= 4 then assert.equal(math.huge, v)
            else assert.equal(0, v) end
          end
        end
      end
    end)
  end)

  it("padding taps are skipped: an infinite kernel does not poison the border", function()
    local w = dw.full({ 3, 3, 8, 1 }, math.huge)
    support.everywhere(function()
      local y = K.depthwise_conv2d(dw.ones { 1, 4, 5, 8 }, w, { padding = "same" })
      same(y, dw.full({ 1, 4, 5, 8 }, math.huge))
    end)
  end)

  it("a stride as long as the image: the gradient finds its tap at once", function()
    local n = 1 << 22 -- were each tap asked of each column, this would take hours
    local x, w = dw.ones { 1, 2, n, 1 }, dw.ones { 1, n, 1, 1 }
    local o = { strides = { 1, n }, padding = "same" }
    local dx = K.depthwise_conv2d_grad_x(dw.ones { 1, 2, 1, 1 }, w, x.shape, o)
    same(dx, dw.ones { 1, 2, n, 1 })
  end)
end)

describe("depthwise_conv2d and a collector that acts in the middle of it", function()
  it("a finaliser that sets threads or the ISA does not change the call that runs", function()
    local core = require "dwconv.core"
    local x, w = dw.ones { 2, 1, 2000, 1 }, dw.ones { 1, 200, 1, 100 }
    local isa, want = core.build().isa, nil
    local _ <close> = support.with { threads = 1, isa = "base", grain = 0, collector = "generational" }
    for i = 1, 40 do
      dw.set_threads(1)
      core.set_isa "base"
      setmetatable({}, { __gc = function()
        dw.set_threads(8)
        core.set_isa(isa)
      end })
      local y = K.depthwise_conv2d(x, w, { strides = 200 })
      want = want or y
      same(y, want, "call " .. i)
    end
  end)

  it("columns behind the last one that is read cost nothing", function()
    local n = 2 ^ 24 | 0
    local y = K.depthwise_conv2d(dw.ones { 1, 1, n, 1 }, dw.full({ 1, 1, 1, n }, 3), { strides = n })
    assert.same({ 1, 1, 1, n }, y.shape)
    assert.same(3 * n, K.sum(y):item() // 1)
  end)

  it("scratch that cannot be counted is refused", function()
    local n = 2 ^ 24 | 0
    local _ <close> = support.with { threads = dw.threads() }
    if not pcall(dw.set_threads, 1024) then return end
    local message = support.error_of(K.depthwise_conv2d, dw.zeros { 2, 1, n, 1 }, dw.zeros { 1, 1, 1, n }, { strides = n // 2 })
    assert.truthy(message:find "not enough memory" or message:find "63 bits", message)
  end)
end)

describe("errors of depthwise_conv2d", function()
  local x, w = dw.zeros { 1, 8, 9, 3 }, dw.zeros { 3, 3, 3, 1 }

  it("say what was expected and what came", function()
    refuses(function() K.depthwise_conv2d(x, w:astype "float64") end,
      "depthwise_conv2d: x is float32 but depthwise_kernel is float64; convert one with astype")
    refuses(function() K.depthwise_conv2d(dw.zeros { 1, 224, 224, 3 }, dw.zeros { 3, 3, 4, 1 }) end,
      "depthwise_conv2d: x has 3 channels (1x224x224x3, channels_last) but depthwise_kernel has 4 (3x3x4x1)")
    refuses(function() K.depthwise_conv2d(x:permute { 1, 4, 2, 3 }, w) end, "x has 9 channels (1x3x8x9, channels_last)",
      "is x channels_first?")
    refuses(function() K.depthwise_conv2d(x, w, { data_format = "channels_first" }) end,
      "x has 8 channels (1x8x9x3, channels_first)", "is x channels_last?")
    refuses(function() K.depthwise_conv2d(x, w, { padding = "SAME" }) end,
      'padding must be "valid", "same" or {{top, bottom}, {left, right}}, got "SAME"; did you mean "same"?')
    refuses(function() K.depthwise_conv2d(x, w, { stride = 2 }) end, 'unknown option "stride"; did you mean "strides"?')
    refuses(function() K.depthwise_conv2d(x, w, { data_format = "NHWC" }) end,
      'data_format must be "channels_last" or "channels_first", got "NHWC"; did you mean "channels_last"?')
    refuses(function() K.depthwise_conv2d(dw.zeros { 1, 4, 9, 3 }, dw.zeros { 5, 3, 3, 1 }) end,
      "depthwise_kernel (5x3x3x1) covers 5 rows but x has 4 with its padding")
    refuses(function() K.depthwise_conv2d(x, w, { dilation_rate = { 1, 5 } }) end, "covers 11 columns but x has 9")
    refuses(function() K.depthwise_conv2d(x, w, { dilation_rate = { 1, 7 }, padding = { { 0, 0 }, { 2, 3 } } }) end,
      "covers 15 columns but x has 14 with its padding")
    refuses(function() K.depthwise_conv2d(x, dw.zeros { 0, 3, 3, 1 }) end, "must have at least one row and column")
    refuses(function() K.depthwise_conv2d(x[1], w) end, "x must be a tensor of rank 4 (n,h,w,c), got a float32 tensor 8x9x3")
    refuses(function() K.depthwise_conv2d(x, w[1]) end, "depthwise_kernel must be a tensor of rank 4 (kh,kw,c,m)")
    refuses(function() K.depthwise_conv2d(x:astype "int32", w:astype "int32") end, "x must be of dtype float32, float64, got int32")
    refuses(function() K.depthwise_conv2d(x, w, { padding = { { 2 ^ 31, 0 }, { 2 ^ 31, 0 } } }) end, "depthwise_conv2d: ")
    refuses(function() K.depthwise_conv2d(x, w, { padding = { { 2 ^ 32, 0 }, { 0, 0 } } }) end, "depthwise_conv2d: padding")
  end)

  it("of the gradients too", function()
    local g = dw.zeros { 1, 6, 7, 3 }
    refuses(function() K.depthwise_conv2d_grad_x(dw.zeros { 1, 6, 6, 3 }, w, x.shape) end,
      "depthwise_conv2d_grad_x: g has shape 1x6x6x3 but the convolution's result has 1x6x7x3")
    refuses(function() K.depthwise_conv2d_grad_x(g:astype "float64", w, x.shape) end, "g is float64 but depthwise_kernel is float32")
    refuses(function() K.depthwise_conv2d_grad_x(g, w, { 1, 8, 9 }) end, "x_shape must have 4 axes, got 3")
    refuses(function() K.depthwise_conv2d_grad_x(g, w, { 1, 8, 9, 2 }) end, "x_shape has 2 channels")
    refuses(function() K.depthwise_conv2d_grad_x(g, w, { 2 ^ 40, 2 ^ 40, 1, 3 }) end, "x_shape", "too large")
    refuses(function() K.depthwise_conv2d_grad_kernel(g, x, { 3, 4, 3, 1 }) end, "g has shape 1x6x7x3")
    refuses(function() K.depthwise_conv2d_grad_kernel(g, x, { 1879048192, 1879048192, 3, 1879048192 }) end, "too large")
    refuses(function() K.depthwise_conv2d_grad_kernel(g, x, { 3, 3, 3, -1 }) end, "kernel_shape[4]")
  end)
end)
