// resize.h: the signatures of resize.c. Included by that and by src/resize.c.
#ifndef DWCONV_KERNELS_RESIZE_H
#define DWCONV_KERNELS_RESIZE_H

#include "kernels.h"

// What a target pixel is made of: `count` neighbouring source pixels from `first` on, with the weights from `weight`
// on.
struct dw_resize_taps {
  int64_t first, count, weight;
};

// Pixels have `lanes` neighbouring elements.
struct dw_resize_kernels {
  int64_t vector; // elements of a vector
  // y[i] = x[taps[i].first], for n pixels
  void (*pick)(void *y, const void *x, const struct dw_resize_taps *taps, int64_t n, int64_t lanes);
  // y[i] = the sum over k < taps[i].count of weights[taps[i].weight + k] * x[taps[i].first + k], for n pixels of floats
  void (*weigh)(void *y, const void *x, const struct dw_resize_taps *taps, const double *weights, int64_t n,
                int64_t lanes);
};

#endif
