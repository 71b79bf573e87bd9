-- repl_spec.lua: the rooms of the prompt, without a terminal: completion, errors, values, help, history.
-- repl_entries_spec.lua has entries; command_spec.lua runs the command, prompt_spec.lua the prompt on a pseudo-terminal.

local dw = require "dwconv"
local chunk = require "dwconv.repl.chunk"
local colours = require "dwconv.repl.colours"
local columns = require "dwconv.repl.columns"
local completion = require "dwconv.repl.completion"
local describe_name = require "dwconv.repl.describe"
local errors = require "dwconv.repl.errors"
local history = require "dwconv.repl.history"
local session = require "dwconv.repl.session"
local values = require "dwconv.repl.values"

local SCREEN = { lines = 24, columns = 80 }

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

  it("leaves out the options that are given, and knows what compile takes", function()
    assert.same({}, proposed "layers.Conv2D { 3, padding = 'same', paddi")
    assert.equal('model:compile { optimizer = "nadam"', after 'model:compile { optimizer = "nad')
    assert.equal('model:compile { loss = "mean_squared_error"', after 'model:compile { loss = "mean_squared_e')
    assert.equal('model:compile { metrics = { "binary_accuracy"', after 'model:compile { metrics = { "binary_a')
    assert.equal("dw.plot(x, { title = ", after "dw.plot(x, { titl")
    assert.equal("dw.plot.lines(x, { y_scale = ", after "dw.plot.lines(x, { y_sc")
    assert.same({}, proposed 'layers.Dense { 3, name = "')
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

  it("in an expression is on the line of the word, with a comment behind it or not", function()
    for _, comment in ipairs { "", " -- c", ";", " --[[ c ]]" } do
      local text = report("('x').y.z" .. comment)
      assert.equal("  ('x').y.z" .. comment .. "\n        ^\nattempt to index a nil value (field 'y')", text)
    end
  end)

  it("names a variable where it stands as the message says", function()
    local cases = {
      { 'print(("none"):rep(3), none.y)', "none.y" }, { "local y = none and 1 or none.x", "none.x" }, { "nope.b.c = 1", "nope" },
      { "local s = 'f' .. (f or '') f()", "f%(%)" }, { "t = { f = 1 } t.f()", "f%(%)" },
    }
    for _, case in ipairs(cases) do
      local column = case[1]:find(case[2])
      assert.truthy(report(case[1]):find("\n" .. (" "):rep(1 + column) .. "^", 1, true), report(case[1]))
    end
  end)

  it("blames scripts alone, once", function()
    assert.equal('  error("a", 2)\n        ^~~\na', report 'error("a", 2)')
    assert.truthy(report('coroutine.wrap(function() error("in co") end)()'):find "\nin co$")
    assert.equal("42", report "error(42)")
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
    assert.truthy(report("error(false)"):find("not a text but false", 1, true))
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
    local text = source "K.sum"
    assert.truthy(text:find "^%S*lua/dwconv/ops/reduce.lua, line %d+\nreduction \"sum\" {\n" and text:find "\n}$", text)
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

describe("a text", function()
  local wrap = require "dwconv.repl.wrap"

  it("is broken between words where the terminal ends, and goes on as it began", function()
    assert.equal("one two\nthree\n  four\n  five", wrap("one two three\n  four five", 8))
    assert.equal("  nam  what is\n       so said", wrap("  nam  what is so said", 16))
    assert.equal("longer_than_all\nb", wrap("longer_than_all b", 5))
    assert.equal("fits  as it   is\n\nx", wrap("fits  as it   is\n\nx", 16))
    assert.equal("äöü äöü", wrap("äöü äöü", 7))
  end)
end)
