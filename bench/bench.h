// bench.h: what the C files of the bench share.
#ifndef DWCONV_BENCH_H
#define DWCONV_BENCH_H

#include <lauxlib.h>
#include <lua.h>

#include "dwconv.h"

// Keeps running `body` for `seconds` and gives the shortest time of one run.
typedef void body_fn(void *);
double best_of(body_fn *body, void *arg, double seconds);

// A context of so many threads, whose workers are there for good.
void bench_context(dw_context *cx, int threads);

// Lua functions, one list a file.
extern const luaL_Reg bench_limits[], bench_drivers[], bench_products[], bench_images[];

#endif
