// products.c: times the depthwise, conv and gemm drivers with a reused output, on descriptors that Lua made.
#include "bench.h"

#include <stdlib.h>

static void *lines(size_t bytes) { return aligned_alloc(64, (bytes + 64) & ~(size_t)63); }

// ---- depthwise ------------------------------------------------------------------------------------

typedef dw_status init_fn(dw_job *, const dw_context *, const dw_tensor *, const dw_tensor *, const dw_tensor *,
                          const dw_depthwise *);

// Operands in the driver's order; `x` and `kernel` say which of them those two are.
static const struct {
  init_fn *init;
  int x, kernel;
} ops[] = {{dw_depthwise_forward_init, 1, 2}, {dw_depthwise_grad_x_init, 0, 2}, {dw_depthwise_grad_kernel_init, 2, 0}};

struct depthwise {
  dw_context cx;
  init_fn *init;
  const dw_tensor *t[3];
  dw_depthwise d;
  void *scratch;
};

static void run_depthwise(void *arg) {
  struct depthwise *c = arg;
  dw_job j;
  c->init(&j, &c->cx, c->t[0], c->t[1], c->t[2], &c->d);
  dw_run(&j, c->scratch);
}

static void read_integers(lua_State *L, int index, int64_t *to, int n) {
  luaL_checktype(L, index, LUA_TTABLE);
  for (int i = 0; i < n; i++) {
    lua_geti(L, index, i + 1);
    to[i] = luaL_checkinteger(L, -1);
    lua_pop(L, 1);
  }
}

// depthwise(op, threads, seconds, to, a, b, {sh, sw, dh, dw, top, bottom, left, right}) -> seconds of one call. The
// tensors are (n,h,w,c) with any strides, so channels_first is a permuted view.
static int time_depthwise(lua_State *L) {
  static const char *const names[] = {"forward", "grad_x", "grad_kernel", NULL};
  int op = luaL_checkoption(L, 1, NULL, names), axis;
  int64_t g[8]; // strides, dilation, pads
  dw_job j;
  struct depthwise c = {.init = ops[op].init};
  for (int i = 0; i < 3; i++) c.t[i] = lua_touserdata(L, 4 + i);
  read_integers(L, 7, g, 8);
  if (dw_depthwise_init(&c.d, c.t[ops[op].x], c.t[ops[op].kernel], g, g + 2, DW_EXPLICIT, g + 4, &axis) != DW_OK) {
    return luaL_error(L, "bad geometry");
  }
  bench_context(&c.cx, (int)luaL_checkinteger(L, 2));
  c.init(&j, &c.cx, c.t[0], c.t[1], c.t[2], &c.d);
  c.scratch = lines(j.scratch);
  lua_pushnumber(L, best_of(run_depthwise, &c, luaL_checknumber(L, 3)));
  free(c.scratch);
  return 1;
}

// ---- convolution ----------------------------------------------------------------------------------

struct convolution {
  dw_context cx;
  int op;
  const dw_tensor *t[3]; // operands in the driver's order
  dw_conv d;
  void *panels; // NULL: the kernel is packed inside
  void *scratch;
};

static void decide_conv(dw_job *j, const struct convolution *c) {
  const dw_tensor *kernel = c->panels == NULL ? c->t[2] : NULL;
  if (c->op == 0) dw_conv_forward_init(j, &c->cx, c->t[0], c->t[1], kernel, c->panels, &c->d, NULL);
  if (c->op == 1) dw_conv_grad_x_init(j, &c->cx, c->t[0], c->t[1], kernel, c->panels, &c->d);
  if (c->op == 2) dw_conv_grad_kernel_init(j, &c->cx, c->t[0], c->t[1], c->t[2], &c->d);
}

static void run_conv(void *arg) {
  struct convolution *c = arg;
  dw_job j;
  decide_conv(&j, c);
  dw_run(&j, c->scratch);
}

// conv(op, packed, threads, seconds, to, a, b, {sh, sw, dh, dw, top, bottom, left, right}) -> seconds of one call; when
// `packed`, the kernel is packed before.
static int time_conv(lua_State *L) {
  static const char *const names[] = {"forward", "grad_x", "grad_kernel", NULL};
  struct convolution c = {.op = luaL_checkoption(L, 1, NULL, names)};
  int64_t g[8]; // strides, dilation, pads
  int axis;
  dw_job j;
  for (int i = 0; i < 3; i++) c.t[i] = lua_touserdata(L, 5 + i);
  read_integers(L, 8, g, 8);
  if (dw_conv_init(&c.d, c.t[ops[c.op].x], c.t[ops[c.op].kernel], g, g + 2, DW_EXPLICIT, g + 4, &axis) != DW_OK) {
    return luaL_error(L, "bad geometry");
  }
  bench_context(&c.cx, (int)luaL_checkinteger(L, 3));
  if (lua_toboolean(L, 2) && c.op < 2) {
    c.panels = lines(dw_conv_panels(&c.cx, &c.d, c.op == 1));
    dw_conv_pack_init(&j, &c.cx, c.panels, c.t[2], &c.d, c.op == 1);
    dw_run(&j, NULL);
  }
  decide_conv(&j, &c);
  c.scratch = lines(j.scratch);
  lua_pushnumber(L, best_of(run_conv, &c, luaL_checknumber(L, 4)));
  free(c.scratch);
  free(c.panels);
  return 1;
}

// ---- matrix product -------------------------------------------------------------------------------

struct product {
  dw_context cx;
  const dw_tensor *c, *a, *b;
  void *panels; // NULL: b is packed inside
  void *scratch;
};

static void decide(dw_job *j, const struct product *p) {
  dw_gemm_init(j, &p->cx, p->c, p->a, p->panels == NULL ? p->b : NULL, p->panels, NULL);
}

static void run_product(void *arg) {
  struct product *p = arg;
  dw_job j;
  decide(&j, p);
  dw_run(&j, p->scratch);
}

// matmul(packed, threads, seconds, c, a, b) -> seconds of one call; when `packed`, b is packed before.
static int time_matmul(lua_State *L) {
  struct product p = {.c = lua_touserdata(L, 4), .a = lua_touserdata(L, 5), .b = lua_touserdata(L, 6)};
  dw_job j;
  bench_context(&p.cx, (int)luaL_checkinteger(L, 2));
  if (lua_toboolean(L, 1)) {
    p.panels = lines(dw_gemm_panels(&p.cx, p.b));
    dw_gemm_pack_init(&j, &p.cx, p.panels, p.b);
    dw_run(&j, NULL);
  }
  decide(&j, &p);
  p.scratch = lines(j.scratch);
  lua_pushnumber(L, best_of(run_product, &p, luaL_checknumber(L, 3)));
  free(p.scratch);
  free(p.panels);
  return 1;
}

const luaL_Reg bench_products[] = {
    {"depthwise", time_depthwise}, {"conv", time_conv}, {"matmul", time_matmul}, {NULL, NULL}};
