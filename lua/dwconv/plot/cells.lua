-- plot/cells.lua: characters in the cells of a terminal: how many cells a text takes, ASCII for what a terminal without
-- Unicode cannot show, and colours as ANSI sequences have them. Called by text.lua.
-- Invariant: a clean text holds no control character, so a label cannot steer the terminal.

local colours = require "dwconv.plot.colours"

local cells = {}

local WIDE <const> = { 0x1100, 0x115f, 0x2e80, 0xa4cf, 0xac00, 0xd7a3, 0xf900, 0xfaff, 0xfe30, 0xfe6f, 0xff00, 0xff60,
  0xffe0, 0xffe6, 0x1f300, 0x1faff, 0x20000, 0x3fffd } -- pairs of first and last
local NONE <const> = { 0x0300, 0x036f, 0x200b, 0x200f, 0x202a, 0x202e, 0x2060, 0x2064, 0xfe00, 0xfe0f }

local function within(list, code)
  for k = 1, #list, 2 do
    if code >= list[k] and code <= list[k + 1] then return true end
  end
  return false
end

--- Calls f(letter, cells) for each character of a clean text.
function cells.each(text, f)
  for _, code in utf8.codes(text) do
    f(utf8.char(code), within(NONE, code) and 0 or within(WIDE, code) and 2 or 1)
  end
end

--- How many cells a clean text takes.
function cells.width(text)
  if not text:find "[\x80-\xff]" then return #text end
  local n = 0
  cells.each(text, function(_, wide) n = n + wide end)
  return n
end

local PLAIN <const> = { ["×"] = "x", ["−"] = "-", ["–"] = "-", ["…"] = "..", ["·"] = ".", ["→"] = "->", ["µ"] = "u",
  ["°"] = "o" }
local RAISED <const> = { ["⁰"] = "0", ["¹"] = "1", ["²"] = "2", ["³"] = "3", ["⁴"] = "4", ["⁵"] = "5", ["⁶"] = "6",
  ["⁷"] = "7", ["⁸"] = "8", ["⁹"] = "9", ["⁻"] = "-" }

local function ascii(text)
  local parts, raised = {}, false
  for _, code in utf8.codes(text) do
    local c = utf8.char(code)
    if RAISED[c] then
      parts[#parts + 1] = (raised and "" or "^") .. RAISED[c]
    else
      parts[#parts + 1] = code < 128 and c or PLAIN[c] or "?"
    end
    raised = RAISED[c] ~= nil
  end
  return table.concat(parts)
end

--- A text as it can be written: control characters become spaces, what is no UTF-8 becomes "?".
---@param text string
---@param unicode boolean
function cells.clean(text, unicode)
  if not text:find "[^\32-\126]" then return text end
  if not utf8.len(text) then text = text:gsub("[\x80-\xff]", "?") end
  text = text:gsub("[%z\1-\31\127]", " "):gsub("\xc2[\x80-\x9f]", " ")
  return unicode and text or ascii(text)
end

local STEPS <const> = { 0, 95, 135, 175, 215, 255 } -- of the cube of 6x6x6 colours

local function nearest(v)
  local best = 1
  for i, step in ipairs(STEPS) do
    if math.abs(step - v) < math.abs(STEPS[best] - v) then best = i end
  end
  return best - 1
end

-- Whether the terminal takes colours of 24 bits.
local function is_true()
  local value = os.getenv "COLORTERM"
  return value == "truecolor" or value == "24bit"
end

--- What follows 38; or 48; in a sequence.
function cells.colour(colour)
  local r, g, b = colours.parts(colour)
  if is_true() then return ("2;%d;%d;%d"):format(r, g, b) end
  if math.max(r, g, b) - math.min(r, g, b) < 12 and r > 3 and r < 247 then
    return ("5;%d"):format(232 + math.min(23, (r - 3) // 10))
  end
  return ("5;%d"):format(16 + 36 * nearest(r) + 6 * nearest(g) + nearest(b))
end

return cells
