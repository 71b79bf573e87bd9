-- options.lua: the vocabulary in which records describe their options, and the one parser that checks what
-- a script passes. Knows only the core's error raiser, the configuration and recall.lua.
-- Invariant: parsing is idempotent, so a backward function hands its options on as they are.

local core = require "dwconv.core"
local config = require "dwconv.config"
local remembering = require "dwconv.recall"

local options = {}

--- Raises a text that begins with the function's name, blaming the first line outside dwconv.
options.raise = core.raise

--- Whether a value is a tensor: a table that pretends to be one is none.
function options.is_tensor(value) return type(value) == "userdata" and getmetatable(value) == "dwconv.Tensor" end

--- The value, if it is a tensor; else an error in the function's name.
function options.check_tensor(name, argument, value)
  if options.is_tensor(value) then return value end
  core.raise(("%s: %s must be a tensor, got %s"):format(name, argument, options.show(value)))
end

--- The value, if it can be called; else an error in the function's name.
function options.check_function(name, argument, value)
  local metatable = not options.is_tensor(value) and getmetatable(value)
  if type(value) == "function" or type(metatable) == "table" and metatable.__call then return value end
  core.raise(("%s: %s must be a function, got %s"):format(name, argument, options.show(value)))
end

--- Axis `axis` (from 1, or backwards from -1) of so many, from 1 on.
function options.from_front(axis, rank) return axis < 0 and axis + rank + 1 or axis end

--- The same, of a value that may be no axis: then an error in the function's name.
function options.check_axis(name, argument, axis, rank)
  local at = math.type(axis) == "integer" and options.from_front(axis, rank) or 0
  if at >= 1 and at <= rank then return at end
  if rank == 0 then core.raise(("%s: %s must be an axis, but a tensor of rank 0 has none"):format(name, argument)) end
  core.raise(("%s: %s must be an axis from 1 to %d or from -%d to -1, got %s"):format(name, argument, rank, rank,
    options.show(axis)))
end

--- Of an axis, a table of them, or nil for all: a list of them from 1 on, none twice.
function options.check_axes(name, argument, axes, rank)
  local list, seen = {}, {}
  if axes == nil then
    for i = 1, rank do list[i] = i end
    return list
  end
  for i, axis in ipairs(type(axes) == "table" and axes or { axes }) do
    list[i] = options.check_axis(name, type(axes) == "table" and ("%s[%d]"):format(argument, i) or argument, axis, rank)
    if seen[list[i]] then core.raise(("%s: %s names axis %d twice"):format(name, argument, list[i])) end
    seen[list[i]] = true
  end
  return list
end

--- A whole number as an integer, 2.0 too; nil for anything else.
function options.whole(v) return math.type(v) and math.tointeger(v) or nil end

--- The product of sizes[first] to sizes[last].
function options.product(sizes, first, last)
  local n = 1
  for i = first, last do n = n * sizes[i] end
  return n
end

--- x, or, of a function, what it gives.
function options.value_of(x)
  if type(x) == "function" then return x() end
  return x
end

-- ---- wording -------------------------------------------------------------------------------------

--- The shape of a tensor as errors have it: "2x3", "()".
function options.shape_text(t)
  local text = table.concat(t.shape, "x")
  return text == "" and "()" or text
end

--- How an error text shows a value: `"SAME"`, `2.5`, `{2, 2}`, `a float32 tensor 3x3`.
---@param value any
---@param inner? boolean whether tables in it are cut to {...}
---@return string
function options.show(value, inner)
  local kind = type(value)
  if kind == "string" then return #value <= 40 and ('"%s"'):format(value) or ("a string of %d bytes"):format(#value) end
  if value ~= value then return "NaN" end
  if kind == "number" or kind == "boolean" or kind == "nil" then return tostring(value) end
  if options.is_tensor(value) then
    return ("a %s tensor %s"):format(value.dtype, options.shape_text(value))
  end
  if kind ~= "table" then return "a " .. kind end
  local parts = {}
  local n = rawlen(value)
  for i = 1, math.min(n, 4) do
    local item = rawget(value, i)
    parts[i] = type(item) == "table" and (inner and "{...}" or options.show(item, true)) or options.show(item)
  end
  if n > 4 then parts[5] = "..." end
  return #parts > 0 and "{" .. table.concat(parts, ", ") .. "}" or "a table"
end

local function distance(a, b) -- Levenshtein's, on lower case
  a, b = a:lower(), b:lower()
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
    end
  end
  return row[#b]
end

--- `; did you mean "strides"?`, or nothing when no name is near.
---@param word any
---@param names string[]
---@return string
function options.hint(word, names)
  if type(word) ~= "string" or #word > 60 then return "" end
  local best, nearest = math.max(2, #word // 3) + 1, nil
  for _, name in ipairs(names) do
    local d = #word >= 3 and name:sub(1, #word) == word and 1 or distance(word, name) -- a beginning is near
    if d < best then best, nearest = d, name end
  end
  return nearest and ('; did you mean "%s"?'):format(nearest) or ""
end

-- ---- kinds of options ----------------------------------------------------------------------------
-- A kind has `expected` (its words in an error text), `read(value)` (the normal form, or nil), and either
-- `default` or `current` (a function, for what the configuration decides). `default_text` says what nil stands for;
-- `annotation` is its type for editors. One is `steady` whose normal form follows from the value and the configuration
-- alone: a string, a boolean or a whole number, 2.0 as 2, or a list of these, looked at without metamethods.

-- 2.0 is 2. Sizes past 2^31 are refused: no product of what is accepted overflows in the core.
local function as_whole(v, least)
  v = math.type(v) and math.tointeger(v)
  return v and v >= least and v <= 2 ^ 31 and v or nil
end

-- {a, b} of whole numbers, in a table of our own: what a script does to its table later is not seen.
local function as_pair(v, least)
  if type(v) ~= "table" or rawlen(v) ~= 2 then return nil end
  local a, b = as_whole(rawget(v, 1), least), as_whole(rawget(v, 2), least)
  return a and b and { a, b }
end

--- A whole number for both axes, or {height, width}; at least 1.
function options.pair(default)
  return {
    default = { default, default },
    steady = true,
    annotation = "integer|integer[]",
    expected = "a whole number or a pair {h, w}, each at least 1",
    read = function(v)
      if type(v) == "table" then return as_pair(v, 1) end
      v = as_whole(v, 1)
      return v and { v, v }
    end,
  }
end

--- One of the given strings; the first is the default. `aliases` maps what people try to what they mean.
function options.oneof(choices, aliases)
  local known, quoted = {}, {}
  for i, c in ipairs(choices) do
    known[c], quoted[i] = true, ('"%s"'):format(c)
  end
  return {
    default = choices[1],
    steady = true,
    choices = choices,
    aliases = aliases,
    annotation = table.concat(quoted, "|"),
    expected = table.concat(quoted, " or "),
    read = function(v) return known[v] and v or nil end,
  }
end

--- "channels_last" or "channels_first"; left out, it is K.image_data_format().
function options.data_format()
  local kind = options.oneof({ "channels_last", "channels_first" }, { NHWC = "channels_last", NCHW = "channels_first" })
  kind.default, kind.first, kind.current = nil, "channels_last", config.image_data_format
  return kind
end

--- "valid", "same" or {{top, bottom}, {left, right}}.
function options.padding()
  local kind = options.oneof { "valid", "same" }
  kind.annotation = kind.annotation .. "|integer[][]"
  kind.expected = '"valid", "same" or {{top, bottom}, {left, right}}'
  kind.read = function(v)
    if v == "valid" or v == "same" then return v end
    if type(v) ~= "table" or rawlen(v) ~= 2 then return nil end
    local rows, cols = as_pair(rawget(v, 1), 0), as_pair(rawget(v, 2), 0)
    return rows and cols and { rows, cols }
  end
  return kind
end

--- One of the dtypes; `floats` allows float32 and float64 only. Left out, it is K.floatx().
function options.dtype(floats)
  local kind = options.oneof(floats and { "float32", "float64" }
    or { "float32", "float64", "int32", "int64", "uint8", "bool" })
  kind.default, kind.first, kind.current = nil, "float32", config.floatx
  return kind
end

--- An axis, from 1 or, backwards, from -1. Which axes there are is checked where the tensor is known.
function options.axis(default)
  return {
    default = default,
    steady = true,
    annotation = "integer",
    expected = "an axis, counting from 1 (-1 is the last)",
    read = function(v)
      v = math.type(v) and math.tointeger(v)
      return v and v ~= 0 and v or nil
    end,
  }
end

--- An axis, or a table of axes; left out, all of them.
function options.axes()
  local one = options.axis()
  return {
    default_text = "all axes",
    steady = true,
    annotation = "integer|integer[]",
    expected = "an axis or a table of axes, counting from 1 (-1 is the last)",
    read = function(v)
      if type(v) ~= "table" then return one.read(v) end
      local axes = {}
      for i = 1, rawlen(v) do
        axes[i] = one.read(rawget(v, i))
        if not axes[i] then return nil end
      end
      return axes
    end,
  }
end

--- true or false.
function options.flag(default)
  return {
    default = default,
    steady = true,
    annotation = "boolean",
    expected = "true or false",
    read = function(v)
      if type(v) == "boolean" then return v end
    end,
  }
end

--- The same kind without a default: left out, it is nil.
function options.optional(kind)
  kind.default, kind.current = nil, nil
  return kind
end

--- A string.
function options.text(default)
  return {
    default = default,
    annotation = "string",
    expected = "a string",
    read = function(v) return type(v) == "string" and v or nil end,
  }
end

--- A number but NaN, whole if `whole`; nil stands for no default.
function options.number(default, whole)
  return {
    default = default,
    annotation = whole and "integer" or "number",
    expected = whole and "a whole number" or "a number",
    read = function(v)
      if type(v) ~= "number" or v ~= v then return nil end
      if whole then return math.tointeger(v) end
      return v
    end,
  }
end

--- A number from 0 to 1.
function options.probability(default)
  return {
    default = default,
    annotation = "number",
    expected = "a number from 0 to 1",
    read = function(v) return type(v) == "number" and v >= 0 and v <= 1 and v or nil end,
  }
end

-- ---- parsing -------------------------------------------------------------------------------------

local function sorted_keys(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys)
  return keys
end

local function refuse_extra(name, takes, value)
  core.raise(("%s: takes %s, got a further %s"):format(name, takes, options.show(value)))
end

local function refuse_unknown(name, names, key)
  if type(key) == "number" then
    core.raise(("%s: options go by name (%s), got a value without one"):format(name, table.concat(names, ", ")))
  end
  local known = #names > 0 and "the options are " .. table.concat(names, ", ") or "it has none"
  core.raise(("%s: unknown option %s%s (%s)"):format(name, options.show(key), options.hint(key, names), known))
end

local function refuse_value(name, key, kind, value)
  local hint = ""
  if kind.choices then
    hint = kind.aliases and kind.aliases[value] and ('; did you mean "%s"?'):format(kind.aliases[value])
      or options.hint(value, kind.choices)
  end
  core.raise(("%s: %s must be %s, got %s%s"):format(name, key, kind.expected, options.show(value), hint))
end

-- What every option is when nothing is given, or nil where that depends on the configuration.
local function defaults(kinds)
  local fixed = {}
  for name, kind in pairs(kinds) do
    if kind.current then return nil end
    fixed[name] = kind.default
  end
  return fixed
end

-- The table with every option that `given` stands for.
local function read_all(name, kinds, names, given)
  for key in next, given do
    if not kinds[key] then refuse_unknown(name, names, key) end
  end
  local parsed = {}
  for i = 1, #names do
    local key = names[i]
    local kind, value = kinds[key], given[key]
    if value == nil then
      if kind.current then value = kind.current() else value = kind.default end
    else
      local read = kind.read(value)
      if read == nil then refuse_value(name, key, kind, value) end
      value = read
    end
    parsed[key] = value
  end
  return parsed
end

local function are_steady(kinds)
  for _, kind in pairs(kinds) do
    if not kind.steady then return false end
  end
  return true
end

local function itself(o) return o end

--- Makes the parser of one function's options: given table or nil -> a table with every option, which nobody may
--- change, and what `prepare` makes of it, or the same again. What comes after the options is an error; `takes` says
--- what the function takes. Further results are what the parser gives for nil, if that is always the same.
---@param name string the function's name, for errors
---@param kinds table<string, table>
---@param takes string
---@param prepare? fun(o: table): any
---@return fun(given: table?, extra: any): table, any
---@return table?
---@return any
function options.parser(name, kinds, takes, prepare)
  local names, fixed = sorted_keys(kinds), defaults(kinds)
  prepare = prepare or itself

  local function parse(given, extra)
    if extra ~= nil then refuse_extra(name, takes, extra) end
    if given == nil then
      given = {}
    elseif type(given) ~= "table" then
      if #names == 0 then refuse_extra(name, takes, given) end
      core.raise(("%s: options must be a table, got %s"):format(name, options.show(given)))
    end
    if #names == 0 and type(next(given)) == "number" then refuse_extra(name, takes, given) end
    local o = read_all(name, kinds, names, given)
    return o, prepare(o)
  end

  return are_steady(kinds) and remembering(parse) or parse, fixed, fixed and prepare(fixed)
end

return options
