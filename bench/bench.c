// bench.c: a Lua module for `make bench` and the races alone: the limits of this machine, and the drivers with a
// reused output. Linked with its own copy of the core; built with -march=native, so it is never installed.
#define _GNU_SOURCE
#include "bench.h"

#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double best_of(body_fn *body, void *arg, double seconds) {
  double best = 1e9, stop = now() + seconds;
  body(arg);
  double t0 = now();
  body(arg);
  double once = now() - t0;
  int batch = once < 2e-6 ? (int)(1e-5 / (once + 1e-9)) + 1 : 1; // the clock itself takes some 30 ns
  do {
    double t = now();
    for (int i = 0; i < batch; i++) body(arg);
    t = (now() - t) / batch;
    if (t < best) best = t;
  } while (now() < stop);
  return best;
}

__attribute__((visibility("default"))) int luaopen_bench(lua_State *L);

int luaopen_bench(lua_State *L) {
  lua_newtable(L);
  luaL_setfuncs(L, bench_limits, 0);
  luaL_setfuncs(L, bench_drivers, 0);
  luaL_setfuncs(L, bench_products, 0);
  luaL_setfuncs(L, bench_images, 0);
  return 1;
}
