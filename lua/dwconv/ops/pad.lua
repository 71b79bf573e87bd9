-- ops/pad.lua: numbers around a tensor. Made of views and concatenation, whose gradients are its own.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "join"
local K = ops.calls
local kinds, raise, show = args.kinds, args.raise, args.show

local read_wholes = kinds.wholes().read

local pair_kind = kinds.new {
  annotation = "integer[]",
  expected = "a pair of whole numbers of at least 0",
  read = function(v)
    local pair = type(v) == "table" and rawlen(v) == 2 and read_wholes(v)
    return pair and pair[1] >= 0 and pair[2] >= 0 and math.max(pair[1], pair[2]) <= 2 ^ 40 and pair or nil
  end,
}

-- The pairs as whole numbers of at least 0, and the shape they give.
local function read_paddings(x, paddings)
  local shape, pairs_ = x.shape, {}
  if rawlen(paddings) ~= #shape then
    raise("paddings must have a pair {before, after} for each of the %d axes of x, got %s", #shape, show(paddings))
  end
  for i = 1, #shape do
    local pair = pair_kind:check(("paddings[%d]"):format(i), rawget(paddings, i))
    pairs_[i] = pair
    shape[i] = pair[1] + shape[i] + pair[2]
  end
  return pairs_, shape
end

-- Zeros with x put in, in one go.
local function with_zeros(x, pairs_, shape)
  local key = {}
  for i, size in ipairs(x.shape) do
    local first = pairs_[i][1] + 1
    key[i] = size > 0 and { first, first + size - 1 } or shape[i] > 0 and { 2, 1 } or {} -- {2, 1} is empty
  end
  return K.embed(x, shape, "index", { key })
end

local function with_value(x, pairs_, value)
  for axis, pair in ipairs(pairs_) do
    local parts, shape = {}, x.shape
    for side, n in ipairs(pair) do
      shape[axis] = n
      parts[2 * side - 1] = core.full(shape, value, x.dtype)
    end
    parts[2] = x
    x = K.concatenate(parts, { axis = axis })
  end
  return x
end

-- What lies before and after is x reversed, starting `skip` numbers from its ends.
local function mirrored(x, pairs_, mode)
  local skip = mode == "reflect" and 1 or 0
  for axis, pair in ipairs(pairs_) do
    local n = x.shape[axis]
    if math.max(pair[1], pair[2]) > n - skip and (pair[1] > 0 or pair[2] > 0) then
      raise("paddings[%d] is {%d, %d}, but %s finds at most %d numbers on axis %d of %s", axis, pair[1], pair[2], mode,
        math.max(0, n - skip), axis, x.shape)
    end
    if pair[1] > 0 or pair[2] > 0 then
      local before = K.reverse(K.narrow(x, axis, 1 + skip, pair[1]), axis)
      local after = K.reverse(K.narrow(x, axis, n - skip - pair[2] + 1, pair[2]), axis)
      x = K.concatenate({ before, x, after }, { axis = axis })
    end
  end
  return x
end

op "pad" {
  doc = [[
x with further numbers before and after it along each axis: value for mode "constant"; for "reflect" x mirrored at its
first and last number, for "symmetric" at its edges, so that these come twice.]],
  args = { { "x", kinds.tensor "any" } },
  values = { { "paddings", kinds.table("integer[][]", "a table of {before, after} for each axis") } },
  options = {
    mode = kinds.oneof { "constant", "reflect", "symmetric" },
    value = kinds.new {
      default = 0,
      annotation = "number|boolean",
      expected = "a number or a boolean",
      read = function(v) return (type(v) == "number" or v == true) and v or v == false and 0 or nil end,
    },
  },
  result = "x's, grown",
  forward = function(x, paddings, o)
    local pairs_, shape = read_paddings(x, paddings)
    core.broadcast_to(core.zeros({}, x.dtype), shape) -- refuses what is too large
    local y
    if #pairs_ == 0 then return K.clone(x) end
    if o.mode ~= "constant" then
      y = mirrored(x, pairs_, o.mode)
    elseif o.value == 0 then
      y = with_zeros(x, pairs_, shape)
    else
      y = with_value(x, pairs_, o.value)
    end
    return y == x and K.clone(x) or y
  end,
  backward = "parts",
  method = true,
  differs = "Keras's backend does not have it.",
  sample = function(R) return R { 3, 2, 3 }, { { 1, 0 }, { 0, 0 }, { 2, 1 } }, { mode = "reflect" } end,
  example = [[
x = dw.tensor { { 1, 2, 3 } }
print(K.pad(x, { { 0, 1 }, { 1, 2 } }), K.pad(x, { { 0, 0 }, { 2, 2 } }, { mode = "reflect" }))]],
  errors = "A pair too few, numbers below 0, more than x can mirror, a value that the dtype cannot hold.",
}
