// line.c: dwconv.line, an optional Lua module over libreadline: reads an entry of one or several lines, which is edited
// as a whole. readline is under the GPL, so it is kept in a module of its own. Called by lua/dwconv/repl/.
// Invariant: signals that come while an entry is read are answered between two keys, by the calling thread; afterwards
// their handlers, the terminal's modes and Lua's stack are as before.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include <lauxlib.h>
#include <lua.h>

static lua_State *reading; // not NULL while an entry is read; its stack has the table of answers at 1
static bool left;          // Ctrl-C left the entry

// ---- signals ------------------------------------------------------------------------------------

static const int SIGNALS[] = {SIGINT, SIGQUIT, SIGTSTP, SIGWINCH, SIGTERM, SIGHUP};
#define N_SIGNALS ((int)(sizeof SIGNALS / sizeof SIGNALS[0]))

static volatile sig_atomic_t came[N_SIGNALS]; // which of them, since they were last answered
static struct sigaction before[N_SIGNALS];
static sigset_t mask_before, mask_waiting;

static void on_signal(int number) {
  for (int i = 0; i < N_SIGNALS; i++) {
    if (SIGNALS[i] == number) came[i] = 1;
  }
}

// They are blocked but while a key is waited for, so none is lost and none comes in between.
static void take_signals(void) {
  struct sigaction now;
  sigset_t ours;
  memset(&now, 0, sizeof now);
  now.sa_handler = on_signal;
  sigemptyset(&ours);
  for (int i = 0; i < N_SIGNALS; i++) sigaddset(&ours, SIGNALS[i]);
  sigprocmask(SIG_BLOCK, &ours, &mask_before);
  mask_waiting = mask_before;
  for (int i = 0; i < N_SIGNALS; i++) {
    sigdelset(&mask_waiting, SIGNALS[i]);
    came[i] = 0;
    sigaction(SIGNALS[i], &now, &before[i]);
  }
}

static void return_signals(void) {
  for (int i = 0; i < N_SIGNALS; i++) sigaction(SIGNALS[i], &before[i], NULL);
  sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

// Lets the signal do what it does elsewhere, with the terminal as it was.
static void pass_on(int number) {
  rl_deprep_terminal();
  return_signals();
  raise(number);
  take_signals(); // after Ctrl-Z and fg
  rl_prep_terminal(1);
  rl_forced_update_display();
}

// True when the entry is to be left.
static bool answer_signals(void) {
  bool leaves = false;
  for (int i = 0; i < N_SIGNALS; i++) {
    if (!came[i]) continue;
    came[i] = 0;
    switch (SIGNALS[i]) {
      case SIGINT: leaves = true; break;
      case SIGQUIT: break; // a slip of Ctrl-\ ends no prompt
      case SIGWINCH: rl_resize_terminal(); break;
      default: pass_on(SIGNALS[i]);
    }
  }
  return leaves;
}

// What is typed for a Ctrl-C, as readline has no way to be told to give up: the end of a search, of a paste, and Enter.
static const char GIVE_UP[] = "\007\033[201~\n";
static const char *typed = "";

// Of a carriage return and a newline that come together, as in a paste from elsewhere, the newline is left out.
static int next_key(FILE *file) {
  static unsigned char former;
  struct pollfd input = {fileno(file), POLLIN, 0};
  bool together = poll(&input, 1, 0) > 0;
  if (*typed != '\0') return *typed++;
  for (;;) {
    unsigned char key;
    int ready = ppoll(&input, 1, NULL, &mask_waiting);
    if (ready < 0 && errno != EINTR) return EOF;
    if (answer_signals()) break;
    if (ready <= 0) continue;
    ssize_t n = read(input.fd, &key, 1);
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN)) return EOF;
    if (n < 0) continue;
    bool is_second = together && former == '\r' && key == '\n';
    former = key;
    if (!is_second) return key;
  }
  left = true;
  rl_point = rl_end;
  rl_redisplay();
  fputs("^C", rl_outstream);
  typed = RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH) ? GIVE_UP : GIVE_UP + 1;
  return *typed++;
}

// ---- what keys do ---------------------------------------------------------------------------------

typedef struct question {
  const char *name;
  bool again;
} question;

static int ask_protected(lua_State *L) { // the table of answers, a question -> three results
  const question *q = lua_touserdata(L, 2);
  if (lua_getfield(L, 1, q->name) != LUA_TFUNCTION) return 0;
  lua_pushlstring(L, rl_line_buffer, (size_t)rl_end);
  lua_pushinteger(L, rl_point);
  lua_pushboolean(L, q->again);
  lua_call(L, 3, 3);
  return 3;
}

// Calls a function of the table of answers with the entry, the cursor (bytes before it) and `again`. False when it
// fails; else its three results are on the stack. What may raise is within the pcall, as no error may pass readline.
static bool ask(const char *name, bool again) {
  lua_State *L = reading;
  question q = {name, again};
  if (!lua_checkstack(L, 8)) return false;
  lua_pushcfunction(L, ask_protected);
  lua_pushvalue(L, 1);
  lua_pushlightuserdata(L, &q);
  return lua_pcall(L, 2, 3, 0) == LUA_OK;
}

// Puts text in place of what is between two places of the entry, as one thing to undo; the cursor comes after it.
static void replace(int from, int to, const char *text) {
  rl_begin_undo_group();
  rl_delete_text(from, to);
  rl_point = from;
  rl_insert_text(text);
  rl_end_undo_group();
}

// The last line of an entry that is higher than the terminal is drawn over others.
static void clear_below(void) {
  int lines = 1, rows, columns;
  for (int i = 0; i < rl_end; i++) lines += rl_line_buffer[i] == '\n';
  rl_get_screen_size(&rows, &columns);
  rl_point = rl_end;
  rl_redisplay();
  if (lines >= rows) fputs("\033[K", rl_outstream);
}

// Enter: answers.enter gives whether the entry is finished, and, if something is to be put in the place of the text
// before the cursor, from where on, and what.
static int on_enter(int count, int key) {
  lua_State *L = reading;
  int top = lua_gettop(L);
  bool finished = true;
  if (!left && ask("enter", false)) {
    finished = lua_toboolean(L, -3);
    int from = (int)lua_tointeger(L, -2);
    if (lua_type(L, -1) == LUA_TSTRING && from >= 0 && from <= rl_point) replace(from, rl_point, lua_tostring(L, -1));
  }
  lua_settop(L, top);
  if (!finished) return 0;
  clear_below();
  rl_point = rl_end;
  return rl_newline(count, key);
}

static int on_new_line(int count, int key) { // Alt-Enter: a new line in any case
  (void)count, (void)key;
  return rl_insert_text("\n");
}

// Tab: answers.tab gives where the word begins, what stands for it, and lines to print, each of which may be missing.
static int on_tab(int count, int key) {
  lua_State *L = reading;
  int top = lua_gettop(L);
  (void)count, (void)key;
  if (ask("tab", rl_last_func == on_tab)) {
    int from = (int)lua_tointeger(L, -3);
    if (lua_type(L, -2) == LUA_TSTRING && from >= 0 && from <= rl_point) replace(from, rl_point, lua_tostring(L, -2));
    if (lua_type(L, -1) == LUA_TSTRING) {
      int point = rl_point;
      rl_point = rl_end; // so that the lines come below the whole entry
      rl_redisplay();
      fprintf(rl_outstream, "\n%s\n", lua_tostring(L, -1));
      rl_point = point;
      rl_on_new_line();
      rl_redisplay();
    }
  }
  lua_settop(L, top);
  return 0;
}

// Where the line begins in which byte `at` is, and where it ends.
static int line_start(int at) {
  while (at > 0 && rl_line_buffer[at - 1] != '\n') at--;
  return at;
}

static int line_end(int at) {
  while (at < rl_end && rl_line_buffer[at] != '\n') at++;
  return at;
}

static bool begins_character(int at) { return ((unsigned char)rl_line_buffer[at] & 0xC0) != 0x80; } // of UTF-8

// How many characters are between two places.
static int characters(int from, int to) {
  int n = 0;
  for (; from < to; from++) n += begins_character(from);
  return n;
}

// The place `n` characters into the line that begins at `start`; its end, if it is shorter.
static int place_in_line(int start, int n) {
  int at = start, end = line_end(start);
  for (; n > 0 && at < end; n--) {
    do at++;
    while (at < end && !begins_character(at));
  }
  return at;
}

// Up and down go to the neighbouring line of the entry, and from its first and last to the entries before and after.
static int on_up(int count, int key) {
  int start = line_start(rl_point);
  if (start == 0) return rl_get_previous_history(count, key);
  rl_point = place_in_line(line_start(start - 1), characters(start, rl_point));
  return 0;
}

static int on_down(int count, int key) {
  int end = line_end(rl_point);
  if (end == rl_end) return rl_get_next_history(count, key);
  rl_point = place_in_line(end + 1, characters(line_start(rl_point), rl_point));
  return 0;
}

static int on_line_start(int count, int key) {
  (void)count, (void)key;
  rl_point = line_start(rl_point);
  return 0;
}

static int on_line_end(int count, int key) {
  (void)count, (void)key;
  rl_point = line_end(rl_point);
  return 0;
}

static int on_nothing(int count, int key) {
  (void)count, (void)key;
  return 0;
}

static void bind_keys(Keymap map) {
  static const struct {
    const char *keys;
    rl_command_func_t *f;
  } bindings[] = {{"\\e\\r", on_new_line},
                  {"\\e\\n", on_new_line},
                  {"\\e[A", on_up},
                  {"\\eOA", on_up},
                  {"\\C-p", on_up},
                  {"\\e[B", on_down},
                  {"\\eOB", on_down},
                  {"\\C-n", on_down},
                  {"\\C-a", on_line_start},
                  {"\\e[H", on_line_start},
                  {"\\eOH", on_line_start},
                  {"\\e[1~", on_line_start},
                  {"\\C-e", on_line_end},
                  {"\\e[F", on_line_end},
                  {"\\eOF", on_line_end},
                  {"\\e[4~", on_line_end},
                  {"\\e[5~", rl_history_search_backward},
                  {"\\e[6~", rl_history_search_forward}};
  for (size_t i = 0; i < sizeof bindings / sizeof bindings[0]; i++) {
    rl_bind_keyseq_in_map(bindings[i].keys, bindings[i].f, map);
  }
}

// ---- what Lua calls -------------------------------------------------------------------------------

static void prepare(void) {
  static bool prepared;
  if (prepared) return;
  prepared = true;
  rl_readline_name = "dwconv";
  rl_catch_signals = 0;
  rl_catch_sigwinch = 0;
  rl_getc_function = next_key;
  rl_initialize();
  rl_variable_bind("enable-bracketed-paste", "on");
  rl_variable_bind("blink-matching-paren", "off");
  bind_keys(emacs_standard_keymap);
  bind_keys(vi_insertion_keymap);
  const char *own = getenv("INPUTRC");
  rl_read_init_file(own != NULL ? own : "~/.inputrc"); // once more, as a user's keys come before ours
  Keymap maps[] = {emacs_standard_keymap, vi_insertion_keymap, vi_movement_keymap};
  for (int i = 0; i < 3; i++) { // but for those without which there is no prompt
    rl_bind_keyseq_in_map("\\r", on_enter, maps[i]);
    rl_bind_keyseq_in_map("\\n", on_enter, maps[i]);
    rl_bind_keyseq_in_map("\\e[201~", on_nothing, maps[i]);
    if (i < 2) rl_bind_keyseq_in_map("\\t", on_tab, maps[i]);
  }
}

// read(answers, prompt) -> the entry; or nil and "interrupt" for Ctrl-C, "end" for Ctrl-D.
static int line_read(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const char *prompt = luaL_checkstring(L, 2);
  if (reading != NULL) return luaL_error(L, "an entry is read already");
  prepare();
  left = false;
  typed = "";
  reading = L;
  take_signals();
  char *text = readline(prompt);
  return_signals();
  reading = NULL;
  if (left || text == NULL) {
    free(text);
    lua_pushnil(L);
    lua_pushstring(L, left ? "interrupt" : "end");
    return 2;
  }
  lua_pushstring(L, text); // without memory this raises, and leaves the text behind
  free(text);
  return 1;
}

// add(entry): the next to come when going up.
static int line_add(lua_State *L) {
  add_history(luaL_checkstring(L, 1));
  return 0;
}

__attribute__((visibility("default"))) int luaopen_dwconv_line(lua_State *L);

int luaopen_dwconv_line(lua_State *L) {
  static const luaL_Reg functions[] = {{"read", line_read}, {"add", line_add}, {NULL, NULL}};
  luaL_newlib(L, functions);
  lua_pushfstring(L, "readline %s", rl_library_version);
  lua_setfield(L, -2, "library");
  return 1;
}
