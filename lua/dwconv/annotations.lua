-- annotations.lua: LuaCATS annotations for editors, made from the records. What a tensor, a table or a number is, the
-- records' texts of shapes say; a text that says none of what is known here is `any`.

local ops = require "dwconv.ops"

local annotations = {}

local function one_line(text) return (text:gsub("\n", " ")) end

-- ---- types ---------------------------------------------------------------------------------------

-- What the words of a text say, the first that is there.
local WORDS = {
  { "^anything", "any" }, { "comes back", "any" },
  { "a table of {", "table" }, { "them and of ranges", "table" },
  { "table of tensors", "dwconv.Tensor[]" }, { "table of float64 tensors", "dwconv.Tensor[]" },
  { "table of them", "dwconv.Tensor[]" },
  { "table of sizes", "integer[]" }, { "shape of", "integer[]" }, { "table naming", "integer[]" },
  { "table of axes", "integer[]" }, { "one for each axis", "integer[]" },
  { "table", "table" },
}

local function words_of(text)
  for _, w in ipairs(WORDS) do
    if text:find(w[1]) then return w[2] end
  end
end

local function union(list, seen, kind)
  if not seen[kind] then list[#list + 1], seen[kind] = kind, true end
end

-- The type of an argument. A text that speaks of no Lua value is of a tensor.
local function type_of(text, is_tensor)
  local list, seen = {}, {}
  local function add(kind) union(list, seen, kind) end
  if is_tensor then
    add "dwconv.Tensor"
    if text:find "a number" then add "number" end
    if text:find "nested table" then add "table" end
    if text:find "table of them" then add "dwconv.Tensor[]" end
    return table.concat(list, "|")
  end
  local word = words_of(text)
  if word == "any" then return word end
  if text:find "a tensor" or text:find "^any;" or text:find "indices" or text:find "^x's" or text:find "^n,%.%.%." then
    add "dwconv.Tensor"
  end
  if text:find "%f[%a]a number" then add "number" end
  if text:find "whole number" or text:find "an axis" or text:find "an index" or text:find "^0, 1" then add "integer" end
  if word then add(word) end
  if text:find "boolean" then add "boolean" end
  if text:find "string" or text:find '"' or text:find "^float32, " then add "string" end
  if text:find "function" then add "function" end
  return #list > 0 and table.concat(list, "|") or "any"
end

-- The types of the results; none for "nothing". The first text that is found says it; others are of tensors.
local RESULTS = {
  { "^nothing$" }, { "^true, or false", "boolean", "string?" }, { "^the tape", "dwconv.Tape", "any ..." },
  { "^f's", "any ..." }, { "^fn's$", "any" }, { "^x or alt$", "any" }, { "^like variables$", "any" },
  { "^the branches'$", "dwconv.Tensor|number" }, { "^the same$", "dwconv.Tensor|dwconv.Tensor[]" },
  { "positions int64", "dwconv.Tensor", "dwconv.Tensor" }, { "^what is left", "dwconv.Tensor|number" },
  { "table of tensors", "dwconv.Tensor[]" }, { "^a table of sizes$", "integer[]" }, { "^a whole number$", "integer" },
  { "^0 or 1$", "integer" }, { "^a number$", "number" }, { "^a string$", "string" }, { '^"', "string" },
}

local function results_of(text)
  for _, r in ipairs(RESULTS) do
    if text:find(r[1]) then return { table.unpack(r, 2) } end
  end
  return { "dwconv.Tensor" }
end

-- ---- functions -----------------------------------------------------------------------------------

local function argument_lines(add, r, first)
  for i = first, #r.positional do
    local arg = r.positional[i]
    local text = r.shapes[arg]
    local kind = r.list and i == 1 and "dwconv.Tensor[]" or type_of(text, i <= #r.args)
    local optional = r.optional[arg] or text:find "%f[%a]nil%f[%A]"
    add(("---@param %s%s %s %s"):format(arg, optional and "?" or "", kind, one_line(text)))
  end
end

local function option_line(add, r)
  local fields = {}
  for key, kind in pairs(r.options) do
    fields[#fields + 1] = ("%s?: %s"):format(key, kind.annotation or type_of(kind.expected))
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
  for i, kind in ipairs(results_of(r.shapes.result)) do
    add(("---@return %s%s"):format(kind, i == 1 and " # " .. one_line(r.shapes.result) or ""))
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
--- What dw.record gives beside the results.
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

--- What this build and machine are.
---@return dwconv.info
function dw.info() end

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
  add "\nreturn dw"
  return table.concat(lines, "\n") .. "\n"
end

return annotations
