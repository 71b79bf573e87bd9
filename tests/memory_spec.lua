-- memory_spec.lua: how much a Lua state may hold, and what tables that lie or contain themselves become: errors, never
-- numbers from memory that nobody has written.

local dw = require "dwconv"
local K = dw.backend
local support = require "support"

local function refused(pattern, f, ...)
  local ok, text = pcall(f, ...)
  assert.is_false(ok)
  assert.truthy(tostring(text):find(pattern), tostring(text))
end

describe("the memory limit", function()
  after_each(function() K.set_memory_limit(nil) end)

  it("is at first less than the machine has", function()
    local limit = K.memory_limit()
    assert.are.equal("integer", math.type(limit))
    local process = io.open "/proc/meminfo"
    if not process then return end
    local total = tonumber(process:read("a"):match "MemTotal:%s*(%d+)") * 1024
    process:close()
    assert.is_true(limit < total * 0.95 and limit > 0)
    assert.are.equal("integer", math.type(dw.info().memory))
    support.covers "memory_limit"
  end)

  it("refuses one tensor that is too large, and many that are small", function()
    collectgarbage()
    K.set_memory_limit(200 << 20)
    assert.are.equal(200 << 20, K.memory_limit())
    refused("zeros: not enough memory: 256.0 MiB more than the .* would pass the limit of 200.0 MiB", dw.zeros,
      { 1 << 26 })
    for _, size in ipairs { 1 << 22, 1 << 16, 1 << 12 } do
      local keep = {}
      refused("not enough memory", function()
        for i = 1, 1 << 20 do keep[i] = dw.zeros { size } end
      end)
      assert.is_true(#keep * size * 4 <= 200 << 20)
    end
    support.covers "set_memory_limit"
  end)

  it("collects garbage before it refuses", function()
    K.set_memory_limit(200 << 20)
    for _ = 1, 100 do dw.zeros { 1 << 23 } end
  end)

  it("may be set higher than what the machine has", function()
    K.set_memory_limit(1 << 60)
    assert.are.equal(1 << 60, K.memory_limit())
  end)

  it("is a whole number of bytes", function()
    for _, bad in ipairs { 0, -1, 0.5, "1", {} } do
      refused("set_memory_limit: value must be a whole number of at least 1", K.set_memory_limit, bad)
    end
  end)
end)

describe("a table that contains itself", function()
  local first, second, third = {}, { { 1, 2 }, { 3, 4 } }, { 1 }
  first[1], second[2], third[2] = first, second, third
  local calls = {
    tensor = dw.tensor,
    variable = K.variable,
    constant = K.constant,
    zeros = dw.zeros,
    assignment = function(t)
      local x = dw.zeros { 2, 2 }
      x[1] = t
    end,
    set_value = function(t) K.set_value(dw.zeros { 2, 2 }, t) end,
    reshape = function(t) return dw.zeros({ 4 }):reshape(t) end,
    permute = function(t) return dw.zeros({ 2, 2 }):permute(t) end,
    axis = function(t) return K.sum(dw.zeros { 2, 2 }, { axis = t }) end,
    padding = function(t)
      return K.depthwise_conv2d(dw.ones { 1, 4, 4, 1 }, dw.ones { 3, 3, 1, 1 }, { padding = t })
    end,
    concatenate = K.concatenate,
    ["dw.ops"] = function(t) return dw.ops.sum { axis = t } end,
  }
  for name, call in pairs(calls) do
    it("is refused in words: " .. name, function()
      for _, t in ipairs { first, second, third } do
        local ok, text = pcall(call, t)
        assert.is_false(ok)
        assert.is_nil(text:find "stack overflow" or text:find "attempt to", text)
      end
    end)
  end
end)

describe("a list that is not what it says", function()
  -- Says it has n elements and gives `real` of them, others each time it is asked.
  local function liar(n, real, make)
    local calls = 0
    return setmetatable({}, {
      __len = function() return n end,
      __index = function(_, i)
        calls = calls + 1
        return math.type(i) and i <= real and make(i, calls) or nil
      end,
    })
  end

  it("is read as it lies, without metamethods", function()
    assert.are.equal(0, dw.tensor(liar(5, 3, function(i) return i end)).size)
    assert.are.equal(3, dw.tensor(setmetatable({ 1, 2, 3 }, { __len = function() return 5 end })).size)
    refused("data%[2%] has 0 elements, but its neighbours have 3", dw.tensor,
      { { 1, 2, 3 }, liar(3, 2, function(i) return i end) })
  end)

  it("leaves no hole in what is joined", function()
    for _, call in ipairs { K.concatenate, K.stack } do
      refused("must be a table of at least one tensor", call, liar(4, 2, function(i) return dw.full({ 2 }, i) end))
      refused("%[2%] must be a tensor, got nil", call, { dw.ones { 2 }, nil, dw.ones { 2 } })
      local said = setmetatable({ dw.ones { 2 }, dw.ones { 2 } }, { __len = function() return 4 end })
      assert.are.equal(4, call(said).size)
    end
  end)

  it("that a finaliser changes while it is read is refused or read whole", function()
    for _ = 1, 20 do
      local list = {}
      for i = 1, 20000 do list[i] = i end
      setmetatable({}, { __gc = function() for i = 1, 20000 do list[i] = nil end end })
      local ok, x = pcall(dw.tensor, list)
      if ok then
        assert.is_true(x.size == 0 or x.size == 20000 and x(20000) == 20000)
      else
        assert.truthy(x:find "tensor: data", x)
      end
      collectgarbage "step"
    end
  end)
end)
