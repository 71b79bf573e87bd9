// shape.c: shapes as scripts see them: tables of sizes that print as "2x3x3x8", compare by their sizes and give the
// last size for -1. Called where a shape is pushed; other tables of sizes are as good as arguments.
#include "binding.h"

static const char SHAPE[] = "dwconv.Shape"; // its metatable's name

void dwl_pushshape(lua_State *L, const dw_tensor *t) {
  lua_createtable(L, t->rank, 0);
  for (int i = 0; i < t->rank; i++) {
    lua_pushinteger(L, t->shape[i]);
    lua_rawseti(L, -2, i + 1);
  }
  luaL_setmetatable(L, SHAPE);
}

// Only for what the table does not hold: -1 is the last size; beyond the sizes there is nothing, so that ipairs ends.
static int shape_index(lua_State *L) {
  lua_Integer i = lua_isinteger(L, 2) ? lua_tointeger(L, 2) : 1;
  if (i == 0) return luaL_error(L, "shape: index 0: axes count from 1, and -1 is the last");
  if (i > 0 || lua_type(L, 1) != LUA_TTABLE) return 0;
  lua_rawgeti(L, 1, (lua_Integer)lua_rawlen(L, 1) + 1 + i);
  return 1;
}

static int shape_tostring(lua_State *L) {
  luaL_Buffer b;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer n = (lua_Integer)lua_rawlen(L, 1);
  luaL_buffinit(L, &b);
  if (n == 0) luaL_addstring(&b, "()");
  for (lua_Integer i = 1; i <= n; i++) {
    if (i > 1) luaL_addchar(&b, 'x');
    lua_rawgeti(L, 1, i);
    luaL_tolstring(L, -1, NULL);
    lua_remove(L, -2);
    luaL_addvalue(&b);
  }
  luaL_pushresult(&b);
  return 1;
}

static int shape_eq(lua_State *L) {
  bool same = lua_type(L, 1) == LUA_TTABLE && lua_type(L, 2) == LUA_TTABLE && lua_rawlen(L, 1) == lua_rawlen(L, 2);
  for (lua_Integer i = 1; same && i <= (lua_Integer)lua_rawlen(L, 1); i++) {
    lua_rawgeti(L, 1, i);
    lua_rawgeti(L, 2, i);
    same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
  }
  lua_pushboolean(L, same);
  return 1;
}

void dwl_openshape(lua_State *L) {
  static const luaL_Reg metamethods[] = {
      {"__index", shape_index}, {"__tostring", shape_tostring}, {"__eq", shape_eq}, {NULL, NULL}};
  luaL_newmetatable(L, SHAPE);
  luaL_setfuncs(L, metamethods, 0);
  lua_pop(L, 1);
}
