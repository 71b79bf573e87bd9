-- ops/ctc.lua: connectionist temporal classification: losses of sequences whose labels have no places in time, and the
-- labels that predictions stand for. The core computes the loss and its gradient; the gradient of that gradient is made
-- of ops here. Labels count from 1; the last class is the blank; 0 fills up what is decoded.

local args = require "dwconv.args"
local config = require "dwconv.config"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "ctc"
local K = ops.calls
local kinds, raise = args.kinds, args.raise
local NEVER <const> = -1e30 -- the logarithm of a probability that is 0

local function predictions(text)
  return kinds.tensor("n,time,classes; " .. text, { rank = 3, dtype = "floats" })
end

local function counts(text) return kinds.tensor("n or n,1; " .. text, { dtype = "numbers" }) end
local labels_kind = kinds.tensor("n,most labels; whole numbers, from 1 on", { rank = 2, dtype = "numbers" })
local BAD = [[A label outside 1 to the number of classes less 1, a length that is too large, fewer steps than the labels
need: one for each, and one between equal neighbours.]]

-- Whole numbers for the core.
local function wholes(t) return core.contiguous(core.cast(t, "int64")) end

-- One for each of n samples.
local function lengths(t, name, n)
  if t.size ~= n or t.ndim > 2 or t.ndim == 2 and t.shape[2] ~= 1 then
    raise("%s must have one number for each of %d samples, got %s", name, n, args.show(t))
  end
  return core.reshape(wholes(t), { n })
end

local function problem(x, y_true, input_length, label_length)
  local n = x.shape[1]
  return wholes(y_true), lengths(input_length, "input_length", n), lengths(label_length, "label_length", n)
end

-- ---- the loss, made of ops ------------------------------------------------------------------------

-- The class of each state of a labelling, and for each state whether a path may come from two states before.
local function states_of(labels, count, classes)
  local list, skips = {}, {}
  for s = 1, 2 * count + 1 do
    list[s] = s % 2 == 0 and labels[s // 2] or classes
    skips[s] = s % 2 == 0 and s > 2 and list[s] ~= list[s - 2] and 0 or NEVER
  end
  return list, skips
end

-- The loss of one sample, of the logarithms x (time,classes) of its steps.
local function loss_of(x, labels, count)
  local list, skips = states_of(labels, count, x.shape[2])
  local states, dtype = #list, x.dtype
  local function row(t) return core.tensor(t, dtype, dtype) end
  local rows = K.take_along_axis(x, core.broadcast_to(core.tensor({ list }, "int64", "float32"), { #x, states }), 2)
  local start, never, blocked = { 0 }, row { NEVER, NEVER }, row(skips)
  for s = 2, states do start[s] = NEVER end
  local now = row(start)
  for t = 1, #x do
    local far = K.concatenate { never, now }
    local ways = { now, K.narrow(far, 1, 2, states), K.narrow(far, 1, 1, states) + blocked }
    now = K.logsumexp(K.stack(ways, { axis = 1 }), { axis = 1 }) + K.select(rows, 1, t)
  end
  return -K.logsumexp(K.narrow(now, 1, math.max(1, states - 1), math.min(2, states)))
end

-- All losses. Of the same numbers as the core's, but each step of the algorithm is an op.
local function losses_by_ops(x, y_true, input_length, label_length)
  local labels, steps, counts_of = wholes(y_true):to_table(), wholes(input_length):reshape { -1 }:to_table(),
    wholes(label_length):reshape { -1 }:to_table()
  local list = {}
  for n = 1, x.shape[1] do
    list[n] = loss_of(K.narrow(K.select(x, 1, n), 1, 1, steps[n]), labels[n] or {}, counts_of[n])
  end
  return K.stack(list, { axis = 1 })
end

-- The gradient by x of the sum of h times the gradient by x of the sum of g times the losses.
local function curvature(h, g, x, ...)
  if x.size == 0 then return K.zeros_like(x) end
  local given = table.pack(...)
  local outer, sum = K.record(function()
    local inner, losses = K.record(losses_by_ops, x, table.unpack(given, 1, given.n))
    return K.sum(inner:gradients(losses, x, { output_gradients = g }) * h)
  end)
  return outer:gradients(sum, x)
end

-- ---- records --------------------------------------------------------------------------------------

local function sample(R)
  local function whole(t) return core.tensor(t, "int64", "float32") end
  return R({ 2, 5, 4 }, -2, 0), whole { { 1, 1, 3 }, { 2, 0, 0 } }, whole { 5, 3 }, whole { 3, 1 }
end

local values = {
  { "y_true", labels_kind }, { "input_length", counts "how many steps a sample has" },
  { "label_length", counts "how many labels a sample has" },
}

op "ctc_loss" {
  doc = [[
Minus the logarithm of the sum of the probabilities of all paths through the classes that give the labels, once equal
neighbours are taken together and blanks left out. It takes logarithms of probabilities, as log_softmax gives them.]],
  args = { { "log_probabilities", predictions "logarithms of probabilities" } },
  values = values,
  result = "n",
  forward = function(x, ...) return core.ctc_loss(x, problem(x, ...)) end,
  keeps = { "log_probabilities", "y_true", "input_length", "label_length" },
  backward = { log_probabilities = function(g, _, x, ...) return K.ctc_loss_grad(g, x, ...) end },
  sample = sample,
  differs = "Keras's backend does not have it.",
  errors = BAD,
  example = [[
x = K.log_softmax(dw.tensor { { { 3, 0, 0 }, { 0, 0, 3 }, { 0, 3, 0 } } })
print(K.ctc_loss(x, dw.tensor { { 1, 2 } }, dw.tensor { 3 }, dw.tensor { 2 }))]],
}

op "ctc_loss_grad" {
  doc = "The gradient of ctc_loss; g is that of its result: minus g times the share of each class at each step.",
  args = { { "g", kinds.tensor "n" }, { "log_probabilities", predictions "g's dtype" } },
  values = values,
  result = "n,time,classes",
  forward = function(g, x, ...) return core.ctc_loss_grad(g, x, problem(x, ...)) end,
  keeps = { "g", "log_probabilities", "y_true", "input_length", "label_length" },
  backward = {
    g = function(h, _, g, x, ...) return K.sum(K.ctc_loss_grad(K.ones_like(g), x, ...) * h, { axis = { 2, 3 } }) end,
    log_probabilities = function(h, _, g, x, ...) return curvature(h, g, x, ...) end,
  },
  sample = function(R) return R { 2 }, sample(R) end,
  differs = "Keras's backend does not have it.",
  errors = BAD,
  example = [[
x = K.log_softmax(dw.tensor { { { 3, 0, 0 }, { 0, 0, 3 }, { 0, 3, 0 } } })
print(K.ctc_loss_grad(dw.tensor { 1 }, x, dw.tensor { { 1, 2 } }, dw.tensor { 3 }, dw.tensor { 2 }))]],
}

op "ctc_batch_cost" {
  doc = [[
ctc_loss of probabilities, as a softmax gives them: epsilon is added to them, and they are divided by their sums. The
last class is the blank.]],
  args = {},
  values = { values[1], { "y_pred", predictions "probabilities" }, values[2], values[3] },
  result = "n,1",
  forward = function(y_true, y_pred, input_length, label_length)
    local shares = K.log_softmax(K.log(y_pred + config.epsilon()))
    return K.expand_dims(K.ctc_loss(shares, y_true, input_length, label_length), { axis = 2 })
  end,
  backward = "parts",
  sample = function(R)
    local x, y_true, steps, counts_of = sample(R)
    return y_true, K.exp(x), steps, counts_of
  end,
  differs = "Labels count from 1.",
  errors = BAD,
  example = [[
y_pred = K.softmax(dw.tensor { { { 3, 0, 0 }, { 0, 0, 3 }, { 0, 3, 0 } } })
print(K.ctc_batch_cost(dw.tensor { { 1, 2 } }, y_pred, dw.tensor { { 3 } }, dw.tensor { { 2 } }))]],
}

-- ---- decoding -------------------------------------------------------------------------------------

local log, sum_of_two = core.elementwise("log", "new", "y_pred"), core.elementwise("add", "new", "y_pred", "epsilon")

-- Rows of labels, from which equal neighbours are left out, as a tensor n,time.
local function as_tensor(rows, n, time)
  if n * time == 0 then return core.zeros({ n, time }, "int64") end
  local flat = {}
  for i = 1, n do
    for t = 1, time do flat[#flat + 1] = rows[i][t] or 0 end
  end
  return core.reshape(core.tensor(flat, "int64", "float32"), { n, time })
end

local function without_repeats(list, blank)
  local kept, before = {}, nil
  for _, label in ipairs(list) do
    if label ~= before and label ~= blank then kept[#kept + 1] = label end
    before = label
  end
  return kept
end

-- The likeliest class of each step; the score is minus the sum of their logarithms.
local function greedy(x, steps)
  local n, time, classes = x.shape[1], x.shape[2], x.shape[3]
  local rows, scores, best, logs = {}, {}, {}, {}
  if x.size > 0 then best, logs = core.argmax(x, 3):to_table(), core.max(x, 3, false):to_table() end
  for i, count in ipairs(steps:to_table()) do
    if count < 0 or count > time then raise("input_length of sample %d is %d, outside 0 to %d", i, count, time) end
    local sum = 0
    for t = 1, count do sum = sum - logs[i][t] end
    rows[i], scores[i] = without_repeats(table.move(best[i] or {}, 1, count, 1, {}), classes), { sum }
  end
  return { as_tensor(rows, n, time) }, n == 0 and core.zeros({ 0, 1 }, x.dtype) or core.tensor(scores, x.dtype, x.dtype)
end

local function beam(x, steps, o)
  local n, time = x.shape[1], x.shape[2]
  local wide = core.log_softmax(core.cast(x, "float64"), 3)
  local labels, scores = core.ctc_search(wide, steps, o.beam_width, o.top_paths)
  local decoded = {}
  for k = 1, o.top_paths do
    decoded[k] = core.contiguous(core.select(labels, 1, k))
    if o.merge_repeated and decoded[k].size > 0 then
      local rows = decoded[k]:to_table()
      for i, row in ipairs(rows) do rows[i] = without_repeats(row, 0) end
      decoded[k] = as_tensor(rows, n, time)
    end
  end
  return decoded, core.cast(scores, x.dtype)
end

op "ctc_decode" {
  doc = [[
The labels that predictions stand for. The first result is a table of tensors n,time, in which 0 follows the labels;
the second has their scores. Greedy, the table has one: the likeliest class at each step, with equal neighbours taken
together and blanks left out; its score, n,1, is minus the sum of the logarithms. Otherwise it has the top_paths
likeliest labellings that a search finds which keeps the beam_width best beginnings; scores, n,top_paths, are logarithms
of their probabilities. merge_repeated then leaves equal neighbours out of the labels as well.]],
  args = {},
  values = {
    { "y_pred", predictions "probabilities" }, { "input_length", counts "how many steps a sample has" },
  },
  options = {
    greedy = kinds.flag(true), beam_width = kinds.whole(100, 1), top_paths = kinds.whole(1, 1),
    merge_repeated = kinds.flag(false),
  },
  result = { kinds.gives("dwconv.Tensor[]", "a table of n,time; int64"), "n,paths" },
  forward = function(y_pred, input_length, o)
    if y_pred.shape[3] == 0 then raise("y_pred (%s) has no classes", y_pred.shape) end
    if o.top_paths > o.beam_width then
      raise("top_paths must not be above beam_width, %d, got %d", o.beam_width, o.top_paths)
    end
    local steps = lengths(input_length, "input_length", y_pred.shape[1])
    local x = core.contiguous(log(sum_of_two(y_pred, config.epsilon())))
    if o.greedy then return greedy(x, steps) end
    return beam(x, steps, o)
  end,
  backward = "none",
  reason = "its result is labels",
  sample = function(R) return R({ 2, 3, 4 }, 0.1, 0.9), core.tensor({ 3, 2 }, "int64", "float32") end,
  differs = [[Labels count from 1, and 0 fills up. Keras's beam search always merges, and so never finds a label twice
in a row.]],
  errors = "A length above the time, more top_paths than beam_width or than there are.",
  example = [[
y_pred = dw.tensor { { { 0.6, 0.1, 0.3 }, { 0.2, 0.1, 0.7 }, { 0.8, 0.1, 0.1 } } }
decoded, score = K.ctc_decode(y_pred, dw.tensor { 3 })
print(decoded[1], score)
decoded, scores = K.ctc_decode(y_pred, dw.tensor { 3 }, { greedy = false, top_paths = 2 })
print(decoded[1], decoded[2], scores)]],
}
