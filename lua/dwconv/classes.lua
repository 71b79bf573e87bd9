-- classes.lua: classes whose constructors take one table, as Keras's take arguments: layers, initializers, losses,
-- optimizers and their like. Each kind of them is a registry, in which a class is a record:
--   doc      what it is, first sentence first
--   leading  names of the options that may also be given by position, in order
--   options  name -> kind (args/kinds.lua), or a plain number, boolean or string, which is a default of its own type. A
--            kind with neither a default nor `optional` must be given
--   init     function(self), called when the options are read; may be left out
--   text     function(self), what an instance prints as, if not as what makes it
--   and the methods of its instances. A function `call` is what calling an instance does.
-- What comes of it is called with a table of options, and has from_config(config, custom_objects).
-- An instance has the normal form of each option in a field of the option's name. What it was made of is its
-- configuration, which from_config and files read; so instances of one class and one configuration are alike.
-- Invariant: an instance that exists has valid options; a name that it does not have is an error.

local args = require "dwconv.args"
local lookup = require "dwconv.lookup"

local kinds, raise, show, sorted_keys = args.kinds, args.raise, args.show, args.sorted_keys

local classes = {}

-- ---- options -------------------------------------------------------------------------------------

-- A kind for a default that is no kind itself.
local function kind_of(v)
  if type(v) == "table" and v.annotation then return v end
  if type(v) == "boolean" then return kinds.flag(v) end
  if type(v) == "number" then return kinds.number(v) end
  if type(v) == "string" then return kinds.text(v) end
  local kind = kinds.anything()
  kind.default, kind.optional = v, true
  return kind
end

-- The values by name: what stands at a position gets its name.
local function by_name(class, given)
  local values = {}
  for key, value in pairs(given) do
    local name = key
    if math.type(key) == "integer" then
      name = class.leading[key]
      if not name then
        raise("takes %s by position, got %s at position %d", #class.leading == 0 and "nothing"
          or table.concat(class.leading, ", "), show(value), key)
      end
      if given[name] ~= nil then raise("%s is given by position and by name", name) end
    elseif not class.options[key] then
      local names = sorted_keys(class.options)
      raise("unknown option %s%s (the options are %s)", show(key), args.hint(key, names), table.concat(names, ", "))
    end
    values[name] = value
  end
  return values
end

-- Reads the options that a script gave into the instance.
local function read_options(self, class, given)
  local values = by_name(class, given)
  for _, name in ipairs(class.order) do
    local kind, value = class.options[name], values[name]
    if value ~= nil then
      value = kind:check(name, value)
    elseif kind.current then
      value = kind.current()
    else
      value = kind.default
      if kind.fresh and value ~= nil then value = kind:check(name, value) end
      if value == nil and not kind.optional then
        raise("%s is missing: it must be %s", name, kind.expected or "given")
      end
    end
    rawset(self, name, value)
  end
end

-- ---- configurations ------------------------------------------------------------------------------

-- A value as a configuration holds it: plain data, which JSON can hold too.
local function plain(value, kind)
  if kind and kind.to_config then return kind.to_config(value) end
  if type(value) ~= "table" then return value end
  if classes.is_instance(value) then return classes.serialize(value) end
  local copy = {}
  for key, item in pairs(value) do copy[key] = plain(item) end
  return copy
end

--- {class_name =, config =}: what deserialize makes an instance of again.
function classes.serialize(instance)
  return { class_name = getmetatable(instance).class.name, config = instance:get_config() }
end

local Base = {}

--- The options it was made with, by name, as plain data.
function Base:get_config()
  local class, config = getmetatable(self).class, {}
  for name, kind in pairs(class.options) do config[name] = plain(self[name], kind) end
  return config
end

-- ---- instances -----------------------------------------------------------------------------------

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return rawequal(a, b) or a == b end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

local function text_of(v)
  if type(v) ~= "table" then return show(v) end
  if v.class_name then
    local inside = next(v.config) and " ... " or ""
    return ("%s{%s}"):format(v.class_name, inside)
  end
  local list = {}
  for i, item in ipairs(v) do list[i] = text_of(item) end
  return "{" .. table.concat(list, ", ") .. "}"
end

-- "Dense{ 10, activation = "relu" }": what differs from the defaults.
local function instance_text(self)
  local class, list, leading = getmetatable(self).class, {}, {}
  local config = self:get_config()
  for i, name in ipairs(class.leading) do
    if config[name] == nil or #list < i - 1 then break end
    if class.options[name].default ~= nil and same(config[name], plain(class.options[name].default)) then break end
    list[i], leading[name] = text_of(config[name]), true
  end
  for _, name in ipairs(class.order) do
    local kind = class.options[name]
    local usual = kind.default
    if kind.current then usual = kind.current() end
    if kind.fresh and usual ~= nil then usual = kind:check(name, usual) end
    if not leading[name] and config[name] ~= nil and not kind.quiet and not same(config[name], plain(usual, kind)) then
      list[#list + 1] = ("%s = %s"):format(name, text_of(config[name]))
    end
  end
  return class.name .. (#list == 0 and "{}" or "{ " .. table.concat(list, ", ") .. " }")
end

-- The metatable of a class's instances. `getters`: fields that are computed when they are read.
local function metatable_of(class, methods, getters)
  local meta = { class = class, getters = getters, __name = "dwconv." .. class.name,
    __tostring = methods.text or instance_text }
  function meta.__index(self, key)
    if getters[key] then return getters[key](self) end
    if class.options[key] then return nil end
    local method = methods[key]
    if method ~= nil then return method end
    local names = sorted_keys(methods)
    table.move(sorted_keys(getters), 1, #sorted_keys(getters), #names + 1, names)
    table.move(class.order, 1, #class.order, #names + 1, names)
    raise("%s has no field or method %s%s", class.name, show(key), args.hint(key, names))
  end
  return meta
end

--- Whether v is an instance of a class, of the registry if one is given.
function classes.is_instance(v, registry)
  local meta = type(v) == "table" and getmetatable(v)
  local class = type(meta) == "table" and rawget(meta, "class")
  return class ~= nil and class ~= false and (registry == nil or class.registry == registry)
end

-- ---- registries ----------------------------------------------------------------------------------

local Class = { __name = "dwconv.class" }

function Class.__call(class, given, ...) return class.construct(given, ...) end
function Class.__tostring(class) return ("%s, %s"):format(class.name, class.doc or "a class of a script") end

local function is_class(v) return getmetatable(v) == Class end

local Registry = {}
Registry.__index = Registry

--- A kind of classes. `what`: a word for an instance, with its article: "a layer". `base`: methods of all instances;
--- base.getters, base.metamethods and base.options are what their names say;
--- base.invoke is what calling an instance does, if that is not its method `call`.
---@param namespace string "dw.layers"
---@param what string
---@param base? table
function classes.registry(namespace, what, base)
  return setmetatable({ namespace = namespace, what = what, base = base or {}, classes = {}, aliases = {} }, Registry)
end

local function merged(a, b)
  local both = {}
  for key, value in pairs(a or {}) do both[key] = value end
  for key, value in pairs(b or {}) do both[key] = value end
  return both
end

local function options_of(registry, record)
  local options = {}
  for name, kind in pairs(registry.base.options or {}) do options[name] = kind end
  for name, kind in pairs(record.options or {}) do options[name] = kind_of(kind) end
  return options
end

local RESERVED <const> = { doc = true, leading = true, options = true, getters = true, metamethods = true,
  of_function = true, invoke = true }

local function methods_of(registry, record)
  local methods = {}
  for _, source in ipairs { Base, registry.base, record } do
    for key, value in pairs(source) do
      if not RESERVED[key] then methods[key] = value end
    end
  end
  return methods
end

-- Options are read in this order: leading ones first.
local function order_of(class)
  local order, seen = {}, {}
  for i, name in ipairs(class.leading) do order[i], seen[name] = name, true end
  for _, name in ipairs(sorted_keys(class.options)) do
    if not seen[name] then order[#order + 1] = name end
  end
  return order
end

local function add_metamethods(registry, meta, methods)
  for name, f in pairs(registry.base.metamethods or {}) do meta[name] = f end
  local invoke = registry.base.invoke or methods.call
  if invoke then meta.__call = args.speaking(meta.class.name, invoke) end
end

--- Makes a class of a record: class "Dense" { record }, which gives the class. A script's own does the same, and
--- is not found by its name unless it is handed over as a custom object.
---@param name string
---@param own? boolean whether it is a script's
---@return fun(record: table): table
function Registry:class(name, own)
  if type(name) ~= "string" or not name:find "^[%a_][%w_]*$" then
    raise("the name of %s must be a name of letters and digits, got %s", self.what, show(name))
  end
  return function(record)
    if type(record) ~= "table" then raise("%s must be a table of options and methods, got %s", name, show(record)) end
    local class = { name = name, doc = record.doc, leading = record.leading or {}, registry = self }
    setmetatable(class, Class)
    class.options = options_of(self, record)
    class.order = order_of(class)
    class.methods = methods_of(self, record)
    local meta = metatable_of(class, class.methods, merged(self.base.getters, record.getters))
    add_metamethods(self, meta, class.methods)
    class.construct = args.speaking(name, function(given, ...)
      if given == nil then given = {} end
      if type(given) ~= "table" or classes.is_instance(given) or select("#", ...) > 0 then
        raise("takes one table: %s{%s}, got %s", name, #class.leading == 0 and "" or " " .. class.leading[1] .. " ",
          show(given))
      end
      local instance = setmetatable({}, meta)
      read_options(instance, class, given)
      if self.base.init then self.base.init(instance) end
      if record.init then record.init(instance) end
      return instance
    end)
    --- An instance of what get_config gave.
    class.from_config = args.speaking(name .. ".from_config", function(config, custom_objects)
      return self:from_config(class, config, custom_objects)
    end)
    if not own then self.classes[name] = class end
    return class
  end
end

--- For the namespace: makes a class of a script, dw.losses.Loss "Mine" { record }.
---@return fun(name: string): fun(record: table): table
function Registry:own()
  return args.speaking(self.namespace, function(name) return self:class(name, true) end)
end

--- Another name under which a class is found by a string: an instance of it with these options.
function Registry:alias(name, class, given)
  self.aliases[name] = { class = class, given = given or {} }
end

--- "GlorotUniform" as Keras writes it in a string: "glorot_uniform".
local function snake(name) return (name:gsub("(%l)(%u)", "%1_%2"):lower()) end

classes.snake = snake

local function names_of(registry)
  local names = sorted_keys(registry.classes)
  table.move(sorted_keys(registry.aliases), 1, #sorted_keys(registry.aliases), #names + 1, names)
  return names
end

--- The names that Keras writes in strings, for classes and for what they are called besides.
---@return string[]
function Registry:names()
  local names = {}
  for name in pairs(self.classes) do names[snake(name)] = true end
  for name in pairs(self.aliases) do names[name] = true end
  return args.sorted_keys(names)
end

--- The class of a name, of custom objects first; nil if there is none.
function Registry:find(name, custom_objects)
  local own = custom_objects and custom_objects[name]
  if is_class(own) then return own end
  return self.classes[name]
end

--- An instance of what stands for one: itself, a class, the name of a class (Keras's other names too),
--- {class_name =, config =}, or a function, where base.of_function makes an instance of one. nil, and why, where there
--- is none.
---@param v any
---@param custom_objects? table<string, any> classes by name
function Registry:get(v, custom_objects)
  if classes.is_instance(v, self) then return v end
  if is_class(v) and v.registry == self then return v {} end
  if type(v) == "table" and type(v.class_name) == "string" then
    local class = self:find(v.class_name, custom_objects)
    if not class then return nil, ("there is no %s %s"):format(self.what:gsub("^an? ", ""), show(v.class_name)) end
    return self:from_config(class, v.config, custom_objects)
  end
  if type(v) == "function" and self.base.of_function then return self.base.of_function(v) end
  if type(v) ~= "string" then return nil end
  if is_class(custom_objects and custom_objects[v]) then return custom_objects[v] {} end
  local alias = self.aliases[v]
  if alias then return alias.class(alias.given) end
  for name, class in pairs(self.classes) do
    if name == v or snake(name) == v then return class {} end
  end
end

--- An instance of a class from the options that get_config gave.
function Registry.from_config(_, class, config, custom_objects)
  if type(config or {}) ~= "table" then raise("the config of %s must be a table, got %s", class.name, show(config)) end
  if class.methods.from_config then return class.methods.from_config(class, config or {}, custom_objects) end
  local given = {}
  for name, value in pairs(config or {}) do
    local kind = class.options[name]
    if kind and kind.from_config then value = kind.from_config(value, custom_objects) end
    given[name] = value
  end
  return class(given)
end

--- The kind of an option that is such an instance. `default` is a name, of which each instance gets its own.
---@param default? string
---@param optional? boolean whether it may be left out
function Registry:kind(default, optional)
  local registry = self
  return kinds.new {
    default = default,
    fresh = true,
    optional = optional,
    annotation = "table|string",
    words = self.what .. " or its name",
    expected = self.what .. " or its name",
    read = function(v) return (registry:get(v)) end,
    suggest = function() return registry:names() end,
    explain = function(argument, v)
      local _, why = registry:get(v)
      if why then raise("%s: %s", argument, why) end
      if type(v) == "string" then
        raise("%s must be %s or its name, got %s%s", argument, registry.what, show(v), args.hint(v, names_of(registry)))
      end
    end,
    from_config = function(v, custom_objects)
      local instance, why = registry:get(v, custom_objects)
      if why then raise("%s", why) end
      return instance or v
    end,
  }
end

--- The namespace of the registry's classes, which says so when it does not have a name. `more`: further names. Its
--- function get gives an instance of what stands for one, as the registry's does, or raises.
function Registry:open(about, more)
  local kind = self:kind()
  local t = { get = args.speaking(self.namespace .. ".get", function(v) return kind:check("identifier", v) end) }
  for name, class in pairs(self.classes) do t[name] = class end
  for name, value in pairs(more or {}) do t[name] = value end
  return lookup.strict(t, self.namespace, about)
end

return classes
