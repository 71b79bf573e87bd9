-- plot/init.lua: dw.plot, charts: lines, bars, histograms, pictures and confusion matrices, in the terminal, as SVG and
-- as PNG. The functions give plots (plot.lua). dw.plot itself can be called, and picks the chart by what it is given.

local args = require "dwconv.args"
local bars = require "dwconv.plot.bars"
local confusion = require "dwconv.plot.confusion"
local grid = require "dwconv.plot.grid"
local histogram = require "dwconv.plot.histogram"
local history = require "dwconv.plot.history"
local images = require "dwconv.plot.images"
local lines = require "dwconv.plot.lines"
local lookup = require "dwconv.lookup"

local is_tensor = args.check.is_tensor

local room = lookup.strict({
  lines = lines.lines, history = history.history, bars = bars.bars, histogram = histogram.histogram,
  images = images.images, confusion = confusion.confusion, grid = grid.grid,
}, "dw.plot", "dw.plot, charts; dw.plot(x) picks one:")

-- Whether a value is numbers for lines: of one or two axes, a list, or several by name.
local function are_numbers(x)
  if is_tensor(x) then return x.ndim == 1 or x.ndim == 2 end
  if type(x) ~= "table" or getmetatable(x) then return false end
  local _, first = next(x)
  return type(first) == "number" or type(first) == "table" or is_tensor(first)
end

--- The chart that suits x: a History its curves, a model or a layer the histograms of its weights, pictures a grid,
--- numbers lines. Options are that chart's.
getmetatable(room).__call = args.speaking("plot", function(_, x, ...)
  if history.is(x) then return history.history(x, ...) end
  if histogram.variables(x) then return histogram.histogram(x, ...) end
  if images.are(x) then return images.images(x, ...) end
  if are_numbers(x) then return lines.lines(x, ...) end
  args.raise("x must be a History, a model, a layer, a tensor of one to four axes, a table of numbers, or tables of "
    .. "these by name, got %s", args.show(x))
end)

return room
