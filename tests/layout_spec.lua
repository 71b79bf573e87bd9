-- layout_spec.lua: permutation and copies against the reference: every permutation of small ranks, the two that matter
-- for images, small channel counts, all element sizes.

local dw = require "dwconv"
local K = dw.backend
local R = require "reference"
local support = require "support"
local refuses = support.refuses
local same = support.same

local DTYPES = { "float32", "float64", "uint8", "bool" }

local function counted(shape, dtype)
  local n = 1
  for _, s in ipairs(shape) do n = n * s end
  return dw.arange(0, n, 1, { dtype = "int64" }):reshape(shape):astype(dtype)
end

local function permutations(n)
  if n == 0 then return { {} } end
  local all = {}
  for _, p in ipairs(permutations(n - 1)) do
    for at = 1, n do
      local q = { table.unpack(p) }
      table.insert(q, at, n)
      all[#all + 1] = q
    end
  end
  return all
end

describe("permute_dimensions", function()
  for rank = 1, 5 do
    it(("every permutation of rank %d"):format(rank), function()
      local x = counted({ table.unpack({ 3, 5, 2, 7, 4 }, 1, rank) }, "float32")
      for _, pattern in ipairs(permutations(rank)) do
        same(K.permute_dimensions(x, pattern):clone(), R.permute_dimensions(x, pattern), table.concat(pattern, ","))
      end
      support.covers "clone"
    end)
  end

  it("rank 8, negative axes", function()
    local x = counted({ 2, 1, 3, 2, 1, 2, 3, 2 }, "int32")
    local pattern = { 8, -2, 1, 4, 3, 2, 6, -4 }
    same(K.permute_dimensions(x, pattern):clone(), R.permute_dimensions(x, pattern))
  end)

  for _, dtype in ipairs(DTYPES) do
    it("images to channels_first and back, " .. dtype, function()
      for _, c in ipairs { 1, 2, 3, 4, 5, 8, 15, 16, 17, 33, 64 } do
        local x = counted({ 2, 9, 23, c }, dtype)
        local first = R.permute_dimensions(x, { 1, 4, 2, 3 })
        support.everywhere(function()
          same(x:permute({ 1, 4, 2, 3 }):contiguous(), first)
          same(first:permute({ 1, 3, 4, 2 }):contiguous(), x)
        end)
      end
      support.covers "contiguous"
    end)
  end

  it("large images, strided and reversed views", function()
    local x = counted({ 1, 131, 117, 3 }, "uint8")
    local first = R.permute_dimensions(x, { 1, 4, 2, 3 })
    support.everywhere(function()
      same(x:permute({ 1, 4, 2, 3 }):contiguous(), first)
      local v = x[{ {}, { 2, 130, 3 }, { -1, 1, -2 }, { 3, 1, -1 } }]
      same(v:permute({ 1, 4, 2, 3 }):contiguous(), R.permute_dimensions(v, { 1, 4, 2, 3 }))
    end)
  end)

  it("of empty tensors", function()
    assert.same({ 3, 0, 2 }, dw.zeros({ 0, 2, 3 }):permute({ 3, 1, 2 }):clone().shape)
  end)
end)

describe("transpose and reshape", function()
  it("as the reference", function()
    local x = counted({ 3, 4, 5 }, "float64")
    same(K.transpose(x):clone(), R.transpose(x))
    for _, shape in ipairs { { 60 }, { 5, -1 }, { 1, 3, 20 }, { -1, 2, 2 } } do
      same(K.reshape(K.transpose(x), shape):clone(), R.reshape(R.transpose(x), shape))
    end
  end)
end)

describe("contiguous", function()
  it("is the tensor itself when it is, a copy when it is not", function()
    local x = counted({ 3, 4 }, "float32")
    assert.equal(x, x:contiguous())
    local c = x:transpose():contiguous()
    c[1][1] = -1
    assert.equal(0, x[1][1])
  end)
end)

describe("broadcast_to", function()
  it("repeats numbers without copying, and refuses what does not fit", function()
    local x = counted({ 3, 1 }, "float32")
    local y = K.broadcast_to(x, { 2, 3, 4 })
    for i = 1, 2 do
      for k = 1, 4 do same(y[{ i, {}, k }]:clone(), x[{ {}, 1 }]:clone()) end
    end
    x[2] = -5
    assert.equal(-5.0, y(2, 2, 3))
    same(K.sum(y), K.sum(x) * 8)
    refuses(function() K.broadcast_to(x, { 2, 3 }) end, "broadcast_to: x has shape 3x1, which does not broadcast to 2x3")
    refuses(function() K.broadcast_to(x, { 3 }) end, "broadcast_to: x has shape 3x1")
    refuses(function() K.broadcast_to(x, { 2 ^ 40, 2 ^ 40, 3, 1 }) end, "broadcast_to: shape", "too large")
  end)
end)

describe("astype", function()
  it("speaks in its own name", function()
    assert.equal("int32", dw.zeros({ 2 }):astype("int32").dtype)
    refuses(function() dw.zeros({ 2 }):astype "half" end, 'astype: dtype must be "float32", ', 'got "half"')
    refuses(function() K.cast(dw.zeros { 2 }, "half") end, 'cast: dtype must be "float32", ')
  end)
end)

describe("joining and repeating", function()
  it("takes any rank, and refuses sizes that do not fit before it begins", function()
    assert.same({ 2, 2, 1, 2, 1, 2, 1, 6 }, K.tile(dw.ones { 1, 2, 1, 2, 1, 2, 1, 2 }, { 2, 1, 1, 1, 1, 1, 1, 3 }).shape)
    assert.same({ 3, 1, 1, 1, 1, 1, 1, 2 }, K.repeat_elements(dw.ones { 1, 1, 1, 1, 1, 1, 1, 2 }, 3, 1).shape)
    same(K.tile(dw.tensor { { 1, 2 } }, { 2, 2 }), dw.tensor { { 1, 2, 1, 2 }, { 1, 2, 1, 2 } })
    assert.same({ 0, 6 }, K.tile(dw.ones { 2, 3 }, { 0, 2 }).shape)
    refuses(function() K.tile(dw.ones { 2, 2, 2, 2, 2 }, { 1, 1, 1, 1, 1 << 31 }) end, "memory")
    refuses(function() K.concatenate { K.broadcast_to(dw.ones { 1 }, { 1 << 60 }), dw.ones { 1 } } end, "concatenate:")
    refuses(function() K.constant({ 1, 2 }, { shape = { -1 } }) end, "constant: shape[1] must be")
  end)

  it("refuses what is in the wrong table, and mixed dtypes in its own name", function()
    local x, y = dw.ones { 2 }, dw.ones({ 2 }, { dtype = "int32" })
    refuses(function() K.concatenate { x, x, axis = 1 } end, 'concatenate: tensors has a field "axis"')
    refuses(function() K.stack { x, axis = 1 } end, 'stack: x has a field "axis"')
    refuses(function() K.stack { x, y } end, "stack: x[1] is a float32 tensor 2 but x[2] is an int32 tensor 2")
  end)
end)

describe("errors", function()
  it("speak of the function that was called and its arguments", function()
    local x, half = dw.ones { 2, 3 }, dw.ones({ 3, 2 }, { dtype = "float64" })
    refuses(function() K.dot(x, half) end, "dot: x is float32 but y is float64")
    refuses(function() K.batch_dot(x, x:astype "float64") end, "batch_dot: x is float32 but y is float64")
    refuses(function() K.batch_dot(x:astype "bool", x:astype "bool") end, "batch_dot: x must hold numbers", "got bool")
    refuses(function() K.logsumexp(x:astype "int32") end, "logsumexp: x must be of dtype float32, float64, got int32")
    refuses(function() K.update(x, half) end, "update: new_x is float64")
    refuses(function() K.update(x:astype "int32", false) end, "update: value must be a whole number")
    refuses(function() K.stop_gradient(3) end, "stop_gradient: variables must be a tensor or a table of tensors, got 3")
    refuses(function() K.reverse(x) end, "reverse: axes must be an axis or a table of axes, counting from 1 (-1 is the last), got nil")
    refuses(function() K.reverse(x, { 3 }) end, "reverse: axes[1] must be an axis")
    refuses(function() K.argmax(dw.tensor(3)) end, "argmax: axis must be an axis, but a tensor of rank 0 has none")
    refuses(function() K.sort(dw.tensor(3)) end, "sort: axis must be an axis, but a tensor of rank 0 has none")
    refuses(function() K.map_fn(K.exp, dw.tensor(3)) end, "got a float32 tensor ()")
  end)
end)
