// geometry.c: what convolutions share in the binding: strides, dilation, padding and layout, images in both layouts,
// and the texts of what does not fit together. Invariant: an image is handed to the core as (n,...,c), whatever its
// layout.
#include <string.h>

#include "binding.h"

static const char GEOMETRY[] = "dwconv.geometry"; // its metatable's name

const char *dwl_unit(int axes, int axis) {
  static const char *const units[DW_SPATIAL][DW_SPATIAL] = {
      {"steps"}, {"rows", "columns"}, {"planes", "rows", "columns"}};
  return units[axes - 1][axis];
}

static void read_sizes(lua_State *L, int index, const char *name, int axes, int64_t *sizes) {
  for (int i = 0; i < axes; i++) {
    const char *argument = lua_pushfstring(L, "%s[%d]", name, i + 1);
    lua_rawgeti(L, index, i + 1);
    sizes[i] = dwl_checkinteger(L, -1, argument, 1, INT64_C(1) << 31);
    lua_pop(L, 2);
  }
}

static void read_pads(lua_State *L, int index, int axes, int64_t *pads) {
  for (int i = 0; i < 2 * axes; i++) {
    if (lua_rawgeti(L, index, i / 2 + 1) != LUA_TTABLE) dwl_expected(L, "padding", "a pair for each axis", index);
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
  if (strcmp(mode, "causal") == 0) return DW_CAUSAL;
  dwl_expected(L, "padding", "\"valid\", \"same\", \"causal\" or pairs", index);
}

// geometry(strides, dilation_rate, padding, channels_first): tables of one to three sizes, one for each axis of the
// image; padding "same", "valid", "causal" or {{before, after}, ...}. Gives a userdata that does not change.
static int geometry(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TTABLE);
  dwl_geometry g = {.mode = check_padding(L, 3), .channels_first = lua_toboolean(L, 4)};
  g.axes = (int)lua_rawlen(L, 1);
  if (g.axes < 1 || g.axes > DW_SPATIAL) dwl_expected(L, "strides", "one to three sizes", 1);
  read_sizes(L, 1, "strides", g.axes, g.strides);
  read_sizes(L, 2, "dilation_rate", g.axes, g.dilation);
  if (g.mode == DW_EXPLICIT) read_pads(L, 3, g.axes, g.pads);
  *(dwl_geometry *)lua_newuserdatauv(L, sizeof g, 0) = g;
  luaL_newmetatable(L, GEOMETRY);
  lua_setmetatable(L, -2);
  return 1;
}

const dwl_geometry *dwl_checkgeometry(lua_State *L, int index) {
  const dwl_geometry *g = luaL_testudata(L, index, GEOMETRY);
  if (g == NULL) dwl_expected(L, "options", "a geometry", index);
  return g;
}

// ---- images -------------------------------------------------------------------------------------

const char *dwl_imageaxes(const dwl_geometry *g) {
  static const char *const axes[2][DW_SPATIAL] = {{"n,w,c", "n,h,w,c", "n,d,h,w,c"}, {"n,c,w", "n,c,h,w", "n,c,d,h,w"}};
  return axes[g->channels_first][g->axes - 1];
}

dw_tensor *dwl_checkrank(lua_State *L, int index, const char *argument, int rank, const char *axes) {
  dw_tensor *t = dwl_checktensor(L, index, argument);
  if (t->rank != rank) dwl_expected(L, argument, lua_pushfstring(L, "a tensor of rank %d (%s)", rank, axes), index);
  return t;
}

dw_tensor *dwl_checkimageof(lua_State *L, int index, const char *argument, const dwl_geometry *g) {
  return dwl_checkrank(L, index, argument, g->axes + 2, dwl_imageaxes(g));
}

dw_tensor dwl_aslast(const dwl_geometry *g, const dw_tensor *image) {
  dw_tensor v = *image;
  int axes[DW_MAX_RANK] = {0};
  if (!g->channels_first) return v;
  for (int i = 0; i < g->axes; i++) axes[1 + i] = 2 + i;
  axes[g->axes + 1] = 1;
  dw_permute_view(&v, image, axes);
  return v;
}

dw_tensor dwl_aslies(const dwl_geometry *g, const dw_tensor *last) {
  dw_tensor v = *last;
  int axes[DW_MAX_RANK] = {0, g->axes + 1};
  if (!g->channels_first) return v;
  for (int i = 0; i < g->axes; i++) axes[2 + i] = 1 + i;
  dw_permute_view(&v, last, axes);
  return v;
}

void dwl_checklike(lua_State *L, int index, const char *argument, int rank, dw_dtype dtype, dw_tensor *t) {
  int64_t shape[DW_MAX_RANK];
  int got = dwl_checkshape(L, index, argument, shape);
  if (got != rank) dwl_error(L, "%s must have %d axes, got %d", argument, rank, got);
  if (dw_tensor_init(t, NULL, dtype, rank, shape) != DW_OK) {
    dwl_error(L, "%s %s is too large", argument, dwl_shape_text(L, t));
  }
}

// ---- what does not fit --------------------------------------------------------------------------

static const char *image_text(lua_State *L, const dwl_geometry *g, const dw_tensor *last) {
  dw_tensor v = dwl_aslies(g, last);
  const char *layout = g->channels_first ? "channels_first" : "channels_last";
  return lua_pushfstring(L, "%s, %s", dwl_shape_text(L, &v), layout);
}

void dwl_refusewindow(lua_State *L, const char *window, const dw_axis *a, const char *unit, const char *x,
                      dw_padding mode) {
  const char *dilated = "", *hint = mode == DW_VALID ? "; padding = \"same\" allows it" : "";
  if (a->dilation > 1) dilated = lua_pushfstring(L, " with dilation_rate %I", (LUAI_UACINT)a->dilation);
  dwl_error(L, "%s%s covers %I %s but %s has %I with its padding%s", window, dilated,
            (LUAI_UACINT)((a->kernel - 1) * a->dilation + 1), unit, x, (LUAI_UACINT)(a->in + a->before + a->after),
            hint);
}

static void refuse_channels(lua_State *L, const dwl_slide *s) __attribute__((noreturn));
static void refuse_channels(lua_State *L, const dwl_slide *s) {
  int axes = s->g->axes;
  const char *image = image_text(L, s->g, s->x), *hint = "";
  int64_t channels = s->kernel->shape[axes];
  if (s->x->shape[s->g->channels_first ? axes : 1] == channels) { // the other layout's channel axis
    hint = lua_pushfstring(L, "; is %s %s?", s->x_name, s->g->channels_first ? "channels_last" : "channels_first");
  } else if (s->grouped) {
    hint = lua_pushfstring(L, "; %s must have as many, or a multiple of them", s->x_name);
  }
  dwl_error(L, "%s has %I channels (%s) but %s has %I (%s)%s", s->x_name, (LUAI_UACINT)s->x->shape[axes + 1], image,
            s->kernel_name, (LUAI_UACINT)channels, dwl_shape_text(L, s->kernel), hint);
}

void dwl_refuse(lua_State *L, const dwl_slide *s, dw_status status, const dw_axis *a, int axis) {
  const dw_tensor *x = s->x, *kernel = s->kernel;
  switch (status) {
    case DW_DTYPE:
      if (x->dtype != kernel->dtype) dwl_mixed(L, x->dtype, s->x_name, kernel->dtype, s->kernel_name);
      dwl_error(L, "%s must be of dtype float32, float64, got %s", x->data ? s->x_name : s->kernel_name, // not a shape
                dw_dtype_name(x->dtype));
    case DW_CHANNELS: refuse_channels(L, s);
    case DW_GROUPS: {
      LUAI_UACINT columns = kernel->shape[s->g->axes + 1],
                  groups = x->shape[s->g->axes + 1] / kernel->shape[s->g->axes];
      dwl_error(L, "%s has %I output channels (%s), which the %I groups of %s's channels do not divide", s->kernel_name,
                columns, dwl_shape_text(L, kernel), groups, s->x_name);
    }
    case DW_EMPTY_KERNEL:
      dwl_error(L, "%s (%s) must have at least one %s", s->kernel_name, dwl_shape_text(L, kernel),
                s->g->axes == 1   ? "step"
                : s->g->axes == 2 ? "row and column"
                                  : "plane, row and column");
    case DW_WINDOW: {
      const char *window = lua_pushfstring(L, "%s (%s)", s->kernel_name, dwl_shape_text(L, kernel));
      dwl_refusewindow(L, window, a, dwl_unit(s->g->axes, axis), s->x_name, s->g->mode);
    }
    default: {
      const char *image = image_text(L, s->g, x);
      dwl_error(L, "%s: %s %s, %s %s", dw_status_text(status), s->x_name, image, s->kernel_name,
                dwl_shape_text(L, kernel));
    }
  }
}

void dwl_checkgrad(lua_State *L, const dw_tensor *g, const dw_tensor *y, const char *other) {
  if (!dw_same_shape(g, y)) {
    const char *got = dwl_shape_text(L, g);
    dwl_error(L, "g has shape %s but the convolution's result has %s", got, dwl_shape_text(L, y));
  }
  if (g->dtype != y->dtype) dwl_mixed(L, g->dtype, "g", y->dtype, other);
}

const luaL_Reg dwl_geometry_functions[] = {{"geometry", geometry}, {NULL, NULL}};
