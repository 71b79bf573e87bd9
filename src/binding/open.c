// open.c: what every function of the binding begins with, and luaopen_dwconv_core.
// Invariant: a function checks everything before it allocates or writes anything a script can see.
#define _GNU_SOURCE
#include "binding.h"

#include <dlfcn.h>
#include <string.h>

#include "file.h"

static const char methods; // registry keys
static const char module;

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

// owns(f): whether f is a function of this module.
static int owns(lua_State *L) {
  lua_pushboolean(L, lua_tocfunction(L, 1) == begin);
  return 1;
}

void dwl_pushmethods(lua_State *L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &methods); }

// ---- opening ------------------------------------------------------------------------------------

// Threads run code that lua_close would unmap, if a finaliser of another library keeps tensors; the module stays,
// whoever linked it.
static void pin(void) {
  Dl_info self;
  if (dladdr((void *)&module, &self) != 0 && self.dli_fname != NULL) {
    dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
  }
}

static int stop_workers(lua_State *L) { // __gc of the state
  dwl_state *s = lua_touserdata(L, 1);
  dw_workers_stop(s->cx.workers);
  s->cx.threads = 1;
  return 0;
}

// The state, on top of the stack.
static void push_state(lua_State *L) {
  dwl_state *s = lua_newuserdatauv(L, sizeof *s, 1);
  *s = (dwl_state){.memory = 0};
  dw_context_init(&s->cx);
  lua_createtable(L, 0, 1); // its metatable
  lua_pushcfunction(L, stop_workers);
  lua_setfield(L, -2, "__gc");
  s->cx.workers = dw_workers_init(dwl_nextline(lua_newuserdatauv(L, dw_workers_bytes() + DWL_LINE, 0)));
  lua_setiuservalue(L, -3, 1);
  lua_setmetatable(L, -2);
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  s->main = lua_tothread(L, -1);
  lua_pop(L, 1);
  s->cx.interrupted = dwl_hookchanged;
  s->cx.user = s;
}

static const luaL_Reg own_functions[] = {{"owns", owns}, {NULL, NULL}};

__attribute__((visibility("default"))) int luaopen_dwconv_core(lua_State *L);

// Loaded again, the module is the same: tensors have one metatable, and the state's settings one home.
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
  const luaL_Reg *const rooms[] = {
#define KERNELS(name, types)
#define FAMILY(name, types) dwl_##name##_functions,
#include "families.h"
      own_functions,          dwl_errors_functions, dwl_arguments_functions, dwl_table_functions,
      dwl_view_functions,     dwl_index_functions,  dwl_strided_functions,   dwl_tape_functions,
      dwl_recall_functions,   dwl_system_functions, dwl_file_functions,      dwl_folder_functions,
      dwl_geometry_functions, dwl_memory_functions, dwl_arena_functions,     dwl_terminal_functions};
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
