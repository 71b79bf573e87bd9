// arena.c: tensors that borrow their memory (memory.c), for lua/dwconv/grad/arena.lua, which knows when nobody needs
// one any more. Invariant: one whose block was taken back raises an error whenever it, or a view of it, is touched.
#include "binding.h"

// A tensor, also one whose payload was taken back; NULL for anything else.
static dwl_tensor *any_tensor(lua_State *L, int index) {
  dwl_tensor *u = lua_touserdata(L, index);
  if (u == NULL || lua_rawlen(L, index) < sizeof *u || !lua_getmetatable(L, index)) return NULL;
  bool same = lua_rawequal(L, -1, lua_upvalueindex(DWL_METATABLE));
  lua_pop(L, 1);
  return same ? u : NULL;
}

// borrower(t): the owner of t's numbers, if its payload is lent; nothing else.
static int borrower(lua_State *L) {
  lua_settop(L, 1);
  dwl_tensor *u = any_tensor(L, 1);
  if (u == NULL || !dwl_ownerof(u)->lent) return 0;
  if (u != dwl_ownerof(u)) dwl_pushowner(L, 1);
  return 1;
}

// take_back(t, free): the block of a borrower goes back to the free ones.
static int take_back(lua_State *L) {
  dwl_tensor *u = any_tensor(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  if (u == NULL || !u->lent || lua_getiuservalue(L, 1, 2) != LUA_TUSERDATA) return 0;
  dwl_takeback(L, 3, 2);
  lua_pushnil(L);
  lua_setiuservalue(L, 1, 2);
  u->lent = false, u->taken = true, u->t.data = NULL;
  return 0;
}

// is_taken(t): whether t's payload was taken back.
static int is_taken(lua_State *L) {
  dwl_tensor *u = any_tensor(L, 1);
  lua_pushboolean(L, u != NULL && dwl_ownerof(u)->taken);
  return 1;
}

// keep(t): t's payload is its own from now on, if it was lent.
static int keep(lua_State *L) {
  dwl_tensor *u = any_tensor(L, 1);
  if (u != NULL) dwl_ownerof(u)->lent = false;
  return 0;
}

const luaL_Reg dwl_arena_functions[] = {
    {"borrower", borrower}, {"take_back", take_back}, {"is_taken", is_taken}, {"keep", keep}, {NULL, NULL}};
