// conv.h: the signatures of conv.c. Included by that and by src/conv.
#ifndef DWCONV_KERNELS_CONV_H
#define DWCONV_KERNELS_CONV_H

#include "kernels.h"

enum { DW_CONV_ROWS = 32 }; // of taps, at most, in a call

// Pixels of a line, in one vector of lanes, for groups that have as many channels in x as in y. For i < pixels:
//     y[i*y_pixel + l] (+)= sum over rows r, v < taps and c < channels of
//         kernel[kernel_row[r] + (v*kernel_tap + c*kernel_channel) + l] * x[row[r] + i*x_pixel + v*x_tap + first(l) + c]
// where first(l) is the first lane of l's group. Steps count elements.
struct dw_conv_grouped {
  void *y;
  const void *x, *kernel;
  int64_t pixels, rows, taps;
  int channels; // of a group: 2, 4 or 8, at most the lanes of a vector
  bool add;
  ptrdiff_t y_pixel, x_pixel, x_tap, kernel_tap, kernel_channel;
  ptrdiff_t row[DW_CONV_ROWS], kernel_row[DW_CONV_ROWS];
};

struct dw_conv_kernels {
  int lanes; // 0: grouped does not pay
  void (*grouped)(const struct dw_conv_grouped *g);
};

#endif
