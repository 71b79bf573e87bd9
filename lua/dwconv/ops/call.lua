-- ops/call.lua: the form of a recorded call: what is noted of it, and its way back, for any number of arguments. Called
-- by ops/init.lua, which makes both along with the function of each record. Tapes keep such notes ("entries"); they,
-- and what reads a tape, know an entry by the accessors here alone. Invariant: an entry holds the tensors whose numbers
-- a gradient reads, and small ones; of the others it has ghosts, {shape =, dtype =}. What a script may change later,
-- its tables, is copied.

local args = require "dwconv.args"
local core = require "dwconv.core"

local track, ghost = core.track, core.ghost

local call = {
  small = 256, -- tensors of up to this many bytes are kept rather than described
  large = 1 << 20, -- results of at least this many bytes are made again, where their record knows how
}

-- An entry is {record, the result's number, the result or its ghost, options, how often the result had been written};
-- then for each argument {itself or its ghost, its number, how often it had been written}. Of what is no tensor, number
-- and count are nil or false; of a list of tensors, all three are lists. `remade` is what stands for its result in the
-- entries that read it, if that is not kept but made again.
local RECORD <const>, NUMBER <const>, RESULT <const>, OPTIONS <const>, WRITES <const> = 1, 2, 3, 4, 5
local HEAD <const>, EACH <const> = 5, 3

-- ---- noting --------------------------------------------------------------------------------------

local function copy_table(t)
  local copy = {}
  for k, v in pairs(t) do copy[k] = type(v) == "table" and copy_table(v) or v end
  return copy
end

-- What an entry holds of an argument that is not a tensor.
local function copy(a) return type(a) == "table" and copy_table(a) or a end

-- The same for a list of tensors, with their numbers and counts.
local function keep_list(tape, list, kept)
  local values, numbers, writes = {}, {}, {}
  for i, t in ipairs(list) do
    numbers[i], writes[i] = tape.ids[t] or tape.meet(t), t:writes()
    values[i] = kept and t or ghost(t, call.small)
  end
  return values, numbers, writes
end

-- ---- results that are made again -------------------------------------------------------------------

local Remade = { __name = "dwconv.Remade" }

local ELEMENT <const> = { float32 = 4, float64 = 8 }

-- Stands for y, a large result, in the entries of the calls that read it; nil for another.
local function remade(e, y)
  if y.size * (ELEMENT[y.dtype] or 0) < call.large then return nil end
  return setmetatable({ entry = e, value = nil }, Remade)
end

--- Whether an operand's value stands for a result that is made again.
function call.is_remade(v) return getmetatable(v) == Remade end

--- The entry of the call that gave what v stands for.
function call.origin(v) return v.entry end

--- What v stands for, and whether it was made now. It is made once, and kept until `forget`; `recorded`: by a call that
--- tapes note.
function call.make(v, recorded)
  if v.value then return v.value, false end
  local e = v.entry
  local record = e[RECORD]
  local given, n = { n = #record.positional + 1 }, #record.positional
  for k, value in call.operands(e) do given[k] = call.is_remade(value) and (call.make(value, recorded)) or value end
  given[n + 1] = e[OPTIONS]
  v.value = (recorded and record.call or record.remake)(table.unpack(given, 1, n + 1))
  return v.value, true
end

--- Lets go of what was made for the readers of an entry's result, and gives it.
function call.forget(e)
  local v = e.remade
  if not v then return nil end
  local made = v.value
  v.value = nil
  return made
end

--- What the gradients of a call read, by name and by place among the arguments: of two, one of which is a number, less
--- than of two tensors.
function call.kept(record, w1, w2)
  local alone = record.kept_alone
  if alone and not (w1 and w2) then return alone[w1 and 1 or 2] end
  return record.kept
end

-- A note is a function(tape, record, result, options, arguments...). An op that gives its argument back, as contiguous
-- may, has made nothing to note. `each`: several tapes record, or a scope that may be over.
-- What an op gave that can make its result again (`remake`) is not kept for the gradients of others.
local NOTE = [[
local track, ghost, copy, keep_list, call, remade = ...
return function(tape, record, y, o$args)
  if tape.each then return tape.each(record, y, o$args) end
  local small, wy$counts = track(call.small, y$args)
  if not wy$given_back then return end
  $numbers
  if small then
    return tape.add { record, tape.number_result(y), y, o, wy$whole }
  end
  local kept = call.kept(record, $two)
  $kept
  local e = { record, tape.number_result(y), kept.result and y or ghost(y, call.small), o, wy$parts }
  if record.remake then
    e.remade = remade(e, y)
    tape.remade[y] = e.remade
  end
  return tape.add(e)
end]]

local KEEP = "local k# if w# then k# = kept[#] and (tape.remade[a#] or a#) or ghost(a#, call.small) "
  .. "else k# = copy(a#) end"

-- function(f, g, entry): what the backward function f gives for g, the gradient of the result.
local BACK = "return function(f, g, e) return f(g, e[3]$fields, e[4]) end"

local function fill(template, parts) return (template:gsub("%$([%w_]+)", parts)) end

-- The words of `pattern` for arguments 1 to n, # standing for the number, each after a comma.
local function each(n, pattern)
  local list = {}
  for i = 1, n do list[i] = ", " .. pattern:gsub("#", tostring(i)) end
  return table.concat(list)
end

local function source_of_note(n, list)
  local numbers, kept = {}, {}
  for i = list and 2 or 1, n do
    numbers[#numbers + 1] = ("local n%d = w%d and (tape.ids[a%d] or tape.meet(a%d))"):format(i, i, i, i)
    kept[#kept + 1] = KEEP:gsub("#", tostring(i))
  end
  if list then kept[#kept + 1] = "local k1, n1, w1 = keep_list(tape, a1, kept[1])" end
  return fill(NOTE, {
    args = each(n, "a#"), counts = each(n, "w#"), given_back = n > 0 and " or rawequal(y, a1)" or "",
    numbers = table.concat(numbers, " "), kept = table.concat(kept, " "),
    whole = list and "" or each(n, "a#, n#, w#"), parts = each(n, "k#, n#, w#"),
    two = n > 1 and "w1, w2" or n > 0 and "w1" or "nil",
  })
end

local function source_of_way_back(n)
  local fields = {}
  for i = 1, n do fields[i] = (", e[%d]"):format(HEAD + EACH * (i - 1) + 1) end
  return fill(BACK, { fields = table.concat(fields) })
end

local notes, ways = { [true] = {}, [false] = {} }, {}

--- The function that notes calls of a record of n arguments, the first of which may be a list of tensors.
---@param n integer
---@param list boolean
---@return fun(tape: table, record: table, result: any, options: any, ...)
function call.note(n, list)
  local made = notes[list][n]
  if not made then
    made = assert(load(source_of_note(n, list), args.source "note", "t"))(track, ghost, copy, keep_list, call,
      remade)
    notes[list][n] = made
  end
  return made
end

--- The way back of a recorded call of n arguments: function(f, g, entry) -> f(g, result, arguments..., options).
---@param n integer
---@return fun(f: function, g: dwconv.Tensor, entry: table): any
function call.way_back(n)
  ways[n] = ways[n] or assert(load(source_of_way_back(n), args.source "gradients", "t"))()
  return ways[n]
end

--- An entry made by hand. `operands`: for each argument {value, number, count}.
function call.entry(record, number, result, options, writes, operands)
  local e = { record, number, result, options, writes }
  for k = 1, #record.positional do
    local at, operand = HEAD + EACH * (k - 1), operands[k] or {}
    e[at + 1], e[at + 2], e[at + 3] = operand[1], operand[2] or false, operand[3] or false
  end
  return e
end

-- ---- reading -------------------------------------------------------------------------------------

--- The record whose op was called.
function call.record(e) return e[RECORD] end

--- The number of its result.
function call.number(e) return e[NUMBER] end

--- The result, or its ghost; how often it had been written.
function call.result(e) return e[RESULT], e[WRITES] end

--- The options of the call, all of them.
function call.options(e) return e[OPTIONS] end

--- Argument k: itself or its ghost, its number, how often it had been written. Of what is no tensor, number and count
--- are false or nil; of a list of tensors, all three are lists.
function call.operand(e, k)
  local at = HEAD + EACH * (k - 1)
  return e[at + 1], e[at + 2], e[at + 3]
end

local function next_operand(e, k)
  if k >= #e[RECORD].positional then return nil end
  local at = HEAD + EACH * k
  return k + 1, e[at + 1], e[at + 2], e[at + 3]
end

--- For loops: k, value, number, count of each argument.
function call.operands(e) return next_operand, e, 0 end

--- The values of arguments k, k + 1, ...
function call.values(e, k)
  if k > #e[RECORD].positional then return end
  return e[HEAD + EACH * (k - 1) + 1], call.values(e, k + 1)
end

--- What f, a backward function of the record, gives for g.
function call.back(e, f, g) return e[RECORD].way_back(f, g, e) end

--- The entry with what was made in place of what stands for it; itself if there is nothing of that kind.
function call.filled(e)
  local filled = e
  for k, value in call.operands(e) do
    if call.is_remade(value) then
      if filled == e then filled = table.move(e, 1, HEAD + EACH * #e[RECORD].positional, 1, {}) end
      filled[HEAD + EACH * (k - 1) + 1] = value.value
    end
  end
  return filled
end

return call
