-- keeps_spec.lua: what a tape keeps of a call: the numbers that its gradient reads, which must not be written in place,
-- the tables it was given, and no more memory than that.

local dw = require "dwconv"
local ops = require "dwconv.ops"
local support = require "support"
local recorded_call = require "dwconv.ops.call"
local K, refuses, holds = dw.backend, support.refuses, support.holds

local function f64(t) return dw.tensor(t, { dtype = "float64" }) end

local function gradients(f, variables, o)
  local tape, loss = dw.record(f)
  return tape:gradients(loss, variables, o)
end

local function megabytes()
  collectgarbage()
  collectgarbage()
  return collectgarbage "count" / 1024
end

describe("records", function()
  local names = {}
  for name, r in pairs(ops.records) do
    if type(r.backward) == "table" and name ~= "cast_to_floatx" then names[#names + 1] = name end
  end
  table.sort(names)

  -- The gradients of a record's sample, when the tape keeps tensors of up to so many bytes anyway.
  local function of_sample(r, small)
    local seed, variables = 40, {}
    local args = table.pack(r.sample(function(shape, low, high)
      seed = seed + 1
      return dw.uniform(shape, { minval = low or -1, maxval = high or 1, seed = seed, dtype = "float64" })
    end))
    for i in ipairs(r.args) do
      for _, v in ipairs(r.list and args[i] or { args[i] }) do
        if v.dtype == "float64" then variables[#variables + 1] = v end
      end
    end
    local _ <close> = support.field(recorded_call, "small", small)
    local tape, y = dw.record(r.call, table.unpack(args, 1, args.n))
    local o = { output_gradients = dw.uniform(y.shape, { seed = 3, dtype = "float64" }) }
    local first, again = tape:gradients(y, variables, o), tape:gradients(y, variables, o)
    for i in ipairs(first) do support.same(again[i], first[i], r.name .. ", a second time") end
    return first
  end

  it("read only what they keep", function()
    for _, name in ipairs(names) do
      local r = ops.records[name]
      local want, got = of_sample(r, 2 ^ 40), of_sample(r, -1)
      for i in ipairs(want) do support.same(got[i], want[i], name) end
    end
  end)

  it("see their tables as they were", function()
    local x = f64 { { 1, 2, 3 }, { 4, 5, 6 } }
    local shape, pattern, key, o = { 3, 2 }, { 2, 1 }, { { 1, 2 }, 3 }, { axis = { 2 } }
    local range = key[1]
    local g = gradients(function()
      local y = x:reshape(shape):permute(pattern):sum(o)
      local z = x[key] * 10
      shape[1], shape[2], pattern[1], pattern[2], range[2], key[2], o.axis[1] = 2, 3, 1, 2, 1, 1, 1
      return K.sum(y * f64 { 1, 2 }) + K.sum(z)
    end, x)
    holds(g, { { 1, 2, 11 }, { 2, 1, 12 } })
  end)
end)

describe("in-place writes", function()
  local function written(what, f, when)
    local x = f64 { 2, 3 }
    refuses(function()
      local tape, loss = dw.record(f, x)
      tape:gradients(loss, x)
    end, "gradients: ", what, " was written in place " .. (when or "since"), "clone() before")
  end

  it("to what a gradient reads are refused", function()
    written("b of multiply", function(x)
      local c = dw.ones({ 2 }, { dtype = "float64" })
      return x * c, c:fill(3)
    end)
    written("the result of exp", function(x)
      local y = K.exp(x)
      local z = y + 1
      K.update_add(y:reshape { 2, 1 }[2], 1) -- a view of a view
      return z
    end)
    written("b of multiply", function(x)
      local all = f64 { { 1, 2 }, { 3, 4 } }
      local y = x * all[2]
      all[1] = 5 -- the owner; it is the whole tensor that counts
      return y
    end)
    written("x of square", function(x) return K.square(x), K.update(x, x * 2) end)
  end)

  it("to a result before it is used again are refused", function()
    written("a of add", function(x)
      local y = x * 1
      y[1] = 7
      return y + 1
    end, "before it came here")
    written("tensors of concatenate", function(x)
      local y = x * 1
      local list = { y, y:narrow(1, 1, 1) }
      y:fill(0)
      return K.concatenate(list)
    end, "before it came here")
  end)

  it("to what no gradient reads are allowed, as to variables afterwards", function()
    local x, w = f64 { 2, 3 }, f64 { 5, 6 }
    local tape, loss, other = dw.record(function()
      local y = x + w
      local z = y * 2
      y:fill(0)
      return z + w, K.square(w)
    end)
    holds(tape:gradients(loss, w), { 3, 3 })
    K.update_sub(w, tape:gradients(loss, w))
    holds(tape:gradients(loss, w), { 3, 3 }, "w is not read")
    refuses(function() tape:gradients(other, w) end, "x of square was written in place since")
    holds(tape:gradients(loss, { x })[1], { 2, 2 })
  end)
end)

describe("memory", function()
  local function big() return dw.full({ 1024, 1024 }, 0.5) end -- 4 MiB

  -- MiB that a tape of f holds after f, and how many of the results f gives to `see` live on.
  local function held(f)
    local results, before, left = setmetatable({}, { __mode = "k" }), megabytes(), 0
    local tape = dw.record(function()
      f(function(y)
        results[y] = true
        return y
      end)
    end)
    local mib = megabytes() - before
    for _ in pairs(results) do left = left + 1 end
    assert.is_truthy(tape)
    tape = nil -- luacheck: ignore
    assert.is_true(megabytes() - before < 1)
    assert.is_nil(next(results))
    return math.floor(mib + 0.5), left
  end

  it("goes to what gradients read, and to nothing when the tape is dropped", function()
    local x = big()
    local function times(f)
      return function(see)
        local y = x
        for _ = 1, 10 do y = f(y, see) end
      end
    end
    assert.same({ 0, 0 }, { held(times(function(y, see) return see(see(y + 1) - 2)[{ { 1, -1 } }] end)) })
    assert.same({ 40, 10 }, { held(times(function(y, see) return see(K.tanh(see(y + 1))) end)) })
    assert.same({ 0, 0 }, { held(times(function(y, see) return see(3 * see(see(y * 2) / 4)) end)) }, "beside numbers")
    assert.same({ 40, 10 }, { held(times(function(y, see) return see(see(y * 2) ^ 2) end)) }, "the base, not the square")
    assert.same({ 0, 0 }, { held(times(function(y, see) return see(K.stop_gradient(y) + 1) end)) })
  end)

  it("is not mixed up when a tensor is collected and another takes its place", function()
    local x = f64 { 1 }
    local tape, y = dw.record(function()
      local sum = x
      for i = 1, 300 do
        sum = sum + x * i
        local _ = f64 { i } * i -- garbage, met by the tape
        if i % 50 == 0 then collectgarbage() end
      end
      return sum
    end)
    for i = 1, 300 do holds(tape:gradients(y, f64 { i }), { 0 }) end
    holds(tape:gradients(y, x), { 1 + 300 * 301 / 2 })
  end)

  it("and work grow with the number of calls", function()
    local x = f64 { 1 }
    local function steps(n) -- hundreds of Lua's instructions
      local count = 0
      debug.sethook(function() count = count + 1 end, "", 100)
      local g = gradients(function()
        local y = x
        for _ = 1, n do y = y + x end
        return y
      end, x)
      debug.sethook()
      holds(g, { n + 1 })
      return count
    end
    assert.is_true(steps(50000) < 11 * steps(5000))
  end)
end)

