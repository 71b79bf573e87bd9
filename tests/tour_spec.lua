-- tour_spec.lua: the screens of docs/tour.md are what the prompt shows on a pseudo-terminal: each entry is typed, and
-- each line that the tour has below it comes, in that order. Numbers with a point, pictures in letters and what follows
-- from training differ by machine: they are looked at by their form.

local chunk = require "dwconv.repl.chunk"

local build = os.getenv "DWCONV_BUILD" or "./build"
local lua = arg and arg[-1] or "lua5.4"

-- The entries of a screen, each { text, lines below it }.
local function entries_of(screen)
  local list, at = {}, 1
  local lines = {}
  for line in screen:gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  while at <= #lines do
    local text = lines[at]:match "^> (.+)$"
    at = at + 1
    if text then
      while at <= #lines and select(2, chunk.compile(text, "=entry", {})) and not lines[at]:find "^> " and not text:find "%($" do
        text, at = text .. "\n" .. lines[at], at + 1
      end
      list[#list + 1] = { text = text, lines = {} }
    elseif #list > 0 then
      table.insert(list[#list].lines, lines[at - 1])
    end
  end
  return list
end

-- What a line must have in common with the one of the tour; nil for one that need not come.
local function form(line, is_trained)
  if line:find "^%s*$" or line:find "^ +[%d.]+ m?s$" then return nil end
  if line:find "^[ .:=+*#%%@%-]+$" then return "a line of a picture" end
  if is_trained and line:find "[%d●○]" and not line:find "params" then return nil end
  return (line:gsub("%-?%d+%.%d+[e%d+-]*", "#"):gsub("%s+$", ""))
end

local function escaped(text) return (text:gsub("\\", "\\\\"):gsub("\n", "\\n")) end

describe("docs/tour.md", function()
  local file <close> = assert(io.open "docs/tour.md")
  local page = file:read "a"
  local here = os.getenv "PWD"

  it("has entries that give what it shows", function()
    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute(("mkdir %s && ln -s %s/examples %s/examples"):format(folder, here, folder)))
    local _ <close> = setmetatable({}, { __close = function() os.execute("rm -r " .. folder) end })

    local steps, wanted, is_trained, n = { "prompt" }, {}, false, 0
    for screen in page:gmatch "```text\n(.-)```" do
      for _, e in ipairs(entries_of(screen:gsub("\n%$ .*", "\n"))) do
        is_trained = is_trained or e.text:find "model:fit" ~= nil
        if not e.text:find "while true" and not e.text:find "%^C" then -- those keys are prompt_spec.lua's
          n = n + 1
          local tabs = e.text:find "%($"
          steps[#steps + 1] = ("send \\e[200~%s\\e[201~%s"):format(escaped(e.text), tabs and "\\t\\t" or "\\r")
          if tabs then steps[#steps + 1] = "wait strides = 1\nwait (\nsend \\x03\nwait ^C" end
          steps[#steps + 1] = "prompt"
          for _, line in ipairs(e.lines) do wanted[#wanted + 1] = form(line, is_trained) end
        end
      end
    end
    steps[#steps + 1] = "send print('do' .. 'ne')\\r\nwait done\nprompt\nsend \\x04\nend\n"
    assert.is_true(n > 30 and #wanted > 60, ("%d entries, %d lines"):format(n, #wanted))

    local path = folder .. "/steps"
    local f = assert(io.open(path, "w"))
    f:write(table.concat(steps, "\n"))
    f:close()
    local root = build:sub(1, 1) == "/" and build or here .. "/" .. build
    local command = ("cd %s && env NO_COLOR=1 LANG=C.UTF-8 LC_ALL= DWCONV_GRAPHICS=ascii XDG_STATE_HOME=%s "
      .. "LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;;' LUA_CPATH='%s/?.so;;' %s/host/pty %s %s/bin/dwconv < %s 2>&1")
      :format(folder, folder, here, here, root, root, lua, here, path)
    local host = io.popen(command)
    local out = host:read "a"
    assert.is_true(host:close(), out)

    local printed = {}
    for line in out:gmatch "([^\n]*)\n" do printed[#printed + 1] = form(line, false) end
    local at = 0
    for _, want in ipairs(wanted) do
      repeat
        at = at + 1
        assert.is_true(at <= #printed, ("the prompt does not show %q, but:\n%s"):format(want, out))
      until printed[at] == want
    end
  end)
end)
