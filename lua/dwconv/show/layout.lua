-- show/layout.lua: how large the tiles of a picture are drawn, how many stand side by side, and how many there is room
-- for. Pure arithmetic; init.lua calls it.
-- Invariant: no layout is wider or higher than the room that it is given.

local layout = {}

local ALONE <const>, AMONG <const> = 32, 16 -- columns up to which tiles are enlarged: one alone, one of many
local LEAST_SMALL <const> = 6 -- columns that a tile is not enlarged beyond if then all are seen
local SMOOTH <const> = 24 -- columns up to which larger tiles, of many, are enlarged where cells have many pixels
local LEAST <const> = 12 -- columns below which larger tiles are not shrunk to show more of them
local CRISP <const> = 32 -- pixels: tiles up to this size have squares for pixels, larger ones are smooth

local function ceiling(a, b) return -(-a // b) end

-- The size of a tile for `scale` pixels of the screen for one of its own.
local function sized(room, h, w, scale)
  local cell = room.cell
  local height = math.max(1, math.floor(h * scale / cell.aspect + 0.5))
  local width = math.max(1, math.floor(w * scale + 0.5))
  return { height = height, width = width, columns = ceiling(width, cell.across), lines = ceiling(height, cell.down) }
end

-- The scales that may be, from the largest: whole factors, then less than one, a column less each.
local function scales(room, h, w)
  local across, list = room.cell.across, {}
  local longest, step = math.max(h, w), room.cell.aspect
  local most = (room.count == 1 and ALONE or AMONG) * across // longest
  local least = math.min(most, ceiling(LEAST_SMALL * across, longest))
  if longest > CRISP and room.count > 1 and across > 1 then
    for columns = SMOOTH, ceiling(w, across) + 1, -1 do list[#list + 1] = columns * across / w end
  end
  for factor = most // step * step, math.max(least, 2), -step do
    if longest <= CRISP or room.count == 1 and across > 1 then list[#list + 1] = factor end
  end
  if least <= 1 or #list == 0 then list[#list + 1] = 1 end
  for columns = math.min(ceiling(w, across) - 1, room.columns), room.count == 1 and 1 or LEAST, -1 do
    if least <= 1 then list[#list + 1] = columns * across / w end
  end
  return list
end

-- How many tiles of this size there is room for.
local function arranged(room, tile)
  local pitch = math.max(tile.columns, room.label) + (room.count > 1 and 1 or 0)
  local label = room.label > 0 and 1 or 0
  local per_line = (room.columns + (room.count > 1 and 1 or 0)) // pitch
  local lines = room.rows // (tile.lines + label)
  if room.group < per_line then per_line = per_line // room.group * room.group end
  per_line = math.min(per_line, room.count)
  tile.pitch, tile.per_line, tile.fit = pitch, per_line, per_line * lines
  tile.shown = math.min(room.count, tile.fit)
  return tile
end

-- One tile, as large as the room is.
local function filling(room, h, w)
  local cell, high = room.cell, room.rows - (room.label > 0 and 1 or 0)
  local scale = math.min(room.columns * cell.across / w, math.max(1, high) * cell.down * cell.aspect / h)
  if scale > 1 and math.max(h, w) <= CRISP then scale = math.max(1, scale // cell.aspect * cell.aspect) end
  if room.most then scale = math.min(scale, math.sqrt(room.most / (w * h))) end
  local tile = sized(room, h, w, scale)
  tile.width = math.min(tile.width, room.columns * cell.across)
  tile.height = math.min(tile.height, math.max(1, high) * cell.down)
  tile.columns, tile.lines = ceiling(tile.width, cell.across), ceiling(tile.height, cell.down)
  return arranged(room, tile)
end

--- How tiles of h x w pixels are laid out.
---@param room table columns, rows: the room; cell: as screen.size gives it; count: tiles; group: how many belong side
--- by side; label: the longest label's letters, 0 for none; fill: whether one tile fills the room; most: pixels that a
--- picture may have
---@param h integer
---@param w integer
---@return table # of each tile: height and width in pixels, columns and lines in cells; pitch: columns from one to the
--- next; per_line: tiles side by side; shown: how many are
function layout.of(room, h, w)
  if room.fill and room.count == 1 then return filling(room, h, w) end
  local best
  for _, scale in ipairs(scales(room, h, w)) do
    local tile = arranged(room, sized(room, h, w, scale))
    local small = not room.most or tile.height * tile.width * tile.shown <= room.most
    if tile.shown > 0 and small then
      best = tile
      if tile.shown == room.count then return tile end
    end
  end
  return best or filling(room, h, w)
end

--- How cells of text are laid out, `columns` x `lines` for each tile; nil if not a single one has room.
---@param room table
---@param columns integer
---@param lines integer
---@return table?
function layout.of_cells(room, columns, lines)
  local tile = arranged(room, { columns = columns, lines = lines })
  return tile.shown > 0 and tile or nil
end

layout.CRISP = CRISP

return layout
