// drivers.c: times the elementwise, reduce and copy drivers with a reused output, on descriptors that Lua made.
#include "bench.h"

#include <stdlib.h>

enum { MOST = 3 };

struct call {
  dw_context cx;
  const dw_tensor *y, *x[MOST];
  int op, axis;
  void *scratch;
};

void bench_context(dw_context *cx, int threads) {
  static dw_workers *workers;
  if (workers == NULL) {
    void *memory = aligned_alloc(64, dw_workers_bytes());
    if (memory == NULL) abort();
    workers = dw_workers_init(memory);
  }
  dw_context_init(cx);
  cx->workers = workers;
  cx->threads = threads;
}

// Reads (op's name, threads, seconds, y, x...), the name turned into c->op by the caller.
static void read_call(lua_State *L, struct call *c) {
  bench_context(&c->cx, (int)luaL_checkinteger(L, 2));
  c->y = lua_touserdata(L, 4);
  for (int i = 0; i < MOST; i++) c->x[i] = lua_touserdata(L, 5 + i);
}

static int push_time(lua_State *L, body_fn *body, struct call *c) {
  lua_pushnumber(L, best_of(body, c, luaL_checknumber(L, 3)));
  return 1;
}

static void run_elementwise(void *arg) {
  struct call *c = arg;
  dw_job j;
  dw_elementwise_init(&j, &c->cx, c->y, c->x, c->op);
  dw_run(&j, NULL);
}

// elementwise(op, threads, seconds, y, x...) -> seconds of one call; operands have y's shape. So the others below.
static int time_elementwise(lua_State *L) {
  struct call c = {.op = dw_elementwise_find(luaL_checkstring(L, 1))};
  if (c.op < 0) return luaL_error(L, "there is no kernel %s", lua_tostring(L, 1));
  read_call(L, &c);
  return push_time(L, run_elementwise, &c);
}

static void run_copy(void *arg) {
  struct call *c = arg;
  dw_job j;
  dw_copy_init(&j, &c->cx, c->y, c->x[0]);
  dw_run(&j, NULL);
}

static int time_copy(lua_State *L) {
  struct call c = {0};
  read_call(L, &c);
  return push_time(L, run_copy, &c);
}

static void run_reduce(void *arg) {
  struct call *c = arg;
  dw_job j;
  dw_reduce_init(&j, &c->cx, c->y, c->x[0], (dw_reduction)c->op, 0);
  dw_run(&j, c->scratch);
}

static int time_reduce(lua_State *L) {                                    // y has size 1 on the reduced axes
  static const char *const names[] = {"sum", "prod", "max", "min", NULL}; // ORDER dw_reduction
  struct call c = {.op = luaL_checkoption(L, 1, NULL, names)};
  dw_job j;
  read_call(L, &c);
  dw_reduce_init(&j, &c.cx, c.y, c.x[0], (dw_reduction)c.op, 0);
  c.scratch = aligned_alloc(64, (j.scratch + 64) & ~(size_t)63);
  push_time(L, run_reduce, &c);
  free(c.scratch);
  return 1;
}

static void run_argmax(void *arg) {
  struct call *c = arg;
  dw_job j;
  dw_arg_init(&j, &c->cx, c->y, c->x[0], c->axis, false);
  dw_run(&j, NULL);
}

static void run_cumsum(void *arg) {
  struct call *c = arg;
  dw_job j;
  dw_scan_init(&j, &c->cx, c->y, c->x, c->axis, DW_CUMSUM);
  dw_run(&j, NULL);
}

static int time_axis(lua_State *L) { // along the last argument, an axis from 1 on
  static const char *const names[] = {"argmax", "cumsum", NULL};
  static body_fn *const bodies[] = {run_argmax, run_cumsum};
  struct call c = {.axis = (int)luaL_checkinteger(L, 6) - 1};
  body_fn *body = bodies[luaL_checkoption(L, 1, NULL, names)];
  read_call(L, &c);
  return push_time(L, body, &c);
}

const luaL_Reg bench_drivers[] = {{"elementwise", time_elementwise},
                                  {"copy", time_copy},
                                  {"reduce", time_reduce},
                                  {"along_axis", time_axis},
                                  {NULL, NULL}};
