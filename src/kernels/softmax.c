// softmax.c: the parts of a line of a softmax. Called by src/softmax.c. Invariant: the largest number is taken off
// before e is raised to anything, so nothing overflows; sums are kept in double, in the order of the line.
#include "elementary.h"
#include "softmax.h"
#include "vec.h"

static double largest(double so_far, const void *x_, ptrdiff_t step, int64_t n) {
  const T *x = x_;
  T most_so_far = (T)so_far;
  for (int64_t i = 0; i < n; i++) most_so_far = x[i * step] > most_so_far ? x[i * step] : most_so_far;
  return (double)most_so_far;
}

// A loop of step 1 becomes vector code.
static double raise(double sum, void *y_, ptrdiff_t y_step, const void *x_, ptrdiff_t x_step, int64_t n, double off_) {
  T *y = y_;
  const T *x = x_, off = (T)off_;
  if (y_step == 1 && x_step == 1) {
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) y[i] = math_exp(x[i] - off);
  } else {
    for (int64_t i = 0; i < n; i++) y[i * y_step] = math_exp(x[i * x_step] - off);
  }
  for (int64_t i = 0; i < n; i++) sum += (double)y[i * y_step];
  return sum;
}

static void scale(void *y_, ptrdiff_t step, int64_t n, double share) {
  T *y = y_;
  for (int64_t i = 0; i < n; i++) y[i * step] = (T)((double)y[i * step] * share);
}

static void shift(void *y_, ptrdiff_t y_step, const void *x_, ptrdiff_t x_step, int64_t n, double off, double log_sum) {
  T *y = y_;
  const T *x = x_;
  for (int64_t i = 0; i < n; i++) y[i * y_step] = (T)((double)(x[i * x_step] - (T)off) - log_sum);
}

const struct dw_softmax_kernels DW_NAME(softmax) = {largest, raise, scale, shift};
