-- optimizers/optimizer.lua: what all optimizers have in common: clipping, decay, averages of weights, slots, the number
-- of steps made, and what files save of it. init.lua has the classes, each with
--   slots(self)            -> list of { name, value before the first step }, one tensor each for every variable
--   prepare(self, rate, t) -> options of its K function for step t, from 1, computed once a step
--   step(self, w, g, s, o) calls its K function: slots s by name, options o
-- Invariant: a step makes one pass over each variable, and one more over its gradient where norms are clipped; it is
-- checked before anything is written. Slots belong to a variable, the tensor itself, in the order of first use.

local args = require "dwconv.args"
local K = require "dwconv.backend"
local calls = require("dwconv.ops").calls
local schedules = require "dwconv.optimizers.schedules"

local check, kinds, raise, show = args.check, args.kinds, args.raise, args.show

local Optimizer = {}

-- ---- options ---------------------------------------------------------------------------------------

-- A number, or a schedule.
local function learning_rate(default)
  local function read(v)
    if type(v) == "number" then return v == v and v or nil end
    return (schedules:get(v))
  end
  return kinds.new {
    default = default,
    annotation = "number|table",
    expected = "a number or a schedule",
    read = read,
    from_config = function(v, custom_objects)
      return type(v) == "table" and schedules:get(v, custom_objects) or v
    end,
  }
end

-- The options of a class, whose learning rate's default is `rate`.
local function options(rate, own)
  own.learning_rate = learning_rate(rate)
  return own
end

local positive = kinds.optional(kinds.positive())

Optimizer.options = {
  name = kinds.optional(kinds.text()),
  clipnorm = positive,
  clipvalue = positive,
  global_clipnorm = positive,
  decay = kinds.number(0.0, 0),
  weight_decay = kinds.optional(kinds.number(nil, 0)),
  use_ema = kinds.flag(false),
  ema_momentum = kinds.number(0.99, 0, 1),
  ema_overwrite_frequency = kinds.optional(kinds.whole(nil, 1)),
}

function Optimizer:init()
  if self.clipnorm and self.global_clipnorm then raise "takes clipnorm or global_clipnorm, got both" end
  self.iterations = 0 -- steps made
  self.states = {} -- by variable: its slots, by name
  self.known = {} -- the variables, in the order of first use
  self.undecayed = {} -- variables that weight_decay leaves alone
end

-- ---- slots -----------------------------------------------------------------------------------------

-- Names and first values of all slots, that of the average of weights last.
local function slots_of(self)
  local list = self:slots()
  if self.use_ema then list[#list + 1] = { "average" } end
  return list
end

--- Makes the slots of variables that do not have them yet. Steps do it themselves.
---@param variables dwconv.Tensor[]
function Optimizer:build(variables)
  local slots = slots_of(self)
  for _, w in ipairs(variables) do
    local state = self.states[w]
    if not state then
      state = {}
      self.states[w], self.known[#self.known + 1] = state, w
    end
    for _, slot in ipairs(slots) do
      local name, value = slot[1], slot[2]
      if not state[name] then
        state[name] = name == "average" and K.get_value(w) or K.zeros_like(w)
        if value and value ~= 0 then K.update(state[name], value) end
      end
    end
  end
end

--- What a file must hold for training to go on: a list of { name = "m/1", tensor =, variable = }, where 1 counts the
--- variables in the order of first use; and the number of steps made.
---@return { name: string, tensor: dwconv.Tensor, variable: dwconv.Tensor }[]
---@return integer iterations
function Optimizer:variables()
  local list = {}
  for i, w in ipairs(self.known) do
    for _, slot in ipairs(slots_of(self)) do
      local tensor = self.states[w][slot[1]]
      if tensor then list[#list + 1] = { name = ("%s/%d"):format(slot[1], i), tensor = tensor, variable = w } end
    end
  end
  return list, self.iterations
end

--- Puts back what variables() gave, for variables in the same order: the numbers are copied.
---@param tensors dwconv.Tensor[]
---@param iterations integer
---@param variables dwconv.Tensor[]
function Optimizer:load_variables(tensors, iterations, variables)
  local slots = slots_of(self)
  if #tensors ~= #slots * #variables then
    raise("there must be %d tensors for each of the %d variables, got %d", #slots, #variables, #tensors)
  end
  for i, w in ipairs(variables) do
    for k, slot in ipairs(slots) do
      local given = tensors[(i - 1) * #slots + k]
      if not check.is_tensor(given) or given.shape ~= w.shape or given.dtype ~= w.dtype then
        raise("%s/%d must be a %s tensor %s, got %s", slot[1], i, w.dtype, w.shape, show(given))
      end
    end
  end
  self.states, self.known, self.iterations = {}, {}, kinds.whole(nil, 0):check("iterations", iterations)
  for i, w in ipairs(variables) do
    local state = {}
    for k, slot in ipairs(slots) do state[slot[1]] = K.get_value(tensors[(i - 1) * #slots + k]) end
    self.states[w], self.known[i] = state, w
  end
end

-- ---- steps -----------------------------------------------------------------------------------------

--- The learning rate of the next step: of a schedule what it gives for the steps made; decay makes it less.
---@return number
function Optimizer:current_learning_rate()
  local rate = self.learning_rate
  if type(rate) ~= "number" then
    local schedule = schedules:get(rate)
    if not schedule then raise("learning_rate must be a number or a schedule, got %s", show(rate)) end
    rate = schedule(self.iterations)
  end
  return rate / (1 + self.decay * self.iterations)
end

--- Variables from which weight_decay takes nothing, such as biases.
---@param variables dwconv.Tensor[]
function Optimizer:exclude_from_weight_decay(variables)
  for _, w in ipairs(kinds.list(""):check("variables", variables)) do self.undecayed[w] = true end
end

-- { gradient, variable } of those that have a gradient, and all variables.
local function read_pairs(given)
  if type(given) ~= "table" then raise("takes a list of { gradient, variable }, got %s", show(given)) end
  local list, variables = {}, {}
  for i, pair in ipairs(given) do
    if type(pair) ~= "table" then raise("takes a list of { gradient, variable }, got %s at %d", show(pair), i) end
    local g, w = pair[1], pair[2]
    if not check.is_tensor(w) or w.dtype ~= "float32" and w.dtype ~= "float64" then
      raise("variable %d must be a tensor of floats, got %s", i, show(w))
    end
    variables[i] = w
    if g ~= nil then
      if not check.is_tensor(g) or g.shape ~= w.shape or g.dtype ~= w.dtype then
        raise("gradient %d must be as its variable is, a %s tensor %s, got %s", i, w.dtype, w.shape, show(g))
      end
      list[#list + 1] = { g, w }
    end
  end
  if #variables > 0 and #list == 0 then raise "there is no gradient for any variable" end
  return list, variables
end

local function norm(squares) return math.sqrt(squares) end

-- What each gradient is multiplied by: a function of the gradient.
local function scaling(self, list)
  if self.clipnorm then
    return function(g)
      local n = norm(K.sum_of_squares(g):item())
      return n > self.clipnorm and self.clipnorm / n or 1
    end
  end
  local scale = 1
  if self.global_clipnorm then
    local sum = 0
    for _, pair in ipairs(list) do sum = sum + K.sum_of_squares(pair[1]):item() end
    local n = norm(sum)
    if n - n ~= 0 then scale = 0 / 0 elseif n > self.global_clipnorm then scale = self.global_clipnorm / n end
  end
  return function() return scale end
end

-- Moves the averages of weights after them, and at times the weights to these.
local function average(self, list)
  local every = self.ema_overwrite_frequency
  local back = every and (self.iterations + 1) % every == 0
  for _, pair in ipairs(list) do
    local w, mean = pair[2], self.states[pair[2]].average
    K.moving_average_update(mean, w, self.ema_momentum)
    if back then K.update(w, mean) end
  end
end

local function apply(self, list)
  local rate = self:current_learning_rate()
  local o, scale_of = self:prepare(rate, self.iterations + 1), scaling(self, list)
  o.clip = self.clipvalue or math.huge
  for _, pair in ipairs(list) do
    local g, w = pair[1], pair[2]
    o.scale = scale_of(g)
    o.decay = self.weight_decay and not self.undecayed[w] and self.weight_decay * rate or 0
    self:step(w, g, self.states[w], o)
  end
  if self.use_ema then average(self, list) end
  self.iterations = self.iterations + 1
end

local apply_gradients = args.speaking("apply_gradients", function(self, given)
  local list, variables = read_pairs(given)
  if #variables == 0 then return end
  self:build(variables)
  calls.no_grad(apply, self, list)
end)

--- One step: changes each variable along its gradient, in place. A variable whose gradient is nil stays as it is.
---@param pairs { [1]: dwconv.Tensor?, [2]: dwconv.Tensor }[] gradients and variables
function Optimizer:apply_gradients(pairs) return apply_gradients(self, pairs) end

local minimize = args.speaking("minimize", function(self, f, variables)
  kinds.callable():check("f", f)
  local list = check.is_tensor(variables) and { variables } or kinds.list(""):check("variables", variables)
  local results = table.pack(calls.record(f))
  local gradients = results[1]:gradients(results[2], list)
  local pairs_ = {}
  for i, w in ipairs(list) do pairs_[i] = { gradients[i], w } end
  self:apply_gradients(pairs_)
  return table.unpack(results, 2, results.n)
end)

--- One step down the gradient of what f() gives; gives f's results.
---@param f fun(): dwconv.Tensor, ...
---@param variables dwconv.Tensor|dwconv.Tensor[]
function Optimizer:minimize(f, variables) return minimize(self, f, variables) end

--- Puts the averages of weights into the weights, if there are averages: for the end of training.
---@param variables dwconv.Tensor[]
function Optimizer:finalize_variable_values(variables)
  if not self.use_ema then return end
  for _, w in ipairs(variables) do
    local state = self.states[w]
    if state then K.update(w, state.average) end
  end
end

return { base = Optimizer, options = options }
