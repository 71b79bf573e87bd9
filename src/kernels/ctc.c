// ctc.c: a step of the forward-backward algorithm over the states of a labelling. Called by src/ctc/ctc.c.
// Invariant: logarithms are added up in double. Of float, the sum of powers, from 1 to 3, is computed in float, which
// leaves an error of 1e-7 in each step, whatever the logarithms are.
#include "ctc.h"
#include "elementary.h"
#include "vec.h"

// Below this a power adds nothing to 1.
INLINE T away(double d) { return (T)(d < -1000 ? -1000 : d); }

INLINE double larger(double a, double b) { return a < b ? b : a; } // NaN stays, if it is a

static void step(double *after, const double *before, const double *skip, const void *row_, const int64_t *classes,
                 int64_t states) {
  const T *row = row_;
  for (int64_t s = 0; s < states; s++) after[s] = larger((double)row[classes[s]], DW_CTC_NEVER);
  INDEPENDENT
  for (int64_t s = 0; s < states; s++) {
    double a = before[s], b = before[s - 1], c = before[s - 2] + skip[s];
    double most = larger(larger(a, b), c);
    T powers = math_exp(away(a - most)) + math_exp(away(b - most)) + math_exp(away(c - most));
    after[s] += most + (double)math_log(powers);
  }
}

static void share(void *gradient_, double *work, const double *forward, const double *backward, const void *row_,
                  const int64_t *classes, int64_t states, double total, double scale) {
  T *gradient = gradient_;
  const T *row = row_;
  for (int64_t s = 0; s < states; s++) {
    work[s] = forward[s] + backward[states - 1 - s] - larger((double)row[classes[s]], DW_CTC_NEVER) - total;
  }
  INDEPENDENT
  for (int64_t s = 0; s < states; s++) work[s] = scale * (double)math_exp(away(work[s]));
  for (int64_t s = 0; s < states; s++) gradient[classes[s]] = (T)((double)gradient[classes[s]] - work[s]);
}

const struct dw_ctc_kernels DW_NAME(ctc) = {step, share};
