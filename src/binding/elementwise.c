// elementwise.c: makes a Lua function of an elementwise op: tensors and numbers in, broadcast as NumPy does, a tensor
// out, or written into the first operand. Numbers take the dtype of the tensors beside them.
#include <string.h>

#include "binding.h"

enum { DWL_OP = DWL_FUNCTION + 1, DWL_ARGUMENTS }; // upvalues: the op's number, then its arguments' names
enum { MOST = 3 };

struct call {
  lua_State *L;
  const dw_context *cx;
  int op, operands;
  const dw_tensor *x[MOST];
  dw_tensor numbers[MOST]; // what stands for a Lua number
  int64_t elements[MOST];
  dw_dtype dtype;
};

static const char *argument(lua_State *L, int i) { return lua_tostring(L, lua_upvalueindex(DWL_ARGUMENTS + i)); }

// The dtype of operand i, if a Lua value stood there.
static dw_dtype wanted(const struct call *c, int i) {
  return i == 0 && dw_elementwise_chooses(c->op) ? DW_BOOL : c->dtype;
}

static void read_tensors(struct call *c) {
  lua_State *L = c->L;
  int first = -1;
  for (int i = 0; i < c->operands; i++) {
    c->x[i] = dwl_totensor(L, i + 1);
    if (c->x[i] == NULL || (i == 0 && dw_elementwise_chooses(c->op))) continue;
    if (first >= 0 && c->x[i]->dtype != c->dtype) {
      dwl_mixed(L, c->dtype, argument(L, first), c->x[i]->dtype, argument(L, i));
    }
    if (first < 0) first = i, c->dtype = c->x[i]->dtype;
  }
  if (first >= 0) return;
  int at = c->operands > 1 && dw_elementwise_chooses(c->op) ? 2 : 1;
  for (int i = at; i <= c->operands; i++) {
    int type = lua_type(L, i);
    if (type != LUA_TNUMBER && type != LUA_TBOOLEAN) at = i;
  }
  dwl_expected(L, argument(L, at - 1), "a tensor", at);
}

static void read_numbers(struct call *c) {
  lua_State *L = c->L;
  for (int i = 0; i < c->operands; i++) {
    if (c->x[i] != NULL) {
      bool good = c->x[i]->dtype == wanted(c, i);
      if (!good) dwl_expected(L, argument(L, i), "a tensor of bool", i + 1);
      continue;
    }
    int type = lua_type(L, i + 1);
    if (type != LUA_TNUMBER && type != LUA_TBOOLEAN) dwl_expected(L, argument(L, i), "a tensor or a number", i + 1);
    dwl_checkelement(L, i + 1, argument(L, i), wanted(c, i), &c->elements[i]);
    c->numbers[i] = (dw_tensor){.data = &c->elements[i], .dtype = wanted(c, i)};
    c->x[i] = &c->numbers[i];
  }
}

static void refuse_shapes(struct call *c) {
  lua_State *L = c->L;
  lua_pushliteral(L, "");
  for (int i = 0; i < c->operands; i++) {
    const char *shape = dwl_shape_text(L, c->x[i]), *between = i + 1 < c->operands ? ", " : "";
    lua_pushfstring(L, "%s%s %s%s", lua_tostring(L, -2), argument(L, i), shape, between);
  }
  dwl_error(L, "the shapes do not broadcast: %s", lua_tostring(L, -1));
}

static void refuse_dtype(struct call *c) {
  lua_State *L = c->L;
  lua_pushliteral(L, "");
  for (int d = 0; d < DW_DTYPES; d++) {
    if (!dw_elementwise_takes(c->cx, c->op, (dw_dtype)d)) continue;
    const char *before = lua_tostring(L, -1);
    lua_pushfstring(L, "%s%s%s", before, before[0] == 0 ? "" : ", ", dw_dtype_name((dw_dtype)d));
  }
  dwl_error(L, "%s must be of dtype %s, got %s", argument(L, 0), lua_tostring(L, -1), dw_dtype_name(c->dtype));
}

// Checks divisors and exponents, so it comes after the last allocation, in which a finaliser may write into them. An
// empty result has no wrong ones.
static void check(struct call *c, const dw_tensor *y) {
  dw_job j;
  if (!dw_elementwise_takes(c->cx, c->op, c->dtype)) refuse_dtype(c);
  if (dw_elementwise_check_init(&j, c->cx, c->x, c->op) && dw_numel(y) > 0) dwl_run(c->L, &j);
}

// The rest is written before it is read; clearing it would take longer than a short op does.
static void start(struct call *c, lua_State *L) {
  c->L = L;
  c->cx = dwl_context(L);
  c->op = (int)lua_tointeger(L, lua_upvalueindex(DWL_OP));
  c->operands = dw_elementwise_operands(c->op);
  lua_settop(L, c->operands);
}

// The operands, and the shape to which they stretch.
static int read_operands(struct call *c, int64_t shape[DW_MAX_RANK]) {
  int rank = 0;
  read_tensors(c);
  read_numbers(c);
  for (int i = 0; i < c->operands; i++) {
    if (!dw_broadcast_shape(&rank, shape, c->x[i])) refuse_shapes(c);
  }
  return rank;
}

static void compute(struct call *c, const dw_tensor *y) {
  dw_tensor stretched[MOST];
  const dw_tensor *x[MOST];
  for (int i = 0; i < c->operands; i++) {
    x[i] = c->x[i];
    if (dw_same_shape(x[i], y)) continue;
    dw_broadcast_view(&stretched[i], x[i], y->rank, y->shape);
    x[i] = &stretched[i];
  }
  dw_job j;
  dw_elementwise_init(&j, c->cx, y, x, c->op);
  dwl_run(c->L, &j);
}

// A table in the place of a tensor or number may know what to do with tensors, as a composed op does: then it is asked,
// with the op's name and both operands, and gives the result, or nothing.
static bool ask_operand(const struct call *c) {
  lua_State *L = c->L;
  if (luaL_getmetafield(L, 2, "__with_tensor") == LUA_TFUNCTION) {
    lua_pushvalue(L, lua_upvalueindex(DWL_NAME));
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_call(L, 3, 1);
    if (!lua_isnil(L, -1)) return true;
  }
  lua_settop(L, c->operands);
  return false;
}

static int into_new(lua_State *L) {
  struct call c;
  start(&c, L);
  if (c.operands == 2 && lua_type(L, 2) == LUA_TTABLE && ask_operand(&c)) return 1;
  int64_t shape[DW_MAX_RANK];
  int rank = read_operands(&c, shape);
  dw_tensor *y = dwl_newtensor(L, dw_elementwise_result(c.op, c.dtype), rank, shape);
  check(&c, y);
  compute(&c, y);
  return 1;
}

// The first operand is written, so the others must not stretch it; one that shares its numbers is copied first.
static int into_first(lua_State *L) {
  struct call c;
  start(&c, L);
  dw_tensor y = {.rank = 0};
  dwl_checktensor(L, 1, argument(L, 0));
  y.rank = read_operands(&c, y.shape);
  dwl_checkwritable(L, 1, argument(L, 0));
  if (!dw_same_shape(&y, c.x[0])) {
    const char *shape = dwl_shape_text(L, c.x[0]);
    dwl_error(L, "%s has shape %s, but the result would have %s", argument(L, 0), shape, dwl_shape_text(L, &y));
  }
  const dwl_tensor *first = lua_touserdata(L, 1);
  for (int i = 1; i < c.operands; i++) {
    const dwl_tensor *u = lua_touserdata(L, i + 1);
    if (u == NULL || u->writes != first->writes) continue;
    dw_tensor *copy = dwl_newtensor(L, u->t.dtype, u->t.rank, u->t.shape);
    dwl_copy(L, copy, c.x[i]);
    c.x[i] = copy;
  }
  check(&c, c.x[0]);
  dwl_wrote(L, 1);
  compute(&c, c.x[0]);
  lua_settop(L, 1);
  return 1;
}

// Whole numbers become floats first.
static int into_float(lua_State *L) {
  struct call c;
  start(&c, L);
  read_tensors(&c);
  for (int i = 0; i < c.operands && !dw_dtype_is_float(c.dtype) && c.dtype != DW_BOOL; i++) {
    if (dwl_totensor(L, i + 1) == NULL) continue;
    dw_tensor *cast = dwl_newtensor(L, dwl_getstate(L)->floatx, c.x[i]->rank, c.x[i]->shape);
    dwl_cast(L, cast, c.x[i]);
    lua_replace(L, i + 1);
  }
  return into_new(L);
}

// Computes nothing, but refuses the operands that into_new would refuse.
static int check_operands(lua_State *L) {
  struct call c;
  start(&c, L);
  dw_tensor y = {.rank = 0};
  y.rank = read_operands(&c, y.shape);
  check(&c, &y);
  return 0;
}

// elementwise(op, kind, arguments' names...): the function that computes the op listed as `op`.
static int elementwise(lua_State *L) {
  static const char *const names[] = {"new", "first", "float", "check", NULL};
  static const luaL_Reg kinds[] = {
      {"new", into_new}, {"first", into_first}, {"float", into_float}, {"check", check_operands}};
  int op = dw_elementwise_find(luaL_checkstring(L, 1)), kind = luaL_checkoption(L, 2, NULL, names);
  if (op < 0) dwl_error(L, "there is no kernel \"%s\"", lua_tostring(L, 1));
  int n = dw_elementwise_operands(op), given = lua_gettop(L) - 2;
  if (given != n) dwl_error(L, "\"%s\" has %d operands, not %d", lua_tostring(L, 1), n, given);
  for (int i = 0; i < n; i++) luaL_checkstring(L, 3 + i);
  bool alike = dw_elementwise_result(op, DW_FLOAT32) == DW_FLOAT32 && !dw_elementwise_chooses(op);
  if (kind == 1 && !alike) dwl_error(L, "\"%s\" cannot write into its first operand", lua_tostring(L, 1));
  dwl_pushupvalues(L, &kinds[kind], 1);
  lua_pushinteger(L, op);
  for (int i = 0; i < n; i++) lua_pushvalue(L, 3 + i);
  dwl_pushclosure(L, 1 + n);
  return 1;
}

const luaL_Reg dwl_elementwise_functions[] = {{"elementwise", elementwise}, {NULL, NULL}};
