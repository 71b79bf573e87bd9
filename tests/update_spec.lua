-- update_spec.lua: the steps of optimizers against loops in Lua, for both dtypes, every ISA and thread count; shared and
-- strided numbers, clipping, decay, empty and NaN; what tapes know of the writes; sums of squares. optimizers_spec.lua
-- compares them with tf_keras.

local dw = require "dwconv"
local support = require "support"
local K, refuses = dw.backend, support.refuses

-- ---- the steps, number by number -----------------------------------------------------------------

local steps = {}

-- Each: slots, options, and function(w, g, s, o) -> new w for one number; s holds the slots' numbers, which it changes.
steps.sgd_update = {
  { {}, { learning_rate = 0.1 }, function(w, g, _, o) return w - o.learning_rate * g end },
  { { "any" }, { learning_rate = 0.1, momentum = 0.8 }, function(w, g, s, o)
    s[1] = o.momentum * s[1] - o.learning_rate * g
    return w + s[1]
  end },
  { { "any" }, { learning_rate = 0.1, momentum = 0.8, nesterov = true }, function(w, g, s, o)
    s[1] = o.momentum * s[1] - o.learning_rate * g
    return w + o.momentum * s[1] - o.learning_rate * g
  end },
}

local function follow(s, i, x, beta)
  s[i] = beta * s[i] + (1 - beta) * x
  return s[i]
end

steps.rmsprop_update = {
  { { "any" }, { learning_rate = 0.01, rho = 0.8, epsilon = 1e-3 }, function(w, g, s, o)
    return w - o.learning_rate * g / (follow(s, 1, g * g, o.rho) ^ 0.5 + o.epsilon)
  end },
  { { "large", "any" }, { learning_rate = 0.01, rho = 0.8, epsilon = 1e-3 }, function(w, g, s, o)
    local r, mean = follow(s, 1, g * g, o.rho), follow(s, 2, g, o.rho)
    return w - o.learning_rate * g / ((r - mean * mean) ^ 0.5 + o.epsilon)
  end },
  { { "any", false, "any" }, { learning_rate = 0.01, rho = 0.8, epsilon = 1e-3, momentum = 0.7 }, function(w, g, s, o)
    s[3] = o.momentum * s[3] + o.learning_rate * g / (follow(s, 1, g * g, o.rho) + o.epsilon) ^ 0.5
    return w - s[3]
  end },
  { { "large", "any", "any" }, { learning_rate = 0.01, rho = 0.8, epsilon = 1e-3, momentum = 0.7 }, function(w, g, s, o)
    local r, mean = follow(s, 1, g * g, o.rho), follow(s, 2, g, o.rho)
    s[3] = o.momentum * s[3] + o.learning_rate * g / (r - mean * mean + o.epsilon) ^ 0.5
    return w - s[3]
  end },
}

steps.adagrad_update = { { { "any" }, { learning_rate = 0.1, epsilon = 1e-3 }, function(w, g, s, o)
  s[1] = s[1] + g * g
  return w - o.learning_rate * g / (s[1] ^ 0.5 + o.epsilon)
end } }

steps.adadelta_update = { { { "any", "any" }, { learning_rate = 0.5, rho = 0.7, epsilon = 1e-3 }, function(w, g, s, o)
  local d = g * (s[2] + o.epsilon) ^ 0.5 / (follow(s, 1, g * g, o.rho) + o.epsilon) ^ 0.5
  follow(s, 2, d * d, o.rho)
  return w - o.learning_rate * d
end } }

steps.adam_update = {
  { { "any", "any" }, { learning_rate = 0.1, beta_1 = 0.8, beta_2 = 0.95, epsilon = 1e-3 }, function(w, g, s, o)
    local m, v = follow(s, 1, g, o.beta_1), follow(s, 2, g * g, o.beta_2)
    return w - o.learning_rate * m / (v ^ 0.5 + o.epsilon)
  end },
  { { "any", "any", "any" }, { learning_rate = 0.1, epsilon = 1e-3 }, function(w, g, s, o)
    local m, v = follow(s, 1, g, 0.9), follow(s, 2, g * g, 0.999)
    s[3] = math.max(s[3], v)
    return w - o.learning_rate * m / (s[3] ^ 0.5 + o.epsilon)
  end },
}

steps.adamax_update = { { { "any", "any" }, { learning_rate = 0.1, beta_1 = 0.8, beta_2 = 0.9, epsilon = 1e-3 },
  function(w, g, s, o)
    local m = follow(s, 1, g, o.beta_1)
    s[2] = math.max(o.beta_2 * s[2], math.abs(g))
    return w - o.learning_rate * m / (s[2] + o.epsilon)
  end } }

steps.nadam_update = { { { "any", "any" },
  { learning_rate = 0.1, beta_1 = 0.8, beta_2 = 0.95, share_g = 0.3, share_m = 1.7, scale_v = 2, epsilon = 1e-3 },
  function(w, g, s, o)
    local m, v = follow(s, 1, g, o.beta_1), follow(s, 2, g * g, o.beta_2)
    return w - o.learning_rate * (o.share_g * g + o.share_m * m) / ((v * o.scale_v) ^ 0.5 + o.epsilon)
  end } }

steps.lion_update = { { { "any" }, { learning_rate = 0.1, beta_1 = 0.8, beta_2 = 0.95 }, function(w, g, s, o)
  local way = o.beta_1 * s[1] + (1 - o.beta_1) * g
  follow(s, 1, g, o.beta_2)
  return w - o.learning_rate * (way > 0 and 1 or way < 0 and -1 or 0)
end } }

local function ftrl(power)
  return function(w, g, s, o)
    local rate, sum = o.learning_rate, s[1] + g * g
    local z = s[2] + g + 2 * o.l2_shrinkage * w - (sum ^ power - s[1] ^ power) / rate * w
    s[1], s[2] = sum, z
    if math.abs(z) <= o.l1 then return 0 end
    return ((z > 0 and o.l1 or -o.l1) - z) / (sum ^ power / rate + 2 * o.l2)
  end
end

local ftrl_options = { learning_rate = 0.2, l1 = 0.5, l2 = 0.3, l2_shrinkage = 0.1 }
steps.ftrl_update = {
  { { "any", "any" }, ftrl_options, ftrl(0.5) },
  { { "any", "any" }, { learning_rate = 0.2, l1 = 0.5, l2 = 0.3, l2_shrinkage = 0.1, learning_rate_power = -0.75 },
    ftrl(0.75) },
}

-- The numbers after the step, from plain lists; `o` may have scale, clip and decay.
local function reference(f, o, w, g, slots)
  local scale, clip, decay = o.scale or 1, o.clip or math.huge, o.decay or 0
  for i = 1, #w do
    local s = {}
    for k = 1, 3 do s[k] = slots[k] and slots[k][i] end
    w[i] = f(w[i] * (1 - decay), math.max(-clip, math.min(clip, g[i] * scale)), s, o)
    for k = 1, 3 do
      if slots[k] then slots[k][i] = s[k] end
    end
  end
end

local function draw(n, dtype, seed, low)
  return dw.uniform({ n }, { minval = low or -1, maxval = low and low + 1 or 1, seed = seed, dtype = dtype })
end

local function drawn_slots(kinds, n, dtype)
  local slots = {}
  for k = 1, 3 do
    if kinds[k] then slots[k] = draw(n, dtype, 100 + k, kinds[k] == "large" and 8 or 0.25) end
  end
  return slots
end

local function call(name, kinds, w, g, slots, o)
  local given, most = { w, g }, name == "rmsprop_update" and 3 or #kinds
  if name == "sgd_update" then most = 1 elseif name == "adam_update" then most = 3 end
  for k = 1, most do given[2 + k] = slots[k] end
  given[3 + most] = o
  return K[name](table.unpack(given, 1, 3 + most))
end

local function with(o, more)
  local all = {}
  for _, t in ipairs { o, more } do
    for key, value in pairs(t) do all[key] = value end
  end
  return all
end

local function each_step(f)
  for name, variants in pairs(steps) do
    for i, variant in ipairs(variants) do f(name, variant[1], variant[2], variant[3], name .. " " .. i) end
  end
end

local function to_tables(slots)
  local lists = {}
  for k = 1, 3 do lists[k] = slots[k] and slots[k]:to_table() end
  return lists
end

local TOLERANCE = { float32 = { rtol = 1e-5, atol = 1e-6 }, float64 = { rtol = 1e-13, atol = 1e-13 } }

local function check(n, dtype, more, repeats)
  each_step(function(name, kinds, options, f, what)
    local o, w, slots = with(options, more), draw(n, dtype, 1), drawn_slots(kinds, n, dtype)
    local wanted, wanted_slots = w:to_table(), to_tables(slots)
    for step = 1, repeats or 1 do
      local g = draw(n, dtype, 10 + step)
      reference(f, o, wanted, g:to_table(), wanted_slots)
      assert.equal(w, call(name, kinds, w, g, slots, o))
    end
    local function near(got, want) support.near(got, dw.tensor(want, { dtype = dtype }), TOLERANCE[dtype], what) end
    near(w, wanted)
    for k = 1, 3 do
      if slots[k] then near(slots[k], wanted_slots[k]) end
    end
  end)
end

describe("steps of optimizers", function()
  it("are what a loop in Lua gives", function()
    support.everywhere(function()
      for dtype in pairs(TOLERANCE) do check(67, dtype, {}, 2) end
    end, { 1, 3 })
    for name in pairs(steps) do support.covers(name) end
  end)

  it("scale, clip and decay", function()
    for dtype in pairs(TOLERANCE) do check(50, dtype, { scale = 0.5, clip = 0.25, decay = 0.125 }) end
  end)

  it("have the same bits for every thread count, and every length is whole", function()
    local wanted = {}
    support.everywhere(function(isa)
      for _, n in ipairs { 1, 15, 8192, 8193, 40000 } do
        each_step(function(name, kinds, o, _, what)
          local w, slots = draw(n, "float32", 1), drawn_slots(kinds, n, "float32")
          call(name, kinds, w, draw(n, "float32", 2), slots, o)
          local key = ("%s %s %d"):format(what, isa, n)
          wanted[key] = wanted[key] or { w, slots }
          support.same(w, wanted[key][1], what)
          for k = 1, 3 do
            if slots[k] then support.same(slots[k], wanted[key][2][k], what) end
          end
        end)
      end
    end)
    for key in pairs(wanted) do -- the first of many is what one alone gives
      local one, many = wanted[(key:gsub("%d+$", "1"))][1], wanted[key][1]
      support.near(many[{ { 1, 1 } }], one, { rtol = 1e-6, atol = 0 }, key)
    end
  end)

  it("write through views, and leave what lies between alone", function()
    each_step(function(name, kinds, o, _, what)
      local w, g, slots = draw(12, "float64", 1), draw(12, "float64", 2), drawn_slots(kinds, 12, "float64")
      local function strided(x)
        local wide = dw.full({ 4, 2, 3 }, 7, { dtype = "float64" })
        local view = wide[{ {}, 2, {} }]:transpose()
        view:copy_(x:reshape { 3, 4 })
        return view, wide
      end
      local view, wide = strided(w)
      local views, behind = {}, {}
      for k = 1, 3 do
        if slots[k] then views[k], behind[k] = strided(slots[k]) end
      end
      call(name, kinds, view, strided(g), views, o)
      call(name, kinds, w, g, slots, o)
      support.same(view:clone():reshape { 12 }, w, what)
      assert.equal(84, K.sum(wide[{ {}, 1, {} }]):item())
      for k = 1, 3 do
        if slots[k] then
          support.same(views[k]:clone():reshape { 12 }, slots[k], what)
          assert.equal(84, K.sum(behind[k][{ {}, 1, {} }]):item())
        end
      end
    end)
  end)

  it("take a gradient that is the weights, a part of them, or broadcast", function()
    local w = dw.tensor { 1, 2, 3, 4 }
    support.same(K.sgd_update(w, w, nil, { learning_rate = 0.5 }), dw.tensor { 0.5, 1, 1.5, 2 })
    local x = dw.tensor { 1, 2, 3, 4 }
    K.sgd_update(x[{ { 1, 3 } }], x[{ { 2, 4 } }], nil, { learning_rate = 1 })
    support.same(x, dw.tensor { -1, -1, -1, 4 })
    K.sgd_update(x, x[{ { -1, 1, -1 } }], nil, { learning_rate = 1 })
    support.same(x, dw.tensor { -5, 0, 0, 5 })
    K.sgd_update(x, K.broadcast_to(dw.tensor { 1 }, { 4 }), nil, { learning_rate = 1 })
    support.same(x, dw.tensor { -6, -1, -1, 4 })
    local both = dw.zeros { 2, 4 } -- parts of one tensor that do not meet
    K.sgd_update(both[1], dw.ones { 4 }, both[2], { learning_rate = 1, momentum = 0.5 })
    support.same(both, -dw.ones { 2, 4 })
  end)

  it("of nothing do nothing, and NaN shows", function()
    each_step(function(name, kinds, o)
      local slots = drawn_slots(kinds, 0, "float32")
      assert.equal(0, call(name, kinds, dw.zeros { 0 }, dw.zeros { 0 }, slots, o).size)
      local w, g = dw.ones { 3 }, dw.tensor { 0.5, 0 / 0, 0.5 }
      slots = drawn_slots(kinds, 3, "float32")
      call(name, kinds, w, g, slots, with(o, { clip = 1 }))
      assert.same({ false, true, false }, K.isnan(w):to_table(), name)
      w = dw.ones { 3 }
      call(name, kinds, w, dw.ones { 3 }, drawn_slots(kinds, 3, "float32"), with(o, { scale = 0 / 0 }))
      assert.is_true(K.all(K.isnan(w)):item(), name)
    end)
  end)

  it("are writes that tapes know", function()
    local w, g, m, v = dw.ones { 2 }, dw.ones { 2 }, dw.ones { 2 }, dw.ones { 2 }
    for _, written in ipairs { w, m, v } do
      local tape, loss = dw.record(function()
        local y = K.sum(written * written)
        K.adam_update(w, g, m, v)
        return y
      end)
      refuses(function() tape:gradients(loss, written) end, "gradients")
    end
    assert.equal(1, dw.ones({ 1 }):fill(0):writes())
    local count = w:writes()
    K.sgd_update(w, g)
    assert.equal(count + 1, w:writes())
  end)

  it("refuse what does not fit, before anything is written", function()
    local w, one = dw.ones { 2, 3 }, dw.ones { 2, 3 }
    refuses(function() K.sgd_update(w, dw.ones { 3, 2 }) end, "sgd_update: g (3x2) must have the shape of w (2x3)")
    refuses(function() K.adam_update(w, one, one, dw.ones { 2 }) end, "adam_update: v (2) must have the shape of w (2x3)")
    refuses(function() K.sgd_update(w, dw.ones({ 2, 3 }, { dtype = "float64" })) end, "sgd_update: w is float32", "float64")
    refuses(function() K.sgd_update(dw.arange(3), dw.arange(3)) end, "w must be of dtype float32, float64, got int32")
    refuses(function() K.lion_update(w, one, w) end, "lion_update: w and m lie among each other's numbers")
    refuses(function() K.adam_update(w, one, one, dw.zeros { 2, 3 }, 3) end, "most_v must be a tensor, got 3")
    refuses(function() K.sgd_update(K.broadcast_to(dw.ones { 3 }, { 2, 3 }), one) end, "repeats its numbers")
    refuses(function() K.sgd_update(w, one, nil, { momentum = 0.5 }) end, "with momentum, velocity must be a tensor")
    refuses(function() K.ftrl_update(w, one, one:clone(), one:clone(), { learning_rate = 0 }) end, "above 0")
    refuses(function() K.adam_update(w, one, w, w, nil, { beta_1 = 2 }) end, "beta_1 must be a number from 0 to 1, got 2")
    support.same(w, dw.ones { 2, 3 })
  end)
end)

describe("sum_of_squares", function()
  it("is the sum, for every dtype, ISA, thread count and view", function()
    for _, n in ipairs { 0, 1, 31, 32, 8192, 50001 } do
      local x = dw.uniform({ n }, { minval = -2, maxval = 2, seed = n, dtype = "float64" })
      local sum, wanted = 0, {}
      for _, v in ipairs(x:to_table()) do sum = sum + v * v end
      support.everywhere(function(isa)
        local y = K.sum_of_squares(x)
        support.near(y, dw.tensor(sum, { dtype = "float64" }), { rtol = 1e-13, atol = 0 })
        wanted[isa] = wanted[isa] or y
        support.same(y, wanted[isa])
        support.near(K.sum_of_squares(K.cast(x, "float32")), dw.tensor(sum), { rtol = 3e-7, atol = 0 })
      end)
    end
    local x = dw.tensor { { 1, 2 }, { 3, 4 } }
    assert.equal(20, K.sum_of_squares(x[{ {}, 2 }]):item())
    assert.equal(30, K.sum_of_squares(x:transpose()):item())
    support.near(K.sum_of_squares(dw.full({ 300 }, 1e10)), dw.tensor(3e22), { rtol = 1e-6, atol = 0 })
    local large = K.sum_of_squares(dw.full({ 500 }, 1e160, { dtype = "float64" }))
    assert.equal(math.huge, large:item())
    local mixed = dw.zeros { 500 }
    mixed[7] = 1e19 -- its square is within float32, those of four together are not
    for i = 1, 4 do mixed[i * 32] = 1e19 end
    assert.equal(math.huge, K.sum_of_squares(mixed):item())
    mixed:fill(1.5e19)
    mixed[{ { 2, 500 } }] = 0
    support.near(K.sum_of_squares(mixed), dw.tensor(2.25e38), { rtol = 1e-6, atol = 0 })
    support.covers "sum_of_squares"
  end)
end)
