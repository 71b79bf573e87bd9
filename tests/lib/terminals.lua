-- terminals.lua: what terminals do with the texts of pictures, for show_spec.lua: half blocks, sixels and kitty's protocol
-- back into pixels. Written from what the protocols say, and on nothing of lua/dwconv/show.
-- A picture is a list of rows of colours 0xRRGGBB, false where nothing was drawn.

local terminals = {}

-- ---- half blocks ---------------------------------------------------------------------------------

local STEPS <const> = { 0, 95, 135, 175, 215, 255 }

--- The colour that has this number among 256, from 16 on.
function terminals.of_256(number)
  if number >= 232 then return (8 + 10 * (number - 232)) * 0x010101 end
  local n = number - 16
  return STEPS[n // 36 + 1] << 16 | STEPS[n // 6 % 6 + 1] << 8 | STEPS[n % 6 + 1]
end

-- What an escape sequence for colours sets.
local function set(state, text)
  local n = {}
  for v in text:gmatch "%d+" do n[#n + 1] = tonumber(v) end
  local field = (n[1] == 38 or n[1] == 39) and "letter" or "ground"
  if n[1] == 0 then state.letter, state.ground = false, false
  elseif n[1] == 39 or n[1] == 49 then state[field] = false
  elseif n[2] == 2 then state[field] = n[3] << 16 | n[4] << 8 | n[5]
  elseif n[2] == 5 then state[field] = terminals.of_256(n[3])
  else error("unknown colours: " .. text) end
end

local SIGNS <const> = { ["▀"] = { "letter", "ground" }, ["▄"] = { "ground", "letter" }, [" "] = { "ground", "ground" } }

--- The pixels of lines of half blocks, and how many escape sequences there were. Fails for other signs.
function terminals.blocks(text)
  local rows, sequences = {}, 0
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local state, top, bottom, at = { letter = false, ground = false }, {}, {}, 1
    while at <= #line do
      local escape = line:match("^\27%[([%d;]*)m", at)
      local sign = line:match("^[%z\1-\127\194-\244][\128-\191]*", at)
      if escape then
        set(state, escape)
        sequences, at = sequences + 1, at + #escape + 3
      else
        local fields = assert(SIGNS[sign], "an unknown sign: " .. sign)
        top[#top + 1], bottom[#bottom + 1], at = state[fields[1]], state[fields[2]], at + #sign
      end
    end
    assert(not state.letter and not state.ground, "a line leaves colours behind")
    rows[#rows + 1], rows[#rows + 2] = top, bottom
  end
  return rows, sequences
end

-- ---- sixels --------------------------------------------------------------------------------------

local function blank(height, width)
  local rows = {}
  for y = 1, height do
    rows[y] = {}
    for x = 1, width do rows[y][x] = false end
  end
  return rows
end

local function from_percent(v) return math.floor(tonumber(v) * 255 / 100 + 0.5) end

--- The pixels of a sixel picture. Fails where it draws outside of the size that it says, or with an unknown colour.
function terminals.sixel(text)
  local width, height, body = text:match '^\27P0;1q"1;1;(%d+);(%d+)(.*)\27\\$'
  local rows, colours = blank(tonumber(height), tonumber(width)), {}
  local current, x, y, at = nil, 1, 1, 1
  while at <= #body do
    local rest = body:sub(at, at + 40)
    local number, r, g, b = rest:match "^#(%d+);2;(%d+);(%d+);(%d+)"
    local chosen, times, sign = rest:match "^#(%d+)", rest:match "^!(%d+)(.)"
    local length
    if number then
      colours[number] = from_percent(r) << 16 | from_percent(g) << 8 | from_percent(b)
      length = #rest:match "^#%d+;2;%d+;%d+;%d+"
    elseif chosen then
      current, length = assert(colours[chosen], "an unknown colour"), #chosen + 1
    elseif rest:find "^%$" then
      x, length = 1, 1
    elseif rest:find "^%-" then
      x, y, length = 1, y + 6, 1
    else
      if times then length = #times + 2 else times, sign, length = "1", rest:sub(1, 1), 1 end
      local bits = sign:byte() - 63
      assert(bits >= 0 and bits < 64, "no sixel: " .. sign)
      for _ = 1, tonumber(times) do
        for i = 0, 5 do
          if bits >> i & 1 == 1 then
            assert(rows[y + i] and rows[y + i][x] ~= nil, "a sixel outside of the picture")
            rows[y + i][x] = current
          end
        end
        x = x + 1
      end
    end
    at = at + length
  end
  return rows
end

-- ---- kitty ---------------------------------------------------------------------------------------

local LETTERS <const> = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function from_base64(text)
  local bits, have, bytes = 0, 0, {}
  for letter in text:gmatch "[^=]" do
    bits, have = (bits << 6 | assert(LETTERS:find(letter, 1, true)) - 1) & 0xFFFF, have + 6
    if have >= 8 then
      have = have - 8
      bytes[#bytes + 1] = bits >> have & 255
    end
  end
  return bytes
end

--- The pixels of a picture in kitty's protocol, and its chunks, each { keys, payload }.
function terminals.kitty(text)
  local chunks, payload = {}, {}
  local left = text:gsub("\27_G([^;]*);([^\27]*)\27\\", function(keys, part)
    chunks[#chunks + 1], payload[#payload + 1] = { keys, part }, part
    return ""
  end)
  assert(left == "", "more than chunks")
  local bytes, keys = from_base64(table.concat(payload)), chunks[1][1]
  local format, width, height = keys:match "f=(%d+)", tonumber(keys:match "s=(%d+)"), tonumber(keys:match "v=(%d+)")
  local rows, step = blank(height, width), format == "32" and 4 or 3
  assert(#bytes == step * width * height, "bytes are missing")
  for y = 1, height do
    for x = 1, width do
      local i = ((y - 1) * width + x - 1) * step
      local seen = step == 3 or bytes[i + 4] == 255
      rows[y][x] = seen and bytes[i + 1] << 16 | bytes[i + 2] << 8 | bytes[i + 3]
    end
  end
  return rows, chunks
end

return terminals
