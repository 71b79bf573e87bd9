// reduce.c: sums, products, extremes, moments, positions of extremes, and running sums. Called by src/reduce.c.
// Sums, products and moments of floats are kept in double and rounded at the end, sums in fours of T before; those of
// whole numbers wrap in 64 bits. An accumulator is WIDE, but T for max and min. NaN wins in max and min.
#include <math.h>
#include <stdbool.h>

#include "reduce.h"
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
INLINE T join_max(T a, T b) {
  T most = a > b ? a : b;
  return a != a ? a : most;
}
INLINE T join_min(T a, T b) {
  T least = a < b ? a : b;
  return a != a ? a : least;
}

INLINE T join_most(T a, T b) { return b > a ? b : a; } // these pass over NaN
INLINE T join_least(T a, T b) { return b < a ? b : a; }

// ACROSS accumulators work side by side along a row, so that its order is fixed and no addition waits for the last.
// GCC takes loops of up to 16 rounds apart before it looks for vectors, so there are more than 16.
enum { ACROSS = DW_SIZE == 1 ? 128 : 32 };

// The elements of a row joined to `acc`; `by_fours` is a loop that goes first.
#define ROW(name, A, first, by_fours)                                                                                  \
  INLINE A row_##name(A acc, const T *x, ptrdiff_t step, int64_t n) {                                                  \
    int64_t i = 0;                                                                                                     \
    if (step == 1 && n >= ACROSS) {                                                                                    \
      A across[ACROSS];                                                                                                \
      for (int k = 0; k < ACROSS; k++) across[k] = first;                                                              \
      by_fours;                                                                                                        \
      for (; i + ACROSS <= n; i += ACROSS) {                                                                           \
        INDEPENDENT                                                                                                    \
        for (int k = 0; k < ACROSS; k++) across[k] = join_##name(across[k], (A)x[i + k]);                              \
      }                                                                                                                \
      UNROLL                                                                                                           \
      for (int half = ACROSS / 2; half > 0; half /= 2) {                                                               \
        INDEPENDENT                                                                                                    \
        for (int k = 0; k < half; k++) across[k] = join_##name(across[k], across[k + half]);                           \
      }                                                                                                                \
      acc = join_##name(acc, across[0]);                                                                               \
    }                                                                                                                  \
    for (; i < n; i++) acc = join_##name(acc, (A)x[i * step]);                                                         \
    return acc;                                                                                                        \
  }

// Rows of floats are added up by fours as they are, as conversion to double would cost more than reading them; where
// that is not finite, a row is summed again, each element in double.
#if defined DW_IS_FLOAT
#define BY_FOURS                                                                                                       \
  for (; i + 4 * ACROSS <= n; i += 4 * ACROSS) {                                                                       \
    INDEPENDENT                                                                                                        \
    for (int k = 0; k < ACROSS; k++) {                                                                                 \
      const T *p = x + i + k;                                                                                          \
      across[k] += (p[0] + p[ACROSS]) + (p[2 * ACROSS] + p[3 * ACROSS]);                                               \
    }                                                                                                                  \
  }
#define UNLESS_FINITE                                                                                                  \
  if (!(v - v == 0)) v = row_exact(acc[l], x + l * pitch, step, n);
INLINE wide join_exact(wide a, wide b) { return a + b; }
ROW(exact, wide, 0, )
#else
#define BY_FOURS
#define UNLESS_FINITE
#endif

// The accumulators of a reduction: how they begin, are joined and become results.
#define ACCUMULATOR(name, A, first, result)                                                                            \
  static void start_##name(void *acc_, int64_t lanes) {                                                                \
    A *acc = acc_;                                                                                                     \
    for (int64_t l = 0; l < lanes; l++) acc[l] = first;                                                                \
  }                                                                                                                    \
  static void join_all_##name(void *acc_, const void *other_, int64_t lanes) {                                         \
    A *acc = acc_;                                                                                                     \
    const A *other = other_;                                                                                           \
    for (int64_t l = 0; l < lanes; l++) acc[l] = join_##name(acc[l], other[l]);                                        \
  }                                                                                                                    \
  FINISH(name, A, result)

#define FINISH(name, A, result)                                                                                        \
  static void finish_##name(void *y_, ptrdiff_t pitch, const void *acc_, int64_t lanes, double count) {                \
    T *y = y_;                                                                                                         \
    const A *acc = acc_;                                                                                               \
    (void)count;                                                                                                       \
    for (int64_t l = 0; l < lanes; l++) y[l * pitch] = (T)(result);                                                    \
  }

#define REDUCTION(name, A, first, by_fours, again)                                                                     \
  ROW(name, A, first, by_fours)                                                                                        \
  ACCUMULATOR(name, A, first, acc[l])                                                                                  \
  static void rows_##name(void *acc_, const void *x_, ptrdiff_t pitch, const double *center, int64_t lanes,            \
                          ptrdiff_t step, int64_t n) {                                                                 \
    A *acc = acc_;                                                                                                     \
    const T *x = x_;                                                                                                   \
    (void)center;                                                                                                      \
    for (int64_t l = 0; l < lanes; l++) {                                                                              \
      A v = row_##name(acc[l], x + l * pitch, step, n);                                                                \
      again;                                                                                                           \
      acc[l] = v;                                                                                                      \
    }                                                                                                                  \
  }                                                                                                                    \
  static void columns_##name(void *acc_, const void *x_, const double *center, int64_t lanes, ptrdiff_t step,          \
                             int64_t n) {                                                                              \
    A *acc = acc_;                                                                                                     \
    const T *x = x_;                                                                                                   \
    (void)center;                                                                                                      \
    int64_t i = 0;                                                                                                     \
    for (; i + 4 <= n; i += 4, x += 4 * step) {                                                                        \
      const T *x1 = x + step, *x2 = x1 + step, *x3 = x2 + step;                                                        \
      INDEPENDENT                                                                                                      \
      for (int64_t l = 0; l < lanes; l++) {                                                                            \
        A low = join_##name((A)x[l], (A)x1[l]), high = join_##name((A)x2[l], (A)x3[l]);                                \
        acc[l] = join_##name(acc[l], join_##name(low, high));                                                          \
      }                                                                                                                \
    }                                                                                                                  \
    for (; i < n; i++, x += step) {                                                                                    \
      INDEPENDENT                                                                                                      \
      for (int64_t l = 0; l < lanes; l++) acc[l] = join_##name(acc[l], (A)x[l]);                                       \
    }                                                                                                                  \
  }

REDUCTION(sum, wide, 0, BY_FOURS, UNLESS_FINITE)
REDUCTION(prod, wide, 1, , )
REDUCTION(max, T, LOWEST, , )
REDUCTION(min, T, HIGHEST, , )

#if defined DW_IS_FLOAT
// A moment adds up what `term` makes of the distance d of each element from a center, in double. A row is added up by
// ACROSS accumulators, whose order is fixed.
#define MOMENT(name, term)                                                                                             \
  INLINE double join_##name(double a, double b) { return a + b; }                                                      \
  ACCUMULATOR(name, double, 0, acc[l] / count)                                                                         \
  static void rows_##name(void *acc_, const void *x_, ptrdiff_t pitch, const double *center, int64_t lanes,            \
                          ptrdiff_t step, int64_t n) {                                                                 \
    double *acc = acc_;                                                                                                \
    for (int64_t l = 0; l < lanes; l++) {                                                                              \
      const T *x = (const T *)x_ + l * pitch;                                                                          \
      double across[ACROSS] = {0};                                                                                     \
      int64_t i = 0;                                                                                                   \
      for (; i + ACROSS <= n && step == 1; i += ACROSS) {                                                              \
        INDEPENDENT                                                                                                    \
        for (int k = 0; k < ACROSS; k++) {                                                                             \
          double d = (double)x[i + k] - center[l];                                                                     \
          across[k] += term;                                                                                           \
        }                                                                                                              \
      }                                                                                                                \
      UNROLL                                                                                                           \
      for (int half = ACROSS / 2; half > 0; half /= 2) {                                                               \
        INDEPENDENT                                                                                                    \
        for (int k = 0; k < half; k++) across[k] += across[k + half];                                                  \
      }                                                                                                                \
      for (; i < n; i++) {                                                                                             \
        double d = (double)x[i * step] - center[l];                                                                    \
        across[0] += term;                                                                                             \
      }                                                                                                                \
      acc[l] += across[0];                                                                                             \
    }                                                                                                                  \
  }                                                                                                                    \
  static void columns_##name(void *acc_, const void *x_, const double *center, int64_t lanes, ptrdiff_t step,          \
                             int64_t n) {                                                                              \
    double *acc = acc_;                                                                                                \
    const T *x = x_;                                                                                                   \
    for (int64_t i = 0; i < n; i++, x += step) {                                                                       \
      INDEPENDENT                                                                                                      \
      for (int64_t l = 0; l < lanes; l++) {                                                                            \
        double d = (double)x[l] - center[l];                                                                           \
        acc[l] += term;                                                                                                \
      }                                                                                                                \
    }                                                                                                                  \
  }

MOMENT(away, d)
MOMENT(squares, d *d)
FINISH(mean, double, acc[l] / count)
FINISH(root, double, sqrt(acc[l] / count))
#endif

ROW(most, T, LOWEST, )
ROW(least, T, HIGHEST, )

// ---- along lines ---------------------------------------------------------------------------------

// In a contiguous line the extreme is found first, then where it is.
static int64_t arg_of_row(const T *x, int64_t n, bool least) {
  T best = least ? row_least(HIGHEST, x, 1, n) : row_most(LOWEST, x, 1, n);
  int64_t at = 0;
  while (at < n && !(x[at] == best)) at++;
  return at < n ? at + 1 : 1;
}

INLINE bool is_better(T x, T best, bool least) { return best != best ? x == x : least ? x < best : x > best; }

static void arg(int64_t *at, const void *x_, ptrdiff_t pitch, int64_t done, int64_t n, int64_t lanes, bool least) {
  const T *x = x_;
  T best[DW_BUNDLE];
  if (lanes == 1 && pitch == 1) {
    int64_t here = arg_of_row(x, n, least) - 1;
    if (done == 0 || is_better(x[here], x[*at - 1 - done], least)) *at = done + here + 1;
    return;
  }
  for (int64_t l = 0; l < lanes; l++) {
    if (done == 0) at[l] = 1;
    best[l] = x[(at[l] - 1 - done) * pitch + l];
  }
  for (int64_t i = done == 0; i < n; i++) {
    const T *row = x + i * pitch;
    for (int64_t l = 0; l < lanes; l++) {
      bool better = is_better(row[l], best[l], least);
      best[l] = better ? row[l] : best[l];
      at[l] = better ? done + i + 1 : at[l];
    }
  }
}

INLINE wide next_sum(wide last, T a, T b) { return (void)b, last + a; }
INLINE wide next_prod(wide last, T a, T b) { return (void)b, last * a; }
INLINE wide next_recurrence(wide last, T a, T b) { return a + (last == 0 ? 0 : b * last); } // 0 times inf is 0 here
INLINE wide next_max(wide last, T a, T b) { return (void)b, a > last || a != a ? a : last; }
INLINE wide next_min(wide last, T a, T b) { return (void)b, a < last || a != a ? a : last; }

#define SCAN(name)                                                                                                     \
  static void scan_##name(void *y_, ptrdiff_t y_pitch, const void *const *x_, const ptrdiff_t *pitch, int64_t n,       \
                          int64_t lanes, void *carry, bool begun) {                                                    \
    T *y = y_;                                                                                                         \
    const T *a = x_[0], *b = x_[1];                                                                                    \
    wide *last = carry;                                                                                                \
    if (!begun) {                                                                                                      \
      for (int64_t l = 0; l < lanes; l++) last[l] = a[l], y[l] = a[l];                                                 \
      y += y_pitch, a += pitch[0], b += pitch[1], n--;                                                                 \
    }                                                                                                                  \
    if (lanes == 1) {                                                                                                  \
      wide v = last[0];                                                                                                \
      for (int64_t i = 0; i < n; i++) y[i * y_pitch] = (T)(v = next_##name(v, a[i * pitch[0]], b[i * pitch[1]]));      \
      last[0] = v;                                                                                                     \
      return;                                                                                                          \
    }                                                                                                                  \
    for (int64_t i = 0; i < n; i++, y += y_pitch, a += pitch[0], b += pitch[1]) {                                      \
      INDEPENDENT                                                                                                      \
      for (int64_t l = 0; l < lanes; l++) y[l] = (T)(last[l] = next_##name(last[l], a[l], b[l]));                      \
    }                                                                                                                  \
  }

SCAN(sum)
SCAN(prod)
SCAN(recurrence)
SCAN(max)
SCAN(min)

#define ENTRY(name, A, finish)                                                                                         \
  { sizeof(A), start_##name, rows_##name, columns_##name, join_all_##name, finish_##finish }
#if defined DW_IS_FLOAT
#define MOMENTS , ENTRY(sum, wide, mean), ENTRY(squares, double, squares), ENTRY(squares, double, root)
#else
#define MOMENTS
#endif
const struct dw_reduce_kernels DW_NAME(reduce) = {
    // ORDER dw_reduction
    .reduction = {ENTRY(sum, wide, sum), ENTRY(prod, wide, prod), ENTRY(max, T, max), ENTRY(min, T, min) MOMENTS},
#if defined DW_IS_FLOAT
    .away = ENTRY(away, double, away),
#endif
    .arg = arg,
    .scan = {scan_sum, scan_prod, scan_recurrence, scan_max, scan_min}, // ORDER dw_scan
};
