-- sort_spec.lua: sorting, against Lua's own, for every dtype, ISA and thread count.

local dw = require "dwconv"
local K = dw.backend
local support = require "support"
local refuses, same = support.refuses, support.same

math.randomseed(4)

local function numbers(shape, dtype)
  local t = dw.uniform(shape, { minval = 0, maxval = 20 })
  return K.floor(t):astype(dtype)
end

local DTYPES = { "float32", "float64", "int32", "int64", "uint8" }

describe("sorting", function()
  local function reference(line, descending)
    local order = {}
    for i = 1, #line do order[i] = i end
    local function before(a, b)
      local x, y = line[a], line[b]
      if x ~= x or y ~= y then
        if x ~= x and y ~= y then return a < b end
        return y ~= y
      end
      if x == y then return a < b end
      if descending then return x > y end
      return x < y
    end
    table.sort(order, before)
    return order
  end

  it("is stable, in both directions, with NaN last, on every axis, dtype, ISA and thread count", function()
    support.everywhere(function()
      for _, dtype in ipairs(DTYPES) do
        for _, n in ipairs { 0, 1, 2, 7, 8, 9, 100 } do
          local x = numbers({ 3, n }, dtype)
          if dtype:find "float" and n > 3 then x[{ 2, 3 }] = 0 / 0 end
          for _, direction in ipairs { "ascending", "descending" } do
            local order = K.argsort(x, { direction = direction })
            for row = 1, 3 do assert.same(reference(x[row]:to_table(), direction == "descending"), order[row]:to_table()) end
            local flipped = K.argsort(x:transpose(), { axis = 1, direction = direction })
            same(flipped:transpose():clone(), order)
            support.near(K.sort(x, { direction = direction }), K.take_along_axis(x, order, 2))
          end
        end
      end
    end)
  end)

  it("merges the blocks of long lines in order, whatever the number of threads", function()
    local n = 200000
    local x = numbers({ 2, n }, "int32")
    support.everywhere(function()
      local order = K.argsort(x)
      local keys = K.take_along_axis(x, order, 2)
      local lower, upper = keys[{ {}, { 1, n - 1 } }], keys[{ {}, { 2, n } }]
      local first, second = order[{ {}, { 1, n - 1 } }], order[{ {}, { 2, n } }]
      local stable = K.logical_or(K.less(lower, upper), K.logical_and(K.equal(lower, upper), K.less(first, second)))
      assert.is_true(K.all(stable):item())
    end)
  end)

  it("top_k gives the first of equal ones, and refuses more than there are", function()
    local values, positions = K.top_k(dw.tensor { 3, 1, 3, 2 }, 3)
    same(values, dw.tensor { 3, 3, 2 })
    same(positions:clone(), dw.tensor({ 1, 3, 4 }, { dtype = "int64" }))
    refuses(function() K.top_k(dw.ones { 2 }, 3) end, "top_k: k must be a whole number from 0 to 2, got 3")
    refuses(function() K.sort(dw.tensor(1)) end, "sort: axis must be")
  end)

  it("needs no scratch where nothing is sorted", function()
    assert.same({ 0, 1 << 40 }, K.sort(dw.zeros { 0, 1 << 40 }).shape)
  end)
end)
