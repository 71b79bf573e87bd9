// norm.h: the signatures of norm.c. Included by that and by src/norm.c.
#ifndef DWCONV_KERNELS_NORM_H
#define DWCONV_KERNELS_NORM_H

#include "kernels.h"

// How the numbers of a line are normalized: h = (x - center) * scale + shift. The center is the mean as T, and what T
// does not hold of the mean is in shift. Over a line gamma is a vector, or NULL for 1 (then it is in scale already).
struct dw_norm_line {
  double center, scale, shift;
  const void *gamma;
};

// Results are clipped to low..high, of which NaN is no bound. For gradients also what results were computed with: of x
// they are (x - center[l]) * a[l] + b[l]; where that is not between the bounds, the gradient of the result counts as 0.
struct dw_norm_clip {
  double low, high;
  const void *a, *b;
};

// A line is n neighbouring elements; a block is rows, `step` elements apart, of neighbouring lanes, for each of which
// there is an element of the arrays.
struct dw_norm_kernels {
  // sums[0] += d, sums[1] += d*d, of the distances d of x from what is at `center`.
  void (*line_sums)(double *sums, const void *x, int64_t n, const void *center);
  // sums[l] = d, squares[l] = d*d, added up over the rows.
  void (*block_sums)(double *sums, double *squares, const void *x, ptrdiff_t step, int64_t rows, int64_t lanes,
                     const void *center);
  // y = h * gamma + beta; beta is a vector, or NULL for 0.
  void (*line)(void *y, const void *x, int64_t n, const struct dw_norm_line *c, const void *beta);
  // y = (x - center[l]) * a[l] + b[l], clipped if clip is not NULL.
  void (*block)(void *y, const void *x, ptrdiff_t step, int64_t rows, int64_t lanes, const void *center, const void *a,
                const void *b, const struct dw_norm_clip *clip);
  // sums[0] += g*gamma, sums[1] += g*gamma*h. If there is a gamma, of each element d_gamma += g*h and d_beta += g, in
  // T, of few lines, until `collect` adds them to sums in double, and makes them 0.
  void (*line_grad_sums)(double *sums, void *d_gamma, void *d_beta, const void *g, const void *x, int64_t n,
                         const struct dw_norm_line *c);
  void (*collect)(double *sums, void *few, int64_t n);
  // dx = g * gamma * gain + (x - center) * b + a, without gamma if there is none
  void (*line_grad)(void *dx, const void *g, const void *x, int64_t n, const struct dw_norm_line *c, double gain,
                    double b, double a);
  // sums[l] = g, products[l] = g*(x - center[l]), added up over the rows.
  void (*block_grad_sums)(double *sums, double *products, const void *g, const void *x, ptrdiff_t step, int64_t rows,
                          int64_t lanes, const void *center, const struct dw_norm_clip *clip);
  // dx = g*gain[l] + (x - center[l])*slope[l] + shift[l]
  void (*block_grad)(void *dx, const void *g, const void *x, ptrdiff_t step, int64_t rows, int64_t lanes,
                     const void *center, const void *gain, const void *slope, const void *shift,
                     const struct dw_norm_clip *clip);
};

#endif
