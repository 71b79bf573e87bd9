-- bad_input_spec.lua: every function with each of its arguments replaced by what makes no sense, made from the records:
-- an error is always one of dwconv's, in the name of the function that was called; nothing says "attempt to". What
-- comes back instead of an error holds no number that nobody wrote.

local dw = require "dwconv"
local K = dw.backend
local ops = require "dwconv.ops"
local support = require "support"

local x = dw.uniform({ 2, 3 }, { seed = 1 })

local cyclic = {}
cyclic[1], cyclic[2] = cyclic, cyclic

-- A list that ends earlier than it says.
local liar = setmetatable({}, {
  __index = function(_, i) return type(i) == "number" and i < 3 and x or nil end, __len = function() return 5 end,
})

local BAD = {
  holes = { x, nil, x }, cyclic = cyclic, liar = liar, text = "no folder/x", three = 3, minus = -1, fraction = 1.5, zero = 0,
  huge = 2 ^ 62, most = math.maxinteger, least = math.mininteger, nan = 0 / 0, inf = 1 / 0, ["function"] = function() end,
  coroutine = coroutine.create(print), ["true"] = true, nothing = {}, ragged = { { 1, 2 }, { 3 } }, mixed = { 1, "2", x },
  named = { a = 1 }, scalar = dw.tensor(3), rank8 = dw.zeros { 1, 1, 1, 1, 1, 1, 1, 2 }, empty = dw.zeros { 0, 3 },
  whole = dw.tensor({ 1, 2 }, { dtype = "int32" }), bools = dw.tensor { true, false }, file = io.stdout,
  float64 = dw.ones({ 2, 3 }, { dtype = "float64" }), op = dw.ops.exp {}, large = { 1 << 31, 1 << 31, 4 },
  zeros = { 0, 0 }, negative = { -1, -2 }, nine = { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, tensors = { x, x }, beside = { x, 3 },
  texts = { "a", "b" }, long = dw.zeros { 1 << 40, 0 },
}

local function random(shape, low, high)
  return dw.uniform(shape, { minval = low or -1, maxval = high or 1, seed = 1, dtype = "float64" })
end

-- Calls a function that the script passed: an error in it is the script's.
local CALLS = { record = true, no_grad = true, map_fn = true, foldl = true, foldr = true, learning_phase_scope = true, gradcheck = true,
  rnn = true }

-- f(...) with settings put back and nothing printed.
local function call(f, ...)
  local _ <close> = support.with { floatx = K.floatx(), learning_phase = K.learning_phase(), print = function() end,
    memory_limit = K.memory_limit() }
  return pcall(f, ...)
end

local function check(name, i, kind, why)
  local what = ("%s, argument %d, %s: %s"):format(name, i, kind, tostring(why))
  assert.equal("string", type(why), what)
  assert.is_nil(why:find "attempt to", what)
  assert.is_nil(why:find "stack overflow", what)
  if not CALLS[name] then assert.truthy(why:find("%f[%w_.]" .. name:gsub("%.", "%%.") .. ": "), what) end
end

describe("bad input", function()
  local calls, refused = 0, 0
  local names = {}
  for name in pairs(ops.records) do names[#names + 1] = name end
  table.sort(names)

  for _, name in ipairs(names) do
    local r = ops.records[name]
    if not r.refused then
      it(name .. " answers in its own name", function()
        local args = table.pack(r.sample(random))
        args.n = math.min(args.n, #r.positional)
        for i = 1, #r.positional + 1 do
          for kind, bad in pairs(BAD) do
            if kind == "long" and name:find "^fold" then goto continue end -- which calls fn 2^40 times
            local given = { table.unpack(args, 1, args.n) }
            given[i] = bad
            local good, why = call(r.call, table.unpack(given, 1, math.max(args.n, i)))
            calls, refused = calls + 1, refused + (good and 0 or 1)
            if not good then check(name, i, kind, why) end
            ::continue::
          end
        end
      end)
    end
  end

  it("was tried on every function", function()
    print(("\nbad input: %d calls, %d refused"):format(calls, refused))
    assert.is_true(calls > 10000 and refused > calls // 2)
  end)
end)
