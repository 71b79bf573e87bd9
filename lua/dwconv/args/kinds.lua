-- args/kinds.lua: the kinds of arguments and options, in which records say what their functions take. A kind has
--   expected    its words in an error text: "axis must be EXPECTED, got 0"
--   read        function(value, x) -> the normal form, or nil; x is the first argument, which an axis depends on. None:
--               anything is taken as it is
--   explain     function(argument, value, x): raises what is wrong where that is more than that it is not as expected
--   annotation  its type for editors (LuaCATS)
--   words       what the reference says of it, if that is not what is expected
--   optional    true: it may be nil
--   tensors     true: tensors may be in it
--   plain       true: any tensor is taken as it is
--   choices     the strings that it may be, if they are few; or suggest: function() -> names that it may be
--   sizes       true: it holds sizes, of which 0 may stand for the batch (graph.lua)
-- and as an option `default`, or `current` (a function, for what the configuration decides); `default_text` says what
-- nil stands for. It is `steady` if the normal form follows from the value and the configuration alone: a string, a
-- boolean or a whole number, 2.0 as 2, or a list of these, looked at without metamethods.
-- Invariant: reading is idempotent, so a backward function hands on what it was given. tensors.lua adds more.

local check = require "dwconv.args.check"
local config = require "dwconv.config"
local words = require "dwconv.args.words"

local math_type, whole, raise, show = math.type, check.whole, words.raise, words.show

local Kind = {}
Kind.__index = Kind

--- The normal form of a value, or an error of the argument.
function Kind:check(argument, value, x)
  local read = self.read
  if not read or value == nil and self.optional then return value end
  local normal = read(value, x)
  if normal ~= nil then return normal end
  if self.explain then self.explain(argument, value, x) end
  local hint = ""
  if self.choices then
    local meant = self.aliases and self.aliases[value]
    hint = meant and ('; did you mean "%s"?'):format(meant) or words.hint(value, self.choices)
  end
  raise("%s must be %s, got %s%s", argument, self.expected, show(value), hint)
end

--- What reads an argument: function(value, x) -> its normal form, or an error. Nothing for a kind that takes anything.
function Kind:reader(argument)
  local read = self.read
  if not read then return nil end
  if self.plain then -- as most arguments are: the test of is_tensor, without a further call
    return function(value, x)
      if type(value) == "userdata" and getmetatable(value) == "dwconv.Tensor" then return value end
      local normal = read(value, x)
      if normal ~= nil then return normal end
      return self:check(argument, value, x)
    end
  end
  return function(value, x)
    local normal = read(value, x)
    if normal ~= nil then return normal end
    return self:check(argument, value, x)
  end
end

local kinds = {}

--- Makes a kind of its fields.
function kinds.new(fields) return setmetatable(fields, Kind) end

local new = kinds.new

--- The same kind, which may be nil; as an option it has no default then.
function kinds.optional(kind)
  local copy = {}
  for field, value in pairs(kind) do copy[field] = value end
  copy.default, copy.current, copy.optional = nil, nil, true
  return new(copy)
end

--- What a function gives, if that is no tensor: its type for editors and what the reference says. `several`: more than
--- one result.
function kinds.gives(annotation, text, several)
  return new { annotation = annotation, words = text, several = several }
end

-- ---- numbers and words ---------------------------------------------------------------------------

local MOST <const> = 2 ^ 31 -- of sizes and counts, so that no product of what is accepted overflows in the core

-- A whole number from `least` on, 2.0 as 2.
local function as_whole(v, least)
  v = whole(v)
  return v and v >= least and v <= MOST and v or nil
end

--- A number except NaN, from `least` on or from `least` to `most` if they are given; nil stands for no default.
function kinds.number(default, least, most)
  local range = most and " from %g to %g" or least and " of at least %g" or ""
  return new {
    default = default,
    annotation = "number",
    expected = "a number" .. range:format(least, most),
    read = function(v)
      local fits = type(v) == "number" and v == v and (not least or v >= least) and (not most or v <= most)
      return fits and v or nil
    end,
  }
end

--- A number above 0.
function kinds.positive(default)
  local kind = kinds.number(default)
  kind.expected = "a number above 0"
  kind.read = function(v) return type(v) == "number" and v > 0 and v or nil end
  return kind
end

--- A number that is neither NaN nor infinite.
function kinds.finite(default)
  return new {
    default = default,
    annotation = "number",
    words = "a number",
    expected = "a finite number",
    read = function(v) return type(v) == "number" and v - v == 0 and v or nil end,
  }
end

--- A number, NaN too, or a boolean.
function kinds.scalar()
  return new {
    annotation = "number|boolean",
    expected = "a number or a boolean",
    read = function(v) if type(v) == "number" or type(v) == "boolean" then return v end end,
  }
end

--- A whole number, 2.0 as 2; from `least` to `most` if they are given.
function kinds.whole(default, least, most)
  local range = most and " from %d to %d" or least and " of at least %d" or ""
  return new {
    default = default,
    annotation = "integer",
    expected = "a whole number" .. range:format(least, most),
    read = function(v)
      v = whole(v)
      return v and v >= (least or v) and v <= (most or v) and v or nil
    end,
  }
end

--- A whole number from 0 on.
function kinds.count() return kinds.whole(nil, 0) end

--- An index along an axis. Its range is checked where the tensor is known.
function kinds.index()
  local kind = kinds.whole()
  kind.words = "an index, from 1 or -1 back"
  return kind
end

--- true or false.
function kinds.flag(default)
  return new {
    default = default,
    steady = true,
    annotation = "boolean",
    expected = "true or false",
    read = function(v) if type(v) == "boolean" then return v end end,
  }
end

--- A string.
function kinds.text(default)
  return new {
    default = default,
    annotation = "string",
    expected = "a string",
    read = function(v) return type(v) == "string" and v or nil end,
  }
end

--- One of the given strings; the first is the default. `aliases` maps what people try to what they mean.
function kinds.oneof(choices, aliases)
  local known, quoted = {}, {}
  for i, c in ipairs(choices) do
    known[c], quoted[i] = true, ('"%s"'):format(c)
  end
  return new {
    default = choices[1],
    steady = true,
    choices = choices,
    aliases = aliases,
    annotation = table.concat(quoted, "|"),
    expected = words.choice(quoted),
    read = function(v) return known[v] and v or nil end,
  }
end

--- One of the dtypes; `floats` allows float32 and float64 only. Left out, it is K.floatx().
function kinds.dtype(floats)
  local kind = kinds.oneof(floats and { "float32", "float64" }
    or { "float32", "float64", "int32", "int64", "uint8", "bool" })
  kind.default, kind.first, kind.current = nil, "float32", config.floatx
  return kind
end

--- Something that can be called.
function kinds.callable()
  return new {
    annotation = "function",
    expected = "a function",
    read = function(v) return check.is_callable(v) and v or nil end,
  }
end

--- A table, which the function itself looks into: `annotation` is its type, `text` what it holds.
function kinds.table(annotation, text)
  return new {
    annotation = annotation,
    words = text,
    expected = "a table",
    read = function(v) return type(v) == "table" and v or nil end,
  }
end

--- Anything, nil too.
function kinds.anything(text, annotation)
  return new { annotation = annotation or "any", words = text or "anything" }
end

-- ---- axes and shapes -----------------------------------------------------------------------------

local MOST_AXES <const> = 8
kinds.MOST_AXES = MOST_AXES
local AXIS <const> = "an axis, counting from 1 (-1 is the last)" -- as the core has it (arguments.c)

--- An axis: an argument that comes after a tensor becomes its axis from 1 on; an option is only checked in form, as the
--- tensor is not known.
function kinds.axis(default)
  return new {
    default = default,
    steady = true,
    annotation = "integer",
    words = "an axis, from 1 or -1 back",
    expected = AXIS,
    read = function(v, x)
      if math_type(v) ~= "integer" then v = whole(v) end
      if not x then return v ~= 0 and v or nil end
      local rank = x.ndim
      if v and v < 0 then v = v + rank + 1 end
      return v and v >= 1 and v <= rank and v or nil
    end,
    explain = function(argument, v, x) if x then check.axis(v, x.ndim, argument) end end,
  }
end

--- An axis, or a table of axes; an option that is left out means all. After a tensor it becomes a list of its axes.
function kinds.axes()
  local one = kinds.axis()
  local read_one = one.read
  local function read(v, x)
    if type(v) ~= "table" then
      local axis = read_one(v, x)
      return x and axis and { axis } or axis
    end
    local axes, seen = {}, x and {}
    for i = 1, rawlen(v) do
      local axis = read_one(rawget(v, i), x)
      if not axis or seen and seen[axis] then return nil end
      axes[i] = axis
      if seen then seen[axis] = true end
    end
    return axes
  end
  return new {
    default_text = "all axes",
    steady = true,
    annotation = "integer|integer[]",
    words = "an axis or a table of axes, from 1 or -1 back",
    expected = "an axis or a table of axes, counting from 1 (-1 is the last)",
    read = read,
    explain = function(argument, v, x)
      if math.type(v) then one:check(argument, v, x) end
      for i = 1, type(v) == "table" and rawlen(v) or 0 do one:check(("%s[%d]"):format(argument, i), rawget(v, i), x) end
      if x and type(v) == "table" then check.axes(v, x.ndim, argument) end
    end,
  }
end

--- A shape: a table of sizes. `free`: one size may be -1.
function kinds.shape(free)
  local least = free and -1 or 0
  local size = kinds.whole(nil, least)
  return new {
    steady = true,
    sizes = true,
    annotation = "integer[]",
    expected = "a table of sizes",
    read = function(v)
      if type(v) ~= "table" or rawlen(v) > MOST_AXES then return nil end
      local sizes = {}
      for i = 1, rawlen(v) do
        local n = rawget(v, i)
        if math_type(n) ~= "integer" then n = whole(n) end
        if not n or n < least then return nil end
        sizes[i] = n
      end
      return sizes
    end,
    explain = function(argument, v)
      if type(v) ~= "table" then return end
      if rawlen(v) > MOST_AXES then raise("%s must have at most %d axes, got %d", argument, MOST_AXES, rawlen(v)) end
      for i = 1, rawlen(v) do size:check(("%s[%d]"):format(argument, i), rawget(v, i)) end
    end,
  }
end

--- A whole number, or a table of them.
function kinds.wholes(expected)
  return new {
    annotation = "integer|integer[]",
    expected = expected or "a whole number or a table of whole numbers",
    read = function(v)
      if type(v) ~= "table" then return whole(v) end
      local list = {}
      for i = 1, rawlen(v) do
        list[i] = whole(rawget(v, i))
        if not list[i] then return nil end
      end
      return list
    end,
  }
end

-- ---- what convolutions take ----------------------------------------------------------------------

--- "channels_last" or "channels_first"; left out, it is K.image_data_format().
function kinds.data_format()
  local kind = kinds.oneof({ "channels_last", "channels_first" }, { NHWC = "channels_last", NCHW = "channels_first" })
  kind.default, kind.first, kind.current = nil, "channels_last", config.image_data_format
  return kind
end

-- What the axes of a window are called, by their number.
local SIZES <const> = { "{w}", "a pair {h, w}", "{d, h, w}" }
local PAIRS <const> = {
  "{before, after}", "{{top, bottom}, {left, right}}", "{{front, back}, {top, bottom}, {left, right}}",
}

-- f of each item of a list of `n`, or, without n, of 1 to 3, in a table of our own: what a script does to its table
-- later is not seen. nil if one of them has none.
local function read_each(v, n, f)
  if type(v) ~= "table" or rawlen(v) ~= (n or rawlen(v)) or rawlen(v) < 1 or rawlen(v) > 3 then return nil end
  local list = {}
  for i = 1, rawlen(v) do
    list[i] = f(rawget(v, i))
    if list[i] == nil then return nil end
  end
  return list
end

--- A whole number for all axes of a window, or a list of one for each; at least 1. `axes`: how many there are, or nil
--- for as many as the image has, which the function itself checks; then the normal form may be a number.
---@param axes? integer 1 to 3
---@param default? integer
function kinds.sizes(axes, default)
  local function one(v) return as_whole(v, 1) end
  local function read(v)
    if type(v) == "table" then return read_each(v, axes, one) end
    v = one(v)
    if not v or not axes then return v end
    local list = {}
    for i = 1, axes do list[i] = v end
    return list
  end
  return new {
    default = default and read(default),
    steady = true,
    annotation = "integer|integer[]",
    expected = ("a whole number or %s, each at least 1"):format(axes and SIZES[axes] or "a table of one for each axis"),
    read = read,
  }
end

--- "valid", "same" or a pair {before, after} for each axis of a window; for one axis the pair alone will do, too.
---@param axes? integer how many axes there are; nil for as many as the image has, which the function itself checks
---@param causal? boolean "causal" may be said, too
function kinds.padding(axes, causal)
  local kind = kinds.oneof(causal and { "valid", "same", "causal" } or { "valid", "same" })
  local is_word = kind.read
  local function pair(v) return read_each(v, 2, function(n) return as_whole(n, 0) end) end
  kind.annotation = kind.annotation .. (axes == 1 and "|integer[]" or "|integer[][]")
  kind.expected = ('"valid", "same"%s or %s'):format(causal and ', "causal"' or "",
    PAIRS[axes] or "a pair {before, after} for each axis")
  kind.read = function(v)
    if type(v) ~= "table" then return is_word(v) end
    local alone = axes == 1 and pair(v)
    return alone and { alone } or read_each(v, axes, pair)
  end
  return kind
end

return kinds
