// view.c: views by name (narrow, transpose, ...) and by index (t[i], t[{...}], t(i, j)). Views share their
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

static int alias(lua_State *L) { // the same numbers as x's, which gradients take for a tensor of its own
  dwl_newview(L, 1, dwl_checktensor(L, 1, "x"));
  dwl_detach(L, -1);
  return 1;
}

// ---- by index -----------------------------------------------------------------------------------

static int64_t index_at(lua_State *L, int index, const char *what) {
  return dwl_checkinteger(L, index, what, INT64_MIN, INT64_MAX);
}

// Where a range may begin or end: Lua's index, or one past either end, as an empty range has it.
static int64_t range_end(lua_State *L, int index, int at, const char *what, int64_t n, int axis) {
  lua_rawgeti(L, index, at);
  int64_t i = index_at(L, -1, what);
  lua_pop(L, 1);
  if (i == n + 1 || i == -n - 1) return i > 0 ? n : -1;
  return dwl_toindex(L, i, n, axis);
}

// {} all, {a} one but the axis stays, {a, b} both included, {a, b, step}; a range that runs the wrong way is empty.
static void apply_range(lua_State *L, int index, dw_tensor *v, int axis) {
  int64_t n = v->shape[axis], step = 1;
  lua_Unsigned given = lua_rawlen(L, index);
  if (given == 0) return;
  if (given > 3) dwl_error(L, "a range has at most first, last and step, got %I numbers", (LUAI_UACINT)given);
  if (given > 2) {
    lua_rawgeti(L, index, 3);
    step = dwl_checkinteger(L, -1, "step of a range", -INT64_MAX, INT64_MAX);
    if (step == 0) dwl_error(L, "the step of a range must not be 0");
  }
  int64_t a = range_end(L, index, 1, "first of a range", n, axis), b = a;
  if (given > 1) b = range_end(L, index, 2, "last of a range", n, axis);
  int64_t span = step > 0 ? b - a : a - b;
  if (span >= 0 && (a < 0 || a >= n || b < 0 || b >= n)) {
    int64_t outside = a < 0 || b < 0 ? -n - 1 : n + 1;
    dwl_error(L, "index %I is outside axis %d of size %I", (LUAI_UACINT)outside, axis + 1, (LUAI_UACINT)n);
  }
  dw_range_view(v, v, axis, a, step, span < 0 ? 0 : span / (step > 0 ? step : -step) + 1);
}

// The view that the table at `index` describes; true when every axis was given an index.
static bool apply_table(lua_State *L, int index, dw_tensor *v) {
  int axis = 0, top = lua_gettop(L), given = (int)lua_rawlen(L, index), whole = v->rank;
  if (given > v->rank) dwl_error(L, "%d indices for a tensor of shape %s", given, dwl_shape_text(L, v));
  bool all = given == v->rank;
  for (int i = 1; i <= given; i++) {
    lua_rawgeti(L, index, i);
    if (lua_type(L, -1) == LUA_TTABLE) {
      apply_range(L, lua_gettop(L), v, axis++);
      all = false;
    } else {
      int64_t k = dwl_toindex(L, index_at(L, -1, "an index"), v->shape[axis], axis + whole - v->rank);
      dw_select_view(v, v, axis, k);
    }
    lua_settop(L, top);
  }
  return all;
}

static int push_view_or_element(lua_State *L, const dw_tensor *v) {
  if (v->rank == 0) {
    dwl_pushelement(L, v->dtype, v->data);
  } else {
    dwl_newview(L, 1, v);
  }
  return 1;
}

static int push_field(lua_State *L, const dw_tensor *t) { // the key is a string at 2
  dwl_pushmethods(L);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, -2) != LUA_TNIL) return 1;
  const char *key = lua_tostring(L, 2);
  if (strcmp(key, "shape") == 0) {
    dwl_pushshape(L, t);
  } else if (strcmp(key, "dtype") == 0) {
    lua_pushstring(L, dw_dtype_name(t->dtype));
  } else if (strcmp(key, "ndim") == 0) {
    lua_pushinteger(L, t->rank);
  } else if (strcmp(key, "size") == 0) {
    lua_pushinteger(L, dw_numel(t));
  } else {
    bool other = strcmp(lua_tostring(L, lua_upvalueindex(DWL_NAME)), "tensor") != 0;
    if (other) dwl_error(L, "a tensor has no field or method \"%s\"", key);
    lua_pop(L, 1);
    lua_pushvalue(L, 2);
    lua_gettable(L, -2); // the table of methods is strict: it raises with the nearest name
  }
  return 1;
}

// t[mask] and t[indices] are what the methods of these names give; t[...] = v is written by the Lua layer too.
static int pick(lua_State *L, const char *of_bools, const char *of_numbers, int given, int results) {
  const char *name = ((dw_tensor *)lua_touserdata(L, 2))->dtype == DW_BOOL ? of_bools : of_numbers;
  dwl_pushmethods(L);
  lua_getfield(L, -1, name);
  for (int i = 1; i <= given; i++) lua_pushvalue(L, i);
  lua_call(L, given, results);
  return results;
}

static int tensor_index(lua_State *L) {
  dw_tensor *t = dwl_checktensor(L, 1, "self"), v = *t;
  switch (lua_type(L, 2)) {
    case LUA_TSTRING: return push_field(L, t);
    case LUA_TTABLE: {
      bool element = apply_table(L, 2, &v);
      if (element) return push_view_or_element(L, &v);
      dwl_newview(L, 1, &v);
      return 1;
    }
    case LUA_TNUMBER: {
      int64_t i = index_at(L, 2, "an index");
      if (t->rank == 0) dwl_error(L, "a tensor of rank 0 has no axis to index; its number is t:item()");
      if (i == t->shape[0] + 1) return 0; // where ipairs ends
      dw_select_view(&v, t, 0, dwl_toindex(L, i, t->shape[0], 0));
      return push_view_or_element(L, &v);
    }
    default:
      if (dwl_totensor(L, 2) != NULL) return pick(L, "boolean_mask", "gather", 2, 1);
      dwl_expected(L, "an index", "a whole number, a table of ranges, a tensor or a name", 2);
  }
}

// index(x, key): x[key] by numbers and ranges: for the Lua layer, which notes it.
static int plain_index(lua_State *L) {
  dwl_checktensor(L, 1, "x");
  lua_settop(L, 2);
  if (dwl_totensor(L, 2) != NULL) {
    dwl_error(L, "key must be a whole number, or a table of them and of ranges; use gather for indices, boolean_mask "
                 "for a mask");
  }
  int whole = lua_type(L, 2) == LUA_TTABLE;
  if (lua_type(L, 2) == LUA_TNUMBER) lua_tointegerx(L, 2, &whole);
  if (!whole) dwl_expected(L, "key", "a whole number, or a table of them and of ranges", 2);
  return tensor_index(L);
}

static int tensor_call(lua_State *L) {
  dw_tensor *t = dwl_checktensor(L, 1, "self"), v = *t;
  int given = lua_gettop(L) - 1;
  if (given > t->rank) dwl_error(L, "%d indices for a tensor of shape %s", given, dwl_shape_text(L, t));
  for (int i = 0; i < given; i++) {
    dw_select_view(&v, &v, 0, dwl_toindex(L, index_at(L, i + 2, "an index"), v.shape[0], i));
  }
  return push_view_or_element(L, &v);
}

static int tensor_newindex(lua_State *L) {
  dw_tensor *t = dwl_checktensor(L, 1, "self"), v = *t;
  lua_settop(L, 3);
  if (lua_type(L, 2) == LUA_TTABLE) {
    apply_table(L, 2, &v);
  } else if (lua_type(L, 2) == LUA_TNUMBER) {
    int64_t i = index_at(L, 2, "an index");
    if (t->rank == 0) dwl_error(L, "a tensor of rank 0 has no axis to index; use t:fill(v)");
    dw_select_view(&v, t, 0, dwl_toindex(L, i, t->shape[0], 0));
  } else if (dwl_totensor(L, 2) != NULL) {
    return pick(L, "put_mask", "put_rows", 3, 0);
  } else {
    dwl_expected(L, "an index", "a whole number, a table of ranges or a tensor", 2);
  }
  dwl_assign(L, &v, 3, "the value");
  return 0;
}

static int tensor_len(lua_State *L) {
  dw_tensor *t = dwl_checktensor(L, 1, "self");
  if (t->rank == 0) dwl_error(L, "a tensor of rank 0 has no length");
  lua_pushinteger(L, t->shape[0]);
  return 1;
}

static int tensor_concat(lua_State *L) {
  dwl_error(L, "a tensor cannot be joined to a string; its number is t:item(), its text tostring(t)");
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
                                       {"index", plain_index},
                                       {NULL, NULL}};

const luaL_Reg dwl_view_methods[] = {
    {"narrow", narrow},   {"select", select_one}, {"transpose", transpose},     {"permute", permute},
    {"reshape", reshape}, {"squeeze", squeeze},   {"expand_dims", expand_dims}, {NULL, NULL},
};

const luaL_Reg dwl_metamethods[] = {
    {"__index", tensor_index}, {"__newindex", tensor_newindex}, {"__call", tensor_call},
    {"__len", tensor_len},     {"__concat", tensor_concat},     {NULL, NULL},
};
