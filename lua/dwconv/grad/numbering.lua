-- grad/numbering.lua: the numbers by which a tape knows tensors. Called by tape.lua for tensors that are new to a tape,
-- and by gradients.lua to find where the gradient of a variable is. Invariant: a tensor that ops have not made on the
-- tape is known by the numbers in it, not by the object. A view is a part of its root, and the tape has an entry of
-- that, as if the view had been made of it when it was met.

local call = require "dwconv.ops.call"
local core = require "dwconv.core"
local ops = require "dwconv.ops"

local ghost, part = core.ghost, core.part
local records = ops.records

-- A group is what a tape knows of the views of one root: {id = the root's number, used = whether the root itself was
-- met, aligned = whether it is in row-major order, n = how many members, members = a member for each form of view:
-- {id =, low =, high = (elements), shared = whether another overlaps it, as far as the bounds tell}}.

local function key_of(shape, strides, first)
  return ("%s;%s;%d"):format(table.concat(shape, ","), table.concat(strides, ","), first)
end

local function mark_shared(group)
  if group.marked == group.n then return end
  local list, widest = {}, nil
  for _, member in pairs(group.members) do
    list[#list + 1], member.shared = member, false
  end
  table.sort(list, function(a, b) return a.low < b.low end)
  for _, member in ipairs(list) do
    if widest and member.low <= widest.high then member.shared, widest.shared = true, true end
    if not widest or member.high > widest.high then widest = member end
  end
  group.marked = group.n
end

--- Gives the tape `self` ids, by tensor; meet, which numbers an argument without an id; number_result; way_to and
--- written_by.
---@param self table a tape that has `add`
---@param tape table { met = }, see tape.lua
return function(self, tape)
  local ids, groups, last = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "k" }), 0
  self.ids = ids

  local function fresh()
    last = last + 1
    return last
  end

  local function group_of(root, aligned)
    local group = groups[root]
    if group then return group end
    group = { id = ids[root] or fresh(), used = ids[root] ~= nil, aligned = aligned, n = 0, members = {} }
    groups[root] = group
    return group
  end

  local function member_of(t, root, shape, strides, first, low, high, aligned)
    local group, key = group_of(root, aligned), key_of(shape, strides, first)
    if group.members[key] then return group.members[key] end
    local small, member, writes = call.small, { id = fresh(), low = low, high = high, shared = false }, t:writes()
    if aligned then
      self.add(call.entry(records.strided, member.id, ghost(t, small), tape.met, writes,
        { { ghost(root, small), group.id, writes }, { shape }, { strides }, { first } }))
    end
    group.members[key], group.n = member, group.n + 1
    return member
  end

  function self.meet(t)
    local group, id = groups[t]
    if group then
      id, group.used = group.id, true
    elseif part(t) then
      id = member_of(t, part(t)).id
    else
      id = fresh()
    end
    ids[t] = id
    return id
  end

  --- The number whose gradient holds that of v; unless it is the same, the shape, strides and first element of v's part
  --- of it. Nothing, but a reason, where neither can be had.
  function self.way_to(v)
    local root, shape, strides, first = part(v)
    if not root then
      local group = groups[v]
      if group and not group.aligned and group.n > 0 then return nil, "is no copy, and views of it were used too" end
      return group and group.id or ids[v] or self.meet(v)
    end
    local id = ids[v] or self.meet(v)
    local group = groups[root]
    local member = group and group.members[key_of(shape, strides, first)]
    if not member or member.id ~= id then return id end -- made on the tape
    mark_shared(group)
    if not group.used and not member.shared then return id end
    if records.strided.repeats(shape, strides) then
      return nil, "repeats its numbers (it was broadcast), and other views of them were used too"
    end
    if not group.aligned then return nil, "is a view, and other views of the same numbers were used too" end
    return group.id, shape, strides, first
  end

  --- What a write into x changes: for its owner, and for its root if it is another, the group and the bounds.
  function self.written_by(x)
    local root, _, _, _, low, high, aligned = part(x)
    local owner = core.owner(x)
    if root and rawequal(root, owner) then
      return { { group = group_of(owner, true), low = low, high = high } }
    end
    local all = { { group = group_of(owner, true), low = math.mininteger, high = math.maxinteger } }
    root = root or x
    if not rawequal(root, owner) then
      all[2] = { group = group_of(root, aligned), low = math.mininteger, high = math.maxinteger }
    end
    return all
  end

  -- Even if it is a view, a result is known as what the call made of its arguments.
  function self.number_result(y)
    local id = ids[y] or fresh()
    ids[y] = id
    return id
  end
end
