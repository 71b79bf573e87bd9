// prompt.c: dwconv.prompt, a Lua module for the prompt alone: runs a function so that Ctrl-C stops it, every time. The
// handler of lua5.4 itself lets the second Ctrl-C end the process. Called by lua/dwconv/repl/.
// Invariant: SIGINT is handled here only while a function runs; then what handled it before does so again, which after
// ignore() is nobody.
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>

#define AGAIN 1000 // instructions, enough for what answers the error that Ctrl-C raises
#define LATER 0.5  // seconds, after which a further Ctrl-C is not the same key held down
#define PATIENCE 3 // seconds, after which a further Ctrl-C says that nothing answers, and yet another ends the process

static lua_State *running;
static volatile sig_atomic_t asked, warned; // a Ctrl-C was not answered yet; nor one that came long after it
static volatile sig_atomic_t insists;       // there was one before, in this call: it is raised until the call ends
static volatile double first, last;         // when the first came that was not answered; when the last came

static lua_CFunction catchers[2]; // pcall and xpcall

static bool is_catcher(lua_State *L, lua_Debug *ar) {
  lua_getinfo(L, "f", ar);
  lua_CFunction f = lua_tocfunction(L, -1);
  lua_pop(L, 1);
  return f != NULL && (f == catchers[0] || f == catchers[1]);
}

// Where a script's pcall catches the error, it is raised again when that returns, if Ctrl-C insists.
static void stop(lua_State *L, lua_Debug *ar) {
  if (insists && ar->event == LUA_HOOKRET && !is_catcher(L, ar)) return;
  asked = warned = 0;
  if (insists)
    lua_sethook(L, stop, LUA_MASKRET | LUA_MASKCOUNT, AGAIN);
  else
    lua_sethook(L, NULL, 0, 0);
  luaL_error(L, "interrupted!");
}

static void say(const char *text) {
  ssize_t written = write(STDERR_FILENO, text, strlen(text));
  (void)written;
}

// lua_sethook may be called here, as in lua.c. The core looks for the hook between the tasks of a long call.
static void on_sigint(int number) {
  int error = errno;
  struct timespec clock;
  clock_gettime(CLOCK_MONOTONIC, &clock);
  double now = (double)clock.tv_sec + 1e-9 * (double)clock.tv_nsec;
  if (last > 0 && now - last > LATER) insists = 1;
  last = now;
  if (!asked) first = now;
  asked = 1;
  if (now - first > PATIENCE) {
    if (warned) {
      signal(number, SIG_DFL);
      raise(number);
    }
    warned = 1;
    first = now - PATIENCE + 1; // a key that is held down does not end it
    say("\nWhat runs does not look for Ctrl-C; once more, after a second, ends dwconv.\n");
  }
  lua_sethook(running, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
  errno = error;
}

// call(f, ...) -> what pcall gives. Calls of the system that wait are broken off, as SA_RESTART is not set.
static int prompt_call(lua_State *L) {
  struct sigaction now, before;
  lua_State *outer = running;
  luaL_checkany(L, 1);
  memset(&now, 0, sizeof now);
  now.sa_handler = on_sigint;
  running = L;
  asked = warned = insists = 0;
  last = 0;
  lua_pushboolean(L, 1); // first, as there may be no room behind the results
  lua_insert(L, 1);
  sigaction(SIGINT, &now, &before);
  int status = lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 0);
  sigaction(SIGINT, &before, NULL);
  if (lua_gethook(L) == stop) lua_sethook(L, NULL, 0, 0); // it came after the last instruction
  running = outer;
  if (status != LUA_OK) {
    lua_pushboolean(L, 0);
    lua_replace(L, 1);
  }
  return lua_gettop(L);
}

// ignore(): from now on Ctrl-C does nothing outside of call, where lua5.4 would end the process, nor does Ctrl-\.
static int prompt_ignore(lua_State *L) {
  (void)L;
  signal(SIGINT, SIG_IGN);
  signal(SIGQUIT, SIG_IGN);
  return 0;
}

// is_terminal(0, 1 or 2): whether standard input, output or error is a terminal.
static int prompt_is_terminal(lua_State *L) {
  lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
  return 1;
}

// make_folder(path) -> true, or nil and the system's text. Only the owner may look into it; one that is there is good.
static int prompt_make_folder(lua_State *L) {
  if (mkdir(luaL_checkstring(L, 1), 0700) == 0 || errno == EEXIST) return lua_pushboolean(L, 1), 1;
  lua_pushnil(L);
  lua_pushstring(L, strerror(errno));
  return 2;
}

// private(): files that are made from now on are the owner's alone; gives back what was before, for private(before).
static int prompt_private(lua_State *L) {
  lua_pushinteger(L, umask((mode_t)luaL_optinteger(L, 1, 077)));
  return 1;
}

__attribute__((visibility("default"))) int luaopen_dwconv_prompt(lua_State *L);

int luaopen_dwconv_prompt(lua_State *L) {
  static const luaL_Reg functions[] = {{"call", prompt_call},
                                       {"ignore", prompt_ignore},
                                       {"is_terminal", prompt_is_terminal},
                                       {"make_folder", prompt_make_folder},
                                       {"private", prompt_private},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
  for (int i = 0; i < 2; i++) {
    lua_getglobal(L, i == 0 ? "pcall" : "xpcall");
    catchers[i] = lua_tocfunction(L, -1);
    lua_pop(L, 1);
  }
  return 1;
}
