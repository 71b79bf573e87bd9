// gemm.h: the signatures of gemm.c. Included by that and by src/gemm.
#ifndef DWCONV_KERNELS_GEMM_H
#define DWCONV_KERNELS_GEMM_H

#include "kernels.h"

// Some of the terms of a block: where they begin, in elements from the beginning of a and b, and how many there are.
struct dw_gemm_run {
  ptrdiff_t a, b;
  int64_t k;
};

// A block of c = a b. b comes in panels of `nr` columns: element (p, j) of panel q is b[q*b_panel + p*b_k + j], and all
// nr columns may be read, of the last panel too; columns of c from n on are not touched.
//     c[i*c_row + j] = start[i*start_row + j] + bias[j] + sum over p < k of a[i*a_row + p*a_k] * b(p, j)
// With `runs`, each of these begins anew at a and b; its terms follow one another by a_k and b_k. Every element is one
// chain of multiply-adds in the order of p, begun with start + bias, whatever the block. Starting from c continues a
// product. At the end, x becomes clamp(curve[0]*x + curve[1], curve[2], curve[3]), times x if gated.
struct dw_gemm_block {
  void *c;
  const void *a, *b, *start, *bias; // start and bias may be NULL, for zeros
  int64_t m, n, k;                  // k: of all runs
  ptrdiff_t c_row, a_row, a_k, b_k, b_panel, start_row;
  const struct dw_gemm_run *runs; // none of them empty; NULL: all terms in one run, from the beginning
  int64_t count;                  // of runs
  bool a_packed;                  // a comes from pack_rows; a_row and a_k are not read, and there are no runs
  const double *curve;            // may be NULL
  bool gated;
};

// c[i*c_row + j] (+)= sum over p < k of a[i*a_row + p] * b[j*b_n + p] for i < m, j < n, in an order that depends on k.
struct dw_gemm_dots {
  void *c;
  const void *a, *b;
  int64_t m, n, k;
  ptrdiff_t c_row, a_row, b_n;
  bool add;
};

struct dw_gemm_kernels {
  int mr, nr; // most rows and columns of c in registers
  void (*block)(const struct dw_gemm_block *g);
  // m rows of a for `block`, in m*k elements.
  void (*pack_rows)(void *to, const void *a, ptrdiff_t a_row, ptrdiff_t a_k, int64_t m, int64_t k);
  // n columns of b in panels for `block`: b_k = nr, b_panel = `panel`; zero from column n on.
  void (*pack_columns)(void *to, ptrdiff_t panel, const void *b, ptrdiff_t b_k, ptrdiff_t b_n, int64_t k, int64_t n);
  void (*dots)(const struct dw_gemm_dots *g);
};

#endif
