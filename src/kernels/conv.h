// conv.h: the signatures of conv.c. Included by that and by src/conv.
#ifndef DWCONV_KERNELS_CONV_H
#define DWCONV_KERNELS_CONV_H

#include "kernels.h"

enum { DW_CONV_ROWS = 32 }; // of taps, at most, in a call

// Pixels of a line, in one vector of lanes, for groups that have as many channels in x as in y. For i < pixels:
//     y[i*y_pixel + l] (+)= sum over rows r, v < taps and c < channels of
//         kernel[kernel_row[r] + v*kernel_tap + c*kernel_channel + l] * x[row[r] + i*x_pixel + v*x_tap + first(l) + c]
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

// The gradient of that kernel, for one row of taps and one line of pixels, all of which meet inside x:
//     kernel[v*kernel_tap + c*kernel_channel + l] +=
//         sum over i < pixels of g[i*g_pixel + l] * x[i*x_pixel + v*x_tap + first(l) + c]
// With `clears`, it is 0 before.
struct dw_conv_grouped_sums {
  void *kernel;
  const void *g, *x;
  int64_t pixels, taps;
  int channels;
  bool clears;
  ptrdiff_t g_pixel, x_pixel, x_tap, kernel_tap, kernel_channel;
};

struct dw_conv_kernels {
  int lanes; // 0: these do not pay
  void (*grouped)(const struct dw_conv_grouped *g);
  void (*grouped_sums)(const struct dw_conv_grouped_sums *g);
};

#endif
