-- tape.lua: records the calls of ops and walks back over them. Tensors know nothing of it: a tape numbers the tensors
-- it meets, in a weak table, and its entries hold only the numbers that a gradient will read.
-- Invariant: while tapes record, ops call note(); outside, they find nothing in their slot.

local core = require "dwconv.core"
local ops = require "dwconv.ops"
local options = require "dwconv.options"

local op = ops.family("tape", "gradients: recording calls and walking back over them")
local track, ghost, owner = core.track, core.ghost, core.owner
local raise, is_tensor = options.raise, options.is_tensor
local records = ops.records

---@class dwconv.Tape
local Tape = {}
Tape.__index = Tape
Tape.__name = "dwconv.Tape"

local tape = {
  small = 256, -- tensors of so many bytes are kept rather than described
}

-- ---- recording -----------------------------------------------------------------------------------

-- What is open: a scope for each running record and no_grad, the innermost last: {tape =, main =, thread =}, without a
-- tape for no_grad. A scope counts while the coroutine that opened it runs or waits for one that it resumed, not while
-- it is suspended; one that died of an error, or was dropped, never closes its scopes, so they are swept out.
local scopes = {}

local function runs(scope)
  if scope.main then return true end -- never suspended while anything runs
  local status = scope.thread[1] and coroutine.status(scope.thread[1])
  return status == "running" or status == "normal"
end

local function is_over(scope)
  return scope.closed or not scope.main and (not scope.thread[1] or coroutine.status(scope.thread[1]) == "dead")
end

-- Fields of an entry; each argument takes three fields from FIRST on: itself (or its ghost), its number (or its
-- numbers, for a list of tensors), and how often it had been written.
local RECORD, RESULT, KEPT, OPTIONS, WRITES, FIRST <const> = 1, 2, 3, 4, 5, 6

local function copy_table(t) -- a script may change its table later
  local copy = {}
  for k, v in pairs(t) do copy[k] = type(v) == "table" and copy_table(v) or v end
  return copy
end

-- One argument's three fields: of what is no tensor, a copy.
local function note_argument(number, entry, at, a, writes, kept)
  entry[at], entry[at + 1], entry[at + 2] = a, writes and number(a), writes
  if writes and not kept then entry[at] = ghost(a, tape.small) end
  if type(a) == "table" then entry[at] = copy_table(a) end
end

-- A table of tensors.
local function note_list(number, entry, list, kept)
  local values, numbers, writes = {}, {}, {}
  for i, t in ipairs(list) do
    numbers[i], writes[i] = number(t), t:writes()
    values[i] = kept and t or ghost(t, tape.small)
  end
  entry[FIRST], entry[FIRST + 1], entry[FIRST + 2] = values, numbers, writes
end

-- What the gradients of a call read, by the counts of writes of its first two arguments, false for a number.
local function kept_of(record, w1, w2)
  local alone = record.kept_alone
  if alone and not (w1 and w2) then return alone[w1 and 1 or 2] end
  return record.kept
end

-- The tape's note function, which ops call, and its numbering.
local function noter(self)
  local ids, entries, last, count = self.ids, self.entries, 0, 0

  local function number(t)
    local id = ids[t]
    if not id then
      last = last + 1
      ids[t], id = last, last
    end
    return id
  end

  local function note(record, y, o, a1, a2, a3, a4)
    local small, wy, w1, w2, w3, w4 = track(tape.small, y, a1, a2, a3, a4)
    if not wy or y == a1 then return end
    count = count + 1
    if small and a3 == nil then -- as most calls of scripts that are in a hurry
      entries[count] = { record, number(y), y, o, wy, a1, w1 and number(a1), w1, a2, w2 and number(a2), w2 }
      return
    end
    local kept = kept_of(record, w1, w2)
    local entry = { record, number(y), kept.result and y or ghost(y, tape.small), o, wy }
    if record.list then
      note_list(number, entry, a1, kept[1])
    else
      note_argument(number, entry, 6, a1, w1, kept[1])
    end
    note_argument(number, entry, 9, a2, w2, kept[2])
    note_argument(number, entry, 12, a3, w3, kept[3])
    note_argument(number, entry, 15, a4, w4, kept[4])
    entries[count] = entry
  end

  return note, number
end

-- Views by index are made by metamethods of the core; while tapes record, they are calls of the op "index".
local plain_index, plain_call = core.metatable.__index, core.metatable.__call

local function recorded_index(t, key)
  if type(key) == "string" then return plain_index(t, key) end
  return records.index.call(t, key)
end

local function recorded_call(t, ...) return records.index.call(t, { ... }) end

local refresh

-- Notes a call on the tapes that record, up to the innermost no_grad.
local function note_all(...)
  local sweep = false
  for i = #scopes, 1, -1 do
    local scope = scopes[i]
    if runs(scope) then
      if not scope.tape then break end
      scope.tape.note(...)
    else
      sweep = sweep or is_over(scope)
    end
  end
  if sweep then refresh() end
end

function refresh()
  for i = #scopes, 1, -1 do
    if is_over(scopes[i]) then table.remove(scopes, i) end
  end
  local n, tapes = #scopes, 0
  for i = n, 1, -1 do
    if scopes[i].tape then tapes = tapes + 1 elseif scopes[i].main then break end
  end
  core.metatable.__index = tapes > 0 and recorded_index or plain_index
  core.metatable.__call = tapes > 0 and recorded_call or plain_call
  local only = n > 0 and tapes == 1 and scopes[n].main and scopes[n].tape
  ops.set_recorder(tapes > 0 and (only and only.note or note_all) or nil)
end

-- Opens a scope; what it gives, as a to-be-closed variable, closes it when its block ends, by an error too.
local function open(self)
  local thread, main = coroutine.running()
  local scope = { tape = self, main = main, thread = setmetatable({ thread }, { __mode = "v" }) }
  scopes[#scopes + 1] = scope
  refresh()
  return setmetatable({}, { __close = function()
    scope.closed = true
    refresh()
  end })
end

local function innermost()
  for i = #scopes, 1, -1 do
    if runs(scopes[i]) then return scopes[i].tape end
  end
end

op "record" {
  doc = "Calls f(...) while a new tape records; gives the tape, then f's results. An error in f passes through.",
  args = {},
  values = { "f" },
  shapes = { f = "a function", result = "the tape, then f's results" },
  raw = true,
  forward = function(f, ...)
    options.check_function("record", "f", f)
    local self = setmetatable({ entries = {}, ids = setmetatable({}, { __mode = "k" }) }, Tape)
    self.note, self.number = noter(self)
    local scope <close> = open(self) -- luacheck: ignore
    return self, f(...)
  end,
  backward = "none",
  reason = "it makes gradients possible",
  home = "dw",
  sample = function(R)
    local x = R { 2, 3 }
    return function() return x * x end
  end,
  example = [[
local x = dw.tensor { 1, 2, 3 }
local tape, loss = dw.record(function() return K.sum(x * x) end)
print(tape:gradients(loss, x))]],
}

op "no_grad" {
  doc = "Calls f(...) while no tape records, whichever do outside; gives f's results.",
  args = {},
  values = { "f" },
  shapes = { f = "a function", result = "f's results" },
  raw = true,
  forward = function(f, ...)
    options.check_function("no_grad", "f", f)
    local scope <close> = open() -- luacheck: ignore
    return f(...)
  end,
  backward = "none",
  reason = "that is what it is for",
  home = "dw",
  sample = function(R)
    local x = R { 2, 3 }
    return function() return x * x end
  end,
}

-- ---- walking back --------------------------------------------------------------------------------

local function refuse_written(record, what, when)
  raise(("gradients: %s of %s was written in place %s; the gradient would be of other numbers than the result. "
    .. "Write after taking gradients, or clone() before"):format(what, record.name, when))
end

-- What an entry's gradient reads must be as it was, and what it was given as it had been computed.
local function check_entry(made, e)
  local record = e[RECORD]
  local kept = kept_of(record, e[FIRST + 2], e[FIRST + 5])
  if kept.result and e[KEPT]:writes() ~= e[WRITES] then refuse_written(record, "the result", "since") end
  for i = 1, #record.positional do
    local at = FIRST + 3 * (i - 1)
    local values, ids, writes = e[at], e[at + 1], e[at + 2]
    if ids and not record.list then values, ids, writes = { values }, { ids }, { writes } end
    for k, id in ipairs(ids or {}) do
      if made[id] and made[id] ~= writes[k] then refuse_written(record, record.positional[i], "before it came here") end
      if kept[i] and values[k]:writes() ~= writes[k] then
        refuse_written(record, record.positional[i], "since")
      end
    end
  end
end

-- Adds the numbers of the tensors that depend on the wanted ones to them; gives how often each result had been written
-- when it was made.
local function spread(wanted, entries, n)
  local made = {}
  for i = 1, n do
    local e = entries[i]
    local record = e[RECORD]
    made[e[RESULT]] = e[WRITES]
    for k = 1, #record.args do
      local id = e[FIRST + 3 * k - 2]
      if record.list then
        for _, one in ipairs(id) do
          if wanted[one] then wanted[e[RESULT]] = true end
        end
      elseif id and wanted[id] then
        wanted[e[RESULT]] = true
      end
    end
  end
  return made
end

local function accumulate(grads, id, g)
  local sum = grads[id]
  grads[id] = sum and records.add.call(sum, g) or g
end

local function go_back(e, g, grads, wanted)
  local record, y, o = e[RECORD], e[KEPT], e[OPTIONS]
  for k, arg in ipairs(record.args) do
    local id, f = e[FIRST + 3 * k - 2], record.backward[arg]
    if record.list then
      for i, one in ipairs(f(g, y, e[6], o)) do
        if wanted[id[i]] then accumulate(grads, id[i], one) end
      end
    elseif id and wanted[id] then
      local n, d = #record.positional
      if n == 1 then
        d = f(g, y, e[6], o)
      elseif n == 2 then
        d = f(g, y, e[6], e[9], o)
      elseif n == 3 then
        d = f(g, y, e[6], e[9], e[12], o)
      else
        d = f(g, y, e[6], e[9], e[12], e[15], o)
      end
      accumulate(grads, id, d)
    end
  end
end

local function check_float(value, what)
  if not is_tensor(value) or not value.dtype:find "^float" then
    raise(("gradients: %s must be a float32 or float64 tensor, got %s"):format(what, options.show(value)))
  end
end

local gradient_options = {
  output_gradients = {
    expected = "a tensor like loss",
    read = function(v) return is_tensor(v) and v or nil end,
  },
}

local parse = options.parser("gradients", gradient_options, "(loss, variables, {options})")

local function starting_gradient(loss, given)
  if not given then return core.ones(loss.shape, loss.dtype) end
  if given.dtype ~= loss.dtype or table.concat(given.shape, "x") ~= table.concat(loss.shape, "x") then
    raise(("gradients: output_gradients must be like loss, %s, got %s"):format(options.show(loss), options.show(given)))
  end
  return given
end

-- Gradients are views where they can be. A result is a tensor that can be written in place and shares its numbers with
-- no other result and with nothing a script has given.
local function own(g, taken)
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
    raise(("gradients: variables must be a tensor or a table of tensors, got %s"):format(options.show(variables)))
  end
  for key, v in pairs(variables) do check_float(v, ("variables[%s]"):format(options.show(key))) end
end

--- The gradients of loss (summed, if it is more than one number; weighted by the option output_gradients) with respect
--- to variables: a tensor gives a tensor, a table of tensors a table with the same keys. Zeros for what loss does not
--- reach. May be called more than once; is itself recorded by the tapes that record meanwhile, for higher derivatives.
---@param loss dwconv.Tensor
---@param variables dwconv.Tensor | table<any, dwconv.Tensor>
---@param o? { output_gradients: dwconv.Tensor }
function Tape:gradients(loss, variables, ...)
  if getmetatable(self) ~= Tape then raise "gradients: call it with a colon: tape:gradients(loss, variables)" end
  local given = parse(...).output_gradients
  check_float(loss, "loss")
  if is_tensor(variables) then return self:gradients(loss, { variables }, ...)[1] end
  check_variables(variables)
  local ids, entries, n = self.ids, self.entries, #self.entries
  local wanted, asked, grads = {}, {}, {}
  for _, v in pairs(variables) do
    local id = self.number(v)
    wanted[id], asked[id] = true, true
  end
  local made = spread(wanted, entries, n)
  grads[self.number(loss)] = starting_gradient(loss, given)
  for i = n, 1, -1 do
    local e = entries[i]
    local g = grads[e[RESULT]]
    if g and wanted[e[RESULT]] then
      check_entry(made, e)
      go_back(e, g, grads, wanted)
      if not asked[e[RESULT]] then grads[e[RESULT]] = nil end
    end
  end
  local results, taken = {}, given and { [owner(given)] = true } or {}
  for key, v in pairs(variables) do
    results[key] = own(grads[ids[v]] or core.zeros(v.shape, v.dtype), taken)
  end
  return results
end

op "gradients" {
  doc = [[
The gradients of loss on the tape that records now: within dw.record(f). A tape that has recorded has them by its method
of the same name, tape:gradients(loss, variables). A table of variables gives a table with the same keys; zeros for what
loss does not reach.]],
  args = {},
  values = { "loss", "variables" },
  options = gradient_options,
  shapes = {
    loss = "a tensor, summed if it is more than one number", variables = "a tensor, or a table of tensors",
    result = "like variables",
  },
  raw = true,
  forward = function(loss, variables, ...)
    local self = innermost()
    if not self then raise "gradients: no tape is recording; call it in dw.record(f), or use tape:gradients" end
    return self:gradients(loss, variables, ...)
  end,
  backward = "parts",
  sample = function(R)
    local x = R { 2, 3 }
    return x, x
  end,
  differs = "It works on the tape now recording, as there is no graph.",
}

Tape.__tostring = function(self) return ("tape of %d calls"):format(#self.entries) end

return tape
