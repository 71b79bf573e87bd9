// ctrl_c.c: a host with Lua that answers Ctrl-C as lua.c does, on calls that take long: for each it starts the call,
// lets a timer set the hook, and prints how long it took until the call gave up. Run by tests/host_spec.lua as
// `ctrl_c [size [part of a name [limit]]]`, with LUA_PATH and LUA_CPATH in the environment; `size` is the elements of
// the long axes, `limit` the milliseconds that are too long. Invariant: a call is repeated until it is interrupted, so
// what is measured is an interruption.
#define _GNU_SOURCE
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

static lua_State *global_state;
static volatile double raised; // when the timer fired

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void lstop(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_sethook(L, NULL, 0, 0);
  luaL_error(L, "interrupted!");
}

static void on_alarm(int signal) {
  (void)signal;
  raised = now();
  lua_sethook(global_state, lstop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

static void raise_after(double seconds) {                                      // less than one
  struct itimerval timer = {.it_value.tv_usec = (suseconds_t)(seconds * 1e6)}; // 0 disarms it
  signal(SIGALRM, on_alarm);
  setitimer(ITIMER_REAL, &timer, NULL);
}

// A call: what it needs, and the call itself. N is the size; `view` repeats one number for as long as is asked.
struct call {
  const char *name, *prepare, *call;
};

static const struct call calls[] = {
    {"zeros", "", "dw.zeros { N }"},
    {"arange", "", "dw.arange(N, { dtype = 'float32' })"},
    {"arange of floats", "", "dw.arange(0.5, N, 1.0, { dtype = 'float64' })"},
    {"linspace", "", "dw.linspace(0, 1, N)"},
    {"eye", "", "dw.eye(math.floor(N ^ 0.5))"},
    {"uniform", "", "dw.uniform { N }"},
    {"truncated_normal", "", "K.truncated_normal({ N })"},
    {"one_hot", "i = dw.ones({ N }, { dtype = 'int64' })", "K.one_hot(i, 4)"},
    {"tensor from a table", "list = {} for i = 1, N // 5 do list[i] = i end", "dw.tensor(list)"},
    {"to_table", "x = dw.ones { N // 5 }", "x:to_table()"},
    {"from_bytes", "s = ('x'):rep(4 * N)", "dw.from_bytes(s, { N })"},
    {"to_bytes", "x = dw.ones { N // 10, 10 }:transpose()", "x:to_bytes()"},
    {"to_pixels", "x = dw.ones { N }", "x:to_pixels()"},
    {"clone", "x = dw.ones { N }", "x:clone()"},
    {"astype", "x = dw.ones { N }", "x:astype 'int64'"},
    {"fill", "x = dw.ones { N }", "x:fill(2)"},
    {"close", "x = dw.ones { N }", "dw.close(x, x)"},
    {"transpose", "x = dw.ones { N // 1000, 1000 }", "x:transpose():contiguous()"},
    {"exp", "x = dw.ones { N }", "K.exp(x)"},
    {"pow", "x = dw.ones { N }", "x ^ 2.5"},
    {"floor division", "x = dw.ones({ N }, { dtype = 'int32' })", "x // x"},
    {"power by a view", "x, y = view(2 ^ 36, 'int32'), dw.ones({ 0, 1 }, { dtype = 'int32' })",
     "y ^ x:reshape { 1, 2 ^ 36 }"},
    {"sum", "x = view(N * 100)", "K.sum(x)"},
    {"sum of rows", "x = view(N * 100):broadcast_to { 3, N * 100 }", "K.sum(x, { axis = 2 })"},
    {"sum of columns", "x = dw.ones { 1, 512 }:broadcast_to { N, 512 }", "K.sum(x, { axis = 1 })"},
    {"prod", "x = view(N * 100)", "K.prod(x)"},
    {"max", "x = view(N * 100, 'float64')", "K.max(x)"},
    {"mean", "x = view(N * 100)", "K.mean(x)"},
    {"argmax of one line", "x = dw.ones { 1 }:broadcast_to { N * 100 }", "K.argmax(x)"},
    {"argmax of columns", "x = dw.ones { 1, 256 }:broadcast_to { N, 256 }", "K.argmax(x, { axis = 1 })"},
    {"softmax of one line", "x = dw.ones { N }", "K.softmax(x)"},
    {"cumsum of one line", "x = dw.ones { N }", "K.cumsum(x)"},
    {"cumprod of columns", "x = dw.ones { N // 100, 100 }", "K.cumprod(x, { axis = 1 })"},
    {"sort of one line", "x = dw.uniform { N }", "K.sort(x)"},
    {"argsort of lines", "x = dw.uniform { 100, N // 100 }", "K.argsort(x)"},
    {"gather", "x, i = dw.ones { 10, 4 }, dw.ones({ N // 4 }, { dtype = 'int64' })", "K.gather(x, i)"},
    {"gather of long rows", "x, i = dw.ones { 1, N }, dw.ones({ 1 }, { dtype = 'int64' })", "K.gather(x, i)"},
    {"scatter", "x, i = dw.ones { N // 2, 2 }, dw.ones({ N // 2 }, { dtype = 'int64' })", "K.scatter(x, i, 3)"},
    {"take_along_axis", "x, i = dw.ones { 9 }, dw.ones({ N }, { dtype = 'int64' })", "K.take_along_axis(x, i, 1)"},
    {"put_along_axis", "x, i = dw.ones { N }, dw.ones({ N }, { dtype = 'int64' })", "K.put_along_axis(x, i, 1, 9)"},
    {"matmul", "x = dw.ones { 8192, 8192 }", "K.dot(x, x)"},
    {"matmul of one row", "x = dw.ones { 1 }:broadcast_to { 1, N * 20 }", "K.dot(x, x:transpose())"},
    {"matmul of few rows", "x = dw.ones { 1 }:broadcast_to { 6, N * 4 }", "K.dot(x, x:transpose())"},
    {"matmul of wide rows", "x, y = dw.ones { 64, 64 }, dw.ones { 64, N // 10 }", "K.dot(x, y)"},
    {"depthwise", "x, w = dw.ones { 8, 512, 512, 16 }, dw.ones { 31, 31, 16, 1 }",
     "K.depthwise_conv2d(x, w, { padding = 'same' })"},
    {"depthwise, one pixel", "x, w = dw.ones { 1, N // 20000, 1000, 1 }, dw.ones { N // 20000, 1000, 1, 1 }",
     "K.depthwise_conv2d(x, w)"},
    {"depthwise, one channel", "x, w = dw.ones { 1, 1, N // 100, 1 }, dw.ones { 1, 1001, 1, 1 }",
     "K.depthwise_conv2d(x, w, { padding = 'same' })"},
    {"grad_x", "x, w = dw.ones { 8, 512, 512, 16 }, dw.ones { 31, 31, 16, 1 }",
     "K.depthwise_conv2d_grad_x(x, w, x.shape, { padding = 'same' })"},
    {"grad_kernel", "x, w = dw.ones { 8, 512, 512, 16 }, { 31, 31, 16, 1 }",
     "K.depthwise_conv2d_grad_kernel(x, x, w, { padding = 'same' })"},
    {"grad_kernel, few rows", "x, w = dw.ones { 1, 7, N // 100, 8 }, { 7, 501, 8, 1 }",
     "K.depthwise_conv2d_grad_kernel(x, x, w, { padding = 'same' })"},
    {"concatenate", "x = dw.ones { N }", "K.concatenate { x, x }"},
    {"tile", "x = dw.ones { 1000, 1 }", "K.tile(x, { N // 1000, 1 })"},
    {"nonzero", "x = dw.ones { N // 4 }", "K.nonzero(x)"},
    {"boolean_mask", "x = dw.ones { N // 4 }; w = x:greater(0)", "x[w]"},
    {"put_mask", "x = dw.ones { N // 4 }; w, y = x:greater(0), x:clone()", "x:put_mask(w, y)"},
    {"put_rows", "x, i = dw.ones { N // 4 }, dw.ones({ N // 4 }, { dtype = 'int64' })", "x:put_rows(i, 3)"},
    {"adam_update", "w, g, m, v = dw.ones { N // 3 }, dw.ones { N // 3 }, dw.zeros { N // 3 }, dw.zeros { N // 3 }",
     "K.adam_update(w, g, m, v)"},
    {"sum_of_squares", "x = dw.ones { N }", "K.sum_of_squares(x)"},
    {"cummax of one line", "x = dw.ones { N }", "K.cummax(x)"},
    {"roll", "x = dw.ones { N }", "K.roll(x, 7)"},
    {"pad", "x = dw.ones { N }", "K.pad(x, { { 7, 7 } })"},
    {"triu", "x = dw.ones { 1000, N // 1000 }", "K.triu(x)"},
    {"norm", "x = dw.ones { N }", "K.norm(x)"},
    {"split", "x = dw.ones { 65536 }", "K.split(x, 65536)"},
    {"einsum", "x = dw.ones { N // 1000, 1000 }", "K.einsum('ij,kj->ik', x, x[{ { 1, 1000 } }])"},
    {"repeat_elements by counts", "x, w = dw.ones { 65536 }, dw.full({ 65536 }, 100, { dtype = 'int64' })",
     "K.repeat_elements(x, w, 1)"},
};

static void run(lua_State *L, const char *script, const char *name) {
  if (luaL_dostring(L, script) == LUA_OK) return;
  fprintf(stderr, "ctrl_c: %s: %s\n", name, lua_tostring(L, -1));
  exit(1);
}

// Milliseconds from the signal to the end of the call; below 0: it failed.
static double interrupt(lua_State *L, const struct call *c) {
  char script[512];
  run(L, c->prepare, c->name);
  snprintf(script, sizeof script, "local r for _ = 1, 1000000 do r = %s end", c->call);
  lua_gc(L, LUA_GCCOLLECT);
  raised = 0;
  raise_after(0.05);
  int status = luaL_dostring(L, script);
  double taken = 1e3 * (now() - raised);
  const char *text = status == LUA_OK ? "no error" : lua_tostring(L, -1);
  if (status == LUA_OK || raised == 0 || strstr(text, "interrupted!") == NULL) {
    raise_after(0);
    lua_sethook(L, NULL, 0, 0);
    fprintf(stderr, "ctrl_c: %s: %s\n", c->name, text);
    return -1;
  }
  lua_settop(L, 0);
  run(L, "x, y, w, i, s, list = nil", c->name);
  return taken;
}

int main(int argc, char **argv) {
  const char *size = argc > 1 ? argv[1] : "20000000", *only = argc > 2 ? argv[2] : "";
  double limit = argc > 3 ? atof(argv[3]) : 1000;
  int failures = 0;
  lua_State *L = global_state = luaL_newstate();
  if (L == NULL) return 1;
  luaL_openlibs(L);
  lua_pushinteger(L, atoll(size));
  lua_setglobal(L, "N");
  run(L,
      "dw = require 'dwconv' K = dw.backend\n"
      "function view(n, dtype) return dw.ones({ 1 }, { dtype = dtype }):broadcast_to { math.tointeger(n) } end",
      "require");
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
    if (strstr(calls[i].name, only) == NULL) continue;
    double ms = interrupt(L, &calls[i]);
    bool failed = ms < 0 || ms > limit;
    printf("%-28s %8.1f ms%s\n", calls[i].name, ms, failed ? " FAILED" : "");
    fflush(stdout);
    failures += failed;
  }
  printf("ctrl_c: %d failures\n", failures);
  lua_close(L);
  return failures > 0;
}
