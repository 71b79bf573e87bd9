// gather.c: elements picked by index, and their gradients, which add them back. Called by the binding.
// Invariant: what is added to one element is added in the order of the indices, by one task, in the wide type of
// kernels/gather.c. Every element of a result is written.
#include <string.h>

#include "base/base.h"
#include "kernels/gather.h"

enum { OFTEN = 1 << 14 }; // elements that are moved before an interruption is looked for

// x is (outer, n, inner), y is (outer, k, inner); indices are y's shape along an axis, k for whole rows.
struct picking {
  char *x, *y;
  const int64_t *indices;
  int64_t outer, n, k, inner;
  int64_t bytes;
  const struct dw_gather_kernels *kernels;
  int64_t lanes, bundles; // neighbours of `inner` that are added up side by side, and how many such bundles there are
  int64_t at_pitch, at_step; // from the index of a row to that of the next, and to that of the next number in the row
  int64_t acc_pitch;         // bytes of a slot's accumulators
};

static struct picking *picking_of(dw_job *j) { return DW_STATE(struct picking, j); }

static struct picking *picking_init(dw_job *j, const dw_context *cx, const dw_tensor *x, const dw_tensor *y,
                                    const int64_t *indices, int axis) {
  struct picking *p = picking_of(j);
  DW_REQUIRE(x->dtype == y->dtype && dw_is_contiguous(x) && dw_is_contiguous(y) && axis < x->rank);
  dw_job_init(j, cx, 0, 0, NULL);
  *p = (struct picking){.x = x->data, .y = y->data, .indices = indices, .n = x->shape[axis]};
  p->outer = p->inner = 1;
  p->bytes = (int64_t)dw_dtype_size(x->dtype);
  p->kernels = x->dtype != DW_BOOL ? cx->kernels->gather[x->dtype] : NULL; // which are for sums
  for (int i = 0; i < axis; i++) p->outer *= x->shape[i];
  for (int i = axis + 1; i < x->rank; i++) p->inner *= x->shape[i];
  int64_t row = p->outer * p->inner;
  p->k = row > 0 ? dw_numel(y) / row : 0;
  return p;
}

// ---- picking -------------------------------------------------------------------------------------

enum { LONG_ROW = 1 << 16 }; // elements; longer ones are copied in pieces

// Unit u is a piece of a row.
static void gather_rows(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct picking *p = picking_of(j);
  int64_t pieces = parts(p->inner, LONG_ROW);
  for (int64_t u = a; u < b; u++) {
    int64_t row = u / pieces, first = u % pieces * LONG_ROW, n = least(LONG_ROW, p->inner - first);
    const char *x = p->x + ((p->indices[row] - 1) * p->inner + first) * p->bytes;
    memcpy(p->y + (row * p->inner + first) * p->bytes, x, (size_t)(n * p->bytes));
  }
}

void dw_gather_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, const int64_t *indices) {
  const struct picking *p = picking_init(j, cx, x, y, indices, 0);
  j->pass = (dw_pass){p->k * parts(p->inner, LONG_ROW), (double)p->k * (double)p->inner * DW_WORK_MOVE, gather_rows};
}

// Units are elements of y.
static void take_elements(dw_job *j, int64_t at, int64_t end, int slot) {
  const struct picking *p = picking_of(j);
  int64_t line = p->k * p->inner, c = at % p->inner;
  while (at < end) { // a line of y, or the part of it that is wanted
    const char *x = p->x + at / line * p->n * p->inner * p->bytes;
    for (int64_t stop = least(end, (at / line + 1) * line); at < stop; at++) {
      const char *from = x + ((p->indices[at] - 1) * p->inner + c) * p->bytes;
      if (++c == p->inner) c = 0;
      if (p->bytes == 4) {
        memcpy(p->y + at * 4, from, 4);
      } else {
        memcpy(p->y + at * p->bytes, from, (size_t)p->bytes);
      }
    }
    if (at < end && dw_stopped(j->cx, slot)) return;
  }
}

void dw_take_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, const int64_t *indices,
                  int axis) {
  picking_init(j, cx, x, y, indices, axis);
  j->pass = (dw_pass){dw_numel(y), (double)dw_numel(y) * DW_WORK_PICK, take_elements};
}

// ---- adding back, an accumulator for each element of a bundle -----------------------------------

// Unit u is bundle u % bundles of line u / bundles.
static void put_bundle(dw_job *j, int64_t u, int slot) {
  enum { LONG = 1 << 17 }; // additions after which an interruption is looked for
  const struct picking *p = picking_of(j);
  char *acc = j->memory + slot * p->acc_pitch;
  int64_t o = u / p->bundles, first = u % p->bundles * p->lanes, lanes = least(p->lanes, p->inner - first);
  const int64_t *at = p->indices + o * p->k * p->at_pitch + first * p->at_step;
  memset(acc, 0, (size_t)(p->n * lanes) * sizeof(int64_t));
  for (int64_t i = 0, n; i < p->k; i += n) {
    n = least(p->k - i, LONG / lanes);
    const char *y = p->y + ((o * p->k + i) * p->inner + first) * p->bytes;
    p->kernels->add(acc, y, p->inner, at + i * p->at_pitch, p->at_pitch, p->at_step, n, lanes);
    if (i + n < p->k && dw_stopped(j->cx, slot)) return;
  }
  p->kernels->finish(p->x + (o * p->n * p->inner + first) * p->bytes, p->inner, acc, p->n, lanes);
}

static void put_bundles(dw_job *j, int64_t a, int64_t b, int slot) {
  for (int64_t u = a; u < b; u++) {
    put_bundle(j, u, slot);
    if (dw_stopped(j->cx, slot)) return;
  }
}

// Accumulators should stay in a cache, but rows are not cut into pieces of less than a line.
static dw_status plan_bundles(dw_job *j, int64_t at_pitch, int64_t at_step) {
  enum { CACHED = 1 << 15, FEWEST = 16, MOST = 256 };
  struct picking *p = picking_of(j);
  p->at_pitch = at_pitch, p->at_step = at_step;
  p->lanes = p->n > 0 ? CACHED / p->n : MOST;
  p->lanes = least(p->inner, most(FEWEST, least(p->lanes, MOST)));
  p->bundles = parts(p->inner, p->lanes);
  double work = (double)p->outer * (double)p->inner * ((double)p->k * DW_WORK_SCAN + (double)p->n);
  j->pass = (dw_pass){p->outer * p->bundles, work, put_bundles};
  j->slots = dw_slots(j->cx, j->pass.units, work);
  int64_t used = 0;
  dw_scratch_each(&used, times(times(p->n, p->lanes), sizeof(int64_t)), j->slots, &p->acc_pitch);
  return dw_scratch_tell(j, used);
}

dw_status dw_put_init(dw_job *j, const dw_context *cx, const dw_tensor *x, const dw_tensor *y, const int64_t *indices,
                      int axis) {
  const struct picking *p = picking_init(j, cx, x, y, indices, axis);
  return dw_numel(x) == 0 ? DW_OK : plan_bundles(j, p->inner, 1);
}

// ---- adding back whole rows, each of x from the list of its rows in y ---------------------------

// memory: where the list of each row of x ends, n numbers; then the lists, k rows of y counted from 0.
static int64_t *ends_of(const dw_job *j) { return (int64_t *)(void *)j->memory; }

// One unit, as the order is fixed.
static void count_rows(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)a, (void)b;
  const struct picking *p = picking_of(j);
  for (int64_t i = 0; i < p->k; i++) {
    ends_of(j)[p->indices[i] - 1]++;
    if (i % OFTEN == OFTEN - 1 && dw_stopped(j->cx, slot)) return;
  }
}

// The beginnings of the lists become their ends.
static void list_rows(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)a, (void)b;
  const struct picking *p = picking_of(j);
  int64_t *ends = ends_of(j), *lists = ends + p->n, begin = 0;
  for (int64_t r = 0; r < p->n; r++) {
    int64_t count = ends[r];
    ends[r] = begin;
    begin += count;
  }
  for (int64_t i = 0; i < p->k; i++) {
    lists[ends[p->indices[i] - 1]++] = i;
    if (i % OFTEN == OFTEN - 1 && dw_stopped(j->cx, slot)) return;
  }
}

// The sum of a long list, in pieces between which an interruption is looked for.
static void add_long(dw_job *j, char *x, const int64_t *list, int64_t count, int slot) {
  enum { MOST = 256, PIECE = 1 << 12 };
  const struct picking *p = picking_of(j);
  int64_t acc[MOST]; // or as many doubles
  for (int64_t first = 0; first < p->inner; first += MOST) {
    int64_t lanes = least(MOST, p->inner - first);
    memset(acc, 0, sizeof acc);
    for (int64_t i = 0, n; i < count; i += n) {
      n = least(count - i, PIECE);
      p->kernels->add_listed(acc, p->y + first * p->bytes, p->inner, list + i, n, count - i, lanes);
      if (dw_stopped(j->cx, slot)) return;
    }
    p->kernels->finish(x + first * p->bytes, p->inner, acc, 1, lanes);
  }
}

static void add_rows(dw_job *j, int64_t a, int64_t b, int slot) {
  enum { LONG = 1 << 16 }; // additions
  const struct picking *p = picking_of(j);
  const int64_t *ends = ends_of(j), *lists = ends + p->n;
  for (int64_t r = a; r < b; r++) {
    int64_t begin = r > 0 ? ends[r - 1] : 0, count = ends[r] - begin;
    char *x = p->x + r * p->inner * p->bytes;
    if (count == 0) {
      memset(x, 0, (size_t)(p->inner * p->bytes));
    } else if (count > LONG / p->inner) {
      add_long(j, x, lists + begin, count, slot);
    } else {
      p->kernels->sum_listed(x, p->y, p->inner, lists + begin, count, p->k - begin, p->inner);
    }
  }
}

static bool next_of_lists(dw_job *j) {
  const struct picking *p = picking_of(j);
  if (j->pass.run == add_rows) return false;
  if (j->pass.run == count_rows) {
    j->pass.run = list_rows;
    return true;
  }
  j->pass = (dw_pass){p->n, (double)p->inner * (double)(p->k + p->n) * DW_WORK_MOVE, add_rows};
  return true;
}

dw_status dw_scatter_init(dw_job *j, const dw_context *cx, const dw_tensor *x, const dw_tensor *y,
                          const int64_t *indices) {
  enum { NARROW = 16 }; // elements of a row that is not worth a list
  const struct picking *p = picking_init(j, cx, x, y, indices, 0);
  if (dw_numel(x) == 0) return DW_OK;
  if (p->inner <= NARROW) return plan_bundles(j, 1, 0);
  j->pass = (dw_pass){1, (double)p->k * DW_WORK_PICK, count_rows};
  j->next = next_of_lists;
  j->zeroed = (size_t)p->n * sizeof(int64_t);
  return dw_scratch_tell(j, times(p->n + p->k, sizeof(int64_t)));
}

// ---- ones ----------------------------------------------------------------------------------------

static void put_ones(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct picking *p = picking_of(j);
  float *y = (float *)(void *)p->y;
  for (int64_t i = a; i < b; i++) y[i * p->n + p->indices[i] - 1] = 1;
}

void dw_put_ones_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const int64_t *indices) {
  DW_REQUIRE(y->dtype == DW_FLOAT32 && y->rank == 2 && dw_is_contiguous(y));
  dw_job_init(j, cx, y->shape[0], (double)y->shape[0] * DW_WORK_PICK, put_ones);
  *picking_of(j) = (struct picking){.y = y->data, .indices = indices, .n = y->shape[1]};
}

// ---- where something is true ---------------------------------------------------------------------

enum { RUN = 1 << 16 }; // elements that are searched at once, a unit

struct truth {
  dw_tensor mask;
  int64_t n;
  int64_t *counts, *all; // of true elements, of all runs before it once they are added up
  int64_t *at;
};

static void count_truth(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct truth *t = DW_STATE(struct truth, j);
  const uint8_t *mask = t->mask.data;
  for (int64_t u = a; u < b; u++) {
    int64_t count = 0, end = least((u + 1) * RUN, t->n);
    for (int64_t i = u * RUN; i < end; i++) count += mask[i];
    t->counts[u] = count;
  }
}

static bool add_counts(dw_job *j) {
  const struct truth *t = DW_STATE(struct truth, j);
  *t->all = 0;
  for (int64_t u = 0; u < j->pass.units; u++) {
    int64_t count = t->counts[u];
    t->counts[u] = *t->all;
    *t->all += count;
  }
  return false;
}

static void write_truth(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct truth *t = DW_STATE(struct truth, j);
  const uint8_t *mask = t->mask.data;
  int rank = t->mask.rank;
  for (int64_t u = a; u < b; u++) {
    int64_t *at = t->at + t->counts[u] * rank, end = least((u + 1) * RUN, t->n);
    for (int64_t i = u * RUN; i < end; i++) {
      if (!mask[i]) continue;
      int64_t rest = i;
      for (int k = rank - 1; k >= 0; rest /= t->mask.shape[k--]) at[k] = rest % t->mask.shape[k] + 1;
      at += rank;
    }
  }
}

int64_t dw_nonzero_runs(const dw_tensor *mask) { return parts(dw_numel(mask), RUN); }

void dw_nonzero_count_init(dw_job *j, const dw_context *cx, int64_t *counts, int64_t *all, const dw_tensor *mask) {
  int64_t n = dw_numel(mask);
  DW_REQUIRE(mask->dtype == DW_BOOL && dw_is_contiguous(mask));
  *DW_STATE(struct truth, j) = (struct truth){*mask, n, counts, all, NULL};
  dw_job_init(j, cx, dw_nonzero_runs(mask), (double)n, count_truth);
  j->next = add_counts;
}

void dw_nonzero_init(dw_job *j, const dw_context *cx, int64_t *at, const dw_tensor *mask, const int64_t *counts) {
  int64_t n = dw_numel(mask);
  *DW_STATE(struct truth, j) = (struct truth){*mask, n, (int64_t *)counts, NULL, at}; // read only
  dw_job_init(j, cx, dw_nonzero_runs(mask), (double)n * DW_WORK_MOVE, write_truth);
}
