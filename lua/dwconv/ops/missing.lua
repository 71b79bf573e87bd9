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
local NOTHING = "there is nothing for it yet"

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
  dropout = "x * K.random_binomial(x.shape, { p = 1 - level }) / (1 - level)",
  l2_normalize = "x / K.sqrt(K.maximum(K.sum(x * x, { axis = -1, keepdims = true }), 1e-12))",
  in_top_k = "K.top_k(predictions, k), whose second result has the positions",
  normalize_batch_in_training = "(x - K.mean(x, axes)) / K.sqrt(K.var(x, axes) + 1e-3) * gamma + beta, where axes = "
    .. "{ axis = { 1, 2, 3 }, keepdims = true }",
  batch_normalization = "(x - mean) * gamma / K.sqrt(var + 1e-3) + beta",
  categorical_crossentropy = "-K.sum(target * K.log(K.clip(output, 1e-7, 1 - 1e-7)), { axis = -1 }); of logits "
    .. "K.logsumexp(x, { axis = -1 }) - K.sum(target * x, { axis = -1 })",
  sparse_categorical_crossentropy = "that of K.one_hot(labels, classes) as target: K.logsumexp(x, { axis = -1 }) "
    .. "- K.sum(target * x, { axis = -1 })",
  binary_crossentropy = "of logits K.maximum(x, 0) - x * target + K.log1p(K.exp(-K.abs(x)))",
  ctc_batch_cost = NOTHING,
  ctc_decode = NOTHING,
  rnn = "a Lua loop over x:select(2, t), the steps of the second axis",
}
