-- 02_tensors.lua: a five-minute tour of tensors.     lua 02_tensors.lua

local dw = require "dwconv"
local K = dw.backend

-- A tensor comes from a nested table, a number, sizes, bytes or random numbers. float32 unless you say otherwise.
local t = dw.tensor { { 1, 2, 3 }, { 4, 5, 6 } }
print(t)
print(t.dtype, t.ndim, t.size, table.concat(t.shape, "x"))
print(dw.arange(5), dw.eye(2, { dtype = "uint8" }), dw.linspace(0, 1, 5))

-- Counting starts at 1; -1 is the last; ranges include both ends. With all indices given you get a number.
print(t[2], t[2][3], t(2, 3), t[-1][-1])
print(t[{ {}, { 1, 3, 2 } }]) -- all rows, every second column
print(t[{ 1, { 3, 1, -1 } }]) -- the first row, backwards
for i, row in ipairs(t) do print(i, table.concat(row:to_table(), " ")) end

-- Views share their owner's numbers. clone() does not.
local row, copy = t[1], t:clone()
row[1] = 100
t[{ {}, 2 }] = { -1, -2 }
print(t, copy)

-- narrow, select, transpose, permute, reshape, squeeze and expand_dims are views too (reshape where it can be).
print(t:transpose())
print(t:reshape { 3, -1 }:narrow(1, 2, 2))
print(table.concat(t:expand_dims(1):permute { 3, 1, 2 }.shape, "x"))

-- Nothing is converted behind your back.
print(t:astype "int32", pcall(function() t[1] = dw.arange(3) end))

-- Random numbers are the same for any number of threads, and the same again after the same seed.
dw.seed(7)
local a = dw.uniform { 2, 2 }
dw.seed(7)
print(dw.close(a, dw.uniform { 2, 2 }), dw.close(a, dw.normal { 2, 2 }))

-- Images are (n,h,w,c) or, with data_format = "channels_first", (n,c,h,w); kernels are (kh,kw,c,m) for both.
local x = dw.arange(32, { dtype = "float32" }):reshape { 1, 4, 4, 2 }
local mean = dw.full({ 2, 2, 2, 1 }, 1 / 4)
local pooled = K.depthwise_conv2d(x, mean, { strides = 2 })
print(pooled[{ 1, {}, {}, 1 }], pooled[{ 1, {}, {}, 2 }])

-- A mistake is answered in your words, and blames your line.
print(select(2, pcall(function() K.depthwise_conv2d(x, mean, { stride = 2 }) end)))
print(select(2, pcall(function() K.depthwise_conv2d(x:permute { 1, 4, 2, 3 }, mean) end)))
