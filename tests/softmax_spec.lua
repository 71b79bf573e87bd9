-- softmax_spec.lua: softmax and log_softmax against a loop in Lua, along every axis, for both dtypes, every ISA and thread
-- count; and against TensorFlow's numbers.

local dw = require "dwconv"
local support = require "support"
local K, refuses = dw.backend, support.refuses

-- Of one line, a table of numbers.
local function reference(line, log)
  local most, sum, y = -math.huge, 0, {}
  for _, v in ipairs(line) do most = math.max(most, v) end
  for _, v in ipairs(line) do sum = sum + math.exp(v - most) end
  for i, v in ipairs(line) do y[i] = log and v - most - math.log(sum) or math.exp(v - most) / sum end
  return y
end

describe("softmax", function()
  it("is what a loop in Lua gives, along every axis", function()
    support.everywhere(function()
      for dtype, tolerance in pairs { float32 = 1e-6, float64 = 1e-14 } do
        local x = dw.uniform({ 3, 5, 17 }, { minval = -20, maxval = 20, seed = 1, dtype = dtype })
        for axis = 1, 3 do
          local lines = x:transpose(axis, 3)
          local soft, log = K.softmax(x, { axis = axis }), K.log_softmax(x, { axis = axis - 4 })
          for i = 1, lines.shape[1] do
            for k = 1, lines.shape[2] do
              local line = lines[{ i, k }]:to_table()
              local function near(got, want)
                support.near(got, dw.tensor(want, { dtype = dtype }), { rtol = tolerance, atol = tolerance })
              end
              near(soft:transpose(axis, 3)[{ i, k }], reference(line, false))
              near(log:transpose(axis, 3)[{ i, k }], reference(line, true))
            end
          end
        end
      end
    end)
    support.covers("softmax", "log_softmax")
  end)

  it("has the same bits for every thread count", function()
    local x, wanted = dw.uniform({ 40, 900 }, { minval = -9, maxval = 9, seed = 2 }), {}
    support.everywhere(function(isa)
      for axis = 1, 2 do
        local y = K.softmax(x, { axis = axis })
        wanted[isa .. axis] = wanted[isa .. axis] or y
        support.same(y, wanted[isa .. axis])
      end
    end)
  end)

  -- tf.nn.softmax and tf.nn.log_softmax of TensorFlow 2.21, float64
  it("is TensorFlow's", function()
    local function f64(t) return dw.tensor(t, { dtype = "float64" }) end
    local x = f64 { { -1, 0, 2.5 }, { 1000, 1000, -1000 } }
    support.near(K.softmax(x), f64 {
      { 0.027149026101416524, 0.07379870431184085, 0.8990522695867426 }, { 0.5, 0.5, 0.0 },
    }, { rtol = 1e-14, atol = 0 })
    support.near(K.log_softmax(x), f64 {
      { -3.606414104279956, -2.606414104279956, -0.1064141042799557 },
      { -0.6931471805599453, -0.6931471805599453, -2000.69314718056 },
    }, { rtol = 1e-14, atol = 1e-15 })
  end)

  it("is the same for a line of several pieces", function()
    local n = 150001
    local x = dw.uniform({ n }, { minval = -3, maxval = 3, seed = 3, dtype = "float64" })
    local want = K.exp(x) / K.sum(K.exp(x))
    support.everywhere(function()
      support.near(K.softmax(x), want, { rtol = 1e-12, atol = 0 })
      support.near(K.log_softmax(x), K.log(want), { rtol = 1e-12, atol = 0 })
      support.near(K.softmax(x:reshape { n, 1 }, { axis = 1 }):reshape { n }, want, { rtol = 1e-12, atol = 0 })
    end)
  end)

  it("of nothing is nothing, of NaN NaN, and overflows nowhere", function()
    assert.same({ 0, 3 }, K.softmax(dw.zeros { 0, 3 }).shape)
    assert.same({ 3, 0 }, K.log_softmax(dw.zeros { 3, 0 }).shape)
    assert.is_true(K.all(K.isnan(K.softmax(dw.tensor { 1, 0 / 0, 2 }))):item())
    support.same(K.softmax(dw.tensor { 1e30, -1e30 }), dw.tensor { 1, 0 })
    support.same(K.log_softmax(dw.tensor { 5 }), dw.tensor { 0 })
  end)

  it("refuses axes that are not there, and what is no float", function()
    refuses(function() K.softmax(dw.ones { 2, 3 }, { axis = 3 }) end, "softmax: axis must be an axis")
    refuses(function() K.softmax(dw.tensor(1)) end, "softmax: x must be a tensor with at least one axis")
    refuses(function() K.log_softmax(dw.arange(3)) end, "log_softmax: x must be of dtype float32, float64, got int32")
  end)
end)
