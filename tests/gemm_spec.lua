-- gemm_spec.lua: the matrix product against a naive loop, exactly, over random shapes, views and batches; its bits for
-- every thread count; and what it refuses.

local core = require "dwconv.core"
local dw = require "dwconv"
local geometry = require "random_geometry"
local support = require "support"
local same, refuses = support.same, support.refuses

local function flat(t) return t.size == 0 and {} or t:contiguous():reshape({ -1 }):to_table() end

-- The place of matrix `item` of the result's batch in an operand, whose sizes of 1 stand for all.
local function matrix_of(item, batch, shape)
  local place, step, lead = 0, 1, #batch - (#shape - 2)
  for i = #batch, 1, -1 do
    local n = i > lead and shape[i - lead] or 1
    if n > 1 then place = place + item % batch[i] * step end
    item, step = item // batch[i], step * n
  end
  return place
end

local function naive(a, b, batch)
  local p, q, sa, sb = flat(a), flat(b), a.shape, b.shape
  local m, k, n, items, data = sa[#sa - 1], sa[#sa], sb[#sb], 1, {}
  local shape = {}
  for i, size in ipairs(batch) do shape[i], items = size, items * size end
  shape[#shape + 1], shape[#shape + 2] = m, n
  for item = 0, items - 1 do
    local from_a, from_b = matrix_of(item, batch, sa) * m * k, matrix_of(item, batch, sb) * k * n
    for i = 0, m - 1 do
      for j = 1, n do
        local sum, at = 0.0, from_a + i * k
        for t = 0, k - 1 do sum = sum + p[at + t + 1] * q[from_b + t * n + j] end
        data[#data + 1] = sum
      end
    end
  end
  if #data == 0 then return dw.zeros(shape, { dtype = a.dtype }) end
  return dw.tensor(data, { dtype = a.dtype }):reshape(shape)
end

-- Views of whole numbers with the shape wanted, its last two axes in every manner of lying in memory.
local manners = {
  function(below, shape, dtype) return geometry.whole(below, shape, dtype) end,
  function(below, shape, dtype) -- transposed
    local s = { table.unpack(shape) }
    s[#s - 1], s[#s] = s[#s], s[#s - 1]
    return geometry.whole(below, s, dtype):transpose(#s - 1, #s)
  end,
  function(below, shape, dtype) -- a part, each row backwards
    local s, ranges = { table.unpack(shape) }, {}
    for i in ipairs(s) do ranges[i] = {} end
    s[#s] = s[#s] + 3
    ranges[#s] = { -3, 2, -1 }
    return shape[#s] == 0 and geometry.whole(below, shape, dtype) or geometry.whole(below, s, dtype)[ranges]
  end,
  function(below, shape, dtype) -- every second row and column
    local s, ranges = { table.unpack(shape) }, {}
    for i in ipairs(s) do ranges[i] = i > #s - 2 and { 1, -1, 2 } or {} end
    if s[#s] == 0 or s[#s - 1] == 0 then return geometry.whole(below, shape, dtype) end
    s[#s - 1], s[#s] = 2 * s[#s - 1], 2 * s[#s]
    return geometry.whole(below, s, dtype)[ranges]
  end,
}

local sizes = { 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15, 16, 17, 24, 28, 29, 31, 32, 33, 48, 63, 64, 65, 70 }

local function random_case(seed)
  local below = geometry.generator(seed)
  local function pick(list) return list[below(#list) + 1] end
  local case = { m = pick(sizes), k = pick(sizes), n = pick(sizes), batch = {}, dtype = pick { "float32", "float64" } }
  local long = pick { "", "", "", "m", "n", "k" } -- several blocks of one of them
  if long == "k" then case.k, case.m, case.n = 200 + below(900), 1 + below(13), 1 + below(40) end
  if long == "n" then case.n, case.m = 150 + below(200), 1 + below(20) end
  if long == "m" then case.m, case.n = 150 + below(200), 1 + below(20) end
  local in_a, in_b = {}, {}
  if case.m * case.k * case.n < 30000 then
    for i = 1, below(3) do
      local size = 1 + below(4)
      case.batch[i], in_a[i], in_b[i] = size, size, size
      if below(3) == 0 then in_a[i] = 1 elseif below(2) == 0 then in_b[i] = 1 end
    end
  end
  if below(4) == 0 and case.batch[1] == in_a[1] then table.remove(in_b, 1) end -- of a lower rank
  in_a[#in_a + 1], in_a[#in_a + 2] = case.m, case.k
  in_b[#in_b + 1], in_b[#in_b + 2] = case.k, case.n
  local manner_a, manner_b = below(#manners) + 1, below(#manners) + 1
  case.a, case.b = manners[manner_a](below, in_a, case.dtype), manners[manner_b](below, in_b, case.dtype)
  case.text = ("case %d: %s %s (manner %d) by %s (manner %d)"):format(seed, case.dtype, table.concat(in_a, "x"),
    manner_a, table.concat(in_b, "x"), manner_b)
  return case
end

describe("matmul", function()
  it("by hand", function()
    local a, b = dw.tensor { { 1, 2, 3 }, { 4, 5, 6 } }, dw.tensor { { 1, 0 }, { 0, 1 }, { 1, 1 } }
    support.everywhere(function()
      assert.same({ { 4, 5 }, { 10, 11 } }, core.matmul(a, b):to_table())
      assert.same({ { 1, 4, 5 }, { 2, 5, 7 }, { 3, 6, 9 } }, core.matmul(a:transpose(), b:transpose()):to_table())
    end)
  end)

  local CASES = tonumber(os.getenv "DWCONV_CASES") or 400
  it(("over %d random shapes and views, exactly"):format(CASES), function()
    for seed = 1, CASES do
      local case = random_case(seed)
      local want = naive(case.a, case.b, case.batch)
      support.everywhere(function(isa, threads)
        same(core.matmul(case.a, case.b), want, ("%s, %s, %d threads"):format(case.text, isa, threads))
      end)
    end
  end)

  it("packs a large b in several rounds", function()
    -- The steps of 2 keep b from being read as it lies; a has a single one in each row, so a row of b is the result.
    local a, b = dw.zeros { 120, 5000 }, dw.uniform({ 5000, 670 }, { seed = 1 })[{ {}, { 1, -1, 2 } }]
    local rows = {}
    for i = 1, 120 do
      rows[i] = (i * 2029) % 5000 + 1
      a[{ { i, i }, { rows[i], rows[i] } }] = 1
    end
    support.everywhere(function()
      local c = core.matmul(a, b)
      for i, row in ipairs(rows) do same(c[i], b[row]:contiguous(), "row " .. i) end
    end, { 1, 2 })
  end)

  it("gives zeros when k is 0, and nothing when there is nothing to give", function()
    support.everywhere(function()
      same(core.matmul(dw.ones { 3, 0 }, dw.ones { 0, 40 }), dw.zeros { 3, 40 })
      same(core.matmul(dw.ones { 40, 0 }, dw.ones { 0, 1 }), dw.zeros { 40, 1 })
      assert.same({ 0, 4 }, core.matmul(dw.ones { 0, 3 }, dw.ones { 3, 4 }).shape)
      assert.same({ 4, 0 }, core.matmul(dw.ones { 4, 3 }, dw.ones { 3, 0 }).shape)
      assert.same({ 0, 2, 2 }, core.matmul(dw.ones { 0, 2, 3 }, dw.ones { 3, 2 }).shape)
    end)
  end)

  it("has the same bits for every thread count, with inputs that round", function()
    local shapes = { { 1, 300, 500 }, { 5, 300, 200 }, { 300, 70, 1 }, { 49, 700, 130 }, { 200, 300, 37 }, { 64, 1030, 1030 },
      { 70, 1024, 300 } }
    for _, s in ipairs(shapes) do
      local a, b = dw.uniform({ s[1], s[2] }, { seed = 1 }), dw.uniform({ s[2], s[3] }, { seed = 2 })
      local turned = b:transpose():contiguous():transpose()
      local batch = dw.uniform({ 6, 9, s[2] }, { seed = 3 })
      local first = {}
      support.everywhere(function(isa, threads)
        local now = core.matmul(a, b):to_bytes() .. core.matmul(a, turned):to_bytes() .. core.matmul(batch, b):to_bytes()
        first[isa] = first[isa] or now
        assert.is_true(now == first[isa], ("%dx%dx%d, %s, %d threads"):format(s[1], s[2], s[3], isa, threads))
      end, { 1, 2, 3, 5, 8 })
    end
  end)

  it("refuses in words", function()
    local a, b = dw.ones { 2, 3 }, dw.ones { 4, 5 }
    refuses(function() core.matmul(a, b) end, "matmul: a (2x3) has 3 columns but b (4x5) has 4 rows")
    refuses(function() core.matmul(a, b:astype "float64") end,
      "matmul: a is float32 but b is float64; convert one with astype")
    local whole = dw.ones({ 2, 3 }, { dtype = "int32" })
    refuses(function() dw.backend.matmul(whole, whole) end, "matmul: a (2x3) has 3 columns but b (2x3) has 2 rows")
    refuses(function() core.matmul(dw.tensor(3), b) end, "matmul: a must be a tensor with at least one axis, got a float32 tensor ()")
    refuses(function() core.matmul(a, 2) end, "matmul: b must be a tensor, got 2")
    refuses(function() core.matmul(a) end, "matmul: b must be a tensor, got nil")
    refuses(function() core.matmul("a", b) end, 'matmul: a must be a tensor, got "a"')
    refuses(function() core.matmul(dw.ones { 2, 2, 3 }, dw.ones { 5, 3, 4 }) end,
      "matmul: the batch axes of a (2x2x3) and b (5x3x4) do not go together: 2 is not 5")
  end)

  it("leaves vectors and whole numbers that fit together to the Lua layer", function()
    local whole, vector = dw.ones({ 2, 2 }, { dtype = "int32" }), dw.ones { 2 }
    assert.equal(0, select("#", core.matmul(whole, whole)))
    assert.equal(0, select("#", core.matmul(dw.ones { 2, 2 }, vector)))
    assert.equal(0, select("#", core.matmul(vector, vector)))
    for _, wrong in ipairs { { whole, vector }, { vector:astype "bool", vector }, { whole, dw.ones({ 3, 2 }, { dtype = "int32" }) } } do
      assert.is_false(pcall(core.matmul, wrong[1], wrong[2]))
    end
  end)
end)
