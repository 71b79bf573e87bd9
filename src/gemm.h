// gemm.h: what a matrix product is cut into, shared by gemm_plan.c, which decides, and gemm.c, which does it.
// Invariant: rounds and units follow from shapes and strides alone, never from the thread count.
#ifndef DWCONV_GEMM_H
#define DWCONV_GEMM_H

#include "dwconv.h"
#include "kernels/kernels.h"

enum {
  LINE = 64,
  DOTS_DEPTH = 2048,  // terms of an inner product added at a time
  PACKED_TOGETHER = 4 // panels, to read b in longer runs
};
enum { IN_PLACE, COPIED, PACKED }; // how a unit reads its rows of a
#define TOO_MUCH (INT64_C(1) << 62)

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t parts(int64_t n, int64_t size) { return (n + size - 1) / size; }
static inline int64_t round_up(int64_t n, int64_t unit) { return parts(n, unit) * unit; }
static inline int64_t even(int64_t n, int64_t size) {
  return n <= size ? n : parts(n, parts(n, size));
} // parts of one size

static inline int64_t times(int64_t a, int64_t b) {
  int64_t r;
  return __builtin_mul_overflow(a, b, &r) ? TOO_MUCH : least(r, TOO_MUCH);
}

// A matrix in memory, or one for each item of a batch. Steps count elements.
struct dw_matrix {
  char *data;
  int64_t row, col;
  int64_t batch[DW_MAX_RANK];
};

struct dw_gemm_job {
  const dw_context *cx;
  const struct dw_gemm_kernels *kernels;
  const struct dw_layout_kernels *layout;
  int64_t size;                       // bytes of an element
  struct dw_matrix c, a, b, residual; // no data: no residual
  const char *bias;                   // or NULL
  double curve[4];
  bool curved, gated;
  int64_t m, n, k, batch;
  int axes; // of the batch
  int64_t shape[DW_MAX_RANK];

  bool prepacked; // the panels hold all of b
  bool shared;    // one b for all items
  bool dots;      // inner products of b as it lies
  int reading;    // of a: what is not IN_PLACE goes through the slot
  int64_t plain;  // columns of b, from the first, read as they lie; the others come from panels
  bool late;      // which each unit packs for itself, a few at a time

  // A round: items, columns and terms for which b is packed at once.
  int64_t items_most, n_most, k_most;
  int64_t item, items, n0, n_count, k0, k_count;
  char *panels; // (items or 1, panels, k_count, nr)
  int64_t panels_bytes;

  // A unit: rows and columns of one item; `depth` terms at a time.
  int64_t rows, cols, depth;
  int64_t units, units_per_task;
  char *slots; // one for each thread: rows of a, late panels
  int64_t slot_bytes, rows_bytes;
};

// c = a b, and what `e` (or NULL) says; `b` is NULL for panels. c is not empty.
void dw_gemm_plan(struct dw_gemm_job *j, const dw_context *cx, const dw_tensor *c, const dw_tensor *a,
                  const dw_tensor *b, const dw_epilogue *e);
// All of b (k, n), to be packed at once.
void dw_gemm_plan_panels(struct dw_gemm_job *j, const dw_context *cx, const dw_tensor *b);
// The round that begins at item, n0, k0: its tasks and work.
int64_t dw_gemm_plan_round(struct dw_gemm_job *j, double *work);
int64_t dw_gemm_copied_pitch(const struct dw_gemm_job *j); // elements from one copied row of a to the next

#endif
