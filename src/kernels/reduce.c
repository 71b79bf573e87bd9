// reduce.c: sums, products, extremes, their positions, and running sums. Called by src/reduce.c.
// Sums and products of floats are kept in double and rounded once; those of whole numbers wrap in 64 bits. An
// accumulator is WIDE for sum and prod, T for max and min. NaN wins in max and min.
#include <math.h>
#include <stdbool.h>

#include "kernels.h"
#include "vec.h"

#if defined DW_IS_FLOAT
typedef double wide;
#define LOWEST (T) - INFINITY
#define HIGHEST (T) INFINITY
#elif defined DW_IS_BOOL
typedef int64_t wide;
#define LOWEST 0
#define HIGHEST 1
#else
typedef int64_t wide;
#define LOWEST ((T)-1 > 0 ? 0 : (T)((uint64_t)1 << (8 * sizeof(T) - 1)))
#define HIGHEST ((T)~LOWEST)
#endif
INLINE wide join_sum(wide a, wide b) { return a + b; }
INLINE wide join_prod(wide a, wide b) { return a * b; }
INLINE T join_max(T a, T b) { return b > a || b != b ? b : a; }
INLINE T join_min(T a, T b) { return b < a || b != b ? b : a; }

// ACROSS accumulators work side by side along a row, so that its order is fixed and no addition waits for the last.
enum { ACROSS = 128 / (int)sizeof(T) };

#define REDUCTION(name, A, first)                                                                                      \
  static void start_##name(void *acc_, int64_t n) {                                                                    \
    A *acc = acc_;                                                                                                     \
    for (int64_t i = 0; i < n; i++) acc[i] = first;                                                                    \
  }                                                                                                                    \
  static void row_##name(void *acc_, const void *x_, ptrdiff_t step, int64_t n) {                                      \
    A *acc = acc_, across[ACROSS];                                                                                     \
    const T *x = x_;                                                                                                   \
    int64_t i = 0;                                                                                                     \
    if (step == 1 && n >= ACROSS) {                                                                                    \
      for (int k = 0; k < ACROSS; k++) across[k] = first;                                                              \
      for (; i + ACROSS <= n; i += ACROSS) {                                                                           \
        UNROLL                                                                                                         \
        for (int k = 0; k < ACROSS; k++) across[k] = join_##name(across[k], x[i + k]);                                 \
      }                                                                                                                \
      for (int k = 0; k < ACROSS; k++) *acc = join_##name(*acc, across[k]);                                            \
    }                                                                                                                  \
    for (; i < n; i++) *acc = join_##name(*acc, x[i * step]);                                                          \
  }                                                                                                                    \
  static void columns_##name(void *acc_, const void *x_, ptrdiff_t pitch, int64_t rows, int64_t n) {                   \
    A *acc = acc_;                                                                                                     \
    const T *x = x_;                                                                                                   \
    int64_t r = 0;                                                                                                     \
    for (; r + 4 <= rows; r += 4, x += 4 * pitch) {                                                                    \
      const T *x1 = x + pitch, *x2 = x1 + pitch, *x3 = x2 + pitch;                                                     \
      INDEPENDENT                                                                                                      \
      for (int64_t i = 0; i < n; i++) {                                                                                \
        A low = join_##name((A)x[i], (A)x1[i]), high = join_##name((A)x2[i], (A)x3[i]);                                \
        acc[i] = join_##name(acc[i], join_##name(low, high));                                                          \
      }                                                                                                                \
    }                                                                                                                  \
    for (; r < rows; r++, x += pitch) {                                                                                \
      INDEPENDENT                                                                                                      \
      for (int64_t i = 0; i < n; i++) acc[i] = join_##name(acc[i], (A)x[i]);                                           \
    }                                                                                                                  \
  }                                                                                                                    \
  static void join_all_##name(void *acc_, const void *other_, int64_t n) {                                             \
    A *acc = acc_;                                                                                                     \
    const A *other = other_;                                                                                           \
    for (int64_t i = 0; i < n; i++) acc[i] = join_##name(acc[i], other[i]);                                            \
  }                                                                                                                    \
  static void finish_##name(void *y_, ptrdiff_t step, const void *acc_, int64_t n) {                                   \
    T *y = y_;                                                                                                         \
    const A *acc = acc_;                                                                                               \
    for (int64_t i = 0; i < n; i++) y[i * step] = (T)acc[i];                                                           \
  }

REDUCTION(sum, wide, 0)
REDUCTION(prod, wide, 1)
REDUCTION(max, T, LOWEST)
REDUCTION(min, T, HIGHEST)

// The first of the least (or largest) of n elements `pitch` apart, from 1 on. NaN is passed over; where all are NaN it
// is 1.
static int64_t arg(const void *x_, ptrdiff_t pitch, int64_t n, bool least) {
  const T *x = x_;
  T best = x[0];
  int64_t at = 0;
  for (int64_t i = 1; i < n; i++) {
    T v = x[i * pitch];
    if (best != best ? v == v : least ? v < best : v > best) best = v, at = i;
  }
  return at + 1;
}

// ---- running sums --------------------------------------------------------------------------------

static void running_sum(void *y_, ptrdiff_t y_pitch, const void *const *x_, const ptrdiff_t *pitch, int64_t n) {
  T *y = y_;
  const T *x = x_[0];
  wide sum = 0;
  for (int64_t i = 0; i < n; i++) y[i * y_pitch] = (T)(sum += x[i * pitch[0]]);
}

static void running_prod(void *y_, ptrdiff_t y_pitch, const void *const *x_, const ptrdiff_t *pitch, int64_t n) {
  T *y = y_;
  const T *x = x_[0];
  wide product = 1;
  for (int64_t i = 0; i < n; i++) y[i * y_pitch] = (T)(product *= x[i * pitch[0]]);
}

static void recurrence(void *y_, ptrdiff_t y_pitch, const void *const *x_, const ptrdiff_t *pitch, int64_t n) {
  T *y = y_;
  const T *a = x_[0], *b = x_[1];
  wide last = 0;
  for (int64_t i = 0; i < n; i++) {
    last = i > 0 ? a[i * pitch[0]] + b[i * pitch[1]] * last : a[0];
    y[i * y_pitch] = (T)last;
  }
}

#define ENTRY(name, A)                                                                                                 \
  { sizeof(A), start_##name, row_##name, columns_##name, join_all_##name, finish_##name }
const struct dw_reduce_kernels DW_NAME(reduce) = {
    .reduction = {ENTRY(sum, wide), ENTRY(prod, wide), ENTRY(max, T), ENTRY(min, T)}, // ORDER dw_reduction
    .arg = arg,
    .scan = {running_sum, running_prod, recurrence}, // ORDER dw_scan
};
