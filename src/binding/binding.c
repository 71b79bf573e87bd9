// binding.c: checks, errors, memory and luaopen_dwconv_core. Called by every room of the binding.
// Invariant: a function checks everything before it allocates or writes anything a script can see.
#define _GNU_SOURCE
#include "binding.h"

#include <dlfcn.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

static const char home; // registry key: the folder of the Lua layer, as chunk names begin

dwl_state *dwl_getstate(lua_State *L) { return lua_touserdata(L, lua_upvalueindex(DWL_STATE)); }

const char *dwl_name(lua_State *L) { return lua_tostring(L, lua_upvalueindex(DWL_NAME)); }

// ---- errors -------------------------------------------------------------------------------------

// Pushes "file:line: " of the first Lua frame outside dwconv, or "".
static void push_blame(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &home);
  const char *prefix = lua_tostring(L, -1);
  lua_Debug ar;
  for (int level = 1; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (ar.currentline < 0 || (prefix != NULL && strncmp(ar.source, prefix, strlen(prefix)) == 0)) continue;
    lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
    return;
  }
  lua_pushliteral(L, "");
}

int dwl_error(lua_State *L, const char *format, ...) {
  luaL_checkstack(L, 8, NULL);
  push_blame(L);
  lua_pushfstring(L, "%s: ", dwl_name(L));
  va_list arguments;
  va_start(arguments, format);
  lua_pushvfstring(L, format, arguments);
  va_end(arguments);
  lua_concat(L, 3);
  lua_error(L);
  __builtin_unreachable();
}

const char *dwl_got(lua_State *L, int index) {
  enum { SHOWN = 40 };
  const dw_tensor *t = dwl_totensor(L, index);
  size_t n;
  if (t != NULL) return lua_pushfstring(L, "a %s tensor %s", dw_dtype_name(t->dtype), dwl_shape_text(L, t));
  switch (lua_type(L, index)) {
    case LUA_TNIL: case LUA_TNONE: return lua_pushliteral(L, "nil");
    case LUA_TNUMBER: case LUA_TBOOLEAN: return luaL_tolstring(L, index, NULL);
    case LUA_TSTRING: {
      const char *s = lua_tolstring(L, index, &n);
      if (n > SHOWN) return lua_pushfstring(L, "a string of %I bytes", (LUAI_UACINT)n);
      return lua_pushfstring(L, "\"%s\"", s);
    }
    default: return lua_pushfstring(L, "a %s", luaL_typename(L, index));
  }
}

int dwl_expected(lua_State *L, const char *argument, const char *expected, int index) {
  dwl_error(L, "%s must be %s, got %s", argument, expected, dwl_got(L, index));
}

const char *dwl_shape_text(lua_State *L, const dw_tensor *t) {
  if (t->rank == 0) return lua_pushliteral(L, "()");
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (int i = 0; i < t->rank; i++) {
    if (i > 0) luaL_addchar(&b, 'x');
    lua_pushinteger(L, t->shape[i]);
    luaL_addvalue(&b);
  }
  luaL_pushresult(&b);
  return lua_tostring(L, -1);
}

// raise(text): for the Lua layer, which has put the function's name into the text.
static int raise_text(lua_State *L) {
  luaL_checkstring(L, 1);
  push_blame(L);
  lua_pushvalue(L, 1);
  lua_concat(L, 2);
  return lua_error(L);
}

static int set_home(lua_State *L) {
  luaL_checkstring(L, 1);
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &home);
  return 0;
}

// ---- arguments ----------------------------------------------------------------------------------

// The metatable is compared by identity, and the size again, in case `debug` gave it to something else.
dw_tensor *dwl_totensor(lua_State *L, int index) {
  void *p = lua_touserdata(L, index);
  if (p == NULL || lua_rawlen(L, index) < sizeof(dwl_tensor) || !lua_getmetatable(L, index)) return NULL;
  bool same = lua_rawequal(L, -1, lua_upvalueindex(DWL_METATABLE));
  lua_pop(L, 1);
  return same ? p : NULL;
}

dw_tensor *dwl_checktensor(lua_State *L, int index, const char *argument) {
  dw_tensor *t = dwl_totensor(L, index);
  if (t == NULL) dwl_expected(L, argument, "a tensor", index);
  return t;
}

// A whole number that is a Lua number: numeric strings are refused.
static bool to_integer(lua_State *L, int index, int64_t *value) {
  int exact;
  *value = lua_type(L, index) == LUA_TNUMBER ? lua_tointegerx(L, index, &exact) : (exact = 0);
  return exact != 0;
}

int64_t dwl_checkinteger(lua_State *L, int index, const char *argument, int64_t least, int64_t most) {
  int64_t i;
  index = lua_absindex(L, index);
  if (!to_integer(L, index, &i) || i < least || i > most) {
    const char *range = most == INT64_MAX ? lua_pushfstring(L, "a whole number of at least %I", (LUAI_UACINT)least)
                                          : lua_pushfstring(L, "a whole number from %I to %I", (LUAI_UACINT)least,
                                                            (LUAI_UACINT)most);
    dwl_expected(L, argument, range, index);
  }
  return i;
}

double dwl_checknumber(lua_State *L, int index, const char *argument) {
  if (lua_type(L, index) != LUA_TNUMBER) dwl_expected(L, argument, "a number", index);
  return lua_tonumber(L, index);
}

dw_dtype dwl_checkdtype(lua_State *L, int index, const char *argument) {
  dw_dtype d;
  if (lua_type(L, index) != LUA_TSTRING || !dw_dtype_find(&d, lua_tostring(L, index))) {
    dwl_expected(L, argument, "one of float32, float64, int32, int64, uint8, bool", index);
  }
  return d;
}

int dwl_checkshape(lua_State *L, int index, const char *argument, int64_t shape[DW_MAX_RANK]) {
  if (lua_type(L, index) != LUA_TTABLE) dwl_expected(L, argument, "a table of sizes", index);
  lua_Unsigned rank = lua_rawlen(L, index);
  if (rank > DW_MAX_RANK) {
    dwl_error(L, "%s must have at most %d axes, got %I", argument, DW_MAX_RANK, (LUAI_UACINT)rank);
  }
  for (int i = 0; i < (int)rank; i++) {
    lua_rawgeti(L, index, i + 1);
    if (!to_integer(L, -1, &shape[i]) || shape[i] < 0) {
      int size = lua_gettop(L);
      dwl_expected(L, lua_pushfstring(L, "%s[%d]", argument, i + 1), "a whole number of at least 0", size);
    }
    lua_pop(L, 1);
  }
  return (int)rank;
}

int dwl_checkaxis(lua_State *L, int index, const char *argument, int rank) {
  int64_t i;
  index = lua_absindex(L, index);
  if (to_integer(L, index, &i)) {
    if (i >= 1 && i <= rank) return (int)i - 1;
    if (i <= -1 && i >= -rank) return (int)(i + rank);
    if (i == 0) dwl_error(L, "%s must not be 0: axes count from 1 (-1 is the last)", argument);
  }
  dwl_expected(L, argument, lua_pushfstring(L, "an axis from 1 to %d or from -%d to -1", rank, rank), index);
}

int64_t dwl_toindex(lua_State *L, int64_t i, int64_t n, int axis) {
  if (i >= 1 && i <= n) return i - 1;
  if (i <= -1 && i >= -n) return i + n;
  if (i == 0) dwl_error(L, "index 0 on axis %d: counting starts at 1", axis + 1);
  dwl_error(L, "index %I is outside axis %d of size %I", (LUAI_UACINT)i, axis + 1, (LUAI_UACINT)n);
}

// ---- tensors ------------------------------------------------------------------------------------

static int64_t held(lua_State *L) {
  return (int64_t)lua_gc(L, LUA_GCCOUNT) * 1024 + lua_gc(L, LUA_GCCOUNTB);
}

// Refuses what the machine does not have, rather than leave it to the kernel's killer.
static void check_memory(lua_State *L, int64_t bytes) {
  enum { SMALL = 1 << 20 };
  int64_t limit = dwl_getstate(L)->memory;
  if (bytes < SMALL) return;
  if (bytes <= limit && held(L) > limit - bytes) lua_gc(L, LUA_GCCOLLECT);
  if (bytes > limit || held(L) > limit - bytes) {
    dwl_error(L, "not enough memory: %f MiB more than the %f MiB in use would pass the limit of %f MiB",
              ceil((double)bytes / 0x1p20), ceil((double)held(L) / 0x1p20), floor((double)limit / 0x1p20));
  }
}

// Payloads start at a 64-byte line. Large ones are spread over the lines of a page, so that the operands
// of an op do not meet in the same cache sets.
enum { LINE = 64, PAGE = 4096, LARGE = 1 << 14 };

static char *place(dwl_state *s, char *p, int64_t bytes) {
  enum { STRIDE = 27 }; // 27 is prime to the 64 lines of a page
  uintptr_t at = (uintptr_t)p;
  if (bytes < LARGE) return p + (LINE - at % LINE) % LINE;
  uintptr_t want = s->staggered++ * STRIDE % (PAGE / LINE) * LINE;
  return p + (want + PAGE - at % PAGE) % PAGE;
}

dw_tensor *dwl_newtensor(lua_State *L, dw_dtype dtype, int rank, const int64_t *shape) {
  dw_tensor t;
  if (dw_tensor_init(&t, NULL, dtype, rank, shape) != DW_OK) {
    dwl_error(L, "a tensor of shape %s is too large", dwl_shape_text(L, &t));
  }
  int64_t bytes = dw_numel(&t) * (int64_t)dw_dtype_size(dtype);
  check_memory(L, bytes);
  size_t slack = bytes < LARGE ? LINE : PAGE;
  dwl_tensor *u = lua_newuserdatauv(L, sizeof *u + slack + (size_t)bytes, 0);
  *u = (dwl_tensor){.t = t, .writes = &u->own_writes};
  u->t.data = place(dwl_getstate(L), (char *)(u + 1), bytes);
  lua_pushvalue(L, lua_upvalueindex(DWL_METATABLE));
  lua_setmetatable(L, -2);
  return &u->t;
}

dw_tensor *dwl_newview(lua_State *L, int owner, const dw_tensor *view) {
  owner = lua_absindex(L, owner);
  uint64_t *writes = ((dwl_tensor *)lua_touserdata(L, owner))->writes;
  dwl_tensor *u = lua_newuserdatauv(L, sizeof *u, 1);
  *u = (dwl_tensor){.t = *view, .writes = writes};
  if (lua_getiuservalue(L, owner, 1) != LUA_TUSERDATA) { // not a view itself
    lua_pop(L, 1);
    lua_pushvalue(L, owner);
  }
  lua_setiuservalue(L, -2, 1);
  lua_pushvalue(L, lua_upvalueindex(DWL_METATABLE));
  lua_setmetatable(L, -2);
  return &u->t;
}

dw_tensor *dwl_contiguous(lua_State *L, int index) {
  index = lua_absindex(L, index);
  dw_tensor *t = lua_touserdata(L, index);
  if (dw_is_contiguous(t)) return t;
  dw_tensor *copy = dwl_newtensor(L, t->dtype, t->rank, t->shape);
  dwl_leave(L, dw_copy(dwl_enter(L), copy, t));
  lua_replace(L, index);
  return copy;
}

void dwl_wrote(lua_State *L, int index) { ++*((dwl_tensor *)lua_touserdata(L, index))->writes; }

void dwl_pushelement(lua_State *L, dw_dtype dtype, const void *e) {
  switch (dtype) {
    case DW_FLOAT32: lua_pushnumber(L, (lua_Number)*(const float *)e); break;
    case DW_FLOAT64: lua_pushnumber(L, *(const double *)e); break;
    case DW_INT32: lua_pushinteger(L, *(const int32_t *)e); break;
    case DW_INT64: lua_pushinteger(L, *(const int64_t *)e); break;
    case DW_UINT8: lua_pushinteger(L, *(const uint8_t *)e); break;
    default: lua_pushboolean(L, *(const uint8_t *)e); break;
  }
}

bool dwl_toelement(lua_State *L, int index, dw_dtype dtype, void *e) {
  int64_t i;
  if (dtype == DW_BOOL) {
    if (lua_type(L, index) != LUA_TBOOLEAN) return false;
    *(uint8_t *)e = (uint8_t)lua_toboolean(L, index);
    return true;
  }
  if (lua_type(L, index) != LUA_TNUMBER) return false;
  if (dtype == DW_FLOAT32) {
    *(float *)e = (float)lua_tonumber(L, index);
    return true;
  }
  if (dtype == DW_FLOAT64) {
    *(double *)e = lua_tonumber(L, index);
    return true;
  }
  if (!to_integer(L, index, &i)) return false;
  if (dtype == DW_INT64) {
    *(int64_t *)e = i;
    return true;
  }
  if (dtype == DW_INT32) {
    *(int32_t *)e = (int32_t)i;
    return i >= INT32_MIN && i <= INT32_MAX;
  }
  *(uint8_t *)e = (uint8_t)i;
  return i >= 0 && i <= UINT8_MAX;
}

void dwl_checkelement(lua_State *L, int index, const char *argument, dw_dtype dtype, void *e) {
  static const char *const kinds[DW_DTYPES] = {
      [DW_FLOAT32] = "a number",      [DW_FLOAT64] = "a number",
      [DW_INT32] = "a whole number that fits into int32", [DW_INT64] = "a whole number",
      [DW_UINT8] = "a whole number from 0 to 255",        [DW_BOOL] = "a boolean",
  };
  if (!dwl_toelement(L, index, dtype, e)) dwl_expected(L, argument, kinds[dtype], index);
}

// ---- drivers ------------------------------------------------------------------------------------

// lua.c answers Ctrl-C by setting a hook, which a driver would otherwise keep waiting. Reading the hook
// changes nothing and cannot raise, so the calling thread may do it between tasks.
static bool hook_changed(void *user) {
  const dwl_state *s = user;
  return lua_gethook(s->main) != s->hook;
}

const dw_context *dwl_enter(lua_State *L) {
  dwl_state *s = dwl_getstate(L);
  s->hook = lua_gethook(s->main);
  s->hook_mask = lua_gethookmask(s->main);
  s->hook_count = lua_gethookcount(s->main);
  return &s->cx;
}

void dwl_leave(lua_State *L, dw_status status) {
  if (status == DW_OK) return;
  dwl_state *s = dwl_getstate(L);
  if (status == DW_INTERRUPTED) lua_sethook(s->main, s->hook, s->hook_mask, s->hook_count);
  dwl_error(L, "%s", dw_status_text(status));
}

void *dwl_scratch(lua_State *L, size_t bytes) {
  check_memory(L, (int64_t)bytes);
  char *p = lua_newuserdatauv(L, bytes + 64, 0);
  return p + (64 - (uintptr_t)p % 64) % 64;
}

// ---- opening ------------------------------------------------------------------------------------

void dwl_register(lua_State *L, const luaL_Reg *functions, int metatable, int state) {
  for (const luaL_Reg *f = functions; f->name != NULL; f++) {
    lua_pushvalue(L, metatable);
    lua_pushvalue(L, state);
    lua_pushstring(L, strncmp(f->name, "__", 2) == 0 ? "tensor" : f->name);
    lua_pushcclosure(L, f->func, 3);
    lua_setfield(L, -2, f->name);
  }
}

// Threads of OpenMP sleep in code that lua_close would unmap; the module stays, whoever linked it.
static void pin(void) {
  Dl_info self;
  if (dladdr((void *)&home, &self) != 0 && self.dli_fname != NULL) {
    dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
  }
}

static const luaL_Reg own_functions[] = {{"raise", raise_text}, {"set_home", set_home}, {NULL, NULL}};

__attribute__((visibility("default"))) int luaopen_dwconv_core(lua_State *L);

int luaopen_dwconv_core(lua_State *L) {
  luaL_checkversion(L);
  pin();
  lua_settop(L, 0);
  lua_createtable(L, 0, 16); // 1: the metatable
  dwl_state *s = lua_newuserdatauv(L, sizeof *s, 0); // 2
  *s = (dwl_state){.memory = dw_memory_limit()};
  dw_context_init(&s->cx);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  s->main = lua_tothread(L, -1);
  s->cx.interrupted = hook_changed;
  s->cx.user = s;
  lua_settop(L, 2);

  lua_newtable(L); // 3: the module
  const luaL_Reg *const rooms[] = {own_functions,        dwl_create_functions, dwl_table_functions,
                                   dwl_view_functions,   dwl_layout_functions, dwl_random_functions,
                                   dwl_depthwise_functions, dwl_system_functions};
  for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) dwl_register(L, rooms[i], 1, 2);
  lua_newtable(L); // 4: methods, to which the Lua layer adds
  dwl_register(L, dwl_table_methods, 1, 2);
  dwl_register(L, dwl_view_methods, 1, 2);
  dwl_register(L, dwl_layout_methods, 1, 2);
  lua_pushvalue(L, 4);
  lua_setfield(L, 3, "methods");

  lua_pushvalue(L, 1);
  dwl_register(L, dwl_metamethods, 1, 2);
  lua_pushvalue(L, 4);
  lua_setfield(L, 1, "methods");
  lua_pushliteral(L, "dwconv.Tensor");
  lua_setfield(L, 1, "__name");
  lua_pushliteral(L, "dwconv.Tensor");
  lua_setfield(L, 1, "__metatable");
  lua_pushvalue(L, 1);
  lua_setfield(L, 3, "metatable");
  lua_settop(L, 3);
  return 1;
}
