-- tape.lua: records the calls of ops; gradients.lua walks back over them. Tensors know nothing of it: a tape numbers
-- the tensors it meets, in a weak table, and its entries hold only the numbers that a gradient will read.
-- Invariant: while tapes record, ops call note(); outside, they find nothing in their slot.

local core = require "dwconv.core"
local ops = require "dwconv.ops"
local options = require "dwconv.options"

local op = ops.family("gradients", "recording calls, walking back over them, and checking what comes out")
local track, ghost = core.track, core.ghost
local records = ops.records

---@class dwconv.Tape
local Tape = {}
Tape.__index = Tape
Tape.__name = "dwconv.Tape"

local tape = {
  class = Tape,
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

-- An entry of a tape is {record, the result's number, the result or its ghost, options, how often the result had been
-- written}, then for each argument {itself or its ghost, its number, how often it had been written}; of a list of
-- tensors, three tables; of what is no tensor, a number and a count that are nil or false.

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
    local kept = tape.kept_of(record, w1, w2)
    local entry = { record, number(y), kept.result and y or ghost(y, tape.small), o, wy,
      nil, nil, nil, nil, nil, nil } -- room for two arguments
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
  if type(key) == "string" or type(key) == "userdata" then return plain_index(t, key) end -- tensors are noted as gather
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

--- The innermost tape that records here, if one does.
function tape.innermost()
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
x = dw.tensor { 1, 2, 3 }
tape, loss = dw.record(function() return K.sum(x * x) end)
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
  example = [[
x = dw.tensor { 1, 2 }
tape = dw.record(function() dw.no_grad(function() return x * x end) end)
print(tape)]],
}

Tape.__tostring = function(self) return ("tape of %d calls"):format(#self.entries) end

return tape
