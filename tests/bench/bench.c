// bench.c: a Lua module for `make bench` alone: the limits of this machine, and the depthwise drivers with a
// reused output. Linked with its own copy of the core; built with -march=native, so it is never installed.
#define _GNU_SOURCE
#include "bench.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dwconv.h"

#if defined __AVX512F__
#define WIDTH 64
#elif defined __AVX2__
#define WIDTH 32
#else
#define WIDTH 16
#endif
typedef float vec __attribute__((vector_size(WIDTH)));
enum { CHAINS = 12 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double best_of(body_fn *body, void *arg, double seconds) {
  double best = 1e9, stop = now() + seconds;
  body(arg);
  double t0 = now();
  body(arg);
  double once = now() - t0;
  int batch = once < 2e-6 ? (int)(1e-5 / (once + 1e-9)) + 1 : 1; // the clock itself takes some 30 ns
  do {
    double t = now();
    for (int i = 0; i < batch; i++) body(arg);
    t = (now() - t) / batch;
    if (t < best) best = t;
  } while (now() < stop);
  return best;
}

// ---- limits -------------------------------------------------------------------------------------

struct peak {
  int threads;
  long trips;
};

static void run_peak(void *arg) {
  const struct peak *p = arg;
#pragma omp parallel num_threads(p->threads)
  {
    vec a[CHAINS], m, b;
    for (int i = 0; i < WIDTH / 4; i++) m[i] = 0.999f, b[i] = 0.1f;
    for (int j = 0; j < CHAINS; j++) a[j] = b * (float)j;
    for (long i = 0; i < p->trips; i++) {
#pragma GCC unroll 12
      for (int j = 0; j < CHAINS; j++) a[j] = a[j] * m + b;
    }
    for (int j = 0; j < CHAINS; j++) __asm__ volatile("" ::"x"(a[j]));
  }
}

static int fma_peak(lua_State *L) { // threads, seconds -> FLOP/s
  struct peak p = {(int)luaL_checkinteger(L, 1), 100000};
  double t = best_of(run_peak, &p, luaL_checknumber(L, 2));
  lua_pushnumber(L, p.threads * (double)p.trips * CHAINS * 2 * (WIDTH / 4) / t);
  return 1;
}

struct copy {
  int threads;
  size_t bytes;
  char *to, *from;
};

static void run_copy(void *arg) {
  const struct copy *c = arg;
  if (c->threads == 1) {
    memcpy(c->to, c->from, c->bytes);
  } else {
#pragma omp parallel num_threads(c->threads)
    {
      size_t id = (size_t)omp_get_thread_num(), n = (size_t)c->threads;
      size_t a = c->bytes / 64 * id / n * 64, b = id + 1 == n ? c->bytes : c->bytes / 64 * (id + 1) / n * 64;
      memcpy(c->to + a, c->from + a, b - a);
    }
  }
  __asm__ volatile("" ::"r"(c->to) : "memory");
}

struct read {
  size_t bytes;
  const char *from;
};

static void run_read(void *arg) {
  const struct read *r = arg;
  vec sum[CHAINS] = {{0}};
  size_t i = 0, step = CHAINS * WIDTH;
  for (; i + step <= r->bytes; i += step) {
#pragma GCC unroll 12
    for (int j = 0; j < CHAINS; j++) sum[j] += *(const vec *)(r->from + i + (size_t)j * WIDTH);
  }
  for (int j = 0; j < CHAINS; j++) __asm__ volatile("" ::"x"(sum[j]));
}

static int read_time(lua_State *L) { // a float tensor, seconds -> seconds of one read of it by one thread
  const dw_tensor *t = lua_touserdata(L, 1);
  struct read r = {(size_t)dw_numel(t) * sizeof(float), t->data};
  lua_pushnumber(L, best_of(run_read, &r, luaL_checknumber(L, 2)));
  return 1;
}

static int copy_time(lua_State *L) { // bytes read plus bytes written, threads, seconds -> seconds of one copy
  size_t bytes = (size_t)luaL_checkinteger(L, 1) / 2;
  struct copy c = {(int)luaL_checkinteger(L, 2), bytes, malloc(bytes + 8192), malloc(bytes + 8192)};
  if (c.to == NULL || c.from == NULL) return luaL_error(L, "out of memory");
  char *to = c.to, *from = c.from;
  c.to += (4096 - (size_t)to % 4096) + 1024; // not in the same sets as `from`
  c.from += 4096 - (size_t)from % 4096;
  memset(c.from, 1, bytes);
  memset(c.to, 2, bytes);
  lua_pushnumber(L, best_of(run_copy, &c, luaL_checknumber(L, 3)));
  free(to);
  free(from);
  return 1;
}

// ---- drivers ------------------------------------------------------------------------------------

typedef dw_status driver(const dw_context *, const dw_tensor *, const dw_tensor *, const dw_tensor *,
                         const dw_depthwise *, void *, size_t *);

struct call {
  dw_context cx;
  driver *f;
  const dw_tensor *to, *a, *b;
  dw_depthwise d;
  void *scratch;
};

static void run_call(void *arg) {
  struct call *c = arg;
  c->f(&c->cx, c->to, c->a, c->b, &c->d, c->scratch, NULL);
}

// driver(op, to, a, b, x, kernel, stride, dilation, threads, seconds) -> seconds of one call. channels_last, same.
static int time_driver(lua_State *L) {
  static const char *const names[] = {"forward", "grad_x", "grad_kernel", NULL};
  static driver *const drivers[] = {dw_depthwise_forward, dw_depthwise_grad_x, dw_depthwise_grad_kernel};
  struct call c = {.f = drivers[luaL_checkoption(L, 1, NULL, names)]};
  c.to = lua_touserdata(L, 2), c.a = lua_touserdata(L, 3), c.b = lua_touserdata(L, 4);
  const dw_tensor *x = lua_touserdata(L, 5), *kernel = lua_touserdata(L, 6);
  int64_t s = luaL_checkinteger(L, 7), d = luaL_checkinteger(L, 8);
  int axis;
  size_t bytes;
  if (dw_depthwise_init(&c.d, x, kernel, (int64_t[]){s, s}, (int64_t[]){d, d}, DW_SAME, NULL, &axis) != DW_OK) {
    return luaL_error(L, "bad geometry");
  }
  dw_context_init(&c.cx);
  c.cx.threads = (int)luaL_checkinteger(L, 9);
  c.f(&c.cx, c.to, c.a, c.b, &c.d, NULL, &bytes);
  c.scratch = aligned_alloc(64, (bytes + 64) & ~(size_t)63);
  lua_pushnumber(L, best_of(run_call, &c, luaL_checknumber(L, 10)));
  free(c.scratch);
  return 1;
}

struct product {
  dw_context cx;
  const dw_tensor *c, *a, *b;
  void *panels; // NULL: b is packed inside
  void *scratch;
};

static void run_product(void *arg) {
  struct product *p = arg;
  if (p->panels != NULL) {
    dw_matmul_packed(&p->cx, p->c, p->a, p->panels, p->scratch, NULL);
  } else {
    dw_matmul(&p->cx, p->c, p->a, p->b, p->scratch, NULL);
  }
}

// matmul(c, a, b, packed, threads, seconds) -> seconds of one call; with `packed`, b is packed before.
static int time_matmul(lua_State *L) {
  struct product p = {.c = lua_touserdata(L, 1), .a = lua_touserdata(L, 2), .b = lua_touserdata(L, 3)};
  size_t bytes;
  dw_context_init(&p.cx);
  p.cx.threads = (int)luaL_checkinteger(L, 5);
  if (lua_toboolean(L, 4)) {
    p.panels = aligned_alloc(64, dw_gemm_panels(&p.cx, p.b));
    dw_gemm_pack(&p.cx, p.panels, p.b);
    dw_matmul_packed(&p.cx, p.c, p.a, p.panels, NULL, &bytes);
  } else {
    dw_matmul(&p.cx, p.c, p.a, p.b, NULL, &bytes);
  }
  p.scratch = aligned_alloc(64, (bytes + 64) & ~(size_t)63);
  lua_pushnumber(L, best_of(run_product, &p, luaL_checknumber(L, 6)));
  free(p.scratch);
  free(p.panels);
  return 1;
}

__attribute__((visibility("default"))) int luaopen_bench(lua_State *L);

int luaopen_bench(lua_State *L) {
  static const luaL_Reg functions[] = {{"fma_peak", fma_peak},  {"copy_time", copy_time}, {"read_time", read_time},
                                       {"driver", time_driver}, {"matmul", time_matmul},  {NULL, NULL}};
  luaL_newlib(L, functions);
  luaL_setfuncs(L, bench_drivers, 0);
  return 1;
}
