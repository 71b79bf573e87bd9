-- help.lua: reference texts and editors' annotations, made from the records.

local ops = require "dwconv.ops"
local options = require "dwconv.options"

-- The names of the records that `keep` allows, sorted.
local function names(keep)
  local all = {}
  for name, r in pairs(ops.records) do
    if keep(r) then all[#all + 1] = name end
  end
  table.sort(all)
  return all
end

local function default_text(kind)
  if kind.current then return "K's setting, at first " .. options.show(kind.first) end
  local d = kind.default
  if type(d) == "table" and d[1] == d[2] then d = d[1] end
  return options.show(d)
end

local function option_lines(r, add)
  local keys = {}
  for key in pairs(r.options) do keys[#keys + 1] = key end
  if #keys == 0 then return end
  table.sort(keys)
  add "\nOptions"
  for _, key in ipairs(keys) do
    local kind = r.options[key]
    add(("  %-16s %s; default %s"):format(key, kind.expected, default_text(kind)))
  end
end

local function signature(r)
  local given = table.move(r.positional, 1, #r.positional, 1, {})
  if next(r.options) then given[#given + 1] = "{ options }" end
  return "(" .. table.concat(given, ", ") .. ")"
end

local OPERATORS = {
  __add = "a + b", __sub = "a - b", __mul = "a * b", __div = "a / b", __idiv = "a // b", __mod = "a % b",
  __pow = "a ^ b", __unm = "-x",
}

local function places(r)
  local list = {}
  if r.home == "dw" or r.home == "both" then list[#list + 1] = "dw." .. r.name .. signature(r) end
  if r.home == nil or r.home == "K" or r.home == "both" then list[#list + 1] = "K." .. r.name .. signature(r) end
  if r.alias then list[#list + 1] = ("K[%q]"):format(r.alias) end
  if r.method then
    local rest = table.move(r.positional, 2, #r.positional, 1, {})
    if next(r.options) then rest[#rest + 1] = "{ options }" end
    local name = r.method == true and r.name or r.method
    list[#list + 1] = ("%s:%s(%s)"):format(r.positional[1], name, table.concat(rest, ", "))
  end
  if r.metamethod then list[#list + 1] = OPERATORS[r.metamethod] end
  return table.concat(list, "    ")
end

local help = {}

--- The reference text of one op.
---@param r table a record
---@return string
function help.text(r)
  if r.refused then return ("K.%s\n\nThere is no such thing here; %s."):format(r.name, r.refused) end
  local lines = {}
  local function add(line) lines[#lines + 1] = line end
  add(places(r) .. "\n")
  add(r.doc .. "\n")
  add "Arguments"
  for _, arg in ipairs(r.positional) do add(("  %-16s %s"):format(arg, r.shapes[arg])) end
  add(("  %-16s %s"):format("-> result", r.shapes.result))
  option_lines(r, add)
  if r.backward == "none" then add("\nNo gradient: " .. r.reason .. ".") end
  if r.differs then add("\nUnlike Keras: " .. r.differs) end
  if r.example then add("\nExample\n  " .. r.example:gsub("\n", "\n  ")) end
  return table.concat(lines, "\n")
end

local function family(f, line)
  local list = names(function(r) return r.family == f.name and not r.refused end)
  return line:format(f.name, f.about, table.concat(list, ", "))
end

local function by_alias(name)
  for _, r in pairs(ops.records) do
    if r.alias == name then return r end
  end
end

--- Prints the reference text of an op or a family, or the families: this is dw.help.
---@param name? string
function help.show(name)
  if name == nil then
    print 'dw.help "name" explains a function or lists a family:'
    for _, f in ipairs(ops.families) do print(("  %-12s %s"):format(f.name, f.about)) end
    return
  end
  if type(name) == "string" then name = name:gsub("^K%.", ""):gsub("^dw%.", "") end -- as scripts write it
  for _, f in ipairs(ops.families) do
    if f.name == name and not ops.records[name] then return print(family(f, "%s: %s\n%s")) end
  end
  local r = ops.records[name] or by_alias(name)
  if not r then
    local known = names(function() return true end)
    for _, f in ipairs(ops.families) do known[#known + 1] = f.name end
    options.raise(("help: nothing is called %s%s"):format(options.show(name), options.hint(name, known)))
  end
  print(help.text(r))
end

--- The reference of all ops, in Markdown: docs/reference.md.
---@return string
function help.reference()
  local parts = {
    "# Reference\n\nMade from the records by `make docs`; `dw.help \"name\"` prints the same. `K` is `dw.backend`. "
      .. "Every function may raise: an error says what was expected of which argument and what came.\n",
  }
  for _, f in ipairs(ops.families) do
    parts[#parts + 1] = ("## %s\n\n%s.\n"):format(f.name, f.about)
    for _, name in ipairs(names(function(r) return r.family == f.name end)) do
      parts[#parts + 1] = ("### %s\n\n```text\n%s\n```\n"):format(name, help.text(ops.records[name]))
    end
  end
  return table.concat(parts, "\n")
end

-- ---- annotations ---------------------------------------------------------------------------------

local function one_line(text) return (text:gsub("\n", " ")) end

local function annotate(add, r, class)
  add ""
  add("--- " .. one_line(r.doc))
  for _, arg in ipairs(r.positional) do add(("---@param %s any %s"):format(arg, one_line(r.shapes[arg]))) end
  local fields = {}
  for key in pairs(r.options) do fields[#fields + 1] = key .. "?: any" end
  table.sort(fields)
  if #fields > 0 then add(("---@param o? { %s }"):format(table.concat(fields, ", "))) end
  add("---@return any result " .. one_line(r.shapes.result))
  local given = table.move(r.positional, 1, #r.positional, 1, {})
  if #fields > 0 then given[#given + 1] = "o" end
  if class == "Tensor" then table.remove(given, 1) end
  local sign = class == "Tensor" and ":" or "."
  add(("function %s%s%s(%s) end"):format(class, sign, r.method and class == "Tensor" and r.method ~= true and r.method
    or r.name, table.concat(given, ", ")))
end

--- LuaCATS annotations of K, dw and tensors, which editors read: docs/dwconv.meta.lua.
---@return string
function help.annotations()
  local lines = { "---@meta", "-- Made from the records by `make docs`.", "" }
  local function add(line) lines[#lines + 1] = line end
  add "---@class dwconv.Tensor\n---@field shape integer[]\n---@field dtype string\n---@field ndim integer"
  add "---@field size integer\nlocal Tensor = {}\n\n---@class dwconv.backend\nlocal K = {}\n"
  add "---@class dwconv\n---@field backend dwconv.backend\nlocal dw = {}"
  for _, name in ipairs(names(function(r) return not r.refused end)) do
    local r = ops.records[name]
    local home = r.home or "K"
    if home == "K" or home == "both" then annotate(add, r, "K") end
    if home == "dw" or home == "both" then annotate(add, r, "dw") end
    if r.method and #r.positional > 0 then annotate(add, r, "Tensor") end
  end
  add "\nreturn dw"
  return table.concat(lines, "\n") .. "\n"
end

return help
