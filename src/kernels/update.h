// update.h: the signatures of update.c. Included by that and by src/update.c.
#ifndef DWCONV_KERNELS_UPDATE_H
#define DWCONV_KERNELS_UPDATE_H

#include "kernels.h"

// DW_STEP_adam and so on, in the order of the list.
enum {
#define STEP(name, slots, numbers) DW_STEP_##name,
#include "update_list.h"
  DW_STEPS
};

// Of n neighbouring elements. Numbers are those of dw_update: scale, clip, decay, then the step's own.
struct dw_update_kernels {
  void (*step[DW_STEPS])(void *w, const void *g, void *const *slots, int64_t n, const double *numbers);
  double (*squares)(const void *x, int64_t n); // the sum of their squares, made in double
};

#endif
