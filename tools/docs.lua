-- docs.lua: writes what is made from the records: docs/reference/, one page for each family, and docs/dwconv.meta.lua.
-- `make docs` calls it from the root; tests/ops_spec.lua asks whether they are current.

require "dwconv"
local help = require "dwconv.help"

local function write(path, text)
  local f <close> = assert(io.open(path, "w"))
  assert(f:write(text))
end

os.execute "mkdir -p docs/reference && rm -f docs/reference/*.md"
for name, text in pairs(help.reference()) do write("docs/reference/" .. name, text) end
write("docs/dwconv.meta.lua", help.annotations())
