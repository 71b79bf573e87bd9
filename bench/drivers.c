// drivers.c: times the elementwise, reduce, softmax, norm, copy and update drivers with a reused output, on descriptors
// that Lua made.
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

struct softmax_call {
  dw_context cx;
  const dw_tensor *y, *x;
  int axis;
  bool log;
};

static void run_softmax(void *arg) {
  struct softmax_call *c = arg;
  dw_job j;
  dw_softmax_init(&j, &c->cx, c->y, c->x, c->axis, c->log);
  dw_run(&j, NULL);
}

// softmax(log, threads, seconds, y, x, an axis from 1 on) -> seconds of one call
static int time_softmax(lua_State *L) {
  struct softmax_call c = {.log = lua_toboolean(L, 1), .y = lua_touserdata(L, 4), .x = lua_touserdata(L, 5)};
  bench_context(&c.cx, (int)luaL_checkinteger(L, 2));
  c.axis = (int)luaL_checkinteger(L, 6) - 1;
  lua_pushnumber(L, best_of(run_softmax, &c, luaL_checknumber(L, 3)));
  return 1;
}

struct norm_call {
  dw_context cx;
  dw_norm n;
  const dw_tensor *y, *g, *d_gamma, *d_beta;
  void *scratch;
};

static dw_status norm_init(dw_job *j, const struct norm_call *c) {
  if (c->d_gamma != NULL) return dw_norm_grad_init(j, &c->cx, c->y, c->d_gamma, c->d_beta, c->g, &c->n);
  return c->g != NULL ? dw_norm_apply_init(j, &c->cx, c->y, &c->n) : dw_norm_init(j, &c->cx, c->y, &c->n);
}

static void run_norm(void *arg) {
  struct norm_call *c = arg;
  dw_job j;
  norm_init(&j, c);
  dw_run(&j, c->scratch);
}

// norm(threads, seconds, y, x, mean, var, gamma, beta, g, d_gamma, d_beta) -> seconds of one call: of moments and
// results; with g, of results alone; with all, of gradients, of which y is x's.
static int time_norm(lua_State *L) {
  const dw_tensor *t[9];
  for (int i = 0; i < 9; i++) t[i] = lua_touserdata(L, 3 + i);
  struct norm_call c = {
      .n = {t[1], t[2], t[3], t[4], t[5], 1e-3}, .y = t[0], .g = t[6], .d_gamma = t[7], .d_beta = t[8]};
  dw_job j;
  bench_context(&c.cx, (int)luaL_checkinteger(L, 1));
  norm_init(&j, &c);
  c.scratch = aligned_alloc(64, (j.scratch + 64) & ~(size_t)63);
  lua_pushnumber(L, best_of(run_norm, &c, luaL_checknumber(L, 2)));
  free(c.scratch);
  return 1;
}

struct update_call {
  dw_context cx;
  const dw_tensor *w, *g, *slots[DW_UPDATE_SLOTS];
  int step;
  void *scratch;
};

static void run_update(void *arg) {
  static const double numbers[DW_UPDATE_NUMBERS] = {1, 1e300, 1e-9, 1e-9, 0.5, 0.5, 0.5, 0.5, 0.5};
  struct update_call *c = arg;
  dw_job j;
  dw_update_init(&j, &c->cx, c->step, c->w, c->slots, c->g, numbers);
  dw_run(&j, NULL);
}

// update(step, threads, seconds, w, g, slots...) -> seconds of one call
static int time_update(lua_State *L) {
  struct update_call c = {.step = dw_update_find(luaL_checkstring(L, 1))};
  bench_context(&c.cx, (int)luaL_checkinteger(L, 2));
  c.w = lua_touserdata(L, 4), c.g = lua_touserdata(L, 5);
  for (int i = 0; i < DW_UPDATE_SLOTS; i++) c.slots[i] = lua_touserdata(L, 6 + i);
  lua_pushnumber(L, best_of(run_update, &c, luaL_checknumber(L, 3)));
  return 1;
}

static void run_squares(void *arg) {
  struct update_call *c = arg;
  double sum;
  dw_job j;
  dw_squares_init(&j, &c->cx, &sum, c->g);
  dw_run(&j, c->scratch);
}

static int time_squares(lua_State *L) { // threads, seconds, x
  struct update_call c = {.g = lua_touserdata(L, 3)};
  double sum;
  dw_job j;
  bench_context(&c.cx, (int)luaL_checkinteger(L, 1));
  dw_squares_init(&j, &c.cx, &sum, c.g);
  c.scratch = aligned_alloc(64, (j.scratch + 64) & ~(size_t)63);
  lua_pushnumber(L, best_of(run_squares, &c, luaL_checknumber(L, 2)));
  free(c.scratch);
  return 1;
}

const luaL_Reg bench_drivers[] = {{"elementwise", time_elementwise}, {"copy", time_copy},       {"reduce", time_reduce},
                                  {"along_axis", time_axis},         {"softmax", time_softmax}, {"norm", time_norm},
                                  {"update", time_update},           {"squares", time_squares}, {NULL, NULL}};
