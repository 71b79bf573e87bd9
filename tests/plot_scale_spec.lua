-- plot_scale_spec.lua: the ticks of axes: cases by hand, and properties over random ranges. And fonts: widths.

local scale = require "dwconv.plot.scale"
local font = require "dwconv.plot.font"

local function texts(s) return table.concat(s.texts, " ") end

-- A whole number times 1, 2, 2.5 or 5 times a power of ten, up to rounding.
local function is_round(step)
  local mantissa = step / 10 ^ math.floor(math.log(step, 10) + 1e-9)
  for _, m in ipairs { 1, 2, 2.5, 5, 10 } do
    if math.abs(mantissa - m) < 1e-6 then return true end
  end
  return false
end

-- What holds of every scale.
local function check(s, lo, hi, what)
  local n = #s.ticks
  assert(n >= 4 and n <= 8, ("%s: %d ticks"):format(what, n))
  assert(#s.texts == n, what)
  assert(s.ticks[1] <= lo and s.ticks[n] >= hi, ("%s: ticks %.17g..%.17g do not cover it"):format(what, s.ticks[1], s.ticks[n]))
  local seen = {}
  for i, v in ipairs(s.ticks) do
    assert(v - v == 0, what)
    assert(i == 1 or v > s.ticks[i - 1], what .. ": ticks do not ascend")
    assert(not seen[s.texts[i]], ("%s: the text %s stands twice"):format(what, s.texts[i]))
    seen[s.texts[i]] = true
    local at = s:at(v)
    assert(at >= -1e-9 and at <= 1 + 1e-9, what)
  end
  assert(math.abs(s:at(s.ticks[1])) < 1e-9 and math.abs(s:at(s.ticks[n]) - 1) < 1e-9, what)
end

describe("linear scales", function()
  it("have the ticks that a person would choose", function()
    for _, case in ipairs {
      { 0, 1, "0.0 0.2 0.4 0.6 0.8 1.0" },
      { 0, 10, "0 2 4 6 8 10" },
      { 0, 100, "0 20 40 60 80 100" },
      { -3, 7, "−4 −2 0 2 4 6 8" },
      { 0.13, 0.97, "0.0 0.2 0.4 0.6 0.8 1.0" },
      { 0, 0.07, "0.00 0.01 0.02 0.03 0.04 0.05 0.06 0.07" },
      { 0, 17, "0.0 2.5 5.0 7.5 10.0 12.5 15.0 17.5" },
      { 1e-12, 3e-12, "1.0 1.5 2.0 2.5 3.0", "×10⁻¹²" },
      { 0, 5123456, "0 1 2 3 4 5 6", "×10⁶" },
      { -2e15, 1e15, "−2.0 −1.5 −1.0 −0.5 0.0 0.5 1.0", "×10¹⁵" },
      { 123456.1, 123456.2, "0.00 0.02 0.04 0.06 0.08 0.10", "+ 123456.1" },
      { 1e15, 1e15 + 100, "0 20 40 60 80 100", "+ 1×10¹⁵" },
      { 5, 5, "4.4 4.6 4.8 5.0 5.2 5.4 5.6" },
      { 0, 0, "−1.0 −0.5 0.0 0.5 1.0" },
    } do
      local s = scale.linear(case[1], case[2])
      assert.equal(case[3], texts(s))
      assert.equal(case[4], s.note)
    end
  end)

  it("cover any data with 4 to 8 round ticks of different texts", function()
    local random, state = math.random, 7
    math.randomseed(state)
    for i = 1, 3000 do
      local middle = (random() - 0.5) * 10 ^ random(-20, 20)
      local span = 10 ^ (random() * 40 - 20)
      local lo, hi = middle - span / 2, middle + span / 2
      local s = scale.linear(lo, hi)
      check(s, lo, hi, ("%d: %.17g..%.17g"):format(i, lo, hi))
      local n = #s.ticks
      local step = (s.ticks[n] - s.ticks[1]) / (n - 1)
      if step > math.abs(middle) * 1e-7 then assert(is_round(step), ("step %.17g of %g..%g"):format(step, lo, hi)) end
    end
  end)

  it("cover the largest and smallest numbers", function()
    for _, range in ipairs { { -1e300, 1e300 }, { 0, 1e300 }, { 1e-300, 2e-300 }, { -5e-324, 5e-324 }, { 1e300, 1e300 },
      { -1e-280, -1e-280 } } do
      check(scale.linear(range[1], range[2]), range[1], range[2], ("%g..%g"):format(range[1], range[2]))
    end
  end)

  it("know the power of ten of numbers just below and at one", function()
    for p = -300, 300 do assert.equal(p, scale.power_of(tonumber("1e" .. p))) end
    assert.equal(14, scale.power_of(999999999999999.9))
    assert.equal(-1, scale.power_of(1 - 2 ^ -53))
  end)

  it("have whole ticks, and ticks within the data, where that is asked for", function()
    assert.equal("5 10 15 20 25 30", texts(scale.linear(1, 30, { inside = true, whole = true })))
    assert.equal("1 2 3", texts(scale.linear(1, 3, { inside = true, whole = true })))
    for hi = 2, 500 do
      local s = scale.linear(1, hi, { inside = true, whole = true })
      assert(#s.ticks >= 2 or hi == 2, hi)
      for _, v in ipairs(s.ticks) do assert(v % 1 == 0 and v >= 1 and v <= hi, hi) end
      assert.equal(0, s:at(1))
      assert.equal(1, s:at(hi))
    end
  end)
end)

describe("log scales", function()
  it("have decades, or 1 2 5, or equal steps where the range is small", function()
    for _, case in ipairs {
      { 1, 1000, "1 10 100 1000" },
      { 0.001, 3, "0.001 0.01 0.1 1 10" },
      { 0.02, 2.5, "0.02 0.05 0.1 0.2 0.5 1 2 5" },
      { 1, 5, "1 2 3 4 5" },
      { 3, 3, "1 2 5 10" },
      { 1e-20, 1e20, "10⁻²⁰ 10⁻¹⁴ 10⁻⁸ 10⁻² 10⁴ 10¹⁰ 10¹⁶ 10²²" },
      { 2e6, 4e7, "2×10⁶ 5×10⁶ 10⁷ 2×10⁷ 5×10⁷" },
    } do
      assert.equal(case[3], texts(scale.log(case[1], case[2])))
    end
    assert.near(0.5, scale.log(1, 10000):at(100), 1e-12)
  end)

  it("cover any data with 4 to 8 ticks of different texts", function()
    math.randomseed(11)
    for i = 1, 3000 do
      local lo = 10 ^ (math.random() * 60 - 30)
      local hi = lo * 10 ^ (math.random() ^ 3 * 40)
      check(scale.log(lo, hi), lo, hi, ("%d: %.17g..%.17g"):format(i, lo, hi))
    end
  end)
end)

describe("fonts", function()
  it("measure texts by their characters, UTF-8 or not", function()
    assert.equal(0, font.width("", 12))
    assert.near(font.width("a", 12) + font.width("b", 12), font.width("ab", 12), 1e-9)
    assert.near(font.width("o", 12), font.width("ö", 12), 1e-9)
    assert.near(2 * font.width("x", 12), font.width("x", 24), 1e-9)
    assert.is_true(font.width("\xff\xfe", 12) > 0)
    assert.equal(3, #font.characters "aö漢")
  end)

  it("have a glyph of their own for each printable character of ASCII", function()
    local seen = {}
    for code = 33, 126 do
      local cover, c = "", string.char(code)
      font.draw(c, 0, 20, 20, false, function(x, y, rows)
        local parts = {}
        for dy, row in pairs(rows) do
          for dx, a in pairs(row) do parts[#parts + 1] = ("%d %d %.3f"):format(x + dx, y + dy, a) end
        end
        table.sort(parts)
        cover = table.concat(parts, ";")
      end)
      assert(#cover > 0, c .. " is empty")
      assert(not seen[cover], ("%s looks like %s"):format(c, seen[cover]))
      seen[cover] = c
    end
  end)

  it("cut what is too long", function()
    local function width(t) return font.width(t, 10) end
    assert.equal("short", font.fitted("short", 1000, width))
    local cut = font.fitted("a long name of a layer", 60, width)
    assert.is_true(width(cut) <= 60 and cut:find "^a l.*…$" ~= nil)
    assert.equal("", font.fitted("abc", 0, width))
  end)
end)
