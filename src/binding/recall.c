// recall.c: recognises options that were read before, for lua/dwconv/args/recall.lua. A memory is a tree of tables: the
// values and names of options lead from its root from node to node, in the order in which `next` gives them, backwards.
// Invariant: a walk that does not grow allocates nothing, so it sees the options as they are at one moment; one that
// grows has taken all names and values before it does.
#include "binding.h"

enum { MEMORY = 1, GIVEN, GROW, NODE };
enum { MANY = 16, DEEPEST = 3, LONGEST = 40 }; // options; lists in lists; bytes of a string

// Whether a tree may keep the value on top as a key.
static bool is_plain(lua_State *L) {
  switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN:
    case LUA_TLIGHTUSERDATA: return true;
    case LUA_TNUMBER: return lua_rawequal(L, -1, -1); // no NaN
    case LUA_TSTRING: return lua_rawlen(L, -1) <= LONGEST;
    default: return false;
  }
}

// Makes a node after the node at NODE.
static bool grow_step(lua_State *L) {
  if (!is_plain(L)) return false;
  lua_newtable(L);
  lua_pushvalue(L, -2);
  lua_pushvalue(L, -2);
  lua_rawset(L, NODE);
  lua_replace(L, NODE);
  lua_pop(L, 1);
  return true;
}

// From the node at NODE to the one after the value on top, which is popped. A missing node is made only with `grow`.
static bool step(lua_State *L, bool grow) {
  if (grow) lua_pushvalue(L, -1);
  if (lua_rawget(L, NODE) != LUA_TTABLE) {
    lua_pop(L, 1);
    return grow && grow_step(L);
  }
  lua_replace(L, NODE);
  if (grow) lua_pop(L, 1);
  return true;
}

// The same for a value that may be a list: a mark that no script has leads on, then its length, then its items.
static bool follow(lua_State *L, bool grow, int depth) {
  static const char list;
  if (lua_type(L, -1) != LUA_TTABLE) return step(L, grow);
  lua_Unsigned n = lua_rawlen(L, -1);
  if (depth == DEEPEST || n > DW_MAX_RANK) return false;
  lua_pushlightuserdata(L, (void *)&list);
  if (!step(L, grow)) return false;
  lua_pushinteger(L, (lua_Integer)n);
  if (!step(L, grow)) return false;
  for (int i = 1; i <= (int)n; i++) {
    lua_rawgeti(L, -1, i);
    if (!follow(L, grow, depth + 1)) return false;
  }
  lua_pop(L, 1);
  return true;
}

// recall(memory, given, grow): the node to which a table of options leads. Nothing if there is no such node and the
// memory is not to grow, or if the table may hold what a tree does not keep.
static int recall(lua_State *L) {
  lua_settop(L, GROW);
  bool grow = lua_toboolean(L, GROW);
  luaL_checktype(L, MEMORY, LUA_TTABLE);
  if (lua_type(L, GIVEN) != LUA_TTABLE || lua_getmetatable(L, GIVEN)) return 0;
  luaL_checkstack(L, 2 * MANY + LUA_MINSTACK, NULL);
  lua_pushvalue(L, MEMORY);
  int n = 0;
  for (lua_pushnil(L); lua_next(L, GIVEN) != 0; n++) {
    if (n == MANY) return 0;
    lua_pushvalue(L, -2);
  }
  for (; n > 0; n--) {
    if (!follow(L, grow, 0) || !step(L, grow)) return 0;
  }
  return 1;
}

const luaL_Reg dwl_recall_functions[] = {{"recall", recall}, {NULL, NULL}};
