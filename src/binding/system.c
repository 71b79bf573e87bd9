// system.c: threads, ISA and what the build knows of itself.
#include <time.h>

#include "binding.h"

static int set_threads(lua_State *L) {
  dwl_state *s = dwl_getstate(L);
  int n = (int)dwl_checkinteger(L, 1, "threads", 1, DW_MAX_THREADS);
  if (!dw_workers_start(s->cx.workers, n)) dwl_error(L, "the system does not let this process start %d threads", n);
  s->cx.threads = n;
  return 0;
}

static int threads(lua_State *L) {
  lua_pushinteger(L, dwl_getstate(L)->cx.threads);
  return 1;
}

// The next two are for tests and give the former value.

static int set_grain(lua_State *L) { // 0 sends the smallest job through a parallel region
  dw_context *cx = &dwl_getstate(L)->cx;
  double former = cx->grain;
  cx->grain = dwl_checknumber(L, 1, "grain");
  lua_pushnumber(L, former);
  return 1;
}

static int set_stream(lua_State *L) { // 0 sends the smallest result past the caches
  dw_context *cx = &dwl_getstate(L)->cx;
  int64_t former = cx->stream;
  cx->stream = dwl_checkinteger(L, 1, "bytes", 0, INT64_MAX);
  lua_pushinteger(L, former);
  return 1;
}

// set_floatx(dtype): what the division of whole numbers gives.
static int set_floatx(lua_State *L) {
  dwl_getstate(L)->floatx = dwl_checkdtype(L, 1, "floatx");
  return 0;
}

static int set_isa(lua_State *L) { // name -> whether this CPU has it
  if (lua_type(L, 1) != LUA_TSTRING) dwl_expected(L, "isa", "a string", 1);
  lua_pushboolean(L, dw_context_set_isa(&dwl_getstate(L)->cx, lua_tostring(L, 1)));
  return 1;
}

static int memory_limit(lua_State *L) {
  lua_pushinteger(L, dwl_memorylimit(L));
  return 1;
}

// Bytes, or nil for what the machine has; gives what was set before, nil for the machine's.
static int set_memory_limit(lua_State *L) {
  dwl_state *s = dwl_getstate(L);
  int64_t former = s->memory;
  s->memory = lua_isnoneornil(L, 1) ? 0 : dwl_checkinteger(L, 1, "value", 1, INT64_MAX);
  s->checked = 0;
  if (former > 0) return lua_pushinteger(L, former), 1;
  return 0;
}

static int wall_clock(lua_State *L) { // seconds, from some start
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  lua_pushnumber(L, (lua_Number)t.tv_sec + 1e-9 * (lua_Number)t.tv_nsec);
  return 1;
}

// check_memory(bytes): raises when holding this many more would pass the limit.
static int check_memory(lua_State *L) {
  double bytes = dwl_checknumber(L, 1, "bytes");
  dwl_checkmemory(L, bytes < 0x1p62 ? (int64_t)bytes : INT64_MAX);
  return 0;
}

static void set_text(lua_State *L, const char *key, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, key);
}

static int build(lua_State *L) { // a table of what this build and machine are
  dwl_state *s = dwl_getstate(L);
  lua_newtable(L);
  set_text(L, "version", DW_VERSION);
  set_text(L, "isa", dw_context_isa(&s->cx));
  set_text(L, "compiler", __VERSION__);
  lua_pushinteger(L, s->cx.threads);
  lua_setfield(L, -2, "threads");
  lua_pushinteger(L, dwl_memorylimit(L));
  lua_setfield(L, -2, "memory");
  return 1;
}

const luaL_Reg dwl_system_functions[] = {
    {"set_threads", set_threads},
    {"threads", threads},
    {"set_floatx", set_floatx},
    {"set_isa", set_isa},
    {"set_grain", set_grain},
    {"set_stream", set_stream},
    {"build", build},
    {"check_memory", check_memory},
    {"memory_limit", memory_limit},
    {"set_memory_limit", set_memory_limit},
    {"clock", wall_clock},
    {NULL, NULL},
};
