// view.c: views by name: narrow, transpose, reshape and the like; index.c has those by index. Views share their
// owner's numbers; indices and axes are Lua's, from 1, with -1 for the last.
#include <string.h>

#include "binding.h"

// ---- by name ------------------------------------------------------------------------------------

static int narrow(lua_State *L) { // x, axis, first, size
  dw_tensor *t = dwl_checktensor(L, 1, "x"), v;
  int axis = dwl_checkaxis(L, 2, "axis", t->rank);
  int64_t n = t->shape[axis], first = dwl_checkinteger(L, 3, "first", -n, n + 1);
  if (first == 0) dwl_error(L, "first must not be 0: counting starts at 1");
  first = first > 0 ? first - 1 : first + n;
  dw_range_view(&v, t, axis, first, 1, dwl_checkinteger(L, 4, "size", 0, n - first));
  dwl_newview(L, 1, &v);
  return 1;
}

static int select_one(lua_State *L) { // x, axis, index
  dw_tensor *t = dwl_checktensor(L, 1, "x"), v;
  int axis = dwl_checkaxis(L, 2, "axis", t->rank);
  int64_t i = dwl_checkinteger(L, 3, "index", INT64_MIN, INT64_MAX);
  dw_select_view(&v, t, axis, dwl_toindex(L, i, t->shape[axis], axis));
  dwl_newview(L, 1, &v);
  return 1;
}

static int transpose(lua_State *L) { // x, or x, a, b
  dw_tensor *t = dwl_checktensor(L, 1, "x"), v;
  int axes[DW_MAX_RANK];
  if (lua_gettop(L) == 1) {
    for (int i = 0; i < t->rank; i++) axes[i] = t->rank - 1 - i;
  } else {
    int a = dwl_checkaxis(L, 2, "a", t->rank), b = dwl_checkaxis(L, 3, "b", t->rank);
    for (int i = 0; i < t->rank; i++) axes[i] = i == a ? b : i == b ? a : i;
  }
  dw_permute_view(&v, t, axes);
  dwl_newview(L, 1, &v);
  return 1;
}

static int permute(lua_State *L) { // x, pattern
  dw_tensor *t = dwl_checktensor(L, 1, "x"), v;
  int axes[DW_MAX_RANK] = {0};
  bool used[DW_MAX_RANK] = {false};
  lua_settop(L, 2);
  if (lua_type(L, 2) != LUA_TTABLE) dwl_expected(L, "pattern", "a table of axes", 2);
  if (lua_rawlen(L, 2) != (lua_Unsigned)t->rank) {
    dwl_error(L, "pattern must name each of the %d axes of x once, got %I", t->rank, (LUAI_UACINT)lua_rawlen(L, 2));
  }
  for (int i = 0; i < t->rank; i++) {
    lua_rawgeti(L, 2, i + 1);
    axes[i] = dwl_checkaxis(L, 3, lua_pushfstring(L, "pattern[%d]", i + 1), t->rank);
    if (used[axes[i]]) dwl_error(L, "pattern names axis %d twice", axes[i] + 1);
    used[axes[i]] = true;
    lua_settop(L, 2);
  }
  dw_permute_view(&v, t, axes);
  dwl_newview(L, 1, &v);
  return 1;
}

// The product of the sizes that are neither 0 nor -1.
static int64_t product_but_zeros(int rank, const int64_t *shape) {
  int64_t n = 1;
  for (int i = 0; i < rank; i++) n *= shape[i] > 0 ? shape[i] : 1;
  return n;
}

// The size that -1 stands for; -1 if there is none. Where an empty tensor gets an empty shape, it is what it would be
// if axes of size 0 had size 1, as TensorFlow has it: 0x7x7x3 becomes {0, 147} for {0, -1}.
static int64_t infer_size(const dw_tensor *t, int64_t named, int rank, const int64_t *shape) {
  int64_t have = dw_numel(t);
  if (have == 0 && named == 0) have = product_but_zeros(t->rank, t->shape), named = product_but_zeros(rank, shape);
  return named > 0 && have % named == 0 ? have / named : -1;
}

static void check_reshape(lua_State *L, const dw_tensor *t, int64_t shape[DW_MAX_RANK], int *rank) {
  int free_axis = -1;
  int64_t have = dw_numel(t), named = 1;
  if (lua_type(L, 2) != LUA_TTABLE) dwl_expected(L, "shape", "a table of sizes", 2);
  if (lua_rawlen(L, 2) > DW_MAX_RANK) dwl_error(L, "shape must have at most %d axes", DW_MAX_RANK);
  *rank = (int)lua_rawlen(L, 2);
  for (int i = 0; i < *rank; i++) {
    lua_rawgeti(L, 2, i + 1);
    shape[i] = lua_isinteger(L, 3) ? lua_tointeger(L, 3) : INT64_MIN;
    if (shape[i] < -1) shape[i] = dwl_checkinteger(L, 3, lua_pushfstring(L, "shape[%d]", i + 1), -1, INT64_MAX);
    if (shape[i] >= 0 && __builtin_mul_overflow(named, shape[i], &named)) {
      dwl_error(L, "shape is too large for a tensor of %I elements", (LUAI_UACINT)have);
    }
    if (shape[i] < 0 && free_axis >= 0) dwl_error(L, "shape may have only one -1");
    if (shape[i] < 0) free_axis = i;
    lua_settop(L, 2);
  }
  if (free_axis >= 0) {
    shape[free_axis] = infer_size(t, named, *rank, shape);
    if (shape[free_axis] >= 0) named = have;
  }
  if (named != have || (free_axis >= 0 && shape[free_axis] < 0)) {
    dw_tensor wish = {.rank = *rank};
    memcpy(wish.shape, shape, sizeof wish.shape);
    const char *from = dwl_shape_text(L, t);
    dwl_error(L, "a tensor of shape %s cannot become %s", from, dwl_shape_text(L, &wish));
  }
}

static int reshape(lua_State *L) { // x, shape
  dw_tensor *t = dwl_checktensor(L, 1, "x"), v;
  int64_t shape[DW_MAX_RANK] = {0};
  int rank;
  lua_settop(L, 2);
  check_reshape(L, t, shape, &rank);
  if (dw_tensor_init(&v, NULL, t->dtype, rank, shape) != DW_OK) {
    dwl_error(L, "shape %s is too large", dwl_shape_text(L, &v));
  }
  if (!dw_reshape_view(&v, t, rank, shape)) dw_reshape_view(&v, dwl_contiguous(L, 1), rank, shape);
  dwl_newview(L, 1, &v);
  return 1;
}

static int squeeze(lua_State *L) { // x, axis or nil
  dw_tensor *t = dwl_checktensor(L, 1, "x"), v = *t;
  if (!lua_isnoneornil(L, 2)) {
    int axis = dwl_checkaxis(L, 2, "axis", t->rank);
    if (t->shape[axis] != 1) {
      dwl_error(L, "axis %d of a tensor of shape %s has not size 1", axis + 1, dwl_shape_text(L, t));
    }
    dw_select_view(&v, t, axis, 0);
  } else {
    for (int i = t->rank - 1; i >= 0; i--) {
      if (v.shape[i] == 1) dw_select_view(&v, &v, i, 0);
    }
  }
  dwl_newview(L, 1, &v);
  return 1;
}

static int expand_dims(lua_State *L) { // x, axis of the result
  dw_tensor *t = dwl_checktensor(L, 1, "x"), v = *t;
  if (t->rank == DW_MAX_RANK) dwl_error(L, "a tensor has at most %d axes", DW_MAX_RANK);
  int axis = dwl_checkaxis(L, 2, "axis", t->rank + 1);
  for (int i = t->rank; i > axis; i--) {
    v.shape[i] = v.shape[i - 1];
    v.strides[i] = v.strides[i - 1];
  }
  v.rank++;
  v.shape[axis] = 1;
  v.strides[axis] = 1;
  dwl_newview(L, 1, &v);
  return 1;
}

static int broadcast_to(lua_State *L) { // x, shape
  dw_tensor *t = dwl_checktensor(L, 1, "x"), v, wish = {.rank = 0};
  wish.rank = dwl_checkshape(L, 2, "shape", wish.shape);
  int rank = wish.rank;
  int64_t shape[DW_MAX_RANK];
  memcpy(shape, wish.shape, sizeof shape);
  dw_tensor grown = wish;
  bool fits = dw_broadcast_shape(&rank, shape, t) && rank == wish.rank;
  memcpy(grown.shape, shape, sizeof shape);
  if (!fits || !dw_same_shape(&grown, &wish)) {
    const char *from = dwl_shape_text(L, t);
    dwl_error(L, "x has shape %s, which does not broadcast to %s", from, dwl_shape_text(L, &wish));
  }
  if (dw_tensor_init(&grown, NULL, t->dtype, rank, shape) != DW_OK) {
    dwl_error(L, "shape %s is too large", dwl_shape_text(L, &wish));
  }
  dw_broadcast_view(&v, t, rank, shape);
  dwl_newview(L, 1, &v);
  return 1;
}

static int alias(lua_State *L) { // a view of all of x that gradients treat as a tensor of its own
  dwl_newview(L, 1, dwl_checktensor(L, 1, "x"));
  dwl_detach(L, -1);
  return 1;
}

const luaL_Reg dwl_view_functions[] = {{"permute_dimensions", permute},
                                       {"transpose", transpose},
                                       {"reshape", reshape},
                                       {"narrow", narrow},
                                       {"select", select_one},
                                       {"squeeze", squeeze},
                                       {"expand_dims", expand_dims},
                                       {"broadcast_to", broadcast_to},
                                       {"alias", alias},
                                       {NULL, NULL}};

const luaL_Reg dwl_view_methods[] = {
    {"narrow", narrow},   {"select", select_one}, {"transpose", transpose},     {"permute", permute},
    {"reshape", reshape}, {"squeeze", squeeze},   {"expand_dims", expand_dims}, {NULL, NULL},
};
