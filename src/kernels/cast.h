// cast.h: the signatures of cast.c, which converts elements. Included by that and by drivers.
#ifndef DWCONV_KERNELS_CAST_H
#define DWCONV_KERNELS_CAST_H

#include "kernels.h"

// Conversion goes through a wide type: int64_t for whole numbers, double for floats. `wide` is contiguous.
struct dw_cast_kernels {
  void (*widen)(void *wide, const void *from, ptrdiff_t from_step, int64_t n);
  void (*from_i64)(void *to, ptrdiff_t to_step, const int64_t *wide, int64_t n);
  void (*from_f64)(void *to, ptrdiff_t to_step, const double *wide, int64_t n);
};

#endif
