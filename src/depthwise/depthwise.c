// depthwise.c: drivers of depthwise convolution and of its gradient with respect to x, which are one walk in two
// directions. Called by the binding. Invariant: a unit is some output rows of one phase of one image, for some lanes,
// and owns what it writes; where rows are few, it may begin and end within a row.
#include "depthwise.h"

#include <string.h>

// ---- a thread at work ---------------------------------------------------------------------------

struct worker {
  dw_job *job;
  const struct dw_correlation *c;
  int slot;
  char *from, *to;
  const char *weights;
  struct dw_depthwise_pass *passes;
};

static bool is_stopped(const struct worker *w) { return dw_stopped(w->job->cx, w->slot); }

// Repeats the lanes of each tap.
static void copy_flat_weights(const struct dw_correlation *c, char *to) {
  size_t lanes = (size_t)(c->lanes.all * c->from.size), tap = (size_t)(c->weights.col * c->from.size);
  const char *from = c->weights.kernel;
  for (int64_t taps = c->d.rows.kernel * c->d.cols.kernel; taps > 0; taps--, to += tap, from += lanes) {
    for (size_t i = 0; i < tap; i += lanes) memcpy(to + i, from, i + lanes < tap ? lanes : tap - i);
  }
}

// Each thread has a copy of its own, so it need not fetch it from another's cache.
static void copy_weights(const struct dw_correlation *c, char *to) {
  if (c->way == DW_FLAT) return copy_flat_weights(c, to);
  int64_t vector = c->kernels->vector, taps = c->d.rows.kernel * c->d.cols.kernel, size = c->from.size;
  int64_t m = c->way == DW_PAIR ? 2 : 1, all = c->lanes.all, pixel = all * m;
  for (int64_t q = 0; q < m; q++) {
    for (int64_t l = 0, v = 0; l < all; l += vector, v++) {
      const char *from = c->weights.kernel + (most(0, least(l, all - vector)) * m + q) * size;
      c->from.kernels->expand(to + (q * c->weights.pair + v * c->weights.vector) * size, vector, from, pixel, m, taps,
                              0, least(all, vector), 1);
    }
  }
}

static struct worker worker_of(dw_job *j, int slot) {
  const struct dw_correlation *c = DW_STATE(struct dw_correlation, j);
  const struct dw_workspace *s = &c->workspace;
  char *own = j->memory + s->at + slot * s->pitch;
  struct worker w = {.job = j, .c = c, .slot = slot, .from = own + s->from, .to = own + s->to};
  w.passes = (struct dw_depthwise_pass *)(void *)(own + s->passes);
  w.weights = c->weights.kernel;
  if (c->weights.bytes == 0) return w;
  w.weights = own + s->weights;
  bool *copied = (bool *)(void *)j->memory;
  if (!copied[slot]) copy_weights(c, own + s->weights);
  copied[slot] = true;
  return w;
}

// The input rows of a phase that outputs m .. m+rows-1 meet; with DW_SPREAD, see there.
static struct dw_window from_window(const struct dw_correlation *c, const dw_phase *p, int64_t m,
                                    const struct dw_window *to) {
  struct dw_window w = *to;
  int64_t lo = p->first + m * p->stride, hi = lo + (to->rows - 1) * p->stride + p->taps;
  if (c->way == DW_SPREAD) lo = most(0, p->first + m - p->taps + 2) / 2, hi = (p->first + m + to->rows - 1) / 2 + 1;
  lo = least(most(0, lo), p->extent), hi = least(hi, p->extent);
  w.first = p->from_first + lo * p->from_step;
  w.step = p->from_step;
  w.rows = most(0, hi - lo);
  return w;
}

// Output columns first .. end-1 of a phase, in a block whose pointers are at column 0 and tap 0 of the images.
static void run_phase(const struct dw_correlation *c, struct dw_depthwise_block b, const dw_phase *cols, int64_t first,
                      int64_t end) {
  int64_t size = c->from.size;
  b.cols = dw_phase_axis(cols, first, least(end, cols->count) - first);
  b.x = (const char *)b.x + cols->from_first * b.x_col * size;
  b.x_col *= cols->from_step;
  b.y = (char *)b.y + (cols->to_first + first * cols->to_step) * b.y_col * size;
  b.y_col *= cols->to_step;
  b.w = (char *)b.w + cols->tap_first * b.w_col * size;
  b.w_col *= cols->tap_step;
  if (b.cols.count > 0) c->run(&b);
}

// The part of a row phase that one call computes: outputs row .. row_end-1, col .. col_end-1 of each column phase,
// lanes.
struct area {
  int64_t n, row, row_end, col, col_end, lane, lanes;
};

static void run_area(const struct worker *worker, const dw_phase *rows, const struct area *a) {
  const struct dw_correlation *c = worker->c;
  struct dw_window writes = {.n = a->n,
                             .first = rows->to_first + a->row * rows->to_step,
                             .step = rows->to_step,
                             .rows = least(a->row_end, rows->count) - a->row,
                             .lane = a->lane,
                             .lanes = a->lanes};
  if (writes.rows <= 0) return; // rows are cut by phase 0, which may have more than this one
  struct dw_window reads = from_window(c, rows, a->row, &writes);
  int64_t size = c->from.size, w_row = c->d.cols.kernel * c->weights.col;
  int64_t skipped = (reads.first - rows->from_first) / rows->from_step; // input rows before the window
  int64_t w_at = c->weights.vector != 0 ? a->lane / c->kernels->vector * c->weights.vector : a->lane;
  if (c->way == DW_PAIR) writes.lane *= 2, writes.lanes *= 2;
  struct dw_place x = dw_image_place(&c->from, &reads, worker->from), y = dw_image_place(&c->to, &writes, worker->to);
  dw_image_pack(&c->from, &reads, &x);
  if (c->from.packed && is_stopped(worker)) return;
  struct dw_depthwise_block b = {.x = x.at - skipped * x.row * size,
                                 .x_row = x.row,
                                 .x_col = x.col,
                                 .y = y.at,
                                 .y_row = y.row,
                                 .y_col = y.col,
                                 .w = (char *)worker->weights + (w_at + rows->tap_first * w_row) * size, // read only
                                 .w_row = rows->tap_step * w_row,
                                 .w_col = c->weights.col,
                                 .w_vector = c->weights.vector,
                                 .w_pair = c->way == DW_PAIR ? c->weights.pair : 0,
                                 .rows = dw_phase_axis(rows, a->row, writes.rows),
                                 .lanes = c->way == DW_FLAT ? c->lanes.all : dw_image_lanes(&c->from, a->lanes),
                                 .passes = worker->passes};
  run_phase(c, b, &c->phases.col0, a->col, a->col_end);
  for (int64_t f = 1; f < c->phases.cols; f++) {
    dw_phase cols;
    dw_correlation_phase(&cols, c, &c->d.cols, f);
    run_phase(c, b, &cols, a->col, a->col_end);
  }
  dw_image_unpack(&c->to, &writes, &y);
}

// Where a band begins: at a row, or within as many rows as a tile has.
struct edge {
  int64_t row, col;
};

static struct edge band_edge(const struct dw_correlation *c, int64_t band) {
  int64_t rows = c->phases.row0.count, bands = c->bands.count, row = rows * band / bands;
  if (!c->bands.even || band == bands) return (struct edge){row, 0};
  row -= row % c->bands.tile;
  int64_t whole = least(c->bands.tile, rows - row) * bands;
  return (struct edge){row, c->phases.col0.count * (rows * band - row * bands) / whole};
}

// A band of the lanes in `all`: the rest of the rows it begins in, whole rows, and its share of the rows it ends in.
static void run_band(const struct worker *w, const dw_phase *rows, int64_t band, const struct area *all) {
  const struct dw_correlation *c = w->c;
  struct edge at = band_edge(c, band), end = band_edge(c, band + 1);
  while (at.row < end.row || at.col < end.col) {
    struct area a = *all;
    a.row = at.row, a.col = at.col;
    a.row_end = at.col == 0 && at.row < end.row ? least(end.row, at.row + c->bands.stretch) : at.row + c->bands.tile;
    if (at.row == end.row) a.col_end = end.col;
    run_area(w, rows, &a);
    at = at.row == end.row ? end : (struct edge){a.row_end, 0};
    if (at.row < end.row && is_stopped(w)) return;
  }
}

// Neighbouring units are of one thread: all phases and lanes of a band or, where lanes lie in planes, all bands of some
// planes.
static void depthwise_units(dw_job *j, int64_t a, int64_t b, int slot) {
  struct worker w = worker_of(j, slot);
  const struct dw_correlation *c = w.c;
  const struct dw_lanes *l = &c->lanes;
  bool planar = c->to.strides[DW_W] < c->to.strides[DW_C];
  int64_t bands = c->bands.count, parts_each = l->groups * bands; // of an image and row phase
  for (int64_t unit = a; unit < b; unit++) {
    int64_t f = unit % c->phases.rows, n = unit / c->phases.rows / parts_each;
    int64_t part = unit / c->phases.rows % parts_each;
    int64_t group = planar ? part / bands : part % l->groups, band = planar ? part % bands : part / l->groups;
    int64_t first = l->units * group / l->groups, last = l->units * (group + 1) / l->groups;
    dw_phase rows = c->phases.row0;
    if (f > 0) dw_correlation_phase(&rows, c, &c->d.rows, f);
    struct area all = {.n = n, .col_end = c->phases.col0.count, .lane = first * l->unit};
    all.lanes = least(last * l->unit, l->all) - all.lane;
    if (is_stopped(&w)) return;
    run_band(&w, &rows, band, &all);
  }
}

// ---- drivers ------------------------------------------------------------------------------------

dw_status dw_depthwise_forward_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x,
                                    const dw_tensor *kernel, const dw_depthwise *d) {
  if (!dw_depthwise_is_empty(d)) return dw_correlation_init(j, cx, y, x, kernel, d, false, depthwise_units);
  dw_job_init(j, cx, 0, 0, NULL);
  return DW_OK;
}

dw_status dw_depthwise_grad_x_init(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *g,
                                   const dw_tensor *kernel, const dw_depthwise *d) {
  bool nothing = dw_depthwise_is_empty(d) || dw_numel(dx) == 0; // padding alone may have outputs
  if (!nothing) return dw_correlation_init(j, cx, dx, g, kernel, d, true, depthwise_units);
  dw_clear_init(j, cx, dx);
  return DW_OK;
}
