-- pad_spec.lua: padding and its gradient against the definition, index by index, for random shapes of any rank, every
-- mode, dtype and thread count; the paddings of images; what is refused. TensorFlow's numbers are in backend_spec.lua.

local dw = require "dwconv"
local geometry = require "random_geometry"
local support = require "support"
local K, refuses, same = dw.backend, support.refuses, support.same

-- Where index i, from 0 and maybe outside, is in an axis of n numbers; nil: nowhere.
local function source(i, n, mode)
  if i >= 0 and i < n then return i end
  if mode == "constant" then return nil end
  local skip = mode == "reflect" and 1 or 0
  return i < 0 and -i - 1 + skip or 2 * n - 1 - i - skip
end

-- For each element of the padded tensor, in order, the position in x that it comes from, or false.
local function sources(shape, pads, mode)
  local list = {}
  local function walk(axis, at)
    if axis > #shape then
      list[#list + 1] = at
      return
    end
    for i = -pads[axis][1], shape[axis] + pads[axis][2] - 1 do
      local s = source(i, shape[axis], mode)
      walk(axis + 1, at and s and at * shape[axis] + s or false)
    end
  end
  walk(1, 0)
  return list
end

local function random_case(seed)
  local below = geometry.generator(seed)
  local rank, shape, pads = below(6), {}, {}
  local mode = ({ "constant", "reflect", "symmetric" })[1 + below(3)]
  for i = 1, rank do
    shape[i] = 1 + below(({ 9, 7, 5, 4, 3, 3 })[rank])
    local most = mode == "constant" and 4 or mode == "reflect" and shape[i] or shape[i] + 1
    pads[i] = { below(most), below(most) }
  end
  return below, shape, pads, mode
end

local function check_case(seed)
  local below, shape, pads, mode = random_case(seed)
  local x = geometry.whole(below, shape, "float64")
  local from, xs, ys, dx, grown = sources(shape, pads, mode), x:reshape({ -1 }):to_table(), {}, {}, {}
  for i, n in ipairs(shape) do grown[i] = pads[i][1] + n + pads[i][2] end
  local g = geometry.whole(below, grown, "float64")
  local gs = g:reshape({ -1 }):to_table()
  for i = 1, #xs do dx[i] = 0.0 end
  for i, at in ipairs(from) do
    ys[i] = at and xs[at + 1] or 3.0
    if at then dx[at + 1] = dx[at + 1] + gs[i] end
  end
  local y = dw.tensor(ys, { dtype = "float64" }):reshape(grown)
  local want = dw.tensor(dx, { dtype = "float64" }):reshape(shape)
  local reversed = shape[1] and K.reverse(x, 1):clone() or x
  reversed = shape[1] and K.reverse(reversed, 1) or reversed -- a view, the numbers of x
  support.everywhere(function(isa, threads)
    local where = ("case %d: %s, %s, %s, %d threads"):format(seed, table.concat(shape, "x"), mode, isa, threads)
    local o = { mode = mode, value = mode == "constant" and 3 or nil }
    for _, dtype in ipairs { "float32", "float64", "int32", "int64" } do
      same(K.pad(x:astype(dtype), pads, o), y:astype(dtype), dtype .. " of " .. where)
    end
    same(K.pad(reversed, pads, o), y, "a view of " .. where)
    same(K.pad_grad_x(g, pads, { mode = mode }), want, "dx of " .. where)
    same(K.pad_grad_x(g:astype "float32", pads, { mode = mode }), want:astype "float32", "dx in float32 of " .. where)
  end)
end

describe("pad", function()
  it("is the definition, index by index, over random shapes", function()
    for seed = 1, 150 do check_case(seed) end
    support.covers("pad", "pad_grad_x")
  end)

  it("of bools, and of bytes", function()
    local b = dw.tensor { true, false, false }
    assert.same({ false, true, false, false }, K.pad(b, { { 1, 0 } }):to_table())
    assert.same({ true, false, false, true }, K.pad(b, { { 0, 1 } }, { value = true }):to_table())
    assert.same({ false, true, false, false, false }, K.pad(b, { { 1, 1 } }, { mode = "reflect" }):to_table())
    assert.same({ 7, 1, 2 }, K.pad(dw.tensor({ 1, 2 }, { dtype = "uint8" }), { { 1, 0 } }, { value = 7 }):to_table())
  end)

  it("does not see what a script does to its table later", function()
    local pads = { { 1, 0 } }
    local x = dw.tensor { 1, 2 }
    local tape, y = dw.record(function(v) return K.pad(v, pads) end, x)
    pads[1] = { 0, 1 }
    assert.same({ 5, 6 }, tape:gradients(y, x, { output_gradients = dw.tensor { 4, 5, 6 } }):to_table())
  end)

  it("of images puts zeros around them", function()
    local x = geometry.whole(geometry.generator(2), { 2, 3, 4, 5 }, "float32")
    same(K.spatial_2d_padding(x), K.pad(x, { { 0, 0 }, { 1, 1 }, { 1, 1 }, { 0, 0 } }))
    same(K.spatial_2d_padding(x, { padding = { { 1, 2 }, { 3, 0 } }, data_format = "channels_first" }),
      K.pad(x, { { 0, 0 }, { 0, 0 }, { 1, 2 }, { 3, 0 } }))
    same(K.spatial_2d_padding(x, { padding = 2 }), K.pad(x, { { 0, 0 }, { 2, 2 }, { 2, 2 }, { 0, 0 } }))
    local line, volume = x:reshape { 6, 4, 5 }, x:reshape { 1, 2, 3, 4, 5 }
    same(K.temporal_padding(line), K.pad(line, { { 0, 0 }, { 1, 1 }, { 0, 0 } }))
    same(K.temporal_padding(line, { padding = { 2, 0 } }), K.pad(line, { { 0, 0 }, { 2, 0 }, { 0, 0 } }))
    same(K.spatial_3d_padding(volume, { padding = { { 1, 0 }, { 0, 2 }, { 3, 1 } } }),
      K.pad(volume, { { 0, 0 }, { 1, 0 }, { 0, 2 }, { 3, 1 }, { 0, 0 } }))
  end)

  it("refuses what makes no sense", function()
    local x = dw.zeros { 2, 3 }
    refuses(function() K.pad(x, { { 1, 1 } }) end,
      "pad: paddings must have a pair {before, after} for each of the 2 axes of x, got {{1, 1}}")
    refuses(function() K.pad(x, { { 1, 1 }, { 1, -1 } }) end,
      "pad: paddings[2] must be a pair of whole numbers of at least 0, got {1, -1}")
    refuses(function() K.pad(x, 1) end, "pad: paddings must be a table, got 1")
    refuses(function() K.pad(x, { { 2, 0 }, { 0, 0 } }, { mode = "reflect" }) end,
      "pad: paddings[1] is {2, 0}, but reflect finds at most 1 numbers on axis 1 of 2x3")
    refuses(function() K.pad(x, { { 0, 0 }, { 0, 0 } }, { mode = "edge" }) end,
      'mode must be "constant", "reflect" or "symmetric", got "edge"')
    refuses(function() K.pad(x:astype "int32", { { 1, 0 }, { 0, 0 } }, { value = 0.5 }) end,
      "pad: value must be a whole number that fits into int32, got 0.5")
    refuses(function() K.pad_grad_x(x, { { 1, 2 }, { 0, 0 } }) end,
      "pad_grad_x: paddings[1] is {1, 2}, but axis 1 of g (2x3) has no room for these")
    refuses(function() K.pad_grad_x(x, { { 0, 0 }, { 2, 0 } }, { mode = "reflect" }) end,
      "reflect finds at most 0 numbers on axis 2 of 2x1")
    refuses(function() K.spatial_2d_padding(x) end,
      "spatial_2d_padding: x must be a tensor of rank 4, got a float32 tensor 2x3")
    refuses(function() K.spatial_2d_padding(dw.zeros { 1, 2, 2, 1 }, { padding = { 1, 1 } }) end,
      "spatial_2d_padding: padding must be a whole number or {{top, bottom}, {left, right}}, got {1, 1}")
    refuses(function() K.temporal_padding(dw.zeros { 1, 2, 1 }, { padding = { -1, 1 } }) end,
      "padding must be a whole number or a pair {before, after}")
  end)
end)
