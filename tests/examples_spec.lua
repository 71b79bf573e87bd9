-- examples_spec.lua: each example runs; each Lua snippet of the README and each example of the reference, pasted line
-- by line into Lua's own prompt, prints what it says it prints, in that order, and no error; the Lua script of
-- docs/from_keras.md prints what its Python script printed under TensorFlow.

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

  it("03_painting.lua writes its sheet: the photograph, painted, drawn, both", function()
    if not pcall(require, "dwconv.image") then return end
    local path = os.tmpname() .. ".png"
    local ok, out = run(("%s examples/03_painting.lua examples/data/chelsea.png %s"):format(lua, path))
    assert.is_true(ok, out)
    local dw = require "dwconv"
    local K = dw.backend
    local sheet = dw.io.image.read(path)
    os.remove(path)
    assert.same({ 1260, 1864, 3 }, sheet.shape)
    local function tile(row, column)
      local top, left = 20 + (row - 1) * 620, 20 + (column - 1) * 922
      return sheet[{ { top + 1, top + 600 }, { left + 1, left + 902 }, {} }]:astype "float32"
    end
    local photo, painting, drawing, both = tile(1, 1), tile(1, 2), tile(2, 1), tile(2, 2)

    -- Twice as large by interpolation: the four pixels between the centres of 2x2 of the photograph have their mean.
    local original = dw.io.image.read("examples/data/chelsea.png"):astype "float32"
    local larger = K.pool2d(photo:expand_dims(1), { 2, 2 }, { pool_mode = "avg" })[1]
    local means = K.pool2d(original:expand_dims(1), { 2, 2 }, { pool_mode = "avg" })[1]
    assert.is_true(dw.close(larger[{ { 2, -1, 2 }, { 2, -1, 2 }, {} }], means, { atol = 1, rtol = 0 }))

    -- Paint keeps the colours, smoothes the fur and sharpens edges.
    local function mean(t) return K.mean(t):item() end
    local function steps(t) return K.abs(t[{ {}, { 2, -1 }, {} }] - t[{ {}, { 1, -2 }, {} }]) end
    assert.is_true(math.abs(mean(painting) - mean(photo)) < 2)
    assert.is_true(mean(steps(painting)) < 0.6 * mean(steps(photo)))
    assert.is_true(K.max(steps(painting)):item() > 1.3 * K.max(steps(photo)):item())
    -- The pupil is ink and the cheek is paper; ink only darkens the painting.
    assert.is_true(mean(drawing[{ { 215, 235 }, { 340, 355 }, {} }]) < 60)
    assert.is_true(mean(drawing[{ { 520, 560 }, { 120, 200 }, {} }]) > 230)
    assert.is_true(K.max(both - painting):item() <= 1 and mean(both) < mean(painting) - 10)
  end)
end)

-- The lines that `lua5.4 -i` prints when those of the text are typed, without its prompts and without what readline echoes.
-- What stands behind "-->" is not typed, as a tab would ask readline for names.
local function paste(text)
  local path = os.tmpname()
  local f = assert(io.open(path, "w"))
  text = '_PROMPT, _PROMPT2 = "", ""\n' .. text:gsub("[ \t]*%-%->[^\n]*", "") .. "\n"
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
  if printed[#printed] == "" then printed[#printed] = nil end -- the prompt's, at the end of its input
  return printed
end

-- What a snippet says it prints: what stands behind each "--> ", whole lines.
local function wanted(snippet)
  local lines = {}
  for line in (snippet .. "\n"):gmatch "%-%-> ?([^\n]*)\n" do lines[#lines + 1] = line end
  return lines
end

local function check_quiet(lines)
  for _, line in ipairs(lines) do
    assert.is_true(not line:find "stack traceback" and not line:find "^stdin:%d+: .* near ", table.concat(lines, "\n"))
  end
end

for _, path in ipairs { "README.md", "docs/guide.md" } do
  describe(path, function()
    local file <close> = assert(io.open(path))
    local n = 0
    for snippet in file:read("a"):gmatch "\n```lua\n(.-)```" do
      n = n + 1
      it(("prints what it says: snippet %d, pasted line by line"):format(n), function()
        local printed = paste(snippet)
        check_quiet(printed)
        assert.is_true(#printed > 0)
        assert.same(wanted(snippet), printed)
      end)

      it(("prints the same in the prompt of dwconv: snippet %d"):format(n), function()
        local input = os.tmpname()
        local f = assert(io.open(input, "w"))
        f:write((snippet:gsub("[ \t]*%-%->[^\n]*", "")))
        f:close()
        local ok, out = run(("%s bin/dwconv < %s"):format(lua, input))
        os.remove(input)
        assert.is_true(ok, out)
        assert.equal(table.concat(wanted(snippet), "\n") .. "\n", (out:gsub("entry %d+:", "stdin:")))
      end)
    end

    it("has snippets", function() assert.is_true(n >= (path == "README.md" and 1 or 5)) end)
  end)
end

describe("docs/from_keras.md", function()
  local file <close> = assert(io.open "docs/from_keras.md")
  local page = file:read "a"
  local python, script = page:match "\n```python\n(.-)```", page:match "\n```lua\n(.-)```"
  local kept = dofile "tests/fixtures/from_keras.lua"

  it("shows the Python script that TensorFlow ran, and what it printed", function()
    assert.equal(kept.script, python, "run tests/oracle/from_keras.py again")
    assert.equal(kept.printed, page:match "\n```text\n(.-)```")
  end)

  it("has a line of Lua for each line of Python", function()
    local _, left = python:gsub("\n", "")
    local _, right = script:gsub("\n", "")
    assert.equal(left, right)
  end)

  it("prints the same numbers in Lua, pasted line by line", function()
    local printed = paste(script)
    check_quiet(printed)
    assert.equal(kept.printed, table.concat(printed, "\n") .. "\n")
  end)
end)

-- Fails unless each of the lines is one of those printed, each after the one before. The prompt prints what a call gives
-- besides.
local function in_order(lines, printed, what)
  local at = 0
  for _, want in ipairs(lines) do
    repeat
      at = at + 1
      assert.is_true(at <= #printed, ("%s does not print %q where it says so, but:\n%s"):format(what, want, table.concat(printed, "\n")))
    until printed[at] == want
  end
end

-- The lines from `first` to `last`, without these.
local function between(lines, first, last)
  local part, inside = {}, false
  for _, line in ipairs(lines) do
    if line == last then inside = false end
    if inside then part[#part + 1] = line end
    if line == first then inside = true end
  end
  return part
end

describe("the reference", function()
  it("has examples that paste into the prompt, line by line", function()
    local help, ops = require "dwconv.help", require "dwconv.ops"
    local topics = require "dwconv.help.topics"
    local lines, all = { 'dw = require "dwconv"', "K = dw.backend" }, {}
    for _, r in pairs(ops.records) do all[#all + 1] = not r.refused and r or nil end
    table.move(topics, 1, #topics, #all + 1, all)
    for i, r in ipairs(all) do
      lines[#lines + 1] = ('print "example %d"'):format(i)
      lines[#lines + 1] = r.example
    end
    lines[#lines + 1] = ('print "example %d"'):format(#all + 1)
    local out = paste(table.concat(lines, "\n"))
    for i, r in ipairs(all) do
      local printed, expected = between(out, "example " .. i, "example " .. i + 1), {}
      for line in (help.printed(r) .. "\n"):gmatch "([^\n]*)\n" do expected[#expected + 1] = line end
      assert.is_true(#expected > 0 and #printed >= #expected, r.name)
      check_quiet(printed)
      in_order(expected, printed, r.name)
    end
  end)
end)
