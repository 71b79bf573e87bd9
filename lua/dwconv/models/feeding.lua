-- models/feeding.lua: where the batches of training come from: arrays that lie in memory, or a generator of a script.
-- Called by training.lua. A source has
--   steps     how many batches an epoch has; nil where only the generator knows
--   epoch     function(self, number, order, first): an iterator over the batches of an epoch, from step `first` on,
--             that gives step, x, y, weights; `order` is the seed of the order in which samples come, or nil
-- x, y and weights are lists of tensors, one for each input or output; y and weights may be nil.
-- Invariant: the same order gives the same batches, so training goes on where it was left.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local graph = require "dwconv.graph"

local raise, show, is_tensor = args.raise, args.show, args.check.is_tensor

local feeding = {}

-- ---- one for each end of a model -------------------------------------------------------------------

--- A list of what a script passes for the ends of a model (values of its graph): one alone, a list, or a table by name.
---@param what string "y"
---@param v any
---@param ends table[]
function feeding.spread(what, v, ends)
  if v == nil then return nil end
  if type(v) ~= "table" or getmetatable(v) then
    if #ends > 1 then raise("%s must be a table of %d, one for each output, got %s", what, #ends, show(v)) end
    return { v }
  end
  local list, by_name = {}, #v == 0 and next(v) ~= nil
  if not by_name and #v ~= #ends then
    raise("%s must have an entry for each output, of which there %s %d, got %d", what,
      #ends == 1 and "is" or "are", #ends, #v)
  end
  for i, value in ipairs(ends) do
    local key = by_name and graph.name(value.node) or i
    if v[key] == nil then raise("%s has nothing for the output %s", what, show(key)) end
    list[i] = v[key]
  end
  return list
end

local function check_tensors(what, list)
  for i, t in ipairs(list or {}) do
    if not is_tensor(t) or t.ndim == 0 then
      raise("%s must be %s, got %s", #list == 1 and what or ("%s[%d]"):format(what, i), "a tensor of samples", show(t))
    end
  end
end

-- ---- arrays ----------------------------------------------------------------------------------------

local Arrays = {}
Arrays.__index = Arrays

local function each(list, f, ...)
  if not list then return nil end
  local results = {}
  for i, t in ipairs(list) do results[i] = f(t, ...) end
  return results
end

local function count_of(lists, names)
  local n
  for k, list in pairs(lists) do
    for _, t in ipairs(list) do
      if n and t.shape[1] ~= n then
        raise("%s has %d samples but %s has %d", names[1], n, names[k], t.shape[1])
      end
      n = n or t.shape[1]
    end
  end
  return n
end

--- A source of arrays: lists of tensors with as many samples each.
---@param x dwconv.Tensor[]
---@param y? dwconv.Tensor[]
---@param weights? dwconv.Tensor[]
---@param batch_size integer
function feeding.arrays(x, y, weights, batch_size)
  check_tensors("x", x)
  check_tensors("y", y)
  check_tensors("sample_weight", weights)
  local n = count_of({ x, y or {}, weights or {} }, { "x", "y", "sample_weight" })
  return setmetatable({ x = x, y = y, weights = weights, n = n, batch_size = batch_size,
    steps = (n + batch_size - 1) // batch_size }, Arrays)
end

-- The positions of samples in the order of a seed.
local function shuffled(n, order)
  return K.argsort(K.random_uniform({ n }, { seed = order, dtype = "float64" }))
end

function Arrays:epoch(_, order, first)
  local n, batch_size, step = self.n, self.batch_size, first - 1
  local positions = order and shuffled(n, order)
  local function part(t)
    local from = step * batch_size - batch_size + 1
    local size = math.min(batch_size, n - from + 1)
    if positions then return K.gather(t, K.narrow(positions, 1, from, size)) end
    return K.narrow(t, 1, from, size)
  end
  return function()
    if step * batch_size >= n then return nil end
    step = step + 1
    return step, each(self.x, part), each(self.y, part), each(self.weights, part)
  end
end

--- The first samples, and the last `share` of them, as two sources, as Keras splits for validation.
function feeding.split(source, share)
  if getmetatable(source) ~= Arrays then raise "validation_split needs arrays; give validation_data to a generator" end
  local n = source.n
  local first = math.floor(n * (1 - share))
  if first < 1 or first >= n then raise("validation_split leaves %d of %d samples to train on", first, n) end
  local function cut(from, size)
    return feeding.arrays(each(source.x, K.narrow, 1, from, size), each(source.y, K.narrow, 1, from, size),
      each(source.weights, K.narrow, 1, from, size), source.batch_size)
  end
  return cut(1, first), cut(first + 1, n - first)
end

-- ---- generators ------------------------------------------------------------------------------------

local Generator = {}
Generator.__index = Generator

--- Whether v is one: a function(epoch) that gives an iterator over x, y, weights; or an object with a method `epoch`
--- that does, as those of dw.data.
function feeding.is_generator(v)
  if is_tensor(v) then return false end
  return type(v) == "function" or type(v) == "table" and getmetatable(v) ~= nil and type(v.epoch) == "function"
end

--- A source of a generator. inputs(x) and outputs(what, y) make lists of what it gives.
function feeding.generator(v, steps, inputs, outputs)
  local known = type(v) == "table" and getmetatable(v).__len and #v or nil
  return setmetatable({ v = v, inputs = inputs, outputs = outputs, steps = steps or known, limit = steps }, Generator)
end

function Generator:epoch(number, _, first)
  local iterate, state, control
  if type(self.v) == "function" then iterate, state, control = args.call(self.v, number)
  else iterate, state, control = self.v:epoch(number) end
  if not args.check.is_callable(iterate) then
    raise("the generator must give an iterator for each epoch, got %s", show(iterate))
  end
  local step = 0
  return function()
    if self.limit and step >= self.limit then return nil end
    local x, y, weights
    repeat
      x, y, weights = args.call(iterate, state, control)
      control = x
      if x == nil then return nil end
      step = step + 1
    until step >= first
    local xs, ys = self.inputs(x), self.outputs("y", y)
    check_tensors("y", ys)
    return step, xs, ys, self.outputs("sample_weight", weights)
  end
end

return feeding
