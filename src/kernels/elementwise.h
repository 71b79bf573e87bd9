// elementwise.h: the signatures of elementwise.c. Included by that and by src/elementwise.c.
#ifndef DWCONV_KERNELS_ELEMENTWISE_H
#define DWCONV_KERNELS_ELEMENTWISE_H

#include "kernels.h"

// DW_ELEMENTWISE_add and so on, in the order of the list.
enum dw_elementwise_op {
#define OP1(kinds, name, value) DW_ELEMENTWISE_##name,
#define RARE(kinds, name, ...) DW_ELEMENTWISE_##name,
#define OP2 OP1
#define OP3 OP1
#define TEST OP1
#define CHOOSE OP1
#define ASK OP1
#include "elementwise_list.h"
#undef OP1
#undef RARE
#undef OP2
#undef OP3
#undef TEST
#undef CHOOSE
#undef ASK
  DW_ELEMENTWISE_OPS
};

// y[i] = op(x[0][i], ...) for i < n, all contiguous; NULL where an op is not for this element type.
struct dw_elementwise_kernels {
  void (*run[DW_ELEMENTWISE_OPS])(void *y, const void *const *x, int64_t n);
};

#endif
