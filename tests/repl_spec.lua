-- repl_spec.lua: the rooms of the prompt, without a terminal: words of Lua, entries, indentation, completion, errors,
-- values, history. command_spec.lua runs the command, and prompt_spec.lua the prompt on a pseudo-terminal.

local dw = require "dwconv"
local chunk = require "dwconv.repl.chunk"
local colours = require "dwconv.repl.colours"
local columns = require "dwconv.repl.columns"
local completion = require "dwconv.repl.completion"
local describe_name = require "dwconv.repl.describe"
local errors = require "dwconv.repl.errors"
local history = require "dwconv.repl.history"
local indent = require "dwconv.repl.indent"
local lexer = require "dwconv.repl.lexer"
local session = require "dwconv.repl.session"
local values = require "dwconv.repl.values"

local SCREEN = { lines = 24, columns = 80 }

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
      ["s = 'a'\n('b'):rep(2)"] = nil, -- which calls 'a'
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

describe("Tab", function()
  local s = session.new(dw)
  s.env.x, s.env.words = dw.zeros { 2, 3 }, { alpha = 1, alp = { beta = 2 }, ["not a name"] = 3 }
  s.env.model = dw.Sequential { dw.Input { 3 }, dw.layers.Dense { 2 } }
  s.env.trap = setmetatable({}, { __index = function() error "a metamethod ran" end, __pairs = function() error "so did this" end })

  local function proposed(text)
    local p = completion.proposal(text, s.env)
    return p and p.list or {}
  end

  -- The text after one Tab.
  local function after(text)
    local from, new = completion.tab(text, false, s.env, SCREEN)
    return from and text:sub(1, from) .. new or text
  end

  local function has(list, name)
    for _, n in ipairs(list) do
      if n == name then return true end
    end
    return false
  end

  it("completes names after K., dw., ops., layers. and plain tables", function()
    assert.equal("K.depthwise_conv2d", after "K.depthwise_conv2d")
    assert.is_true(has(proposed "K.dep", "depthwise_conv2d_grad_x"))
    assert.equal("dw.backend", after "dw.bac")
    assert.equal("y = f(layers.SeparableConv2D", after "y = f(layers.SeparableConv2")
    assert.is_true(has(proposed "dw.layers.Conv", "Conv2D"))
    assert.equal("ops.residual", after "ops.residu")
    assert.same({ "alp", "alpha" }, proposed "words.al")
    assert.equal("words.alp.beta", after "words.alp.")
    assert.equal("dw.io.npy", after "dw.io.np")
  end)

  it("completes methods after a colon and fields after a dot", function()
    assert.is_true(has(proposed "x:", "sum") and not has(proposed "x:", "shape"))
    assert.is_true(has(proposed "x.", "shape"))
    assert.equal("model:summary", after "model:summa")
    assert.is_true(has(proposed "model.", "layers"))
    assert.equal("model.layers[1]:count_params", after "model.layers[1]:count_")
    assert.is_true(has(proposed "('a'):", "rep") == false and has(proposed "'a':", "rep"))
  end)

  it("completes names of Lua and of the prompt", function()
    assert.equal("print", after "prin")
    assert.equal("x = function", after "x = functi")
    assert.is_true(has(proposed "lay", "layers") and has(proposed "wor", "words"))
    assert.same({}, proposed "-- prin")
  end)

  it("completes options in the table of a call, in each of its forms", function()
    assert.equal("K.depthwise_conv2d(x, x, { padding = ", after "K.depthwise_conv2d(x, x, { pad")
    assert.equal("K.depthwise_conv2d(x, x, { padding = 'same', strides = ", after "K.depthwise_conv2d(x, x, { padding = 'same', str")
    assert.equal("x:sum { keepdims = ", after "x:sum { keep")
    assert.equal("layers.Conv2D { 3, kernel_size = ", after "layers.Conv2D { 3, kernel_s")
    assert.equal("layers.Conv2D({ 3, dilation_rate = ", after "layers.Conv2D({ 3, dil")
    assert.equal("ops.depthwise_conv2d { depthwise_kernel = ", after "ops.depthwise_conv2d { depth")
    assert.equal("model:fit(x, x, { batch_size = ", after "model:fit(x, x, { bat")
    assert.is_true(has(proposed "layers.Dense { 3, activation = pri", "print")) -- a value, not an option
  end)

  it("completes the choices of an option", function()
    assert.same({ "same", "valid" }, proposed 'K.depthwise_conv2d(x, x, { padding = "')
    assert.equal('K.depthwise_conv2d(x, x, { padding = "same"', after 'K.depthwise_conv2d(x, x, { padding = "s')
    assert.same({ '"valid"', '"same"' }, proposed "K.depthwise_conv2d(x, x, { padding = ")
    assert.equal("layers.Dense { 3, activation = 'softmax'", after "layers.Dense { 3, activation = 'softma")
    assert.is_true(has(proposed 'layers.Dense { 3, kernel_initializer = "', "he_normal"))
    assert.is_true(has(proposed 'dw.zeros({ 3 }, { dtype = "', "float64"))
  end)

  it("completes files in other strings", function()
    assert.equal('dw.io.image.read("examples/data/chelsea.png"', after 'dw.io.image.read("examples/data/che')
    assert.equal('dw.io.image.read "examples/data/', after 'dw.io.image.read "examples/da')
    assert.same({}, proposed 'f("no such folder/')
  end)

  it("shows, the second time, the list, and how the function is called", function()
    local function shown(text) return select(3, completion.tab(text, true, s.env, SCREEN)) end
    assert.truthy(shown("x:su"):find("^tensor 2x3 float32\nsubtract +sum$"))
    local text = shown "K.depthwise_conv2d("
    assert.truthy(text:find("^K.depthwise_conv2d%(x, depthwise_kernel, { options }%) %-> n,oh,ow,c%*m"))
    assert.truthy(text:find('padding = "valid" | "same"', 1, true) and text:find("kh,kw,c,m", 1, true))
    assert.truthy(shown("x:sum"):find("\nx:sum%({ options }%)"))
    assert.truthy(shown("layers.Dense {"):find("^layers.Dense{ units, .*options }\n.*activation = \"linear\""))
    for line in (shown("K.") .. "\n"):gmatch "(.-)\n" do assert.is_true(#line <= SCREEN.columns, line) end
    local _, lines = shown("K."):gsub("\n", "")
    assert.is_true(lines < SCREEN.lines)
    assert.truthy(shown("K."):find("%.%.%. and %d+ more"))
  end)

  it("indents at the beginning of a line", function()
    assert.equal("do\n  ", after "do\n")
  end)

  it("runs no metamethod of a script", function()
    for _, text in ipairs { "trap.", "trap:", "trap.a.b", "trap[1].", "print(trap, { x" } do completion.tab(text, true, s.env, SCREEN) end
  end)

  it("never fails, wherever a text is cut", function()
    local text = 'y = K.depthwise_conv2d(x, dw.ones { 3, 3, 3, 1 }, { padding = "same", strides = { 1, 2 } }):sum { axis = 1 }[1] .. "a'
    for n = 0, #text do
      for _, again in ipairs { false, true } do completion.tab(text:sub(1, n), again, s.env, SCREEN) end
    end
  end)

  it("lays names out in columns, from top to bottom", function()
    assert.equal("a  c  e\nb  d", columns({ "a", "b", "c", "d", "e" }, 10, 10))
    assert.equal("a\nb\n... and 3 more; type a letter of the name", columns({ "a", "b", "c", "d", "e" }, 3, 3))
  end)
end)

describe("an error", function()
  local plain = colours.new(false)

  local function report(text, names)
    local f, _, message, token = chunk.compile(text, "=entry 1", setmetatable({}, { __index = _G }))
    local problem = { value = message, token = token }
    if f then problem = select(2, errors.call(f)) end
    local function line(place, n)
      if place ~= "entry 1" then return nil end
      for l in (text .. "\n"):gmatch "(.-)\n" do
        n = n - 1
        if n == 0 then return l end
      end
    end
    return errors.report(problem, { line = line, here = "entry 1", names = names }, plain)
  end

  it("stands under the word that it is about", function()
    assert.equal("  x = = 3\n      ^\nunexpected symbol near '='", report "x = = 3")
    assert.equal("  1 +* 2\n     ^\nunexpected symbol near '*'", report "1 +* 2")
    assert.equal("  a.b.c\n  ^\nattempt to index a nil value (global 'a')", report "a.b.c")
    assert.equal('  t = {}; t.foo()\n            ^~~\nattempt to call a nil value (field \'foo\')', report "t = {}; t.foo()")
    assert.equal("  äö = 1\n  ^\nunexpected symbol near '<\\195>'", (report("äö = 1"):gsub("\n  %S%S+", "\n  ^")))
    local entry = "require('dwconv').backend.sum(require('dwconv').zeros { 2 }, { axes = 1 })"
    local mark = "\n" .. (" "):rep(1 + entry:find "axes") .. "^~~~\n"
    assert.truthy(report(entry):find(mark .. 'sum: unknown option "axes"; did you mean "axis"?', 1, true))
  end)

  it("of several lines shows the line", function()
    assert.equal("  y = nothing.z\n      ^~~~~~~\nattempt to index a nil value (global 'nothing')",
      report "local a = 1\ny = nothing.z\nz = 1")
  end)

  it("names the nearest global", function()
    assert.truthy(report("prnt(1)", { "print", "pairs" }):find('(global \'prnt\'); did you mean "print"?', 1, true))
  end)

  it("lists the calls of scripts, without those of dwconv", function()
    local text = report "local dw = require 'dwconv'\nlocal function f() dw.backend.sum(3) end\nlocal function g() f() end\ng()\nreturn 1"
    assert.truthy(text:find("in f, entry 1, line 2\n  in g, entry 1, line 3\n  in entry 1, line 4", 1, true), text)
    assert.is_nil(text:find("ops", 1, true))
  end)

  it("need not be a text", function()
    assert.truthy(report("error { code = 1 }"):find("the error is not a text but", 1, true))
    assert.truthy(report("error(setmetatable({}, { __tostring = function() return 'mine' end }))"):find "mine")
    assert.truthy(report("error(nil)"):find("not a text but nil", 1, true))
  end)
end)

describe("a value", function()
  local function text(v) return values.text(v, SCREEN) end

  it("is shown as a script writes it, or by its own printer", function()
    assert.equal('"a\\nb\\"\\\\\\0011"', text 'a\nb"\\\0011')
    assert.equal("3.0", text(3.0))
    assert.equal("tensor 2 float32\n[1., 2.]", text(dw.tensor { 1, 2 }))
    assert.equal("mine", text(setmetatable({}, { __tostring = function() return "mine" end })))
    assert.equal("function sum of dwconv", text(dw.backend.sum))
    assert.truthy(text(setmetatable({}, { __tostring = function() error "bad" end })):find "its __tostring fails: .*bad")
  end)

  it("that is a table is shown one level deep, in order, with twenty items at most", function()
    assert.equal('{ 1, 2, a = "x", b = { 3 items }, c = { ... }, ["d e"] = tensor 2x3 float32 }',
      text { 1, 2, a = "x", b = { 1, 2, 3 }, c = { z = 1 }, ["d e"] = dw.zeros { 2, 3 } })
    local many = {}
    for i = 1, 50 do many[i] = i end
    assert.truthy(text(many):find("20,\n  ... 30 more\n}", 1, true))
    assert.equal(3, select(2, text(many):gsub("\n", "")))
    local wide = {}
    for i = 1, 10 do wide["key number " .. i] = ("x"):rep(100) end
    for line in (text(wide) .. "\n"):gmatch "(.-)\n" do assert.is_true(#line <= 100) end
  end)

  it("that is a tensor fits the screen", function()
    for _, screen in ipairs { { lines = 24, columns = 80 }, { lines = 10, columns = 40 }, { lines = 50, columns = 200 } } do
      local lines = 0
      for line in (values.text(dw.uniform { 40, 50, 3 }, screen) .. "\n"):gmatch "(.-)\n" do
        lines = lines + 1
        assert.is_true(#line < screen.columns, line)
      end
      assert.is_true(lines < screen.lines)
    end
  end)

  it("is one of several on a line if all are short", function()
    assert.equal('1, nil, "a"', values.texts(table.pack(1, nil, "a"), SCREEN))
    assert.equal("1\ntensor 2 float32\n[0., 0.]", values.texts(table.pack(1, dw.zeros { 2 }), SCREEN))
  end)
end)

describe("?name", function()
  local s = session.new(dw)
  s.entries[1] = "-- Adds one.\nfunction add_one(a, ...)\n  return a + 1\nend"
  s.env.add_one = select(2, pcall(load(s.entries[1] .. " return add_one", "=entry 1")))
  s.env.x = dw.zeros { 2, 3 }
  local function help(name) return describe_name.help(name, s.env, SCREEN, s.line_of) end
  local function source(name) return describe_name.source(name, s.env, s.line_of) end

  it("is dw.help for what dwconv has", function()
    assert.equal((require("dwconv.help").find "sum"), help "K.sum")
    assert.equal(help "K.sum", help "x:sum")
    assert.truthy(help("layers.Dense"):find("^dw.layers.Dense"))
    assert.truthy(help("fit"):find("model:fit", 1, true))
    assert.truthy(help("K.summ"):find('did you mean "sum"', 1, true))
    assert.truthy(help(""):find "Ctrl%-C")
  end)

  it("says what a script's own is", function()
    assert.equal("add_one(a, ...)\nAdds one.\nDefined at entry 1, line 2", help "add_one")
    assert.truthy(help("x"):find("^x is a tensor of 24 bytes.\ntensor 2x3 float32"))
  end)

  it("??name shows the source", function()
    assert.equal("entry 1, line 2\nfunction add_one(a, ...)\n  return a + 1\nend", source "add_one")
    assert.truthy(source("K.sum"):find("reduce", 1, true))
    assert.truthy(source("layers.Dense"):find("lua/dwconv/layers/dense.lua", 1, true))
  end)
end)

describe("the history", function()
  it("keeps entries of several lines, in order, and none twice in a row", function()
    local path = os.tmpname()
    local h = history.open(path)
    assert.is_true(h:add "a = 1")
    assert.is_false(h:add "a = 1")
    assert.is_false(h:add "  ")
    assert.is_true(h:add "\tfor i = 1, 2 do\n\n  print(i)\nend\n")
    assert.is_true(h:add "a = 1")
    local again = history.open(path).entries
    os.remove(path)
    assert.same({ "a = 1", "for i = 1, 2 do\n\n  print(i)\nend", "a = 1" }, again)
  end)

  it("is cut at five thousand entries", function()
    local path = os.tmpname()
    local f = assert(io.open(path, "w"))
    for i = 1, 5500 do f:write(("x = %d\n\ty = 1\n"):format(i)) end
    f:close()
    assert.equal(5000, #history.open(path).entries)
    local again = history.open(path).entries
    os.remove(path)
    assert.equal(5000, #again)
    assert.equal("x = 5500\ny = 1", again[5000])
  end)

  it("does without a file that cannot be read or written", function()
    local h = history.open "no such folder/history"
    assert.is_true(h:add "x = 1")
    assert.same({ "x = 1" }, h.entries)
  end)
end)
