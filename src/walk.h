// walk.h: several tensors of one shape as the fewest axes that describe them all. For drivers only.
#ifndef DWCONV_WALK_H
#define DWCONV_WALK_H

#include "dwconv.h"

enum { DW_OPERANDS = 4 };

// Size-1 axes are dropped, axes are ordered by the first tensor's strides (largest first), neighbours are merged where
// every tensor allows it. There is at least one axis.
struct dw_walk {
  int operands, rank;
  int64_t size[DW_MAX_RANK];
  int64_t step[DW_OPERANDS][DW_MAX_RANK]; // in elements
  char *data[DW_OPERANDS];
  int64_t bytes[DW_OPERANDS]; // of an element
};

void dw_walk_init(struct dw_walk *w, int operands, const dw_tensor *const *tensors);
void dw_walk_swap(struct dw_walk *w, int i, int j);
// Where operand s has the element whose indices on the first `axes` axes are the digits of `outer`.
char *dw_walk_at(const struct dw_walk *w, int s, int axes, int64_t outer);

#endif
