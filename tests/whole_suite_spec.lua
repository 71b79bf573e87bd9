-- whole_suite_spec.lua: what only all specs together can show. busted runs files in the order of their names, so this
-- is the last one; of a part of the specs (make test FILTER=...) it asks nothing.

local covered = require "covered"
local ops = require "dwconv.ops"
require "dwconv.io.npy"
if pcall(require, "dwconv.image") then require "dwconv.io.image" end

-- The other spec files that have not run to their end.
local function missing()
  local list = {}
  local found <close> = io.popen "ls tests/*_spec.lua"
  for path in found:lines() do
    local name = path:match "[^/]+$"
    if name ~= "whole_suite_spec.lua" and not covered.files[name] then list[#list + 1] = name end
  end
  return list
end

describe("the whole suite", function()
  local part = os.getenv "DWCONV_FILTER" or ""

  it("has run before this", function()
    if part == "" then assert.same({}, missing()) end
  end)

  local names = {}
  for name, r in pairs(ops.records) do
    if not r.refused then names[#names + 1] = name end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    it(("compares %s with something that is not our own output"):format(name), function()
      if part == "" then assert.is_true(covered.names[name], "no spec says support.covers of it") end
    end)
  end
end)
