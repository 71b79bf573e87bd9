// folder.c: what is in a folder, which plain Lua cannot ask. Called by lua/dwconv/io/file.lua. What the system refuses
// comes back as nil and its text, as io.open has it.
// Invariant: the open folder belongs to a userdata, so that an error while the list is made leaves nothing open.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "binding.h"

#define FOLDER "dwconv.folder"

static int close_folder(lua_State *L) { // __gc of the userdata
  DIR **folder = lua_touserdata(L, 1);
  if (*folder != NULL) closedir(*folder);
  *folder = NULL;
  return 0;
}

static DIR **new_folder(lua_State *L) {
  DIR **folder = lua_newuserdatauv(L, sizeof *folder, 0);
  *folder = NULL;
  if (luaL_newmetatable(L, FOLDER)) {
    lua_pushcfunction(L, close_folder);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return folder;
}

static int refuse(lua_State *L, int problem) {
  lua_pushnil(L);
  lua_pushstring(L, strerror(problem));
  return 2;
}

// Whether an entry is a folder; symbolic links are followed.
static bool is_folder(DIR *folder, const char *name) {
  struct stat s;
  return fstatat(dirfd(folder), name, &s, 0) == 0 && S_ISDIR(s.st_mode);
}

// path -> the names in it, in no order, without "." and ".."; those of folders end in "/". Or nil, text.
static int folder_list(lua_State *L) {
  if (lua_type(L, 1) != LUA_TSTRING) dwl_expected(L, "path", "a string", 1);
  DIR **folder = new_folder(L);
  *folder = opendir(lua_tostring(L, 1));
  if (*folder == NULL) return refuse(L, errno);
  lua_newtable(L);
  lua_Integer n = 0;
  for (;;) {
    errno = 0;
    const struct dirent *entry = readdir(*folder);
    if (entry == NULL) break;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    lua_pushfstring(L, is_folder(*folder, entry->d_name) ? "%s/" : "%s", entry->d_name);
    lua_rawseti(L, -2, ++n);
  }
  if (errno != 0) return refuse(L, errno);
  closedir(*folder);
  *folder = NULL;
  return 1;
}

const luaL_Reg dwl_folder_functions[] = {{"folder_list", folder_list}, {NULL, NULL}};
