-- variables_spec.lua: by what a tape knows a variable: the numbers in it, whichever view was used; and what becomes of
-- them when they are written in place while a tape records.

local core = require "dwconv.core"
local dw = require "dwconv"
local support = require "support"
local K, refuses, holds = dw.backend, support.refuses, support.holds

local function f64(t) return dw.tensor(t, { dtype = "float64" }) end

local function gradients(f, variables)
  local tape, loss = dw.record(f)
  return tape:gradients(loss, variables)
end

describe("a variable", function()
  local x = f64 { 1, 2, 3, 4 }
  local views = {
    { x, { 2, 4, 6, 8 } }, { x:reshape { 2, 2 }, { { 2, 4 }, { 6, 8 } } }, { x[{ { 2, 3 } }], { 4, 6 } },
    { x[{ { -1, 1, -2 } }], { 8, 4 } }, { x:reshape({ 2, 2 }):transpose(), { { 2, 6 }, { 4, 8 } } },
  }

  it("is known by its numbers: any view is asked for, where any other was used", function()
    for _, used in ipairs { x, x:reshape { 4, 1 }, x:reshape({ 2, 2 }):transpose() } do
      local tape, loss = dw.record(function() return K.sum(used * used) end)
      for i, case in ipairs(views) do holds(tape:gradients(loss, case[1]), case[2], "view " .. i) end
    end
  end)

  it("gets what all of its views give", function()
    local left, right, wide = x[{ { 1, 2 } }], x[{ { 2, 3 } }], K.broadcast_to(x, { 3, 4 })
    local tape, loss = dw.record(function() return K.sum(left * left) + K.sum(right) + K.sum(wide) end)
    holds(tape:gradients(loss, x), { 2 + 3, 4 + 1 + 3, 1 + 3, 3 })
    holds(tape:gradients(loss, right), { 8, 4 })
    refuses(function() tape:gradients(loss, wide) end, "gradients: variables[1] repeats its numbers")
    local alone, only = dw.record(function() return K.sum(wide * 2) end)
    holds(alone:gradients(only, wide), { { 2, 2, 2, 2 }, { 2, 2, 2, 2 }, { 2, 2, 2, 2 } })
  end)

  it("has second derivatives through another view", function()
    local r = x:reshape { 2, 2 }
    holds(gradients(function()
      return gradients(function() return K.sum(r * r * r) end, x)
    end, x), { 6, 12, 18, 24 })
  end)

  it("is another where a gradient was stopped: stop_gradient, no_grad, clone", function()
    local stopped, copy, without = K.stop_gradient(x), x:clone(), nil
    local part = stopped[{ { 1, 2 } }]
    local tape, loss = dw.record(function()
      dw.no_grad(function() without = x[{ { 1, 2 } }] end)
      return K.sum(stopped) + K.sum(copy) + K.sum(without * 3) + K.sum(part * 5)
    end)
    holds(tape:gradients(loss, x), { 0, 0, 0, 0 })
    holds(tape:gradients(loss, stopped), { 6, 6, 1, 1 })
    holds(tape:gradients(loss, without), { 3, 3 })
    local again, sum = dw.record(function() return K.sum(without) + K.sum(x) end)
    holds(again:gradients(sum, x), { 1, 1, 1, 1 }, "made under no_grad in an earlier record")
  end)
end)

describe("a write of a recorded value", function()
  local x = f64 { 1, 2 }
  local writes = {
    index = function(b, v) b[{}] = v end,
    part = function(b, v) b[{ { 1 } }]:copy_(v[{ { 2 } }]) end,
    copy_ = function(b, v) b:copy_(v) end,
    update = function(b, v) K.update(b, v) end,
    update_add = function(b, v) K.update_add(b, v) end,
    update_sub = function(b, v) K.update_sub(b, v) end,
    moving_average_update = function(b, v) K.moving_average_update(b, v, 0.5) end,
    set_value = function(b, v) K.set_value(b, v) end,
    mask = function(b, v) b[b:equal(0)] = v end,
    put_mask = function(b, v) b:put_mask(b:equal(0), v) end,
    indices = function(b, v) b[dw.tensor({ 1, 2 }, { dtype = "int32" })] = v end,
    put_rows = function(b, v) b:put_rows(dw.tensor({ 1, 2 }, { dtype = "int32" }), v) end,
    batch_set_value = function(b, v) K.batch_set_value { { b, v } } end,
  }

  it("is refused where its gradient would be lost, and only there", function()
    for name, write in pairs(writes) do
      for _, seen in ipairs { function(b) return b end, function(b) return b:reshape { 2, 1 } end } do
        local b = f64 { 0, 0 }
        local view = seen(b)
        local tape, loss, other = dw.record(function()
          write(b, x * x)
          return K.sum(view * 2), K.sum(x * 3)
        end)
        refuses(function() return name, tape:gradients(loss, x) end, "had been written in place from a result", "K.where")
        holds(tape:gradients(other, x), { 3, 3 }, name .. ", not read")
        holds(tape:gradients(loss, f64 { 1, 1 }), { 0, 0 }, name .. ", of what it does not depend on")
        refuses(function() tape:gradients(b, x) end, "gradients: loss")
      end
    end
    local tape, y = dw.record(function()
      local y = x * 1
      y:copy_(x * x)
      return y
    end)
    refuses(function() tape:gradients(y, x) end, "gradients: loss had been written in place from a result")
    local later, z = dw.record(function() return x * 1 end)
    z:fill(0)
    refuses(function() later:gradients(z, x) end, "gradients: loss was written in place since it was computed")
  end)

  it("is allowed under no_grad, as an optimizer's", function()
    local w = f64 { 1, 1 }
    local tape, loss = dw.record(function()
      dw.no_grad(function() K.update_sub(w, x * 0.5) end)
      return K.sum(w * x)
    end)
    holds(tape:gradients(loss, x), { 0.5, 0 })
  end)
end)

describe("dwconv required again", function()
  it("is the same, and so are its rooms", function()
    local tape_room, compose = require "dwconv.grad.tape", dw.ops
    for name in pairs(package.loaded) do
      if name:find "^dwconv" then package.loaded[name] = nil end
    end
    assert.equal(dw, require "dwconv")
    assert.equal(core, require "dwconv.core")
    assert.equal(tape_room, require "dwconv.grad.tape")
    assert.equal(compose, require("dwconv").ops)
  end)
end)
