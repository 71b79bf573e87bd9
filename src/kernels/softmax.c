// softmax.c: softmax of whole lines, and the parts of a line and of neighbouring ones. Called by src/softmax.c.
// Invariant: the largest number is taken off before e is raised to anything, so nothing overflows; sums are kept in
// double, in an order that follows from the line alone.
#include <math.h>
#include <stdbool.h>

#include "elementary.h"
#include "softmax.h"
#include "vec.h"

enum { ACROSS = 32 }; // side by side along a line, see reduce.c

INLINE T larger(T a, T b) { return a > b ? a : b; } // b, if a is NaN

static T largest_of(T most_so_far, const T *x, int64_t n) {
  int64_t i = 0;
  if (n >= ACROSS) {
    T across[ACROSS];
    for (int k = 0; k < ACROSS; k++) across[k] = most_so_far;
    for (; i + ACROSS <= n; i += ACROSS) {
      INDEPENDENT
      for (int k = 0; k < ACROSS; k++) across[k] = larger(x[i + k], across[k]);
    }
    UNROLL
    for (int half = ACROSS / 2; half > 0; half /= 2) {
      INDEPENDENT
      for (int k = 0; k < half; k++) across[k] = larger(across[k + half], across[k]);
    }
    most_so_far = across[0];
  }
  for (; i < n; i++) most_so_far = larger(x[i], most_so_far);
  return most_so_far;
}

static double sum_of(const T *x, int64_t n) {
  double sum = 0;
  int64_t i = 0;
  if (n >= ACROSS) {
    double across[ACROSS] = {0};
    for (; i + 4 * ACROSS <= n; i += 4 * ACROSS) {
      INDEPENDENT
      for (int k = 0; k < ACROSS; k++) {
        const T *p = x + i + k;
        across[k] += (double)((p[0] + p[ACROSS]) + (p[2 * ACROSS] + p[3 * ACROSS]));
      }
    }
    for (; i + ACROSS <= n; i += ACROSS) {
      INDEPENDENT
      for (int k = 0; k < ACROSS; k++) across[k] += (double)x[i + k];
    }
    UNROLL
    for (int half = ACROSS / 2; half > 0; half /= 2) {
      INDEPENDENT
      for (int k = 0; k < half; k++) across[k] += across[k + half];
    }
    sum = across[0];
  }
  for (; i < n; i++) sum += (double)x[i];
  return sum;
}

// ---- whole lines --------------------------------------------------------------------------------
// Along a short line every step would wait for the one before: several of them are taken side by side.

static void largest_of_lines(T *off, const T *x, ptrdiff_t pitch, int64_t n, int64_t lines) {
  for (int64_t l = 0; l < lines; l++) off[l] = n < ACROSS ? (T)-INFINITY : largest_of((T)-INFINITY, x + l * pitch, n);
  for (int64_t i = 0; i < n && n < ACROSS; i++) {
    INDEPENDENT
    for (int64_t l = 0; l < lines; l++) off[l] = larger(x[l * pitch + i], off[l]);
  }
}

static void sums_of_lines(double *sum, const T *x, int64_t n, int64_t lines) {
  for (int64_t l = 0; l < lines; l++) sum[l] = n < ACROSS ? 0 : sum_of(x + l * n, n);
  for (int64_t i = 0; i < n && n < ACROSS; i++) {
    INDEPENDENT
    for (int64_t l = 0; l < lines; l++) sum[l] += (double)x[l * n + i];
  }
}

// power = e^(x - off). Lines that are long, or whole vectors, go one by one; exp runs over a block of others as one.
static void raise_lines(T *power, const T *x, ptrdiff_t pitch, int64_t n, int64_t lines, const T *off) {
  enum { LONG = 256 };
  bool apart = n >= LONG || n % LANES == 0;
  for (int64_t l = 0; l < lines; l++, x += pitch) {
    T *p = power + l * n, most_of_line = off[l];
    if (apart) {
      INDEPENDENT
      for (int64_t i = 0; i < n; i++) p[i] = math_exp(x[i] - most_of_line);
    } else {
      INDEPENDENT
      for (int64_t i = 0; i < n; i++) p[i] = x[i] - most_of_line;
    }
  }
  if (apart) return;
  INDEPENDENT
  for (int64_t i = 0; i < lines * n; i++) power[i] = math_exp(power[i]);
}

static void whole(void *y_, ptrdiff_t y_pitch, const void *x_, ptrdiff_t x_pitch, int64_t n, int64_t lines, bool log_) {
  T power[DW_SOFTMAX_BLOCK], off[DW_SOFTMAX_LANES], log_of[DW_SOFTMAX_LANES];
  double sum[DW_SOFTMAX_LANES];
  largest_of_lines(off, x_, x_pitch, n, lines);
  raise_lines(power, x_, x_pitch, n, lines, off);
  sums_of_lines(sum, power, n, lines);
  if (log_) {
    INDEPENDENT
    for (int64_t l = 0; l < lines; l++) log_of[l] = math_log((T)sum[l]);
  }
  for (int64_t l = 0; l < lines; l++) {
    const T *x = (const T *)x_ + l * x_pitch, *p = power + l * n;
    T *y = (T *)y_ + l * y_pitch, most_of_line = off[l];
    if (log_) {
      T log_sum = log_of[l];
      INDEPENDENT
      for (int64_t i = 0; i < n; i++) y[i] = (x[i] - most_of_line) - log_sum;
    } else {
      T share = (T)(1 / sum[l]);
      INDEPENDENT
      for (int64_t i = 0; i < n; i++) y[i] = p[i] * share;
    }
  }
}

// ---- parts of a line ----------------------------------------------------------------------------

static double largest(double so_far, const void *x_, ptrdiff_t step, int64_t n) {
  const T *x = x_;
  T most_so_far = (T)so_far;
  if (step == 1) return (double)largest_of(most_so_far, x, n);
  for (int64_t i = 0; i < n; i++) most_so_far = larger(x[i * step], most_so_far);
  return (double)most_so_far;
}

// A loop of step 1 becomes vector code.
static double raise(double sum, void *y_, ptrdiff_t y_step, const void *x_, ptrdiff_t x_step, int64_t n, double off_) {
  T *y = y_;
  const T *x = x_, off = (T)off_;
  if (y_step == 1 && x_step == 1) {
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) y[i] = math_exp(x[i] - off);
    return sum + sum_of(y, n);
  }
  for (int64_t i = 0; i < n; i++) sum += (double)(y[i * y_step] = math_exp(x[i * x_step] - off));
  return sum;
}

static void scale(void *y_, ptrdiff_t step, int64_t n, double share_) {
  T *y = y_, share = (T)share_;
  if (step == 1) {
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) y[i] *= share;
    return;
  }
  for (int64_t i = 0; i < n; i++) y[i * step] *= share;
}

static void shift(void *y_, ptrdiff_t y_step, const void *x_, ptrdiff_t x_step, int64_t n, double off_,
                  double log_sum_) {
  T *y = y_;
  const T *x = x_, off = (T)off_, log_sum = (T)log_sum_;
  if (y_step == 1 && x_step == 1) {
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) y[i] = (x[i] - off) - log_sum;
    return;
  }
  for (int64_t i = 0; i < n; i++) y[i * y_step] = (x[i * x_step] - off) - log_sum;
}

// ---- neighbouring lanes -------------------------------------------------------------------------

static void lanes_largest(void *off_, const void *x_, ptrdiff_t step, int64_t rows, int64_t lanes, bool begun) {
  T *off = off_;
  for (int64_t l = 0; l < lanes && !begun; l++) off[l] = (T)-INFINITY;
  for (int64_t r = 0; r < rows; r++) {
    const T *x = (const T *)x_ + r * step;
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) off[l] = larger(x[l], off[l]);
  }
}

static void lanes_raise(double *sum, void *y_, ptrdiff_t y_step, const void *x_, ptrdiff_t x_step, int64_t rows,
                        int64_t lanes, const void *off_) {
  const T *off = off_;
  for (int64_t r = 0; r < rows; r += 4) {
    int64_t few = least(rows - r, 4);
    const T *y = (const T *)y_ + r * y_step;
    for (int64_t k = r; k < r + few; k++) {
      const T *x = (const T *)x_ + k * x_step;
      T *power = (T *)y_ + k * y_step;
      INDEPENDENT
      for (int64_t l = 0; l < lanes; l++) power[l] = math_exp(x[l] - off[l]);
    }
    if (few == 4) {
      INDEPENDENT
      for (int64_t l = 0; l < lanes; l++) {
        sum[l] += (double)((y[l] + y[y_step + l]) + (y[2 * y_step + l] + y[3 * y_step + l]));
      }
      continue;
    }
    for (int64_t k = 0; k < few; k++) {
      INDEPENDENT
      for (int64_t l = 0; l < lanes; l++) sum[l] += (double)y[k * y_step + l];
    }
  }
}

static void lanes_scale(void *y_, ptrdiff_t step, int64_t rows, int64_t lanes, const double *sum) {
  T share[DW_SOFTMAX_LANES];
  for (int64_t l = 0; l < lanes; l++) share[l] = (T)(1 / sum[l]);
  for (int64_t r = 0; r < rows; r++) {
    T *y = (T *)y_ + r * step;
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) y[l] *= share[l];
  }
}

static void lanes_shift(void *y_, ptrdiff_t y_step, const void *x_, ptrdiff_t x_step, int64_t rows, int64_t lanes,
                        const void *off_, const double *sum) {
  const T *off = off_;
  T log_of[DW_SOFTMAX_LANES];
  INDEPENDENT
  for (int64_t l = 0; l < lanes; l++) log_of[l] = math_log((T)sum[l]);
  for (int64_t r = 0; r < rows; r++) {
    const T *x = (const T *)x_ + r * x_step;
    T *y = (T *)y_ + r * y_step;
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) y[l] = (x[l] - off[l]) - log_of[l];
  }
}

const struct dw_softmax_kernels DW_NAME(softmax) = {whole,         largest,     raise,       scale,      shift,
                                                    lanes_largest, lanes_raise, lanes_scale, lanes_shift};
