// tape.c: what the tape asks about tensors, in one call for all operands of an op, as it asks for every op.
#include "binding.h"

// Whether a tape had better keep a tensor than describe it. A small view may keep a large owner alive.
static bool is_small(const dwl_tensor *u, int64_t most) {
  return u->writes == &u->own_writes && dw_numel(&u->t) * (int64_t)dw_dtype_size(u->t.dtype) <= most;
}

// track(bytes, result, arguments...): whether all of them can be kept as they are, that is tensors of at most so many
// bytes and no tables; then for each how often its numbers were written so far, false for what is no tensor. Nothing at
// all unless the result is a tensor of floats, as nothing else has a gradient.
static int track(lua_State *L) {
  int n = lua_gettop(L);
  int64_t most = lua_tointeger(L, 1);
  const dw_tensor *y = dwl_totensor(L, 2);
  bool small = true;
  if (y == NULL || !dw_dtype_is_float(y->dtype)) return 0;
  luaL_checkstack(L, n + 4, NULL);
  lua_pushnil(L); // `small`, later
  for (int i = 2; i <= n; i++) {
    dwl_tensor *u = (dwl_tensor *)dwl_totensor(L, i);
    if (u != NULL) {
      small = small && is_small(u, most);
      lua_pushinteger(L, (lua_Integer)*u->writes);
    } else {
      small = small && lua_type(L, i) != LUA_TTABLE;
      lua_pushboolean(L, 0);
    }
  }
  lua_pushboolean(L, small);
  lua_replace(L, n + 1);
  return n;
}

// ghost(value, bytes): what a tape keeps of an argument whose numbers no gradient reads: of a tensor of more than so
// many bytes {shape =, dtype =}, of others themselves.
static int ghost(lua_State *L) {
  const dw_tensor *t = dwl_totensor(L, 1);
  int64_t most = dwl_checkinteger(L, 2, "bytes", -1, INT64_MAX);
  lua_settop(L, 1);
  if (t == NULL || is_small((const dwl_tensor *)t, most)) return 1;
  lua_createtable(L, 0, 2);
  dwl_pushshape(L, t);
  lua_setfield(L, -2, "shape");
  lua_pushstring(L, dw_dtype_name(t->dtype));
  lua_setfield(L, -2, "dtype");
  return 1;
}

// owner(t): the tensor that holds t's numbers: itself, unless it is a view.
static int owner(lua_State *L) {
  dwl_checktensor(L, 1, "x");
  lua_settop(L, 1);
  if (lua_getiuservalue(L, 1, 1) != LUA_TUSERDATA) lua_settop(L, 1);
  return 1;
}

const luaL_Reg dwl_tape_functions[] = {{"track", track}, {"ghost", ghost}, {"owner", owner}, {NULL, NULL}};
