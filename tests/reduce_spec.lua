-- reduce_spec.lua: reductions, positions of extremes and running sums over any axes and strides against a naive loop,
-- exact with whole numbers, on every ISA and thread count; long sums; NaN; every way to get it wrong.

local dw = require "dwconv"
local support = require "support"
local layouts = require "random_layout"
local K = dw.backend
local same, refuses, everywhere = support.same, support.refuses, support.everywhere

local NUMBERS = { "float32", "float64", "int32", "int64", "uint8" }
local HIGHEST = { float32 = math.huge, float64 = math.huge, int32 = 2 ^ 31 - 1 | 0, int64 = math.maxinteger, uint8 = 255 }
local LOWEST = { float32 = -math.huge, float64 = -math.huge, int32 = -2 ^ 31 | 0, int64 = math.mininteger, uint8 = 0 }

-- name -> the value of nothing, and what joins two
local reductions = {
  sum = { function() return 0 end, function(a, b) return a + b end },
  prod = { function() return 1 end, function(a, b) return a * b end },
  max = { function(dtype) return LOWEST[dtype] end, math.max },
  min = { function(dtype) return HIGHEST[dtype] end, math.min },
}

local function wrap(v, dtype)
  if dtype == "uint8" then return v & 255 end
  if dtype == "int32" then return (v & 0xffffffff) - ((v & 0x80000000) << 1) end
  return v
end

-- For each element of x, in order, visit(its value, the flat position, from 1, of what it is reduced into).
local function each(x, reduced, visit)
  local shape, steps, n = x.shape, {}, 1
  for i = #shape, 1, -1 do
    steps[i] = reduced[i] and 0 or n
    if not reduced[i] then n = n * shape[i] end
  end
  local values = layouts.flat(x)
  for flat, v in ipairs(values) do
    local rest, at = flat - 1, 1
    for i = #shape, 1, -1 do
      at = at + rest % shape[i] * steps[i]
      rest = rest // shape[i]
    end
    visit(v, at)
  end
end

local function kept_shape(x, reduced)
  local shape, n = {}, 1
  for i, size in ipairs(x.shape) do
    shape[i] = reduced[i] and 1 or size
    n = n * shape[i]
  end
  return shape, n
end

local function naive(x, reduced, start, join, dtype)
  local shape, n = kept_shape(x, reduced)
  local values = {}
  for i = 1, n do values[i] = start end
  each(x, reduced, function(v, at) values[at] = join(values[at], v) end)
  for i = 1, n do values[i] = math.type(values[i]) == "integer" and wrap(values[i], dtype) or values[i] end
  return layouts.tensor(values, shape, dtype)
end

local function random_axes(below, rank)
  local set, list = {}, {}
  for i = 1, rank do
    if below(2) == 0 then
      set[i] = true
      list[#list + 1] = below(2) == 0 and i or i - rank - 1
    end
  end
  if rank > 0 and #list == rank and below(2) == 0 then list = nil end
  return set, list
end

local function cases(count, f)
  for seed = 1, count do
    local below = layouts.generator(seed)
    local large = seed % 5 == 0
    f(seed, below, layouts.shape(below, large and 20000 or 600), large and support.threads or { 1 })
  end
end

describe("reductions", function()
  for _, dtype in ipairs(NUMBERS) do
    it("sum, prod, max and min over any axes and strides: " .. dtype, function()
      cases(60, function(seed, below, shape, threads)
        for name, r in pairs(reductions) do
          local x = layouts.random(below, shape, dtype)
          if name == "prod" then x = K.clip(x, 1, 2) * 1 end
          local reduced, axis = random_axes(below, x.ndim)
          local _, n = kept_shape(x, reduced)
          -- products of more than 20 factors are beyond float32's whole numbers
          if not (name == "prod" and dtype:find "float" and n > 0 and x.size // n > 20) then
            local want = naive(x, reduced, r[1](dtype), r[2], dtype)
            everywhere(function(isa, t)
              local got = K[name](x, { axis = axis, keepdims = true })
              same(got, want, ("case %d: %s, %s, %d threads"):format(seed, name, isa, t))
              same(K[name](x, { axis = axis }):reshape(want.shape), want, "without keepdims")
            end, threads)
          end
        end
      end)
    end)
  end

  it("any and all", function()
    cases(40, function(seed, below, shape, threads)
      local x = layouts.random(below, shape, "bool")
      local reduced, axis = random_axes(below, x.ndim)
      local any = naive(x, reduced, false, function(a, b) return a or b end, "bool")
      local all = naive(x, reduced, true, function(a, b) return a and b end, "bool")
      everywhere(function(isa)
        same(K.any(x, { axis = axis, keepdims = true }), any, ("case %d: any, %s"):format(seed, isa))
        same(K.all(x, { axis = axis, keepdims = true }), all, ("case %d: all, %s"):format(seed, isa))
      end, threads)
    end)
  end)

  it("of many numbers are the same bits for every thread count", function()
    for _, dtype in ipairs { "float32", "float64" } do
      local x = dw.uniform({ 3, 41, 57, 67 }, { minval = -1, dtype = dtype })
      local views = { x, x:permute { 4, 2, 3, 1 }, x[{ {}, {}, { -1, 1, -1 }, { 2, 66, 2 } }], x:reshape { -1 } }
      for i, v in ipairs(views) do
        for _, axis in ipairs { false, 1, -1, { 1, 2 }, { 2, 3 }, { 1, 2, 3 } } do
          if not axis or v.ndim > 1 then
            local want
            everywhere(function(isa, threads)
              local got = K.sum(v, { axis = axis or nil })
              want = threads > 1 and want or got
              same(got, want, ("view %d, %s, %d threads"):format(i, isa, threads))
            end)
          end
        end
      end
    end
  end)

  it("of many numbers lose nothing: sums are kept in float64", function()
    local n = 1 << 20
    local x = dw.full({ n + 1 }, 0.1)
    x[1] = 2 ^ 24
    everywhere(function()
      local want = string.unpack("f", string.pack("f", 2 ^ 24 + n * string.unpack("f", string.pack("f", 0.1))))
      assert.equal(want, K.sum(x):item())
    end)
  end)

  it("whole numbers wrap", function()
    local x = dw.full({ 300 }, 2 ^ 30 | 0, { dtype = "int32" })
    everywhere(function() assert.equal(wrap(300 << 30, "int32"), K.sum(x):item()) end)
    assert.equal(44, K.sum(dw.ones({ 300 }, { dtype = "uint8" })):item())
    assert.equal(math.mininteger, (K.sum(dw.tensor({ math.maxinteger, 1 }, { dtype = "int64" }))):item())
  end)

  it("NaN wins wherever it is; infinities and signed zeros stay", function()
    local nan, inf = 0 / 0, math.huge
    for _, dtype in ipairs { "float32", "float64" } do
      for _, n in ipairs { 1, 2, 5, 31, 32, 33, 64, 100, 300 } do
        for at = 1, n, math.max(1, n // 7) do
          local x = dw.full({ n, 3 }, -inf, { dtype = dtype })
          x[at] = nan
          local row = x:transpose():clone()
          everywhere(function()
            for _, op in ipairs { K.max, K.min, K.sum } do
              for _, v in ipairs { op(x), op(x, { axis = 1 })[2], op(row, { axis = 2 })[2] } do
                v = type(v) == "number" and v or v:item()
                assert.is_true(v ~= v)
              end
            end
          end, { 1 })
        end
      end
      assert.equal(-inf, K.max(dw.full({ 70 }, -inf, { dtype = dtype })):item())
      assert.equal(inf, K.min(dw.full({ 70 }, inf, { dtype = dtype })):item())
    end
  end)
end)

describe("along an axis:", function()
  local function line_axis(below, x)
    local axis = below(x.ndim) + 1
    return axis, { [axis] = true }
  end

  for _, dtype in ipairs(NUMBERS) do
    it("argmax and argmin, the first of the extremes: " .. dtype, function()
      cases(40, function(seed, below, shape, threads)
        if #shape == 0 then return end
        local x = layouts.random(below, shape, dtype)
        local axis, reduced = line_axis(below, x)
        if x.shape[axis] == 0 then return end
        local want = {}
        for _, name in ipairs { "argmax", "argmin" } do
          local best, at, seen = {}, {}, {}
          each(x, reduced, function(v, i)
            seen[i] = (seen[i] or 0) + 1
            local better = best[i] == nil
            if not better then better = name == "argmax" and v > best[i] or name == "argmin" and v < best[i] end
            if better then best[i], at[i] = v, seen[i] end
          end)
          want[name] = layouts.tensor(at, (kept_shape(x, reduced)), "int64")
        end
        everywhere(function(isa)
          for name, w in pairs(want) do
            same(K[name](x, { axis = axis }):reshape(w.shape), w, ("case %d: %s, %s"):format(seed, name, isa))
          end
        end, threads)
      end)
    end)

    it("cumsum: " .. dtype, function()
      cases(40, function(seed, below, shape, threads)
        if #shape == 0 then return end
        local x = layouts.random(below, shape, dtype)
        local axis, reduced = line_axis(below, x)
        local sums, values = {}, {}
        each(x, reduced, function(v, i)
          sums[i] = (sums[i] or 0) + v
          values[#values + 1] = math.type(sums[i]) == "integer" and wrap(sums[i], dtype) or sums[i]
        end)
        local want = layouts.tensor(values, shape, dtype)
        everywhere(function(isa)
          same(K.cumsum(x, { axis = axis }), want, ("case %d, %s"):format(seed, isa))
        end, threads)
      end)
    end)
  end

  it("argmax passes over NaN; where there is nothing else it is 1", function()
    local nan = 0 / 0
    for _, n in ipairs { 3, 40, 2000 } do
      local x = dw.full({ n }, nan)
      everywhere(function()
        assert.equal(1, K.argmax(x):item())
        assert.equal(1, K.argmin(x):item())
      end)
      x[n - 1] = -math.huge
      everywhere(function()
        assert.equal(n - 1, K.argmax(x):item())
        assert.equal(n - 1, K.argmin(x):item())
      end)
      x[n] = 1
      everywhere(function()
        assert.equal(n, K.argmax(x):item())
        assert.equal(n - 1, K.argmin(x):item())
      end)
    end
  end)
end)

describe("float32 sums", function()
  it("go beyond float32 in between, and keep infinities and NaN", function()
    everywhere(function()
      local x = K.concatenate { dw.full({ 64 }, 3e38), dw.full({ 64 }, -3e38), dw.ones { 3 } }
      assert.equal(3, K.sum(x):item())
      assert.equal(3, K.sum(K.stack({ x, x }, { axis = 2 }), { axis = 1 })(2))
      x[200 - 72] = math.huge
      assert.equal(math.huge, K.sum(x):item())
      x[1] = -math.huge
      assert.is_true(K.sum(x):item() ~= K.sum(x):item())
    end)
  end)
end)

describe("recurrence", function()
  it("is y_i = a_i + b_i * y_(i-1) on any axis, for every thread count", function()
    everywhere(function()
      for _, dtype in ipairs(NUMBERS) do
        local a = K.floor(dw.uniform({ 3, 4, 5 }, { maxval = 3 })):astype(dtype):transpose(1, 3)
        local b = K.floor(dw.uniform({ 5, 4, 3 }, { maxval = 3 })):astype(dtype)
        for axis = 1, 3 do
          local y = K.recurrence(a, b, { axis = axis })
          local want = a:clone()
          for i = 2, a.shape[axis] do
            K.update_add(want:narrow(axis, i, 1), want:narrow(axis, i - 1, 1) * b:narrow(axis, i, 1))
          end
          same(y, want)
        end
      end
    end)
    refuses(function() K.recurrence(dw.ones { 2 }, dw.ones { 3 }) end, "recurrence: a and b must be alike")
    support.covers "recurrence"
  end)
end)

describe("sum_to", function()
  it("sums over what was stretched, and gives the tensor itself where nothing was", function()
    local x = dw.arange(24):reshape { 2, 3, 4 }
    everywhere(function()
      same(K.sum_to(x, { 3, 1 }), K.sum(x, { axis = { 1, 3 } }):reshape { 3, 1 })
      same(K.sum_to(x, { 1, 1, 4 }), K.sum(x, { axis = { 1, 2 }, keepdims = true }))
      same(K.sum_to(x, {}), K.sum(x))
      assert.same({ { 60 }, { 92 }, { 124 } }, K.sum_to(x, { 3, 1 }):to_table())
    end)
    assert.is_true(rawequal(x, K.sum_to(x, { 2, 3, 4 })))
    refuses(function() K.sum_to(x, { 2, 1 }) end, "sum_to: shape 2x1 cannot have been broadcast to x's, 2x3x4")
    refuses(function() K.sum_to(x, { 1, 2, 3, 4 }) end, "sum_to: shape 1x2x3x4 cannot")
    support.covers "sum_to"
  end)
end)

describe("reductions refuse", function()
  local x = dw.zeros { 2, 3 }

  it("axes that are not there, bools, empty lines", function()
    refuses(function() K.sum(x, { axis = 3 }) end, "sum: axis must be an axis from 1 to 2 or from -2 to -1, got 3")
    refuses(function() K.sum(x, { axis = 0 }) end, "sum: ", "axis", "0")
    refuses(function() K.max(x, { axis = { 1, -2 } }) end, "max: axis names axis 1 twice")
    refuses(function() K.sum(x, { axis = { 1, 5 } }) end, "sum: axis[2] must be an axis from 1 to 2")
    refuses(function() K.sum(dw.tensor { true }) end, "sum: x must hold numbers, got bool; cast it first")
    refuses(function() K.sum(3) end, "sum: x must be a tensor, got 3")
    refuses(function() K.argmax(dw.zeros { 2, 0 }, { axis = 2 }) end, "argmax: ", "2x0", "empty")
    refuses(function() K.cumsum(x, { axis = 4 }) end, "cumsum: axis must be an axis from 1 to 2")
  end)
end)
