-- state_spec.lua: settings, learning phase, unique names, reading tensors out and writing into them.

local dw = require "dwconv"
local K = dw.backend
local support = require "support"
local refuses, same = support.refuses, support.same

describe("settings", function()
  it("are kept, and nonsense is refused", function()
    assert.equal("dwconv", K.backend())
    assert.equal("float32", K.floatx())
    assert.equal(1e-7, K.epsilon())
    assert.equal("channels_last", K.image_data_format())
    assert.is_true(K.memory_limit() > 2 ^ 20)
    local _ <close> = support.with { epsilon = 1e-5 }
    assert.equal(1e-5, K.epsilon())
    refuses(function() K.set_floatx "float16" end, 'set_floatx: value must be "float32" or "float64", got "float16"')
    refuses(function() K.set_floatx() end, "set_floatx: value must be", "got nil")
    refuses(function() K.set_image_data_format "NCHW" end, "set_image_data_format: value must be")
    refuses(function() K.set_epsilon "1" end, 'set_epsilon: value must be a number, got "1"')
    refuses(function() K.set_epsilon(0 / 0) end, "set_epsilon: value must be a number")
    assert.equal(K, require "dwconv.backend")
    support.covers("backend", "set_epsilon")
  end)

  it("decide what dividing and averaging whole numbers gives", function()
    local x = dw.tensor({ 1, 2 }, { dtype = "int32" })
    assert.equal("float32", (x / 2).dtype)
    do
      local _ <close> = support.with { floatx = "float64" }
      assert.equal("float64", (x / 2).dtype)
      assert.equal("float64", K.mean(x).dtype)
      assert.equal("float64", dw.zeros({ 1 }).dtype)
      assert.equal("float64", K.cast_to_floatx(x).dtype)
    end
    assert.equal("float32", (3 / x).dtype)
    support.covers "set_floatx"
  end)
end)

describe("the learning phase", function()
  it("is 0, 1 or what a scope says, and comes back after an error", function()
    assert.equal(0, K.learning_phase())
    assert.equal(1, K.learning_phase_scope(true, function() return K.learning_phase() end))
    assert.is_false((pcall(K.learning_phase_scope, 1, function() error "x" end)))
    assert.equal(0, K.learning_phase())
    local _ <close> = support.with { learning_phase = 1 }
    assert.equal(1, K.learning_phase())
    K.clear_session()
    assert.equal(0, K.learning_phase())
    refuses(function() K.set_learning_phase(2) end, "set_learning_phase: value must be 0, 1 or a boolean, got 2")
    local a, b = K.learning_phase_scope(1, function() return "a", "b" end)
    assert.same({ "a", "b" }, { a, b })
    support.covers("learning_phase", "learning_phase_scope", "set_learning_phase", "clear_session")
  end)

  it("picks, and calls only what it picks", function()
    local function no() error "called" end
    assert.equal("x", K.in_train_phase("x", no, { training = true }))
    assert.equal("alt", K.in_train_phase(no, function() return "alt" end))
    assert.equal("x", K.in_test_phase("x", no))
    assert.equal("alt", K.in_test_phase(no, "alt", { training = 1 }))
    assert.equal("x", K.learning_phase_scope(1, function() return K.in_train_phase("x", no) end))
    assert.equal("alt", K.learning_phase_scope(1, function() return K.in_train_phase(no, "alt", { training = false }) end))
  end)
end)

describe("unique names", function()
  it("count by prefix", function()
    K.reset_uids()
    assert.same({ 1, 2, 1, 1 }, { K.get_uid "conv", K.get_uid "conv", K.get_uid "pool", K.get_uid() })
    K.reset_uids()
    assert.equal(1, K.get_uid "conv")
    K.clear_session()
    assert.equal(1, K.get_uid "conv")
    refuses(function() K.get_uid(3) end, "get_uid: prefix must be a string, got 3")
    support.covers("get_uid", "reset_uids")
  end)
end)

describe("reading", function()
  local x = dw.tensor { { 1, 2, 3 }, { 4, 5, 6 } }

  it("gives copies", function()
    for _, read in ipairs { K.eval, K.get_value, function(t) return K.batch_get_value({ t })[1] end } do
      local copy = read(x)
      same(copy, x)
      copy:fill(0)
      assert.equal(6.0, x(2, 3))
    end
    assert.equal("text", K.get_value "text")
    support.covers("eval", "get_value", "batch_get_value")
  end)

  it("tells shape, rank, dtype and size", function()
    same(K.shape(x), dw.tensor({ 2, 3 }, { dtype = "int32" }))
    same(K.shape(dw.tensor(1)), dw.zeros({ 0 }, { dtype = "int32" }))
    assert.same({ 2, 3 }, K.int_shape(x))
    assert.same({ 2, "float32", 6 }, { K.ndim(x), K.dtype(x), K.count_params(x) })
  end)

  it("prints and gives the tensor on", function()
    local said
    local _ <close> = support.with { print = function(text) said = text end }
    assert.is_true(rawequal(x, K.print_tensor(x, { message = "x:" })))
    assert.equal("x: " .. tostring(x), said)
    support.covers "print_tensor"
  end)
end)

describe("writing", function()
  it("is in place and gives the tensor", function()
    local x = K.variable { 1, 2, 3 }
    assert.is_true(rawequal(x, K.update(x, dw.tensor { 4, 5, 6 })))
    assert.is_true(rawequal(x, K.update_add(x, 1)))
    assert.is_true(rawequal(x, K.update_sub(x, dw.tensor { 1, 2, 3 })))
    same(x, dw.tensor { 4, 4, 4 })
    K.moving_average_update(x, dw.tensor { 8, 0, 4 }, 0.75)
    same(x, dw.tensor { 5, 3, 4 })
    K.update(x, 7)
    same(x, dw.tensor { 7, 7, 7 })
    K.set_value(x, { 1, 2, 3 })
    same(x, dw.tensor { 1, 2, 3 })
    K.batch_set_value { { x, dw.tensor({ 9, 9, 9 }, { dtype = "int32" }) } }
    same(x, dw.tensor { 9, 9, 9 })
    support.covers "batch_set_value"
  end)

  it("reads what it overwrites first", function()
    local x = dw.tensor { 1, 2, 3, 4 }
    K.update_add(x:narrow(1, 2, 3), x:narrow(1, 1, 3))
    same(x, dw.tensor { 1, 3, 5, 7 })
    K.update_sub(x, x)
    same(x, dw.zeros { 4 })
  end)

  it("refuses other shapes, dtypes and broadcast views, and writes nothing then", function()
    local x = dw.tensor { 1, 2, 3 }
    refuses(function() K.update(x, dw.ones { 2 }) end, "update: new_x has shape 2 but 3 is written to")
    refuses(function() K.update_add(x, dw.ones { 2, 3 }) end, "update_add: x has shape 3, but the result would have 2x3")
    refuses(function() K.update_add(x, dw.ones({ 3 }, { dtype = "float64" })) end, "update_add: x is float32 but increment is float64")
    refuses(function() K.set_value(x, { 1, 2 }) end, "set_value: value has shape 2 but x has 3")
    refuses(function() K.batch_set_value { { x, { 7, 7, 7 } }, { x, { 1 } } } end, "batch_set_value: value has shape 1 but x has 3")
    refuses(function() K.set_value(x, "x") end, "set_value: value must be a nested table")
    refuses(function() K.moving_average_update(x, dw.ones { 2, 3 }, 0.5) end, "moving_average_update: value has shape 2x3 but x has 3")
    refuses(function() K.batch_set_value { 1 } end, "batch_set_value: tuples[1] must be {tensor, value}, got 1")
    local wide = K.broadcast_to(x, { 2, 3 })
    for _, write in ipairs { function() wide:fill(0) end, function() wide[1] = 0 end, function() wide:copy_(dw.zeros { 2, 3 }) end,
      function() K.update_add(wide, 1) end } do
      refuses(write, "repeats its numbers along axis 1")
    end
    same(x, dw.tensor { 1, 2, 3 })
  end)
end)
