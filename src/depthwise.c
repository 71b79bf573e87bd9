// depthwise.c: drivers of depthwise convolution and its two gradients. All three are one walk: for every
// output row, the list of input rows and kernel rows that meet in it, handed to a kernel.
// Called by the binding. Invariant: a task is one output row (or, for the kernel gradient, one chunk of
// rows for one block of lanes), the same for every thread count; a task owns what it writes.
#include <string.h>

#include "dwconv.h"
#include "kernels/kernels.h"

enum { N, H, W, C }; // axes of an image

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

dw_status dw_depthwise_init(dw_depthwise *d, const dw_tensor *x, const dw_tensor *kernel, const int64_t strides[2],
                            const int64_t dilation[2], dw_padding mode, const int64_t pads[4], int *axis) {
  dw_axis *axes[2] = {&d->rows, &d->cols};
  *d = (dw_depthwise){.dtype = x->dtype, .batch = x->shape[N]};
  d->channels = kernel->shape[2];
  d->multiplier = kernel->shape[3];
  if (x->dtype != kernel->dtype || !dw_dtype_is_float(x->dtype)) return DW_DTYPE;
  if (x->shape[C] != d->channels) return DW_CHANNELS;
  for (int i = 0; i < 2; i++) {
    *axis = i;
    if (mode == DW_EXPLICIT) axes[i]->before = pads[2 * i], axes[i]->after = pads[2 * i + 1];
    dw_status s = dw_axis_init(axes[i], x->shape[H + i], kernel->shape[i], strides[i], dilation[i], mode);
    if (s != DW_OK) return s;
  }
  return DW_OK;
}

// ---- scratch ------------------------------------------------------------------------------------

// Lent memory, dealt out in order. With no memory it only counts; a count past 2^62 is too large and stays so.
struct arena {
  char *memory;
  int64_t used;
};

enum { LINE = 64 };
#define TOO_MUCH (INT64_C(1) << 62)

static int64_t times(int64_t a, int64_t b) {
  int64_t r;
  return __builtin_mul_overflow(a, b, &r) ? TOO_MUCH : least(r, TOO_MUCH);
}

static void *take(struct arena *a, int64_t bytes) {
  void *p = a->memory != NULL ? a->memory + a->used : NULL;
  a->used = bytes > TOO_MUCH - LINE - a->used ? TOO_MUCH : a->used + (bytes + LINE - 1) / LINE * LINE;
  return p;
}

static dw_status tell(const struct arena *a, size_t *scratch) {
  *scratch = (size_t)a->used;
  return a->used < TOO_MUCH ? DW_OK : DW_TOO_LARGE;
}

// ---- the walk -----------------------------------------------------------------------------------

// What a thread has to itself.
struct bench {
  void **x, **w;    // lists of rows for the kernel
  int64_t *held;    // which input row each place of the ring holds, -1 for none
  char *ring, *out; // expanded input rows; one output row before it is folded
};

// `to` is computed from `from` and the kernel (or, for the kernel gradient, both are read). Lanes are
// output channels, c*multiplier + q, in a pixel at least one vector wide.
struct job {
  const struct dw_depthwise_kernels *kernels;
  const dw_depthwise *d;
  bool back;
  dw_tensor to, from;
  int64_t size;         // bytes of an element
  int64_t lanes;        // d->channels * d->multiplier
  int64_t pixel;        // lanes as the kernels see them
  int64_t from_m, to_m; // multipliers of expand and fold
  bool expand, fold;    // rows of `from` or `to` go through the bench
  int64_t ring;         // rows held at once
  char *w;              // (kh, kw, pixel)
  struct bench *benches;
  dw_phase rows, cols; // phase 0, which is mostly the only one
  int64_t row_phases, col_phases;
};

static void find_phase(dw_phase *p, const struct job *j, const dw_axis *a, int64_t f) {
  if (j->back) {
    dw_axis_phase_back(p, a, f);
  } else {
    dw_axis_phase(p, a, f);
  }
}

static char *row_of(const dw_tensor *t, int64_t size, int64_t n, int64_t row) {
  return (char *)t->data + (n * t->strides[N] + row * t->strides[H]) * size;
}

// What a task works on in one output row: where the row is (for the kernel gradient: the row of g), which lanes,
// and the kernel rows (or sums) that belong to them. Steps are elements between pixels and between taps.
struct part {
  char *y;
  int64_t y_step;
  int64_t first, lanes;
  char *w;
  int64_t w_step;
};

static int64_t pixel_of(const struct job *j, const struct part *p) { return most(p->lanes, j->kernels->vector); }

// The part's lanes of an input row; expanded into the ring when they have to be.
static char *input_row(const struct job *j, struct bench *b, int64_t n, int64_t row, const struct part *p) {
  char *x = row_of(&j->from, j->size, n, row);
  if (!j->expand) return x + p->first * j->from.strides[C] * j->size;
  int64_t cols = j->from.shape[W], place = row % j->ring, id = n * j->from.shape[H] + row;
  char *held = b->ring + place * (cols * j->pixel + j->kernels->vector) * j->size;
  if (b->held[place] != id) {
    j->kernels->expand(held, pixel_of(j, p), x, j->from.strides[W], j->from.strides[C], cols, p->first, p->lanes,
                       j->from_m);
    b->held[place] = id;
  }
  return held;
}

// Lists the input rows and kernel rows that meet in output m of a row phase, at column 0 and tap 0.
static int64_t list_rows(const struct job *j, struct bench *b, int64_t n, const dw_phase *rows, int64_t m,
                         const struct part *p) {
  int64_t q = rows->first + m * rows->stride, end = least(rows->taps, rows->extent - q), count = 0;
  int64_t w_row = j->d->cols.kernel * p->w_step * j->size;
  for (int64_t t = most(0, -q); t < end; t++, count++) {
    b->x[count] = input_row(j, b, n, rows->from_first + (q + t) * rows->from_step, p);
    b->w[count] = p->w + (rows->tap_first + t * rows->tap_step) * w_row;
  }
  return count;
}

static void shift_rows(const struct bench *b, int64_t rows, int64_t x_bytes, int64_t w_bytes) {
  for (int64_t i = 0; i < rows; i++) {
    b->x[i] = (char *)b->x[i] + x_bytes;
    b->w[i] = (char *)b->w[i] + w_bytes;
  }
}

// Calls `kernel` for each column phase of output row `row` of image n.
static void each_phase(const struct job *j, struct bench *b, void (*kernel)(const struct dw_depthwise_row *), int64_t n,
                       int64_t row, const struct part *p) {
  dw_phase rows = j->rows, cols = j->cols;
  if (j->row_phases > 1) find_phase(&rows, j, &j->d->rows, row % j->row_phases);
  int64_t met = list_rows(j, b, n, &rows, row / j->row_phases, p);
  int64_t x_step = j->expand ? pixel_of(j, p) : j->from.strides[W];
  int64_t x_at = 0, w_at = 0; // how far the lists are shifted to where a phase starts
  for (int64_t f = 0; f < j->col_phases; f++) {
    if (f > 0) find_phase(&cols, j, &j->d->cols, f);
    int64_t x_next = cols.from_first * x_step * j->size, w_next = cols.tap_first * p->w_step * j->size;
    shift_rows(b, met, x_next - x_at, w_next - w_at);
    x_at = x_next, w_at = w_next;
    struct dw_depthwise_row r = {
        .y = p->y + cols.to_first * p->y_step * j->size,
        .x = b->x,
        .w = b->w,
        .rows = met,
        .lanes = pixel_of(j, p),
        .y_step = cols.to_step * p->y_step,
        .x_step = cols.from_step * x_step,
        .w_step = cols.tap_step * p->w_step,
        .count = cols.count,
        .first = cols.first,
        .stride = cols.stride,
        .extent = cols.extent,
        .taps = cols.taps,
    };
    kernel(&r);
  }
}

// ---- forward and the gradient of x --------------------------------------------------------------

static void run_rows(void *job, int64_t a, int64_t b, int slot) {
  const struct job *j = job;
  struct bench *bench = &j->benches[slot];
  for (int64_t i = a; i < b; i++) {
    int64_t n = i / j->to.shape[H], row = i % j->to.shape[H];
    char *to = row_of(&j->to, j->size, n, row);
    struct part p = {.y = to, .y_step = j->to.strides[W], .lanes = j->lanes, .w = j->w, .w_step = j->pixel};
    if (j->fold) p.y = bench->out, p.y_step = j->pixel;
    each_phase(j, bench, j->kernels->forward, n, row, &p);
    if (j->fold) {
      j->kernels->fold(to, j->to.strides[W], j->to.strides[C], bench->out, j->pixel, j->to.shape[W], j->to.shape[C],
                       j->to_m);
    }
  }
}

static void lay_benches(struct job *j, struct arena *a, int slots) {
  int64_t kh = j->d->rows.kernel, vector = j->kernels->vector;
  struct bench *benches = take(a, times(slots, sizeof *benches));
  j->ring = least(j->from.shape[H], (kh - 1) * j->d->rows.dilation + 1);
  for (int i = 0; i < slots; i++) {
    struct bench b = {0};
    b.x = take(a, times(kh, sizeof *b.x));
    b.w = take(a, times(kh, sizeof *b.w));
    if (j->expand) {
      b.held = take(a, times(j->ring, sizeof *b.held));
      b.ring = take(a, times(times(j->ring, times(j->from.shape[W], j->pixel) + vector), j->size));
      if (a->memory != NULL) memset(b.held, 0xff, (size_t)j->ring * sizeof *b.held);
    }
    if (j->fold) b.out = take(a, times(times(j->to.shape[W], j->pixel) + vector, j->size));
    if (a->memory != NULL) benches[i] = b;
  }
  j->benches = benches;
}

// A contiguous stand-in for an image whose lanes are apart in memory.
static bool pack_image(dw_tensor *packed, const dw_tensor *image, struct arena *a) {
  if (image->strides[C] == 1 || image->shape[C] == 1) return false;
  void *p = take(a, dw_numel(image) * (int64_t)dw_dtype_size(image->dtype));
  dw_tensor_init(packed, p, image->dtype, 4, image->shape);
  return true;
}

static void job_init(struct job *j, const dw_context *cx, const dw_depthwise *d, const dw_tensor *to,
                     const dw_tensor *from, bool back) {
  *j = (struct job){.kernels = cx->kernels->depthwise[d->dtype], .d = d, .back = back, .to = *to, .from = *from};
  j->size = (int64_t)dw_dtype_size(d->dtype);
  j->lanes = d->channels * d->multiplier;
  j->pixel = most(j->lanes, j->kernels->vector);
  j->row_phases = back ? dw_axis_phases_back(&d->rows) : dw_axis_phases(&d->rows);
  j->col_phases = back ? dw_axis_phases_back(&d->cols) : dw_axis_phases(&d->cols);
  find_phase(&j->rows, j, &d->rows, 0);
  find_phase(&j->cols, j, &d->cols, 0);
}

static bool is_empty(const dw_depthwise *d) {
  return d->batch == 0 || d->channels == 0 || d->multiplier == 0 || d->rows.out == 0 || d->cols.out == 0;
}

static double multiply_adds(const dw_depthwise *d) {
  return (double)d->batch * (double)d->channels * (double)d->multiplier * (double)d->rows.out * (double)d->cols.out *
         (double)d->rows.kernel * (double)d->cols.kernel;
}

static dw_status clear(const dw_context *cx, const dw_tensor *t) {
  double zero = 0;
  return dw_numel(t) == 0 ? DW_OK : dw_fill(cx, t, &zero);
}

static dw_status correlate(const dw_context *cx, struct job *j, const dw_tensor *kernel, void *memory,
                           size_t *scratch) {
  struct arena a = {.memory = memory};
  bool narrow = j->lanes < j->kernels->vector;
  j->expand = j->from_m > 1 || narrow;
  j->fold = j->to_m > 1 || narrow;
  dw_tensor to = j->to, from = j->from;
  bool unpack = !j->fold && pack_image(&j->to, &to, &a);
  bool pack = !j->expand && pack_image(&j->from, &from, &a);
  int64_t tasks = j->to.shape[N] * j->to.shape[H], taps = j->d->rows.kernel * j->d->cols.kernel;
  double work = multiply_adds(j->d);
  j->w = kernel->data;
  if (narrow) j->w = take(&a, times(taps + 1, j->pixel * j->size));
  lay_benches(j, &a, dw_slots(cx, tasks, work));
  if (scratch != NULL) return tell(&a, scratch);
  if (narrow) j->kernels->expand(j->w, j->pixel, kernel->data, j->lanes, 1, taps, 0, j->lanes, 1);
  dw_status s = pack ? dw_copy(cx, &j->from, &from) : DW_OK;
  if (s == DW_OK) s = dw_parallel(cx, tasks, work, run_rows, j);
  return s == DW_OK && unpack ? dw_copy(cx, &to, &j->to) : s;
}

dw_status dw_depthwise_forward(const dw_context *cx, const dw_tensor *y, const dw_tensor *x, const dw_tensor *kernel,
                               const dw_depthwise *d, void *memory, size_t *scratch) {
  if (scratch != NULL) *scratch = 0;
  if (is_empty(d)) return DW_OK;
  struct job j;
  job_init(&j, cx, d, y, x, false);
  j.from_m = d->multiplier;
  j.to_m = 1;
  return correlate(cx, &j, kernel, memory, scratch);
}

dw_status dw_depthwise_grad_x(const dw_context *cx, const dw_tensor *dx, const dw_tensor *g, const dw_tensor *kernel,
                              const dw_depthwise *d, void *memory, size_t *scratch) {
  if (scratch != NULL) *scratch = 0;
  if (is_empty(d)) return scratch != NULL ? DW_OK : clear(cx, dx);
  struct job j;
  job_init(&j, cx, d, dx, g, true);
  j.from_m = 1;
  j.to_m = d->multiplier;
  return correlate(cx, &j, kernel, memory, scratch);
}

// ---- gradient of the kernel ---------------------------------------------------------------------

// Tasks are chunks of output rows times blocks of lanes; each sums into its own part, and parts are
// added up in the order of their chunks.
enum { BLOCK = 32, LEAST_CHUNK = 8, PIXELS_PER_CHUNK = 1024, MOST_CHUNKS = 32 };

struct grad {
  struct job job;
  dw_tensor dk;
  int64_t blocks, chunks, taps;
  int64_t width; // lanes of a part: whole vectors
  char *parts;   // (chunks, taps, width)
};

// The last block takes the rest, up to 2*BLOCK-1 lanes.
static struct part block_part(const struct grad *g, int64_t chunk, int64_t block) {
  int64_t first = block * BLOCK, lanes = block < g->blocks - 1 ? BLOCK : g->job.lanes - first;
  char *w = g->parts + (chunk * g->taps * g->width + first) * g->job.size;
  return (struct part){.y_step = g->job.to.strides[W], .first = first, .lanes = lanes, .w = w, .w_step = g->width};
}

static void clear_sums(const struct grad *g, const struct part *p) {
  int64_t last = p->first + p->lanes == g->job.lanes, own = last ? g->width - p->first : p->lanes;
  for (int64_t t = 0; t < g->taps; t++) {
    memset(p->w + t * g->width * g->job.size, 0, (size_t)(own * g->job.size));
  }
}

static void run_chunks(void *job, int64_t a, int64_t b, int slot) {
  const struct grad *g = job;
  const struct job *j = &g->job;
  struct bench *bench = &j->benches[slot];
  int64_t all = j->to.shape[N] * j->to.shape[H];
  for (int64_t task = a; task < b; task++) {
    int64_t chunk = task / g->blocks;
    struct part p = block_part(g, chunk, task % g->blocks);
    clear_sums(g, &p);
    if (j->expand) memset(bench->held, 0xff, (size_t)j->ring * sizeof *bench->held);
    for (int64_t i = all * chunk / g->chunks; i < all * (chunk + 1) / g->chunks; i++) {
      int64_t n = i / j->to.shape[H], row = i % j->to.shape[H], lane = j->to.strides[C];
      p.y = row_of(&j->to, j->size, n, row) + p.first * lane * j->size;
      if (j->fold) { // narrow: g is widened as x is
        j->kernels->expand(bench->out, j->pixel, p.y, j->to.strides[W], lane, j->to.shape[W], 0, p.lanes, 1);
        p.y = bench->out, p.y_step = j->pixel;
      }
      each_phase(j, bench, j->kernels->grad_kernel, n, row, &p);
    }
  }
}

// The last vector of a block overlaps the one before it, and its sums lie in lanes of their own.
static void run_sum(void *job, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct grad *g = job;
  const struct job *j = &g->job;
  int64_t vector = j->kernels->vector, lanes = j->lanes, whole = lanes / vector * vector, rest = lanes - whole;
  int64_t rest_at = lanes < vector ? 0 : whole + vector - rest;
  for (int64_t t = a; t < b; t++) {
    char *to = (char *)g->dk.data + t * lanes * j->size, *from = g->parts + t * g->width * j->size;
    j->kernels->sum(to, from, g->taps * g->width, g->chunks, whole);
    j->kernels->sum(to + whole * j->size, from + rest_at * j->size, g->taps * g->width, g->chunks, rest);
  }
}

dw_status dw_depthwise_grad_kernel(const dw_context *cx, const dw_tensor *dk, const dw_tensor *g, const dw_tensor *x,
                                   const dw_depthwise *d, void *memory, size_t *scratch) {
  if (scratch != NULL) *scratch = 0;
  if (is_empty(d)) return scratch != NULL ? DW_OK : clear(cx, dk);
  struct grad grad = {.dk = *dk, .taps = d->rows.kernel * d->cols.kernel};
  struct job *j = &grad.job;
  struct arena a = {.memory = memory};
  job_init(j, cx, d, g, x, false);
  bool narrow = j->lanes < j->kernels->vector;
  j->from_m = d->multiplier;
  j->expand = d->multiplier > 1 || narrow;
  j->fold = narrow;
  bool pack_g = !narrow && pack_image(&j->to, g, &a), pack_x = !j->expand && pack_image(&j->from, x, &a);

  int64_t rows = d->batch * d->rows.out;
  int64_t chunk = most(LEAST_CHUNK, (PIXELS_PER_CHUNK + d->cols.out - 1) / d->cols.out);
  grad.chunks = most(1, least(rows / chunk, MOST_CHUNKS));
  grad.blocks = most(1, j->lanes / BLOCK);
  grad.width = (j->lanes + j->kernels->vector - 1) / j->kernels->vector * j->kernels->vector;
  grad.parts = take(&a, times(times(grad.chunks, times(grad.taps, grad.width)), j->size));
  int64_t tasks = grad.chunks * grad.blocks;
  double work = multiply_adds(d);
  lay_benches(j, &a, dw_slots(cx, tasks, work));
  if (scratch != NULL) return tell(&a, scratch);
  dw_status s = DW_OK;
  if (pack_g) s = dw_copy(cx, &j->to, g);
  if (pack_x && s == DW_OK) s = dw_copy(cx, &j->from, x);
  if (s == DW_OK) s = dw_parallel(cx, tasks, work, run_chunks, &grad);
  if (s != DW_OK) return s;
  return dw_parallel(cx, grad.taps, (double)(grad.chunks * grad.taps) * (double)grad.width, run_sum, &grad);
}
