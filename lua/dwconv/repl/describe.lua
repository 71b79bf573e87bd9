-- repl/describe.lua: `?name`, `name?` and `??name`: the help of dwconv for what it has, and what there is to say of a
-- script's own values and functions. Called by session.lua.

local _ENV = require "dwconv.repl.globals"

local args = require "dwconv.args"
local calls = require "dwconv.repl.calls"
local lexer = require "dwconv.repl.lexer"
local lookup = require "dwconv.lookup"
local objects = require "dwconv.repl.objects"
local values = require "dwconv.repl.values"

local describe = {}

local MOST_LINES <const> = 60 -- of a source

local KEYS <const> = [[
?K.sum, K.sum?       help on a function, a family of functions, a class or a topic; dw.help() lists them
??K.sum              where it is defined, and its source
Tab                  completes names, options, choices, files; twice shows how the function is called
Enter                runs the entry, or goes on in a new line if it is not finished; Alt-Enter always goes on
Up, Down, Ctrl-R     earlier entries, of earlier prompts too; Page Up: those that begin as this one
_, _1, _2, ...       the last result, and those before
x = f();             a semicolon at the end mutes the result
Ctrl-C, Ctrl-D       stops what runs, or leaves the entry; leaves dwconv

dw is the module, K its backend; ops, layers, Sequential, Model and Input of dw are there without dw, too.
dw.show(t) shows a picture, dw.plot(x) draws a chart, dw.time(f) measures.]]

-- ---- sources ---------------------------------------------------------------------------------------

-- Lines from..to of a source: a file, or an entry.
local function lines_of(source, from, to, line_of_entry)
  local lines = {}
  if source:sub(1, 1) == "@" then
    local f = io.open(source:sub(2), "r")
    if not f then return lines end
    local n = 0
    for line in f:lines() do
      n = n + 1
      if n >= from and n <= to then lines[#lines + 1] = line end
      if n == to then break end
    end
    f:close()
  else
    for n = from, to do lines[#lines + 1] = line_of_entry(source:sub(2), n) end
  end
  return lines
end

-- The comment that stands right above a function.
local function comment_above(info, line_of_entry)
  local lines = lines_of(info.source, math.max(1, info.linedefined - 20), info.linedefined - 1, line_of_entry)
  local comment = {}
  for i = #lines, 1, -1 do
    local text = lines[i]:match "^%s*%-%-+%s?(.*)$"
    if not text then break end
    table.insert(comment, 1, text)
  end
  return #comment > 0 and table.concat(comment, "\n") or nil
end

local function place_of(info)
  return ("%s, line %d"):format(info.short_src, info.linedefined)
end

-- The Lua function behind a class, or a value.
local function function_behind(call)
  local f = call.class and (call.class.methods.call or call.class.methods.init) or call.value
  return type(f) == "function" and f or nil
end

-- The lines of an op's record, as debug.getinfo has those of a function.
local function lines_of_record(r)
  local source, first = r.place.source, r.place.line
  local lines = lines_of(source, 1, math.maxinteger)
  local last = first
  if lines[first]:find "{$" then
    local indent = lines[first]:match "^%s*"
    while last < #lines and not lines[last]:find("^" .. indent .. "}") do last = last + 1 end
  end
  return { source = source, short_src = source:sub(2), linedefined = first, lastlinedefined = last }
end

-- ---- texts ---------------------------------------------------------------------------------------------

local function of_function(call, line_of_entry)
  local info = debug.getinfo(call.value, "S")
  if info.what == "C" then return ("%s is a function of Lua or of a C module."):format(call.written) end
  local parts = { call:signature(100) }
  parts[#parts + 1] = comment_above(info, line_of_entry)
  parts[#parts + 1] = "Defined at " .. place_of(info)
  return table.concat(parts, "\n")
end

local function bytes_of(t)
  local width = ({ float64 = 8, int64 = 8, uint8 = 1, bool = 1 })[t.dtype] or 4
  return t.size * width
end

local function of_value(written, v, screen)
  local text = values.text(v, screen)
  if args.check.is_tensor(v) then return ("%s is a tensor of %d bytes.\n%s"):format(written, bytes_of(v), text) end
  local metatable = getmetatable(v)
  local kind = type(metatable) == "table" and rawget(metatable, "class")
  local doc = kind and kind.doc and "\n" .. kind.doc or ""
  return ("%s is a %s.\n%s%s"):format(written, kind and kind.name or type(v), text, doc)
end

-- What the name stands for at the prompt: the value, and what is known of it as a function.
local function look_up(name, env)
  local tokens = lexer.tokens(name)
  if #tokens == 0 or tokens[1].from ~= 1 or tokens[#tokens].to ~= #name then return nil end
  return objects.resolve(tokens, #tokens, env), calls.named(tokens, #tokens, env)
end

--- The text for `?name`. `line_of_entry(place, n)` gives the lines of entries.
---@param name string
---@param env table
---@param screen { lines: integer, columns: integer }
---@return string
function describe.help(name, env, screen, line_of_entry)
  if name == "" then return KEYS end
  local help = require "dwconv.help"
  local value, call = look_up(name, env)
  local text = value ~= nil and help.find_value(value)
  if text then return text end
  local ours = value == nil or lookup.names(value) or call and (call.record or call.topic)
  local found, why = help.find(name)
  if ours and found then return found end
  if call and not call.class and type(value) == "function" then return of_function(call, line_of_entry) end
  if value ~= nil then return of_value(name, value, screen) end
  return why
end

--- The text for `??name`.
function describe.source(name, env, line_of_entry)
  local value, call = look_up(name, env)
  if value == nil then
    return select(2, require("dwconv.help").find(name)) or ("There is no %s here."):format(args.show(name))
  end
  local f = call and function_behind(call)
  local r = call and call.record
  local info = r and r.place and lines_of_record(r) or f and debug.getinfo(f, "S")
  if not info then return ("%s is a %s; only functions and classes have a source."):format(name, type(value)) end
  if info.what == "C" then return ("%s is written in C."):format(name) end
  local last = math.min(info.lastlinedefined, info.linedefined + MOST_LINES - 1)
  local lines = lines_of(info.source, info.linedefined, last, line_of_entry)
  if last < info.lastlinedefined then lines[#lines + 1] = ("... %d more lines"):format(info.lastlinedefined - last) end
  table.insert(lines, 1, place_of(info))
  return table.concat(lines, "\n")
end

return describe
