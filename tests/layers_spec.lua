-- layers_spec.lua: layers against tf_keras (fixtures/layers.lua): outputs in inference and training, gradients, names and
-- order of weights, numbers of parameters, options and their defaults; and what all layers have in common: symbolic
-- inputs, empty batches, configurations, answers to what is misspelt.

local dw = require "dwconv"
local K = dw.backend
local L = dw.layers
local cases = require "layer_cases"
local support = require "support"
local refuses = support.refuses

local NEAR = { rtol = 1e-5, atol = 1e-5 }

-- The fixtures hold float32, also of layers that compute in float64.
local function near(got, want, tolerance, what) support.near(K.cast(got, want.dtype), want, tolerance, what) end

local all, by_class, classes = cases.load(), {}, {}
for _, case in ipairs(all) do
  if case.layer then
    if not by_class[case.layer] then
      by_class[case.layer], classes[#classes + 1] = {}, case.layer
    end
    table.insert(by_class[case.layer], case)
  end
end
table.sort(classes)

-- Calls f(case) for each case of a class; an error says which.
local function each_case(class, f)
  for _, case in ipairs(by_class[class]) do
    local good, why = pcall(f, case)
    if not good then error(("%s: %s"):format(cases.title(case), why), 0) end
  end
end

local function near_list(got, want, what)
  assert.equal(#want, #got, what)
  for i, t in ipairs(want) do near(got[i], t, NEAR, ("%s %d"):format(what, i)) end
end

describe("as tf_keras:", function()
  for _, class in ipairs(classes) do
    it(("%s, %d cases"):format(class, #by_class[class]), function()
      each_case(class, function(case)
        local layer = cases.with_weights(case)
        local names = {}
        for i, v in ipairs(layer:all_variables()) do names[i] = v.name end
        assert.same(case.names, names)
        assert.equal(case.params, layer:count_params())
        near(layer(case.x, { training = false }), case.y, NEAR, "inference")
        if case.trains or case.grads then
          near(layer(case.x, { training = true }), case.trained or case.y, NEAR, "training")
          near_list(layer:get_weights(), case.after or case.weights, "weight after training")
        end
        if case.grads then
          near_list(cases.gradients(cases.with_weights(case), case.x, case.g), case.grads, "gradient")
        end
      end)
    end)
  end
end)

-- ---- options and their defaults ------------------------------------------------------------------

-- What Keras's configurations have that layers here do not: what convolution inherits from its base class, and a
-- second interpolation's option.
local ONLY_KERAS = { groups = true, kernel_initializer = true, antialias = true, filters = true }

-- A value as both have it; `like` is Keras's, which may be one number for all axes.
local function plain(v, like)
  if math.type(v) == "float" then return tonumber(("%.6g"):format(v)) end -- Keras has some as float32
  if type(v) ~= "table" then return v end
  if type(like) == "number" and v[1] == v[#v] then return v[1] end
  if v.class_name then return v.class_name end
  local list = {}
  for i, item in ipairs(v) do list[i] = plain(item) end
  return #list == 1 and list[1] or list -- of one axis
end

describe("configurations", function()
  it("are Keras's, with the same defaults", function()
    local compared = 0
    for _, class in ipairs(classes) do
      each_case(class, function(case)
        local config = cases.make(case):get_config()
        for key, want in pairs(case.keras) do
          if config[key] ~= nil or not (ONLY_KERAS[key] and class:find "Conv") then
            assert.same({ key, plain(want) }, { key, plain(config[key], want) })
            compared = compared + 1
          end
        end
      end)
    end
    assert.is_true(compared > 1000, compared)
  end)

  it("make the same layer again, which gives the same", function()
    for _, class in ipairs(classes) do
      each_case(class, function(case)
        local layer = cases.make(case)
        local config = layer:get_config()
        local again = L.get { class_name = class, config = config }
        assert.same(config, again:get_config())
        assert.equal(tostring(layer), tostring(again))
        again:build(cases.sample_shape(case.x))
        again:set_weights(cases.with_weights(case):get_weights())
        near(again(case.x, { training = false }), case.y, NEAR)
      end)
    end
  end)
end)

-- ---- what all layers have in common --------------------------------------------------------------

-- Configurations with a regularizer and a constraint are also made again from them.
describe("weights", function()
  local function prefixes(class)
    local list = {}
    for option in pairs(L[class].options) do list[#list + 1] = option:match "^(.*)_initializer$" end
    return list
  end

  it("have the initializer, regularizer and constraint of their own options", function()
    local tried = 0
    for _, class in ipairs(classes) do
      for _, prefix in ipairs(prefixes(class)) do
        local case, config = by_class[class][1], {}
        for key, value in pairs(case.config) do config[key] = value end
        if L[class].options.use_bias then config.use_bias = true end
        local function add(option, value)
          if L[class].options[prefix .. option] then config[prefix .. option] = value end
        end
        add("_initializer", dw.initializers.Constant { 0.375 })
        add("_regularizer", dw.regularizers.L2 { 0.5 })
        add("_constraint", "non_neg")
        local layer, found = L[class](config), 0
        layer:build(cases.sample_shape(case.x))
        for _, v in ipairs(layer:all_variables()) do
          if v.name:sub(1, #prefix) == prefix then
            found = found + 1
            support.same(v.tensor, dw.full(v.tensor.shape, 0.375))
            assert.equal(rawget(layer, prefix .. "_regularizer"), v.regularizer)
            assert.equal(rawget(layer, prefix .. "_constraint"), v.constraint)
            assert.equal(config[prefix .. "_constraint"] ~= nil, v.constraint ~= nil)
          else
            assert.is_nil(v.regularizer or v.constraint)
            assert.is_false(dw.close(v.tensor, dw.full(v.tensor.shape, 0.375)))
          end
        end
        assert.equal(1, found, class .. " " .. prefix)
        assert.same(layer:get_config(), L.get({ class_name = class, config = layer:get_config() }):get_config())
        tried = tried + 1
      end
    end
    assert.is_true(tried > 30, tried)
  end)
end)

describe("every layer", function()
  it("gives its shape for dw.Input, in training too", function()
    for _, class in ipairs(classes) do
      each_case(class, function(case)
        local x = cases.each(case.x, function(t) return dw.Input(cases.sample_shape(t)) end)
        local y = cases.make(case)(x)
        assert.same(cases.sample_shape(case.y), cases.sample_shape(y))
        assert.equal(0, y.shape[1])
      end)
    end
  end)

  it("takes an empty batch, which changes no weight", function()
    for _, class in ipairs(classes) do
      each_case(class, function(case)
        local layer = cases.with_weights(case)
        local x = cases.each(case.x, function(t) return K.narrow(t, 1, 1, 0) end)
        for _, training in ipairs { false, true } do
          local y = layer(x, { training = training })
          assert.same({ 0, table.unpack(cases.sample_shape(case.y)) }, { table.unpack(y.shape) })
        end
        near_list(layer:get_weights(), case.weights, "weight")
      end)
    end
  end)

  it("computes in float64 where it is told to", function()
    for _, class in ipairs(classes) do
      local case = by_class[class][1]
      local config = { dtype = "float64" }
      for key, value in pairs(case.config) do config[key] = value end
      local layer = L[class](config)
      layer:build(cases.sample_shape(case.x))
      layer:set_weights(cases.each(case.weights, function(t) return t.dtype == "int64" and t or K.cast(t, "float64") end))
      local y = layer(cases.each(case.x, function(t) return K.cast(t, "float64") end), { training = false })
      assert.equal("float64", y.dtype)
      near(y, case.y, NEAR, class)
    end
  end)

  it("answers a misspelt option with the right one", function()
    for _, class in ipairs(classes) do
      for option in pairs(L[class].options) do
        local wrong = option:sub(1, -2) .. "_" .. option:sub(-1)
        refuses(function() L[class] { [wrong] = 1 } end, class .. ": unknown option", ('did you mean "%s"?'):format(option))
      end
    end
  end)

  it("refuses an option of the wrong kind, in its own name", function()
    local tried = 0
    for _, class in ipairs(classes) do
      for option, kind in pairs(L[class].options) do
        if kind.read and kind.read(print) == nil then
          local config = {}
          for key, value in pairs(by_class[class][1].config) do config[key] = value end
          config[option] = print
          refuses(function() L[class](config) end, class .. ": ", option .. " must be ")
          tried = tried + 1
        end
      end
    end
    assert.is_true(tried > 200, tried)
  end)

  it("is in the fixtures", function()
    local others = { Lambda = true, Layer = true, get = true }
    for name, class in pairs(L) do
      if not others[name] then assert.truthy(by_class[class.name], name .. " is compared with nothing") end
    end
    assert.equal(L.MaxPooling2D, L.MaxPool2D)
    assert.equal(L.GlobalAveragePooling1D, L.GlobalAvgPool1D)
  end)
end)
