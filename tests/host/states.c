// states.c: a host with Lua, for what a script cannot do to itself: states opened and closed in a row, two at once
// in two threads, fork(), Ctrl-C as lua.c answers it, and one file of many writers. Run by tests/host_spec.lua as
// `states <test>`, with LUA_PATH and LUA_CPATH in the environment; ends with 0, or with 1 and a text on stderr.
// Invariant: a state is used by one thread at a time. Every call is large enough for a parallel region.
#define _GNU_SOURCE
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("states: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

// ---- states -------------------------------------------------------------------------------------

static const char prepare[] = "dw = require 'dwconv'\n"
                              "conv = dw.backend.depthwise_conv2d\n"
                              "dw.set_threads(3)\n"
                              "function bytes(seed)\n"
                              "  local x = dw.uniform({ 1, 64, 64, 64 }, { seed = seed })\n"
                              "  local kernel = dw.uniform({ 3, 3, 64, 1 }, { seed = seed + 1 })\n"
                              "  return conv(x, kernel, { padding = 'same' }):to_bytes()\n"
                              "end\n";

static void run(lua_State *L, const char *script) {
  if (luaL_dostring(L, script) != LUA_OK) die("%s", lua_tostring(L, -1));
}

static lua_State *open_state(void) {
  lua_State *L = luaL_newstate();
  if (L == NULL) die("no memory for a state");
  luaL_openlibs(L);
  run(L, prepare);
  return L;
}

// The bytes of one convolution; they stay on the stack.
static const char *compute(lua_State *L, int seed, size_t *n) {
  lua_getglobal(L, "bytes");
  lua_pushinteger(L, seed);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK) die("%s", lua_tostring(L, -1));
  return lua_tolstring(L, -1, n);
}

struct bytes {
  char *data;
  size_t n;
};

static struct bytes computed(lua_State *L, int seed) {
  struct bytes b;
  const char *data = compute(L, seed, &b.n);
  b.data = malloc(b.n);
  if (b.data == NULL || b.n == 0) die("no bytes");
  memcpy(b.data, data, b.n);
  lua_pop(L, 1);
  return b;
}

static bool same(const struct bytes *a, const struct bytes *b) {
  return a->n == b->n && memcmp(a->data, b->data, a->n) == 0;
}

static void must_compute(lua_State *L, int seed, const struct bytes *want, const char *where) {
  struct bytes got = computed(L, seed);
  if (!same(&got, want)) die("%s: other bytes", where);
  free(got.data);
}

// ---- open and close -----------------------------------------------------------------------------

// A state's threads end with it.
static void test_open_close(void) {
  enum { CYCLES = 200 };
  struct bytes want = {0};
  for (int i = 0; i < CYCLES; i++) {
    lua_State *L = open_state();
    if (i == 0) want = computed(L, 1);
    must_compute(L, 1, &want, "a later state");
    lua_close(L);
  }
  free(want.data);
}

// ---- two threads --------------------------------------------------------------------------------

enum { CALLS = 50 };

struct worker {
  pthread_t thread;
  pthread_barrier_t *start;
  struct bytes results[CALLS];
};

static void *work(void *argument) {
  struct worker *w = argument;
  pthread_barrier_wait(w->start); // so that both load the module at once
  lua_State *L = open_state();
  for (int i = 0; i < CALLS; i++) w->results[i] = computed(L, i);
  lua_close(L);
  return NULL;
}

static void *compute_elsewhere(void *state) {
  static struct bytes b;
  b = computed(state, 1);
  return &b;
}

// Opened here, used in one thread after another, and closed here: its workers are the state's, not a thread's.
static void test_moving_state(void) {
  lua_State *L = open_state();
  struct bytes want = computed(L, 1);
  for (int i = 0; i < 3; i++) {
    pthread_t thread;
    void *got;
    if (pthread_create(&thread, NULL, compute_elsewhere, L) != 0) die("no thread");
    pthread_join(thread, &got);
    if (!same(got, &want)) die("thread %d: other bytes", i);
    free(((struct bytes *)got)->data);
  }
  lua_close(L);
  free(want.data);
}

static void test_threads(void) {
  test_moving_state();

  static struct worker workers[2];
  pthread_barrier_t start;
  pthread_barrier_init(&start, NULL, 2);
  for (int i = 0; i < 2; i++) {
    workers[i].start = &start;
    if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) die("no thread");
  }
  for (int i = 0; i < 2; i++) pthread_join(workers[i].thread, NULL);
  pthread_barrier_destroy(&start);
  for (int i = 0; i < CALLS; i++) {
    if (!same(&workers[0].results[i], &workers[1].results[i])) die("call %d: the two states differ", i);
    free(workers[0].results[i].data);
    free(workers[1].results[i].data);
  }
}

// ---- processes ----------------------------------------------------------------------------------

static void on_alarm(int signal) { (void)signal; } // only interrupts waitpid

static pid_t fork_or_die(void) {
  pid_t child = fork();
  if (child < 0) die("no process");
  return child;
}

// The child must end with 0 within `seconds`.
static void wait_for(pid_t child, const char *what, unsigned seconds) {
  int status;
  struct sigaction action = {.sa_handler = on_alarm}, before;
  sigaction(SIGALRM, &action, &before);
  alarm(seconds);
  pid_t ended = waitpid(child, &status, 0);
  alarm(0);
  sigaction(SIGALRM, &before, NULL);
  if (ended != child) {
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    die("%s: did not end within %u s", what, seconds);
  }
  if (WIFSIGNALED(status)) die("%s: killed by signal %d", what, WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) die("%s: ended with %d", what, WEXITSTATUS(status));
}

// The parent's threads are not in the child, which must not wait for them, and may start its own.
static void test_fork(void) {
  enum { SECONDS = 20 };
  lua_State *L = open_state();
  struct bytes want = computed(L, 1);
  pid_t child = fork_or_die();
  if (child == 0) {
    must_compute(L, 1, &want, "child");
    run(L, "dw.set_threads(3)");
    must_compute(L, 1, &want, "child with threads of its own");
    lua_close(L);
    exit(0);
  }
  wait_for(child, "child with its parent's state", SECONDS);
  child = fork_or_die();
  if (child == 0) {
    lua_State *own = open_state();
    must_compute(own, 1, &want, "child with a state of its own");
    lua_close(own);
    exit(0);
  }
  wait_for(child, "child with a state of its own", SECONDS);
  must_compute(L, 1, &want, "parent after fork");
  lua_close(L);
  free(want.data);
}

// ---- interruption, as in lua.c --------------------------------------------------------------------

static lua_State *global_state;

static void lstop(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_sethook(L, NULL, 0, 0);
  luaL_error(L, "interrupted!");
}

static void laction(int i) {
  signal(i, SIG_DFL);
  lua_sethook(global_state, lstop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double time_of(lua_State *L, const char *script) {
  double start = now();
  run(L, script);
  return now() - start;
}

static void raise_after(double seconds) {
  signal(SIGALRM, laction);
  time_t whole = (time_t)seconds;
  struct itimerval timer = {.it_value = {whole, (suseconds_t)((seconds - (double)whole) * 1e6) + 1}};
  setitimer(ITIMER_REAL, &timer, NULL);
}

// Leaves globals x and kernel, with which one call takes some two seconds or more; gives its time.
static double make_long_call(lua_State *L, int threads) {
  enum { SECONDS = 2 };
  lua_pushinteger(L, threads);
  lua_setglobal(L, "threads");
  run(L, "dw.set_threads(threads)\n"
         "kernel = dw.ones({ 61, 61, 8, 1 }, { dtype = 'float64' })\n"
         "x = dw.ones({ 1, 64, 64, 8 }, { dtype = 'float64' })");
  double one = time_of(L, "conv(x, kernel, { padding = 'same' })");
  lua_pushinteger(L, (lua_Integer)(1.25 * SECONDS / one) + 1);
  lua_setglobal(L, "images");
  run(L, "x = dw.ones({ images, 64, 64, 8 }, { dtype = 'float64' })");
  return time_of(L, "conv(x, kernel, { padding = 'same' })");
}

static void interrupt_long_call(int threads) {
  lua_State *L = global_state = open_state();
  double whole = make_long_call(L, threads);
  raise_after(0.1 * whole);
  double start = now();
  int status = luaL_dostring(L, "for i = 1, 1000 do conv(x, kernel, { padding = 'same' }) end");
  double taken = now() - start;
  const char *text = status == LUA_OK ? "no error" : lua_tostring(L, -1);
  if (status == LUA_OK || strstr(text, "depthwise_conv2d: interrupted") == NULL) die("threads %d: %s", threads, text);
  if (taken > 0.5 * whole) die("threads %d: interrupted after %.2f s of %.2f s", threads, taken, whole);
  if (lua_gethook(L) != NULL) die("threads %d: the hook is still set", threads);
  lua_pop(L, 1);
  run(L, "local y = conv(dw.ones { 1, 8, 8, 2 }, dw.ones { 3, 3, 2, 1 }, { padding = 'same' })\n"
         "assert(y(1, 1, 1, 1) == 4 and y(1, 4, 4, 2) == 9)\n"
         "assert(conv(x:narrow(1, 1, 1), kernel, { padding = 'valid' })(1, 1, 1, 1) == 61 * 61)");
  printf("states: threads %d: interrupted after %.2f s of %.2f s\n", threads, taken, whole);
  fflush(stdout);
  lua_close(L);
}

static void test_interrupt(void) {
  enum { SECONDS = 120 };
  for (int threads = 1; threads <= 3; threads += 2) {
    pid_t child = fork_or_die();
    if (child == 0) {
      interrupt_long_call(threads);
      exit(0);
    }
    wait_for(child, "interrupted child", SECONDS);
  }
}

// The codecs look at the hook themselves: their error has the function's name, Lua's own has not. Most of the time is
// spent in them, so the signal soon comes there.
static void interrupt_codec(lua_State *L, const char *name, const char *script) {
  enum { ATTEMPTS = 20 };
  for (int i = 0; i < ATTEMPTS; i++) {
    raise_after(0.03);
    if (luaL_dostring(L, script) == LUA_OK) die("%s: no error", name);
    const char *text = lua_tostring(L, -1);
    bool found = strstr(text, name) != NULL && strstr(text, ": interrupted!") != NULL;
    if (lua_gethook(L) != NULL) die("%s: the hook is still set", name);
    lua_pop(L, 1);
    if (found) return;
  }
  die("%s: never interrupted", name);
}

static void test_interrupt_pictures(void) {
  lua_State *L = global_state = open_state();
  run(L, "has = pcall(require, 'dwconv.image')\n"
         "path = os.tmpname()\n"
         "picture = dw.uniform({ 1000, 1500, 3 }, { maxval = 256 }):astype 'uint8'\n"
         "if has then for _, e in ipairs { '.png', '.jpg' } do dw.io.image.write(path .. e, picture) end end");
  lua_getglobal(L, "has");
  if (lua_toboolean(L, -1)) {
    interrupt_codec(L, "image.write", "while true do dw.io.image.write(path .. '.png', picture) end");
    interrupt_codec(L, "image.read", "while true do dw.io.image.read(path .. '.png') end");
    interrupt_codec(L, "image.write", "while true do dw.io.image.write(path .. '.jpg', picture) end");
    interrupt_codec(L, "image.read", "while true do dw.io.image.read(path .. '.jpg') end");
    run(L, "assert(dw.close(dw.io.image.read(path .. '.png'), picture))");
  }
  run(L, "for _, e in ipairs { '', '.png', '.jpg' } do os.remove(path .. e) end");
  lua_close(L);
}

// ---- files --------------------------------------------------------------------------------------

// Forked writers of one path, each with a number of its own: whoever reads meets one number only.
static void test_files(void) {
  enum { WRITERS = 6, SECONDS = 60 };
  lua_State *L = open_state();
  pid_t writers[WRITERS];
  run(L, "path = os.tmpname()\n"
         "dw.io.npy.write(path, dw.zeros { 20000 })\n"
         "function write(n) for _ = 1, 20 do dw.io.npy.write(path, dw.full({ 20000 }, n)) end end\n"
         "function read()\n"
         "  local t = dw.io.npy.read(path)\n"
         "  assert(t:max():item() == t:min():item(), 'two writers in one file')\n"
         "end");
  for (int i = 0; i < WRITERS; i++) {
    writers[i] = fork_or_die();
    if (writers[i] != 0) continue;
    lua_pushinteger(L, i + 1);
    lua_setglobal(L, "n");
    run(L, "write(n)");
    _exit(0);
  }
  run(L, "for _ = 1, 50 do read() end");
  for (int i = 0; i < WRITERS; i++) wait_for(writers[i], "writer", SECONDS);
  run(L, "read() os.remove(path)");
  lua_close(L);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*run)(void);
  } tests[] = {{"open_close", test_open_close},
               {"threads", test_threads},
               {"fork", test_fork},
               {"interrupt", test_interrupt},
               {"interrupt_pictures", test_interrupt_pictures},
               {"files", test_files}};
  for (size_t i = 0; argc == 2 && i < sizeof tests / sizeof tests[0]; i++) {
    if (strcmp(argv[1], tests[i].name) != 0) continue;
    tests[i].run();
    printf("states: %s passed\n", tests[i].name);
    return 0;
  }
  fputs("usage: states open_close|threads|fork|interrupt|interrupt_pictures|files\n", stderr);
  return 2;
}
