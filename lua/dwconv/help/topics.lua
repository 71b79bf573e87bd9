-- help/topics.lua: what dw.help explains besides the records: tensors' own methods and fields, indexing, tapes,
-- composition, threads and what else the namespace has. Read by init.lua, which prints them and puts them into the
-- reference. A topic: its name; `also`, other names it is asked by; `use`, how it is written; `text`; an `example` that
-- prints the same every time, with dw and K at hand.

local function topic(name, use, text, example, also)
  return { name = name, use = use, text = text, example = example, also = also or {} }
end

local topics = {
  topic("tensor fields", "t.shape    t.dtype    t.ndim    t.size    #t", [[
The shape is a table of sizes, which prints as 2x3 and whose [-1] is the last size; dtype is a string; ndim counts the
axes, size the elements; #t is the size of the first axis.]],
    [[
t = dw.zeros { 2, 3 }
print(t.shape, t.shape[-1], t.dtype, t.ndim, t.size, #t)]], { "shape", "ndim", "size", "#", "fields" }),
  topic("indexing", "t[i]    t(i, j)    t[{ i, { first, last, step }, {} }]    t[...] = v", [[
Indices count from 1, and -1 is the last. t[i] is the part at index i of the first axis: a view, or a Lua number where
t has one axis. t(i, j, ...) takes one index for each axis. A table holds an index or a range for each axis; a range
includes both ends, and {} is all of the axis. Views share t's numbers. Assigning writes a number, a tensor or a table
there. K.index is the same as a function.]],
    [[
t = dw.tensor { { 1, 2, 3 }, { 4, 5, 6 } }
print(t[2], t(2, -1), t[{ {}, { 1, 3, 2 } }])
t[{ 1, { 1, 2 } }] = 0
print(t)]], { "[]", "t[i]", "()", "t(i, j)", "view", "slice" }),
  topic("item", "t:item()", "The number (or boolean) of a tensor of one element, as a Lua value.",
    "print(dw.tensor({ { 7 } }):item())"),
  topic("to_table", "t:to_table()", "The numbers as a nested Lua table; a tensor of rank 0 gives its number.",
    "print(#dw.zeros({ 2, 3 }):to_table(), dw.tensor({ 1, 2 }):to_table()[2])"),
  topic("to_bytes", "t:to_bytes()", "The numbers as a string, in this machine's byte order and row-major order.",
    'print(#dw.zeros({ 2, 3 }):to_bytes(), ("%q"):format(dw.tensor({ 65, 66 }, { dtype = "uint8" }):to_bytes()))'),
  topic("to_pixels", "t:to_pixels()", "Floats in 0..1, clipped, as uint8 0 to 255; NaN is 0.",
    "print(dw.tensor({ -1, 0.5, 2 }):to_pixels())"),
  topic("fill", "t:fill(value)", "Writes one number (or boolean) everywhere, also through a view; gives t.",
    "print(dw.zeros({ 3 }):fill(7))"),
  topic("copy_", "t:copy_(source)", "Writes the numbers of a tensor of the same shape and dtype; gives t.",
    "print(dw.zeros({ 2 }):copy_(dw.tensor { 1, 2 }))"),
  topic("writes", "t:writes()", "How often t's numbers were written in place, through any view of them.",
    "t = dw.zeros { 2 }\nt:fill(1)\nprint(t:writes())"),
  topic("data", [[
dw.data.batches(x, y, { batch_size = 32, shuffle = true, seed =, drop_remainder =, sample_weight = })
dw.data.image_folder(path, { size = {h, w}, ... })    for x, y in data:epoch() do    #data]], [[
Batches of samples: of arrays, whose first axis counts the samples, or of the pictures in a folder that has a folder for
each class; these are read when their batch is due. #data is how many batches an epoch has. data:epoch(n) iterates over
the batches of epoch n, whose order a seed repeats; data:epoch() and data() are the next one. fit takes such an object
in place of arrays.
A folder of pictures takes also color_mode ("rgb", "grayscale", "rgba"), label_mode ("int" from 1, "categorical",
"none"), interpolation, class_names, and validation_split with subset ("training", "validation").]],
    [[
x, y = dw.arange(5, { dtype = "float32" }), dw.arange(5)
data = dw.data.batches(x, y, { batch_size = 2, shuffle = false })
for a, b in data:epoch() do print(#data, a, b) end]], { "batches", "image_folder", "dw.data" }),
  topic("operators", "a + b    a - b    a * b    a / b    a // b    a % b    a ^ b    -a", [[
Arithmetic number by number, with NumPy's broadcasting: the functions add, subtract, multiply, divide, floor_divide,
mod, power and negative. == is Lua's identity; K.equal and its like compare. A tensor cannot be joined to a string
with ..; t:item() is its number, tostring(t) its text.]],
    "print((dw.tensor { 7, -7 } // 2) * 10 + 1)", { "arithmetic", "==", "broadcasting" }),
  topic("tape", "tape, results... = dw.record(f, ...)\ntape:gradients(loss, variables, { output_gradients = })", [[
A tape records the calls of ops while f runs. tape:gradients gives the gradient of loss (summed, if it is more than
one number) with respect to a tensor, or a table with those of a table of tensors: zeros for what loss does not reach.
It may be called more than once, and is itself recorded by the tapes around it, for higher derivatives. dw.no_grad(f)
computes without recording, K.stop_gradient lets nothing flow through, dw.gradcheck compares with differences.]],
    [[
x = dw.tensor { 1, 2, 3 }
tape, loss = dw.record(function() return K.sum(x ^ 3) end)
print(tape:gradients(loss, x))]], { "tape:gradients", "gradient", "autograd" }),
  topic("ops", [[
dw.ops.NAME{ what is bound }    f >> g    f + g    f * g    f .. g
dw.ops.parallel{...}    dw.ops.residual(f)]], [[
An op as a value: arguments and options are bound by name, and it is called over the rest. f >> g feeds g's open
argument with f's result, f + g and f * g combine two results, f .. g joins them on the channel axis, parallel gives
the result of each, residual(f) is x + f(x). A Lua function may stand for an op. f:parameters() lists the float
tensors bound in it.]],
    [[
f = dw.ops.multiply { b = 2 } >> dw.ops.add { b = 1 }
print(f, f(dw.tensor { 1, 2 }))]], { "compose", ">>", "..", "parallel", "residual", "parameters", "dw.ops" }),
  topic("threads", "dw.threads()    dw.set_threads(n)", [[
How many threads a call may use, of this Lua state: at first the least of the CPU affinity, the cgroup's quota and
OMP_NUM_THREADS. Results do not depend on it, to the bit.]],
    "n = dw.threads()\ndw.set_threads(1)\nprint(dw.threads())\ndw.set_threads(n)", { "set_threads" }),
  topic("info", "dw.info()", [[
What this build and machine are: a table that prints, with version, isa (the instruction set in use: base, avx2 or
avx512; the environment variable DWCONV_ISA asks for less), threads, memory (bytes a state may hold), images (the
libraries), compiler and lua.]],
    "print(type(dw.info().isa))", { "version", "isa" }),
  topic("clock", "dw.clock()", "Seconds of wall time since some start, for timing.",
    "start = dw.clock()\nprint(dw.clock() >= start)"),
  topic("time", "dw.time(f, { seconds = 0.5, times = })", [[
How long f() takes: a table that prints, with least and median, in seconds, and n, how many calls there were. It goes on
for so many seconds, or makes so many calls; very short ones are timed some at a time. Ctrl-C ends it with an error.]],
    "t = dw.time(function() return K.sum(dw.ones { 1000 }) end, { times = 10 })\nprint(t.n, t.least <= t.median)",
    { "timing", "timeit", "dw.time" }),
  topic("help", "dw.help()    dw.help \"name\"    dw.help(f)", [[
Prints what there is, or the reference of one function, family or topic, given by its name as a script writes it, or
by the function itself.]],
    'dw.help "clock"'),
}

for _, more in ipairs { require "dwconv.help.model_topics"(topic), require "dwconv.help.plot_topics"(topic) } do
  table.move(more, 1, #more, #topics + 1, topics)
end

return topics
