-- ops/pad.lua: numbers around a tensor. Made of views and concatenation, whose gradients are its own.

local core = require "dwconv.core"
local ops = require "dwconv.ops"
local options = require "dwconv.options"

local op = ops.family("join", "numbers around a tensor")
local K = ops.calls
local show = options.show

-- The pairs as whole numbers of at least 0, and the shape they give.
local function read_paddings(x, paddings)
  local shape, pairs_ = x.shape, {}
  if type(paddings) ~= "table" or rawlen(paddings) ~= #shape then
    core.raise(("pad: paddings must have a pair {before, after} for each of the %d axes of x, got %s"):format(#shape,
      show(paddings)))
  end
  for i = 1, #shape do
    local pair = paddings[i]
    local before = type(pair) == "table" and rawlen(pair) == 2 and options.whole(pair[1])
    local after = before and options.whole(pair[2])
    if not after or before < 0 or after < 0 or before > 2 ^ 40 or after > 2 ^ 40 then
      core.raise(("pad: paddings[%d] must be a pair of whole numbers of at least 0, got %s"):format(i, show(pair)))
    end
    pairs_[i] = { before, after }
    shape[i] = before + shape[i] + after
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

local filled, stretched = core.named(core.full, "pad"), core.named(core.broadcast_to, "pad")

local function with_value(x, pairs_, value)
  for axis, pair in ipairs(pairs_) do
    local parts, shape = {}, x.shape
    for side, n in ipairs(pair) do
      shape[axis] = n
      parts[2 * side - 1] = filled(shape, value, x.dtype)
    end
    parts[2] = x
    x = K.concatenate(parts, { axis = axis })
  end
  return x
end

-- What lies before and after is x reversed, from `skip` numbers off its ends on.
local function mirrored(x, pairs_, mode)
  local skip = mode == "reflect" and 1 or 0
  for axis, pair in ipairs(pairs_) do
    local n = x.shape[axis]
    if math.max(pair[1], pair[2]) > n - skip and (pair[1] > 0 or pair[2] > 0) then
      core.raise(("pad: paddings[%d] is {%d, %d}, but %s finds at most %d numbers on axis %d of %s"):format(axis,
        pair[1], pair[2], mode, math.max(0, n - skip), axis, options.shape_text(x)))
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
  args = { "x" },
  values = { "paddings" },
  options = {
    mode = options.oneof { "constant", "reflect", "symmetric" },
    value = {
      default = 0,
      annotation = "number|boolean",
      expected = "a number or a boolean",
      read = function(v) return (type(v) == "number" or v == true) and v or v == false and 0 or nil end,
    },
  },
  shapes = { x = "any", paddings = "a table of {before, after} for each axis", result = "x's, grown" },
  forward = function(x, paddings, o)
    local pairs_, shape = read_paddings(options.check_tensor("pad", "x", x), paddings)
    stretched(core.zeros({}, x.dtype), shape) -- refuses what is too large
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
