// lend.c: blocks of memory that large tensors borrow while a step of training runs, and that the next ones get when
// they are given back, so that a step allocates nothing that the one before did not. Called by
// lua/dwconv/grad/arena.lua, which knows when nobody needs a tensor any more. Invariant: a block belongs to one tensor
// at a time; one whose block was taken back raises an error whenever it, or a view of it, is touched.
#include "binding.h"

#ifdef DW_SANITIZE
#include <sanitizer/asan_interface.h>
#endif

enum { FREE = 1, LOG };   // of the table below
static const char lender; // registry key: {the free blocks by size, the tensors that have borrowed, in order}

static void guard(void *block, size_t bytes) {
#if defined DW_SANITIZE && defined __SANITIZE_ADDRESS__
  ASAN_POISON_MEMORY_REGION(block, bytes);
#else
  (void)block, (void)bytes;
#endif
}

// Pushes the list of free blocks of a size; the table of all is at `index`.
static void push_list(lua_State *L, int index, size_t bytes) {
  if (lua_rawgeti(L, index, (lua_Integer)bytes) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_rawseti(L, index, (lua_Integer)bytes);
}

char *dwl_lend(lua_State *L, size_t bytes) {
  luaL_checkstack(L, 8, NULL);
  int tensor = lua_gettop(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &lender);
  lua_rawgeti(L, tensor + 1, FREE);
  push_list(L, tensor + 2, bytes);
  lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
  if (n > 0) {
    lua_rawgeti(L, -1, n);
    lua_pushnil(L);
    lua_rawseti(L, -3, n);
  } else {
    dwl_checkmemory(L, (int64_t)bytes);
    guard(lua_newuserdatauv(L, bytes, 0), bytes);
  }
  char *block = lua_touserdata(L, -1);
  lua_setiuservalue(L, tensor, 2);
  lua_rawgeti(L, tensor + 1, LOG);
  lua_pushvalue(L, tensor);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  lua_settop(L, tensor);
  return block;
}

// The scratch of a job: one block, at 0 in the table of free ones, for all jobs, as large as the largest wants.
void *dwl_lendscratch(lua_State *L, size_t bytes) {
  luaL_checkstack(L, 6, NULL);
  int top = lua_gettop(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &lender);
  lua_rawgeti(L, top + 1, FREE);
  push_list(L, top + 2, 0);
  lua_rawgeti(L, -1, 1);
  if (lua_isnil(L, -1) || lua_rawlen(L, -1) < bytes + DWL_LINE) {
    lua_pop(L, 1);
    dwl_scratch(L, bytes);
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, 1);
  }
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
  return dwl_nextline(lua_touserdata(L, top + 1));
}

// lend(free, log): from now on large new tensors borrow from `free`, and are appended to `log`; lend() ends it.
static int lend(lua_State *L) {
  bool on = lua_istable(L, 1) && lua_istable(L, 2);
  lua_settop(L, 2);
  if (on) {
    lua_createtable(L, 2, 0);
    for (int i = FREE; i <= LOG; i++) {
      lua_pushvalue(L, i);
      lua_rawseti(L, -2, i);
    }
  } else {
    lua_pushnil(L);
  }
  lua_rawsetp(L, LUA_REGISTRYINDEX, &lender);
  dwl_getstate(L)->lending = on;
  return 0;
}

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
  size_t bytes = lua_rawlen(L, 3);
  guard(lua_touserdata(L, 3), bytes);
  push_list(L, 2, bytes);
  lua_pushvalue(L, 3);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
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

const luaL_Reg dwl_lend_functions[] = {{"lend", lend},         {"borrower", borrower}, {"take_back", take_back},
                                       {"is_taken", is_taken}, {"keep", keep},         {NULL, NULL}};
