// tensor.c: tensors as Lua holds them. Called by every room of the binding.
// Invariant: a payload lies in its owner's userdata, where Lua's collector sees all of it, and never moves.
#include <stddef.h>

#include "binding.h"

#ifdef DW_SANITIZE
#include <sanitizer/asan_interface.h>
#endif

// Payloads start at a 64-byte line. Large ones are spread over the lines of a page, so that the operands
// of an op do not meet in the same cache sets.
enum { PAGE = 4096, LARGE = 1 << 14 };

static char *place(dwl_state *s, char *p, int64_t bytes) {
  enum { STRIDE = 27 }; // 27 is prime to the 64 lines of a page
  if (bytes < LARGE) return dwl_nextline(p);
  uintptr_t want = s->staggered++ * STRIDE % (PAGE / DWL_LINE) * DWL_LINE;
  return p + (want + PAGE - (uintptr_t)p % PAGE) % PAGE;
}

dwl_tensor *dwl_ownerof(dwl_tensor *u) {
  return (dwl_tensor *)(void *)((char *)u->writes - offsetof(dwl_tensor, own_writes));
}

// In a sanitizer build, touching the room around a payload is reported like any other overrun.
static void guard_slack(dwl_tensor *u, size_t block, int64_t bytes) {
#if defined DW_SANITIZE && defined __SANITIZE_ADDRESS__
  char *end = (char *)u->t.data + bytes;
  ASAN_POISON_MEMORY_REGION(u + 1, (size_t)((char *)u->t.data - (char *)(u + 1)));
  ASAN_POISON_MEMORY_REGION(end, (size_t)((char *)u + block - end));
#else
  (void)u, (void)block, (void)bytes;
#endif
}

// The same for a lent block, of which another payload may have been a part.
static void guard_block(dwl_tensor *u, int64_t bytes) {
#if defined DW_SANITIZE && defined __SANITIZE_ADDRESS__
  ASAN_UNPOISON_MEMORY_REGION(u->t.data, (size_t)bytes);
#else
  (void)u, (void)bytes;
#endif
}

// The metatable is compared by identity, and the size again, in case `debug` gave it to something else.
dw_tensor *dwl_totensor(lua_State *L, int index) {
  void *p = lua_touserdata(L, index);
  if (p == NULL || lua_rawlen(L, index) < sizeof(dwl_tensor) || !lua_getmetatable(L, index)) return NULL;
  bool same = lua_rawequal(L, -1, lua_upvalueindex(DWL_METATABLE));
  lua_pop(L, 1);
  if (!same) return NULL;
  if (dwl_ownerof(p)->taken) {
    dwl_error(L, "a tensor that a step of training computed was let go of when the step did not need it any more; "
                 "clone() what is to stay");
  }
  return p;
}

dw_tensor *dwl_newtensor(lua_State *L, dw_dtype dtype, int rank, const int64_t *shape) {
  dw_tensor t;
  if (dw_tensor_init(&t, NULL, dtype, rank, shape) != DW_OK) {
    dwl_error(L, "a tensor of shape %s is too large", dwl_shape_text(L, &t));
  }
  enum { LENT = 1 << 16 }; // bytes from which a payload is lent, where blocks are
  int64_t bytes = dw_numel(&t) * (int64_t)dw_dtype_size(dtype);
  if (dwl_getstate(L)->lending && bytes >= LENT) {
    dwl_tensor *u = lua_newuserdatauv(L, sizeof *u, 2);
    *u = (dwl_tensor){.t = t, .writes = &u->own_writes, .lent = true};
    u->t.data = place(dwl_getstate(L), dwl_lend(L, (size_t)bytes + PAGE), bytes);
    guard_block(u, bytes);
    lua_pushvalue(L, lua_upvalueindex(DWL_METATABLE));
    lua_setmetatable(L, -2);
    return &u->t;
  }
  dwl_checkmemory(L, bytes);
  size_t slack = bytes < LARGE ? DWL_LINE : PAGE;
  dwl_tensor *u = lua_newuserdatauv(L, sizeof *u + slack + (size_t)bytes, 0);
  *u = (dwl_tensor){.t = t, .writes = &u->own_writes};
  u->t.data = place(dwl_getstate(L), (char *)(u + 1), bytes);
  lua_pushvalue(L, lua_upvalueindex(DWL_METATABLE));
  lua_setmetatable(L, -2);
  guard_slack(u, sizeof *u + slack + (size_t)bytes, bytes);
  return &u->t;
}

dw_tensor *dwl_newview(lua_State *L, int parent, const dw_tensor *view) {
  parent = lua_absindex(L, parent);
  uint64_t *writes = ((dwl_tensor *)lua_touserdata(L, parent))->writes;
  dwl_tensor *u = lua_newuserdatauv(L, sizeof *u, 1);
  *u = (dwl_tensor){.t = *view, .writes = writes};
  dwl_pushroot(L, parent);
  lua_setiuservalue(L, -2, 1);
  lua_pushvalue(L, lua_upvalueindex(DWL_METATABLE));
  lua_setmetatable(L, -2);
  return &u->t;
}

void dwl_checkwritable(lua_State *L, int index, const char *argument) {
  const dw_tensor *t = lua_touserdata(L, index);
  for (int i = 0; i < t->rank; i++) {
    if (t->strides[i] != 0 || t->shape[i] < 2) continue;
    dwl_error(L, "%s repeats its numbers along axis %d (it was broadcast) and cannot be written to; clone() it first",
              argument, i + 1);
  }
}

void dwl_wrote(lua_State *L, int index) { ++*((dwl_tensor *)lua_touserdata(L, index))->writes; }

void dwl_pushroot(lua_State *L, int index) {
  index = lua_absindex(L, index);
  bool detached = ((dwl_tensor *)lua_touserdata(L, index))->detached;
  if (!detached && lua_getiuservalue(L, index, 1) == LUA_TUSERDATA) return;
  if (!detached) lua_pop(L, 1);
  lua_pushvalue(L, index);
}

void dwl_pushowner(lua_State *L, int index) {
  dwl_pushroot(L, index);
  if (lua_getiuservalue(L, -1, 1) == LUA_TUSERDATA)
    lua_replace(L, -2);
  else
    lua_pop(L, 1);
}

void dwl_detach(lua_State *L, int index) {
  dwl_tensor *u = lua_touserdata(L, index);
  if (u->writes == &u->own_writes) return; // not a view
  index = lua_absindex(L, index);
  dwl_pushowner(L, index);
  lua_setiuservalue(L, index, 1);
  u->detached = true;
}
