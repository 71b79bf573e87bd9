-- fuzz/models.lua: models for fuzz/files.lua: some that are saved, how they are read, and a change of a file that leaves
-- it well-formed: words and numbers of its architecture in the place of others.

local dw = require "dwconv"
local K, layers = dw.backend, dw.layers

local models = {}

--- Models that together have most of what a file can hold.
function models.make()
  local one = dw.Sequential { dw.Input { 6, 6, 2 }, layers.SeparableConv2D { 4, 3, padding = "same" },
    layers.BatchNormalization {}, layers.ReLU { 6 }, layers.Dropout { 0.3 }, layers.MaxPooling2D {},
    layers.Conv2DTranspose { 3, 3, strides = 2 }, layers.ZeroPadding2D { { 1, 2 } }, layers.UpSampling2D {},
    layers.GlobalAveragePooling2D {}, layers.Dense { 3, activation = "softmax", kernel_regularizer = "l2" } }
  one:compile { optimizer = dw.optimizers.Adam { dw.optimizers.schedules.ExponentialDecay { 0.1, 10, 0.9 } },
    loss = "sparse_categorical_crossentropy", metrics = { "accuracy" } }
  one:fit(dw.uniform { 8, 6, 6, 2 }, dw.arange(8, { dtype = "int32" }) % 3 + 1, { verbose = 0, batch_size = 4 })
  local a, b = dw.Input { 4, name = "a" }, dw.Input { 4, name = "b" }
  local shared = layers.Dense { 4, activation = "tanh" }
  local sum = layers.Concatenate {} { shared(a), shared(b) } * dw.ones { 8 }
  return { one, dw.Model { inputs = { a, b }, outputs = { K.clip(sum, -1, 1), K.reshape(sum, { sum.shape[1], 2, 4 }) } } }
end

--- The model of a file, if it is one; it must know its parameters and shapes.
function models.read(path)
  local model = dw.load_model(path)
  assert(model:count_params() >= 0)
  for _, t in ipairs(model.outputs) do assert(t.ndim >= 0) end
  return model
end

-- Numbers and words that may stand for others.
local OTHERS <const> = { "0", "1", "-1", "2", "255", "65536", "2147483648", "9223372036854775807", "1e300", "0.5", "true",
  "null", "[]", "{}", '\\"x\\"', '\\"same\\"', '\\"softmax\\"', '\\"gather\\"', '\\"Dense\\"', '\\"float64\\"' }

-- Where words and numbers of the texts of a header lie: {first, last}.
local function tokens(s, last)
  local list = {}
  for first, after in s:gmatch '()\\"[%w_]+\\"()' do
    if after <= last then list[#list + 1] = { first, after - 1 } end
  end
  for first, after in s:gmatch "[:,%[]()%-?%d[%d.e+-]*()" do
    if after <= last then list[#list + 1] = { first, after - 1 } end
  end
  return list
end

--- The file with one to three of its words and numbers changed for others, of its own or of a list.
function models.swap(s)
  for _ = 1, math.random(1, 3) do
    local list = tokens(s, 8 + string.unpack("<I8", s))
    if #list == 0 then return s end
    local at, from = list[math.random(#list)], list[math.random(#list)]
    local word = math.random(2) == 1 and s:sub(from[1], from[2]) or OTHERS[math.random(#OTHERS)]
    local grown = #word - (at[2] - at[1] + 1)
    s = string.pack("<I8", string.unpack("<I8", s) + grown) .. s:sub(9, at[1] - 1) .. word .. s:sub(at[2] + 1)
  end
  return s
end

return models
