"""What the races share: equal allocators, a Lua worker that answers line by line, and the best time of many calls."""
import os
import subprocess
import sys
import time

SETTINGS = dict(MALLOC_MMAP_THRESHOLD_="1073741824", MALLOC_TRIM_THRESHOLD_="4294967296")


def settle():
    """Starts this program anew with the allocator's settings (glibc keeps freed pages) unless it has them."""
    if any(os.environ.get(k) != v for k, v in SETTINGS.items()):
        os.execve(sys.executable, [sys.executable] + sys.argv, dict(os.environ, **SETTINGS))


class Worker:
    def __init__(self, script):
        build = os.environ.get("BUILD", "build")
        env = dict(os.environ, LUA_PATH="./lua/?.lua;./lua/?/init.lua;./tests/?.lua;;", LUA_CPATH="./%s/?.so;;" % build)
        self.p = subprocess.Popen(["lua5.4", "tests/bench/" + script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True, env=env)

    def ask(self, line):
        self.p.stdin.write(line + "\n")
        self.p.stdin.flush()
        return self.p.stdout.readline().strip()


def best_of(f, seconds):
    f()
    t = time.perf_counter()
    f()
    calls = max(1, int(2e-5 / (time.perf_counter() - t + 1e-9)))  # the clock itself takes some 100 ns
    best, stop = 1e9, time.perf_counter() + seconds
    while time.perf_counter() < stop:
        t = time.perf_counter()
        for _ in range(calls):
            f()
        best = min(best, (time.perf_counter() - t) / calls)
    return best
