-- grad/gradients.lua: walks back over what a tape has recorded: tape:gradients and K.gradients.
-- Invariant: a gradient is refused where numbers that it reads, or that came in between, were written in place since.

local arena = require "dwconv.grad.arena"
local args = require "dwconv.args"
local call = require "dwconv.ops.call"
local core = require "dwconv.core"
local ops = require "dwconv.ops"
local tape = require "dwconv.grad.tape"

local op = ops.family "gradients"
local kinds, raise, is_tensor, owner = args.kinds, args.raise, args.check.is_tensor, core.owner
local records, Tape = ops.records, tape.class
local record_of, number_of, result_of, options_of = call.record, call.number, call.result, call.options
local operand, operands, values_from, back = call.operand, call.operands, call.values, call.back

local function refuse_written(record, what, when)
  raise("%s of %s was written in place %s; the gradient would be of other numbers than the result. "
    .. "Write after taking gradients, or clone() before", what, record.name, when)
end

-- What a gradient reads must be as it was, and what the call was given as it had been computed.
local function check_operand(made, record, k, kept, value, id, writes)
  if made[id] and made[id] ~= writes then refuse_written(record, record.positional[k], "before it came here") end
  if kept and not call.is_remade(value) and value:writes() ~= writes then
    refuse_written(record, record.positional[k], "since")
  end
end

local check_entry

-- What is made again is made of numbers that must be as they were.
local function check_origins(made, e)
  for _, value in operands(e) do
    if call.is_remade(value) then
      check_entry(made, call.origin(value))
    end
  end
end

function check_entry(made, e)
  local record, result, writes = record_of(e), result_of(e)
  local kept = record.kept
  if record.kept_alone then
    local _, _, w1 = operand(e, 1)
    local _, _, w2 = operand(e, 2)
    kept = call.kept(record, w1, w2)
  end
  if kept.result and result:writes() ~= writes then refuse_written(record, "the result", "since") end
  for k, value, id, count in operands(e) do
    if record.list and k == 1 then
      for i, one in ipairs(id) do check_operand(made, record, k, kept[k], value[i], one, count[i]) end
    elseif id then
      check_operand(made, record, k, kept[k], value, id, count)
    end
  end
  check_origins(made, e)
end

-- A write of a value that depends on what is wanted: what is read from there later has lost its gradient.
local function mark_write(wanted, broken, write)
  if not (wanted[write.value] or broken[write.value]) then return end
  broken[write.group.id] = true
  for _, member in pairs(write.group.members) do
    if member.low <= write.high and write.low <= member.high then broken[member.id] = true end
  end
end

-- Adds the numbers of the tensors that depend on the wanted ones to them. Gives how often each result had been written
-- when it was made; by the entry, which argument had been written from what depends on the wanted ones; and the numbers
-- of those that had.
local function mark_dependents(wanted, entries, n)
  local made, lost, broken = {}, {}, {}

  local function reach(i, number, id, arg)
    if wanted[id] or broken[id] then wanted[number] = true end
    if broken[id] then lost[i] = arg end
  end

  local function mark_call(i, e, record)
    local number, _, writes = number_of(e), result_of(e)
    if options_of(e) == tape.met then
      local _, root = operand(e, 1)
      writes = made[root] and writes
    end
    made[number] = writes
    for k = 1, record.noted and 0 or #record.args do
      local _, id = operand(e, k)
      if record.list then
        for _, one in ipairs(id) do reach(i, number, one, record.args[k]) end
      elseif id and (wanted[id] or broken[id]) then
        reach(i, number, id, record.args[k])
      end
    end
  end

  for i = 1, n do
    local e = entries[i]
    local record = record_of(e)
    if record == tape.write then mark_write(wanted, broken, e) else mark_call(i, e, record) end
  end
  return made, lost, broken
end

-- ---- walking back --------------------------------------------------------------------------------
-- grads[id] is the gradient so far; own[id] says that its numbers are the walk's alone, so that it may be added to.

-- Puts a gradient in the place of what was there.
local function put(grads, id, g)
  local former = grads[id]
  grads[id] = g
  if not arena.open then return end
  if g then arena.hold(g) end
  if former then arena.drop(former) end
end

local function accumulate(grads, own, id, g)
  local sum = grads[id]
  put(grads, id, sum and records.add.call(sum, g) or g)
  own[id] = sum ~= nil
end

local add_to = core.elementwise("add", "first", "sum", "g")

-- The gradient of a part of x is mostly zeros. Where nothing records, it is added to that part of x's gradient, so that
-- going through x part by part costs no more than x.
local function accumulate_part(grads, own, id, e, g)
  local record = record_of(e)
  if own[id] and not tape.innermost() and not (record.repeats and record.repeats(values_from(e, 2))) then
    add_to(record.forward(grads[id], values_from(e, 2)), g)
    return true
  end
end

-- Lets go of what was made for the readers of a call's result, which all come after it.
local function forget(e)
  local made = call.forget(e)
  if made and arena.open then arena.drop(made) end
end

-- Makes what an entry reads and was not kept.
local function remake(e)
  for _, value in operands(e) do
    if call.is_remade(value) then
      local made, first = call.make(value, tape.innermost() ~= nil)
      if first and arena.open then arena.hold(made) end
    end
  end
end

local function go_back(e, g, grads, own, wanted)
  local record = record_of(e)
  remake(e)
  e = call.filled(e)
  for k, arg in ipairs(record.args) do
    local _, id = operand(e, k)
    local f = record.backward[arg]
    if record.list then
      for i, one in ipairs(back(e, f, g)) do
        if wanted[id[i]] then accumulate(grads, own, id[i], one) end
      end
    elseif id and wanted[id] and not (record.part and accumulate_part(grads, own, id, e, g)) then
      accumulate(grads, own, id, back(e, f, g))
      own[id] = own[id] or record.part
    end
  end
end

local function check_float(value, what)
  if not is_tensor(value) or not value.dtype:find "^float" then
    raise("%s must be a float32 or float64 tensor, got %s", what, args.show(value))
  end
end

local gradient_options = {
  output_gradients = kinds.new {
    annotation = "dwconv.Tensor",
    expected = "a tensor like loss",
    read = function(v) return is_tensor(v) and v or nil end,
  },
  release = kinds.flag(false),
}

local parse = args.options(gradient_options, "(loss, variables, {options})")

-- Noted on the tapes that record, like the results of ops: a gradient that nothing reaches has gradients too: zeros.
local function constant(t) return tape.innermost() and records.clone.call(t) or t end

local function starting_gradient(loss, given)
  if not given then return constant(core.ones(loss.shape, loss.dtype)) end
  if given.dtype ~= loss.dtype or table.concat(given.shape, "x") ~= table.concat(loss.shape, "x") then
    raise("output_gradients must be like loss, %s, got %s", args.show(loss), args.show(given))
  end
  return given
end

-- Gradients are views where they can be. A result is a tensor that can be written in place and shares its numbers with
-- no other result and with nothing a script has given.
local function separate(g, taken)
  local whose = owner(g)
  if taken[whose] or whose.size ~= g.size then
    g = records.clone.call(g)
  else
    g = records.contiguous.call(g) -- copies what was stretched
  end
  taken[owner(g)] = true
  return g
end

local function check_variables(variables)
  if type(variables) ~= "table" then
    raise("variables must be a tensor or a table of tensors, got %s", args.show(variables))
  end
  for key, v in pairs(variables) do check_float(v, ("variables[%s]"):format(args.show(key))) end
end

local function way_to(self, key, v)
  local id, shape, strides, first = self.way_to(v)
  if id then return { id = id, shape = shape, strides = strides, first = first } end
  raise("variables[%s] %s; ask for the gradient of what it is a view of", args.show(key), shape)
end

local WRITE_ADVICE = "Build the tensor with K.where, K.concatenate, K.stack or K.scatter; an optimizer's writes belong "
  .. "into dw.no_grad"

local function refuse_lost(what)
  raise("%s had been written in place from a result that the tape knows, whose gradient would be lost. %s", what,
    WRITE_ADVICE)
end

-- The number of a loss that was computed while the tape recorded, or is asked for.
local function number_of_loss(self, loss, made, broken, asked)
  local id = self.ids[loss]
  if id and broken[id] then refuse_lost "loss" end
  if not id or not (made[id] or asked[id]) then
    raise "loss was not computed while this tape recorded; compute it in the function that dw.record calls"
  end
  if made[id] and made[id] ~= loss:writes() then
    raise "loss was written in place since it was computed; clone() before"
  end
  return id
end

-- The gradients by number, at least of those asked for. With `release` the entries are let go of on the way.
local function walk(self, loss, given, wanted, asked, release)
  local entries, n, grads, own = self.entries, #self.entries, {}, {}
  if self.released then raise "the tape was released by an earlier call; record again" end
  local made, lost, broken = mark_dependents(wanted, entries, n)
  put(grads, number_of_loss(self, loss, made, broken, asked), starting_gradient(loss, given))
  for i = n, 1, -1 do
    local e = entries[i]
    local record, number = record_of(e), number_of(e)
    local g = grads[number]
    if g and wanted[number] and not record.noted then
      if lost[i] then refuse_lost(("%s of %s"):format(lost[i], record.name)) end
      check_entry(made, e)
      local mark = arena.open and arena.mark()
      go_back(e, g, grads, own, wanted)
      if not asked[number] then put(grads, number, nil) end
      if mark then arena.sweep(mark) end
    end
    forget(e)
    if release then
      if arena.open then tape.each_kept(e, arena.drop) end
      entries[i] = nil
    end
  end
  self.released = release
  return grads
end

-- By the keys of variables.
local function gradients_of(self, loss, variables, given, release)
  local wanted, asked, ways = {}, {}, {}
  for key, v in pairs(variables) do
    ways[key] = way_to(self, key, v)
    wanted[ways[key].id], asked[ways[key].id] = true, true
  end
  local grads = walk(self, loss, given, wanted, asked, release)
  local results, taken = {}, given and { [owner(given)] = true } or {}
  for key, v in pairs(variables) do
    local way = ways[key]
    local g = grads[way.id]
    if g and way.shape then g = records.strided.call(records.contiguous.call(g), way.shape, way.strides, way.first) end
    results[key] = separate(g or constant(core.zeros(v.shape, v.dtype)), taken)
  end
  return results
end

--- The gradients of loss (summed, if it is more than one number; weighted by the option output_gradients) with respect
--- to variables: a tensor gives a tensor, a table of tensors a table with the same keys. Zeros for what loss does not
--- reach. May be called more than once; is itself recorded by the tapes that record meanwhile, for higher derivatives.
--- With release = true the tape lets go on the way of what it holds, and is of no use after that.
---@param loss dwconv.Tensor
---@param variables dwconv.Tensor | table<any, dwconv.Tensor>
---@param o? { output_gradients: dwconv.Tensor, release: boolean }
Tape.gradients = args.speaking("gradients", function(self, loss, variables, ...)
  if getmetatable(self) ~= Tape then raise "call it with a colon: tape:gradients(loss, variables)" end
  local o, single = parse(...), is_tensor(variables)
  check_float(loss, "loss")
  if single then variables = { variables } end
  check_variables(variables)
  local results = gradients_of(self, loss, variables, o.output_gradients, o.release)
  return single and results[1] or results
end)

local variables_kind = kinds.new {
  annotation = "dwconv.Tensor|dwconv.Tensor[]",
  expected = "a tensor or a table of tensors",
  tensors = true,
  read = function(v) return (is_tensor(v) or type(v) == "table") and v or nil end,
}

op "gradients" {
  doc = [[
The gradients of loss on the tape that records now: within dw.record(f). A tape that has recorded has them by its method
of the same name, tape:gradients(loss, variables). A table of variables gives a table with the same keys; zeros for what
loss does not reach. A variable is known by the numbers in it: it does not matter which view of them was used.]],
  args = {},
  values = {
    { "loss", kinds.tensor("a tensor, summed if it is more than one number", { dtype = "floats" }) },
    { "variables", variables_kind },
  },
  options = gradient_options,
  result = kinds.gives("any", "like variables"),
  raw = true,
  forward = function(loss, variables, ...)
    local self = tape.innermost()
    if not self then raise "no tape is recording; call it in dw.record(f), or use tape:gradients" end
    return self:gradients(loss, variables, ...)
  end,
  backward = "parts",
  sample = function(R)
    local x = R { 2, 3 }
    return x, x
  end,
  differs = "It works on the tape now recording, as there is no graph.",
  example = [[
x = dw.tensor { 1, 2, 3 }
print(select(2, dw.record(function() return K.gradients(K.sum(x * x), x) end)))]],
  errors = "No tape that is recording; a loss that was not computed while it recorded; numbers that were written "
    .. "in place since they were recorded, or from what it recorded.",
}
