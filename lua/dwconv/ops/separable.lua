-- ops/separable.lua: separable convolutions, depthwise convolution along one axis, and the bias that follows a
-- convolution. Made of depthwise_conv2d, conv1d and conv2d, whose gradients are theirs.

local args = require "dwconv.args"
local ops = require "dwconv.ops"

local op = ops.family "conv"
local K = ops.calls
local check, kinds, raise = args.check, args.kinds, args.raise
local tensor = kinds.tensor

local function options(axes)
  return {
    strides = kinds.sizes(axes, 1),
    padding = kinds.padding(axes, axes == 1),
    data_format = kinds.data_format(),
    dilation_rate = kinds.sizes(axes, 1),
  }
end

local function channels_of(x, o) return x.shape[o.data_format == "channels_first" and 2 or -1] end

-- Raises unless a window of k taps fits into the steps of x; conv1d would speak of the kernel that it is given.
local function check_window(x, kernel, o)
  local steps = x.shape[o.data_format == "channels_first" and 3 or 2]
  local covered = (kernel.shape[1] - 1) * o.dilation_rate[1] + 1
  if o.padding == "same" or o.padding == "causal" or steps == 0 then return end
  local valid = o.padding == "valid"
  local padded = steps + (valid and 0 or o.padding[1][1] + o.padding[1][2])
  if covered > padded then
    local dilated = o.dilation_rate[1] > 1 and (" with dilation_rate %d"):format(o.dilation_rate[1]) or ""
    raise("depthwise_kernel (%s)%s covers %d steps but x has %d with its padding%s", kernel.shape, dilated, covered,
      padded, valid and '; padding = "same" allows it' or "")
  end
end

-- A kernel (k,c,m) for conv1d, in which groups have one channel each: (k,1,c*m).
local function grouped(x, kernel, o)
  check.same_dtype(x, "x", kernel, "depthwise_kernel")
  local k, c, m = table.unpack(kernel.shape)
  local channels = channels_of(x, o)
  if channels ~= c then
    raise("x has %d channels (%s, %s) but depthwise_kernel has %d (%s)", channels, x.shape, o.data_format, c,
      kernel.shape)
  end
  check_window(x, kernel, o)
  return K.reshape(kernel, { k, math.min(c, 1), c * m })
end

local DEPTHWISE_1D = {
  { "x", tensor("n,w,c or n,c,w; float32 or float64", { rank = 3, dtype = "floats" }) },
  { "depthwise_kernel", tensor("kw,c,m for both layouts; of x's dtype", { rank = 3, dtype = "floats" }) },
}
local NOT_KERAS = "Keras's backend does not have it."

op "depthwise_conv1d" {
  doc = "Convolves each channel of x with its own kernels, as depthwise_conv2d does, along one axis.",
  args = DEPTHWISE_1D,
  options = options(1),
  result = "n,ow,c*m or n,c*m,ow",
  forward = function(x, kernel, o) return K.conv1d(x, grouped(x, kernel, o), o) end,
  backward = "parts",
  method = true,
  differs = NOT_KERAS,
  sample = function(R) return R { 2, 7, 3 }, R { 3, 3, 2 }, { strides = 2, padding = "same" } end,
  example = "print(K.depthwise_conv1d(dw.ones { 1, 4, 2 }, dw.ones { 2, 2, 1 }):reshape { 3, 2 })",
  errors = "Channels of x and the kernel that differ; with \"valid\" a kernel larger than x.",
}

-- Raises unless the pointwise kernel is (1,[1,]c*m,cout).
local function check_pointwise(kernel, pointwise)
  local shape, axes = pointwise.shape, kernel.ndim - 2
  local wanted = kernel.shape[-2] * kernel.shape[-1]
  for i = 1, axes do
    if shape[i] ~= 1 then
      raise("pointwise_kernel must have size 1 along the axes of the image, got %s", shape)
    end
  end
  if shape[axes + 1] ~= wanted then
    raise("pointwise_kernel (%s) must have %d input channels, as depthwise_kernel (%s) gives", shape, wanted,
      kernel.shape)
  end
end

local function separable(axes, words)
  local name = ("separable_conv%dd"):format(axes)
  local needs = { rank = axes + 2, dtype = "floats" }
  op(name) {
    doc = ("A depthwise convolution, to which the options apply, and then a convolution with a kernel of one tap: %s "
      .. "and conv%dd in one."):format(words.depthwise, axes),
    args = {
      { "x", tensor(words.x .. "; float32 or float64", needs) },
      { "depthwise_kernel", tensor(words.kernel .. "; of x's dtype", needs) },
      { "pointwise_kernel", tensor(words.pointwise .. "; of x's dtype", needs) },
    },
    options = options(axes),
    result = words.result,
    forward = function(x, kernel, pointwise, o)
      check.same_dtype(x, "x", pointwise, "pointwise_kernel")
      check_pointwise(kernel, pointwise)
      local depthwise, point = K[words.depthwise](x, kernel, o), { data_format = o.data_format }
      return K[("conv%dd"):format(axes)](depthwise, pointwise, point)
    end,
    backward = "parts",
    method = true,
    differs = axes == 1 and NOT_KERAS
      or "Keras refuses unequal strides and computes nonsense for strides with dilation; here both are right.",
    sample = words.sample,
    example = words.example,
    errors = "Channels that do not fit; with \"valid\" a kernel larger than x.",
  }
end

separable(1, {
  depthwise = "depthwise_conv1d", x = "n,w,c or n,c,w", kernel = "kw,c,m", pointwise = "1,c*m,cout",
  result = "n,ow,cout or n,cout,ow",
  sample = function(R) return R { 2, 7, 3 }, R { 3, 3, 2 }, R { 1, 6, 4 }, { strides = 2, padding = "causal" } end,
  example = "print(K.separable_conv1d(dw.ones { 1, 4, 2 }, dw.ones { 2, 2, 1 }, dw.ones { 1, 2, 3 }):reshape { 3, 3 })",
})
separable(2, {
  depthwise = "depthwise_conv2d", x = "n,h,w,c or n,c,h,w", kernel = "kh,kw,c,m", pointwise = "1,1,c*m,cout",
  result = "n,oh,ow,cout or n,cout,oh,ow",
  sample = function(R)
    return R { 2, 5, 6, 3 }, R { 3, 2, 3, 2 }, R { 1, 1, 6, 4 }, { strides = { 2, 1 }, padding = "same" }
  end,
  example = [[
x, point = dw.ones { 1, 3, 3, 2 }, dw.ones { 1, 1, 2, 1 }
print(K.separable_conv2d(x, dw.ones { 2, 2, 2, 1 }, point):reshape { 2, 2 })]],
})

-- The bias as it is added to an x of this many axes; one for each position is (...,c), whatever x's layout.
local function placed(bias, rank, first)
  if bias.ndim == 1 then
    local shape = { -1 }
    for _ = 1, first and rank - 2 or 0 do shape[#shape + 1] = 1 end
    return K.reshape(bias, shape)
  end
  if not first then return bias end
  local pattern = { rank - 1 }
  for i = 1, rank - 2 do pattern[#pattern + 1] = i end
  return K.permute_dimensions(bias, pattern)
end

op "bias_add" {
  doc = "Adds a bias to x: one number for each channel, or one for each position and channel.",
  args = {
    { "x", tensor("n,...,c or n,c,...; float32 or float64", { axes = 2, dtype = "floats" }) },
    { "bias", tensor("c, or ...,c for both layouts; of x's dtype", { axes = 1, dtype = "floats" }) },
  },
  options = { data_format = kinds.data_format() },
  result = "x's",
  forward = function(x, bias, o)
    check.same_dtype(x, "x", bias, "bias")
    local shape, rank, first = x.shape, x.ndim, o.data_format == "channels_first"
    local wanted = first and { table.unpack(shape, 3) } or { table.unpack(shape, 2, rank - 1) }
    wanted[#wanted + 1] = shape[first and 2 or -1]
    if bias.ndim == 1 then wanted = { wanted[#wanted] } end
    if bias.ndim ~= 1 and bias.ndim ~= rank - 1 then
      raise("bias must be of rank 1 or %d for an x of rank %d, got %s", rank - 1, rank, bias.shape)
    end
    for i, size in ipairs(wanted) do
      if bias.shape[i] ~= size then
        raise("bias has shape %s but x (%s, %s) takes %s", bias.shape, shape, o.data_format, table.concat(wanted, "x"))
      end
    end
    return K.add(x, placed(bias, rank, first))
  end,
  backward = "parts",
  method = true,
  differs = "Keras puts the numbers of a bias for each position into the wrong places with channels_first.",
  sample = function(R) return R { 2, 3, 4, 5 }, R { 3 }, { data_format = "channels_first" } end,
  example = "print(K.bias_add(dw.zeros { 2, 3 }, dw.tensor { 1, 2, 3 }))",
  errors = "A bias of another shape.",
}
