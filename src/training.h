// training.h: the part of the C API for training. Included by dwconv.h, at its end.
// SPDX-License-Identifier: MIT
#ifndef DWCONV_TRAINING_H
#define DWCONV_TRAINING_H

#include "dwconv.h"

// ---- steps of optimizers -------------------------------------------------------------------------

// Steps are known by number, found by name; kernels/update_list.h lists them, with their slots and numbers. -1: there
// is no such step.
enum { DW_UPDATE_SLOTS = 3, DW_UPDATE_COMMON = 3, DW_UPDATE_NUMBERS = 9 };
int dw_update_find(const char *name);
int dw_update_slots(int step);
int dw_update_numbers(int step); // with the three that every step has
// One step of the weights w along the gradient g, in place, and of its slots. All are contiguous floats of one shape
// and dtype; g may be w, else they do not overlap. Numbers: scale and clip (each element of g is multiplied by scale,
// then brought to -clip..clip), decay (the share of w that is taken off before), then the step's own.
void dw_update_init(dw_job *j, const dw_context *cx, int step, const dw_tensor *w, const dw_tensor *const *slots,
                    const dw_tensor *g, const double *numbers);
// The sum of the squares of x, contiguous floats, in double; it is there when the job has run.
dw_status dw_squares_init(dw_job *j, const dw_context *cx, double *sum, const dw_tensor *x);

#endif
