-- models/progress.lua: what fit prints: a bar with rate, time left, loss and metrics on a terminal, redrawn at most ten
-- times a second; in a pipe, or with verbose = 2, one line for each epoch. Called by fit.lua.
-- Invariant: a redrawn line begins with a carriage return and is filled up with blanks: no backspaces, no colours.

local terminal = require "dwconv.io.terminal"

local Bar = {}
Bar.__index = Bar

local progress = {}

local INTERVAL <const> = 0.1 -- seconds between redraws
local WIDTH <const> = 20 -- of the bar, in characters

local function number(v)
  if math.type(v) == "integer" then return tostring(v) end
  local size = math.abs(v)
  if size ~= 0 and (size < 1e-3 or size >= 1e5) then return ("%.4e"):format(v) end
  return ("%.4f"):format(v)
end

-- "loss 0.3214 - accuracy 0.9012", in the order of names, then what else is there.
local function logs_text(logs, names)
  local list, shown = {}, {}
  local function add(name)
    if type(logs[name]) == "number" and not shown[name] then
      shown[name] = true
      list[#list + 1] = name .. " " .. number(logs[name])
    end
  end
  for _, name in ipairs(names) do add(name) end
  for _, name in ipairs(names) do add("val_" .. name) end
  return table.concat(list, " - ")
end

local function duration(seconds)
  if seconds >= 3600 then return ("%d:%02d h"):format(seconds // 3600, seconds % 3600 // 60) end
  if seconds >= 60 then return ("%d:%02d min"):format(seconds // 60, seconds % 60 // 1) end
  return ("%.1f s"):format(seconds)
end

--- verbose: 0 nothing, 1 a bar on a terminal, 2 a line for each epoch. steps: of an epoch, if known. names(): of losses
--- and metrics, in order.
function progress.new(verbose, epochs, steps, names)
  local columns = verbose == 1 and terminal.columns()
  return setmetatable({ silent = verbose == 0, columns = columns, epochs = epochs, steps = steps, names = names }, Bar)
end

function Bar:write(text)
  local blanks = math.max(0, (self.drawn or 0) - #text)
  io.stdout:write("\r", text, (" "):rep(blanks))
  io.stdout:flush()
  self.drawn = #text
end

--- An epoch begins.
function Bar:begin(epoch)
  self.epoch, self.start, self.last = epoch, terminal.clock(), nil
end

function Bar:head()
  return self.epochs > 1 and ("epoch %d/%d "):format(self.epoch, self.epochs) or ""
end

--- A step is done.
function Bar:step(step, logs)
  if self.silent or not self.columns then return end
  local now = terminal.clock()
  if self.last and now - self.last < INTERVAL then return end
  self.last = now
  local spent = now - self.start
  local parts = { self:head() }
  if self.steps then
    local done = step * WIDTH // self.steps
    parts[2] = ("[%s%s] %d/%d"):format(("="):rep(done), (" "):rep(WIDTH - done), step, self.steps)
    parts[3] = (" - %s left"):format(duration(spent / step * (self.steps - step)))
  else
    parts[2] = ("step %d"):format(step)
  end
  parts[#parts + 1] = (" - %.0f steps/s - "):format(step / math.max(spent, 1e-9))
  parts[#parts + 1] = logs_text(logs, self.names())
  self:write(table.concat(parts):sub(1, self.columns - 1))
end

--- The epoch is over.
function Bar:finish(logs, steps)
  if self.silent then return end
  local spent = terminal.clock() - self.start
  local text = ("%s%d steps - %s - %s"):format(self:head(), steps or 0, duration(spent), logs_text(logs, self.names()))
  if self.columns then
    self:write(text)
    io.stdout:write "\n"
    self.drawn = 0
  else
    io.stdout:write(text, "\n")
  end
  io.stdout:flush()
end

--- Training ends before its time; says why, if there is a reason.
function Bar:stop(why)
  if self.silent then return end
  if (self.drawn or 0) > 0 then io.stdout:write "\n" end
  if why then io.stdout:write(why, "\n") end
  self.drawn = 0
end

return progress
