// softmax.h: the signatures of softmax.c. Included by that and by src/softmax.c.
#ifndef DWCONV_KERNELS_SOFTMAX_H
#define DWCONV_KERNELS_SOFTMAX_H

#include "kernels.h"

// y[i*y_step] = e^x[i*x_step] over the sum of all e^x, or its logarithm, for i < n, n >= 1.
struct dw_softmax_kernels {
  void (*softmax)(void *y, ptrdiff_t y_step, const void *x, ptrdiff_t x_step, int64_t n);
  void (*log_softmax)(void *y, ptrdiff_t y_step, const void *x, ptrdiff_t x_step, int64_t n);
};

#endif
