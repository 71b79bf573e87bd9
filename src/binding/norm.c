// norm.c: normalizations for Lua. Invariant: everything is checked before the results are allocated; the core sees
// contiguous tensors, and moments and parameters of x's rank.
#include <math.h>

#include "binding.h"

enum { X = 1, GAMMA, BETA }; // where all three functions have these

static const dw_tensor *check_floats(lua_State *L, int index, const char *argument) {
  const dw_tensor *t = dwl_checktensor(L, index, argument);
  if (dw_dtype_is_float(t->dtype)) return t;
  dwl_error(L, "%s must be of dtype float32, float64, got %s", argument, dw_dtype_name(t->dtype));
}

// A tensor that stretches to x's shape, with 1s before its axes; NULL for nil.
static const dw_tensor *read_beside(lua_State *L, dw_tensor *t, int index, const char *argument, const dw_tensor *x,
                                    dw_dtype dtype) {
  if (lua_isnoneornil(L, index)) return NULL;
  const dw_tensor *given = dwl_checktensor(L, index, argument);
  if (given->dtype != dtype) dwl_mixed(L, dtype, "x", given->dtype, argument);
  int before = x->rank - given->rank;
  bool fits = before >= 0;
  int64_t shape[DW_MAX_RANK];
  for (int i = 0; fits && i < x->rank; i++) {
    shape[i] = i < before ? 1 : given->shape[i - before];
    fits = shape[i] == 1 || shape[i] == x->shape[i];
  }
  if (!fits) {
    const char *text = dwl_shape_text(L, given);
    dwl_error(L, "%s (%s) does not stretch to the shape of x, %s", argument, text, dwl_shape_text(L, x));
  }
  given = dwl_contiguous(L, index);
  dw_tensor_init(t, given->data, dtype, x->rank, shape);
  return t;
}

struct problem {
  dw_norm n;
  dw_tensor gamma, beta, mean, var;
};

// The bounds at `clip` and after it, if there are any.
static void read_problem(lua_State *L, struct problem *p, const dw_tensor *x, int clip) {
  p->n.x = x;
  p->n.clips = clip > 0 && !lua_isnoneornil(L, clip);
  p->n.low = p->n.high = (double)NAN;
  if (p->n.clips) p->n.low = luaL_checknumber(L, clip), p->n.high = luaL_checknumber(L, clip + 1);
  p->n.gamma = read_beside(L, &p->gamma, GAMMA, "gamma", x, x->dtype);
  p->n.beta = read_beside(L, &p->beta, BETA, "beta", x, x->dtype);
  if (p->n.gamma && p->n.beta && !dw_same_shape(p->n.gamma, p->n.beta)) {
    const char *gamma = dwl_shape_text(L, p->n.gamma);
    dwl_error(L, "gamma (%s) and beta (%s) must have one shape", gamma, dwl_shape_text(L, p->n.beta));
  }
}

static const dw_tensor *moments_like(lua_State *L, const dw_tensor *x, const int64_t *shape) {
  const double nan = (double)NAN;
  const dw_tensor *t = dwl_newtensor(L, DW_FLOAT64, x->rank, shape);
  if (dw_numel(x) == 0) dwl_fill(L, t, &nan);
  return t;
}

// x, gamma, beta, axes (a list of them), epsilon, the bounds of y or nothing -> y, mean, var
static int normalize(lua_State *L) {
  struct problem p;
  dw_job j;
  lua_settop(L, 7);
  check_floats(L, X, "x");
  const dw_tensor *x = dwl_contiguous(L, X);
  read_problem(L, &p, x, 6);
  p.n.epsilon = dwl_checknumber(L, 5, "epsilon");
  int64_t shape[DW_MAX_RANK] = {0};
  for (int i = 0; i < x->rank; i++) shape[i] = x->shape[i];
  luaL_checktype(L, 4, LUA_TTABLE);
  for (int i = 1; i <= (int)lua_rawlen(L, 4); i++) {
    lua_rawgeti(L, 4, i);
    shape[dwl_checkaxis(L, lua_gettop(L), "axis", x->rank)] = 1;
    lua_pop(L, 1);
  }
  const dw_tensor *y = dwl_newtensor(L, x->dtype, x->rank, x->shape);
  p.n.mean = moments_like(L, x, shape), p.n.var = moments_like(L, x, shape);
  dwl_check(L, dw_norm_init(&j, dwl_context(L), y, &p.n));
  dwl_run(L, &j);
  return 3;
}

// The moments at `index` and after it.
static void read_moments(lua_State *L, struct problem *p, int index) {
  p->n.mean = read_beside(L, &p->mean, index, "mean", p->n.x, DW_FLOAT64);
  p->n.var = read_beside(L, &p->var, index + 1, "var", p->n.x, DW_FLOAT64);
  if (p->n.mean == NULL) dwl_expected(L, "mean", "a tensor", index);
  if (p->n.var == NULL) dwl_expected(L, "var", "a tensor", index + 1);
  if (dw_same_shape(p->n.mean, p->n.var)) return;
  const char *mean = dwl_shape_text(L, p->n.mean);
  dwl_error(L, "mean (%s) and var (%s) must have one shape", mean, dwl_shape_text(L, p->n.var));
}

// x, gamma, beta, mean, var (both float64), epsilon, the bounds of y or nothing -> y
static int normalize_by(lua_State *L) {
  struct problem p;
  dw_job j;
  lua_settop(L, 8);
  check_floats(L, X, "x");
  read_problem(L, &p, dwl_contiguous(L, X), 7);
  read_moments(L, &p, 4);
  p.n.epsilon = dwl_checknumber(L, 6, "epsilon");
  const dw_tensor *y = dwl_newtensor(L, p.n.x->dtype, p.n.x->rank, p.n.x->shape);
  dwl_check(L, dw_norm_apply_init(&j, dwl_context(L), y, &p.n));
  dwl_run(L, &j);
  return 1;
}

// Pushes a result of the parameters' shape; of no elements it is 0.
static const dw_tensor *param_gradient(lua_State *L, const struct problem *p) {
  const dw_tensor *like = p->n.gamma;
  const int64_t zero = 0;
  if (like == NULL) return lua_pushnil(L), NULL;
  const dw_tensor *t = dwl_newtensor(L, like->dtype, like->rank, like->shape);
  if (dw_numel(p->n.x) == 0) dwl_fill(L, t, &zero);
  return t;
}

// x, gamma, beta, mean, var, epsilon, g, whether the gradient of x is wanted, the bounds of y or nothing -> that
// gradient or nil; those of gamma and beta, in x's rank, or nil.
static int normalize_grad(lua_State *L) {
  struct problem p;
  dw_job j;
  lua_settop(L, 10);
  check_floats(L, X, "x");
  const dw_tensor *x = dwl_contiguous(L, X), *g = dwl_checktensor(L, 7, "g"), *dx = NULL;
  if (g->dtype != x->dtype) dwl_mixed(L, g->dtype, "g", x->dtype, "x");
  if (!dw_same_shape(g, x)) {
    const char *shape = dwl_shape_text(L, g);
    dwl_error(L, "g (%s) must have the shape of x (%s)", shape, dwl_shape_text(L, x));
  }
  g = dwl_contiguous(L, 7);
  read_problem(L, &p, x, 9);
  if (p.n.gamma == NULL && p.n.beta != NULL) dwl_expected(L, "gamma", "a tensor where there is a beta", GAMMA);
  read_moments(L, &p, 4);
  p.n.epsilon = dwl_checknumber(L, 6, "epsilon");
  if (lua_toboolean(L, 8)) dx = dwl_newtensor(L, x->dtype, x->rank, x->shape);
  if (dx == NULL) lua_pushnil(L);
  const dw_tensor *d_gamma = param_gradient(L, &p), *d_beta = param_gradient(L, &p);
  dwl_check(L, dw_norm_grad_init(&j, dwl_context(L), dx, d_gamma, d_beta, g, &p.n));
  dwl_run(L, &j);
  return 3;
}

const luaL_Reg dwl_norm_functions[] = {
    {"normalize", normalize}, {"normalize_by", normalize_by}, {"normalize_grad", normalize_grad}, {NULL, NULL}};
