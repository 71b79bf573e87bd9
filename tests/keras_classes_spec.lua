-- keras_classes_spec.lua: docs/keras_classes.md is what there is, and says of what is left out why.

local text = assert(loadfile "tools/keras_classes.lua")()

describe("docs/keras_classes.md", function()
  it("is current", function()
    local f <close> = assert(io.open "docs/keras_classes.md")
    assert.equal(text(), f:read "a", "run `make docs`")
  end)

  it("has a reason for all that is left out, and for nothing else", function()
    local rows = 0
    for name, state, note in text():gmatch "\n| (%w+[%w_]*) | (%a[%a ]*) | ([^|]*)|" do
      if name ~= "Keras" then
        rows = rows + 1
        assert.is_true(state == "there" or state == "left out" and #note > 10, name)
      end
    end
    assert.equal(83 + 9 + 5 + 17 + 38 + 13 + 16 + 5 + 6, rows)
  end)
end)
