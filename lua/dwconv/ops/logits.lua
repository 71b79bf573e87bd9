-- ops/logits.lua: what a softmax or a sigmoid was computed of, so that a crossentropy of its result can be computed
-- from the logits: exactly, where probabilities are rounded to 0 or 1. Called by the ops that make probabilities, and
-- by the crossentropies. Invariant: of few results only, the latest, and only while they are alive; a result that is
-- written in place, or whose logits are, is forgotten.
-- While a tape records, it must have recorded the op as well: probabilities from before are numbers like any others to
-- it, which may have a gradient of their own. Logits whose memory is borrowed are remembered until it is taken back.

local core = require "dwconv.core"
local ops = require "dwconv.ops"

local slot = ops.slot
local logits = {}

local LATEST <const> = 8 -- as many as a model has results

-- behind: result -> {logits, axis or false, how often these were written}; scope_of: result -> the scope it was
-- recorded in; latest: the results, round and round.
local behind, scope_of = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "kv" })
local latest, last = setmetatable({}, { __mode = "v" }), 0

--- To be called for y = softmax(x) along an axis from 1 on, or sigmoid(x), of which axis is false. Gives y.
function logits.remember(y, x, axis)
  local at = last % LATEST + 1
  if slot.hold then slot.hold(x) end
  local oldest, entry = latest[at], { x, axis, x:writes() }
  if oldest then behind[oldest] = nil end
  latest[at], last = y, at
  behind[y] = entry
  if slot[1] then scope_of[y] = slot.scope() end
  return y
end

--- The logits of probabilities that come from a softmax along the axis (a sigmoid: false), or nil.
function logits.of(y, axis)
  local entry = behind[y]
  if not entry or entry[2] ~= axis or core.is_taken(entry[1]) then return nil end
  if y:writes() > 0 or entry[1]:writes() ~= entry[3] then return nil end
  if slot[1] and scope_of[y] ~= slot.scope() then return nil end
  return entry[1]
end

return logits
