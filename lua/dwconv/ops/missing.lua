-- ops/missing.lua: functions of Keras's backend that K does not have yet: what to use meanwhile, as Lua code. Looking
-- one up in K gives this advice. x is an image n,h,w,c or a tensor of scores; the other names are Keras's arguments. A
-- function that comes leaves this list. tests/dw_spec.lua runs the code.

local NOTHING = "there is nothing for it yet"

return {
  elu = "K.where(x:greater(0), x, K.expm1(x) * alpha)",
  softplus = "K.maximum(x, 0) + K.log1p(K.exp(-K.abs(x)))",
  softsign = "x / (K.abs(x) + 1)",
  hard_sigmoid = "K.clip(x * 0.2 + 0.5, 0, 1)",
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
