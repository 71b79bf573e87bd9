-- repl/history.lua: the entries of earlier prompts, in a file: $XDG_STATE_HOME/dwconv/history, or
-- ~/.local/state/dwconv/history. Each line is an entry; the further lines of an entry begin with a tab. Called by
-- init.lua. Invariant: an entry is one write at the end of the file, so prompts that run at once do not mix theirs (two
-- that begin at once and both shorten a file that is too long may lose some); a file that cannot be read or written is
-- no error, as the prompt works without.

local _ENV = require "dwconv.repl.globals"

local prompt = require "dwconv.prompt"

local History = {}
History.__index = History

local history = {}

local MOST <const> = 5000 -- entries that are kept

local function folder()
  local state = os.getenv "XDG_STATE_HOME"
  if state and state:sub(1, 1) == "/" then return state end
  local home = os.getenv "HOME"
  return home and home ~= "" and home .. "/.local/state" or nil
end

-- Makes the folders of a path that are not there.
local function make_folders(path)
  for part in path:gmatch "()/" do
    if part > 1 then prompt.make_folder(path:sub(1, part - 1)) end
  end
  return prompt.make_folder(path)
end

local function encoded(entry) return (entry:gsub("\n", "\n\t")) .. "\n" end

-- The entries of a file's text, oldest first; what is no text, as in a damaged file, is left out.
local function decoded(text)
  local entries = {}
  for line in text:gmatch "([^\n]+)" do
    if line:sub(1, 1) ~= "\t" then
      entries[#entries + 1] = line
    elseif #entries > 0 then
      entries[#entries] = entries[#entries] .. "\n" .. line:sub(2)
    end
  end
  local texts = {}
  for _, entry in ipairs(entries) do
    if utf8.len(entry) and not entry:find "[%z\1-\8\11-\31\127]" then texts[#texts + 1] = entry end
  end
  return texts
end

-- Writes the entries into a new file, which then takes the place of the old one.
local function rewrite(path, entries)
  local new = path .. ".new"
  local f = io.open(new, "w")
  if not f then return end
  for _, entry in ipairs(entries) do f:write(encoded(entry)) end
  if not (f:close() and os.rename(new, path)) then os.remove(new) end
end

--- The history of this user. `path`: another file, for tests.
---@param path? string
function history.open(path)
  local before = prompt.private()
  local self = setmetatable({ entries = {}, path = path }, History)
  local base = folder()
  if not path and base and make_folders(base .. "/dwconv") then self.path = base .. "/dwconv/history" end
  local f = self.path and io.open(self.path, "r")
  if f then
    self.entries = decoded(f:read "a" or "")
    f:close()
    local n = #self.entries
    if n > MOST then
      self.entries = table.move(self.entries, n - MOST + 1, n, 1, {})
      rewrite(self.path, self.entries)
    end
  end
  prompt.private(before)
  return self
end

--- Adds an entry; blank ones, and the same twice in a row, are not kept. Gives whether it was added.
---@param entry string
---@return boolean
function History:add(entry)
  entry = entry:match "^%s*(.-)%s*$" -- a tab would make it a part of the one before
  if not entry:find "%S" or entry == self.entries[#self.entries] then return false end
  self.entries[#self.entries + 1] = entry
  local before = prompt.private()
  local f = self.path and io.open(self.path, "a")
  prompt.private(before)
  if f then
    f:setvbuf("full", #entry * 2 + 1024)
    f:write(encoded(entry))
    f:close()
  end
  return true
end

return history
