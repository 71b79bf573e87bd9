-- onnx_calls.lua: onnx's operators as calls of K, and the cases of fixtures/onnx.lua, for onnx_spec.lua. Images of onnx
-- are channels_first, kernels (cout,cin,...), axes count from 0. A call is a function(case, tensors) that gives the
-- results, or nothing and why K cannot express the case.

local dw = require "dwconv"
local K = dw.backend

local onnx = { calls = {} }
local calls = onnx.calls

local FIRST <const> = "channels_first"

local function flat(t) return t:reshape({ -1 }):to_table() end

-- ---- windows ---------------------------------------------------------------------------------------------------

local function ones(n)
  local list = {}
  for i = 1, n do list[i] = 1 end
  return list
end

-- The shape of one number for each index of an axis, to go with x.
local function shape_along(x, axis)
  local shape = ones(#x.shape)
  shape[axis] = x.shape[axis]
  return shape
end

-- Pairs {before, after} for each axis: of pads, which has all befores first, or of auto_pad.
local function pairs_of(a, x, window, strides)
  local pads, n = {}, #window
  for i = 1, n do
    local size = x.shape[2 + i]
    local total = math.max(0, ((size + strides[i] - 1) // strides[i] - 1) * strides[i] + window[i] - size)
    if a.auto_pad == "SAME_UPPER" then pads[i] = { total // 2, total - total // 2 }
    elseif a.auto_pad == "SAME_LOWER" then pads[i] = { total - total // 2, total // 2 }
    else pads[i] = a.pads and { a.pads[i], a.pads[n + i] } or { 0, 0 } end
  end
  return pads
end

local function windows(c, x, size)
  local a, n = c.attributes, #size
  local strides, dilations, window = a.strides or ones(n), a.dilations or ones(n), {}
  for i = 1, n do window[i] = (size[i] - 1) * dilations[i] + 1 end
  return { strides = strides, dilation_rate = dilations, data_format = FIRST, padding = pairs_of(a, x, window,
    strides) }, window
end

-- With ceil_mode, a window that begins inside may end outside: padding that is not counted. Whether there is any.
local function reach_over_the_end(o, x, window)
  local over = false
  for i, pad in ipairs(o.padding) do
    local size, s = x.shape[2 + i], o.strides[i]
    local room = size + pad[1] + pad[2] - window[i]
    local out = (room + s - 1) // s + 1
    if (out - 1) * s >= size + pad[1] then out = out - 1 end
    local more = (out - 1) * s - room
    if more > 0 then pad[2], over = pad[2] + more, true end
  end
  return over
end

local function pool(c, x, f, count_padding)
  local size = c.attributes.kernel_shape
  local o, window = windows(c, x, size)
  local over = c.attributes.ceil_mode == 1 and reach_over_the_end(o, x, window)
  if over and count_padding then return nil, "padding that is counted beside some that is not (ceil_mode)" end
  o.count_padding = count_padding or nil
  return f(x, size, o)
end

function calls.MaxPool(c, t)
  if t[1].dtype == "float32" then return pool(c, t[1], K.max_pool) end
  local y, why = pool(c, t[1]:astype "float32", K.max_pool)
  return y and y:astype(t[1].dtype), why
end

function calls.AveragePool(c, t) return pool(c, t[1], K.average_pool, c.attributes.count_include_pad == 1) end

function calls.LpPool(c, t)
  local p, taps = c.attributes.p or 2, 1
  for _, n in ipairs(c.attributes.kernel_shape) do taps = taps * n end
  local mean, why = pool(c, K.pow(K.abs(t[1]), p), K.average_pool, true)
  return mean and K.pow(mean * taps, 1 / p), why
end

local function whole(x) return table.move(x.shape, 3, #x.shape, 1, {}) end

function calls.GlobalMaxPool(_, t) return K.max_pool(t[1], whole(t[1]), { data_format = FIRST }) end
function calls.GlobalAveragePool(_, t) return K.average_pool(t[1], whole(t[1]), { data_format = FIRST }) end

-- ---- convolution -----------------------------------------------------------------------------------------------

-- (a,b,...) to (...,b,a)
local function turned_kernel(w, a, b)
  local order = {}
  for i = 3, #w.shape do order[#order + 1] = i end
  order[#order + 1], order[#order + 2] = a, b
  return w:permute(order)
end

local function with_bias(y, bias)
  if not bias then return y end
  return y + bias:reshape(shape_along(y, 2))
end

function calls.Conv(c, t)
  local o = windows(c, t[1], whole(t[2]))
  local y = K[("conv%dd"):format(#whole(t[2]))](t[1], turned_kernel(t[2], 2, 1), o)
  return with_bias(y, t[3])
end

function calls.ConvTranspose(c, t)
  local a, x, w = c.attributes, t[1], t[2]
  local size, n = whole(w), #whole(w)
  if (a.group or 1) > 1 then return nil, "groups of a transposed convolution" end
  local strides, dilations, more = a.strides or ones(n), a.dilations or ones(n), a.output_padding or {}
  local shape, pads = { x.shape[1], w.shape[2] }, {}
  for i = 1, n do
    local full = strides[i] * (x.shape[2 + i] - 1) + (more[i] or 0) + (size[i] - 1) * dilations[i] + 1
    local auto = a.auto_pad == "SAME_UPPER" or a.auto_pad == "SAME_LOWER"
    local wanted = a.output_shape and a.output_shape[#a.output_shape - n + i] or auto and x.shape[2 + i] * strides[i]
    local total = wanted and full - wanted
    if total then
      local half = math.max(0, total) // 2 -- what the kernel does not reach is at the end
      local rest = math.max(0, total) - half
      pads[i] = a.auto_pad == "SAME_UPPER" and { half, rest } or { rest, half }
    else
      pads[i] = a.pads and { a.pads[i], a.pads[n + i] } or { 0, 0 }
    end
    shape[2 + i] = wanted or full - pads[i][1] - pads[i][2]
  end
  local o = { strides = strides, dilation_rate = dilations, padding = pads, data_format = FIRST }
  return with_bias(K[("conv%dd_transpose"):format(n)](x, turned_kernel(w, 2, 1), shape, o), t[3])
end

-- ---- resizing and padding ----------------------------------------------------------------------------------------

-- Where output i of n, from 0, lies among pixels, of an axis of `from` pixels that is scaled.
local centres = {
  half_pixel = function(i, scale) return (i + 0.5) / scale - 0.5 end,
  pytorch_half_pixel = function(i, scale, n) return n > 1 and (i + 0.5) / scale - 0.5 or 0 end,
  asymmetric = function(i, scale) return i / scale end,
  align_corners = function(i, _, n, from) return n > 1 and i * (from - 1) / (n - 1) or 0 end,
  half_pixel_symmetric = function(i, scale, n, from)
    return from / 2 * (1 - n / (from * scale)) + (i + 0.5) / scale - 0.5
  end,
}

local rounded = {
  round_prefer_floor = function(v) return math.ceil(v - 0.5) end,
  round_prefer_ceil = function(v) return math.floor(v + 0.5) end,
  floor = math.floor,
  ceil = math.ceil,
}

-- Whether K takes the same pixels along an axis, or interpolates at the same places.
local function agrees(a, from, n, scale)
  local centre, round = centres[a.coordinate_transformation_mode or "half_pixel"],
    rounded[a.nearest_mode or "round_prefer_floor"]
  if not centre then return false end
  local function inside(v) return math.max(0, math.min(from - 1, v)) end
  for i = 0, n - 1 do
    local theirs, ours = centre(i, scale, n, from), (i + 0.5) * from / n - 0.5
    if a.mode == "linear" then theirs, ours = inside(theirs), inside(ours)
    else theirs, ours = inside(round(theirs)), (2 * i + 1) * from // (2 * n) end
    if math.abs(theirs - ours) > 1e-6 then return false end
  end
  return true
end

-- The shape that comes out, and by how much each axis is scaled.
local function target(c, x, scales, sizes)
  local a, shape, factors = c.attributes, x.shape, ones(#x.shape)
  local given = scales and scales.size > 0 and flat(scales) or flat(sizes)
  local function axis_of(i) return a.axes and a.axes[i] % #shape + 1 or i end
  local policy = ({ not_larger = math.min, not_smaller = math.max })[a.keep_aspect_ratio_policy]
  if policy then -- one factor for all the axes that are given
    local factor = given[1] / shape[axis_of(1)]
    for i, v in ipairs(given) do factor = policy(factor, v / shape[axis_of(i)]) end
    for i in ipairs(given) do given[i] = math.floor(factor * shape[axis_of(i)] + 0.5) end
  end
  for i, v in ipairs(given) do
    local axis = axis_of(i)
    if scales and scales.size > 0 then
      factors[axis], shape[axis] = v, math.floor(shape[axis] * v + 1e-6)
    else
      factors[axis], shape[axis] = v / shape[axis], v
    end
  end
  return shape, factors
end

local function resize(c, x, scales, sizes)
  local a = c.attributes
  if a.mode == "cubic" then return nil, "cubic interpolation" end
  if a.antialias == 1 then return nil, "antialiasing" end
  if a.coordinate_transformation_mode == "tf_crop_and_resize" then return nil, "a part that is cut out" end
  local shape, factors = target(c, x, scales, sizes)
  for i, n in ipairs(shape) do
    if i <= 2 and n ~= x.shape[i] then return nil, "images or channels that are resized" end
    if i > 2 and not agrees(a, x.shape[i], n, factors[i]) then return nil, "pixels whose centres lie elsewhere" end
  end
  local how = a.mode == "linear" and "bilinear" or "nearest"
  return K.resize(x, table.move(shape, 3, #shape, 1, {}), { interpolation = how, data_format = FIRST })
end

function calls.Resize(c, t) return resize(c, t[1], t[3], t[4]) end

function calls.Upsample(c, t)
  c.attributes.coordinate_transformation_mode, c.attributes.nearest_mode = "asymmetric", "floor"
  return resize(c, t[1], t[2])
end

function calls.Pad(c, t)
  local a, x = c.attributes, t[1]
  local mode = a.mode or "constant"
  if mode == "edge" or mode == "wrap" then return nil, ('the mode "%s" of padding'):format(mode) end
  local given, axes, pads = a.pads or flat(t[2]), t[4] and flat(t[4]), {}
  for i = 1, #x.shape do pads[i] = { 0, 0 } end
  for i = 1, #given // 2 do
    pads[axes and axes[i] % #x.shape + 1 or i] = { given[i], given[#given // 2 + i] }
  end
  return K.pad(x, pads, { mode = mode, value = mode == "constant" and (t[3] and flat(t[3])[1] or a.value) or nil })
end

-- ---- along axes --------------------------------------------------------------------------------------------------

-- Before opset 13 all axes from `axis` on count as one.
local function along(name)
  return function(c, t)
    local x, axis = t[1], c.attributes.axis
    if c.opset >= 13 then return K[name](x, { axis = (axis or -1) % #x.shape + 1 }) end
    local rows = 1
    for i = 1, (axis or 1) % #x.shape do rows = rows * x.shape[i] end
    return K[name](x:reshape { rows, -1 }, { axis = 2 }):reshape(x.shape)
  end
end

calls.Softmax, calls.LogSoftmax = along "softmax", along "log_softmax"

function calls.BatchNormalization(c, t)
  local a, x, gamma, beta, mean, var = c.attributes, table.unpack(t)
  local epsilon = a.epsilon or 1e-5
  if a.training_mode ~= 1 then return K.batch_normalization(x, mean, var, beta, gamma, { axis = 2,
    epsilon = epsilon }) end
  local others = { 1 }
  for i = 3, #x.shape do others[#others + 1] = i end
  local y, batch_mean = K.normalize_batch_in_training(x, gamma, beta, others, { epsilon = epsilon })
  local old = a.momentum or 0.9
  return y, mean * old + batch_mean:reshape(mean.shape) * (1 - old), var * old + K.var(x, { axis = others }) * (1 - old)
end

-- By its definition, for what K.layer_normalization does not give.
local function moments(x, axes, epsilon)
  local o = { axis = axes, keepdims = true }
  return K.mean(x, o), K.rsqrt(K.var(x, o) + epsilon)
end

function calls.LayerNormalization(c, t)
  local x, axes, epsilon = t[1], {}, c.attributes.epsilon or 1e-5
  for i = (c.attributes.axis or -1) % #x.shape + 1, #x.shape do axes[#axes + 1] = i end
  return K.layer_normalization(x, t[2], t[3], { axis = axes, epsilon = epsilon }), moments(x, axes, epsilon)
end

-- gamma and beta are for each channel, or in opset 18 for each group.
function calls.GroupNormalization(c, t)
  local groups, channels = c.attributes.num_groups, t[1].shape[2]
  local function spread(v) return v.size == channels and v or K.repeat_elements(v, channels // groups, 1) end
  return K.group_normalization(t[1], spread(t[2]), spread(t[3]), { groups = groups, axis = 2,
    epsilon = c.attributes.epsilon or 1e-5 })
end

function calls.InstanceNormalization(c, t)
  return K.group_normalization(t[1], t[2], t[3], { groups = t[1].shape[2], axis = 2,
    epsilon = c.attributes.epsilon or 1e-5 })
end

-- ---- number by number --------------------------------------------------------------------------------------------

local SELU_ALPHA <const>, SELU_GAMMA <const> = 1.6732631921768188, 1.0507010221481323

function calls.Elu(c, t) return K.elu(t[1], { alpha = c.attributes.alpha or 1 }) end
function calls.LeakyRelu(c, t) return K.leaky_relu(t[1], { alpha = c.attributes.alpha or 0.01 }) end
function calls.Gelu(c, t) return K.gelu(t[1], { approximate = c.attributes.approximate == "tanh" }) end
function calls.HardSwish(_, t) return K.hard_silu(t[1]) end
function calls.Mish(_, t) return K.mish(t[1]) end
function calls.Softplus(_, t) return K.softplus(t[1]) end
function calls.Softsign(_, t) return K.softsign(t[1]) end
function calls.Relu(_, t) return K.relu(t[1]) end
function calls.Sigmoid(_, t) return K.sigmoid(t[1]) end
function calls.ThresholdedRelu(c, t) return K.relu(t[1], { threshold = c.attributes.alpha or 1 }) end
function calls.PRelu(c, t)
  local x, slope = t[1], t[2]
  if c.opset < 7 and slope.size > 1 then slope = slope:reshape(shape_along(x, 2)) end
  return K.relu(x) + K.minimum(x, 0) * slope
end

function calls.Celu(c, t)
  local alpha = c.attributes.alpha or 1
  return K.elu(t[1] / alpha) * alpha
end

function calls.Selu(c, t)
  local alpha, gamma = c.attributes.alpha or SELU_ALPHA, c.attributes.gamma or SELU_GAMMA
  if alpha == SELU_ALPHA and gamma == SELU_GAMMA then return K.selu(t[1]) end
  return K.elu(t[1], { alpha = alpha }) * gamma
end

function calls.HardSigmoid(c, t)
  local alpha, beta = c.attributes.alpha or 0.2, c.attributes.beta or 0.5
  if math.abs(alpha - 0.2) < 1e-6 and beta == 0.5 then return K.hard_sigmoid(t[1]) end
  return K.clip(t[1] * alpha + beta, 0, 1)
end

-- ---- the cases ---------------------------------------------------------------------------------------------------

--- The cases, with tensors in place of where their numbers are; false for one that is left out.
function onnx.load()
  local list = dofile "tests/fixtures/onnx.lua"
  local file <close> = assert(io.open("tests/fixtures/onnx.bin", "rb"))
  local numbers = file:read "a"
  local bytes = { float32 = 4, float64 = 8, int32 = 4, int64 = 8, uint8 = 1, bool = 1 }
  local function tensor(t)
    if not t then return false end
    local dtype, shape, at = table.unpack(t)
    local size = bytes[dtype]
    for _, n in ipairs(shape) do size = size * n end
    return dw.from_bytes(numbers:sub(at + 1, at + size), shape, { dtype = dtype })
  end
  for _, c in ipairs(list) do
    for _, field in ipairs { "inputs", "outputs" } do
      for i, t in ipairs(c[field]) do c[field][i] = tensor(t) end
    end
  end
  return list
end

return onnx
