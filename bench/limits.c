// limits.c: what this machine can do at most: multiply-adds per second, and reading, writing and copying so many bytes.
#include "bench.h"

#include <omp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "dwconv.h"

#if defined __AVX512F__
#define WIDEST 64
#elif defined __AVX__
#define WIDEST 32
#else
#define WIDEST 16
#endif
typedef float vec __attribute__((vector_size(WIDEST)));
enum { CHAINS = 12 };

// ---- multiply-adds --------------------------------------------------------------------------------

struct peak {
  int threads;
  long trips;
};

// As many independent chains as hide the latency; one body for each vector width in bytes.
#define PEAK(width)                                                                                                    \
  static void run_peak_##width(void *arg) {                                                                            \
    typedef float v __attribute__((vector_size(width)));                                                               \
    const struct peak *p = arg;                                                                                        \
    _Pragma("omp parallel num_threads(p->threads)") {                                                                  \
      v a[CHAINS], m, b;                                                                                               \
      for (int i = 0; i < width / 4; i++) m[i] = 0.999f, b[i] = 0.1f;                                                  \
      for (int j = 0; j < CHAINS; j++) a[j] = b * (float)j;                                                            \
      for (long i = 0; i < p->trips; i++) {                                                                            \
        _Pragma("GCC unroll 12") for (int j = 0; j < CHAINS; j++) a[j] = a[j] * m + b;                                 \
      }                                                                                                                \
      for (int j = 0; j < CHAINS; j++) __asm__ volatile("" ::"x"(a[j]));                                               \
    }                                                                                                                  \
  }
PEAK(16)
#if WIDEST >= 32
PEAK(32)
#endif
#if WIDEST >= 64
PEAK(64)
#endif

static const struct {
  const char *isa;
  int width;
  body_fn *run;
} peaks[] = {
    {"base", 16, run_peak_16},
#if WIDEST >= 32
    {"avx2", 32, run_peak_32},
#endif
#if WIDEST >= 64
    {"avx512", 64, run_peak_64},
#endif
};

// fma_peak(threads, seconds, isa) -> FLOP/s of float32 with the vectors of that ISA, or with the widest there are.
static int fma_peak(lua_State *L) {
  struct peak p = {(int)luaL_checkinteger(L, 1), 50000};
  const char *isa = luaL_optstring(L, 3, "");
  size_t which = sizeof peaks / sizeof *peaks - 1;
  while (which > 0 && *isa != '\0' && strcmp(peaks[which].isa, isa) != 0) which--;
  double t = best_of(peaks[which].run, &p, luaL_checknumber(L, 2));
  lua_pushnumber(L, p.threads * (double)p.trips * CHAINS * 2 * (peaks[which].width / 4) / t);
  return 1;
}

// ---- memory ---------------------------------------------------------------------------------------

// Two buffers that begin in different cache sets, as outputs and inputs do at best.
struct traffic {
  int threads;
  size_t reads, writes;
  char *from, *to, *memory;
};

static void lend(lua_State *L, struct traffic *t) {
  const size_t page = 4096;
  size_t a = (t->reads + page) / page * page + 1024, b = (t->writes + page) / page * page + 64;
  t->memory = aligned_alloc(page, (a + b + page - 1) / page * page);
  if (t->memory == NULL) luaL_error(L, "out of memory");
  t->from = t->memory, t->to = t->memory + a;
  for (size_t i = 0; i < (a + b) / sizeof(float); i++) ((float *)t->memory)[i] = 0.5f + (float)(i % 7);
}

static int push_traffic(lua_State *L, body_fn *body, struct traffic *t, double seconds) {
  lend(L, t);
  lua_pushnumber(L, best_of(body, t, seconds));
  free(t->memory);
  return 1;
}

// The share of thread `id`: bytes a..b of n, whole cache lines but for the last.
static void share(size_t n, int threads, size_t *a, size_t *b) {
  size_t id = (size_t)omp_get_thread_num(), of = (size_t)threads;
  *a = n / 64 * id / of * 64;
  *b = id + 1 == of ? n : n / 64 * (id + 1) / of * 64;
}

static void run_copy(void *arg) {
  const struct traffic *t = arg;
  if (t->threads == 1) {
    memcpy(t->to, t->from, t->reads);
  } else {
#pragma omp parallel num_threads(t->threads)
    {
      size_t a, b;
      share(t->reads, t->threads, &a, &b);
      memcpy(t->to + a, t->from + a, b - a);
    }
  }
  __asm__ volatile("" ::"r"(t->to) : "memory");
}

static int copy_time(lua_State *L) { // bytes read plus bytes written, threads, seconds -> seconds of one copy
  size_t bytes = (size_t)luaL_checkinteger(L, 1) / 2;
  struct traffic t = {.threads = (int)luaL_checkinteger(L, 2), .reads = bytes, .writes = bytes};
  return push_traffic(L, run_copy, &t, luaL_checknumber(L, 3));
}

static vec sum_of(const char *from, size_t a, size_t b) {
  vec s[4] = {{0}};
  size_t i = a;
  for (; i + 4 * WIDEST <= b; i += 4 * WIDEST) {
    for (size_t j = 0; j < 4; j++) s[j] += *(const vec *)(from + i + j * WIDEST);
  }
  for (; i + WIDEST <= b; i += WIDEST) s[0] += *(const vec *)(from + i);
  return s[0] + s[1] + s[2] + s[3];
}

// The share of thread `id`, block by block: some lines of the reads, then as many of the writes in proportion, as a
// kernel would that streams.
static void sweep(const struct traffic *t, size_t id, size_t of) {
  size_t r = t->reads / 64, w = t->writes / 64, blocks = (t->reads + t->writes) / 8192 + 1;
  for (size_t i = blocks * id / of; i < blocks * (id + 1) / of; i++) {
    vec s = sum_of(t->from, r * i / blocks * 64, r * (i + 1) / blocks * 64);
    for (size_t j = w * i / blocks * 64; j < w * (i + 1) / blocks * 64; j += WIDEST) *(vec *)(t->to + j) = s;
    __asm__ volatile("" ::"x"(s) : "memory");
  }
}

static void run_stream(void *arg) {
  const struct traffic *t = arg;
  if (t->threads == 1) {
    sweep(t, 0, 1);
  } else {
#pragma omp parallel num_threads(t->threads)
    sweep(t, (size_t)omp_get_thread_num(), (size_t)omp_get_num_threads());
  }
}

// stream_time(bytes read, bytes written, threads, seconds) -> seconds to read the ones and write the others once
static int stream_time(lua_State *L) {
  struct traffic t = {.reads = (size_t)luaL_checkinteger(L, 1),
                      .writes = (size_t)luaL_checkinteger(L, 2),
                      .threads = (int)luaL_checkinteger(L, 3)};
  return push_traffic(L, run_stream, &t, luaL_checknumber(L, 4));
}

static void run_read(void *arg) {
  const struct traffic *t = arg;
  vec s = sum_of(t->from, 0, t->reads);
  __asm__ volatile("" ::"x"(s));
}

static int read_time(lua_State *L) { // a float tensor, seconds -> seconds of one read of it by one thread
  const dw_tensor *x = lua_touserdata(L, 1);
  struct traffic t = {.reads = (size_t)dw_numel(x) * sizeof(float), .from = x->data};
  lua_pushnumber(L, best_of(run_read, &t, luaL_checknumber(L, 2)));
  return 1;
}

// ---- from core to core ----------------------------------------------------------------------------

// Two threads that answer each other through one word; it may change its cache line with nothing.
struct table_tennis {
  _Alignas(64) _Atomic long ball;
  char apart[64];
};

enum { RALLIES = 2000 };

static void run_rallies(void *arg) {
  struct table_tennis *t = arg;
  t->ball = 0;
#pragma omp parallel num_threads(2)
  {
    long side = omp_get_thread_num();
    for (long i = side; i < 2 * RALLIES; i += 2) {
      while (atomic_load_explicit(&t->ball, memory_order_acquire) != i) continue;
      atomic_store_explicit(&t->ball, i + 1, memory_order_release);
    }
  }
}

// signal_time(seconds) -> seconds that a signal takes from one core to the other; nothing where there is one core.
static int signal_time(lua_State *L) {
  struct table_tennis t;
  if (omp_get_num_procs() < 2) return 0;
  lua_pushnumber(L, best_of(run_rallies, &t, luaL_checknumber(L, 1)) / (2.0 * RALLIES));
  return 1;
}

const luaL_Reg bench_limits[] = {{"fma_peak", fma_peak},   {"copy_time", copy_time},     {"stream_time", stream_time},
                                 {"read_time", read_time}, {"signal_time", signal_time}, {NULL, NULL}};
