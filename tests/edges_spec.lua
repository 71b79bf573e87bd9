-- edges_spec.lua: the calls of edges.lua against TensorFlow's answers in fixtures/edges.lua, to the sign of a zero:
-- every op in every dtype and with each option, NaN, infinities, limits, empty axes. DIFFERS says where dwconv's answer
-- is another, and why; an entry that no call needs is an error. What an op gives where TensorFlow has no answer is
-- looked at too.

local dw = require "dwconv"
local K = dw.backend
local covered = require "covered"
local edges = require "edges"
local ops = require "dwconv.ops"
local words = require "dwconv.args"
local is_tensor, show = words.check.is_tensor, words.show

local TOLERANCE = { float32 = 3e-6, float64 = 1e-13 } -- relative and absolute
local SHOWN = 6 -- failures of one op that are printed

-- ---- the fixture -----------------------------------------------------------------------------------------

local function reader(dtype)
  local special = { n = 0 / 0, I = math.huge, ["-I"] = -math.huge, ["-0.0"] = -0.0 }
  local function value(text)
    if dtype == "bool" then return text == "1" end
    return special[text] or tonumber(text)
  end
  return function(shape, text)
    local list = {}
    for item in text:gmatch "[^,]+" do list[#list + 1] = value(item) end
    if #list == 0 then return dw.zeros(shape, { dtype = dtype }) end
    return dw.tensor(list, { dtype = dtype }):reshape(shape)
  end
end

local readers = {}
for i, dtype in ipairs(edges.DTYPES) do readers[i] = reader(dtype) end
local fixture = assert(loadfile "tests/fixtures/edges.lua")(table.unpack(readers))

-- ---- where dwconv differs --------------------------------------------------------------------------------
-- Of an op, by kind of difference ("refused": only here; "value"; "sign" of a zero; "gradient"), why, and for which
-- calls.

local function is_whole(c) return not c.dtype:find "float" end
local function is_float64(c) return c.dtype == "float64" end
local function is_empty(c) return c.kind == "empty" end
local function is_same(c) return c.options and c.options.padding == "same" end

local function has_odd_option(c) -- NaN, or what whole numbers of this dtype cannot be
  for _, v in pairs(c.options or {}) do
    if v ~= v or is_whole(c) and math.type(v) == "float" or c.dtype == "uint8" and v < 0 then return true end
  end
  return false
end

local function has_infinite_option(c)
  for _, v in pairs(c.options or {}) do
    if v == math.huge or v == -math.huge then return true end
  end
  return false
end

local LIMIT = "at the infinities it and its gradient have their limits, not NaN"

local DIFFERS = {
  batch_normalization = {
    value = { "the mean is taken off before anything is multiplied, which infinities show" },
    gradient = { "an infinite factor comes before the sum" },
  },
  categorical_crossentropy = { gradient = { "nothing flows through what is clipped, also where the sum is not finite" } },
  cosine_similarity = { gradient = { "nothing flows into what is multiplied by 0" } },
  elu = { gradient = { "of NaN it is NaN; an infinite alpha is not multiplied by 0" } },
  gelu = { value = { LIMIT }, gradient = { LIMIT } },
  hard_silu = { value = { LIMIT }, gradient = { LIMIT }, refused = { "whole numbers", is_whole } },
  huber = {
    value = { "squares are added up in float64" },
    gradient = { "nothing flows through what where() did not take" },
  },
  leaky_relu = {
    refused = { "whole numbers", is_whole },
    gradient = { "an infinite alpha is not multiplied by 0", has_infinite_option },
  },
  mish = { value = { LIMIT }, gradient = { LIMIT } },
  silu = { value = { LIMIT }, gradient = { LIMIT } },
  softsign = { value = { LIMIT } },
  batch_flatten = { value = { "samples of no numbers stay as many as they are", is_empty } },
  clip = { sign = { "of two equal bounds either may come" } },
  cummax = {
    refused = { "bools are no numbers", function(c) return c.dtype == "bool" end },
    sign = { "of equal zeros the first stays" },
  },
  cummin = {
    refused = { "as cummax's", function(c) return c.dtype == "bool" end },
    sign = { "as cummax's" },
  },
  cumprod = { gradient = { "TensorFlow divides by the factors, of which some are 0" } },
  cumsum = { sign = { "-0.0 alone stays, where TensorFlow adds it to 0" } },
  depthwise_conv2d = {
    refused = { "a kernel without rows or columns", is_empty },
    value = { "taps on padding are skipped, not multiplied by 0", is_same },
    gradient = { "the gradient reads no padding, where TensorFlow multiplies infinities by 0" },
  },
  divide = { value = { "of whole numbers it is K.floatx()", is_whole } },
  erf = { value = { "at the infinities TensorFlow gives NaN in float64", is_float64 } },
  floor_divide = { value = { "TensorFlow takes the denormal quotient 1 / -3.4e38 for 0" } },
  logsumexp = { gradient = { "it is shared among numbers that are inf; only -inf has 0" } },
  mean = {
    value = { "of whole numbers it is not truncated", is_whole },
    sign = { "over no axes, -0.0 is added to 0", function(c) return c.options and #c.options.axis == 0 end },
  },
  norm = {
    refused = { "whole numbers", is_whole },
    value = { "squares do not overflow on the way" },
    gradient = { "an infinite norm has the gradient 0, not NaN" },
  },
  pad = { refused = { "a value that the dtype cannot hold", function(c) return c.options ~= nil end } },
  max_pool = {
    refused = { "whole numbers", is_whole },
    gradient = { "it goes to the number that came out, where TensorFlow gives it to a NaN" },
  },
  pool2d = { refused = { "whole numbers", is_whole }, gradient = { "as max_pool's" } },
  pool3d = {
    value = { "NaN is passed over, as in two dimensions" },
    gradient = { "as max_pool's" },
  },
  pow = { gradient = { "of the exponent it is 0 for bases that are not above 0, also where the power is infinite" } },
  power = { gradient = { "as pow's" } },
  relu = {
    refused = { "options that are NaN, or that the dtype cannot hold", has_odd_option },
    value = { "whole numbers stay whole; an infinite option that does not count is not multiplied by 0",
      function(c) return is_whole(c) or has_infinite_option(c) end },
    sign = { "-0.0 stays" },
  },
  sqrt = { gradient = { "of NaN it is NaN, not 0" } },
  std = { gradient = { "it is 0 where the deviation is, not NaN" } },
  var = { gradient = { "an infinite correction leaves no gradient", has_infinite_option } },
  sum = { sign = { "over no axes, -0.0 is added to 0", function(c) return #c.options.axis == 0 end } },
}

-- ---- comparing -------------------------------------------------------------------------------------------

local used, counts = {}, { calls = 0, compared = 0, gradients = 0, alone = 0 }

local function differs(c, kind)
  local entry = DIFFERS[c.name] and DIFFERS[c.name][kind]
  if not entry or entry[2] and not entry[2](c) then return false end
  used[entry] = true
  return true
end

local function zero_signs_agree(a, b)
  if not a.dtype:find "float" then return true end
  return K.all(K.logical_or(K.not_equal(a, 0), K.equal(1 / a, 1 / b))):item()
end

-- The kind of difference, and a text; nothing if there is none.
local function compare(got, want, kind)
  local tolerance = TOLERANCE[want.dtype] or 0
  if not is_tensor(got) then return kind, "is " .. show(got) end
  local close, why = dw.close(got, want, { rtol = tolerance, atol = tolerance })
  if not close then return kind, why end
  if kind == "value" and not zero_signs_agree(got, want) then return "sign", "the signs of zeros differ" end
end

local function given(c)
  local args, n = { table.unpack(c.args, 1, c.args.n) }, c.args.n
  if c.options then
    n = n + 1
    args[n] = c.options
  end
  return function() return K[c.name](table.unpack(args, 1, n)) end
end

local function inputs_of(c)
  local inputs = {}
  for i = 1, c.args.n do
    local a = c.args[i]
    for _, t in ipairs(is_tensor(a) and { a } or type(a) == "table" and a or {}) do
      if is_tensor(t) then inputs[#inputs + 1] = t end
    end
  end
  return inputs
end

local function compare_gradients(c, call, grads)
  local inputs, variables, wanted = inputs_of(c), {}, {}
  for i, want in ipairs(grads) do
    if want then variables[#variables + 1], wanted[#wanted + 1] = inputs[i], want end
  end
  local tape, y = dw.record(call)
  local got = tape:gradients(y, variables, { output_gradients = edges.weights(y) })
  for i, want in ipairs(wanted) do
    counts.gradients = counts.gradients + 1
    local kind, why = compare(got[i], want, "gradient")
    if kind and not differs(c, kind) then error(("gradient %d: %s"):format(i, why), 0) end
  end
end

local function holds_nan(t) return is_tensor(t) and t.dtype:find "float" and K.any(K.not_equal(t, t)):item() end

-- Without an answer of TensorFlow: a result, or an error in the op's name; and where NaN went in, NaN comes out.
local PASSES_NAN_OVER = { argmax = true, argmin = true, index = true, narrow = true, select = true, top_k = true, take_along_axis = true,
  recurrence = true, strided = true, dropout = true, pad_grad_x = true, max_pool = true, max_pool_pick = true,
  max_pool_grad_x = true, pool1d = true, pool2d = true, pool3d = true }

local function check_alone(c, results)
  counts.alone = counts.alone + 1
  if not results[1] then return end
  local y = results[2]
  if c.kind ~= "numbers" or not is_tensor(y) or not y.dtype:find "float" or PASSES_NAN_OVER[c.name] then return end
  for _, x in ipairs(inputs_of(c)) do
    if holds_nan(x) and not holds_nan(y) then error("NaN goes in and does not come out", 0) end
  end
end

local function check(c)
  counts.calls = counts.calls + 1
  local call, want = given(c), fixture[c.id]
  local results = table.pack(pcall(call))
  if not results[1] and not results[2]:find(c.name .. ": ", 1, true) then error("raises " .. results[2], 0) end
  if not want then return check_alone(c, results) end
  counts.compared = counts.compared + 1
  if not results[1] then
    if not differs(c, "refused") then error("is refused: " .. results[2], 0) end
    return
  end
  for i, w in ipairs(want) do
    local kind, why = compare(results[i + 1], w, "value")
    if not kind then covered.add(c.name)
    elseif not differs(c, kind) then error(("result %d: %s"):format(i, why), 0) end
  end
  if want.grads then compare_gradients(c, call, want.grads) end
end

local function describe_call(c)
  local texts = {}
  for i = 1, c.args.n do texts[i] = show(c.args[i]) end
  for key, v in pairs(c.options or {}) do texts[#texts + 1] = ("%s = %s"):format(key, show(v)) end
  return ("%s, K.%s(%s)"):format(c.id, c.name, table.concat(texts, ", "))
end

describe("at the edge, as TensorFlow:", function()
  local names, of = {}, {}
  for _, c in ipairs(edges.calls()) do
    if not of[c.name] then names[#names + 1], of[c.name] = c.name, {} end
    table.insert(of[c.name], c)
  end

  for _, name in ipairs(names) do
    it(("%s, %d calls"):format(name, #of[name]), function()
      local failures = {}
      for _, c in ipairs(of[name]) do
        local good, why = pcall(check, c)
        if not good then failures[#failures + 1] = describe_call(c) .. ": " .. tostring(why) end
      end
      if #failures > 0 then
        error(("%d calls:\n%s"):format(#failures, table.concat(failures, "\n", 1, math.min(#failures, SHOWN))), 0)
      end
    end)
  end

  it("the fixture is of these calls, and every difference is still there", function()
    local known = {}
    for _, list in pairs(of) do
      for _, c in ipairs(list) do known[c.id] = true end
    end
    for id in pairs(fixture) do assert.is_true(known[id], id .. " is no call; run tests/oracle/edges.py") end
    for name, kinds in pairs(DIFFERS) do
      for kind, entry in pairs(kinds) do assert.is_true(used[entry], ("%s: no %s differs"):format(name, kind)) end
    end
    for name, r in pairs(ops.records) do
      if r.family == "elementwise" and not r.refused then assert.truthy(of[name], name .. " has no calls") end
    end
    print(("\nedges: %d calls, %d compared with TensorFlow, %d gradients, %d without its answer"):format(counts.calls, counts.compared,
      counts.gradients, counts.alone))
  end)
end)
