-- conv_spec.lua: convolutions of one to three axes, their gradients and the transposed convolution against a naive
-- reference over random geometry, exactly, and what they refuse. TensorFlow's results are in backend_spec.lua.

local R = require "conv_reference"
local cases = require "conv_geometry"
local dw = require "dwconv"
local geometry = require "random_geometry"
local support = require "support"
local K, refuses, same = dw.backend, support.refuses, support.same

local function whole(below, shape) return geometry.whole(below, shape, "float32") end

-- The four ops of one case, under every ISA and thread count, must give the reference's numbers exactly, in both dtypes.
local function check_case(seed)
  local case = cases.case(seed)
  local text, o, name = cases.text(seed, case), case.options, ("conv%dd"):format(case.axes)
  local x, w = whole(case.below, case.x), whole(case.below, case.kernel)
  local y = R.conv(x, w, o)
  local g = whole(case.below, y.shape)
  local dx, dk = R.conv_grad_x(g, w, case.x, o), R.conv_grad_kernel(g, x, case.kernel, o)
  for _, dtype in ipairs { "float32", "float64" } do
    local xd, wd, gd = x:astype(dtype), w:astype(dtype), g:astype(dtype)
    local yd, dxd, dkd = y:astype(dtype), dx:astype(dtype), dk:astype(dtype)
    support.everywhere(function(isa, threads)
      local where = ("%s, %s, %s, %d threads"):format(text, dtype, isa, threads)
      same(K[name](xd, wd, o), yd, "y of " .. where)
      same(K[name .. "_grad_x"](gd, wd, case.x, o), dxd, "dx of " .. where)
      same(K[name .. "_grad_kernel"](gd, xd, case.kernel, o), dkd, "dk of " .. where)
      same(K[name .. "_transpose"](gd, wd, case.x, o), dxd, "transposed, of " .. where)
    end)
  end
end

describe("convolutions over random geometry, exactly", function()
  local CASES = tonumber(os.getenv "DWCONV_CONV_CASES") or 300
  it(("%d geometries on %s"):format(CASES, table.concat(support.isas, ", ")), function()
    for seed = 1, CASES do check_case(seed) end
    for axes = 1, 3 do
      local name = ("conv%dd"):format(axes)
      support.covers(name, name .. "_grad_x", name .. "_grad_kernel", name .. "_transpose")
    end
    print(("\n%d geometries exact: %s; %s threads; float32, float64; y, dx, dk, transposed"):format(CASES,
      table.concat(support.isas, ", "), table.concat(support.threads, ", ")))
  end)
end)

describe("convolutions on views", function()
  local below = geometry.generator(98)
  local big, w = whole(below, { 2, 9, 11, 24 }), whole(below, { 3, 2, 7, 18 })
  local views = {
    ["a crop"] = big[{ {}, { 2, 8 }, { 3, 9 }, { 1, 7 } }],
    ["every second row, backwards"] = big[{ {}, { -1, 1, -2 }, {}, { 5, 11 } }],
    ["every second channel"] = big[{ {}, {}, {}, { 1, 13, 2 } }],
    ["permuted"] = big:narrow(3, 1, 9):transpose(2, 3):narrow(4, 3, 7),
    ["one image twice"] = K.broadcast_to(big[{ { 1, 1 }, {}, {}, { 1, 7 } }], { 2, 9, 11, 7 }),
  }
  for name, x in pairs(views) do
    it(name, function()
      for _, o in ipairs { { padding = "same", strides = { 1, 2 } }, { dilation_rate = 2 } } do
        local want = R.conv(x, w, o)
        local g = whole(below, want.shape)
        local wide = dw.zeros { g.shape[1], g.shape[2], g.shape[3], 2 * g.shape[4] }
        wide[{ {}, {}, {}, { 1, -1, 2 } }] = g
        local apart = wide[{ {}, {}, {}, { 1, -1, 2 } }]
        support.everywhere(function()
          same(K.conv2d(x, w, o), want)
          same(K.conv2d_grad_x(apart, w, x.shape, o), R.conv_grad_x(g, w, x.shape, o))
          same(K.conv2d_grad_kernel(apart, x, w.shape, o), R.conv_grad_kernel(g, x, w.shape, o))
        end, { 1, 2 })
      end
    end)
  end

  it("the kernel is a view too", function()
    local x = whole(below, { 1, 5, 6, 7 })
    same(K.conv2d(x, w:transpose(1, 2)), R.conv(x, w:transpose(1, 2)))
    same(K.conv2d(x, w[{ { -1, 1, -1 } }]), R.conv(x, w[{ { -1, 1, -1 } }]))
  end)
end)

-- Several bands, blocks and rounds of each driver, and kernels of one tap in every layout.
describe("convolutions of many channels, exactly", function()
  for _, case in ipairs {
    { x = { 2, 3, 4, 300 }, kernel = { 3, 3, 300, 35 }, o = { padding = "same" } }, -- several parts of the terms
    { x = { 1, 1, 2, 1040 }, kernel = { 2, 2, 1040, 530 }, o = { padding = "same" } }, -- more than a round of panels
    { x = { 1, 40, 30, 5 }, kernel = { 3, 3, 5, 48 }, o = { padding = "same", strides = 2 } }, -- bands
    { x = { 3, 200, 3 }, kernel = { 9, 3, 20 }, o = { padding = "causal", dilation_rate = 3 } },
    { x = { 2, 130, 5, 6 }, kernel = { 1, 1, 130, 40 }, o = { data_format = "channels_first" } },
    { x = { 2, 5, 6, 130 }, kernel = { 1, 1, 130, 40 }, o = { strides = { 2, 3 } } },
    { x = { 2, 9, 6, 12 }, kernel = { 3, 3, 1, 24 }, o = { padding = "same" } },
    { x = { 2, 90, 6 }, kernel = { 4, 1, 6 }, o = { padding = "causal", strides = 2 } },
    { x = { 2, 9, 20, 32 }, kernel = { 3, 3, 4, 32 }, o = { padding = "same" } }, -- small groups
    { x = { 1, 7, 15, 48 }, kernel = { 3, 5, 2, 48 }, o = { padding = { { 1, 0 }, { 2, 3 } }, strides = { 2, 3 } } },
    { x = { 2, 6, 9, 16 }, kernel = { 2, 3, 8, 16 }, o = { padding = "same", dilation_rate = { 2, 3 }, strides = { 1, 2 } } },
    { x = { 1, 40, 3, 16 }, kernel = { 36, 1, 4, 16 }, o = { padding = "same" } },
    { x = { 1, 3, 4, 5, 16 }, kernel = { 2, 2, 3, 4, 16 }, o = { padding = "same", strides = { 2, 1, 2 } } },
    { x = { 2, 30, 64 }, kernel = { 3, 4, 64 }, o = { padding = "causal" } },
  } do
    local text = table.concat(case.x, "x") .. " by " .. table.concat(case.kernel, "x")
    it(text, function()
      local below = geometry.generator(97)
      local name, o = ("conv%dd"):format(#case.x - 2), case.o
      local x, w = whole(below, case.x), whole(below, case.kernel)
      local y = R.conv(x, w, o)
      local g = whole(below, y.shape)
      local dx, dk = R.conv_grad_x(g, w, case.x, o), R.conv_grad_kernel(g, x, case.kernel, o)
      support.everywhere(function()
        same(K[name](x, w, o), y)
        same(K[name .. "_grad_x"](g, w, case.x, o), dx)
        same(K[name .. "_grad_kernel"](g, x, case.kernel, o), dk)
      end, { 1, 3 })
    end)
  end
end)

describe("convolutions of floats", function()
  it("have the same bits for every thread count", function()
    local x, w = dw.uniform({ 2, 30, 31, 20 }, { seed = 1 }), dw.uniform({ 3, 3, 20, 40 }, { seed = 2, minval = -1 })
    local o, wanted = { padding = "same", strides = { 1, 2 } }, {}
    local g = dw.uniform(K.conv2d(x, w, o).shape, { seed = 3, minval = -1 })
    support.everywhere(function(isa)
      local got = { K.conv2d(x, w, o), K.conv2d_grad_x(g, w, x.shape, o), K.conv2d_grad_kernel(g, x, w.shape, o) }
      wanted[isa] = wanted[isa] or got
      for i = 1, 3 do same(got[i], wanted[isa][i]) end
    end)
  end)

  it("of nothing are nothing, or zeros", function()
    for axes = 1, 3 do
      local name, rest = ("conv%dd"):format(axes), {}
      for i = 1, axes do rest[i] = 3 end
      local function shape(n, c)
        local s = { n, table.unpack(rest) }
        s[#s + 1] = c
        return s
      end
      local kernel = { table.unpack(rest) }
      kernel[axes + 1], kernel[axes + 2] = 2, 4
      local o = { padding = "same" }
      assert.same(shape(0, 4), K[name](dw.zeros(shape(0, 2)), dw.ones(kernel), o).shape)
      same(K[name .. "_grad_kernel"](dw.zeros(shape(0, 4)), dw.zeros(shape(0, 2)), kernel, o), dw.zeros(kernel))
      local flat_x, flat_g = shape(2, 2), shape(2, 4)
      flat_x[axes + 1], flat_g[axes + 1] = 0, 0
      assert.same(flat_g, K[name](dw.zeros(flat_x), dw.ones(kernel), o).shape)
      same(K[name .. "_grad_kernel"](dw.zeros(flat_g), dw.zeros(flat_x), kernel, o), dw.zeros(kernel))
      kernel[axes + 1] = 0
      same(K[name](dw.zeros(shape(2, 0)), dw.zeros(kernel), o), dw.zeros(shape(2, 4)))
      kernel[axes + 1], kernel[axes + 2] = 2, 0
      same(K[name .. "_grad_x"](dw.zeros(shape(2, 0)), dw.zeros(kernel), shape(2, 2), o), dw.zeros(shape(2, 2)))
    end
  end)

  it("let NaN through where a window sees it, and nowhere else", function()
    local x = dw.zeros { 1, 5, 5, 2 }
    x[{ 1, 3, 3, 1 }] = 0 / 0
    local nan = K.isnan(K.conv2d(x, dw.ones { 3, 3, 2, 1 }, { padding = "same" })):reshape { 5, 5 }
    for i = 1, 5 do
      for j = 1, 5 do assert.equal(math.abs(i - 3) <= 1 and math.abs(j - 3) <= 1, nan(i, j)) end
    end
  end)
end)

describe("convolutions refuse", function()
  local x, w = dw.ones { 1, 4, 5, 2 }, dw.ones { 2, 2, 2, 3 }

  it("what does not fit, in the user's words", function()
    for text, f in pairs {
      ["conv2d: x must be a tensor of rank 4 (n,h,w,c), got"] = function() K.conv2d(dw.ones { 4, 5, 2 }, w) end,
      ["conv2d: kernel must be a tensor of rank 4 (kh,kw,cin,cout), got"] = function() K.conv2d(x, dw.ones { 2, 3 }) end,
      ["conv2d: x has 2 channels (1x4x5x2, channels_last) but kernel has 3 (2x2x3x3); x must have as many, or a multiple "
        .. "of them"] = function() K.conv2d(x, dw.ones { 2, 2, 3, 3 }) end,
      ["but kernel has 2 (2x2x2x3); is x channels_first?"] = function() K.conv2d(dw.ones { 1, 2, 4, 5 }, w) end,
      ["conv2d: kernel has 3 output channels (2x2x2x3), which the 2 groups of x's channels do not divide"] = function()
        K.conv2d(dw.ones { 1, 4, 5, 4 }, w)
      end,
      ["conv2d: kernel (5x2x2x3) covers 5 rows but x has 4 with its padding; padding = \"same\" allows it"] = function()
        K.conv2d(x, dw.ones { 5, 2, 2, 3 })
      end,
      ["conv1d: kernel (3x2x3) with dilation_rate 4 covers 9 steps but x has 5 with its padding"] = function()
        K.conv1d(dw.ones { 1, 5, 2 }, dw.ones { 3, 2, 3 }, { dilation_rate = 4 })
      end,
      ["conv3d: kernel (4x1x1x2x3) covers 4 planes but x has 3"] = function()
        K.conv3d(dw.ones { 1, 3, 3, 3, 2 }, dw.ones { 4, 1, 1, 2, 3 })
      end,
      ["conv2d: x is float32 but kernel is float64"] = function() K.conv2d(x, w:astype "float64") end,
      ["conv2d: x must be of dtype float32, float64, got int32"] = function()
        K.conv2d(x:astype "int32", w:astype "int32")
      end,
      ['conv2d: padding must be "valid", "same" or {{top, bottom}, {left, right}}, got "causal"'] = function()
        K.conv2d(x, w, { padding = "causal" })
      end,
      ['conv1d: padding must be "valid", "same", "causal" or {before, after}, got {1}'] = function()
        K.conv1d(dw.ones { 1, 5, 2 }, dw.ones { 2, 2, 3 }, { padding = { 1 } })
      end,
      ['conv2d: unknown option "stride"; did you mean "strides"?'] = function() K.conv2d(x, w, { stride = 2 }) end,
      ["conv3d: strides must be a whole number or {d, h, w}, each at least 1, got {1, 2}"] = function()
        K.conv3d(dw.ones { 1, 3, 3, 3, 2 }, dw.ones { 2, 1, 1, 2, 3 }, { strides = { 1, 2 } })
      end,
      ["conv2d_transpose: x has shape 1x4x4x2 but output_shape 1x12x9x3 leads back to 1x5x4x2"] = function()
        K.conv2d_transpose(dw.ones { 1, 4, 4, 2 }, dw.ones { 3, 3, 3, 2 }, { 1, 12, 9, 3 }, { strides = 2 })
      end,
      ["conv2d_transpose: output_shape must have 4 axes, got 3"] = function()
        K.conv2d_transpose(dw.ones { 1, 4, 4, 2 }, dw.ones { 3, 3, 3, 2 }, { 9, 9, 3 }, { strides = 2 })
      end,
      ["conv2d_grad_x: g has shape 1x4x5x3 but the convolution's result has 1x3x4x3"] = function()
        K.conv2d_grad_x(dw.ones { 1, 4, 5, 3 }, w, { 1, 4, 5, 2 })
      end,
      ["depthwise_conv1d: x has 2 channels (1x5x2, channels_last) but depthwise_kernel has 3 (2x3x1)"] = function()
        K.depthwise_conv1d(dw.ones { 1, 5, 2 }, dw.ones { 2, 3, 1 })
      end,
      ["separable_conv2d: pointwise_kernel (1x1x3x4) must have 4 input channels, as depthwise_kernel (2x2x2x2) gives"] =
        function() K.separable_conv2d(x, dw.ones { 2, 2, 2, 2 }, dw.ones { 1, 1, 3, 4 }) end,
      ["separable_conv2d: pointwise_kernel must have size 1 along the axes of the image, got 2x1x4x4"] = function()
        K.separable_conv2d(x, dw.ones { 2, 2, 2, 2 }, dw.ones { 2, 1, 4, 4 })
      end,
      ["bias_add: bias has shape 3 but x (1x4x5x2, channels_last) takes 2"] = function() K.bias_add(x, dw.ones { 3 }) end,
      ["bias_add: bias must be of rank 1 or 3 for an x of rank 4, got 5x2"] = function()
        K.bias_add(x, dw.ones { 5, 2 })
      end,
      ["local_conv1d: kernel must be of shape 4x4x(filters): positions of the result, numbers in a window; got 3x4x3"] =
        function() K.local_conv1d(dw.ones { 1, 5, 2 }, dw.ones { 3, 4, 3 }, 2, 1) end,
      ["local_conv1d: kernel_size covers 6 positions but inputs have 5"] = function()
        K.local_conv1d(dw.ones { 1, 5, 2 }, dw.ones { 3, 4, 3 }, 6, 1)
      end,
      ["local_conv1d: inputs is float32 but kernel is float64"] = function()
        K.local_conv1d(dw.ones { 1, 5, 2 }, dw.ones({ 4, 4, 3 }, { dtype = "float64" }), 2, 1)
      end,
      ["bias_add: x is float32 but bias is float64"] = function() K.bias_add(x, dw.ones({ 2 }, { dtype = "float64" })) end,
      ["separable_conv2d: x is float32 but pointwise_kernel is float64"] = function()
        K.separable_conv2d(x, dw.ones { 2, 2, 2, 2 }, dw.ones({ 1, 1, 4, 4 }, { dtype = "float64" }))
      end,
      ["depthwise_conv1d: depthwise_kernel (3x2x1) with dilation_rate 3 covers 7 steps but x has 6 with its padding"] =
        function()
          K.depthwise_conv1d(dw.ones { 1, 5, 2 }, dw.ones { 3, 2, 1 }, { dilation_rate = 3, padding = { 0, 1 } })
        end,
      ["conv2d_transpose: x has 4 channels (1x4x4x4, channels_last) but kernel has 2 (3x3x3x2)"] = function()
        K.conv2d_transpose(dw.ones { 1, 4, 4, 4 }, dw.ones { 3, 3, 3, 2 }, { 1, 9, 9, 3 }, { strides = 2 })
      end,
    } do
      refuses(f, text)
    end
  end)

  it("convolves depthwise without channels", function()
    same(K.depthwise_conv1d(dw.zeros { 2, 5, 0 }, dw.zeros { 3, 0, 2 }), dw.zeros { 2, 3, 0 })
    same(K.separable_conv1d(dw.zeros { 2, 5, 0 }, dw.zeros { 3, 0, 2 }, dw.zeros { 1, 0, 4 }), dw.zeros { 2, 3, 4 })
  end)
end)
