-- optimizers/schedules.lua: learning rates that follow the number of steps made: dw.optimizers.schedules. A schedule is
-- called with that number, 0 before the first step, and gives a number. Optimizers ask it before each step.
-- Invariant: a schedule has no state, so training that goes on after loading has the same rates.

local args = require "dwconv.args"
local classes = require "dwconv.classes"

local kinds, raise = args.kinds, args.raise

local Schedule = {}

local step_kind = kinds.number(nil, 0)

--- The learning rate after so many steps. A class says how by its method rate(step).
---@param step number
---@return number
function Schedule:call(step) return self:rate(step_kind:check("step", step)) end

local OfFunction

--- A function(step) may stand for a schedule.
function Schedule.of_function(f) return OfFunction { f } end

local schedules = classes.registry("dw.optimizers.schedules", "a schedule", Schedule)

OfFunction = schedules:class("Function", true) {
  doc = "What a function(step) of a script gives.",
  leading = { "f" },
  options = { f = kinds.callable() },
  rate = function(self, step) return self.f(step) end,
}

local name = kinds.optional(kinds.text())
local steps = kinds.positive

-- Steps as a part of decay_steps, whole ones for a staircase.
local function part(self, step)
  local p = step / self.decay_steps
  return self.staircase and math.floor(p) or p
end

schedules:class "ExponentialDecay" {
  doc = "initial_learning_rate * decay_rate ^ (step / decay_steps); staircase rounds the exponent down.",
  leading = { "initial_learning_rate", "decay_steps", "decay_rate", "staircase" },
  options = { initial_learning_rate = kinds.number(), decay_steps = steps(), decay_rate = kinds.number(nil, 0),
    staircase = false, name = name },
  rate = function(self, step) return self.initial_learning_rate * self.decay_rate ^ part(self, step) end,
}

schedules:class "InverseTimeDecay" {
  doc = "initial_learning_rate / (1 + decay_rate * step / decay_steps); staircase rounds the quotient down.",
  leading = { "initial_learning_rate", "decay_steps", "decay_rate", "staircase" },
  options = { initial_learning_rate = kinds.number(), decay_steps = steps(), decay_rate = kinds.number(nil, 0),
    staircase = false, name = name },
  rate = function(self, step) return self.initial_learning_rate / (1 + self.decay_rate * part(self, step)) end,
}

local numbers = kinds.new {
  annotation = "number[]",
  expected = "a table of at least one number",
  read = function(v)
    if type(v) ~= "table" or rawlen(v) == 0 then return nil end
    local list = {}
    for i = 1, rawlen(v) do
      list[i] = rawget(v, i)
      if type(list[i]) ~= "number" or list[i] ~= list[i] then return nil end
    end
    return list
  end,
}

schedules:class "PiecewiseConstantDecay" {
  doc = "values[1] up to the step boundaries[1] and with it, then values[2] up to boundaries[2], and so on.",
  leading = { "boundaries", "values" },
  options = { boundaries = numbers, values = numbers, name = name },
  init = function(self)
    local bounds, n = self.boundaries, #self.boundaries
    if #self.values ~= n + 1 then
      raise("values must be one more than boundaries, got %d for %d", #self.values, n)
    end
    for i = 2, n do
      if bounds[i] <= bounds[i - 1] then raise("boundaries must rise, got %g after %g", bounds[i], bounds[i - 1]) end
    end
  end,
  rate = function(self, step)
    for i, bound in ipairs(self.boundaries) do
      if step <= bound then return self.values[i] end
    end
    return self.values[#self.values]
  end,
}

schedules:class "PolynomialDecay" {
  doc = [[
From initial_learning_rate to end_learning_rate in decay_steps, as (1 - step / decay_steps) ^ power goes from 1 to 0.
With cycle it starts again when it is through, over as many steps as there were and decay_steps more.]],
  leading = { "initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle" },
  options = { initial_learning_rate = kinds.number(), decay_steps = steps(), end_learning_rate = kinds.number(0.0001),
    power = kinds.number(1.0), cycle = false, name = name },
  rate = function(self, step)
    local over = self.decay_steps
    if self.cycle then
      over = over * (step == 0 and 1 or math.ceil(step / over))
    else
      step = math.min(step, over)
    end
    local first, last = self.initial_learning_rate, self.end_learning_rate
    return (first - last) * (1 - step / over) ^ self.power + last
  end,
}

-- From 1 to 0 as p goes from 0 to 1.
local function cosine(p) return 0.5 * (1 + math.cos(math.pi * p)) end

schedules:class "CosineDecay" {
  doc = [[
From initial_learning_rate to the share alpha of it in decay_steps, along a half wave of the cosine. With warmup_target
it first rises to that in warmup_steps, straight, and decays from there.]],
  leading = { "initial_learning_rate", "decay_steps", "alpha" },
  options = { initial_learning_rate = kinds.number(), decay_steps = steps(), alpha = kinds.number(0.0), name = name,
    warmup_target = kinds.optional(kinds.number()), warmup_steps = kinds.whole(0, 0) },
  rate = function(self, step)
    local from, warmup = self.initial_learning_rate, 0
    if self.warmup_target then
      warmup = self.warmup_steps
      if step < warmup then return from + (self.warmup_target - from) * step / warmup end
      from = self.warmup_target
    end
    local p = math.min(step - warmup, self.decay_steps) / self.decay_steps
    return from * ((1 - self.alpha) * cosine(p) + self.alpha)
  end,
}

schedules:class "CosineDecayRestarts" {
  doc = [[
The cosine's half wave over first_decay_steps, then again over t_mul times as many steps from m_mul times as high, and
so on, always towards the share alpha of initial_learning_rate.]],
  leading = { "initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha" },
  options = { initial_learning_rate = kinds.number(), first_decay_steps = steps(), t_mul = kinds.positive(2.0),
    m_mul = kinds.number(1.0), alpha = kinds.number(0.0), name = name },
  rate = function(self, step)
    local p, t = step / self.first_decay_steps, self.t_mul
    local waves -- before this one; together they take (1 - t^waves) / (1 - t)
    if t == 1 then
      waves = math.floor(p)
      p = p - waves
    else
      waves = math.floor(math.log(1 - p * (1 - t)) / math.log(t))
      p = (p - (1 - t ^ waves) / (1 - t)) / t ^ waves
    end
    return self.initial_learning_rate * ((1 - self.alpha) * self.m_mul ^ waves * cosine(p) + self.alpha)
  end,
}

schedules.room = schedules:open("dw.optimizers.schedules, learning rates that follow the steps made:",
  { LearningRateSchedule = schedules:own() })

return schedules
