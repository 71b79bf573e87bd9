-- examples_spec.lua: each example runs; each Lua snippet of the README and each example of the reference, pasted line
-- by line into Lua's own prompt, prints what it says it prints, in that order, and no error.

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

-- What `lua5.4 -i` prints when the lines are typed, without its prompts and without what readline echoes.
local function paste(text)
  local path = os.tmpname()
  local f = assert(io.open(path, "w"))
  text = '_PROMPT, _PROMPT2 = "", ""\n' .. text .. "\n"
  f:write(text)
  f:close()
  local ok, out = run(("%s -i < %s"):format(lua, path))
  os.remove(path)
  assert.is_true(ok, out)
  local typed, printed = {}, {}
  for line in text:gmatch "[^\n]+" do typed[line] = true end
  for line in out:gsub("^Lua [^\n]*\n", ""):gmatch "([^\n]*)\n" do
    if not typed[line] and not typed[line:gsub("^> ", "")] then printed[#printed + 1] = line end
  end
  return table.concat(printed, "\n") .. "\n"
end

-- Fails unless each of the texts begins a line or stands in one, each after the one before.
local function in_order(texts, out)
  local at = 1
  for _, want in ipairs(texts) do
    local first, last = out:find(want, at, true)
    assert.truthy(first, ("%q does not follow what came before in:\n%s"):format(want, out))
    at = last + 1
  end
end

-- What follows "--> " is a line that is printed, or the beginning of one.
local function wanted(snippet)
  local texts = {}
  for want in snippet:gmatch "%-%-> ([^\n]+)" do texts[#texts + 1] = want end
  return texts
end

local function check_quiet(out)
  for line in out:gmatch "[^\n]+" do
    assert.is_true(not line:find "stack traceback" and not line:find "^stdin:%d+: .* near ", out)
  end
end

describe("README", function()
  local text = assert(io.open "README.md"):read "a"
  local n = 0
  for snippet in text:gmatch "\n```lua\n(.-)```" do
    n = n + 1
    it("snippet " .. n .. " pastes into the prompt, line by line", function()
      local out = paste(snippet)
      assert.is_true(#wanted(snippet) > 0)
      in_order(wanted(snippet), out)
      check_quiet(out)
    end)
  end

  it("has snippets", function() assert.is_true(n >= 3) end)
end)

describe("the reference", function()
  it("has examples that paste into the prompt, line by line", function()
    local help, ops = require "dwconv.help", require "dwconv.ops"
    local lines, all = { 'dw = require "dwconv"', "K = dw.backend" }, {}
    for _, r in pairs(ops.records) do all[#all + 1] = not r.refused and r or nil end
    table.move(require "dwconv.help.topics", 1, #require "dwconv.help.topics", #all + 1, all)
    for i, r in ipairs(all) do
      lines[#lines + 1] = ('print "example %d of %s"'):format(i, r.name)
      lines[#lines + 1] = r.example
    end
    lines[#lines + 1] = 'print "example end"'
    local out = paste(table.concat(lines, "\n"))
    for i, r in ipairs(all) do
      local start = ("example %d of %s\n"):format(i, r.name)
      local _, from = out:find(start, 1, true)
      assert.truthy(from, start .. out:sub(-300))
      local printed = out:sub(from + 1, (out:find("\nexample ", from, true)))
      local expected = {} -- the prompt prints what a call gives, too
      for line in help.printed(r):gmatch "[^\n]+" do expected[#expected + 1] = line end
      in_order(expected, printed)
      check_quiet(printed)
    end
  end)
end)
