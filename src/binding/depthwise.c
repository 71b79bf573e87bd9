// depthwise.c: depthwise convolution and its gradients for Lua. Options arrive checked in form by
// lua/dwconv/args; what depends on shapes is checked here, once, in the user's words.
#include <string.h>

#include "binding.h"

// Options, in a userdata that does not change: each function takes it as its last argument.
struct geometry {
  int64_t strides[2], dilation[2], pads[4];
  dw_padding mode;
  bool channels_first;
};

static const char GEOMETRY[] = "dwconv.depthwise_geometry"; // its metatable's name

struct call {
  lua_State *L;
  const char *x, *kernel; // the arguments that give their shapes, for error texts
  const struct geometry *geometry;
  bool channels_first;
  dw_depthwise d;
};

static const int to_last[4] = {0, 2, 3, 1}, to_first[4] = {0, 3, 1, 2};

// An image as (n,h,w,c), whatever its layout.
static dw_tensor as_last(const struct call *c, const dw_tensor *image) {
  dw_tensor v = *image;
  if (c->channels_first) dw_permute_view(&v, image, to_last);
  return v;
}

static const char *image_text(const struct call *c, const dw_tensor *last) {
  dw_tensor v = *last;
  if (c->channels_first) dw_permute_view(&v, last, to_first);
  const char *layout = c->channels_first ? "channels_first" : "channels_last";
  return lua_pushfstring(c->L, "%s, %s", dwl_shape_text(c->L, &v), layout);
}

static dw_tensor *check_rank4(lua_State *L, int index, const char *argument, const char *axes) {
  dw_tensor *t = dwl_checktensor(L, index, argument);
  if (t->rank != 4) dwl_expected(L, argument, lua_pushfstring(L, "a tensor of rank 4 (%s)", axes), index);
  return t;
}

static const char *image_axes(const struct call *c) { return c->channels_first ? "n,c,h,w" : "n,h,w,c"; }

static void read_pads(lua_State *L, int index, int64_t pads[4]) {
  for (int i = 0; i < 4; i++) {
    if (lua_rawgeti(L, index, i / 2 + 1) != LUA_TTABLE) dwl_expected(L, "padding", "two pairs", index);
    lua_rawgeti(L, -1, i % 2 + 1);
    pads[i] = dwl_checkinteger(L, -1, "padding", 0, INT64_C(1) << 31);
    lua_pop(L, 2);
  }
}

static dw_padding check_padding(lua_State *L, int index) {
  int type = lua_type(L, index);
  const char *mode = type == LUA_TSTRING ? lua_tostring(L, index) : "";
  if (type == LUA_TTABLE) return DW_EXPLICIT;
  if (strcmp(mode, "same") == 0) return DW_SAME;
  if (strcmp(mode, "valid") == 0) return DW_VALID;
  dwl_expected(L, "padding", "\"valid\", \"same\" or two pairs", index);
}

// depthwise_geometry(strides h, w, dilation_rate h, w, padding, channels_first): padding "same", "valid" or
// {{top, bottom}, {left, right}}.
static int geometry(lua_State *L) {
  static const char *const names[4] = {"strides[1]", "strides[2]", "dilation_rate[1]", "dilation_rate[2]"};
  struct geometry g = {.mode = check_padding(L, 5), .channels_first = lua_toboolean(L, 6)};
  int64_t *const values[4] = {&g.strides[0], &g.strides[1], &g.dilation[0], &g.dilation[1]};
  for (int i = 0; i < 4; i++) *values[i] = dwl_checkinteger(L, 1 + i, names[i], 1, INT64_C(1) << 31);
  if (g.mode == DW_EXPLICIT) read_pads(L, 5, g.pads);
  *(struct geometry *)lua_newuserdatauv(L, sizeof g, 0) = g;
  luaL_newmetatable(L, GEOMETRY);
  lua_setmetatable(L, -2);
  return 1;
}

static struct call start(lua_State *L, const char *x, const char *kernel, int at) {
  const struct geometry *g = luaL_testudata(L, at, GEOMETRY);
  if (g == NULL) dwl_expected(L, "options", "a depthwise_geometry", at);
  return (struct call){.L = L, .x = x, .kernel = kernel, .geometry = g, .channels_first = g->channels_first};
}

static void refuse_window(const struct call *c, const dw_tensor *kernel, int axis) __attribute__((noreturn));
static void refuse_window(const struct call *c, const dw_tensor *kernel, int axis) {
  const dw_axis *a = axis == 0 ? &c->d.rows : &c->d.cols;
  const char *unit = axis == 0 ? "rows" : "columns";
  const char *dilated = "";
  if (a->dilation > 1) dilated = lua_pushfstring(c->L, " with dilation_rate %I", (LUAI_UACINT)a->dilation);
  const char *hint = c->geometry->mode == DW_VALID ? "; padding = \"same\" allows it" : "";
  dwl_error(c->L, "%s (%s)%s covers %I %s but %s has %I with its padding%s", c->kernel, dwl_shape_text(c->L, kernel),
            dilated, (LUAI_UACINT)((a->kernel - 1) * a->dilation + 1), unit, c->x,
            (LUAI_UACINT)(a->in + a->before + a->after), hint);
}

// Geometry of x (as n,h,w,c) and kernel, or an error.
static void check_geometry(struct call *c, const dw_tensor *x, const dw_tensor *kernel) {
  lua_State *L = c->L;
  int axis = 0;
  const struct geometry *g = c->geometry;
  dw_status s = dw_depthwise_init(&c->d, x, kernel, g->strides, g->dilation, g->mode, g->pads, &axis);
  switch (s) {
    case DW_OK: return;
    case DW_DTYPE:
      if (x->dtype != kernel->dtype) dwl_mixed(L, x->dtype, c->x, kernel->dtype, c->kernel);
      dwl_error(L, "tensors must be float32 or float64, got %s", dw_dtype_name(x->dtype));
    case DW_CHANNELS: {
      const char *image = image_text(c, x), *hint = "";
      bool other = x->shape[c->channels_first ? 2 : 1] == kernel->shape[2]; // the other layout's channel axis
      if (other) hint = lua_pushfstring(L, "; is %s %s?", c->x, c->channels_first ? "channels_last" : "channels_first");
      dwl_error(L, "%s has %I channels (%s) but %s has %I (%s)%s", c->x, (LUAI_UACINT)x->shape[3], image, c->kernel,
                (LUAI_UACINT)kernel->shape[2], dwl_shape_text(L, kernel), hint);
    }
    case DW_EMPTY_KERNEL:
      dwl_error(L, "%s (%s) must have at least one row and column", c->kernel, dwl_shape_text(L, kernel));
    case DW_WINDOW: refuse_window(c, kernel, axis);
    default: {
      const char *image = image_text(c, x);
      dwl_error(L, "%s: %s %s, %s %s", dw_status_text(s), c->x, image, c->kernel, dwl_shape_text(L, kernel));
    }
  }
}

static void output_shape(const struct call *c, int64_t shape[4]) {
  const dw_depthwise *d = &c->d;
  const int64_t last[4] = {d->batch, d->rows.out, d->cols.out, d->channels * d->multiplier};
  for (int i = 0; i < 4; i++) shape[i] = c->channels_first ? last[to_first[i]] : last[i];
}

// The gradient that flows into y must have y's shape.
static void check_grad(const struct call *c, const dw_tensor *g, const char *other, dw_dtype dtype) {
  dw_tensor y = {.rank = 4};
  output_shape(c, y.shape);
  if (!dw_same_shape(g, &y)) {
    const char *got = dwl_shape_text(c->L, g);
    dwl_error(c->L, "g has shape %s but the convolution's result has %s", got, dwl_shape_text(c->L, &y));
  }
  if (g->dtype != dtype) dwl_mixed(c->L, g->dtype, "g", dtype, other);
}

static int conv(lua_State *L) { // x, depthwise_kernel, geometry
  struct call c = start(L, "x", "depthwise_kernel", 3);
  dw_tensor x = as_last(&c, check_rank4(L, 1, "x", image_axes(&c)));
  check_rank4(L, 2, "depthwise_kernel", "kh,kw,c,m");
  dw_tensor *kernel = lua_touserdata(L, 2);
  check_geometry(&c, &x, kernel);
  kernel = dwl_contiguous(L, 2);
  int64_t shape[4];
  output_shape(&c, shape);
  dw_tensor y = as_last(&c, dwl_newtensor(L, x.dtype, 4, shape));
  dw_job j;
  dwl_check(L, dw_depthwise_forward_init(&j, dwl_context(L), &y, &x, kernel, &c.d));
  dwl_run(L, &j);
  return 1;
}

static void check_shape4(lua_State *L, int index, const char *argument, dw_dtype dtype, dw_tensor *t) {
  int64_t shape[DW_MAX_RANK];
  int rank = dwl_checkshape(L, index, argument, shape);
  if (rank != 4) dwl_error(L, "%s must have 4 axes, got %d", argument, rank);
  if (dw_tensor_init(t, NULL, dtype, 4, shape) != DW_OK) {
    dwl_error(L, "%s %s is too large", argument, dwl_shape_text(L, t));
  }
}

static int grad_x(lua_State *L) { // g, depthwise_kernel, x_shape, geometry
  struct call c = start(L, "x_shape", "depthwise_kernel", 4);
  dw_tensor *g = check_rank4(L, 1, "g", image_axes(&c)), *kernel = check_rank4(L, 2, "depthwise_kernel", "kh,kw,c,m");
  dw_tensor like;
  check_shape4(L, 3, "x_shape", kernel->dtype, &like);
  dw_tensor x = as_last(&c, &like), from = as_last(&c, g);
  check_geometry(&c, &x, kernel);
  check_grad(&c, g, "depthwise_kernel", kernel->dtype);
  kernel = dwl_contiguous(L, 2);
  dw_tensor dx = as_last(&c, dwl_newtensor(L, like.dtype, 4, like.shape));
  dw_job j;
  dwl_check(L, dw_depthwise_grad_x_init(&j, dwl_context(L), &dx, &from, kernel, &c.d));
  dwl_run(L, &j);
  return 1;
}

static int grad_kernel(lua_State *L) { // g, x, kernel_shape, geometry
  struct call c = start(L, "x", "kernel_shape", 4);
  dw_tensor *g = check_rank4(L, 1, "g", image_axes(&c));
  dw_tensor x = as_last(&c, check_rank4(L, 2, "x", image_axes(&c))), like;
  check_shape4(L, 3, "kernel_shape", x.dtype, &like);
  check_geometry(&c, &x, &like);
  check_grad(&c, g, "x", x.dtype);
  dw_tensor from = as_last(&c, g), *dk = dwl_newtensor(L, like.dtype, 4, like.shape);
  dw_job j;
  dwl_check(L, dw_depthwise_grad_kernel_init(&j, dwl_context(L), dk, &from, &x, &c.d));
  dwl_run(L, &j);
  return 1;
}

const luaL_Reg dwl_depthwise_functions[] = {
    {"depthwise_geometry", geometry},
    {"depthwise_conv2d", conv},
    {"depthwise_conv2d_grad_x", grad_x},
    {"depthwise_conv2d_grad_kernel", grad_kernel},
    {NULL, NULL},
};
