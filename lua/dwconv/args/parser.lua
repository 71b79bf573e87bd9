-- args/parser.lua: the one parser that checks the options a script passes. Called by ops/init.lua for every record.
-- What was read before is remembered (recall.lua).
-- Invariant: parsing is idempotent, so a backward function hands its options on as they are.

local remembering = require "dwconv.args.recall"
local words = require "dwconv.args.words"

local raise, show, hint, sorted_keys = words.raise, words.show, words.hint, words.sorted_keys

local parser = {}

local function refuse_extra(takes, value) raise("takes %s, got a further %s", takes, show(value)) end

local function refuse_unknown(names, key)
  if type(key) == "number" then
    raise("options go by name (%s), got a value without one", table.concat(names, ", "))
  end
  local known = #names > 0 and "the options are " .. table.concat(names, ", ") or "it has none"
  raise("unknown option %s%s (%s)", show(key), hint(key, names), known)
end

-- Every option's value when nothing is given, or nil where that depends on the configuration.
local function defaults(kinds)
  local fixed = {}
  for name, kind in pairs(kinds) do
    if kind.current then return nil end
    fixed[name] = kind.default
  end
  return fixed
end

-- Makes the function that turns the options given into a table with every option.
local function reader(kinds, names)
  local reads, currents, standard = {}, {}, {}
  for i, name in ipairs(names) do
    local kind = kinds[name]
    reads[i], currents[i], standard[i] = kind.read, kind.current or false, kind.default
  end
  return function(given)
    for key in next, given do
      if not kinds[key] then refuse_unknown(names, key) end
    end
    local parsed = {}
    for i = 1, #names do
      local key = names[i]
      local value = given[key]
      if value == nil then
        local current = currents[i]
        if current then value = current() else value = standard[i] end
      else
        local normal = reads[i](value)
        if normal == nil then normal = kinds[key]:check(key, value) end
        value = normal
      end
      parsed[key] = value
    end
    return parsed
  end
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
---@param kinds table<string, table>
---@param takes string
---@param prepare? fun(o: table): any
---@return fun(given: table?, extra: any): table, any
---@return table?
---@return any
function parser.options(kinds, takes, prepare)
  local names, fixed = sorted_keys(kinds), defaults(kinds)
  local read_all = reader(kinds, names)
  prepare = prepare or itself

  local function parse(given, extra)
    if extra ~= nil then refuse_extra(takes, extra) end
    if given == nil then
      given = {}
    elseif type(given) ~= "table" then
      if #names == 0 then refuse_extra(takes, given) end
      raise("options must be a table, got %s", show(given))
    end
    if #names == 0 and type(next(given)) == "number" then refuse_extra(takes, given) end
    local o = read_all(given)
    return o, prepare(o)
  end

  return are_steady(kinds) and remembering(parse) or parse, fixed, fixed and prepare(fixed)
end

return parser
