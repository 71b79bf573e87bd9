-- metrics/metric.lua: the registry of metrics, and what they share. A metric gathers over many batches:
-- metric:update_state(y_true, y_pred, sample_weight) adds one, metric:result() gives a Lua number (or, where the class
-- says so, something else), metric:reset_state() begins anew. Training calls these for each batch and each epoch.
-- Invariant: sums are Lua numbers, so float64; NaN shows; nothing is recorded on tapes.

local args = require "dwconv.args"
local K = require "dwconv.backend"
local classes = require "dwconv.classes"
local losses = require "dwconv.losses"
local calls = require("dwconv.ops").calls

local kinds = args.kinds

local Metric = {}

--- Begins anew. A class has `start`, which puts its fields to what they are before the first batch.
function Metric:reset_state() self:start() end

function Metric:init() self:start() end

--- Adds a batch. A class says how by its method add(y_true, y_pred, sample_weight).
---@param y_true any
---@param y_pred any
---@param sample_weight? any
function Metric:update_state(y_true, y_pred, sample_weight)
  calls.no_grad(self.add, self, y_true, y_pred, sample_weight)
end

--- metric(y_true, y_pred, sample_weight) adds a batch and gives the result so far.
function Metric:invoke(...)
  self:update_state(...)
  return self:result()
end

local metrics = classes.registry("dw.metrics", "a metric", Metric)

-- ---- what classes share --------------------------------------------------------------------------

local share = {}
metrics.share = share

--- Makes a class whose `name` is, unless an option says otherwise, this.
---@param class_name string
---@param name string
function share.class(class_name, name)
  return function(record)
    record.options = record.options or {}
    record.options.name = kinds.text(name)
    record.add = args.speaking(class_name, record.add)
    return metrics:class(class_name)(record)
  end
end

--- a / b, and 0 where b is 0; NaN shows.
function share.ratio(a, b)
  if b == 0 then return a ~= a and a or 0 end
  return a / b
end

--- The number in the sum of x, made in float64.
function share.sum(x) return K.sum(x.dtype == "float64" and x or K.cast(x, "float64")):item() end

--- Values in float64 and the weights that stretch to them, if there are any.
function share.weighted(values, weights)
  if type(values) == "number" or type(values) == "table" then values = K.constant(values, { dtype = "float64" }) end
  if not args.check.is_tensor(values) then args.raise("values must be a tensor, got %s", args.show(values)) end
  values = values.dtype == "float64" and values or K.cast(values, "float64")
  if weights == nil then return values end
  weights = losses.read_weights(weights, values)
  if type(weights) == "number" then weights = K.constant(weights, { dtype = "float64" }) end
  return values, weights
end

-- ---- averages --------------------------------------------------------------------------------------

--- Methods of averages: the sum of weighted values over the sum of weights.
share.mean = {
  start = function(self) self.total, self.count = 0, 0 end,
  gather = function(self, values, weights)
    local v, w = share.weighted(values, weights)
    if not w then
      self.total, self.count = self.total + share.sum(v), self.count + v.size
    else
      self.total = self.total + share.sum(v * w)
      self.count = self.count + share.sum(w) * (v.size / math.max(1, w.size))
    end
  end,
  result = function(self) return share.ratio(self.total, self.count) end,
}

--- The same with further fields.
function share.averaging(record)
  for name, f in pairs(share.mean) do record[name] = record[name] or f end
  return record
end

return metrics
