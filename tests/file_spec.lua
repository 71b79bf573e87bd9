-- file_spec.lua: what writing does to what is there: links, modes, pipes, devices, long names, folders that are read
-- only; and how much memory reading and writing take. Numbers in files are npy_spec's and image_spec's.

local dw = require "dwconv"
local npy = dw.io.npy
local file = require "dwconv.io.file"
local support = require "support"
local same, refuses = support.same, support.refuses

local folder = os.tmpname()
local x = dw.arange(6):reshape { 2, 3 }

local function shell(command)
  local process = io.popen(("cd '%s' && { %s\n} 2>&1"):format(folder, command))
  local out = process:read "a"
  process:close()
  return (out:gsub("%s+$", ""))
end

setup(function()
  os.remove(folder)
  os.execute(("mkdir '%s'"):format(folder))
end)

teardown(function() os.execute(("chmod -R u+rwx '%s'; rm -rf '%s'"):format(folder, folder)) end)

local function write(name, t)
  npy.write(folder .. "/" .. name, t or x)
end

local function read(name) return npy.read(folder .. "/" .. name) end

describe("a written file", function()
  it("is what a symbolic link leads to, there or not yet", function()
    shell "mkdir sub; echo old > sub/target; ln -s sub/target one; ln -s one two; ln -s sub/new none; ln -s ring ring"
    write "two"
    same(read "sub/target", x)
    assert.equal("sub/target", shell "readlink one")
    write "none"
    same(read "sub/new", x)
    assert.equal("sub/new", shell "readlink none")
    refuses(function() write "ring" end, "npy.write: ", "Too many levels of symbolic links")
  end)

  it("keeps the mode of the file before it, and has the usual one when it is new", function()
    shell "echo old > m; chmod 640 m; (umask 027; touch like)"
    write "m"
    assert.truthy(shell("ls -l m"):find "^%-rw%-r%-%-%-%-%-")
    shell "rm -f new; touch usual"
    write "new"
    assert.equal(shell("ls -l usual"):sub(1, 10), shell("ls -l new"):sub(1, 10))
  end)

  it("replaces a file at once: whoever has the old one open reads it to its end", function()
    write "old"
    local f <close> = io.open(folder .. "/old", "rb")
    local first = f:read(20)
    write("old", dw.zeros { 5 })
    assert.equal(128 + x.size * 4, #first + #f:read "a")
    same(read "old", dw.zeros { 5 })
  end)

  it("may have a name as long as names may be", function()
    local name = ("n"):rep(255)
    write(name)
    same(read(name), x)
    refuses(function() write(name .. "n") end, "npy.write: ", "File name too long")
  end)

  it("is nothing new when its writer gives up, and leaves nothing behind", function()
    shell "rm -rf give; mkdir give"
    write "give/up"
    do
      local f <close> = file.create("test", folder .. "/give/up")
      f:write "half"
    end
    same(read "give/up", x)
    assert.equal("up", shell "ls -A give")
  end)

  it("goes through a pipe to who reads it, and from who writes it", function()
    shell "mkfifo pipe; (cat pipe > got) > /dev/null 2>&1 &"
    local big = dw.arange(300000)
    write("pipe", big)
    assert.equal("p", shell("ls -l pipe"):sub(1, 1))
    shell "while [ $(wc -c < got) -lt 1200128 ]; do sleep 0.01; done"
    same(read "got", big)
    shell "(cat got > pipe) > /dev/null 2>&1 &"
    same(read "pipe", big)
  end)

  it("is an error, and no signal, when the pipe's reader leaves", function()
    shell "rm -f pipe; mkfifo pipe; (head -c 10 < pipe) > /dev/null 2>&1 &"
    refuses(function() write("pipe", dw.zeros { 1 << 20 }) end, "npy.write: ", "Broken pipe")
  end)

  it("does not take the place of a device", function()
    if not io.open "/dev/full" then return end
    shell "ln -s /dev/full full; ln -s /dev/null null"
    refuses(function() write "full" end, "npy.write: ", "No space left on device")
    write "null"
    assert.equal("c", shell("ls -lL null"):sub(1, 1))
  end)

  it("is written in place where the folder takes no new file, and refused where the file is read only", function()
    shell "mkdir ro; echo old > ro/here; echo old > locked; chmod 444 locked; chmod 555 ro"
    if shell "touch ro/root 2>/dev/null && echo root" == "root" then return end -- who may write everywhere
    write "ro/here"
    same(read "ro/here", x)
    refuses(function() write "ro/new" end, "npy.write: ", "Permission denied")
    refuses(function() write "locked" end, "npy.write: ", "Permission denied")
  end)
end)

describe("files", function()
  if (os.getenv "DWCONV_SANITIZE" or "") ~= "" or not io.open "/proc/self/status" then return end
  local build = os.getenv "DWCONV_BUILD" or "./build"

  -- MiB by which the process's peak grows over what `before` left.
  local function growth(before, call)
    local script = os.tmpname()
    local f = assert(io.open(script, "w"))
    f:write(([[
local dw = require "dwconv"
local path = "%s/large"
local function peak() return tonumber(io.open "/proc/self/status":read "a":match "VmHWM:%%s*(%%d+)") / 1024 end
%s
local first = peak()
%s
print(peak() - first)]]):format(folder, before, call))
    f:close()
    local process = io.popen(("LUA_PATH='./lua/?.lua;./lua/?/init.lua;;' LUA_CPATH='%s/?.so;;' %s %s 2>&1"):format(build,
      arg and arg[-1] or "lua5.4", script))
    local out = process:read "a"
    process:close()
    os.remove(script)
    return tonumber(out) or error(out)
  end

  it("take no memory beside their tensor's", function()
    assert.is_true(growth("local t = dw.zeros { 4000, 4000 }", "dw.io.npy.write(path, t:transpose())") < 10)
    local grown = growth("", "local t = dw.io.npy.read(path)")
    assert.is_true(grown > 55 and grown < 80, grown)
  end)
end)
