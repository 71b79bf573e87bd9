// images.c: times the drivers of pooling and resizing with a reused output, on descriptors that Lua made.
#include "bench.h"

#include <stdlib.h>

struct call {
  dw_context cx;
  const dw_tensor *y, *x, *other; // of gradients: dx, g, x
  dw_pool pool;
  dw_interpolation how;
  bool planes;
  void *scratch;
};

typedef dw_status init_fn(dw_job *j, const struct call *c);

static dw_status max_pool(dw_job *j, const struct call *c) { return dw_max_pool_init(j, &c->cx, c->y, c->x, &c->pool); }

static dw_status average_pool(dw_job *j, const struct call *c) {
  return dw_average_pool_init(j, &c->cx, c->y, c->x, &c->pool);
}

static dw_status max_pool_grad(dw_job *j, const struct call *c) {
  return dw_max_pool_grad_x_init(j, &c->cx, c->y, c->x, c->other, &c->pool);
}

static dw_status average_pool_grad(dw_job *j, const struct call *c) {
  return dw_average_pool_grad_x_init(j, &c->cx, c->y, c->x, &c->pool);
}

static dw_status resize(dw_job *j, const struct call *c) {
  return dw_resize_init(j, &c->cx, c->y, c->x, c->planes, c->how);
}

static dw_status resize_grad(dw_job *j, const struct call *c) {
  return dw_resize_grad_x_init(j, &c->cx, c->y, c->x, c->planes, c->how);
}

struct timed {
  struct call *c;
  init_fn *init;
};

static void run(void *arg) {
  const struct timed *t = arg;
  dw_job j;
  t->init(&j, t->c);
  dw_run(&j, t->c->scratch);
}

static int push_time(lua_State *L, struct call *c, init_fn *init) {
  dw_job j;
  if (init(&j, c) != DW_OK) return luaL_error(L, "the sizes do not fit");
  c->scratch = aligned_alloc(64, (j.scratch + 64) & ~(size_t)63);
  lua_pushnumber(L, best_of(run, &(struct timed){c, init}, luaL_checknumber(L, 3)));
  free(c->scratch);
  return 1;
}

// (op, threads, seconds, y, x, other or nil, planes, ...): tensors as (n,d,h,w,c).
static struct call read_call(lua_State *L) {
  struct call c = {.y = lua_touserdata(L, 4), .x = lua_touserdata(L, 5), .other = lua_touserdata(L, 6)};
  bench_context(&c.cx, (int)luaL_checkinteger(L, 2));
  c.planes = c.pool.planes = lua_toboolean(L, 7);
  return c;
}

// pool(..., size, stride, padding) -> seconds of one call; the same for rows and columns.
static int time_pool(lua_State *L) {
  static const char *const names[] = {"max", "average", "max_grad", "average_grad", NULL};
  static init_fn *const inits[] = {max_pool, average_pool, max_pool_grad, average_pool_grad};
  static const char *const modes[] = {"valid", "same", NULL};
  int op = luaL_checkoption(L, 1, NULL, names), axis;
  struct call c = read_call(L);
  int64_t size = luaL_checkinteger(L, 8), stride = luaL_checkinteger(L, 9), pads[6] = {0};
  dw_padding mode = luaL_checkoption(L, 10, NULL, modes) == 0 ? DW_VALID : DW_SAME;
  const dw_tensor *x = op == 2 ? c.other : op == 3 ? c.y : c.x;
  const int64_t sizes[3] = {1, size, size}, strides[3] = {1, stride, stride}, ones[3] = {1, 1, 1};
  if (dw_pool_init(&c.pool, x, sizes, strides, ones, mode, pads, &axis) != DW_OK) return luaL_error(L, "no such pool");
  return push_time(L, &c, inits[op]);
}

// resize(..., interpolation) -> seconds of one call
static int time_resize(lua_State *L) {
  static const char *const names[] = {"forward", "grad_x", NULL}, *const hows[] = {"nearest", "bilinear", NULL};
  static init_fn *const inits[] = {resize, resize_grad};
  int op = luaL_checkoption(L, 1, NULL, names);
  struct call c = read_call(L);
  c.how = luaL_checkoption(L, 8, NULL, hows) == 0 ? DW_NEAREST : DW_BILINEAR;
  return push_time(L, &c, inits[op]);
}

const luaL_Reg bench_images[] = {{"pool", time_pool}, {"resize", time_resize}, {NULL, NULL}};
