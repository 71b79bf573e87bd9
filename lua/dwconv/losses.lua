-- losses.lua: what training makes small: dw.losses. loss(y_true, y_pred, { sample_weight = }) gives one number, as a
-- tensor of rank 0, by the option `reduction`; dw.losses.mean_squared_error(y_true, y_pred) and its like give the
-- losses of the samples. Formulas are Keras's; labels count from 1.
-- Invariant: weights stand for samples, so they are aligned at the first axis, whatever shape the losses have.

local args = require "dwconv.args"
local K = require "dwconv.backend"
local classes = require "dwconv.classes"

local check, kinds, raise, show = args.check, args.kinds, args.raise, args.show
local is_tensor = check.is_tensor

-- ---- what goes in ----------------------------------------------------------------------------------

-- y_pred as floats, y_true of its dtype; tables become tensors.
local function read_both(y_true, y_pred)
  if type(y_pred) == "table" then y_pred = K.constant(y_pred) end
  if not is_tensor(y_pred) then raise("y_pred must be a tensor, got %s", show(y_pred)) end
  if y_pred.dtype ~= "float32" and y_pred.dtype ~= "float64" then y_pred = K.cast(y_pred, K.floatx()) end
  if type(y_true) == "table" or type(y_true) == "number" then y_true = K.constant(y_true, { dtype = y_pred.dtype }) end
  if not is_tensor(y_true) then raise("y_true must be a tensor, got %s", show(y_true)) end
  if y_true.dtype ~= y_pred.dtype then y_true = K.cast(y_true, y_pred.dtype) end
  return y_true, y_pred
end

-- One of them may lack the last axis where the other has size 1 there.
local function aligned(y_true, y_pred)
  local a, b = y_true.shape, y_pred.shape
  if #a == #b - 1 and b[#b] == 1 then
    y_true = K.expand_dims(y_true, { axis = -1 })
  elseif #b == #a - 1 and a[#a] == 1 then
    y_pred = K.expand_dims(y_pred, { axis = -1 })
  end
  if y_true.shape ~= y_pred.shape then raise("y_true (%s) must have the shape of y_pred (%s)", a, b) end
  if y_true.ndim == 0 then raise "y_true must have at least one axis, got a tensor of rank 0" end
  return y_true, y_pred
end

-- ---- the formulas ----------------------------------------------------------------------------------

local LAST <const> = { axis = -1 }

local function mean(x) return K.mean(x, LAST) end

-- Labels of 0 and 1 become -1 and 1.
local function signs(y_true)
  if y_true.size > 0 and not K.all(K.logical_or(K.equal(y_true, 0), K.equal(y_true, 1))):item() then return y_true end
  return 2 * y_true - 1
end

local function at_least(x, low) return K.maximum(x, low) end

-- Each: function(y_true, y_pred, options) -> the losses of samples, alike in shape unless `labels` says otherwise.
local formulas = {
  mean_squared_error = function(t, p) return mean(K.square(p - t)) end,
  mean_absolute_error = function(t, p) return mean(K.abs(p - t)) end,
  mean_absolute_percentage_error = function(t, p)
    return 100 * mean(K.abs((t - p) / at_least(K.abs(t), K.epsilon())))
  end,
  mean_squared_logarithmic_error = function(t, p)
    local e = K.epsilon()
    return mean(K.square(K.log(at_least(p, e) + 1) - K.log(at_least(t, e) + 1)))
  end,
  hinge = function(t, p) return mean(at_least(1 - signs(t) * p, 0)) end,
  squared_hinge = function(t, p) return mean(K.square(at_least(1 - signs(t) * p, 0))) end,
  categorical_hinge = function(t, p)
    return at_least(K.max((1 - t) * p, LAST) - K.sum(t * p, LAST) + 1, 0)
  end,
  log_cosh = function(t, p)
    local e = p - t
    return mean(e + K.softplus(-2 * e) - math.log(2))
  end,
  kl_divergence = function(t, p) return K.kl_divergence(t, p) end,
  poisson = function(t, p) return mean(p - t * K.log(p + K.epsilon())) end,
  huber = function(t, p, o) return K.huber(t, p, { delta = o.delta }) end,
  cosine_similarity = function(t, p, o) return K.cosine_similarity(t, p, { axis = o.axis }) end,
  binary_crossentropy = function(t, p, o)
    local s = o.label_smoothing
    if s ~= 0 then t = t * (1 - s) + 0.5 * s end
    return K.mean(K.binary_crossentropy(t, p, { from_logits = o.from_logits }), { axis = o.axis })
  end,
  categorical_crossentropy = function(t, p, o)
    local s = o.label_smoothing
    if s ~= 0 then t = t * (1 - s) + s / t.shape[check.axis(o.axis, t.ndim)] end
    return K.categorical_crossentropy(t, p, { from_logits = o.from_logits, axis = o.axis })
  end,
  sparse_categorical_crossentropy = function(t, p, o)
    return K.sparse_categorical_crossentropy(t, p, { from_logits = o.from_logits, axis = o.axis })
  end,
}

local share = kinds.number(0, 0, 1)
local flag, axis = kinds.flag(false), kinds.axis(-1)

local own_options = {
  huber = { delta = kinds.number(1.0) },
  cosine_similarity = { axis = axis },
  binary_crossentropy = { from_logits = flag, label_smoothing = share, axis = axis },
  categorical_crossentropy = { from_logits = flag, label_smoothing = share, axis = axis },
  sparse_categorical_crossentropy = { from_logits = flag, axis = axis },
}

local DOCS = {
  mean_squared_error = "The mean of squared errors.",
  mean_absolute_error = "The mean of the sizes of errors.",
  mean_absolute_percentage_error = "100 times the mean of |error| / |y_true|.",
  mean_squared_logarithmic_error = "The mean of squared differences of log(y + 1).",
  hinge = "The mean of max(1 - y_true * y_pred, 0), for labels of -1 and 1, or 0 and 1.",
  squared_hinge = "The mean of the squares of hinge losses.",
  categorical_hinge = "max(1 + the best score of a wrong class - that of the right one, 0), for labels as vectors.",
  log_cosh = "The mean of log(cosh(error)): squared where it is small, without the square's growth.",
  kl_divergence = "The sum of y_true * log(y_true / y_pred).",
  poisson = "The mean of y_pred - y_true * log(y_pred).",
  huber = "The mean of error^2 / 2 where errors are up to delta, straight beyond.",
  cosine_similarity = "Minus the cosine of the angle between y_true and y_pred along the axis.",
  binary_crossentropy = "Mean along the last axis of crossentropies of probabilities or logits with labels 0 or 1.",
  categorical_crossentropy = "The crossentropy of probabilities (or logits) of classes with labels as vectors.",
  sparse_categorical_crossentropy = "The crossentropy of probabilities (or logits) of classes with labels from 1 on.",
}

-- The losses of samples by a formula, of whatever a script passes.
local function samples(name, y_true, y_pred, o)
  y_true, y_pred = read_both(y_true, y_pred)
  if name ~= "sparse_categorical_crossentropy" then y_true, y_pred = aligned(y_true, y_pred) end
  return formulas[name](y_true, y_pred, o)
end

-- ---- weights and reduction -------------------------------------------------------------------------

-- The weights with as many axes as the losses; the axes that they lack come last.
local function read_weights(given, losses)
  if type(given) == "number" then return given end
  if type(given) == "table" then given = K.constant(given, { dtype = losses.dtype }) end
  if not is_tensor(given) then raise("sample_weight must be a tensor or a number, got %s", show(given)) end
  local weights = given.dtype == losses.dtype and given or K.cast(given, losses.dtype)
  if weights.ndim == losses.ndim + 1 and weights.shape[-1] == 1 then weights = K.squeeze(weights, -1) end
  local shape, fits = {}, weights.ndim <= losses.ndim
  for i, n in ipairs(losses.shape) do
    shape[i] = weights.shape[i] or 1
    fits = fits and (shape[i] == n or shape[i] == 1)
  end
  if not fits then
    raise("sample_weight (%s) must have a weight for each of the losses (%s)", given.shape, losses.shape)
  end
  return K.reshape(weights, shape)
end

local function reduced(losses, reduction)
  if reduction == "none" then return losses end
  if reduction == "sum" or losses.size == 0 then return K.sum(losses) end
  return K.mean(losses)
end

-- ---- classes ---------------------------------------------------------------------------------------

local REDUCTIONS = kinds.oneof { "sum_over_batch_size", "sum", "none", "auto" }

local Loss = { options = { reduction = REDUCTIONS, name = kinds.optional(kinds.text()) } }

--- The losses of the samples, before weights and reduction. A class says how by its method call(y_true, y_pred).
---@param y_true dwconv.Tensor|table
---@param y_pred dwconv.Tensor
---@return dwconv.Tensor
function Loss:per_sample(y_true, y_pred)
  local losses = self:call(y_true, y_pred)
  if not is_tensor(losses) then raise("the loss must be a tensor, got %s", show(losses)) end
  return losses
end

local weight = kinds.optional(kinds.anything "a tensor, a table or a number")
weight.read = function(v) return v end -- read_weights looks at it, beside the losses

local parse = args.options({ sample_weight = weight }, "(y_true, y_pred, {sample_weight =})")

function Loss:invoke(y_true, y_pred, ...)
  local weights = parse(...).sample_weight
  local losses = self:per_sample(y_true, y_pred)
  if weights ~= nil then losses = losses * read_weights(weights, losses) end
  return reduced(losses, self.reduction)
end

local OfFunction
local functions = {} -- the formulas for scripts and for metrics: name -> function(y_true, y_pred, {options})
local class_of = {} -- by these functions

--- A function(y_true, y_pred) that gives the losses of samples may stand for a loss.
function Loss.of_function(f) return class_of[f] and class_of[f] {} or OfFunction { f } end

local losses = classes.registry("dw.losses", "a loss", Loss)

OfFunction = losses:class("Function", true) {
  doc = "What a function(y_true, y_pred) of a script gives.",
  leading = { "f" },
  options = { f = kinds.callable() },
  call = function(self, y_true, y_pred) return args.call(self.f, y_true, y_pred) end,
}

local LEADING = {
  huber = { "delta" },
  cosine_similarity = { "axis" },
  binary_crossentropy = { "from_logits", "label_smoothing" },
  categorical_crossentropy = { "from_logits", "label_smoothing" },
  sparse_categorical_crossentropy = { "from_logits" },
}

local NAMES = {
  mean_squared_error = "MeanSquaredError", mean_absolute_error = "MeanAbsoluteError",
  mean_absolute_percentage_error = "MeanAbsolutePercentageError",
  mean_squared_logarithmic_error = "MeanSquaredLogarithmicError", hinge = "Hinge", squared_hinge = "SquaredHinge",
  categorical_hinge = "CategoricalHinge", log_cosh = "LogCosh", kl_divergence = "KLDivergence", poisson = "Poisson",
  huber = "Huber", cosine_similarity = "CosineSimilarity", binary_crossentropy = "BinaryCrossentropy",
  categorical_crossentropy = "CategoricalCrossentropy",
  sparse_categorical_crossentropy = "SparseCategoricalCrossentropy",
}

-- Keras's other names.
local ALIASES = {
  mse = "mean_squared_error", MSE = "mean_squared_error", mae = "mean_absolute_error", MAE = "mean_absolute_error",
  mape = "mean_absolute_percentage_error", MAPE = "mean_absolute_percentage_error",
  msle = "mean_squared_logarithmic_error", MSLE = "mean_squared_logarithmic_error",
  kld = "kl_divergence", KLD = "kl_divergence", kullback_leibler_divergence = "kl_divergence",
  bce = "binary_crossentropy", BCE = "binary_crossentropy", logcosh = "log_cosh", huber_loss = "huber",
}

losses.functions, losses.own_options, losses.other_names = functions, own_options, ALIASES
losses.read_both, losses.aligned, losses.read_weights = read_both, aligned, read_weights

for name, class_name in pairs(NAMES) do
  local options = own_options[name] or {}
  local parse_own = args.options(options, next(options) and "(y_true, y_pred, {options})" or "(y_true, y_pred)")
  functions[name] = args.speaking(name, function(y_true, y_pred, ...)
    return samples(name, y_true, y_pred, parse_own(...))
  end)
  local class = losses:class(class_name) {
    doc = DOCS[name],
    leading = LEADING[name],
    options = options,
    call = function(self, y_true, y_pred) return samples(name, y_true, y_pred, self) end,
  }
  losses:alias(name, class)
  class_of[functions[name]] = class
end

local more = { Loss = losses:own() }
for name, f in pairs(functions) do more[name] = f end
for alias, name in pairs(ALIASES) do
  more[alias] = functions[name]
  losses:alias(alias, losses.classes[NAMES[name]])
end

losses.room = losses:open("dw.losses, what training makes small:", more)

return losses
