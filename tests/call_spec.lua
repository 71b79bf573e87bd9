-- call_spec.lua: the form of a recorded call, ops/call.lua, for any number of arguments; that recording and composing leave
-- the metatable of tensors alone.

local core = require "dwconv.core"
local dw = require "dwconv"
local ops = require "dwconv.ops"
local recorded = require "dwconv.ops.call"
local support = require "support"
local K = dw.backend
local tensor, number = require("dwconv.args").kinds.tensor, require("dwconv.args").kinds.number

local function f64(t) return dw.tensor(t, { dtype = "float64" }) end

-- A record of n tensors and a number: the sum of i * a_i^2, times the number. `small` decides whether tapes keep tensors
-- or describe them.
local function sum_of_squares(n)
  local r = {
    doc = "For a test.", args = {}, values = { { "factor", number() } }, result = "theirs", keeps = {}, backward = {},
    example = "print(1)", sample = function() end,
  }
  for i = 1, n do
    local name = "a" .. i
    r.args[i], r.keeps[i] = { name, tensor "any" }, name
    r.backward[name] = function(g, _, ...)
      local given = table.pack(...)
      return g * given[i] * (2 * i * given[n + 1])
    end
  end
  r.forward = function(...)
    local given, y = table.pack(...), 0
    return dw.no_grad(function()
      for i = 1, n do y = given[i] * given[i] * i + y end
      return y * given[n + 1]
    end)
  end
  return ops.family "state" ("squares" .. n)(r)
end

describe("a recorded call", function()
  for _, n in ipairs { 1, 2, 3, 5, 7, 12 } do
    for _, small in ipairs { 256, -1 } do
      it(("of %d tensors and a number has first and second gradients, small %d"):format(n, small), function()
        local f, before = sum_of_squares(n), recorded.small
        finally(function()
          ops.records["squares" .. n], ops.calls["squares" .. n], recorded.small = nil, nil, before
        end)
        recorded.small = small
        local inputs = {}
        for i = 1, n do inputs[i] = dw.uniform({ 2, 3 }, { seed = i, dtype = "float64" }) end
        local function call(...)
          local given = table.pack(...)
          given[n + 1] = 0.5
          return f(table.unpack(given, 1, n + 1))
        end
        assert.is_true(dw.gradcheck(call, inputs, { order = 2, rtol = 1e-6, atol = 1e-9 }))
        local tape, y = dw.record(call, table.unpack(inputs))
        for i, g in ipairs(tape:gradients(y, inputs)) do
          support.same(g, inputs[i] * i)
        end
      end)
    end
  end

  it("is read through accessors", function()
    local x, w = dw.uniform { 1, 4, 5, 2 }, dw.uniform { 3, 3, 2, 1 }
    local tape, y = dw.record(function() return K.narrow(K.depthwise_conv2d(x, w, { padding = "same" }), 2, 1, 3) end)
    local conv, narrow = table.unpack(tape.entries)
    assert.equal(ops.records.depthwise_conv2d, recorded.record(conv))
    assert.equal("same", recorded.options(conv).padding)
    local _, id = recorded.operand(narrow, 1)
    assert.equal(recorded.number(conv), id)
    assert.equal(tape.ids[y], recorded.number(narrow))
    assert.same({ 2, 1, 3 }, { recorded.values(narrow, 2) })
    local seen = {}
    for k, value, number_of, writes in recorded.operands(conv) do
      seen[k] = { table.concat(value.shape, "x"), number_of == tape.ids[({ x, w })[k]], writes }
    end
    assert.same({ { "1x4x5x2", true, 0 }, { "3x3x2x1", true, 0 } }, seen)
  end)
end)

describe("the metatable of tensors", function()
  local function fields()
    local copy = {}
    for name, value in pairs(core.metatable) do copy[name] = value end
    return copy
  end

  it("stays as it is while tapes record and ops compose", function()
    local before = fields()
    local t = f64 { { 1, 2 }, { 3, 4 } }
    dw.record(function()
      assert.same(before, fields())
      support.same(t[1], f64 { 1, 2 })
    end)
    local shift = t + dw.ops.multiply { b = 2 }
    assert.equal("dwconv.Op", getmetatable(shift).__name)
    support.same(shift(t), t * 3)
    assert.same(before, fields())
  end)

  it("notes views and writes by index only while a tape records", function()
    local x = f64 { { 1, 2 }, { 3, 4 } }
    local tape, y = dw.record(function() return K.sum(x[1] * x(2)) end)
    support.same(tape:gradients(y, x), f64 { { 3, 4 }, { 1, 2 } })
    local n = #tape.entries
    local _, _ = x[1], x(2)
    x[{ 1, 1 }] = 5
    assert.equal(n, #tape.entries)
  end)
end)
