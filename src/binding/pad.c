// pad.c: a tensor with further elements around it, for Lua.
#include <string.h>

#include "binding.h"

static dw_pad_mode check_mode(lua_State *L, int index) {
  const char *name = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
  if (strcmp(name, "constant") == 0) return DW_CONSTANT;
  if (strcmp(name, "reflect") == 0) return DW_REFLECT;
  if (strcmp(name, "symmetric") != 0) dwl_expected(L, "mode", "\"constant\", \"reflect\" or \"symmetric\"", index);
  return DW_SYMMETRIC;
}

static void refuse_pair(lua_State *L, int axis, int index) __attribute__((noreturn));
static void refuse_pair(lua_State *L, int axis, int index) {
  const char *argument = lua_pushfstring(L, "paddings[%d]", axis + 1);
  dwl_expected(L, argument, "a pair of whole numbers of at least 0", index);
}

// {{before, after}, ...}, one for each axis of a tensor of this rank.
static void check_pads(lua_State *L, int index, int rank, int64_t *pads) {
  if (lua_type(L, index) != LUA_TTABLE) dwl_expected(L, "paddings", "a table", index);
  if ((int)lua_rawlen(L, index) != rank) {
    dwl_error(L, "paddings must have a pair {before, after} for each of the %d axes of x, got %s", rank,
              dwl_got(L, index));
  }
  for (int i = 0; i < rank; i++) {
    lua_rawgeti(L, index, i + 1);
    int pair = lua_gettop(L);
    if (lua_type(L, pair) != LUA_TTABLE || lua_rawlen(L, pair) != 2) refuse_pair(L, i, pair);
    for (int k = 0; k < 2; k++) {
      int exact = 0;
      if (lua_rawgeti(L, pair, k + 1) == LUA_TNUMBER) pads[2 * i + k] = lua_tointegerx(L, -1, &exact);
      if (!exact || pads[2 * i + k] < 0 || pads[2 * i + k] > INT64_C(1) << 40) refuse_pair(L, i, pair);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
}

// What is mirrored must be there.
static void check_mirrors(lua_State *L, const dw_tensor *x, const int64_t *pads, dw_pad_mode mode) {
  int64_t skip = mode == DW_REFLECT ? 1 : 0;
  for (int i = 0; i < x->rank; i++) {
    int64_t before = pads[2 * i], after = pads[2 * i + 1], have = x->shape[i] - skip;
    if (before + after == 0 || (before <= have && after <= have)) continue;
    dwl_error(L, "paddings[%d] is {%I, %I}, but %s finds at most %I numbers on axis %d of %s", i + 1,
              (LUAI_UACINT)before, (LUAI_UACINT)after, mode == DW_REFLECT ? "reflect" : "symmetric",
              (LUAI_UACINT)(have > 0 ? have : 0), i + 1, dwl_shape_text(L, x));
  }
}

static int pad(lua_State *L) { // x, paddings, mode, value
  const dw_tensor *x = dwl_checktensor(L, 1, "x");
  int64_t pads[2 * DW_MAX_RANK], shape[DW_MAX_RANK], element = 0;
  check_pads(L, 2, x->rank, pads);
  dw_pad_mode mode = check_mode(L, 3);
  if (mode == DW_CONSTANT) {
    bool zero = x->dtype == DW_BOOL && lua_type(L, 4) == LUA_TNUMBER && lua_tonumber(L, 4) == 0;
    if (!zero) dwl_checkelement(L, 4, "value", x->dtype, &element); // the default fits any dtype
  } else {
    check_mirrors(L, x, pads, mode);
  }
  for (int i = 0; i < x->rank; i++) shape[i] = pads[2 * i] + x->shape[i] + pads[2 * i + 1];
  const dw_tensor *y = dwl_newtensor(L, x->dtype, x->rank, shape);
  dw_job j;
  dw_pad_init(&j, dwl_context(L), y, x, pads, mode, &element);
  dwl_run(L, &j);
  return 1;
}

static int grad_x(lua_State *L) { // g, paddings, mode
  const dw_tensor *g = dwl_checktensor(L, 1, "g");
  int64_t pads[2 * DW_MAX_RANK];
  if (!dw_dtype_is_float(g->dtype)) {
    dwl_error(L, "g must be of dtype float32, float64, got %s", dw_dtype_name(g->dtype));
  }
  check_pads(L, 2, g->rank, pads);
  dw_pad_mode mode = check_mode(L, 3);
  dw_tensor like = *g;
  for (int i = 0; i < g->rank; i++) {
    like.shape[i] -= pads[2 * i] + pads[2 * i + 1];
    if (like.shape[i] < 0) {
      dwl_error(L, "paddings[%d] is {%I, %I}, but axis %d of g (%s) has no room for these", i + 1,
                (LUAI_UACINT)pads[2 * i], (LUAI_UACINT)pads[2 * i + 1], i + 1, dwl_shape_text(L, g));
    }
  }
  if (mode != DW_CONSTANT) check_mirrors(L, &like, pads, mode);
  const dw_tensor *dx = dwl_newtensor(L, g->dtype, g->rank, like.shape);
  dw_job j;
  dw_pad_grad_x_init(&j, dwl_context(L), dx, g, pads, mode);
  dwl_run(L, &j);
  return 1;
}

const luaL_Reg dwl_pad_functions[] = {{"pad", pad}, {"pad_grad_x", grad_x}, {NULL, NULL}};
