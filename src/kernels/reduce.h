// reduce.h: the signatures of reduce.c. Included by that and by src/reduce.c.
#ifndef DWCONV_KERNELS_REDUCE_H
#define DWCONV_KERNELS_REDUCE_H

#include "kernels.h"

// Accumulators have `size` bytes, 8 at most.
struct dw_reduction_kernels {
  size_t size;
  void (*start)(void *acc, int64_t lanes);
  // acc[l] over x[l*pitch + i*step], i < n; of moments over its distance from center[l], or a power of that
  void (*rows)(void *acc, const void *x, ptrdiff_t pitch, const double *center, int64_t lanes, ptrdiff_t step,
               int64_t n);
  // the same over x[l + i*step]
  void (*columns)(void *acc, const void *x, const double *center, int64_t lanes, ptrdiff_t step, int64_t n);
  void (*join)(void *acc, const void *other, int64_t lanes); // acc[l] with other[l]
  // y[l*pitch] = acc[l], of means and moments acc[l] / count
  void (*finish)(void *y, ptrdiff_t pitch, const void *acc, int64_t lanes, double count);
};

enum { DW_BUNDLE = 256 }; // most lines at once

struct dw_reduce_kernels {
  struct dw_reduction_kernels reduction[7]; // by dw_reduction; from the mean on, only of floats
  struct dw_reduction_kernels away;         // sums of distances from the center; only of floats
  // Along `lanes` neighbouring lines, each of n >= 1 elements `pitch` apart.
  //   arg:  at[l] = the position, from 1, of the first of the least or largest; NaN is passed over; 1 if all are NaN.
  //         With done > 0 x is the lines' rest, and at[l] that of the `done` elements before it
  //   scan: y_1 = a_1, y_i = y_(i-1) + a_i, y_(i-1) * a_i, or a_i + b_i * y_(i-1), a_i where y_(i-1) is 0, whatever
  //         b_i is; or the larger or lesser of y_(i-1) and a_i, once NaN always NaN; by dw_scan; y may be an operand.
  //         carry[l], 8 bytes, is where a line is; `begun`: y_(i-1) of the first element is there
  void (*arg)(int64_t *at, const void *x, ptrdiff_t pitch, int64_t done, int64_t n, int64_t lanes, bool least);
  void (*scan[5])(void *y, ptrdiff_t y_pitch, const void *const *x, const ptrdiff_t *pitch, int64_t n, int64_t lanes,
                  void *carry, bool begun);
};

#endif
