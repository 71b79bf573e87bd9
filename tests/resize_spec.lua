-- resize_spec.lua: resizing and its gradient against loops in Lua over random sizes, for every ISA and thread count and
-- every dtype; that the two are adjoint; views; what is refused.

local dw = require "dwconv"
local R = require "image_reference"
local geometry = require "random_geometry"
local support = require "support"
local K, refuses, same, near = dw.backend, support.refuses, support.same, support.near

local TOLERANCE = { float32 = { rtol = 1e-6, atol = 4e-6 }, float64 = { rtol = 1e-14, atol = 1e-14 } }

-- Sizes from a third to three times those of an image; some are the same, some whole factors.
local function random_sizes(below, shape, format, axes)
  local sizes = {}
  for i = 1, axes do
    local n = shape[i + (format == "channels_first" and 2 or 1)]
    sizes[i] = ({ n, 2 * n, 3 * n, 1 + below(3 * n), 1 + below(n), 1 })[1 + below(6)]
  end
  return sizes
end

local function check_case(seed)
  local below = geometry.generator(seed)
  local shape, format, axes = R.image(below)
  local sizes = random_sizes(below, shape, format, axes)
  local x = geometry.whole(below, shape, "float64")
  for _, interpolation in ipairs { "nearest", "bilinear" } do
    local o = { data_format = format, interpolation = interpolation }
    local y = R.resize(x, sizes, o)
    local g = geometry.whole(below, y.shape, "float64")
    local dx = R.resize_grad_x(g, shape, sizes, o)
    local back = {}
    for i = 1, axes do back[i] = shape[i + (format == "channels_first" and 2 or 1)] end
    for _, dtype in ipairs { "float32", "float64" } do
      local xd, gd, before = x:astype(dtype), g:astype(dtype), {}
      support.everywhere(function(isa, threads)
        local where = ("case %d: %s to %s, %s, %s, %s, %s, %d threads"):format(seed, table.concat(shape, "x"),
          table.concat(sizes, "x"), format, interpolation, dtype, isa, threads)
        local got, got_dx = K.resize(xd, sizes, o), K.resize_grad_x(gd, back, o)
        near(got, y:astype(dtype), interpolation == "nearest" and { rtol = 0, atol = 0 } or TOLERANCE[dtype],
          "y of " .. where)
        near(got_dx, dx:astype(dtype), TOLERANCE[dtype], "dx of " .. where)
        before[isa] = before[isa] or { got, got_dx }
        same(got, before[isa][1], "the bits of y of " .. where)
        same(got_dx, before[isa][2], "the bits of dx of " .. where)
      end)
    end
  end
end

describe("resize over random sizes", function()
  local CASES = (tonumber(os.getenv "DWCONV_CASES") or 1000) // 8
  it(("%d images on %s"):format(CASES, table.concat(support.isas, ", ")), function()
    for seed = 1, CASES do check_case(seed) end
    support.covers("resize", "resize_grad_x")
  end)

  it("moves every dtype to the nearest, and nothing else", function()
    local below = geometry.generator(7)
    for _, dtype in ipairs { "int32", "int64", "uint8" } do
      for _, shape in ipairs { { 2, 4, 5, 3 }, { 1, 3, 4, 40 } } do
        local x = K.abs(geometry.whole(below, shape, "float32")):astype(dtype)
        for _, format in ipairs { "channels_last", "channels_first" } do
          local o = { interpolation = "nearest", data_format = format }
          support.everywhere(function() same(K.resize(x, { 7, 3 }, o), R.resize(x, { 7, 3 }, o)) end, { 1, 2 })
        end
      end
    end
    local bools = dw.tensor({ true, false }):reshape { 1, 2, 1 }
    local four = K.resize(bools, 4, { interpolation = "nearest" })
    assert.same({ true, true, false, false }, four:reshape({ 4 }):to_table())
    local odd = K.resize(dw.tensor({ 0 / 0, math.huge }):reshape { 1, 2, 1 }, 3, { interpolation = "nearest" })
    assert.is_true(odd(1, 1, 1) ~= odd(1, 1, 1))
    assert.equal(math.huge, odd(1, 3, 1))
  end)
end)

describe("resize", function()
  local x = geometry.whole(geometry.generator(3), { 2, 5, 7, 18 }, "float64")

  it("and its gradient are adjoint", function()
    for _, o in ipairs { { interpolation = "nearest" }, { interpolation = "bilinear" } } do
      local y = K.resize(x, { 8, 3 }, o)
      local g = geometry.whole(geometry.generator(4), y.shape, "float64")
      support.near(K.sum(y * g), K.sum(x * K.resize_grad_x(g, { 5, 7 }, o)), { rtol = 1e-13, atol = 0 })
    end
  end)

  it("of one pixel, or to the same size, changes nothing", function()
    for _, o in ipairs { { interpolation = "nearest" }, { interpolation = "bilinear" } } do
      same(K.resize(x, { 5, 7 }, o), x)
      same(K.resize(dw.full({ 1, 1, 1, 3 }, 7), { 4, 9 }, o), dw.full({ 1, 4, 9, 3 }, 7))
    end
  end)

  it("takes from the pixels an output needs, and from no others", function()
    local v = dw.tensor({ 1, 0 / 0, 3 }):reshape { 1, 3, 1 }
    local y = K.resize(v, 3)
    assert.same({ 1, 3 }, { y(1, 1, 1), y(1, 3, 1) })
  end)

  it("of views is that of their copies", function()
    local views = {
      x[{ {}, { 2, 4 }, { 2, 6 }, {} }], x[{ {}, {}, { -1, 1, -2 }, { 1, -1, 2 } }], x:transpose(2, 3),
    }
    for _, v in ipairs(views) do
      for _, o in ipairs { { interpolation = "nearest" }, { interpolation = "bilinear" } } do
        same(K.resize(v, { 6, 4 }, o), K.resize(v:clone(), { 6, 4 }, o))
        same(K.resize_grad_x(v, { 6, 4 }, o), K.resize_grad_x(v:clone(), { 6, 4 }, o))
      end
    end
  end)

  it("bilinear makes whole numbers floats", function()
    local x0 = dw.tensor({ 1, 2 }, { dtype = "uint8" }):reshape { 1, 1, 2, 1 }
    local y = K.resize_images(x0, 1, 2, "channels_last", { interpolation = "bilinear" })
    assert.equal("float32", y.dtype)
    assert.same({ 1, 1.25, 1.75, 2 }, y:reshape({ 4 }):to_table())
  end)

  it("resize_images and resize_volumes repeat", function()
    same(K.resize_images(x, 2, 3, "channels_last"), K.repeat_elements(K.repeat_elements(x, 2, 2), 3, 3))
    local volume = x:reshape { 2, 5, 7, 6, 3 }
    same(K.resize_volumes(volume, 2, 1, 3, "channels_first"), K.repeat_elements(K.repeat_elements(volume, 2, 3), 3, 5))
    support.covers("resize_images", "resize_volumes")
  end)

  it("of no images or channels is empty", function()
    assert.same({ 0, 6, 4, 3 }, K.resize(dw.zeros { 0, 2, 2, 3 }, { 6, 4 }).shape)
    assert.same({ 1, 6, 4, 0 }, K.resize(dw.zeros { 1, 2, 2, 0 }, { 6, 4 }).shape)
    assert.same({ 0, 6, 4, 3 }, K.resize_grad_x(dw.zeros { 0, 2, 2, 3 }, { 6, 4 }).shape)
  end)

  it("refuses what makes no sense", function()
    local image = dw.zeros { 1, 2, 2, 3 }
    refuses(function() K.resize(dw.zeros { 1, 0, 2, 3 }, { 2, 2 }) end,
      "resize: x has no pixels to take (1x0x2x3, channels_last)")
    refuses(function() K.resize(image, { 2, 2, 2 }) end,
      "resize: size must be a whole number or a table of 2 numbers, got {2, 2, 2}")
    refuses(function() K.resize(image, 2.5) end,
      "resize: size must be a whole number or a table of one for each axis, each at least 1, got 2.5")
    refuses(function() K.resize(image, 2, { interpolation = "bicubic" }) end,
      'interpolation must be "nearest" or "bilinear", got "bicubic"')
    refuses(function() K.resize(dw.zeros { 2, 2 }, 2) end,
      "resize: x must be a tensor of rank 3 to 5, got a float32 tensor 2x2")
    refuses(function() K.resize_images(image, 2, 2) end,
      'resize_images: data_format must be "channels_last" or "channels_first", got nil')
    refuses(function() K.resize_images(image, 0.5, 2, "channels_last") end,
      "height_factor must be a whole number from 1 to 2147483648, got 0.5")
    refuses(function() K.resize_images(image, 2, 1 << 31, "channels_last") end,
      "resize_images: width_factor must be at most ", ", got 2147483648")
    refuses(function() K.resize_images(image, 2, 2, "NHWC") end,
      'data_format must be "channels_last" or "channels_first", got "NHWC"; did you mean "channels_last"?')
    refuses(function() K.resize_images(image[1], 2, 2, "channels_last") end,
      "resize_images: x must be a tensor of rank 4")
    refuses(function() K.resize_grad_x(image:astype "int32", 2) end,
      "resize_grad_x: g must be of dtype float32, float64, got int32")
  end)
end)
