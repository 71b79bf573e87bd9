-- long_spec.lua: lines so long that drivers cut them, and tensors that are empty although an axis is long. The bits are
-- the same for every instruction set and thread count.

local dw = require "dwconv"
local support = require "support"
local K = dw.backend

-- Numbers of which many are equal, and some are NaN.
local function ties(n)
  local x = dw.uniform({ n }, { seed = 1, dtype = "float64" }) * 1000
  x = K.round(x)
  x[{ { 5, n, 1001 } }] = 0 / 0
  return x
end

describe("one long line", function()
  it("is sorted stably, NaN last, whatever its length", function()
    for _, n in ipairs { 32768, 32769, 65536, 100001, 200000 } do
      local x = ties(n)
      local list, order = x:to_table(), {}
      for i = 1, n do order[i] = i end
      local function before(a, b) -- stable
        local p, q = list[a], list[b]
        if p ~= p or q ~= q then return q ~= q and (p == p or a < b) end
        return p < q or p == q and a < b
      end
      table.sort(order, before)
      support.everywhere(function(isa, threads)
        local got = K.argsort(x):to_table()
        for i = 1, n do
          if got[i] ~= order[i] then error(("%d of %d, %s, %d threads"):format(i, n, isa, threads)) end
        end
      end, { 1, 3 })
    end
  end)

  it("is sorted the same as a row among others", function()
    local x = ties(70000)
    local rows = K.stack { x, -x, x }
    local order = K.argsort(rows, { direction = "descending" })
    assert.is_true(dw.close(order[1], K.argsort(x, { direction = "descending" })))
    assert.is_true(dw.close(order[2], K.argsort(-x, { direction = "descending" })))
    assert.is_true(dw.close(order[3], order[1]))
  end)

  it("has the running sum of its parts, kept exactly from one to the next", function()
    local n = 700001
    local x = dw.ones { n }
    x[1] = 2 ^ 24 -- past which float32 does not count by ones
    local y = K.cumsum(x)
    for _, i in ipairs { 1, 262143, 262145, 524289, n } do assert.are.equal(2 ^ 24 + i - 1, y(i)) end -- even sums
    assert.are.equal(n, K.cumsum(dw.ones({ n }, { dtype = "int32" }))(n))
    assert.are.equal(1, K.cumprod(dw.ones { n })(n))
    local columns = K.cumsum(dw.ones { 3000, 256 }, { axis = 1 }) -- bundles of lines, cut sooner
    assert.is_true(dw.close(columns[3000], dw.full({ 256 }, 3000)))
    assert.is_true(dw.close(columns[1025], dw.full({ 256 }, 1025)))
  end)

  it("has its extreme where it first is", function()
    local n = 700001
    for _, step in ipairs { 1, 2 } do
      local x = dw.zeros { n * step }
      if step == 2 then x = x[{ { 1, n * 2, 2 } }] end
      assert.are.equal(1, K.argmax(x):item())
      x[600001], x[690000] = 1, 1
      assert.are.equal(600001, K.argmax(x):item())
      x[300000] = 1
      assert.are.equal(300000, K.argmax(x):item())
      x[{ { 1, 500000 } }] = 0 / 0
      assert.are.equal(600001, K.argmax(x):item())
      assert.are.equal(500001, K.argmin(x):item())
      x:fill(0 / 0)
      assert.are.equal(1, K.argmax(x):item())
    end
    local columns = dw.zeros { 3000, 256 }
    columns[2500] = 1
    assert.is_true(dw.close(K.argmax(columns, { axis = 1 }), dw.full({ 256 }, 2500, { dtype = "int64" })))
  end)

  it("is gathered in pieces", function()
    local x = dw.uniform { 3, 70001 }
    assert.is_true(dw.close(K.gather(x, dw.tensor({ 3, 1, 3 }, { dtype = "int32" })), K.stack { x[3], x[1], x[3] }))
  end)

  it("of a kernel's gradient has the sum of its parts", function()
    for _, channels in ipairs { 3, 16, 20 } do
      local x = dw.ones { 1, 2, 40000, channels }
      local k = K.depthwise_conv2d_grad_kernel(x, x, { 1, 501, channels, 1 }, { padding = "same" })
      assert.is_true(dw.close(k[1][251], dw.full({ channels, 1 }, 80000)))
      assert.is_true(dw.close(k[1][1], dw.full({ channels, 1 }, 80000 - 500)))
      assert.is_true(dw.close(k[1][501], dw.full({ channels, 1 }, 80000 - 500)))
    end
  end)

  it("of an image is convolved as short ones are", function()
    local function met(n) return K.minimum(K.minimum(dw.arange(n) + 8, 15), n + 7 - dw.arange(n)):astype "float32" end
    for _, channels in ipairs { 1, 8 } do
      local y = K.depthwise_conv2d(dw.ones { 1, 37, 30000, channels }, dw.ones { 15, 15, channels, 1 },
        { padding = "same" })
      local want = met(37):reshape { 1, 37, 1, 1 } * met(30000):reshape { 1, 1, 30000, 1 }
      assert.is_true(dw.close(y, K.broadcast_to(want, y.shape)))
    end
  end)
end)

describe("an empty tensor with a long axis", function()
  -- Each would take hours if it went along the axis.
  local calls = {
    sort = function(x) return x:sort() end,
    argsort = function(x) return K.argsort(x) end,
    tostring = tostring,
    concatenate = function(x) return K.concatenate { x, x } end,
    stack = function(x) return K.stack { x, x } end,
    tile = function(x) return K.tile(x, { 2, 2 }) end,
    clone = function(x) return x:transpose():clone() end,
    cumsum = function(x) return K.cumsum(x, { axis = 1 }) end,
    take_along_axis = function(x) return K.take_along_axis(x, x:astype "int64", 1) end,
    put_along_axis = function(x) return K.put_along_axis(x, x:astype "int64", 2, 0) end,
    ["//"] = function(x) return x:astype "int32" // x:astype "int32" end,
    one_hot = function(x) return K.one_hot(x:astype "int32", 5) end,
    close = function(x) return dw.close(x, x) end,
    to_bytes = function(x) return x:to_bytes() end,
    argmax = function(x) return K.argmax(x, { axis = x.shape[1] > 0 and 1 or 2 }) end,
    uniform = function(x) return dw.uniform(x.shape) end,
    sum = function(x) return K.sum(x) end,
    add = function(x) return x + x end,
  }
  for name, call in pairs(calls) do
    it("is done at once by " .. name, function()
      call(dw.zeros { 1 << 40, 0 })
      call(dw.zeros { 0, 1 << 40 })
    end)
  end

  it("is refused as a table, which would hold a table for each row", function()
    assert.has_error(function() dw.zeros({ 1 << 40, 0 }):to_table() end, nil)
  end)
end)
