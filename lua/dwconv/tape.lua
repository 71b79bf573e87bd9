-- tape.lua: records the calls of ops; gradients.lua walks back over them. Tensors know nothing of it: a tape numbers
-- the tensors it meets, in a weak table, and its entries hold only the numbers that a gradient will read.
-- Invariant: while tapes record, ops call note(); outside, they find nothing in their slot.

local args = require "dwconv.args"
local core = require "dwconv.core"
local numbering = require "dwconv.numbering"
local ops = require "dwconv.ops"

local op = ops.family("gradients", "recording calls, walking back over them, and checking what comes out")
local track, ghost, detach = core.track, core.ghost, core.detach
local records, slot = ops.records, ops.slot
local kinds, callable = args.kinds, args.kinds.callable()

---@class dwconv.Tape
local Tape = {}
Tape.__index = Tape
Tape.__name = "dwconv.Tape"

local tape = {
  class = Tape,
  small = 256, -- tensors of so many bytes are kept rather than described
  met = {}, -- options of entries that are views which the tape met
  write = { name = "write", args = {}, positional = {} }, -- the record of entries that are writes
}

-- ---- recording -----------------------------------------------------------------------------------

-- What is open: a scope for each running record and no_grad, the innermost last: {tape or false, where it was opened}.
-- Where is true for the main thread, else {thread}, weak; false once it is closed. A scope counts while the coroutine
-- that opened it runs or waits for one that it resumed, not while it is suspended; one that died of an error, or was
-- dropped, never closes its scopes, so they are swept out.
-- Memory may end anywhere: what closes a scope allocates nothing, and whoever finds a closed one sweeps.
local scopes, tapes, closed = {}, 0, 0
local is_over, innermost = core.is_over, core.innermost

-- An entry of a tape is {record, the result's number, the result or its ghost, options, how often the result had been
-- written}, then for each argument {itself or its ghost, its number, how often it had been written}; of a list of
-- tensors, three tables; of what is no tensor, a number and a count that are nil or false. A write is {tape.write, 0,
-- nil, nil, 0, the group that was written to, the value's number, the lowest and the highest element written}.

local function copy_table(t) -- a script may change its table later
  local copy = {}
  for k, v in pairs(t) do copy[k] = type(v) == "table" and copy_table(v) or v end
  return copy
end

-- One argument's three fields: of what is no tensor, a copy.
local function note_argument(number, entry, at, a, writes, kept)
  if writes then
    entry[at], entry[at + 1], entry[at + 2] = kept and a or ghost(a, tape.small), number(a), writes
  elseif a ~= nil then
    entry[at] = type(a) == "table" and copy_table(a) or a
  end
end

-- A table of tensors.
local function note_list(number, entry, list, kept)
  local values, numbers, writes = {}, {}, {}
  for i, t in ipairs(list) do
    numbers[i], writes[i] = number(t), t:writes()
    values[i] = kept and t or ghost(t, tape.small)
  end
  entry[6], entry[7], entry[8] = values, numbers, writes
end

-- What the gradients of a call read, by the counts of writes of its first two arguments, false for a number.
function tape.kept_of(record, w1, w2)
  local alone = record.kept_alone
  if alone and not (w1 and w2) then return alone[w1 and 1 or 2] end
  return record.kept
end

-- The tape's note function, which ops call, its numbering, and what notes writes.
local function noter(self)
  local entries, count = self.entries, 0

  local function add(entry)
    entries[count + 1] = entry
    count = count + 1
  end

  local meet, number_result = numbering(self, add, tape)
  local ids = self.ids

  local function number(t) return ids[t] or meet(t) end

  local function note(record, y, o, a1, a2, a3, a4)
    local small, wy, w1, w2, w3, w4 = track(tape.small, y, a1, a2, a3, a4)
    if not wy or y == a1 then return end
    if small and a3 == nil then -- as most calls of scripts that are in a hurry
      local n1, n2 = w1 and number(a1), w2 and number(a2)
      entries[count + 1] = { record, number_result(y), y, o, wy, a1, n1, w1, a2, n2, w2 }
      count = count + 1
      return
    end
    local kept = tape.kept_of(record, w1, w2)
    local entry = { record, 0, kept.result and y or ghost(y, tape.small), o, wy,
      nil, nil, nil, nil, nil, nil } -- room for two arguments
    if record.list then
      note_list(number, entry, a1, kept[1])
    else
      note_argument(number, entry, 6, a1, w1, kept[1])
    end
    note_argument(number, entry, 9, a2, w2, kept[2])
    note_argument(number, entry, 12, a3, w3, kept[3])
    note_argument(number, entry, 15, a4, w4, kept[4])
    entry[2] = number_result(y)
    add(entry)
  end

  self.note, self.number = note, number

  function self.note_write(x, value)
    for _, target in ipairs(self.written_by(x)) do
      add { tape.write, 0, nil, nil, 0, target.group, number(value), target.low, target.high }
    end
  end
end

-- Views by index, and writes, are made by metamethods of the core; while tapes record, they are noted.
local plain_index, plain_call = core.metatable.__index, core.metatable.__call
local plain_newindex = core.metatable.__newindex

local function recorded_index(t, key)
  if type(key) == "string" or type(key) == "userdata" then return plain_index(t, key) end -- tensors are noted as gather
  return records.index.call(t, key)
end

local function recorded_call(t, ...) return records.index.call(t, { ... }) end

local refresh

-- Notes a call on the tapes that record, up to the innermost no_grad, whose views are tensors of their own.
local function note_all(record, y, ...)
  local i, over = innermost(scopes, #scopes)
  if i and not scopes[i][1] then detach(y) end
  local list = scopes
  while i and list[i][1] do
    list[i][1].note(record, y, ...)
    i = innermost(list, i - 1)
  end
  if over or tapes == 0 then refresh() end
end

local function is_float(t) return (select(2, track(0, t))) end

-- The same for a write into x: value, if it is a tensor of floats, is no longer where its gradient could be found.
local function note_write(x, value)
  if not (is_float(value) and is_float(x)) then return end
  local i = innermost(scopes, #scopes)
  while i and scopes[i][1] do
    scopes[i][1].note_write(x, value)
    i = innermost(scopes, i - 1)
  end
end

-- Before it is written, as a write that is noted and fails does less harm than one that is lost.
local function recorded_newindex(t, key, value)
  note_write(t, value)
  plain_newindex(t, key, value)
end

-- Takes out the scopes that are over: those at the end, and all when they are many. Allocates nothing.
local function sweep()
  local n = #scopes
  local i, over = innermost(scopes, n)
  if not over then return end
  while n > (i or 0) and is_over(scopes[n]) do
    if scopes[n][1] then tapes = tapes - 1 end
    scopes[n], n = nil, n - 1
  end
  closed = closed + 1
  if closed <= n // 2 then return end
  local left = 0
  tapes, closed = 0, 0
  for k = 1, n do
    local scope = scopes[k]
    scopes[k] = nil
    if not is_over(scope) then
      left = left + 1
      scopes[left] = scope
      if scope[1] then tapes = tapes + 1 end
    end
  end
end

function refresh()
  sweep()
  local on, top = tapes > 0, scopes[#scopes]
  core.metatable.__index = on and recorded_index or plain_index
  core.metatable.__call = on and recorded_call or plain_call
  core.metatable.__newindex = on and recorded_newindex or plain_newindex
  slot[2] = on and note_write or nil
  slot[1] = on and (tapes == 1 and top[2] == true and top[1] and top[1].note or note_all) or nil
end

local Scope = { __close = function(scope)
  scope[2] = false
  if slot[1] then slot[1] = note_all end -- which sweeps, should this end for want of memory
  refresh()
end }

-- A scope that is not open yet; as a to-be-closed variable it is closed when its block ends, by an error too.
local function scope_of(self)
  local thread, main = coroutine.running()
  return setmetatable({ self, main or setmetatable({ thread }, { __mode = "v" }) }, Scope)
end

local function open(scope)
  scopes[#scopes + 1] = scope
  if scope[1] then tapes = tapes + 1 end
  refresh()
end

--- The innermost tape that records here, if one does.
function tape.innermost()
  local i = innermost(scopes, #scopes)
  return i and scopes[i][1] or nil
end

op "record" {
  doc = "Calls f(...) while a new tape records; gives the tape, then f's results. An error in f passes through.",
  args = {},
  values = { { "f", callable } },
  result = { kinds.gives("dwconv.Tape", "the tape"), kinds.gives("any ...", "then f's results") },
  raw = true,
  forward = function(f, ...)
    callable:check("f", f)
    local self = setmetatable({ entries = {} }, Tape)
    noter(self)
    local scope <close> = scope_of(self)
    open(scope)
    return self, args.call(f, ...)
  end,
  backward = "none",
  reason = "it makes gradients possible",
  home = "dw",
  sample = function(R)
    local x = R { 2, 3 }
    return function() return x * x end
  end,
  example = [[
x = dw.tensor { 1, 2, 3 }
tape, loss = dw.record(function() return K.sum(x * x) end)
print(tape:gradients(loss, x))]],
}

op "no_grad" {
  doc = "Calls f(...) while no tape records, whichever do outside; gives f's results.",
  args = {},
  values = { { "f", callable } },
  result = kinds.gives("any ...", "f's results", true),
  raw = true,
  forward = function(f, ...)
    callable:check("f", f)
    local scope <close> = scope_of(false)
    open(scope)
    return args.call(f, ...)
  end,
  backward = "none",
  reason = "that is what it is for",
  home = "dw",
  sample = function(R)
    local x = R { 2, 3 }
    return function() return x * x end
  end,
  example = [[
x = dw.tensor { 1, 2 }
tape = dw.record(function() dw.no_grad(function() return x * x end) end)
print(tape)]],
}

Tape.__tostring = function(self) return ("tape of %d calls"):format(#self.entries) end

return tape
