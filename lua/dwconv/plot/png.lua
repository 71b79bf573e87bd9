-- plot/png.lua: a picture as the bytes of a PNG in base64, for svg.lua. dw.io.image writes it, into a temporary file.

local base64 = require "dwconv.io.base64"
local colours = require "dwconv.plot.colours"
local image = require "dwconv.io.image"
local ops = require "dwconv.ops"

local png = {}

local removed = { __close = function(names)
  for _, name in ipairs(names) do os.remove(name) end
end }

--- The PNG of a picture {lines =, columns =, colours row by row}, in base64. An error says what to install where libpng
--- is missing.
---@param picture table
---@return string
function png.base64(picture)
  local samples = {}
  for i = 1, picture.lines * picture.columns do samples[i] = string.char(colours.parts(picture[i])) end
  local pixels = ops.calls.from_bytes(table.concat(samples), { picture.lines, picture.columns, 3 }, { dtype = "uint8" })
  local taken = os.tmpname() -- which makes the file, so that nobody else takes its name
  local names <close> = setmetatable({ taken, taken .. ".png" }, removed)
  image.write(names[2], pixels)
  local f <close> = assert(io.open(names[2], "rb"))
  return base64.encode(f:read "a")
end

return png
