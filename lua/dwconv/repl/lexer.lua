-- repl/lexer.lua: the words of a piece of Lua, which may be cut off anywhere or be wrong. Called by all that looks into
-- entries. A token is { kind, text, from, to }: kind is "name", "keyword", "number", "string" or "sign";
-- text[from..to] is the token. Comments are no tokens.
-- Invariant: tokens come in order and do not overlap; the places between them hold blanks and comments alone.

local _ENV = require "dwconv.repl.globals"

local lexer = {}

local KEYWORDS <const> = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true "
  .. "until while"):gmatch "%a+" do
  KEYWORDS[word] = true
end

--- The words that Lua keeps for itself, as keys.
lexer.keywords = KEYWORDS

local SIGNS <const> = { -- longer ones first
  "^%.%.%.", "^%.%.", "^::", "^//", "^[<>=~]=", "^<<", "^>>", "^[^%w%s_]",
}

-- Where a long bracket that begins at `at` ends; nil if none begins there, and no second result if it does not end.
local function long_bracket(text, at)
  local level = text:match("^%[(=*)%[", at)
  if not level then return nil end
  local _, last = text:find("]" .. level .. "]", at + #level + 2, true)
  return true, last
end

-- Where a string in quotes that begins at `at` ends, on the same line but for escaped newlines; nil if it does not.
local function quoted(text, at)
  local quote, i = text:sub(at, at), at + 1
  while i <= #text do
    local c = text:sub(i, i)
    if c == "\\" then
      i = text:match("^z%s*()", i + 1) or i + 2
    elseif c == quote then
      return i
    elseif c == "\n" then
      return nil, i - 1
    else
      i = i + 1
    end
  end
  return nil, #text
end

-- The end of a comment that begins at `at`, and whether more may follow in it.
local function comment(text, at)
  local long, last = long_bracket(text, at + 2)
  if long then return last or #text, not last end
  local newline = text:find("\n", at, true)
  return newline and newline - 1 or #text, not newline
end

-- Kind and end of the token that begins at `at`; a third result when it is a string that does not end.
local function token(text, at)
  local last = select(2, text:find("^[%a_][%w_]*", at))
  if last then return KEYWORDS[text:sub(at, last)] and "keyword" or "name", last end
  last = select(2, text:find("^%.?%d", at))
  if last then
    local rest = text:match("^0[xX][%x.]*[pP][+-]?%d*()", at) or text:match("^0[xX][%x.]*()", at)
      or text:match("^[%d.]+[eE][+-]?%d*()", at) or text:match("^[%d.]+()", at)
    return "number", rest - 1
  end
  local long, long_end = long_bracket(text, at)
  if long then return "string", long_end or #text, not long_end and "long" end
  if text:find("^[\"']", at) then
    local closing, cut = quoted(text, at)
    return "string", closing or cut, not closing and "quoted"
  end
  for _, pattern in ipairs(SIGNS) do
    last = select(2, text:find(pattern, at))
    if last then return "sign", last end
  end
end

--- The tokens of a text, and what it ends within, if that is not finished: "quoted" or "long" for a string, "comment".
---@param text string
---@return { kind: string, text: string, from: integer, to: integer }[]
---@return string?
function lexer.tokens(text)
  local list, at, within = {}, text:find "%S", nil
  while at do
    local last
    if text:find("^%-%-", at) then
      local goes_on
      last, goes_on = comment(text, at)
      within = goes_on and "comment" or nil
    else
      local kind, open
      kind, last, open = token(text, at)
      within = open and last == #text and open or nil
      list[#list + 1] = { kind = kind, text = text:sub(at, last), from = at, to = last }
    end
    at = text:find("%S", last + 1)
  end
  return list, within
end

local OPENS <const> = { ["function"] = 1, ["do"] = 1, ["then"] = 1, ["repeat"] = 1, ["("] = 1, ["{"] = 1, ["["] = 1 }
local CLOSES <const> = { ["end"] = 1, ["until"] = 1, ["elseif"] = 1, [")"] = 1, ["}"] = 1, ["]"] = 1 }

--- How many blocks and brackets are open before each token, and after the last one: a list of one more than tokens.
function lexer.depths(tokens)
  local depths, depth = {}, 0
  for i, t in ipairs(tokens) do
    depths[i] = depth
    if t.kind == "keyword" or t.kind == "sign" then
      if CLOSES[t.text] then depth = math.max(0, depth - 1) end
      if OPENS[t.text] then depth = depth + 1 end
    end
  end
  depths[#tokens + 1] = depth
  return depths
end

--- How many more blocks and brackets the tokens open than they close.
function lexer.balance(tokens)
  local balance = 0
  for _, t in ipairs(tokens) do
    if t.kind == "keyword" or t.kind == "sign" then
      balance = balance + (OPENS[t.text] or 0) - (CLOSES[t.text] or 0)
    end
  end
  return balance
end

--- The line, counted from 1, in which a place of a text is, and where that line begins.
function lexer.line_of(text, place)
  local line, start = 1, 1
  for newline in text:gmatch "()\n" do
    if newline >= place then break end
    line, start = line + 1, newline + 1
  end
  return line, start
end

return lexer
