// gather.h: the signatures of gather.c. Included by that and by src/gather.c.
#ifndef DWCONV_KERNELS_GATHER_H
#define DWCONV_KERNELS_GATHER_H

#include "kernels.h"

// Sums by index, of which those of floats are kept in double. An accumulator is a double or an int64_t.
struct dw_gather_kernels {
  // acc[(at[i*at_pitch + l*at_step] - 1)*lanes + l] += y[i*y_pitch + l] for i < k, l < lanes
  void (*add)(void *acc, const void *y, ptrdiff_t y_pitch, const int64_t *at, ptrdiff_t at_pitch, ptrdiff_t at_step,
              int64_t k, int64_t lanes);
  // acc[l] += y[rows[i]*pitch + l] for i < count, l < lanes; rows[i] for i < known may be read, and are likely to be
  // next
  void (*add_listed)(void *acc, const void *y, ptrdiff_t pitch, const int64_t *rows, int64_t count, int64_t known,
                     int64_t lanes);
  // The same from 0 on, all in one: x[l] = sum of y[rows[i]*pitch + l]
  void (*sum_listed)(void *x, const void *y, ptrdiff_t pitch, const int64_t *rows, int64_t count, int64_t known,
                     int64_t lanes);
  // x[i*pitch + l] = acc[i*lanes + l] for i < n, l < lanes
  void (*finish)(void *x, ptrdiff_t pitch, const void *acc, int64_t n, int64_t lanes);
};

#endif
