// update.c: steps of optimizers for Lua, in place. What is written may have any strides: where it is not contiguous, a
// copy is computed on and copied back.
#include "binding.h"

enum { DWL_STEP = DWL_FUNCTION + 1, DWL_ARGUMENTS }; // upvalues: the step's number, then its arguments' names
enum { W = 1, G, SLOTS };                            // positions of arguments; numbers come after the slots

static const char *argument(lua_State *L, int index) {
  return lua_tostring(L, lua_upvalueindex(DWL_ARGUMENTS + index - 1));
}

static bool same_owner(lua_State *L, int a, int b) {
  const dwl_tensor *x = lua_touserdata(L, a), *y = lua_touserdata(L, b);
  return x->writes == y->writes;
}

// The bytes between the first and the last number of a tensor, which is not empty.
static void extent(const dw_tensor *t, const char **first, const char **end) {
  int64_t size = (int64_t)dw_dtype_size(t->dtype);
  *first = t->data, *end = *first + size;
  for (int i = 0; i < t->rank; i++) {
    int64_t far = (t->shape[i] - 1) * t->strides[i] * size;
    if (far < 0) *first += far;
    if (far > 0) *end += far;
  }
}

static void refuse_shared(lua_State *L, int a, int b) {
  const char *first[2], *end[2];
  const dw_tensor *x = lua_touserdata(L, a), *y = lua_touserdata(L, b);
  if (!same_owner(L, a, b) || dw_numel(x) == 0) return;
  extent(x, &first[0], &end[0]);
  extent(y, &first[1], &end[1]);
  if (first[0] >= end[1] || first[1] >= end[0]) return;
  dwl_error(L, "%s and %s lie among each other's numbers, but both are written", argument(L, a), argument(L, b));
}

static void check_tensors(lua_State *L, int last) {
  const dw_tensor *w = dwl_checktensor(L, W, argument(L, W));
  if (!dw_dtype_is_float(w->dtype)) {
    dwl_error(L, "%s must be of dtype float32, float64, got %s", argument(L, W), dw_dtype_name(w->dtype));
  }
  for (int i = G; i <= last; i++) {
    const dw_tensor *t = dwl_checktensor(L, i, argument(L, i));
    if (t->dtype != w->dtype) dwl_mixed(L, w->dtype, argument(L, W), t->dtype, argument(L, i));
    if (dw_same_shape(t, w)) continue;
    const char *shape = dwl_shape_text(L, t);
    dwl_error(L, "%s (%s) must have the shape of %s (%s)", argument(L, i), shape, argument(L, W), dwl_shape_text(L, w));
  }
  for (int i = W; i <= last; i++) {
    if (i == G) continue;
    dwl_checkwritable(L, i, argument(L, i));
    for (int k = W; k < i; k++) {
      if (k != G) refuse_shared(L, k, i);
    }
  }
}

// The gradient as it is read: a copy where it shares numbers with what is written.
static const dw_tensor *read_gradient(lua_State *L, int last) {
  bool shares = false;
  for (int i = W; i <= last; i++) shares = shares || (i != G && same_owner(L, i, G));
  if (!shares) return dwl_contiguous(L, G);
  const dw_tensor *g = lua_touserdata(L, G);
  dw_tensor *copy = dwl_newtensor(L, g->dtype, g->rank, g->shape);
  dwl_copy(L, copy, g);
  return copy;
}

static int update(lua_State *L) { // w, g, slots..., numbers...
  int step = (int)lua_tointeger(L, lua_upvalueindex(DWL_STEP));
  int slots = dw_update_slots(step), numbers = dw_update_numbers(step), last = G + slots;
  double number[DW_UPDATE_NUMBERS];
  const dw_tensor *written[SLOTS + DW_UPDATE_SLOTS], *used[SLOTS + DW_UPDATE_SLOTS];
  lua_settop(L, last + numbers);
  check_tensors(L, last);
  for (int i = 0; i < numbers; i++) number[i] = luaL_checknumber(L, last + 1 + i);
  const dw_tensor *g = read_gradient(L, last);
  for (int i = W; i <= last; i++) {
    written[i] = used[i] = lua_touserdata(L, i);
    if (i == G || dw_is_contiguous(written[i])) continue;
    dw_tensor *copy = dwl_newtensor(L, written[i]->dtype, written[i]->rank, written[i]->shape);
    dwl_copy(L, copy, written[i]);
    used[i] = copy;
  }
  dw_job j;
  dw_update_init(&j, dwl_context(L), step, used[W], &used[SLOTS], g, number);
  for (int i = W; i <= last; i++) {
    if (i != G) dwl_wrote(L, i);
  }
  dwl_run(L, &j);
  for (int i = W; i <= last; i++) {
    if (i != G && used[i] != written[i]) dwl_copy(L, written[i], used[i]);
  }
  lua_settop(L, W);
  return 1;
}

// updater(step, arguments' names...): the function that makes the step listed as `step`, and gives the weights.
static int updater(lua_State *L) {
  static const luaL_Reg function = {"update", update};
  int step = dw_update_find(luaL_checkstring(L, 1));
  if (step < 0) dwl_error(L, "there is no step \"%s\"", lua_tostring(L, 1));
  int n = SLOTS - 1 + dw_update_slots(step);
  if (lua_gettop(L) - 1 != n) dwl_error(L, "\"%s\" has %d tensors, not %d", lua_tostring(L, 1), n, lua_gettop(L) - 1);
  for (int i = 0; i < n; i++) luaL_checkstring(L, 2 + i);
  dwl_pushupvalues(L, &function, 1);
  lua_pushinteger(L, step);
  for (int i = 0; i < n; i++) lua_pushvalue(L, 2 + i);
  dwl_pushclosure(L, 1 + n);
  return 1;
}

static int sum_of_squares(lua_State *L) { // x -> a tensor of rank 0
  const dw_tensor *x = dwl_checktensor(L, 1, "x");
  double sum;
  dw_job j;
  if (!dw_dtype_is_float(x->dtype)) {
    dwl_error(L, "x must be of dtype float32, float64, got %s", dw_dtype_name(x->dtype));
  }
  x = dwl_contiguous(L, 1);
  dw_tensor *y = dwl_newtensor(L, x->dtype, 0, x->shape);
  dwl_check(L, dw_squares_init(&j, dwl_context(L), &sum, x));
  dwl_run(L, &j);
  if (y->dtype == DW_FLOAT32) *(float *)y->data = (float)sum;
  if (y->dtype == DW_FLOAT64) *(double *)y->data = sum;
  return 1;
}

const luaL_Reg dwl_update_functions[] = {{"updater", updater}, {"sum_of_squares", sum_of_squares}, {NULL, NULL}};
