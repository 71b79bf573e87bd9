-- loss_classes_spec.lua: dw.losses against tf_keras: reductions, weights of samples, gradients, functions and names.
-- losses_spec.lua tests the ops that they are made of.

local dw = require "dwconv"
local support = require "support"
local training = require "training_cases"
local K, refuses, losses = dw.backend, support.refuses, dw.losses

local TOLERANCE = { rtol = 1e-12, atol = 1e-13 }

-- tf_keras rounds the log(2) of log_cosh to float32.
local function tolerance_of(case)
  return case.name:lower():find "log_?cosh" and { rtol = 0, atol = 1e-8 } or TOLERANCE
end

local cases = training.load "losses"

local function describe_case(case)
  local shape = case.y_pred.shape
  local weight = case.weight and " with weights" or ""
  return ("%s of %s%s"):format(training.describe(case), shape, weight)
end

local function float64(x) return dw.tensor(x, { dtype = "float64" }) end

describe("losses", function()
  it("and their gradients are tf_keras's", function()
    for _, case in ipairs(cases) do
      if case.options then
        local loss, what = training.instance(losses, case), describe_case(case)
        local tape, result = dw.record(function()
          return loss(case.y_true, case.y_pred, { sample_weight = case.weight })
        end)
        local want = type(case.result) == "number" and float64(case.result) or case.result
        support.near(result, want, tolerance_of(case), what)
        support.near(tape:gradients(result, case.y_pred), case.grad, TOLERANCE, "gradient of " .. what)
      end
    end
  end)

  it("have functions and other names, which are tf_keras's", function()
    for _, case in ipairs(cases) do
      if case.samples then
        local tolerance = tolerance_of(case)
        support.near(losses[case.name](case.y_true, case.y_pred), case.samples, tolerance, case.name)
        support.near(losses.get(case.name):per_sample(case.y_true, case.y_pred), case.samples, tolerance, case.name)
      end
    end
  end)

  it("in float32 stay near", function()
    local function narrow(x) return x and x.dtype == "float64" and K.cast(x, "float32") or x end
    for _, case in ipairs(cases) do
      if case.options and type(case.weight) ~= "number" and case.name ~= "LogCosh" then
        local loss = training.instance(losses, case)
        local result = loss(narrow(case.y_true), narrow(case.y_pred), { sample_weight = narrow(case.weight) })
        local want = type(case.result) == "number" and dw.tensor(case.result) or K.cast(case.result, "float32")
        support.near(result, want, { rtol = 3e-6, atol = 3e-6 }, describe_case(case))
      end
    end
  end)

  it("have second derivatives", function()
    local y = dw.uniform({ 3, 4 }, { minval = 0.1, maxval = 0.9, seed = 1, dtype = "float64" })
    local p = dw.uniform({ 3, 4 }, { minval = 0.1, maxval = 0.9, seed = 2, dtype = "float64" })
    for name, class in pairs(require("dwconv.losses").classes) do
      if name ~= "SparseCategoricalCrossentropy" then
        local loss = class {}
        dw.gradcheck(function(x) return loss(y, x, { sample_weight = { 1, 2, 0.5 } }) end, { p }, { order = 2 })
      end
    end
    local sparse = losses.SparseCategoricalCrossentropy {}
    dw.gradcheck(function(x) return sparse({ 1, 4, 2 }, x) end, { p }, { order = 2 })
  end)

  it("take labels of any dtype and tables, and align what lacks an axis of size 1", function()
    local labels = dw.tensor({ { 1 }, { 0 } }, { dtype = "int32" })
    local p = float64 { { 0.75 }, { 0.25 } }
    assert.equal(0.0625, losses.mse(labels, p)(1))
    assert.equal(0.0625, losses.mse({ 1, 0 }, p)(2))
    assert.same({ 2 }, losses.mse(dw.tensor { 1, 0 }, p).shape)
    assert.same({ 2 }, losses.mse(p, dw.tensor { 1, 0 }).shape)
    assert.equal("float64", losses.MeanSquaredError {}(labels, p).dtype)
    assert.equal("float32", losses.mae({ { 1, 2 } }, dw.tensor({ { 3, 3 } }, { dtype = "int64" })).dtype)
  end)

  it("align weights at the samples, whatever shape their losses have", function()
    local y, p = dw.zeros { 2, 3, 4, 5 }, dw.ones { 2, 3, 4, 5 }
    local loss = losses.MeanSquaredError { reduction = "none" }
    local weighted = loss(y, p, { sample_weight = { 1, 3 } })
    assert.same({ 2, 3, 4 }, weighted.shape)
    assert.equal(1, weighted(1, 3, 4))
    assert.equal(3, weighted(2, 1, 1))
    assert.equal(2, loss(y, p, { sample_weight = 2 })(1, 1, 1))
    refuses(function() loss(y, p, { sample_weight = { 1, 2, 3 } }) end,
      "MeanSquaredError: sample_weight (3) must have a weight for each of the losses (2x3x4)")
    refuses(function() loss(y, p, { sample_weight = "all" }) end, "sample_weight must be a tensor or a number")
    refuses(function() loss(y, p, { sample_weights = 1 }) end, 'unknown option "sample_weights"')
  end)

  it("of no samples are 0, and NaN shows", function()
    assert.equal(0, losses.MeanSquaredError {}(dw.zeros { 0, 3 }, dw.zeros { 0, 3 }):item())
    assert.equal(0, losses.CategoricalCrossentropy {}(dw.zeros { 0, 3 }, dw.zeros { 0, 3 }):item())
    for name, class in pairs(require("dwconv.losses").classes) do
      if name ~= "SparseCategoricalCrossentropy" then
        local v = class {}({ { 0, 1 } }, dw.tensor { { 0 / 0, 0.5 } }):item()
        assert.is_true(v ~= v, name)
      end
    end
  end)

  it("may be functions, which give the losses of samples", function()
    local own = losses.get(function(y_true, y_pred) return K.max(K.abs(y_true - y_pred), { axis = -1 }) end)
    assert.equal(2.5, own(dw.zeros { 2, 2 }, dw.tensor { { 1, 2 }, { 3, 0 } }):item())
    assert.equal("MeanSquaredError{}", tostring(losses.get(losses.mse)))
    refuses(function() losses.get(function() return 3 end)(dw.ones { 1, 1 }, dw.ones { 1, 1 }) end,
      "the loss must be a tensor, got 3")
  end)

  it("of a script are classes, with options, weights and reductions", function()
    local Quantile = losses.Loss "Quantile" {
      doc = "Errors above and below count differently.",
      leading = { "q" },
      options = { q = 0.5 },
      call = function(self, y_true, y_pred)
        local e = y_true - y_pred
        return K.mean(K.maximum(e * self.q, e * (self.q - 1)), { axis = -1 })
      end,
    }
    local loss = Quantile { 0.75, reduction = "sum" }
    assert.equal(0.75 * 2 * 3 + 0.25 * 4, loss(dw.zeros { 2, 1 }, dw.tensor { { -2 }, { 4 } }, { sample_weight = { 3, 1 } }):item())
    refuses(function() return losses.Quantile end, "Quantile")
  end)

  it("go into configurations and come back", function()
    local loss = losses.BinaryCrossentropy { true, 0.1, reduction = "sum", name = "b" }
    assert.same({ from_logits = true, label_smoothing = 0.1, axis = -1, reduction = "sum", name = "b" }, loss:get_config())
    local again = losses.get { class_name = "BinaryCrossentropy", config = loss:get_config() }
    assert.equal(tostring(loss), tostring(again))
  end)

  it("refuse what does not fit", function()
    refuses(function() losses.mse({ { 1, 2 } }, { { 1, 2, 3 } }) end,
      "mean_squared_error: y_true (1x2) must have the shape of y_pred (1x3)")
    refuses(function() losses.Huber {}(dw.ones { 2, 2 }, 3) end, "Huber: y_pred must be a tensor, got 3")
    refuses(function() losses.mse("a", dw.ones { 1 }) end, 'mean_squared_error: y_true must be a tensor, got "a"')
    refuses(function() losses.SparseCategoricalCrossentropy {}({ 0, 1 }, dw.full({ 2, 3 }, 0.3)) end,
      "SparseCategoricalCrossentropy: target holds the label 0, outside 1 to 3; counting starts at 1")
    refuses(function() losses.CategoricalCrossentropy { label_smoothing = 2 } end, "label_smoothing must be a number from 0")
    refuses(function() losses.MeanSquaredError { reduction = "mean" } end, "MeanSquaredError: reduction must be")
    refuses(function() losses.CosineSimilarity { axis = 3 }(dw.ones { 2, 2 }, dw.ones { 2, 2 }) end, "axis must be an axis")
    refuses(function() return losses.MeanSquareError end, 'did you mean "MeanSquaredError"?')
  end)
end)
