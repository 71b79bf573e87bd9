-- metrics_spec.lua: metrics against tf_keras, batch after batch, with and without weights; what words of compile stand
-- for; names; NaN, nothing and bad input.

local dw = require "dwconv"
local support = require "support"
local training = require "training_cases"
local K, refuses, metrics = dw.backend, support.refuses, dw.metrics

-- tf_keras computes some in float32, and rounds the log(2) of log_cosh to it.
local function tolerance_of(case)
  if case.name:find "TopK" or case.options and case.options.top_k then return 1e-6 end
  return case.name == "LogCoshError" and 1e-8 or 1e-12
end

local function near(got, want, tolerance, what)
  if type(want) == "table" then
    assert.equal(#want, #got, what)
    for i, v in ipairs(want) do near(got[i], v, tolerance, what) end
  elseif type(want) == "number" then
    local close = math.abs(got - want) <= tolerance * (1 + math.abs(want))
    assert(close, ("%s: %.17g is not %.17g"):format(what, got, want))
  else
    support.near(got, K.cast(want, got.dtype), { rtol = 1e-6, atol = 1e-6 }, what)
  end
end

local function feed(metric, batch)
  if batch.values then return metric:update_state(batch.values, batch.weight) end
  metric:update_state(batch.y_true, batch.y_pred, batch.weight)
end

local cases = training.load "metrics"

describe("metrics", function()
  it("are tf_keras's after each batch, and again after reset_state", function()
    for _, case in ipairs(cases) do
      local metric = training.instance(metrics, case)
      for round = 1, 2 do
        for i, batch in ipairs(case.batches) do
          feed(metric, batch)
          near(metric:result(), case.results[i], tolerance_of(case),
            ("%s, batch %d, round %d"):format(training.describe(case), i, round))
        end
        metric:reset_state()
      end
    end
  end)

  it("in float32 stay near", function()
    local function narrow(x) return type(x) == "userdata" and x.dtype == "float64" and K.cast(x, "float32") or x end
    for _, case in ipairs(cases) do
      if not case.name:find "MeanTensor" then
        local metric = training.instance(metrics, case)
        for _, batch in ipairs(case.batches) do
          feed(metric, { values = narrow(batch.values), y_true = narrow(batch.y_true), y_pred = narrow(batch.y_pred),
            weight = narrow(batch.weight) })
        end
        near(metric:result(), case.results[#case.results], 1e-5, training.describe(case))
      end
    end
  end)

  it("go into configurations and come back", function()
    for _, case in ipairs(cases) do
      local metric = training.instance(metrics, case)
      local again = metrics.get { class_name = case.name, config = metric:get_config() }
      assert.equal(tostring(metric), tostring(again))
      assert.equal(metric.name, again.name)
    end
  end)

  it("have Keras's names", function()
    for class, name in pairs { AUC = "auc", MeanIoU = "mean_io_u", LogCoshError = "logcosh", MeanSquaredError =
      "mean_squared_error", SparseCategoricalAccuracy = "sparse_categorical_accuracy", Precision = "precision" } do
      local given = class == "MeanIoU" and { 2 } or {}
      assert.equal(name, metrics[class](given).name)
    end
    assert.equal("p", metrics.Precision { name = "p" }.name)
    for _, name in ipairs { "mse", "MAE", "kld", "bce", "binary_accuracy", "categorical_accuracy", "top_k_categorical_accuracy",
      "AUC", "auc", "Recall", "cosine_similarity", "mean_squared_error", "logcosh", "hinge" } do
      assert.equal("string", type(metrics.get(name).name))
    end
    assert.equal("MeanSquaredError{}", tostring(metrics.get "mse"))
    assert.equal("BinaryAccuracy{}", tostring(metrics.get(metrics.binary_accuracy)))
    refuses(function() metrics.get "acuracy" end, 'got "acuracy"; did you mean "Accuracy"?')
  end)

  it("are functions too, which give what samples have", function()
    support.same(metrics.sparse_categorical_accuracy({ 2, 1 }, { { 0.1, 0.9 }, { 0.2, 0.8 } }), dw.tensor { 1.0, 0 })
    support.same(metrics.binary_accuracy({ { 1, 0 } }, { { 0.4, 0.2 } }, { threshold = 0.3 }), dw.tensor { 1.0 })
    support.same(metrics.top_k_categorical_accuracy({ { 0, 0, 1 } }, { { 0.3, 0.5, 0.2 } }, { k = 2 }), dw.tensor { 0.0 })
    support.same(metrics.mse({ { 1, 3 } }, { { 0, 0 } }), dw.tensor { 5.0 })
    local m = metrics.get(function(y_true, y_pred) return K.max(K.abs(y_true - y_pred), { axis = -1 }) end)
    m:update_state(dw.zeros { 2, 2 }, dw.tensor { { 1, 2 }, { 3, 0 } }, { 1, 3 })
    assert.equal(2.75, m:result())
    assert.equal(2.75, m(dw.zeros { 0, 2 }, dw.zeros { 0, 2 }))
  end)

  it("keep sums in float64, and are the same for every thread count", function()
    local m = metrics.Sum {}
    for _ = 1, 100 do m:update_state(dw.full({ 1000 }, 16777217 / 16, { dtype = "float64" })) end
    assert.equal(100000 * 16777217 / 16, m:result())
    local y = dw.tensor { { 0, 1 } }
    local mse = metrics.MeanSquaredError {}
    local tape = dw.record(function() mse:update_state(y, y) end)
    assert.equal("tape of 0 calls", tostring(tape))
  end)

  it("of nothing are 0, and NaN shows", function()
    local given = { MeanIoU = { 2 }, MeanRelativeError = { { 1 } }, SensitivityAtSpecificity = { 0.5 },
      SpecificityAtSensitivity = { 0.5 }, PrecisionAtRecall = { 0.5 }, RecallAtPrecision = { 0.5 },
      MeanMetricWrapper = { print } }
    for name, class in pairs(require("dwconv.metrics").classes) do
      if name ~= "MeanTensor" then assert.equal(0, class(given[name] or {}):result(), name) end
    end
    for _, name in ipairs { "AUC", "Precision", "Recall", "TruePositives", "FalseNegatives", "MeanSquaredError",
      "RootMeanSquaredError", "BinaryCrossentropy" } do
      local m = metrics[name] {}
      m:update_state({ 0, 1, 1 }, { 0.2, 0 / 0, 0.9 })
      m:update_state({ 0, 1 }, { 0.2, 0.5 })
      assert.is_true(m:result() ~= m:result(), name)
    end
  end)

  it("are found by the words of compile, by the shapes of labels and predictions", function()
    local resolve = require("dwconv.metrics").resolve
    local function text(word, y_true, y_pred, loss) return tostring(resolve(word, loss, y_true, y_pred)) end
    assert.equal('BinaryAccuracy{ "accuracy" }', text("accuracy", { 8, 1 }, { 8, 1 }))
    assert.equal('BinaryAccuracy{ "accuracy" }', text("acc", { 8 }, { 8, 1 }))
    assert.equal('SparseCategoricalAccuracy{ name = "accuracy" }', text("accuracy", { 8 }, { 8, 3 }))
    assert.equal('SparseCategoricalAccuracy{ name = "accuracy" }', text("Accuracy", { 8, 1 }, { 8, 3 }))
    assert.equal('SparseCategoricalAccuracy{ name = "accuracy" }', text("accuracy", { 8, 5, 5 }, { 8, 5, 5, 3 }))
    assert.equal('CategoricalAccuracy{ name = "accuracy" }', text("accuracy", { 8, 3 }, { 8, 3 }))
    assert.equal("crossentropy", resolve("crossentropy", nil, { 8, 3 }, { 8, 3 }).name)
    local logits = dw.losses.BinaryCrossentropy { from_logits = true }
    assert.equal(0, resolve("accuracy", logits, { 8, 1 }, { 8, 1 }).threshold)
    assert.is_true(resolve("ce", logits, { 8, 1 }, { 8, 1 }).from_logits)
    assert.equal("MeanSquaredError{}", text("mse", { 8, 1 }, { 8, 1 }))
    assert.equal("huber", resolve(dw.losses.Huber {}, nil, { 1 }, { 1 }).name)
    local own = metrics.Mean {}
    assert.equal(own, resolve(own, nil, { 1 }, { 1 }))
    refuses(function() resolve("acuracy", nil, { 1 }, { 1 }) end, 'metrics must be a metric or its name, got "acuracy"')
  end)

  it("of a script are classes with start, add and result", function()
    local Largest = metrics.Metric "Largest" {
      doc = "The largest prediction.",
      start = function(self) self.most = -math.huge end,
      add = function(self, _, y_pred) self.most = math.max(self.most, K.max(y_pred):item()) end,
      result = function(self) return self.most end,
    }
    local m = require("dwconv.metrics").resolve(Largest, nil, { 1 }, { 1 })
    m:update_state(dw.zeros { 3 }, dw.tensor { 1, 5, 2 })
    assert.equal(5, m:result())
  end)

  it("refuse what does not fit", function()
    local function add(m, ...) return m:update_state(...) end
    refuses(function() add(metrics.Precision {}, { 0 }, { 1, 0.5 }) end,
      "Precision: y_true (1) must have the shape of y_pred (2)")
    refuses(function() add(metrics.AUC {}, { 0, 1 }, { -3, 4 }) end,
      "AUC: y_pred must hold probabilities from 0 to 1, got -3")
    refuses(function() add(metrics.MeanIoU { 2 }, { 0, 1 }, { 1, 1 }) end,
      "MeanIoU: y_true holds the label 0, outside 1 to 2; counting starts at 1")
    refuses(function() add(metrics.Mean {}, "a") end, 'Mean: values must be a tensor, got "a"')
    refuses(function() add(metrics.Mean {}, { 1, 2 }, { 1, 2, 3 }) end, "Mean: sample_weight (3) must have a weight")
    refuses(function() add(metrics.SparseCategoricalAccuracy {}, { 1, 2, 3 }, { { 1, 0 }, { 0, 1 } }) end,
      "SparseCategoricalAccuracy: y_true (3) must have a label for each line of y_pred (2x2)")
    refuses(function() metrics.Precision { 1.5 } end, "Precision: thresholds must be a number from 0 to 1")
    refuses(function() metrics.AUC { curve = "RPC" } end, 'AUC: curve must be "ROC" or "PR", got "RPC"')
    refuses(function() metrics.AUC { 1 } end, "AUC: num_thresholds must be a whole number of at least 2, got 1")
    refuses(function() metrics.MeanIoU {} end, "MeanIoU: num_classes is missing")
    refuses(function() metrics.SensitivityAtSpecificity {} end, "specificity is missing")
    refuses(function() add(metrics.Precision { class_id = 3 }, { { 0, 1 } }, { { 0, 1 } }) end, "class_id is 3, but y_pred has 2")
  end)
end)
