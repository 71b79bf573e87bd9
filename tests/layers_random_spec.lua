-- layers_random_spec.lua: layers with chance in them: what they do in training, by its statistics and its geometry, which
-- is compared with Keras's own transform (fixtures/layers.lua); and seeds.

local dw = require "dwconv"
local K = dw.backend
local L = dw.layers
local cases = require "layer_cases"
local transform = require "dwconv.layers.transform"
local support = require "support"
local same, near, refuses = support.same, support.near, support.refuses

local TRAIN, TEST = { training = true }, { training = false }

local function mean(x) return K.mean(x):item() end

local function between(low, value, high) assert.is_true(low <= value and value <= high, value) end

-- ---- noise ---------------------------------------------------------------------------------------

describe("noise", function()
  local x = dw.full({ 40, 50, 30 }, 2.0)

  it("Dropout keeps a number with the probability 1 - rate, and the mean", function()
    local y = L.Dropout { 0.25, seed = 1 }(x, TRAIN)
    local kept = mean(K.cast(K.greater(y, 0), "float32"))
    between(0.74, kept, 0.76)
    near(K.max(y), dw.tensor(2 / 0.75), { rtol = 1e-6 })
    between(1.98, mean(y), 2.02)
    same(L.Dropout { 0.25 }(x, TEST), x)
    same(L.Dropout { 0 }(x, TRAIN), x)
    refuses(function() L.Dropout { 1.5 } end, "Dropout: rate must be a number from 0 to 1, got 1.5")
    refuses(function() L.Dropout { -0.1 } end, "Dropout: rate must be a number from 0 to 1, got -0.1")
  end)

  it("Dropout's choices stretch from noise_shape", function()
    local y = L.Dropout { 0.5, noise_shape = { -1, 1, 30 }, seed = 3 }(x, TRAIN)
    same(y, K.repeat_elements(y[{ {}, { 1, 1 }, {} }]:clone(), 50, 2))
    between(0.4, mean(K.cast(K.greater(y, 0), "float32")), 0.6)
  end)

  it("SpatialDropout drops whole channels, in either layout", function()
    for axes = 1, 3 do
      for _, data_format in ipairs(axes == 1 and { false } or { "channels_last", "channels_first" }) do
        local first = data_format == "channels_first"
        local shape = { 30 }
        for _ = 1, axes do shape[#shape + 1] = 4 end
        table.insert(shape, first and 2 or #shape + 1, 20)
        local layer = L[("SpatialDropout%dD"):format(axes)] { 0.5, seed = 2, data_format = data_format or nil }
        local y = layer(dw.ones(shape), TRAIN)
        local over = {}
        for i = 1, axes do over[i] = first and i + 2 or i + 1 end
        local most, least = K.max(y, { axis = over }), K.min(y, { axis = over })
        same(most, least)
        between(0.4, mean(most) / 2, 0.6)
      end
    end
  end)

  it("GaussianNoise and GaussianDropout have the mean of x and their deviation", function()
    local y = L.GaussianNoise { 0.5, seed = 1 }(x, TRAIN)
    between(1.99, mean(y), 2.01)
    between(0.495, K.std(y):item(), 0.505)
    y = L.GaussianDropout { 0.2, seed = 1 }(x, TRAIN)
    between(1.98, mean(y), 2.02)
    between(0.98, K.std(y):item(), 1.02) -- 2 * sqrt(0.2 / 0.8)
    refuses(function() L.GaussianDropout { 1 } end, "GaussianDropout: rate must be below 1")
    refuses(function() L.GaussianNoise { -1 } end, "GaussianNoise: stddev must be a number of at least 0, got -1")
    refuses(function() L.GaussianNoise {} end, "GaussianNoise: stddev is missing")
  end)

  it("AlphaDropout keeps the mean and the variance of what has mean 0 and variance 1", function()
    local normal = dw.normal({ 200, 300 }, { seed = 1 })
    local y = L.AlphaDropout { 0.3, seed = 1 }(normal, TRAIN)
    between(-0.02, mean(y), 0.02)
    between(0.98, K.std(y):item(), 1.02)
    local lowest = -1.7580993408473766 -- what is dropped becomes this, then scaled and shifted as all
    local value = lowest * 0.7 / math.sqrt(0.7 * (1 + 0.3 * lowest ^ 2))
    between(0.28, mean(K.cast(K.less(K.abs(y - value), 1e-5), "float32")), 0.32)
    refuses(function() L.AlphaDropout { 1 } end, "AlphaDropout: rate must be below 1")
  end)

  it("ActivityRegularization adds to the loss of a model", function()
    local model = dw.Sequential { dw.Input { 3 }, L.ActivityRegularization { l1 = 0.5, l2 = 0.25 } }
    model:compile { optimizer = "sgd", loss = "mse" }
    local v = dw.tensor { { 1, -2, 3 }, { 0, 1, 0 } }
    near(dw.tensor(model:test_on_batch(v, v)), dw.tensor((0.5 * 7 + 0.25 * 15) / 2), { rtol = 1e-6 }) -- over the batch
  end)

  it("gradients flow through the kept numbers alone", function()
    local layer, v = L.Dropout { 0.5, seed = 4 }, dw.uniform({ 5, 6 }, { minval = 1, maxval = 2 })
    local tape, y = dw.record(function() return layer(v, TRAIN) end)
    same(tape:gradients(y, v), K.cast(K.greater(y, 0), "float32") * 2)
  end)
end)

-- ---- seeds ---------------------------------------------------------------------------------------

local RANDOM <const> = {
  Dropout = { 0.5 }, SpatialDropout2D = { 0.5 }, GaussianNoise = { 1 }, GaussianDropout = { 0.5 }, RandomFlip = {},
  AlphaDropout = { 0.5 }, RandomRotation = { 0.2 },
  RandomTranslation = { 0.3, 0.3 }, RandomZoom = { 0.4 }, RandomContrast = { 0.5 }, RandomCrop = { 5, 4 },
}

local function with_seed(name, seed)
  local config = { seed = seed }
  for key, value in pairs(RANDOM[name]) do config[key] = value end
  return L[name](config)
end

describe("seeds", function()
  local x = dw.uniform({ 6, 9, 8, 3 }, { seed = 5, maxval = 200 })

  it("of a layer repeat what it draws, call by call; dw.seed does without one; threads do not matter", function()
    for name in pairs(RANDOM) do
      local a, b, other = with_seed(name, 7), with_seed(name, 7), with_seed(name, 8)
      local first = a(x, TRAIN)
      same(first, b(x, TRAIN), name)
      local calls, differ = 0, 0
      for _ = 1, 5 do -- a crop may come at the same place again
        local y, z = a(x, TRAIN), other(x, TRAIN)
        same(y, b(x, TRAIN), name)
        calls = calls + (dw.close(y, first) and 0 or 1)
        differ = differ + (dw.close(y, z) and 0 or 1)
      end
      assert.is_true(calls > 0 and differ > 0, name)
      dw.seed(3)
      local drawn = with_seed(name)(x, TRAIN)
      dw.seed(3)
      local _ <close> = support.with { threads = 2 }
      same(with_seed(name)(x, TRAIN), drawn, name)
    end
  end)
end)

-- ---- augmentation --------------------------------------------------------------------------------

describe("augmentation", function()
  it("moves, turns and zooms as Keras's transform, with every edge and interpolation", function()
    local tried = 0
    for _, case in ipairs(cases.load()) do
      if case.transform then
        local given, h, w = case.given, case.x.shape[2], case.x.shape[3]
        local matrix
        if case.transform == "rotation" then matrix = transform.rotation(given, h, w) end -- moves and zooms are {w, h}
        if case.transform == "zoom" then matrix = transform.zoom(given:select(2, 2), given:select(2, 1), h, w) end
        if case.transform == "translation" then matrix = transform.translation(given:select(2, 2), given:select(2, 1)) end
        local how = { fill_mode = case.mode, fill_value = 0.5, interpolation = case.interpolation }
        near(transform.apply(case.x, matrix, how), case.y, { atol = 2e-5 },
          ("%s %s %s"):format(case.transform, case.mode, case.interpolation))
        tried = tried + 1
      end
    end
    assert.equal(24, tried)
  end)

  it("RandomFlip mirrors about half of the images, each as a whole", function()
    local x = dw.uniform({ 200, 3, 4, 2 }, { seed = 1 })
    for mode, axes in pairs { horizontal = { 3 }, vertical = { 2 } } do
      local y, turned = L.RandomFlip { mode, seed = 2 }(x, TRAIN), K.reverse(x, axes)
      local count = 0
      for i = 1, 200 do
        if dw.close(y[i], turned[i], { rtol = 0, atol = 0 }) then count = count + 1 else same(y[i], x[i]) end
      end
      between(75, count, 125)
    end
  end)

  it("RandomTranslation and RandomRotation stay within their factors", function()
    local x = K.broadcast_to(K.reshape(K.arange(0, 100, 1, { dtype = "float32" }), { 1, 100, 1, 1 }), { 300, 100, 3, 1 })
    local y = L.RandomTranslation { 0.2, 0, seed = 1, fill_mode = "nearest" }(x, TRAIN)
    local moved = 50 - K.mean(y[{ {}, 51, {}, 1 }], { axis = 2 }) -- how far down each image went
    between(-20.01, K.min(moved):item(), -15)
    between(15, K.max(moved):item(), 20.01)
    y = L.RandomTranslation { { 0.1, 0.1 }, 0, fill_mode = "nearest" }(x, TRAIN)
    near(y[{ {}, 51, {}, {} }]:clone(), dw.full({ 300, 3, 1 }, 40.0), { atol = 1e-4 })
    y = L.RandomRotation { { 0.25, 0.25 }, fill_mode = "constant" }(dw.uniform({ 2, 5, 5, 1 }, { seed = 1 }), TRAIN)
    local quarter = K.reverse(K.permute_dimensions(dw.uniform({ 2, 5, 5, 1 }, { seed = 1 }), { 1, 3, 2, 4 }), 2)
    near(y[{ {}, { 2, 4 }, { 2, 4 }, {} }]:clone(), quarter[{ {}, { 2, 4 }, { 2, 4 }, {} }]:clone(), { atol = 1e-4 })
  end)

  it("RandomZoom keeps proportions without a width_factor", function()
    local x = dw.uniform({ 4, 7, 7, 1 }, { seed = 3 })
    local symmetric = x + K.permute_dimensions(x, { 1, 3, 2, 4 })
    local y = L.RandomZoom { { -0.5, 0.5 }, seed = 1 }(symmetric, TRAIN)
    near(y, K.permute_dimensions(y, { 1, 3, 2, 4 }), { atol = 1e-5 })
    refuses(function() L.RandomZoom { { -2, 0 } } end, "RandomZoom: height_factor must not be below -1")
  end)

  it("RandomContrast keeps each channel's mean, within 0..255", function()
    local x = dw.uniform({ 50, 6, 5, 2 }, { seed = 3, minval = 100, maxval = 150 })
    local y = L.RandomContrast { { 0.5, 1 }, seed = 1 }(x, TRAIN)
    near(K.mean(y, { axis = { 2, 3 } }), K.mean(x, { axis = { 2, 3 } }), { atol = 1e-3 })
    local ratio = K.std(y, { axis = { 2, 3 } }) / K.std(x, { axis = { 2, 3 } })
    near(ratio:select(2, 1), ratio:select(2, 2), { atol = 1e-4 }) -- one factor for an image
    between(0.5, K.min(ratio):item(), 0.7)
    between(1.7, K.max(ratio):item(), 2.001)
    local wide = L.RandomContrast { { 0, 9 }, seed = 1 }(dw.uniform({ 5, 6, 5, 2 }, { maxval = 255 }), TRAIN)
    assert.equal(0, K.min(wide):item())
    assert.equal(255, K.max(wide):item())
  end)

  it("RandomCrop takes every place, one for the batch", function()
    local x = K.reshape(K.arange(0, 24, 1, { dtype = "float32" }), { 1, 4, 6, 1 })
    x = K.concatenate({ x, x + 100 }, { axis = 1 })
    local layer, seen, places = L.RandomCrop { 2, 4, seed = 1 }, {}, 0
    for _ = 1, 200 do
      local y = layer(x, TRAIN)
      local corner = math.tointeger(y(1, 1, 1, 1))
      local row, column = corner // 6, corner % 6
      same(y, x[{ {}, { row + 1, row + 2 }, { column + 1, column + 4 }, {} }]:clone())
      if not seen[corner] then seen[corner], places = true, places + 1 end
    end
    assert.equal(9, places)
  end)

  it("takes images n,h,w,c alone", function()
    for name in pairs { RandomFlip = 1, RandomRotation = 1, RandomCrop = 1 } do
      refuses(function() with_seed(name)(dw.ones { 2, 3 }) end, "x must be n,h,w,c (channels_last), got 1 axes after the batch")
    end
  end)
end)
