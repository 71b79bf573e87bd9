-- 11_keywords.lua: telling short sounds apart, with convolutions along time.     lua 11_keywords.lua
--
-- The "words" are made up: a tone that rises, one that falls, two tones together, and clicks, each at any pitch and
-- time, and under noise. SeparableConv1D is how small networks listen for a keyword all day.

local dw = require "dwconv"
local K, layers = dw.backend, dw.layers

local NAMES <const>, SAMPLES <const> = { "rising", "falling", "two tones", "clicks" }, 512
dw.seed(8)

-- n signals (n,512,1) and their classes. t runs from 0 to 1 within each word, which begins at some time.
local function make(n)
  local function random(low, high) return dw.uniform({ n, 1 }, { minval = low, maxval = high }) end
  local t = K.reshape(K.arange(0, SAMPLES, 1, { dtype = "float32" }) / SAMPLES, { 1, SAMPLES }) * 1.5 - random(0, 0.4)
  local pitch = random(20, 40)
  local function wave(cycles) return K.sin(cycles * (2 * math.pi)) end
  local words = {
    wave(pitch * t + K.square(t) * 15),
    wave((pitch + 30) * t - K.square(t) * 15),
    (wave(pitch * t) + wave(pitch * t * 1.6)) / 2,
    K.cast(K.greater(wave(t * random(4, 8)), 0.98), "float32") * wave(pitch * t * 2) * 2,
  }
  local classes = K.cast(K.floor(dw.uniform({ n }) * 4), "int32") + 1
  local chosen = K.zeros { n, SAMPLES }
  for class, word in ipairs(words) do
    chosen = chosen + word * K.reshape(K.cast(K.equal(classes, class), "float32"), { n, 1 })
  end
  local sounding = K.cast(K.greater(t, 0), "float32") * K.cast(K.less(t, 1), "float32")
  local signal = chosen * sounding * random(0.4, 1) + dw.normal({ n, SAMPLES }, { stddev = 0.1 })
  return K.reshape(signal, { n, SAMPLES, 1 }), classes
end

local function block(filters)
  return layers.SeparableConv1D { filters, 9, strides = 2, padding = "same", use_bias = false }
    >> layers.BatchNormalization { momentum = 0.9 } >> layers.ReLU {}
end

-- Layers compose with >>; what comes out is a layer, too.
local model = dw.Sequential {
  dw.Input { SAMPLES, 1 },
  layers.Conv1D { 16, 16, strides = 4, padding = "same", activation = "relu" },
  block(48), block(64), block(96),
  layers.GlobalAveragePooling1D {},
  layers.Dense { #NAMES, activation = "softmax" },
}
local EPOCHS <const>, BATCH <const>, WORDS <const> = 10, 32, 2000
local rate = dw.optimizers.schedules.CosineDecay { 0.01, EPOCHS * WORDS // BATCH }
model:compile { optimizer = dw.optimizers.Adam { rate }, loss = "sparse_categorical_crossentropy",
  metrics = { "accuracy" } }

local x, y = make(WORDS)
model:fit(x, y, { epochs = EPOCHS, batch_size = BATCH, verbose = 2 })

local new, classes = make(300)
local guesses = K.argmax(model:predict(new))
local hits = {}
for i = 1, #classes do
  local h = hits[classes[i]] or { 0, 0 }
  hits[classes[i]] = h
  h[1], h[2] = h[1] + (guesses[i] == classes[i] and 1 or 0), h[2] + 1
end
for class, name in ipairs(NAMES) do
  print(("%-10s %d of %d heard right"):format(name, hits[class][1], hits[class][2]))
end
