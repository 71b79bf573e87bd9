-- timing_spec.lua: dw.time, by what it counts; how long things take is not a matter of tests.

local dw = require "dwconv"
local support = require "support"

describe("dw.time", function()
  it("makes as many calls as it is asked for, after one or two to warm up", function()
    for _, times in ipairs { 1, 2, 7, 1000 } do
      local n = 0
      local t = dw.time(function() n = n + 1 end, { times = times })
      assert.equal(times, t.n)
      assert.is_true(n == times + 1 or n == times + 2, n)
      assert.is_true(t.least > 0 and t.least <= t.median)
    end
  end)

  it("goes on for as long as it is asked to", function()
    local start, n = dw.clock(), 0
    local t = dw.time(function() n = n + 1 end, { seconds = 0.05 })
    assert.is_true(dw.clock() - start >= 0.05 and t.n > 100 and t.n <= n)
    assert.is_true(t.n * t.least <= dw.clock() - start)
    local slow = dw.time(function() -- one call is longer than that
      local from = dw.clock()
      while dw.clock() - from < 0.02 do end
    end, { seconds = 0.01 })
    assert.equal(1, slow.n)
    assert.is_true(slow.least >= 0.02)
  end)

  it("prints as a line, in a unit that suits", function()
    local text = tostring(dw.time(function() end, { times = 3 }))
    assert.truthy(text:find "^least [%d.]+ [mun]?s, median [%d.]+ [mun]?s of 3 calls$", text)
    assert.truthy(tostring(dw.time(function() end, { times = 1 })):find " of 1 call$")
  end)

  it("takes what can be called, and passes its errors on", function()
    assert.equal(2, dw.time(setmetatable({}, { __call = function() end }), { times = 2 }).n)
    assert.truthy(support.error_of(dw.time, function() error "mine" end):find "mine")
    support.refuses(function() dw.time(3) end, "time: f must be a function, got 3")
    support.refuses(function() dw.time() end, "time: f must be a function, got nil")
    support.refuses(function() dw.time(print, { time = 3 }) end, 'time: unknown option "time"; did you mean "times"?')
    support.refuses(function() dw.time(print, { times = 0 }) end, "time: times must be a whole number of at least 1, got 0")
    support.refuses(function() dw.time(print, { seconds = -1 }) end, "time: seconds must be a number above 0, got -1")
    support.refuses(function() dw.time(print, {}, 1) end, "time: takes (f, { seconds = 0.5, times = }), got a further 1")
  end)
end)
