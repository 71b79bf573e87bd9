// softmax.c: one line of a softmax. Called by src/softmax.c. Invariant: the largest number is taken off before anything
// is raised, so nothing overflows; the sum is kept in double, in the order of the line. NaN anywhere makes all of it
// NaN.
#include <math.h>

#include "elementary.h"
#include "softmax.h"
#include "vec.h"

INLINE T largest(const T *x, ptrdiff_t step, int64_t n) {
  T most_so_far = x[0];
  for (int64_t i = 1; i < n; i++) most_so_far = x[i * step] > most_so_far ? x[i * step] : most_so_far;
  return most_so_far;
}

// Loops of one step become vector code.
INLINE void raise_line(T *y, ptrdiff_t y_step, const T *x, ptrdiff_t x_step, int64_t n, T off) {
  if (y_step == 1 && x_step == 1) {
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) y[i] = math_exp(x[i] - off);
  } else {
    for (int64_t i = 0; i < n; i++) y[i * y_step] = math_exp(x[i * x_step] - off);
  }
}

INLINE double sum_line(const T *y, ptrdiff_t step, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += (double)y[i * step];
  return sum;
}

static void softmax(void *y_, ptrdiff_t y_step, const void *x_, ptrdiff_t x_step, int64_t n) {
  T *y = y_;
  const T *x = x_;
  raise_line(y, y_step, x, x_step, n, largest(x, x_step, n));
  double share = 1 / sum_line(y, y_step, n);
  for (int64_t i = 0; i < n; i++) y[i * y_step] = (T)((double)y[i * y_step] * share);
}

static void log_softmax(void *y_, ptrdiff_t y_step, const void *x_, ptrdiff_t x_step, int64_t n) {
  T *y = y_;
  const T *x = x_;
  T off = largest(x, x_step, n);
  raise_line(y, y_step, x, x_step, n, off);
  double all = log(sum_line(y, y_step, n));
  for (int64_t i = 0; i < n; i++) y[i * y_step] = (T)((double)(x[i * x_step] - off) - all);
}

const struct dw_softmax_kernels DW_NAME(softmax) = {softmax, log_softmax};
