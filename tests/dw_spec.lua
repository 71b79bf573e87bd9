-- dw_spec.lua: the namespace: version, info, threads, help.

local dw = require "dwconv"
local support = require "support"
local refuses = support.refuses

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

  it("refuses what it would ignore", function()
    refuses(function() dw.threads(1) end, "threads: takes nothing; dw.set_threads(n) sets it")
    refuses(function() dw.set_threads(1, 2) end, "set_threads: takes (n), got more")
  end)
end)

describe("dw.help", function()
  local function said(...)
    local lines = {}
    local _ <close> = support.with { print = function(text) lines[#lines + 1] = text end }
    dw.help(...)
    return table.concat(lines, "\n")
  end

  it("explains functions, families, files, tensors' methods, operators and topics, as scripts write them", function()
    for name, text in pairs {
      depthwise_conv2d = "dilation_rate", reduce = "argmax", placeholder = "There is no such thing here", ["repeat"] = "K.repeat_",
      ["K.repeat_"] = 'K["repeat"]', npy = "dw.io.npy.read(path)", ["dw.io.image.write"] = "quality", io = "npy.write",
      image = "image.read", tape = "tape:gradients", ["tape:gradients"] = "output_gradients", ["t:sum"] = "K.sum(",
      ["t:item"] = "t:item()", ["+"] = "K.add(", ["//"] = "floor_divide", ["a % b"] = "K.mod(", threads = "dw.set_threads(n)",
      ["dw.set_threads"] = "dw.threads()", shape = "shape", ["t[i]"] = "view", [">>"] = "dw.ops.NAME", ops = "residual",
      ["dw.info()"] = "isa", ["dw.backend.sum"] = "K.sum(", unary = "Nothing is called",
    } do
      assert.truthy(said(name):find(text, 1, true), ("dw.help %q does not say %q but: %s"):format(name, text, said(name)))
    end
    assert.truthy(said():find("depthwise", 1, true) and said():find("tape", 1, true))
  end)

  it("takes a function too", function()
    assert.equal(said "sum", said(dw.backend.sum))
    assert.equal(said "uniform", said(dw.uniform))
    assert.equal(said "clock", said(dw.clock))
    assert.truthy(said(print):find("There is no help for a function", 1, true))
    assert.truthy(said(3):find("There is no help for 3", 1, true))
  end)

  it("answers a miss with a sentence and the nearest name", function()
    assert.equal('Nothing is called "depthwise_conv2"; did you mean "depthwise_conv2d"?', said "depthwise_conv2")
    assert.equal('Nothing is called "K.summ"; did you mean "sum"?', said "K.summ")
    assert.equal('Nothing is called "tapes"; did you mean "tape"?', said "tapes")
    assert.equal('Nothing is called "qqqqqqqqqq"; dw.help() lists what there is.', said "qqqqqqqqqq")
  end)

  it("has topics whose examples print the same every time", function()
    local help = require "dwconv.help"
    for _, t in ipairs(require "dwconv.help.topics") do
      assert.is_true(#help.printed(t) > 0)
      assert.equal(help.printed(t), help.printed(t))
      assert.truthy(said(t.name):find(t.text, 1, true))
    end
  end)
end)

describe("looking up what is not there", function()
  local K = dw.backend

  it("raises with the nearest name, or says where it is", function()
    refuses(function() return K.summ end, 'K has no "summ"; did you mean "sum"?')
    refuses(function() return dw.tensr end, 'dw has no "tensr"; did you mean "tensor"?')
    refuses(function() return dw.ops.exq end, 'dw.ops has no "exq"; did you mean "exp"?')
    refuses(function() return dw.io.imge end, 'dw.io has no "imge"; did you mean "image"?')
    refuses(function() return dw.zeros({ 1 }).shap end, 'has no field or method "shap"; did you mean "shape"?')
    refuses(function() return dw.zeros({ 1 }):summ() end, 'did you mean "sum"?')
    refuses(function() return K.zzzzzzzz end, 'K has no "zzzzzzzz"; print(K) lists what it has')
    refuses(function() return K[1] end, "K has no 1")
    refuses(function() return K.full end, "K.full: it is dw.full")
    refuses(function() return dw.exp end, "dw.exp: it is K.exp")
    refuses(function() return K.permute end, "it is a method of tensors")
  end)

  it("leaves rawget and pairs as they are", function()
    assert.is_nil(rawget(K, "summ"))
    assert.is_nil(rawget(dw, "tensr"))
    local n = 0
    for name, f in pairs(K) do
      n = n + (type(name) == "string" and type(f) == "function" and 1 or 0)
    end
    assert.is_true(n > 100)
  end)
end)
