-- models/feeding.lua: where the batches of training come from: arrays that lie in memory, or a generator of a script.
-- Called by fit.lua, training.lua and network.lua. A source has
--   steps     how many batches an epoch has; nil where only the generator knows
--   epoch     function(self, number, order, first): an iterator over the batches of an epoch, from step `first` on,
--             that gives step, x, y, weights; `order` is the seed of the order in which samples come, or nil
-- x, y and weights are lists of tensors, one for each input or output; y and weights may be nil, and false stands in
-- weights for an output without them.
-- Invariant: the same order gives the same batches, so training goes on where it was left.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local graph = require "dwconv.graph"

local hint, raise, show, is_tensor = args.hint, args.raise, args.show, args.check.is_tensor

local feeding = {}

-- ---- one for each end of a model -------------------------------------------------------------------

-- Refuses names that no end has.
local function check_names(what, v, names, word)
  local known = {}
  for _, name in ipairs(names) do known[name] = true end
  for key in pairs(v) do
    if not known[key] then
      raise("%s names %s, but there is no such %s%s (there %s %s)", what, show(key), word, hint(key, names),
        #names == 1 and "is" or "are", table.concat(names, ", "))
    end
  end
end

--- Whether a table has its entries by name.
function feeding.by_name(v) return type(v) == "table" and not getmetatable(v) and #v == 0 and next(v) ~= nil end

--- A list of what a script passes for the ends of a model (values of its graph): one alone, a list, or a table by name.
---@param what string "y"
---@param v any
---@param ends table[]
---@param word? string "output" if left out
---@param partial? boolean whether names may be missing, for which the list has false
function feeding.spread(what, v, ends, word, partial)
  word = word or "output"
  if v == nil then return nil end
  if type(v) ~= "table" or getmetatable(v) then
    if #ends > 1 then raise("%s must be a table of %d, one for each %s, got %s", what, #ends, word, show(v)) end
    return { v }
  end
  local list, names = {}, feeding.by_name(v) and graph.names(ends)
  if not names and #v ~= #ends then
    raise("%s must have an entry for each %s, of which there %s %d, got %d", what, word,
      #ends == 1 and "is" or "are", #ends, #v)
  end
  for i = 1, #ends do
    local key = names and names[i] or i
    if v[key] == nil and not (partial and names) then raise("%s has nothing for the %s %s", what, word, show(key)) end
    list[i] = v[key] or false
  end
  if names then check_names(what, v, names, word) end
  return list
end

local function check_tensors(what, list)
  for i, t in ipairs(list or {}) do
    if t and (not is_tensor(t) or t.ndim == 0) then
      raise("%s must be %s, got %s", #list == 1 and what or ("%s[%d]"):format(what, i), "a tensor of samples", show(t))
    end
  end
end

--- A weight for each sample, by its class. Labels are classes from 1 on, or rows with a 1; those of an output of one
--- number are 0 and 1.
---@param y dwconv.Tensor
---@param output table the value of the output
---@param class_weight table<integer, number>
function feeding.weights_of_classes(y, output, class_weight)
  if y.ndim > 2 then raise("class_weight needs a label for each sample, got y of shape %s", y.shape) end
  local first = output.shape[#output.shape] == 1 and 0 or 1
  local labels = y.ndim > 1 and y.shape[2] > 1 and K.argmax(y, { axis = 2 }) or K.reshape(y, { -1 })
  labels = K.cast(labels, "int32")
  local most = 0
  if labels.size > 0 then
    local least = K.min(labels):item()
    most = K.max(labels):item()
    if least < first then raise("class_weight needs labels from %d on, got %d", first, least) end
  end
  for class, weight in pairs(class_weight) do
    if math.type(class) ~= "integer" or class < first or type(weight) ~= "number" then
      raise("class_weight must map classes, from %d on, to numbers, got %s = %s", first, show(class), show(weight))
    end
    most = math.max(most, class)
  end
  local list = {}
  for class = first, most do list[#list + 1] = class_weight[class] or 1 end
  return K.gather(K.constant(list), labels + (1 - first))
end

-- ---- arrays ----------------------------------------------------------------------------------------

local Arrays = {}
Arrays.__index = Arrays

local function each(list, f, ...)
  if not list then return nil end
  local results = {}
  for i, t in ipairs(list) do results[i] = t and f(t, ...) end
  return results
end

local function count_of(lists, names)
  local n
  for k, list in pairs(lists) do
    for _, t in ipairs(list) do
      if t and n and t.shape[1] ~= n then
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
    if step >= self.steps then return nil end
    step = step + 1
    return step, each(self.x, part), each(self.y, part), each(self.weights, part)
  end
end

--- The first samples, and the last `share` of them in batches of batch_size, as two sources, as Keras splits for
--- validation.
function feeding.split(source, share, batch_size)
  if getmetatable(source) ~= Arrays then raise "validation_split needs arrays; give validation_data to a generator" end
  local n = source.n
  local first = math.floor(n * (1 - share))
  if first < 1 or first >= n then raise("validation_split leaves %d of %d samples to train on", first, n) end
  local function cut(from, size, batch)
    return feeding.arrays(each(source.x, K.narrow, 1, from, size), each(source.y, K.narrow, 1, from, size),
      each(source.weights, K.narrow, 1, from, size), batch)
  end
  return cut(1, first, source.batch_size), cut(first + 1, n - first, batch_size)
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

--- A source of a generator. lists_of(x, y, weights) makes lists of what it gives.
function feeding.generator(v, lists_of)
  local known = type(v) == "table" and getmetatable(v).__len and #v or nil
  return setmetatable({ v = v, lists_of = lists_of, steps = known }, Generator)
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
    local xs, ys, ws = self.lists_of(x, y, weights)
    check_tensors("y", ys)
    check_tensors("sample_weight", ws)
    return step, xs, ys, ws
  end
end

--- An epoch of the source ends after `steps` batches, if that is given. `what`: the option's name.
---@param source table
---@param what string
---@param steps? integer
function feeding.limit(source, what, steps)
  if not steps then return source end
  if getmetatable(source) == Arrays and steps > source.steps then
    raise("%s must be at most %d, as there are no more batches, got %d", what, source.steps, steps)
  end
  source.steps, source.limit = steps, steps
  return source
end

return feeding
