-- layers_errors_spec.lua: what layers say of options and shapes that do not fit: in the layer's own name, with what is
-- wrong on both sides, before a weight is made, and blaming the line that called.

local dw = require "dwconv"
local L = dw.layers
local support = require "support"
local refuses = support.refuses

-- Calls a layer of this class on inputs of these shapes, and expects these words.
local function refused(class, config, shapes, ...)
  local x = {}
  for i, shape in ipairs(shapes) do x[i] = dw.Input(shape) end
  local layer = L[class](config)
  local words = table.pack(...)
  table.insert(words, 1, class .. ": ")
  words[#words + 1] = ("[at %s, which takes "):format(layer.name)
  refuses(function() layer(#x == 1 and x[1] or x) end, table.unpack(words))
end

local function unmade(class, config, ...)
  local words = table.pack(class .. ": ", ...)
  refuses(function() L[class](config) end, table.unpack(words))
end

describe("options of layers:", function()
  it("what is missing, of the wrong kind, or does not fit together", function()
    unmade("Conv2D", { 4 }, "kernel_size is missing: it must be a whole number or a pair {h, w}, each at least 1")
    unmade("Conv2D", { 4, { 3, 3, 3 } }, "kernel_size must be", "got {3, 3, 3}")
    unmade("Conv2D", { 4, 3, padding = "SAME" }, "padding must be", 'did you mean "same"')
    unmade("Conv2D", { 4, 3, activation = "rleu" }, "activation must be the name of an activation or a function", "did you mean")
    unmade("Conv2D", { 4, 3, strides = 0 }, "strides must be", "got 0")
    unmade("Conv2D", { 5, 3, groups = 2 }, "groups must divide the 5 filters, got 2")
    unmade("Conv2D", { 4, 3, filters = 4 }, "filters is given by position and by name")
    unmade("Conv2D", { 4, 3, kernel_regularizer = "l3" }, "kernel_regularizer must be", 'got "l3"')
    unmade("Conv2DTranspose", { 4, 3, strides = 2, output_padding = 2 }, "output_padding must be below strides, 2, got 2")
    unmade("Conv2DTranspose", { 4, 3, output_padding = { 0 } }, "output_padding must be", "got {0}")
    unmade("Dense", {}, "units is missing")
    unmade("Dense", { 0 }, "units must be a whole number of at least 1, got 0")
    unmade("Reshape", { { -1, -1 } }, "target_shape may have one size of -1")
    unmade("Permute", { { 2, 3 } }, "dims must be a table of the axes after the batch, from 1 on, each once, got {2, 3}")
    unmade("ZeroPadding2D", { { 1, 2, 3 } }, "padding must be a whole number of at least 0, or {h, w} or", "got {1, 2, 3}")
    unmade("ZeroPadding1D", { -1 }, "padding must be", "got -1")
    unmade("Resizing", { 3 }, "width is missing")
    unmade("Normalization", { mean = 1 }, "mean and variance must be given together")
    unmade("ReLU", { -1 }, "max_value must be a number of at least 0, got -1")
    unmade("Activation", {}, "activation is missing")
    unmade("BatchNormalization", { axis = 0 }, "axis must be an axis, counting from 1")
    unmade("GroupNormalization", { 0 }, "groups must be a whole number of at least 1, or -1, got 0")
    unmade("RandomRotation", { { 2, 1 } }, "factor must be a number f for -f to f, or a pair {low, high}, got {2, 1}")
    refuses(function() L.Dense(3) end, "Dense: takes one table: Dense{ units }, got 3")
    refuses(function() return L.Dens end, 'dw.layers has no "Dens"; did you mean "Dense"?')
  end)
end)

describe("shapes that do not fit:", function()
  it("images of another rank, and channels that groups do not divide", function()
    for _, class in ipairs { "Conv2D", "Conv2DTranspose", "SeparableConv2D" } do
      refused(class, { 4, 3 }, { { 8, 3 } }, "x must be n,h,w,c (channels_last), got 2 axes after the batch")
      refused(class, { 4, 3, data_format = "channels_first" }, { { 8 } }, "x must be n,c,h,w (channels_first), got 1 axes")
    end
    for _, class in ipairs { "MaxPooling2D", "GlobalMaxPooling2D", "UpSampling2D", "ZeroPadding2D", "Cropping2D", "SpatialDropout2D" } do
      refused(class, class:find "Spatial" and { 0.5 } or {}, { { 8, 3 } }, "x must be n,h,w,c (channels_last), got 2 axes")
    end
    refused("Conv3D", { 4, 3 }, { { 8, 8, 3 } }, "x must be n,d,h,w,c")
    refused("Conv1D", { 4, 3 }, { { 8, 8, 3 } }, "x must be n,w,c")
    refused("Conv2D", { 4, 3, groups = 2 }, { { 8, 8, 3 } }, "groups must divide the 3 channels of x, got 2")
    refused("GroupNormalization", { 3 }, { { 4 } }, "groups must divide the 4 channels of x, got 3")
    refused("RepeatVector", { 3 }, { { 4, 4 } }, "x must be n,k, got 2 axes after the batch")
    refused("Dense", { 3 }, { {} }, "x must be n,...,inputs")
  end)

  it("windows larger than x", function()
    refused("Conv2D", { 4, 9 }, { { 8, 8, 4 } }, "kernel (9x9x4x4) covers 9 rows but x has 8", 'padding = "same" allows it')
    refused("DepthwiseConv2D", { 9 }, { { 8, 8, 4 } }, "depthwise_kernel (9x9x4x1) covers 9 rows but x has 8")
    refused("SeparableConv1D", { 3, 9 }, { { 8, 4 } }, "depthwise_kernel (9x4x1) covers 9 steps but x has 8")
    refused("MaxPooling2D", { 9 }, { { 8, 8, 4 } }, "pool_size {9, 9} covers 9 rows but x has 8")
    refused("LocallyConnected2D", { 4, { 2, 9 } }, { { 8, 8, 4 } }, "kernel_size covers 9 columns but x has 8")
    refused("Cropping2D", { 2 }, { { 4, 5, 3 } }, "cropping {2, 2} leaves nothing of the 4 positions of x (4x5x3)")
    refused("Conv2DTranspose", { 4, 4, strides = 2, padding = "same", output_padding = 0 }, { { 8, 8, 4 } }, "leads back to 0x7x7x4")
  end)

  it("numbers that do not fill a shape, axes that are not there", function()
    refused("Reshape", { { 5, 3 } }, { { 4, 4 } }, "target_shape {5, 3} does not hold the 16 numbers of a sample (4x4)")
    refused("Reshape", { { -1, 3 } }, { { 4, 4 } }, "target_shape {-1, 3} does not hold the 16 numbers")
    refused("Permute", { { 2, 1 } }, { { 4, 4, 3 } }, "dims names 2 axes but x has 3 after the batch (4x4x3)")
    refused("BatchNormalization", { axis = 1 }, { { 4 } }, "axis must not be the first, which counts samples")
    refused("BatchNormalization", { axis = 4 }, { { 4 } }, "axis must be an axis from 1 to 2 or from -2 to -1, got 4")
    refused("LayerNormalization", { axis = { 2, 5 } }, { { 4, 4 } }, "axis[2] must be an axis from 1 to 3", "got 5")
    refused("PReLU", { shared_axes = 1 }, { { 4, 4 } }, "shared_axes must not name axis 1")
    refused("Softmax", { axis = 5 }, { { 4, 4 } }, "axis must be an axis from 1 to 3")
    refused("Rescaling", { { 1, 2, 3 } }, { { 4, 2 } }, "the shapes do not broadcast")
    refused("Normalization", { mean = { 1, 2, 3 }, variance = 1 }, { { 4 } }, "which does not broadcast to 4")
  end)

  it("inputs that do not fit to each other", function()
    refused("Add", {}, { { 4, 4 }, { 4, 3 } }, "x[2] (4x3) does not stretch to the shape of those before it (4x4)")
    refused("Add", {}, { { 4, 4 } }, "x must be a table of tensors, got a float32 tensor 0x4x4")
    refused("Subtract", {}, { { 4 }, { 4 }, { 4 } }, "x must be a table of 2 tensors, got 3")
    refused("Concatenate", {}, { { 4, 4 }, { 3, 4 } }, "x[2] (3x4) differs from x[1] (4x4) along axis 2, not along axis 3 alone")
    refused("Concatenate", {}, { { 4, 4 }, { 4 } }, "x[2] has 1 axes after the batch, but x[1] has 2")
    refused("Concatenate", { axis = 4 }, { { 4, 4 }, { 4, 4 } }, "axis must be an axis from 1 to 3")
    refused("Dot", { 2 }, { { 3, 4 }, { 5, 4 } }, "axis 2 of x must be as long as axis 2 of y: x is 0x3x4 and y 0x5x4")
    refused("Dot", { 1 }, { { 3, 4 }, { 3, 4 } }, "axes must not name axis 1, the batch")
    refuses(function() L.Add {} { dw.ones { 2, 3 }, dw.ones { 1, 3 } } end, "Add: x[2] has a batch of 1, but x[1] has 2")
  end)

  it("x of another shape than the layer was built for; twice the channels are no groups", function()
    local conv, dense = L.Conv2D { 4, 3, name = "a" }, L.Dense { 3, name = "b" }
    conv(dw.ones { 1, 4, 4, 3 })
    refuses(function() conv(dw.ones { 1, 4, 4, 6 }) end, "Conv2D: x has 6 channels (4x4x6, channels_last) but the layer was built for 3",
      "[at a, which takes 4x4x6]")
    dense(dw.ones { 2, 4 })
    refuses(function() dense(dw.ones { 2, 5 }) end, "Dense: x has 5 numbers along its last axis (2x5) but kernel takes 4 (4x3)", "[at b")
    for _, layer in ipairs { L.DepthwiseConv2D { 3 }, L.SeparableConv2D { 2, 3 }, L.Conv2DTranspose { 4, 3 } } do
      layer(dw.ones { 1, 4, 4, 3 })
      refuses(function() layer(dw.ones { 1, 4, 4, 6 }) end, "x has 6 channels (4x4x6, channels_last) but the layer was built for 3")
    end
  end)

  it("indices that an embedding does not have; counting starts at 1", function()
    local embedding = L.Embedding { 4, 2 }
    refuses(function() embedding(dw.tensor({ { 1, 5 } }, { dtype = "int32" })) end, "Embedding: ", "5")
    refuses(function() embedding(dw.tensor({ { 0, 1 } }, { dtype = "int32" })) end, "Embedding: ", "0")
  end)

  it("no weight is made of a layer that is refused", function()
    local layer = L.Conv2D { 4, 3, groups = 2 }
    pcall(layer, dw.Input { 8, 8, 3 })
    assert.same({}, layer.weights)
    assert.is_false(layer.built)
  end)
end)

describe("Normalization", function()
  it("learns from arrays or batches, to the same numbers, and from nothing else", function()
    local x = dw.uniform({ 50, 4, 3 }, { seed = 1, minval = -3, maxval = 9 })
    local whole, parts = L.Normalization {}, L.Normalization {}
    whole:adapt(x)
    parts:adapt(dw.data.batches(x, nil, { batch_size = 7, seed = 1 }))
    for i, w in ipairs(whole:get_weights()) do support.near(parts:get_weights()[i], w, { rtol = 1e-6 }) end
    local K = dw.backend
    support.near(whole.weights[1], K.mean(x, { axis = { 1, 2 } }), { rtol = 1e-5 })
    support.near(whole.weights[2], K.var(x, { axis = { 1, 2 } }), { rtol = 1e-5 })
    assert.equal(200, whole.weights[3]:item())
    local one = L.Normalization { axis = {} }
    one:adapt(x)
    support.near(K.mean(one(x)), dw.tensor(0.0), { atol = 1e-5 })
    support.near(K.std(one(x)), dw.tensor(1.0), { atol = 1e-5 })
    whole:adapt(x * 2) -- begins anew
    support.near(whole.weights[2], K.var(x * 2, { axis = { 1, 2 } }), { rtol = 1e-5 })
    refuses(function() whole:adapt(3) end, "adapt: data must be a tensor, or batches of dw.data, got 3")
    refuses(function() whole:adapt(dw.zeros { 0, 4, 3 }) end, "adapt: data has no samples")
    refuses(function() L.Normalization { mean = 0, variance = 1 }:adapt(x) end, "adapt: mean and variance are given")
  end)
end)
