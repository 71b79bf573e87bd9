// rooms.h: tensors in memory between protected pages, stains and checks; guard.c's other half, included by it alone.
// Invariant: an output is stained before a driver runs (so that what is never written shows, and so does a write
// into its gaps), an input cannot be written meanwhile, and a touch of a protected page ends the program with the
// case in words.
#ifndef DWCONV_ROOMS_H
#define DWCONV_ROOMS_H

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dwconv.h"

static char case_text[384], call_text[512]; // the case, and the call in progress, for the signal handler too
static int failures;

static void add_text(bool anew, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add_text(bool anew, const char *format, ...) {
  size_t at = anew ? 0 : strlen(case_text);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(case_text + at, sizeof case_text - at, format, arguments);
  va_end(arguments);
  memcpy(call_text, case_text, sizeof case_text);
}

static void add_sizes(const dw_tensor *t) {
  for (int i = 0; i < t->rank; i++) add_text(false, i == 0 ? "%d" : "x%d", (int)t->shape[i]);
}

static void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void fail(const char *format, ...) {
  enum { SHOWN = 10 };
  if (failures++ >= SHOWN) return;
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "guard: %s: ", call_text);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
}

// ---- random numbers: xorshift64* ----------------------------------------------------------------

static uint64_t random_state;

static int64_t below(int64_t n) { // 0 .. n-1
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return (int64_t)((random_state * 0x2545F4914F6CDD1D) >> 33) % n;
}

#define PICK(...) ((const int[]){__VA_ARGS__})[below(sizeof((int[]){__VA_ARGS__}) / sizeof(int))]

// ---- memory between protected pages -------------------------------------------------------------

enum { X, KERNEL, G, TO, SCRATCH, BIAS, RESIDUAL, PACKED, ROOMS };
enum { ROOM = 1 << 26 }; // bytes of address space; few of them are ever touched
static const char *const room_names[ROOMS] = {"the first input", "the kernel", "the gradient", "the output",
                                              "scratch",         "the bias",   "the residual", "the panels"};
static struct { char *low, *high; } rooms[ROOMS];
static size_t page;

static void map_rooms(void) {
  page = (size_t)sysconf(_SC_PAGESIZE);
  for (int i = 0; i < ROOMS; i++) {
    char *p = mmap(NULL, ROOM + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED || mprotect(p + page, ROOM, PROT_READ | PROT_WRITE) != 0) {
      perror("guard: mmap");
      exit(2);
    }
    rooms[i].low = p + page;
    rooms[i].high = p + page + ROOM;
  }
}

static void let_write(int room, bool yes) { mprotect(rooms[room].low, ROOM, yes ? PROT_READ | PROT_WRITE : PROT_READ); }

static char *flush_block(int room, size_t bytes, bool at_end) {
  if (bytes > ROOM) {
    fprintf(stderr, "guard: %s: %zu bytes do not fit\n", call_text, bytes);
    exit(2);
  }
  return at_end ? rooms[room].high - bytes : rooms[room].low;
}

// Two bytes that are NaN as float32 and as float64 (little-endian), an address nobody has, and no row number.
static char stain_of(const char *p) { return (char)((uintptr_t)p % 2 == 0 ? 0xfb : 0xff); }

static void stain(char *p, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) p[i] = stain_of(p + i);
}

static bool is_stained(const char *p, size_t bytes) {
  bool clean = true;
  for (size_t i = 0; i < bytes; i++) clean &= p[i] == stain_of(p + i);
  return clean;
}

static void say(const char *text) {
  if (write(STDERR_FILENO, text, strlen(text)) < 0) _exit(1);
}

static void on_fault(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  const char *at = info->si_addr;
  say("guard: ");
  say(call_text);
  say(": fault");
  for (int i = 0; i < ROOMS; i++) {
    if (at < rooms[i].low - page || at >= rooms[i].high + page) continue;
    say(at < rooms[i].low ? " below " : at < rooms[i].high ? ", a write into " : " past the end of ");
    say(room_names[i]);
  }
  say("\n");
  _exit(1);
}

static void catch_faults(void) {
  static char stack[1 << 16];
  sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
  for (int i = 0; i < 4; i++) sigaction(signals[i], &action, NULL);
}

// ---- tensors in rooms ---------------------------------------------------------------------------

struct guarded {
  dw_tensor t;
  char *block;   // the lowest element
  size_t bytes;  // from the lowest element to behind the highest
  int64_t above; // elements from the lowest to the one whose indices are all zero
  double *plain; // the numbers, row-major: what an input holds, what an output must become
};

enum { ROW_MAJOR, CHANNELS_FIRST, ANY_ORDER, GAPS, REPEATS, LAYOUTS }; // from ANY_ORDER on, each allows more
static const char *const layout_names[] = {"row-major", "channels_first", "permuted", "gaps", "repeats"};

// Axes are laid from the fastest to the slowest; gaps lie between, some run backwards, repeated ones stand still.
static void lay_out(struct guarded *g, dw_dtype dtype, int rank, const int64_t *shape, int layout) {
  int order[DW_MAX_RANK] = {0, 1, 2, 3, 4, 5, 6, 7}; // from the slowest to the fastest
  if (layout == CHANNELS_FIRST) order[1] = 3, order[2] = 1, order[3] = 2;
  for (int i = rank - 1; i > 0 && layout >= ANY_ORDER; i--) {
    int j = (int)below(i + 1), axis = order[i];
    order[i] = order[j], order[j] = axis;
  }
  *g = (struct guarded){.t = {.rank = rank, .dtype = dtype}};
  int64_t span = 1, numel = 1;
  for (int i = rank - 1; i >= 0; i--) {
    int64_t n = shape[order[i]], step = span;
    if (layout >= GAPS && below(3) == 0) step += 1 + below(4);
    if (layout == REPEATS && below(4) == 0) step = 0;
    bool backwards = layout >= GAPS && below(4) == 0;
    g->t.shape[order[i]] = n;
    g->t.strides[order[i]] = backwards ? -step : step;
    numel *= n;
    if (n < 2) continue;
    span += (n - 1) * step;
    if (backwards) g->above += (n - 1) * step;
  }
  g->bytes = numel == 0 ? 0 : (size_t)span * dw_dtype_size(dtype);
  g->plain = calloc((size_t)numel + 1, sizeof *g->plain);
  if (g->plain == NULL) exit(2);
}

static void draw(struct guarded *g, int low, int high) { // whole numbers
  int64_t n = dw_numel(&g->t);
  for (int64_t i = 0; i < n; i++) g->plain[i] = (double)(low + below(high - low + 1));
}

static void put(struct guarded *g, int room, bool at_end) {
  g->block = flush_block(room, g->bytes, at_end);
  g->t.data = g->block + g->above * (int64_t)dw_dtype_size(g->t.dtype);
  stain(g->block, g->bytes);
}

static double get(dw_dtype dtype, const void *p) {
  switch (dtype) {
    case DW_FLOAT32: return (double)*(const float *)p;
    case DW_FLOAT64: return *(const double *)p;
    case DW_INT32: return *(const int32_t *)p;
    case DW_INT64: return (double)*(const int64_t *)p;
    default: return *(const uint8_t *)p;
  }
}

static void set(dw_dtype dtype, void *p, double v) {
  switch (dtype) {
    case DW_FLOAT32: *(float *)p = (float)v; break;
    case DW_FLOAT64: *(double *)p = v; break;
    case DW_INT32: *(int32_t *)p = (int32_t)v; break;
    case DW_INT64: *(int64_t *)p = (int64_t)v; break;
    default: *(uint8_t *)p = (uint8_t)v; break;
  }
}

// Calls visit(g, element, its place in g->plain) for every element in row-major order.
typedef void visitor(struct guarded *g, char *element, double *plain);
static inline void each(struct guarded *g, visitor *visit) {
  const dw_tensor *t = &g->t;
  int last = t->rank - 1;
  int64_t run = last < 0 ? 1 : t->shape[last], numel = dw_numel(t), size = (int64_t)dw_dtype_size(t->dtype);
  int64_t step = last < 0 ? 0 : t->strides[last] * size;
  for (int64_t i = 0; i < numel; i += run) {
    int64_t at = 0, rest = i / run;
    for (int a = last - 1; a >= 0; rest /= t->shape[a--]) at += rest % t->shape[a] * t->strides[a];
    char *p = (char *)t->data + at * size;
    for (int64_t k = 0; k < run; k++) visit(g, p + k * step, g->plain + i + k);
  }
}

static void write_one(struct guarded *g, char *p, double *plain) { set(g->t.dtype, p, *plain); }
static void read_one(struct guarded *g, char *p, double *plain) { *plain = get(g->t.dtype, p); }

// An input: its numbers go into the room, which is then closed. Elements that repeat read what was written last.
static void put_input(struct guarded *g, int room, bool at_end) {
  let_write(room, true);
  put(g, room, at_end);
  each(g, write_one);
  each(g, read_one);
  let_write(room, false);
}

static int64_t wrong, first_wrong;
static double first_got;

static void check_one(struct guarded *g, char *p, double *plain) {
  double got = get(g->t.dtype, p);
  if (got != *plain && wrong++ == 0) first_wrong = plain - g->plain, first_got = got; // NaN is never equal
  for (size_t i = 0; i < dw_dtype_size(g->t.dtype); i++) p[i] = stain_of(p + i);
}

// Compares an output and stains it again: it is ready for the next driver.
static void check(struct guarded *g, dw_status s) {
  if (s != DW_OK) fail("%s", dw_status_text(s));
  wrong = 0;
  each(g, check_one);
  if (wrong > 0) {
    fail("%lld of %lld wrong, first element %lld: %.17g instead of %.17g", (long long)wrong, (long long)dw_numel(&g->t),
         (long long)first_wrong, first_got, g->plain[first_wrong]);
  }
  if (is_stained(g->block, g->bytes)) return;
  fail("wrote between the elements of its output");
  stain(g->block, g->bytes);
}

#endif
