// gather.c: elements picked by index, and their gradient, which adds them back. Called by the binding.
// Invariant: what is added to one element is added in the order of the indices, by one task.
#include <string.h>

#include "dwconv.h"
#include "kernels/kernels.h"

// x is (outer, n, inner), y and, along an axis, the indices are (outer, k, inner).
struct job {
  char *x, *y;
  const int64_t *indices;
  int64_t outer, n, k, inner;
  int64_t bytes;
  int64_t piece, pieces; // of `inner`, or rows of a task and pieces of a row
  const dw_context *cx;
  void (*add)(void *y, const void *const *x, int64_t n);
};

static void job_init(struct job *j, const dw_context *cx, const dw_tensor *x, const dw_tensor *y,
                     const int64_t *indices, int axis) {
  *j = (struct job){.cx = cx, .x = x->data, .y = y->data, .indices = indices, .n = x->shape[axis]};
  j->outer = j->inner = 1;
  j->bytes = (int64_t)dw_dtype_size(x->dtype);
  j->add = cx->kernels->elementwise[x->dtype]->run[DW_ELEMENTWISE_add];
  for (int i = 0; i < axis; i++) j->outer *= x->shape[i];
  for (int i = axis + 1; i < x->rank; i++) j->inner *= x->shape[i];
  int64_t row = j->outer * j->inner;
  j->k = row > 0 ? dw_numel(y) / row : 0;
}

// Whether a task that has done so much is to stop here.
static bool stops(const struct job *j, int64_t done, int slot) {
  enum { OFTEN = 1 << 14 };
  return done % OFTEN == OFTEN - 1 && dw_stopped(j->cx, slot);
}

// ---- whole rows ----------------------------------------------------------------------------------

enum { LONG_ROW = 1 << 16 }; // elements; longer ones are copied in pieces

static void gather_rows(void *job, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct job *j = job;
  for (int64_t i = a * j->piece; i < b * j->piece && i < j->k * j->pieces; i++) {
    int64_t row = i / j->pieces, first = i % j->pieces * LONG_ROW, left = j->inner - first;
    memcpy(j->y + (row * j->inner + first) * j->bytes, j->x + ((j->indices[row] - 1) * j->inner + first) * j->bytes,
           (size_t)((left < LONG_ROW ? left : LONG_ROW) * j->bytes));
  }
}

dw_status dw_gather(const dw_context *cx, const dw_tensor *y, const dw_tensor *x, const int64_t *indices) {
  enum { TASK = 1 << 14 }; // elements
  struct job j;
  job_init(&j, cx, x, y, indices, 0);
  if (j.inner == 0) return DW_OK;
  j.piece = j.inner < TASK ? TASK / j.inner : 1;
  j.pieces = (j.inner + LONG_ROW - 1) / LONG_ROW;
  return dw_parallel(cx, (j.k * j.pieces + j.piece - 1) / j.piece, (double)j.k * (double)j.inner * 2, gather_rows, &j);
}

static void scatter_rows(void *job, int64_t a, int64_t b, int slot) {
  const struct job *j = job;
  int64_t first = a * j->piece, last = b * j->piece < j->inner ? b * j->piece : j->inner;
  for (int64_t i = 0; i < j->k; i++) {
    char *x = j->x + ((j->indices[i] - 1) * j->inner + first) * j->bytes;
    j->add(x, (const void *[]){x, j->y + (i * j->inner + first) * j->bytes}, last - first);
    if (stops(j, i, slot)) return;
  }
}

dw_status dw_scatter(const dw_context *cx, const dw_tensor *x, const dw_tensor *y, const int64_t *indices) {
  enum { PIECE = 256 };
  struct job j;
  job_init(&j, cx, x, y, indices, 0);
  j.piece = PIECE;
  return dw_parallel(cx, (j.inner + PIECE - 1) / PIECE, (double)j.k * (double)j.inner * 2, scatter_rows, &j);
}

// ---- single elements along an axis ---------------------------------------------------------------

static char *along_x(const struct job *j, int64_t o, int64_t at, int64_t c) {
  return j->x + ((o * j->n + j->indices[at] - 1) * j->inner + c) * j->bytes;
}

static void take_lines(void *job, int64_t a, int64_t b, int slot) {
  const struct job *j = job;
  for (int64_t o = a; o < b; o++) {
    for (int64_t at = o * j->k * j->inner; at < (o + 1) * j->k * j->inner; at++) {
      if (stops(j, at, slot)) return;
      const char *x = along_x(j, o, at, at % j->inner);
      if (j->bytes == 4) {
        memcpy(j->y + at * 4, x, 4);
      } else {
        memcpy(j->y + at * j->bytes, x, (size_t)j->bytes);
      }
    }
  }
}

static void put_lines(void *job, int64_t a, int64_t b, int slot) {
  const struct job *j = job;
  for (int64_t o = a; o < b; o++) {
    for (int64_t at = o * j->k * j->inner; at < (o + 1) * j->k * j->inner; at++) {
      if (stops(j, at, slot)) return;
      char *x = along_x(j, o, at, at % j->inner);
      j->add(x, (const void *[]){x, j->y + at * j->bytes}, 1);
    }
  }
}

static dw_status run_along(const dw_context *cx, const dw_tensor *x, const dw_tensor *y, const int64_t *indices,
                           int axis, dw_run *run) {
  struct job j;
  job_init(&j, cx, x, y, indices, axis);
  if (dw_numel(y) == 0) return DW_OK; // however many lines there are
  return dw_parallel(cx, j.outer, (double)dw_numel(y) * 8, run, &j);
}

dw_status dw_take(const dw_context *cx, const dw_tensor *y, const dw_tensor *x, const int64_t *indices, int axis) {
  return run_along(cx, x, y, indices, axis, take_lines);
}

dw_status dw_put(const dw_context *cx, const dw_tensor *x, const dw_tensor *y, const int64_t *indices, int axis) {
  return run_along(cx, x, y, indices, axis, put_lines);
}
