-- families.lua: pieces of work that together use every family of the library, and a check that a Lua state is as it was
-- at first. For tests/host/memory.c, which lets every allocation of every piece fail.

local dw = require "dwconv"
local ops = require "dwconv.ops"
local K, o = dw.backend, dw.ops
local has_image = pcall(require, "dwconv.image")

local pieces, path = {}, os.tmpname()

local function piece(name, f) pieces[#pieces + 1] = { name = name, f = f } end

local function random()
  local seed = 40
  return function(shape, low, high)
    seed = seed + 1
    return dw.uniform(shape, { minval = low or -1, maxval = high or 1, seed = seed, dtype = "float64" })
  end
end

local function floats(values, found)
  for _, v in pairs(values) do
    if type(v) == "table" then
      floats(v, found)
    elseif type(v) == "userdata" and v.dtype:find "^float" then
      found[#found + 1] = v
    end
  end
  return found
end

-- The record's sample, its gradients and theirs.
local function of_record(r)
  local args = table.pack(r.sample(random()))
  local variables = floats(args, {})
  local outer, first = dw.record(function()
    local tape, y = dw.record(r.call, table.unpack(args, 1, args.n))
    if type(r.backward) ~= "table" or type(y) ~= "userdata" or not y.dtype:find "^float" then return end
    return tape:gradients(y, variables)
  end)
  for _, g in pairs(first or {}) do outer:gradients(g, variables) end
end

local settings = { floatx = K.floatx(), epsilon = K.epsilon(), image_data_format = K.image_data_format() }

-- print_tensor prints, and memory limits are the machine's.
local apart = { print_tensor = true, memory_limit = true, set_memory_limit = true, gradients = true, gradcheck = true }

local names = {}
for name, r in pairs(ops.records) do
  if not r.refused and not apart[name] then names[#names + 1] = name end
end
table.sort(names)
for _, name in ipairs(names) do piece(name, function() of_record(ops.records[name]) end) end

piece("scopes", function()
  local x = dw.tensor { 1, 2 }
  dw.record(function()
    return dw.no_grad(function() return x[{ { 1 } }] * select(2, dw.record(function() return x * x end)) end)
  end)
  local co = coroutine.wrap(function() dw.record(function() coroutine.yield(x * x) end) end)
  co()
  K.learning_phase_scope(1, function() return K.gradients end)
end)

piece("writes", function()
  local x, b = dw.tensor { 1, 2 }, dw.zeros { 2 }
  dw.record(function()
    b[1], b[{ { 2 } }] = 1, x[{ { 1 } }] * 2
    K.update_add(b, x:reshape { 2 })
  end)
end)

piece("compose", function()
  local f = o.tanh {} >> o.add { b = 1 } >> o.residual(o.square {} .. o.abs {} >> o.narrow { axis = 2, first = 1, size = 2 })
  f(dw.ones { 1, 2 })
  assert(#tostring(f) > 0 and #f:parameters() == 0)
end)

piece("npy", function()
  dw.io.npy.write(path, dw.ones { 2, 3 })
  dw.io.npy.read(path)
end)

if has_image then
  piece("image", function()
    dw.io.image.write(path .. ".png", dw.zeros({ 4, 5, 3 }, { dtype = "uint8" }))
    dw.io.image.read(path .. ".png")
    dw.io.image.write(path .. ".jpg", dw.zeros({ 4, 5, 3 }, { dtype = "uint8" }))
    dw.io.image.read(path .. ".jpg")
  end)
end

piece("settings", function()
  K.set_floatx(K.floatx())
  K.set_epsilon(K.epsilon())
  tostring(dw.info())
  tostring(dw.uniform { 3, 4 })
  pcall(function() return K.summ end)
end)

-- Nothing records, settings are as they were, and a gradient is right.
local function check()
  local x = dw.tensor { 3, 4 }
  local _ = x * 2 -- an op sweeps out what did not close
  if ops.slot[1] then -- unless a coroutine is there that was dropped while it recorded
    collectgarbage()
    _ = x * 2
  end
  assert(ops.slot[1] == nil and ops.slot[2] == nil, "something records")
  local ok, why = pcall(K.gradients, x, x)
  assert(not ok and why:find("no tape is recording", 1, true), why)
  for name, value in pairs(settings) do assert(K[name]() == value, name) end
  assert(K.learning_phase() == 0, "learning_phase")
  local tape, y = dw.record(function() return K.sum(x * x) end)
  local g = tape:gradients(y, x)
  assert(tostring(tape) == "tape of 2 calls" and g[1] == 6 and g[2] == 8, "gradients")
end

local function finish()
  for _, e in ipairs { "", ".png", ".jpg" } do os.remove(path .. e) end
end

return { pieces = pieces, check = check, finish = finish }
