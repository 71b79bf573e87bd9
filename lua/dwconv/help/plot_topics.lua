-- help/plot_topics.lua: what dw.help explains of charts: topics, as those of topics.lua, which adds them to its own.
-- Examples ask for a text of a fixed size, so that they print the same everywhere.

return function(topic)
  return {
    topic("plot", [[
plot = dw.plot(x, { options })    dw.plot.lines    history    bars    histogram    images    confusion    grid
plot:save(path, { width =, height =, scale = })    plot:svg{ width =, height = }
plot:pixels{ width =, height =, scale = }    plot:show()    plot:text{ columns =, rows =, colours =, unicode = }]], [[
Charts. dw.plot(x) picks one: of a History its curves, of a model or a layer the histograms of its weights, of pictures
(three or four axes) a grid, of other numbers lines. A plot prints as text: lines in braille dots, bars in blocks, with
colours where the terminal has them; plain ASCII where the locale is not UTF-8, no colours with NO_COLOR or in a pipe.
plot:save writes .svg or .png, as the path ends, and replaces the file when it is complete; width and height are in
points, and scale = 2 gives a PNG of twice as many pixels. plot:show() draws a picture on a terminal that shows
pictures, else the text. What a plot shows was read when it was made: tensors may change afterwards.]], [[
plot = dw.plot({ 1, 4, 9, 16 }, { title = "squares" })
print(plot:text { columns = 40, rows = 9, colours = false, unicode = true })
path = os.tmpname() .. ".svg"
plot:save(path)
print(io.open(path):read(4))
os.remove(path)]], { "dw.plot", "chart", "charts", "plot:save", "plot:show", "plot:svg", "plot:pixels", "plot:text" }),
    topic("plot.lines", [[
dw.plot.lines(ys, { x =, title =, x_label =, y_label =, labels =, y_scale = "linear", points = false, range = })]], [[
Lines of numbers: ys is a tensor of one axis or a table of numbers; a tensor of two axes, of which each row is a line;
or a table of such by name, { loss = {...}, val_loss = {...} }. x are the places along the axis, 1 to n if left out;
labels name the lines; points = true marks each point; range is {least, largest} of y; y_scale may be "log". NaN and
infinite numbers are gaps. Of a million numbers each column of pixels shows the least and the largest.]], [[
print(dw.plot.lines({ up = { 1, 2, 3 }, down = { 3, 2, 1 } }, { x = { 0, 5, 10 } })
  :text { columns = 40, rows = 9, colours = false, unicode = true })]], { "lines" }),
    topic("plot.history", 'dw.plot.history(history, { metrics =, title =, y_scale = "linear", points = false })', [[
The curves of a training, of what model:fit gives: loss and val_loss in one panel, each other metric and its validation
in a panel of its own, over epochs from 1. metrics says which: { "loss", "accuracy" }.]], [[
history = { history = { loss = { 2, 1, 0.5, 0.3 }, val_loss = { 2.1, 1.2, 0.8, 0.7 } } }
print(dw.plot.history(history):text { columns = 40, rows = 10, colours = false, unicode = true })]],
      { "learning curve", "loss curve" }),
    topic("plot.bars", "dw.plot.bars(values, { labels =, title =, x_label =, y_label = })", [[
Bars of numbers: a tensor of one axis, a table of numbers, or one by name, { cat = 3, dog = 5 }. Of several series (a
tensor of two axes, of which each row is one, or a table of such by name) the bars at the same place stand side by side.
labels name the places.]], [[
print(dw.plot.bars({ cat = 3, dog = 5, emu = 1.5 }):text { columns = 40, colours = false, unicode = true })]],
      { "bars", "bar chart" }),
    topic("plot.histogram", "dw.plot.histogram(x, { bins =, title = })", [[
How often numbers fall between round edges: of a tensor, of tensors by name, or of each weight of a model or a layer,
in panels. A number on an edge is in the bin above it. There are at most as many bins as `bins` says. NaN and infinite
numbers are not drawn; how many there are is said below.]], [[
print(dw.plot.histogram({ 1, 2, 2, 3, 3, 3, 4, 0 / 0 }, { bins = 4 })
  :text { columns = 40, rows = 9, colours = false, unicode = true })]], { "histogram" }),
    topic("plot.images", "dw.plot.images(pictures, { labels =, columns =, range =, title = })", [[
A grid of pictures with a text below each: (n,h,w), (n,h,w,c) with 1, 3 or 4 channels, or a table of (h,w) and (h,w,c).
Whole numbers in 0..255 and floats in 0..1 are shown as they are, but from 0 to the largest number where that is below
64; other numbers from the least, black, to the largest, white. range = {black, white} says it. All pictures have the
same scale.]], [[
pictures = dw.arange(32, { dtype = "float32" }):reshape { 2, 4, 4 }
plot = dw.plot.images(pictures, { labels = { "one", "two" } })
print(plot:text { columns = 20, colours = false, unicode = false })]],
      { "images", "image grid" }),
    topic("plot.confusion", [[
dw.plot.confusion(matrix, { labels =, title = })    dw.plot.confusion(y_true, y_pred, { labels =, title = })]], [[
Which classes are taken for which: rows are the true classes, columns the predicted ones, and the title has the
accuracy. It is made of counts (classes, classes), or counted of y_true and y_pred: classes from 1 (n), or probabilities
(n, classes), of which the largest counts. A cell's shade is its share of its row.]], [[
print(dw.plot.confusion({ 1, 1, 2, 2, 2 }, { 1, 2, 2, 2, 2 }, { labels = { "cat", "dog" } })
  :text { columns = 30, rows = 8, colours = false, unicode = true })]], { "confusion", "confusion matrix" }),
    topic("plot.grid", "dw.plot.grid{ plot, plot, ..., columns =, title = }", [[
Plots side by side, in rows of equal columns. On terminals there are as many columns as fit.]], [[
p = dw.plot.bars { 1, 2 }
print(dw.plot.grid { p, p, columns = 2 }:text { columns = 100, rows = 7, colours = false, unicode = true })]],
      { "grid", "subplots" }),
  }
end
