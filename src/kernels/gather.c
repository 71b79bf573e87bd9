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

static void add(void *acc_, const void *y_, ptrdiff_t y_pitch, const int64_t *at, ptrdiff_t at_pitch, ptrdiff_t at_step,
                int64_t k, int64_t lanes) {
  wide *acc = acc_;
  const T *y = y_;
  for (int64_t i = 0; i < k; i++, y += y_pitch, at += at_pitch) {
    for (int64_t l = 0; l < lanes; l++) acc[(at[l * at_step] - 1) * lanes + l] += (wide)y[l];
  }
}

static int64_t add_listed(void *acc_, const void *y_, ptrdiff_t pitch, const int64_t *next, int64_t i, int64_t most,
                          int64_t lanes) {
  wide *acc = acc_;
  for (; i >= 0 && most > 0; i = next[i], most--) {
    const T *y = (const T *)y_ + i * pitch;
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) acc[l] += (wide)y[l];
  }
  return i;
}

static void finish(void *x_, ptrdiff_t pitch, const void *acc_, int64_t n, int64_t lanes) {
  T *x = x_;
  const wide *acc = acc_;
  for (int64_t i = 0; i < n; i++, x += pitch, acc += lanes) {
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) x[l] = (T)acc[l];
  }
}

const struct dw_gather_kernels DW_NAME(gather) = {add, add_listed, finish};
