-- show/colours.lua: numbers as colours: the range that a tensor's numbers have, maps from a range to colours, and tiles
-- in the colours of their map. init.lua calls it.
-- Invariant: what is neither NaN nor infinite decides the range; the others have colours that no map has.

local K = require "dwconv.backend"
local resample = require "dwconv.show.resample"

local colours = {}

local NAN_COLOUR <const>, INF_COLOUR <const> = { 255, 0, 255 }, { 0, 200, 0 }
local BAND <const> = 1 << 20 -- numbers looked at together, where copies are made of them

-- ---- maps ----------------------------------------------------------------------------------------

local STOPS <const> = { -- colours at equal distances, between which maps change evenly
  grey = { { 0, 0, 0 }, { 255, 255, 255 } },
  diverging = { { 8, 48, 140 }, { 67, 130, 200 }, { 245, 245, 245 }, { 216, 90, 70 }, { 128, 8, 26 } },
  heat = { { 0, 0, 4 }, { 87, 16, 110 }, { 188, 55, 84 }, { 249, 142, 9 }, { 252, 255, 164 } },
}

local maps = {}

-- A map as a tensor (256,3).
local function map_of(name)
  if maps[name] then return maps[name] end
  local stops, rows = STOPS[name], {}
  for i = 0, 255 do
    local at = i / 255 * (#stops - 1)
    local before = math.min(math.floor(at), #stops - 2)
    local a, b, share, row = stops[before + 1], stops[before + 2], at - before, {}
    for c = 1, 3 do row[c] = math.floor(a[c] + (b[c] - a[c]) * share + 0.5) end
    rows[i + 1] = row
  end
  maps[name] = K.constant(rows, { dtype = "uint8" })
  return maps[name]
end

-- ---- ranges --------------------------------------------------------------------------------------

local function each_band(t, f)
  local step = math.max(1, BAND // (t.size // t.shape[1]))
  for from = 1, t.shape[1], step do f(K.narrow(t, 1, from, math.min(step, t.shape[1] - from + 1))) end
end

local function count(mask) return K.sum(K.cast(mask, "int64")):item() end

-- The range of a tensor that holds NaN or infinite numbers.
local function range_of_some(t)
  local range = { nans = 0, infinite = 0 }
  each_band(t, function(band)
    local finite = K.isfinite(band)
    local good = count(finite)
    range.nans = range.nans + count(K.isnan(band))
    range.infinite = range.infinite + count(K.isinf(band))
    if good == 0 then return end
    local least = K.min(K.where(finite, band, math.huge)):item()
    local greatest = K.max(K.where(finite, band, -math.huge)):item()
    range.least, range.greatest = math.min(range.least or least, least), math.max(range.greatest or greatest, greatest)
  end)
  return range
end

--- The least and the greatest number of a tensor, without those that are NaN or infinite, which are counted.
---@param t dwconv.Tensor not empty
---@return { least?: number, greatest?: number, nans: integer, infinite: integer }
function colours.range(t)
  if t.dtype == "bool" then
    return { least = K.all(t):item() and 1 or 0, greatest = K.any(t):item() and 1 or 0, nans = 0, infinite = 0 }
  end
  local least, greatest = K.min(t):item(), K.max(t):item()
  if least - least ~= 0 or greatest - greatest ~= 0 then return range_of_some(t) end
  return { least = least, greatest = greatest, nans = 0, infinite = 0 }
end

--- From where to where a map goes for numbers of this range: uint8 and bool have their own; equal numbers are seen
--- beside 0.
---@param dtype string
---@param range table as colours.range gives it
---@param map string
---@param spread boolean whether uint8 goes from its own least to its greatest number, too
---@return number
---@return number
function colours.ends(dtype, range, map, spread)
  local least, greatest = range.least or 0, range.greatest or 1
  if dtype == "bool" then return 0, 1 end
  if dtype == "uint8" and not spread and map ~= "diverging" then return 0, 255 end
  if map == "diverging" then
    greatest = math.max(math.abs(least), math.abs(greatest))
    if greatest == 0 then greatest = 1 end
    return -greatest, greatest
  end
  if least == greatest then least, greatest = math.min(least, 0), math.max(greatest, 0) end
  if least == greatest then greatest = 1 end
  return least, greatest
end

-- ---- tiles ---------------------------------------------------------------------------------------

-- Makes float32 shares 0..1 of the range of a band of numbers. In float64, and halved where the range is too wide for
-- it: no number is lost.
local function shares(dtype, least, greatest)
  if dtype == "uint8" and least == 0 and greatest == 255 then
    return function(band) return K.cast(band, "float32") / 255 end
  end
  local half = greatest - least == math.huge and 0.5 or 1
  local low, span = least * half, greatest * half - least * half
  return function(band)
    return K.cast(K.clip((K.cast(band, "float64") * half - low) / span, 0, 1), "float32")
  end
end

-- Makes of a band (rows,w) or (rows,w,c) its shares, with a last axis.
local function plain(share)
  return function(band)
    local v = share(band)
    return v.ndim == 2 and K.expand_dims(v) or v
  end
end

-- The same for numbers among which some are NaN or infinite: their shares are 0, and two channels follow: 1 for finite
-- ones, 1 for NaN.
local function marked(share)
  return function(band)
    if band.ndim == 2 then band = K.expand_dims(band) end
    local finite = K.all(K.isfinite(band), { axis = 3, keepdims = true })
    local nan = K.any(K.isnan(band), { axis = 3, keepdims = true })
    local v = share(K.where(finite, band, 0))
    return K.concatenate({ v * K.cast(finite, "float32"), K.cast(finite, "float32"), K.cast(nan, "float32") },
      { axis = 3 })
  end
end

-- Colours times their alpha, and alpha.
local function faded(share)
  return function(band)
    local v = share(band)
    local alpha = K.narrow(v, 3, 4, 1)
    return K.concatenate({ K.narrow(v, 3, 1, 3) * alpha, alpha }, { axis = 3 })
  end
end

-- Squares of two greys, as lie under what is transparent.
local function checkered(height, width)
  local y, x = K.arange(0, height), K.arange(0, width)
  local odd = (K.expand_dims(y // 4, { axis = 2 }) + K.expand_dims(x // 4, { axis = 1 })) % 2
  return K.expand_dims(K.cast(odd, "float32") * 0.2 + 0.4)
end

local function mapped(v, map)
  local number = K.cast(K.round(v * 255), "int32") + 1
  return K.gather(map_of(map), K.squeeze(number, 3))
end

local function colour_of(list) return K.constant(list, { dtype = "uint8" }) end

-- Draws what is not finite over the pixels of which it is a part.
local function with_marks(pixels, finite, nan)
  local some = K.greater(1 - finite - nan, 1e-6)
  pixels = K.where(some, colour_of(INF_COLOUR), pixels)
  return K.where(K.greater(nan, 0), colour_of(NAN_COLOUR), pixels)
end

--- A tile in the colours of a map, or in its own, as uint8 (height,width,3).
---@param tile dwconv.Tensor (h,w), or (h,w,3) or (h,w,4)
---@param height integer
---@param width integer
---@param look { least: number, greatest: number, map: string, marks: boolean, crisp: boolean } marks: whether some
--- numbers may be NaN or infinite; crisp: whether pixels become squares where there are more than numbers
---@return dwconv.Tensor
function colours.pixels(tile, height, width, look)
  local share, c = shares(tile.dtype, look.least, look.greatest), tile.ndim == 3 and tile.shape[3] or 1
  local prepare = look.marks and marked(share) or c == 4 and faded(share) or plain(share)
  local v = resample.to(tile, height, width, prepare, look.crisp and "nearest" or "bilinear")
  local finite = look.marks and K.narrow(v, 3, c + 1, 1)
  local numbers = K.narrow(v, 3, 1, c)
  if c == 4 and not finite then
    numbers = K.narrow(numbers, 3, 1, 3) + (1 - K.narrow(numbers, 3, 4, 1)) * checkered(height, width)
  elseif c == 4 then
    numbers = K.narrow(numbers, 3, 1, 3)
  end
  local pixels = c == 1 and mapped(K.clip(numbers, 0, 1), look.map) or numbers:contiguous():to_pixels()
  return finite and with_marks(pixels, finite, K.narrow(v, 3, c + 2, 1)) or pixels
end

return colours
