-- threads_spec.lua: the bits of a convolution and its gradients do not depend on how many threads compute them.

local dw = require "dwconv"
local support = require "support"
local K = dw.backend

describe("depthwise_conv2d does not depend on the thread count", function()
  -- One for each way in which drivers bring an image to the kernels.
  local cases = {
    { "lanes made of channels", { 2, 37, 41, 19 }, { 3, 5, 19, 2 }, { strides = { 2, 1 } } },
    { "flat rows", { 2, 40, 33, 3 }, { 3, 3, 3, 1 }, {} },
    { "a spread gradient", { 2, 31, 37, 40 }, { 5, 3, 40, 1 }, { strides = 2 } },
    { "phases", { 1, 33, 29, 64 }, { 5, 5, 64, 1 }, { dilation_rate = 2 } },
    { "pairs", { 1, 40, 27, 32 }, { 3, 3, 32, 2 }, {} },
    { "a kernel laid out anew", { 1, 14, 15, 256 }, { 3, 3, 256, 1 }, {} },
    { "planes", { 2, 35, 20, 27 }, { 3, 7, 35, 1 }, { data_format = "channels_first" } },
  }
  for _, case in ipairs(cases) do
    it("to the last bit, with inputs that round: " .. case[1], function()
      local x, w, o = dw.uniform(case[2], { seed = 1 }), dw.uniform(case[3], { seed = 2 }), case[4]
      o.padding = "same"
      local y = K.depthwise_conv2d(x, w, o)
      local g = dw.uniform(y.shape, { seed = 3 })
      local first = {}
      support.everywhere(function(isa, threads)
        local now = K.depthwise_conv2d(x, w, o):to_bytes() .. K.depthwise_conv2d_grad_x(g, w, x.shape, o):to_bytes()
          .. K.depthwise_conv2d_grad_kernel(g, x, w.shape, o):to_bytes()
        first[isa] = first[isa] or now
        assert.is_true(now == first[isa], ("%s, %d threads"):format(isa, threads))
      end, { 1, 2, 3, 5, 8 })
    end)
  end
end)
