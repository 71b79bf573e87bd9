-- layers/rescaling.lua: numbers brought into another range: Rescaling by what is given, Normalization by what it has
-- learned of data in `adapt`.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local layer = require "dwconv.layers.layer"
local shared = require "dwconv.layers.shared"

local kinds, raise, check, show = args.kinds, args.raise, args.check, args.show

-- A number, or a (nested) table of numbers.
local function numbers(default)
  local function are_numbers(v)
    if type(v) == "number" then return v == v end
    if type(v) ~= "table" or #v == 0 then return false end
    for _, item in ipairs(v) do
      if not are_numbers(item) then return false end
    end
    return true
  end
  return kinds.new {
    default = default,
    annotation = "number|table",
    expected = "a number or a table of numbers",
    read = function(v)
      if check.is_tensor(v) then v = v:to_table() end
      return are_numbers(v) and v or nil
    end,
  }
end

-- As a tensor, where it is a table.
local function constant(v, dtype) return type(v) == "table" and K.constant(v, { dtype = dtype }) or v end

layer.class "Rescaling" {
  doc = "x*scale + offset, of numbers or of tables that stretch to x's shape: 1/255 brings pixels to 0..1.",
  leading = { "scale", "offset" },
  options = { scale = numbers(), offset = numbers(0.0) },
  call = function(self, x) return x * constant(self.scale, x.dtype) + constant(self.offset, x.dtype) end,
}

-- ---- Normalization -------------------------------------------------------------------------------

-- Counts, means and sums of squared distances of what was seen, which add up over batches in float64 (Chan's formula).
local function add_batch(seen, x, over, kept)
  x = K.cast(x, "float64")
  local n = 1
  for _, axis in ipairs(over) do n = n * x.shape[axis] end
  if n == 0 then return end
  local mean = K.mean(x, { axis = over, keepdims = true })
  local away = K.reshape(K.sum(K.square(x - mean), { axis = over }), kept)
  mean = K.reshape(mean, kept)
  if seen.n == 0 then
    seen.n, seen.mean, seen.away = n, mean, away
    return
  end
  local total, step = seen.n + n, mean - seen.mean
  seen.away = seen.away + away + K.square(step) * (seen.n * n / total)
  seen.mean, seen.n = seen.mean + step * (n / total), total
end

-- The axes that have a mean each, and the others, of data with so many axes.
local function axes_of(self, rank)
  local kept, others, is_kept = check.axes(self.axis, rank), {}, {}
  for _, axis in ipairs(kept) do
    if axis == 1 then raise "axis must not be the first, which counts samples" end
    is_kept[axis] = true
  end
  for i = 1, rank do
    if not is_kept[i] then others[#others + 1] = i end
  end
  table.sort(kept)
  return kept, others
end

-- Calls f with each batch of data: a tensor, or what dw.data makes.
local function each_batch(data, f)
  if check.is_tensor(data) then return f(data) end
  if type(data) ~= "table" or getmetatable(data) == nil then
    raise("data must be a tensor, or batches of dw.data, got %s", show(data))
  end
  for x in data:epoch() do f(x) end
end

local function adapt(self, data)
  if self.mean ~= nil then raise "adapt: mean and variance are given, so there is nothing to learn" end
  local seen = { n = 0 }
  each_batch(data, function(x)
    if not self.built then self:build(layer.shapes_of(x)) end
    local _, over = axes_of(self, x.ndim)
    add_batch(seen, x, over, self.adapted_mean.shape)
  end)
  if seen.n == 0 then raise "adapt: data has no samples" end
  K.update(self.adapted_mean, K.cast(seen.mean, self.dtype))
  K.update(self.adapted_variance, K.cast(seen.away / seen.n, self.dtype))
  K.update(self.count, K.constant(seen.n, { dtype = "int64" }))
  return self
end

-- A statistic as it stretches to x: what is given, or the weight that was learned.
local function beside(x, kept, given, learned)
  local sizes, shape = {}, {}
  for i = 1, x.ndim do shape[i] = 1 end
  for i, axis in ipairs(kept) do sizes[i], shape[axis] = x.shape[axis], x.shape[axis] end
  if given == nil then return K.reshape(learned, shape) end
  return K.reshape(K.broadcast_to(K.constant(given, { dtype = x.dtype }), sizes), shape)
end

local function add_statistics(self, size)
  self.adapted_mean = self:add_weight("mean", size, { trainable = false, initializer = "zeros" })
  self.adapted_variance = self:add_weight("variance", size, { trainable = false, initializer = "ones" })
  self.count = K.zeros({}, { dtype = "int64" }) -- initializers make floats
  self.variables[3] = { name = "count", tensor = self.count, trainable = false, layer = self }
end

layer.class "Normalization" {
  doc = [[
(x - mean) / sqrt(variance), of a mean and a variance for each index along axis ({} for one of all numbers), which are
given or learned by layer:adapt(data): a tensor, or batches of dw.data. invert turns it round. Weights, if they are
learned: mean, variance, count.]],
  leading = { "axis", "mean", "variance" },
  options = {
    axis = shared.default(kinds.axes(), -1),
    mean = kinds.optional(numbers()),
    variance = kinds.optional(numbers()),
    invert = kinds.flag(false),
  },
  init = function(self)
    if (self.mean == nil) ~= (self.variance == nil) then raise "mean and variance must be given together" end
  end,
  build = function(self, shape)
    local kept, size = axes_of(self, #shape + 1), {}
    for i, axis in ipairs(kept) do size[i] = shape[axis - 1] end
    if self.mean == nil then add_statistics(self, size) end
  end,
  adapt = args.speaking("adapt", adapt),
  call = function(self, x)
    local kept, learned = axes_of(self, x.ndim), self.mean == nil
    local mean = beside(x, kept, self.mean, learned and self.adapted_mean)
    local variance = beside(x, kept, self.variance, learned and self.adapted_variance)
    local spread = K.maximum(K.sqrt(variance), K.epsilon())
    if self.invert then return mean + x * spread end
    return (x - mean) / spread
  end,
}
