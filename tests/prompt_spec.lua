-- prompt_spec.lua: the prompt on a pseudo-terminal (tests/host/pty.c): what a user types, and what the screen shows.

local build = os.getenv "DWCONV_BUILD" or "./build"
local lua = arg and arg[-1] or "lua5.4"
local sanitized = (os.getenv "DWCONV_SANITIZE" or "") ~= ""

-- A folder for the history, and the environment of the prompt.
local function home()
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir " .. folder))
  local env = ("XDG_STATE_HOME=%s HOME=%s INPUTRC=/dev/null NO_COLOR=%%s LUA_PATH='./lua/?.lua;./lua/?/init.lua;;' "
    .. "LUA_CPATH='%s/?.so;;'"):format(folder, folder, build)
  return setmetatable({ folder = folder, env = env:format "1", coloured = env:format "" }, {
    __close = function() os.execute("rm -r " .. folder) end,
  })
end

-- Takes the steps of pty.c; gives what stands on the screen. Fails if a step does.
local function steps(env, list, arguments)
  local path = os.tmpname()
  local f = assert(io.open(path, "w"))
  f:write(list)
  f:close()
  local host = io.popen(("%s %s/host/pty %s bin/dwconv %s < %s 2>&1"):format(env, build, lua, arguments or "", path))
  local out = host:read "a"
  local good = host:close()
  os.remove(path)
  if not good then error(out, 2) end
  return out
end

local function has(out, text) assert.truthy(out:find(text, 1, true), ("not on the screen: %s\n%s"):format(text, out)) end

describe("the prompt", function()
  local edits = pcall(require, "dwconv.line")

  it("edits lines where this machine has libreadline, which make deps installs", function() assert.is_true(edits) end)

  it("greets, answers, and leaves at Ctrl-D with the terminal as it was", function()
    local here <close> = home()
    local out = steps(here.env, "prompt\nsend 1 + 2\\r\nwait 3\nprompt\nsend \\x04\nend\nmodes\n")
    has(out, "? for help, Ctrl-D leaves.")
    has(out, "exit 0")
  end)

  it("takes an entry of several lines as one, indents it, and keeps it in the history of the next prompt", function()
    local here <close> = home()
    local out = steps(here.env, [[
prompt
send function f(a)\r
wait \x20\x20
send if a then\rreturn a + 1\rend\rend\r
prompt
send f(41)\r
wait 42
prompt
send \x04
end
]])
    has(out, "> function f(a)\n  if a then")
    out = steps(here.env, [[
prompt
send \e[A\e[A
wait unction f(a)
wait end
send \r
prompt
send f(1) * 50\r
wait 100
prompt
send \x04
end
]])
    has(out, "unction f(a)\n  if a then\n    return a + 1\n  end\nend\n> ") -- the f stood there already
  end)

  it("goes up and down within an entry, and edits its first line", function()
    local here <close> = home()
    steps(here.env, [[
prompt
send for i = 1, 3 do\r
wait \x20\x20
send print(i * 7)\rend\e[A\e[A\x01\e[C\e[C\e[C\e[C\e[C\e[C\e[C\e[C\e[C\e[C\e[C\x7f5\r
prompt
send x = "five times"\r
prompt
send \e[A\e[A
wait for
send \r
wait 35
prompt
send \x04
end
]])
  end)

  it("takes a pasted block with the line ends of other systems as it is meant", function()
    if not edits then return pending "this build edits no lines" end
    local here <close> = home()
    local out = steps(here.env, [[
prompt
send \e[200~a = 1\r\nb = [=[\r\nx]=]\r\na + #b\e[201~\r
wait 2
prompt
send \e[A\r
wait 2
prompt
send \x04
end
]])
    assert.is_nil(out:find("a = 1\n\n", 1, true), out)
  end)

  it("keeps the column between lines with letters of several bytes", function()
    if not edits then return pending "this build edits no lines" end
    local here <close> = home()
    -- from behind `abcdefgh`, 8 letters, up behind `s = [[éé`, where an x is put in
    steps(here.env, [[
prompt
send \e[200~s = [[ééé\nabcdefgh]\e[201~]
wait ]].."]]"..[[

send \e[D\e[D\e[Ax\r
prompt
send #s .. utf8.len(s)\r
wait 1613
prompt
send \x04
end
]])
  end)

  it("takes a pasted block as it is, with its tabs, and runs it at Enter", function()
    local here <close> = home()
    local out = steps(here.env, [[
prompt
send \e[200~local t = {}\nfor i = 1, 15 do\n\tt[i] = i * i\n\nend\nt[15]\e[201~
wait t[15]
send \r
wait 225
prompt
send \x04
end
]])
    assert.is_nil(out:find("interrupted", 1, true))
  end)

  it("completes at Tab, and shows at the second one what there is", function()
    local here <close> = home()
    local out = steps(here.env, [[
prompt
send x = dw.zeros { 2, 3 }\r
prompt
send x:su\t\t
wait tensor 2x3 float32
wait subtract  sum
send m\t\t
wait x:sum({ options })
send ()\r
wait tensor () float32 0.
prompt
send K.depthwise_conv2d(x, x, { pad\t
wait { padding =
send "\t\t
wait same   valid
send \x03
wait ^C
prompt
send layers.Glob\t\t
wait GlobalAveragePooling2D
send \x03
wait ^C
prompt
send \x04
end
]])
    has(out, "tensor 2x3 float32\nsubtract  sum\n> x:su")
  end)

  it("is stopped by Ctrl-C in Lua and in a long convolution, again and again, and when an entry is typed", function()
    local here <close> = home()
    local out = steps(here.env, [[
prompt
send print("g" .. "o") while true do end\r
wait go
send \x03
wait interrupted
prompt
send x, w = dw.ones { 8, 256, 256, 16 }, dw.ones { 31, 31, 16, 1 }\r
prompt
send print("g" .. "o") for i = 1, 100 do K.depthwise_conv2d(x, w, { padding = "same" }) end\r
wait go
send \x03
wait interrupted
prompt
send print("g" .. "o") for i = 1, 100 do K.depthwise_conv2d(x, w, { padding = "same" }) end\r
wait go
send \x03
wait interrupted
prompt
send if x then\r
wait \x20\x20
send \x03
wait ^C
prompt
send print("g" .. "o") io.read()\r
wait go
send \x03
wait interrupted
prompt
send 6 * 7\r
wait 42
prompt
send \x04
end
modes
]])
    has(out, "exit 0")
  end)

  it("is stopped by a second Ctrl-C where pcall catches the first", function()
    local here <close> = home()
    steps(here.env, [[
prompt
send print("g" .. "o") while true do pcall(function() while true do end end) end\r
wait go
send \x03
sleep 0.7
send \x03
wait interrupted
prompt
send 6 * 7\r
wait 42
prompt
send \x04
end
modes
]])
  end)

  it("leaves a search by Ctrl-C, and shows no remains of it", function()
    if not edits then return pending "this build edits no lines" end
    local here <close> = home()
    local out = steps(here.env, [[
prompt
send abc = 1\r
prompt
send \x12ab
wait abc = 1
send \x03
wait ^C
prompt
send 2 * 21\r
wait 42
prompt
send \x04
end
]])
    assert.is_nil(out:find("201~", 1, true), out)
  end)

  it("suspends at Ctrl-Z, and goes on with the line", function()
    if not edits then return pending "this build edits no lines" end
    local here <close> = home()
    -- on this terminal there is no shell, so the signal is without effect: the line goes on
    steps(here.env, [[
prompt
send 40 +
wait 40 +
send \x1a
wait 40 +
send  2\r
wait 42
prompt
send \x04
end
modes
]])
  end)

  it("paints errors red, the time dim, and nothing with NO_COLOR", function()
    local here <close> = home()
    -- pty.c takes escape sequences away, so a script shows them
    local colours = [[require("dwconv.repl.colours").new(true).red "x" == %q]]
    local painted = colours:format("\27[31mx\27[0m"):gsub("\27", "\\\\27")
    steps(here.coloured, "prompt\nsend " .. painted .. "\\r\nwait true\nprompt\nsend \\x04\nend\n")
    steps(here.env, "prompt\nsend " .. colours:format "x" .. "\\r\nwait true\nprompt\nsend \\x04\nend\n")
  end)

  it("tells the time of an entry that took longer than a hundredth of a second", function()
    local here <close> = home()
    local out = steps(here.env, [[
prompt
send local s = dw.clock() while dw.clock() - s < 0.03 do end\r
wait  ms
prompt
send 1\r
prompt
send \x04
end
]])
    assert.truthy(out:find("\n +%d+ ms\n> 1\n1\n> "), out)
  end)

  it("fits tensors to the terminal, also when its size changes", function()
    local here <close> = home()
    local out = steps(here.env, [[
size 12 40
prompt
send x = dw.ones { 18, 5 }\r
prompt
send x\r
prompt
size 40 120
send x\r
prompt
send \x04
end
]])
    local first, second = out:match "tensor 18x5 float32\n(.-)> .-tensor 18x5 float32\n(.-)> "
    local function measure(text)
      local lines, widest = 0, 0
      for line in text:gmatch "([^\n]*)\n" do lines, widest = lines + 1, math.max(widest, #line) end
      return lines, widest
    end
    local lines, widest = measure(first)
    assert.is_true(lines <= 12 and widest < 40, out)
    assert.equal(18, (measure(second)))
  end)

  it("works without line editing, and says so once", function()
    local here <close> = home()
    local out = steps(here.env .. " DWCONV_LINE=off", [[
wait rlwrap
prompt
send function f()\nreturn 42\nend\n
wait .\x20.\x20>\x20
send f()\n
wait 42
send if x then\n
wait .\x20
send \x03
prompt
send print("g" .. "o") while true do end\n
wait go
send \x03
wait interrupted
prompt
send \x04
end
modes
]])
    has(out, "exit 0")
  end)

  it("survives random keys, and gives the terminal back", function()
    local here <close> = home()
    local seed = os.time() % 100000
    local n = sanitized and 300 or 1000
    local out = steps(here.env, ("prompt\nkeys %d %d\nsend \\x03\nprompt\nsend \\x04\nend\nmodes\n"):format(n, seed))
    assert.truthy(out:find("exit 0", 1, true), ("seed %d\n%s"):format(seed, out))
  end)
end)
