-- rooms_spec.lua: dw.help and the reference of classes: each has a text that names its options, is found by its name, and
-- every example of a room runs, the same every time.

local dw = require "dwconv"
local help = require "dwconv.help"
local rooms = require "dwconv.help.rooms"
local support = require "support"

local function said(...)
  local lines = {}
  local _ <close> = support.with { print = function(text) lines[#lines + 1] = text end }
  dw.help(...)
  return table.concat(lines, "\n")
end

describe("the reference of classes", function()
  for _, r in ipairs(rooms) do
    it(r.name .. " says what it is, and its example runs", function()
      local printed = help.printed(r)
      assert.is_true(#printed > 0)
      assert.equal(printed, help.printed(r))
      assert.truthy(said(r.name):find(r.about, 1, true))
    end)

    for _, entry in ipairs(rooms.entries(r)) do
      it(("%s.%s has a sentence and its options, and is found"):format(r.name, entry.name), function()
        local class = r.registry.classes[entry.name]
        assert.truthy(class.doc and class.doc:find "^%S.*%.$", "a doc that is a sentence")
        assert.is_nil(class.doc:find "  ")
        for name in pairs(class.options) do
          assert.truthy(entry.text:find("\n  " .. name .. " ", 1, true), name)
        end
        for _, name in ipairs(class.leading) do assert.is_table(class.options[name], name) end
        assert.equal(entry.text, said(r.name .. "." .. entry.name))
        assert.truthy(said(entry.name):find(entry.text, 1, true))
        assert.equal(entry.text, said(class))
      end)
    end
  end

  it("is found by what an instance is, by short names, and hints at near ones", function()
    assert.equal(said "Adam", said(dw.optimizers.Adam {}))
    assert.equal(said "dw.optimizers", said "optimizers")
    assert.truthy(said "Conv2DTranspos":find('did you mean "Conv2DTranspose"?', 1, true))
    assert.truthy(said():find("dw.callbacks", 1, true))
  end)
end)
