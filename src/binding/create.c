// create.c: tensors from sizes and numbers. The Lua layer has put options in their places and filled in
// default dtypes; arguments here are positional.
#include <math.h>

#include "binding.h"

static int full_of(lua_State *L, int dtype_at, int value_at, lua_Integer value) {
  int64_t shape[DW_MAX_RANK];
  int64_t element = 0;
  int rank = dwl_checkshape(L, 1, "shape", shape);
  dw_dtype dtype = dwl_checkdtype(L, dtype_at, "dtype");
  if (value_at == 0) {
    if (dtype == DW_BOOL) lua_pushboolean(L, value != 0);
    if (dtype != DW_BOOL) lua_pushinteger(L, value);
    value_at = lua_gettop(L);
  }
  dwl_checkelement(L, value_at, "value", dtype, &element);
  dw_tensor *t = dwl_newtensor(L, dtype, rank, shape);
  dwl_fill(L, t, &element);
  return 1;
}

static int zeros(lua_State *L) { return full_of(L, 2, 0, 0); } // shape, dtype
static int ones(lua_State *L) { return full_of(L, 2, 0, 1); }  // shape, dtype
static int full(lua_State *L) { return full_of(L, 3, 2, 0); }  // shape, value, dtype

static int empty(lua_State *L) { // shape, dtype; the caller writes every element
  int64_t shape[DW_MAX_RANK];
  int rank = dwl_checkshape(L, 1, "shape", shape);
  dwl_newtensor(L, dwl_checkdtype(L, 2, "dtype"), rank, shape);
  return 1;
}

static int eye(lua_State *L) { // size, columns, dtype
  int64_t n = dwl_checkinteger(L, 1, "size", 0, INT64_C(1) << 31);
  int64_t m = dwl_checkinteger(L, 2, "columns", 0, INT64_C(1) << 31), shape[2] = {n, m};
  dw_dtype dtype = dwl_checkdtype(L, 3, "dtype");
  int64_t zero = 0, one = 0;
  if (dtype == DW_BOOL) lua_pushboolean(L, 1);
  if (dtype != DW_BOOL) lua_pushinteger(L, 1);
  dwl_checkelement(L, -1, "value", dtype, &one);
  dw_tensor *t = dwl_newtensor(L, dtype, 2, shape), diagonal = *t;
  dwl_fill(L, t, &zero);
  diagonal.rank = 1;
  diagonal.shape[0] = n < m ? n : m;
  diagonal.strides[0] = m + 1;
  if (diagonal.shape[0] > 0) dwl_fill(L, &diagonal, &one);
  return 1;
}

// Replaces the tensor on top by one of `dtype`.
static void cast_top(lua_State *L, dw_dtype dtype) {
  dw_tensor *t = lua_touserdata(L, -1);
  if (t->dtype == dtype) return;
  dw_tensor *c = dwl_newtensor(L, dtype, t->rank, t->shape);
  dwl_cast(L, c, t);
  lua_replace(L, -2);
}

static void check_range(lua_State *L, double first, double last, dw_dtype dtype) {
  static const double limits[DW_DTYPES][2] = {
      [DW_FLOAT32] = {-INFINITY, INFINITY},
      [DW_FLOAT64] = {-INFINITY, INFINITY},
      [DW_INT32] = {-0x1p31, 0x1p31 - 1},
      [DW_INT64] = {-0x1p63, 0x1p63},
      [DW_UINT8] = {0, 255},
      [DW_BOOL] = {0, 1},
  };
  double low = first < last ? first : last, high = first < last ? last : first;
  if (low < limits[dtype][0] || high > limits[dtype][1] || (dtype == DW_INT64 && high == limits[dtype][1])) {
    dwl_error(L, "the numbers from %f to %f do not fit into %s", low, high, dw_dtype_name(dtype));
  }
}

static void arange_integers(lua_State *L, dw_dtype dtype) {
  lua_Integer start = lua_tointeger(L, 1), stop = lua_tointeger(L, 2), step = lua_tointeger(L, 3);
  int64_t span, n = 0;
  bool fits = !__builtin_sub_overflow(stop, start, &span) && step != INT64_MIN && (span != INT64_MIN || step < -1);
  if (!fits) dwl_error(L, "the range is too long");
  if (span != 0) n = step > 0 ? (span - 1) / step + 1 : (-(span + 1)) / -step + 1;
  if (n > 0 && dtype != DW_INT64) check_range(L, (double)start, (double)(start + (n - 1) * step), dtype);
  dw_tensor *t = dwl_newtensor(L, DW_INT64, 1, &n);
  dw_job j;
  dw_count_init(&j, dwl_context(L), t, start, step);
  dwl_run(L, &j);
}

// Whether x, rounded to `dtype`, is not before stop.
static bool reaches(double x, double stop, double step, dw_dtype dtype) {
  if (dtype == DW_FLOAT32) x = (float)x, stop = (float)stop;
  return step > 0 ? x >= stop : x <= stop;
}

static void arange_floats(lua_State *L, dw_dtype dtype) {
  double start = lua_tonumber(L, 1), stop = lua_tonumber(L, 2), step = lua_tonumber(L, 3);
  double size = ceil((stop - start) / step);
  if (!(size >= 0 && size < 0x1p48)) dwl_error(L, "the range is too long or not finite");
  int64_t n = (int64_t)size;
  if (n > 1 && reaches(start + (double)(n - 1) * step, stop, step, dtype)) n--; // by rounding
  if (n > 0) check_range(L, start, start + (double)(n - 1) * step, dtype);
  dw_tensor *t = dwl_newtensor(L, DW_FLOAT64, 1, &n);
  dw_job j;
  dw_range_init(&j, dwl_context(L), t, start, step);
  dwl_run(L, &j);
}

// As Keras has it: from start (or 0), stop excluded; a lone negative stop is an empty range, other ranges that
// run the wrong way are errors.
static int arange(lua_State *L) { // start, stop or nil, step or nil, dtype or nil, float dtype
  lua_settop(L, 5);
  dwl_checkfinite(L, 1, "start");
  if (lua_isnil(L, 2)) {
    bool empty = lua_tonumber(L, 1) < 0;
    lua_pushinteger(L, 0);
    if (empty) lua_copy(L, -1, 1);
    lua_insert(L, 1);
    lua_remove(L, 3);
  }
  dwl_checkfinite(L, 2, "stop");
  if (lua_isnil(L, 3)) lua_pushinteger(L, 1), lua_replace(L, 3);
  double step = dwl_checkfinite(L, 3, "step"), span = lua_tonumber(L, 2) - lua_tonumber(L, 1);
  if (step == 0) dwl_error(L, "step must not be 0");
  if (!isfinite(span)) dwl_error(L, "stop - start must be finite");
  if ((step > 0 && span < 0) || (step < 0 && span > 0)) {
    dwl_error(L, "a step of %f does not lead from start to stop, %f away", step, span);
  }
  bool whole = lua_isinteger(L, 1) && lua_isinteger(L, 2) && lua_isinteger(L, 3);
  dw_dtype dtype = !lua_isnil(L, 4) ? dwl_checkdtype(L, 4, "dtype") : whole ? DW_INT32 : dwl_checkdtype(L, 5, "floatx");
  if (whole) arange_integers(L, dtype);
  if (!whole) arange_floats(L, dtype);
  cast_top(L, dtype);
  return 1;
}

static int linspace(lua_State *L) { // start, stop, num, dtype
  double start = dwl_checkfinite(L, 1, "start"), stop = dwl_checkfinite(L, 2, "stop");
  int64_t n = dwl_checkinteger(L, 3, "num", 1, INT64_C(1) << 40);
  dw_dtype dtype = dwl_checkdtype(L, 4, "dtype");
  if (!dw_dtype_is_float(dtype)) dwl_expected(L, "dtype", "float32 or float64", 4);
  dw_tensor *t = dwl_newtensor(L, DW_FLOAT64, 1, &n);
  dw_job j;
  dw_linspace_init(&j, dwl_context(L), t, start, stop);
  dwl_run(L, &j);
  cast_top(L, dtype);
  return 1;
}

// As uint8, since those of a string may begin anywhere.
static dw_tensor flat_bytes(const void *bytes, int64_t n) {
  dw_tensor t;
  dw_tensor_init(&t, (void *)bytes, DW_UINT8, 1, &n);
  return t;
}

static int from_bytes(lua_State *L) { // string, shape, dtype
  int64_t shape[DW_MAX_RANK];
  size_t n;
  if (lua_type(L, 1) != LUA_TSTRING) dwl_expected(L, "bytes", "a string", 1);
  const char *bytes = lua_tolstring(L, 1, &n);
  int rank = dwl_checkshape(L, 2, "shape", shape);
  dw_dtype dtype = dwl_checkdtype(L, 3, "dtype");
  dw_tensor t;
  if (dw_tensor_init(&t, NULL, dtype, rank, shape) != DW_OK) {
    dwl_error(L, "a tensor of shape %s is too large", dwl_shape_text(L, &t));
  }
  int64_t need = dw_numel(&t) * (int64_t)dw_dtype_size(dtype);
  if (need != (int64_t)n) {
    const char *shape_text = dwl_shape_text(L, &t);
    dwl_error(L, "bytes must be the %I that shape %s of %s takes, got %I", (LUAI_UACINT)need, shape_text,
              dw_dtype_name(dtype), (LUAI_UACINT)n);
  }
  dw_tensor to = flat_bytes(dwl_newtensor(L, dtype, rank, shape)->data, need), from = flat_bytes(bytes, need);
  if (dtype == DW_BOOL) to.dtype = DW_BOOL; // any byte but 0 is true
  dwl_cast(L, &to, &from);
  return 1;
}

const luaL_Reg dwl_create_functions[] = {
    {"zeros", zeros}, {"ones", ones},     {"full", full},         {"empty", empty},
    {"eye", eye},     {"arange", arange}, {"linspace", linspace}, {"from_bytes", from_bytes},
    {NULL, NULL},
};
