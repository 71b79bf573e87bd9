-- ops/pad.lua: elements around a tensor. pad and its gradient are each other's gradients.

local args = require "dwconv.args"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local op = ops.family "pad"
local K = ops.calls
local kinds, raise = args.kinds, args.raise

local MOST <const> = 2 ^ 40 -- so that no size overflows in the core

local read_whole = kinds.whole(nil, 0, MOST | 0).read

local function read_pair(v)
  if type(v) ~= "table" or rawlen(v) ~= 2 then return nil end
  local before, after = read_whole(rawget(v, 1)), read_whole(rawget(v, 2))
  return before and after and { before, after }
end

-- Pairs for `n` axes, or for any number.
local function read_pairs(v, n)
  if type(v) ~= "table" or rawlen(v) > kinds.MOST_AXES or n and rawlen(v) ~= n then return nil end
  local pairs_ = {}
  for i = 1, rawlen(v) do
    pairs_[i] = read_pair(rawget(v, i))
    if not pairs_[i] then return nil end
  end
  return pairs_
end

local pair_kind = kinds.new { expected = "a pair of whole numbers of at least 0", read = read_pair }

-- A pair for each axis of a tensor; that there are as many as axes, the core checks.
local function paddings()
  return kinds.new {
    annotation = "integer[][]",
    words = "a table of {before, after} for each axis",
    expected = "a table of a pair {before, after} for each axis",
    read = function(v) return read_pairs(v) end,
    explain = function(argument, v)
      if type(v) ~= "table" then raise("%s must be a table, got %s", argument, args.show(v)) end
      for i = 1, math.min(rawlen(v), kinds.MOST_AXES) do
        pair_kind:check(("%s[%d]"):format(argument, i), rawget(v, i))
      end
    end,
  }
end

local function mode() return kinds.oneof { "constant", "reflect", "symmetric" } end

op "pad" {
  doc = [[
x with further numbers before and after it along each axis: value for mode "constant"; for "reflect" x mirrored at its
first and last number, for "symmetric" at its edges, so that these come twice.]],
  args = { { "x", kinds.tensor "any" } },
  values = { { "paddings", paddings() } },
  options = {
    mode = mode(),
    value = kinds.new {
      default = 0,
      annotation = "number|boolean",
      expected = "a number or a boolean",
      read = function(v) return (type(v) == "number" or v == true) and v or v == false and 0 or nil end,
    },
  },
  result = "x's, grown",
  forward = function(x, pads, o) return core.pad(x, pads, o.mode, o.value) end,
  backward = { x = function(g, _, _, pads, o) return K.pad_grad_x(g, pads, { mode = o.mode }) end },
  keeps = {},
  method = true,
  differs = "Keras's backend does not have it.",
  sample = function(R) return R { 3, 2, 3 }, { { 1, 0 }, { 0, 0 }, { 2, 1 } }, { mode = "reflect" } end,
  example = [[
x = dw.tensor { { 1, 2, 3 } }
print(K.pad(x, { { 0, 1 }, { 1, 2 } }), K.pad(x, { { 0, 0 }, { 2, 2 } }, { mode = "reflect" }))]],
  errors = "A pair too few, numbers below 0, more than x can mirror, a value that the dtype cannot hold.",
}

op "pad_grad_x" {
  doc = [[
The gradient of pad with respect to x, given g, the gradient with respect to its result: the part of g where x was, to
which is added, where x was mirrored, what came from there.]],
  args = { { "g", kinds.tensor("the result's; float32 or float64", { dtype = "floats" }) } },
  values = { { "paddings", paddings() } },
  options = { mode = mode() },
  result = "g's, smaller",
  forward = function(g, pads, o) return core.pad_grad_x(g, pads, o.mode) end,
  backward = { g = function(gg, _, _, pads, o) return K.pad(gg, pads, { mode = o.mode }) end },
  keeps = {},
  linear = true,
  differs = "Keras has it only inside its gradient tape.",
  sample = function(R) return R { 4, 2, 7 }, { { 1, 0 }, { 0, 0 }, { 2, 2 } }, { mode = "symmetric" } end,
  example = "print(K.pad_grad_x(dw.tensor { 1, 2, 3, 4, 5 }, { { 2, 0 } }, { mode = \"reflect\" }))",
  errors = "A pair too few, more than g has, more than x could mirror.",
}

-- ---- zeros around images, as Keras has them ----------------------------------------------------------------

-- One number for all sides, or a pair for each of the axes; `single`: a pair alone, for one axis.
local function sides(axes, words, single)
  local default = {}
  for i = 1, axes do default[i] = { 1, 1 } end
  return kinds.new {
    default = default,
    default_text = "1 on each side",
    annotation = single and "integer|integer[]" or "integer|integer[][]",
    expected = "a whole number or " .. words,
    read = function(v)
      local n = read_whole(v)
      if n then
        local all = {}
        for i = 1, axes do all[i] = { n, n } end
        return all
      end
      local pair = single and read_pair(v)
      return pair and { pair } or read_pairs(v, axes)
    end,
  }
end

-- Zeros around the axes of images that are neither images nor channels.
local function around(x, o)
  local pads = table.move(o.padding, 1, #o.padding, 2, { { 0, 0 } })
  table.insert(pads, o.data_format == "channels_first" and 2 or #pads + 1, { 0, 0 })
  return K.pad(x, pads)
end

local function spatial(name)
  return function(r)
    local rank = r.rank
    r.args = { { "x", kinds.tensor(r.axes, { rank = rank }) } }
    r.result, r.forward, r.backward, r.method = "x's, grown", around, "parts", true
    r.rank, r.axes = nil, nil
    return op(name)(r)
  end
end

spatial "temporal_padding" {
  doc = "x with zeros before and after it along the second axis, which is time.",
  rank = 3, axes = "n,steps,c",
  options = { padding = sides(1, "a pair {before, after}", true) },
  sample = function(R) return R { 2, 3, 2 }, { padding = { 2, 1 } } end,
  example = "print(K.temporal_padding(dw.ones { 1, 2, 1 }, { padding = { 2, 0 } }):reshape { 4 })",
}

spatial "spatial_2d_padding" {
  doc = "Images with zeros around them.",
  rank = 4, axes = "n,h,w,c (channels_last) or n,c,h,w (channels_first)",
  options = { padding = sides(2, "{{top, bottom}, {left, right}}"), data_format = kinds.data_format() },
  sample = function(R) return R { 2, 3, 2, 1 }, { padding = { { 2, 1 }, { 0, 1 } } } end,
  example = "print(K.spatial_2d_padding(dw.ones { 1, 1, 2, 1 }):reshape { 3, 4 })",
}

spatial "spatial_3d_padding" {
  doc = "Volumes with zeros around them.",
  rank = 5, axes = "n,d,h,w,c (channels_last) or n,c,d,h,w (channels_first)",
  options = {
    padding = sides(3, "{{front, back}, {top, bottom}, {left, right}}"),
    data_format = kinds.data_format(),
  },
  sample = function(R) return R { 1, 2, 3, 2, 1 }, { padding = { { 1, 0 }, { 2, 1 }, { 0, 1 } } } end,
  example = [[
x = dw.ones { 1, 1, 1, 2, 1 }
print(K.spatial_3d_padding(x, { padding = { { 0, 1 }, { 0, 0 }, { 1, 0 } } }):reshape { 2, 3 })]],
}
