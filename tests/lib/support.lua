-- support.lua: what specs share: the ISAs and thread counts to walk, exact comparison, finite differences, errors.

local core = require "dwconv.core"
local dw = require "dwconv"

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

--- Calls f under every ISA and each of the thread counts, the smallest job through a parallel region; then puts things
--- back.
function support.everywhere(f, thread_counts)
  local isa, threads = core.build().isa, dw.threads()
  core.set_grain(0)
  for _, i in ipairs(support.isas) do
    core.set_isa(i)
    for _, n in ipairs(thread_counts or { 1, 2, 3 }) do
      dw.set_threads(n)
      f(i, n)
    end
  end
  core.set_grain(3e5)
  core.set_isa(isa)
  dw.set_threads(threads)
end

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

--- The text of the error that f(...) raises; fails when it raises none. The position must be the caller's file.
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
