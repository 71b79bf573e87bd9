// arguments.c: what Lua passes, checked and turned into C, and elements turned into Lua values. Called by every room
// of the binding. Invariant: numeric strings are refused, no whole number is rounded or wrapped, and an error
// names the argument, what was expected and what came.
#include <math.h>
#include <string.h>

#include "binding.h"

static const char *push_shown(lua_State *L, int index, bool inner);

// "{2, {1, 2}, "a", ...}": four items at most, and at most two levels of tables.
static const char *push_shown_table(lua_State *L, int index, bool inner) {
  enum { SHOWN = 4 };
  lua_Unsigned n = lua_rawlen(L, index);
  if (n == 0) return lua_pushliteral(L, "a table");
  luaL_checkstack(L, 8, NULL);
  lua_pushliteral(L, "{");
  int text = lua_gettop(L);
  for (lua_Unsigned i = 1; i <= SHOWN && i <= n; i++) {
    lua_rawgeti(L, index, (lua_Integer)i);
    if (inner && lua_type(L, -1) == LUA_TTABLE) {
      lua_pushliteral(L, "{...}");
    } else {
      push_shown(L, text + 1, true);
    }
    lua_replace(L, text + 1);
    lua_settop(L, text + 1);
    lua_pushstring(L, i == n ? "}" : i < SHOWN ? ", " : ", ...}");
    lua_concat(L, 3);
  }
  return lua_tostring(L, -1);
}

static const char *push_shown(lua_State *L, int index, bool inner) {
  enum { SHOWN = 40 };
  const dw_tensor *t = dwl_totensor(L, index);
  size_t n;
  if (t != NULL) {
    const char *name = dw_dtype_name(t->dtype);
    return lua_pushfstring(L, "%s %s tensor %s", *name == 'i' ? "an" : "a", name, dwl_shape_text(L, t));
  }
  switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TNONE: return lua_pushliteral(L, "nil");
    case LUA_TNUMBER:
      if (!lua_rawequal(L, index, index)) return lua_pushliteral(L, "NaN");
      return luaL_tolstring(L, index, NULL);
    case LUA_TBOOLEAN: return luaL_tolstring(L, index, NULL);
    case LUA_TSTRING: {
      const char *s = lua_tolstring(L, index, &n);
      if (n > SHOWN) return lua_pushfstring(L, "a string of %I bytes", (LUAI_UACINT)n);
      return lua_pushfstring(L, "\"%s\"", s);
    }
    case LUA_TTABLE: return push_shown_table(L, index, inner);
    default: return lua_pushfstring(L, "a %s", luaL_typename(L, index));
  }
}

const char *dwl_got(lua_State *L, int index) { return push_shown(L, lua_absindex(L, index), false); }

int dwl_expected(lua_State *L, const char *argument, const char *expected, int index) {
  dwl_error(L, "%s must be %s, got %s", argument, expected, dwl_got(L, index));
}

dw_tensor *dwl_checktensor(lua_State *L, int index, const char *argument) {
  dw_tensor *t = dwl_totensor(L, index);
  if (t == NULL) dwl_expected(L, argument, "a tensor", index);
  return t;
}

int dwl_mixed(lua_State *L, dw_dtype a, const char *name_a, dw_dtype b, const char *name_b) {
  dwl_error(L, "%s is %s but %s is %s; convert one with astype", name_a, dw_dtype_name(a), name_b, dw_dtype_name(b));
}

// A whole number that is a Lua number: numeric strings are refused.
static bool to_integer(lua_State *L, int index, int64_t *value) {
  int exact;
  *value = lua_type(L, index) == LUA_TNUMBER ? lua_tointegerx(L, index, &exact) : (exact = 0);
  return exact != 0;
}

// The absolute index, made nil where nothing was passed, so that texts pushed later do not land there.
static int hold(lua_State *L, int index) {
  index = lua_absindex(L, index);
  if (index > lua_gettop(L)) lua_settop(L, index);
  return index;
}

int64_t dwl_checkinteger(lua_State *L, int index, const char *argument, int64_t least, int64_t most) {
  int64_t i;
  index = hold(L, index);
  if (!to_integer(L, index, &i) || i < least || i > most) {
    const char *range = least == INT64_MIN ? "a whole number"
                        : most == INT64_MAX
                            ? lua_pushfstring(L, "a whole number of at least %I", (LUAI_UACINT)least)
                            : lua_pushfstring(L, "a whole number from %I to %I", (LUAI_UACINT)least, (LUAI_UACINT)most);
    dwl_expected(L, argument, range, index);
  }
  return i;
}

double dwl_checknumber(lua_State *L, int index, const char *argument) {
  if (lua_type(L, index) != LUA_TNUMBER) dwl_expected(L, argument, "a number", index);
  return lua_tonumber(L, index);
}

double dwl_checkfinite(lua_State *L, int index, const char *argument) {
  if (lua_type(L, index) != LUA_TNUMBER || !isfinite(lua_tonumber(L, index))) {
    dwl_expected(L, argument, "a finite number", index);
  }
  return lua_tonumber(L, index);
}

dw_dtype dwl_checkdtype(lua_State *L, int index, const char *argument) {
  dw_dtype d;
  if (lua_type(L, index) != LUA_TSTRING || !dw_dtype_find(&d, lua_tostring(L, index))) {
    dwl_expected(L, argument, "\"float32\", \"float64\", \"int32\", \"int64\", \"uint8\" or \"bool\"", index);
  }
  return d;
}

// A name among the numbers is an option in the wrong table. A walk over a table meets names after the last number.
void dwl_refusefields(lua_State *L, int index, const char *argument) {
  lua_Integer n = (lua_Integer)lua_rawlen(L, index);
  if (n > 0) lua_pushinteger(L, n);
  if (n == 0) lua_pushnil(L);
  for (int64_t i = 0; lua_next(L, index) != 0; lua_pop(L, 1), dwl_poll(L, ++i)) {
    if (lua_type(L, -2) != LUA_TSTRING) continue;
    dwl_error(L, "%s has a field \"%s\"; options go into a table of their own, after it", argument,
              lua_tostring(L, -2));
  }
}

int dwl_checkshape(lua_State *L, int index, const char *argument, int64_t shape[DW_MAX_RANK]) {
  if (lua_type(L, index) != LUA_TTABLE) dwl_expected(L, argument, "a table of sizes", index);
  dwl_refusefields(L, index, argument);
  lua_Unsigned rank = lua_rawlen(L, index);
  if (rank > DW_MAX_RANK) {
    dwl_error(L, "%s must have at most %d axes, got %I", argument, DW_MAX_RANK, (LUAI_UACINT)rank);
  }
  for (int i = 0; i < (int)rank; i++) {
    lua_rawgeti(L, index, i + 1);
    if (!to_integer(L, -1, &shape[i]) || shape[i] < 0) {
      int size = lua_gettop(L);
      dwl_expected(L, lua_pushfstring(L, "%s[%d]", argument, i + 1), "a whole number of at least 0", size);
    }
    lua_pop(L, 1);
  }
  return (int)rank;
}

int dwl_checkaxis(lua_State *L, int index, const char *argument, int rank) {
  int64_t i;
  index = hold(L, index);
  if (!to_integer(L, index, &i) || i == 0)
    dwl_expected(L, argument, "an axis, counting from 1 (-1 is the last)", index);
  if (i >= 1 && i <= rank) return (int)i - 1;
  if (i <= -1 && i >= -rank) return (int)(i + rank);
  if (rank == 0) dwl_error(L, "%s must be an axis, but a tensor of rank 0 has none", argument);
  dwl_expected(L, argument, lua_pushfstring(L, "an axis from 1 to %d or from -%d to -1", rank, rank), index);
}

int64_t dwl_toindex(lua_State *L, int64_t i, int64_t n, int axis) {
  if (i >= 1 && i <= n) return i - 1;
  if (i <= -1 && i >= -n) return i + n;
  if (i == 0) dwl_error(L, "index 0 on axis %d: counting starts at 1", axis + 1);
  dwl_error(L, "index %I is outside axis %d of size %I", (LUAI_UACINT)i, axis + 1, (LUAI_UACINT)n);
}

// ---- elements -----------------------------------------------------------------------------------

void dwl_pushelement(lua_State *L, dw_dtype dtype, const void *e) {
  switch (dtype) {
    case DW_FLOAT32: lua_pushnumber(L, (lua_Number) * (const float *)e); break;
    case DW_FLOAT64: lua_pushnumber(L, *(const double *)e); break;
    case DW_INT32: lua_pushinteger(L, *(const int32_t *)e); break;
    case DW_INT64: lua_pushinteger(L, *(const int64_t *)e); break;
    case DW_UINT8: lua_pushinteger(L, *(const uint8_t *)e); break;
    default: lua_pushboolean(L, *(const uint8_t *)e); break;
  }
}

bool dwl_toelement(lua_State *L, int index, dw_dtype dtype, void *e) {
  int64_t i;
  if (dtype == DW_BOOL) {
    if (lua_type(L, index) != LUA_TBOOLEAN) return false;
    *(uint8_t *)e = (uint8_t)lua_toboolean(L, index);
    return true;
  }
  if (lua_type(L, index) != LUA_TNUMBER) return false;
  if (dtype == DW_FLOAT32) {
    *(float *)e = (float)lua_tonumber(L, index);
    return true;
  }
  if (dtype == DW_FLOAT64) {
    *(double *)e = lua_tonumber(L, index);
    return true;
  }
  if (!to_integer(L, index, &i)) return false;
  if (dtype == DW_INT64) {
    *(int64_t *)e = i;
    return true;
  }
  if (dtype == DW_INT32) {
    *(int32_t *)e = (int32_t)i;
    return i >= INT32_MIN && i <= INT32_MAX;
  }
  *(uint8_t *)e = (uint8_t)i;
  return i >= 0 && i <= UINT8_MAX;
}

void dwl_checkelement(lua_State *L, int index, const char *argument, dw_dtype dtype, void *e) {
  static const char *const kinds[DW_DTYPES] = {
      [DW_FLOAT32] = "a number",
      [DW_FLOAT64] = "a number",
      [DW_INT32] = "a whole number that fits into int32",
      [DW_INT64] = "a whole number",
      [DW_UINT8] = "a whole number from 0 to 255",
      [DW_BOOL] = "a boolean",
  };
  if (!dwl_toelement(L, index, dtype, e)) dwl_expected(L, argument, kinds[dtype], index);
}

// ---- for the Lua layer, in the same words ----------------------------------------------------------

// show(value): how an error text shows a value: "SAME", 2.5, {2, 2}, a float32 tensor 3x3.
static int show(lua_State *L) {
  lua_settop(L, 1);
  dwl_got(L, 1);
  return 1;
}

// fits(x, least, most, dtypes...): whether x is a tensor of a rank from `least` to `most`, and of one of the dtypes if
// any are named.
static int fits(lua_State *L) {
  const dw_tensor *t = dwl_totensor(L, 1);
  bool good = t != NULL && t->rank >= lua_tointeger(L, 2) && t->rank <= lua_tointeger(L, 3);
  bool named = lua_gettop(L) < 4;
  for (int i = 4; good && !named && i <= lua_gettop(L); i++) {
    const char *name = lua_tostring(L, i);
    named = name != NULL && strcmp(name, dw_dtype_name(t->dtype)) == 0;
  }
  lua_pushboolean(L, good && named);
  return 1;
}

// check_axis(axis, argument, rank): the axis from 1 on, or an error of the argument.
static int check_axis(lua_State *L) {
  const char *argument = luaL_checkstring(L, 2);
  int rank = (int)luaL_checkinteger(L, 3);
  lua_pushinteger(L, dwl_checkaxis(L, 1, argument, rank) + 1);
  return 1;
}

// check_dtypes(a, its argument, b, its argument): an error unless the two tensors are of one dtype.
static int check_dtypes(lua_State *L) {
  const char *name_a = luaL_checkstring(L, 2), *name_b = luaL_checkstring(L, 4);
  const dw_tensor *a = dwl_checktensor(L, 1, name_a), *b = dwl_checktensor(L, 3, name_b);
  if (a->dtype != b->dtype) dwl_mixed(L, a->dtype, name_a, b->dtype, name_b);
  return 0;
}

const luaL_Reg dwl_arguments_functions[] = {
    {"show", show}, {"fits", fits}, {"check_axis", check_axis}, {"check_dtypes", check_dtypes}, {NULL, NULL}};
