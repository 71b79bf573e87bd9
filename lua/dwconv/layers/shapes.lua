-- layers/shapes.lua: the same numbers in another shape or order: Flatten, Reshape, Permute, RepeatVector. None looks at
-- the batch, which may be empty.

local K = require "dwconv.backend"
local args = require "dwconv.args"
local layer = require "dwconv.layers.layer"

local kinds, raise, check = args.kinds, args.raise, args.check

-- How many numbers a sample has.
local function count(x) return check.product(x.shape, 2, x.ndim) end

layer.class "Flatten" {
  doc = [[
Each sample as one row of numbers: n,k. With channels_first the channels go last before, so that the row is the same as
with channels_last.]],
  leading = { "data_format" },
  options = { data_format = kinds.data_format() },
  keeps_dtype = true,
  call = function(self, x)
    if self.data_format == "channels_first" and x.ndim > 2 then
      local order = { 1 }
      for i = 3, x.ndim do order[#order + 1] = i end
      order[#order + 1] = 2
      x = K.permute_dimensions(x, order)
    end
    return K.reshape(x, { x.shape[1], count(x) })
  end,
}

layer.class "Reshape" {
  doc = "Each sample in another shape, target_shape, which leaves the batch out; one size may be -1, for what is left.",
  leading = { "target_shape" },
  options = { target_shape = kinds.shape(true) },
  keeps_dtype = true,
  init = function(self)
    local free = 0
    for _, n in ipairs(self.target_shape) do free = free + (n == -1 and 1 or 0) end
    if free > 1 then raise("target_shape may have one size of -1, got %s", args.show(self.target_shape)) end
  end,
  call = function(self, x)
    local shape, known, free = { x.shape[1] }, 1, nil
    for i, n in ipairs(self.target_shape) do
      shape[i + 1] = n
      if n == -1 then free = i + 1 else known = known * n end
    end
    local n = count(x)
    if free and known > 0 and n % known == 0 then shape[free], known = n // known, n end
    if known ~= n then
      raise("target_shape %s does not hold the %d numbers of a sample (%s)", args.show(self.target_shape), n,
        table.concat(x.shape, "x", 2))
    end
    return K.reshape(x, shape)
  end,
}

-- A permutation of 1 to n.
local dims_kind = kinds.new {
  annotation = "integer[]",
  expected = "a table of the axes after the batch, from 1 on, each once",
  read = function(v)
    if type(v) ~= "table" then return nil end
    local dims, seen = {}, {}
    for i = 1, rawlen(v) do
      local axis = check.whole(rawget(v, i))
      if not axis or axis < 1 or axis > rawlen(v) or seen[axis] then return nil end
      dims[i], seen[axis] = axis, true
    end
    return #dims > 0 and dims or nil
  end,
}

layer.class "Permute" {
  doc = "The axes of each sample in another order. dims counts them from 1 and leaves the batch out: {2, 1} swaps two.",
  leading = { "dims" },
  options = { dims = dims_kind },
  keeps_dtype = true,
  call = function(self, x)
    if #self.dims ~= x.ndim - 1 then
      raise("dims names %d axes but x has %d after the batch (%s)", #self.dims, x.ndim - 1,
        table.concat(x.shape, "x", 2))
    end
    local order = { 1 }
    for i, axis in ipairs(self.dims) do order[i + 1] = axis + 1 end
    return K.permute_dimensions(x, order)
  end,
}

layer.class "RepeatVector" {
  doc = "Each row n times: (batch,n,k) of (batch,k).",
  leading = { "n" },
  options = { n = kinds.whole(nil, 1) },
  keeps_dtype = true,
  call = function(self, x)
    if x.ndim ~= 2 then raise("x must be n,k, got %d axes after the batch", x.ndim - 1) end
    return K.repeat_(x, self.n)
  end,
}
