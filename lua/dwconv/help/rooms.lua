-- help/rooms.lua: the reference of the classes of dw.layers, dw.optimizers and their like, made from their records, and
-- what dw.help says of each of these rooms. Called by help/init.lua, which prints, and by annotations.lua.

local args = require "dwconv.args"
local classes = require "dwconv.classes"
local lookup = require "dwconv.lookup"

local rooms = {}

-- A room: its name in dw, its registry, what it is about, how it is used, and an example, as records have them.
local function room(name, registry, about, text, example)
  rooms[#rooms + 1] = { name = "dw." .. name, registry = registry, about = about, text = text, example = example }
end

room("layers", require("dwconv.layers").registry, "layers of networks", [[
A layer is made of one table: its first options may stand by position. It is called with a tensor, or with a list of
them; its weights are made at the first call, or by layer:build(shape), where shapes leave the batch out.]], [[
layer = dw.layers.Dense { 3, activation = "relu", kernel_initializer = "ones" }
print(layer(dw.ones { 1, 4 }))]])

room("initializers", require "dwconv.initializers", "first values of weights", [[
An initializer is called with a shape and a dtype. Options of layers take one, its name ("he_normal"), or a function of
a shape and a dtype.]],
  [[
print(dw.initializers.HeNormal { seed = 1 }({ 2, 3 }))]])

room("regularizers", require "dwconv.regularizers", "what large weights cost", [[
A regularizer is called with a weight and gives a number, which training adds to the loss. Options of layers take one,
its name ("l2"), or a function.]], [[
print(dw.regularizers.L2 { 0.1 }(dw.tensor { 3, 4 }))]])

room("constraints", require "dwconv.constraints", "what weights are brought to", [[
A constraint is called with a weight and gives the nearest that it allows; training writes that back after each step.]],
  [[
print(dw.constraints.NonNeg {}(dw.tensor { 3, -4 }))]])

room("losses", require "dwconv.losses", "what training makes small", [[
A loss is called with y_true and y_pred, and { sample_weight = } after them, and gives a number by its option
reduction. dw.losses.mean_squared_error(y_true, y_pred) and its like give the losses of samples. A function of y_true
and y_pred that does so may stand for a loss, and a name ("mse").]], [[
print(dw.losses.SparseCategoricalCrossentropy {}({ 2, 1 }, { { 0.25, 0.75 }, { 0.5, 0.5 } }))
print(dw.losses.mse({ { 1, 2 } }, { { 1, 4 } }))]])

room("metrics", require "dwconv.metrics", "what training watches", [[
metric:update_state(y_true, y_pred, sample_weight) adds a batch, metric:result() gives the result so far, a Lua number,
and metric:reset_state() begins anew. To compile, "accuracy" and "crossentropy" are of the kind that the labels are.]], [[
metric = dw.metrics.BinaryAccuracy {}
metric:update_state({ 1, 0 }, { 0.9, 0.2 })
metric:update_state({ 1, 1 }, { 0.9, 0.2 })
print(metric:result())]])

room("optimizers", require "dwconv.optimizers", "how weights follow gradients", [[
optimizer:apply_gradients{ { gradient, variable }, ... } makes one step, optimizer:minimize(f, variables) computes the
gradients first. learning_rate is a number, which may be set at any time, a schedule or a function of the steps made.]],
  [[
x = dw.tensor { 3, -2 }
optimizer = dw.optimizers.SGD { 0.25 }
optimizer:minimize(function() return K.sum(x * x) end, x)
print(x)]])

room("optimizers.schedules", require "dwconv.optimizers.schedules", "learning rates that follow the steps made", [[
A schedule is called with the number of steps made and gives a number.]], [[
print(dw.optimizers.schedules.ExponentialDecay { 0.1, 10, 0.5 }(20))]])

room("callbacks", require("dwconv.callbacks").registry, "what happens while a model trains", [[
fit calls the methods of callbacks at its turns: on_train_begin, on_epoch_end(epoch, logs) and so on, where epochs and
batches count from 1. A table with such methods is a callback too, and dw.callbacks.Callback "Name" { ... } makes a
class of them.]], [[
stop = dw.callbacks.EarlyStopping { "loss", patience = 2, restore_best_weights = true }
print(stop)]])

local function sorted_names(t)
  local names = {}
  for name in pairs(t) do names[#names + 1] = name end
  table.sort(names)
  return names
end

-- ---- one class -----------------------------------------------------------------------------------

local function default_text(kind)
  if kind.current then return "default K's setting, at first " .. args.show(kind.first) end
  local d = kind.default
  if d ~= nil then
    if type(d) == "table" and d[1] ~= nil and d[1] == d[2] then d = d[1] end
    return "default " .. (type(d) == "table" and rawlen(d) == 0 and "{}" or args.show(d))
  end
  if kind.optional then return kind.default_text and "default " .. kind.default_text or "may be left out" end
  return "must be given"
end

-- Other words by which options and compile find the class.
local function strings_of(registry, class)
  local list = {}
  local snake = classes.snake(class.name)
  if snake ~= class.name then list[1] = snake end
  for _, name in ipairs(sorted_names(registry.aliases)) do
    if registry.aliases[name].class == class and name ~= snake then list[#list + 1] = name end
  end
  for i, name in ipairs(list) do list[i] = ("%q"):format(name) end
  return list
end

--- The reference text of a class.
---@param class table
---@return string
function rooms.text(class)
  local registry, lines = class.registry, {}
  local function add(line) lines[#lines + 1] = line end
  local given = table.move(class.leading, 1, #class.leading, 1, {})
  if #class.order > #given then given[#given + 1] = "options" end
  add(("%s.%s{ %s }"):format(registry.namespace, class.name, table.concat(given, ", ")):gsub("{  }", "{}") .. "\n")
  add(class.doc or "A class of a script.")
  if #class.order > 0 then add "\nOptions" end
  for _, name in ipairs(class.order) do
    local kind = class.options[name]
    add(("  %-24s %s; %s"):format(name, kind.expected or kind.words or "anything", default_text(kind)))
  end
  local strings = strings_of(registry, class)
  if #strings > 0 then add("\nAs a string: " .. table.concat(strings, ", ")) end
  return table.concat(lines, "\n")
end

--- The text of a room; `printed` is what its example prints, if that is wanted.
function rooms.about(r, printed)
  local example = "Example\n  " .. r.example:gsub("\n", "\n  ")
  if printed then example = example .. "\n  --> " .. printed:gsub("\n", "\n  --> ") end
  local names = lookup.lines(sorted_names(r.registry.classes), "  ")
  return ("%s, %s:\n%s\n\n%s\n\n%s"):format(r.name, r.about, names, r.text, example)
end

--- The classes of a room, in the order of their names: { name =, text = }.
function rooms.entries(r)
  local list = {}
  for i, name in ipairs(sorted_names(r.registry.classes)) do
    list[i] = { name = name, text = rooms.text(r.registry.classes[name]) }
  end
  return list
end

-- ---- finding -------------------------------------------------------------------------------------

--- The text for a room or a class by the name that a script writes: "dw.optimizers", "dw.optimizers.Adam", "Adam". Of
--- a class that several rooms have, the texts of all.
---@param name string
---@return string?
function rooms.find(name)
  local texts = {}
  for _, r in ipairs(rooms) do
    if name == r.name then return rooms.about(r) end
    for class_name, class in pairs(r.registry.classes) do
      local full = r.name .. "." .. class_name
      if name == class_name or name == full or "dw." .. name == full then texts[#texts + 1] = rooms.text(class) end
    end
  end
  return #texts > 0 and table.concat(texts, "\n\n") or nil
end

--- The text of a room by its name without dw, where nothing else is called so.
function rooms.find_short(name)
  for _, r in ipairs(rooms) do
    if "dw." .. name == r.name then return rooms.about(r) end
  end
end

--- The class that a value is, or is an instance of.
function rooms.class_of(v)
  if classes.is_instance(v) then return getmetatable(v).class end
  local meta = type(v) == "table" and getmetatable(v)
  return type(meta) == "table" and meta.__name == "dwconv.class" and v or nil
end

--- The names of all classes, for hints.
function rooms.names()
  local names = {}
  for _, r in ipairs(rooms) do
    for name in pairs(r.registry.classes) do names[#names + 1] = name end
  end
  return names
end

return rooms
