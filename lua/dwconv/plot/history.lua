-- plot/history.lua: dw.plot.history: what model:fit gives, as curves over epochs: loss and val_loss in one panel, each
-- other metric with its validation in a panel of its own. Called by init.lua.
-- Invariant: a number stands at its epoch, from 1, though validation may not have run in every one.

local args = require "dwconv.args"
local colours = require "dwconv.plot.colours"
local data = require "dwconv.plot.data"
local grid = require "dwconv.plot.grid"
local lines = require "dwconv.plot.lines"
local reduce = require "dwconv.plot.reduce"
local K = require "dwconv.backend"

local kinds, raise, show = args.kinds, args.raise, args.show

local history = {}

local options = data.options({
  metrics = data.names(),
  y_scale = kinds.oneof { "linear", "log" },
  points = kinds.flag(false),
}, "(history, {options})")

--- Whether a value is a History, or a table like one: {history = {loss = {...}}}.
function history.is(v)
  if type(v) ~= "table" then return false end
  local logs = rawget(v, "history") -- a model has its History there, which is no table of lists
  return type(logs) == "table" and getmetatable(logs) == nil and type(next(logs)) == "string"
end

-- The epochs at which the numbers of a name stand.
local function epochs_of(h, name, n)
  local epochs, places = rawget(h, "epoch"), rawget(h, "places")
  local list = {}
  local known = type(epochs) == "table" and type(places) == "table" and places[name]
  for _, epoch in ipairs(known and epochs or {}) do
    if known[epoch] and known[epoch] <= n then list[known[epoch]] = epoch end
  end
  if #list ~= n then
    for i = 1, n do list[i] = i end
  end
  return list
end

-- The names of the panels: "loss" first.
local function panels_of(logs)
  local seen, list = {}, {}
  for name in pairs(logs) do
    local base = tostring(name):gsub("^val_", "")
    if not seen[base] then seen[base], list[#list + 1] = true, base end
  end
  table.sort(list, function(a, b)
    if (a == "loss") ~= (b == "loss") then return a == "loss" end
    return a < b
  end)
  return list
end

local function wanted(logs, metrics)
  local known = panels_of(logs)
  if not metrics then return known end
  if #metrics == 0 then raise "metrics must name at least one metric, got an empty table" end
  local list, seen = {}, {}
  for _, name in ipairs(metrics) do
    local base = name:gsub("^val_", "")
    if not logs[name] and not logs["val_" .. name] then
      raise("the history has no metric %s%s", show(name), args.hint(name, known))
    end
    if not seen[base] then seen[base], list[#list + 1] = true, base end
  end
  return list
end

local function panel(h, logs, base, o, title)
  local list = {}
  for k, name in ipairs { base, "val_" .. base } do
    local values = logs[name]
    if values ~= nil then
      local s = data.series("history." .. name, values)[1]
      if o.y_scale == "log" and s.lo <= 0 then
        raise('y_scale = "log" needs numbers above 0, but history.%s has %s', name, show(s.lo))
      end
      local epochs = K.constant(epochs_of(h, name, s.n), { dtype = "float64" })
      s.name, s.style = name, { colour = colours.series(k), symbol = k }
      s.runs, s.scattered = reduce.runs(s.numbers, epochs, o.points)
      s.numbers = nil
      list[#list + 1] = s
    end
  end
  if #list == 1 then list[1].style.alone = true end
  return lines.chart(list, { title = title, x_label = "epoch", y_scale = o.y_scale, points = o.points })
end

--- The curves of a training: history is what model:fit gives. Options: metrics (which; all if left out), title, y_scale
--- ("linear", "log"), points (false).
---@param h table
---@param given? table
history.history = args.speaking("plot.history", function(h, given, ...)
  local o = options(given, ...)
  if not history.is(h) then
    local empty = type(h) == "table" and type(rawget(h, "history")) == "table"
    if empty then raise "history has no epoch yet" end
    raise("history must be what model:fit gives, got %s", show(h))
  end
  local logs, plots = rawget(h, "history"), {}
  local names = wanted(logs, o.metrics)
  for i, base in ipairs(names) do plots[i] = panel(h, logs, base, o, #names > 1 and base or o.title) end
  return #plots == 1 and plots[1] or grid.of(plots, nil, o.title)
end)

return history
