-- layers/merge.lua: layers of several inputs, which are called with a table of tensors: Add, Subtract, Multiply,
-- Average, Maximum, Minimum, Concatenate, Dot. Those that work number by number stretch shapes as operators do; an
-- input with fewer axes gets axes of size 1 after the batch.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local layer = require "dwconv.layers.layer"

local kinds, raise, check, show = args.kinds, args.raise, args.check, args.show

local function check_list(x, least, most)
  if check.is_tensor(x) then raise("x must be a table of tensors, got %s", show(x)) end
  if #x < least or most and #x > most then
    raise("x must be a table of %s tensors, got %d", most or ("at least %d"):format(least), #x)
  end
  return x
end

-- The inputs with as many axes each, after a check of their batches and sizes.
local function aligned(x)
  local rank, list = 0, {}
  for _, t in ipairs(x) do rank = math.max(rank, t.ndim) end
  for i, t in ipairs(x) do
    if t.shape[1] ~= x[1].shape[1] then
      raise("x[%d] has a batch of %d, but x[1] has %d", i, t.shape[1], x[1].shape[1])
    end
    local shape = { t.shape[1] }
    for _ = 1, rank - t.ndim do shape[#shape + 1] = 1 end
    table.move(t.shape, 2, t.ndim, #shape + 1, shape)
    list[i] = t.ndim == rank and t or K.reshape(t, shape)
  end
  for axis = 2, rank do
    local size = 1
    for i, t in ipairs(list) do
      local n = t.shape[axis]
      if n ~= 1 and size ~= 1 and n ~= size then
        raise("x[%d] (%s) does not stretch to the shape of those before it (%s)", i,
          table.concat(x[i].shape, "x", 2), table.concat(x[1].shape, "x", 2))
      end
      if n ~= 1 then size = n end
    end
  end
  return list
end

local function merge(name, doc, combine, last, most)
  layer.class(name) {
    doc = doc,
    options = {},
    takes_many = true,
    call = function(_, x)
      local list = aligned(check_list(x, most or 1, most))
      local y = list[1]
      for i = 2, #list do y = combine(y, list[i]) end
      return last and last(y, #list) or y
    end,
  }
end

merge("Add", "The sum of its inputs.", K.add)
merge("Multiply", "The product of its inputs, number by number.", K.multiply)
merge("Average", "The average of its inputs.", K.add, function(y, n) return y / n end)
merge("Maximum", "The largest of its inputs, number by number.", K.maximum)
merge("Minimum", "The smallest of its inputs, number by number.", K.minimum)
merge("Subtract", "The first of two inputs less the second.", K.subtract, nil, 2)

layer.class "Concatenate" {
  doc = "Its inputs one after another along an axis, which counts the batch as axis 1.",
  leading = { "axis" },
  options = { axis = kinds.axis(-1) },
  takes_many = true,
  call = function(self, x)
    check_list(x, 1)
    local rank = x[1].ndim
    local axis = check.axis(self.axis, rank)
    for i, t in ipairs(x) do
      if t.ndim ~= rank then raise("x[%d] has %d axes after the batch, but x[1] has %d", i, t.ndim - 1, rank - 1) end
      for a = 1, rank do
        if a ~= axis and t.shape[a] ~= x[1].shape[a] then
          raise("x[%d] (%s) differs from x[1] (%s) along axis %d, not along axis %d alone", i,
            table.concat(t.shape, "x", 2), table.concat(x[1].shape, "x", 2), a, axis)
        end
      end
    end
    return K.concatenate(x, { axis = axis })
  end,
}

local axes_kind = kinds.new {
  annotation = "integer|integer[]",
  expected = "an axis or a pair of axes, counting from 1 (-1 is the last)",
  read = function(v)
    local one = check.whole(v)
    if one then return one ~= 0 and { one, one } or nil end
    if type(v) ~= "table" or rawlen(v) ~= 2 then return nil end
    local a, b = check.whole(rawget(v, 1)), check.whole(rawget(v, 2))
    return a and b and a ~= 0 and b ~= 0 and { a, b } or nil
  end,
}

layer.class "Dot" {
  doc = [[
For each sample the products of two inputs, summed along an axis of each, which counts the batch as axis 1. With
normalize the inputs have length 1 along these axes, so that the sums are cosines.]],
  leading = { "axes", "normalize" },
  options = { axes = axes_kind, normalize = kinds.flag(false) },
  takes_many = true,
  call = function(self, x)
    check_list(x, 2, 2)
    local a, b = check.axis(self.axes[1], x[1].ndim, "axes[1]"), check.axis(self.axes[2], x[2].ndim, "axes[2]")
    local first, second = x[1], x[2]
    if self.normalize then
      first, second = K.l2_normalize(first, { axis = a }), K.l2_normalize(second, { axis = b })
    end
    return K.batch_dot(first, second, { axes = { a, b } })
  end,
}
