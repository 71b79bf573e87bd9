-- plot/scale.lua: where the ticks of an axis stand and what is written beside them. Ticks are multiples of 1, 2, 2.5 or
-- 5 times a power of ten; they are held as whole numbers times a power of ten, so that their texts are exact. Called by
-- what draws axes, and by histograms for their edges. Pure: numbers in, tables out.
-- Invariant: ticks ascend, no two have the same text, and scale:at(first) <= scale:at(v) <= scale:at(last) for all data
-- unless `inside` was asked for.

local scale = {}

--- Numbers beyond this are drawn as infinite ones are: not at all.
scale.LARGEST = 1e300

local STEPS <const> = { { 1, 0 }, { 2, 0 }, { 25, -1 }, { 5, 0 } } -- of a decade: times 10^n
local LEAST_SPAN <const> = 5e-14 -- of the largest number: a smaller span is drawn as constant data

-- 10^e as the nearest number, which pow need not give.
local powers = setmetatable({}, { __index = function(t, e)
  t[e] = tonumber(("1e%d"):format(e))
  return t[e]
end })

-- n * 10^e.
local function decimal(n, e)
  if e >= 0 then return n * powers[e] end
  if e >= -300 then return n / powers[-e] end
  return n / powers[300] / powers[-e - 300]
end

scale.decimal = decimal

-- The power of ten of a positive number: 10^p <= v < 10^(p + 1).
local function power_of(v)
  local p = math.floor(math.log(v, 10))
  if powers[p] > v then p = p - 1 elseif powers[p + 1] <= v then p = p + 1 end
  return p
end

scale.power_of = power_of

-- The first and last multiple of a step that enclose lo..hi. A tick that is meant to be lo may be a rounding away.
local function enclosing(lo, hi, m, e)
  local step = decimal(m, e)
  local first, last = math.floor(lo / step), math.ceil(hi / step)
  if decimal((first + 1) * m, e) <= lo then first = first + 1 end
  if decimal((last - 1) * m, e) >= hi then last = last - 1 end
  return first, last
end

--- A range that has a width: constant data get one.
---@param lo number
---@param hi number
---@return number lo
---@return number hi
function scale.widened(lo, hi)
  local most = math.max(math.abs(lo), math.abs(hi))
  if hi / 4 - lo / 4 > most * LEAST_SPAN / 4 and hi - lo > 1e-290 then return lo, hi end
  local pad = most > 1e-280 and most * 0.1 or 1
  return lo - pad, hi + pad
end

--- The smallest step of which at most `most` ticks enclose lo..hi (lo < hi): a whole number and a power of ten, and
--- which multiples of it are the first and the last. `most` is at least 2, and 3 where 0 is between lo and hi.
---@return integer m
---@return integer e
---@return integer first
---@return integer last
function scale.step(lo, hi, most, whole)
  local e = power_of((hi / 4 - lo / 4) / most) -- of a step that is too small, or just right
  while true do
    for _, step in ipairs(STEPS) do
      local m, power = step[1], step[2] + e
      local fits = not whole or power >= 0
      if fits then
        local first, last = enclosing(lo, hi, m, power)
        if last - first + 1 <= most then return m, power, math.tointeger(first), math.tointeger(last) end
      end
    end
    e = e + 1
  end
end

-- ---- texts -----------------------------------------------------------------------------------------

local RAISED <const> = { ["0"] = "⁰", ["1"] = "¹", ["2"] = "²", ["3"] = "³", ["4"] = "⁴", ["5"] = "⁵", ["6"] = "⁶",
  ["7"] = "⁷", ["8"] = "⁸", ["9"] = "⁹", ["-"] = "⁻" }

--- "10⁻¹²".
function scale.ten(power) return "10" .. (("%d"):format(power):gsub(".", RAISED)) end

-- n * 10^e, n whole, in digits.
local function digits(n, e)
  if e >= 0 then return ("%d"):format(n) .. (n ~= 0 and ("0"):rep(e) or "") end
  local text = ("%d"):format(math.abs(n))
  text = ("0"):rep(1 - e - #text) .. text
  return (n < 0 and "−" or "") .. text:sub(1, e - 1) .. "." .. text:sub(e)
end

local function signed(n, e) return e >= 0 and n < 0 and "−" .. digits(-n, e) or digits(n, e) end

local LONG <const> = 6 -- significant digits from which ticks are written as differences from their first

--- The texts of ticks list[i] * 10^e, and a note beside the axis, if they have a common factor or a common beginning.
---@param list integer[] ascending
---@param e integer
---@return string[] texts
---@return string? note "×10⁶", "+ 1234567"
function scale.texts(list, e)
  local most, note = math.max(math.abs(list[1]), math.abs(list[#list])), nil
  if most == 0 then return { "0" } end
  local span = list[#list] - list[1]
  if #list > 1 and most >= 10 ^ LONG and span < most / 100 then
    local start, moved = list[1], {}
    for i, n in ipairs(list) do moved[i] = n - start end
    local texts, factor = scale.texts(moved, e)
    local base = decimal(start, e)
    note = ("%s %.15g"):format(base < 0 and "−" or "+", math.abs(base)):gsub("e%+?(%-?)0*(%d+)$", function(sign, p)
      return "×" .. scale.ten(tonumber(sign .. p))
    end)
    return texts, factor and factor .. " " .. note or note
  end
  local p = power_of(most) + e
  if p >= 6 or p <= -5 then
    note, e = "×" .. scale.ten(p), e - p
  end
  while e < 0 do -- digits that are 0 in all of them
    for _, n in ipairs(list) do
      if n % 10 ~= 0 then goto done end
    end
    local shorter = {}
    for i, n in ipairs(list) do shorter[i] = n // 10 end
    list, e = shorter, e + 1
  end
  ::done::
  local texts = {}
  for i, n in ipairs(list) do texts[i] = signed(n, e) end
  return texts, note
end

-- ---- scales ----------------------------------------------------------------------------------------

local Linear = {}
Linear.__index = Linear

--- Where a number lies: 0 at the beginning of the axis, 1 at its end.
function Linear:at(v) return (v / 4 - self.lo / 4) / (self.hi / 4 - self.lo / 4) end

--- A scale of equal steps over lo..hi, which may be equal. Options: most (ticks, 8), inside (the axis ends where the
--- data end, not at ticks), whole (ticks are whole numbers).
---@param lo number
---@param hi number
---@param o? { most?: integer, inside?: boolean, whole?: boolean }
---@return table # lo, hi, ticks, texts, note
function scale.linear(lo, hi, o)
  o = o or {}
  lo, hi = scale.widened(lo, hi)
  local m, e, first, last = scale.step(lo, hi, o.most or 8, o.whole)
  local self = setmetatable({ lo = lo, hi = hi, ticks = {} }, Linear)
  local list = {}
  for k = first, last do
    local v = decimal(k * m, e)
    if not o.inside or v >= lo and v <= hi then
      self.ticks[#self.ticks + 1], list[#list + 1] = v, k * m
    end
  end
  if not o.inside then self.lo, self.hi = self.ticks[1], self.ticks[#self.ticks] end
  if #list == 0 then list, self.ticks, e = { first * m }, { decimal(first * m, e) }, e end
  self.texts, self.note = scale.texts(list, e)
  return self
end

local Log = {}
Log.__index = Log

function Log:at(v)
  local lo, hi = math.log(self.lo, 10), math.log(self.hi, 10)
  return (math.log(v, 10) - lo) / (hi - lo)
end

local function log_text(m, p, plain)
  if plain then return signed(m, p) end
  return (m == 1 and "" or m .. "×") .. scale.ten(p)
end

-- Ticks at 1, 2 and 5 times powers of ten.
local function one_two_five(lo, hi)
  local list = {}
  for p = power_of(lo) - 1, power_of(hi) + 1 do
    for _, m in ipairs { 1, 2, 5 } do list[#list + 1] = { m, p } end
  end
  local first, last = 1, #list
  while decimal(table.unpack(list[first + 1])) <= lo do first = first + 1 end
  while decimal(table.unpack(list[last - 1])) >= hi do last = last - 1 end
  return table.move(list, first, last, 1, {})
end

-- Ticks at powers of ten, so far apart that there are at most `most`.
local function decades(lo, hi, most)
  local first = power_of(lo)
  local last = power_of(hi)
  if decimal(1, last) < hi then last = last + 1 end
  local stride = math.max(1, math.ceil((last - first) / (most - 1)))
  local list = {}
  for p = first, last + stride - 1, stride do list[#list + 1] = { 1, p } end
  return list
end

--- A scale of equal factors over lo..hi, both above 0.
---@param lo number
---@param hi number
---@param o? { most?: integer }
---@return table # lo, hi, ticks, texts
function scale.log(lo, hi, o)
  local most = o and o.most or 8
  if hi / lo < 1 + 1e-9 then lo, hi = lo / 2, hi * 2 end
  local list = one_two_five(lo, hi)
  if #list > most then list = decades(lo, hi, most) end
  if #list < 4 then
    local linear = scale.linear(lo, hi, { most = most })
    if linear.ticks[1] > 0 then return setmetatable(linear, Log) end
  end
  local self = setmetatable({ ticks = {}, texts = {} }, Log)
  local plain = list[1][2] >= -4 and list[#list][2] <= 5
  for i, tick in ipairs(list) do
    self.ticks[i], self.texts[i] = decimal(tick[1], tick[2]), log_text(tick[1], tick[2], plain)
  end
  self.lo, self.hi = self.ticks[1], self.ticks[#list]
  return self
end

--- Leaves of a scale's ticks those within its lo and hi.
function scale.keep_inside(self)
  local ticks, texts = {}, {}
  for i, v in ipairs(self.ticks) do
    if v >= self.lo and v <= self.hi then ticks[#ticks + 1], texts[#texts + 1] = v, self.texts[i] end
  end
  if #ticks > 0 then self.ticks, self.texts = ticks, texts end
end

local Names = {}
Names.__index = Names

function Names:at(i)
  local f = (i - 0.5) / #self.ticks
  return self.down and 1 - f or f
end

--- An axis of names, each in the middle of its part. `down`: the first is at the end, which is the top of a vertical
--- axis.
---@param texts string[]
---@param down? boolean
function scale.names(texts, down)
  local self = setmetatable({ ticks = {}, texts = texts, down = down, names = true }, Names)
  for i = 1, #texts do self.ticks[i] = i end
  return self
end

--- Whether something is a scale of names, which needs no grid.
function scale.is_names(s) return s.names == true end

return scale
