-- callbacks/records.lua: the callbacks that keep what a training was: History, and CSVLogger, which writes a file.
-- Called by init.lua, which makes classes of them.

local args = require "dwconv.args"

local kinds, raise = args.kinds, args.raise

--- Adds the classes to the registry.
return function(registry)
  -- A line for each epoch, of many the first and the last; losses first.
  local function history_text(self)
    local EDGE <const> = 10
    local names, lines = {}, {}
    for name in pairs(self.history) do names[#names + 1] = name end
    table.sort(names, function(a, b)
      local loss_a, loss_b = a:find "loss$" ~= nil, b:find "loss$" ~= nil
      if loss_a ~= loss_b then return loss_a end
      return a < b
    end)
    lines[1] = "epoch" .. (" %12s"):rep(#names):format(table.unpack(names))
    for i, epoch in ipairs(self.epoch) do
      if #self.epoch <= 2 * EDGE or i <= EDGE or i > #self.epoch - EDGE then
        local row = {}
        for k, name in ipairs(names) do
          local value = self.history[name][self.places[name][epoch]]
          row[k] = value and (" %12.6g"):format(value) or (" "):rep(12) .. "-"
        end
        lines[#lines + 1] = ("%5d"):format(epoch) .. table.concat(row)
      elseif i == EDGE + 1 then
        lines[#lines + 1] = "  ..."
      end
    end
    return table.concat(lines, "\n")
  end

  registry:class "History" {
    doc = "Keeps the logs of epochs: history.history.loss[epoch]. fit makes one and gives it back.",
    begin = function(self)
      self.epoch, self.history, self.interrupted = {}, {}, false
      self.places = {} -- by name and epoch: where in the list its number is; validation need not run in every epoch
    end,
    on_epoch_end = function(self, epoch, logs)
      table.insert(self.epoch, epoch)
      for name, value in pairs(logs) do
        local list, places = self.history[name] or {}, self.places[name] or {}
        self.history[name], self.places[name] = list, places
        list[#list + 1], places[epoch] = value, #list + 1
      end
    end,
    text = history_text,
  }

  -- As short as it can be with all digits.
  local function digits(v)
    if v == nil then return "NA" end
    if math.type(v) == "integer" then return ("%d"):format(v) end
    for precision = 15, 17 do
      local text = ("%%.%dg"):format(precision):format(v)
      if tonumber(text) == v or v ~= v then return text end
    end
  end

  registry:class "CSVLogger" {
    doc = [[
Writes a line for each epoch into a file: its number, from 1, then the logs in alphabetical order. `append` goes on with
a file that is there.]],
    leading = { "filename", "separator", "append" },
    options = { filename = kinds.text(), separator = ",", append = false },
    begin = function(self) self.file, self.keys = false, false end,
    on_train_begin = function(self)
      self:begin()
      local before = self.append and io.open(self.filename, "r")
      self.headed = before and before:read(1) ~= nil or false
      if before then before:close() end
      local file, why = io.open(self.filename, self.append and "a" or "w")
      if not file then raise("CSVLogger: cannot write %s", why) end
      self.file = file
    end,
    row = function(self, cells)
      self.file:write(table.concat(cells, self.separator), "\n")
      self.file:flush()
    end,
    on_epoch_end = function(self, epoch, logs)
      if not self.keys then
        self.keys = args.sorted_keys(logs)
        if not self.headed then self:row { "epoch", table.unpack(self.keys) } end
      end
      local cells = { digits(epoch) }
      for _, key in ipairs(self.keys) do cells[#cells + 1] = digits(logs[key]) end
      self:row(cells)
    end,
    on_train_end = function(self)
      if self.file then self.file:close() end
      self.file = false
    end,
  }
end
