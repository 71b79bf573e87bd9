// run.c: runs jobs for Lua: lends them scratch, looks for interruptions, raises their status. Called by every room of
// the binding that computes. Invariant: a job is decided once; what a finaliser does while scratch is made (it may set
// the number of threads) changes nothing of it.
#include "binding.h"

// lua.c answers Ctrl-C by setting a hook, which a driver would otherwise keep waiting. Reading the hook
// changes nothing and cannot raise, so the calling thread may do it between tasks.
bool dwl_hookchanged(void *user) {
  const dwl_state *s = user;
  return lua_gethook(s->main) != s->hook;
}

const dw_context *dwl_context(lua_State *L) { return &dwl_getstate(L)->cx; }

void dwl_check(lua_State *L, dw_status status) {
  if (status == DW_OK) return;
  dwl_state *s = dwl_getstate(L);
  if (status == DW_INTERRUPTED) lua_sethook(s->main, s->hook, s->hook_mask, s->hook_count);
  dwl_error(L, "%s", dw_status_text(status));
}

void dwl_poll(lua_State *L, int64_t i) {
  if ((i & 0xFFFF) == 0 && i > 0 && dwl_hookchanged(dwl_getstate(L))) dwl_check(L, DW_INTERRUPTED);
}

void *dwl_scratch(lua_State *L, size_t bytes) {
  dwl_checkmemory(L, (int64_t)bytes);
  return dwl_nextline(lua_newuserdatauv(L, bytes + DWL_LINE, 0));
}

// In a function of its own, so that short jobs do not clear room on the stack.
static __attribute__((noinline)) dw_status run_in_scratch(lua_State *L, dw_job *j) {
  bool lending = dwl_getstate(L)->lending;
  dw_status s = dw_run(j, lending ? dwl_lendscratch(L, j->scratch) : dwl_scratch(L, j->scratch));
  lua_pop(L, 1);
  return s;
}

void dwl_run(lua_State *L, dw_job *j) {
  char small[2048] __attribute__((aligned(64)));
  dw_status s = j->scratch <= sizeof small ? dw_run(j, small) : run_in_scratch(L, j);
  if (s != DW_OK) dwl_check(L, s);
}

void dwl_copy(lua_State *L, const dw_tensor *to, const dw_tensor *from) {
  dw_job j;
  dw_copy_init(&j, dwl_context(L), to, from);
  dwl_run(L, &j);
}

void dwl_cast(lua_State *L, const dw_tensor *to, const dw_tensor *from) {
  dw_job j;
  dw_cast_init(&j, dwl_context(L), to, from);
  dwl_run(L, &j);
}

void dwl_fill(lua_State *L, const dw_tensor *to, const void *element) {
  dw_job j;
  dw_fill_init(&j, dwl_context(L), to, element);
  dwl_run(L, &j);
}

dw_tensor *dwl_contiguous(lua_State *L, int index) {
  index = lua_absindex(L, index);
  dw_tensor *t = lua_touserdata(L, index);
  if (dw_is_contiguous(t)) return t;
  dw_tensor *copy = dwl_newtensor(L, t->dtype, t->rank, t->shape);
  dwl_copy(L, copy, t);
  lua_replace(L, index);
  return copy;
}
