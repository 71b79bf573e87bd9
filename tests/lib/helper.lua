-- helper.lua: what busted runs before the specs, once. It notes which spec files have run to their end, for
-- whole_suite_spec.lua.

local busted = require "busted"
local covered = require "covered"

busted.subscribe({ "file", "end" }, function(file)
  covered.files[file.name:match "[^/]+$"] = true
  return nil, true
end)
