-- metrics/auc.lua: areas under curves of rates at thresholds, on the buckets of confusion.lua. Formulas are Keras's;
-- that of interpolated precision is Davis and Goadrich's, "The relationship between precision-recall and ROC curves",
-- 2006, section 4.

local args = require "dwconv.args"
local K = require "dwconv.backend"
local confusion = require "dwconv.metrics.confusion"

local kinds, raise = args.kinds, args.raise
local share = confusion.metrics.share
local ratio = share.ratio

local numbers = kinds.new {
  optional = true,
  annotation = "number[]",
  expected = "a table of numbers from 0 to 1",
  read = function(v)
    if type(v) ~= "table" then return nil end
    for i = 1, rawlen(v) do
      local one = rawget(v, i)
      if type(one) ~= "number" or not (one >= 0 and one <= 1) then return nil end
    end
    return v
  end,
}

local weights = kinds.new {
  optional = true,
  annotation = "number[]",
  expected = "a table of numbers of at least 0",
  read = function(v)
    if type(v) ~= "table" then return nil end
    for i = 1, rawlen(v) do
      local one = rawget(v, i)
      if type(one) ~= "number" or one ~= one or one < 0 then return nil end
    end
    return v
  end,
}

-- Thresholds, rising; the first is below and the last above every probability.
local function thresholds_of(self)
  local list = confusion.even(self.num_thresholds)
  if self.thresholds then
    list = table.move(self.thresholds, 1, #self.thresholds, 2, { 0 })
    table.sort(list)
    list[#list + 1] = 1
  end
  list[1], list[#list] = -K.epsilon(), 1 + K.epsilon()
  return list
end

-- Points of the curve by threshold: x and y.
local function points(curve, tp, fp, fn, tn)
  local x, y = {}, {}
  for i = 1, #tp do
    local recall = ratio(tp[i], tp[i] + fn[i])
    if curve == "ROC" then
      x[i], y[i] = ratio(fp[i], fp[i] + tn[i]), recall
    else
      x[i], y[i] = recall, ratio(tp[i], tp[i] + fp[i])
    end
  end
  return x, y
end

local heights = {
  interpolation = function(a, b) return (a + b) / 2 end,
  minoring = function(a, b) return math.min(a, b) end,
  majoring = function(a, b) return math.max(a, b) end,
}

-- Between neighbouring thresholds true positives grow in proportion to what is predicted positive.
local function interpolated_precision(tp, fp, fn)
  local area = 0
  for i = 1, #tp - 1 do
    local more, before, after = tp[i] - tp[i + 1], tp[i] + fp[i], tp[i + 1] + fp[i + 1]
    local slope = ratio(more, math.max(before - after, 0))
    local log = before > 0 and after > 0 and math.log(before / after) or 0
    local part = slope * (more + (tp[i + 1] - slope * after) * log)
    area = area + ratio(part, math.max(tp[i + 1] + fn[i + 1], 0))
  end
  return area
end

local function area_of(self, buckets)
  local tp, fp, fn, tn = confusion.counts(buckets, #self.list)
  if self.curve == "PR" and self.summation_method == "interpolation" then return interpolated_precision(tp, fp, fn) end
  local x, y = points(self.curve, tp, fp, fn, tn)
  local height, area = heights[self.summation_method], 0
  for i = 1, #x - 1 do area = area + (x[i] - x[i + 1]) * height(y[i], y[i + 1]) end
  return area
end

share.class("AUC", "auc") {
  doc = [[
The area under the curve of the recall over the share of false alarms (ROC), or of the precision over the recall (PR),
as the threshold goes from 0 to 1. With multi_label it is the mean of those of the labels, along the last axis.]],
  leading = { "num_thresholds", "curve", "summation_method" },
  options = {
    num_thresholds = kinds.whole(200, 2),
    curve = kinds.oneof { "ROC", "PR" },
    summation_method = kinds.oneof { "interpolation", "minoring", "majoring" },
    thresholds = numbers,
    multi_label = kinds.flag(false),
    label_weights = weights,
    from_logits = kinds.flag(false),
  },
  start = function(self)
    self.list = thresholds_of(self)
    self.buckets = {} -- of each label, or of all together
  end,
  add = function(self, y_true, y_pred, sample_weight)
    if self.from_logits then y_pred = K.sigmoid(K.constant(y_pred)) end
    local t, p, w, dtype, labels = confusion.read_batch(self, y_true, y_pred, sample_weight)
    local own = self.label_weights
    if own and #own ~= labels then raise("label_weights must be %d numbers, got %d", labels, #own) end
    local several = self.multi_label and labels or 1
    if #self.buckets > 0 and #self.buckets ~= several then
      raise("y_pred must have %d labels as before, got %d", #self.buckets, several)
    end
    for i, v in ipairs(p) do p[i] = confusion.check_probability(v) end
    for i = #self.buckets + 1, several do self.buckets[i] = confusion.new_buckets(#self.list) end
    local thresholds = confusion.rounded(self.list, dtype)
    for i, label in ipairs(t) do
      local at = (i - 1) % labels + 1
      local weight = (w and w[i] or 1) * (own and not self.multi_label and own[at] or 1)
      confusion.add(self.buckets[self.multi_label and at or 1], thresholds, label, p[i], weight)
    end
  end,
  result = function(self)
    local sum, all = 0, 0
    for i, buckets in ipairs(self.buckets) do
      local weight = self.multi_label and self.label_weights and self.label_weights[i] or 1
      sum, all = sum + weight * area_of(self, buckets), all + weight
    end
    return ratio(sum, all)
  end,
}

return confusion.metrics
