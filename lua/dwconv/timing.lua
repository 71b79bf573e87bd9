-- timing.lua: dw.time, which measures how long a function takes. Called by scripts and at the prompt.
-- Invariant: a sample is long enough for the clock: short calls are timed some at a time.

local args = require "dwconv.args"
local terminal = require "dwconv.io.terminal"

local clock, kinds = terminal.clock, args.kinds

local SHORTEST <const> = 2e-5 -- seconds of a sample
local MOST_SAMPLES <const> = 100000

local options = args.options({ seconds = kinds.positive(0.5), times = kinds.optional(kinds.whole(nil, 1)) },
  "(f, { seconds = 0.5, times = })")

local function unit(seconds)
  if seconds < 1e-6 then return ("%.0f ns"):format(seconds * 1e9) end
  if seconds < 1e-3 then return ("%.2f us"):format(seconds * 1e6) end
  if seconds < 1 then return ("%.2f ms"):format(seconds * 1e3) end
  return ("%.2f s"):format(seconds)
end

local Times = { __name = "dwconv.Times" }

function Times.__tostring(t)
  return ("least %s, median %s of %d call%s"):format(unit(t.least), unit(t.median), t.n, t.n == 1 and "" or "s")
end

-- Seconds of `count` calls.
local function sample(f, count)
  local start = clock()
  for _ = 1, count do f() end
  return clock() - start
end

-- Samples of `count` calls each, of all of which there are `times` if it is given, else what `seconds` allow.
local function samples_of(f, first, count, o)
  local samples, n, spent = { first }, 1, first
  if count > 1 or o.times then samples, n, spent = {}, 0, 0 end -- a first call that was to warm up
  while #samples < MOST_SAMPLES do
    if o.times and n >= o.times or not o.times and n > 0 and spent >= o.seconds then break end
    local calls = o.times and math.min(count, o.times - n) or count
    local seconds = sample(f, calls)
    samples[#samples + 1], n, spent = seconds / calls, n + calls, spent + seconds
  end
  return samples, n
end

--- How long f() takes: { least =, median = } in seconds, and n, the number of calls.
---@param f function
---@param given? { seconds: number?, times: integer? } how long to measure, 0.5 if left out; or how many calls to
---   make, after one or two that only warm up
---@return { least: number, median: number, n: integer }
return args.speaking("time", function(f, given, ...)
  if not args.check.is_callable(f) then args.raise("f must be a function, got %s", args.show(f)) end
  local o = options(given, (...))
  local first = sample(f, 1)
  if first < 1e-3 then first = math.min(first, sample(f, 1)) end -- the first one may be slow
  local samples, n = samples_of(f, first, math.max(1, math.ceil(SHORTEST / math.max(first, 1e-9))), o)
  table.sort(samples)
  return setmetatable({ least = samples[1], median = samples[(#samples + 1) // 2], n = n }, Times)
end)
