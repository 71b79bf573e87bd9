// conv.c: convolutions of one to three axes and their gradients for Lua. Options arrive checked in form by
// lua/dwconv/args; what depends on shapes is checked here, once, in the user's words.
#include "binding.h"

static const char *kernel_axes(const dwl_geometry *g) {
  static const char *const axes[] = {"kw,cin,cout", "kh,kw,cin,cout", "kd,kh,kw,cin,cout"};
  return axes[g->axes - 1];
}

static const char *transposed_axes(const dwl_geometry *g) {
  static const char *const axes[] = {"kw,cout,cin", "kh,kw,cout,cin", "kd,kh,kw,cout,cin"};
  return axes[g->axes - 1];
}

// Geometry of x (as n,...,c) and kernel, or an error.
static dw_conv check_geometry(lua_State *L, const dwl_geometry *g, const dw_tensor *x, const char *x_name,
                              const dw_tensor *kernel, const char *kernel_name) {
  int axis = 0;
  dw_conv d;
  dw_status s = dw_conv_init(&d, x, kernel, g->strides, g->dilation, g->mode, g->pads, &axis);
  const dwl_slide slide = {g, x, kernel, x_name, kernel_name, true};
  if (s != DW_OK) dwl_refuse(L, &slide, s, &d.axis[DW_SPATIAL - g->axes + axis], axis);
  return d;
}

// The shape of the convolution's result.
static dw_tensor result_of(const dwl_geometry *g, const dw_conv *d) {
  dw_tensor last = {.rank = g->axes + 2, .dtype = d->dtype};
  last.shape[0] = d->batch, last.shape[g->axes + 1] = d->groups * d->out;
  for (int i = 0; i < g->axes; i++) last.shape[1 + i] = d->axis[DW_SPATIAL - g->axes + i].out;
  return dwl_aslies(g, &last);
}

static int conv(lua_State *L) { // x, kernel, geometry
  const dwl_geometry *g = dwl_checkgeometry(L, 3);
  dw_tensor x = dwl_aslast(g, dwl_checkimageof(L, 1, "x", g));
  dw_tensor *kernel = dwl_checkrank(L, 2, "kernel", g->axes + 2, kernel_axes(g));
  dw_conv d = check_geometry(L, g, &x, "x", kernel, "kernel");
  kernel = dwl_contiguous(L, 2);
  dw_tensor shape = result_of(g, &d), y = dwl_aslast(g, dwl_newtensor(L, x.dtype, shape.rank, shape.shape));
  dw_job j;
  dwl_check(L, dw_conv_forward_init(&j, dwl_context(L), &y, &x, kernel, NULL, &d, NULL));
  dwl_run(L, &j);
  return 1;
}

// From dy to a new image like `like`; the kernel is argument 2.
static void run_grad_x(lua_State *L, const dwl_geometry *g, const dw_conv *d, const dw_tensor *dy,
                       const dw_tensor *like) {
  const dw_tensor *kernel = dwl_contiguous(L, 2);
  dw_tensor from = dwl_aslast(g, dy), dx = dwl_aslast(g, dwl_newtensor(L, like->dtype, like->rank, like->shape));
  dw_job j;
  dwl_check(L, dw_conv_grad_x_init(&j, dwl_context(L), &dx, &from, kernel, NULL, d));
  dwl_run(L, &j);
}

static int grad_x(lua_State *L) { // g, kernel, x_shape, geometry
  const dwl_geometry *g = dwl_checkgeometry(L, 4);
  const dw_tensor *dy = dwl_checkimageof(L, 1, "g", g);
  const dw_tensor *kernel = dwl_checkrank(L, 2, "kernel", g->axes + 2, kernel_axes(g));
  dw_tensor like;
  dwl_checklike(L, 3, "x_shape", g->axes + 2, kernel->dtype, &like);
  dw_tensor x = dwl_aslast(g, &like);
  dw_conv d = check_geometry(L, g, &x, "x_shape", kernel, "kernel");
  dw_tensor y = result_of(g, &d);
  dwl_checkgrad(L, dy, &y, "kernel");
  run_grad_x(L, g, &d, dy, &like);
  return 1;
}

static int grad_kernel(lua_State *L) { // g, x, kernel_shape, geometry
  const dwl_geometry *g = dwl_checkgeometry(L, 4);
  const dw_tensor *dy = dwl_checkimageof(L, 1, "g", g);
  dw_tensor x = dwl_aslast(g, dwl_checkimageof(L, 2, "x", g)), like;
  dwl_checklike(L, 3, "kernel_shape", g->axes + 2, x.dtype, &like);
  dw_conv d = check_geometry(L, g, &x, "x", &like, "kernel_shape");
  dw_tensor y = result_of(g, &d);
  dwl_checkgrad(L, dy, &y, "x");
  dw_tensor from = dwl_aslast(g, dy), *dk = dwl_newtensor(L, like.dtype, like.rank, like.shape);
  dw_job j;
  dwl_check(L, dw_conv_grad_kernel_init(&j, dwl_context(L), dk, &from, &x, &d));
  dwl_run(L, &j);
  return 1;
}

// A batch of -1 in output_shape is x's.
static void fill_batch(lua_State *L, int index, int64_t batch) {
  if (lua_type(L, index) != LUA_TTABLE) return;
  int n = (int)lua_rawlen(L, index);
  bool open = lua_rawgeti(L, index, 1) == LUA_TNUMBER && lua_tointeger(L, -1) == -1;
  lua_pop(L, 1);
  if (!open || n > DW_MAX_RANK) return;
  lua_createtable(L, n, 0);
  for (int i = 1; i <= n; i++) {
    if (i == 1) lua_pushinteger(L, batch);
    if (i > 1) lua_rawgeti(L, index, i);
    lua_rawseti(L, -2, i);
  }
  lua_replace(L, index);
}

// x has the channels that the convolution gives.
static void check_channels(lua_State *L, const dwl_geometry *g, const dw_tensor *x, const dw_tensor *kernel) {
  int64_t has = x->shape[g->channels_first ? 1 : g->axes + 1], takes = kernel->shape[g->axes + 1];
  if (has == takes) return;
  const char *image = dwl_shape_text(L, x), *layout = g->channels_first ? "channels_first" : "channels_last";
  dwl_error(L, "x has %I channels (%s, %s) but kernel has %I (%s)", (LUAI_UACINT)has, image, layout, (LUAI_UACINT)takes,
            dwl_shape_text(L, kernel));
}

static int transpose(lua_State *L) { // x, kernel, output_shape, geometry
  const dwl_geometry *g = dwl_checkgeometry(L, 4);
  const dw_tensor *x = dwl_checkimageof(L, 1, "x", g);
  const dw_tensor *kernel = dwl_checkrank(L, 2, "kernel", g->axes + 2, transposed_axes(g));
  dw_tensor like;
  check_channels(L, g, x, kernel);
  fill_batch(L, 3, x->shape[0]);
  dwl_checklike(L, 3, "output_shape", g->axes + 2, kernel->dtype, &like);
  dw_tensor y = dwl_aslast(g, &like);
  dw_conv d = check_geometry(L, g, &y, "output_shape", kernel, "kernel");
  dw_tensor back = result_of(g, &d);
  if (!dw_same_shape(x, &back)) {
    const char *got = dwl_shape_text(L, x), *wanted = dwl_shape_text(L, &like);
    dwl_error(L, "x has shape %s but output_shape %s leads back to %s", got, wanted, dwl_shape_text(L, &back));
  }
  if (x->dtype != kernel->dtype) dwl_mixed(L, x->dtype, "x", kernel->dtype, "kernel");
  run_grad_x(L, g, &d, x, &like);
  return 1;
}

const luaL_Reg dwl_conv_functions[] = {
    {"conv", conv}, {"conv_grad_x", grad_x}, {"conv_grad_kernel", grad_kernel}, {"conv_transpose", transpose},
    {NULL, NULL},
};
