-- rnn_spec.lua: what fixtures cannot hold of K.rnn: gradients through all outputs and states, and what is refused.
-- tests/fixtures/backend/sequences.lua has TensorFlow's numbers.

local dw = require "dwconv"
local support = require "support"
local K, refuses = dw.backend, support.refuses

local function random(shape, seed) return dw.uniform(shape, { minval = -1, seed = seed, dtype = "float64" }) end

local function step(x, states)
  local h = K.tanh(K.dot(x, states[2]) + states[1])
  return h * x, { h }
end

describe("rnn", function()
  local x, h, w = random({ 3, 4, 2 }, 1), random({ 3, 2 }, 2), random({ 2, 2 }, 3)
  local mask = dw.tensor { { true, false, true, true }, { false, false, true, false }, { true, true, true, true } }

  it("is a loop over the steps", function()
    local last, all, states = K.rnn(step, x, { h }, { constants = { w } })
    local now, out = h, nil
    for t = 1, 4 do
      out, now = step(x:select(2, t), { now, w })
      now = now[1]
      support.same(all:select(2, t), out)
    end
    support.same(last, out)
    support.same(states[1], now)
    support.covers "rnn"
  end)

  it("has gradients of both orders, through each of its results, with and without masks", function()
    for _, o in ipairs { {}, { mask = mask }, { mask = mask, zero_output_for_mask = true, go_backwards = true } } do
      for result = 1, 3 do
        local function f(inputs, state, constant)
          local results = { K.rnn(step, inputs, { state }, { constants = { constant }, mask = o.mask,
            zero_output_for_mask = o.zero_output_for_mask, go_backwards = o.go_backwards }) }
          return result == 3 and results[3][1] or results[result]
        end
        assert(dw.gradcheck(f, { x, h, w }, { order = 2, rtol = 1e-5, atol = 1e-8 }))
      end
    end
  end)

  it("takes a length as a number, a tensor, and as a mask", function()
    local lengths = { 4, 1, 2 }
    local rows = {}
    for n = 1, 3 do
      rows[n] = {}
      for t = 1, 4 do rows[n][t] = t <= lengths[n] end
    end
    for _, back in ipairs { false, true } do
      local o = { constants = { w }, go_backwards = back, mask = dw.tensor(rows) }
      local _, want = K.rnn(step, x, { h }, o)
      o.mask, o.input_length = nil, dw.tensor(lengths, { dtype = "int32" })
      support.same(select(2, K.rnn(step, x, { h }, o)), want)
    end
    local short = K.rnn(step, x, { h }, { constants = { w }, input_length = 2 })
    support.same(short, (K.rnn(step, x:narrow(2, 1, 2), { h }, { constants = { w } })))
    local turned = K.rnn(step, x:transpose(1, 2), { h }, { constants = { w }, input_length = 2, time_major = true })
    support.same(turned, short)
  end)

  it("takes no states and an empty batch", function()
    local last, _, states = K.rnn(function(e) return e * 2 end, x, {})
    support.same(last, x:select(2, 4) * 2)
    assert.same({}, states)
    assert.same({ 0, 4, 2 }, { table.unpack(select(2, K.rnn(function(e) return e, {} end, dw.zeros { 0, 4, 2 }, {})).shape) })
  end)

  it("refuses what does not fit", function()
    refuses(function() K.rnn(step, dw.zeros { 2, 0, 3 }, {}) end, "rnn: inputs (2x0x3) have no steps")
    refuses(function() K.rnn(step, dw.zeros { 2, 3 }, {}) end, "rnn: inputs must be a tensor with at least 3 axes")
    refuses(function() K.rnn(step, x, { h }, { mask = mask[1] }) end, "rnn: mask must be 3x4")
    refuses(function() K.rnn(step, x, { h }, { input_length = dw.ones { 2 } }) end,
      "rnn: input_length must have one number for each of 3 samples")
    refuses(function() K.rnn(step, x, { dw.zeros { 1, 2 } }, { mask = mask }) end,
      "rnn: initial_states[1] must have the inputs' 3 samples, got a float32 tensor 1x2")
    refuses(function() K.rnn(function(e, s) return e, { K.sum(s[1], { axis = 2 }) } end, x, { h }, { mask = mask }) end,
      "rnn: states[1] of what step_function gives must keep shape and dtype from step to step: it was a float64 tensor 3x2")
    local longer = 0
    refuses(function()
      K.rnn(function() longer = longer + 1 return dw.ones { 3, longer }, {} end, x, {})
    end, "rnn: what step_function gives must keep shape and dtype from step to step")
    refuses(function() K.rnn(function() return 1 end, x, { h }) end, "rnn: what step_function gives must be a tensor, got 1")
    refuses(function() K.rnn(function(e) return e end, x, { h }) end,
      "rnn: step_function must give the output and a table of 1 states, got a table of 0")
    refuses(function() K.rnn(function(e) return K.sum(e), {} end, x, {}) end,
      "rnn: what step_function gives must have the inputs' 3 samples")
  end)
end)

describe("dropout", function()
  it("drops with the probability, and scales the rest", function()
    local y = K.dropout(dw.ones { 100000 }, 0.3, { seed = 5 })
    local kept = K.not_equal(y, 0)
    support.near(K.mean(K.cast(kept, "float32")), dw.tensor(0.7), { rtol = 0, atol = 0.006 })
    support.near(K.max(y), dw.tensor(1 / 0.7), { rtol = 1e-6, atol = 0 })
    support.same(K.dropout(dw.ones { 5 }, 0), dw.ones { 5 })
    support.same(K.dropout(dw.ones { 9 }, 0.5, { seed = 5 }), K.dropout(dw.ones { 9 }, 0.5, { seed = 5 }))
    support.covers "dropout"
  end)

  it("makes its choices in noise_shape", function()
    local y = K.dropout(dw.ones { 50, 4, 3 }, 0.5, { noise_shape = { -1, 1, 3 }, seed = 2 })
    support.same(y, K.broadcast_to(y:narrow(2, 1, 1), { 50, 4, 3 }))
    assert.is_true(K.any(K.not_equal(y:narrow(3, 1, 1), y:narrow(3, 2, 1))):item())
    refuses(function() K.dropout(dw.ones { 2, 3 }, 0.5, { noise_shape = { 2, 2 } }) end,
      "dropout: noise_shape {2, 2} does not stretch to x's shape, 2x3")
    refuses(function() K.dropout(dw.ones { 2, 3 }, 0.5, { noise_shape = { 1, 2, 3 } }) end,
      "dropout: noise_shape {1, 2, 3} does not stretch to x's shape, 2x3")
    refuses(function() K.dropout(dw.ones { 2 }, 1) end, "dropout: level must be a number from 0 on and below 1, got 1")
  end)
end)
