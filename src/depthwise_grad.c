// depthwise_grad.c: driver of the gradient of a depthwise convolution with respect to its kernel. Called by the binding.
// Invariant: a task is one chunk of output rows for some lanes; it sums into its own part, and parts are added up in
// the order of their chunks. Chunks and lanes are the same for every thread count.
#include <string.h>

#include "depthwise.h"

enum {
  TASK = 1 << 16,      // multiply-adds of vectors that are worth a task of their own
  FEWEST = 4,          // tasks, for threads to share
  MANY = 1 << 10,      // tasks
  WIDE = 8,            // vectors of lanes that can be shared out; as many groups
  LEAST_CHUNK = 8,     // rows
  MOST_CHUNKS = 32,    // parts that have to be added up
  STRETCH = 1 << 23,   // multiply-adds of vectors in a band
  FEWEST_COLUMNS = 128 // of a piece of a row, more than a vector
};

// What a thread has to itself.
struct bench {
  char *x, *g;
  struct dw_depthwise_pass *passes;
};

struct job {
  const dw_depthwise *d;
  const struct dw_depthwise_kernels *kernels;
  const struct dw_depthwise_grad_kernels *grad;
  struct dw_stage g, x;
  bool flat; // see dw_depthwise_block
  int64_t row_phases, col_phases;
  int64_t lanes, vectors, groups, chunks, taps;
  int64_t band;    // rows staged at a time, and after which an interruption is looked for
  int64_t columns; // of a block, at most
  int64_t width;   // lanes of a part: whole vectors
  char *w;       // the parts (chunks, taps, width); the gradient itself when it has whole vectors and one chunk
  dw_tensor dk;
  struct bench *benches;
  const dw_context *cx;
};

// ---- a task -------------------------------------------------------------------------------------

// One chunk of rows, counted over images, their row phases and the rows of these; lanes of one group.
struct task {
  int64_t first, end, lane, lanes;
  char *w;
  bool add; // to what is in w already
};

// Output rows m .. m+rows-1 of a row phase, in the rows and lanes of `window`.
static void add_window(const struct job *j, int slot, struct task *t, const dw_phase *rows, int64_t m,
                       const struct dw_window *window) {
  const struct bench *bench = &j->benches[slot];
  int64_t q = rows->first + m * rows->stride, lo = least(most(0, q), rows->extent), size = j->x.size;
  int64_t hi = least(q + (window->rows - 1) * rows->stride + rows->taps, rows->extent);
  struct dw_window reads = *window;
  reads.first = rows->from_first + lo * rows->from_step, reads.step = rows->from_step, reads.rows = most(0, hi - lo);
  struct dw_place x = dw_stage_place(&j->x, &reads, bench->x), g = dw_stage_place(&j->g, window, bench->g);
  dw_stage_read(&j->x, &reads, &x);
  dw_stage_read(&j->g, window, &g);
  for (int64_t f = 0; f < j->col_phases; f++) {
    dw_phase cols;
    dw_axis_phase(&cols, &j->d->cols, f);
    int64_t pieces = most(1, parts(cols.count, j->columns)); // one for no columns, which clears
    for (int64_t i = 0; i < pieces && (i == 0 || !dw_stopped(j->cx, slot)); i++) {
      int64_t first = cols.count * i / pieces, count = cols.count * (i + 1) / pieces - first;
      struct dw_depthwise_block b = {
          .x = x.at + (cols.from_first * x.col - lo * x.row) * size, .x_row = x.row, .x_col = cols.from_step * x.col,
          .y = g.at + (cols.to_first + first * cols.to_step) * g.col * size, .y_row = g.row,
          .y_col = cols.to_step * g.col, .w = t->w, .w_row = j->d->cols.kernel * j->width, .w_col = j->width,
          .rows = dw_phase_axis(rows, m, window->rows), .cols = dw_phase_axis(&cols, first, count), .add = t->add,
          .flat = j->flat, .lanes = j->flat ? j->lanes : dw_stage_lanes(&j->x, window->lanes),
          .passes = bench->passes};
      j->grad->grad_kernel(&b);
      t->add = true;
    }
  }
}

// What of the task lies in rows start .. start+count-1, which are those of phase f of image n. False: the job is to
// stop.
static bool add_phase(const struct job *j, int slot, struct task *t, int64_t n, const dw_phase *rows, int64_t start) {
  int64_t m = most(0, t->first - start), end = least(rows->count, t->end - start);
  for (; m < end; m += j->band) {
    struct dw_window w = {.n = n, .first = rows->to_first + m * rows->to_step, .step = rows->to_step, .lane = t->lane,
                          .lanes = t->lanes, .rows = least(j->band, end - m)};
    add_window(j, slot, t, rows, m, &w);
    if (m + j->band < end && dw_stopped(j->cx, slot)) return false;
  }
  return true;
}

static void run_tasks(void *job, int64_t a, int64_t b, int slot) {
  const struct job *j = job;
  int64_t all = j->d->batch * j->d->rows.out, vector = j->kernels->vector;
  for (int64_t i = a; i < b; i++) {
    int64_t group = i % j->groups, chunk = i / j->groups;
    struct task t = {.first = all * chunk / j->chunks, .end = all * (chunk + 1) / j->chunks};
    t.lane = j->vectors * group / j->groups * vector;
    t.lanes = least(j->vectors * (group + 1) / j->groups * vector, j->lanes) - t.lane;
    t.w = j->w + (chunk * j->taps * j->width + t.lane) * j->x.size;
    for (int64_t n = t.first / j->d->rows.out, start = n * j->d->rows.out; start < t.end; n++) {
      for (int64_t f = 0; f < j->row_phases; f++) {
        dw_phase rows;
        dw_axis_phase(&rows, &j->d->rows, f);
        if (!add_phase(j, slot, &t, n, &rows, start)) return;
        start += rows.count;
      }
    }
  }
}

// ---- the driver ---------------------------------------------------------------------------------

// The last vector overlaps the one before it, and has lanes of its own in a part.
static void run_sum(void *job, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct job *j = job;
  int64_t vector = j->kernels->vector, size = j->x.size, whole = j->lanes / vector * vector, rest = j->lanes - whole;
  int64_t rest_at = j->lanes < vector ? 0 : whole + vector - rest, repeats = j->flat ? vector / j->lanes : 1;
  for (int64_t t = a; t < b; t++) {
    char *to = (char *)j->dk.data + t * j->lanes * size, *from = j->w + t * j->width * size;
    j->grad->sum(to, from, j->taps * j->width, j->chunks, 1, whole);
    j->grad->sum(to + whole * size, from + rest_at * size, j->taps * j->width, j->chunks, repeats, rest);
  }
}

// Staged rows stay in a cache: few lanes of many rows, as neighbouring bands share some.
static void fit_stage(struct job *j) {
  int64_t row = dw_arena_times(j->x.image.shape[DW_W], j->kernels->vector * j->x.size);
  int64_t stride = j->d->rows.stride + j->g.staged, least_vectors = j->vectors > 1 ? 2 : 1;
  j->band = least(j->band, most(1, (DW_STAGE / most(1, row * least_vectors) - j->d->rows.kernel) / stride));
  int64_t bytes = dw_arena_times(dw_arena_times(j->band, stride) + j->d->rows.kernel, row);
  j->groups = most(j->groups, j->vectors / most(least_vectors, DW_STAGE / most(1, bytes)));
}

static void cut_tasks(struct job *j) {
  int64_t vector = j->kernels->vector, rows = j->d->batch * j->d->rows.out;
  double work = dw_depthwise_work(j->d) / (double)vector / TASK;
  int64_t tasks = work < MANY ? most(FEWEST, (int64_t)work) : MANY, least_vectors = j->lanes < j->width ? 2 : 1;
  bool wide = j->vectors >= WIDE;
  j->chunks = most(1, least(rows / LEAST_CHUNK, least(MOST_CHUNKS, wide ? tasks / (2 * j->vectors) : tasks)));
  j->groups = most(1, least(j->vectors / least_vectors, wide ? WIDE : parts(tasks, j->chunks)));
  double column = (double)parts(j->vectors, j->groups) * (double)j->taps, row = column * (double)j->d->cols.out;
  j->band = row * (double)j->d->rows.out < STRETCH ? j->d->rows.out : most(1, (int64_t)(STRETCH / row));
  j->columns = row < STRETCH ? most(1, j->d->cols.out) : most(FEWEST_COLUMNS, (int64_t)(STRETCH / column));
  if (j->x.staged || j->g.staged) fit_stage(j);
}

static void lay_benches(struct job *j, struct dw_arena *a, int slots) {
  struct bench *benches = dw_arena_take(a, dw_arena_times(slots, sizeof *benches));
  int64_t lanes = dw_arena_times(parts(j->vectors, j->groups), j->kernels->vector);
  int64_t deep = least(j->x.image.shape[DW_H], dw_arena_times(j->band - 1, j->d->rows.stride) + j->d->rows.kernel);
  for (int i = 0; i < slots; i++) {
    int64_t since = a->used;
    struct bench b = {.passes = dw_arena_take(a, dw_arena_times(j->d->cols.kernel, sizeof *b.passes))};
    b.x = dw_arena_take(a, dw_stage_bytes(&j->x, deep, lanes));
    b.g = dw_arena_take(a, dw_stage_bytes(&j->g, j->band, lanes));
    if (a->memory != NULL) benches[i] = b;
    if (i + 1 < slots) dw_arena_gap(a, since);
  }
  j->benches = benches;
}

static void job_init(struct job *j, const dw_context *cx, const dw_depthwise *d, const dw_tensor *dk,
                     const dw_tensor *g, const dw_tensor *x) {
  *j = (struct job){.d = d, .cx = cx, .kernels = cx->kernels->depthwise[d->dtype]};
  j->grad = cx->kernels->depthwise_grad[d->dtype];
  dw_stage_init(&j->g, cx, g, 1);
  dw_stage_init(&j->x, cx, x, d->multiplier);
  j->flat = dw_stage_is_flat(&j->x, d) && dw_stage_is_flat(&j->g, d);
  if (j->flat) j->x.staged = j->g.staged = false;
  if (j->x.staged) dw_stage_used(&j->x, &d->cols);
  j->row_phases = dw_axis_phases(&d->rows);
  j->col_phases = dw_axis_phases(&d->cols);
  j->lanes = d->channels * d->multiplier;
  j->vectors = parts(j->lanes, j->kernels->vector);
  j->width = j->vectors * j->kernels->vector;
  j->taps = d->rows.kernel * d->cols.kernel;
  j->dk = *dk;
}

dw_status dw_depthwise_grad_kernel(const dw_context *cx, const dw_tensor *dk, const dw_tensor *g, const dw_tensor *x,
                                   const dw_depthwise *d, void *memory, size_t *scratch) {
  if (scratch != NULL) *scratch = 0;
  if (dw_depthwise_is_empty(d)) return scratch != NULL ? DW_OK : dw_clear(cx, dk);
  struct dw_arena a = {.memory = memory};
  struct job j;
  job_init(&j, cx, d, dk, g, x);
  cut_tasks(&j);
  int64_t tasks = j.chunks * j.groups;
  double work = dw_depthwise_work(d);
  bool direct = j.chunks == 1 && j.lanes == j.width;
  int64_t part = dw_arena_times(dw_arena_times(j.taps, j.width), j.x.size);
  j.w = direct ? dk->data : dw_arena_take(&a, dw_arena_times(j.chunks, part));
  lay_benches(&j, &a, dw_slots(cx, tasks, work));
  if (scratch != NULL) return dw_arena_tell(&a, scratch);
  dw_status s = dw_parallel(cx, tasks, work, run_tasks, &j);
  if (s != DW_OK || direct) return s;
  return dw_parallel(cx, j.taps, (double)(j.chunks * j.taps) * (double)j.width, run_sum, &j);
}
