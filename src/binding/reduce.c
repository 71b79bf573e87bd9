// reduce.c: reductions, positions of extremes and running sums for Lua.
#include "binding.h"

// Which axes are reduced: all for nil, one, or each of a table once.
static void read_axes(lua_State *L, int index, const dw_tensor *x, bool reduced[DW_MAX_RANK]) {
  for (int i = 0; i < DW_MAX_RANK; i++) reduced[i] = lua_isnoneornil(L, index);
  if (lua_isnoneornil(L, index)) return;
  if (lua_type(L, index) != LUA_TTABLE) {
    reduced[dwl_checkaxis(L, index, "axis", x->rank)] = true;
    return;
  }
  int n = (int)lua_rawlen(L, index);
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, index, i);
    int at = lua_gettop(L), axis = dwl_checkaxis(L, at, lua_pushfstring(L, "axis[%d]", i), x->rank);
    if (reduced[axis]) dwl_error(L, "axis names axis %d twice", axis + 1);
    reduced[axis] = true;
    lua_pop(L, 2);
  }
}

// Pushes the result of a reduction, and gives it with x's rank in *kept.
static void push_result(lua_State *L, dw_tensor *kept, const dw_tensor *x, const bool *reduced, bool keepdims,
                        dw_dtype dtype) {
  int64_t shape[DW_MAX_RANK] = {0}, whole[DW_MAX_RANK] = {0};
  int rank = 0;
  for (int i = 0; i < x->rank; i++) {
    whole[i] = reduced[i] ? 1 : x->shape[i];
    if (keepdims || !reduced[i]) shape[rank++] = whole[i];
  }
  dw_tensor *y = dwl_newtensor(L, dtype, rank, shape);
  dw_tensor_init(kept, y->data, dtype, x->rank, whole);
}

static void run(lua_State *L, dw_reduction op, double correction, const dw_tensor *y, const dw_tensor *x) {
  dw_job j;
  dwl_check(L, dw_reduce_init(&j, dwl_context(L), y, x, op, correction));
  dwl_run(L, &j);
}

static int reduce(lua_State *L, dw_reduction op, const dw_tensor *x) { // 2: axis or nil, 3: keepdims, 4: correction
  bool reduced[DW_MAX_RANK];
  dw_tensor y;
  lua_settop(L, 4);
  read_axes(L, 2, x, reduced);
  push_result(L, &y, x, reduced, lua_toboolean(L, 3), x->dtype);
  run(L, op, lua_isnil(L, 4) ? 0 : dwl_checknumber(L, 4, "correction"), &y, x);
  return 1;
}

static const dw_tensor *check_numbers(lua_State *L, int index, const char *argument) {
  const dw_tensor *x = dwl_checktensor(L, index, argument);
  if (x->dtype == DW_BOOL) dwl_error(L, "%s must hold numbers, got bool; cast it first", argument);
  return x;
}

static int sum(lua_State *L) { return reduce(L, DW_SUM, check_numbers(L, 1, "x")); }
static int prod(lua_State *L) { return reduce(L, DW_PROD, check_numbers(L, 1, "x")); }
static int max(lua_State *L) { return reduce(L, DW_MAX, check_numbers(L, 1, "x")); }
static int min(lua_State *L) { return reduce(L, DW_MIN, check_numbers(L, 1, "x")); }

static const dw_tensor *check_floats(lua_State *L, int index, const char *argument) {
  const dw_tensor *x = dwl_checktensor(L, index, argument);
  if (dw_dtype_is_float(x->dtype)) return x;
  dwl_error(L, "%s must be of dtype float32, float64, got %s", argument, dw_dtype_name(x->dtype));
}

static int mean(lua_State *L) { return reduce(L, DW_MEAN, check_floats(L, 1, "x")); }
static int variance(lua_State *L) { return reduce(L, DW_VARIANCE, check_floats(L, 1, "x")); }
static int deviation(lua_State *L) { return reduce(L, DW_DEVIATION, check_floats(L, 1, "x")); }

static int reduce_truth(lua_State *L, dw_reduction op) {
  bool reduced[DW_MAX_RANK];
  const dw_tensor *x = dwl_checktensor(L, 1, "x");
  read_axes(L, 2, x, reduced);
  if (x->dtype != DW_BOOL) {
    dw_tensor *truth = dwl_newtensor(L, DW_BOOL, x->rank, x->shape);
    dwl_cast(L, truth, x);
    lua_replace(L, 1);
    x = truth;
  }
  return reduce(L, op, x);
}

static int any(lua_State *L) { return reduce_truth(L, DW_MAX); }
static int all(lua_State *L) { return reduce_truth(L, DW_MIN); }

// sum_to(x, shape): x summed over the axes along which a tensor of `shape` was stretched to x's; x itself if none.
static int sum_to(lua_State *L) {
  const dw_tensor *x = dwl_checktensor(L, 1, "x");
  dw_tensor wish = {.dtype = x->dtype}, *y;
  lua_settop(L, 2);
  wish.rank = dwl_checkshape(L, 2, "shape", wish.shape);
  int rank = x->rank;
  int64_t stretched[DW_MAX_RANK];
  for (int i = 0; i < rank; i++) stretched[i] = x->shape[i];
  bool fits = dw_broadcast_shape(&rank, stretched, &wish) && rank == x->rank;
  for (int i = 0; fits && i < rank; i++) fits = stretched[i] == x->shape[i];
  if (!fits) {
    const char *from = dwl_shape_text(L, x);
    dwl_error(L, "shape %s cannot have been broadcast to x's, %s", dwl_shape_text(L, &wish), from);
  }
  if (dw_same_shape(x, &wish)) {
    lua_settop(L, 1);
    return 1;
  }
  y = dwl_newtensor(L, x->dtype, wish.rank, wish.shape);
  int64_t whole[DW_MAX_RANK] = {0};
  for (int i = 0; i < x->rank; i++) whole[i] = i < x->rank - wish.rank ? 1 : wish.shape[i - (x->rank - wish.rank)];
  dw_tensor kept;
  dw_tensor_init(&kept, y->data, y->dtype, x->rank, whole);
  run(L, DW_SUM, 0, &kept, x);
  lua_settop(L, 3);
  return 1;
}

// ---- along one axis ------------------------------------------------------------------------------

static int arg(lua_State *L, bool least) { // x, axis
  const dw_tensor *x = dwl_checktensor(L, 1, "x");
  int axis = dwl_checkaxis(L, 2, "axis", x->rank);
  bool reduced[DW_MAX_RANK] = {false};
  dw_tensor y;
  reduced[axis] = true;
  if (x->shape[axis] == 0) dwl_error(L, "axis %d of x (%s) is empty", axis + 1, dwl_shape_text(L, x));
  push_result(L, &y, x, reduced, false, DW_INT64);
  dw_job j;
  dw_arg_init(&j, dwl_context(L), &y, x, axis, least);
  dwl_run(L, &j);
  return 1;
}

static int argmax(lua_State *L) { return arg(L, false); }
static int argmin(lua_State *L) { return arg(L, true); }

static int push_scan(lua_State *L, dw_scan op, const dw_tensor *const *x, int axis) {
  dw_tensor *y = dwl_newtensor(L, x[0]->dtype, x[0]->rank, x[0]->shape);
  dw_job j;
  dw_scan_init(&j, dwl_context(L), y, x, axis, op);
  dwl_run(L, &j);
  return 1;
}

static int scan(lua_State *L, dw_scan op) { // x, axis
  const dw_tensor *x = check_numbers(L, 1, "x");
  return push_scan(L, op, &x, dwl_checkaxis(L, 2, "axis", x->rank));
}

static int cumsum(lua_State *L) { return scan(L, DW_CUMSUM); }
static int cumprod(lua_State *L) { return scan(L, DW_CUMPROD); }
static int cummax(lua_State *L) { return scan(L, DW_CUMMAX); }
static int cummin(lua_State *L) { return scan(L, DW_CUMMIN); }

static int recurrence(lua_State *L) { // a, b, axis
  const dw_tensor *x[2] = {check_numbers(L, 1, "a"), check_numbers(L, 2, "b")};
  int axis = dwl_checkaxis(L, 3, "axis", x[0]->rank);
  if (x[0]->dtype != x[1]->dtype || !dw_same_shape(x[0], x[1])) {
    dwl_error(L, "a and b must be alike, got %s and %s", dwl_got(L, 1), dwl_got(L, 2));
  }
  return push_scan(L, DW_RECURRENCE, x, axis);
}

const luaL_Reg dwl_reduce_functions[] = {
    {"sum", sum},       {"prod", prod},     {"max", max},       {"min", min},         {"mean", mean},
    {"var", variance},  {"std", deviation}, {"any", any},       {"all", all},         {"sum_to", sum_to},
    {"argmax", argmax}, {"argmin", argmin}, {"cumsum", cumsum}, {"cumprod", cumprod}, {"recurrence", recurrence},
    {"cummax", cummax}, {"cummin", cummin}, {NULL, NULL},
};
