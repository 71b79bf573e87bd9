-- ops_spec.lua: what every record promises: it is whole, its function agrees with the reference, its gradients agree with
-- central differences, bad input is refused in its name, and its text can be read.

local dw = require "dwconv"
local K = dw.backend
local R = require "reference"
local ops = require "dwconv.ops"
local support = require "support"
local refuses = support.refuses

local names = {}
for name in pairs(ops.records) do names[#names + 1] = name end
table.sort(names)

local function sample_of(r)
  local seed = 40
  local function random(shape)
    seed = seed + 1
    return dw.uniform(shape, { minval = -1, seed = seed, dtype = "float64" })
  end
  return table.pack(r.sample(random))
end

describe("every record", function()
  for _, name in ipairs(names) do
    local r = ops.records[name]

    it(name .. " agrees with the reference", function()
      local args = sample_of(r)
      support.near(K[name](table.unpack(args, 1, args.n)):clone(), R[name](table.unpack(args, 1, args.n)),
        { rtol = 1e-13, atol = 1e-13 })
    end)

    it(name .. " has the gradients of central differences", function()
      if r.backward == "none" then return end
      local args = sample_of(r)
      local function call() return r.call(table.unpack(args, 1, args.n)) end
      local y = call()
      local g = dw.uniform(y.shape, { minval = -1, seed = 77, dtype = "float64" })
      -- forward gets its options parsed, so backward does
      local given = { table.unpack(args, 1, args.n) }
      given[#r.positional + 1] = require("dwconv.options").parser(name, r.options)(args[#r.positional + 1])
      for i, arg in ipairs(r.args) do
        local got = r.backward[arg](g, y, table.unpack(given, 1, #r.positional + 1))
        local want = support.numeric_gradient(call, args[i], g, 1e-5)
        assert.same(args[i].shape, got.shape)
        assert.is_false((dw.close(want, dw.zeros(want.shape, { dtype = "float64" }))), "a gradient of zeros tests nothing")
        support.near(got:clone(), want, { rtol = 1e-7, atol = 1e-8 }, ("d %s / d %s"):format(name, arg))
      end
    end)

    it(name .. " refuses missing, wrong and further arguments", function()
      local args = sample_of(r)
      for i, arg in ipairs(r.positional) do
        for _, bad in ipairs { false, "x", 3, print, dw.tensor(1) } do
          local broken = { table.unpack(args, 1, args.n) }
          broken[i] = bad or nil
          -- a rank-0 tensor is a fine x for what takes any rank
          if not (getmetatable(bad) and r.shapes[arg] == "any") then
            refuses(function() r.call(table.unpack(broken, 1, args.n)) end, name .. ": ", arg)
          end
        end
      end
      local function with(...) -- the positional arguments and these
        local given = { table.unpack(args, 1, #r.positional) }
        for i, v in ipairs { ... } do given[#r.positional + i] = v end
        return function() r.call(table.unpack(given)) end
      end
      refuses(with({}, 3), name .. ": takes (", "got a further 3")
      refuses(with "same", name .. ": options must be a table")
      refuses(with { zzz = 1 }, name .. ': unknown option "zzz"')
      refuses(with { 1 }, name .. (next(r.options) and ": options go by name" or ": takes ("))
    end)

    it(name .. " refuses each option misspelt or of a wrong kind", function()
      local args = sample_of(r)
      for option, kind in pairs(r.options) do
        local function call(key, value)
          local given = { table.unpack(args, 1, #r.positional) }
          given[#given + 1] = { [key] = value }
          return function() r.call(table.unpack(given)) end
        end
        refuses(call(option:sub(1, -2), 1), ('%s: unknown option "%s"; did you mean "%s"?'):format(name, option:sub(1, -2), option))
        local liar = setmetatable({}, { __len = function() return "2" end })
        for _, bad in ipairs { "", print, 0 / 0, 0, -1, 1.5, liar, 2 ^ 63, math.mininteger, true, {}, { 1 }, { 1, 0 }, { 1, 2, 3 },
          { 1, "2" }, { { -1, 0 }, { 0, 0 } }, dw.zeros { 2 } } do
          refuses(call(option, bad), ("%s: %s must be %s, got "):format(name, option, kind.expected))
        end
      end
    end)

    it(name .. " has a reference text", function()
      local text = require("dwconv.help").text(r)
      assert.truthy(text:find("K." .. name .. "(", 1, true))
      for option in pairs(r.options) do assert.truthy(text:find(option, 1, true)) end
      if r.example then
        local printed = 0
        local env = setmetatable({ dw = dw, K = K, print = function() printed = printed + 1 end }, { __index = _G })
        assert(load(r.example, name, "t", env))()
        assert.is_true(printed > 0)
      end
    end)
  end

  it("is a function of K, and the configuration is too", function()
    for _, name in ipairs(names) do assert.equal(ops.records[name].call, K[name]) end
    assert.equal("dwconv", K.backend())
    for _, name in ipairs { "floatx", "set_floatx", "epsilon", "set_epsilon", "image_data_format", "set_image_data_format" } do
      assert.equal("function", type(K[name]))
    end
    assert.equal(K, require "dwconv.backend")
  end)
end)

describe("a linear record", function()
  for _, name in ipairs(names) do
    local r = ops.records[name]
    it(name .. " doubles when one of its tensors does", function()
      if not r.linear then return end
      local args = sample_of(r)
      local y = r.call(table.unpack(args, 1, args.n)):reshape({ -1 }):to_table()
      for i in ipairs(r.args) do
        local twice, doubled = { table.unpack(args, 1, args.n) }, args[i]:reshape({ -1 }):to_table()
        for k, v in ipairs(doubled) do doubled[k] = 2 * v end
        twice[i] = dw.tensor(doubled, { dtype = "float64" }):reshape(args[i].shape)
        local got = r.call(table.unpack(twice, 1, args.n)):reshape({ -1 }):to_table()
        for k, v in ipairs(y) do assert.equal(2 * v, got[k]) end
      end
    end)
  end
end)

describe("docs/reference.md", function()
  it("is what the records say", function()
    assert.equal(require("dwconv.help").reference(), io.open("docs/reference.md"):read "a", "run `make docs`")
  end)
end)

describe("op", function()
  local whole = {
    doc = "d", args = { "x" }, shapes = {}, forward = print, sample = print, backward = { x = print },
  }

  local function without(field)
    local r = {}
    for k, v in pairs(whole) do r[k] = v end
    r[field] = nil
    return r
  end

  it("refuses an incomplete record when it is loaded", function()
    for field in pairs(whole) do
      local ok, why = pcall(ops.op "unfinished", without(field))
      assert.is_false(ok)
      assert.truthy(why:find("op unfinished: has no " .. field, 1, true), why)
    end
    local r = without "backward"
    r.backward = {}
    assert.truthy(select(2, pcall(ops.op "unfinished", r)):find("has no backward for x", 1, true))
    r.backward = "none"
    assert.truthy(select(2, pcall(ops.op "unfinished", r)):find("no reason", 1, true))
    assert.truthy(select(2, pcall(ops.op "transpose", whole)):find("recorded twice", 1, true))
    assert.is_nil(ops.records.unfinished)
  end)
end)

describe("configuration", function()
  it("keeps what it is given and refuses nonsense", function()
    assert.equal("float32", K.floatx())
    assert.equal(1e-7, K.epsilon())
    assert.equal("channels_last", K.image_data_format())
    K.set_epsilon(1e-5)
    assert.equal(1e-5, K.epsilon())
    K.set_epsilon(1e-7)
    refuses(function() K.set_floatx "float16" end, 'set_floatx: floatx must be "float32" or "float64", got "float16"')
    refuses(function() K.set_floatx() end, "set_floatx: floatx must be", "got nil")
    refuses(function() K.set_image_data_format "NCHW" end, "set_image_data_format: image_data_format must be")
    refuses(function() K.set_epsilon "1" end, 'set_epsilon: epsilon must be a number, got "1"')
    refuses(function() K.set_epsilon(0 / 0) end, "set_epsilon: epsilon must be a number")
  end)
end)

describe("errors of depthwise_conv2d", function()
  local x, w = dw.zeros { 1, 8, 9, 3 }, dw.zeros { 3, 3, 3, 1 }

  it("say what was expected and what came", function()
    refuses(function() K.depthwise_conv2d(x, w:astype "float64") end,
      "depthwise_conv2d: x is float32 but depthwise_kernel is float64; convert one with astype")
    refuses(function() K.depthwise_conv2d(dw.zeros { 1, 224, 224, 3 }, dw.zeros { 3, 3, 4, 1 }) end,
      "depthwise_conv2d: x has 3 channels (1x224x224x3, channels_last) but depthwise_kernel has 4 (3x3x4x1)")
    refuses(function() K.depthwise_conv2d(x:permute { 1, 4, 2, 3 }, w) end, "x has 9 channels (1x3x8x9, channels_last)",
      "is x channels_first?")
    refuses(function() K.depthwise_conv2d(x, w, { data_format = "channels_first" }) end,
      "x has 8 channels (1x8x9x3, channels_first)", "is x channels_last?")
    refuses(function() K.depthwise_conv2d(x, w, { padding = "SAME" }) end,
      'padding must be "valid", "same" or {{top, bottom}, {left, right}}, got "SAME"; did you mean "same"?')
    refuses(function() K.depthwise_conv2d(x, w, { stride = 2 }) end, 'unknown option "stride"; did you mean "strides"?')
    refuses(function() K.depthwise_conv2d(x, w, { data_format = "NHWC" }) end,
      'data_format must be "channels_last" or "channels_first", got "NHWC"; did you mean "channels_last"?')
    refuses(function() K.depthwise_conv2d(dw.zeros { 1, 4, 9, 3 }, dw.zeros { 5, 3, 3, 1 }) end,
      "depthwise_kernel (5x3x3x1) covers 5 rows but x has 4 with its padding")
    refuses(function() K.depthwise_conv2d(x, w, { dilation_rate = { 1, 5 } }) end, "covers 11 columns but x has 9")
    refuses(function() K.depthwise_conv2d(x, w, { dilation_rate = { 1, 7 }, padding = { { 0, 0 }, { 2, 3 } } }) end,
      "covers 15 columns but x has 14 with its padding")
    refuses(function() K.depthwise_conv2d(x, dw.zeros { 0, 3, 3, 1 }) end, "must have at least one row and column")
    refuses(function() K.depthwise_conv2d(x[1], w) end, "x must be a tensor of rank 4 (n,h,w,c), got a float32 tensor 8x9x3")
    refuses(function() K.depthwise_conv2d(x, w[1]) end, "depthwise_kernel must be a tensor of rank 4 (kh,kw,c,m)")
    refuses(function() K.depthwise_conv2d(x:astype "int32", w:astype "int32") end, "tensors must be float32 or float64, got int32")
    refuses(function() K.depthwise_conv2d(x, w, { padding = { { 2 ^ 31, 0 }, { 2 ^ 31, 0 } } }) end, "depthwise_conv2d: ")
    refuses(function() K.depthwise_conv2d(x, w, { padding = { { 2 ^ 32, 0 }, { 0, 0 } } }) end, "depthwise_conv2d: padding")
  end)

  it("of the gradients too", function()
    local g = dw.zeros { 1, 6, 7, 3 }
    refuses(function() K.depthwise_conv2d_grad_x(dw.zeros { 1, 6, 6, 3 }, w, x.shape) end,
      "depthwise_conv2d_grad_x: g has shape 1x6x6x3 but the convolution's result has 1x6x7x3")
    refuses(function() K.depthwise_conv2d_grad_x(g:astype "float64", w, x.shape) end, "g is float64 but depthwise_kernel is float32")
    refuses(function() K.depthwise_conv2d_grad_x(g, w, { 1, 8, 9 }) end, "x_shape must have 4 axes, got 3")
    refuses(function() K.depthwise_conv2d_grad_x(g, w, { 1, 8, 9, 2 }) end, "x_shape has 2 channels")
    refuses(function() K.depthwise_conv2d_grad_x(g, w, { 2 ^ 40, 2 ^ 40, 1, 3 }) end, "x_shape", "too large")
    refuses(function() K.depthwise_conv2d_grad_kernel(g, x, { 3, 4, 3, 1 }) end, "g has shape 1x6x7x3")
    refuses(function() K.depthwise_conv2d_grad_kernel(g, x, { 1879048192, 1879048192, 3, 1879048192 }) end, "too large")
    refuses(function() K.depthwise_conv2d_grad_kernel(g, x, { 3, 3, 3, -1 }) end, "kernel_shape[4]")
  end)
end)

describe("dw", function()
  it("has version, info, threads", function()
    assert.truthy(dw._VERSION:find "^dwconv %d+%.%d+%.%d+$")
    local info = dw.info()
    assert.equal(dw.threads(), info.threads)
    assert.truthy(tostring(info):find("isa", 1, true))
    refuses(function() dw.set_threads(0) end, "set_threads: threads must be a whole number from 1")
    refuses(function() dw.set_threads(2 ^ 40) end, "set_threads: threads")
    refuses(function() dw.set_threads "2" end, 'got "2"')
  end)

  it("help prints, and suggests", function()
    local said, real = {}, print
    _G.print = function(text) said[#said + 1] = text end
    local ok, why = pcall(function()
      dw.help()
      dw.help "depthwise_conv2d"
    end)
    _G.print = real
    assert.is_true(ok, why)
    assert.truthy(said[1]:find("depthwise_conv2d", 1, true))
    assert.truthy(said[2]:find("dilation_rate", 1, true))
    refuses(function() dw.help "depthwise_conv" end, 'help: nothing is called "depthwise_conv"; did you mean "depthwise_conv2d"?')
    refuses(function() return dw.io.tiff end, "io: there is no tiff")
  end)
end)
