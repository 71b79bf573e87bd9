// table.c: tensors from nested Lua tables, and back. Tables are read raw: no metamethod of a script runs
// while a tensor is half filled.
#include "binding.h"

struct reader {
  lua_State *L;
  const char *argument;
  dw_tensor *t;
  int64_t read;            // elements and tables so far
  int64_t at[DW_MAX_RANK]; // indices of the element being read, for error texts
};

// Pushes "data[3][2]".
static const char *path(const struct reader *r, int depth) {
  lua_pushstring(r->L, r->argument);
  for (int i = 0; i < depth; i++) {
    lua_pushfstring(r->L, "%s[%I]", lua_tostring(r->L, -1), (LUAI_UACINT)r->at[i] + 1);
    lua_remove(r->L, -2);
  }
  return lua_tostring(r->L, -1);
}

// The shape along first elements; leaves the first leaf (or nil) on the stack.
static int measure(lua_State *L, int index, const char *argument, int64_t shape[DW_MAX_RANK]) {
  int rank = 0;
  lua_pushvalue(L, index);
  while (lua_type(L, -1) == LUA_TTABLE) {
    if (rank == DW_MAX_RANK) dwl_error(L, "%s is nested deeper than %d levels", argument, DW_MAX_RANK);
    shape[rank++] = (int64_t)lua_rawlen(L, -1);
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
  }
  return rank;
}

// Reads the value on top, which belongs at element `offset` and below, and pops it.
static void read_level(struct reader *r, int depth, int64_t offset) {
  lua_State *L = r->L;
  dw_tensor *t = r->t;
  luaL_checkstack(L, 8, NULL);
  dwl_poll(L, ++r->read);
  if (depth == t->rank) {
    char *e = (char *)t->data + offset * (int64_t)dw_dtype_size(t->dtype);
    int leaf = lua_gettop(L);
    if (!dwl_toelement(L, leaf, t->dtype, e)) dwl_checkelement(L, leaf, path(r, depth), t->dtype, e);
    lua_pop(L, 1);
    return;
  }
  if (lua_type(L, -1) != LUA_TTABLE || (int64_t)lua_rawlen(L, -1) != t->shape[depth]) {
    int value = lua_gettop(L);
    if (lua_type(L, value) != LUA_TTABLE) {
      dwl_expected(L, path(r, depth), lua_pushfstring(L, "a table of %I", (LUAI_UACINT)t->shape[depth]), value);
    }
    dwl_error(L, "%s has %I elements, but its neighbours have %I", path(r, depth), (LUAI_UACINT)lua_rawlen(L, value),
              (LUAI_UACINT)t->shape[depth]);
  }
  for (int64_t i = 0; i < t->shape[depth]; i++) {
    r->at[depth] = i;
    lua_rawgeti(L, -1, i + 1);
    read_level(r, depth + 1, offset + i * t->strides[depth]);
  }
  lua_pop(L, 1);
}

dw_tensor *dwl_fromtable(lua_State *L, int index, const char *argument, dw_dtype dtype, dw_dtype floats) {
  int64_t shape[DW_MAX_RANK];
  index = lua_absindex(L, index);
  int rank = measure(L, index, argument, shape);
  if (dtype == DW_DTYPES) dtype = lua_type(L, -1) == LUA_TBOOLEAN ? DW_BOOL : floats;
  lua_pop(L, 1);
  struct reader r = {.L = L, .argument = argument, .t = dwl_newtensor(L, dtype, rank, shape)};
  lua_pushvalue(L, index);
  read_level(&r, 0, 0);
  return r.t;
}

static int tensor(lua_State *L) { // data, dtype or nil, float dtype, what an error calls data
  lua_settop(L, 4);
  const char *argument = luaL_optstring(L, 4, "data");
  dw_dtype floats = dwl_checkdtype(L, 3, "floatx");
  dw_tensor *t = dwl_totensor(L, 1);
  dw_dtype dtype = !lua_isnil(L, 2) ? dwl_checkdtype(L, 2, "dtype") : t != NULL ? t->dtype : DW_DTYPES;
  if (t != NULL) {
    dw_tensor *copy = dwl_newtensor(L, dtype, t->rank, t->shape);
    dwl_cast(L, copy, t);
    return 1;
  }
  int type = lua_type(L, 1);
  if (type != LUA_TTABLE && type != LUA_TNUMBER && type != LUA_TBOOLEAN) {
    dwl_expected(L, argument, "a nested table, a number, a boolean or a tensor", 1);
  }
  if (type == LUA_TTABLE) dwl_refusefields(L, 1, argument);
  dwl_fromtable(L, 1, argument, dtype, floats);
  return 1;
}

// Adds what it pushes, elements and tables, to *pushed.
static void push_level(lua_State *L, const dw_tensor *t, int depth, const char *p, int64_t *pushed) {
  dwl_poll(L, ++*pushed);
  if (depth == t->rank) {
    dwl_pushelement(L, t->dtype, p);
    return;
  }
  luaL_checkstack(L, 4, NULL);
  int64_t n = t->shape[depth], step = t->strides[depth] * (int64_t)dw_dtype_size(t->dtype);
  lua_createtable(L, n < 1 << 24 ? (int)n : 0, 0);
  for (int64_t i = 0; i < n; i++) {
    push_level(L, t, depth + 1, p + i * step, pushed);
    lua_rawseti(L, -2, i + 1);
  }
}

static int to_table(lua_State *L) {
  enum { TABLE = 56, ELEMENT = 16 }; // bytes that Lua takes for each
  const dw_tensor *t = dwl_checktensor(L, 1, "self");
  int64_t pushed = 0;
  double tables = 1, bytes = 0; // of the levels above; in double, where nothing overflows
  for (int i = 0; i < t->rank; i++) {
    bytes += tables * TABLE;
    tables *= (double)t->shape[i];
    bytes += tables * ELEMENT;
  }
  dwl_checkmemory(L, bytes < 0x1p62 ? (int64_t)bytes : INT64_MAX);
  push_level(L, t, 0, t->data, &pushed);
  return 1;
}

const luaL_Reg dwl_table_functions[] = {{"tensor", tensor}, {NULL, NULL}};
const luaL_Reg dwl_table_methods[] = {{"to_table", to_table}, {NULL, NULL}};
