-- cases.lua: the cases of layers.txt, each with its name, the geometry of its result and the arithmetic it asks for, by
-- group and in the file's order. The only reader of that file: the race gets its cases from here, by peers/cases.lua.
--   { all = {...}, twelve = {...}, spec = {...}, extra = {...}, pointwise = {...}, dense = {...}, resnet = {...},
--     stem = {...}, conv = {...}, nn = {...}, layout = {...}, numbers = {...}, call = {...} }

local SIZES = {
  twelve = { "h", "w", "c", "k" }, spec = { "h", "w", "c", "k" }, extra = { "h", "w", "c", "k" },
  call = { "h", "w", "c", "k" }, pointwise = { "h", "w", "c", "k" }, dense = { "m", "k", "n" },
  resnet = { "h", "w", "c", "o", "k" }, stem = { "h", "w", "c", "o", "k" }, conv = { "h", "w", "c", "o", "k" },
  nn = { "h", "w", "c" }, layout = { "n", "h", "w", "c" }, numbers = { "rows", "columns" },
}

-- One axis of padding "same": the size of the result, the padding before and after, and how many pairs of a position
-- and a tap meet inside the image.
local function axis(n, k, s, d)
  local out = (n + s - 1) // s
  local pad = math.max(0, (out - 1) * s + (k - 1) * d + 1 - n)
  local before, inside = pad // 2, 0
  for o = 0, out - 1 do
    for t = 0, k - 1 do
      local at = o * s + t * d - before
      if at >= 0 and at < n then inside = inside + 1 end
    end
  end
  return out, before, pad - before, inside
end

-- What all convolutions have: the multiply-adds of one channel, and a name.
local function slide(l, kernel)
  local sh, sw = tostring(l.s or 1):match "^(%d+),?(%d*)$"
  l.sh, l.sw, l.s = tonumber(sh), tonumber(sw) or tonumber(sh), nil
  l.n, l.d, l.kh, l.kw, l.dtype = l.n or 1, l.d or 1, l.kh or l.k, l.kw or l.k, l.dtype or "float32"
  local rows, cols
  l.oh, l.top, l.bottom, rows = axis(l.h, l.kh, l.sh, l.d)
  l.ow, l.left, l.right, cols = axis(l.w, l.kw, l.sw, l.d)
  l.geometry = { l.sh, l.sw, l.d, l.d, l.top, l.bottom, l.left, l.right }
  local name = ("%dx%dx%s %dx%d"):format(l.h, l.w, kernel, l.kh, l.kw)
  if l.sh ~= l.sw then
    name = ("%s s%dx%d"):format(name, l.sh, l.sw)
  elseif l.sh > 1 then
    name = name .. " s" .. l.sh
  end
  for _, key in ipairs { "d", "m", "n", "groups" } do
    if l[key] and l[key] > 1 then name = name .. " " .. (key == "groups" and "g" or key) .. l[key] end
  end
  if l.layout then name = name .. " channels_first" end
  if l.dtype ~= "float32" then name = name .. " " .. l.dtype end
  l.name = name
  return 2 * l.n * rows * cols
end

local function depthwise(l)
  l.m = l.m or 1
  l.flops = slide(l, l.c) * l.c * l.m
  l.o, l.groups = l.c * l.m, l.c
end

-- Each gives a case its name and its flops: multiplications and additions; taps on padding are none.
local describe = { twelve = depthwise, spec = depthwise, extra = depthwise, call = depthwise }

function describe.conv(l)
  l.convolution = 1
  l.flops = slide(l, l.c .. " to " .. l.o) * l.c * l.o // (l.groups or 1)
  l.groups = l.groups or 1
end

function describe.nn(l)
  l.n, l.s, l.k, l.flops = l.n or 1, l.s or 1, l.k or 1, 0
  l.oh, l.ow = l.h, l.w
  if l.f:find "pool" then
    l.oh, l.top, l.bottom = axis(l.h, l.k, l.s, 1)
    l.ow, l.left, l.right = axis(l.w, l.k, l.s, 1)
  elseif l.f == "nearest" or l.f == "bilinear" then
    l.oh, l.ow = l.h * l.s, l.w * l.s
  end
  l.name = ("%s %dx%dx%dx%d"):format(l.f, l.n, l.h, l.w, l.c) .. (l.k > 1 and (" %dx%d"):format(l.k, l.k) or "")
    .. (l.s > 1 and " s" .. l.s or "")
end

describe.resnet, describe.stem = describe.conv, describe.conv

function describe.pointwise(l)
  l.name, l.flops = ("%dx%d %d to %d"):format(l.h, l.w, l.c, l.k), 2 * l.h * l.w * l.c * l.k
end

function describe.dense(l)
  l.turn = l.turn or ""
  l.name, l.flops = ("%d, %d, %d %s"):format(l.m, l.k, l.n, l.turn), 2 * l.m * l.k * l.n
end

function describe.layout(l) l.name, l.flops = ("%dx%dx%dx%d"):format(l.n, l.h, l.w, l.c), 0 end

function describe.numbers(l) l.name, l.flops = ("%dx%d"):format(l.rows, l.columns), 0 end

local function parse(line)
  local group, l, at = nil, {}, 0
  for word in line:gsub("#.*", ""):gmatch "%S+" do
    local key, value = word:match "^(%a+)=(.+)$"
    if not group then
      group = word
    elseif key then
      l[key] = math.tointeger(value) or value
    else
      at = at + 1
      l[SIZES[group][at]] = math.tointeger(word)
    end
  end
  return group, l
end

local cases = { all = {} }
for group in pairs(SIZES) do cases[group] = {} end
local folder = assert(package.searchpath("bench.lib.cases", package.path)):match "^(.*)lib/cases.lua$"
for line in io.lines(folder .. "layers.txt") do
  local group, l = parse(line)
  if group then
    l.group = group
    describe[group](l)
    table.insert(cases[group], l)
    table.insert(cases.all, l)
  end
end
return cases
