-- ops/pool.lua: the largest or the average of windows, and gradients. The average and its gradient are each other's
-- gradients. The gradient of the largest adds to its place, and the gradient of that reads there. The place changes
-- with x at ties only, so neither has a gradient with respect to x. pool1d to pool3d are made of these.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "pool"
local K = ops.calls
local kinds = args.kinds

local IMAGES = "n,w,c or n,h,w,c or n,d,h,w,c; with channels_first c is the second axis; float32 or float64"
local UNFIT = "Sizes or dtypes of g that do not fit to those of x and the options."
local WINDOW = "With \"valid\" a window larger than x; a number for more or fewer axes than x has."
local ONLY_INSIDE = "Keras has it only inside its gradient tape."

local function images(text) return kinds.tensor(text or IMAGES) end

-- A name's argument and option tables are made anew for each record, as records add to them.
local function pool_size() return { "pool_size", kinds.sizes(), "a size for all axes, or a table of sizes" } end

local function options(average)
  return {
    strides = kinds.sizes(nil, 1),
    padding = kinds.padding(),
    dilation_rate = kinds.sizes(nil, 1),
    data_format = kinds.data_format(),
    count_padding = average and kinds.flag(false) or nil,
  }
end

-- What the core takes after the tensors.
local function windows(size, o)
  return size, o.strides, o.dilation_rate, o.padding, o.data_format, o.count_padding
end

-- Sizes for tests: nothing square, every option away from its default.
local SIZE, SAMPLE = { 3, 2 }, { strides = { 2, 1 }, padding = { { 1, 0 }, { 1, 1 } }, dilation_rate = { 1, 2 } }

-- Numbers that are all different, by far more than a step of differences.
local function apart(R, shape)
  local x = R(shape)
  local order = K.argsort(K.flatten(x))
  return K.reshape(K.cast(order, x.dtype) / 10, shape)
end

op "max_pool" {
  doc = [[
The largest number of each window of an image, channel by channel. The windows of pool_size, whose taps are
dilation_rate apart, are strides apart; padding "same" gives ceil(size / strides) outputs, with an odd one of padding
at the end, "valid" as many as fit. Padding is passed over, and so is NaN; nothing is below the lowest finite number.]],
  args = { { "x", images() } },
  values = { pool_size() },
  options = options(),
  result = "x's, with as many windows as there are along each axis",
  forward = function(x, size, o) return core.max_pool(x, windows(size, o)) end,
  backward = { x = function(g, _, x, size, o) return K.max_pool_grad_x(g, x, size, o) end },
  keeps = { "x" },
  method = true,
  differs = "Keras 3 has it in keras.ops, where strides are pool_size if left out; here 1, as in pool2d.",
  sample = function(R) return apart(R, { 2, 5, 4, 2 }), SIZE, SAMPLE end,
  example = "print(K.max_pool(dw.tensor { { { 1 }, { 5 }, { 2 }, { 3 } } }, 2, { strides = 2 }):reshape { 2 })",
  errors = WINDOW,
}

op "average_pool" {
  doc = [[
The average of each window of an image, channel by channel; see max_pool for the windows. The sum is divided by the
number of taps that are inside the image or, with count_padding, of all. A window with none inside gives 0.]],
  args = { { "x", images() } },
  values = { pool_size() },
  options = options(true),
  result = "x's, with as many windows as there are along each axis",
  forward = function(x, size, o) return core.average_pool(x, windows(size, o)) end,
  backward = { x = function(g, _, x, size, o) return K.average_pool_grad_x(g, x.shape, size, o) end },
  keeps = {},
  linear = true,
  method = true,
  differs = "Keras 3 has it in keras.ops, where strides are pool_size if left out; here 1, as in pool2d.",
  sample = function(R) return R { 2, 5, 4, 2 }, SIZE, SAMPLE end,
  example = "print(K.average_pool(dw.tensor { { { 1 }, { 5 }, { 2 }, { 3 } } }, 2, { strides = 2 }):reshape { 2 })",
  errors = WINDOW,
}

op "average_pool_grad_x" {
  doc = "The gradient of average_pool with respect to x, given g, the gradient with respect to its result.",
  args = { { "g", images "the result's" } },
  values = { { "x_shape", kinds.shape(), "a table of sizes: the shape of x" }, pool_size() },
  options = options(true),
  result = "x_shape",
  forward = function(g, shape, size, o) return core.average_pool_grad_x(g, shape, windows(size, o)) end,
  backward = { g = function(gg, _, _, _, size, o) return K.average_pool(gg, size, o) end },
  keeps = {},
  linear = true,
  differs = ONLY_INSIDE,
  sample = function(R) return R { 2, 2, 4, 2 }, { 2, 5, 4, 2 }, SIZE, SAMPLE end,
  example = "print(K.average_pool_grad_x(dw.tensor { { { 1 }, { 3 } } }, { 1, 3, 1 }, 2):reshape { 3 })",
  errors = UNFIT,
}

op "max_pool_grad_x" {
  doc = [[
The gradient of max_pool with respect to x, given g, the gradient with respect to its result: g is added to the largest
number of its window, of equal ones to the first in row order. Where nothing in a window is above the lowest finite
number, the first of it counts.]],
  args = { { "g", images "the result's" } },
  values = { { "x", images() }, pool_size() },
  options = options(),
  result = "x's",
  forward = function(g, x, size, o) return core.max_pool_grad_x(g, x, windows(size, o)) end,
  backward = { g = function(gg, _, _, x, size, o) return K.max_pool_pick(gg, x, size, o) end },
  keeps = { "x" },
  differs = ONLY_INSIDE,
  sample = function(R) return R { 2, 2, 4, 2 }, apart(R, { 2, 5, 4, 2 }), SIZE, SAMPLE end,
  example = [[
g, x = dw.tensor { { { 1 }, { 3 } } }, dw.tensor { { { 1 }, { 5 }, { 2 } } }
print(K.max_pool_grad_x(g, x, 2):reshape { 3 })]],
  errors = UNFIT,
}

op "max_pool_pick" {
  doc = [[
For each window the number of v at the place of x's largest one: the gradient of max_pool_grad_x with respect to g. A
window with no taps inside gives 0.]],
  args = { { "v", images "x's" } },
  values = { { "x", images() }, pool_size() },
  options = options(),
  result = "max_pool's",
  forward = function(v, x, size, o) return core.max_pool_pick(v, x, windows(size, o)) end,
  backward = { v = function(g, _, _, x, size, o) return K.max_pool_grad_x(g, x, size, o) end },
  keeps = { "x" },
  differs = ONLY_INSIDE,
  sample = function(R) return R { 2, 5, 4, 2 }, apart(R, { 2, 5, 4, 2 }), SIZE, SAMPLE end,
  example = [[
v, x = dw.tensor { { { 1 }, { 2 }, { 3 } } }, dw.tensor { { { 1 }, { 5 }, { 2 } } }
print(K.max_pool_pick(v, x, 2):reshape { 2 })]],
  errors = "A shape or dtype of v that is not x's.",
}

-- ---- as Keras has it ---------------------------------------------------------------------------------------

local function pool(name)
  return function(r)
    local axes = r.axes
    r.args = { { "x", kinds.tensor(r.text, { rank = axes + 2, dtype = "floats" }) } }
    r.values = { { "pool_size", kinds.sizes(axes) } }
    r.options = {
      strides = kinds.sizes(axes, 1),
      padding = kinds.padding(axes),
      data_format = kinds.data_format(),
      pool_mode = kinds.oneof({ "max", "avg" }, { average = "avg", mean = "avg", maximum = "max" }),
    }
    r.result = "x's, with as many windows as there are along each axis"
    r.forward = function(x, size, o)
      local call = o.pool_mode == "max" and K.max_pool or K.average_pool
      return call(x, size, { strides = o.strides, padding = o.padding, data_format = o.data_format })
    end
    r.backward, r.method, r.errors = "parts", true, "With \"valid\" a window larger than x."
    r.axes, r.text = nil, nil
    return op(name)(r)
  end
end

local NUMBERS = "pool_size and strides also take one number; padding also takes pairs. A valid window larger than its "
  .. "input is an error, as in Keras 3."

pool "pool1d" {
  doc = "The largest number, or the average, of windows along steps; see max_pool and average_pool.",
  axes = 1, text = "n,steps,c (channels_last) or n,c,steps (channels_first); float32 or float64",
  differs = "Keras's backend does not have it.",
  sample = function(R) return R { 2, 7, 2 }, 3, { strides = 2, padding = "same", pool_mode = "avg" } end,
  example = "print(K.pool1d(dw.tensor { { { 1 }, { 5 }, { 2 }, { 3 } } }, 2, { pool_mode = \"avg\" }):reshape { 3 })",
}

pool "pool2d" {
  doc = [[
The largest number, or the average, of windows of an image; see max_pool and average_pool. Averages do not count
padding.]],
  axes = 2, text = "n,h,w,c (channels_last) or n,c,h,w (channels_first); float32 or float64",
  differs = NUMBERS,
  sample = function(R)
    return R { 2, 5, 4, 2 }, { 3, 2 }, { strides = { 2, 1 }, padding = "same", pool_mode = "avg" }
  end,
  example = [[
x = dw.arange(0, 16, 1, { dtype = "float32" }):reshape { 1, 4, 4, 1 }
print(K.pool2d(x, { 2, 2 }, { strides = 2 }):reshape { 2, 2 })]],
}

pool "pool3d" {
  doc = [[
The largest number, or the average, of windows of a volume; see max_pool and average_pool. Averages do not count
padding.]],
  axes = 3, text = "n,d,h,w,c (channels_last) or n,c,d,h,w (channels_first); float32 or float64",
  differs = NUMBERS .. " NaN is passed over, as in two dimensions.",
  sample = function(R)
    return R { 1, 3, 4, 3, 2 }, { 2, 3, 1 }, { strides = { 1, 2, 1 }, padding = "same", pool_mode = "avg" }
  end,
  example = [[
x = dw.arange(0, 8, 1, { dtype = "float32" }):reshape { 1, 2, 2, 2, 1 }
print(K.pool3d(x, 2, { pool_mode = "avg" }):reshape { 1 })]],
}
