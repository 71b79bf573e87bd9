-- grad/arena.lua: the memory of a step of training. While an arena is open, large tensors borrow their memory
-- (binding/memory.c), and give it back as soon as nobody holds them, so that a step needs little memory, which is in
-- the caches, and the next step the same. Who keeps a tensor for later holds it: tapes hold what gradients read, the
-- walk back the gradients that are still to be used, a network the results that layers are still to read. Called by
-- these. Invariant: what nobody holds is taken back when the part of the step is over that made it, and everything at
-- the end: so nothing of a step may be left with a script. Touching what was taken back is an error, never a wrong
-- number.

local core = require "dwconv.core"
local slot = require("dwconv.ops").slot

local borrower, take_back = core.borrower, core.take_back

local arena = { open = false }

local free, log, counts -- of the open arena

--- One more holder of t.
function arena.hold(t)
  local owner = borrower(t)
  if owner then counts[owner] = (counts[owner] or 0) + 1 end
end

--- One holder less; t's memory is taken back if it was the last.
function arena.drop(t)
  local owner = borrower(t)
  local n = owner and counts[owner]
  if not n then return end
  counts[owner] = n > 1 and n - 1 or nil
  if n == 1 then take_back(owner, free) end
end

--- One holder less of what is handed on, whose memory stays.
function arena.hand_on(t)
  local owner = borrower(t)
  local n = owner and counts[owner]
  if n then counts[owner] = n > 1 and n - 1 or nil end
end

--- Where a part of a step begins, for `sweep`.
function arena.mark() return #log end

--- A part is over that began at the mark: what it made, and nobody holds, is taken back.
function arena.sweep(mark)
  local kept = mark
  for i = mark + 1, #log do
    local t = log[i]
    log[i] = nil
    if borrower(t) then
      if counts[t] then
        kept = kept + 1
        log[kept] = t
      else
        take_back(t, free)
      end
    end
  end
end

local Scope = { __close = function()
  core.lend()
  for i = 1, #log do
    if borrower(log[i]) then take_back(log[i], free) end
  end
  arena.open, slot.hold, free, log, counts = false, nil, nil, nil, nil
end }

--- Opens an arena over `blocks`, a table that the caller keeps from step to step. It is closed with the value that
--- comes back; there is one at a time.
---@param blocks table
function arena.over(blocks)
  free, log, counts = blocks, {}, {}
  arena.open, slot.hold = true, arena.hold
  core.lend(free, log)
  return setmetatable({}, Scope)
end

--- t's memory stays its own.
arena.keep = core.keep

--- Calls f(...) while new tensors have memory of their own.
function arena.outside(f, ...)
  if not arena.open then return f(...) end
  local blocks, list = free, log
  core.lend()
  local _ <close> = setmetatable({}, { __close = function() core.lend(blocks, list) end })
  return f(...)
end

return arena
