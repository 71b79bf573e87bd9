-- repl/completion.lua: what Tab does: names after a dot or a colon, options in the table of a call, their choices after
-- `padding = "`, files in other strings, and, at the second Tab, how the function is called. All of it comes from the
-- records. Called by init.lua. Invariant: completing runs no code of a script (objects.lua).

local _ENV = require "dwconv.repl.globals"

local calls = require "dwconv.repl.calls"
local columns_of = require "dwconv.repl.columns"
local lexer = require "dwconv.repl.lexer"
local objects = require "dwconv.repl.objects"
local wrap = require "dwconv.repl.wrap"
local file = require "dwconv.io.file"

local completion = {}

-- Names of `all` (name -> kind) that begin with the word, sorted; those that begin with "_" only if the word does.
local function matching(all, word, wanted)
  local list = {}
  for name, kind in next, all do
    local good = type(name) == "string" and name:sub(1, #word) == word and name:find "^[%a_][%w_]*$"
    if good and (word:sub(1, 1) == "_" or name:sub(1, 1) ~= "_") and (not wanted or kind == wanted) then
      list[#list + 1] = name
    end
  end
  table.sort(list)
  return list
end

local function merge(into, from)
  for name, kind in next, from do into[name] = into[name] or kind end
  return into
end

-- ---- what may stand there ----------------------------------------------------------------------------

-- A proposal is { from, list, after, head }: the word begins after byte `from` of the entry, `list` may stand for it,
-- `after` follows what is alone, `head` is a line to print above the list.

local function without(options, given)
  local rest = {}
  for name, kind in next, options do
    if not given[name] then rest[name] = kind end
  end
  return rest
end

-- A variable's name, a word of Lua, or an option of the call in whose table the word is.
local function name_or_option(tokens, before, word, from, env)
  local call = calls.around(tokens, before, env)
  local previous = tokens[before] and tokens[before].text
  if call and call.in_table and (previous == "{" or previous == "," or previous == ";") then
    local options = call:options()
    local list = options and not call.option and matching(without(options, call.given), word)
    if list and #list > 0 then return { from = from, list = list, after = " = ", call = call } end
  end
  local choices = call and call.in_table and previous == "=" and call:choices(tokens[before - 1].text)
  if choices and word == "" then
    local list = {}
    for i, c in ipairs(choices) do list[i] = ("%q"):format(c) end
    return { from = from, list = list, after = "", call = call }
  end
  if word == "" then return { from = from, list = {}, call = call } end
  local all = merge(objects.names(env), objects.names(_G))
  return { from = from, list = matching(merge(all, lexer.keywords), word), after = "", call = call }
end

local function member(tokens, before, word, from, env)
  local sign = tokens[before].text
  local holder = objects.resolve(tokens, before - 1, env)
  if holder == nil then return nil end
  local list = matching(objects.names(holder), word, sign == ":" and "method" or nil)
  return { from = from, list = list, after = "", head = calls.head(holder) }
end

local function files(path, from, quote)
  local folder, word = path:match "^(.*/)([^/]*)$"
  folder, word = folder or "", word or path
  local list = {}
  local fine, names = pcall(file.names, folder == "" and "." or folder)
  for _, name in ipairs(fine and names or {}) do
    if name:sub(1, #word) == word and (word ~= "" or name:sub(1, 1) ~= ".") then list[#list + 1] = name end
  end
  table.sort(list)
  return { from = from + #folder, list = list, after = quote }
end

-- Within a string that is not closed: a choice of the option it is for, else a file.
local function in_string(tokens, env)
  local last = #tokens
  local text, from, quote = tokens[last].text:sub(2), tokens[last].from, tokens[last].text:sub(1, 1)
  local call = calls.around(tokens, last - 1, env)
  if call then
    local option = call.option or tokens[last - 1].text == "=" and call.in_table and tokens[last - 2].text or nil
    local which = option or not call.in_table and call.position or nil
    local choices = which and call:choices(which)
    if choices then
      local all = {}
      for _, c in ipairs(choices) do all[c] = "choice" end
      return { from = from, list = matching(all, text), after = quote, call = call }
    end
    local options = option and call:options()
    if options and options[option] then -- which is no path
      return { from = from, list = {}, after = "", call = call }
    end
  end
  return files(text, from, quote)
end

--- What may stand for the word before the cursor.
---@param text string the entry up to the cursor
---@param env table
function completion.proposal(text, env)
  local tokens, within = lexer.tokens(text)
  if within == "comment" or within == "long" then return nil end
  if within == "quoted" then return in_string(tokens, env) end
  local last = tokens[#tokens]
  local is_word = last and last.to == #text and (last.kind == "name" or last.kind == "keyword")
  local before, word = is_word and #tokens - 1 or #tokens, is_word and last.text or ""
  local sign = tokens[before] and tokens[before].text
  if sign == "." or sign == ":" then return member(tokens, before, word, #text - #word, env) end
  return name_or_option(tokens, before, word, #text - #word, env)
end

-- ---- what Tab does -----------------------------------------------------------------------------------

local function common_beginning(list)
  local common = list[1]
  for _, name in ipairs(list) do
    while name:sub(1, #common) ~= common do common = common:sub(1, -2) end
  end
  return common
end

-- How the function is called whose name ends at the cursor, or in whose call the cursor is.
local function signature(text, proposal, env, screen)
  local tokens = lexer.tokens(text)
  local last = tokens[#tokens]
  local call = last and last.kind == "name" and last.to == #text and calls.named(tokens, #tokens, env) or proposal.call
    or calls.around(tokens, #tokens, env)
  return call and call:signature(screen.columns - 1)
end

--- For the entry up to the cursor: where the word begins, what to put there, and lines to print; any of them may be
--- nil. `again`: Tab was the key before, too.
---@param text string
---@param again boolean
---@param env table
---@param screen { lines: integer, columns: integer }
---@return integer? from
---@return string? replacement
---@return string? lines
function completion.tab(text, again, env, screen)
  local line_start = text:match "\n?()[^\n]*$"
  if not text:sub(line_start):find "%S" then return #text, "  " end -- Tab indents
  local p = completion.proposal(text, env)
  if not p then return nil end
  local word = text:sub(p.from + 1)
  local common = #p.list > 0 and common_beginning(p.list) or word
  if #p.list == 1 and common .. p.after ~= word and not common:find "/$" then common = common .. p.after end
  if common ~= word and #common >= #word then return p.from, common end
  if not again then return nil end
  local lines = {}
  lines[#lines + 1] = p.head
  local all_options = p.after == " = " and word == "" -- which the signature has
  if #p.list > 1 and not all_options then lines[#lines + 1] = columns_of(p.list, screen.columns, screen.lines - 6) end
  lines[#lines + 1] = #p.list <= 1 and signature(text, p, env, screen)
    or p.call and p.call:signature(screen.columns - 1) or nil
  return nil, nil, #lines > 0 and wrap(table.concat(lines, "\n"), screen.columns - 1) or nil
end

return completion
