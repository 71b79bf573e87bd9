-- norm_spec.lua: normalization and its gradients against the definition, written with means of float64, over random
-- shapes, axes and parameters, every ISA and thread count; long lines and blocks; large means; what is refused.
-- Fixtures hold TensorFlow's numbers.

local dw = require "dwconv"
local support = require "support"
local K, refuses, near, same = dw.backend, support.refuses, support.near, support.same

-- x, normalized, and the three gradients of sum(g * y), from their formulas; all in float64.
local function definition(x, gamma, beta, axes, epsilon, g)
  local over = { axis = axes, keepdims = true }
  local away = x - K.mean(x, over)
  local scale = 1 / K.sqrt(K.mean(away * away, over) + epsilon)
  local h = away * scale
  local gh = gamma and g * gamma or g
  local dx = (gh - K.mean(gh, over) - h * K.mean(gh * h, over)) * scale
  local y = gamma and h * gamma or h
  return beta and y + beta or y, dx, gamma and K.sum_to(g * h, gamma.shape), beta and K.sum_to(g, beta.shape)
end

local function cast(t, dtype) return t and K.cast(t, dtype) end

-- Compares K.normalize and its gradients with the definition; gives them.
local function compare(x, gamma, beta, axes, what, tolerance)
  local g = dw.uniform(x.shape, { minval = -1, seed = 77, dtype = x.dtype })
  local want = { definition(cast(x, "float64"), cast(gamma, "float64"), cast(beta, "float64"), axes, 1e-3, cast(g, "float64")) }
  local tape, y = dw.record(function() return K.normalize(x, gamma, beta, { axis = axes }) end)
  local d = tape:gradients(y, { x = x, gamma = gamma, beta = beta }, { output_gradients = g })
  local got = { y, d.x, d.gamma, d.beta }
  for i = 1, 4 do
    if got[i] then
      local wide = cast(got[i], "float64")
      local largest = K.max(K.abs(want[i])):item()
      near(wide, want[i], { rtol = tolerance, atol = tolerance * math.max(1, largest) }, ("%s, result %d"):format(what, i))
    end
  end
  return got
end

local TOLERANCE = { float32 = 4e-6, float64 = 1e-12 }

local function random_case(seed)
  local numbers = dw.uniform({ 30 }, { maxval = 1 - 1e-6, seed = seed, dtype = "float64" }):to_table()
  local at = 0
  local function pick(n)
    at = at + 1
    return 1 + math.floor(numbers[at] * n)
  end
  local shape, axes, param, sizes = {}, {}, {}, { 1, 2, 3, 5, 8, 33, 70 }
  for i = 1, pick(5) do
    shape[i] = sizes[pick(i < 4 and 7 or 4)]
    if pick(2) == 1 then axes[#axes + 1] = i end
    param[i] = pick(2) == 1 and shape[i] or 1
  end
  if #axes == 0 then axes[1] = pick(#shape) end
  return shape, axes, param, pick(4)
end

describe("normalize", function()
  it("is its definition, for random shapes, axes and parameters", function()
    for seed = 1, 160 do
      local shape, axes, param, which = random_case(seed)
      local dtype = seed % 3 == 0 and "float64" or "float32"
      local function random(s, salt) return dw.uniform(s, { minval = -2, maxval = 2, seed = seed + salt, dtype = dtype }) end
      local gamma, beta = which ~= 1 and random(param, 500) or nil, which ~= 2 and which ~= 1 and random(param, 900) or nil
      if which == 4 then gamma = nil end
      local what = ("seed %d, %s, axes %s, parameters %s"):format(seed, table.concat(shape, "x"), table.concat(axes, ","),
        table.concat(param, "x"))
      compare(random(shape, 0) + 3, gamma, beta, axes, what, TOLERANCE[dtype])
    end
    support.covers("normalize", "layer_normalization", "group_normalization", "batch_mean", "batch_var")
  end)

  -- Batches with channels last and first, layers, groups with channels last and first; some long enough for chunks.
  local LAYOUTS = {
    { { 40, 9, 9, 48 }, { 1, 2, 3 }, { 1, 1, 1, 48 } }, { { 3, 5, 700 }, { 1, 2 }, { 1, 1, 700 } },
    { { 5, 7, 40, 40 }, { 1, 3, 4 }, { 1, 7, 1, 1 } }, { { 2, 3, 300, 300 }, { 1, 3, 4 }, { 1, 3, 1, 1 } },
    { { 50, 300 }, { 2 }, { 1, 300 } }, { { 2, 90000 }, { 2 }, { 1, 90000 } }, { { 1, 400, 400 }, { 2, 3 }, { 1, 1, 400 } },
    { { 3, 50, 8, 6 }, { 2, 4 }, { 1, 1, 8, 6 } }, { { 2, 9000, 4, 5 }, { 2, 4 }, { 1, 1, 4, 5 } },
    { { 3, 4, 6, 50 }, { 3, 4 }, { 1, 4, 6, 1 } }, { { 1, 150000 }, { 1, 2 }, { 1, 1 } }, { { 900, 2, 3 }, { 1 }, { 1, 2, 1 } },
  }

  it("has the same bits for every thread count, near the definition on every ISA", function()
    for i, layout in ipairs(LAYOUTS) do
      local shape, axes, param = table.unpack(layout)
      local x = dw.uniform(shape, { minval = -1, maxval = 3, seed = i })
      local gamma, beta = dw.uniform(param, { minval = 0.5, seed = i + 50 }), dw.uniform(param, { seed = i + 90 })
      local bits, what = {}, "layout " .. table.concat(shape, "x")
      support.everywhere(function(isa, threads)
        if not bits[isa] then bits[isa] = compare(x, gamma, beta, axes, what .. " on " .. isa, 2e-5) end
        if threads == 1 then return end
        local g = dw.uniform(x.shape, { minval = -1, seed = 77 })
        local tape, y = dw.record(function() return K.normalize(x, gamma, beta, { axis = axes }) end)
        local d = tape:gradients(y, { x, gamma, beta }, { output_gradients = g })
        for k, t in ipairs { y, d[1], d[2], d[3] } do same(t, bits[isa][k], what) end
      end, { 1, 3 })
    end
  end)

  it("keeps its digits where the mean is large, and does not overflow", function()
    for _, layout in ipairs { { { 500, 8 }, { 1 } }, { { 8, 500 }, { 2 } }, { { 2, 90000 }, { 2 } } } do
      local x = K.cast(dw.uniform(layout[1], { minval = -2048, maxval = 2048, seed = 5 }), "int32")
      local exact = K.cast(x, "float64") / 1024 -- steps that float32 has at 30000 too
      local far = K.cast(exact + 8192, "float32")
      near(cast(K.normalize(far, nil, nil, { axis = layout[2] }), "float64"),
        (definition(exact, nil, nil, layout[2], 1e-3, exact)), { rtol = 3e-6, atol = 3e-6 })
      local huge = K.cast(exact * 1e25, "float32")
      near(cast(K.normalize(huge, nil, nil, { axis = layout[2] }), "float64"),
        (definition(exact, nil, nil, layout[2], 0, exact)), { rtol = 1e-5, atol = 1e-5 })
    end
    same(K.normalize(dw.full({ 3, 50 }, 0.1), nil, nil, { axis = 2 }), dw.zeros { 3, 50 })
  end)

  it("has second gradients, of all that flows in", function()
    local function random(s, seed) return dw.uniform(s, { minval = -1, seed = seed, dtype = "float64" }) end
    local x, gamma, beta = random({ 2, 3, 4 }, 1), random({ 3, 1 }, 2), random({ 3, 1 }, 3)
    local function f(a, b, c) return K.normalize(a, b, c, { axis = { 1, 3 }, epsilon = 0.1 }) end
    assert(dw.gradcheck(f, { x, gamma, beta }, { order = 2 }))
    local function moments(a)
      local _, mean, var = K.normalize_batch_in_training(a, nil, nil, { 1, 3 })
      return mean * var
    end
    assert(dw.gradcheck(moments, { x }, { order = 2 }))
  end)

  it("takes NaN, views, and nothing", function()
    local x = dw.uniform({ 4, 5 }, { seed = 1 })
    x[{ 2, 3 }] = 0 / 0
    assert.same({ 0, 5, 0, 0 }, K.sum(K.cast(K.isnan(K.normalize(x, nil, nil, { axis = 2 })), "int32"), { axis = 2 }):to_table())
    x = dw.uniform({ 4, 6, 5 }, { seed = 2 })
    same(K.normalize(x:transpose(1, 3), nil, nil, { axis = 3 }), K.normalize(x:transpose(1, 3):contiguous(), nil, nil, { axis = 3 }))
    assert.same({ 0, 3 }, { table.unpack(K.normalize(dw.zeros { 0, 3 }, nil, nil, { axis = 1 }).shape) })
    local gamma = dw.ones { 3 }
    local tape, y = dw.record(function() return K.normalize(dw.zeros { 0, 3 }, gamma, nil, { axis = 1 }) end)
    same(tape:gradients(y, gamma), dw.zeros { 3 })
    local empty, mean, var = K.normalize_batch_in_training(dw.zeros { 0, 3 }, gamma, gamma, { 1 })
    assert.same({ 0, 3 }, { table.unpack(empty.shape) })
    assert.is_true(K.all(K.isnan(mean)):item() and K.all(K.isnan(var)):item())
    near(K.normalize(dw.tensor(3)), dw.tensor(0), { rtol = 0, atol = 0 })
  end)

  it("has the gradients of several parameters of one tensor, when one gradient flows into all", function()
    local function random(s, seed) return dw.uniform(s, { minval = -1, seed = seed, dtype = "float64" }) end
    local x, a, b, c = random({ 4, 3 }, 1), random({ 3 }, 2), random({ 4, 3 }, 3), random({ 3 }, 4)
    local tape, y = dw.record(function()
      return K.normalize(x, a, nil, { axis = 1 }) + K.normalize(x, b, b, { axis = 1 }) + K.normalize(x, nil, c, { axis = 2 })
    end)
    local d = tape:gradients(y, { a, b, c })
    local over = { axis = 1, keepdims = true }
    local h = (x - K.mean(x, over)) / K.sqrt(K.var(x, over) + 1e-3)
    local tolerance = { rtol = 1e-12, atol = 1e-13 }
    near(d[1], K.sum(h, { axis = 1 }), tolerance)
    near(d[2], h + 1, tolerance)
    near(d[3], dw.full({ 3 }, 4, { dtype = "float64" }), tolerance)
  end)

  it("forgets moments of what was written since", function()
    local x = dw.uniform({ 6, 3 }, { seed = 3, dtype = "float64" })
    K.normalize(x, nil, nil, { axis = 1 })
    x[1] = 9
    near(K.batch_mean(x, { 1 }), K.mean(x, { axis = 1, keepdims = true }), { rtol = 1e-14, atol = 0 })
    near(K.batch_var(x, { 2 }), K.var(x, { axis = 2, keepdims = true }), { rtol = 1e-13, atol = 1e-15 })
  end)
end)

describe("batch_normalization", function()
  it("takes parameters of the channels along any axis, or of a shape that stretches", function()
    local function random(s, seed) return dw.uniform(s, { minval = 0.5, maxval = 2, seed = seed, dtype = "float64" }) end
    local x, p = random({ 2, 3, 4, 5 }, 1), {}
    for axis = 1, 4 do
      local n = x.shape[axis]
      for i = 1, 4 do p[i] = random({ n }, 10 * axis + i) end
      local shape = { 1, 1, 1, 1 }
      shape[axis] = n
      local function at(i) return p[i]:reshape(shape) end
      local want = (x - at(1)) * at(4) / K.sqrt(at(2) + 1e-3) + at(3)
      near(K.batch_normalization(x, p[1], p[2], p[3], p[4], { axis = axis }), want, { rtol = 1e-13, atol = 1e-14 })
      near(K.batch_normalization(x, at(1), p[2], at(3), p[4], { axis = axis }), want, { rtol = 1e-13, atol = 1e-14 })
      near(K.batch_normalization(x, p[1], p[2], nil, nil, { axis = axis }), (x - at(1)) / K.sqrt(at(2) + 1e-3),
        { rtol = 1e-13, atol = 1e-14 })
    end
    assert(dw.gradcheck(function(a, m, v, g) return K.batch_normalization(a, m, v, nil, g, { axis = 2 }) end,
      { x, random({ 3 }, 5), random({ 3 }, 6), random({ 1, 3, 1, 1 }, 7) }))
  end)

  it("says what does not fit", function()
    local x, c = dw.ones { 2, 3, 4 }, dw.ones { 4 }
    refuses(function() K.batch_normalization(x, dw.ones { 5 }, c) end,
      "batch_normalization: mean (5) must have the 4 numbers of axis 3 of x (2x3x4), or stretch to x's shape")
    refuses(function() K.batch_normalization(x, c, dw.ones({ 4 }, { dtype = "float64" })) end, "batch_normalization: ", "float64")
    refuses(function() K.batch_normalization(x, dw.ones { 1, 2, 3, 4 }, c) end,
      "batch_normalization: mean (1x2x3x4) must have the 4 numbers of axis 3 of x (2x3x4)")
    refuses(function() K.normalize(x, c, dw.ones { 1 }) end, "normalize: gamma (4) and beta (1) must have one shape")
    refuses(function() K.normalize(x, dw.ones { 5 }) end, "normalize: gamma (5) does not stretch to the shape of x, 2x3x4")
    refuses(function() K.layer_normalization(x, dw.ones { 3 }) end, "layer_normalization: gamma (3) must have 4 numbers")
    refuses(function() K.group_normalization(x) end, "group_normalization: groups must divide the 4 channels of x, got 32")
    refuses(function() K.group_normalization(x, nil, nil, { groups = 1, axis = 1 }) end, "axis must be one of the channels")
    refuses(function() K.normalize_batch_in_training(x, c, c, { 1, 1 }) end, "reduction_axes names axis 1 twice")
  end)
end)

describe("layers and groups", function()
  it("are normalized by themselves", function()
    local x = dw.uniform({ 2, 5, 6 }, { seed = 4, dtype = "float64" })
    local gamma, beta = dw.uniform({ 6 }, { seed = 5, dtype = "float64" }), dw.uniform({ 6 }, { seed = 6, dtype = "float64" })
    near(K.layer_normalization(x, gamma, beta), (definition(x, gamma, beta, { 3 }, 1e-3, x)), { rtol = 1e-13, atol = 1e-14 })
    local grouped = x:reshape { 2, 5, 2, 3 }
    local want = definition(grouped, gamma:reshape { 2, 3 }, beta:reshape { 2, 3 }, { 2, 4 }, 1e-3, grouped)
    near(K.group_normalization(x, gamma, beta, { groups = 2 }), want:reshape { 2, 5, 6 }, { rtol = 1e-13, atol = 1e-14 })
    local first = x:transpose(2, 3)
    near(K.group_normalization(first, gamma, beta, { groups = 2, axis = 2 }), want:reshape({ 2, 5, 6 }):transpose(2, 3),
      { rtol = 1e-13, atol = 1e-14 })
  end)
end)
