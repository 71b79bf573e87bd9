// layout.h: the signatures of layout.c, which move elements of one size. Included by that and by drivers.
#ifndef DWCONV_KERNELS_LAYOUT_H
#define DWCONV_KERNELS_LAYOUT_H

#include "kernels.h"

// Moves elements of one size; the type stands for the size.
struct dw_layout_kernels {
  // to[c*to_pitch + r] = from[r*from_pitch + c] for r < rows, c < cols
  void (*transpose)(void *to, ptrdiff_t to_pitch, const void *from, ptrdiff_t from_pitch, int64_t rows, int64_t cols);
  // to[i*to_step] = from[i*from_step] for i < n
  void (*copy)(void *to, ptrdiff_t to_step, const void *from, ptrdiff_t from_step, int64_t n);
  // to[r*to_pitch + i*to_step] = from[r*from_pitch + i*from_step] for r < rows, i < n
  void (*copy_rows)(void *to, ptrdiff_t to_pitch, ptrdiff_t to_step, const void *from, ptrdiff_t from_pitch,
                    ptrdiff_t from_step, int64_t rows, int64_t n);
  void (*fill)(void *to, ptrdiff_t to_step, const void *element, int64_t n);
  // to[i] = from[i] for i < n, past the caches where the CPU can; other threads see it after a fence
  void (*stream)(void *to, const void *from, int64_t n);
  // like transpose, past the caches where the lines of `to` allow it
  void (*stream_transpose)(void *to, ptrdiff_t to_pitch, const void *from, ptrdiff_t from_pitch, int64_t rows,
                           int64_t cols);
};

#endif
