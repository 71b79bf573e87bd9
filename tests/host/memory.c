// memory.c: a host with Lua whose memory ends at the n-th allocation, for each n of each piece of work in
// tests/lib/families.lua: once, or from then on until the piece has ended. Run as `memory [stride]`, which lets every
// stride-th allocation fail; 1 is all of them. Ends with 0, or with 1 and a text on stderr.
// Invariant: a piece ends well or with an error, and then the check of families.lua passes.
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct memory {
  long left;     // allocations until the next that fails, 0 for never
  bool from_now; // whether all fail after it
  long failed;
};

// Lua tries once more after a collection, so that a failure is two in a row.
static void *allocate(void *user, void *block, size_t old, size_t size) {
  struct memory *m = user;
  if (size == 0) {
    free(block);
    return NULL;
  }
  if (block == NULL) old = 0;
  if (size > old && m->left > 0 && --m->left <= 1) {
    m->failed++;
    if (m->from_now) m->left = 2;
    return NULL;
  }
  return realloc(block, size);
}

static void die(const char *piece, long n, const char *text) {
  fprintf(stderr, "memory: %s, allocation %ld: %s\n", piece, n, text);
  exit(1);
}

static lua_State *open_state(struct memory *m) {
  lua_State *L = lua_newstate(allocate, m);
  if (L == NULL) exit(1);
  luaL_openlibs(L);
  if (luaL_dostring(L, "require('dwconv').set_threads(1) return require 'families'") != LUA_OK) {
    die("families.lua", 0, lua_tostring(L, -1));
  }
  return L; // with the table at 1
}

static void call(lua_State *L, const char *name, const char *piece, long n) {
  lua_getfield(L, 1, name);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK) die(piece, n, lua_tostring(L, -1));
}

// Calls piece i while the n-th allocation fails; false when it did not come to it.
static bool let_fail(lua_State *L, struct memory *m, int i, long n, bool from_now, const char **name) {
  lua_settop(L, 1);
  lua_getfield(L, 1, "pieces");
  lua_rawgeti(L, -1, i);
  lua_getfield(L, -1, "name");
  *name = lua_tostring(L, -1);
  lua_getfield(L, -2, "f");
  *m = (struct memory){.left = n + 1, .from_now = from_now};
  int status = lua_pcall(L, 0, 0, 0);
  long failed = m->failed;
  m->left = 0;
  if (status != LUA_OK && failed == 0) die(*name, n, lua_tostring(L, -1));
  if (status != LUA_OK && lua_type(L, -1) != LUA_TSTRING) die(*name, n, "the error is no text");
  call(L, "check", *name, n);
  return failed > 0;
}

int main(int argc, char **argv) {
  enum { STATE = 2000 }; // failures that a state goes through
  long stride = argc > 1 ? atol(argv[1]) : 1, failures = 0;
  struct memory m = {0};
  lua_State *L = open_state(&m);
  lua_getfield(L, 1, "pieces");
  int pieces = (int)lua_rawlen(L, -1);
  if (stride < 1 || pieces == 0) return 2;
  for (int i = 1; i <= pieces; i++) {
    const char *name;
    let_fail(L, &m, i, 1L << 40, false, &name); // it works, and what it loads is there
    for (int mode = 0; mode < 2; mode++) {
      for (long n = 1 + (i + mode) % stride; let_fail(L, &m, i, n, mode != 0, &name); n += stride) {
        if (++failures % STATE != 0) continue;
        call(L, "finish", name, n);
        lua_close(L);
        L = open_state(&m);
      }
    }
  }
  call(L, "finish", "the end", 0);
  lua_close(L);
  printf("memory: %d pieces, %ld failures of memory\n", pieces, failures);
  return 0;
}
