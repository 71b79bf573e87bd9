// tape.c: what the tape asks about tensors, in one call for all operands of an op, as it asks for every op.
#include "binding.h"

// track(result, arguments...): for each how often its numbers were written so far, false for what is no tensor; but
// nothing at all unless the result is a tensor of floats, as nothing else has a gradient.
static int track(lua_State *L) {
  int n = lua_gettop(L);
  const dw_tensor *y = dwl_totensor(L, 1);
  if (y == NULL || !dw_dtype_is_float(y->dtype)) return 0;
  luaL_checkstack(L, n, NULL);
  for (int i = 1; i <= n; i++) {
    if (dwl_totensor(L, i) != NULL) {
      lua_pushinteger(L, (lua_Integer) * ((dwl_tensor *)lua_touserdata(L, i))->writes);
    } else {
      lua_pushboolean(L, 0);
    }
  }
  return n;
}

// ghost(value, bytes): what a tape keeps of an argument whose numbers no gradient reads: of a tensor of more than so
// many bytes {shape =, dtype =}, of others themselves.
static int ghost(lua_State *L) {
  const dw_tensor *t = dwl_totensor(L, 1);
  int64_t most = dwl_checkinteger(L, 2, "bytes", -1, INT64_MAX);
  lua_settop(L, 1);
  const dwl_tensor *u = (const dwl_tensor *)t;
  bool owns = t != NULL && u->writes == &u->own_writes; // a small view may keep a large owner alive
  if (t == NULL || (owns && dw_numel(t) * (int64_t)dw_dtype_size(t->dtype) <= most)) return 1;
  lua_createtable(L, 0, 2);
  dwl_pushshape(L, t);
  lua_setfield(L, -2, "shape");
  lua_pushstring(L, dw_dtype_name(t->dtype));
  lua_setfield(L, -2, "dtype");
  return 1;
}

const luaL_Reg dwl_tape_functions[] = {{"track", track}, {"ghost", ghost}, {NULL, NULL}};
