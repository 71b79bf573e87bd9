// gather.c: elements added up by index. Called by src/gather.c.
// Invariant: an accumulator is WIDE: sums of floats are kept in double (in lists by fours) and rounded at the end;
// those of whole numbers wrap in 64 bits. What is added to one element is added in the order of the indices.
#include "gather.h"
#include "vec.h"

#if defined DW_IS_FLOAT
typedef double wide;
#else
typedef int64_t wide;
#endif
enum { BLOCK = 64 }; // lanes that are added up in a cache's lines of their own; loops of this length become vectors

// A row of indices that are the same for all lanes.
INLINE void add_row(wide *acc, const T *y, int64_t lanes) {
  INDEPENDENT
  for (int64_t l = 0; l < lanes; l++) acc[l] += (wide)y[l];
}

static void add(void *acc_, const void *y_, ptrdiff_t y_pitch, const int64_t *at, ptrdiff_t at_pitch, ptrdiff_t at_step,
                int64_t k, int64_t lanes) {
  wide *acc = acc_;
  const T *y = y_;
  for (int64_t i = 0; lanes == 1 && i < k; i++) acc[at[i * at_pitch] - 1] += (wide)y[i * y_pitch];
  for (int64_t i = 0; lanes > 1 && i < k; i++, y += y_pitch, at += at_pitch) {
    if (at_step == 0) {
      add_row(acc + (at[0] - 1) * lanes, y, lanes);
      continue;
    }
    for (int64_t l = 0; l < lanes; l++) acc[(at[l * at_step] - 1) * lanes + l] += (wide)y[l];
  }
}

// Rows lie anywhere, so they are prefetched before they are read.
INLINE void ask_for(const T *row, int64_t lanes) {
  for (int64_t at = 0; at < lanes; at += 64 / (int)sizeof(T)) __builtin_prefetch(row + at);
}

enum { AHEAD = 8 };

INLINE void add_singly(wide *sum, const T *y, ptrdiff_t pitch, const int64_t *rows, int64_t count, int64_t known,
                       int64_t lanes) {
  for (int64_t i = 0; i < count; i++) {
    ask_for(y + rows[i + AHEAD < known ? i + AHEAD : i] * pitch, lanes);
    add_row(sum, y + rows[i] * pitch, lanes);
  }
}

// Fours are added up as they are, as conversion would cost more than reading them; see kernels/reduce.c.
INLINE void add_by_fours(wide *sum, const T *y, ptrdiff_t pitch, const int64_t *rows, int64_t count, int64_t known,
                         int64_t lanes) {
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    const T *y0 = y + rows[i] * pitch, *y1 = y + rows[i + 1] * pitch;
    const T *y2 = y + rows[i + 2] * pitch, *y3 = y + rows[i + 3] * pitch;
    for (int k = AHEAD; k < AHEAD + 4; k++) ask_for(y + rows[i + k < known ? i + k : i] * pitch, lanes);
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) sum[l] += (wide)(T)((y0[l] + y1[l]) + (y2[l] + y3[l]));
  }
  add_singly(sum, y, pitch, rows + i, count - i, known - i, lanes);
}

#if defined DW_IS_FLOAT
INLINE bool all_finite(const wide *sum, int64_t lanes) {
  int finite = 1;
  for (int64_t l = 0; l < lanes; l++) finite &= sum[l] - sum[l] == 0;
  return finite;
}
#else
INLINE bool all_finite(const wide *sum, int64_t lanes) { return (void)sum, (void)lanes, true; }
#endif

// The sum of `start` (zeros if NULL) and the rows of a list, singly where fours overflow.
INLINE void add_list(wide *sum, const wide *start, const T *y, ptrdiff_t pitch, const int64_t *rows, int64_t count,
                     int64_t known, int64_t lanes) {
  for (int64_t l = 0; l < lanes; l++) sum[l] = start == NULL ? 0 : start[l];
  add_by_fours(sum, y, pitch, rows, count, known, lanes);
  if (count < 4 || all_finite(sum, lanes)) return;
  for (int64_t l = 0; l < lanes; l++) sum[l] = start == NULL ? 0 : start[l];
  add_singly(sum, y, pitch, rows, count, known, lanes);
}

static void add_listed(void *acc_, const void *y_, ptrdiff_t pitch, const int64_t *rows, int64_t count, int64_t known,
                       int64_t lanes) {
  wide *acc = acc_, sum[BLOCK];
  const T *y = y_;
  for (int64_t l = 0, part; l < lanes; l += part) {
    part = lanes - l < BLOCK ? lanes - l : BLOCK;
    if (part == BLOCK) add_list(sum, acc + l, y + l, pitch, rows, count, known, BLOCK);
    if (part < BLOCK) add_list(sum, acc + l, y + l, pitch, rows, count, known, part);
    for (int64_t k = 0; k < part; k++) acc[l + k] = sum[k];
  }
}

static void sum_listed(void *x_, const void *y_, ptrdiff_t pitch, const int64_t *rows, int64_t count, int64_t known,
                       int64_t lanes) {
  T *x = x_;
  const T *y = y_;
  wide sum[BLOCK];
  int64_t l = 0;
  for (; l + BLOCK <= lanes; l += BLOCK) {
    add_list(sum, NULL, y + l, pitch, rows, count, known, BLOCK);
    for (int k = 0; k < BLOCK; k++) x[l + k] = (T)sum[k];
  }
  if (l == lanes) return;
  add_list(sum, NULL, y + l, pitch, rows, count, known, lanes - l);
  for (int64_t k = 0; l + k < lanes; k++) x[l + k] = (T)sum[k];
}

static void finish(void *x_, ptrdiff_t pitch, const void *acc_, int64_t n, int64_t lanes) {
  T *x = x_;
  const wide *acc = acc_;
  if (pitch == lanes) lanes *= n, n = 1;
  for (int64_t i = 0; i < n; i++, x += pitch, acc += lanes) {
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) x[l] = (T)acc[l];
  }
}

const struct dw_gather_kernels DW_NAME(gather) = {add, add_listed, sum_listed, finish};
