// sort.h: the signatures of sort.c. Included by that and by src/sort.c.
#ifndef DWCONV_KERNELS_SORT_H
#define DWCONV_KERNELS_SORT_H

#include "kernels.h"

struct dw_sort_kernels {
  // order[i] = index, from 1 on, of the i-th of keys first .. first+n-1; equal keys stay in order, NaN comes last.
  // `work` has room for n indices.
  void (*argsort)(int64_t *order, int64_t *work, const void *keys, int64_t first, int64_t n, bool descending);
  // to[i] = index from + i, i < count, of what the sorted indices in a and b merge into; of equal keys a's come first.
  void (*merge)(int64_t *to, int64_t from, int64_t count, const int64_t *a, int64_t na, const int64_t *b, int64_t nb,
                const void *keys, bool descending);
};

#endif
