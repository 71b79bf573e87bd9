-- plot/init.lua: dw.plot, charts: lines, bars, histograms, pictures and confusion matrices, in the terminal, as SVG and as
-- PNG. The functions give plots (plot.lua); dw.plot itself can be called, and picks one by what it is given.

local lines = require "dwconv.plot.lines"
local lookup = require "dwconv.lookup"

local room = lookup.strict({ lines = lines.lines }, "dw.plot", "dw.plot, charts:")

return room
