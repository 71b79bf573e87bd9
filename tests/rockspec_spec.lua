-- rockspec_spec.lua: what LuaRocks is told agrees with the library and the CHANGELOG.

local dw = require "dwconv"
local VERSION = dw._VERSION:match "%d+%.%d+%.%d+"

local function rockspec(name)
  local fields = {}
  assert(loadfile(name, "t", fields))()
  return fields
end

describe("rockspecs", function()
  it("name the version of the library, and its tag", function()
    local release = rockspec(("rockspecs/dwconv-%s-1.rockspec"):format(VERSION))
    assert.equal(VERSION .. "-1", release.version)
    assert.equal("v" .. VERSION, release.source.tag)
    assert.equal("scm-1", rockspec("dwconv-scm-1.rockspec").version)
  end)

  it("say the same but for version and source", function()
    local release, checkout = rockspec(("rockspecs/dwconv-%s-1.rockspec"):format(VERSION)), rockspec "dwconv-scm-1.rockspec"
    for _, fields in ipairs { release, checkout } do
      fields.version, fields.source = nil, nil
    end
    assert.same(release, checkout)
  end)

  it("the newest heading of the CHANGELOG is that version", function()
    for line in io.lines "CHANGELOG.md" do
      local heading = line:match "^## (%S+)"
      if heading then return assert.equal(VERSION, heading) end
    end
    error "CHANGELOG.md has no heading"
  end)

  it("take along folders that exist", function()
    for _, folder in ipairs(rockspec("dwconv-scm-1.rockspec").build.copy_directories) do
      assert.truthy(os.rename(folder, folder), folder)
    end
  end)
end)
