-- random_geometry.lua: cases for the exact tests, from a small generator of its own, so that a case is known by
-- its number alone. Inputs are whole numbers, so results are the same whatever the order of additions.

local dw = require "dwconv"

local geometry = {}

-- xorshift64*, so that the cases do not change with Lua's own generator.
function geometry.generator(seed)
  local state = seed * 0x9E3779B97F4A7C15 + 0x1234567
  local function below(n) -- 0 .. n-1
    state = state ~ (state >> 12)
    state = state ~ (state << 25)
    state = state ~ (state >> 27)
    return ((state * 0x2545F4914F6CDD1D) >> 33) % n
  end
  return below
end

--- A tensor of whole numbers in -4 .. 4.
function geometry.whole(below, shape, dtype)
  local n, data = 1, {}
  for _, s in ipairs(shape) do n = n * s end
  for i = 1, n do data[i] = below(9) - 4.0 end
  return dw.tensor(data, { dtype = dtype }):reshape(shape)
end

local channels = { 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 19, 24, 31, 32, 33, 40, 47, 63, 64, 65, 70 }

-- One axis: input, kernel, stride, dilation, and explicit padding; sometimes a kernel far larger than the input.
local function axis(below)
  local k = ({ 1, 2, 3, 3, 3, 4, 5, 5, 6, 7, 9 })[below(11) + 1]
  local s, d = ({ 1, 1, 1, 2, 2, 3, 4, 5 })[below(8) + 1], ({ 1, 1, 1, 1, 2, 2, 3, 4, 6 })[below(9) + 1]
  return { n = 1 + below(below(3) == 0 and 30 or 12), k = k, s = s, d = d, before = below(5), after = below(5) }
end

--- Case number `seed`: { x = shape, kernel = shape, options = }. `valid` never has a window that does not fit.
function geometry.case(seed)
  local below = geometry.generator(seed)
  local rows, cols, n = axis(below), axis(below), 1 + below(3)
  local c, m = channels[below(#channels) + 1], ({ 1, 1, 1, 2, 3, 4, 8 })[below(7) + 1]
  local padding = ({ "same", "valid", "explicit" })[below(3) + 1]
  for _, a in ipairs { rows, cols } do
    local window, before = (a.k - 1) * a.d + 1, padding == "explicit" and a.before + a.after or 0
    if padding ~= "same" and a.n + before < window then a.n = window - before + below(4) end
  end
  local work = n * rows.n * cols.n * c * m * rows.k * cols.k
  if work > 120000 then n, c, m = 1, math.min(c, 9 + below(9)), math.min(m, 2) end -- keep the reference quick
  local first = below(3) == 0
  return {
    below = below,
    x = first and { n, c, rows.n, cols.n } or { n, rows.n, cols.n, c },
    kernel = { rows.k, cols.k, c, m },
    options = {
      strides = { rows.s, cols.s },
      dilation_rate = { rows.d, cols.d },
      padding = padding == "explicit" and { { rows.before, rows.after }, { cols.before, cols.after } } or padding,
      data_format = first and "channels_first" or "channels_last",
    },
  }
end

--- A case in words, for failures.
function geometry.text(seed, case)
  local o = case.options
  local pads = type(o.padding) == "string" and o.padding
    or ("{{%d,%d},{%d,%d}}"):format(o.padding[1][1], o.padding[1][2], o.padding[2][1], o.padding[2][2])
  return ("case %d: x %s, kernel %s, strides %d,%d, dilation %d,%d, %s, %s"):format(seed, table.concat(case.x, "x"),
    table.concat(case.kernel, "x"), o.strides[1], o.strides[2], o.dilation_rate[1], o.dilation_rate[2], pads, o.data_format)
end

return geometry
