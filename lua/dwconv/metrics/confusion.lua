-- metrics/confusion.lua: metrics of how many positives and negatives are found at thresholds: precision, recall, areas
-- under curves. A prediction above a threshold is positive there.
-- Invariant: what is kept is the weights of positives and of negatives in the buckets between thresholds, so a batch
-- costs a search for each prediction, however many thresholds there are. NaN among predictions makes all results NaN.

local args = require "dwconv.args"
local K = require "dwconv.backend"
local losses = require "dwconv.losses"
local metrics = require "dwconv.metrics.metric"

local kinds, raise = args.kinds, args.raise
local share = metrics.share
local class, ratio = share.class, share.ratio

-- ---- buckets -------------------------------------------------------------------------------------

-- Weights of positives and of negatives: [b], b from 0 on, of predictions above b of the thresholds.
local function new_buckets(n)
  local buckets = { positives = {}, negatives = {} }
  for b = 0, n do buckets.positives[b], buckets.negatives[b] = 0, 0 end
  return buckets
end

-- The numbers as y_pred's dtype has them, as predictions are compared with.
local function rounded(thresholds, dtype)
  if dtype == "float64" then return thresholds end
  local list = {}
  for i, v in ipairs(thresholds) do list[i] = ("f"):unpack(("f"):pack(v)) end
  return list
end

-- How many of the rising thresholds are below p.
local function below(thresholds, p)
  local low, high = 0, #thresholds
  while low < high do
    local middle = (low + high + 1) // 2
    if p > thresholds[middle] then low = middle else high = middle - 1 end
  end
  return low
end

local function add(buckets, thresholds, label, p, weight)
  local side = label ~= 0 and buckets.positives or buckets.negatives
  if p ~= p then
    for _, list in pairs(buckets) do list[#thresholds] = p end
  else
    local b = below(thresholds, p)
    side[b] = side[b] + weight
  end
end

-- By threshold, rising: weights of true and false positives, false and true negatives.
local function counts(buckets, n)
  local tp, fp, fn, tn = {}, {}, {}, {}
  local t, f = 0, 0
  for i = n, 1, -1 do
    t, f = t + buckets.positives[i], f + buckets.negatives[i]
    tp[i], fp[i] = t, f
  end
  t, f = t + buckets.positives[0], f + buckets.negatives[0]
  for i = 1, n do fn[i], tn[i] = t - tp[i], f - fp[i] end
  return tp, fp, fn, tn
end

-- ---- batches -------------------------------------------------------------------------------------

-- All but the k largest of each line are below every threshold.
local function only_top(y_pred, k)
  local _, at = K.top_k(y_pred, k)
  local classes = y_pred.shape[-1]
  local chosen = K.sum(K.one_hot(at, classes), { axis = -2 })
  return K.where(K.greater(chosen, 0), y_pred, -math.huge)
end

local function one_class(x, class_id)
  if class_id > x.shape[-1] then raise("class_id is %d, but y_pred has %d classes", class_id, x.shape[-1]) end
  return K.narrow(x, -1, class_id, 1)
end

-- Labels, predictions and weights of a batch as lists of numbers, and the dtype and last size of the predictions.
local function read_batch(self, y_true, y_pred, weights)
  local t, p = losses.aligned(losses.read_both(y_true, y_pred))
  if rawget(self, "top_k") then p = only_top(p, self.top_k) end
  if rawget(self, "class_id") then t, p = one_class(t, self.class_id), one_class(p, self.class_id) end
  local w
  if weights ~= nil then
    w = losses.read_weights(weights, p)
    w = K.reshape(K.ones_like(p) * w, { -1 }):to_table()
  end
  return K.reshape(t, { -1 }):to_table(), K.reshape(p, { -1 }):to_table(), w, p.dtype, p.shape[-1]
end

-- ---- at given thresholds -------------------------------------------------------------------------

local thresholds_kind = kinds.new {
  optional = true,
  annotation = "number|number[]",
  expected = "a number from 0 to 1, or a table of such",
  read = function(v)
    local list = type(v) == "table" and v or { v }
    for i = 1, rawlen(list) do
      local one = rawget(list, i)
      if type(one) ~= "number" or not (one >= 0 and one <= 1) then return nil end
    end
    return rawlen(list) > 0 and v or nil
  end,
}

-- What a class with `thresholds` is made of. `number(tp, fp, fn, tn)` is its result at a threshold.
local function at_thresholds(record, number)
  record.start = function(self)
    local given = self.thresholds
    if given == nil then given = rawget(self, "top_k") and -math.huge or 0.5 end
    self.given = type(given) == "table" and given or { given }
    self.rising = table.move(self.given, 1, #self.given, 1, {})
    table.sort(self.rising)
    self.buckets = new_buckets(#self.rising)
  end
  record.add = function(self, y_true, y_pred, weights)
    local t, p, w, dtype = read_batch(self, y_true, y_pred, weights)
    local thresholds = rounded(self.rising, dtype)
    for i, label in ipairs(t) do add(self.buckets, thresholds, label, p[i], w and w[i] or 1) end
  end
  record.result = function(self)
    local tp, fp, fn, tn = counts(self.buckets, #self.rising)
    local at, results = {}, {}
    for i, v in ipairs(self.rising) do at[v] = i end
    for i, v in ipairs(self.given) do
      local k = at[v]
      results[i] = number(tp[k], fp[k], fn[k], tn[k])
    end
    return #results == 1 and results[1] or results
  end
  return record
end

local function several(text) return text .. " With a table of thresholds the result is a table." end

local rates = { thresholds = thresholds_kind, top_k = kinds.optional(kinds.whole(nil, 1)),
  class_id = kinds.optional(kinds.whole(nil, 1)) }

local function copy(options)
  local all = {}
  for key, kind in pairs(options) do all[key] = kind end
  return all
end

class("Precision", "precision")(at_thresholds({
  doc = several [[
The share of what is predicted positive that is. With top_k only the k largest of each line can be positive, with
class_id only that class counts, from 1 on.]],
  leading = { "thresholds", "top_k", "class_id" },
  options = copy(rates),
}, function(tp, fp) return ratio(tp, tp + fp) end))

class("Recall", "recall")(at_thresholds({
  doc = several "The share of positives that are predicted so; top_k and class_id as for Precision.",
  leading = { "thresholds", "top_k", "class_id" },
  options = copy(rates),
}, function(tp, _, fn) return ratio(tp, tp + fn) end))

for class_name, c in pairs {
  TruePositives = { "true_positives", function(tp) return tp end, "positives that are predicted so" },
  FalsePositives = { "false_positives", function(_, fp) return fp end, "negatives that are predicted positive" },
  FalseNegatives = { "false_negatives", function(_, _, fn) return fn end, "positives that are predicted negative" },
  TrueNegatives = { "true_negatives", function(_, _, _, tn) return tn end, "negatives that are predicted so" },
} do
  class(class_name, c[1])(at_thresholds({
    doc = several(("The number, or the sum of the weights, of %s."):format(c[3])),
    leading = { "thresholds" },
    options = { thresholds = thresholds_kind },
  }, c[2]))
end

-- ---- along a curve -------------------------------------------------------------------------------

local SLACK <const> = 1e-5 -- for what rounding does to probabilities

-- n thresholds from 0 to 1, evenly spaced.
local function even(n)
  if n == 1 then return { 0.5 } end
  local list = {}
  for i = 1, n do list[i] = (i - 1) / (n - 1) end
  return list
end

local function check_probability(p)
  if p < -SLACK or p > 1 + SLACK then raise("y_pred must hold probabilities from 0 to 1, got %g", p) end
  return p < 0 and 0 or p > 1 and 1 or p
end

local function curve_start(self)
  self.list = even(self.num_thresholds)
  self.buckets = new_buckets(#self.list)
end

local function curve_add(self, y_true, y_pred, weights)
  local t, p, w, dtype = read_batch(self, y_true, y_pred, weights)
  for i, v in ipairs(p) do p[i] = check_probability(v) end
  local thresholds = rounded(self.list, dtype)
  for i, label in ipairs(t) do add(self.buckets, thresholds, label, p[i], w and w[i] or 1) end
end

-- The best of one rate where the other is at least the value that is asked for; 0 where it never is.
local function best_where(class_name, name, option, doc, rate, constrained)
  local level, class_id = kinds.number(nil, 0, 1), kinds.optional(kinds.whole(nil, 1))
  class(class_name, name) {
    doc = doc,
    leading = { option, "num_thresholds" },
    options = { [option] = level, num_thresholds = kinds.whole(200, 1), class_id = class_id },
    start = curve_start,
    add = curve_add,
    result = function(self)
      local tp, fp, fn, tn = counts(self.buckets, #self.list)
      local best, wanted = 0, self[option]
      for i = 1, #self.list do
        local r, c = rate(tp[i], fp[i], fn[i], tn[i]), constrained(tp[i], fp[i], fn[i], tn[i])
        if r ~= r or c ~= c then return 0 / 0 end
        if c >= wanted and r > best then best = r end
      end
      return best
    end,
  }
end

local function precision(tp, fp) return ratio(tp, tp + fp) end
local function recall(tp, _, fn) return ratio(tp, tp + fn) end
local function specificity(_, fp, _, tn) return ratio(tn, tn + fp) end

best_where("SensitivityAtSpecificity", "sensitivity_at_specificity", "specificity",
  "The largest share of positives found at a threshold where at least this share of negatives is.", recall, specificity)
best_where("SpecificityAtSensitivity", "specificity_at_sensitivity", "sensitivity",
  "The largest share of negatives found at a threshold where at least this share of positives is.", specificity, recall)
best_where("PrecisionAtRecall", "precision_at_recall", "recall",
  "The largest precision, at a threshold where the recall is at least this.", precision, recall)
best_where("RecallAtPrecision", "recall_at_precision", "precision",
  "The largest recall, at a threshold where the precision is at least this.", recall, precision)

return { metrics = metrics, read_batch = read_batch, check_probability = check_probability, new_buckets = new_buckets,
  rounded = rounded, add = add, counts = counts, even = even }
