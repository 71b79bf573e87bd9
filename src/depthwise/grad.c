// grad.c: driver of the gradient of a depthwise convolution with respect to its kernel. Called by the binding.
// Invariant: a unit is one chunk of output rows for some lanes; it sums into its own part, and a second pass adds the
// parts up in the order of their chunks. Chunks and lanes are the same for every thread count.
#include "depthwise.h"

// Found with `make bench BENCHES=depthwise` on a Zen 4.
enum {
  UNIT_WORK = 1 << 16, // multiply-adds of vectors that are worth a unit of their own
  FEWEST = 4,          // units, for threads to share
  MANY = 1 << 10,      // units
  WIDE = 8,            // vectors of lanes that can be shared out; as many groups
  LEAST_CHUNK = 8,     // rows
  MOST_CHUNKS = 32,    // parts that have to be added up
  STRETCH = 1 << 23,   // multiply-adds of vectors in a band
  FEWEST_COLUMNS = 128 // of a piece of a row, more than a vector
};

// How the work is cut: into chunks of output rows, counted over images, their row phases and the rows of these, and
// into groups of vectors of lanes.
struct cuts {
  int64_t lanes, vectors, groups, chunks;
  int64_t band;    // rows packed at a time, and after which an interruption is looked for
  int64_t columns; // of a block, at most
};

// Sums go to parts (chunks, taps, width), of which whole vectors make up the width; straight into the gradient itself,
// where that has whole vectors and there is one chunk.
struct sums {
  char *gradient;
  bool direct;
  int64_t taps, width, at;
};

// What lies where in a thread's own memory.
struct workspace {
  int64_t at, pitch, passes, x, g;
};

struct kernel_gradient {
  dw_depthwise d;
  const struct dw_depthwise_kernels *kernels;
  const struct dw_depthwise_grad_kernels *grad;
  dw_depthwise_fn *run;
  struct dw_image g, x;
  bool flat; // see DW_FLAT
  int64_t row_phases, col_phases;
  struct cuts cuts;
  struct sums sums;
  struct workspace workspace;
};

static const struct kernel_gradient *gradient_of(dw_job *j) { return DW_STATE(struct kernel_gradient, j); }

static char *parts_of(const dw_job *j, const struct kernel_gradient *k) {
  return k->sums.direct ? k->sums.gradient : j->memory + k->sums.at;
}

// ---- a unit -------------------------------------------------------------------------------------

// One chunk of rows, lanes of one group, and what the thread has to itself.
struct unit {
  dw_job *job;
  const struct kernel_gradient *k;
  int slot;
  char *pack_x, *pack_g;
  struct dw_depthwise_pass *passes;
  int64_t first, end, lane, lanes;
  char *w;
  bool add; // to what w holds already
};

static bool is_stopped(const struct unit *u) { return dw_stopped(u->job->cx, u->slot); }

// Output rows m .. m+rows-1 of a row phase, in the rows and lanes of `window`.
static void add_window(struct unit *u, const dw_phase *rows, int64_t m, const struct dw_window *window) {
  const struct kernel_gradient *k = u->k;
  int64_t q = rows->first + m * rows->stride, lo = least(most(0, q), rows->extent), size = k->x.size;
  int64_t hi = least(q + (window->rows - 1) * rows->stride + rows->taps, rows->extent);
  struct dw_window reads = *window;
  reads.first = rows->from_first + lo * rows->from_step, reads.step = rows->from_step, reads.rows = most(0, hi - lo);
  struct dw_place x = dw_image_place(&k->x, &reads, u->pack_x), g = dw_image_place(&k->g, window, u->pack_g);
  dw_image_pack(&k->x, &reads, &x);
  dw_image_pack(&k->g, window, &g);
  for (int64_t f = 0; f < k->col_phases; f++) {
    dw_phase cols;
    dw_axis_phase(&cols, &k->d.cols, f);
    int64_t pieces = most(1, parts(cols.count, k->cuts.columns)); // one if there are no columns: it clears
    for (int64_t i = 0; i < pieces && (i == 0 || !is_stopped(u)); i++) {
      int64_t first = cols.count * i / pieces, count = cols.count * (i + 1) / pieces - first;
      struct dw_depthwise_block b = {.x = x.at + (cols.from_first * x.col - lo * x.row) * size,
                                     .x_row = x.row,
                                     .x_col = cols.from_step * x.col,
                                     .y = g.at + (cols.to_first + first * cols.to_step) * g.col * size,
                                     .y_row = g.row,
                                     .y_col = cols.to_step * g.col,
                                     .w = u->w,
                                     .w_row = k->d.cols.kernel * k->sums.width,
                                     .w_col = k->sums.width,
                                     .rows = dw_phase_axis(rows, m, window->rows),
                                     .cols = dw_phase_axis(&cols, first, count),
                                     .add = u->add,
                                     .lanes = k->flat ? k->cuts.lanes : dw_image_lanes(&k->x, window->lanes),
                                     .passes = u->passes};
      k->run(&b);
      u->add = true;
    }
  }
}

// The part of the unit that lies in rows start .. start+count-1, which are those of one phase of image n. False: the
// job is to stop.
static bool add_phase(struct unit *u, int64_t n, const dw_phase *rows, int64_t start) {
  int64_t m = most(0, u->first - start), end = least(rows->count, u->end - start), band = u->k->cuts.band;
  for (; m < end; m += band) {
    struct dw_window w = {.n = n,
                          .first = rows->to_first + m * rows->to_step,
                          .step = rows->to_step,
                          .lane = u->lane,
                          .lanes = u->lanes,
                          .rows = least(band, end - m)};
    add_window(u, rows, m, &w);
    if (m + band < end && is_stopped(u)) return false;
  }
  return true;
}

static bool add_unit(struct unit *u) {
  const dw_depthwise *d = &u->k->d;
  for (int64_t n = u->first / d->rows.out, start = n * d->rows.out; start < u->end; n++) {
    for (int64_t f = 0; f < u->k->row_phases; f++) {
      dw_phase rows;
      dw_axis_phase(&rows, &d->rows, f);
      if (!add_phase(u, n, &rows, start)) return false;
      start += rows.count;
    }
  }
  return true;
}

static void gradient_units(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct kernel_gradient *k = gradient_of(j);
  const struct cuts *c = &k->cuts;
  int64_t all = k->d.batch * k->d.rows.out, vector = k->kernels->vector;
  char *own = j->memory + k->workspace.at + slot * k->workspace.pitch;
  for (int64_t i = a; i < b; i++) {
    int64_t group = i % c->groups, chunk = i / c->groups;
    struct unit u = {.job = j, .k = k, .slot = slot, .pack_x = own + k->workspace.x, .pack_g = own + k->workspace.g};
    u.passes = (struct dw_depthwise_pass *)(void *)(own + k->workspace.passes);
    u.first = all * chunk / c->chunks, u.end = all * (chunk + 1) / c->chunks;
    u.lane = c->vectors * group / c->groups * vector;
    u.lanes = least(c->vectors * (group + 1) / c->groups * vector, c->lanes) - u.lane;
    u.w = parts_of(j, k) + (chunk * k->sums.taps * k->sums.width + u.lane) * k->x.size;
    if (!add_unit(&u)) return;
  }
}

// ---- adding up ----------------------------------------------------------------------------------

// Units are taps. The last vector overlaps the one before it, and has lanes of its own in a part.
static void gradient_sum(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct kernel_gradient *k = gradient_of(j);
  const struct sums *s = &k->sums;
  int64_t vector = k->kernels->vector, size = k->x.size, lanes = k->cuts.lanes, whole = lanes / vector * vector;
  int64_t rest = lanes - whole, rest_at = lanes < vector ? 0 : whole + vector - rest;
  int64_t repeats = k->flat ? vector / lanes : 1, pitch = s->taps * s->width;
  for (int64_t t = a; t < b; t++) {
    char *to = s->gradient + t * lanes * size, *from = parts_of(j, k) + t * s->width * size;
    k->grad->sum(to, from, pitch, k->cuts.chunks, 1, whole);
    k->grad->sum(to + whole * size, from + rest_at * size, pitch, k->cuts.chunks, repeats, rest);
  }
}

static bool next_to_sum(dw_job *j) {
  const struct kernel_gradient *k = gradient_of(j);
  double work = (double)(k->cuts.chunks * k->sums.taps) * (double)k->sums.width;
  j->pass = (dw_pass){k->sums.taps, work, gradient_sum};
  j->next = NULL;
  return true;
}

// ---- deciding -----------------------------------------------------------------------------------

// Packed rows stay in a cache: few lanes of many rows, as neighbouring bands share some.
static void fit_packed(struct kernel_gradient *k) {
  struct cuts *c = &k->cuts;
  int64_t row = times(k->x.shape[DW_W], k->kernels->vector * k->x.size), least_vectors = c->vectors > 1 ? 2 : 1;
  int64_t stride = k->d.rows.stride + k->g.packed;
  c->band = least(c->band, most(1, (DW_PACKED_ROWS / most(1, row * least_vectors) - k->d.rows.kernel) / stride));
  int64_t bytes = times(times(c->band, stride) + k->d.rows.kernel, row);
  c->groups = most(c->groups, c->vectors / most(least_vectors, DW_PACKED_ROWS / most(1, bytes)));
}

static void cut_work(struct kernel_gradient *k) {
  struct cuts *c = &k->cuts;
  int64_t vector = k->kernels->vector, rows = k->d.batch * k->d.rows.out;
  double work = dw_depthwise_work(&k->d) / (double)vector / UNIT_WORK;
  int64_t units = work < MANY ? most(FEWEST, (int64_t)work) : MANY;
  int64_t least_vectors = c->lanes < k->sums.width ? 2 : 1;
  bool wide = c->vectors >= WIDE;
  c->chunks = most(1, least(rows / LEAST_CHUNK, least(MOST_CHUNKS, wide ? units / (2 * c->vectors) : units)));
  c->groups = most(1, least(c->vectors / least_vectors, wide ? WIDE : parts(units, c->chunks)));
  double column = (double)parts(c->vectors, c->groups) * (double)k->sums.taps, row = column * (double)k->d.cols.out;
  c->band = row * (double)k->d.rows.out < STRETCH ? k->d.rows.out : most(1, (int64_t)(STRETCH / row));
  c->columns = row < STRETCH ? most(1, k->d.cols.out) : most(FEWEST_COLUMNS, (int64_t)(STRETCH / column));
  if (k->x.packed || k->g.packed) fit_packed(k);
}

static dw_status lay_workspace(dw_job *j, struct kernel_gradient *k) {
  struct workspace *s = &k->workspace;
  const struct cuts *c = &k->cuts;
  int64_t lanes = times(parts(c->vectors, c->groups), k->kernels->vector), own = 0, used = 0;
  int64_t deep = least(k->x.shape[DW_H], times(c->band - 1, k->d.rows.stride) + k->d.rows.kernel);
  s->passes = dw_scratch_take(&own, times(k->d.cols.kernel, sizeof(struct dw_depthwise_pass)));
  s->x = dw_scratch_take(&own, dw_image_pack_bytes(&k->x, deep, lanes));
  s->g = dw_scratch_take(&own, dw_image_pack_bytes(&k->g, c->band, lanes));
  int64_t part = times(times(k->sums.taps, k->sums.width), k->x.size);
  if (!k->sums.direct) k->sums.at = dw_scratch_take(&used, times(c->chunks, part));
  s->at = dw_scratch_each(&used, own, j->slots, &s->pitch);
  return dw_scratch_tell(j, used);
}

static void gradient_init(struct kernel_gradient *k, const dw_context *cx, const dw_tensor *dk, const dw_tensor *g,
                          const dw_tensor *x, const dw_depthwise *d) {
  k->d = *d;
  k->kernels = cx->kernels->depthwise[d->dtype];
  k->grad = cx->kernels->depthwise_grad[d->dtype];
  k->flat = dw_image_is_flat(x, d, k->kernels->vector) && dw_image_is_flat(g, d, k->kernels->vector);
  k->run = k->flat ? cx->kernels->depthwise_flat[d->dtype]->grad_kernel : k->grad->grad_kernel;
  dw_image_init(&k->g, cx, g, 1, k->flat);
  dw_image_init(&k->x, cx, x, d->multiplier, k->flat);
  if (k->x.packed) dw_image_trim(&k->x, &d->cols);
  k->row_phases = dw_axis_phases(&d->rows);
  k->col_phases = dw_axis_phases(&d->cols);
  k->cuts.lanes = d->channels * d->multiplier;
  k->cuts.vectors = parts(k->cuts.lanes, k->kernels->vector);
  k->sums = (struct sums){.gradient = dk->data, .taps = d->rows.kernel * d->cols.kernel};
  k->sums.width = k->cuts.vectors * k->kernels->vector;
}

dw_status dw_depthwise_grad_kernel_init(dw_job *j, const dw_context *cx, const dw_tensor *dk, const dw_tensor *g,
                                        const dw_tensor *x, const dw_depthwise *d) {
  struct kernel_gradient *k = DW_STATE(struct kernel_gradient, j);
  DW_REQUIRE(dk->rank == 4 && g->rank == 4 && x->rank == 4 && dk->shape[2] == d->channels && dw_is_contiguous(dk));
  DW_REQUIRE(dk->dtype == d->dtype && g->dtype == d->dtype && x->dtype == d->dtype);
  if (dw_depthwise_is_empty(d)) return dw_clear_init(j, cx, dk), DW_OK;
  gradient_init(k, cx, dk, g, x, d);
  cut_work(k);
  k->sums.direct = k->cuts.chunks == 1 && k->cuts.lanes == k->sums.width;
  dw_job_init(j, cx, k->cuts.chunks * k->cuts.groups, dw_depthwise_work(d), gradient_units);
  j->slots = dw_slots(cx, j->pass.units, j->pass.work);
  if (!k->sums.direct) j->next = next_to_sum;
  return lay_workspace(j, k);
}
