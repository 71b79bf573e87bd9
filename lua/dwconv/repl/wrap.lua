-- repl/wrap.lua: texts for the width of the terminal: longer lines are broken between words, and go on indented as they
-- began. Called by what prints texts of dwconv. Invariant: a line that fits stays as it is.

local _ENV = require "dwconv.repl.globals"

local function broken(line, columns)
  local indent = line:match "^%s*"
  local gap = line:match "^%s*%S+()%s%s+%S" -- a word and what is said of it, in two columns
  local hanging = gap and select(2, line:find("^%s*%S+%s+"))
  hanging = (" "):rep(hanging and hanging < columns // 2 and hanging or #indent)
  local lines, current = {}, nil
  for blanks, word in line:gmatch "(%s*)(%S+)" do
    if not current then
      current = blanks .. word
    elseif (utf8.len(current) or #current) + #blanks + (utf8.len(word) or #word) > columns then
      lines[#lines + 1], current = current, hanging .. word
    else
      current = current .. blanks .. word
    end
  end
  lines[#lines + 1] = current
  return table.concat(lines, "\n")
end

--- A text of which no line is longer than `columns`, as far as its words are not.
---@param text string
---@param columns integer
---@return string
return function(text, columns)
  return (text:gsub("[^\n]+", function(line)
    return (utf8.len(line) or #line) > columns and broken(line, columns) or nil
  end))
end
