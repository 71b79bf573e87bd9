// depthwise.h: the signatures of the kernels of depthwise convolution. Included by these and by src/depthwise.
#ifndef DWCONV_KERNELS_DEPTHWISE_H
#define DWCONV_KERNELS_DEPTHWISE_H

#include "kernels.h"

// One axis of a block in one of its phases (see dw_phase): output m and tap t meet at input q = first + m*stride + t;
// input outside 0..extent-1 is padding, and skipped.
struct dw_depthwise_axis {
  int64_t count, first, stride, extent, taps;
};

// Neighbouring taps of a row, `at` the first, which a kernel takes together; bit e of `skip`: its input column e is
// padding. The caller lends the room for a row's list.
struct dw_depthwise_pass {
  int64_t at;
  ptrdiff_t x, w; // from the row's first tap to this one, in the input and in the kernel
  int taps;
  unsigned skip;
};

// The ways in which a convolution, or its gradient with respect to x, is computed. Each has an entry of its own.
enum dw_depthwise_way {
  DW_PLAIN,
  DW_PAIR,   // multiplier 2: y has lanes 2*l and 2*l + 1 from lane l of x, with w and w + w_pair
  DW_SPREAD, // strides are 1/2 of an input: output m and tap t of an axis meet at (first + m - t) / 2, where that is a
             // whole number; 3 or 5 columns of taps
  DW_FLAT    // pixels are narrower than a vector, side by side, in rows of a vector or more; columns have stride 1
};

// A block of an image, whose rows and columns are r, c in the input, m, n in the output and i, t in the kernel:
//     forward:     y(m, n)  = sum over i, t of x(r, c) * w(i, t)
//     grad_kernel: w(i, t) (+)= sum over m, n of x(r, c) * y(m, n)
// each for all lanes, of which there is at least one vector unless the block is flat. Pointers are at index 0, 0, which
// need not exist. In a flat block w has the lanes of a tap repeated: forward for two vectors, grad_kernel for the
// pixels in a vector.
struct dw_depthwise_block {
  void *y, *w; // forward only reads w, grad_kernel y
  const void *x;
  ptrdiff_t y_row, y_col, x_row, x_col, w_row, w_col;
  ptrdiff_t w_vector; // forward: from a vector of lanes to the next in w; 0 where lanes are neighbours, as in x
  ptrdiff_t w_pair;   // of a pair, else 0
  bool add;           // grad_kernel: to what is in w, where the vectors of lanes lie side by side and do not overlap
  struct dw_depthwise_axis rows, cols;
  int64_t lanes;
  struct dw_depthwise_pass *passes; // room for cols.taps
};

typedef void dw_depthwise_fn(const struct dw_depthwise_block *b);

struct dw_depthwise_kernels {
  int vector; // lanes in a vector
  int rows;   // output rows computed together
  dw_depthwise_fn *plain;
  dw_depthwise_fn *pair; // NULL where one row is computed at a time
};

struct dw_depthwise_spread_kernels {
  dw_depthwise_fn *forward;
};

struct dw_depthwise_flat_kernels {
  dw_depthwise_fn *forward, *grad_kernel;
};

struct dw_depthwise_grad_kernels {
  dw_depthwise_fn *grad_kernel;
  // to[i] = sum over p < parts and r < repeats, in this order, of from[p*from_pitch + r*n + i] for i < n
  void (*sum)(void *to, const void *from, ptrdiff_t from_pitch, int64_t parts, int64_t repeats, int64_t n);
};

// A multiplier above one is expand before the kernels or fold after them; both also widen channels to a whole vector.
//   expand: to[p*to_pitch + l] = from[p*from_step + (first+l)/m * from_lane], l < lanes.
//           Reads any value of a pixel up to its last one, and writes pixels in order, each up to a vector more: 0 up
//           to the first vector's end, then anything
//   fold:   to[p*to_step + c*to_lane] = sum over q < m of from[p*from_pitch + c*m + q], c < channels
struct dw_depthwise_pack_kernels {
  void (*expand)(void *to, ptrdiff_t to_pitch, const void *from, ptrdiff_t from_step, ptrdiff_t from_lane,
                 int64_t pixels, int64_t first, int64_t lanes, int64_t m);
  void (*fold)(void *to, ptrdiff_t to_step, ptrdiff_t to_lane, const void *from, ptrdiff_t from_pitch, int64_t pixels,
               int64_t channels, int64_t m);
};

#endif
