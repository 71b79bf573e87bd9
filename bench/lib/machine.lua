-- machine.lua: the state of the machine on which figures were taken, so that they can be read: its widest vectors and
-- those in use, the FMA peak of one core and of all, how fast memory streams, and what a signal takes from one core to
-- the other, without which a pass on two threads cannot begin or end. `make bench` prints it first.

local bench = require "bench"
local dw = require "dwconv"

local SECONDS <const> = 0.2
local LARGE <const> = 256 << 20 -- bytes, more than any cache holds

local info = dw.info()
local threads = dw.threads()

local function gflops(n, isa) return bench.fma_peak(n, SECONDS, isa) / 1e9 end

local function gigabytes(n) return LARGE / bench.stream_time(LARGE, 0, n, SECONDS) / 1e9 end

local function cpu()
  local f <close> = io.open "/proc/cpuinfo"
  return f and f:read("a"):match "model name%s*:%s*([^\n]+)" or "this machine"
end

local signal = bench.signal_time(SECONDS)
print(("%s; %s in use, %d thread%s"):format(cpu(), info.isa, threads, threads == 1 and "" or "s"))
print(("  FMA peak     %6.1f GFLOP/s on one core, %6.1f on %d (of the widest vectors %6.1f)"):format(
  gflops(1, info.isa), gflops(threads, info.isa), threads, gflops(1)))
print(("  memory reads %6.1f GB/s by one core, %6.1f by %d"):format(gigabytes(1), gigabytes(threads), threads))
print(signal and ("  a signal from core to core takes %.0f ns"):format(signal * 1e9) or "  there is one core")
