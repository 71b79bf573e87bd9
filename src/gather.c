// gather.c: elements picked by index, and their gradients, which add them back. Called by the binding.
// Invariant: what is added to one element is added in the order of the indices, by one task, in the wide type of
// kernels/gather.c. Every element of a result is written.
#include <string.h>

#include "dwconv.h"
#include "kernels/kernels.h"

enum { TASK = 1 << 14 }; // elements that a task moves, if it can be cut so small

// x is (outer, n, inner), y is (outer, k, inner); indices are y's shape along an axis, k for whole rows.
struct job {
  char *x, *y;
  const int64_t *indices;
  int64_t outer, n, k, inner;
  int64_t bytes;
  const dw_context *cx;
  const struct dw_gather_kernels *kernels;
  int64_t lanes, bundles; // neighbours of `inner` that are added up side by side, and how many such bundles there are
  int64_t rows, pieces;   // of a task, and of a row that is copied
  char *memory;
};

static void job_init(struct job *j, const dw_context *cx, const dw_tensor *x, const dw_tensor *y,
                     const int64_t *indices, int axis) {
  *j = (struct job){.cx = cx, .x = x->data, .y = y->data, .indices = indices, .n = x->shape[axis]};
  j->outer = j->inner = 1;
  j->bytes = (int64_t)dw_dtype_size(x->dtype);
  j->kernels = cx->kernels->gather[x->dtype];
  for (int i = 0; i < axis; i++) j->outer *= x->shape[i];
  for (int i = axis + 1; i < x->rank; i++) j->inner *= x->shape[i];
  int64_t row = j->outer * j->inner;
  j->k = row > 0 ? dw_numel(y) / row : 0;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t parts(int64_t n, int64_t part) { return (n + part - 1) / part; }

// ---- picking -------------------------------------------------------------------------------------

enum { LONG_ROW = 1 << 16 }; // elements; longer ones are copied in pieces

static void gather_rows(void *job, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct job *j = job;
  for (int64_t i = a * j->rows; i < least(b * j->rows, j->k * j->pieces); i++) {
    int64_t row = i / j->pieces, first = i % j->pieces * LONG_ROW, n = least(LONG_ROW, j->inner - first);
    const char *x = j->x + ((j->indices[row] - 1) * j->inner + first) * j->bytes;
    memcpy(j->y + (row * j->inner + first) * j->bytes, x, (size_t)(n * j->bytes));
  }
}

dw_status dw_gather(const dw_context *cx, const dw_tensor *y, const dw_tensor *x, const int64_t *indices) {
  struct job j;
  job_init(&j, cx, x, y, indices, 0);
  if (j.inner == 0) return DW_OK;
  j.rows = j.inner < TASK ? TASK / j.inner : 1;
  j.pieces = parts(j.inner, LONG_ROW);
  return dw_parallel(cx, parts(j.k * j.pieces, j.rows), (double)j.k * (double)j.inner * 2, gather_rows, &j);
}

static void take_elements(void *job, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct job *j = job;
  int64_t end = least(b * TASK, j->outer * j->k * j->inner);
  int64_t line = j->k * j->inner, c = a * TASK % j->inner;
  for (int64_t at = a * TASK; at < end;) { // a line of y, or what of it belongs to the task
    const char *x = j->x + at / line * j->n * j->inner * j->bytes;
    for (int64_t stop = least(end, (at / line + 1) * line); at < stop; at++) {
      const char *from = x + ((j->indices[at] - 1) * j->inner + c) * j->bytes;
      if (++c == j->inner) c = 0;
      if (j->bytes == 4) {
        memcpy(j->y + at * 4, from, 4);
      } else {
        memcpy(j->y + at * j->bytes, from, (size_t)j->bytes);
      }
    }
  }
}

dw_status dw_take(const dw_context *cx, const dw_tensor *y, const dw_tensor *x, const int64_t *indices, int axis) {
  struct job j;
  job_init(&j, cx, x, y, indices, axis);
  return dw_parallel(cx, parts(dw_numel(y), TASK), (double)dw_numel(y) * 8, take_elements, &j);
}

// ---- adding back, an accumulator for each element of a bundle -----------------------------------

// Unit u is bundle u % bundles of line u / bundles. `at_pitch` and `at_step`: between the indices of neighbouring rows
// and of neighbours in a row.
static void put_bundle(const struct job *j, int64_t u, int slot, int64_t at_pitch, int64_t at_step) {
  enum { OFTEN = 1 << 17 }; // additions after which an interruption is looked for
  char *acc = j->memory + (int64_t)slot * j->n * j->lanes * (int64_t)sizeof(int64_t);
  int64_t o = u / j->bundles, first = u % j->bundles * j->lanes, lanes = least(j->lanes, j->inner - first);
  const int64_t *at = j->indices + o * j->k * at_pitch + first * at_step;
  memset(acc, 0, (size_t)(j->n * lanes) * sizeof(int64_t));
  for (int64_t i = 0, n; i < j->k; i += n) {
    n = least(j->k - i, OFTEN / lanes);
    const char *y = j->y + ((o * j->k + i) * j->inner + first) * j->bytes;
    j->kernels->add(acc, y, j->inner, at + i * at_pitch, at_pitch, at_step, n, lanes);
    if (i + n < j->k && dw_stopped(j->cx, slot)) return;
  }
  j->kernels->finish(j->x + (o * j->n * j->inner + first) * j->bytes, j->inner, acc, j->n, lanes);
}

static void put_lines(void *job, int64_t a, int64_t b, int slot) {
  const struct job *j = job;
  for (int64_t u = a; u < b; u++) put_bundle(j, u, slot, j->inner, 1);
}

static void scatter_bundles(void *job, int64_t a, int64_t b, int slot) {
  const struct job *j = job;
  for (int64_t u = a; u < b; u++) put_bundle(j, u, slot, 1, 0);
}

// Accumulators should stay in a cache, but rows are not cut into pieces of less than a line.
static dw_status run_bundles(const dw_context *cx, struct job *j, dw_run *run, void *memory, size_t *scratch) {
  enum { CACHED = 1 << 15, FEWEST = 16, MOST = 256 };
  j->lanes = j->n > 0 ? CACHED / j->n : MOST;
  j->lanes = least(j->inner, j->lanes < FEWEST ? FEWEST : least(j->lanes, MOST));
  j->bundles = parts(j->inner, j->lanes);
  j->memory = memory;
  double work = (double)j->outer * (double)j->inner * ((double)j->k * 4 + (double)j->n);
  int slots = dw_slots(cx, j->outer * j->bundles, work);
  if (scratch != NULL) {
    *scratch = (size_t)slots * (size_t)j->n * (size_t)j->lanes * sizeof(int64_t);
    return DW_OK;
  }
  return dw_parallel(cx, j->outer * j->bundles, work, run, j);
}

dw_status dw_put(const dw_context *cx, const dw_tensor *x, const dw_tensor *y, const int64_t *indices, int axis,
                 void *memory, size_t *scratch) {
  struct job j;
  if (scratch != NULL) *scratch = 0;
  if (dw_numel(x) == 0) return DW_OK;
  job_init(&j, cx, x, y, indices, axis);
  return run_bundles(cx, &j, put_lines, memory, scratch);
}

// ---- adding back whole rows, each of x from the list of its rows in y ---------------------------

// memory: where the list of each row of x ends, n numbers; then the lists, k rows of y counted from 0.
static int64_t *ends_of(const struct job *j) { return (int64_t *)(void *)j->memory; }

static void count_rows(void *job, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct job *j = job;
  for (int64_t i = a * TASK; i < least(b * TASK, j->k); i++) ends_of(j)[j->indices[i] - 1]++;
}

// Where lists begin becomes where they end.
static void list_rows(void *job, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct job *j = job;
  int64_t *lists = ends_of(j) + j->n;
  for (int64_t i = a * TASK; i < least(b * TASK, j->k); i++) lists[ends_of(j)[j->indices[i] - 1]++] = i;
}

static dw_status make_lists(const dw_context *cx, struct job *j) {
  dw_context alone = *cx; // in one order
  alone.threads = 1;
  int64_t *ends = ends_of(j), begin = 0;
  memset(ends, 0, (size_t)j->n * sizeof ends[0]);
  dw_status s = dw_parallel(&alone, parts(j->k, TASK), (double)j->k * 8, count_rows, j);
  if (s != DW_OK) return s;
  for (int64_t r = 0; r < j->n; r++) {
    int64_t count = ends[r];
    ends[r] = begin;
    begin += count;
  }
  return dw_parallel(&alone, parts(j->k, TASK), (double)j->k * 8, list_rows, j);
}

// The sum of a long list, in pieces between which an interruption is looked for.
static void add_long(const struct job *j, char *x, const int64_t *list, int64_t count, int slot) {
  enum { MOST = 256, OFTEN = 1 << 12 };
  int64_t acc[MOST]; // or doubles
  for (int64_t first = 0; first < j->inner; first += MOST) {
    int64_t lanes = least(MOST, j->inner - first);
    memset(acc, 0, sizeof acc);
    for (int64_t i = 0, n; i < count; i += n) {
      n = least(count - i, OFTEN);
      j->kernels->add_listed(acc, j->y + first * j->bytes, j->inner, list + i, n, count - i, lanes);
      if (dw_stopped(j->cx, slot)) return;
    }
    j->kernels->finish(x + first * j->bytes, j->inner, acc, 1, lanes);
  }
}

static void add_rows(void *job, int64_t a, int64_t b, int slot) {
  enum { LONG = 1 << 16 }; // additions
  const struct job *j = job;
  const int64_t *ends = ends_of(j), *lists = ends + j->n;
  for (int64_t r = a * j->rows; r < least(b * j->rows, j->n); r++) {
    int64_t begin = r > 0 ? ends[r - 1] : 0, count = ends[r] - begin;
    char *x = j->x + r * j->inner * j->bytes;
    if (count == 0) {
      memset(x, 0, (size_t)(j->inner * j->bytes));
    } else if (count > LONG / j->inner) {
      add_long(j, x, lists + begin, count, slot);
    } else {
      j->kernels->sum_listed(x, j->y, j->inner, lists + begin, count, j->k - begin, j->inner);
    }
  }
}

dw_status dw_scatter(const dw_context *cx, const dw_tensor *x, const dw_tensor *y, const int64_t *indices,
                     void *memory, size_t *scratch) {
  enum { NARROW = 16 }; // elements of a row that is not worth a list
  struct job j;
  if (scratch != NULL) *scratch = 0;
  if (dw_numel(x) == 0) return DW_OK;
  job_init(&j, cx, x, y, indices, 0);
  if (j.inner <= NARROW) return run_bundles(cx, &j, scatter_bundles, memory, scratch);
  if (scratch != NULL) {
    *scratch = (size_t)(j.n + j.k) * sizeof(int64_t);
    return DW_OK;
  }
  j.memory = memory;
  dw_status s = make_lists(cx, &j);
  if (s != DW_OK) return s;
  double elements = (double)j.inner * (double)(j.k + j.n);
  j.rows = elements / (double)j.n < TASK ? (int64_t)(TASK * (double)j.n / elements) : 1;
  return dw_parallel(cx, parts(j.n, j.rows), elements * 2, add_rows, &j);
}

// ---- where something is true ---------------------------------------------------------------------

enum { RUN = 1 << 16 }; // elements that are searched at once

struct search {
  const uint8_t *mask;
  const dw_tensor *of;
  int64_t n, *counts; // of true elements, of all runs before it once they are added up
  int64_t *at;
};

static void search_count(void *job, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct search *s = job;
  for (int64_t u = a; u < b; u++) {
    int64_t count = 0, end = least((u + 1) * RUN, s->n);
    for (int64_t i = u * RUN; i < end; i++) count += s->mask[i];
    s->counts[u] = count;
  }
}

static void search_write(void *job, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct search *s = job;
  int rank = s->of->rank;
  for (int64_t u = a; u < b; u++) {
    int64_t *at = s->at + s->counts[u] * rank, end = least((u + 1) * RUN, s->n);
    for (int64_t i = u * RUN; i < end; i++) {
      if (!s->mask[i]) continue;
      int64_t rest = i;
      for (int k = rank - 1; k >= 0; rest /= s->of->shape[k--]) at[k] = rest % s->of->shape[k] + 1;
      at += rank;
    }
  }
}

int64_t dw_nonzero_runs(const dw_tensor *mask) { return parts(dw_numel(mask), RUN); }

dw_status dw_nonzero_count(const dw_context *cx, const dw_tensor *mask, int64_t *counts, int64_t *all) {
  struct search s = {.mask = mask->data, .of = mask, .n = dw_numel(mask), .counts = counts};
  int64_t runs = dw_nonzero_runs(mask);
  dw_status status = dw_parallel(cx, runs, (double)s.n, search_count, &s);
  *all = 0;
  for (int64_t u = 0; u < runs && status == DW_OK; u++) {
    int64_t count = counts[u];
    counts[u] = *all;
    *all += count;
  }
  return status;
}

dw_status dw_nonzero(const dw_context *cx, int64_t *at, const dw_tensor *mask, int64_t *counts) {
  struct search s = {.mask = mask->data, .of = mask, .n = dw_numel(mask), .counts = counts, .at = at};
  return dw_parallel(cx, dw_nonzero_runs(mask), (double)s.n * 2, search_write, &s);
}

// ---- writing rows --------------------------------------------------------------------------------

dw_status dw_put_rows(const dw_context *cx, const dw_tensor *x, const dw_tensor *rows, const int64_t *indices) {
  dw_status s = DW_OK;
  dw_tensor to, from;
  for (int64_t i = 0; i < rows->shape[0] && s == DW_OK; i++) {
    dw_select_view(&to, x, 0, indices[i] - 1);
    dw_select_view(&from, rows, 0, i);
    s = dw_copy(cx, &to, &from);
  }
  return s;
}
