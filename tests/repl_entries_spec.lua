-- repl_entries_spec.lua: entries of the prompt: words of Lua, what is finished, what an entry is worth, its locals, and
-- how Enter indents.

local chunk = require "dwconv.repl.chunk"
local indent = require "dwconv.repl.indent"
local lexer = require "dwconv.repl.lexer"

local function texts(text)
  local list = {}
  for i, t in ipairs((lexer.tokens(text))) do list[i] = t.text end
  return list
end

describe("words of Lua", function()
  it("are names, keywords, numbers, strings and signs; comments are none", function()
    assert.same({ "local", "x", "<", "const", ">", "=", "0x1.8p-3", "..", "1e5", "//", ".5", "~=", "a", "::", "b" },
      texts "local x <const> = 0x1.8p-3 .. 1e5 // .5 ~= a :: b -- c")
    assert.same({ "f", [["a\"b"]], "[[x\n]]", "[=[ ]] ]=]", "..." }, texts 'f "a\\"b" [[x\n]] [=[ ]] ]=] --[[ c\n ]] ...')
  end)

  it("agree with Lua: a text of the tokens alone, where they stand, compiles to the same code", function()
    for _, path in ipairs { "lua/dwconv/classes.lua", "lua/dwconv/ops/einsum.lua", "lua/dwconv/repl/lexer.lua" } do
      local f <close> = assert(io.open(path))
      local text = f:read "a"
      local parts, last = {}, 0
      for _, t in ipairs((lexer.tokens(text))) do
        parts[#parts + 1] = text:sub(last + 1, t.from - 1):gsub("[^\n]", " ") .. t.text
        last = t.to
      end
      local again = assert(load(table.concat(parts), "=x"))
      assert.is_true(string.dump(assert(load(text, "=x"))) == string.dump(again), path)
    end
  end)

  it("may be cut off anywhere", function()
    local cases = { ["x = 'abc"] = "quoted", ['"a\\'] = "quoted", ["[[a\nb"] = "long", ["-- c"] = "comment", ["--[[ c\n"] = "comment",
      ["-- c\n"] = false, ["'a' "] = false, ["'a\nb"] = false, ["'a\\z\n  b"] = "quoted" }
    for text, within in pairs(cases) do assert.equal(within or nil, (select(2, lexer.tokens(text))), text) end
  end)

  it("cover any bytes in order, whatever they are", function()
    math.randomseed(7)
    for _ = 1, 2000 do
      local bytes = {}
      for i = 1, math.random(0, 30) do
        local set = "\"'[]=-\\\n zx{}()09.eE\xC3\xA4\0#"
        local at = math.random(#set)
        bytes[i] = set:sub(at, at)
      end
      local text, last = table.concat(bytes), 0
      for _, t in ipairs((lexer.tokens(text))) do
        assert.is_true(t.from > last and t.to >= t.from and t.text == text:sub(t.from, t.to))
        last = t.to
      end
    end
  end)
end)

describe("an entry", function()
  local function compiled(text)
    local env = setmetatable({}, { __index = _G })
    local f, more, message = chunk.compile(text, "=entry", env)
    return f, more, message, env
  end

  it("is finished, goes on, or is wrong", function()
    local open = { "function f()", "f(", "x = {", "x =", "1 +", "[[abc", "if true then", "a.", "--[[ a", "for", "repeat", "local", "f{",
      "x = function() return", "not", "goto" }
    for _, text in ipairs(open) do
      local f, more = compiled(text)
      assert.is_nil(f, text)
      assert.is_true(more, text)
    end
    for _, text in ipairs { "'abc", "1 +* 2", "x = = 3", "end", "f)", "x = 5 5", "'a\nb'" } do
      local f, more, message = compiled(text)
      assert.is_nil(f, text)
      assert.is_false(more, text)
      assert.is_string(message, text)
    end
  end)

  local function worth(text)
    local f, _, message = compiled(text)
    return table.pack(assert(f, message)())
  end

  it("is worth its expressions, or those of its last line", function()
    local cases = {
      ["1 + 1"] = { 2, n = 1 }, ["1, nil, 3"] = { 1, nil, 3, n = 3 }, [""] = { n = 0 }, ["-- c"] = { n = 0 }, ["x = 1"] = { n = 0 },
      ["x = 1; x"] = { 1, n = 1 }, ["x = 1\nx + 1"] = { 2, n = 1 }, ["return 5"] = { 5, n = 1 },
      ["x = 2\nmath.max(\n  x,\n  7)"] = { 7, n = 1 },
      ["local y = 3; y;"] = { 3, n = 1 }, ["3;"] = { 3, n = 1 }, ["for i = 1, 3 do z = i end\nz"] = { 3, n = 1 },
      ["f = function(a)\n  return a\nend\nf(4)"] = { 4, n = 1 }, ["nil"] = { nil, n = 1 }, ["4 -- four"] = { 4, n = 1 },
      ["x = 5\n- 3\n"] = { n = 0 }, ["x = 5\n~ 3"] = { n = 0 }, ["x = 5\n-x"] = nil, ["x = 5\n#'abc'"] = { 3, n = 1 },
      ["x = 5\nnot x"] = { false, n = 1 }, ["select('#', ...)"] = { 0, n = 1 }, ["x = 1; select('#', ...)"] = { 0, n = 1 },
    }
    for text, want in pairs(cases) do assert.same(want, worth(text), text) end
  end)

  it("keeps the locals of its top level, and those alone", function()
    local function left(text)
      local f, _, message, env = compiled(text)
      assert(f, message)()
      local names = {}
      for name in pairs(env) do names[#names + 1] = name end
      table.sort(names)
      return table.concat(names, " ")
    end
    local cases = {
      ["local x = 1"] = "x", ["local a, b = 1, 2"] = "a b", ["local a <const> = 1"] = "a", ["local function f() local y = 1 end f()"] = "f",
      ["for i = 1, 3 do local k = i end local z = 3"] = "z", ["repeat local x = 1 until x local y = 2"] = "y",
      ["if true then local b = 1 elseif c then local d = 1 else local e = 1 end local g = 1"] = "g",
      ["while true do local a = 1 break end local b = 'local c'"] = "b", ["local x = [[\nlocal y]] local q = 2 -- local z"] = "q x",
      ["do local a = 1 end x = function() local c = 1 end x()"] = "x", ["local a = 1 local a = a + 1"] = "a",
      ["local c <close> = setmetatable({}, { __close = function() closed = true end })"] = "closed",
    }
    for text, want in pairs(cases) do assert.equal(want, left(text), text) end
    local f, _, _, env = compiled "local x = 5 local x\nlocal y = x == nil"
    f()
    assert.is_true(env.y)
  end)

  it("keeps its lines when it is rewritten", function()
    local f = compiled "local a = 1\nlocal b\nlocal c = (function() error 'here' end)()"
    assert.equal("entry:3: here", select(2, pcall(f)))
  end)

  it("is muted by a semicolon at its end, behind which a comment may stand", function()
    for text, want in pairs { ["x;"] = true, ["x"] = false, ["x; -- c"] = true, ["x ';'"] = false, [";x"] = false } do
      assert.equal(want, chunk.is_muted(text), text)
    end
  end)
end)

describe("Enter", function()
  -- The entry after lines were typed one by one, each with Enter.
  local function typed(...)
    local text = ""
    for _, line in ipairs { ... } do
      text = text .. line
      local f, more = chunk.compile(text, "=entry", {})
      local finished, from, new = indent.enter(text, #text, not f and more)
      text = text:sub(1, from) .. new
      if finished then break end
    end
    return text
  end

  it("indents by blocks and brackets, and takes back what ends them", function()
    assert.equal("function f(a)\n  if a then\n    return {\n      1,\n    }\n  else\n    return 2\n  end\nend",
      typed("function f(a)", "if a then", "return {", "1,", "}", "else", "return 2", "end", "end"))
    assert.equal("repeat\n  x = 1\nuntil x", typed("repeat", "x = 1", "until x"))
  end)

  it("changes nothing within strings and comments of several lines", function()
    assert.equal("do x = [[\na\n   b]]\n  y = 1\nend", typed("do x = [[", "a", "   b]]", "y = 1", "end"))
  end)

  it("runs after two empty lines what is not finished", function()
    assert.equal("f(\n  \n  ", typed("f(", "", "", "never"))
  end)

  it("keeps what stands behind the cursor", function()
    local finished, from, new = indent.enter("do end", 2, true)
    assert.same({ false, 0, "do\n  " }, { finished, from, new })
  end)
end)
