-- ops/missing.lua: functions of Keras's backend that K does not have yet: what to use meanwhile, as Lua code. Looking
-- one up in K gives this advice. x is an image n,h,w,c or a tensor of scores; the other names are Keras's arguments. A
-- function that comes leaves this list. tests/dw_spec.lua runs the code.

local DENSE = "for 1x1 kernels K.dot(x, kernel:reshape { cin, cout }); for others add up K.dot(part of x, "
  .. "kernel[{ i, j }]) over the taps"
local PADDING = "K.pad(x, { { 0, 0 }, { 1, 1 }, { 1, 1 }, { 0, 0 } }), with a pair {before, after} for each axis"
local PARTS = "cut x into parts with x[{ ranges }] and use K.matmul or K.batch_dot"
local REPEAT = "K.repeat_elements(K.repeat_elements(x, 2, 2), 2, 3) repeats rows and columns: interpolation \"nearest\""
local POOL = "K.depthwise_conv2d(x, dw.full({ 2, 2, c, 1 }, 1 / 4), { strides = 2 }) is the average; the largest is "
  .. "K.maximum over parts such as x[{ {}, { 1, -1, 2 }, { 1, -1, 2 }, {} }]"

return {
  temporal_padding = PADDING,
  spatial_2d_padding = PADDING,
  spatial_3d_padding = PADDING,
  resize_images = REPEAT,
  resize_volumes = REPEAT,
  conv1d = DENSE,
  conv2d = DENSE,
  conv3d = PARTS,
  conv2d_transpose = "K.depthwise_conv2d_grad_x is the transposed depthwise convolution",
  separable_conv2d = "K.dot(K.depthwise_conv2d(x, depthwise_kernel, options), pointwise_kernel:reshape { cm, cout })",
  local_conv1d = PARTS,
  local_conv2d = PARTS,
  bias_add = "x + bias adds along the last axis; for channels_first x + bias:reshape { c, 1, 1 }",
  pool2d = POOL,
  pool3d = POOL,
}
