// strided.c: views that are given by strides rather than by ranges: diagonals, and any part of a tensor in row-major
// order. Called by lua/dwconv/ops/view.lua.
#include <stdlib.h>

#include "binding.h"

static int diagonal(lua_State *L) { // x, k: of the last two axes, k columns to the right
  dw_tensor *t = dwl_checktensor(L, 1, "x"), v = *t;
  if (t->rank < 2) dwl_expected(L, "x", "a tensor with at least 2 axes", 1);
  int row = t->rank - 2, column = t->rank - 1;
  int64_t n = t->shape[row], m = t->shape[column], k = dwl_checkinteger(L, 2, "k", INT64_MIN, INT64_MAX);
  k = k < -n ? -n : k > m ? m : k; // farther out there is nothing
  dw_range_view(&v, &v, row, k < 0 ? -k : 0, 1, k < 0 ? n + k : n);
  dw_range_view(&v, &v, column, k > 0 ? k : 0, 1, k > 0 ? m - k : m);
  v.rank = t->rank - 1;
  if (v.shape[column] < v.shape[row]) v.shape[row] = v.shape[column];
  v.strides[row] += v.strides[column];
  dwl_newview(L, 1, &v);
  return 1;
}

// Whether any two indices of v share an element, apart from axes of stride 0. Views of a row-major tensor pass.
static bool overlaps(const dw_tensor *v) {
  int64_t reach = 0; // of the axes with smaller strides
  bool done[DW_MAX_RANK] = {false};
  for (int i = 0; i < v->rank; i++) {
    int next = -1;
    for (int k = 0; k < v->rank; k++) {
      if (v->shape[k] < 2 || v->strides[k] == 0 || done[k]) continue;
      if (next < 0 || llabs(v->strides[k]) < llabs(v->strides[next])) next = k;
    }
    if (next < 0) break;
    if (llabs(v->strides[next]) <= reach) return true;
    reach += llabs(v->strides[next]) * (v->shape[next] - 1);
    done[next] = true;
  }
  return false;
}

// Reads the table at `index`, of v->rank strides; raises where they lead outside the n elements, from `first` on.
static void check_strides(lua_State *L, int index, dw_tensor *v, int64_t first, int64_t n) {
  int64_t low = first, high = first;
  if (lua_type(L, index) != LUA_TTABLE || lua_rawlen(L, index) != (lua_Unsigned)v->rank) {
    dwl_error(L, "strides must be a table of %d strides, one for each axis of shape", v->rank);
  }
  for (int i = 0; i < v->rank; i++) {
    lua_rawgeti(L, index, i + 1);
    v->strides[i] = dwl_checkinteger(L, -1, "a stride", -n, n);
    lua_pop(L, 1);
    int64_t span, *end = v->strides[i] < 0 ? &low : &high;
    if (v->shape[i] < 2) continue;
    bool far = __builtin_mul_overflow(v->strides[i], v->shape[i] - 1, &span) || __builtin_add_overflow(*end, span, end);
    if (far || low < 0 || high >= n) dwl_error(L, "shape and strides lead outside x's %I elements", (LUAI_UACINT)n);
  }
}

static int strided(lua_State *L) { // x, shape, strides, first
  dw_tensor *t = dwl_checktensor(L, 1, "x"), v;
  int64_t shape[DW_MAX_RANK], n = dw_numel(t);
  if (!dw_is_contiguous(t)) dwl_error(L, "x must lie in row-major order; contiguous() copies it");
  int rank = dwl_checkshape(L, 2, "shape", shape);
  if (dw_tensor_init(&v, t->data, t->dtype, rank, shape) != DW_OK) {
    dwl_error(L, "a tensor of shape %s is too large", dwl_shape_text(L, &v));
  }
  bool empty = dw_numel(&v) == 0;
  int64_t first = dwl_checkinteger(L, 4, "first", empty ? INT64_MIN : 1, empty ? INT64_MAX : n) - 1;
  if (!empty) {
    check_strides(L, 3, &v, first, n);
    if (overlaps(&v)) dwl_error(L, "with these strides two indices would share a number");
    v.data = (char *)t->data + first * (int64_t)dw_dtype_size(t->dtype);
  }
  dwl_newview(L, 1, &v);
  return 1;
}

const luaL_Reg dwl_strided_functions[] = {{"diagonal", diagonal}, {"strided", strided}, {NULL, NULL}};
