-- args/recall.lua: remembers what a parser made of options, so that a script that calls an op over and over pays for
-- its options once. Called by parser.lua. Invariant: options are recognised by what they hold, never by their table, so
-- a table that a script has changed is read again, and a new table with the same contents is not.

local core = require "dwconv.core"
local config = require "dwconv.config"

local recall = core.recall -- (memory, given, grow): the node of a tree of tables to which the options in `given` lead

local MOST = 64 -- sets of options that a parser remembers

--- A function like `parse`, which calls it only once for options with the same contents under the same configuration.
---@param parse fun(given: table?, extra: any): table, any what it gives for a table depends on nothing else
---@return fun(given: table?, extra: any): table, any
return function(parse)
  local memory, known, prepared, grown, changes

  local function forget() memory, known, prepared, grown, changes = {}, {}, {}, 0, config.changes end

  local function place(given, grow)
    if given == nil then return memory end
    return recall(memory, given, grow)
  end

  -- A finaliser may change `given` meanwhile: where it led before is compared with where it leads then.
  local function learn(given, extra)
    if grown == MOST then forget() end
    grown = grown + 1
    local node = place(given, true)
    local o, p = parse(given, extra)
    if node and node == place(given) then known[node], prepared[node] = o, p end
    return o, p
  end

  forget()
  return function(given, extra)
    if changes ~= config.changes then forget() end
    local node = given == nil and memory or recall(memory, given)
    local o = known[node]
    if o and extra == nil then return o, prepared[node] end
    return learn(given, extra)
  end
end
