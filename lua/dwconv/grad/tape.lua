-- grad/tape.lua: records the calls of ops, as ops/call.lua has them; gradients.lua walks back over them. Tensors know
-- nothing of tapes: a tape numbers the tensors it meets, in a weak table, and keeps only the numbers that a gradient
-- will read. Invariant: while tapes record, ops find them in their slot; outside, they find nothing there.

local arena = require "dwconv.grad.arena"
local args = require "dwconv.args"
local call = require "dwconv.ops.call"
local core = require "dwconv.core"
local numbering = require "dwconv.grad.numbering"
local ops = require "dwconv.ops"

local op = ops.family "gradients"
local track, detach = core.track, core.detach
local records, slot = ops.records, ops.slot
local kinds, callable = args.kinds, args.kinds.callable()

---@class dwconv.Tape
local Tape = {}
Tape.__index = Tape
Tape.__name = "dwconv.Tape"

local tape = {
  class = Tape,
  met = {}, -- options of entries that are views which the tape met
  write = { name = "write", args = {}, positional = {} }, -- the record of writes: entries whose fields have names
}

-- ---- recording -----------------------------------------------------------------------------------

-- What is open: a scope for each running record and no_grad, the innermost last: {tape or false, where it was opened}.
-- Where is true for the main thread, else {thread}, weak; false once it is closed. A scope counts while the coroutine
-- that opened it runs or waits for one that it resumed, not while it is suspended; one that died of an error, or was
-- dropped, never closes its scopes, so they are swept out.
-- Memory may run out anywhere: closing a scope allocates nothing, and the next that finds a closed one sweeps.
local scopes, tapes, closed = {}, 0, 0
local is_over, innermost = core.is_over, core.innermost

--- Calls f for the tensors that an entry keeps, and for what stands in its lists.
function tape.each_kept(entry, f)
  if entry[1] == tape.write then return end
  f((call.result(entry)))
  for _, value in call.operands(entry) do
    if type(value) == "table" and getmetatable(value) == nil then
      for _, one in ipairs(value) do f(one) end
    else
      f(value)
    end
  end
end

-- Makes a tape ready for notes: its entries, its numbering, and what notes a write.
local function prepare(self)
  local entries, count = {}, 0
  self.entries, self.each = entries, false
  self.remade = setmetatable({}, { __mode = "k" }) -- by result, what stands for it in entries

  function self.add(entry)
    count = count + 1
    entries[count] = entry
    if arena.open then tape.each_kept(entry, arena.hold) end
  end

  numbering(self, tape)

  function self.note_write(x, value)
    for _, target in ipairs(self.written_by(x)) do
      self.add { tape.write, group = target.group, value = self.ids[value] or self.meet(value), low = target.low,
        high = target.high }
    end
  end
end

local refresh

-- Notes a call on the tapes that record, up to the innermost no_grad, whose views are tensors of their own.
local function note_each(record, y, ...)
  local i, over = innermost(scopes, #scopes)
  if i and not scopes[i][1] then detach(y) end
  local list = scopes
  while i and list[i][1] do
    record.note(list[i][1], record, y, ...)
    i = innermost(list, i - 1)
  end
  if over or tapes == 0 then refresh() end
end

local several = { each = note_each }

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

-- Views by index are made by metamethods of the core, which hands them on while tapes record; a write is noted before
-- it is made, as one that is noted and fails does less harm than one that is lost.
core.set_view_recorder(function(t, key) return records.index.call(t, key) end,
  function(t, ...) return records.index.call(t, { ... }) end, note_write)

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
  core.record_views(on or slot[3] ~= nil)
  slot[2] = on and note_write or nil
  slot[1] = on and (tapes == 1 and top[2] == true and top[1] or several) or nil
end

local Scope = { __close = function(scope)
  scope[2] = false
  if slot[1] then slot[1] = several end -- which sweeps, in case this fails for lack of memory
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

function slot.scope()
  local i = innermost(scopes, #scopes)
  return i and scopes[i]
end

function slot.watch(graph)
  slot[3] = graph
  refresh()
end

op "record" {
  doc = "Calls f(...) while a new tape records; gives the tape, then f's results. An error in f passes through.",
  args = {},
  values = { { "f", callable } },
  result = { kinds.gives("dwconv.Tape", "the tape"), kinds.gives("any ...", "then f's results") },
  raw = true,
  forward = function(f, ...)
    callable:check("f", f)
    local self = setmetatable({}, Tape)
    prepare(self)
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
