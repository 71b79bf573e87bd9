-- ops/init.lua: op "name" { record } takes a record, checks that it is whole and makes its function. Everything
-- with an op's name in it is made from the record: the K function, its checks, the tensor method and metamethod, the
-- tape's entry, the reference text, the tests. Rooms in ops/ hold the records; they know the core and this file.
--
-- A record:
--   doc        what it computes, first sentence first
--   args       the tensors to which gradients flow, which come first, by position (numbers may stand for some): each
--              { name, kind }, and what the reference says of it in place of the kind's words, if anything
--   values     the same for what else is required by position (an axis, a dtype, a tensor of indices); may be left out
--   result     what comes out: of a tensor the text that tensors' kinds have, else a kind, or a list of these; nothing
--              if left out
--   reads      "core", or names of args and values: forward hands these to functions of the core, which read them in
--              the words of their kinds, so that they are not read twice; the function made here reads the others.
--              "core" goes without saying where forward is a function of the core
--   options    name -> kind; may be left out
--   prepare    function(options) -> what forward takes in their place, made once for options that are used again; may
--              be left out
--   forward    function(args..., values..., options) -> result, of arguments in the normal form that their kinds give
--              them; options are left out if the record has none
--   backward   name of an arg -> function(g, result, args..., values..., options) -> gradient, written with ops, or
--              false for what is never a float;
--              or "parts": forward is itself written with ops, whose gradients are its own;
--              or "none" and `reason`
--   keeps      names of the args, or "result", whose numbers backward reads: the tape keeps these, of others it knows
--              only shape and dtype. Of two args, one of which may be a number: for each what its gradient reads
--   remake     function(args..., values..., options) -> the result again, to the same bits, from what `keeps` names:
--              tapes then do not keep it for the gradients of other ops, but make it again; may be left out
--   part       true: the result is a view of some of the one tensor's numbers
--   repeats    for a part, function(values...) -> whether it repeats numbers; may be left out
--   noted      true, with backward "none": tapes know its result nevertheless, as it may be a loss
--   linear     true: linear in each of its tensors while the others are held
--   sample     function(R) -> the arguments of one call, for tests, R(shape, low, high) random; sizes never square
--   method     true, or a name: tensors have it as a method
--   metamethod "__add" and its like
--   alias      another name of the same function
--   home       where the function is: "K" (if left out), "dw", "both", or "method" for tensors' methods only
--   raw        true: forward reads its arguments and options itself
--   differs    how it differs from Keras, if it does
--   example    Lua code that prints something telling, with dw and K at hand: the same every time, and settings are as
--              before when it is done
--   errors     what raises apart from an argument that is not of its kind; may be left out
-- Once it is recorded, args are names, and there are also: place (where it stands), positional (names of args and
-- values), kinds and texts (by position), results (kinds), result_text, and list (true: its one arg is a table of
-- tensors, and its backward gives a table of gradients). What forward raises does not say the op's name: args.raise
-- adds it, and so does the core.

local args = require "dwconv.args"
local core = require "dwconv.core"
local recorded_call = require "dwconv.ops.call"

-- calls: the functions by name, for gradients and for ops that are made of others.
local ops = { records = {}, calls = {}, families = require "dwconv.ops.families" }

local function refuse(name, text) error(("op %s: %s"):format(name, text), 0) end

local required = { doc = "string", args = "table", forward = "function", sample = "function", example = "string" }

local function check_backward(name, r)
  if r.backward == "none" then
    if type(r.reason) ~= "string" then refuse(name, "has no backward and no reason") end
    return
  end
  if r.backward == "parts" then return end
  if type(r.backward) ~= "table" then refuse(name, "has no backward") end
  for _, arg in ipairs(r.args) do
    local f = r.backward[arg]
    if type(f) ~= "function" and f ~= false then refuse(name, ("has no backward for %s"):format(arg)) end
  end
  if type(r.keeps) ~= "table" then refuse(name, "has no keeps: say which numbers backward reads") end
end

local function check_record(name, r)
  if ops.records[name] then refuse(name, "is recorded twice") end
  for field, kind in pairs(required) do
    if type(r[field]) ~= kind then refuse(name, ("has no %s"):format(field)) end
  end
end

-- ---- what goes in and comes out ------------------------------------------------------------------

local function is_kind(k) return type(k) == "table" and k.annotation ~= nil end

local function text_of(kind, text)
  return (text or kind.words or kind.expected) .. (kind.optional and ", or nil" or "")
end

local function read_arguments(name, r, list)
  local names = {}
  for i, arg in ipairs(list) do
    local kind = arg[2]
    if type(arg[1]) ~= "string" or not is_kind(kind) then
      refuse(name, ("does not say of what kind argument %d is"):format(i))
    end
    local at = #r.positional + 1
    names[i], r.positional[at], r.kinds[at], r.texts[at] = arg[1], arg[1], kind, text_of(kind, arg[3])
  end
  return names
end

local function read_results(name, r)
  local given, texts = r.result, {}
  if given == nil then given = {} elseif type(given) == "string" or is_kind(given) then given = { given } end
  r.results = {}
  for i, one in ipairs(given) do
    local kind = type(one) == "string" and args.kinds.tensor(one) or one
    if not is_kind(kind) then refuse(name, "does not say what its result is") end
    r.results[i], texts[i] = kind, text_of(kind)
  end
  r.result_text = #texts > 0 and table.concat(texts, ", ") or "nothing"
end

local function read_signature(name, r)
  r.options, r.positional, r.kinds, r.texts = r.options or {}, {}, {}, {}
  r.args = read_arguments(name, r, r.args)
  read_arguments(name, r, r.values or {})
  read_results(name, r)
  r.list = r.kinds[1] and #r.args > 0 and r.kinds[1].list
end

-- ---- calling -------------------------------------------------------------------------------------

-- slot[1]: what records: a tape, or what hands calls on to several (see call.lua); slot[2]: note_write(x, value). The
-- tape puts both here while it records. slot[3]: a graph (graph.lua), while there are symbolic tensors: it meets(...)
-- some among the arguments, and then notes the call of the record as a whole, whatever it is made of. slot.scope(): a
-- token of what records here, the same within one dw.record or dw.no_grad; slot.watch(graph) sets slot[3];
-- slot.is_symbolic(x) and slot.refuse_write(x) are there once there was a graph; slot.hold(t) while tensors borrow
-- memory (grad/arena.lua): what an op remembers of t's step.
local slot = { nil, nil, nil, scope = nil, watch = nil, is_symbolic = nil, refuse_write = nil, hold = nil }
ops.slot = slot

-- The source of a record's function: positional arguments, then options; $name stands for what source_of puts there. No
-- tail calls, as a function must be on the stack while errors speak of it.
local template = [[
local readers, forward, slot, record, note, pass, parse, fixed, prepared = ...
$readers
return function($first given, extra)
  $graph
  $options
  $reads
  $body
end]]

local noting = "local graph = slot[3] if graph and graph.meets($first given) then "
  .. "return pass(graph.note(record, $first given, extra)) end"

local with_options = "local o, p = fixed, prepared "
  .. "if o == nil or given ~= nil or extra ~= nil then o, p = parse(given, extra) end"
local without_options = "if given ~= nil or extra ~= nil then parse(given, extra) end"

local recorded = "local y = forward($taken) local tape = slot[1] "
  .. "if tape then note(tape, record, y, $noted) end return y"

-- By the number of results, of which the second may be missing; "several" may be any number.
local plain = {
  [0] = "forward($taken)",
  "local y = forward($taken) return y",
  "local y, z = forward($taken) if z == nil then return y end return y, z",
  several = "return pass(forward($taken))",
}

local function results_of(r)
  local n = #r.results
  return (n > 2 or n > 0 and r.results[n].several) and "several" or n
end

-- What reads the arguments: nothing where the core does.
local function readers_of(r)
  local readers, by_core = {}, {}
  if r.reads == "core" or core.owns(r.forward) then return readers end
  for _, name in ipairs(r.reads or {}) do by_core[name] = true end
  for i, name in ipairs(r.positional) do readers[i] = not by_core[name] and r.kinds[i]:reader(name) or nil end
  return readers
end

local function joined(list, more)
  local all = table.move(list, 1, #list, 1, {})
  all[#all + 1] = more or nil
  return table.concat(all, ", ")
end

local function takes_tensors(r)
  for _, kind in ipairs(r.kinds) do
    if kind.tensors then return true end
  end
  return false
end

local function source_of(r, readers)
  local names, locals, reads = {}, {}, {}
  for i = 1, #r.positional do
    names[i] = "a" .. i
    if readers[i] then
      locals[#locals + 1] = ("local r%d = readers[%d]"):format(i, i)
      reads[#reads + 1] = ("a%d = r%d(a%d, a1)"):format(i, i, i)
    end
  end
  local options, notes = next(r.options), r.noted or type(r.backward) == "table"
  local parts = {
    readers = table.concat(locals, " "),
    first = #names > 0 and table.concat(names, ", ") .. "," or "",
    graph = takes_tensors(r) and noting or "",
    options = options and with_options or without_options,
    reads = table.concat(reads, " "),
    body = notes and recorded or plain[results_of(r)],
    taken = joined(names, options and "p"),
    noted = table.concat({ options and "o" or "fixed", table.unpack(names) }, ", "),
  }
  return (template:gsub("%$(%w+)", parts):gsub("%$(%w+)", parts))
end

local function make(r)
  local takes = ("(%s%s)"):format(table.concat(r.positional, ", "), next(r.options) and ", {options}" or "")
  local readers = readers_of(r)
  return assert(load(source_of(r, readers), args.source(r.name), "t"))(readers, r.forward, slot, r, r.note, args.pass,
    args.options(r.options, takes, r.prepare))
end

-- What reads its arguments itself is noted on graphs as well.
local function noted_on_graphs(r)
  return function(...)
    local graph = slot[3]
    if graph and graph.meets(...) then return graph.note(r, ...) end
    return r.forward(...)
  end
end

-- What the tape looks up for every call.
local function prepare(r)
  local function add(kept, names)
    for _, name in ipairs(names) do
      kept[name] = true
      for i, arg in ipairs(r.positional) do
        if arg == name then kept[i] = true end
      end
    end
    return kept
  end
  local keeps = r.keeps or {}
  r.note, r.way_back = recorded_call.note(#r.positional, r.list == true), recorded_call.way_back(#r.positional)
  r.kept = add({}, keeps)
  if #keeps > 0 or not next(keeps) then return end
  r.kept_alone = {} -- by which of the two is a tensor
  for i, arg in ipairs(r.args) do
    r.kept_alone[i] = add({}, keeps[arg])
    add(r.kept, keeps[arg])
  end
end

local HERE <const> = debug.getinfo(1, "S").source

-- Where a record stands: { source =, line = } of the call outside this file that hands it over.
local function place_of_caller()
  for level = 2, math.huge do
    local info = debug.getinfo(level, "Sl")
    if info.source ~= HERE then return { source = info.source, line = info.currentline } end
  end
end

--- Records the ops of a family that families.lua lists: `local op = ops.family "layout"`, then `op "name" { ... }`,
--- which returns the op's function.
---@param family string
---@return fun(name: string): fun(record: table): function
function ops.family(family)
  local listed = false
  for _, f in ipairs(ops.families) do listed = listed or f.name == family end
  if not listed then error(("families.lua does not list the family %s"):format(family), 0) end
  return function(name)
    return function(r)
      r.name, r.family, r.place = name, family, place_of_caller()
      check_record(name, r)
      read_signature(name, r)
      check_backward(name, r)
      prepare(r)
      r.call = r.raw and args.speaking(name, noted_on_graphs(r)) or make(r)
      ops.records[name], ops.calls[name] = r, r.call
      return r.call
    end
  end
end

--- The same for records without a gradient and mostly without tensors: what they leave out is filled in.
---@param op fun(name: string): fun(record: table): function
function ops.plain(op)
  return function(name)
    return function(r)
      r.args, r.backward, r.reason = {}, "none", r.reason or "no tensor goes in"
      r.sample = r.sample or function() end
      return op(name)(r)
    end
  end
end

--- A function of Keras that dwconv does not have: calling it raises an error with the advice.
---@param family string
---@param name string
---@param advice string what to use instead
function ops.refuse(family, name, advice)
  local function call() args.raise("%s: there is no such thing here; %s", name, advice) end
  ops.records[name] = { name = name, family = family, refused = advice, call = call }
end

--- To be called before value is written into x in place: the tapes that record must know, and a symbolic tensor has no
--- numbers.
function ops.write(x, value)
  if slot.is_symbolic and slot.is_symbolic(x) then slot.refuse_write(x) end
  if slot[2] then slot[2](x, value) end
end

return ops
