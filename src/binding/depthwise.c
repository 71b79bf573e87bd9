// depthwise.c: depthwise convolution and its gradients for Lua. Options arrive checked in form by
// lua/dwconv/args; what depends on shapes is checked here, once, in the user's words.
#include "binding.h"

static const char AXES[] = "kh,kw,c,m";

// Geometry of x (as n,h,w,c) and kernel, or an error.
static dw_depthwise check_geometry(lua_State *L, const dwl_geometry *g, const dw_tensor *x, const char *x_name,
                                   const dw_tensor *kernel, const char *kernel_name) {
  int axis = 0;
  dw_depthwise d;
  if (g->axes != 2) dwl_error(L, "the geometry must have 2 axes, got %d", g->axes);
  dw_status s = dw_depthwise_init(&d, x, kernel, g->strides, g->dilation, g->mode, g->pads, &axis);
  const dwl_slide slide = {g, x, kernel, x_name, kernel_name, false};
  if (s != DW_OK) dwl_refuse(L, &slide, s, axis == 0 ? &d.rows : &d.cols, axis);
  return d;
}

// The shape of the convolution's result.
static dw_tensor result_of(const dwl_geometry *g, const dw_depthwise *d) {
  dw_tensor last = {.rank = 4, .dtype = d->dtype};
  last.shape[0] = d->batch, last.shape[1] = d->rows.out, last.shape[2] = d->cols.out;
  last.shape[3] = d->channels * d->multiplier;
  return dwl_aslies(g, &last);
}

static int conv(lua_State *L) { // x, depthwise_kernel, geometry
  const dwl_geometry *g = dwl_checkgeometry(L, 3);
  dw_tensor x = dwl_aslast(g, dwl_checkimageof(L, 1, "x", g));
  dw_tensor *kernel = dwl_checkrank(L, 2, "depthwise_kernel", 4, AXES);
  dw_depthwise d = check_geometry(L, g, &x, "x", kernel, "depthwise_kernel");
  kernel = dwl_contiguous(L, 2);
  dw_tensor shape = result_of(g, &d), y = dwl_aslast(g, dwl_newtensor(L, x.dtype, 4, shape.shape));
  dw_job j;
  dwl_check(L, dw_depthwise_forward_init(&j, dwl_context(L), &y, &x, kernel, &d));
  dwl_run(L, &j);
  return 1;
}

static int grad_x(lua_State *L) { // g, depthwise_kernel, x_shape, geometry
  const dwl_geometry *g = dwl_checkgeometry(L, 4);
  const dw_tensor *dy = dwl_checkimageof(L, 1, "g", g), *kernel = dwl_checkrank(L, 2, "depthwise_kernel", 4, AXES);
  dw_tensor like;
  dwl_checklike(L, 3, "x_shape", 4, kernel->dtype, &like);
  dw_tensor x = dwl_aslast(g, &like);
  dw_depthwise d = check_geometry(L, g, &x, "x_shape", kernel, "depthwise_kernel");
  dw_tensor y = result_of(g, &d);
  dwl_checkgrad(L, dy, &y, "depthwise_kernel");
  kernel = dwl_contiguous(L, 2);
  dw_tensor from = dwl_aslast(g, dy), dx = dwl_aslast(g, dwl_newtensor(L, like.dtype, 4, like.shape));
  dw_job j;
  dwl_check(L, dw_depthwise_grad_x_init(&j, dwl_context(L), &dx, &from, kernel, &d));
  dwl_run(L, &j);
  return 1;
}

static int grad_kernel(lua_State *L) { // g, x, kernel_shape, geometry
  const dwl_geometry *g = dwl_checkgeometry(L, 4);
  const dw_tensor *dy = dwl_checkimageof(L, 1, "g", g);
  dw_tensor x = dwl_aslast(g, dwl_checkimageof(L, 2, "x", g)), like;
  dwl_checklike(L, 3, "kernel_shape", 4, x.dtype, &like);
  dw_depthwise d = check_geometry(L, g, &x, "x", &like, "kernel_shape");
  dw_tensor y = result_of(g, &d);
  dwl_checkgrad(L, dy, &y, "x");
  dw_tensor from = dwl_aslast(g, dy), *dk = dwl_newtensor(L, like.dtype, 4, like.shape);
  dw_job j;
  dwl_check(L, dw_depthwise_grad_kernel_init(&j, dwl_context(L), dk, &from, &x, &d));
  dwl_run(L, &j);
  return 1;
}

const luaL_Reg dwl_depthwise_functions[] = {
    {"depthwise_conv2d", conv},
    {"depthwise_conv2d_grad_x", grad_x},
    {"depthwise_conv2d_grad_kernel", grad_kernel},
    {NULL, NULL},
};
