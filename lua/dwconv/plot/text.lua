-- plot/text.lua: the canvas whose result is text for a terminal: lines in braille dots (2x4 a character), bars in parts
-- of blocks, axes in box characters, pictures in half blocks; colours as ANSI sequences. Without Unicode it is ASCII,
-- without colours each series has a sign of its own. canvas.lua says what a canvas has; the unit is a character.
-- Invariant: no line is wider than the canvas; what scripts pass holds no control character when it is written.

local canvas = require "dwconv.plot.canvas"
local cells = require "dwconv.plot.cells"
local colours = require "dwconv.plot.colours"

local floor = math.floor

local Text = {
  kind = "text", margin = 0, gap_x = 1, gap_y = 0, tick = 0, axis = 1, inset_x = 0.25, inset_y = 0.125, swatch = 2,
  grid = false, step = 0.5,
}
Text.__index = Text

local text = {}

--- An empty text of columns x rows characters.
function text.new(columns, rows, coloured, unicode)
  local self = setmetatable({ width = columns, height = rows, coloured = coloured, unicode = unicode }, Text)
  self.letters, self.dots, self.blocks, self.rules, self.grounds = {}, {}, {}, {}, {} -- by place, from 0
  return self
end

local function place_of(self, x, y)
  if x >= 0 and x < self.width and y >= 0 and y < self.height then return y * self.width + x end
end

-- ---- texts -----------------------------------------------------------------------------------------

function Text:text_width(s) return cells.width(cells.clean(s, self.unicode)) end

function Text.text_height() return 1 end

function Text.row(_, y) return floor(y) end

local INKS <const> = { title = "1" }

function Text:text(x, y, s, o)
  s = cells.clean(s, self.unicode)
  local width, row = cells.width(s), floor(y)
  local at = floor(canvas.start(x, width, o.anchor) + 0.5)
  canvas.note(self, at, row, width, 1, s)
  cells.each(s, function(letter, wide)
    local place = place_of(self, at, row)
    if wide == 0 then
      local before = place_of(self, at - 1, row)
      if before and self.letters[before] then self.letters[before].letter = self.letters[before].letter .. letter end
    elseif place and at + wide <= self.width then
      self.letters[place] = { letter = letter, ink = o.ink or INKS[o.role] }
      if wide == 2 then self.letters[place + 1] = { letter = "" } end
    end
    at = at + wide
  end)
end

-- ---- lines -----------------------------------------------------------------------------------------

local BITS <const> = { [0] = { [0] = 0x01, 0x02, 0x04, 0x40 }, { [0] = 0x08, 0x10, 0x20, 0x80 } } -- by column and row

local function put_dot(self, dx, dy, style)
  local place = place_of(self, dx >> 1, dy >> 2)
  if not place then return end
  local cell = self.dots[place]
  if not cell then
    cell = { bits = 0 }
    self.dots[place] = cell
  end
  cell.bits, cell.style = cell.bits | BITS[dx & 1][dy & 3], style
end

function Text:marker(x, y, style) put_dot(self, floor(2 * x), floor(4 * y), style) end

--- Dots at equal distances of at most a dot, both ends among them.
function Text:polyline(points, style)
  self:marker(points[1], points[2], style)
  for k = 1, #points - 3, 2 do
    local x1, y1, x2, y2 = 2 * points[k], 4 * points[k + 1], 2 * points[k + 2], 4 * points[k + 3]
    local n = math.max(1, math.ceil(math.max(math.abs(x2 - x1), math.abs(y2 - y1))))
    for i = 0, n do put_dot(self, floor(x1 + (x2 - x1) * i / n), floor(y1 + (y2 - y1) * i / n), style) end
  end
end

function Text:sample(x, y, style)
  for dx = 0, 2 * self.swatch - 1 do put_dot(self, floor(2 * x) + dx, 4 * floor(y) + 1, style) end
end

local LEFT <const>, RIGHT <const>, UP <const>, DOWN <const> = 1, 2, 4, 8

local function add_rule(self, x, y, bit)
  local place = place_of(self, x, y)
  if place then self.rules[place] = (self.rules[place] or 0) | bit end
end

function Text:rule(x1, y1, x2, y2)
  if y1 == y2 then
    for x = floor(x1), math.ceil(x2) - 1 do
      if x1 <= x and x2 >= x + 0.5 then add_rule(self, x, floor(y1), LEFT) end
      if x1 <= x + 0.5 and x2 >= x + 1 then add_rule(self, x, floor(y1), RIGHT) end
    end
  else
    for y = floor(y1), math.ceil(y2) - 1 do
      if y1 <= y and y2 >= y + 0.5 then add_rule(self, floor(x1), y, UP) end
      if y1 <= y + 0.5 and y2 >= y + 1 then add_rule(self, floor(x1), y, DOWN) end
    end
  end
end

-- ---- areas -----------------------------------------------------------------------------------------

local function put_block(self, x, y, eighths, style, side)
  local place = place_of(self, x, y)
  if place and eighths > 0 then self.blocks[place] = { eighths = eighths, style = style, side = side } end
end

-- Along one direction: from the end that stands still, `length` characters, the last of which may be a part.
local function each_part(from, length, toward, put)
  local eighths = math.max(1, floor(length * 8 + 0.5))
  for i = 0, (eighths + 7) // 8 - 1 do put(toward > 0 and from + i or from - 1 - i, math.min(8, eighths - 8 * i)) end
end

function Text:rect(x, y, w, h, style, grows)
  if w <= 0 or h <= 0 then return end
  local left, right = floor(x + 0.5), math.max(floor(x + w + 0.5), floor(x + 0.5) + 1)
  local top, bottom = floor(y + 0.5), math.max(floor(y + h + 0.5), floor(y + 0.5) + 1)
  if grows == "up" or grows == "down" then
    local still = floor((grows == "up" and y + h or y) + 0.5)
    local length = grows == "up" and still - y or y + h - still
    for column = left, right - 1 do
      each_part(still, length, grows == "up" and -1 or 1, function(row, n)
        put_block(self, column, row, n, style, grows)
      end)
    end
  elseif grows then
    local still = floor((grows == "left" and x + w or x) + 0.5)
    local length = grows == "left" and still - x or x + w - still
    for row = top, bottom - 1 do
      each_part(still, length, grows == "left" and -1 or 1, function(column, n)
        put_block(self, column, row, n, style, grows)
      end)
    end
  else
    for row = top, bottom - 1 do
      for column = left, right - 1 do put_block(self, column, row, 8, style) end
    end
  end
end

function Text:patch(x, y, style)
  for i = 0, self.swatch - 1 do put_block(self, floor(x) + i, floor(y), 8, style) end
end

function Text.bar_share(wide, n)
  local whole = math.max(1, floor(wide / n)) * n -- characters that the bars of a group take
  return wide >= whole + 1 and whole / wide or n == 1 and wide >= 2 and floor(wide / 2) / wide or 1
end

local SHADES <const> = { [true] = { " ", "░", "▒", "▓", "█" }, [false] = { " ", ".", ":", "+", "#" } }

function Text:shade(x, y, w, h, share)
  for row = floor(y + 0.5), floor(y + h + 0.5) - 1 do
    for column = floor(x + 0.5), floor(x + w + 0.5) - 1 do
      local place = place_of(self, column, row)
      if place and self.coloured then
        self.grounds[place] = colours.heat(share)
      elseif place then
        local shade = share > 0 and math.min(5, 1 + math.ceil(share * 4)) or 1
        self.letters[place] = { letter = SHADES[self.unicode][shade] }
      end
    end
  end
end

--- What a text on a shade is written in.
function Text:on_shade(share, faint)
  if not self.coloured then return nil end
  return faint and 0x8a94a0 or colours.on(colours.heat(share))
end

local RAMP <const> = " .:-=+*#%@" -- from dark to bright

local function brightness(colour)
  local r, g, b = colours.parts(colour)
  return (0.299 * r + 0.587 * g + 0.114 * b) / 255
end

function Text:picture(x, y, w, h, picture)
  local left, top = floor(x + 0.5), floor(y + 0.5)
  local columns, rows = math.max(1, floor(w + 0.5)), math.max(1, floor(h + 0.5))
  local halves = self.coloured and self.unicode and 2 or 1
  picture = canvas.shrunk(picture, columns, halves * rows)
  local function at(column, line)
    return picture[line * picture.lines // (halves * rows) * picture.columns + column * picture.columns // columns + 1]
  end
  for row = 0, rows - 1 do
    for column = 0, columns - 1 do
      local place, colour = place_of(self, left + column, top + row), at(column, halves * row)
      if place and halves == 2 then
        self.letters[place], self.grounds[place] = { letter = "▀", ink = colour }, at(column, 2 * row + 1)
      elseif place and self.coloured then
        self.letters[place], self.grounds[place] = { letter = " " }, colour
      elseif place then
        local i = 1 + floor(brightness(colour) * 9 + 0.5)
        self.letters[place] = { letter = RAMP:sub(i, i) }
      end
    end
  end
end

-- ---- the text --------------------------------------------------------------------------------------

local BOXES <const> = { "─", "─", "─", "│", "┘", "└", "┴", "│", "┐", "┌", "┬", "│", "┤", "├", "┼" }
local SIGNS <const> = {
  [true] = { "●", "○", "+", "×", "■", "□", "▲", "△" }, [false] = { "*", "o", "+", "x", "#", "@", "%", "&" },
}
local FILLS <const> = { [true] = { "█", "▒", "▓", "░" }, [false] = { "#", "=", "+", "-" } }
local INK_OF_SERIES <const> = { 33, 208, 35, 203, 141, 45, 137, 205 } -- of the 256 colours of terminals

local function pick(list, i) return list[(i - 1) % #list + 1] end

local function ink_of(self, style) return self.coloured and "38;5;" .. pick(INK_OF_SERIES, style.symbol) or nil end

local function dot_letter(self, cell)
  if self.unicode and (self.coloured or cell.style.alone) then
    return utf8.char(0x2800 + cell.bits), ink_of(self, cell.style)
  end
  return pick(SIGNS[self.unicode], cell.style.symbol), ink_of(self, cell.style)
end

local LOWER <const> = { "▁", "▂", "▃", "▄", "▅", "▆", "▇" }
local LEFTS <const> = { "▏", "▎", "▍", "▌", "▋", "▊", "▉" }

local function block_letter(self, cell)
  local style, n = cell.style, cell.eighths
  local ink = ink_of(self, style)
  local full = self.coloured and (self.unicode and "█" or "#") or pick(FILLS[self.unicode], style.symbol)
  if n == 8 then return full, ink end
  if not self.unicode or not self.coloured and style.symbol > 1 then return n >= 4 and full or nil, ink end
  if cell.side == "up" then return LOWER[n], ink end
  if cell.side == "right" then return LEFTS[n], ink end
  if n < 2 then return cell.side == "down" and "▔" or "▕", ink end
  if n > 5 then return "█", ink end
  return cell.side == "down" and "▀" or "▐", ink
end

-- The letter of a place, and the numbers of its ANSI sequence.
local function letter_at(self, place)
  local letter, ink = nil, nil
  if self.letters[place] then letter, ink = self.letters[place].letter, self.letters[place].ink
  elseif self.dots[place] then letter, ink = dot_letter(self, self.dots[place])
  elseif self.blocks[place] then letter, ink = block_letter(self, self.blocks[place])
  elseif self.rules[place] then
    local bits = self.rules[place]
    letter = self.unicode and BOXES[bits] or bits <= 3 and "-" or bits & 3 == 0 and "|" or "+"
    ink = "90"
  end
  if not self.coloured then return letter or " ", "" end
  local parts = {}
  if ink then parts[1] = type(ink) == "number" and "38;" .. cells.colour(ink) or ink end
  if self.grounds[place] then parts[#parts + 1] = "48;" .. cells.colour(self.grounds[place]) end
  return letter or " ", table.concat(parts, ";")
end

--- The lines, without spaces at their ends.
function Text:finish()
  local lines = {}
  for row = 0, self.height - 1 do
    local parts, state, full, last = {}, "", 0, "" -- the part after which all is spaces, and the state there
    for column = 0, self.width - 1 do
      local letter, ink = letter_at(self, row * self.width + column)
      if ink ~= state and (letter ~= " " or ink:find "48;" or state:find "48;") then
        parts[#parts + 1] = state ~= "" and ink ~= "" and "\27[0;" .. ink .. "m" or "\27[" .. ink .. "m"
        state = ink
      end
      parts[#parts + 1] = letter
      if letter ~= " " or ink:find "48;" then full, last = #parts, state end
    end
    lines[#lines + 1] = table.concat(parts, "", 1, full) .. (last ~= "" and "\27[0m" or "")
  end
  return table.concat(lines, "\n")
end

return text
