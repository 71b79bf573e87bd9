-- help/classes.lua: what dw.help and the reference say of classes: layers, initializers, losses and the others, made
-- from their records. Called by init.lua, which prints it, and by annotations.lua.

local args = require "dwconv.args"
local classes = require "dwconv.classes"
local lookup = require "dwconv.lookup"
local uses = require "dwconv.help.uses"

local help = {}

-- The rooms of dw that hold classes, in the order of the reference.
help.rooms = {
  "layers", "initializers", "regularizers", "constraints", "losses", "metrics", "optimizers", "optimizers.schedules",
  "callbacks",
}

local function is_class(v) return type(v) == "table" and rawget(v, "construct") ~= nil end

-- The table behind a room's name.
local function room_of(name)
  local room = require "dwconv"
  for part in name:gmatch "%w+" do room = room[part] end
  return room
end

-- Sorted names of a room's entries that `keep` wants.
local function names_in(room, keep)
  local list = {}
  for name, v in pairs(room) do
    if keep(v, name) then list[#list + 1] = name end
  end
  table.sort(list)
  return list
end

--- The classes of a room, each under its own name: { name, class }, sorted.
function help.list(name)
  local room = room_of(name)
  local list = names_in(room, function(v, class) return is_class(v) and v.name == class end)
  for i, class in ipairs(list) do list[i] = { name = class, class = room[class] } end
  return list
end

--- What a room is about: "layers of networks".
function help.about(name) return (tostring(room_of(name)):match "^%S+, (.-):?[;\n]") end

--- The text of an option's default.
function help.default_text(kind)
  if kind.current then return "K's setting, at first " .. args.show(kind.first) end
  local d = kind.default
  if d == nil then return kind.default_text or "none" end
  if type(d) == "table" and d[1] == d[2] then d = d[1] end
  return args.show(d)
end

local function option_line(name, kind)
  local text = ("  %-24s %s; "):format(name, kind.expected or kind.words or "anything")
  if kind.default == nil and not kind.optional and not kind.current then return text .. "must be given" end
  return text .. "default " .. help.default_text(kind)
end

-- What classes of a registry have in common is said of the room.
local function is_own(class, option) return not (class.registry.base.options or {})[option] end

local function use(room, class)
  local given = table.move(class.leading, 1, #class.leading, 1, {})
  for _, option in ipairs(class.order) do
    if is_own(class, option) and not table.concat(given, " "):find("%f[%w_]" .. option .. "%f[^%w_]") then
      given[#given + 1] = "options"
      break
    end
  end
  local inside = #given > 0 and " " .. table.concat(given, ", ") .. " " or ""
  return ("dw.%s.%s{%s}"):format(room, class.name, inside)
end

-- The strings by which options and compile find the class.
local function strings_of(class)
  local list, snake = {}, classes.snake(class.name)
  for name, alias in pairs(class.registry.aliases) do
    if alias.class == class and name ~= snake then list[#list + 1] = ("%q"):format(name) end
  end
  table.sort(list)
  table.insert(list, 1, ("%q"):format(snake))
  return table.concat(list, ", ")
end

--- The reference text of a class.
function help.text(room, class)
  local lines = { use(room, class) .. "\n", class.doc or "" }
  local options = {}
  for _, option in ipairs(class.order) do
    if is_own(class, option) then options[#options + 1] = option_line(option, class.options[option]) end
  end
  if #options > 0 then lines[#lines + 1] = "\nOptions\n" .. table.concat(options, "\n") end
  lines[#lines + 1] = "\nAs a string: " .. strings_of(class)
  return table.concat(lines, "\n")
end

-- What all classes of a room take besides.
local function common(list)
  local options = list[1] and list[1].class.registry.base.options
  if not options or next(options) == nil then return nil end
  local lines = {}
  for name, kind in pairs(options) do lines[#lines + 1] = option_line(name, kind) end
  table.sort(lines)
  return "All of them take\n" .. table.concat(lines, "\n")
end

--- The example of a room, as that of a record.
function help.example(name) return { name = "dw." .. name, example = uses[name][2] } end

--- What a room holds: its classes, how they are used, what they have in common, and its functions. `printed`: what the
--- example prints, if that is wanted.
function help.room(name, printed)
  local list, names = help.list(name), {}
  for i, one in ipairs(list) do names[i] = one.name end
  local lines = { ("dw.%s: %s\n%s"):format(name, help.about(name), lookup.lines(names, "  ")) }
  lines[#lines + 1] = uses[name][1]
  lines[#lines + 1] = "Example\n  " .. uses[name][2]:gsub("\n", "\n  ")
    .. (printed and "\n  --> " .. printed:gsub("\n", "\n  --> ") or "")
  lines[#lines + 1] = common(list)
  local others = names_in(room_of(name), function(v, key) return is_class(v) and v.name ~= key end)
  if #others > 0 then lines[#lines + 1] = "Keras's other names\n" .. lookup.lines(others, "  ") end
  local functions = names_in(room_of(name), function(v) return type(v) == "function" end)
  if #functions > 0 then lines[#lines + 1] = "Functions\n" .. lookup.lines(functions, "  ") end
  return table.concat(lines, "\n\n")
end

--- The text for a name such as "Dense", "layers.Dense" or "dw.layers", of all rooms that have it; nil if none has. A
--- room of a name that ops have, too, is meant with its "dw.".
function help.find(name, is_taken)
  local texts = {}
  for _, room in ipairs(help.rooms) do
    if name == "dw." .. room or name == room and not is_taken(room) then return help.room(room) end
    local wanted = name:gsub("^dw%.", ""):gsub("^" .. room:gsub("%p", "%%%0") .. "%.", "")
    for _, one in ipairs(help.list(room)) do
      if one.name == wanted then texts[#texts + 1] = help.text(room, one.class) end
    end
  end
  return #texts > 0 and table.concat(texts, "\n\n") or nil
end

--- The room and the name of a class itself.
function help.text_of(class)
  for _, room in ipairs(help.rooms) do
    for _, one in ipairs(help.list(room)) do
      if rawequal(one.class, class) then return help.text(room, class) end
    end
  end
end

--- LuaCATS annotations of the classes of all rooms; add(line) takes each.
function help.annotate(add)
  for _, room in ipairs(help.rooms) do
    add(("\ndw.%s = {}"):format(room))
    for _, one in ipairs(help.list(room)) do
      local fields = { "[integer]: any" }
      for _, option in ipairs(one.class.order) do
        fields[#fields + 1] = ("%s?: %s"):format(option, one.class.options[option].annotation)
      end
      add(("\n--- %s"):format((one.class.doc or ""):gsub("\n", " ")))
      add(("---@param o? { %s }"):format(table.concat(fields, ", ")))
      add "---@return table"
      add(("function dw.%s.%s(o) end"):format(room, one.name))
    end
  end
end

--- The names of all classes.
function help.names()
  local names = {}
  for _, room in ipairs(help.rooms) do
    for _, one in ipairs(help.list(room)) do names[#names + 1] = one.name end
  end
  return names
end

return help
