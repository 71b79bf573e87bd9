-- help_classes_spec.lua: what dw.help says of classes is what their records say.

local dw = require "dwconv"
local classes = require "dwconv.help.classes"
local support = require "support"

-- What dw.help prints.
local function asked(name)
  local lines = {}
  local _ <close> = support.with { print = function(text) lines[#lines + 1] = text end }
  dw.help(name)
  return table.concat(lines, "\n")
end

describe("dw.help", function()
  it("explains a class by its name, with its room, and the class itself", function()
    local text = asked "Conv2D"
    assert.equal(text, asked "layers.Conv2D")
    assert.equal(text, asked "dw.layers.Conv2D")
    assert.equal(text, asked(dw.layers.Conv2D))
    assert.equal(1, text:find "dw.layers.Conv2D{ filters, kernel_size, strides, padding, data_format, dilation_rate, options }")
    assert.truthy(text:find('padding%s+"valid", "same" or .*; default "valid"\n'))
    assert.truthy(text:find "filters%s+a whole number of at least 1; must be given\n")
    assert.truthy(text:find 'kernel_initializer%s+.*; default "glorot_uniform"\n')
    assert.is_nil(text:find "trainable")
    assert.truthy(asked("Dens"):find('did you mean "Dense"', 1, true))
  end)

  it("lists a room, and what its classes have in common", function()
    local text = asked "dw.layers"
    assert.equal(text, asked "layers")
    assert.truthy(text:find "ZeroPadding3D")
    assert.truthy(text:find "All of them take\n.*trainable%s+true or false; default true")
    assert.truthy(asked("dw.losses"):find "MeanSquaredError") -- "losses" is a family of ops
    assert.truthy(asked():find "dw.layers%s+layers of networks")
  end)

  it("has an example of each room, which prints the same every time; strings of classes; all of one name", function()
    local help = require "dwconv.help"
    for _, room in ipairs(classes.rooms) do
      local printed = help.printed(classes.example(room))
      assert.is_true(#printed > 0)
      assert.equal(printed, help.printed(classes.example(room)))
      assert.truthy(asked("dw." .. room):find("Example\n", 1, true))
    end
    assert.truthy(asked("losses.MeanSquaredError"):find('As a string: "mean_squared_error", "MSE", "mse"', 1, true))
    assert.truthy(asked("Hinge"):find "dw.losses.Hinge.*dw.metrics.Hinge")
  end)

  it("has a doc, and a line for each option, of every class", function()
    local count = 0
    for _, room in ipairs(classes.rooms) do
      for _, one in ipairs(classes.list(room)) do
        local text, base = classes.text(room, one.class), one.class.registry.base.options or {}
        assert.equal(one.name, one.class.name)
        assert.truthy((one.class.doc or ""):find "^%S.*%.$", one.name .. " has no doc that is a sentence")
        for option in pairs(one.class.options) do
          assert.equal(base[option] == nil, text:find("\n  " .. option .. " ", 1, true) ~= nil, one.name .. " " .. option)
        end
        count = count + 1
      end
    end
    assert.is_true(count > 100, count)
  end)
end)
