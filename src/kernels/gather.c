// gather.c: elements added up by index. Called by src/gather.c.
// Invariant: an accumulator is WIDE: sums of floats are kept in double and rounded once, at the end; those of whole
// numbers wrap in 64 bits. What is added to one element is added in the order of the indices.
#include "kernels.h"
#include "vec.h"

#if defined DW_IS_FLOAT
typedef double wide;
#else
typedef int64_t wide;
#endif
enum { BLOCK = 64 }; // lanes that are added up in a cache's lines of their own; loops of so many rounds become vectors

// A row of indices that are the same for all lanes.
INLINE void add_row(wide *acc, const T *y, int64_t lanes) {
  INDEPENDENT
  for (int64_t l = 0; l < lanes; l++) acc[l] += (wide)y[l];
}

static void add(void *acc_, const void *y_, ptrdiff_t y_pitch, const int64_t *at, ptrdiff_t at_pitch, ptrdiff_t at_step,
                int64_t k, int64_t lanes) {
  wide *acc = acc_;
  const T *y = y_;
  for (int64_t i = 0; i < k; i++, y += y_pitch, at += at_pitch) {
    if (at_step == 0) {
      add_row(acc + (at[0] - 1) * lanes, y, lanes);
      continue;
    }
    for (int64_t l = 0; l < lanes; l++) acc[(at[l * at_step] - 1) * lanes + l] += (wide)y[l];
  }
}

INLINE void add_list(wide *acc, const T *y, ptrdiff_t pitch, const int64_t *rows, int64_t count, int64_t known,
                     int64_t lanes) {
  enum { AHEAD = 8 }; // rows lie anywhere, so they are asked for before they are read
  for (int64_t i = 0; i < count; i++) {
    const T *later = y + rows[i + AHEAD < known ? i + AHEAD : i] * pitch;
    for (int64_t at = 0; at < lanes; at += 64 / (int)sizeof(T)) __builtin_prefetch(later + at);
    add_row(acc, y + rows[i] * pitch, lanes);
  }
}

static void add_listed(void *acc_, const void *y_, ptrdiff_t pitch, const int64_t *rows, int64_t count, int64_t known,
                       int64_t lanes) {
  wide *acc = acc_;
  const T *y = y_;
  int64_t l = 0;
  for (; l + BLOCK <= lanes; l += BLOCK) {
    wide sum[BLOCK];
    for (int k = 0; k < BLOCK; k++) sum[k] = acc[l + k];
    add_list(sum, y + l, pitch, rows, count, known, BLOCK);
    for (int k = 0; k < BLOCK; k++) acc[l + k] = sum[k];
  }
  if (l < lanes) add_list(acc + l, y + l, pitch, rows, count, known, lanes - l);
}

static void sum_listed(void *x_, const void *y_, ptrdiff_t pitch, const int64_t *rows, int64_t count, int64_t known,
                       int64_t lanes) {
  T *x = x_;
  const T *y = y_;
  int64_t l = 0;
  for (; l + BLOCK <= lanes; l += BLOCK) {
    wide sum[BLOCK] = {0};
    add_list(sum, y + l, pitch, rows, count, known, BLOCK);
    for (int k = 0; k < BLOCK; k++) x[l + k] = (T)sum[k];
  }
  if (l == lanes) return;
  wide sum[BLOCK] = {0};
  add_list(sum, y + l, pitch, rows, count, known, lanes - l);
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
