-- cases.lua: prints the cases of layers.txt as bench/lib/cases.lua knows them, for cases.py: one a line, in the file's
-- order, its plain fields as key=value with tabs between.

for _, case in ipairs(require("bench.lib.cases").all) do
  local fields = {}
  for key, value in pairs(case) do
    if type(value) ~= "table" then fields[#fields + 1] = ("%s=%s"):format(key, value) end
  end
  table.sort(fields)
  print(table.concat(fields, "\t"))
end
