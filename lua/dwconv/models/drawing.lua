-- models/drawing.lua: pictures of a model's graph: text for graphviz, and an SVG of its own. Its functions are methods
-- of Model and Sequential. Invariant: equal models give equal texts.

local args = require "dwconv.args"
local graph = require "dwconv.graph"
local layer = require "dwconv.layers.layer"
local network = require "dwconv.models.network"

local drawing = {}

-- ---- what is drawn ---------------------------------------------------------------------------------

local function kind_of(node)
  if node.kind == "layer" then return getmetatable(node.layer).class.name end
  return node.kind == "input" and "Input" or "K." .. node.record.name
end

local function shapes_of(node)
  local list = {}
  for i, v in ipairs(node.results) do list[i] = tostring(v) end
  return table.concat(list, ", ")
end

-- Boxes {node, name, kind, shape, row}, in the order in which they run, and edges {from, to} of their numbers. A row is
-- one further from the inputs than the rows of all that the box reads.
local function boxes_of(model)
  local boxes, edges, number = {}, {}, {}
  local function add(node)
    boxes[#boxes + 1] = { node = node, name = graph.name(node), kind = kind_of(node), shape = shapes_of(node), row = 1 }
    number[node] = #boxes
    return boxes[#boxes]
  end
  for _, v in ipairs(model.input_values) do add(v.node) end
  for _, step in ipairs(model.steps) do
    local box, drawn = add(step.node), {}
    for _, v in ipairs(graph.parents(step.node)) do
      local from = number[v.node]
      if not drawn[from] then edges[#edges + 1] = { from, #boxes } end
      drawn[from] = true
      box.row = math.max(box.row, boxes[from].row + 1)
    end
  end
  return boxes, edges
end

-- ---- graphviz --------------------------------------------------------------------------------------

local function quoted(text) return '"' .. text:gsub('[\\"]', "\\%0") .. '"' end

--- The graph in graphviz's language: save it as model.dot, then `dot -Tsvg model.dot`.
---@return string
drawing.dot = args.speaking("dot", function(self)
  network.need_graph(self)
  local boxes, edges = boxes_of(self)
  local lines = { "digraph " .. quoted(self.name) .. " {", "  node [shape=box, style=rounded, fontname=Helvetica];" }
  for i, box in ipairs(boxes) do
    lines[#lines + 1] = ("  n%d [label=%s];"):format(i, quoted(box.name .. "\n" .. box.kind .. "\n" .. box.shape))
  end
  for _, edge in ipairs(edges) do lines[#lines + 1] = ("  n%d -> n%d;"):format(edge[1], edge[2]) end
  lines[#lines + 1] = "}"
  return (table.concat(lines, "\n"):gsub("\n([^ }])", "\\n%1")) .. "\n"
end)

-- ---- SVG -------------------------------------------------------------------------------------------

local WIDTH <const>, HEIGHT <const>, GAP <const>, BETWEEN <const> = 210, 46, 26, 24 -- of boxes, in pixels
local COLOURS <const> = { Input = "#e8eef7", [true] = "#eef6ea", [false] = "#f7f2e4" } -- layers, functions of K

local function escaped(text) return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" })) end

-- Puts boxes of a row side by side, in the middle. Gives the size of the picture.
local function place(boxes)
  local rows, most = {}, 0
  for _, box in ipairs(boxes) do
    rows[box.row] = rows[box.row] or {}
    table.insert(rows[box.row], box)
    most = math.max(most, #rows[box.row])
  end
  local width = most * (WIDTH + BETWEEN) + BETWEEN
  for r, row in ipairs(rows) do
    for k, box in ipairs(row) do
      box.x = (width - #row * (WIDTH + BETWEEN) + BETWEEN) // 2 + (k - 1) * (WIDTH + BETWEEN)
      box.y = BETWEEN + (r - 1) * (HEIGHT + GAP)
    end
  end
  return width, #rows * (HEIGHT + GAP) - GAP + 2 * BETWEEN
end

local BOX <const> = [[
<rect x="%d" y="%d" width="%d" height="%d" rx="7" fill="%s" stroke="#555"/>
<text x="%d" y="%d" text-anchor="middle" font-weight="bold">%s</text>
<text x="%d" y="%d" text-anchor="middle" fill="#444">%s  %s</text>]]

local function box_text(box)
  local middle = box.x + WIDTH // 2
  local colour = COLOURS[box.kind] or COLOURS[layer.is_layer(box.node.layer)]
  return BOX:format(box.x, box.y, WIDTH, HEIGHT, colour, middle, box.y + 19, escaped(box.name), middle, box.y + 36,
    escaped(box.kind), escaped(box.shape))
end

-- A line that bends where it goes past other rows.
local function edge_text(from, to)
  local x1, y1, x2, y2 = from.x + WIDTH // 2, from.y + HEIGHT, to.x + WIDTH // 2, to.y
  local long = to.row - from.row > 1 and x1 == x2
  local path = long and ("M%d %d C%d %d %d %d %d %d"):format(x1, y1, x1 + WIDTH, y1 + GAP, x2 + WIDTH, y2 - GAP, x2, y2)
    or ("M%d %d C%d %d %d %d %d %d"):format(x1, y1, x1, y1 + GAP // 2, x2, y2 - GAP // 2, x2, y2)
  return ('<path d="%s" fill="none" stroke="#888" marker-end="url(#arrow)"/>'):format(path)
end

local HEAD <const> = [[
<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="Helvetica, sans-serif" font-size="12">
<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">
<path d="M0 0 L8 4 L0 8 z" fill="#888"/></marker></defs>
<rect width="100%%" height="100%%" fill="white"/>]]

--- The graph as a picture: a text of SVG, which a browser shows.
---@return string
drawing.svg = args.speaking("svg", function(self)
  network.need_graph(self)
  local boxes, edges = boxes_of(self)
  local width, height = place(boxes)
  local lines = { HEAD:format(width + WIDTH // 2, height) }
  for _, edge in ipairs(edges) do lines[#lines + 1] = edge_text(boxes[edge[1]], boxes[edge[2]]) end
  for _, box in ipairs(boxes) do lines[#lines + 1] = box_text(box) end
  lines[#lines + 1] = "</svg>\n"
  return table.concat(lines, "\n")
end)

return drawing
