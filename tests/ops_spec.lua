-- ops_spec.lua: what every record promises, made from the record: its function agrees with the reference where there is
-- one (the others: whole_suite_spec.lua), its gradients with central differences, first and second; bad input is refused in
-- its name, and its text can be read. What a record is, itself.

local dw = require "dwconv"
local K = dw.backend
local R = require "reference"
local ops = require "dwconv.ops"
local words = require "dwconv.args"
local support = require "support"
local recorded_call = require "dwconv.ops.call"
local refuses, is_tensor = support.refuses, words.check.is_tensor
require "dwconv.io.npy"
if pcall(require, "dwconv.image") then require "dwconv.io.image" end

local names = {}
for name in pairs(ops.records) do names[#names + 1] = name end
table.sort(names)

-- A sample's arguments: float64 numbers, the same every time.
local function sample_of(r)
  local seed = 40
  local function random(shape, low, high)
    seed = seed + 1
    return dw.uniform(shape, { minval = low or -1, maxval = high or 1, seed = seed, dtype = "float64" })
  end
  return table.pack(r.sample(random))
end

-- f(...) with the settings as they are now put back afterwards, and nothing printed.
local function quietly(f, ...)
  local _ <close> = support.with { floatx = K.floatx(), learning_phase = K.learning_phase(), print = function() end }
  return f(...)
end

-- The float64 tensors among the arguments, also in lists, the record's function over them alone, and to how many of them
-- gradients flow: to those that are values, only through the ops that the record is made of.
local function differentiable(r, args)
  local inputs, places, flows = {}, {}, 0
  for i = 1, args.n do
    local list = is_tensor(args[i]) and { args[i] } or r.list and i == 1 and args[i] or {}
    for k, t in ipairs(list) do
      if is_tensor(t) and t.dtype == "float64" then
        inputs[#inputs + 1], places[#places + 1] = t, { i, k }
        if r.list or r.backward == "parts" or i <= #r.args then flows = #inputs end
      end
    end
  end
  return inputs, function(...)
    local given = table.pack(table.unpack(args, 1, args.n))
    if r.list then given[1] = { table.unpack(args[1]) } end
    for n, t in ipairs { ... } do
      local i, k = places[n][1], places[n][2]
      if r.list and i == 1 then given[1][k] = t else given[i] = t end
    end
    return (r.call(table.unpack(given, 1, given.n)))
  end, flows
end

local liar = setmetatable({}, { __len = function() return "2" end })

-- What no kind reads, or only some.
local BAD = {
  print, 0 / 0, 0, -1, 1.5, liar, 2 ^ 63, math.mininteger, true, "x", {}, { 1 }, { 1, 0 }, { 1, 2, 3 }, { 1, "2" },
  { { -1, 0 }, { 0, 0 } }, dw.zeros { 2 }, dw.tensor(3), dw.tensor { true, false }, dw.ones({ 2, 2 }, { dtype = "int32" }),
  io.stdout,
}

-- Whether argument i of a record may be v; raw ones may be without what is optional, and have their options in its
-- place.
local function takes(r, i, v, first)
  local kind = r.kinds[i]
  if not kind.read or v == nil and kind.optional or r.raw and kind.optional and type(v) == "table" then return true end
  return kind.read(v, i > 1 and is_tensor(first) and first or nil) ~= nil
end

describe("every record", function()
  for _, name in ipairs(names) do
    local r = ops.records[name]

    if r.refused then
      it(name .. " is refused with advice", function()
        refuses(function() r.call() end, name .. ": there is no such thing here; " .. r.refused)
      end)
      goto continue
    end

    if R[name] then
      it(name .. " agrees with the reference", function()
        local args = sample_of(r)
        support.near(r.call(table.unpack(args, 1, args.n)):clone(), R[name](table.unpack(args, 1, args.n)),
          { rtol = 1e-13, atol = 1e-13 })
        support.covers(name)
      end)
    end

    if r.backward ~= "none" and name ~= "gradients" then
      it(name .. " has the first and second gradients of central differences", function()
        local args = sample_of(r)
        local inputs, f, flows = differentiable(r, args)
        assert.is_true(flows > 0, "the sample has no float64 tensor")
        do
          local _ <close> = support.with { floatx = "float64" }
          local _ <close> = support.field(recorded_call, "small", -1) -- tensors whose numbers no gradient reads are only described
          assert(dw.gradcheck(f, inputs, { order = 2, rtol = 1e-6, atol = 1e-9 }))
        end
        local recorded, y = dw.record(f, table.unpack(inputs))
        for i, g in ipairs(recorded:gradients(y, inputs)) do
          assert.is_true(K.any(g):item() == (i <= flows), ("the gradient of input %d is all zeros, which tests nothing, or not"):format(i))
        end
      end)
    end

    -- What an argument's kind does not read is refused, blaming the caller, in the function's and the argument's name.
    it(name .. " refuses missing, wrong and further arguments", function()
      local args = sample_of(r)
      local function call(...) return r.call(...) end
      if name == "gradients" then call = function(...) return dw.record(r.call, ...) end end
      for i, arg in ipairs(r.positional) do
        local kind = r.kinds[i]
        for at = 1, #BAD + 1 do -- the last is nil
          local broken = { table.unpack(args, 1, args.n) }
          broken[i] = BAD[at]
          if not takes(r, i, BAD[at], args[1]) then
            local expected = kind.explain and "must" or "must be " .. kind.expected
            local what = ("%s: %s"):format(name, arg == "..." and "operand" or arg)
            refuses(function() quietly(call, table.unpack(broken, 1, args.n)) end, what, expected)
          end
        end
      end
      if r.raw then return end
      local function with(...) -- the positional arguments and these
        local given = { table.unpack(args, 1, #r.positional) }
        for i, v in ipairs { ... } do given[#r.positional + i] = v end
        local n = #r.positional + select("#", ...)
        return function() quietly(r.call, table.unpack(given, 1, n)) end
      end
      refuses(with({}, 3), name .. ": takes (", "got a further 3")
      refuses(with "same", name .. (next(r.options) and ": options must be a table" or ": takes ("))
      refuses(with { zzz = 1 }, name .. ': unknown option "zzz"')
      refuses(with { 1 }, name .. (next(r.options) and ": options go by name" or ": takes ("))
    end)

    it(name .. " refuses each option misspelt or of a wrong kind", function()
      if r.raw then return end
      local args = sample_of(r)
      for option, kind in pairs(r.options) do
        local function call(key, value)
          local given = { table.unpack(args, 1, #r.positional) }
          given[#r.positional + 1] = { [key] = value }
          return function() r.call(table.unpack(given, 1, #r.positional + 1)) end
        end
        local misspelt = option .. "x"
        refuses(call(misspelt, 1), ('%s: unknown option "%s"; did you mean "%s"?'):format(name, misspelt, option))
        for _, bad in ipairs(BAD) do
          if kind.read(bad) == nil then refuses(call(option, bad), ("%s: %s"):format(name, option), " must be ", ", got ") end
        end
      end
    end)
    ::continue::
  end
end)

describe("every record", function()
  for _, name in ipairs(names) do
    local r = ops.records[name]
    if r.refused then goto continue end

    it(name .. " has a reference text, whose example runs", function()
      local help = require "dwconv.help"
      local text = help.text(r)
      assert.truthy(text:find(name, 1, true))
      for option in pairs(r.options) do assert.truthy(text:find(option, 1, true)) end
      local before = { K.floatx(), K.epsilon(), K.image_data_format(), K.learning_phase() }
      local printed = help.printed(r)
      assert.is_true(#printed > 0)
      assert.equal(printed, help.printed(r))
      assert.same(before, { K.floatx(), K.epsilon(), K.image_data_format(), K.learning_phase() })
    end)

    it(name .. " is where it says it is", function()
      local home, methods = r.home or "K", require("dwconv.core").methods
      if home == "K" or home == "both" then assert.is_true(r.call == rawget(K, name)) else assert.is_nil(rawget(K, name)) end
      if home == "dw" or home == "both" then assert.is_true(r.call == dw[name]) end
      if home == "io" then assert.is_true(r.call == dw.io[name:match "^%w+"][name:match "%w+$"]) end
      if r.method then assert.is_true(r.call == methods[r.method == true and name or r.method]) end
      if r.alias then assert.is_true(r.call == K[r.alias]) end
    end)
    ::continue::
  end
end)

describe("a linear record", function()
  for _, name in ipairs(names) do
    local r = ops.records[name]
    if r.linear then
      it(name .. " doubles when one of its tensors does", function()
        local args = sample_of(r)
        local y = r.call(table.unpack(args, 1, args.n))
        for i in ipairs(r.args) do
          local twice = { table.unpack(args, 1, args.n) }
          twice[i] = args[i] * 2
          support.same(r.call(table.unpack(twice, 1, args.n)):clone(), y * 2)
        end
      end)
    end
  end
end)

describe("docs", function()
  it("are what the records say", function()
    if not pcall(require, "dwconv.image") then return end -- whose examples run
    local help = require "dwconv.help"
    local function is(path, text)
      local f <close> = io.open(path)
      assert.is_true(f ~= nil and f:read "a" == text, path .. ": run `make docs`")
    end
    local pages = help.reference()
    for name, text in pairs(pages) do is("docs/reference/" .. name, text) end
    local found <close> = io.popen "ls docs/reference"
    for name in found:lines() do assert.is_string(pages[name], name .. " is no page: run `make docs`") end
    is("docs/dwconv.meta.lua", help.annotations())
    assert(load(help.annotations()))
  end)
end)

describe("op", function()
  local op = ops.family "state"
  local whole = {
    doc = "d", args = { { "x", words.kinds.tensor "any" } }, result = "x's", forward = print, sample = print,
    backward = { x = print }, keeps = {}, example = "print(1)",
  }

  local function without(field, value)
    local r = {}
    for k, v in pairs(whole) do r[k] = v end
    r[field] = value
    return r
  end

  it("refuses an incomplete record when it is loaded", function()
    for _, field in ipairs { "doc", "args", "forward", "sample", "backward", "keeps", "example" } do
      local ok, why = pcall(op "unfinished", without(field))
      assert.is_false(ok)
      assert.truthy(why:find("op unfinished: ", 1, true), why)
      assert.truthy(why:find("has no " .. field, 1, true), why)
    end
    for field, wrong in pairs { backward = { {}, "has no backward for x" }, args = { { "x" }, "of what kind argument 1 is" },
      result = { { 1 }, "does not say what its result is" } } do
      assert.truthy(select(2, pcall(op "unfinished", without(field, wrong[1]))):find(wrong[2], 1, true))
    end
    assert.truthy(select(2, pcall(op "unfinished", without("backward", "none"))):find("no reason", 1, true))
    assert.truthy(select(2, pcall(op "transpose", whole)):find("recorded twice", 1, true))
    assert.is_nil(ops.records.unfinished)
  end)
end)
