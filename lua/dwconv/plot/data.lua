-- plot/data.lua: what scripts pass to charts, as series: {name =, numbers = (a tensor of one axis, of floats)}. Called
-- by the charts. Invariant: a series that exists has at least one number that can be drawn; what cannot be drawn
-- (NaN, infinite, beyond 1e300) is known by `finite`.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local scale = require "dwconv.plot.scale"

local raise, show, is_tensor = args.raise, args.show, args.check.is_tensor

local data = {}

-- ---- numbers ---------------------------------------------------------------------------------------

-- A list of numbers of a script as a tensor.
local function of_list(what, list)
  if #list == 0 then raise("%s must have at least one number, got an empty table", what) end
  local n, keys = #list, 0
  for i = 1, n do
    if type(list[i]) ~= "number" then raise("%s[%d] must be a number, got %s", what, i, show(list[i])) end
  end
  for key in next, list do
    keys = keys + 1
    if keys > n or math.type(key) ~= "integer" then
      raise("%s must be numbers in a row, got a table with the key %s too", what, show(key))
    end
  end
  return K.constant(list, { dtype = "float64" })
end

--- A tensor's numbers as floats.
function data.floats(t)
  if t.dtype:find "float" then return t end
  return K.cast(t, t.dtype:find "int%d%d" and "float64" or "float32") -- uint8 and bool are exact in float32
end

--- Numbers in a row: a tensor of one axis, or a list.
function data.numbers(what, v)
  if is_tensor(v) then
    if v.ndim ~= 1 then raise("%s must be a tensor of one axis or a table of numbers, got %s", what, show(v)) end
    if v.size == 0 then raise("%s must have at least one number, got %s", what, show(v)) end
    return K.stop_gradient(data.floats(v))
  end
  if type(v) ~= "table" then raise("%s must be a tensor of one axis or a table of numbers, got %s", what, show(v)) end
  return of_list(what, v)
end

--- Where a tensor's numbers can be drawn: bools.
function data.finite(t)
  if t.dtype == "float32" then return K.isfinite(t) end
  return K.less_equal(K.abs(t), scale.LARGEST) -- false for NaN
end

--- The least and the largest number that can be drawn, or nil.
function data.extent(t)
  local fine = data.finite(t)
  local lo = K.min(K.where(fine, t, math.huge)):item()
  if lo == math.huge then return nil end
  return lo, K.max(K.where(fine, t, -math.huge)):item()
end

-- ---- series ----------------------------------------------------------------------------------------

local function series(what, name, v)
  local numbers = data.numbers(what, v)
  local lo, hi = data.extent(numbers)
  if not lo then raise("%s has no number that can be drawn: all are NaN or infinite", what) end
  return { what = what, name = name, numbers = numbers, n = numbers.size, lo = lo, hi = hi }
end

--- Whether a table goes by names.
function data.has_names(v) return type(next(v)) == "string" end

local function by_name(what, v)
  local list = {}
  for key in pairs(v) do
    if type(key) ~= "string" then raise("%s mixes names and positions: got the key %s", what, show(key)) end
  end
  for i, name in ipairs(args.sorted_keys(v)) do list[i] = series(what .. "." .. name, name, v[name]) end
  return list
end

local function rows(what, t)
  if t.size == 0 then raise("%s must have at least one number, got %s", what, show(t)) end
  local list = {}
  for i = 1, t.shape[1] do list[i] = series(("%s[%d]"):format(what, i), nil, K.select(t, 1, i)) end
  return list
end

local MOST_SERIES <const> = 100

--- The series of a tensor of one or two axes (each row one), a list of numbers, or a table of such by name or position.
---@param what string the argument
---@param v any
---@param labels? string[] names of the series
---@return table[]
function data.series(what, v, labels)
  local list
  if is_tensor(v) and v.ndim == 2 then
    if v.shape[1] > MOST_SERIES then
      raise("%s has %d rows, each of which is a series; there can be at most %d", what, v.shape[1], MOST_SERIES)
    end
    list = rows(what, v)
  elseif is_tensor(v) and v.ndim ~= 1 then
    raise("%s must be a tensor of one or two axes, got %s", what, show(v))
  elseif is_tensor(v) or type(v) == "table" and type(v[1]) == "number" then
    list = { series(what, nil, v) }
  elseif type(v) ~= "table" then
    raise("%s must be a tensor, a table of numbers, or a table of these by name, got %s", what, show(v))
  elseif next(v) == nil then
    raise("%s must have at least one number, got an empty table", what)
  elseif data.has_names(v) then
    list = by_name(what, v)
  else
    list = {}
    for i = 1, #v do list[i] = series(("%s[%d]"):format(what, i), nil, v[i]) end
  end
  if #list > MOST_SERIES then raise("%s has %d series; there can be at most %d", what, #list, MOST_SERIES) end
  if labels then
    if #labels ~= #list then raise("labels must be %d, one for each line, got %d", #list, #labels) end
    for i, s in ipairs(list) do s.name = labels[i] end
  end
  for i, s in ipairs(list) do s.name = s.name or #list > 1 and tostring(i) or nil end
  return list
end

-- ---- options ---------------------------------------------------------------------------------------

local kinds = args.kinds

-- A name: a string, or a number as Lua writes it, whole ones without a point.
local function name_of(v)
  if type(v) == "string" then return v end
  if type(v) == "number" then return ("%.14g"):format(v) end
  if type(v) == "boolean" then return tostring(v) end
end

--- A list of names: strings or numbers, or a tensor of one axis.
function data.names()
  return kinds.new {
    annotation = "(string|number)[]|dwconv.Tensor",
    expected = "a table of names or numbers, or a tensor of one axis",
    optional = true,
    read = function(v)
      if is_tensor(v) then
        if v.ndim ~= 1 then return nil end
        v = v:to_table()
      end
      if type(v) ~= "table" then return nil end
      local list = {}
      for i = 1, rawlen(v) do
        list[i] = name_of(rawget(v, i))
        if not list[i] then return nil end
      end
      return list
    end,
  }
end

--- A pair {least, largest}.
function data.pair()
  return kinds.new {
    annotation = "number[]",
    expected = "a pair {least, largest} of finite numbers, the first smaller",
    optional = true,
    read = function(v)
      if type(v) ~= "table" or rawlen(v) ~= 2 then return nil end
      local lo, hi = v[1], v[2]
      local fine = type(lo) == "number" and type(hi) == "number" and lo < hi
        and lo >= -scale.LARGEST and hi <= scale.LARGEST
      return fine and { lo, hi } or nil
    end,
  }
end

--- Options that every chart has, and more.
function data.options(more, takes)
  more.title = kinds.optional(kinds.text())
  return args.options(more, takes)
end

return data
