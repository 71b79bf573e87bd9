// pool.h: what the drivers of pooling share: their geometry as lines, and which taps of a window are inside the image.
// Included by src/pool/ only.
#ifndef DWCONV_POOL_H
#define DWCONV_POOL_H

#include "base/base.h"
#include "kernels/pool.h"

// Targets along an axis, with the sources that each takes: target to_first + m*to_step, m < count, takes the sources
// start + m*advance + t*step, t < taps, as far as these are in 0 .. extent-1. Forward, an axis is one line; back, with
// strides, several lines.
struct dw_line {
  int64_t to_first, to_step, count;
  int64_t start, advance, step, taps, extent;
};

// The sources inside the image: `taps` of them, from `first` on.
struct dw_span {
  int64_t first, taps;
};

int64_t dw_pool_lines(const dw_axis *a, bool back);
struct dw_line dw_pool_line(const dw_axis *a, bool back, int64_t number);
struct dw_span dw_line_span(const struct dw_line *l, int64_t m);
// The span of target `to` of an axis, whatever line it is on.
struct dw_span dw_pool_span(const dw_axis *a, bool back, int64_t to);
// Targets whose taps are all inside: from *first to *end - 1; none where *first == *end.
void dw_line_interior(const struct dw_line *l, int64_t *first, int64_t *end);

// By how many taps output `i` divides along an axis.
int64_t dw_pool_count(const dw_pool *p, int axis, int64_t i);

#endif
