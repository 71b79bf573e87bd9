-- help/init.lua: dw.help and the reference, made from the records of ops, from those of classes (classes.lua) and from
-- topics.lua. annotations.lua makes what editors read.

local args = require "dwconv.args"
local lookup = require "dwconv.lookup"
local ops = require "dwconv.ops"
require "dwconv.io.image" -- rooms load on first use, and this is one
require "dwconv.io.npy"
require "dwconv.io.safetensors"
require "dwconv.show"
local classes = require "dwconv.help.classes"
local topics = require "dwconv.help.topics"

-- The names of the records that `keep` allows, sorted.
local function names(keep)
  local all = {}
  for name, r in pairs(ops.records) do
    if keep(r) then all[#all + 1] = name end
  end
  table.sort(all)
  return all
end

local function option_lines(r, add)
  local keys = {}
  for key in pairs(r.options) do keys[#keys + 1] = key end
  if #keys == 0 then return end
  table.sort(keys)
  add "\nOptions"
  for _, key in ipairs(keys) do
    local kind = r.options[key]
    add(("  %-16s %s; default %s"):format(key, kind.expected, classes.default_text(kind)))
  end
end

local function signature(r)
  local given = table.move(r.positional, 1, #r.positional, 1, {})
  if next(r.options) then given[#given + 1] = "{ options }" end
  return "(" .. table.concat(given, ", ") .. ")"
end

local OPERATORS = {
  __add = "a + b", __sub = "a - b", __mul = "a * b", __div = "a / b", __idiv = "a // b", __mod = "a % b",
  __pow = "a ^ b", __unm = "-x",
}

local function places(r)
  local list = {}
  if r.home == "dw" or r.home == "both" then list[#list + 1] = "dw." .. r.name .. signature(r) end
  if r.home == nil or r.home == "K" or r.home == "both" then list[#list + 1] = "K." .. r.name .. signature(r) end
  if r.home == "io" then list[#list + 1] = "dw.io." .. r.name .. signature(r) end
  if r.alias then list[#list + 1] = ("K[%q]"):format(r.alias) end
  if r.method then
    local rest = table.move(r.positional, 2, #r.positional, 1, {})
    if next(r.options) then rest[#rest + 1] = "{ options }" end
    local name = r.method == true and r.name or r.method
    list[#list + 1] = ("%s:%s(%s)"):format(r.positional[1], name, table.concat(rest, ", "))
  end
  if r.metamethod then list[#list + 1] = OPERATORS[r.metamethod] end
  return table.concat(list, "    ")
end

local help = {}

-- Whether a tensor goes in, so that it is worth saying that no gradient comes back.
local function takes_tensor(r)
  for _, kind in ipairs(r.kinds) do
    if kind.tensors then return true end
  end
  return false
end

-- A text in lines of at most 118 bytes.
local function wrapped(text)
  local lines, line = {}, ""
  for word in text:gmatch "%S+" do
    if #line + #word > 117 then
      lines[#lines + 1], line = line, word
    else
      line = line == "" and word or line .. " " .. word
    end
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

--- What an example of a record or topic prints. The global print is replaced while it runs, as ops that print use it.
---@param r table a record or topic
---@return string
function help.printed(r)
  local dw, lines, real = require "dwconv", {}, print
  local env = setmetatable({ dw = dw, K = dw.backend }, { __index = _G })
  local function note(...)
    local texts = table.pack(...)
    for i = 1, texts.n do texts[i] = tostring(texts[i]) end
    lines[#lines + 1] = table.concat(texts, "\t")
  end
  local f = assert(load(r.example, "=example of " .. r.name, "t", env))
  _G.print = note -- luacheck: ignore
  local good, why = pcall(f)
  _G.print = real -- luacheck: ignore
  if not good then error(why, 0) end
  return table.concat(lines, "\n")
end

--- The reference text of one op.
---@param r table a record
---@param run? boolean whether the example runs, and what it prints is shown
---@return string
function help.text(r, run)
  if r.refused then return ("K.%s\n\nThere is no such thing here; %s."):format(r.name, r.refused) end
  local lines = {}
  local function add(line) lines[#lines + 1] = line end
  add(places(r) .. "\n")
  add(r.doc .. "\n")
  add "Arguments"
  for i, arg in ipairs(r.positional) do add(("  %-16s %s"):format(arg, r.texts[i])) end
  add(("  %-16s %s"):format("-> result", r.result_text))
  option_lines(r, add)
  if r.errors then add("\n" .. wrapped("Errors: " .. r.errors)) end
  if r.backward == "none" and takes_tensor(r) then add("\nNo gradient: " .. r.reason .. ".") end
  if r.differs then add("\nUnlike Keras: " .. r.differs) end
  add("\nExample\n  " .. r.example:gsub("\n", "\n  "))
  if run then add("  --> " .. help.printed(r):gsub("\n", "\n  --> ")) end
  return table.concat(lines, "\n")
end

-- The text of a topic.
local function topic_text(t, run)
  local text = ("%s\n\n%s\n\nExample\n  %s"):format(t.use, t.text, (t.example:gsub("\n", "\n  ")))
  return run and text .. "\n  --> " .. help.printed(t):gsub("\n", "\n  --> ") or text
end

-- ---- dw.help -------------------------------------------------------------------------------------

local function family(f)
  local list = names(function(r) return r.family == f.name and not r.refused end)
  return ("%s: %s\n%s"):format(f.name, f.about, lookup.lines(list, "  "))
end

local function overview()
  local lines = { 'dw.help "name" explains a function, a family or a topic. Families of functions:' }
  for _, f in ipairs(ops.families) do lines[#lines + 1] = ("  %-12s %s"):format(f.name, f.about) end
  local list = {}
  for i, t in ipairs(topics) do list[i] = t.name end
  lines[#lines + 1] = "Classes:"
  for _, room in ipairs(classes.rooms) do
    lines[#lines + 1] = ("  dw.%-21s %s"):format(room, classes.about(room))
  end
  lines[#lines + 1] = "Topics:\n" .. lookup.lines(list, "  ")
  return table.concat(lines, "\n")
end

-- Each of these gives a text for a name, or nothing.
local finders = {
  function(name)
    return classes.find(name, function(other)
      for _, f in ipairs(ops.families) do
        if f.name == other then return true end
      end
    end)
  end,
  function(name) return ops.records[name] and help.text(ops.records[name]) end,
  function(name)
    for _, f in ipairs(ops.families) do
      if f.name == name then return family(f) end
    end
  end,
  function(name) -- an alias, an operator such as "+", or one as it is written
    for _, r in pairs(ops.records) do
      local operator = OPERATORS[r.metamethod]
      local sign = operator and operator:match "^a (%p+) b$"
      if name == r.alias or name == operator or name == sign then return help.text(r) end
    end
  end,
  function(name)
    for _, t in ipairs(topics) do
      if t.name == name then return topic_text(t) end
      for _, other in ipairs(t.also) do
        if other == name then return topic_text(t) end
      end
    end
  end,
  function(name) -- "npy" stands for npy.read and npy.write
    local room = names(function(r) return r.name:find(name .. ".", 1, true) == 1 end)
    for i, n in ipairs(room) do room[i] = help.text(ops.records[n]) end
    return #room > 0 and table.concat(room, "\n\n")
  end,
}

-- A name without what scripts write before it: K.sum, dw.io.npy, t:sum, tape:gradients.
local function plain(name)
  for _, before in ipairs { "^dw%.backend%.", "^K%.", "^dw%.", "^io%.", "^%a+:%f[%a]", "%(%)$" } do
    name = name:gsub(before, "")
  end
  return name
end

-- What a function is called.
local function name_of(f)
  for name, r in pairs(ops.records) do
    if r.call == f then return name end
  end
  local dw = require "dwconv"
  for name, value in pairs(dw) do
    if value == f then return name end
  end
  for name, value in pairs(dw.plot) do
    if value == f then return "plot." .. name end
  end
end

--- The text for a name as a script writes it; or nil, and a sentence that names the nearest one.
---@param name string
---@return string?
---@return string?
function help.find(name)
  for _, finder in ipairs(finders) do
    local text = finder(name) or finder(plain(name))
    if text then return text end
  end
  local known = names(function() return true end)
  for _, f in ipairs(ops.families) do known[#known + 1] = f.name end
  for _, t in ipairs(topics) do known[#known + 1] = t.name end
  for _, name_of_class in ipairs(classes.names()) do known[#known + 1] = name_of_class end
  local hint = args.hint(plain(name), known)
  if hint == "" then hint = "; dw.help() lists what there is." end
  return nil, ("Nothing is called %s%s"):format(args.show(name), hint)
end

--- The text for a function of dwconv, or for one of its classes; nil for anything else.
---@param value any
---@return string?
function help.find_value(value)
  local name = type(value) == "function" and name_of(value)
  if name then return (help.find(name)) end
  if value == require("dwconv").plot then return (help.find "plot") end
  return type(value) == "table" and classes.text_of(value) or nil
end

--- Prints the reference of a function, a family, a class or a topic, or what there is: this is dw.help. An unknown name
--- is answered with the nearest one.
---@param name? string|function|table
function help.show(name, ...)
  if select("#", ...) > 0 then args.raise "help: takes (name), got more" end
  if name == nil then return print(overview()) end
  if type(name) == "string" then
    local text, why = help.find(name)
    return print(text or why)
  end
  print(help.find_value(name) or ("There is no help for %s; dw.help() lists what there is."):format(args.show(name)))
end

-- ---- the reference -------------------------------------------------------------------------------

local function sentence(text) return text:gsub("^%l", string.upper) .. "." end

-- One page: its heading, what it is about, and the entries with their names.
local function page(title, about, entries)
  local parts = { ("# %s\n\n%s\n"):format(title, sentence(about)) }
  for _, e in ipairs(entries) do parts[#parts + 1] = ("## %s\n\n```text\n%s\n```\n"):format(e.name, e.text) end
  return table.concat(parts, "\n")
end

local function anchor(name) return (name:gsub("[^%w_ -]", ""):gsub(" ", "-")) end

-- A line of the index: the page, what it is about, links to its entries.
local function index_line(file, about, entries)
  local links = {}
  for i, e in ipairs(entries) do links[i] = ("[%s](%s.md#%s)"):format(e.name, file, anchor(e.name)) end
  return ("## [%s](%s.md)\n\n%s\n\n%s\n"):format(file, file, sentence(about), wrapped(table.concat(links, ", ")))
end

local INDEX = [[
# Reference

Made from the records by `make docs`; `dw.help "name"` prints the same without what examples print, which stands after
`-->` here. `K` is `dw.backend`. Every function may raise: an error says what was expected of which argument, and what
came.
]]

local TOPICS = "What is not a record: tensors' own methods, indexing, tapes, composition, threads"

--- The reference of all ops, in Markdown, one page for each family, one for the topics and an index: docs/reference/.
--- Examples run, with the settings as they are.
---@return table<string, string> # texts by the names of their files
function help.reference()
  local pages, index = {}, { INDEX }
  local function add(file, about, entries)
    pages[file .. ".md"] = page(file, about, entries)
    index[#index + 1] = index_line(file, about, entries)
  end
  for _, f in ipairs(ops.families) do
    local entries = names(function(r) return r.family == f.name end)
    for i, name in ipairs(entries) do entries[i] = { name = name, text = help.text(ops.records[name], true) } end
    add(f.name, f.about, entries)
  end
  for _, room in ipairs(classes.rooms) do
    local entries = { { name = "dw." .. room, text = classes.room(room, help.printed(classes.example(room))) } }
    for i, one in ipairs(classes.list(room)) do
      entries[i + 1] = { name = one.name, text = classes.text(room, one.class) }
    end
    add("dw." .. room, classes.about(room), entries)
  end
  local entries = {}
  for i, t in ipairs(topics) do entries[i] = { name = t.name, text = topic_text(t, true) } end
  add("topics", TOPICS, entries)
  pages["README.md"] = table.concat(index, "\n")
  return pages
end

--- LuaCATS annotations of K, dw and tensors, which editors read: docs/dwconv.meta.lua.
---@return string
function help.annotations() return require "dwconv.help.annotations".text() end

return help
