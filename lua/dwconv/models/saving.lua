-- models/saving.lua: models in files: model:save and dw.load_model, save_weights and load_weights. A file is one of
-- safetensors. Its texts: "dwconv", the version of this layout; "architecture" and "training", JSON; "weights", the
-- names of the weights in their order. Its tensors: the weights as LAYER/WEIGHT, "optimizer/SLOT/N", "constants/N".
-- Invariant: while a file is read, the Lua state may grow by some times its length only, whatever it says; and nothing
-- is written into a model before all of the file is known to fit.

local K = require "dwconv.backend"
local architecture = require "dwconv.models.architecture"
local args = require "dwconv.args"
local classes = require "dwconv.classes"
local config = require "dwconv.config"
local io_json = require "dwconv.io.json"
local losses = require "dwconv.losses"
local metrics = require "dwconv.metrics"
local ops = require "dwconv.ops"
local optimizers = require "dwconv.optimizers"
local random = require "dwconv.layers.random"
local safetensors = require "dwconv.io.safetensors"

local kinds, raise, show = args.kinds, args.raise, args.show

local saving = {}

local VERSION <const> = "1"

-- ---- names of weights ------------------------------------------------------------------------------

-- "block/conv2d/kernel": the layers from the model to the weight. Names that come again get a number.
local function named_variables(model)
  local list, used = {}, {}
  local function visit(one, path)
    local own = rawget(one, "steps") or rawget(one, "stack")
    local variables = own and {} or one.variables
    local inner = one.sublayers
    for _, v in ipairs(variables) do list[v] = list[v] or path .. v.name end
    for _, sub in ipairs(inner) do visit(sub, path .. sub.name .. "/") end
  end
  visit(model, model.sublayers[1] and "" or model.name .. "/")
  local ordered = {}
  for i, v in ipairs(model:all_variables()) do
    local name, n = list[v], 1
    while used[name] do
      n = n + 1
      name = ("%s#%d"):format(list[v], n)
    end
    ordered[i], used[name] = { name = name, variable = v }, true
  end
  return ordered
end

saving.named_variables = named_variables

local function weights_of(model)
  if not model.built then raise("%s: it is not built yet, so it has no weights", model.name) end
  local tensors, names = {}, {}
  for i, one in ipairs(named_variables(model)) do tensors[one.name], names[i] = one.variable.tensor, one.name end
  return tensors, names
end

-- ---- saving ----------------------------------------------------------------------------------------

-- Losses and metrics as data; what a script wrote itself is left out. `whole`: a list that lacks one is left out
-- too, as its places count.
local function plain(v, whole)
  if type(v) == "string" then return v end
  if classes.is_instance(v) then
    local data = classes.serialize(v)
    local fine = pcall(io_json.encode, data, "it")
    return fine and data or nil
  end
  if type(v) ~= "table" or getmetatable(v) then return nil end
  local copy, n = {}, #v
  for i = 1, n do
    local item = plain(v[i])
    if item == nil and whole then return nil end
    copy[#copy + 1] = item
  end
  for key, item in pairs(v) do
    if math.type(key) == nil then copy[key] = plain(item) end
  end
  return copy
end

local function training_data(model, tensors)
  local compiled = rawget(model, "compiled")
  local draws = random.counts(model)
  if not compiled then return { position = rawget(model, "position"), draws = draws } end
  local slots, iterations = compiled.optimizer:variables()
  local names, order, number = {}, {}, {}
  for i, one in ipairs(named_variables(model)) do number[one.variable.tensor] = i end
  for _, slot in ipairs(slots) do
    local at = number[slot.variable] -- nil where the optimizer trains another model too
    if at then
      names[#names + 1], tensors["optimizer/" .. slot.name] = slot.name, slot.tensor
      if order[#order] ~= at then order[#order + 1] = at end
    end
  end
  return {
    optimizer = plain(compiled.optimizer), loss = plain(compiled.loss, true), loss_weights = compiled.loss_weights,
    metrics = plain(compiled.metrics), weighted_metrics = plain(compiled.weighted_metrics), iterations = iterations,
    slots = names, variables = order, position = rawget(model, "position"),
    draws = draws,
  }
end

local parse_save = args.options({ include_optimizer = kinds.flag(true) }, "(path, {include_optimizer =})")

--- model:save(path): architecture, weights, and what training needs to go on, as one .safetensors file.
saving.save = args.speaking("save", function(self, path, ...)
  local o = parse_save(...)
  local data, constants = architecture.of(self)
  local tensors, names = weights_of(self)
  for i, t in ipairs(constants) do tensors["constants/" .. i] = t end
  local metadata = { dwconv = VERSION, architecture = io_json.encode(data, "the architecture"),
    weights = io_json.encode(names, "the names of weights") }
  if o.include_optimizer then metadata.training = io_json.encode(training_data(self, tensors), "the training") end
  safetensors.write(path, tensors, { metadata = metadata })
end)

--- model:save_weights(path): the weights alone.
saving.save_weights = args.speaking("save_weights", function(self, path)
  local tensors, names = weights_of(self)
  local metadata = { dwconv = VERSION, weights = io_json.encode(names, "the names of weights") }
  safetensors.write(path, tensors, { metadata = metadata })
end)

-- ---- loading weights -------------------------------------------------------------------------------

local Report = { __name = "dwconv.Report" }
Report.__index = Report

local function lines(list, head)
  if #list == 0 then return nil end
  return head .. "\n    " .. table.concat(list, "\n    ")
end

function Report:__tostring()
  local parts = { ("loaded %d weights"):format(#self.loaded) }
  parts[#parts + 1] = lines(self.missing, "  of the model, not in the file:")
  parts[#parts + 1] = lines(self.unexpected, "  of the file, not in the model:")
  parts[#parts + 1] = lines(self.mismatched, "  of another shape or dtype:")
  return table.concat(parts, "\n")
end

local function decode(path, text, what)
  local value, why = io_json.decode(text)
  if value == nil then raise("%s: %s is no JSON: %s", path, what, why) end
  return value
end

-- The names of the weights in a file, in order; by name, where the file does not say.
local function names_in(path, tensors, metadata)
  if metadata.weights then
    local names = decode(path, metadata.weights, "weights")
    if type(names) ~= "table" then raise("%s: weights must be a list of names", path) end
    for i, name in ipairs(names) do
      if type(name) ~= "string" or not tensors[name] then
        raise("%s: weights[%d] names no tensor: %s", path, i, show(name))
      end
    end
    return names
  end
  local names = {}
  for name in pairs(tensors) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function fits(v, t) return v.tensor.shape == t.shape and v.tensor.dtype == t.dtype end

local function text_of(name, t) return ("%s %s %s"):format(name, table.concat(t.shape, "x"), t.dtype) end

-- The pairs {variable, tensor} that are to be written, and the report. By name, or in order.
local function match(model, tensors, names, by_name)
  local report = setmetatable({ loaded = {}, missing = {}, unexpected = {}, mismatched = {} }, Report)
  local pairs_, taken = {}, {}
  for i, own in ipairs(named_variables(model)) do
    local name = by_name and own.name or names[i]
    local t = name and tensors[name]
    if not t then
      table.insert(report.missing, text_of(own.name, own.variable.tensor))
    elseif not fits(own.variable, t) then
      taken[name] = true
      table.insert(report.mismatched, ("%s: the model has %s, the file %s"):format(own.name,
        text_of("", own.variable.tensor):sub(2), text_of("", t):sub(2)))
    else
      taken[name] = true
      table.insert(report.loaded, own.name)
      pairs_[#pairs_ + 1] = { own.variable.tensor, t }
    end
  end
  for _, name in ipairs(names) do
    if not taken[name] then table.insert(report.unexpected, text_of(name, tensors[name])) end
  end
  return pairs_, report
end

local function write(pairs_) ops.calls.no_grad(K.batch_set_value, pairs_) end

local parse_load = args.options({ by_name = kinds.flag(false), skip_mismatch = kinds.flag(false) },
  "{path, by_name =, skip_mismatch =}")

--- model:load_weights{ path, by_name = true, skip_mismatch = true }: weights of a .safetensors file, in order, or by
--- the names of layers and weights. Gives a report of what was loaded and what was not. In order, all must be there and
--- fit; by name, what is on one side only is left as it is; with skip_mismatch, so is what does not fit.
saving.load_weights = args.speaking("load_weights", function(self, given, ...)
  local options = {}
  if type(given) == "table" then
    for key, value in pairs(given) do
      if key ~= 1 then options[key] = value end
    end
    given = given[1]
  end
  local o = parse_load(next(options) and options or ..., nil)
  if not self.built then raise("%s: it is not built yet, so it has no weights", self.name) end
  local tensors, metadata = safetensors.read(given)
  local pairs_, report = match(self, tensors, names_in(given, tensors, metadata), o.by_name)
  local lost = #report.mismatched > 0 and not o.skip_mismatch
  if not o.by_name then lost = lost or #report.missing > 0 or #report.unexpected > 0 end
  if lost then raise("%s does not fit the model: %s", given, tostring(report)) end
  write(pairs_)
  return report
end)

-- ---- loading models --------------------------------------------------------------------------------

local GROWTH <const>, ROOM <const> = 24, 1 << 26 -- times the length of the file; bytes

-- Calls f while the state may not grow by more than a file of this length justifies.
local function with_little_memory(length, f, ...)
  local now = math.floor(collectgarbage "count" * 1024)
  local limit = math.min(config.memory_limit(), now + GROWTH * length + ROOM)
  local former = config.set_memory_limit(limit)
  local _ <close> = setmetatable({}, { __close = function() config.set_memory_limit(former) end })
  return args.pass(f(...))
end

local function length_of(tensors, metadata)
  local n = 0
  for name, t in pairs(tensors) do n = n + #name + t.size * 8 end
  for name, text in pairs(metadata) do n = n + #name + #text end
  return n
end

-- Makes the optimizer, the losses and the metrics of a saved model again.
local function restore_training(path, model, data, tensors, custom_objects)
  if type(data) ~= "table" then raise("%s: training must be a table", path) end
  if data.optimizer then
    local function made(registry, v)
      if type(v) ~= "table" then return v end
      if v.class_name then
        local one, why = registry:get(v, custom_objects)
        if not one then raise("%s: %s", path, why or "training names no class") end
        return one
      end
      local copy = {}
      for key, item in pairs(v) do copy[key] = made(registry, item) end
      return copy
    end
    model:compile { optimizer = made(optimizers, data.optimizer), loss = made(losses, data.loss),
      loss_weights = data.loss_weights, metrics = made(metrics, data.metrics),
      weighted_metrics = made(metrics, data.weighted_metrics) }
    local variables, slots, all = {}, {}, model:all_variables()
    for i, number in ipairs(data.variables or {}) do
      if not all[number] then raise("%s: training.variables[%d] is no weight", path, i) end
      variables[i] = all[number].tensor
    end
    for i, name in ipairs(data.slots or {}) do
      slots[i] = tensors["optimizer/" .. tostring(name)]
      if not slots[i] then raise("%s: there is no tensor optimizer/%s", path, tostring(name)) end
    end
    model.optimizer:load_variables(slots, data.iterations, variables)
  end
  if data.draws ~= nil and not random.restore(model, data.draws) then raise("%s: training.draws is damaged", path) end
  local p = data.position
  if p ~= nil then
    local fine = type(p) == "table" and math.type(p.epoch) == "integer" and math.type(p.step) == "integer"
      and type(p.stream) == "table" and math.type(p.stream[1]) == "integer" and math.type(p.stream[2]) == "integer"
      and (p.order == nil or math.type(p.order) == "integer")
    if not fine then raise("%s: training.position is damaged", path) end
    rawset(model, "position", p)
  end
end

local function make_model(path, tensors, metadata, o)
  if not metadata.architecture then
    raise("%s holds no architecture: it is a file of weights, for model:load_weights", path)
  end
  if metadata.dwconv ~= VERSION then
    raise("%s is of version %s of the layout, and this dwconv reads %s", path, show(metadata.dwconv), VERSION)
  end
  local constants = {}
  while tensors["constants/" .. #constants + 1] do
    constants[#constants + 1] = tensors["constants/" .. #constants + 1]
  end
  local data = decode(path, metadata.architecture, "architecture")
  local model = architecture.make(data, constants, o.custom_objects)
  local names = names_in(path, tensors, metadata)
  if model.built then
    local pairs_, report = match(model, tensors, names, false)
    if #report.mismatched + #report.missing + #report.unexpected > 0 then
      raise("%s: the weights do not fit the architecture: %s", path, tostring(report))
    end
    write(pairs_)
  end
  if metadata.training and o.compile then
    restore_training(path, model, decode(path, metadata.training, "training"), tensors, o.custom_objects)
  end
  return model
end

local parse_model = args.options({
  custom_objects = kinds.optional(kinds.table("table<string, any>", "classes of a script, by name")),
  compile = kinds.flag(true),
}, "(path, {custom_objects =, compile =})")

--- dw.load_model(path, { custom_objects = { Scale = Scale } }): the model that model:save wrote, with its optimizer and
--- where its training was. Layers of a script are found in custom_objects. Every claim of the file is checked.
---@param path string
---@param given? table
saving.load_model = args.speaking("load_model", function(path, ...)
  local o = parse_model(...)
  local tensors, metadata = safetensors.read(path)
  return with_little_memory(length_of(tensors, metadata), function()
    local fine, model = pcall(make_model, path, tensors, metadata, o)
    if fine then return model end
    if type(model) ~= "string" then error(model, 0) end
    if not model:find("load_model: ", 1, true) then raise("%s describes no model: %s", path, model) end
    error(model:find(path, 1, true) and model or ("%s [of %s]"):format(model, path), 0)
  end)
end)

return saving
