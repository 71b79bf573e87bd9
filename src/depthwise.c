// depthwise.c: geometry of depthwise convolution; drivers of the forward pass and of the gradient with respect to x,
// which are one walk in two directions. Called by the binding. Invariant: a task is some output rows of one phase of
// one image, for some lanes, and owns what it writes; where rows are few, it may begin and end amid a row.
#include "depthwise.h"

#include <string.h>

dw_status dw_depthwise_init(dw_depthwise *d, const dw_tensor *x, const dw_tensor *kernel, const int64_t strides[2],
                            const int64_t dilation[2], dw_padding mode, const int64_t pads[4], int *axis) {
  dw_axis *axes[2] = {&d->rows, &d->cols};
  *d = (dw_depthwise){.dtype = x->dtype, .batch = x->shape[DW_N]};
  d->channels = kernel->shape[2];
  d->multiplier = kernel->shape[3];
  if (x->dtype != kernel->dtype || !dw_dtype_is_float(x->dtype)) return DW_DTYPE;
  if (x->shape[DW_C] != d->channels) return DW_CHANNELS;
  for (int i = 0; i < 2; i++) {
    *axis = i;
    if (mode == DW_EXPLICIT) axes[i]->before = pads[2 * i], axes[i]->after = pads[2 * i + 1];
    dw_status s = dw_axis_init(axes[i], x->shape[DW_H + i], kernel->shape[i], strides[i], dilation[i], mode);
    if (s != DW_OK) return s;
  }
  return DW_OK;
}

bool dw_depthwise_is_empty(const dw_depthwise *d) {
  return d->batch == 0 || d->channels == 0 || d->multiplier == 0 || d->rows.out == 0 || d->cols.out == 0;
}

double dw_depthwise_work(const dw_depthwise *d) {
  return (double)d->batch * (double)d->channels * (double)d->multiplier * (double)d->rows.out * (double)d->cols.out *
         (double)d->rows.kernel * (double)d->cols.kernel;
}

struct dw_depthwise_axis dw_phase_axis(const dw_phase *p, int64_t m, int64_t count) {
  return (struct dw_depthwise_axis){count, p->first + m * p->stride, p->stride, p->extent, p->taps};
}

dw_status dw_clear(const dw_context *cx, const dw_tensor *t) {
  double zero = 0;
  return dw_numel(t) == 0 ? DW_OK : dw_fill(cx, t, &zero);
}

// ---- tasks --------------------------------------------------------------------------------------

// What a thread has to itself.
struct bench {
  char *from, *to;
  char *w; // (kh, kw, lanes), or a block of (kh, kw, vector) for each vector of lanes
  bool copied; // the kernel is there
  struct dw_depthwise_pass *passes;
};

// `to` is computed from `from` and the kernel. Lanes are output channels, c*multiplier + q; a pair of them is one lane.
struct job {
  const dw_depthwise *d;
  const struct dw_depthwise_kernels *kernels;
  struct dw_stage to, from;
  bool back, pair, spread, flat; // see dw_depthwise_block
  int64_t row_phases, col_phases;
  dw_phase rows, cols; // phase 0, which is mostly the only one
  int64_t lanes, unit; // a group has whole units of lanes, but for the last
  int64_t units, groups, bands;
  int64_t band; // rows of a band, at most
  bool even;       // bands are of one size, if need be with edges amid a row
  int64_t stretch; // rows of a band after which an interruption is looked for, whole tiles
  const dw_context *cx;
  const char *kernel;
  int64_t w_bytes; // of a copy of the kernel laid out anew, 0 if it is read as it lies
  int64_t w_col, w_vector, w_pair;
  struct bench *benches;
};

// ---- the kernel ---------------------------------------------------------------------------------

// How the kernel is laid out.
static void lay_kernel(struct job *j) {
  int64_t vector = j->kernels->vector, taps = j->d->rows.kernel * j->d->cols.kernel, size = j->from.size;
  bool apart = j->lanes * size % DW_CONFLICT == 0;
  j->w_col = j->lanes;
  if (j->flat) {
    j->w_col = 2 * vector;
    j->w_bytes = dw_arena_times(taps, j->w_col * size);
  } else if (j->pair || apart || j->lanes < vector) {
    j->w_col = vector;
    j->w_vector = taps * vector;
    j->w_pair = parts(j->lanes, vector) * j->w_vector;
    j->w_bytes = dw_arena_times(dw_arena_times(j->w_pair, j->pair ? 2 : 1) + vector, size);
  }
}

// Repeats the lanes of each tap.
static void copy_flat_kernel(const struct job *j, char *to) {
  size_t lanes = (size_t)(j->lanes * j->from.size), tap = (size_t)(j->w_col * j->from.size);
  const char *from = j->kernel;
  for (int64_t taps = j->d->rows.kernel * j->d->cols.kernel; taps > 0; taps--, to += tap, from += lanes) {
    for (size_t i = 0; i < tap; i += lanes) memcpy(to + i, from, i + lanes < tap ? lanes : tap - i);
  }
}

// Each thread has a copy of its own, which it need not fetch from another's cache.
static void copy_kernel(const struct job *j, struct bench *b) {
  b->copied = true;
  if (j->flat) return copy_flat_kernel(j, b->w);
  int64_t vector = j->kernels->vector, taps = j->d->rows.kernel * j->d->cols.kernel, size = j->from.size;
  int64_t m = j->pair ? 2 : 1, lanes = least(j->lanes, vector), pixel = j->lanes * m;
  for (int64_t q = 0; q < m; q++) {
    for (int64_t l = 0, v = 0; l < j->lanes; l += vector, v++) {
      char *to = b->w + (q * j->w_pair + v * j->w_vector) * size;
      const char *from = j->kernel + (most(0, least(l, j->lanes - vector)) * m + q) * size;
      j->from.kernels->expand(to, vector, from, pixel, m, taps, 0, lanes, 1);
    }
  }
}

// With `spread` an axis is one phase, whose first is the padding before.
static void find_phase(dw_phase *p, const struct job *j, const dw_axis *a, int64_t f) {
  if (j->spread) {
    *p = (dw_phase){.count = a->in, .to_step = 1, .extent = a->out, .from_step = 1, .first = a->before, .stride = 1,
                    .taps = a->kernel, .tap_step = 1};
  } else if (j->back) {
    dw_axis_phase_back(p, a, f);
  } else {
    dw_axis_phase(p, a, f);
  }
}

// The input rows of a phase that outputs m .. m+rows-1 meet; with `spread`, see dw_depthwise_block.
static struct dw_window from_window(const struct job *j, const dw_phase *p, int64_t m, const struct dw_window *to) {
  struct dw_window w = *to;
  int64_t lo = p->first + m * p->stride, hi = lo + (to->rows - 1) * p->stride + p->taps;
  if (j->spread) lo = most(0, p->first + m - p->taps + 2) / 2, hi = (p->first + m + to->rows - 1) / 2 + 1;
  lo = least(most(0, lo), p->extent), hi = least(hi, p->extent);
  w.first = p->from_first + lo * p->from_step;
  w.step = p->from_step;
  w.rows = most(0, hi - lo);
  return w;
}

// Output columns first .. end-1 of a phase, in a block whose pointers are at column 0 and tap 0 of the images.
static void run_phase(const struct job *j, struct dw_depthwise_block b, const dw_phase *cols, int64_t first,
                      int64_t end) {
  int64_t size = j->from.size;
  b.cols = dw_phase_axis(cols, first, least(end, cols->count) - first);
  b.x = (const char *)b.x + cols->from_first * b.x_col * size;
  b.x_col *= cols->from_step;
  b.y = (char *)b.y + (cols->to_first + first * cols->to_step) * b.y_col * size;
  b.y_col *= cols->to_step;
  b.w = (char *)b.w + cols->tap_first * b.w_col * size;
  b.w_col *= cols->tap_step;
  if (b.cols.count > 0) j->kernels->forward(&b);
}

static bool is_stopped(const struct job *j, const struct bench *b) { return dw_stopped(j->cx, (int)(b - j->benches)); }

// What of a row phase one call computes: outputs row .. row_end-1, col .. col_end-1 of each column phase, lanes.
struct area {
  int64_t n, row, row_end, col, col_end, lane, lanes;
};

static void run_area(const struct job *j, const struct bench *bench, const dw_phase *rows, const struct area *a) {
  struct dw_window writes = {.n = a->n, .first = rows->to_first + a->row * rows->to_step, .step = rows->to_step,
                             .rows = least(a->row_end, rows->count) - a->row, .lane = a->lane, .lanes = a->lanes};
  if (writes.rows <= 0) return; // no phase has more rows than the first, by which they are cut
  struct dw_window reads = from_window(j, rows, a->row, &writes);
  int64_t size = j->from.size, w_row = j->d->cols.kernel * j->w_col;
  int64_t skipped = (reads.first - rows->from_first) / rows->from_step; // input rows before the window
  int64_t w_at = j->w_vector != 0 ? a->lane / j->kernels->vector * j->w_vector : a->lane;
  if (j->pair) writes.lane *= 2, writes.lanes *= 2;
  struct dw_place x = dw_stage_place(&j->from, &reads, bench->from), y = dw_stage_place(&j->to, &writes, bench->to);
  dw_stage_read(&j->from, &reads, &x);
  if (j->from.staged && is_stopped(j, bench)) return;
  struct dw_depthwise_block b = {
      .x = x.at - skipped * x.row * size, .x_row = x.row, .x_col = x.col, .y = y.at, .y_row = y.row, .y_col = y.col,
      .w = bench->w + (w_at + rows->tap_first * w_row) * size, .w_row = rows->tap_step * w_row, .w_col = j->w_col,
      .w_vector = j->w_vector, .pair = j->pair, .w_pair = j->w_pair, .spread = j->spread, .flat = j->flat,
      .rows = dw_phase_axis(rows, a->row, writes.rows),
      .lanes = j->flat ? j->lanes : dw_stage_lanes(&j->from, a->lanes), .passes = bench->passes};
  run_phase(j, b, &j->cols, a->col, a->col_end);
  for (int64_t f = 1; f < j->col_phases; f++) {
    dw_phase cols;
    find_phase(&cols, j, &j->d->cols, f);
    run_phase(j, b, &cols, a->col, a->col_end);
  }
  dw_stage_write(&j->to, &writes, &y);
}

static int64_t tile_rows(const struct job *j) { return j->pair ? 1 : j->kernels->rows; }

// Where a band begins: at a row, or within as many rows as a tile has.
struct edge {
  int64_t row, col;
};

static struct edge band_edge(const struct job *j, int64_t band) {
  int64_t rows = j->rows.count, row = rows * band / j->bands;
  if (!j->even || band == j->bands) return (struct edge){row, 0};
  row -= row % tile_rows(j);
  int64_t whole = least(tile_rows(j), rows - row) * j->bands;
  return (struct edge){row, j->cols.count * (rows * band - row * j->bands) / whole};
}

// A band of the lanes in `all`: what is left of the rows that it begins in, whole rows, what it has of those it ends in.
static void run_band(const struct job *j, const struct bench *bench, const dw_phase *rows, int64_t band,
                     const struct area *all) {
  struct edge at = band_edge(j, band), end = band_edge(j, band + 1);
  while (at.row < end.row || at.col < end.col) {
    struct area a = *all;
    a.row = at.row, a.col = at.col;
    a.row_end = at.col == 0 && at.row < end.row ? least(end.row, at.row + j->stretch) : at.row + tile_rows(j);
    if (at.row == end.row) a.col_end = end.col;
    run_area(j, bench, rows, &a);
    at = at.row == end.row ? end : (struct edge){a.row_end, 0};
    if (at.row < end.row && is_stopped(j, bench)) return;
  }
}

// Neighbouring tasks are of one thread: all phases and lanes of a band or, where lanes lie in planes, all bands of some
// planes.
static void run_tasks(void *job, int64_t a, int64_t b, int slot) {
  const struct job *j = job;
  bool planar = j->to.image.strides[DW_W] < j->to.image.strides[DW_C];
  int64_t parts_each = j->groups * j->bands; // of an image and row phase
  for (int64_t task = a; task < b; task++) {
    int64_t f = task % j->row_phases, n = task / j->row_phases / parts_each;
    int64_t part = task / j->row_phases % parts_each;
    int64_t group = planar ? part / j->bands : part % j->groups, band = planar ? part % j->bands : part / j->groups;
    int64_t first = j->units * group / j->groups, last = j->units * (group + 1) / j->groups;
    dw_phase rows = j->rows;
    if (f > 0) find_phase(&rows, j, &j->d->rows, f);
    struct area all = {.n = n, .col_end = j->cols.count, .lane = first * j->unit};
    all.lanes = least(last * j->unit, j->lanes) - all.lane;
    struct bench *bench = &j->benches[slot];
    if (!bench->copied) copy_kernel(j, bench);
    if (is_stopped(j, bench)) return;
    run_band(j, bench, &rows, band, &all);
  }
}

// ---- cutting a job into tasks -------------------------------------------------------------------

enum {
  TASK = 1 << 19, // multiply-adds of vectors after which an interruption is noticed
  SHARES = 4,     // tasks for each thread, where they are not of one size
  MANY = 1 << 10, // tasks
  FINE = 32,      // rows of tiles in a band that are no coarse measure
  FEW = 8         // pixels of a band
};

// Into how many parts each image is cut. An output is one chain of multiply-adds, whatever tile or task it falls into,
// so the parts may follow from the threads.
static int64_t parts_of_image(const dw_context *cx, const struct job *j) {
  double work = dw_depthwise_work(j->d), tasks = work / (double)j->kernels->vector / TASK;
  bool alike = !j->back || j->d->rows.stride == 1; // phases have as many taps as each other
  int64_t threads = dw_slots(cx, MANY, work), images = j->d->batch * (alike ? j->row_phases : 1);
  int64_t wanted = most(images % threads == 0 ? images : images == 1 ? threads : threads * SHARES,
                        tasks < MANY ? (int64_t)tasks : MANY);
  return images == 1 ? parts(wanted, threads) * threads : parts(wanted, images);
}

// Staged rows stay in a cache. Those that are read are few lanes of many rows, as neighbouring bands share some; those
// that are written are few rows. Where both are, those that are read take half the room.
static void fit_stage(struct job *j, int64_t rows, int64_t least_units) {
  const dw_tensor *image = j->from.staged ? &j->from.image : &j->to.image;
  int64_t row = dw_arena_times(image->shape[DW_W], j->unit * j->from.size);
  int64_t limit = DW_STAGE / (!j->from.staged ? 16 : j->to.staged ? 2 : 1);
  int64_t stride = j->from.staged ? most(1, j->rows.stride) : 1, extra = j->from.staged ? j->d->rows.kernel : 1;
  int64_t band = most(j->kernels->rows, (limit / most(1, row * least_units) - extra) / stride + 1);
  j->bands = most(j->bands, parts(rows, band));
  j->band = parts(rows, j->bands);
  int64_t bytes = dw_arena_times(dw_arena_times(j->band - 1, stride) + extra, row);
  j->groups = most(j->groups, j->units / most(least_units, limit / most(1, bytes)));
}

// Images are cut by rows, and by lanes only where there are too few: a thread that writes between the lanes of another
// finds its lines on their way to the other core.
static void cut_tasks(struct job *j, int64_t share) {
  int64_t rows = parts(j->to.image.shape[DW_H], j->row_phases);
  int64_t least_units = j->lanes % j->unit != 0 ? 2 : 1; // the last group fills a vector, too
  bool staged = j->from.staged || j->to.staged;
  j->even = !staged && !j->flat && j->col_phases == 1 && rows < FINE * tile_rows(j) * share &&
            rows * j->cols.count >= FEW * share;
  j->bands = j->even ? share : least(share, rows);
  j->band = parts(rows, j->bands);
  j->groups = most(1, least(parts(share, j->bands), j->units / least_units));
  if (staged) fit_stage(j, rows, least_units);
}

// Rows that take some milliseconds.
static void choose_stretch(struct job *j) {
  enum { STRETCH = 1 << 23 }; // multiply-adds of vectors
  double vectors = (double)parts(j->units, j->groups) * (double)j->unit / (double)j->kernels->vector;
  double row = vectors * (double)j->cols.count * (double)j->d->rows.kernel * (double)j->d->cols.kernel;
  j->stretch = most(1, row < STRETCH ? (int64_t)(STRETCH / (row + 1)) / tile_rows(j) : 1) * tile_rows(j);
}

static void lay_benches(struct job *j, struct dw_arena *a, int slots) {
  struct bench *benches = dw_arena_take(a, dw_arena_times(slots, sizeof *benches));
  int64_t lanes = dw_arena_times(parts(j->units, j->groups), j->unit);
  int64_t deep = least(j->from.image.shape[DW_H], dw_arena_times(j->band - 1, j->rows.stride) + j->d->rows.kernel);
  for (int i = 0; i < slots; i++) {
    int64_t since = a->used;
    struct bench b = {.passes = dw_arena_take(a, dw_arena_times(j->d->cols.kernel, sizeof *b.passes))};
    b.copied = j->w_bytes == 0;
    b.w = b.copied ? (char *)j->kernel : dw_arena_take(a, j->w_bytes); // read only, if it is the caller's
    b.from = dw_arena_take(a, dw_stage_bytes(&j->from, deep, lanes));
    b.to = dw_arena_take(a, dw_stage_bytes(&j->to, j->band, j->pair ? 2 * lanes : lanes));
    if (a->memory != NULL) benches[i] = b;
    if (i + 1 < slots) dw_arena_gap(a, since);
  }
  j->benches = benches;
}

// ---- drivers ------------------------------------------------------------------------------------

// Strides of 2 leave a quarter of the taps to an output; small kernels then do all its phases in one walk.
static bool can_spread(const dw_depthwise *d) {
  return d->rows.stride == 2 && d->cols.stride == 2 && d->rows.dilation == 1 && d->cols.dilation == 1 &&
         (d->cols.kernel == 3 || d->cols.kernel == 5);
}

static void job_init(struct job *j, const dw_context *cx, const dw_depthwise *d, bool back) {
  *j = (struct job){.d = d, .cx = cx, .kernels = cx->kernels->depthwise[d->dtype], .back = back};
  j->lanes = d->channels * d->multiplier;
  j->spread = back && can_spread(d);
  j->row_phases = j->spread ? 1 : back ? dw_axis_phases_back(&d->rows) : dw_axis_phases(&d->rows);
  j->col_phases = j->spread ? 1 : back ? dw_axis_phases_back(&d->cols) : dw_axis_phases(&d->cols);
  find_phase(&j->rows, j, &d->rows, 0);
  find_phase(&j->cols, j, &d->cols, 0);
}

static dw_status correlate(const dw_context *cx, struct job *j, const dw_tensor *kernel, void *memory,
                           size_t *scratch) {
  struct dw_arena a = {.memory = memory};
  j->flat = dw_stage_is_flat(&j->from, j->d) && dw_stage_is_flat(&j->to, j->d);
  if (j->flat) j->from.staged = j->to.staged = false;
  j->unit = j->kernels->vector * j->to.multiplier; // a fold needs whole channels
  j->units = parts(j->lanes, j->unit);
  cut_tasks(j, parts_of_image(cx, j));
  choose_stretch(j);
  int64_t tasks = j->d->batch * j->row_phases * j->bands * j->groups;
  double work = dw_depthwise_work(j->d);
  j->kernel = kernel->data;
  lay_kernel(j);
  lay_benches(j, &a, dw_slots(cx, tasks, work));
  if (scratch != NULL) return dw_arena_tell(&a, scratch);
  return dw_parallel(cx, tasks, work, run_tasks, j);
}

dw_status dw_depthwise_forward(const dw_context *cx, const dw_tensor *y, const dw_tensor *x, const dw_tensor *kernel,
                               const dw_depthwise *d, void *memory, size_t *scratch) {
  if (scratch != NULL) *scratch = 0;
  if (dw_depthwise_is_empty(d)) return DW_OK;
  struct job j;
  job_init(&j, cx, d, false);
  j.pair = d->multiplier == 2 && d->channels >= j.kernels->vector && j.kernels->rows == 2;
  if (j.pair) j.lanes = d->channels;
  dw_stage_init(&j.from, cx, x, j.pair ? 1 : d->multiplier);
  dw_stage_init(&j.to, cx, y, 1);
  if (j.from.staged) dw_stage_used(&j.from, &d->cols);
  return correlate(cx, &j, kernel, memory, scratch);
}

dw_status dw_depthwise_grad_x(const dw_context *cx, const dw_tensor *dx, const dw_tensor *g, const dw_tensor *kernel,
                              const dw_depthwise *d, void *memory, size_t *scratch) {
  if (scratch != NULL) *scratch = 0;
  if (dw_numel(dx) == 0) return DW_OK;
  if (dw_depthwise_is_empty(d)) return scratch != NULL ? DW_OK : dw_clear(cx, dx);
  struct job j;
  job_init(&j, cx, d, true);
  dw_stage_init(&j.from, cx, g, 1);
  dw_stage_init(&j.to, cx, dx, d->multiplier);
  return correlate(cx, &j, kernel, memory, scratch);
}
