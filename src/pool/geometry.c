// geometry.c: the geometry of pooling, of all its drivers: windows of outputs and, for the gradient, the outputs that
// an input belongs to. Called by the binding and by the drivers. Invariant: a span lies inside its axis.
#include "pool.h"

dw_status dw_pool_init(dw_pool *p, const dw_tensor *x, const int64_t size[3], const int64_t strides[3],
                       const int64_t dilation[3], dw_padding mode, const int64_t pads[6], int *axis) {
  p->dtype = x->dtype, p->batch = x->shape[0], p->channels = x->shape[4];
  if (!dw_dtype_is_float(x->dtype)) return DW_DTYPE;
  for (int i = 0; i < 3; i++) {
    *axis = i;
    if (mode == DW_EXPLICIT) p->axes[i].before = pads[2 * i], p->axes[i].after = pads[2 * i + 1];
    dw_status s = dw_axis_init(&p->axes[i], x->shape[1 + i], size[i], strides[i], dilation[i], mode);
    if (s != DW_OK) return s;
  }
  return DW_OK;
}

int64_t dw_pool_lines(const dw_axis *a, bool back) { return !back || a->stride == 1 ? 1 : dw_axis_phases_back(a); }

struct dw_line dw_pool_line(const dw_axis *a, bool back, int64_t number) {
  if (!back) return (struct dw_line){0, 1, a->out, -a->before, a->stride, a->dilation, a->kernel, a->in};
  if (a->stride == 1) {
    int64_t start = a->before - (a->kernel - 1) * a->dilation;
    return (struct dw_line){0, 1, a->in, start, 1, a->dilation, a->kernel, a->out};
  }
  dw_phase p;
  dw_axis_phase_back(&p, a, number);
  int64_t start = p.from_first + p.first * p.from_step;
  return (struct dw_line){p.to_first, p.to_step, p.count, start, p.from_step, p.from_step, p.taps, a->out};
}

struct dw_span dw_line_span(const struct dw_line *l, int64_t m) {
  int64_t at = l->start + m * l->advance, lo, hi;
  dw_inside(at, l->step, l->taps, l->extent, &lo, &hi);
  return lo == hi ? (struct dw_span){0, 0} : (struct dw_span){at + lo * l->step, hi - lo};
}

struct dw_span dw_pool_span(const dw_axis *a, bool back, int64_t to) {
  int64_t lines = dw_pool_lines(a, back);
  struct dw_line l = dw_pool_line(a, back, to % lines);
  return dw_line_span(&l, to / lines);
}

void dw_line_interior(const struct dw_line *l, int64_t *first, int64_t *end) {
  int64_t room = l->extent - l->start - (l->taps - 1) * l->step; // for the first tap of the last window
  *first = least(l->start < 0 ? parts(-l->start, l->advance) : 0, l->count);
  *end = room > 0 && l->taps > 0 ? most(*first, least(l->count, parts(room, l->advance))) : *first;
}

int64_t dw_pool_count(const dw_pool *p, int axis, int64_t i) {
  return p->count_padding ? p->axes[axis].kernel : dw_pool_span(&p->axes[axis], false, i).taps;
}
