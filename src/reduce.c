// reduce.c: reductions and moments over any axes, positions of extremes, running sums. Called by the binding.
// Invariant: what is summed with what, and in which order, follows from shapes and strides alone, so results are the
// same for every thread count: long reductions are cut into a fixed number of chunks, joined in their order.
#include <math.h>
#include <string.h>

#include "dwconv.h"
#include "kernels/kernels.h"
#include "walk.h"

enum { X, Y }; // operands of the walk; x orders the axes
enum { COLUMNS = 512 };
enum { STRETCH = 1 << 18, ROW = 1 << 24 }; // elements after which an interruption is looked for; of one kernel call

// Kept axes come first, then reduced ones; each group in the order of x's strides. The last kept axis is the row of
// accumulators, cut into blocks; `across`: x is contiguous along it, so they are run over side by side.
struct job {
  struct dw_walk w;
  const struct dw_reduction_kernels *k;
  int kept; // axes
  bool across;
  int64_t lanes, block, blocks; // accumulators of a row, of a block; blocks of a row
  ptrdiff_t pitch[2];           // between lanes
  int64_t outputs;              // of all, in the order of kept axes
  int64_t outer;                // kept indices but the row's
  int64_t chunks, chunk;        // of the first reduced axis
  int64_t units, units_per_task;
  bool keeps;     // accumulators go to memory, to be joined or used further
  char *memory;   // chunks * outputs accumulators, when it keeps
  double *center; // of moments, for each output
  double count;   // elements that become one
  const dw_context *cx;
  double divisor; // what sums are divided by: the count, less the correction of moments
};

static void sort_axes(struct job *j) {
  struct dw_walk *w = &j->w;
  int last = w->rank - 1, kept = 0;
  j->across = w->step[Y][last] != 0 && w->step[X][last] == 1;
  for (int i = 0; i < w->rank; i++) {
    if (w->step[Y][i] == 0) continue;
    for (int k = i; k > kept; k--) dw_walk_swap(w, k - 1, k);
    kept++;
  }
  j->kept = kept;
}

// A block of accumulators, and the elements that went into it since an interruption was looked for.
struct unit {
  void *acc;
  const double *center;
  int64_t lanes, work;
  int slot;
};

// The first n elements of a row; false: the job is to stop.
static bool accumulate_row(const struct job *j, struct unit *u, const char *x, int64_t step, int64_t n) {
  for (int64_t i = 0, part; i < n; i += part) {
    part = n - i < ROW ? n - i : ROW;
    const char *from = x + i * step * j->w.bytes[X];
    if (j->across) j->k->columns(u->acc, from, u->center, u->lanes, step, part);
    if (!j->across) j->k->rows(u->acc, from, j->pitch[X], u->center, u->lanes, step, part);
    if ((u->work += part * u->lanes) < STRETCH) continue;
    if (dw_stopped(j->cx, u->slot)) return false;
    u->work = 0;
  }
  return true;
}

// Accumulates x from `at` on over all reduced axes, of the first only `count` elements.
static void accumulate(const struct job *j, struct unit *u, const char *at, int64_t count) {
  const struct dw_walk *w = &j->w;
  int first = j->kept, last = w->rank - 1;
  bool reduces = first <= last;
  int64_t n = first < last ? w->size[last] : count, step = reduces ? w->step[X][last] : 0, outer = 1;
  if (first < last) outer = count;
  for (int i = first + 1; i < last; i++) outer *= w->size[i];
  for (int64_t o = 0; o < outer; o++) {
    int64_t rest = o, offset = 0;
    for (int i = last - 1; i > first; rest /= w->size[i--]) offset += rest % w->size[i] * w->step[X][i];
    if (first < last) offset += rest * w->step[X][first];
    if (!accumulate_row(j, u, at + offset * w->bytes[X], step, n)) return;
  }
}

// Where operand s has the first element of row `outer` of outputs.
static char *row_at(const struct job *j, int s, int64_t outer) {
  return dw_walk_at(&j->w, s, j->kept > 0 ? j->kept - 1 : 0, outer);
}

// Unit u is block u % blocks of row u / blocks % outer, in chunk u / blocks / outer.
static void run_units(void *job, int64_t a, int64_t b, int slot) {
  const struct job *j = job;
  const struct dw_walk *w = &j->w;
  double acc[COLUMNS];
  int64_t end = b * j->units_per_task < j->units ? b * j->units_per_task : j->units;
  for (int64_t u = a * j->units_per_task; u < end; u++) {
    int64_t block = u % j->blocks, outer = u / j->blocks % j->outer, chunk = u / j->blocks / j->outer;
    int64_t first = block * j->block, lanes = j->lanes - first < j->block ? j->lanes - first : j->block, count = 1;
    char *x = row_at(j, X, outer) + first * j->pitch[X] * w->bytes[X];
    if (j->kept < w->rank) {
      count = w->size[j->kept] - chunk * j->chunk < j->chunk ? w->size[j->kept] - chunk * j->chunk : j->chunk;
      x += chunk * j->chunk * w->step[X][j->kept] * w->bytes[X];
    }
    int64_t at = outer * j->lanes + first;
    j->k->start(acc, lanes);
    struct unit unit = {.acc = acc, .lanes = lanes, .slot = slot};
    if (j->center != NULL) unit.center = j->center + at;
    accumulate(j, &unit, x, count);
    if (j->keeps) {
      at += chunk * j->outputs;
      memcpy(j->memory + at * (int64_t)j->k->size, acc, (size_t)lanes * j->k->size);
    } else {
      j->k->finish(row_at(j, Y, outer) + first * j->pitch[Y] * w->bytes[Y], j->pitch[Y], acc, lanes, j->divisor);
    }
  }
}

// Accumulates all of x; what is kept is joined at the beginning of memory.
static dw_status run_job(const dw_context *cx, struct job *j) {
  double work = (double)j->outputs * j->count * 2;
  dw_status s = dw_parallel(cx, (j->units + j->units_per_task - 1) / j->units_per_task, work, run_units, j);
  int64_t bytes = j->outputs * (int64_t)j->k->size;
  for (int64_t c = 1; c < j->chunks && s == DW_OK; c++) j->k->join(j->memory, j->memory + c * bytes, j->outputs);
  return s;
}

static void finish_kept(const struct job *j) {
  for (int64_t o = 0; o < j->outer; o++) {
    j->k->finish(row_at(j, Y, o), j->pitch[Y], j->memory + o * j->lanes * (int64_t)j->k->size, j->lanes, j->divisor);
  }
}

// The mean in double, of which moments are taken: the first element of each output and the mean distance from it. So
// the mean of equal numbers is that number, and their variance 0.
static dw_status find_centers(const dw_context *cx, struct job *j, dw_dtype dtype) {
  const struct dw_reduction_kernels *moment = j->k;
  double *sum = (double *)(void *)j->memory;
  for (int64_t o = 0; o < j->outer; o++) {
    cx->kernels->cast[dtype]->widen(j->center + o * j->lanes, row_at(j, X, o), j->pitch[X], j->lanes);
  }
  j->k = &cx->kernels->reduce[dtype]->away;
  dw_status s = run_job(cx, j);
  for (int64_t i = 0; i < j->outputs; i++) j->center[i] += sum[i] / j->count;
  j->k = moment;
  return s;
}

static void plan(struct job *j, const dw_tensor *y, const dw_tensor *x) {
  enum { CHUNK = 1 << 16, MOST = 64 }; // elements of a chunk; units that long reductions are cut into
  dw_tensor stretched = *y;            // stride 0 along what is reduced
  for (int i = 0; i < x->rank; i++) {
    stretched.shape[i] = x->shape[i];
    if (y->shape[i] != x->shape[i]) stretched.strides[i] = 0;
  }
  dw_walk_init(&j->w, 2, (const dw_tensor *[]){x, &stretched});
  sort_axes(j);
  const struct dw_walk *w = &j->w;
  j->outputs = dw_numel(y);
  j->count = j->divisor = (double)(dw_numel(x) / j->outputs);
  int64_t reduced = dw_numel(x) / j->outputs, axis = j->kept < w->rank ? w->size[j->kept] : 1;
  j->lanes = j->block = 1;
  if (j->kept > 0) {
    j->lanes = w->size[j->kept - 1];
    j->block = j->across || reduced < CHUNK / COLUMNS ? COLUMNS : reduced < CHUNK ? CHUNK / reduced : 1;
    for (int s = X; s <= Y; s++) j->pitch[s] = w->step[s][j->kept - 1];
  }
  j->outer = j->outputs / j->lanes;
  j->blocks = (j->lanes + j->block - 1) / j->block;
  int64_t units = j->outer * j->blocks; // where these are many, no row needs to be cut
  j->chunks = dw_numel(x) / CHUNK < MOST ? dw_numel(x) / CHUNK / units : MOST / units;
  if (j->chunks < 1) j->chunks = 1;
  j->chunk = (axis + j->chunks - 1) / j->chunks;
  j->chunks = (axis + j->chunk - 1) / j->chunk;
  j->units = j->chunks * j->outer * j->blocks;
  int64_t unit = dw_numel(x) / j->units;
  j->units_per_task = unit < CHUNK / 4 ? CHUNK / 4 / (unit > 0 ? unit : 1) : 1;
}

// A result for no elements.
static dw_status fill_empty(const dw_context *cx, const struct dw_reduction_kernels *k, const dw_tensor *y) {
  double none;
  int64_t element;
  k->start(&none, 1);
  k->finish(&element, 1, &none, 1, 0);
  return dw_fill(cx, y, &element);
}

dw_status dw_reduce(const dw_context *cx, dw_reduction op, double correction, const dw_tensor *y, const dw_tensor *x,
                    void *memory, size_t *scratch) {
  struct job j = {.cx = cx, .k = &cx->kernels->reduce[x->dtype]->reduction[op], .memory = memory};
  bool moment = op == DW_VARIANCE || op == DW_DEVIATION;
  if (scratch != NULL) *scratch = 0;
  if (dw_numel(y) == 0) return DW_OK;
  if (dw_numel(x) == 0) return scratch != NULL ? DW_OK : fill_empty(cx, j.k, y);
  plan(&j, y, x);
  j.keeps = j.chunks > 1 || moment;
  size_t kept = j.keeps ? (size_t)(j.chunks * j.outputs) * j.k->size : 0;
  if (scratch != NULL) {
    *scratch = kept + (moment ? (size_t)j.outputs * sizeof(double) : 0);
    return DW_OK;
  }
  dw_status s = DW_OK;
  if (moment) {
    j.center = (double *)(void *)(j.memory + kept);
    s = find_centers(cx, &j, x->dtype);
    j.divisor = j.count > correction ? j.count - correction : NAN;
  }
  if (s == DW_OK) s = run_job(cx, &j);
  if (s == DW_OK && j.keeps) finish_kept(&j);
  return s;
}

// ---- along one axis ------------------------------------------------------------------------------

// The lines along one axis of some tensors of one shape, y first. The walk goes over the other axes; where the last of
// these is contiguous in all, a bundle of neighbouring lines is one kernel call.
struct lines {
  struct dw_walk w;
  ptrdiff_t pitch[DW_OPERANDS];
  int64_t n, bundle, bundles; // elements of a line; lines of a bundle, bundles along the last axis
  int64_t units, per_task;
  int64_t stretch; // elements of a line that a kernel call takes
  const dw_context *cx;
  const struct dw_reduce_kernels *k;
  int op;
};

static void lines_init(struct lines *l, int axis, int operands, const dw_tensor *const *tensors) {
  enum { TASK = 1 << 13 }; // elements
  dw_tensor others[DW_OPERANDS];
  const dw_tensor *list[DW_OPERANDS];
  bool contiguous = true;
  l->n = tensors[operands - 1]->shape[axis];
  for (int s = 0; s < operands; s++) {
    l->pitch[s] = tensors[s]->strides[axis];
    dw_select_view(&others[s], tensors[s], axis, 0);
    list[s] = &others[s];
  }
  dw_walk_init(&l->w, operands, list);
  int last = l->w.rank - 1;
  for (int s = 0; s < operands; s++) contiguous = contiguous && l->w.step[s][last] == 1;
  l->bundle = !contiguous ? 1 : l->w.size[last] < DW_BUNDLE ? l->w.size[last] : DW_BUNDLE;
  l->bundles = (l->w.size[last] + l->bundle - 1) / l->bundle;
  l->units = dw_numel(&others[0]) / l->w.size[last] * l->bundles;
  int64_t unit = l->n * l->bundle;
  l->per_task = unit < TASK ? TASK / unit : 1;
  l->stretch = STRETCH / l->bundle;
}

static dw_status run_lines(const dw_context *cx, struct lines *l, dw_run *run) {
  int64_t tasks = (l->units + l->per_task - 1) / l->per_task;
  return dw_parallel(cx, tasks, (double)l->n * (double)l->units * (double)l->bundle * 4, run, l);
}

// Where unit u begins in each tensor, and how many lines it has.
static int64_t find_lines(const struct lines *l, int64_t u, char **at) {
  const struct dw_walk *w = &l->w;
  int last = w->rank - 1;
  int64_t first = u % l->bundles * l->bundle, left = w->size[last] - first;
  for (int s = 0; s < w->operands; s++) {
    at[s] = dw_walk_at(w, s, last, u / l->bundles) + first * w->step[s][last] * w->bytes[s];
  }
  return left < l->bundle ? left : l->bundle;
}

static void run_arg(void *job, int64_t a, int64_t b, int slot) {
  const struct lines *l = job;
  int64_t end = b * l->per_task < l->units ? b * l->per_task : l->units;
  for (int64_t u = a * l->per_task; u < end; u++) {
    char *at[DW_OPERANDS];
    int64_t lanes = find_lines(l, u, at);
    for (int64_t done = 0, n; done < l->n; done += n) {
      n = l->n - done < l->stretch ? l->n - done : l->stretch;
      l->k->arg((int64_t *)(void *)at[0], at[1] + done * l->pitch[1] * l->w.bytes[1], l->pitch[1], done, n, lanes,
                l->op);
      if (done + n < l->n && dw_stopped(l->cx, slot)) return;
    }
  }
}

dw_status dw_arg(const dw_context *cx, bool least, const dw_tensor *y, const dw_tensor *x, int axis) {
  struct lines l = {.cx = cx, .k = cx->kernels->reduce[x->dtype], .op = least};
  if (dw_numel(y) == 0) return DW_OK;
  lines_init(&l, axis, 2, (const dw_tensor *[]){y, x});
  return run_lines(cx, &l, run_arg);
}

static void run_scan(void *job, int64_t a, int64_t b, int slot) {
  const struct lines *l = job;
  int64_t carry[DW_BUNDLE];
  int64_t end = b * l->per_task < l->units ? b * l->per_task : l->units;
  for (int64_t u = a * l->per_task; u < end; u++) {
    char *at[DW_OPERANDS];
    int64_t lanes = find_lines(l, u, at);
    for (int64_t done = 0, n; done < l->n; done += n) {
      n = l->n - done < l->stretch ? l->n - done : l->stretch;
      l->k->scan[l->op](at[0], l->pitch[0], (const void *[]){at[1], at[2]}, &l->pitch[1], n, lanes, carry, done > 0);
      for (int s = 0; s < 3; s++) at[s] += n * l->pitch[s] * l->w.bytes[s];
      if (done + n < l->n && dw_stopped(l->cx, slot)) return;
    }
  }
}

dw_status dw_scan_axis(const dw_context *cx, dw_scan op, const dw_tensor *y, const dw_tensor *const *x, int axis) {
  struct lines l = {.cx = cx, .k = cx->kernels->reduce[y->dtype], .op = op};
  if (dw_numel(y) == 0) return DW_OK;
  lines_init(&l, axis, 3, (const dw_tensor *[]){y, x[0], op == DW_RECURRENCE ? x[1] : x[0]});
  return run_lines(cx, &l, run_scan);
}
