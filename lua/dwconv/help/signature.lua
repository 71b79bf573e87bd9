-- help/signature.lua: how a function is called, in a few lines: its arguments with their shapes, its options with their
-- choices and defaults. Called by the prompt.

local args = require "dwconv.args"
local help = require "dwconv.help.classes"
local lookup = require "dwconv.lookup"

local signature = {}

local function choices_of(kind)
  local list = {}
  for i, c in ipairs(kind.choices or {}) do list[i] = ("%q"):format(c) end
  return table.concat(list, " | ")
end

-- "padding = "valid" | "same"", the default first; "seed" for one without a default.
local function option_text(name, kind)
  if kind.choices and kind.default == kind.choices[1] then return name .. " = " .. choices_of(kind) end
  local default = help.default_text(kind)
  if default == "none" then return name end
  return ("%s = %s"):format(name, kind.current and args.show(kind.current()) or default)
end

local function options_text(options, order, columns)
  local texts = {}
  for i, name in ipairs(order) do texts[i] = option_text(name, options[name]) end
  return lookup.lines(texts, "  ", columns + 1) -- which counts the blank that it cuts off at the end of a line
end

-- "a, b, { options }" in the brackets that the call has: an op as a value takes all by name, in one table.
local function call_text(written, names, has_options, composed)
  if has_options then names[#names + 1] = composed and "options" or "{ options }" end
  local inside = table.concat(names, ", ")
  return composed and ("%s{ %s }"):format(written, inside) or ("%s(%s)"):format(written, inside)
end

--- Of an op's record. `written`: how it is called there: "K.sum", or "t:sum", whose first argument is t. `composed`: it
--- is dw.ops's, which binds by name.
---@param r table
---@param written string
---@param columns integer
---@param composed? boolean
---@return string
function signature.of_record(r, written, columns, composed)
  local first = written:find(":", 1, true) and 2 or 1
  local names, order = table.move(r.positional, first, #r.positional, 1, {}), {}
  for name in pairs(r.options) do order[#order + 1] = name end
  table.sort(order)
  local lines = { call_text(written, names, #order > 0, composed) .. " -> " .. r.result_text }
  local widest = 0
  for i = first, #r.positional do widest = math.max(widest, #r.positional[i]) end
  for i = first, #r.positional do
    lines[#lines + 1] = "  " .. r.positional[i] .. (" "):rep(widest - #r.positional[i] + 2) .. r.texts[i]
  end
  if #order > 0 then lines[#lines + 1] = options_text(r.options, order, columns) end
  return table.concat(lines, "\n")
end

--- Of a class.
function signature.of_class(class, written, columns)
  local given = table.move(class.leading, 1, #class.leading, 1, {})
  given[#given + 1] = "options"
  return ("%s{ %s }\n%s"):format(written, table.concat(given, ", "), options_text(class.options, class.order, columns))
end

return signature
