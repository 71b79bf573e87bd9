-- show/init.lua: dw.show, a tensor as a picture in the terminal. The record, and how the parts of a picture come
-- together: the tiles of a tensor (tiles.lua), their places (layout.lua), their colours (colours.lua), and the screen
-- (screen.lua).
-- Invariant: everything is checked, and the whole text is made, before any of it is printed.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local colours = require "dwconv.show.colours"
local layout = require "dwconv.show.layout"
local modes = require "dwconv.show.modes"
local ops = require "dwconv.ops"
local screen = require "dwconv.show.screen"
local tiles = require "dwconv.show.tiles"
local values = require "dwconv.show.values"

local kinds, raise = args.kinds, args.raise

-- ---- words below a picture -----------------------------------------------------------------------

local function number_text(v)
  if math.type(v) == "integer" then return tostring(v) end
  return ("%.3g"):format(v)
end

local function range_text(t, range, low, high)
  if not range.least then return "no finite number" end
  if t.dtype == "bool" then return ("%s to %s"):format(range.least == 1, range.greatest == 1) end
  local text = ("%s to %s"):format(number_text(range.least), number_text(range.greatest))
  local clipped = range.least < low or range.greatest > high
  if clipped or t.dtype == "uint8" and low == 0 and high == 255 and range.greatest < 128 then
    text = ("%s (shown as %s to %s)"):format(text, number_text(low), number_text(high))
  end
  return text
end

local function caption(t, plan, range, o, low, high, mode)
  local coloured = mode ~= "ascii" and mode ~= "none"
  local function counted(n, words, colour) return ("%d %s%s"):format(n, words, coloured and colour or "") end
  local parts = { ("%s %s"):format(t.shape, t.dtype), range_text(t, range, low, high) }
  if o.each and plan.count > 1 then parts[2] = parts[2] .. ", each tile scaled by itself" end
  if range.nans > 0 then parts[#parts + 1] = counted(range.nans, "NaN", " (magenta)") end
  if range.infinite > 0 then parts[#parts + 1] = counted(range.infinite, "infinite", " (green)") end
  return table.concat(parts, ", ")
end

-- ---- tiles side by side --------------------------------------------------------------------------

-- The labels of tiles first..last, each at its place.
local function label_line(plan, place, first, last)
  local parts = {}
  for i = first, last do parts[#parts + 1] = ("%-" .. place.pitch .. "s"):format(plan.label(i)) end
  return (table.concat(parts):gsub("%s+$", ""))
end

-- Tiles first..last as one picture (h,w,4), with nothing drawn between them.
local function strip(place, cell, first, last, pixels_of)
  local width = place.pitch * cell.across
  local canvas = K.zeros({ place.lines * cell.down, (last - first + 1) * width, 4 }, { dtype = "uint8" })
  for i = first, last do
    local spot = K.narrow(K.narrow(canvas, 1, 1, place.height), 2, (i - first) * width + 1, place.width)
    K.narrow(spot, 3, 1, 3):copy_(pixels_of(i))
    K.narrow(spot, 3, 4, 1):fill(255)
  end
  return canvas
end

-- The lines of several tiles, joined.
local function side_by_side(place, first, last, lines_of)
  local joined = {}
  for i = first, last do
    for k, line in ipairs(lines_of(i)) do
      joined[k] = (joined[k] or "") .. line .. (i < last and (" "):rep(place.pitch - place.columns) or "")
    end
  end
  return table.concat(joined, "\n")
end

-- The lines of all tiles that are shown; `row(first, last)` gives the text of those side by side.
local function in_rows(plan, place, row)
  local lines = {}
  for first = 1, place.shown, place.per_line do
    local last = math.min(first + place.per_line - 1, place.shown)
    if plan.words then lines[#lines + 1] = label_line(plan, place, first, last) end
    lines[#lines + 1] = row(first, last)
  end
  return lines
end

local function longest_label(plan)
  if not plan.words then return 0 end
  return math.max(#plan.label(plan.count), #plan.label(plan.group))
end

-- ---- the whole -----------------------------------------------------------------------------------

local function map_for(plan, o, mode)
  local map = o.colours or plan.kernel and "diverging" or "grey"
  return map == "diverging" and mode == "ascii" and "grey" or map -- whose brightness says the sign
end

-- Which numbers the map's ends stand for, for a tile or all.
local function look_at(t, range, plan, o, map)
  local low, high
  if o.range then low, high = o.range[1], o.range[2]
  else low, high = colours.ends(t.dtype, range, plan.colour and "grey" or map, o.each) end
  return { least = low, greatest = high, map = map, marks = range.nans + range.infinite > 0,
    crisp = math.max(plan.h, plan.w) <= layout.CRISP }
end

-- The look of tile i.
local function looks_of(t, plan, o, map, all)
  if not o.each or o.range then return function() return all end end
  return function(i)
    local tile = plan.tile(i)
    return look_at(t, colours.range(tile), plan, o, map)
  end
end

-- The texts of all tiles, with fractions in a pattern, the letters of the longest, and where they have room, if they
-- all have.
local function texts_of(plan, room, pattern, beside)
  local texts, longest = {}, 0
  for i = 1, plan.count do
    local one, letters = values.texts(plan.tile(i), pattern)
    texts[i], longest = one, math.max(longest, letters)
  end
  local place = layout.of_cells(room, plan.w * (longest + beside), plan.h)
  return texts, longest, place and place.shown == plan.count and place or nil
end

-- Patterns of fractions, and spaces beside them, of which the first that has room is taken; the last one only where it
-- says something of the greatest number.
local TEXTS <const> = { { "%.3g", 2 }, { "%.3g", 1 }, { "%.2g", 1 }, { "%.2f", 1 } }

-- Numbers in cells of their colours; nil if there is no room for all of them.
local function in_cells(plan, room, look, mode, range)
  if plan.colour or plan.h * plan.w * plan.count > room.columns * room.rows then return nil end
  local greatest = math.max(math.abs(range.least or 0), math.abs(range.greatest or 0))
  for i = 1, greatest >= 0.1 and greatest < 1000 and #TEXTS or #TEXTS - 1 do
    local try = TEXTS[i]
    local texts, longest, place = texts_of(plan, room, try[1], try[2])
    local function lines_of(k)
      local pixels = colours.pixels(plan.tile(k), plan.h, plan.w, look(k))
      return values.lines(texts[k], pixels, longest, longest + try[2], mode)
    end
    if place then
      return in_rows(plan, place, function(first, last) return side_by_side(place, first, last, lines_of) end)
    end
  end
end

local MOST_PIXELS <const> = 1 << 20 -- that are sent to a terminal which draws them

local function as_pictures(plan, room, look, mode)
  local place = layout.of(room, plan.h, plan.w)
  local function pixels_of(i) return colours.pixels(plan.tile(i), place.height, place.width, look(i)) end
  local lines = in_rows(plan, place, function(first, last)
    local alone = plan.count == 1
    return screen.encode(alone and pixels_of(1) or strip(place, room.cell, first, last, pixels_of), mode)
  end)
  return lines, plan.count - place.shown
end

local function check(t, o)
  if ops.slot.is_symbolic and ops.slot.is_symbolic(t) then
    raise "t must hold numbers, but it is symbolic: it is dw.Input, or made of it"
  end
  if o.colours and t.dtype == "bool" and o.colours == "diverging" then
    raise 'colours must be "grey" or "heat" for bool, got "diverging"'
  end
end

local function drawn(t, o, plan, mode)
  local range, map = colours.range(t), map_for(plan, o, mode)
  local all = look_at(t, range, plan, o, map)
  local below = caption(t, plan, range, o, all.least, all.greatest, mode)
  if mode == "none" then return "picture " .. below .. (o.values and "\n" .. tostring(t) or "") end
  local cell = screen.size(mode)
  local room = { columns = math.min(o.width or cell.columns, cell.columns), rows = math.max(2, cell.rows - 2),
    cell = cell, count = plan.count, group = plan.group, label = longest_label(plan), fill = o.width ~= nil,
    most = cell.across > 1 and MOST_PIXELS or nil }
  local look = looks_of(t, plan, o, map, all)
  local lines, left = o.values and in_cells(plan, room, look, mode, range), 0
  local numbers = o.values and not lines
  if not lines then lines, left = as_pictures(plan, room, look, mode) end
  if plan.words then below = ("%s; tiles: %s"):format(below, plan.words) end
  if left > 0 then below = ("... and %d more; %s"):format(left, below) end
  lines[#lines + 1] = below
  if numbers then lines[#lines + 1] = tostring(t) end
  return table.concat(lines, "\n")
end

-- ---- the record ----------------------------------------------------------------------------------

local range_kind = kinds.new {
  annotation = "number[]",
  expected = "a pair {least, greatest} of finite numbers, the first the smaller one",
  optional = true,
  default_text = "that of the numbers, and 0 to 255 for uint8",
  read = function(v)
    if type(v) ~= "table" or rawlen(v) ~= 2 then return nil end
    local low, high = rawget(v, 1), rawget(v, 2)
    if type(low) ~= "number" or type(high) ~= "number" then return nil end
    return low - low == 0 and high - high == 0 and low < high and { low, high } or nil
  end,
}

local function optional(kind, text)
  kind = kinds.optional(kind)
  kind.default_text = text
  return kind
end

ops.plain(ops.family "show") "show" {
  doc = [[
Prints a tensor as a picture in the terminal: (h,w) and (h,w,1) in grey, (h,w,3) and (h,w,4) in colour, (h,w,n) as n
grey tiles; of four axes (n,h,w,c) as tiles of samples, for each channel one unless there are 3 or 4, or a kernel
(kh,kw,c,m) as tiles of its channels. Tiles are numbered from 1; those that there is no room for are counted below.
kind says what a tensor of four axes is; left out, it is taken for a kernel if its first two axes are at most 11, unless
its second and third are equal and at least 8. With channels_first pictures are (c,h,w) and (n,c,h,w).
uint8 is shown as it is, false black and true white, other numbers from their least to their greatest, over all tiles,
or with each = true for each tile; range says from where to where instead, which works for uint8, too. Kernels are shown
in a diverging map, blue below 0, white at 0, red above. The least and greatest number are printed below, and how many
are NaN (magenta) or infinite (green). values = true prints the numbers in the picture, or below it if they are many.
Pictures are no wider than the terminal or `width`, in columns, and no higher than its rows; large ones are averaged,
small ones have squares for pixels.
How it is drawn, unless graphics or DWCONV_GRAPHICS in the environment says so: the terminal is asked once whether it
has kitty's protocol or sixels, which takes some milliseconds (half a second if it never answers); else half blocks in
24-bit or 256 colours; a ramp of letters without UTF-8, for TERM=dumb and with NO_COLOR; where standard output is no
terminal, one line of text. What was typed before the terminal is asked stays for the script, and it is asked the next
time; keys pressed while it is asked are lost.]],
  values = { { "t", kinds.tensor "h,w, h,w,c, n,h,w,c or kh,kw,c,m" } },
  options = {
    kind = optional(kinds.oneof { "images", "kernel" }, "a guess"),
    data_format = kinds.data_format(),
    range = range_kind,
    each = kinds.flag(false),
    colours = optional(kinds.oneof({ "grey", "diverging", "heat" }, { gray = "grey" }),
      '"diverging" for kernels, else "grey"'),
    values = kinds.flag(false),
    width = optional(kinds.whole(nil, 1), "the terminal's"),
    graphics = optional(kinds.oneof(modes.all), "the best that the terminal has"),
  },
  forward = function(t, o)
    check(t, o)
    local plan, mode, text = tiles.of(t, o.kind, o.data_format), o.graphics or screen.mode(), nil
    ops.calls.no_grad(function() text = drawn(t, o, plan, mode) end) -- nothing of this is for tapes
    print(text)
  end,
  home = "dw",
  reason = "it prints",
  sample = function(R) return R { 4, 5 }, { graphics = "none" } end,
  example = [[
x = K.expand_dims(dw.arange(8), { axis = 1 }) + K.expand_dims(dw.arange(8), { axis = 2 })
dw.show(x, { graphics = "ascii", width = 16 })
dw.show(dw.eye(3), { graphics = "ascii", values = true })]],
  errors = [[
A tensor of fewer than two or more than four axes, or without numbers; a symbolic one; a kind for one that has not four
axes; an unknown DWCONV_GRAPHICS.]],
}

return { show = ops.calls.show }
