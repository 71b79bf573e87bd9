// softmax.h: the signatures of softmax.c. Included by that and by src/softmax.c.
#ifndef DWCONV_KERNELS_SOFTMAX_H
#define DWCONV_KERNELS_SOFTMAX_H

#include "kernels.h"

enum { DW_SOFTMAX_BLOCK = 2048, DW_SOFTMAX_LANES = 256 }; // of a call at most: elements of whole lines; lines or lanes

// `off` is the largest number of a whole line, or of each lane; `sum` that of all e^(x - off), in double.
struct dw_softmax_kernels {
  // Whole lines, each contiguous, all at once.
  void (*whole)(void *y, ptrdiff_t y_pitch, const void *x, ptrdiff_t x_pitch, int64_t n, int64_t lines, bool log);

  // Parts of a line, which may be taken piece by piece, i < n. largest gives the larger of `so_far` and all x[i*step],
  // but passes NaN over; raise: y[i*y_step] = e^(x[i*x_step] - off), and the sum with all of them added in their order;
  // scale: y[i*step] *= share; shift: y[i*y_step] = x[i*x_step] - off - log_sum.
  double (*largest)(double so_far, const void *x, ptrdiff_t step, int64_t n);
  double (*raise)(double sum, void *y, ptrdiff_t y_step, const void *x, ptrdiff_t x_step, int64_t n, double off);
  void (*scale)(void *y, ptrdiff_t step, int64_t n, double share);
  void (*shift)(void *y, ptrdiff_t y_step, const void *x, ptrdiff_t x_step, int64_t n, double off, double log_sum);

  // The same for neighbouring lanes, whose lines go from row to row; `off` and `sum` have one for each lane.
  void (*lanes_largest)(void *off, const void *x, ptrdiff_t step, int64_t rows, int64_t lanes, bool begun);
  void (*lanes_raise)(double *sum, void *y, ptrdiff_t y_step, const void *x, ptrdiff_t x_step, int64_t rows,
                      int64_t lanes, const void *off);
  void (*lanes_scale)(void *y, ptrdiff_t step, int64_t rows, int64_t lanes, const double *sum);
  void (*lanes_shift)(void *y, ptrdiff_t y_step, const void *x, ptrdiff_t x_step, int64_t rows, int64_t lanes,
                      const void *off, const double *sum);
};

#endif
