-- functions.lua: prints which functions of tf.keras.backend K has, and how many of their cases (fixtures/backend)
-- pass: `make functions`. The names are those of the v2 API of TensorFlow 2.2, in its families.

local cases = require "backend_cases"
local K = require("dwconv").backend
local ops = require "dwconv.ops"

local KERAS = {
  { "configuration", [[backend epsilon set_epsilon floatx set_floatx image_data_format set_image_data_format
    cast_to_floatx]] },
  { "phase", "learning_phase set_learning_phase learning_phase_scope in_train_phase in_test_phase" },
  { "graph and names", [[clear_session manual_variable_initialization get_uid reset_uids name_scope placeholder
    is_keras_tensor is_sparse to_dense function gradients stop_gradient]] },
  { "creation", [[variable constant zeros ones eye zeros_like ones_like random_uniform_variable random_normal_variable
    arange]] },
  { "values", [[shape int_shape ndim dtype eval count_params get_value batch_get_value set_value batch_set_value
    print_tensor]] },
  { "update and cast", "update update_add update_sub moving_average_update cast" },
  { "elementwise", [[square abs exp log sin cos sqrt round sign pow clip equal not_equal greater greater_equal less
    less_equal maximum minimum]] },
  { "reduction", "max min sum prod mean var std any all argmax argmin cumsum cumprod" },
  { "linear algebra", "dot batch_dot transpose gather" },
  { "shape", [[concatenate reshape permute_dimensions repeat_elements repeat tile flatten batch_flatten expand_dims
    squeeze stack one_hot reverse]] },
  { "padding and resizing", "temporal_padding spatial_2d_padding spatial_3d_padding resize_images resize_volumes" },
  { "convolution", [[conv1d conv2d conv2d_transpose separable_conv2d depthwise_conv2d conv3d local_conv1d local_conv2d
    bias_add]] },
  { "pooling", "pool2d pool3d" },
  { "random", "random_normal random_uniform random_binomial truncated_normal" },
  { "recurrence and control", "rnn switch map_fn foldl foldr" },
  { "neural nets", [[relu elu softmax softplus softsign sigmoid tanh hard_sigmoid dropout l2_normalize in_top_k
    normalize_batch_in_training batch_normalization]] },
  { "losses and CTC", [[categorical_crossentropy sparse_categorical_crossentropy binary_crossentropy
    ctc_label_dense_to_sparse ctc_batch_cost ctc_decode]] },
}
local ALIASES = { ["repeat"] = "repeat_" } -- Lua's own word

local names, of = cases.load()
local totals = { implemented = 0, refused = 0, missing = 0, functions = 0, cases = 0, passed = 0 }
local seen = {}

local function status(name)
  local record = ops.records[name]
  if record and record.refused then return "refused", "refused: " .. tostring(record.refused) end
  if rawget(K, name) then return "implemented", "implemented" end
  return "missing", "missing"
end

local function line(name)
  local own = ALIASES[name] or name
  local list = of[own] or {}
  local kind, text = status(rawget(K, name) == nil and own or name)
  local passed = kind == "implemented" and cases.run(list) or 0
  seen[own] = true
  totals[kind], totals.functions = totals[kind] + 1, totals.functions + 1
  totals.cases, totals.passed = totals.cases + #list, totals.passed + passed
  print(("  %-32s %6s %6s  %s"):format(name, #list > 0 and #list or "", #list > 0 and passed or "", text))
end

local function summary(what)
  print(("%s: %d functions, %d implemented, %d refused with advice, %d missing; %d of %d cases pass\n"):format(what,
    totals.functions, totals.implemented, totals.refused, totals.missing, totals.passed, totals.cases))
  for key in pairs(totals) do totals[key] = 0 end
end

print(("  %-32s %6s %6s"):format("", "cases", "passed"))
for _, family in ipairs(KERAS) do
  print(family[1])
  for name in family[2]:gmatch "%S+" do line(name) end
end
summary "of Keras"

print "beyond Keras"
for _, name in ipairs(names) do
  if not seen[name] then line(name) end
end
summary "beyond Keras"
