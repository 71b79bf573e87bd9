-- repl/indent.lua: what Enter does to an entry: a new line, indented by the blocks and brackets that are open, if it is
-- not finished. Called by init.lua. Invariant: nothing is changed within strings and comments of several lines.

local _ENV = require "dwconv.repl.globals"

local lexer = require "dwconv.repl.lexer"

local indent = {}

local STEP <const> = "  "
local FIRST_IN_BLOCK <const> = { ["end"] = true, ["else"] = true, ["elseif"] = true, ["until"] = true, ["}"] = true,
  [")"] = true, ["]"] = true }

--- The line before the cursor, indented as what it begins with wants, if that ends a block. Nothing within strings and
--- comments of several lines.
---@param text string the entry up to the cursor
---@return integer start bytes before the line
---@return string line
---@return integer depth how many blocks are open after it; -1 within a string or comment
function indent.line(text)
  local line = text:match "[^\n]*$"
  local start = #text - #line
  local tokens, within = lexer.tokens(text)
  if within then return start, line, -1 end
  local depths = lexer.depths(tokens)
  for i, t in ipairs(tokens) do
    if t.from > start then
      if FIRST_IN_BLOCK[t.text] then line = STEP:rep(math.max(0, depths[i] - 1)) .. line:match "^%s*(.*)$" end
      break
    end
  end
  return start, line, depths[#depths]
end

--- What Enter does: whether the entry is finished, and what comes in the place of the text before the cursor, from
--- which byte on. `more`: it does not compile, but may when it goes on; after two empty lines it is run nevertheless.
---@param text string
---@param cursor integer bytes before it
---@param more boolean
---@return boolean finished
---@return integer from
---@return string replacement
function indent.enter(text, cursor, more)
  local before, after = text:sub(1, cursor), text:sub(cursor + 1)
  local start, line, depth = indent.line(before)
  local ends = not line:find "%S" and before:find "\n[ \t]*\n[ \t]*$" and not after:find "%S"
  if not more or ends then return true, start, line end
  return false, start, line .. "\n" .. STEP:rep(depth)
end

return indent
