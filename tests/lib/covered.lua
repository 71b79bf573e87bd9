-- covered.lua: which ops were compared with something that is not our own output, and which spec files have run.
-- tests/lib/helper.lua loads it before busted loads the first spec, so that all of them share the one table; busted
-- gives each file its own copy of every other module.

local covered = { names = {}, files = {} }

--- Enters the names of ops; see support.covers.
function covered.add(...)
  for _, name in ipairs { ... } do covered.names[name] = true end
end

return covered
