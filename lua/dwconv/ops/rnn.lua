-- ops/rnn.lua: K.rnn, which calls a function step by step along the axis of time. All it does is made of other ops, so
-- that gradients flow through every step.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "control"
local K = ops.calls
local check, kinds, raise, show = args.check, args.kinds, args.raise, args.show
local is_tensor = check.is_tensor

local one = kinds.tensor "" -- of what the step gives

local function several(text) return kinds.list(text, nil, true) end

-- A tensor, or nothing.
local function maybe_tensor(text)
  local kind = kinds.optional(kinds.tensor(text))
  kind.default_text = "none"
  return kind
end

local length_kind = kinds.new {
  annotation = "dwconv.Tensor|integer",
  default_text = "all steps",
  expected = "a tensor of whole numbers or a whole number",
  tensors = true,
  read = function(v)
    if is_tensor(v) then return v end
    v = check.whole(v)
    return v and v >= 0 and v or nil
  end,
}

-- ---- masks ----------------------------------------------------------------------------------------

-- The mask as bool (n,time) or, time first, (time,n): of a mask that is given, or of how many steps a sample has.
local function mask_of(o, n, steps)
  local first, second = n, steps
  if o.time_major then first, second = steps, n end
  local mask, length = o.mask, o.input_length
  if mask then
    local shape = mask.shape
    if not (shape[1] == first and shape[2] == second and (#shape == 2 or #shape == 3 and shape[3] == 1)) then
      raise("mask must be %dx%d, as inputs are, or have a further axis of size 1, got %s", first, second, show(mask))
    end
    return K.reshape(K.cast(mask, "bool"), { first, second })
  end
  if not length then return nil end
  if not is_tensor(length) then length = core.tensor({ length }, "int64", "float32") end
  if length.ndim ~= 1 or length.size ~= n and length.size ~= 1 then
    raise("input_length must have one number for each of %d samples, got %s", n, show(length))
  end
  local at = core.arange(0, steps, 1, "int64", "float32")
  local lengths = K.cast(length, "int64")
  if o.time_major then return K.less(K.reshape(at, { steps, 1 }), K.broadcast_to(lengths, { n })) end
  return K.less(at, K.reshape(K.broadcast_to(lengths, { n }), { n, 1 }))
end

-- now where mask (n) is true, else before.
local function choose(mask, now, before)
  local shape = { mask.shape[1] }
  for i = 2, now.ndim do shape[i] = 1 end
  return K.where(K.reshape(mask, shape), now, before)
end

-- ---- steps ----------------------------------------------------------------------------------------

-- What the step gives for an input: the output, and as many states as there were.
local function call_step(step, input, states, constants)
  local given = table.move(constants, 1, #constants, #states + 1, { table.unpack(states) })
  local output, after = args.call(step, input, given)
  one:check("what step_function gives", output)
  after = after == nil and {} or after
  if type(after) ~= "table" or rawlen(after) ~= #states then
    raise("step_function must give the output and a table of %d states, got %s%s", #states, show(after),
      type(after) == "table" and (" of %d"):format(rawlen(after)) or "")
  end
  local list = {}
  for i = 1, #states do list[i] = one:check(("states[%d] of what step_function gives"):format(i), rawget(after, i)) end
  return output, list
end

local function check_batch(argument, t, n)
  if t.ndim == 0 or t.shape[1] ~= n then raise("%s must have the inputs' %d samples, got %s", argument, n, show(t)) end
end

-- What a step gives is of one shape and dtype in all steps.
local function check_kept(argument, now, before)
  if now.shape ~= before.shape or now.dtype ~= before.dtype then
    raise("%s must keep shape and dtype from step to step: it was %s, got %s", argument, show(before), show(now))
  end
end

-- Calls the step for each of the steps; gives the outputs as a list, and the last states.
local function run(step, item, steps, states, constants, o, mask_at)
  local outputs, n = {}, nil
  for i = 1, steps do
    local t = o.go_backwards and steps + 1 - i or i
    local input = item(t)
    n = n or input.shape[1]
    local output, after = call_step(step, input, states, constants)
    check_batch("what step_function gives", output, n)
    if i > 1 then check_kept("what step_function gives", output, outputs[i - 1]) end
    if mask_at then
      local mask = mask_at(t)
      local before = not o.zero_output_for_mask and outputs[i - 1] or K.zeros_like(output)
      output = choose(mask, output, before)
      for k, state in ipairs(states) do
        check_kept(("states[%d] of what step_function gives"):format(k), after[k], state)
        after[k] = choose(mask, after[k], state)
      end
    end
    outputs[i], states = output, after
  end
  return outputs, states
end

local EACH <const> = 256 -- bytes of a small tensor

op "rnn" {
  doc = [[
Calls step_function(input, states) for each step of time of the inputs: states is a table of the states, at first
initial_states, then the constants; it gives the output and a table of the next states. The results are the last output,
all outputs in the order in which they were made, and the last states. Where the mask is false, or after a sample's
input_length, the states stay, and the output is the one before (0 at first, or always with zero_output_for_mask).]],
  args = {},
  values = {
    { "step_function", kinds.callable(), "a function of an input n,... and a table" },
    { "inputs", kinds.tensor("n,time,...; time,n,... for time_major", { axes = 3 }) },
    { "initial_states", several "a table of tensors n,...; it may be empty" },
  },
  options = {
    go_backwards = kinds.flag(false), mask = maybe_tensor "n,time, or n,time,1; time first for time_major",
    constants = kinds.optional(several "a table of tensors"), unroll = kinds.flag(false),
    input_length = length_kind, time_major = kinds.flag(false), zero_output_for_mask = kinds.flag(false),
  },
  result = { "n,...", "n,time,...; time,n,... for time_major",
    kinds.gives("dwconv.Tensor[]", "a table of the last states") },
  forward = function(step, inputs, states, o)
    local time = o.time_major and 1 or 2
    local steps, n = inputs.shape[time], inputs.shape[3 - time]
    if steps == 0 then raise("inputs (%s) have no steps, so there is no last output", inputs.shape) end
    local mask = mask_of(o, n, steps)
    for k, state in ipairs(mask and states or {}) do check_batch(("initial_states[%d]"):format(k), state, n) end
    core.check_memory(steps * EACH)
    local outputs, last = run(step, function(t) return K.select(inputs, time, t) end, steps, states,
      o.constants or {}, o, mask and function(t) return K.select(mask, time, t) end)
    return outputs[steps], K.stack(outputs, { axis = time }), last
  end,
  backward = "parts",
  sample = function(R)
    return function(x, s)
      local h = K.tanh(K.add(x, K.multiply(s[1], s[2])))
      return K.multiply(h, 2), { h }
    end, R { 2, 3, 4 }, { R { 2, 4 } }, { constants = { R { 2, 4 } } }
  end,
  differs = "Every loop is unrolled: unroll changes nothing. Where there is a mask, input_length is not looked at.",
  errors = "Inputs without steps, a mask of another shape; a step that gives no tensor, or not as many states.",
  example = [[
function step(x, states) return states[1] + x, { states[1] + x } end
last, all = K.rnn(step, dw.tensor { { { 1 }, { 2 }, { 3 } } }, { dw.zeros { 1, 1 } })
print(last)
print(all)]],
}
