-- plot_errors_spec.lua: what dw.plot refuses, before anything is drawn or written, and what it says then.

local dw = require "dwconv"
local support = require "support"

local refuses = support.refuses

describe("dw.plot refuses", function()
  local nan = 0 / 0
  for _, case in ipairs {
    { "lines", "ys must be a tensor, a table of numbers", { 3 } }, { "lines", "ys must have at least one number", { {} } },
    { "lines", "ys has no number that can be drawn", { { nan, math.huge } } },
    { "lines", "ys has no number that can be drawn", { { 1e301, -1e305 } } },
    { "lines", 'ys[2] must be a number, got "x"', { { 1, "x" } } },
    { "lines", "ys.b must have at least one number", { { a = { 1 }, b = {} } } },
    { "lines", 'did you mean "title"?', { { 1 }, { titel = "x" } } },
    { "lines", "ys has 2 numbers, but x has 1", { { 1, 2 }, { x = { 1 } } } },
    { "lines", "a tensor of one or two axes", { dw.zeros { 2, 2, 2 } } },
    { "lines", 'y_scale = "log" needs numbers above 0, but ys has -2', { { 1, -2 }, { y_scale = "log" } } },
    { "lines", 'did you mean "log"?', { { 1 }, { y_scale = "lgo" } } },
    { "lines", "range must be a pair", { { 1 }, { range = { 2, 1 } } } },
    { "lines", "at most 100", { dw.zeros { 101, 2 } } },
    { "lines", "labels must be 1, one for each line, got 2", { { 1 }, { labels = { 1, 2 } } } },
    { "lines", "no point whose x and y", { { 1, nan }, { x = { nan, 1 } } } }, { "lines", 'with the key "a" too', { { 3, a = 1 } } },
    { "lines", "needs a range above 0", { { 1 }, { y_scale = "log", range = { 0, 1 } } } },
    { "bars", "labels must be 2, one for each place, got 1", { { 1, 2 }, { labels = { "a" } } } },
    { "bars", "values.b has 1 numbers, but values.a has 2", { { a = { 1, 2 }, b = { 1 } } } },
    { "bars", "at most 1000", { dw.zeros { 1001 } } },
    { "bars", "labels cannot be given", { { a = 1 }, { labels = { "x" } } } },
    { "bars", 'did you mean "labels"', { { 1 }, { label = {} } } },
    { "histogram", "bins must be a whole number from 1 to 1000, got 0", { dw.zeros { 3 }, { bins = 0 } } },
    { "histogram", "x has no number that can be counted", { dw.tensor { nan } } },
    { "histogram", "x.a must be a tensor, got 3", { { a = 3 } } },
    { "histogram", "x has no weights", { dw.Sequential { dw.layers.Dense { 3 } } } },
    { "histogram", "at least one number", { dw.zeros { 0 } } },
    { "images", "got a float32 tensor 2x2x2x5", { dw.zeros { 2, 2, 2, 5 } } }, { "images", "at most 400", { dw.zeros { 401, 1, 1 } } },
    { "images", "pictures must be at least one", { {} } },
    { "images", "labels must be 2, one for each picture, got 1", { dw.zeros { 2, 2, 2 }, { labels = { 1 } } } },
    { "images", "pictures[2] must be", { { dw.zeros { 2, 2 }, 1 } } }, { "images", "all are NaN", { dw.full({ 1, 2, 2 }, nan) } },
    { "confusion", "matrix must be a square", { dw.zeros { 2, 3 } } }, { "confusion", "row 2 is {3}", { { { 1, 2 }, { 3 } } } },
    { "confusion", "at least 0", { { { 1, -2 }, { 3, 1 } } } },
    { "confusion", "y_true has 2 samples, but y_pred has 1", { { 1, 2 }, { 1 } } },
    { "confusion", "y_true holds class 0, but classes count from 1", { { 0, 1 }, { 1, 1 } } },
    { "confusion", "not all of its numbers are whole", { { 1, 1 }, { 1.5, 1 } } },
    { "confusion", "y_pred has NaN", { { 1 }, dw.full({ 1, 2 }, nan) } },
    { "confusion", "labels must be 2, one for each class, got 1", { { 1 }, { 2 }, { labels = { "a" } } } },
    { "confusion", 'did you mean "labels"?', { { 1 }, { 2 }, { label = {} } } }, { "confusion", "at most 200", { { 201 }, { 1 } } },
    { "history", "history must be what model:fit gives, got 3", { 3 } }, { "history", "history has no epoch yet", { { history = {} } } },
    { "history", 'no metric "los"; did you mean "loss"?', { { history = { loss = { 1 } } }, { metrics = { "los" } } } },
    { "grid", "takes one table", { dw.plot.bars { 1 } } }, { "grid", "plot 1 must be a plot, got 1", { { 1 } } },
    { "grid", "at least one plot", { {} } }, { "grid", 'did you mean "columns"?', { { dw.plot.bars { 1 }, colums = 2 } } },
  } do
    it(("in %s: %s"):format(case[1], case[2]), function()
      refuses(function() dw.plot[case[1]](table.unpack(case[3])) end, "plot." .. case[1] .. ": ", case[2])
    end)
  end

  it("what a plot does not have, other endings, and pictures too large", function()
    local p = dw.plot.bars { 1 }
    refuses(function() return dw.plot.line end, 'dw.plot has no "line"; did you mean "lines"?')
    refuses(function() dw.plot(3) end, "plot: x must be a History, a model", "got 3")
    refuses(function() p:sav "x.png" end, 'plot has no "sav"; did you mean "save"?')
    refuses(function() p.title = "x" end, "a plot cannot be changed")
    refuses(function() p.save "x.png" end, "call it as plot:save(...), with a colon")
    refuses(function() p:save "x.jpg" end, 'plot:save: path must end in .svg or .png, got "x.jpg"')
    refuses(function() p:save() end, "plot:save: path must be a file name, got nil")
    refuses(function() p:save("x.svg", { scale = 2 }) end, "scale is a PNG's")
    refuses(function() p:save "/no such folder/x.svg" end, "/no such folder/x.svg: No such file")
    refuses(function() p:svg { widht = 300 } end, 'did you mean "width"?')
    refuses(function() p:pixels { width = 10 } end, "width must be a whole number from 120 to 10000, got 10")
    refuses(function() p:pixels { width = 10000, height = 10000 } end, "10000x10000 pixels is too large")
    refuses(function() p:text { columns = 5 } end, "columns must be a whole number from 20")
    refuses(function() p:show(3) end, "takes nothing")
  end)
end)
