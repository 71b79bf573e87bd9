// ctc.h: the signatures of ctc.c. Included by that and by src/ctc/.
#ifndef DWCONV_KERNELS_CTC_H
#define DWCONV_KERNELS_CTC_H

#include "kernels.h"

// The logarithm of a probability that is 0: so low that nothing which is added brings it back.
#define DW_CTC_NEVER (-1e300)

// Logarithms of probabilities of the states of a labelling, at one step of time. `row` holds those of the classes at
// that step, `classes` the class of each state, from 0 on.
struct dw_ctc_kernels {
  // after[s] = log(e^before[s] + e^before[s-1] + e^(before[s-2] + skip[s])) + row[classes[s]]. before[-1] and
  // before[-2] are there, and DW_CTC_NEVER.
  void (*step)(double *after, const double *before, const double *skip, const void *row, const int64_t *classes,
               int64_t states);
  // gradient[c] -= scale times the share of each state of class c: e^(forward[s] + backward[states-1-s] - its row -
  // total). Both directions hold the row. `work` has room for the states.
  void (*share)(void *gradient, double *work, const double *forward, const double *backward, const void *row,
                const int64_t *classes, int64_t states, double total, double scale);
};

#endif
