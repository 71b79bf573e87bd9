-- tape_spec.lua: what dw.record promises: right gradients through everything, higher orders, what it refuses, and that
-- nothing records once f has ended, however it ended. What a tape keeps: keeps_spec.lua.

local core = require "dwconv.core"
local dw = require "dwconv"
local support = require "support"
local K, refuses, holds = dw.backend, support.refuses, support.holds
local ops = require "dwconv.ops"

local function f64(t) return dw.tensor(t, { dtype = "float64" }) end

local function gradients(f, variables, o)
  local tape, loss = dw.record(f)
  return tape:gradients(loss, variables, o)
end

-- Nothing records now.
local function check_off()
  assert.is_nil(ops.slot[1] or ops.slot[2])
  refuses(function() K.gradients(dw.ones {}, dw.ones {}) end, "gradients: no tape is recording")
end

describe("gradients", function()
  after_each(check_off)

  it("are those computed by hand", function()
    local x, w = f64 { { 1, 2 }, { 3, 4 } }, f64 { { 5 }, { 6 } }
    local tape, loss, more, none = dw.record(function()
      local y = K.matmul(x, w) -- 17, 39
      return K.sum(y * y), "more", nil
    end)
    assert.equal("more", more)
    assert.is_nil(none)
    assert.equal("tape of 3 calls", tostring(tape))
    local g = tape:gradients(loss, { x = x, [1] = w })
    holds(g.x, { { 170, 204 }, { 390, 468 } })
    holds(g[1], { { 2 * (17 + 3 * 39) }, { 2 * (2 * 17 + 4 * 39) } })
    holds(tape:gradients(loss, x), { { 170, 204 }, { 390, 468 } }, "a second time")
    support.covers("record", "gradients")
  end)

  it("pass through views", function()
    local x = f64 { { 1, 2, 3 }, { 4, 5, 6 } }
    local w = f64 { 10, 20, 30 }
    for what, case in pairs {
      index = { function() return x[2] * w end, { { 0, 0, 0 }, { 10, 20, 30 } } },
      call = { function() return x(1) * w end, { { 10, 20, 30 }, { 0, 0, 0 } } },
      ranges = { function() return x[{ {}, { 3, 1, -2 } }] * f64 { 7, 8 } end, { { 8, 0, 7 }, { 8, 0, 7 } } },
      narrow = { function() return x:narrow(2, 2, 2) * f64 { 7, 8 } end, { { 0, 7, 8 }, { 0, 7, 8 } } },
      select = { function() return x:select(2, -1) * f64 { 7, 8 } end, { { 0, 0, 7 }, { 0, 0, 8 } } },
      transpose = { function() return x:transpose()[3] * f64 { 7, 8 } end, { { 0, 0, 7 }, { 0, 0, 8 } } },
      swapped = { function() return x:transpose(1, 2) * f64 { { 1, 2 }, { 3, 4 }, { 5, 6 } } end,
        { { 1, 3, 5 }, { 2, 4, 6 } } },
      reshape = { function() return x:reshape { 3, -1 } * f64 { { 1, 2 }, { 3, 4 }, { 5, 6 } } end,
        { { 1, 2, 3 }, { 4, 5, 6 } } },
      permute = { function() return x:permute { 2, 1 } * f64 { { 1, 2 }, { 3, 4 }, { 5, 6 } } end,
        { { 1, 3, 5 }, { 2, 4, 6 } } },
      ones = { function() return x:expand_dims(1):expand_dims(-1):squeeze():expand_dims(2):squeeze(2) * w end,
        { { 10, 20, 30 }, { 10, 20, 30 } } },
      broadcast = { function() return x:broadcast_to { 5, 2, 3 } * w end, { { 50, 100, 150 }, { 50, 100, 150 } } },
      reverse = { function() return x:reverse(2) * w end, { { 30, 20, 10 }, { 30, 20, 10 } } },
      of_views = { function() return x[{ {}, { 2, 3 } }]:transpose()[2]:narrow(1, 2, 1) * 9 end, { { 0, 0, 0 }, { 0, 0, 9 } } },
      overlapping = { function() return x[1] + x:narrow(1, 1, 2)[1] + x[{ 1 }] end, { { 3, 3, 3 }, { 0, 0, 0 } } },
    } do
      holds(gradients(case[1], x), case[2], what)
    end
  end)

  it("add up where a tensor is used twice", function()
    local x = f64 { 3 }
    holds(gradients(function() return x * x end, x), { 6 })
    holds(gradients(function()
      local y = x + x
      return y + y
    end, x), { 4 })
    holds(gradients(function() return K.concatenate { x, x * 2 } end, x), { 3 }, "a list")
    holds(gradients(function() return K.stack { x, x, x }:sum { axis = 1 } + K.concatenate({ x, x }):sum() end, x), { 5 })
    holds(gradients(function() return K.log(x) + x end, { x, x })[2], { 1 / 3 + 1 }, "asked for twice")
  end)

  it("are of what is asked for: results, the loss, what it does not reach", function()
    local x, away = f64 { 2, 3 }, dw.ones { 2, 2 }
    local tape, y, z, unused = dw.record(function()
      local y = x * x
      return y, K.sum(y * y * x), K.exp(y)
    end)
    local g = tape:gradients(z, { x = x, y = y, z = z, away = away, unused = unused })
    holds(g.x, { 5 * 16, 5 * 81 })
    holds(g.y, { 2 * 4 * 2, 2 * 9 * 3 })
    holds(g.z, 1)
    support.same(g.away, dw.zeros { 2, 2 })
    holds(g.unused, { 0, 0 })
    assert.same({}, tape:gradients(z, {}))
  end)
end)

describe("gradients", function()
  after_each(check_off)

  it("are of a loss that was computed while the tape recorded, or is asked for", function()
    local x = f64 { 2, 3 }
    local tape, y = dw.record(function() return K.sum(x * x) end)
    local elsewhere = "gradients: loss was not computed while this tape recorded"
    refuses(function() tape:gradients(y * 100, x) end, elsewhere)
    refuses(function() tape:gradients(x, y) end, elsewhere)
    refuses(function() tape:gradients(dw.ones { 2 }, x) end, elsewhere)
    holds(tape:gradients(x, x), { 1, 1 })
    local steps, loss = dw.record(function() return K.floor(x) end)
    holds(steps:gradients(loss, x), { 0, 0 })
    refuses(function()
      local written, z = dw.record(function() return x * 2 end)
      z:fill(0)
      written:gradients(z, x)
    end, "gradients: loss was written in place since it was computed; clone() before")
  end)

  it("are of a variable's numbers, whichever view of them was used", function()
    local x = f64 { { 1, 2, 3 }, { 4, 5, 6 } }
    local column, again = x[{ {}, { 2 } }], x[{ {}, { 2 } }]
    local tape, y = dw.record(function() return K.sum(column * column) end)
    holds(tape:gradients(y, again), { { 4 }, { 10 } })
    holds(tape:gradients(y, x), { { 0, 4, 0 }, { 0, 10, 0 } })
    holds(tape:gradients(y, x[1][{ { 2, 3 } }]), { 4, 0 })
    holds(tape:gradients(y, x[{ {}, { 3 } }]), { { 0 }, { 0 } })
    local both, z = dw.record(function() return K.sum(x * x) + K.sum(column) + K.sum(x:transpose()) end)
    holds(both:gradients(z, x), { { 3, 6, 7 }, { 9, 12, 13 } })
    holds(both:gradients(z, again), { { 6 }, { 12 } })
    local net, loss = dw.record(function() return K.sum(x:reshape { 3, 2 } * 3) end)
    holds(net:gradients(loss, x:reshape { 6 }), { 3, 3, 3, 3, 3, 3 })
  end)

  it("are never lost by a write", function()
    local x = f64 { 2, 3 }
    for _, write in ipairs {
      function(y) y[{}] = x * x end,
      function(y) y[1] = K.sum(x) end,
      function(y) y:copy_(x * x) end,
      function(y) y[{ { 1 } }] = (x * x)[{ { 1 } }] end,
      function(y) K.update(y, x * x) end,
      function(y) K.update_add(y, x * x) end,
      function(y) K.update_sub(y[{ { 1 } }], x[{ { 1 } }] * 1) end,
      function(y) K.set_value(y, x * x) end,
      function(y) K.batch_set_value { { y, x * x } } end,
      function(y) K.moving_average_update(y, x * x, 0.5) end,
    } do
      local tape, loss = dw.record(function()
        local y = K.zeros({ 2 }, { dtype = "float64" })
        write(y)
        return K.sum(y * 2)
      end)
      refuses(function() tape:gradients(loss, x) end, "had been written in place from a result that the tape knows")
      assert.same(0, tape:gradients(loss, dw.zeros { 1 }):item()) -- of what is not in it
    end
    local tape, loss = dw.record(function() -- constants may be written, and so may what no gradient comes through
      local y = K.zeros({ 2 }, { dtype = "float64" })
      y[1] = 5
      dw.no_grad(function() y[{ { 2 } }] = (x * x)[{ { 2 } }] end)
      return K.sum(y * x)
    end)
    holds(tape:gradients(loss, x), { 5, 9 })
  end)
end)

describe("gradients", function()
  after_each(check_off)

  it("are weighted by output_gradients, by ones otherwise", function()
    local x = f64 { 2, 3 }
    local tape, y = dw.record(function() return x * x end)
    holds(tape:gradients(y, x), { 4, 6 })
    holds(tape:gradients(y, { x }, { output_gradients = f64 { 10, 100 } })[1], { 40, 600 })
    local like = "gradients: output_gradients must be like loss, a float64 tensor 2, got "
    refuses(function() tape:gradients(y, x, { output_gradients = f64 { 1 } }) end, like .. "a float64 tensor 1")
    refuses(function() tape:gradients(y, x, { output_gradients = dw.ones { 2 } }) end, like .. "a float32 tensor 2")
    refuses(function() tape:gradients(y, x, { output_gradients = 1 }) end, "output_gradients must be a tensor like loss, got 1")
    refuses(function() tape:gradients(y, x, { output_gradient = y }) end, 'did you mean "output_gradients"?')
  end)

  it("refuse what is no loss and no variable", function()
    local x = f64 { 2, 3 }
    local tape, y = dw.record(function() return x * x end)
    refuses(function() tape:gradients(3, x) end, "gradients: loss must be a float32 or float64 tensor, got 3")
    refuses(function() tape:gradients(y:astype "int32", x) end, "loss must be a float32 or float64 tensor, got an int32 tensor 2")
    refuses(function() tape:gradients(y) end, "variables must be a tensor or a table of tensors, got nil")
    refuses(function() tape:gradients(y, { a = 1 }) end, 'variables["a"] must be a float32 or float64 tensor, got 1')
    refuses(function() tape:gradients(y, { x, x:greater(0) }) end, "variables[2] must be", "got a bool tensor 2")
    refuses(function() tape.gradients(y, x) end, "gradients: call it with a colon: tape:gradients(loss, variables)")
    refuses(function() dw.record() end, "record: f must be a function, got nil")
    refuses(function() dw.no_grad(x) end, "no_grad: f must be a function, got a float64 tensor 2")
  end)

  it("stop at whole numbers, bools, stop_gradient and no_grad", function()
    local x = f64 { -2, 3 }
    local picked = dw.tensor({ 2, 2, 1 }, { dtype = "int32" })
    holds(gradients(function() return K.gather(x, picked) end, x), { 1, 2 })
    holds(gradients(function() return K.where(x:greater(0), x * x, x:astype "int32":astype "float64") end, x), { 0, 6 })
    holds(gradients(function() return x * K.stop_gradient(x) end, x), { -2, 3 })
    holds(gradients(function()
      local stopped = K.stop_gradient { x, x * x }
      return x * stopped[1] + x + stopped[2]
    end, x), { -1, 4 })
    holds(gradients(function() return x * dw.no_grad(function() return x * 1 end) end, x), { -2, 3 })
    refuses(function() K.stop_gradient(3) end, "stop_gradient: ", "must be a tensor or a table of tensors, got 3")
    support.covers "no_grad"
  end)

  it("are of numbers of their own, which may be written in place", function()
    local a, b, given = dw.ones { 2, 3 }, dw.ones { 2, 3 }, dw.ones { 2, 3 }
    local r = a:reshape { 3, 2 }
    local tape, y, z = dw.record(function()
      local z = a:reshape { 3, 2 }
      return (a + b) + r:reshape { 2, 3 } + a:transpose():transpose(), z
    end)
    for _, o in ipairs { { output_gradients = given }, {} } do
      local g = tape:gradients(y, { a, b, r, y, a }, o)
      for i = 1, #g do g[i]:fill(100 + i) end
      for i = 1, #g do assert.equal(100 + i, g[i](1, 1)) end
    end
    assert.equal(1, given(1, 1))
    local sums = tape:gradients(z, { a, z })
    sums[1]:fill(7)
    assert.equal(1, sums[2](1, 1))
    assert.equal(1, a(1, 1))
    local function one(t) return K.sum(t):reshape { 1 } end
    local stretched = gradients(function() return K.concatenate { one(a), one(b) * 2 } * 2 end, { a, b })
    K.update_add(stretched[1], 1) -- as an optimizer does
    support.same(stretched[1], dw.full({ 2, 3 }, 3))
  end)
end)

describe("recording", function()
  after_each(check_off)
  local x = f64 { 0.5, 2 }

  it("ends when f raises, and goes on when f catches", function()
    refuses(function() dw.record(function() error "of my own" end) end, "of my own")
    check_off()
    local thing = {}
    assert.equal(thing, select(2, pcall(dw.record, function() dw.no_grad(function() error(thing) end) end)))
    check_off()
    holds(gradients(function()
      assert.is_false((pcall(function() return (x * x):reshape { 7 } end)))
      assert.is_false((pcall(dw.record, function() error "inside" end)))
      assert.is_false((pcall(dw.no_grad, function() error "inside" end)))
      return x * x * 2
    end, x), { 2, 8 })
  end)

  it("pauses while the coroutine that began it is suspended", function()
    local first = coroutine.create(function()
      return gradients(function()
        local y = x * x
        coroutine.yield(y)
        return y * x
      end, x)
    end)
    local _, y = coroutine.resume(first)
    refuses(function() K.gradients(y, x) end, "no tape is recording")
    local tape, second = dw.record(function() -- closed before the first, which began earlier
      coroutine.resume(coroutine.create(function() dw.record(coroutine.yield) end)) -- never ends
      return y * 3
    end)
    holds(tape:gradients(second, y), { 3, 3 })
    holds(tape:gradients(second, x), { 0, 0 })
    local ok, g = coroutine.resume(first)
    assert.is_true(ok, g)
    holds(g, { 0.75, 12 })
    collectgarbage()
    local _ = x * 2 -- an op sweeps out what was dropped
  end)

  it("takes in what coroutines do that f resumes", function()
    holds(gradients(function()
      local squares = coroutine.wrap(function()
        dw.no_grad(function() coroutine.yield(x * 5) end)
        coroutine.yield(x * x)
      end)
      local five, y = squares(), x * 3 -- recorded: no_grad waits in the other coroutine
      return K.stop_gradient(five) + y - y + squares() * 3
    end, x), { 3, 48 / 2 - 12 })
  end)

  it("ends with a coroutine that dies of an error or is dropped", function()
    local held = setmetatable({}, { __mode = "k" })
    for _, ending in ipairs { error, coroutine.yield } do
      coroutine.resume(coroutine.create(function()
        dw.record(function()
          held[x * 2] = true
          dw.no_grad(function() ending "dies" end)
        end)
      end))
      refuses(function() K.gradients(x, x) end, "no tape is recording")
    end
    collectgarbage()
    local _ = x * 2
    collectgarbage()
    assert.is_nil(next(held))
    check_off()
  end)

  it("nests: no_grad in record, record in no_grad", function()
    local inner_gradient
    local g = gradients(function()
      local y = x * x
      dw.no_grad(function()
        y = y + x * 100
        refuses(function() K.gradients(y, x) end, "no tape is recording")
        inner_gradient = gradients(function() return x * x * x end, x)
      end)
      return K.stop_gradient(y) + x * 3
    end, x)
    holds(g, { 3, 3 })
    holds(inner_gradient, { 0.75, 12 })
  end)
end)

describe("higher derivatives", function()
  local x, y = f64 { 0.5, 2 }, f64 { 3, 4 }

  it("come from tapes in tapes", function()
    local function derivative(n, f)
      if n == 0 then return f() end
      return gradients(function() return derivative(n - 1, f) end, x)
    end
    for n, want in ipairs { { 0.5, 32 }, { 3, 48 }, { 12, 48 }, { 24, 24 }, { 0, 0 } } do
      holds(derivative(n, function() return x * x * x * x end), want, "derivative " .. n)
    end
  end)

  it("come from parts of a tensor, which overlap", function()
    local w = dw.uniform({ 5, 4 }, { seed = 3, dtype = "float64" })
    local function parts()
      local sum = 0
      for i = 1, 5 do sum = K.square(w[i]) * i + sum end
      return K.sum(sum) + K.sum(w[{ {}, { 1, 3, 2 } }] ^ 3) + K.sum(w:narrow(2, 2, 2):select(1, -1) ^ 2)
    end
    local ok, why = dw.gradcheck(function(t)
      w = t
      return parts()
    end, { w }, { order = 2 })
    assert(ok, why)
    -- what is added up is nobody else's: the gradient of w itself comes in between
    local tape, loss = dw.record(function() return K.sum(w[1]) + K.sum(w) + K.sum(w[1]) + K.sum(w[2]) end)
    holds(tape:gradients(loss, w), { { 3, 3, 3, 3 }, { 2, 2, 2, 2 }, { 1, 1, 1, 1 }, { 1, 1, 1, 1 }, { 1, 1, 1, 1 } })
  end)

  it("come from K.gradients on one tape", function()
    local tape, first, second = dw.record(function()
      local z = K.sum(x ^ 3 * y)
      local first = K.gradients(z, { x = x, y = y })
      return first, K.gradients(K.sum(first.x), x)
    end)
    holds(first.x, { 2.25, 48 })
    holds(second, { 9, 48 })
    holds(tape:gradients(first.x, y), { 0.75, 12 }, "mixed")
    holds(tape:gradients(first.y, x), { 0.75, 12 }, "mixed, the other way")
    holds(tape:gradients(second, x), { 18, 24 }, "third")
  end)

  it("give products with the Hessian", function()
    local v, n = f64 { 1, -2 }, f64 { { 2, 1 }, { 1, 3 } }
    local function quadratic() return K.sum(K.matmul(K.expand_dims(x, { axis = 1 }), n) * x) end
    holds(gradients(function() return K.sum(gradients(quadratic, x) * v) end, x), { 2 * (2 - 2), 2 * (1 - 6) })
  end)
end)

describe("suspended coroutines that record", function()
  it("are swept out in time that grows with their number", function()
    local before, steps, running = core.innermost, 0, {}
    for i = 1, 200 do
      running[i] = coroutine.create(function() dw.record(coroutine.yield) end)
      coroutine.resume(running[i])
    end
    debug.sethook(function() steps = steps + 1 end, "", 10)
    for i = 1, 200 do coroutine.resume(running[i]) end
    debug.sethook()
    assert.equal(before, core.innermost)
    assert.is_true(steps < 200 * 100, steps .. " times ten instructions")
  end)
end)
