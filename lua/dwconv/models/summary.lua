-- models/summary.lua: Keras's table of a model: layers, shapes of what they give, parameters. Its function is a method
-- of Model and Sequential.

local args = require "dwconv.args"
local graph = require "dwconv.graph"
local layer = require "dwconv.layers.layer"

local summary = {}

local function thousands(n)
  local text = ("%d"):format(n)
  local rest = #text % 3
  local parts = { rest > 0 and text:sub(1, rest) or nil }
  for i = rest + 1, #text, 3 do parts[#parts + 1] = text:sub(i, i + 2) end
  return table.concat(parts, ",")
end

summary.thousands = thousands

-- "n, 14, 14, 64": the batch is n.
local function shape_text(values)
  local list = {}
  for i, v in ipairs(values) do
    list[i] = "(n" .. (#v.shape > 1 and ", " .. table.concat(v.shape, ", ", 2) or "") .. ")"
  end
  return table.concat(list, " ")
end

local function class_of(key)
  if not layer.is_layer(key) then return key.kind == "input" and "Input" or "K." .. key.record.name end
  return getmetatable(key).class.name
end

local function name_of(key) return layer.is_layer(key) and key.name or graph.name(key) end

local function count(list)
  local n = 0
  for _, t in ipairs(list) do n = n + t.size end
  return n
end

-- The values that a layer gave, or a node, within the steps of a model.
local function values_of(self, key)
  if not layer.is_layer(key) then return key.results end
  for _, step in ipairs(self.steps) do
    if step.node.layer == key then return step.node.results end
  end
  return {}
end

local function inputs_of(self, key)
  local names = {}
  for _, step in ipairs(self.steps) do
    if step.node == key or step.node.layer == key then
      for _, v in ipairs(graph.parents(step.node)) do names[#names + 1] = graph.name(v.node) end
    end
  end
  return table.concat(names, ", ")
end

-- Whether layers follow each other, so that a column of what goes in says nothing.
local function is_chain(self)
  local readers = {}
  for _, step in ipairs(self.steps) do
    local parents = graph.parents(step.node)
    if #parents ~= 1 then return false end
    readers[parents[1]] = (readers[parents[1]] or 0) + 1
    if readers[parents[1]] > 1 then return false end
  end
  return true
end

local function lay_out(rows, heads)
  local widths = {}
  for c, head in ipairs(heads) do
    widths[c] = utf8.len(head)
    for _, row in ipairs(rows) do widths[c] = math.max(widths[c], #(row[c] or "")) end
  end
  local lines = {}
  local function add(row)
    local parts = {}
    for c in ipairs(heads) do parts[c] = (row[c] or "") .. (" "):rep(widths[c] - #(row[c] or "")) end
    lines[#lines + 1] = (table.concat(parts, "  "):gsub("%s+$", ""))
  end
  local total = 2 * (#heads - 1)
  for _, w in ipairs(widths) do total = total + w end
  add(heads)
  lines[2] = ("="):rep(total)
  for _, row in ipairs(rows) do add(row) end
  lines[#lines + 1] = ("="):rep(total)
  return lines
end

local function totals(self, lines)
  local trainable, all = count(self.trainable_weights), count(self.weights)
  lines[#lines + 1] = "Total params: " .. thousands(all)
  lines[#lines + 1] = "Trainable params: " .. thousands(trainable)
  lines[#lines + 1] = "Non-trainable params: " .. thousands(all - trainable)
end

local function row_of(self, key, with_inputs)
  local parameters = layer.is_layer(key) and key.built and thousands(key:count_params()) or "0"
  return { ("%s (%s)"):format(name_of(key), class_of(key)), shape_text(values_of(self, key)), parameters,
    with_inputs and inputs_of(self, key) or nil }
end

-- Rows up to the layer that does not fit, and why; for a Sequential that is not built.
local function rows_so_far(self, shape)
  local rows = {}
  local x = graph.within(graph.input, shape, self.dtype)
  for _, element in ipairs(self.stack) do
    local fine, y = pcall(graph.within, element, x)
    if not fine then
      rows[#rows + 1] = { ("%s (%s)"):format(element.name, class_of(element)), "does not fit", "" }
      return rows, y
    end
    x = y
    rows[#rows + 1] = { ("%s (%s)"):format(element.name, class_of(element)), shape_text { graph.value(x) },
      thousands(element:count_params()) }
  end
  return rows
end

local HEADS <const> = { "Layer (type)", "Output shape", "Param #" }

--- The table of the layers as a text. Of a Sequential that is not built, `shape` may say the shape of a sample; if a
--- layer does not fit, the rows up to it are printed, then its error is raised.
---@param shape? integer[]
---@return string
function summary.summary_text(self, shape)
  local lines = { ('Model: "%s"'):format(self.name) }
  if not self.built and rawget(self, "stack") then
    if not shape then
      args.raise("%s is not built yet: give the shape of a sample, model:summary{28, 28, 1}", self.name)
    end
    local rows, why = rows_so_far(self, shape)
    if why then
      print(table.concat(table.move(lay_out(rows, HEADS), 1, #rows + 3, 2, lines), "\n"))
      error(why, 0)
    end
    self:build(shape)
  end
  local chain = is_chain(self)
  local heads, rows = { table.unpack(HEADS) }, {}
  if not chain then heads[4] = "Connected to" end
  for _, key in ipairs(self.elements) do
    if layer.is_layer(key) or not rawget(self, "stack") then rows[#rows + 1] = row_of(self, key, not chain) end
  end
  for _, line in ipairs(lay_out(rows, heads)) do lines[#lines + 1] = line end
  totals(self, lines)
  return table.concat(lines, "\n")
end

--- Prints the table of the layers, as Keras's.
summary.summary = args.speaking("summary", function(self, shape) print(summary.summary_text(self, shape)) end)

return summary
