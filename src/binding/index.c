// index.c: what the operators of tensors do: t[key], t(i, j, ...), t[key] = v, #t and ..; fields and methods by name.
// Invariant: while tapes record, views by index are made by the Lua layer, which notes them, and it is told of writes
// before they are made.
#include <string.h>

#include "binding.h"

static int64_t index_at(lua_State *L, int index, const char *what) {
  return dwl_checkinteger(L, index, what, INT64_MIN, INT64_MAX);
}

// Where a range may begin or end: Lua's index, or one past either end, for empty ranges.
static int64_t range_end(lua_State *L, int index, int at, const char *what, int64_t n, int axis) {
  lua_rawgeti(L, index, at);
  int64_t i = index_at(L, -1, what);
  lua_pop(L, 1);
  if (i == n + 1 || i == -n - 1) return i > 0 ? n : -1;
  return dwl_toindex(L, i, n, axis);
}

// {} all, {a} one, but the axis stays, {a, b} both included, {a, b, step}; a range that runs the wrong way is empty.
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

// ---- while tapes record -------------------------------------------------------------------------
// Views by index are made by functions of the Lua layer then, which note them; it is told of writes before they are
// made.

static const char recorder; // registry key: {function(t, key), function(t, indices...), function(t, value)}
enum { ON_INDEX = 1, ON_CALL, ON_WRITE };

// set_view_recorder(index, call, write): the functions that are called while tapes record.
static int set_view_recorder(lua_State *L) {
  lua_settop(L, ON_WRITE);
  lua_createtable(L, ON_WRITE, 0);
  for (int i = ON_INDEX; i <= ON_WRITE; i++) {
    luaL_checktype(L, i, LUA_TFUNCTION);
    lua_pushvalue(L, i);
    lua_rawseti(L, -2, i);
  }
  lua_rawsetp(L, LUA_REGISTRYINDEX, &recorder);
  return 0;
}

static int record_views(lua_State *L) { // whether they are called; allocates nothing
  dwl_getstate(L)->recording = lua_toboolean(L, 1);
  return 0;
}

static void push_recorder(lua_State *L, int which) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &recorder);
  lua_rawgeti(L, -1, which);
  lua_remove(L, -2);
}

// Calls it with all that is on the stack; it gives one result.
static int hand_on(lua_State *L, int which) {
  push_recorder(L, which);
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

// ---- metamethods --------------------------------------------------------------------------------

// A tensor as key is noted as the op that picks by it.
static inline int index_with(lua_State *L, bool recording) {
  dw_tensor *t = dwl_checktensor(L, 1, "self");
  int key = lua_type(L, 2);
  if (key == LUA_TSTRING) return push_field(L, t);
  if (recording && key != LUA_TUSERDATA && dwl_getstate(L)->recording) return hand_on(L, ON_INDEX);
  dw_tensor v = *t;
  switch (key) {
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
  return index_with(L, false);
}

static int tensor_index(lua_State *L) { return index_with(L, true); }

static int tensor_call(lua_State *L) {
  dw_tensor *t = dwl_checktensor(L, 1, "self"), v = *t;
  if (dwl_getstate(L)->recording) return hand_on(L, ON_CALL);
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
  if (dwl_getstate(L)->recording) {
    push_recorder(L, ON_WRITE);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 3);
    lua_call(L, 2, 0);
  }
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

const luaL_Reg dwl_index_functions[] = {
    {"index", plain_index}, {"set_view_recorder", set_view_recorder}, {"record_views", record_views}, {NULL, NULL}};

const luaL_Reg dwl_metamethods[] = {
    {"__index", tensor_index}, {"__newindex", tensor_newindex}, {"__call", tensor_call},
    {"__len", tensor_len},     {"__concat", tensor_concat},     {NULL, NULL},
};
