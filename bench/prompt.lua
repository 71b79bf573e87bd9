-- bench/prompt.lua: from the start of the command dwconv to its prompt, on a pseudo-terminal, with and without line
-- editing: the least of ten, once the disk is warm. `lua5.4` alone is measured beside it.

local dw = require "dwconv"

local build = os.getenv "BUILD" or "build"
local lua = arg[-1]

-- Seconds until `command` has written "> ", with the start of the pseudo-terminal's host.
local function until_prompt(environment, command)
  local start = dw.clock()
  local host = assert(io.popen(("echo prompt | %s %s/host/pty %s 2>&1"):format(environment, build, command)))
  local text = host:read "a"
  local seconds = dw.clock() - start
  assert(host:close(), text)
  return seconds
end

local function least(environment, command)
  local best = math.huge
  for _ = 1, 10 do best = math.min(best, until_prompt(environment, command)) end
  return best * 1e3
end

print "prompt: milliseconds from start to prompt, least of ten"
print(("  %-28s %6.1f"):format("lua5.4 -i", least("", lua .. " -i")))
print(("  %-28s %6.1f"):format("dwconv, plain lines", least("DWCONV_LINE=off", lua .. " bin/dwconv")))
print(("  %-28s %6.1f"):format("dwconv, line editing", least("", lua .. " bin/dwconv")))
