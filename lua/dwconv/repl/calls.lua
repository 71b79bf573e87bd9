-- repl/calls.lua: which function is called at a place of an entry, and what the records say of its arguments and
-- options. Called by completion.lua and describe.lua. A call has
--   options()       name -> kind, or true where only the name is known; nil if it takes none
--   choices(which)  the strings that an option, or the argument at a position, may be; nil if they are not known
--   signature(n)    how it is called, in lines of at most n columns; nil for a function of a script
--   in_table, position   whether the place is in a table of the call; its number among the arguments, in parentheses
--   given, option   the options that the table has already; the one in whose list the place is, if it is in one

local _ENV = require "dwconv.repl.globals"

local classes = require "dwconv.classes"
local args = require "dwconv.args"
local records = require("dwconv.ops").records
local signatures = require "dwconv.help.signature"
local objects = require "dwconv.repl.objects"

local calls = {}

local Call = {}
Call.__index = Call

-- ---- which function ------------------------------------------------------------------------------

-- Records come when their rooms load, so there is no table by function.
local function record_of(f)
  for _, r in pairs(records) do
    if r.call == f then return r end
  end
end

local function is_class(v) return type(v) == "table" and rawget(v, "construct") ~= nil and rawget(v, "order") ~= nil end

-- The topic of dw.help that explains a method of models or the like: its name is also that.
local function topic_of(name)
  for _, t in ipairs(require "dwconv.help.topics") do
    if t.name == name then return t end
    for _, other in ipairs(t.also) do
      if other == name then return t end
    end
  end
end

-- The text of a function as the entry has it: "K.sum", "t:sum".
local function written(tokens, last)
  local first = last
  while tokens[first - 1] and (tokens[first - 1].text == "." or tokens[first - 1].text == ":") and tokens[first - 2] do
    first = first - 2
  end
  local parts = {}
  for i = first, last do parts[#parts + 1] = tokens[i].text end
  return table.concat(parts)
end

--- The call of what the tokens up to number `last` name; nil if nothing is known of it.
function calls.named(tokens, last, env)
  local value, holder, name = objects.resolve(tokens, last, env)
  if value == nil then return nil end
  local call = setmetatable({ value = value, written = written(tokens, last) }, Call)
  if is_class(value) then
    call.class = value
  elseif rawequal(holder, require("dwconv").ops) and records[name] then
    call.record, call.composed = records[name], true
  elseif type(value) == "function" then
    call.record = record_of(value)
    local in_plot = rawequal(holder, rawget(require "dwconv", "plot"))
    call.topic = not call.record and name and topic_of(in_plot and "plot." .. name or name) or nil
    call.is_method = tokens[last - 1] and tokens[last - 1].text == ":"
  end
  if rawequal(value, rawget(require "dwconv", "plot")) then call.topic = topic_of "plot.lines" end
  return (call.class or call.record or call.topic or type(value) == "function") and call or nil
end

-- The brackets that are open after token number `last`, outermost first: {token number, commas since}.
local function open_brackets(tokens, last)
  local stack = {}
  for i = 1, last do
    local text = tokens[i].kind == "sign" and tokens[i].text
    if text == "(" or text == "{" or text == "[" then
      stack[#stack + 1] = { at = i, commas = 0 }
    elseif text == ")" or text == "}" or text == "]" then
      stack[#stack] = nil
    elseif text == "," and #stack > 0 then
      stack[#stack].commas = stack[#stack].commas + 1
    end
  end
  return stack
end

-- The names that have a value already in the table that begins at token number `at`.
local function given_in(tokens, at, last)
  local given, depth = {}, 0
  for i = at, last do
    local text = tokens[i].kind == "sign" and tokens[i].text
    if text == "(" or text == "{" or text == "[" then depth = depth + 1 end
    if text == ")" or text == "}" or text == "]" then depth = depth - 1 end
    if depth == 1 and text == "=" and tokens[i - 1].kind == "name" then given[tokens[i - 1].text] = true end
  end
  return given
end

--- The innermost call in whose parentheses or table the place after token number `last` is.
function calls.around(tokens, last, env)
  local stack = open_brackets(tokens, last)
  local n = #stack
  local inner = stack[n]
  local option = inner and tokens[inner.at].text == "{" and tokens[inner.at - 1] and tokens[inner.at - 1].text == "="
    and tokens[inner.at - 2].text or nil -- a list as the value of an option: { metrics = { "
  if option then stack[n] = nil end
  for depth = #stack, 1, -1 do
    local bracket = stack[depth]
    local kind, before = tokens[bracket.at].text, tokens[bracket.at - 1]
    local callee = before and (before.kind == "name" or before.text == "]") and calls.named(tokens, bracket.at - 1, env)
    if callee and kind ~= "[" then
      callee.in_table, callee.position, callee.option = kind == "{", bracket.commas + 1, option
      callee.given = given_in(tokens, bracket.at, last)
      return callee
    end
    local outer = stack[depth - 1]
    if kind == "{" and outer and tokens[outer.at].text == "(" then -- f(a, {
      callee = calls.named(tokens, outer.at - 1, env)
      if callee then
        callee.in_table, callee.position, callee.option = true, outer.commas + 1, option
        callee.given = given_in(tokens, bracket.at, last)
        return callee
      end
    end
    if kind ~= "[" then return nil end
  end
end

-- ---- what it takes -------------------------------------------------------------------------------

-- The words before "=" in how a topic says that it is used: model:fit(x, y, { batch_size = 32, verbose = 1 }).
local function names_in_use(topic, name)
  local all, found = {}, false
  local use = topic.use:match(name .. "%b()") or topic.use:match(name .. "%b{}") or ""
  for option in use:gmatch "([%l][%w_]*) =" do all[option], found = true, true end
  return found and all or nil
end

function Call:options()
  if self.class then return self.class.options end
  if self.topic then
    return names_in_use(self.topic, self.written:match "[%w_]+$") or names_in_use(self.topic, self.topic.name)
  end
  if not self.record then return nil end
  if not self.composed then return self.record.options end
  local all = {}
  for name, kind in pairs(self.record.options) do all[name] = kind end
  for i, name in ipairs(self.record.positional) do all[name] = self.record.kinds[i] end
  return all
end

local ROOMS <const> = { optimizer = "optimizers", loss = "losses", metrics = "metrics" } -- whose names compile takes

-- The names of a room's classes, as strings.
local function names_of_room(name)
  local room = require("dwconv")[name]
  for _, class in next, room do
    if is_class(class) then return class.registry:names() end
  end
end

local function choices_of(kind)
  if type(kind) ~= "table" then return nil end
  return kind.choices or kind.suggest and kind.suggest() or nil
end

function Call:choices(which)
  if type(which) == "number" then
    local r = self.record
    return r and not self.composed and choices_of(r.kinds[which + (self.is_method and 1 or 0)])
  end
  local options = self:options()
  if self.topic and self.topic.name == "compile" and ROOMS[which] then return names_of_room(ROOMS[which]) end
  return options and choices_of(options[which])
end

function Call:signature(columns)
  if self.class then return signatures.of_class(self.class, self.written, columns) end
  if self.topic then return self.topic.use end
  if self.record then return signatures.of_record(self.record, self.written, columns, self.composed) end
  local info = debug.getinfo(self.value, "Su")
  if info.what == "C" then return nil end
  local names = {}
  for i = 1, info.nparams do names[i] = debug.getlocal(self.value, i) end
  if info.isvararg then names[#names + 1] = "..." end
  return ("%s(%s)"):format(self.written, table.concat(names, ", "))
end

--- A line that says what a value is whose names are listed: a tensor with its shape.
function calls.head(v)
  if args.check.is_tensor(v) then return ("tensor %s %s"):format(v.shape, v.dtype) end
  if classes.is_instance(v) then
    local fine, text = pcall(tostring, v)
    return fine and text:match "^[^\n]*" or nil
  end
end

return calls
