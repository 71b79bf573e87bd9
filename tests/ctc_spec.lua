-- ctc_spec.lua: connectionist temporal classification against a sum over all paths, in Lua; long sequences; decoding
-- against a search through all labellings; what is refused. Fixtures hold TensorFlow's numbers.

local dw = require "dwconv"
local support = require "support"
local K, refuses, near, same = dw.backend, support.refuses, support.near, support.same

local function whole(t) return dw.tensor(t, { dtype = "int32" }) end

local function shares(shape, seed, dtype)
  return K.softmax(dw.uniform(shape, { minval = -3, maxval = 3, seed = seed, dtype = dtype or "float64" }))
end

-- The probability of each labelling, a string of its labels, of the first `time` rows of a table of rows.
local function labellings(rows, time, classes)
  local sums = {}
  local function walk(t, path, before, p)
    if t > time then
      sums[path] = (sums[path] or 0) + p
      return
    end
    for c = 1, classes do
      local longer = path
      if c ~= before and c ~= classes then longer = path .. c end
      walk(t + 1, longer, c, p * rows[t][c])
    end
  end
  walk(1, "", nil, 1)
  return sums
end

local TIME, CLASSES = 6, 4
local TEXTS = { "123", "11", "2", "1223", "" }
local STEPS = { 6, 5, 6, 6, 3 }

local function problem(dtype)
  local rows, counts = {}, {}
  for n, text in ipairs(TEXTS) do
    rows[n], counts[n] = { 0, 0, 0, 0 }, #text
    for i = 1, #text do rows[n][i] = tonumber(text:sub(i, i)) end
  end
  return shares({ #TEXTS, TIME, CLASSES }, 1, dtype), whole(rows), whole(STEPS), whole(counts)
end

describe("the loss", function()
  it("is that of a sum over all paths, on every ISA, with the same bits for every thread count", function()
    for dtype, tolerance in pairs { float32 = 1e-6, float64 = 1e-13 } do
      local p, y_true, steps, counts = problem(dtype)
      local list, bits = {}, {}
      for n, text in ipairs(TEXTS) do
        list[n] = -math.log(labellings(p[n]:astype("float64"):to_table(), STEPS[n], CLASSES)[text])
      end
      local want = dw.tensor(list, { dtype = dtype })
      support.everywhere(function(isa)
        local x = K.log(p)
        local loss = K.ctc_loss(x, y_true, steps, counts)
        near(loss, want, { rtol = tolerance, atol = tolerance })
        local g = K.ctc_loss_grad(want, x, y_true, steps, counts)
        bits[isa] = bits[isa] or { loss, g }
        same(loss, bits[isa][1])
        same(g, bits[isa][2])
      end)
    end
    support.covers("ctc_loss", "ctc_batch_cost")
  end)

  it("has the gradient of central differences, and none in steps that do not count", function()
    local p, y_true, steps, counts = problem "float64"
    local x, g = K.log(p), dw.tensor({ 1, -2, 0.5, 3, 1 }, { dtype = "float64" })
    local function loss() return K.ctc_loss(x, y_true, steps, counts) end
    local got = K.ctc_loss_grad(g, x, y_true, steps, counts)
    near(got, support.numeric_gradient(loss, x, g, 1e-4), { rtol = 1e-6, atol = 1e-7 })
    assert.is_false(K.any(got[2][6]):item())
    assert.is_false(K.any(got[5][{ { 4, 6 } }]):item())
    support.covers "ctc_loss_grad"
  end)

  it("is right for long sequences in float32, where probabilities are far below what a number holds", function()
    local n, time, classes, most = 2, 600, 30, 80
    local x = K.log(shares({ n, time, classes }, 5) * 0.999 + 1e-9)
    local y_true = K.cast(dw.uniform({ n, most }, { minval = 1, maxval = classes - 1e-3, seed = 3 }), "int32")
    local steps, counts = whole { time, time - 90 }, whole { most, most - 11 }
    local wide = K.ctc_loss(x, y_true, steps, counts)
    near(K.cast(K.ctc_loss(K.cast(x, "float32"), y_true, steps, counts), "float64"), wide, { rtol = 1e-6, atol = 0 })
    local ones = dw.ones({ n }, { dtype = "float64" })
    local g = K.ctc_loss_grad(ones, x, y_true, steps, counts)
    near(K.sum(g, { axis = 3 })[1], dw.full({ time }, -1, { dtype = "float64" }), { rtol = 1e-9, atol = 0 }) -- one state a step
    near(K.cast(K.ctc_loss_grad(dw.ones { n }, K.cast(x, "float32"), y_true, steps, counts), "float64"), g,
      { rtol = 1e-3, atol = 1e-4 })
  end)

  it("takes lengths as n or n,1, floats, strided views and probabilities of 0", function()
    local p, y_true, steps, counts = problem "float64"
    local x = K.log(p)
    local want = K.ctc_loss(x, y_true, steps, counts)
    same(K.ctc_loss(x:permute({ 2, 3, 1 }):contiguous():permute { 3, 1, 2 }, K.cast(y_true, "float32"),
      steps:reshape { -1, 1 }, counts:reshape { -1, 1 }), want)
    local never = dw.tensor({ { { 0, -1 / 0 }, { -1 / 0, 0 } } }, { dtype = "float64" })
    support.holds(K.ctc_loss(never, whole { { 1 } }, whole { 2 }, whole { 1 }), { 0 })
    assert.is_true(K.ctc_loss(never:reverse(2), whole { { 1 } }, whole { 1 }, whole { 1 })(1) > 1e200)
    assert.same({ 0, 1 }, K.ctc_batch_cost(dw.zeros { 0, 2 }, dw.zeros { 0, 3, 4 }, dw.zeros { 0 }, dw.zeros { 0 }).shape)
    assert.same({ 0, 3, 4 }, K.ctc_loss_grad(dw.zeros { 0 }, dw.zeros { 0, 3, 4 }, dw.zeros { 0, 2 }, dw.zeros { 0 },
      dw.zeros { 0 }).shape)
  end)

  it("says what is wrong with labels and lengths", function()
    local p = shares({ 1, 3, 3 }, 2)
    local function cost(labels, steps, count)
      return function() K.ctc_batch_cost(whole { labels }, p, whole { steps }, whole { count }) end
    end
    refuses(cost({ 0 }, 3, 1), "ctc_batch_cost: y_true of sample 1 holds the label 0, outside 1 to 2; counting starts at 1")
    refuses(cost({ 3 }, 3, 1), "the label 3, outside 1 to 2; the last class is the blank")
    refuses(cost({ 1, 1 }, 2, 2), "input_length of sample 1 is 2, but its labels need 3 steps")
    refuses(cost({ 1 }, 4, 1), "input_length of sample 1 is 4, outside 0 to 3")
    refuses(cost({ 1 }, 3, 2), "label_length of sample 1 is 2, outside 0 to 1")
    refuses(function() K.ctc_batch_cost(whole { { 1 }, { 1 } }, p, whole { 3 }, whole { 1 }) end,
      "y_true (2x1) must have a row for each of 1 samples")
    refuses(function() K.ctc_batch_cost(whole { { 1 } }, p, whole { 3, 3 }, whole { 1 }) end,
      "input_length must have one number for each of 1 samples, got an int32 tensor 2")
    refuses(function() K.ctc_batch_cost(whole { { 1 } }, p[1], whole { 3 }, whole { 1 }) end, "y_pred must be a tensor of rank 3")
  end)
end)

describe("decoding", function()
  local function text_of(row) return (table.concat(row:to_table()):gsub("0", "")) end

  it("by search finds the likeliest labellings and their probabilities", function()
    local p = shares({ 3, 5, 3 }, 7)
    local steps = { 5, 4, 1 }
    support.everywhere(function()
      local decoded, scores = K.ctc_decode(p, whole(steps), { greedy = false, beam_width = 200, top_paths = 3 })
      for n = 1, 3 do
        local sums, list = labellings(p[n]:to_table(), steps[n], 3), {}
        for text, share in pairs(sums) do list[#list + 1] = { text, share } end
        table.sort(list, function(a, b) return a[2] > b[2] end)
        for k = 1, 3 do
          assert.equal(list[k][1], text_of(decoded[k][n]))
          near(scores[n]:narrow(1, k, 1), dw.tensor({ math.log(list[k][2]) }, { dtype = "float64" }), { rtol = 1e-5, atol = 1e-5 })
        end
      end
    end)
    support.covers "ctc_decode"
  end)

  it("finds a label twice in a row, which merging hides", function()
    local p = dw.tensor { { { 0.9, 0.1 }, { 0.1, 0.9 }, { 0.9, 0.1 } } }
    assert.same({ { 1, 1, 0 } }, K.ctc_decode(p, whole { 3 })[1]:to_table())
    assert.same({ { 1, 1, 0 } }, K.ctc_decode(p, whole { 3 }, { greedy = false })[1]:to_table())
    assert.same({ { 1, 0, 0 } }, K.ctc_decode(p, whole { 3 }, { greedy = false, merge_repeated = true })[1]:to_table())
  end)

  it("of nothing is nothing; what is not there is refused", function()
    local decoded, scores = K.ctc_decode(dw.zeros { 0, 3, 2 }, dw.zeros { 0 })
    assert.same({ { 0, 3 }, { 0, 1 } }, { { table.unpack(decoded[1].shape) }, { table.unpack(scores.shape) } })
    decoded = K.ctc_decode(dw.zeros { 2, 0, 2 }, whole { 0, 0 }, { greedy = false })
    assert.same({ 2, 0 }, { table.unpack(decoded[1].shape) })
    local p = shares({ 1, 2, 2 }, 3)
    refuses(function() K.ctc_decode(p, whole { 2 }, { greedy = false, top_paths = 9 }) end,
      "ctc_decode: top_paths is 9, but the search found only 2 for sample 1")
    refuses(function() K.ctc_decode(p, whole { 3 }) end, "ctc_decode: input_length of sample 1 is 3, outside 0 to 2")
    refuses(function() K.ctc_decode(p, whole { 2 }, { greedy = false, beam_width = 2, top_paths = 3 }) end,
      "top_paths must not be above beam_width, 2, got 3")
  end)
end)
