-- show/screen.lua: pictures on the terminal that standard output is: how they are drawn there, how large they may be,
-- and their text. dw.show and plots draw through it.
-- Invariant: a picture is never larger than the terminal, nor than it is; the terminal is asked once in a process.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local blocks = require "dwconv.show.blocks"
local kitty = require "dwconv.show.kitty"
local modes = require "dwconv.show.modes"
local raster = require "dwconv.show.raster"
local resample = require "dwconv.show.resample"
local sixel = require "dwconv.show.sixel"
local terminal = require "dwconv.io.terminal"

local screen = {}

-- ---- the terminal --------------------------------------------------------------------------------

local facts -- what the terminal said of itself, once it did

-- Asks; what cannot be asked now, because something has been typed, is asked again the next time.
local function known_facts()
  if facts then return facts end
  local answer = terminal.ask(modes.question(os.getenv))
  local said = modes.parse(answer or "")
  if answer then facts = said end
  return said
end

--- How pictures are drawn: "kitty", "sixel", "blocks", "256", "ascii", or "none" where standard output is no terminal.
---@return string
function screen.mode()
  local forced = modes.forced(os.getenv, terminal.columns() ~= nil)
  return forced or modes.best(os.getenv, known_facts())
end

local CELL <const> = { 10, 20 } -- pixels, where the terminal does not say

--- Columns and rows, and for a mode the pixels that a cell has, and how high such a pixel is for its width.
---@param mode string
---@return { columns: integer, rows: integer, across: integer, down: integer, aspect: number }
function screen.size(mode)
  local columns, rows, width, height = terminal.size()
  local size = { columns = columns or 80, rows = rows or 24, across = 1, down = 2, aspect = 1 }
  if mode == "ascii" then size.down, size.aspect = 1, 2 end
  if mode == "kitty" or mode == "sixel" then
    local said = columns and known_facts() or {}
    size.across = said.cell_width or columns and width // columns > 0 and width // columns or CELL[1]
    size.down = said.cell_height or rows and height // rows > 0 and height // rows or CELL[2]
  end
  return size
end

-- ---- pictures ------------------------------------------------------------------------------------

local MOST_PIXELS <const> = 1 << 20 -- of a picture that is sent as pixels

--- Height and width, in pixels of the mode, of a picture that is not to pass so many columns and rows.
---@param h integer
---@param w integer
---@param size table as screen.size gives it
---@param columns integer
---@param rows integer
---@return integer
---@return integer
function screen.fitting(h, w, size, columns, rows)
  local scale = math.min(1, columns * size.across / w, rows * size.down * size.aspect / h)
  scale = math.min(scale, math.sqrt(MOST_PIXELS / w / h))
  local height, width = math.floor(h * scale / size.aspect + 0.5), math.floor(w * scale + 0.5)
  return math.max(1, height), math.max(1, width)
end

--- Pixels (h,w,3) or (h,w,4), uint8, as they are, as text; every line but the last ends with a line feed.
---@param pixels dwconv.Tensor contiguous
---@param mode string not "none"
---@return string
function screen.encode(pixels, mode)
  local image = raster.of(pixels)
  if mode == "kitty" then return kitty.text(image) end
  if mode == "sixel" then return sixel.text(image) end
  local lines = mode == "ascii" and blocks.ascii(image) or blocks.lines(image, mode == "256")
  return table.concat(lines, "\n")
end

local function to_floats(band) return K.cast(band, "float32") / 255 end

local function shrunk(pixels, size, columns, rows)
  local h, w = pixels.shape[1], pixels.shape[2]
  local height, width = screen.fitting(h, w, size, columns, rows)
  if height == h and width == w then return pixels:contiguous() end
  return resample.to(pixels, height, width, to_floats, "bilinear"):to_pixels():contiguous()
end

local function check(pixels)
  local good = args.check.is_tensor(pixels) and pixels.dtype == "uint8" and pixels.ndim == 3 and pixels.shape[3] == 3
    and pixels.size > 0
  if not good then args.raise("screen: pixels must be a uint8 tensor h,w,3, got %s", args.show(pixels)) end
end

--- A picture as a mode's text, of at most so many columns and rows.
---@param pixels dwconv.Tensor uint8 (h,w,3)
---@param mode string as `screen.mode` gives it
---@param columns integer
---@param rows integer
---@return string
function screen.text(pixels, mode, columns, rows)
  check(pixels)
  if mode == "none" then return ("picture %s %s"):format(pixels.shape, pixels.dtype) end
  return screen.encode(shrunk(pixels, screen.size(mode), columns, rows), mode)
end

--- Prints a picture as large as it is, or smaller, so that it fits the terminal with two rows to spare.
---@param pixels dwconv.Tensor uint8 (h,w,3)
---@param options? { width?: integer, mode?: string } the columns that it may have at most; how it is drawn
function screen.draw(pixels, options)
  options = options or {}
  local mode = options.mode or screen.mode()
  local size = screen.size(mode)
  local columns = math.min(options.width or size.columns, size.columns)
  print(screen.text(pixels, mode, columns, math.max(1, size.rows - 2)))
end

return screen
