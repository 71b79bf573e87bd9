-- worker_elementwise.lua: dwconv's side of race_elementwise.py. Reads one job a line: "load folder rows columns" takes
-- the inputs as raw floats, "save folder" writes what the last job computed, "time op seconds" runs op's driver for
-- that long, on one thread and with a reused output, and answers with the best time of one call in seconds.

local bench = require "bench"
local dw = require "dwconv"
local K = dw.backend

local x, b, bias, y

local function read(path, shape)
  local file <close> = assert(io.open(path, "rb"))
  return dw.from_bytes(file:read "a", shape)
end

local function write(path, t)
  local file <close> = assert(io.open(path, "wb"))
  file:write(t:to_bytes())
end

local REDUCTIONS = { sum = { 1, 2 }, max = { 1, 2 }, ["sum rows"] = { 2 }, ["sum columns"] = { 1 }, ["max rows"] = { 2 },
  ["max columns"] = { 1 } }

local function run(op, seconds)
  if REDUCTIONS[op] then
    local kept = x.shape
    for _, axis in ipairs(REDUCTIONS[op]) do kept[axis] = 1 end
    y = dw.zeros(kept)
    return bench.reduce(op:match "%a+", 1, seconds, y, x)
  end
  y = dw.zeros(x.shape)
  if op == "copy" then return bench.copy("copy", 1, seconds, y, x) end
  if op == "add bias" then return bench.elementwise("add", 1, seconds, y, x, bias) end
  return bench.elementwise(op, 1, seconds, y, x, b)
end

for line in io.lines() do
  local what, rest = line:match "^(%a+) (.*)$"
  if what == "load" then
    local folder, rows, columns = rest:match "^(%S+) (%d+) (%d+)$"
    local shape = { tonumber(rows), tonumber(columns) }
    x, b = read(folder .. "/x", shape), read(folder .. "/b", shape)
    bias = K.broadcast_to(read(folder .. "/bias", { shape[2] }), shape)
    print "ok"
  elseif what == "save" then
    write(rest .. "/y", y)
    print "ok"
  else
    local op, seconds = rest:match "^(.*) (%S+)$"
    print(("%.12f"):format(run(op, tonumber(seconds))))
  end
  io.stdout:flush()
end
