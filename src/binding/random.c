// random.c: the state's generator. Without a seed, a call takes the next numbers of the state's stream;
// with one, it takes the first numbers of that seed's own stream and leaves the state's alone.
#include <math.h>

#include "binding.h"

// If both bounds are the same in the dtype of the numbers, no number lies between them.
static void check_bounds(lua_State *L, dw_dtype dtype, const char *first, double a, const char *second, double b) {
  if (!(b > a)) dwl_error(L, "%s (%f) must be above %s (%f)", second, b, first, a);
  if (dtype == DW_FLOAT64 || (float)b > (float)a) return;
  dwl_error(L, "%s (%f) must be above %s (%f) in float32 too, where they are the same number", second, b, first, a);
}

static int new_random(lua_State *L, dw_distribution which, const char *first, const char *second) {
  int64_t shape[DW_MAX_RANK];
  lua_settop(L, 5); // shape, first, second, seed or nil, dtype
  int rank = dwl_checkshape(L, 1, "shape", shape);
  double a = dwl_checkfinite(L, 2, first), b = dwl_checkfinite(L, 3, second);
  dw_random own = {0}, *r = &dwl_getstate(L)->random;
  if (!lua_isnil(L, 4)) {
    own.key = (uint64_t)dwl_checkinteger(L, 4, "seed", INT64_MIN, INT64_MAX);
    r = &own;
  }
  dw_dtype dtype = dwl_checkdtype(L, 5, "dtype");
  if (!dw_dtype_is_float(dtype)) dwl_expected(L, "dtype", "float32 or float64", 5);
  if (!isfinite(b - a)) dwl_error(L, "%s - %s must be finite", second, first);
  if (which == DW_UNIFORM) check_bounds(L, dtype, first, a, second, b);
  if (which != DW_UNIFORM && b < 0) dwl_error(L, "%s must not be negative, got %f", second, b);
  dw_tensor *t = dwl_newtensor(L, dtype, rank, shape);
  dw_job j;
  dw_random_init(&j, dwl_context(L), t, r, which, a, b);
  dwl_run(L, &j);
  return 1;
}

static int uniform(lua_State *L) { return new_random(L, DW_UNIFORM, "minval", "maxval"); }
static int normal(lua_State *L) { return new_random(L, DW_NORMAL, "mean", "stddev"); }

static int uniform_variable(lua_State *L) { return new_random(L, DW_UNIFORM, "low", "high"); }
static int normal_variable(lua_State *L) { return new_random(L, DW_NORMAL, "mean", "scale"); }
static int truncated(lua_State *L) { return new_random(L, DW_TRUNCATED, "mean", "stddev"); }

static int seed(lua_State *L) {
  dwl_getstate(L)->random = (dw_random){.key = (uint64_t)dwl_checkinteger(L, 1, "n", INT64_MIN, INT64_MAX)};
  return 0;
}

// random_state(): the seed, and the counter of the numbers taken since.
static int random_state(lua_State *L) {
  const dw_random *r = &dwl_getstate(L)->random;
  lua_pushinteger(L, (lua_Integer)r->key);
  lua_pushinteger(L, (lua_Integer)r->counter);
  return 2;
}

static int set_random_state(lua_State *L) {
  uint64_t key = (uint64_t)dwl_checkinteger(L, 1, "seed", INT64_MIN, INT64_MAX);
  dwl_getstate(L)->random =
      (dw_random){.key = key, .counter = (uint64_t)dwl_checkinteger(L, 2, "count", INT64_MIN, INT64_MAX)};
  return 0;
}

// philox(key, counter): four numbers, for the test against the published vectors.
static int philox(lua_State *L) {
  uint32_t u[4];
  dw_philox(u, (uint64_t)dwl_checkinteger(L, 1, "key", INT64_MIN, INT64_MAX),
            (uint64_t)dwl_checkinteger(L, 2, "counter", INT64_MIN, INT64_MAX));
  for (int i = 0; i < 4; i++) lua_pushinteger(L, u[i]);
  return 4;
}

const luaL_Reg dwl_random_functions[] = {
    {"uniform", uniform},
    {"normal", normal},
    {"truncated_normal", truncated},
    {"random_uniform_variable", uniform_variable},
    {"random_normal_variable", normal_variable},
    {"seed", seed},
    {"random_state", random_state},
    {"set_random_state", set_random_state},
    {"philox", philox},
    {NULL, NULL},
};
