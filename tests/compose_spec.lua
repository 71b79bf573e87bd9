-- compose_spec.lua: ops as values: the laws of >>, +, *, .., parallel and residual, what is printed, and what is
-- refused.

local dw = require "dwconv"
local support = require "support"
local K, o, refuses, same = dw.backend, dw.ops, support.refuses, support.same

local function random(shape, seed) return dw.uniform(shape, { minval = 0.2, maxval = 1.5, seed = seed, dtype = "float64" }) end

local x = random({ 2, 3 }, 1)

-- Ops from 2x3 to 2x3, and the same written out.
local leaves = {
  { o.tanh {}, function(t) return K.tanh(t) end },
  { o.exp {}, function(t) return K.exp(t) end },
  { o.add { b = 2 }, function(t) return t + 2 end },
  { o.subtract { a = 1 }, function(t) return 1 - t end },
  { o.power { b = 1.5 }, function(t) return K.abs(t) ^ 1.5 end, o.abs {} },
  { o.reverse { axes = { 1, -1 } }, function(t) return K.reverse(t, { 1, -1 }) end },
  { o.clip { max_value = 0.9 }, function(t) return K.clip(t, nil, 0.9) end },
  { o.cumsum { axis = 2 }, function(t) return K.cumsum(t, { axis = 2 }) end },
  { K.sigmoid, function(t) return K.sigmoid(t) end },
}
leaves[5][1] = leaves[5][3] >> leaves[5][1]

local state = 7
local function pick(n) -- from 1 to n, the same at every run
  state = (state * 1103515245 + 12345) % 2 ^ 31
  return state // 2 ^ 8 % n // 1 + 1 | 0
end

-- A random composition of 2x3 to 2x3, and the same written out.
local function grow(depth)
  local kind = depth == 0 and 1 or pick(7)
  if kind == 1 then
    local leaf = leaves[pick(#leaves - 1)] -- the last is a function, for >> alone
    return leaf[1], leaf[2]
  end
  local f, f_plain = grow(depth - 1)
  local g, g_plain = grow(depth - 1)
  if kind == 2 then return f >> g, function(t) return g_plain(f_plain(t)) end end
  if kind == 3 then return f + g, function(t) return f_plain(t) + g_plain(t) end end
  if kind == 4 then return f * g, function(t) return f_plain(t) * g_plain(t) end end
  if kind == 5 then return o.residual(f), function(t) return t + f_plain(t) end end
  if kind == 6 then
    return o.parallel { f, g } >> o.maximum {}, function(t) return K.maximum(f_plain(t), g_plain(t)) end
  end
  return (f .. g) >> o.narrow { axis = 2, first = 2, size = 3 } >> -0.5 * (o.tanh {} + 2 * o.exp {}), function(t)
    local y = K.concatenate({ f_plain(t), g_plain(t) }):narrow(2, 2, 3)
    return -0.5 * (K.tanh(y) + 2 * K.exp(y))
  end
end

local function evaluate(text) return load("return " .. text, "formula", "t", o)() end

describe("compositions at random", function()
  for i = 1, 60 do
    local f, plain = grow(1 + i % 4)
    local y = plain(x)

    it(i .. " are the program written out, with its gradient", function()
      local tape, got = dw.record(f, x)
      same(got, y, tostring(f))
      local plain_tape, want = dw.record(plain, x)
      same(tape:gradients(got, x), plain_tape:gradients(want, x), tostring(f))
    end)

    it(i .. " print a formula that is the same op", function()
      local again = evaluate(tostring(f))
      assert.equal(tostring(f), tostring(again))
      same(again(x), y, tostring(f))
    end)
  end
end)

describe("composition", function()
  local f, g, h = o.tanh {}, o.exp {}, o.add { b = 2 }

  it("of >> and .. is associative, in print too", function()
    assert.equal("tanh{} >> exp{} >> add{ b = 2 }", tostring(f >> g >> h))
    assert.equal(tostring((f >> g) >> h), tostring(f >> (g >> h)))
    same(((f >> g) >> h)(x), (f >> (g >> h))(x))
    assert.equal("tanh{} .. exp{} .. add{ b = 2 }", tostring(f .. (g .. h)))
    assert.equal(tostring((f .. g) .. h), tostring(f .. (g .. h)))
    same(((f .. g) .. h)(x), K.concatenate { f(x), g(x), h(x) })
  end)

  it("of + and * computes what stands in parentheses first", function()
    assert.equal("tanh{} + exp{} + add{ b = 2 }", tostring(f + g + h))
    assert.equal("tanh{} + (exp{} + add{ b = 2 })", tostring(f + (g + h)))
    same((f + (g + h))(x), f(x) + (g(x) + h(x)))
    same((f + g + h)(x), f(x) + g(x) + h(x))
    assert.equal("tanh{} * exp{} * (add{ b = 2 } * tanh{})", tostring(f * g * (h * f)))
    same((f * g * (h * f))(x), f(x) * g(x) * (h(x) * f(x)))
  end)

  it("prints parentheses where they are needed only", function()
    assert.equal("(tanh{} >> exp{}) * 2 + 3", tostring((f >> g) * 2 + 3))
    assert.equal("tanh{} >> exp{} * 2 + -3 .. add{ b = 2 }", tostring(f >> g * 2 + -3 .. h))
    assert.equal("(tanh{} + exp{}) * (tanh{} .. exp{})", tostring((f + g) * (f .. g)))
    assert.equal("parallel{ tanh{} >> exp{}, exp{} + 1 } >> multiply{}", tostring(o.parallel { f >> g, g + 1 } >> o.multiply {}))
    assert.equal("residual(tanh{} >> exp{}) >> tanh{}", tostring(o.residual(f >> g) >> f))
    assert.equal("function >> tanh{}", tostring(function() end >> f))
    assert.equal('cast{ dtype = "float64" }', tostring(o.cast { dtype = "float64" }))
    assert.equal("depthwise_conv2d{ depthwise_kernel = 3x3x1x1, padding = {{1, 0}, {0, 1}}, strides = 2 }",
      tostring(o.depthwise_conv2d { depthwise_kernel = dw.ones { 3, 3, 1, 1 }, strides = 2, padding = { { 1, 0 }, { 0, 1 } } }))
    assert.equal("tanh{} * 2x3 + 0.5", tostring(f * x + 0.5))
  end)

  it("takes functions, those of K, numbers and tensors as parts", function()
    same((f >> function(t) return t * 3 end)(x), f(x) * 3)
    same((K.exp >> f >> K.abs)(x), K.abs(K.tanh(K.exp(x))))
    assert.equal("exp{} >> tanh{} >> abs{}", tostring(K.exp >> f >> K.abs))
    same((2 * f + x)(x), 2 * f(x) + x)
    same((f + function(a) return a end)(x), f(x) + x)
    same(o.map_fn { fn = f >> g }(x), g(f(x)))
    same((o.subtract {} >> f)(x, x * 2), K.tanh(x - x * 2))
    same((o.subtract {} * o.add {})(x, x * 2), (x - x * 2) * (x + x * 2))
  end)

  it("hands several results on, or a list of them", function()
    local a, b, c = o.parallel { f, g, K.abs } (x)
    same(a, f(x))
    same(b, g(x))
    same(c, x)
    same((o.parallel { f, g, h } >> o.concatenate { axis = 1 })(x), K.concatenate({ f(x), g(x), h(x) }, { axis = 1 }))
    same((o.parallel { f } >> o.stack {})(x), K.stack { f(x) })
    same((function(t) return { t, f(t) } end >> o.stack { axis = 2 })(x), K.stack({ x, f(x) }, { axis = 2 }))
    same((o.parallel { K.exp, f } >> o.subtract {})(x), K.exp(x) - f(x))
  end)

  it("leaves out what may be nil", function()
    local y = x:expand_dims(1)
    same((o.abs {} >> o.squeeze {})(y), x)
    same(o.squeeze { axis = 1 } (y), x)
    same(o.clip { min_value = 0.5 } (x), K.clip(x, 0.5))
  end)

  it("joins channels where the data format has them", function()
    local image, join = random({ 1, 4, 5, 3 }, 2), K.exp >> f .. g
    assert.same({ 1, 4, 5, 6 }, join(image).shape)
    local _ <close> = support.with { image_data_format = "channels_first" }
    assert.same({ 1, 8, 5, 3 }, join(image).shape)
    same(join(image), K.concatenate({ f(K.exp(image)), g(K.exp(image)) }, { axis = 2 }))
    support.covers "set_image_data_format"
  end)
end)

describe("composition", function()
  local f, g = o.tanh {}, o.exp {}

  it("knows its parameters, each once, in the order of the formula", function()
    local k1, k2, bias, start = random({ 3, 3, 2, 1 }, 3), random({ 1, 1, 2, 2 }, 4), random({ 4 }, 5), random({ 4 }, 6)
    local whole = dw.tensor({ 1, 2 }, { dtype = "int32" })
    local net = o.depthwise_conv2d { depthwise_kernel = k1, padding = "same" } >> o.depthwise_conv2d { depthwise_kernel = k2 }
      >> (o.add { b = bias } + o.multiply { b = bias }) * start >> o.gather { indices = whole }
    assert.same({ k1, k2, bias, start }, net:parameters())
    assert.same({}, (f >> g):parameters())
    assert.same({ bias, start }, o.concatenate { tensors = { bias, start, bias } }:parameters())
    assert.same({ bias, start }, o.parallel { o.map_fn { fn = o.add { b = bias } }, o.residual(o.add { b = start }) }:parameters())
    assert.same({ start }, o.foldl { initializer = start, fn = K.add }:parameters())
  end)

  it("trains: gradients reach the parameters", function()
    local image, k = random({ 1, 4, 5, 2 }, 7), random({ 3, 3, 2, 1 }, 8)
    local net = o.depthwise_conv2d { depthwise_kernel = k } >> o.residual(o.tanh {}) >> o.sum {}
    local tape, loss = dw.record(net, image)
    local want_tape, want = dw.record(function()
      local y = K.depthwise_conv2d(image, k)
      return K.sum(y + K.tanh(y))
    end)
    same(tape:gradients(loss, net:parameters())[1], want_tape:gradients(want, k))
    assert.is_true(dw.gradcheck(net, { image }, { order = 2 }))
  end)

  it("does not see what a script does to its tables later", function()
    local shape, option, given = { 3, 2 }, { 1 }, { a = 1 }
    local op = o.reshape { shape = shape } >> o.sum { axis = option } >> o.subtract(given)
    local want = op(x)
    shape[1], shape[2], option[1], given.a = 2, 3, 2, 5
    same(op(x), want)
    assert.equal("reshape{ shape = {3, 2} } >> sum{ axis = {1} } >> subtract{ a = 1 }", tostring(op))
  end)
end)

describe("composing refuses", function()
  local f, two = o.tanh {}, o.multiply {}

  it("arguments that do not fit", function()
    refuses(function() return f >> two end,
      ">>: multiply{} has 2 open arguments (a, b), but tanh{} gives 1; bind the others by name")
    refuses(function() return o.parallel { f, f } >> f end,
      ">>: tanh{} has 1 open argument (x), but parallel{ tanh{}, tanh{} } gives 2")
    refuses(function() return f >> o.tanh { x = x } end, ">>: tanh{ x = 2x3 } has no open argument, but tanh{} gives 1")
    refuses(function() return f >> o.stack { x = { x } } end, ">>: stack{ x = {2x3} } has no open argument")
    refuses(function() return f + two end, "+: tanh{} has 1 open argument (x), but multiply{} has 2 open arguments (a, b)")
    refuses(function() return (o.parallel { f, two }) end, "parallel: tanh{} has 1 open argument (x), but multiply{} has 2")
    refuses(function() return o.parallel { f, f } * f end, "*: takes parts with one result, but parallel{ tanh{}, tanh{} } gives 2")
    refuses(function() return (o.parallel { f, o.parallel { f, f } }) end, "parallel: takes parts with one result, but parallel{")
    refuses(function() return (o.residual(two)) end, "residual: takes a part with one open argument, but multiply{} has 2 open")
    refuses(function() return (o.residual(o.parallel { f, f })) end, "residual: takes parts with one result")
  end)

  it("what is no op", function()
    refuses(function() return f >> 3 end, ">>: takes ops and functions, got 3")
    refuses(function() return x >> f end, ">>: takes ops and functions, got a float64 tensor 2x3")
    refuses(function() return f + "2" end, '+: takes ops and functions, or a number or tensor, got "2"')
    refuses(function() return f .. 2 end, "..: takes ops and functions, got 2")
    refuses(function() return (o.residual()) end, "residual: takes ops and functions, got nil")
    refuses(function() return (o.parallel {}) end, "parallel: takes a table of ops, got a table")
    refuses(function() return (o.parallel(f)) end, "parallel: takes a table of ops, got tanh{}")
    refuses(function() return (o.parallel { f, 3 }) end, "parallel: takes ops and functions, got 3")
    refuses(function() return o.sigmiod end, 'dw.ops has no "sigmiod"; did you mean "sigmoid"?')
    refuses(function() return o[1] end, "dw.ops has no 1")
    refuses(function() return o.placeholder end, "dw.ops.placeholder: there is no such thing here")
  end)

  it("what cannot be bound", function()
    refuses(function() return (o.tanh(x)) end, "tanh: dw.ops.tanh takes a table of what it binds, then is called: dw.ops.tanh{}(x)")
    refuses(function() return (o.depthwise_conv2d { x }) end, "depthwise_conv2d: arguments are bound by name (data_format, dep")
    refuses(function() return (o.sum { axes = 1 }) end, 'sum: nothing to bind is called "axes"; did you mean "axis"?')
    refuses(function() return (o.sum { axis = "x" }) end, "sum: axis must be an axis or a table of axes")
  end)
end)

describe("errors of a call", function()
  local f, bad = o.tanh {}, o.reshape { shape = { 7 } }

  it("name the stage", function()
    refuses(function() (f >> bad >> f)(x) end, "reshape: a tensor of shape 2x3 cannot become 7",
      " [at stage 2, reshape{ shape = {7} }, of tanh{} >> reshape{ shape = {7} } >> tanh{}]")
    refuses(function() (f + bad)(x) end, "[at stage 2, reshape{ shape = {7} }, of tanh{} + reshape{ shape = {7} }]")
    refuses(function() (f >> function() error "mine" end)(x) end, "mine [at stage 2, function, of tanh{} >> function]")
    refuses(function() (o.parallel { f, bad })(x) end, "[at stage 2, reshape{ shape = {7} }, of parallel{")
    refuses(function() f(x, x) end, "tanh: it has 1 open argument (x), got 2")
    refuses(function() (f >> f)() end, "tanh: x must be a tensor, got nil [at stage 1, tanh{}, of")
  end)

  it("name the innermost of nested ones, once", function()
    local message = support.error_of(f >> o.residual(f >> bad) .. f, x)
    assert.truthy(message:find("[at stage 2, reshape{ shape = {7} }, of tanh{} >> reshape{ shape = {7} }]", 1, true), message)
    assert.equal(1, select(2, message:gsub(" %[at ", "")))
  end)

  it("say what could not be put together", function()
    local turned = o.transpose {}
    refuses(function() (f + turned)(x) end, "add: the shapes do not broadcast", " [at +, of tanh{} + transpose{}]")
    refuses(function() (f .. turned)(x) end, "concatenate: tensors[1] is 2x3 but", " [at .., of tanh{} .. transpose{}]")
    refuses(function() o.residual(turned)(x) end, "add: the shapes", " [at x + f(x), of residual(transpose{})]")
  end)

  it("of other kinds than text pass through", function()
    local thing = {}
    assert.equal(thing, select(2, pcall(f >> function() error(thing) end, x)))
  end)

  it("takes a tensor on either side of + and *", function()
    local t, y = dw.tensor { 1, 2 }, dw.tensor { 3, 4 }
    support.same((t + o.square {})(y), t + y * y)
    support.same((t * o.square {})(y), t * y * y)
    support.same((o.square {} * t)(y), t * y * y)
    support.same(t + t, t * 2)
  end)
end)

describe("long and deep compositions", function()
  -- How many of ten instructions f takes.
  local function work(f)
    local steps = 0
    debug.sethook(function() steps = steps + 1 end, "", 10)
    f()
    debug.sethook()
    return steps
  end

  local joins = {
    [">>"] = function(f, g) return f >> g end, [".."] = function(f, g) return f .. g end,
    ["+"] = function(f, g) return f + g end, ["*"] = function(f, g) return f * g end,
  }

  it("cost what they are long", function()
    local leaf = o.abs {}
    for operator, join in pairs(joins) do
      local function build(n)
        return work(function()
          local f = leaf
          for _ = 1, n do f = join(f, leaf) end
          return #tostring(f)
        end)
      end
      build(10)
      local short, long = build(500), build(4000)
      assert.is_true(long < 12 * short, ("%s: %d, then %d"):format(operator, short, long))
    end
  end)

  it("that share parts list their parameters once", function()
    local f = o.add { b = x }
    for _ = 1, 60 do f = f + f end
    assert.equal(1, #f:parameters())
  end)

  it("refuse what is too deep for Lua, in words", function()
    local f = o.abs {}
    for _ = 1, 1000 do f = o.residual(f) end
    refuses(function() f(x) end, "dw.ops: ops stand in ops deeper than Lua can call")
  end)
end)
