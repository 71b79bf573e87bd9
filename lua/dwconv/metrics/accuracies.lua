-- metrics/accuracies.lua: which samples are right: by class name { name, call, options, leading, doc }, where
-- call(y_true, y_pred, {options}) gives 1 for right and 0 for wrong, for each sample. Labels count from 1.

local args = require "dwconv.args"
local K = require "dwconv.backend"
local losses = require "dwconv.losses"

local check, kinds, raise = args.check, args.kinds, args.raise

local LAST <const> = { axis = -1 }

local accuracies = {}

local function ones(x) return K.cast(x, K.floatx()) end

-- The class of the largest number of each line.
local function best(x) return K.argmax(x, LAST) end

-- Labels as whole numbers, of the shape of y_pred without its last axis.
local function labels_for(y_true, y_pred)
  if type(y_true) == "table" then y_true = K.constant(y_true) end
  if not check.is_tensor(y_true) then raise("y_true must be a tensor, got %s", args.show(y_true)) end
  local labels = K.cast(y_true, "int64")
  if labels.ndim == y_pred.ndim and labels.ndim > 0 and labels.shape[-1] == 1 then labels = K.squeeze(labels, -1) end
  local lines = best(y_pred)
  if labels.shape ~= lines.shape then
    raise("y_true (%s) must have a label for each line of y_pred (%s)", y_true.shape, y_pred.shape)
  end
  return labels, lines
end

local function both(y_true, y_pred)
  local t, p = losses.aligned(losses.read_both(y_true, y_pred))
  return t, p
end

local function pred_of(y_pred)
  local _, p = losses.read_both(0, y_pred)
  if p.ndim == 0 then raise "y_pred must have an axis of classes, got a tensor of rank 0" end
  return p
end

-- Whether the class is among the k with the largest numbers of its line; labels are as many as lines.
local function in_top(labels, y_pred, k)
  local lines = K.reshape(y_pred, { -1, y_pred.shape[-1] })
  local hits = K.in_top_k(lines, K.reshape(labels, { -1 }), k)
  return ones(K.reshape(hits, labels.shape))
end

local function accuracy(class_name, name, record)
  record.name = name
  local parse = args.options(record.options or {}, "(y_true, y_pred, {options})")
  local compute = record.call
  record.call = args.speaking(name, function(y_true, y_pred, ...) return compute(y_true, y_pred, parse(...)) end)
  accuracies[class_name] = record
end

accuracy("Accuracy", "accuracy", {
  doc = "The share of numbers of y_pred that are equal to those of y_true.",
  call = function(y_true, y_pred)
    local t, p = both(y_true, y_pred)
    return ones(K.equal(t, p))
  end,
})

accuracy("BinaryAccuracy", "binary_accuracy", {
  doc = "The share of probabilities that are on the side of the threshold where their label, 0 or 1, is.",
  options = { threshold = kinds.number(0.5) },
  leading = { "name", "threshold" },
  call = function(y_true, y_pred, o)
    local t, p = both(y_true, y_pred)
    return K.mean(ones(K.equal(t, K.cast(K.greater(p, o.threshold), t.dtype))), LAST)
  end,
})

accuracy("CategoricalAccuracy", "categorical_accuracy", {
  doc = "The share of samples whose largest probability is that of their class, for labels as vectors.",
  call = function(y_true, y_pred)
    local t, p = both(y_true, y_pred)
    return ones(K.equal(best(t), best(p)))
  end,
})

accuracy("SparseCategoricalAccuracy", "sparse_categorical_accuracy", {
  doc = "The share of samples whose largest probability is that of their class, for labels from 1 on.",
  call = function(y_true, y_pred)
    local labels, lines = labels_for(y_true, pred_of(y_pred))
    return ones(K.equal(labels, lines))
  end,
})

local k = kinds.whole(5, 1)

accuracy("TopKCategoricalAccuracy", "top_k_categorical_accuracy", {
  doc = "The share of samples whose class is among the k most probable, for labels as vectors.",
  options = { k = k },
  leading = { "k" },
  call = function(y_true, y_pred, o)
    local t, p = both(y_true, y_pred)
    return in_top(best(t), p, o.k)
  end,
})

accuracy("SparseTopKCategoricalAccuracy", "sparse_top_k_categorical_accuracy", {
  doc = "The share of samples whose class is among the k most probable, for labels from 1 on.",
  options = { k = k },
  leading = { "k" },
  call = function(y_true, y_pred, o)
    local p = pred_of(y_pred)
    local labels = labels_for(y_true, p)
    return in_top(labels, p, o.k)
  end,
})

return accuracies
