-- ops/init.lua: op "name" { record } takes a record, checks that it is whole and makes its function. Everything
-- with an op's name in it is made from the record: the K function, its checks, the tensor method and metamethod, the
-- tape's entry, the reference text, the tests. Rooms in ops/ hold the records; they know the core and this file.
--
-- A record:
--   doc        what it computes, first sentence first
--   args       names of the tensors, which come first, by position (numbers may stand for some)
--   values     names of what is also required by position but is no tensor (a shape, a dtype); may be left out
--   optional   set of the names of args and values that may be nil; composed, they are bound by name or left out
--   shapes     what each of them looks like, by name, and `result`
--   options    name -> kind (options.lua); may be left out
--   prepare    function(options) -> what forward takes in their place, made once for options that are used again; may
--              be left out
--   forward    function(args..., values..., options) -> result
--   backward   name of an arg -> function(g, result, args..., values..., options) -> gradient, written with ops, or
--              false for what is never a float;
--              or "parts": forward is itself written with ops, whose gradients are its own;
--              or "none" and `reason`
--   keeps      names of the args, or "result", whose numbers backward reads: the tape keeps these, of others it knows
--              only shape and dtype. Of two args, one of which may be a number: for each what its gradient reads
--   list       true: the one arg is a table of tensors; its backward gives a table of gradients
--   part       true: the result is a view of some of the one tensor's numbers
--   repeats    of a part, function(values...) -> whether it repeats numbers; may be left out
--   noted      true, of backward "none": tapes know its result nevertheless, as it may be a loss
--   linear     true: linear in each of its tensors, the others held
--   sample     function(R) -> the arguments of one call, for tests, R(shape, low, high) random; sizes never square
--   method     true, or a name: tensors have it as a method
--   metamethod "__add" and its like
--   alias      another name of the same function
--   home       where the function is: "K" (if left out), "dw", "both", or "method" for tensors' methods only
--   raw        true: forward is the function itself and reads its own options
--   differs    how it differs from Keras, if it does
--   example    Lua code that prints something telling, with dw and K at hand: the same every time, and settings are as
--              before when it is done
--   errors     what else raises, beside an argument that is not what `shapes` says of it; may be left out

local options = require "dwconv.options"

-- calls: the functions by name, for gradients and for ops that are made of others.
local ops = { records = {}, calls = {}, families = {} }

local function refuse(name, text) error(("op %s: %s"):format(name, text), 0) end

local required = { doc = "string", args = "table", shapes = "table", forward = "function", sample = "function",
  example = "string" }

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
  check_backward(name, r)
  for _, arg in ipairs(r.positional) do
    if type(r.shapes[arg]) ~= "string" then refuse(name, ("does not say what %s looks like"):format(arg)) end
  end
  if type(r.shapes.result) ~= "string" then refuse(name, "does not say what its result looks like") end
end

-- ---- calling -------------------------------------------------------------------------------------

-- slot[1]: note(record, result, options, arguments...), slot[2]: note_write(x, value), which the tape puts here while
-- it records.
local slot = { nil, nil }
ops.slot = slot

local plain = "  return forward(%sp)"

local recorded = [[
  local y = forward(%sp)
  local note = slot[1]
  if note then note(record, y, o%s) end
  return y]]

local template = [[
local forward, slot, record, parse, fixed, prepared = ...
return function(%sgiven, extra)
  local o, p = fixed, prepared
  if o == nil or given ~= nil or extra ~= nil then o, p = parse(given, extra) end
%s
end]]

-- Errors blame the first line outside this folder, and what is made here belongs to it.
local HOME = debug and debug.getinfo(1, "S").source:gsub("init%.lua$", "") or "=dwconv"

-- The function of n positional arguments, then options. Tensors are checked by the core, which knows their shapes.
local function maker(n, notes)
  local names = ""
  for i = 1, n do names = names .. "a" .. i .. ", " end
  local body = notes and recorded:format(names, names == "" and "" or ", " .. names:sub(1, -3)) or plain:format(names)
  return assert(load(template:format(names, body), HOME .. "call", "t"))
end

local makers = { [true] = {}, [false] = {} }

local function make(r)
  local n, notes = #r.positional, r.noted or type(r.backward) == "table"
  makers[notes][n] = makers[notes][n] or maker(n, notes)
  local takes = ("(%s%s)"):format(table.concat(r.positional, ", "), next(r.options) and ", {options}" or "")
  return makers[notes][n](r.forward, slot, r, options.parser(r.name, r.options, takes, r.prepare))
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
  r.kept = add({}, keeps)
  if #keeps > 0 or not next(keeps) then return end
  r.kept_alone = {} -- by which of the two is a tensor
  for i, arg in ipairs(r.args) do
    r.kept_alone[i] = add({}, keeps[arg])
    add(r.kept, keeps[arg])
  end
end

--- Records the ops of a family: `local op = ops.family("layout", "what they have in common")`, then
--- `op "name" { ... }`, which returns the op's function. Of several calls for one family the first says what it is.
---@param family string
---@param about string
---@return fun(name: string): fun(record: table): function
function ops.family(family, about)
  local known = false
  for _, f in ipairs(ops.families) do known = known or f.name == family end
  if not known then ops.families[#ops.families + 1] = { name = family, about = about } end
  return function(name)
    return function(r)
      r.name, r.family, r.options, r.optional = name, family, r.options or {}, r.optional or {}
      r.positional = table.move(r.args or {}, 1, #(r.args or {}), 1, {})
      table.move(r.values or {}, 1, #(r.values or {}), #r.positional + 1, r.positional)
      check_record(name, r)
      prepare(r)
      r.call = r.raw and r.forward or make(r)
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
      r.args, r.values, r.shapes = {}, r.values or {}, r.shapes or {}
      r.shapes.result = r.shapes.result or "nothing"
      r.backward, r.reason = "none", r.reason or "no tensor goes in"
      r.sample = r.sample or function() end
      return op(name)(r)
    end
  end
end

--- A function of Keras that has no place here: calling it raises an error with the advice.
---@param family string
---@param name string
---@param advice string what to use instead
function ops.refuse(family, name, advice)
  local function call() options.raise(("%s: there is no such thing here; %s"):format(name, advice)) end
  ops.records[name] = { name = name, family = family, refused = advice, call = call }
end

--- To be called before value is written into x in place: the tapes that record must know.
function ops.write(x, value)
  if slot[2] then slot[2](x, value) end
end

return ops
