-- examples_spec.lua: each example runs, and each Lua snippet of the README runs and prints what it says it prints.

local build = os.getenv "DWCONV_BUILD" or "./build"
local lua = arg and arg[-1] or "lua5.4"
local env = ("LUA_PATH='./lua/?.lua;./lua/?/init.lua;;' LUA_CPATH='%s/?.so;;'"):format(build)

local function run(command)
  local host = io.popen(("%s %s 2>&1"):format(env, command))
  local out = host:read "a"
  return host:close(), out
end

describe("examples", function()
  it("01_photo.lua writes its contact sheet", function()
    if not pcall(require, "dwconv.image") then return end -- image_spec.lua says what is missing
    local path = os.tmpname() .. ".png"
    local ok, out = run(("%s examples/01_photo.lua examples/data/chelsea.png %s"):format(lua, path))
    assert.is_true(ok, out)
    local dw = require "dwconv"
    local sheet = dw.io.image.read(path)
    os.remove(path)
    assert.same({ 940, 1393, 3 }, sheet.shape)
    -- the first tile is the photograph itself
    local photo = dw.io.image.read "examples/data/chelsea.png"
    local tile = sheet[{ { 11, 310 }, { 11, 461 }, {} }]
    assert.is_true(dw.close(tile:astype "float32", photo:astype "float32", { atol = 1, rtol = 0 }))
  end)

  it("02_tensors.lua runs", function()
    local ok, out = run(lua .. " examples/02_tensors.lua")
    assert.is_true(ok, out)
    assert.truthy(out:find('unknown option "stride"', 1, true))
  end)
end)

describe("README", function()
  local text = assert(io.open "README.md"):read "a"
  local n = 0
  for snippet in text:gmatch "\n```lua\n(.-)```" do
    n = n + 1
    it("snippet " .. n, function()
      local printed = {}
      local function say(...)
        local parts = {}
        for i, v in ipairs { ... } do parts[i] = tostring(v) end
        printed[#printed + 1] = table.concat(parts, "\t")
      end
      local environment = setmetatable({ print = say }, { __index = _G })
      local chunk = assert(load(snippet, "=README", "t", environment))
      local folder = os.tmpname()
      chunk(folder)
      os.remove(folder)
      -- what follows "--> " is what the line prints
      local all = table.concat(printed, "\n")
      for want in snippet:gmatch "%-%-> ([^\n]+)" do
        assert.truthy(all:find(want, 1, true), ("%q is not in:\n%s"):format(want, all))
      end
    end)
  end

  it("has snippets", function() assert.is_true(n >= 3) end)
end)
