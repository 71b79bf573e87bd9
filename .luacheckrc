std = "lua54"
max_line_length = 120
files["tests"] = { max_line_length = 140 }
files["bench"] = { max_line_length = 140 }
files["tests/**/*_spec.lua"] = { std = "+busted" }
files["tests/fixtures"] = { max_line_length = false }
files["lua/dwconv/command.lua"] = { ignore = { "211/_ENV" } }
files["lua/dwconv/repl"] = { ignore = { "211/_ENV" } } -- which all globals of the file are looked up in
