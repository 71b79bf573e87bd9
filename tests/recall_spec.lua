-- recall_spec.lua: options that were read before are recognised by what they hold: a parser that remembers gives what
-- one that does not would give.

local core = require "dwconv.core"
local dw = require "dwconv"
local K = dw.backend
local args = require "dwconv.args"
local support = require "support"
local refuses, same = support.refuses, support.same

local kinds = { strides = args.kinds.sizes(2, 1), padding = args.kinds.padding(2), data_format = args.kinds.data_format() }
local parse = args.options(kinds, "(x, {options})")

-- A parser that has read nothing yet.
local function anew(...) return args.options(kinds, "(x, {options})")(...) end

local given = {
  {}, { padding = "same" }, { padding = "valid" }, { strides = 2 }, { strides = 2.0 }, { strides = { 2, 1 } },
  { strides = { 1, 2 } }, { strides = { 2, 1, x = 3 } }, { padding = { { 1, 2 }, { 3, 4 } } },
  { padding = { { 1, 2 }, { 4, 3 } } }, { padding = { { 1, 2.0 }, { 3, 4 } } },
  { data_format = "channels_first", padding = "same", strides = { 2, 2 } },
  setmetatable({}, { __index = { padding = "same" } }),
}

local bad = {
  { strides = 0 }, { strides = 2.5 }, { strides = 0 / 0 }, { strides = {} }, { strides = { 2, 1, 3 } }, { strides = { 2 } },
  { strides = { 2, { 1 } } }, { padding = "SAME" }, { padding = { { 1, 2 }, { 3 } } }, { padding = true }, { stride = 2 },
  { 2 }, { strides = dw.ones { 2 } }, { [dw.ones { 2 }] = 1 }, { padding = ("same"):rep(100) }, "same", 3, true,
}

describe("options", function()
  it("are read alike however often and in whatever order", function()
    for round = 1, 3 do
      for i, o in ipairs(given) do assert.are.same(anew(o), parse(o), ("round %d, options %d"):format(round, i)) end
      for _, o in ipairs(bad) do assert.are.equal(support.error_of(anew, o), support.error_of(parse, o)) end
      assert.are.same(anew(nil), parse(nil))
      assert.are.equal(support.error_of(anew, {}, 1), support.error_of(parse, {}, 1))
    end
  end)

  it("that hold the same are the same table, also one made anew", function()
    local first = parse { padding = "same", strides = { 3, 1 } }
    assert.are.equal(first, parse { padding = "same", strides = { 3, 1 } })
    assert.are_not.equal(first, parse { padding = "same", strides = { 1, 3 } })
  end)

  it("are read again when a script has changed its table", function()
    local o = { padding = "same", strides = { 1, 1 } }
    for _ = 1, 2 do
      assert.are.equal("same", parse(o).padding)
      o.padding = "valid"
      assert.are.equal("valid", parse(o).padding)
      o.strides[2] = 5
      assert.are.same({ 1, 5 }, parse(o).strides)
      o.padding, o.strides[2] = "same", 1
    end
    o.stride = 1
    refuses(function() parse(o) end, 'unknown option "stride"; did you mean "strides"?')
    o.stride, o.strides[2] = nil, nil
    refuses(function() parse(o) end, "strides must be")
  end)

  it("follow the configuration", function()
    local o = { padding = "same" }
    assert.are.equal("channels_last", parse(o).data_format)
    assert.are.equal("channels_last", parse().data_format)
    do
      local _ <close> = support.with { image_data_format = "channels_first" }
      assert.are.equal("channels_first", parse(o).data_format)
      assert.are.equal("channels_first", parse().data_format)
    end
    assert.are.equal("channels_last", parse(o).data_format)
  end)

  it("with metamethods are asked every time", function()
    local defaults = { padding = "same" }
    local o = setmetatable({}, { __index = defaults })
    assert.are.equal("same", parse(o).padding)
    defaults.padding = "valid"
    assert.are.equal("valid", parse(o).padding)
  end)

  it("of more kinds than are remembered", function()
    for i = 1, 1000 do assert.are.same({ i, i }, parse { strides = i }.strides) end
    assert.are.same({ 1, 1 }, parse { strides = 1 }.strides)
  end)

  it("that a finaliser changes while they are read are not mistaken later", function()
    local x, w, o = dw.ones { 1, 4, 4, 1 }, dw.ones { 3, 3, 1, 1 }, {}
    local _ <close> = support.with { collector = "generational" }
    for i = 1, 200 do
      o.strides, o.padding = i, "same"
      setmetatable({}, { __gc = function() o.padding = "valid" end })
      K.depthwise_conv2d(x, w, o)
    end
    collectgarbage()
    for i = 1, 200 do
      same(K.depthwise_conv2d(x, w, { strides = i, padding = "valid" }):select(2, 1):select(2, 1), dw.full({ 1, 1 }, 9))
      assert.are.equal((4 + i - 1) // i, K.depthwise_conv2d(x, w, { strides = i, padding = "same" }).shape[2])
    end
  end)
end)

describe("core.recall", function()
  it("gives the same node for the same, and makes none unless it is to grow", function()
    local memory = {}
    assert.is_nil(core.recall(memory, { a = 1 }))
    assert.is_nil(next(memory))
    local node = core.recall(memory, { a = 1 }, true)
    assert.are.equal(node, core.recall(memory, { a = 1 }))
    assert.are.equal(memory, core.recall(memory, {}))
    assert.is_nil(core.recall(memory, { a = {} }))
    assert.is_nil(core.recall(memory, setmetatable({ a = 1 }, {})))
  end)

  it("keeps neither what is no plain value nor what has no end", function()
    local memory, endless = {}, {}
    endless[1] = endless
    for _, value in ipairs { endless, print, dw.ones { 1 }, 0 / 0, ("x"):rep(100), { 1, 2, 3, 4, 5, 6, 7, 8, 9 } } do
      assert.is_nil(core.recall(memory, { a = value }, true))
    end
    local many = {}
    for i = 1, 17 do many["a" .. i] = i end
    assert.is_nil(core.recall(memory, many, true))
    many.a1 = nil
    assert.are.equal(core.recall(memory, many, true), core.recall(memory, many))
    assert.is_nil(core.recall(memory, 1, true))
    assert.is_false(pcall(core.recall, 1, {}))
  end)

  it("is not led astray by what stands in its place", function()
    assert.is_nil(core.recall({ a = 1 }, { a = 1 }))
    assert.is_nil(core.recall({ a = { [1] = "x" } }, { a = 1 }))
  end)
end)
