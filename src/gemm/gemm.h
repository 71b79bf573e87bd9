// gemm.h: what a matrix product is cut into, shared by plan.c, which decides, and gemm.c, which does it. Invariant:
// rounds and units follow from shapes and strides alone, never from the thread count.
#ifndef DWCONV_GEMM_H
#define DWCONV_GEMM_H

#include "base/base.h"
#include "kernels/gemm.h"
#include "kernels/layout.h"

enum {
  DW_GEMM_DOTS_DEPTH = 2048,  // terms of an inner product added at a time
  DW_GEMM_PACKED_TOGETHER = 4 // panels, to read b in longer runs
};

// How a unit reads its rows of a.
enum dw_gemm_reading { DW_IN_PLACE, DW_COPIED, DW_PACKED };

// A matrix in memory, or one for each item of a batch. Steps count elements.
struct dw_matrix {
  char *data;
  int64_t row, col;
  int64_t batch[DW_MAX_RANK];
};

// What is decided before anything is computed; tasks only read it.
struct dw_gemm_plan {
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

  const char *prepacked;        // panels that hold all of b, or NULL
  bool shared;                  // one b for all items
  bool dots;                    // inner products of b as it lies
  enum dw_gemm_reading reading; // of a: what is not in place goes through the thread's own memory
  int64_t plain;                // columns of b, from the first, read as they lie; the others come from panels
  bool late;                    // which each unit packs for itself, a few at a time

  int64_t items, columns, terms; // of a round at most, for which b is packed at once
  int64_t panels_bytes;          // (items or 1, panels, terms, nr)

  int64_t unit_rows, unit_cols, depth; // of one item; `depth` terms at a time
  int64_t rows_bytes, own_bytes;       // of a thread's own memory: rows of a, then late panels
};

// The round that runs: its first item, column and term, and how many there are of each.
struct dw_gemm_round {
  int64_t item, items, col, cols, term, terms;
};

// c = a b, and what `e` (or NULL) says; `b` is NULL for panels. c is not empty.
void dw_gemm_plan_init(struct dw_gemm_plan *p, const dw_context *cx, const dw_tensor *c, const dw_tensor *a,
                       const dw_tensor *b, const void *panels, const dw_epilogue *e);
// All of b (k, n), to be packed at once.
void dw_gemm_plan_panels(struct dw_gemm_plan *p, const dw_context *cx, const dw_tensor *b);
double dw_gemm_work(const struct dw_gemm_plan *p, int64_t items, int64_t n, int64_t k); // multiply-adds
int64_t dw_gemm_copied_pitch(const struct dw_gemm_plan *p); // elements from one copied row of a to the next

#endif
