-- args/tensors.lua: the kinds of arguments that are tensors, or hold them. A record says in words which axes and dtype
-- each has, for the reference, and what more than a tensor is required: `axes`, how many at least; `rank`, how many;
-- `dtype`, "numbers" (no bools), "floats", "whole numbers", "bools" or "float64". They are added to the kinds of
-- kinds.lua, which explains their fields.

local check = require "dwconv.args.check"
local core = require "dwconv.core"
local kinds = require "dwconv.args.kinds"
local words = require "dwconv.args.words"

local MOST_AXES <const> = kinds.MOST_AXES
local fits, is_tensor, raise, show = core.fits, check.is_tensor, words.raise, words.show

local dtypes = {
  numbers = { "float32", "float64", "int32", "int64", "uint8" },
  floats = { "float32", "float64" },
  ["whole numbers"] = { "int32", "int64", "uint8" },
  bools = { "bool" },
  float64 = { "float64" },
}

local function axes_text(n) return n == 1 and "one axis" or n .. " axes" end

-- Raises what a tensor lacks.
local function refuse(argument, t, needs)
  if needs.rank and t.ndim ~= needs.rank then
    raise("%s must be a tensor of rank %d, got %s", argument, needs.rank, show(t))
  elseif needs.axes and t.ndim < needs.axes then
    raise("%s must be a tensor with at least %s, got %s", argument, axes_text(needs.axes), show(t))
  elseif needs.dtype == "numbers" then
    raise("%s must hold numbers, got bool; cast it first", argument)
  elseif needs.dtype == "floats" then
    raise("%s must be of dtype float32, float64, got %s", argument, t.dtype)
  elseif needs.dtype == "whole numbers" then
    raise("%s must be a tensor of whole numbers (int32, int64, uint8), got %s", argument, show(t))
  end
  raise("%s must be a tensor of %s, got %s", argument, needs.dtype, show(t))
end

local function read_tensor(v) return is_tensor(v) and v or nil end

-- Reads a tensor of which more is required: one question to the core.
local function read_for(needs)
  local least, most = needs.rank or needs.axes or 0, needs.rank or MOST_AXES
  local d1, d2, d3, d4, d5 = table.unpack(dtypes[needs.dtype] or {})
  if not d1 then return function(v) return fits(v, least, most) and v or nil end end
  return function(v) return fits(v, least, most, d1, d2, d3, d4, d5) and v or nil end
end

local plain = {} -- kinds of tensors of which nothing more is required, by text

--- A tensor.
---@param text string its axes and dtype
---@param needs? { axes?: integer, rank?: integer, dtype?: string }
function kinds.tensor(text, needs)
  if not needs and plain[text] then return plain[text] end
  local kind = kinds.new {
    annotation = "dwconv.Tensor",
    words = text,
    expected = "a tensor",
    tensors = true,
    plain = not needs,
    read = needs and read_for(needs) or read_tensor,
    explain = needs and function(argument, v) if is_tensor(v) then refuse(argument, v, needs) end end,
  }
  if not needs then plain[text] = kind end
  return kind
end

--- A tensor, or a number beside one; a boolean beside bools.
function kinds.tensor_or_number(text, annotation)
  return kinds.new {
    annotation = annotation or "dwconv.Tensor|number",
    words = text or "a tensor, or a number beside one",
    expected = "a tensor or a number",
    tensors = true,
    plain = true,
    read = function(v) if is_tensor(v) or type(v) == "number" or type(v) == "boolean" then return v end end,
  }
end

--- A tensor of whole numbers, which count from 1.
function kinds.indices(text)
  return kinds.tensor(text .. "; int32, int64 or uint8, counting from 1", { dtype = "whole numbers" })
end

--- A table of tensors, at least one if it is not said to be `maybe_empty`; its normal form is a list of our own, as the
--- script's table may answer otherwise when it is looked at again.
---@param text string
---@param needs? table of each tensor, as `tensor`'s
---@param maybe_empty? boolean
function kinds.list(text, needs, maybe_empty)
  local one, least = kinds.tensor("", needs), maybe_empty and 0 or 1
  return kinds.new {
    annotation = "dwconv.Tensor[]",
    words = text,
    expected = maybe_empty and "a table of tensors" or "a table of at least one tensor",
    tensors = true,
    list = true,
    read = function(v)
      if type(v) ~= "table" or rawlen(v) < least or rawget(v, "axis") ~= nil then return nil end
      local list = {}
      for i = 1, rawlen(v) do
        list[i] = one.read(rawget(v, i))
        if not list[i] then return nil end
      end
      return list
    end,
    explain = function(argument, v)
      if type(v) ~= "table" then return end
      if rawget(v, "axis") ~= nil then
        raise('%s has a field "axis"; options go into a table of their own, after it', argument)
      end
      for i = 1, rawlen(v) do one:check(("%s[%d]"):format(argument, i), rawget(v, i)) end
    end,
  }
end

--- A tensor, or a table of tensors, which may be empty.
---@param text? string
---@param needs? table of a tensor alone, as `tensor`'s
function kinds.tensor_or_list(text, needs)
  local one, list = kinds.tensor("", needs), kinds.list("", nil, true)
  return kinds.new {
    annotation = "dwconv.Tensor|dwconv.Tensor[]",
    words = text,
    expected = "a tensor or a table of tensors",
    tensors = true,
    plain = not needs,
    read = function(v) return (type(v) == "table" and list or one).read(v) end,
    explain = function(argument, v)
      list.explain(argument, v)
      if needs then one.explain(argument, v) end
    end,
  }
end

--- What a tensor is made of, or a tensor: the core checks numbers, booleans and nested tables.
function kinds.values(text)
  return kinds.new {
    annotation = "dwconv.Tensor|number|boolean|table",
    words = text or "a nested table, a number, a boolean or a tensor",
    expected = "a nested table, a number, a boolean or a tensor",
    tensors = true,
    plain = true,
    read = function(v)
      local kind = type(v)
      if kind == "table" or kind == "number" or kind == "boolean" or is_tensor(v) then return v end
    end,
  }
end

return kinds
