-- ops/unshared.lua: convolutions whose kernel is another one at each position. Made of views of x, one for each tap,
-- and of batched products, whose gradients are theirs.

local args = require "dwconv.args"
local ops = require "dwconv.ops"

local op = ops.family "conv"
local K = ops.calls
local check, kinds, raise = args.check, args.kinds, args.raise
local tensor = kinds.tensor

-- How many windows of k, s apart, fit into n.
local function count(n, k, s, argument)
  if k > n then raise("%s covers %d positions but inputs have %d", argument, k, n) end
  return (n - k) // s + 1
end

-- x (n,...,c) at every s-th position of each axis from tap t on: (n, positions, c).
local function seen_by(x, t, s, out)
  local ranges, positions = { {} }, 1
  for i = 1, #out do
    ranges[i + 1] = { t[i], t[i] + (out[i] - 1) * s[i], s[i] }
    positions = positions * out[i]
  end
  return K.reshape(x[ranges], { x.shape[1], positions, x.shape[-1] })
end

-- What each position sees: (n, positions, taps, c), taps in row-major order.
local function windows(x, k, s, out)
  local parts = {}
  for u = 1, k[1] do
    for v = 1, k[2] or 1 do parts[#parts + 1] = seen_by(x, { u, v }, s, out) end
  end
  return K.stack(parts, { axis = 3 })
end

-- x in either layout; the result has the positions in one axis: (n, positions, filters).
local function convolve(x, kernel, k, s, out, first)
  check.same_dtype(x, "inputs", kernel, "kernel")
  local n, positions = x.shape[1], 1
  for _, size in ipairs(out) do positions = positions * size end
  local last = x
  if first then last = #k == 1 and K.permute_dimensions(x, { 1, 3, 2 }) or K.permute_dimensions(x, { 1, 3, 4, 2 }) end
  local seen = windows(last, k, s, out)
  if first then seen = K.permute_dimensions(seen, { 1, 2, 4, 3 }) end -- Keras's order of the kernel's rows
  local rows = seen.shape[3] * seen.shape[4]
  if kernel.shape[1] ~= positions or kernel.shape[2] ~= rows then
    raise("kernel must be of shape %dx%dx(filters): positions of the result, numbers in a window; got %s", positions,
      rows, kernel.shape)
  end
  local by_position = K.permute_dimensions(K.reshape(seen, { n, positions, rows }), { 2, 1, 3 })
  return K.permute_dimensions(K.matmul(by_position, kernel), { 2, 1, 3 })
end

local KERNEL = tensor("positions, numbers in a window, filters; of x's dtype", { rank = 3, dtype = "floats" })
local ERRORS = "A kernel of another shape; a window larger than x."
local sizes = kinds.sizes

op "local_conv1d" {
  doc = [[
A convolution along one axis whose kernel is another one at each position: kernel[i] is for the window at position i of
the result, as a row of its numbers. There is no padding.]],
  args = {
    { "inputs", tensor("n,w,c or n,c,w; float32 or float64", { rank = 3, dtype = "floats" }) },
    { "kernel", KERNEL },
  },
  values = { { "kernel_size", sizes(1), "how long a window is" }, { "strides", sizes(1), "steps between windows" } },
  options = { data_format = kinds.data_format() },
  result = "n,ow,filters or n,filters,ow",
  forward = function(x, kernel, k, s, o)
    local first = o.data_format == "channels_first"
    local y = convolve(x, kernel, k, s, { count(x.shape[first and 3 or 2], k[1], s[1], "kernel_size") }, first)
    return first and K.permute_dimensions(y, { 1, 3, 2 }) or y
  end,
  backward = "parts",
  sample = function(R) return R { 2, 7, 3 }, R { 3, 6, 4 }, 2, 2 end,
  example = "print(K.local_conv1d(dw.ones { 1, 3, 1 }, dw.tensor { { { 1 }, { 1 } }, { { 2 }, { 2 } } }, 2, 1))",
  errors = ERRORS,
}

op "local_conv2d" {
  doc = [[
A convolution whose kernel is another one at each position: kernel[i] is for the window at position i of the result,
counted row by row, as a row of its numbers, channels last in channels_last and first in channels_first. There is no
padding.]],
  args = {
    { "inputs", tensor("n,h,w,c or n,c,h,w; float32 or float64", { rank = 4, dtype = "floats" }) },
    { "kernel", KERNEL },
  },
  values = {
    { "kernel_size", sizes(2), "rows and columns of a window" },
    { "strides", sizes(2), "steps between windows" },
    { "output_shape", sizes(2), "rows and columns of the result" },
  },
  options = { data_format = kinds.data_format() },
  result = "n,oh,ow,filters or n,filters,oh,ow",
  forward = function(x, kernel, k, s, output_shape, o)
    local first, out = o.data_format == "channels_first", {}
    for i = 1, 2 do
      out[i] = count(x.shape[first and i + 2 or i + 1], k[i], s[i], ("kernel_size[%d]"):format(i))
      if output_shape[i] ~= out[i] then
        raise("output_shape[%d] must be %d, got %d", i, out[i], output_shape[i])
      end
    end
    local y = convolve(x, kernel, k, s, out, first)
    if first then return K.reshape(K.permute_dimensions(y, { 1, 3, 2 }), { x.shape[1], y.shape[3], out[1], out[2] }) end
    return K.reshape(y, { x.shape[1], out[1], out[2], y.shape[3] })
  end,
  backward = "parts",
  sample = function(R) return R { 2, 4, 5, 2 }, R { 8, 8, 3 }, { 2, 2 }, { 2, 1 }, { 2, 4 } end,
  example = [[
kernel = dw.ones { 4, 4, 1 }
print(K.local_conv2d(dw.ones { 1, 3, 3, 1 }, kernel, { 2, 2 }, { 1, 1 }, { 2, 2 }):reshape { 2, 2 })]],
  errors = ERRORS,
}
