// guard.c: a host without Lua. It runs the drivers on tensors and scratch that lie flush against a protected page,
// with their end before it or their start behind it, and compares every result with naive loops.
// Run by tests/host_spec.lua: guard [how many cases [the first]]. Invariant: a case is known by its number alone;
// inputs are small whole numbers, so results are exact, whatever the order of additions.
#define _GNU_SOURCE
#include "rooms.h"

static dw_context contexts[6]; // every ISA that runs here, with one thread and with three, which stream what they can
static int n_contexts;

static dw_workers *new_workers(void) {
  void *memory = aligned_alloc(64, dw_workers_bytes());
  if (memory == NULL) abort();
  return dw_workers_init(memory);
}

static void find_contexts(void) {
  static const char *const isas[] = {"base", "avx2", "avx512"};
  for (int i = 0; i < 6; i++) {
    dw_context *cx = &contexts[n_contexts];
    dw_context_init(cx);
    cx->workers = new_workers();
    cx->threads = i % 2 == 0 ? 1 : 3;
    cx->grain = 0;
    if (cx->threads > 1) cx->stream = 0;
    if (dw_context_set_isa(cx, isas[i / 2])) n_contexts++;
  }
}

static void begin(const dw_context *cx, const char *name, bool at_end) {
  snprintf(call_text, sizeof call_text, "%s: %s, %s, threads %d, %s a page", case_text, name, dw_context_isa(cx),
           cx->threads, at_end ? "before" : "behind");
}

// Runs a job whose init gave s, in scratch that is flush with a page. Drivers want whole lines of it.
static dw_status run_guarded(dw_job *j, dw_status s, bool at_end) {
  char *scratch = flush_block(SCRATCH, (j->scratch + 63) / 64 * 64, at_end);
  stain(scratch, j->scratch);
  return s == DW_OK ? dw_run(j, scratch) : s;
}

#include "products.h"

// ---- geometries ---------------------------------------------------------------------------------

struct axis {
  int64_t in, kernel, stride, dilation, before, after, out;
};

struct geometry {
  int64_t n, c, m;
  struct axis rows, cols;
  dw_padding mode;
  dw_dtype dtype;
};

static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

// TensorFlow's rules, written once more. Where a window would not fit, the input grows.
static struct axis random_axis(dw_padding mode, int longest) {
  struct axis a = {.in = 1 + below(below(3) == 0 ? longest : 12),
                   .kernel = PICK(1, 2, 3, 3, 3, 4, 5, 5, 6, 7, 8, 9),
                   .stride = PICK(1, 1, 1, 2, 2, 3, 4, 5),
                   .dilation = PICK(1, 1, 1, 1, 2, 2, 3, 4, 6)};
  int64_t window = (a.kernel - 1) * a.dilation + 1;
  if (below(40) == 0) a.in = 0;
  if (mode == DW_SAME) {
    a.out = (a.in + a.stride - 1) / a.stride;
    int64_t total = a.in == 0 ? 0 : most(0, (a.out - 1) * a.stride + window - a.in);
    a.before = total / 2;
    a.after = total - a.before;
    return a;
  }
  if (mode == DW_EXPLICIT) a.before = below(5), a.after = below(5);
  int64_t missing = window - a.in - a.before - a.after;
  if (missing > 0 && a.in > 0) a.in += missing + below(4);
  int64_t padded = a.in + a.before + a.after;
  a.out = padded < window ? 0 : (padded - window) / a.stride + 1;
  return a;
}

static int64_t products(const struct geometry *g) {
  return g->n * g->c * g->m * g->rows.out * g->rows.kernel * g->cols.out * g->cols.kernel;
}

static struct geometry random_geometry(void) {
  enum { QUICK = 200000 };
  struct geometry g = {.mode = (dw_padding)below(3), .dtype = below(2) == 0 ? DW_FLOAT32 : DW_FLOAT64};
  int longest = below(6) == 0 ? 120 : 30; // the longer, to sum the kernel's gradient in several chunks
  g.rows = random_axis(g.mode, longest);
  g.cols = random_axis(g.mode, longest);
  g.n = below(30) == 0 ? 0 : 1 + below(3);
  g.c = 1 + below(below(2) == 0 ? 70 : 20);
  g.m = PICK(1, 1, 1, 2, 3, 4, 8);
  if (below(40) == 0) *(below(2) == 0 ? &g.c : &g.m) = 0;
  if (products(&g) > QUICK) g.n = 1, g.m = 1 + g.m % 2;
  while (products(&g) > QUICK && g.c > 1) g.c = (g.c + 1) / 2;
  return g;
}

// ---- depthwise convolution ----------------------------------------------------------------------

enum { Y = G + 1, DX, DK, TENSORS }; // behind the inputs X, KERNEL, G, which have the numbers of their rooms

static void reference(const struct geometry *g, const struct guarded t[TENSORS]) {
  const struct axis *r = &g->rows, *s = &g->cols;
  const double *x = t[X].plain, *k = t[KERNEL].plain, *dy = t[G].plain;
  int64_t lanes = g->c * g->m;
  for (int64_t o = 0; o < g->n * r->out * s->out; o++) {
    int64_t n = o / (r->out * s->out), i = o / s->out % r->out, j = o % s->out;
    for (int64_t tap = 0; tap < r->kernel * s->kernel; tap++) {
      int64_t h = i * r->stride + tap / s->kernel * r->dilation - r->before;
      int64_t w = j * s->stride + tap % s->kernel * s->dilation - s->before;
      if (h < 0 || h >= r->in || w < 0 || w >= s->in) continue;
      for (int64_t l = 0; l < lanes; l++) {
        int64_t at = ((n * r->in + h) * s->in + w) * g->c + l / g->m;
        t[Y].plain[o * lanes + l] += x[at] * k[tap * lanes + l];
        t[DX].plain[at] += dy[o * lanes + l] * k[tap * lanes + l];
        t[DK].plain[tap * lanes + l] += dy[o * lanes + l] * x[at];
      }
    }
  }
}

typedef dw_status init_fn(dw_job *, const dw_context *, const dw_tensor *, const dw_tensor *, const dw_tensor *,
                          const dw_depthwise *);

static void run_drivers(const dw_depthwise *d, struct guarded t[TENSORS], bool at_end) {
  static const struct {
    const char *name;
    init_fn *init;
    int to, a, b;
  } drivers[] = {{"forward", dw_depthwise_forward_init, Y, X, KERNEL},
                 {"grad_x", dw_depthwise_grad_x_init, DX, G, KERNEL},
                 {"grad_kernel", dw_depthwise_grad_kernel_init, DK, G, X}};
  for (int k = 0; k < 3; k++) {
    struct guarded *to = &t[drivers[k].to];
    const dw_tensor *a = &t[drivers[k].a].t, *b = &t[drivers[k].b].t;
    put(to, TO, at_end);
    for (int i = 0; i < n_contexts; i++) {
      dw_job j;
      begin(&contexts[i], drivers[k].name, at_end);
      dw_status s = drivers[k].init(&j, &contexts[i], &to->t, a, b, d);
      check(to, run_guarded(&j, s, at_end));
    }
  }
}

static void describe(int number, const struct geometry *g, const struct guarded t[TENSORS], const int layouts[]) {
  static const char *const names[TENSORS] = {[X] = "x", [KERNEL] = "kernel", [G] = "g", [Y] = "y", [DX] = "dx"};
  const struct axis *r = &g->rows, *s = &g->cols;
  add_text(true, "case %d: %s", number, dw_dtype_name(g->dtype));
  for (int i = 0; i <= DX; i++) {
    add_text(false, ", %s ", names[i]);
    add_sizes(&t[i].t);
    add_text(false, " %s", layout_names[layouts[i]]);
  }
  add_text(false, ", strides %d,%d, dilation %d,%d, pads %d,%d,%d,%d", (int)r->stride, (int)s->stride, (int)r->dilation,
           (int)s->dilation, (int)r->before, (int)r->after, (int)s->before, (int)s->after);
}

static bool init(dw_depthwise *d, const struct geometry *g, const struct guarded t[TENSORS]) {
  const struct axis *r = &g->rows, *s = &g->cols;
  int axis = 0;
  dw_status status = dw_depthwise_init(d, &t[X].t, &t[KERNEL].t, (int64_t[]){r->stride, s->stride},
                                       (int64_t[]){r->dilation, s->dilation}, g->mode,
                                       (int64_t[]){r->before, r->after, s->before, s->after}, &axis);
  if (status == DW_OK && d->rows.out == r->out && d->cols.out == s->out) return true;
  fail("init: %s, or other sizes than %dx%d", dw_status_text(status), (int)r->out, (int)s->out);
  return false;
}

static void depthwise_case(int number) {
  struct geometry g = random_geometry();
  const int64_t x[4] = {g.n, g.rows.in, g.cols.in, g.c}, kernel[4] = {g.rows.kernel, g.cols.kernel, g.c, g.m};
  const int64_t y[4] = {g.n, g.rows.out, g.cols.out, g.c * g.m};
  const int64_t *const shapes[TENSORS] = {[X] = x, [KERNEL] = kernel, [G] = y, [Y] = y, [DX] = x, [DK] = kernel};
  struct guarded t[TENSORS];
  int layouts[TENSORS] = {ROW_MAJOR};
  for (int i = 0; i < TENSORS; i++) {
    bool is_input = i <= G, is_kernel = i == KERNEL || i == DK; // kernels are contiguous, inputs may repeat
    if (!is_kernel) layouts[i] = (int)below(is_input ? LAYOUTS : REPEATS);
    lay_out(&t[i], g.dtype, 4, shapes[i], layouts[i]);
    if (is_input) draw(&t[i], -4, 4);
  }
  describe(number, &g, t, layouts);
  dw_depthwise d;
  bool fine = init(&d, &g, t);
  for (int at_end = 0; at_end < 2 && fine; at_end++) {
    for (int i = X; i <= G; i++) put_input(&t[i], i, at_end);
    if (!at_end) reference(&g, t);
    run_drivers(&d, t, at_end);
  }
  for (int i = 0; i < TENSORS; i++) free(t[i].plain);
}

#include "convolutions.h"

// ---- copy, cast, fill, uniform --------------------------------------------------------------------

enum { COPY, CAST, FILL, UNIFORM, MOVES };

static void random_shape(int *rank, int64_t shape[DW_MAX_RANK]) {
  enum { ELEMENTS = 40000 };
  int64_t all = 1, longest = below(3) == 0 ? 300 : 9;
  *rank = (int)below(7);
  for (int i = 0; i < *rank; i++) {
    shape[i] = below(60) == 0 ? 0 : 1 + below(longest);
    if (all * shape[i] > ELEMENTS) shape[i] = 1 + below(2);
    all *= most(shape[i], 1);
  }
}

// What `to` must become. Numbers of 0 to 100 fit every type, so a cast changes none but those to bool.
static void expect(int move, struct guarded *to, const struct guarded *from, dw_random r) {
  int64_t n = dw_numel(&to->t);
  int per_block = to->t.dtype == DW_FLOAT32 ? 4 : 2;
  for (int64_t i = 0; i < n; i++) {
    double v = from->plain[move == FILL ? 0 : i];
    if (move == UNIFORM) {
      uint32_t u[4];
      dw_philox(u, r.key, r.counter + (uint64_t)(i / per_block));
      int k = (int)(i % per_block);
      v = per_block == 4 ? (u[k] >> 8) * 0x1p-24 : (double)(((uint64_t)u[2 * k] << 32 | u[2 * k + 1]) >> 11) * 0x1p-53;
    }
    to->plain[i] = to->t.dtype == DW_BOOL ? v != 0 : v;
  }
}

static dw_status run_move(int move, const dw_context *cx, const dw_tensor *to, const dw_tensor *from, dw_random r) {
  dw_job j;
  switch (move) {
    case COPY: dw_copy_init(&j, cx, to, from); break;
    case CAST: dw_cast_init(&j, cx, to, from); break;
    case FILL: dw_fill_init(&j, cx, to, from->data); break;
    default: dw_random_init(&j, cx, to, &r, DW_UNIFORM, 0, 1); break;
  }
  return dw_run(&j, NULL);
}

static void move_case(int number, int move) {
  static const char *const names[MOVES] = {"copy", "cast", "fill", "uniform"};
  struct guarded to, from;
  int64_t shape[DW_MAX_RANK];
  int rank, to_layout = PICK(ROW_MAJOR, ANY_ORDER, GAPS), from_layout = PICK(ROW_MAJOR, ANY_ORDER, GAPS, REPEATS);
  dw_dtype dtype = (dw_dtype)below(DW_DTYPES), source = move == CAST ? (dw_dtype)below(DW_DTYPES) : dtype;
  dw_random r = {(uint64_t)below(1 << 30), (uint64_t)below(3) - 2}; // a counter may also run over
  if (move == UNIFORM) dtype = source = below(2) == 0 ? DW_FLOAT32 : DW_FLOAT64, to_layout = ROW_MAJOR;
  random_shape(&rank, shape);
  lay_out(&to, dtype, rank, shape, to_layout);
  lay_out(&from, source, move == FILL ? 0 : rank, shape, from_layout);
  draw(&from, 0, source == DW_BOOL ? 1 : 100);
  add_text(true, "case %d: ", number);
  add_sizes(&to.t);
  add_text(false, " %s %s from %s %s", dw_dtype_name(dtype), layout_names[to_layout], dw_dtype_name(source),
           layout_names[from_layout]);
  for (int at_end = 0; at_end < 2; at_end++) {
    put_input(&from, X, at_end);
    put(&to, TO, at_end);
    if (!at_end) expect(move, &to, &from, r);
    for (int i = 0; i < n_contexts; i++) {
      begin(&contexts[i], names[move], at_end);
      check(&to, run_move(move, &contexts[i], &to.t, &from.t, r));
    }
  }
  free(to.plain);
  free(from.plain);
}

// ---- transposition, with rows that lie apart by what makes them meet in cache sets ----------------

static void transpose_case(int number) {
  dw_dtype dtype = PICK(DW_FLOAT32, DW_FLOAT32, DW_FLOAT64, DW_UINT8);
  int64_t items = 1 + below(2), rows = PICK(1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 31, 33, 49, 64, 65, 127, 130, 200);
  int64_t cols = PICK(1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 31, 33, 49, 64, 65, 127, 130, 200);
  int64_t from_pitch = below(3) > 0 ? cols + PICK(0, 0, 1) : 512, to_pitch = below(3) > 0 ? rows + PICK(0, 0, 1) : 512;
  struct guarded to, from;
  lay_out(&to, dtype, 3, (int64_t[]){items, cols, to_pitch}, ROW_MAJOR);
  lay_out(&from, dtype, 3, (int64_t[]){items, rows, from_pitch}, ROW_MAJOR);
  to.t.shape[2] = rows, from.t.shape[2] = cols;
  draw(&from, 0, 100);
  add_text(true, "case %d: %s transposed, pitches %d and %d, ", number, dw_dtype_name(dtype), (int)from_pitch,
           (int)to_pitch);
  add_sizes(&from.t);
  for (int64_t i = 0; i < items * cols * rows; i++) {
    int64_t item = i / (rows * cols), c = i / rows % cols, r = i % rows;
    to.plain[i] = from.plain[(item * rows + r) * cols + c];
  }
  for (int at_end = 0; at_end < 2; at_end++) {
    put_input(&from, X, at_end);
    put(&to, TO, at_end);
    dw_tensor turned;
    dw_permute_view(&turned, &from.t, (int[]){0, 2, 1});
    for (int i = 0; i < n_contexts; i++) {
      begin(&contexts[i], "copy", at_end);
      check(&to, run_move(COPY, &contexts[i], &to.t, &turned, (dw_random){0}));
    }
  }
  free(to.plain);
  free(from.plain);
}

int main(int argc, char **argv) {
  int cases = argc > 1 ? atoi(argv[1]) : 300, first = argc > 2 ? atoi(argv[2]) : 1;
  map_rooms();
  catch_faults();
  find_contexts();
  for (int number = first; number < first + cases; number++) {
    random_state = (uint64_t)number * 0x9E3779B97F4A7C15 + 0x1234567;
    depthwise_case(number);
    gemm_case(number);
    conv_case(number);
    transpose_case(number);
    for (int move = 0; move < MOVES; move++) move_case(number, move);
  }
  printf("guard: %d geometries x %d isas, %d failures\n", cases, n_contexts / 2, failures);
  return failures == 0 ? 0 : 1;
}
