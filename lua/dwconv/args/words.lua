-- args/words.lua: the words of errors, for all of the Lua layer, and whose name they begin with. An error that is
-- raised while a record's function runs begins with the name of the one that the script called, so no record repeats
-- its own: the core finds it on the stack, by the source of the function, which `source` gives (binding/errors.c).

local core = require "dwconv.core"

local words = {}

--- The name of the chunk in which the function `name` of a record is made.
---@param name string
---@return string
function words.source(name) return "=[dwconv] " .. name end

--- Raises a text, blaming the first line outside dwconv. Outside the functions of records it must hold the name of what
--- was called.
---@param format string
---@param ... any what string.format puts into it; a text alone stands as it is
function words.raise(format, ...) core.raise(select("#", ...) > 0 and format:format(...) or format) end

--- How an error text shows a value: `"SAME"`, `2.5`, `{2, 2}`, `a float32 tensor 3x3`.
words.show = core.show

-- No tail call: f runs while this function is on the stack.
local through = [[
local f, pass = ...
return function(...) return pass(f(...)) end]]

local function pass(...) return ... end

words.pass = pass

--- The function f, in which errors speak of `name`.
---@param name string
---@param f function
---@return function
function words.speaking(name, f) return load(through, words.source(name), "t")(f, pass) end

local calling = [[
local pass = ...
return function(f, ...) return pass(f(...)) end, function(f, a, b) local y = f(a, b) return y end]]

--- call(f, ...) calls f, which a script has passed: an error in it has the name of what f calls. call2(f, a, b) does
--- the same, and gives one result.
words.call, words.call2 = load(calling, words.source "", "t")(pass)

-- ---- names that are nearly right -----------------------------------------------------------------

local function distance(a, b) -- Levenshtein's, on lower case
  a, b = a:lower(), b:lower()
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
    end
  end
  return row[#b]
end

--- `; did you mean "strides"?`, or nothing when no name is near.
---@param word any
---@param names string[]
---@return string
function words.hint(word, names)
  if type(word) ~= "string" or #word > 60 then return "" end
  local best, nearest = math.max(2, #word // 3) + 1, nil
  for _, name in ipairs(names) do
    local d = #word >= 3 and name:sub(1, #word) == word and 1 or distance(word, name) -- a beginning is near
    if d < best then best, nearest = d, name end
  end
  return nearest and ('; did you mean "%s"?'):format(nearest) or ""
end

--- The keys of a table of names, in alphabetical order.
---@param t table<string, any>
---@return string[]
function words.sorted_keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

--- Words as a choice: `a`, `a or b`, `a, b or c`.
---@param list string[]
---@return string
function words.choice(list)
  local last = #list
  return last < 2 and list[1] or table.concat(list, ", ", 1, last - 1) .. " or " .. list[last]
end

return words
