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

  it("help prints, and suggests", function()
    local said, real = {}, print
    _G.print = function(text) said[#said + 1] = text end
    local ok, why = pcall(function()
      dw.help()
      dw.help "depthwise_conv2d"
      dw.help "reduce"
      dw.help "placeholder"
      dw.help "repeat"
      dw.help "K.repeat_"
      for _, name in ipairs { "io", "npy", "image", "image.read", "dw.io.npy.write" } do dw.help(name) end
    end)
    _G.print = real
    assert.is_true(ok, why)
    said = table.concat(said, "\n")
    for _, text in ipairs { "reduce ", "dilation_rate", "argmax", "K.placeholder", "There is no such thing here" } do
      assert.truthy(said:find(text, 1, true), text)
    end
    refuses(function() dw.help "depthwise_conv" end, 'help: nothing is called "depthwise_conv"; did you mean "depthwise_conv2d"?')
    refuses(function() return dw.io.tiff end, "io: there is no tiff")
  end)
end)
