-- show_terminal_spec.lua: the question that pictures ask a terminal, on a pseudo-terminal (tests/host/pty.c): what comes of
-- its answer, and that its modes and what has been typed stay as they were.

local build = os.getenv "DWCONV_BUILD" or "./build"
local lua = arg and arg[-1] or "lua5.4"

-- Asks after a line was read, so that the steps before it are done; what is read later shows what was left.
local SCRIPT <const> = [[
local dw = require "dwconv"
local screen = require "dwconv.show.screen"
io.read()
print("mode is " .. screen.mode())
dw.show(dw.eye(2))
print("read " .. io.read())
print("mode is still " .. screen.mode())]]

local ENVIRONMENT <const> = "ulimit -c 0; env -u DWCONV_GRAPHICS -u NO_COLOR -u TMUX -u STY -u SSH_TTY -u SSH_CONNECTION -u LC_ALL "
  .. "-u LC_CTYPE LANG=C.UTF-8 COLORTERM=truecolor TERM=xterm-256color LUA_PATH='./lua/?.lua;./lua/?/init.lua;;' "
  .. "LUA_CPATH='%s/?.so;;' %s"

local function written(text)
  local path = os.tmpname()
  local f = assert(io.open(path, "w"))
  f:write(text)
  f:close()
  return path
end

-- What stands on the screen after the steps of pty.c, which end with the modes as they were.
local function run(steps, more)
  local script, list = written(SCRIPT), written(steps .. "\nend\nmodes\n")
  local command = ("%s %s/host/pty %s %s < %s 2>&1"):format(ENVIRONMENT:format(build, more or ""), build, lua, script, list)
  local host = io.popen(command)
  local out = host:read "a"
  local good = host:close()
  os.remove(script)
  os.remove(list)
  if not good then error(out, 2) end
  return out
end

local KITTY <const> = [[answer \e_Gi=31;OK\e\\\e[6;18;9t\e[?62;c]]
local SIXEL <const> = [[answer \e[6;20;10t\e[?63;1;2;4;6;9;15;22c]]
local GO <const> = "\nsend go\\r\nwait mode is "

describe("the terminal that pictures are for", function()
  it("answers, and nothing of it is left for the script", function()
    for mode, answer in pairs { kitty = KITTY, sixel = SIXEL, blocks = [[answer \e[?62;22c]] } do
      local out = run(answer .. GO .. mode .. "\nwait 2x2 float32, 0 to 1\nsend line\\r\nwait read line\nwait still " .. mode)
      assert.truthy(out:find("exit 0", 1, true), out)
      assert.is_nil(out:find("[?6", 1, true), out) -- the answer was not echoed
    end
  end)

  it("may be silent, which takes half a second once", function()
    run("size 24 80" .. GO .. "blocks\nsend line\\r\nwait read line\nwait still blocks")
  end)

  it("is not asked while something is typed, which stays, but the next time", function()
    run(SIXEL .. "\nsend go\\rahead\\r\nwait mode is blocks\nwait read ahead\nwait still sixel")
  end)

  it("loses what is typed while it is asked, but no signal", function()
    run([[answer keys\r\e[?62;4c]] .. GO .. "sixel\nsend line\\r\nwait read line\nwait still sixel")
    local out = run([[answer \x03\e[?62;4c]] .. "\nsend go\\r\nwait interrupted!")
    assert.truthy(out:find("exit 1", 1, true), out)
    out = run([[answer \x1c\e[?62;4c]] .. "\nsend go\\r") -- Ctrl-\, which ends the process where it meets it
    assert.is_nil(out:find("mode is", 1, true), out)
  end)

  it("is not asked where the environment says how to draw", function()
    run(SIXEL .. GO .. "ascii\nsend line\\r\nwait still ascii", "NO_COLOR=1")
    run(SIXEL .. GO .. "256\nsend line\\r\nwait still 256", "DWCONV_GRAPHICS=256")
    run(SIXEL .. GO .. "none\nwait picture 2x2 float32, 0 to 1\nsend line\\r\nwait still none", "DWCONV_GRAPHICS=none")
  end)
end)
