-- host_spec.lua: the C hosts of tests/host, and what a process around dwconv must not notice: how it ends, its floating
-- point mode, the symbols of the module. Everything runs in processes of its own; a failure shows what they said.

local support = require "support"
local build = os.getenv "DWCONV_BUILD" or "./build"
local sanitized = (os.getenv "DWCONV_SANITIZE" or "") ~= ""
local lua = arg and arg[-1] or "lua5.4"
local env = ("LUA_PATH='./lua/?.lua;./lua/?/init.lua;./tests/lib/?.lua;;' LUA_CPATH='%s/?.so;;'"):format(build)

-- Fails unless the shell command ends with 0; gives what it printed.
local function runs(command)
  local process = io.popen(("{ %s; } 2>&1"):format(command))
  local out = process:read "a"
  local ok, how, code = process:close()
  if not ok then error(("%s: %s %d\n%s"):format(command, how, code, out), 2) end
  return out
end

local function script(text) return ("%s %s -e '%s'"):format(env, lua, text) end

-- Large enough for a parallel region.
local convolve = [[
local dw = require "dwconv"
dw.set_threads(math.min(tonumber(os.getenv "OMP_NUM_THREADS") or 3, 8))
local x, kernel = dw.uniform { 1, 64, 64, 64 }, dw.uniform { 3, 3, 64, 1 }
dw.backend.depthwise_conv2d(x, kernel, { padding = "same" })
]]

describe("a host without Lua", function()
  it("runs the drivers on memory between protected pages", function()
    local out = runs(build .. "/host/guard")
    assert.truthy(out:find "geometries x %d isas, 0 failures", out)
  end)

  it("runs the passes of three jobs within one parallel region, to the same bits", function()
    local out = runs(build .. "/host/jobs")
    local passes = out:match "3 jobs, (%d+) passes in one region, %d+ contexts, 0 failures"
    assert.is_true(tonumber(passes) >= 7, out) -- packing and several passes of the reduction among them
  end)

  for _, isa in ipairs(support.isas) do
    it("computes elementary functions as well as elementary.h says, " .. isa, function()
      local out = runs(("%s/host/math.%s"):format(build, isa))
      assert.truthy(out:find "math: %d+ functions, 0 failures", out)
    end)
  end
end)

describe("a host with Lua", function()
  local tests = {
    { "open_close", "opens and closes 200 states" },
    { "threads", "uses two states in two threads at once, and one state in a thread after another" },
    { "fork", "forks, and parent and child go on computing" },
    { "interrupt", "interrupts one long call, as lua.c does for Ctrl-C" },
    { "interrupt_pictures", "interrupts the reading and writing of pictures" },
    { "files", "writes one file from many processes, of which each reader meets a whole one" },
  }
  for _, test in ipairs(tests) do
    it(test[2], function() runs(("%s %s/host/states %s"):format(env, build, test[1])) end)
  end

  it("is answered by every long call within a second of Ctrl-C", function()
    local out = runs(("%s %s/host/ctrl_c %d"):format(env, build, sanitized and 2e6 or 2e7))
    assert.truthy(out:find("ctrl_c: 0 failures", 1, true), out)
  end)
end)

describe("memory", function()
  it("may end at any allocation: a call fails as a whole, and the state works afterwards", function()
    local out = runs(("%s %s/host/memory %d"):format(env, build, sanitized and 101 or 17))
    assert.truthy(out:find("memory: %d+ pieces, %d+ failures of memory"), out)
  end)
end)

describe("a process", function()
  for _, threads in ipairs { 1, 2, 8 } do
    it(("ends well twenty times with OMP_NUM_THREADS=%d"):format(threads), function()
      local once = ("OMP_NUM_THREADS=%d %s"):format(threads, script(convolve .. "os.exit(true, true)"))
      runs(("for i in $(seq 20); do %s || exit 1; done"):format(once))
    end)
  end

  it("goes on with the threads it has where the system gives no more", function()
    if sanitized then return end -- whose shadow memory passes every limit
    runs("ulimit -v 700000; " .. script [[
local dw = require "dwconv"
local ok, text = pcall(dw.set_threads, 1000) -- a gigabyte of stacks
assert(not ok and text:find("set_threads: the system does not let this process start 1000 threads", 1, true), text)
dw.set_threads(3)
assert(dw.backend.exp(dw.zeros { 1000000 }):sum():item() == 1000000)]])
  end)

  it("starts no thread before it computes", function()
    runs(script [[
local dw = require "dwconv"
local function threads()
  for line in io.lines "/proc/self/status" do
    if line:find "^Threads" then return tonumber(line:match "%d+") end
  end
end
assert(threads() == 1)
dw.set_threads(3)
assert(threads() == 3)
dw.set_threads(2)
assert(dw.backend.exp(dw.zeros { 1000000 }):sum():item() == 1000000)]])
  end)

  it("computes whatever the environment says to OpenMP", function()
    for _, setting in ipairs { "OMP_STACKSIZE=100000G", "GOMP_CPU_AFFINITY=77", "OMP_NUM_THREADS=99999999999" } do
      runs(setting .. " " .. script(convolve))
    end
  end)

  it("ends well when it only requires dwconv", function() runs(script [[require "dwconv"]]) end)

  it("keeps its denormal numbers", function()
    -- computed when run: Lua folds constants, and a mode that flushes to zero would come later
    runs(script(convolve .. [[
local function denormal(e, factor) return 2.0 ^ e * factor > 0 end
assert(denormal(-1074, 1.0) and denormal(-1040, 0.5), "denormal numbers became zero")]]))
  end)
end)

describe("the module", function()
  local system = runs "uname"
  if sanitized or not system:find "Linux" then return end

  it("needs no function that prints or ends the process", function()
    local needed = {}
    for name in runs(("nm -u %s/dwconv/core.so"):format(build)):gmatch "U ([%w_]+)" do needed[name] = true end
    assert.is_true(needed.lua_callk or needed.lua_error, "nm shows no symbols of Lua")
    for _, name in ipairs { "exit", "_exit", "abort", "printf", "puts", "__assert_fail", "system" } do
      assert.is_nil(needed[name], "core.so needs " .. name)
    end
  end)
end)
