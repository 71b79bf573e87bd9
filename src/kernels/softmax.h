// softmax.h: the signatures of softmax.c. Included by that and by src/softmax.c.
#ifndef DWCONV_KERNELS_SOFTMAX_H
#define DWCONV_KERNELS_SOFTMAX_H

#include "kernels.h"

// Parts of a line, which may be taken piece by piece, i < n. `off` is the largest number of the whole line.
struct dw_softmax_kernels {
  // The larger of `so_far` and all x[i*step]; NaN is passed over.
  double (*largest)(double so_far, const void *x, ptrdiff_t step, int64_t n);
  // y[i*y_step] = e^(x[i*x_step] - off); gives `sum` and all of them, added in their order.
  double (*raise)(double sum, void *y, ptrdiff_t y_step, const void *x, ptrdiff_t x_step, int64_t n, double off);
  // y[i*step] *= share
  void (*scale)(void *y, ptrdiff_t step, int64_t n, double share);
  // y[i*y_step] = x[i*x_step] - off - log_sum
  void (*shift)(void *y, ptrdiff_t y_step, const void *x, ptrdiff_t x_step, int64_t n, double off, double log_sum);
};

#endif
