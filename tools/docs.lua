-- docs.lua: writes what is made from the records: docs/reference/, one page for each family, docs/dwconv.meta.lua and
-- docs/keras_classes.md. `make docs` calls it from the root; tests ask whether they are current.

require "dwconv"
local help = require "dwconv.help"

local function write(path, text)
  local f <close> = assert(io.open(path, "w"))
  assert(f:write(text))
end

os.execute "mkdir -p docs/reference && rm -f docs/reference/*.md"
for name, text in pairs(help.reference()) do write("docs/reference/" .. name, text) end
write("docs/dwconv.meta.lua", help.annotations())
write("docs/keras_classes.md", dofile "tools/keras_classes.lua"())
