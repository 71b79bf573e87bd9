// reduce.c: reductions and moments over any axes, positions of extremes, running sums. Called by the binding.
// Invariant: what is summed with what, and in which order, follows from shapes and strides alone, so results are the
// same for every thread count: long reductions are cut into a fixed number of chunks, joined in their order.
#include <math.h>
#include <string.h>

#include "base/base.h"
#include "kernels/cast.h"
#include "kernels/reduce.h"

enum { X, Y }; // operands of the walk; x orders the axes
// What these and CHUNK, below, do to speed is seen by `make bench BENCHES=reduce`.
enum { COLUMNS = 512 };                    // accumulators of a block, at most
enum { STRETCH = 1 << 18, ROW = 1 << 24 }; // elements after which an interruption is looked for; of one kernel call

// Kept axes come first, then reduced ones; each group in the order of x's strides. The last kept axis is the row of
// accumulators, cut into blocks; `across`: x is contiguous along it, so they are run over side by side.
struct reduction {
  struct dw_walk w;
  const struct dw_reduction_kernels *k;
  int kept; // axes
  bool across;
  int64_t lanes, block, blocks; // accumulators of a row, of a block; blocks of a row
  ptrdiff_t pitch[2];           // between lanes
  int64_t outputs;              // of all, in the order of kept axes
  int64_t outer;                // kept indices except the row's
  int64_t chunks, chunk;        // of the first reduced axis
  bool keeps;                   // accumulators, chunks * outputs of them, go to the job's memory, to be joined
  int step;                     // which of a moment's passes runs
  int64_t centers;              // of a moment: where the center of each output is in memory
  double count;                 // elements that become one
  double divisor;               // what sums are divided by: the count, less the correction of moments
  const struct dw_reduction_kernels *moment, *away;
  const struct dw_cast_kernels *cast;
};

static void sort_axes(struct reduction *r) {
  struct dw_walk *w = &r->w;
  int last = w->rank - 1, kept = 0;
  r->across = w->step[Y][last] != 0 && w->step[X][last] == 1;
  for (int i = 0; i < w->rank; i++) {
    if (w->step[Y][i] == 0) continue;
    for (int k = i; k > kept; k--) dw_walk_swap(w, k - 1, k);
    kept++;
  }
  r->kept = kept;
}

static double *centers_of(const dw_job *j, const struct reduction *r) {
  return (double *)(void *)(j->memory + r->centers);
}

// ---- accumulating -------------------------------------------------------------------------------

// A block of accumulators, and the elements that went into it since an interruption was looked for.
struct block {
  void *acc;
  const double *center;
  int64_t lanes, work;
  const dw_context *cx;
  int slot;
};

// The first n elements of a row; false: the job is to stop.
static bool accumulate_row(const struct reduction *r, struct block *b, const char *x, int64_t step, int64_t n) {
  for (int64_t i = 0, part; i < n; i += part) {
    part = least(n - i, ROW);
    const char *from = x + i * step * r->w.bytes[X];
    if (r->across) r->k->columns(b->acc, from, b->center, b->lanes, step, part);
    if (!r->across) r->k->rows(b->acc, from, r->pitch[X], b->center, b->lanes, step, part);
    if ((b->work += part * b->lanes) < STRETCH) continue;
    if (dw_stopped(b->cx, b->slot)) return false;
    b->work = 0;
  }
  return true;
}

// Accumulates x from `at` on over all reduced axes, but only `count` elements of the first of these.
static void accumulate(const struct reduction *r, struct block *b, const char *at, int64_t count) {
  const struct dw_walk *w = &r->w;
  int first = r->kept, last = w->rank - 1;
  bool reduces = first <= last;
  int64_t n = first < last ? w->size[last] : count, step = reduces ? w->step[X][last] : 0, outer = 1;
  if (first < last) outer = count;
  for (int i = first + 1; i < last; i++) outer *= w->size[i];
  for (int64_t o = 0; o < outer; o++) {
    int64_t rest = o, offset = 0;
    for (int i = last - 1; i > first; rest /= w->size[i--]) offset += rest % w->size[i] * w->step[X][i];
    if (first < last) offset += rest * w->step[X][first];
    if (!accumulate_row(r, b, at + offset * w->bytes[X], step, n)) return;
  }
}

// Where operand s has the first element of row `outer` of outputs.
static char *row_at(const struct reduction *r, int s, int64_t outer) {
  return dw_walk_at(&r->w, s, r->kept > 0 ? r->kept - 1 : 0, outer);
}

// Unit u is block u % blocks of row u / blocks % outer, in chunk u / blocks / outer.
static void reduce_units(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct reduction *r = DW_STATE(struct reduction, j);
  const struct dw_walk *w = &r->w;
  double acc[COLUMNS];
  for (int64_t u = a; u < b; u++) {
    int64_t outer = u / r->blocks % r->outer, chunk = u / r->blocks / r->outer, count = 1;
    int64_t first = u % r->blocks * r->block, lanes = least(r->lanes - first, r->block), at = outer * r->lanes + first;
    char *x = row_at(r, X, outer) + first * r->pitch[X] * w->bytes[X];
    if (r->kept < w->rank) {
      count = least(w->size[r->kept] - chunk * r->chunk, r->chunk);
      x += chunk * r->chunk * w->step[X][r->kept] * w->bytes[X];
    }
    struct block block = {.acc = acc, .lanes = lanes, .cx = j->cx, .slot = slot};
    if (r->step > 0) block.center = centers_of(j, r) + at;
    r->k->start(acc, lanes);
    accumulate(r, &block, x, count);
    if (r->keeps) {
      memcpy(j->memory + (at + chunk * r->outputs) * (int64_t)r->k->size, acc, (size_t)lanes * r->k->size);
    } else {
      r->k->finish(row_at(r, Y, outer) + first * r->pitch[Y] * w->bytes[Y], r->pitch[Y], acc, lanes, r->divisor);
    }
  }
}

// ---- joining ------------------------------------------------------------------------------------
// What is kept of all chunks is joined in the order of the chunks; unit u is block u % blocks of row u / blocks.

struct joined {
  char *acc;
  int64_t outer, first, lanes;
};

static struct joined join_unit(const dw_job *j, const struct reduction *r, int64_t u) {
  struct joined to = {.outer = u / r->blocks, .first = u % r->blocks * r->block};
  int64_t size = (int64_t)r->k->size;
  to.lanes = least(r->lanes - to.first, r->block);
  to.acc = j->memory + (to.outer * r->lanes + to.first) * size;
  for (int64_t c = 1; c < r->chunks; c++) r->k->join(to.acc, to.acc + c * r->outputs * size, to.lanes);
  return to;
}

static void reduce_finish(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct reduction *r = DW_STATE(struct reduction, j);
  for (int64_t u = a; u < b; u++) {
    struct joined from = join_unit(j, r, u);
    char *y = row_at(r, Y, from.outer) + from.first * r->pitch[Y] * r->w.bytes[Y];
    r->k->finish(y, r->pitch[Y], from.acc, from.lanes, r->divisor);
  }
}

// ---- moments ------------------------------------------------------------------------------------
// A moment is taken of distances from the mean in double, which is the first element of each output and the mean
// distance from that. So the mean of equal numbers is that number, and their variance 0.

static void reduce_begin_centers(dw_job *j, int64_t a, int64_t b, int slot) { // units are rows of outputs
  (void)slot;
  const struct reduction *r = DW_STATE(struct reduction, j);
  for (int64_t o = a; o < b; o++) {
    r->cast->widen(centers_of(j, r) + o * r->lanes, row_at(r, X, o), r->pitch[X], r->lanes);
  }
}

static void reduce_end_centers(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct reduction *r = DW_STATE(struct reduction, j);
  for (int64_t u = a; u < b; u++) {
    struct joined from = join_unit(j, r, u);
    double *center = centers_of(j, r) + from.outer * r->lanes + from.first, *sum = (double *)(void *)from.acc;
    for (int64_t i = 0; i < from.lanes; i++) center[i] += sum[i] / r->count;
  }
}

// ---- the passes ---------------------------------------------------------------------------------

static dw_pass accumulating(const struct reduction *r) {
  return (dw_pass){r->chunks * r->outer * r->blocks, (double)r->outputs * r->count * DW_WORK_MOVE, reduce_units};
}

static dw_pass joining(const struct reduction *r, dw_run_units *run) {
  return (dw_pass){r->outer * r->blocks, (double)r->outputs * (double)r->chunks * DW_WORK_MOVE, run};
}

static bool next_to_join(dw_job *j) {
  j->pass = joining(DW_STATE(struct reduction, j), reduce_finish);
  j->next = NULL;
  return true;
}

static bool next_of_moment(dw_job *j) {
  struct reduction *r = DW_STATE(struct reduction, j);
  switch (r->step++) {
    case 0: // centers are begun
      r->k = r->away;
      j->pass = accumulating(r);
      return true;
    case 1: j->pass = joining(r, reduce_end_centers); return true;
    default:
      r->k = r->moment;
      j->pass = accumulating(r);
      j->next = next_to_join;
      return true;
  }
}

static void plan(struct reduction *r, const dw_tensor *y, const dw_tensor *x) {
  enum { CHUNK = 1 << 16, MOST = 64 }; // elements of a chunk; units that long reductions are cut into
  dw_tensor stretched = *y;            // stride 0 along what is reduced
  for (int i = 0; i < x->rank; i++) {
    stretched.shape[i] = x->shape[i];
    if (y->shape[i] != x->shape[i]) stretched.strides[i] = 0;
  }
  dw_walk_init(&r->w, 2, (const dw_tensor *[]){x, &stretched});
  sort_axes(r);
  const struct dw_walk *w = &r->w;
  r->outputs = dw_numel(y);
  int64_t all = dw_numel(x), reduced = all / r->outputs, axis = r->kept < w->rank ? w->size[r->kept] : 1;
  r->count = r->divisor = (double)reduced;
  r->lanes = r->block = 1;
  if (r->kept > 0) {
    r->lanes = w->size[r->kept - 1];
    r->block = r->across || reduced < CHUNK / COLUMNS ? COLUMNS : most(1, CHUNK / reduced);
    for (int s = X; s <= Y; s++) r->pitch[s] = w->step[s][r->kept - 1];
  }
  r->outer = r->outputs / r->lanes;
  r->blocks = parts(r->lanes, r->block);
  int64_t units = r->outer * r->blocks; // if there are many of them, no row needs to be cut
  r->chunks = most(1, all / CHUNK < MOST ? all / CHUNK / units : MOST / units);
  r->chunk = parts(axis, r->chunks);
  r->chunks = parts(axis, r->chunk);
}

// A result for no elements.
static void fill_empty(dw_job *j, const dw_context *cx, const struct dw_reduction_kernels *k, const dw_tensor *y) {
  double none;
  int64_t element;
  k->start(&none, 1);
  k->finish(&element, 1, &none, 1, 0);
  dw_fill_init(j, cx, y, &element);
}

dw_status dw_reduce_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, dw_reduction op,
                         double correction) {
  struct reduction *r = DW_STATE(struct reduction, j);
  const struct dw_reduce_kernels *all = cx->kernels->reduce[x->dtype];
  bool moment = op == DW_VARIANCE || op == DW_DEVIATION;
  DW_REQUIRE(y->rank == x->rank && y->dtype == x->dtype && (op < DW_MEAN || dw_dtype_is_float(x->dtype)));
  for (int i = 0; i < x->rank; i++) DW_REQUIRE(y->shape[i] == x->shape[i] || y->shape[i] == 1);
  dw_job_init(j, cx, 0, 0, NULL);
  if (dw_numel(y) == 0) return DW_OK;
  if (dw_numel(x) == 0) return fill_empty(j, cx, &all->reduction[op], y), DW_OK;
  r->k = r->moment = &all->reduction[op], r->away = &all->away, r->cast = cx->kernels->cast[x->dtype];
  r->step = 0;
  plan(r, y, x);
  r->keeps = r->chunks > 1 || moment;
  j->pass = accumulating(r);
  if (!r->keeps) return DW_OK;
  int64_t used = 0;
  dw_scratch_take(&used, times(r->chunks * r->outputs, (int64_t)r->k->size));
  j->next = next_to_join;
  if (moment) {
    r->centers = dw_scratch_take(&used, times(r->outputs, sizeof(double)));
    r->divisor = r->count > correction ? r->count - correction : NAN;
    j->pass = (dw_pass){r->outer, (double)r->outputs * DW_WORK_MOVE, reduce_begin_centers};
    j->next = next_of_moment;
  }
  return dw_scratch_tell(j, used);
}

// ---- along one axis ------------------------------------------------------------------------------

// The lines along one axis of some tensors of one shape, y first. The walk goes over the other axes; where the last of
// these is contiguous in all, a bundle of neighbouring lines is one kernel call, and a unit.
struct lines {
  struct dw_walk w;
  ptrdiff_t pitch[DW_OPERANDS];
  int64_t n, bundle, bundles; // elements of a line; lines of a bundle, bundles along the last axis
  int64_t stretch;            // elements of a line that a kernel call takes
  const struct dw_reduce_kernels *k;
  int op;
};

static void lines_init(dw_job *j, const dw_context *cx, dw_run_units *run, int operands,
                       const dw_tensor *const *tensors, int axis, int op) {
  struct lines *l = DW_STATE(struct lines, j);
  dw_tensor others[DW_OPERANDS];
  const dw_tensor *list[DW_OPERANDS];
  bool contiguous = true;
  dw_job_init(j, cx, 0, 0, run);
  if (dw_numel(tensors[0]) == 0) return;
  l->op = op;
  l->k = cx->kernels->reduce[tensors[1]->dtype];
  l->n = tensors[operands - 1]->shape[axis];
  for (int s = 0; s < operands; s++) {
    l->pitch[s] = tensors[s]->strides[axis];
    dw_select_view(&others[s], tensors[s], axis, 0);
    list[s] = &others[s];
  }
  dw_walk_init(&l->w, operands, list);
  int last = l->w.rank - 1;
  for (int s = 0; s < operands; s++) contiguous = contiguous && l->w.step[s][last] == 1;
  l->bundle = contiguous ? least(l->w.size[last], DW_BUNDLE) : 1;
  l->bundles = parts(l->w.size[last], l->bundle);
  l->stretch = STRETCH / l->bundle;
  j->pass.units = dw_numel(&others[0]) / l->w.size[last] * l->bundles;
  j->pass.work = (double)l->n * (double)j->pass.units * (double)l->bundle * DW_WORK_SCAN;
}

// Where unit u begins in each tensor, and how many lines it has.
static int64_t find_lines(const struct lines *l, int64_t u, char **at) {
  const struct dw_walk *w = &l->w;
  int last = w->rank - 1;
  int64_t first = u % l->bundles * l->bundle;
  for (int s = 0; s < w->operands; s++) {
    at[s] = dw_walk_at(w, s, last, u / l->bundles) + first * w->step[s][last] * w->bytes[s];
  }
  return least(w->size[last] - first, l->bundle);
}

static void arg_lines(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct lines *l = DW_STATE(struct lines, j);
  for (int64_t u = a; u < b; u++) {
    char *at[DW_OPERANDS];
    int64_t lanes = find_lines(l, u, at);
    for (int64_t done = 0, n; done < l->n; done += n) {
      n = least(l->n - done, l->stretch);
      l->k->arg((int64_t *)(void *)at[0], at[1] + done * l->pitch[1] * l->w.bytes[1], l->pitch[1], done, n, lanes,
                l->op);
      if (done + n < l->n && dw_stopped(j->cx, slot)) return;
    }
  }
}

void dw_arg_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, int axis, bool least) {
  DW_REQUIRE(y->dtype == DW_INT64 && y->rank == x->rank && y->shape[axis] == 1 && x->shape[axis] > 0);
  lines_init(j, cx, arg_lines, 2, (const dw_tensor *[]){y, x}, axis, least);
}

static void scan_lines(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct lines *l = DW_STATE(struct lines, j);
  int64_t carry[DW_BUNDLE];
  for (int64_t u = a; u < b; u++) {
    char *at[DW_OPERANDS];
    int64_t lanes = find_lines(l, u, at);
    for (int64_t done = 0, n; done < l->n; done += n) {
      n = least(l->n - done, l->stretch);
      l->k->scan[l->op](at[0], l->pitch[0], (const void *[]){at[1], at[2]}, &l->pitch[1], n, lanes, carry, done > 0);
      for (int s = 0; s < 3; s++) at[s] += n * l->pitch[s] * l->w.bytes[s];
      if (done + n < l->n && dw_stopped(j->cx, slot)) return;
    }
  }
}

void dw_scan_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *const *x, int axis,
                  dw_scan op) {
  const dw_tensor *b = op == DW_RECURRENCE ? x[1] : x[0];
  DW_REQUIRE(dw_same_shape(y, x[0]) && dw_same_shape(y, b) && y->dtype == x[0]->dtype && y->dtype == b->dtype);
  lines_init(j, cx, scan_lines, 3, (const dw_tensor *[]){y, x[0], b}, axis, op);
}
