-- support.lua: what specs share: settings that go back to what they were, the ISAs and thread counts to walk, exact
-- comparison, finite differences, errors.

local core = require "dwconv.core"
local covered = require "covered"
local dw = require "dwconv"
local K = dw.backend

local support = {}

--- The ISAs that this build and CPU have.
support.isas = {}
do
  local own = core.build().isa
  for _, isa in ipairs { "base", "avx2", "avx512" } do
    if core.set_isa(isa) then support.isas[#support.isas + 1] = isa end
  end
  core.set_isa(own)
end

--- The thread counts that everywhere walks.
support.threads = { 1, 2, 3, 5 }

-- ---- settings -------------------------------------------------------------------------------------------

-- Each sets a value and gives the former one.
local settings = { grain = core.set_grain, stream = core.set_stream }

-- What is stopped goes back to running.
function settings.collector(mode)
  if mode ~= "stop" then return collectgarbage(mode) end
  collectgarbage "stop"
  return "restart"
end

local function setting(name, read, write)
  settings[name] = function(value)
    local former = read()
    write(value)
    return former
  end
end

setting("isa", function() return core.build().isa end, core.set_isa)
setting("threads", dw.threads, dw.set_threads)
setting("print", function() return print end, function(f) _G.print = f end)
setting("memory_limit", function() end, K.set_memory_limit) -- goes back to the machine's
for _, name in ipairs { "floatx", "epsilon", "image_data_format", "learning_phase" } do
  setting(name, K[name], K["set_" .. name])
end

local restoring = { __close = function(former)
  for i = #former, 1, -1 do settings[former[i][1]](former[i][2]) end
end }

--- Sets what the table names (isa, threads, grain, stream, floatx, epsilon, image_data_format, learning_phase, memory_limit,
--- print, and collector: "generational", "incremental" or "stop") until the value that comes back is closed, by an error too:
---   local _ <close> = support.with { floatx = "float64", threads = 2 }
--- What has its present value in the table is put back to it, whatever happens to it meanwhile.
function support.with(values)
  local former = setmetatable({}, restoring)
  for name, value in pairs(values) do former[#former + 1] = { name, settings[name](value) } end
  return former
end

--- The same for a field of any table: t[key] is `value` until what comes back is closed.
function support.field(t, key, value)
  local former = t[key]
  t[key] = value
  return setmetatable({}, { __close = function() t[key] = former end })
end

--- Calls f under every ISA and each of the thread counts, the smallest job through a parallel region; then puts things
--- back.
function support.everywhere(f, thread_counts)
  local _ <close> = support.with { isa = core.build().isa, threads = dw.threads(), grain = 0 }
  for _, i in ipairs(support.isas) do
    core.set_isa(i)
    for _, n in ipairs(thread_counts or support.threads) do
      dw.set_threads(n)
      f(i, n)
    end
  end
end

-- ---- comparison -----------------------------------------------------------------------------------------

--- Says that the results of these ops were compared with something that is not our own output: another language's, the
--- definition written out, numbers computed by hand. whole_suite_spec.lua asks for the records of which nobody said so.
support.covers = covered.add

--- Fails with `what` unless got and want agree in shape, dtype and every number.
function support.same(got, want, what)
  local equal, why = dw.close(got, want, { rtol = 0, atol = 0 })
  if not equal then error(("%s: %s"):format(what or "not the same", why), 2) end
end

--- Fails unless got is within atol + rtol*|want|.
function support.near(got, want, tolerance, what)
  local close, why = dw.close(got, want, tolerance)
  if not close then error(("%s: %s"):format(what or "not near", why), 2) end
end

--- Fails unless got has these numbers, given as a number or a nested table, up to rounding in float64.
function support.holds(got, numbers, what)
  local close, why = dw.close(got, dw.tensor(numbers, { dtype = got.dtype }), { rtol = 1e-12, atol = 1e-12 })
  if not close then error(("%s: %s"):format(what or "holds other numbers", why), 2) end
end

-- ---- errors and differences -----------------------------------------------------------------------------

--- The text of the error that f(...) raises; fails when it raises none.
function support.error_of(f, ...)
  local ok, message = pcall(f, ...)
  if ok then error("no error was raised", 2) end
  if type(message) ~= "string" then error("the error is no string: " .. tostring(message), 2) end
  return message
end

--- Fails unless f() raises an error that contains each of the texts and blames the file that calls.
function support.refuses(f, ...)
  local ok, message = pcall(f)
  if ok then error("no error was raised; expected: " .. table.concat({ ... }, " | "), 2) end
  local file = debug.getinfo(2, "S").short_src
  if message:sub(1, #file + 1) ~= file .. ":" then error("blames the wrong place: " .. tostring(message), 2) end
  for _, text in ipairs { ... } do
    if not message:find(text, 1, true) then error(("expected %q in: %s"):format(text, message), 2) end
  end
end

--- Central differences of sum(f() * g) for each element of `variable` (float64), which f reads.
function support.numeric_gradient(f, variable, g, step)
  local flat, gs = variable:reshape { -1 }, g:reshape({ -1 }):to_table()
  local gradient = {}
  local function loss()
    local sum, ys = 0, f():reshape({ -1 }):to_table()
    for i, y in ipairs(ys) do sum = sum + y * gs[i] end
    return sum
  end
  for i, x in ipairs(flat:to_table()) do
    flat[i] = x + step
    local above = loss()
    flat[i] = x - step
    gradient[i] = (above - loss()) / (2 * step)
    flat[i] = x
  end
  return dw.tensor(gradient, { dtype = "float64" }):reshape(variable.shape)
end

return support
