-- command_spec.lua: the command dwconv in a pipe: what it prints, on which output, and with which exit code.

local build = os.getenv "DWCONV_BUILD" or "./build"
local lua = arg and arg[-1] or "lua5.4"
local env = ("NO_COLOR= LUA_PATH='./lua/?.lua;./lua/?/init.lua;;' LUA_CPATH='%s/?.so;;'"):format(build)

-- Runs the command with these arguments, as the shell reads them; gives what it prints, its errors, its exit code.
local function run(arguments, input)
  local out, err, given = os.tmpname(), os.tmpname(), os.tmpname()
  local f = assert(io.open(given, "w"))
  f:write(input or "")
  f:close()
  local _, how, code = os.execute(("%s %s bin/dwconv %s < %s > %s 2> %s"):format(env, lua, arguments, given, out, err))
  local texts = {}
  for i, path in ipairs { out, err } do
    local file = assert(io.open(path))
    texts[i] = file:read "a"
    file:close()
    os.remove(path)
  end
  os.remove(given)
  return texts[1], texts[2], how == "signal" and 128 + code or code
end

-- A script in a file of its own until what comes back is closed.
local function script(text)
  local path = os.tmpname()
  local f = assert(io.open(path, "w"))
  f:write(text)
  f:close()
  return setmetatable({ path = path }, { __close = function() os.remove(path) end })
end

describe("dwconv", function()
  local has_argparse = pcall(require, "argparse")

  it("needs argparse for its arguments, which make deps installs", function() assert.is_true(has_argparse) end)

  it("tells its version and how it is used", function()
    assert.same({ require("dwconv")._VERSION .. "\n", "", 0 }, { run "--version" })
    local text, _, code = run "--help"
    assert.equal(0, code)
    for _, word in ipairs { "Examples:", "-e CODE", "summary", "--interactive", "FILE" } do
      assert.truthy(text:find(word, 1, true), word)
    end
  end)

  it("refuses what it does not know, with 2", function()
    for _, arguments in ipairs { "--verison", "-e", "info extra", "show", "-x file.lua" } do
      local out, err, code = run(arguments)
      assert.equal("", out)
      assert.truthy(err:find("^dwconv: .*\n`dwconv %-%-help` says how it is used.\n$"), err)
      assert.equal(2, code)
    end
  end)

  it("runs a script with its arguments, and options behind it are the script's", function()
    local s <close> = script "#!/usr/bin/env lua5.4\nprint(arg[0] ~= nil, #arg, ...)"
    assert.same({ "true\t3\ta\t-i\t--help\n", "", 0 }, { run(s.path .. " a -i --help") })
    assert.same({ "x y\t2\n", "", 0 }, { run("- 'x y' z", "print((...), #arg)") })
  end)

  it("ends as a script does", function()
    local s <close> = script "os.exit(tonumber(arg[1]))"
    assert.equal(7, (select(3, run(s.path .. " 7"))))
    local bad <close> = script "local function f(x)\n  return x.y\nend\nf(nil)\n"
    local out, err, code = run(bad.path)
    assert.equal("", out)
    assert.equal(1, code)
    assert.truthy(err:find(":2:\n    return x.y\n           ^\nattempt to index a nil value (local 'x')\n  in f, ", 1, true), err)
    local wrong <close> = script "x = = 1"
    assert.equal(1, (select(3, run(wrong.path))))
    local missing = table.pack(run "no-such-file.lua")
    assert.same({ "", "no-such-file.lua: No such file or directory\n", 1 }, { table.unpack(missing, 1, 3) })
  end)

  it("ends with 130 after Ctrl-C", function()
    local s <close> = script "print 'go' io.stdout:flush() while true do end"
    local command = ("%s timeout --preserve-status -s INT 1 %s bin/dwconv %s 2>&1; echo code $?"):format(env, lua, s.path)
    local host = io.popen(command)
    local text = host:read "a"
    host:close()
    assert.equal("go\ninterrupted\ncode 130\n", text)
  end)

  it("runs code, prints what it is worth, and goes on from one -e to the next", function()
    assert.same({ "3\n", "", 0 }, { run "-e '1 + 2'" })
    assert.same({ "tensor 2 float32\n[2., 2.]\n6\n", "", 0 }, { run "-e 'local x = dw.ones { 2 } * 2; x' -e 'print(2 * 3)'" })
    local out, err, code = run "-e 'K.summ(1)' -e 'print(1)'"
    assert.same({ "", '  K.summ(1)\n    ^~~~\nK has no "summ"; did you mean "sum"?\n', 1 }, { out, err, code })
  end)

  it("goes on at the prompt with a script's variables, its locals too", function()
    local s <close> = script "local x = 5\nfunction double(a) return 2 * a end\nprint 'done'"
    local out, err, code = run("-i " .. s.path, "double(x)\nx.y.z\nx + 1\n")
    assert.equal("done\n> 10\n> > 6\n> \n", out)
    assert.truthy(err:find("attempt to index a number value", 1, true), err)
    assert.equal(0, code)
  end)

  it("joins -e with code that begins with a dash, and obeys what the prompt obeys", function()
    assert.same({ "-1\n", "", 0 }, { run "-e -1" })
    assert.same({ "", "", 0 }, { run "-e '-- only a comment'" })
    assert.same({ "2\n> \n", "", 0 }, { run "-ie 2" })
    assert.equal((run "help abs"), (run "-e '?K.abs'"))
    assert.equal((run "help abs"), (run "-e 'K.abs ?'"))
  end)

  it("fails when its output cannot be written", function()
    local full = io.open("/dev/full", "w")
    if not full then return pending "this system has no /dev/full" end
    full:close()
    local host = io.popen(("%s %s bin/dwconv -e 1 2>&1 >/dev/full"):format(env, lua))
    local text = host:read "a"
    local _, _, code = host:close()
    assert.same({ "dwconv: standard output: No space left on device\n", 1 }, { text, code })
  end)

  it("keeps the meaning of a script with -i, and its locals at its end", function()
    local s <close> = script [[
local count = 0
local function bump() count = count + 1 return count end
bump()
local count = "shadow"
local type = "conv"
print(bump(), type)]]
    local out, err, code = run("-i " .. s.path, "count, type\nbump()\ndw.ones { 2 }\n")
    assert.same({ '2\tconv\n> "shadow", "conv"\n> 3\n> tensor 2 float32\n[1., 1.]\n> \n', "", 0 }, { out, err, code })
  end)

  it("reports a stack overflow at once, with the innermost calls", function()
    local _, err, code = run "-e 'local function f() return f() + 1 end f()'"
    assert.equal(1, code)
    assert.truthy(err:find("stack overflow\n  in f, entry 1, line 1\n", 1, true) and err:find("... and more", 1, true), err)
  end)

  it("prints a tensor that is no picture", function()
    local path = os.tmpname() .. ".NPY"
    run(("-e 'dw.io.npy.write(%q, dw.ones { 3 })'"):format(path))
    assert.same({ "tensor 3 float32\n[1., 1., 1.]\n", "", 0 }, { run("show " .. path) })
    os.remove(path)
  end)

  it("says what this build is, and what a function does", function()
    assert.truthy(run("info"):find("\nisa +%a"))
    assert.truthy(run("help"):find "Families of functions")
    assert.truthy(run("help depthwise_conv2d"):find "kernels are not flipped")
    local out, err, code = run "help depthwise_con2d"
    assert.same({ "", 1 }, { out, code })
    assert.truthy(err:find('did you mean "depthwise_conv2d"?', 1, true), err)
  end)

  it("prints the layers of a saved model, and says what is wrong with another file", function()
    if not pcall(require, "dkjson") then return end
    local path = os.tmpname() .. ".safetensors"
    assert.equal(0, (select(3, run(("-e 'dw.Sequential({ dw.Input { 3 }, layers.Dense { 2 } }):save(%q)'"):format(path)))))
    local out = run("summary " .. path)
    os.remove(path)
    assert.truthy(out:find("Total params: 8", 1, true), out)
    local _, err, code = run "summary README.md"
    assert.equal(1, code)
    assert.truthy(err:find "^dwconv: load_model: README.md: ", err)
  end)
end)

describe("a pipe", function()
  it("is fine with locals, and globals, of the names of Lua's own", function()
    local input = "local table, type = {}, 'conv'\ndw.ones { 2 }\n{ 1, 2 }\nstring, table, io, print = nil\n1\nfoo.bar()\n2\n"
    local out, err, code = run("-i", input)
    assert.equal("> > tensor 2 float32\n[1., 1.]\n> { 1, 2 }\n> > 1\n> > 2\n> \n", out)
    assert.truthy(err:find("global 'foo'", 1, true))
    assert.equal(0, code)
  end)

  it("reads long entries in a time that grows as they do", function()
    local lines = { "t = {" }
    for i = 1, 4000 do lines[i + 1] = ("{ %d, 'x', f = { 1 } },"):format(i) end
    lines[#lines + 1] = "} -- done?\n#t\ns = [[a?\n(b]]\n#s\nif t then -- ?\nprint 'yes'\nend\n" -- a minute once
    assert.same({ "4000\n5\nyes\n", "", 0 }, { run("", table.concat(lines, "\n")) })
  end)

  it("is read entry by entry: values are printed, locals stay, an entry may have several lines", function()
    local input = "local x = dw.ones { 2 }\nx * 3\n\nfunction f(a)\n\n  return a + 1\nend\nf(1);\n_ == 2, f(_)\n?f\n"
    assert.same({ "tensor 2 float32\n[3., 3.]\ntrue, 3\nf(a)\nDefined at entry 3, line 1\n", "", 0 }, { run("", input) })
  end)

  it("has neither colours nor a greeting, nor the time of entries", function()
    local out = run("", "dw.seed(1)\nK.sum(dw.uniform { 3000000 }):item() > 0\n")
    assert.equal("true\n", out)
  end)

  it("ends at the first error, with 1", function()
    local out, err, code = run("", "1\nerror 'stop'\n2\n")
    assert.same({ "1\n", "  error 'stop'\n        ^~~~~~\nstop\n", 1 }, { out, err, code })
    assert.equal(1, (select(3, run("", "function f(\n"))))
  end)

  it("keeps the last results", function()
    assert.equal("1, 2\n3\n3, 3, 1, 2\nnil\n", (run("", "1, 2\n3\n_, _1, _2, _3\n_9\n")))
  end)

  it("leaves at exit and quit", function()
    for _, word in ipairs { "exit", "quit()", " exit " } do assert.same({ "1\n", "", 0 }, { run("", "1\n" .. word .. "\n2\n") }) end
    assert.same({ "5\n2\n", "", 0 }, { run("", "exit = 5\nexit\n2\n") })
  end)
end)
