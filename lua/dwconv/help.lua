-- help.lua: reference texts, made from the records.

local ops = require "dwconv.ops"
local options = require "dwconv.options"

local function names()
  local all = {}
  for name in pairs(ops.records) do all[#all + 1] = name end
  table.sort(all)
  return all
end

local function default_text(kind)
  if kind.current then return "K's setting, now " .. options.show(kind.current()) end
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
    add(("  %-14s %s; default %s"):format(key, kind.expected, default_text(kind)))
  end
end

local help = {}

--- The reference text of one op.
---@param r table a record
---@return string
function help.text(r)
  local lines = {}
  local function add(line) lines[#lines + 1] = line end
  local given = table.concat(r.positional, ", ") .. (next(r.options) and ", { options }" or "")
  add(("K.%s(%s)%s\n"):format(r.name, given, r.method and "   also a method of tensors" or ""))
  add(r.doc .. "\n")
  add "Arguments"
  for _, arg in ipairs(r.positional) do add(("  %-17s %s"):format(arg, r.shapes[arg])) end
  add(("  %-17s %s"):format("-> result", r.shapes.result))
  option_lines(r, add)
  if r.backward == "none" then add("\nNo gradient: " .. r.reason) end
  if r.differs then add("\nUnlike Keras: " .. r.differs) end
  if r.example then add("\nExample\n  " .. r.example:gsub("\n", "\n  ")) end
  return table.concat(lines, "\n")
end

--- Prints the reference text of an op, or the names of all: this is dw.help.
---@param name? string
function help.show(name)
  if name == nil then
    print('dw.help "name" explains one of: ' .. table.concat(names(), ", "))
    return
  end
  local r = ops.records[name]
  if not r then
    options.raise(("help: nothing is called %s%s"):format(options.show(name), options.hint(name, names())))
  end
  print(help.text(r))
end

--- The reference of all ops, in Markdown: docs/reference.md.
---@return string
function help.reference()
  local parts = {
    "# Reference of the backend\n\nMade from the records by `make docs`; `dw.help \"name\"` prints the same.\n",
  }
  for _, name in ipairs(names()) do
    parts[#parts + 1] = ("## %s\n\n```text\n%s\n```\n"):format(name, help.text(ops.records[name]))
  end
  return table.concat(parts, "\n")
end

return help
