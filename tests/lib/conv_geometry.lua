-- conv_geometry.lua: random cases for the exact tests of convolutions of one to three axes, known by their numbers
-- alone. Inputs are whole numbers, so results are the same whatever the order of additions.

local geometry = require "random_geometry"

local cases = {}

local channels = { 1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 31, 32, 33, 48, 64, 65 }

-- One axis: input, kernel, stride, dilation and explicit padding; sometimes a kernel larger than the input.
local function axis(below, longest)
  local k, s, d = ({ 1, 1, 2, 3, 3, 3, 4, 5, 7 })[below(9) + 1], ({ 1, 1, 1, 2, 2, 3, 4 })[below(7) + 1],
    ({ 1, 1, 1, 1, 2, 3, 4 })[below(7) + 1]
  return { n = 1 + below(longest), k = k, s = s, d = d, before = below(4), after = below(4) }
end

--- Case number `seed`: { axes =, x = shape, kernel = shape, options = }. "valid" never has a window that does not fit.
function cases.case(seed)
  local below = geometry.generator(seed)
  local axes = ({ 1, 2, 2, 2, 3 })[below(5) + 1]
  local padding = ({ "same", "valid", "explicit", axes == 1 and "causal" or "same" })[below(4) + 1]
  local n, groups = 1 + below(3), ({ 1, 1, 1, 1, 2, 3, 4 })[below(7) + 1]
  local cin, cout = channels[below(#channels) + 1], channels[below(#channels) + 1]
  local o = { strides = {}, dilation_rate = {}, data_format = below(3) == 0 and "channels_first" or "channels_last" }
  o.padding = padding == "explicit" and {} or padding
  local size, kernel, work = {}, {}, n
  for i = 1, axes do
    local a = axis(below, axes == 3 and 6 or axes == 2 and 16 or 40)
    local window, pads = (a.k - 1) * a.d + 1, padding == "explicit" and a.before + a.after or 0
    if (padding == "valid" or padding == "explicit") and a.n + pads < window then a.n = window - pads + below(4) end
    size[i], kernel[i], o.strides[i], o.dilation_rate[i] = a.n, a.k, a.s, a.d
    if padding == "explicit" then o.padding[i] = { a.before, a.after } end
    work = work * a.n * a.k // a.s
  end
  if work * cin * cout > 200000 then cin, cout = 1 + cin % 5, cout > 32 and work < 1000 and 33 or 1 + cout % 7 end
  local x = { n, table.unpack(size) }
  table.insert(x, o.data_format == "channels_first" and 2 or #x + 1, cin * groups)
  kernel[axes + 1], kernel[axes + 2] = cin, cout * groups
  return { axes = axes, x = x, kernel = kernel, options = o, below = below }
end

local function list(t) return type(t) == "table" and table.concat(t, ",") or tostring(t) end

--- A case in words, for failures.
function cases.text(seed, case)
  local o, pads = case.options, {}
  for i, pair in ipairs(type(o.padding) == "table" and o.padding or {}) do pads[i] = ("{%s}"):format(list(pair)) end
  return ("case %d: x %s, kernel %s, strides %s, dilation %s, %s, %s"):format(seed, table.concat(case.x, "x"),
    table.concat(case.kernel, "x"), list(o.strides), list(o.dilation_rate),
    #pads > 0 and table.concat(pads) or list(o.padding), o.data_format)
end

return cases
