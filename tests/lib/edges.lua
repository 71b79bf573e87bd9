-- edges.lua: calls at the edge, made from the records: every op with tensors, in every dtype, with NaN, infinities,
-- signed zeros, limits and axes of size 0, and with each of its options away from its default. For edges_spec.lua; run
-- as a script it prints the calls for tests/oracle/edges.py. The same calls come out every time, in the same order.

local dw = require "dwconv"
local ops = require "dwconv.ops"
local words = require "dwconv.args"
local is_tensor = words.check.is_tensor

local edges = {}

local nan, inf = 0 / 0, math.huge

edges.DTYPES = { "float32", "float64", "int32", "int64", "uint8", "bool" }

-- Few enough that each meets each.
local NUMBERS = {
  float32 = { nan, inf, -inf, -0.0, 0.0, 1, -1, 0.5, -2.5, 7 },
  float64 = { nan, inf, -inf, -0.0, 0.0, 1, -1, 0.5, -2.5, 7 },
  int32 = { 0, 1, -1, 2, -7, 9, 2 ^ 31 - 1 | 0, -2 ^ 31 | 0 },
  int64 = { 0, 1, -1, 2, -7, 9, math.maxinteger, math.mininteger },
  uint8 = { 0, 1, 2, 9, 128, 255 },
  bool = { true, false, true },
}

-- The largest and the least normal numbers. Sums and products go without them, as it depends on the order whether they
-- overflow; there are no denormals, which TensorFlow takes for 0.
local LIMITS = {
  float32 = { 0x1.fffffep+127, -0x1.fffffep+127, 0x1p-126 },
  float64 = { 0x1.fffffffffffffp+1023, -0x1.fffffffffffffp+1023, 0x1p-1022 },
}
local SUMS = { reduce = true, gemm = true, depthwise = true }

local numbers_for = { [true] = NUMBERS, [false] = {} }
for dtype, numbers in pairs(NUMBERS) do
  local limits = LIMITS[dtype] or {}
  numbers_for[false][dtype] = table.move(limits, 1, #limits, #numbers + 1, { table.unpack(numbers) })
end

-- What an option may be; each kind takes what it reads.
local POOL = { true, false, 1, -1, 2, 3, { 1, -1 }, { 2 }, {}, { 2, 1 }, { { 1, 0 }, { 2, 1 } }, 0, 0.5, -0.5, 6, -1.5, inf, -inf,
  nan, "float32", "float64", "int32", "valid", "same", "channels_first", "channels_last", "ascending", "descending",
  "reflect", "symmetric", "fro" }

local function size_of(shape)
  local n = 1
  for _, s in ipairs(shape) do n = n * s end
  return n
end

-- A tensor of a shape that goes through the numbers of its dtype, from the offset on.
local function filled(numbers, shape, dtype, offset)
  local list = {}
  for i = 1, size_of(shape) do list[i] = numbers[(i - 1 + offset) % #numbers + 1] end
  if #list == 0 then return dw.zeros(shape, { dtype = dtype }) end
  return dw.tensor(list, { dtype = dtype }):reshape(shape)
end

local function random(shape, low, high)
  return dw.uniform(shape, { minval = low or -1, maxval = high or 1, seed = 1, dtype = "float64" })
end

-- Elementwise ops: each number with each, along axes of their own.
local function cross_shape(i, n, size)
  local shape = { size }
  for _ = i + 1, n do shape[#shape + 1] = 1 end
  return shape
end

local function is_float(t) return is_tensor(t) and t.dtype == "float64" end

-- f(value, i) for each tensor of floats among the arguments, also in a list, in their place.
local function map_floats(args, f)
  local mapped, count = { n = args.n }, 0
  for i = 1, args.n do
    local a = args[i]
    if is_float(a) then
      count = count + 1
      mapped[i] = f(a, count)
    elseif type(a) == "table" and is_float(a[1]) then
      mapped[i] = {}
      for k, t in ipairs(a) do
        count = count + 1
        mapped[i][k] = f(t, count)
      end
    else
      mapped[i] = a
    end
  end
  return mapped
end

-- Sizes, also in tables of sizes, without the numbers of options.
local function with_size_zero(args, size)
  local function cut(shape)
    local other = {}
    for k, s in ipairs(shape) do other[k] = s == size and 0 or s end
    return other
  end
  local changed = map_floats(args, function(t) return { cut = cut(t.shape) } end)
  for i = 1, args.n do
    if type(args[i]) == "table" and math.type(args[i][1]) == "integer" then changed[i] = cut(args[i]) end
  end
  return changed
end

local function sizes_of(args)
  local seen, sizes = {}, {}
  map_floats(args, function(t)
    for _, s in ipairs(t.shape) do
      if not seen[s] and s > 1 then seen[s], sizes[#sizes + 1] = true, s end
    end
  end)
  table.sort(sizes)
  return sizes
end

-- The values of an option that are not its default.
local function values_of(kind)
  local list, seen = {}, { [words.show(kind.default)] = true }
  for _, v in ipairs(POOL) do
    local read = kind.read(v)
    if read ~= nil and not seen[words.show(read)] then seen[words.show(read)], list[#list + 1] = true, v end
  end
  return list
end

local function sorted(t)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys)
  return keys
end

-- The positional arguments of a record's sample; options come from the calls.
local function sample_of(r)
  local args = table.pack(r.sample(random))
  args.n = math.min(args.n, #r.positional)
  return args
end

local function calls_of(r, add)
  local args, count = sample_of(r), 0
  map_floats(args, function() count = count + 1 end)
  local crossed = r.family == "elementwise"
  for _, dtype in ipairs(edges.DTYPES) do
    local numbers = numbers_for[SUMS[r.family] or false][dtype]
    local function fill(shape, offset) return filled(numbers, shape, dtype, offset) end
    for offset = 0, crossed and 0 or 2 do
      add("numbers", dtype, map_floats(args, function(t, i)
        return fill(crossed and cross_shape(i, count, #numbers) or t.shape, offset + 3 * i)
      end))
    end
    for _, name in ipairs(sorted(r.options)) do
      for _, value in ipairs(values_of(r.options[name])) do
        add("options", dtype, map_floats(args, function(t, i) return fill(t.shape, 3 * i) end), { [name] = value })
      end
    end
    for _, size in ipairs(sizes_of(args)) do
      local changed = with_size_zero(args, size)
      for i = 1, changed.n do
        local function made(v) return type(v) == "table" and v.cut and fill(v.cut, 3) or v end
        changed[i] = made(changed[i])
        if type(changed[i]) == "table" and not is_tensor(changed[i]) then
          for k, v in ipairs(changed[i]) do changed[i][k] = made(v) end
        end
      end
      add("empty", dtype, changed)
    end
  end
end

--- Every call: {name =, kind = "numbers", "options" or "empty", dtype =, args = (with n), options =}, and `id`, its
--- text.
function edges.calls()
  local list = {}
  for _, name in ipairs(sorted(ops.records)) do
    local r, count = ops.records[name], 0
    if not r.refused and not r.raw and #r.args > 0 and r.home ~= "method" then
      calls_of(r, function(kind, dtype, args, o)
        count = count + 1
        list[#list + 1] = { id = ("%s/%d"):format(name, count), name = name, kind = kind, dtype = dtype, args = args, options = o }
      end)
    end
  end
  return list
end

--- The weight that result number i, from 0 on, has in the sum of which gradients are taken: never 0.
function edges.weights(y)
  local list = {}
  for i = 0, y.size - 1 do list[i + 1] = (i * 5 % 7 + 1) / 4 * (i % 2 == 0 and 1 or -1) end
  if #list == 0 then return dw.zeros(y.shape, { dtype = y.dtype }) end
  return dw.tensor(list, { dtype = y.dtype }):reshape(y.shape)
end

-- ---- for the oracle --------------------------------------------------------------------------------------

local function python(v)
  if is_tensor(v) then
    local list = {}
    for i, x in ipairs(v:reshape({ -1 }):to_table()) do list[i] = python(x) end
    return ("A('%s', (%s), [%s])"):format(v.dtype, table.concat(v.shape, ",") .. (v.ndim > 0 and "," or ""), table.concat(list, ","))
  end
  if v == nil then return "None" end
  if type(v) == "boolean" then return v and "True" or "False" end
  if type(v) == "string" then return ("'%s'"):format(v) end
  if math.type(v) == "integer" then return ("%d"):format(v) end
  if type(v) == "number" then
    return v ~= v and "NAN" or v == inf and "INF" or v == -inf and "-INF" or ("H('%a')"):format(v)
  end
  local list = {}
  for i, item in ipairs(v) do list[i] = python(item) end
  return "[" .. table.concat(list, ",") .. "]"
end

local function print_calls()
  for _, c in ipairs(edges.calls()) do
    local args, named = {}, {}
    for i = 1, c.args.n do args[i] = python(c.args[i]) end
    for _, key in ipairs(sorted(c.options or {})) do named[#named + 1] = ("'%s': %s"):format(key, python(c.options[key])) end
    print(("('%s', '%s', [%s], {%s})"):format(c.id, c.name, table.concat(args, ", "), table.concat(named, ", ")))
  end
end

if arg and arg[0] and arg[0]:find "edges%.lua$" then print_calls() end

return edges
