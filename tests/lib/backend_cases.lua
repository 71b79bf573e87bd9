-- backend_cases.lua: the cases of fixtures/backend and how to run one, for backend_spec.lua and functions.lua.
-- fixtures/README.md says what a case holds. Nothing here knows a function of K by name but FUNCTIONS.

local covered = require "covered"
local dw = require "dwconv"
local words = require "dwconv.args"
local is_tensor, show = words.check.is_tensor, words.show
local K = dw.backend

local cases = {}

local FAMILIES = { "create", "update", "elementwise", "reduce", "linear", "shape", "sorting", "matrix", "control", "conv",
  "pool", "resize", "pad", "activations", "losses", "sequences", "norm", "refused" }
local GRADIENT_TOLERANCE = { float32 = 3e-6, float64 = 1e-13 }

-- What foldl, foldr and map_fn are given; Fn in oracle/backend.py has the same.
local FUNCTIONS = {
  ["acc + e"] = function(acc, e) return K.add(acc, e) end,
  ["acc - e"] = function(acc, e) return K.subtract(acc, e) end,
  ["acc * e"] = function(acc, e) return K.multiply(acc, e) end,
  ["acc * acc - e"] = function(acc, e) return K.subtract(K.multiply(acc, acc), e) end,
  ["e * e"] = function(e) return K.multiply(e, e) end,
  ["e - 1"] = function(e) return K.subtract(e, 1) end,
  ["sum(e)"] = function(e) return K.sum(e) end,
  ["exp(e)"] = function(e) return K.exp(e) end,
  ["step"] = function(x, states)
    local h = K.tanh(x + states[1] * states[#states])
    return h * 2, #states < 3 and { h } or { h, states[2] + x }
  end,
  ["e > 0"] = function(e) return K.greater(e, 0) end,
}

-- ---- reading --------------------------------------------------------------------------------------------

local NIL = {} -- an argument left out before others

local function T(dtype, shape, numbers)
  if #numbers == 0 then return dw.zeros(shape, { dtype = dtype }) end
  return dw.tensor(numbers, { dtype = dtype }):reshape(shape)
end

local function F(formula) return assert(FUNCTIONS[formula], formula) end

--- The names of the functions that have cases, in order, and their cases by name; those to refuse come last.
function cases.load()
  local names, of = {}, {}
  for _, family in ipairs(FAMILIES) do
    local chunk = assert(loadfile(("tests/fixtures/backend/%s.lua"):format(family)))
    for _, case in ipairs(chunk(T, 0 / 0, math.huge, NIL, F)) do
      if not of[case.name] then
        names[#names + 1], of[case.name] = case.name, {}
      end
      table.insert(of[case.name], case)
    end
  end
  return names, of
end

-- ---- arguments ------------------------------------------------------------------------------------------

-- A value with every tensor in it copied, so that a case can be run again.
local function fresh(value)
  if value == NIL then return nil end
  if is_tensor(value) then return value:clone() end
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, item in pairs(value) do copy[key] = fresh(item) end
  return copy
end

local function arguments(case)
  local args, n = {}, #(case.args or {})
  for i = 1, n do args[i] = fresh(case.args[i]) end
  if case.options then
    n = n + 1
    args[n] = fresh(case.options)
  end
  args.n = n
  return args
end

-- The tensors in a value, in order.
local function tensors(value, found)
  if is_tensor(value) then
    found[#found + 1] = value
  elseif type(value) == "table" and value ~= NIL then
    for _, item in ipairs(value) do tensors(item, found) end
    local names = {}
    for key in pairs(value) do names[#names + 1] = type(key) == "string" and key or nil end
    table.sort(names) -- as oracle/kit/cases.py has them
    for _, name in ipairs(names) do tensors(value[name], found) end
  end
  return found
end

local function describe(case)
  local parts = {}
  for i, arg in ipairs(case.args or {}) do parts[i] = arg == NIL and "nil" or show(arg) end
  for name, value in pairs(case.options or {}) do parts[#parts + 1] = ("%s = %s"):format(name, show(value)) end
  local note = case.note or type(case.refused) == "string" and case.refused
  return ("K.%s(%s)%s"):format(case.name, table.concat(parts, ", "), note and (" [%s]"):format(note) or "")
end

-- ---- running --------------------------------------------------------------------------------------------

local function fail(text, ...) error(text:format(...), 0) end

local function compare(what, got, want, tolerance)
  if is_tensor(want) and is_tensor(got) then
    local close, why = dw.close(got, want, { rtol = tolerance, atol = tolerance })
    if not close then fail("%s: %s", what, why) end
  elseif type(want) == "table" and type(got) == "table" and #got == #want then
    for i, item in ipairs(want) do compare(what, got[i], item, tolerance) end
  elseif got ~= want then
    fail("%s is %s instead of %s", what, show(got), show(want))
  end
end

-- Results in which those in tables are some of their own.
local function flattened(results)
  local flat = {}
  for i = 1, results.n or #results do
    local list = is_tensor(results[i]) and { results[i] } or results[i]
    table.move(list, 1, #list, #flat + 1, flat)
  end
  return flat
end

local function check_results(case, f)
  local args = arguments(case)
  local results = table.pack(f(table.unpack(args, 1, args.n)))
  if case.flat then results = flattened(results) end
  if case.changes then results[1] = args[1] end
  for i, want in ipairs(case.results or { case.result }) do
    compare("result " .. i, results[i], want, case.tolerance or 0)
    covered.add(case.name)
  end
  local after = tensors(args, {})
  for i, before in ipairs(tensors({ case.args or {}, case.options or {} }, {})) do
    if not (case.changes and i == 1) then compare("afterwards, argument " .. i, after[i], before, 0) end
  end
end

local function check_gradients(case, f)
  local args = arguments(case)
  local inputs, variables, wanted = tensors(args, {}), {}, {}
  for i, want in ipairs(case.grads) do
    if want then variables[#variables + 1], wanted[#wanted + 1] = inputs[i], want end
  end
  if not dw.record then fail "there is no dw.record" end
  local tape, y = dw.record(function() return f(table.unpack(args, 1, args.n)) end)
  local gradients = tape:gradients(y, variables, { output_gradients = case.g })
  for i, want in ipairs(wanted) do
    compare("gradient " .. i, gradients[i], want, GRADIENT_TOLERANCE[want.dtype])
  end
end

local function check_refused(case, f)
  local args = arguments(case)
  local ok, message = pcall(f, table.unpack(args, 1, args.n))
  if ok then fail "is not refused" end
  if type(message) ~= "string" or message:find("attempt to", 1, true) then
    fail("is refused by accident: %s", tostring(message))
  end
end

local function check(case, f)
  if type(f) ~= "function" then fail "is missing" end
  if case.refused then return check_refused(case, f) end
  check_results(case, f)
  if case.grads then check_gradients(case, f) end
end

--- Runs cases with f (K's function when left out): how many passed, and a text for each that did not.
---@return integer passed, string[] failures
function cases.run(list, f)
  local passed, failures = 0, {}
  for _, case in ipairs(list) do
    local ok, why = pcall(check, case, f or K[case.name])
    if ok then passed = passed + 1
    else failures[#failures + 1] = ("%s: %s"):format(describe(case), tostring(why)) end
  end
  return passed, failures
end

return cases
