-- summary.lua: busted's plain output, then one line "N passed, N failed", which scripts read.

return function(options)
  local busted = require "busted"
  local handler = require "busted.outputHandlers.plainTerminal"(options)
  local subscribe = handler.subscribe
  function handler:subscribe(...)
    subscribe(self, ...)
    busted.subscribe({ "exit" }, function()
      local ran = self.successesCount + self.failuresCount + self.errorsCount
      if ran == 0 then error("no test ran", 0) end
      print(("%d passed, %d failed"):format(self.successesCount, self.failuresCount + self.errorsCount))
      return nil, true
    end)
  end
  return handler
end
