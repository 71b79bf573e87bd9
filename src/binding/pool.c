// pool.c: pooling and its gradients for Lua. Options arrive checked in form by lua/dwconv/args; what depends on shapes
// is checked here, once, in the user's words. Every function ends with the same arguments, which describe the windows:
// pool_size, strides, dilation_rate, padding, data_format, count_padding.
#include <string.h>

#include "binding.h"

struct call {
  dwl_layout l;
  const char *x; // the argument that gives the shape, for error texts
  int window;    // index of pool_size
  dw_pool p;
};

static struct call start(lua_State *L, int window, const char *x) {
  struct call c = {.l = dwl_checklayout(L, window + 4), .x = x, .window = window};
  c.p.planes = c.l.channels_first;
  c.p.count_padding = lua_toboolean(L, window + 5);
  return c;
}

// padding: "valid", "same" or a pair for each axis that the images have.
static dw_padding read_padding(const struct call *c, int64_t pads[6]) {
  lua_State *L = c->l.L;
  int index = c->window + 3, n = c->l.rank - 2;
  const char *mode = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
  memset(pads, 0, 6 * sizeof *pads);
  if (strcmp(mode, "same") == 0) return DW_SAME;
  if (strcmp(mode, "valid") == 0) return DW_VALID;
  const char *pairs = n == 1 ? "a table of one pair" : lua_pushfstring(L, "a table of %d pairs", n);
  const char *expected = lua_pushfstring(L, "\"valid\", \"same\" or %s {before, after}", pairs);
  if (lua_type(L, index) != LUA_TTABLE || (int)lua_rawlen(L, index) != n) dwl_expected(L, "padding", expected, index);
  for (int i = 0; i < 2 * n; i++) {
    if (lua_rawgeti(L, index, i / 2 + 1) != LUA_TTABLE) dwl_expected(L, "padding", expected, index);
    lua_rawgeti(L, -1, i % 2 + 1);
    pads[2 * (3 - n) + i] = dwl_checkinteger(L, -1, "padding", 0, INT64_C(1) << 31);
    lua_pop(L, 2);
  }
  return DW_EXPLICIT;
}

static void refuse_window(const struct call *c, int axis, dw_padding mode) __attribute__((noreturn));
static void refuse_window(const struct call *c, int axis, dw_padding mode) {
  lua_State *L = c->l.L;
  int axes = c->l.rank - 2, missing = DW_SPATIAL - axes;
  const char *window = lua_pushfstring(L, "pool_size %s", dwl_got(L, c->window));
  dwl_refusewindow(L, window, &c->p.axes[axis], dwl_unit(axes, axis - missing), c->x, mode);
}

// Reads the windows, and gives the shape of the result, or raises an error.
static dw_tensor check_windows(struct call *c, const dw_tensor *x) {
  int64_t size[3], strides[3], dilation[3], pads[6];
  dwl_checksizes(&c->l, c->window, "pool_size", size);
  dwl_checksizes(&c->l, c->window + 1, "strides", strides);
  dwl_checksizes(&c->l, c->window + 2, "dilation_rate", dilation);
  dw_padding mode = read_padding(c, pads);
  int axis = 0;
  dw_status s = dw_pool_init(&c->p, x, size, strides, dilation, mode, pads, &axis);
  if (s == DW_WINDOW) refuse_window(c, axis, mode);
  if (s != DW_OK) {
    const char *image = dwl_imagetext(&c->l, x);
    dwl_error(c->l.L, "%s: %s %s, pool_size %s", dw_status_text(s), c->x, image, dwl_got(c->l.L, c->window));
  }
  dw_tensor y = *x;
  for (int i = 0; i < 3; i++) y.shape[1 + i] = c->p.axes[i].out;
  return y;
}

// The tensor at 1 must have this shape and dtype.
static void check_like(const struct call *c, const char *argument, const dw_tensor *got, const dw_tensor *want,
                       const char *whose) {
  if (got->dtype != want->dtype) dwl_mixed(c->l.L, got->dtype, argument, want->dtype, c->x);
  if (dw_same_shape(got, want)) return;
  const char *text = dwl_imagetext(&c->l, got);
  dwl_error(c->l.L, "%s has shape %s but %s has %s", argument, text, whose, dwl_imagetext(&c->l, want));
}

static dw_tensor check_other(struct call *c, const char *argument, const dw_tensor *want, const char *whose) {
  dwl_layout l = c->l;
  dw_tensor t = dwl_checkimage(&l, 1, argument, true);
  if (l.rank != c->l.rank) {
    const char *expected = lua_pushfstring(c->l.L, "a tensor of rank %d, as %s", c->l.rank, c->x);
    dwl_expected(c->l.L, argument, expected, 1);
  }
  check_like(c, argument, &t, want, whose);
  return dwl_lendrows(&c->l, 1);
}

static int pool(lua_State *L, bool average) { // x, windows
  struct call c = start(L, 2, "x");
  dw_tensor x = dwl_checkimage(&c.l, 1, "x", true), like = check_windows(&c, &x);
  x = dwl_lendrows(&c.l, 1);
  dw_tensor y = dwl_newimage(&c.l, &like);
  dw_job j;
  if (average)
    dwl_check(L, dw_average_pool_init(&j, dwl_context(L), &y, &x, &c.p));
  else
    dwl_check(L, dw_max_pool_init(&j, dwl_context(L), &y, &x, &c.p));
  dwl_run(L, &j);
  return 1;
}

static int max_pool(lua_State *L) { return pool(L, false); }
static int average_pool(lua_State *L) { return pool(L, true); }

static int average_grad_x(lua_State *L) { // g, x_shape, windows
  struct call c = start(L, 3, "x_shape");
  dw_dtype dtype = dwl_checktensor(L, 1, "g")->dtype;
  dw_tensor x = dwl_checkimageshape(&c.l, 2, "x_shape", dtype), y;
  dwl_checkimage(&(dwl_layout){.L = L}, 1, "g", true);
  y = check_windows(&c, &x);
  dw_tensor g = check_other(&c, "g", &y, "the result"), dx = dwl_newimage(&c.l, &x);
  dw_job j;
  dwl_check(L, dw_average_pool_grad_x_init(&j, dwl_context(L), &dx, &g, &c.p));
  dwl_run(L, &j);
  return 1;
}

static int max_grad_x(lua_State *L) { // g, x, windows
  struct call c = start(L, 3, "x");
  dw_tensor x = dwl_checkimage(&c.l, 2, "x", true), y = check_windows(&c, &x);
  dw_tensor g = check_other(&c, "g", &y, "the result");
  x = dwl_lendrows(&c.l, 2);
  dw_tensor dx = dwl_newimage(&c.l, &x);
  dw_job j;
  dwl_check(L, dw_max_pool_grad_x_init(&j, dwl_context(L), &dx, &g, &x, &c.p));
  dwl_run(L, &j);
  return 1;
}

static int max_pick(lua_State *L) { // v, x, windows
  struct call c = start(L, 3, "x");
  dw_tensor x = dwl_checkimage(&c.l, 2, "x", true), like = check_windows(&c, &x);
  dw_tensor v = check_other(&c, "v", &x, "x");
  x = dwl_lendrows(&c.l, 2);
  dw_tensor y = dwl_newimage(&c.l, &like);
  dw_job j;
  dwl_check(L, dw_max_pool_pick_init(&j, dwl_context(L), &y, &v, &x, &c.p));
  dwl_run(L, &j);
  return 1;
}

const luaL_Reg dwl_pool_functions[] = {
    {"max_pool", max_pool},          {"average_pool", average_pool}, {"average_pool_grad_x", average_grad_x},
    {"max_pool_grad_x", max_grad_x}, {"max_pool_pick", max_pick},    {NULL, NULL}};
