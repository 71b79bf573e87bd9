-- plot/colours.lua: the colours of charts, as whole numbers 0xRRGGBB. Called by all that draws.
-- Invariant: neighbours among the series differ in lightness too, so that readers who do not tell red from green, and
-- prints without colours, keep them apart.

local colours = {
  ink = 0x222222, -- titles
  label = 0x4a4a4a, -- other texts
  axis = 0x8a8a8a,
  grid = 0xe6e6e6,
  paper = 0xffffff,
}

local SERIES <const> = { 0x1f66b0, 0xe58606, 0x178a6b, 0xc23b4e, 0x7a4fa3, 0x56b1e0, 0x8a6a2f, 0xd673b3 }

--- The colour of a series, from 1; of many they come again.
function colours.series(i) return SERIES[(i - 1) % #SERIES + 1] end

function colours.parts(colour) return colour >> 16, colour >> 8 & 255, colour & 255 end

--- The colour between two: a where part is 0, b where it is 1.
function colours.mix(a, b, part)
  local mixed = 0
  for shift = 16, 0, -8 do
    local from, to = a >> shift & 255, b >> shift & 255
    mixed = mixed << 8 | math.floor(from + (to - from) * part + 0.5)
  end
  return mixed
end

local HEAT <const> = { 0xf4f8fc, 0xc5dbef, 0x7fb2dc, 0x3a80bf, 0x174f8f, 0x0b2c58 } -- from little to much

--- The colour of a share from 0 to 1 in a heat map.
function colours.heat(share)
  local at = math.min(math.max(share, 0), 1) * (#HEAT - 1)
  local i = math.min(math.floor(at), #HEAT - 2)
  return colours.mix(HEAT[i + 1], HEAT[i + 2], at - i)
end

--- Black or white: what is read well on a colour.
function colours.on(colour)
  local r, g, b = colours.parts(colour)
  return 0.299 * r + 0.587 * g + 0.114 * b > 140 and colours.ink or colours.paper
end

--- "#1f66b0".
function colours.hex(colour) return ("#%06x"):format(colour) end

return colours
