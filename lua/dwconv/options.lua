-- options.lua: the vocabulary in which records describe their options, and the one parser that checks what
-- a script passes. Knows only the core's error raiser and the configuration.
-- Invariant: parsing is idempotent, so a backward function hands its options on as they are.

local core = require "dwconv.core"
local config = require "dwconv.config"

local options = {}

--- Raises a text that begins with the function's name, blaming the first line outside dwconv.
options.raise = core.raise

-- ---- wording -------------------------------------------------------------------------------------

--- How an error text shows a value: `"SAME"`, `2.5`, `{2, 2}`, `a float32 tensor 3x3`.
---@param value any
---@return string
function options.show(value)
  local kind = type(value)
  if kind == "string" then return #value <= 40 and ('"%s"'):format(value) or ("a string of %d bytes"):format(#value) end
  if kind == "number" or kind == "boolean" or kind == "nil" then return tostring(value) end
  if getmetatable(value) == "dwconv.Tensor" then
    return ("a %s tensor %s"):format(value.dtype, table.concat(value.shape, "x"))
  end
  if kind ~= "table" then return "a " .. kind end
  local parts = {}
  for i = 1, math.min(#value, 4) do
    parts[i] = type(value[i]) == "table" and "{...}" or options.show(value[i])
  end
  if #value > 4 then parts[5] = "..." end
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
-- `default` or `current` (a function, for what the configuration decides).

local function is_count(v) return math.type(v) == "integer" and v >= 1 and v <= 2 ^ 31 end

local function as_count(v) -- 2.0 is 2
  v = math.type(v) and math.tointeger(v)
  return v and is_count(v) and v or nil
end

--- A whole number for both axes, or {height, width}; at least 1.
function options.pair(default)
  return {
    default = { default, default },
    expected = "a whole number or a pair {h, w}, each at least 1",
    read = function(v)
      if type(v) == "number" then
        v = as_count(v)
        return v and { v, v }
      end
      if type(v) ~= "table" or #v ~= 2 then return nil end
      if is_count(v[1]) and is_count(v[2]) then return v end
      local h, w = as_count(v[1]), as_count(v[2])
      return h and w and { h, w }
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
    choices = choices,
    aliases = aliases,
    expected = table.concat(quoted, " or "),
    read = function(v) return known[v] and v or nil end,
  }
end

--- "channels_last" or "channels_first"; left out, it is K.image_data_format().
function options.data_format()
  local kind = options.oneof({ "channels_last", "channels_first" }, { NHWC = "channels_last", NCHW = "channels_first" })
  kind.default, kind.current = nil, config.image_data_format
  return kind
end

local function is_border(v)
  return type(v) == "table" and #v == 2 and math.type(v[1]) == "integer" and math.type(v[2]) == "integer"
    and v[1] >= 0 and v[2] >= 0 and v[1] <= 2 ^ 31 and v[2] <= 2 ^ 31
end

--- "valid", "same" or {{top, bottom}, {left, right}}.
function options.padding()
  local kind = options.oneof { "valid", "same" }
  kind.expected = '"valid", "same" or {{top, bottom}, {left, right}}'
  kind.read = function(v)
    if v == "valid" or v == "same" then return v end
    return type(v) == "table" and #v == 2 and is_border(v[1]) and is_border(v[2]) and v or nil
  end
  return kind
end

--- One of the dtypes; `floats` allows float32 and float64 only. Left out, it is K.floatx().
function options.dtype(floats)
  local kind = options.oneof(floats and { "float32", "float64" }
    or { "float32", "float64", "int32", "int64", "uint8", "bool" })
  kind.default, kind.current = nil, config.floatx
  return kind
end

--- A number, whole if `whole`; nil stands for no default.
function options.number(default, whole)
  return {
    default = default,
    expected = whole and "a whole number" or "a number",
    read = function(v)
      if type(v) ~= "number" then return nil end
      if whole then return math.tointeger(v) end
      return v
    end,
  }
end

-- ---- parsing -------------------------------------------------------------------------------------

local function sorted_keys(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys)
  return keys
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

--- Makes the parser of one function's options: given table or nil -> a new table with every option.
---@param name string the function's name, for errors
---@param kinds table<string, table>
---@return fun(given: table?): table
function options.parser(name, kinds)
  local names = sorted_keys(kinds)
  return function(given)
    if given == nil then
      given = {}
    elseif type(given) ~= "table" then
      core.raise(("%s: options must be a table, got %s"):format(name, options.show(given)))
    end
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
end

return options
