-- metrics/means.lua: metrics that are averages over samples: of values, of accuracies, of losses. accuracies.lua and
-- losses.lua have the formulas.

local args = require "dwconv.args"
local K = require "dwconv.backend"
local accuracies = require "dwconv.metrics.accuracies"
local losses = require "dwconv.losses"
local metrics = require "dwconv.metrics.metric"

local kinds, raise = args.kinds, args.raise
local share = metrics.share
local class, averaging = share.class, share.averaging

-- ---- of values -----------------------------------------------------------------------------------

class("Mean", "mean")(averaging {
  doc = "The mean of values: update_state(values, sample_weight).",
  add = function(self, values, weights) self:gather(values, weights) end,
})

class("Sum", "sum") {
  doc = "The sum of values: update_state(values, sample_weight).",
  start = function(self) self.total = 0 end,
  add = function(self, values, weights)
    local v, w = share.weighted(values, weights)
    self.total = self.total + share.sum(w and v * w or v)
  end,
  result = function(self) return self.total end,
}

class("MeanTensor", "mean_tensor") {
  doc = "The mean of tensors of one shape, a tensor: update_state(values, sample_weight).",
  start = function(self) self.total, self.count = false, false end,
  add = function(self, values, weights)
    local v, w = share.weighted(values, weights)
    local count = w and K.ones_like(v) * w or K.ones_like(v)
    if w then v = v * w end
    if not self.total then
      self.total, self.count = v + 0, count
    elseif self.total.shape ~= v.shape then
      raise("values (%s) must have the shape of those before (%s)", v.shape, self.total.shape)
    else
      self.total, self.count = self.total + v, self.count + count
    end
  end,
  result = function(self)
    if not self.total then raise "there were no values yet" end
    local none = K.equal(self.count, 0)
    return K.cast(K.where(none, 0, self.total / K.where(none, 1, self.count)), K.floatx())
  end,
}

-- ---- of functions --------------------------------------------------------------------------------

class("MeanMetricWrapper", "mean_metric_wrapper")(averaging {
  doc = "The mean of what fn(y_true, y_pred) gives for the samples.",
  leading = { "fn", "name" },
  options = { fn = kinds.callable() },
  add = function(self, y_true, y_pred, weights) self:gather(args.call(self.fn, y_true, y_pred), weights) end,
})

local class_of = {} -- by functions of dw.metrics

-- A function(y_true, y_pred) may stand for a metric: the mean of what it gives.
function metrics.base.of_function(f)
  return class_of[f] and class_of[f] {} or metrics.classes.MeanMetricWrapper { f }
end

local functions = {} -- for dw.metrics

-- A class, the mean of fn(y_true, y_pred, {options}), which is also in dw.metrics under the class's `name`. `sign` is
-- what the mean is multiplied by.
local function mean_of(class_name, name, fn, doc, options, leading, sign)
  local own, given = {}, {}
  for key, kind in pairs(options or {}) do own[#own + 1], given[key] = key, kind end
  class_of[fn] = class(class_name, name)(averaging {
    doc = doc,
    leading = leading,
    options = given,
    add = function(self, y_true, y_pred, weights)
      local o = #own > 0 and {} or nil
      for _, key in ipairs(own) do o[key] = self[key] end
      local values = fn(y_true, y_pred, o)
      self:gather(sign and values * sign or values, weights)
    end,
  })
  functions[name] = fn
end

for class_name, a in pairs(accuracies) do mean_of(class_name, a.name, a.call, a.doc, a.options, a.leading) end

for class_name, name in pairs {
  MeanSquaredError = "mean_squared_error", MeanAbsoluteError = "mean_absolute_error",
  MeanAbsolutePercentageError = "mean_absolute_percentage_error",
  MeanSquaredLogarithmicError = "mean_squared_logarithmic_error", Hinge = "hinge", SquaredHinge = "squared_hinge",
  CategoricalHinge = "categorical_hinge", LogCoshError = "log_cosh", KLDivergence = "kl_divergence",
  Poisson = "poisson", BinaryCrossentropy = "binary_crossentropy", CategoricalCrossentropy = "categorical_crossentropy",
  SparseCategoricalCrossentropy = "sparse_categorical_crossentropy",
} do
  local smoothed = name == "binary_crossentropy" or name == "categorical_crossentropy"
  mean_of(class_name, name, losses.functions[name], ("The mean of the loss %s."):format(name), losses.own_options[name],
    name:find "crossentropy" and { "name", "from_logits", smoothed and "label_smoothing" or nil } or nil)
end

metrics.classes.LogCoshError.options.name.default = "logcosh"

mean_of("CosineSimilarity", "cosine_similarity", losses.functions.cosine_similarity,
  "The mean of the cosine of the angle between y_true and y_pred along the axis: 1 where they agree, unlike the loss.",
  losses.own_options.cosine_similarity, { "name", "axis" }, -1)

for other, name in pairs(losses.other_names) do functions[other] = losses.functions[name] end
metrics.functions = functions

-- ---- errors --------------------------------------------------------------------------------------

class("RootMeanSquaredError", "root_mean_squared_error")(averaging {
  doc = "The root of the mean of squared errors.",
  add = function(self, y_true, y_pred, weights)
    local t, p = losses.aligned(losses.read_both(y_true, y_pred))
    self:gather(K.square(K.cast(p, "float64") - K.cast(t, "float64")), weights)
  end,
  result = function(self) return math.sqrt(share.ratio(self.total, self.count)) end,
})

local normalizer = kinds.values "a tensor or a nested table of y_pred's shape"
normalizer.to_config = function(v) return args.check.is_tensor(v) and v:to_table() or v end

class("MeanRelativeError", "mean_relative_error")(averaging {
  doc = "The mean of |error| / normalizer, 0 where that is 0.",
  leading = { "normalizer" },
  options = { normalizer = normalizer },
  add = function(self, y_true, y_pred, weights)
    local t, p = losses.aligned(losses.read_both(y_true, y_pred))
    local by = K.constant(self.normalizer, { dtype = p.dtype })
    local none = K.equal(by, 0)
    self:gather(K.where(none, 0, K.abs(t - p) / K.where(none, 1, by)), weights)
  end,
})

-- ---- overlap -------------------------------------------------------------------------------------

-- The labels of a tensor as a list of whole numbers from 1 to n.
local function labels_of(x, what, n)
  if type(x) == "table" then x = K.constant(x) end
  if not args.check.is_tensor(x) then raise("%s must be a tensor, got %s", what, args.show(x)) end
  local list = K.cast(K.reshape(x, { -1 }), "int64"):to_table()
  for _, label in ipairs(list) do
    if label < 1 or label > n then
      raise("%s holds the label %d, outside 1 to %d%s", what, label, n, label == 0 and "; counting starts at 1" or "")
    end
  end
  return list
end

class("MeanIoU", "mean_io_u") {
  doc = [[
The mean over classes of intersection over union: of the places that have a class in y_true or y_pred the share that has
it in both. Classes that are nowhere do not count.]],
  leading = { "num_classes" },
  options = { num_classes = kinds.whole(nil, 1) },
  start = function(self)
    self.both, self.either = {}, {} -- by class: weights of places with it in both; in each, added up
    for i = 1, self.num_classes do self.both[i], self.either[i] = 0, 0 end
  end,
  add = function(self, y_true, y_pred, weights)
    local t, p = labels_of(y_true, "y_true", self.num_classes), labels_of(y_pred, "y_pred", self.num_classes)
    if #t ~= #p then raise("y_true must have as many labels as y_pred, %d, got %d", #p, #t) end
    local w = weights ~= nil and K.reshape(K.constant(weights, { dtype = "float64" }), { -1 }):to_table()
    if w and #w ~= #p then raise("sample_weight must have as many weights as y_pred labels, %d, got %d", #p, #w) end
    for i, label in ipairs(t) do
      local weight = w and w[i] or 1
      self.either[label] = self.either[label] + weight
      self.either[p[i]] = self.either[p[i]] + weight
      if label == p[i] then self.both[label] = self.both[label] + weight end
    end
  end,
  result = function(self)
    local sum, n = 0, 0
    for i, both in ipairs(self.both) do
      local union = self.either[i] - both
      if union ~= 0 then sum, n = sum + both / union, n + 1 end
    end
    return share.ratio(sum, n)
  end,
}

return metrics
