// pool.h: the signatures of pool.c. Included by that and by the drivers of pooling and resizing.
#ifndef DWCONV_KERNELS_POOL_H
#define DWCONV_KERNELS_POOL_H

#include "kernels.h"

enum { DW_POOL_AXES = 3, DW_POOL_WEIGHTS = 16 };

// Taps of one window: tap (i,j,k) is at i*step[0] + j*step[1] + k*step[2], i < taps[0] and so on; row order is i, j, k.
struct dw_pool_taps {
  ptrdiff_t step[DW_POOL_AXES];
  int64_t taps[DW_POOL_AXES];
};

// Windows side by side: number m of `count` has its first tap `x_step`*m further on, and its place in y or g
// `y_step`*m. A pixel has `lanes` neighbouring elements. `along` are the first two steps in v or dx, an image of x's
// shape.
struct dw_pool_windows {
  struct dw_pool_taps taps;
  ptrdiff_t x_step, y_step, along[2];
  int64_t count, lanes;
};

struct dw_pool_kernels {
  int64_t vector; // elements of a vector
  // y = the largest over the taps; NaN is passed over, and nothing is below the lowest finite number.
  void (*largest)(void *y, const void *x, const struct dw_pool_windows *w);
  // y = the sum over the taps, down each column and then from column to column, times `scale`
  void (*sum)(void *y, const void *x, const struct dw_pool_windows *w, double scale);
  // y = the element of v where x has the first of the largest of the taps
  void (*at_largest)(void *y, const void *v, const void *x, const struct dw_pool_windows *w);
  // dx += g where x has the first of the largest of the taps, as far as that is among the taps lo[i] .. hi[i]-1
  void (*to_largest)(void *dx, const void *g, const void *x, const struct dw_pool_windows *w, const int64_t *lo,
                     const int64_t *hi);
  // y[i] = (add ? y[i] : 0) + the sum over k < count of weight[k] * from[k][i], i < n; count <= DW_POOL_WEIGHTS
  void (*weigh)(void *y, const void *const *from, const double *weight, int count, int64_t n, bool add);
};

#endif
