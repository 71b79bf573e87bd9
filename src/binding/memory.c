// memory.c: how much memory a state may take, and blocks of it: those that Lua's collector frees, and those that large
// tensors borrow while a step of training runs, and that the next ones get when they are given back. Called by
// tensor.c, run.c and arena.c. Invariant: the collector sees every byte; a lent block belongs to one tensor at a time.
#include <math.h>

#include "binding.h"

#ifdef DW_SANITIZE
#include <sanitizer/asan_interface.h>
#endif

// ---- limits ---------------------------------------------------------------------------------------

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t held(lua_State *L) { return (int64_t)lua_gc(L, LUA_GCCOUNT) * 1024 + lua_gc(L, LUA_GCCOUNTB); }

// What the machine has left when asked, less a reserve for everybody else; memory that is allocated but not written yet
// still counts as left there. A little is always allowed, so that small scripts run on a machine that is full.
int64_t dwl_memorylimit(lua_State *L) {
  enum { RESERVE = 16, LITTLE = 1 << 26 }; // a part of all; bytes
  const dwl_state *s = dwl_getstate(L);
  if (s->memory > 0) return s->memory;
  dw_memory m = dw_look_at_memory();
  int64_t reserve = m.limit / RESERVE, more = m.available - s->fresh - reserve, now = held(L);
  return most(LITTLE, least(m.limit - reserve, more < INT64_MAX - now ? now + more : INT64_MAX));
}

// Refuses what the machine does not have, before the kernel kills the process. The machine is asked when a request is
// large, or much was allocated since it was asked last.
void dwl_checkmemory(lua_State *L, int64_t bytes) {
  enum { MUCH = 1 << 26 };
  dwl_state *s = dwl_getstate(L);
  if (bytes < MUCH && held(L) < s->checked - bytes) return;
  int64_t limit = dwl_memorylimit(L);
  if (bytes <= limit && held(L) > limit - bytes) {
    lua_gc(L, LUA_GCCOLLECT);
    limit = dwl_memorylimit(L);
  }
  if (bytes > limit || held(L) > limit - bytes) {
    dwl_error(L, "not enough memory: %f MiB more than the %f MiB in use would pass the limit of %f MiB",
              ceil((double)bytes / 0x1p20), ceil((double)held(L) / 0x1p20), floor((double)limit / 0x1p20));
  }
  s->checked = least(limit, held(L) + bytes + MUCH);
  s->fresh += bytes;
}

char *dwl_nextline(char *p) { return p + (DWL_LINE - (uintptr_t)p % DWL_LINE) % DWL_LINE; }

// ---- lent blocks ----------------------------------------------------------------------------------

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
    dwl_checkmemory(L, (int64_t)bytes);
    lua_newuserdatauv(L, bytes + DWL_LINE, 0);
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

void dwl_takeback(lua_State *L, int block, int free) {
  size_t bytes = lua_rawlen(L, block);
  guard(lua_touserdata(L, block), bytes);
  push_list(L, free, bytes);
  lua_pushvalue(L, block);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  lua_pop(L, 1);
}

const luaL_Reg dwl_memory_functions[] = {{"lend", lend}, {NULL, NULL}};
