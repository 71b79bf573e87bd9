-- help/annotations.lua: LuaCATS annotations for editors, made from the records of ops and of classes, whose kinds say
-- the types.

local classes = require "dwconv.help.classes"
local ops = require "dwconv.ops"

local annotations = {}

local function one_line(text) return (text:gsub("\n", " ")) end

-- ---- functions -----------------------------------------------------------------------------------

local function argument_lines(add, r, first)
  for i = first, #r.positional do
    local kind = r.kinds[i]
    add(("---@param %s%s %s %s"):format(r.positional[i], kind.optional and "?" or "", kind.annotation,
      one_line(r.texts[i])))
  end
end

local function option_line(add, r)
  local fields = {}
  for key, kind in pairs(r.options) do
    fields[#fields + 1] = ("%s?: %s"):format(key, kind.annotation)
  end
  if #fields == 0 then return false end
  table.sort(fields)
  add(("---@param o? { %s }"):format(table.concat(fields, ", ")))
  return true
end

local function annotate(add, r, class)
  local method = class == "Tensor"
  local first = method and 2 or 1
  add ""
  add("--- " .. one_line(r.doc))
  argument_lines(add, r, first)
  local given = table.move(r.positional, first, #r.positional, 1, {})
  if option_line(add, r) then given[#given + 1] = "o" end
  if r.raw and r.positional[1] == "f" then -- what f is called with
    add "---@param ... any"
    given[#given + 1] = "..."
  end
  for i, kind in ipairs(r.results) do
    add(("---@return %s%s"):format(kind.annotation, i == 1 and " # " .. one_line(r.result_text) or ""))
  end
  local name = method and r.method ~= true and r.method or r.name
  add(("function %s%s%s(%s) end"):format(class, method and ":" or ".", name, table.concat(given, ", ")))
end

-- ---- classes -------------------------------------------------------------------------------------

local TENSOR = [[
---@class dwconv.Tensor
---@field shape integer[]
---@field dtype string
---@field ndim integer
---@field size integer
---@operator len: integer
---@operator call(integer): dwconv.Tensor|number
%slocal Tensor = {}

--- The number in a tensor of one element.
---@return number|boolean
function Tensor:item() end

--- The numbers as a nested table.
---@return table|number|boolean
function Tensor:to_table() end

--- The numbers as a string, in this machine's byte order and row-major order.
---@return string
function Tensor:to_bytes() end

--- Writes the numbers of a tensor of the same shape.
---@param source dwconv.Tensor
---@return dwconv.Tensor
function Tensor:copy_(source) end

--- Writes one number everywhere.
---@param value number|boolean
---@return dwconv.Tensor
function Tensor:fill(value) end

--- A view with the order of axes reversed, or with two axes swapped.
---@param a? integer
---@param b? integer
---@return dwconv.Tensor
function Tensor:transpose(a, b) end

--- A view with one more axis, of size 1.
---@param axis integer
---@return dwconv.Tensor
function Tensor:expand_dims(axis) end
]]

local CLASSES = [[
--- What dw.record gives besides the results.
---@class dwconv.Tape
local Tape = {}

--- The gradients of loss, of each of the variables.
---@param loss dwconv.Tensor
---@param variables dwconv.Tensor|table
---@param o? { output_gradients?: dwconv.Tensor }
---@return dwconv.Tensor|table
function Tape:gradients(loss, variables, o) end

--- An op as a value, from dw.ops.
---@class dwconv.Op
---@operator shr(dwconv.Op|function): dwconv.Op
---@operator add(dwconv.Op|function|dwconv.Tensor|number): dwconv.Op
---@operator mul(dwconv.Op|function|dwconv.Tensor|number): dwconv.Op
---@operator concat(dwconv.Op|function): dwconv.Op
---@operator call(...): any
local Op = {}

--- The tensors in it.
---@return dwconv.Tensor[]
function Op:parameters() end

---@class dwconv.ops
---@field [string] fun(given?: table): dwconv.Op
---@field parallel fun(list: (dwconv.Op|function)[]): dwconv.Op
---@field residual fun(f: dwconv.Op|function): dwconv.Op

---@class dwconv.info
---@field version string
---@field isa string
---@field threads integer
---@field memory integer
---@field images string
---@field compiler string
---@field lua string

---@class dwconv.backend
local K = {}

---@class dwconv
---@field _VERSION string
---@field backend dwconv.backend
---@field ops dwconv.ops
local dw = { io = { image = {}, npy = {} } }

--- How many threads drivers may use.
---@return integer
function dw.threads() end

--- Sets it, for this Lua state. Results do not depend on it.
---@param n integer
function dw.set_threads(n) end

--- Seconds of wall time since some start, for timing.
---@return number
function dw.clock() end

--- How long f() takes, in seconds; it prints as a line.
---@param f function
---@param o? { seconds: number?, times: integer? }
---@return { least: number, median: number, n: integer }
function dw.time(f, o) end

--- What this build and machine are.
---@return dwconv.info
function dw.info() end

--- A chart, which prints as text for the terminal.
---@class dwconv.plot
local Plot = {}

--- Draws it on the terminal.
function Plot:show() end

--- Writes it as .svg or .png.
---@param path string
---@param o? { width: integer?, height: integer?, scale: number? }
function Plot:save(path, o) end

---@param o? { width: integer?, height: integer? }
---@return string
function Plot:svg(o) end

---@param o? { width: integer?, height: integer?, scale: number? }
---@return dwconv.Tensor # uint8, h,w,3
function Plot:pixels(o) end

---@param o? { columns: integer?, rows: integer?, colours: boolean?, unicode: boolean? }
---@return string
function Plot:text(o) end

--- Charts; called itself, it picks one for what it is given.
---@class dwconv.plots
---@overload fun(x: any, o?: table): dwconv.plot
---@field lines fun(ys: any, o?: table): dwconv.plot
---@field history fun(h: table, o?: table): dwconv.plot
---@field bars fun(values: any, o?: table): dwconv.plot
---@field histogram fun(x: any, o?: table): dwconv.plot
---@field images fun(x: any, o?: table): dwconv.plot
---@field confusion fun(y_true: any, y_pred: any, o?: table): dwconv.plot
---@field grid fun(plots: dwconv.plot[]): dwconv.plot
dw.plot = {}

--- Prints the reference text of an op or a family, or the families.
---@param name? string
function dw.help(name) end]]

local function operator_lines(names)
  local lines = {}
  for _, name in ipairs(names) do
    local sign = ops.records[name].metamethod
    if sign then
      lines[#lines + 1] = ("---@operator %s%s: dwconv.Tensor\n"):format(sign:sub(3),
        sign == "__unm" and "" or "(dwconv.Tensor|number)")
    end
  end
  table.sort(lines)
  return table.concat(lines)
end

--- All of it: docs/dwconv.meta.lua.
---@return string
function annotations.text()
  local names, lines = {}, { "---@meta dwconv", "-- Made from the records by `make docs`.", "" }
  local function add(line) lines[#lines + 1] = line end
  for name, r in pairs(ops.records) do
    if not r.refused then names[#names + 1] = name end
  end
  table.sort(names)
  add(TENSOR:format(operator_lines(names)))
  add(CLASSES)
  for _, name in ipairs(names) do
    local r = ops.records[name]
    local home = r.home or "K"
    if home == "K" or home == "both" then annotate(add, r, "K") end
    if home == "dw" or home == "both" then annotate(add, r, "dw") end
    if home == "io" then annotate(add, r, "dw.io") end
    if r.alias then add(('\nK["%s"] = K.%s'):format(r.alias, r.name)) end
    if r.method and #r.positional > 0 then annotate(add, r, "Tensor") end
  end
  classes.annotate(add)
  add "\nreturn dw"
  return table.concat(lines, "\n") .. "\n"
end

return annotations
