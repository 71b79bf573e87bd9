-- args_spec.lua: kinds of arguments, and the words of errors: one sentence for one mistake, whether the core or the Lua layer
-- finds it, in the name of the function that the script called.

local core = require "dwconv.core"
local dw = require "dwconv"
local ops = require "dwconv.ops"
local support = require "support"
local words = require "dwconv.args"
local K, refuses = dw.backend, support.refuses

local x, m, i = dw.ones { 2, 3 }, dw.ones { 2, 2 }, dw.tensor({ 1 }, { dtype = "int32" })
local image, kernel = dw.ones { 1, 4, 4, 2 }, dw.ones { 3, 3, 2, 1 }
local function f64(t) return t:astype "float64" end

-- What f(...) raises, without the place and the function's name.
local function sentence(f, ...)
  local message = support.error_of(f, ...)
  return (message:gsub("^.-:%d+: [%w_]+: ", ""))
end

-- Calls, each after the name of the argument that is wrong.
local function each(want, calls)
  for argument, list in pairs(calls) do
    for k, call in ipairs(list) do
      assert.equal(want:gsub("ARGUMENT", argument), sentence(table.unpack(call)), ("%s, call %d"):format(argument, k))
    end
  end
end

describe("one mistake has one sentence:", function()
  it("what is no tensor", function()
    each('ARGUMENT must be a tensor, got "x"', {
      x = { { K.sum, "x" }, { K.mean, "x" }, { K.sort, "x" }, { K.norm, "x" }, { K.reverse, "x", 1 }, { K.reshape, "x", { 1 } },
        { K.narrow, "x", 1, 1, 1 }, { K.depthwise_conv2d, "x", kernel }, { K.dot, "x", m }, { K.trace, "x" }, { K.update, "x", x },
        { K.zeros_like, "x" }, { K.tile, "x", 2 }, { K.exp, "x" } },
      a = { { K.matmul, "x", m } },
      b = { { K.matmul, m, "x" } },
      indices = { { K.gather, x, "x" }, { K.one_hot, "x", 3 }, { core.methods.put_rows, x, "x", 1 } },
      mask = { { K.boolean_mask, x, "x" } },
      ["tensors[2]"] = { { K.concatenate, { x, "x" } } },
      ["x[1]"] = { { K.stack, { "x" } } },
      ["operand 1"] = { { K.einsum, "ij", "x" } },
    })
  end)

  it("axis 0, which says that counting starts at 1", function()
    each("ARGUMENT must be an axis, counting from 1 (-1 is the last), got 0", {
      axis = { { K.sum, x, { axis = 0 } }, { K.cumsum, x, { axis = 0 } }, { K.argmax, x, { axis = 0 } }, { K.norm, x, { axis = 0 } },
        { K.sort, x, { axis = 0 } }, { K.concatenate, { x, x }, { axis = 0 } }, { K.expand_dims, x, { axis = 0 } },
        { x.expand_dims, x, 0 }, { K.squeeze, x, 0 }, { K.narrow, x, 0, 1, 1 }, { K.select, x, 0, 1 },
        { K.repeat_elements, x, 2, 0 }, { K.take_along_axis, x, x:astype "int64", 0 }, { K.roll, x, 1, { axis = 0 } } },
      axes = { { K.reverse, x, 0 } },
      ["axes[2]"] = { { K.reverse, x, { 1, 0 } } },
      ["axis[2]"] = { { K.sum, x, { axis = { 1, 0 } } }, { K.norm, x, { axis = { 1, 0 } } } },
      a = { { K.swapaxes, x, 0, 1 }, { x.transpose, x, 0, 1 } },
      ["pattern[1]"] = { { K.permute_dimensions, x, { 0, 1 } }, { x.permute, x, { 0, 1 } } },
    })
  end)

  it("an axis that x does not have", function()
    each("ARGUMENT must be an axis from 1 to 2 or from -2 to -1, got 3", {
      axis = { { K.sum, x, { axis = 3 } }, { K.cumsum, x, { axis = 3 } }, { K.norm, x, { axis = 3 } }, { K.sort, x, { axis = 3 } },
        { K.top_k, x, 1, { axis = 3 } }, { K.concatenate, { x, x }, { axis = 3 } }, { K.squeeze, x, 3 }, { K.narrow, x, 3, 1, 1 },
        { K.repeat_elements, x, 2, 3 }, { K.split, x, 1, { axis = 3 } }, { K.roll, x, 1, { axis = 3 } } },
      axes = { { K.reverse, x, 3 } },
      ["axes[2]"] = { { K.reverse, x, { 1, 3 } } },
      ["axis[2]"] = { { K.sum, x, { axis = { 1, 3 } } }, { K.norm, x, { axis = { 1, 3 } } } },
      b = { { K.swapaxes, x, 1, 3 } },
      ["axes (of y)"] = { { K.batch_dot, x, x, { axes = { 2, 3 } } } },
    })
    each("ARGUMENT must be an axis, but a tensor of rank 0 has none", {
      axis = { { K.narrow, dw.tensor(3), 1, 1, 1 }, { K.sum, dw.tensor(3), { axis = 1 } }, { K.sort, dw.tensor(3) } },
      axes = { { K.reverse, dw.tensor(3), 1 } },
    })
    each("ARGUMENT names axis 1 twice", {
      axis = { { K.sum, x, { axis = { 1, -2 } } }, { K.norm, x, { axis = { 1, -2 } } } },
      axes = { { K.reverse, x, { 1, -2 } } },
      pattern = { { K.permute_dimensions, x, { 1, 1 } } },
    })
  end)

  it("dtypes that differ", function()
    for _, call in ipairs {
      { "a", "b", K.add, x, f64(x) }, { "a", "b", K.matmul, m, f64(m) }, { "x", "y", K.dot, m, f64(m) },
      { "x", "y", K.batch_dot, m, f64(m) }, { "x", "depthwise_kernel", K.depthwise_conv2d, image, f64(kernel) },
      { "tensors[1]", "tensors[2]", K.concatenate, { x, f64(x) } }, { "operand 1", "operand 2", K.einsum, "ij,jk", m, f64(m) },
      { "x", "increment", K.update_add, x, f64(x) },
    } do
      assert.equal(("%s is float32 but %s is float64; convert one with astype"):format(call[1], call[2]),
        sentence(table.unpack(call, 3)))
    end
  end)

  it("shapes and dtypes that are none", function()
    each("ARGUMENT must be a table of sizes, got 3", {
      shape = { { K.zeros, 3 }, { K.reshape, x, 3 }, { dw.uniform, 3 }, { K.broadcast_to, x, 3 }, { K.embed, x, 3, "index", {} },
        { K.constant, 1, { shape = 3 } } },
      x_shape = { { K.depthwise_conv2d_grad_x, image, kernel, 3 } },
    })
    each("ARGUMENT must be a whole number of at least 0, got -1", {
      ["shape[2]"] = { { K.zeros, { 1, -1 } }, { K.embed, x, { 1, -1 }, "index", {} }, { K.constant, 1, { shape = { 1, -1 } } } },
      n = { { K.scatter, x, i, -1 } },
      num_classes = { { K.one_hot, i, -1 } },
    })
    each('ARGUMENT must be "float32", "float64", "int32", "int64", "uint8" or "bool", got "half"', {
      dtype = { { K.cast, x, "half" }, { x.astype, x, "half" }, { K.zeros, { 1 }, { dtype = "half" } } },
    })
  end)
end)

describe("errors", function()
  it("show values of any kind alike", function()
    for _, case in ipairs {
      { nil, "nil" }, { 2.0, "2.0" }, { 0 / 0, "NaN" }, { true, "true" }, { {}, "a table" }, { { 2, { 1, { 3 } } }, "{2, {1, {...}}}" },
      { { 1, 2, 3, 4 }, "{1, 2, 3, 4}" }, { { 1, 2, 3, 4, 5 }, "{1, 2, 3, 4, ...}" }, { { "a", x }, '{"a", a float32 tensor 2x3}' },
      { ("x"):rep(41), "a string of 41 bytes" }, { print, "a function" }, { dw.tensor(1), "a float32 tensor ()" },
      { io.stdout, "a userdata" },
    } do
      assert.equal(case[2], words.show(case[1]))
    end
    local endless = {}
    endless[1], endless[2] = endless, endless
    assert.equal("{{{...}, {...}}, {{...}, {...}}}", words.show(endless))
    assert.truthy(sentence(K.cast, x, { 2, { 1 } }):find(", got {2, {1}}", 1, true))
  end)
end)

describe("an error is in the name of", function()
  it("the function that was called, also one that is made of others", function()
    refuses(function() K.dot(x, x) end, "dot: the last axis of x (2x3) must be as long as the second-to-last of y (2x3)")
    refuses(function() K.flatten "x" end, "flatten: x must be a tensor")
    refuses(function() K.repeat_elements(x, { 1 }, 1) end, "repeat_elements: rep must be a whole number, or 2 of them")
    refuses(function() K.tril(dw.ones { 2 }) end, "tril: x must be a tensor with at least 2 axes, got a float32 tensor 2")
    refuses(function() return x + "y" end, 'add: b must be a tensor or a number, got "y"')
    refuses(function() x:reshape { 4 } end, "reshape: a tensor of shape 2x3 cannot become 4")
    refuses(function() x:permute { 1 } end, "permute: pattern must name each of the 2 axes")
    refuses(function() K.eye "x" end, "eye: size must be a whole number")
    refuses(function() dw.ops.sum { axis = "x" } end, "sum: axis must be an axis or a table of axes")
  end)

  it("what a function calls that a script has passed", function()
    refuses(function() K.map_fn(function(e) return K.reshape(e, { 7 }) end, x) end, "reshape: a tensor of shape 3")
    refuses(function() K.foldl(K.matmul, dw.ones { 2, 2, 3 }) end, "matmul: a (2x3) has 3 columns")
    refuses(function() K.map_fn(K.transpose, { 3 }) end, "map_fn: elems[1] must be a tensor, got 3")
    refuses(function() dw.record(K.exp, "x") end, "exp: x must be a tensor")
    refuses(function() dw.no_grad(K.exp, "x") end, "exp: x must be a tensor")
    refuses(function() K.switch(1, function() return K.exp "x" end, x) end, "exp: x must be a tensor")
    refuses(function() K.map_fn(function() return 3 end, x) end, "map_fn: what fn gives must be a tensor, got 3")
    refuses(function() dw.record(3) end, "record: f must be a function, got 3")
  end)

  it("functions that are no records, as they say themselves", function()
    refuses(function() words.raise("mine: %d", 3) end, "mine: 3")
    refuses(function() words.speaking("other", words.raise) "100%" end, "other: 100%")
    refuses(function() dw.threads(1) end, "threads: takes nothing")
    refuses(function() core.elementwise("exp", "new", "q")(3) end, "exp: q must be a tensor, got 3")
    refuses(function() return K.summ end, "K has no")
  end)
end)

describe("a kind", function()
  it("gives of its normal form the same again", function()
    local read = 0
    for name, r in pairs(ops.records) do
      local args = r.refused and {} or { r.sample(function(shape) return dw.ones(shape, { dtype = "float64" }) end) }
      for k, kind in ipairs(r.kinds or {}) do
        if kind.read and args[k] ~= nil then
          local first = k > 1 and words.check.is_tensor(args[1]) and args[1] or nil
          local normal = kind.read(args[k], first)
          assert.is_true(normal ~= nil, ("%s does not read its own sample for %s"):format(name, r.positional[k]))
          assert.are.same(normal, kind.read(normal, first), name)
          read = read + 1
        end
      end
    end
    assert.is_true(read > 200, read)
  end)

  it("is told to editors and to readers", function()
    for name, r in pairs(ops.records) do
      for k, kind in ipairs(r.kinds or {}) do
        assert.equal("string", type(kind.annotation), name)
        assert.equal("string", type(r.texts[k]), name)
        assert.is_true(#r.texts[k] > 0, ("%s says nothing of %s"):format(name, r.positional[k]))
      end
    end
  end)

  it("may be nil where it is optional, and has no default then", function()
    local kind = words.kinds.optional(words.kinds.dtype())
    assert.is_nil(kind:check("dtype", nil))
    assert.equal("uint8", kind:check("dtype", "uint8"))
    assert.is_nil(kind.current)
    refuses(function() kind:check("dtype", "unit8") end, 'dtype must be "float32"', 'got "unit8"; did you mean "uint8"?')
  end)

  it("of axes gives those of the tensor before it, from 1 on", function()
    local axis, axes = words.kinds.axis(), words.kinds.axes()
    assert.equal(2, axis.read(-1, x))
    assert.equal(-1, axis.read(-1))
    assert.equal(2, axis.read(2.0, x))
    assert.are.same({ 2 }, axes.read(-1, x))
    assert.are.same({ 2, 1 }, axes.read({ -1, 1 }, x))
    for _, bad in ipairs { 0, 3, -3, 1.5, "1", true } do assert.is_nil(axis.read(bad, x)) end
  end)
end)
