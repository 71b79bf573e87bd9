// errors.c: how an error is raised: in the name of the function that the script called, blaming the first line outside
// dwconv. Called by every room of the binding.
#include <stdarg.h>
#include <string.h>

#include "binding.h"

static const char home; // registry key: the folder of the Lua layer, as chunk names begin

// Functions that are made from records have a source of their own: OP, then their name. Without a name, what they call
// was passed by the script.
static const char OP[] = "=[dwconv] ";

// Pushes "file:line: " of the first Lua frame outside dwconv, or "". Gives the name of the record's function that the
// script called, the outermost one before that frame; NULL if there is none.
static const char *push_blame(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &home);
  const char *prefix = lua_tostring(L, -1), *name = NULL;
  bool ours = true;
  lua_Debug ar;
  for (int level = 1; lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (ar.currentline < 0 || (prefix != NULL && strncmp(ar.source, prefix, strlen(prefix)) == 0)) continue;
    if (strncmp(ar.source, OP, sizeof OP - 1) != 0) {
      lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
      return name;
    }
    ours = ours && ar.source[sizeof OP - 1] != 0;
    if (ours) name = ar.source + sizeof OP - 1;
  }
  lua_pushliteral(L, "");
  return name;
}

int dwl_error(lua_State *L, const char *format, ...) {
  luaL_checkstack(L, 8, NULL);
  const char *name = push_blame(L);
  lua_pushfstring(L, "%s: ", name != NULL ? name : lua_tostring(L, lua_upvalueindex(DWL_NAME)));
  va_list arguments;
  va_start(arguments, format);
  lua_pushvfstring(L, format, arguments);
  va_end(arguments);
  lua_concat(L, 3);
  lua_error(L);
  __builtin_unreachable();
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

// raise(text): for the Lua layer. In a record's function the text begins with the function's name, as dwl_error's.
static int raise_text(lua_State *L) {
  luaL_checkstring(L, 1);
  const char *name = push_blame(L);
  lua_pushfstring(L, name != NULL ? "%s: " : "", name);
  lua_pushvalue(L, 1);
  lua_concat(L, 3);
  return lua_error(L);
}

static int set_home(lua_State *L) {
  luaL_checkstring(L, 1);
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &home);
  return 0;
}

const luaL_Reg dwl_errors_functions[] = {{"raise", raise_text}, {"set_home", set_home}, {NULL, NULL}};
