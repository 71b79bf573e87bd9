// binding.c: errors, memory, the frame around a driver, and luaopen_dwconv_core. Called by every room of the binding.
// Invariant: a function checks everything before it allocates or writes anything a script can see.
#define _GNU_SOURCE
#include "binding.h"

#include <dlfcn.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "file.h"

#ifdef DW_SANITIZE
#include <sanitizer/asan_interface.h>
#endif

static const char home;    // registry key: the folder of the Lua layer, as chunk names begin
static const char methods; // registry keys
static const char module;

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
    case LUA_TNIL:
    case LUA_TNONE: return lua_pushliteral(L, "nil");
    case LUA_TNUMBER:
    case LUA_TBOOLEAN: return luaL_tolstring(L, index, NULL);
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

static int begin(lua_State *L);

// raise(text): for the Lua layer, which has put the function's name into the text.
static int raise_text(lua_State *L) {
  luaL_checkstring(L, 1);
  push_blame(L);
  lua_pushvalue(L, 1);
  lua_concat(L, 2);
  return lua_error(L);
}

// set_floatx(dtype): what the division of whole numbers gives.
static int set_floatx(lua_State *L) {
  dwl_getstate(L)->floatx = dwl_checkdtype(L, 1, "floatx");
  return 0;
}

// named(f, name): the function f of this module, whose errors speak of `name`.
static int named(lua_State *L) {
  luaL_checkstring(L, 2);
  lua_settop(L, 2);
  int n = 0;
  if (lua_tocfunction(L, 1) == begin) {
    while (lua_getupvalue(L, 1, n + 1) != NULL) n++;
  }
  if (n < DWL_FUNCTION) dwl_expected(L, "f", "a function of this module", 1);
  lua_pushvalue(L, 2);
  lua_replace(L, 2 + DWL_NAME);
  dwl_pushclosure(L, n - DWL_FUNCTION);
  return 1;
}

static int set_home(lua_State *L) {
  luaL_checkstring(L, 1);
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &home);
  return 0;
}

// ---- tensors ------------------------------------------------------------------------------------

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

// Refuses what the machine does not have, rather than leave it to the kernel's killer. It is looked at where much is
// asked for, or much was allocated since.
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

// Payloads start at a 64-byte line. Large ones are spread over the lines of a page, so that the operands
// of an op do not meet in the same cache sets.
enum { LINE = 64, PAGE = 4096, LARGE = 1 << 14 };

static char *next_line(char *p) { return p + (LINE - (uintptr_t)p % LINE) % LINE; }

static char *place(dwl_state *s, char *p, int64_t bytes) {
  enum { STRIDE = 27 }; // 27 is prime to the 64 lines of a page
  if (bytes < LARGE) return next_line(p);
  uintptr_t want = s->staggered++ * STRIDE % (PAGE / LINE) * LINE;
  return p + (want + PAGE - (uintptr_t)p % PAGE) % PAGE;
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

dw_tensor *dwl_newtensor(lua_State *L, dw_dtype dtype, int rank, const int64_t *shape) {
  dw_tensor t;
  if (dw_tensor_init(&t, NULL, dtype, rank, shape) != DW_OK) {
    dwl_error(L, "a tensor of shape %s is too large", dwl_shape_text(L, &t));
  }
  int64_t bytes = dw_numel(&t) * (int64_t)dw_dtype_size(dtype);
  dwl_checkmemory(L, bytes);
  size_t slack = bytes < LARGE ? LINE : PAGE;
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

dw_tensor *dwl_contiguous(lua_State *L, int index) {
  index = lua_absindex(L, index);
  dw_tensor *t = lua_touserdata(L, index);
  if (dw_is_contiguous(t)) return t;
  dw_tensor *copy = dwl_newtensor(L, t->dtype, t->rank, t->shape);
  dwl_leave(L, dw_copy(dwl_enter(L), copy, t));
  lua_replace(L, index);
  return copy;
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

// ---- drivers ------------------------------------------------------------------------------------

// lua.c answers Ctrl-C by setting a hook, which a driver would otherwise keep waiting. Reading the hook
// changes nothing and cannot raise, so the calling thread may do it between tasks.
static bool hook_changed(void *user) {
  const dwl_state *s = user;
  return lua_gethook(s->main) != s->hook;
}

const dw_context *dwl_enter(lua_State *L) { return &dwl_getstate(L)->cx; }

void dwl_leave(lua_State *L, dw_status status) {
  if (status == DW_OK) return;
  dwl_state *s = dwl_getstate(L);
  if (status == DW_INTERRUPTED) lua_sethook(s->main, s->hook, s->hook_mask, s->hook_count);
  dwl_error(L, "%s", dw_status_text(status));
}

void dwl_poll(lua_State *L, int64_t i) {
  enum { OFTEN = 1 << 16 };
  if (i % OFTEN == OFTEN - 1 && hook_changed(dwl_getstate(L))) dwl_leave(L, DW_INTERRUPTED);
}

void *dwl_scratch(lua_State *L, size_t bytes) {
  dwl_checkmemory(L, (int64_t)bytes);
  return next_line(lua_newuserdatauv(L, bytes + LINE, 0));
}

// ---- opening ------------------------------------------------------------------------------------

// Every function of the binding begins here, so that a hook set from now on is seen by its drivers.
static int begin(lua_State *L) {
  dwl_state *s = dwl_getstate(L);
  s->hook = lua_gethook(s->main);
  s->hook_mask = lua_gethookmask(s->main);
  s->hook_count = lua_gethookcount(s->main);
  s->fresh = 0;
  const luaL_Reg *f = lua_touserdata(L, lua_upvalueindex(DWL_FUNCTION));
  return f->func(L);
}

void dwl_register(lua_State *L, const luaL_Reg *functions, int metatable, int state) {
  for (const luaL_Reg *f = functions; f->name != NULL; f++) {
    lua_pushvalue(L, metatable);
    lua_pushvalue(L, state);
    lua_pushstring(L, strncmp(f->name, "__", 2) == 0 ? "tensor" : f->name);
    lua_pushlightuserdata(L, (void *)f); // read only
    dwl_pushclosure(L, 0);
    lua_setfield(L, -2, f->name);
  }
}

void dwl_pushupvalues(lua_State *L, const luaL_Reg *function, int name) {
  lua_pushvalue(L, lua_upvalueindex(DWL_METATABLE));
  lua_pushvalue(L, lua_upvalueindex(DWL_STATE));
  lua_pushvalue(L, name);
  lua_pushlightuserdata(L, (void *)function);
}

void dwl_pushclosure(lua_State *L, int more) { lua_pushcclosure(L, begin, DWL_FUNCTION + more); }

void dwl_pushmethods(lua_State *L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &methods); }

// Threads run code that lua_close would unmap, if a finaliser of another library keeps tensors; the module stays,
// whoever linked it.
static void pin(void) {
  Dl_info self;
  if (dladdr((void *)&home, &self) != 0 && self.dli_fname != NULL) {
    dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
  }
}

static int stop_pool(lua_State *L) { // __gc of the state
  dwl_state *s = lua_touserdata(L, 1);
  dw_pool_stop(s->cx.pool);
  s->cx.threads = 1;
  return 0;
}

// The state, on top of the stack.
static void push_state(lua_State *L) {
  dwl_state *s = lua_newuserdatauv(L, sizeof *s, 1);
  *s = (dwl_state){.memory = 0};
  dw_context_init(&s->cx);
  lua_createtable(L, 0, 1); // its metatable
  lua_pushcfunction(L, stop_pool);
  lua_setfield(L, -2, "__gc");
  s->cx.pool = dw_pool_init(next_line(lua_newuserdatauv(L, dw_pool_bytes() + LINE, 0)));
  lua_setiuservalue(L, -3, 1);
  lua_setmetatable(L, -2);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  s->main = lua_tothread(L, -1);
  lua_pop(L, 1);
  s->cx.interrupted = hook_changed;
  s->cx.user = s;
}

static const luaL_Reg own_functions[] = {
    {"raise", raise_text}, {"set_home", set_home}, {"named", named}, {"set_floatx", set_floatx}, {NULL, NULL}};

__attribute__((visibility("default"))) int luaopen_dwconv_core(lua_State *L);

// Loaded again, it is what it was: tensors have one metatable, and the state's settings one home.
int luaopen_dwconv_core(lua_State *L) {
  luaL_checkversion(L);
  pin();
  lua_settop(L, 0);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &module) == LUA_TTABLE) return 1;
  lua_settop(L, 0);
  lua_createtable(L, 0, 16); // 1: the metatable
  push_state(L);             // 2
  dwl_openshape(L);

  lua_newtable(L); // 3: the module
  const luaL_Reg *const rooms[] = {own_functions,           dwl_create_functions, dwl_table_functions,
                                   dwl_view_functions,      dwl_layout_functions, dwl_elementwise_functions,
                                   dwl_reduce_functions,    dwl_gather_functions, dwl_random_functions,
                                   dwl_depthwise_functions, dwl_gemm_functions,   dwl_tape_functions,
                                   dwl_recall_functions,    dwl_system_functions, dwl_file_functions};
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
  lua_rawsetp(L, LUA_REGISTRYINDEX, &methods);
  lua_pushliteral(L, "dwconv.Tensor");
  lua_setfield(L, 1, "__name");
  lua_pushliteral(L, "dwconv.Tensor");
  lua_setfield(L, 1, "__metatable");
  lua_pushvalue(L, 1);
  lua_setfield(L, 3, "metatable");
  lua_pushvalue(L, 1); // for the modules in src/io: luaL_testudata
  lua_setfield(L, LUA_REGISTRYINDEX, DWL_TENSOR);
  luaL_newmetatable(L, DWL_FILE);
  dwl_register(L, dwl_file_metamethods, 1, 2);
  lua_pushliteral(L, DWL_FILE);
  lua_setfield(L, -2, "__metatable");
  lua_settop(L, 3);
  lua_pushvalue(L, 3);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &module);
  return 1;
}
