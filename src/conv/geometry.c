// geometry.c: the geometry of a convolution of one to three axes, in all its directions. Called by the binding and by
// the drivers.
#include "conv.h"

dw_status dw_conv_init(dw_conv *d, const dw_tensor *x, const dw_tensor *kernel, const int64_t *strides,
                       const int64_t *dilation, dw_padding mode, const int64_t *pads, int *axis) {
  int axes = x->rank - 2, missing = DW_SPATIAL - axes;
  int64_t channels = x->shape[axes + 1], columns = kernel->shape[axes + 1];
  *d = (dw_conv){.dtype = x->dtype, .axes = axes, .batch = x->shape[0], .in = kernel->shape[axes]};
  if (x->dtype != kernel->dtype || !dw_dtype_is_float(x->dtype)) return DW_DTYPE;
  if (d->in == 0 ? channels != 0 : channels % d->in != 0) return DW_CHANNELS;
  d->groups = d->in == 0 ? 1 : most(1, channels / d->in);
  if (columns % d->groups != 0) return DW_GROUPS;
  if (channels == 0 && d->in != 0) return DW_CHANNELS;
  d->out = columns / d->groups;
  for (int i = 0; i < missing; i++) dw_axis_init(&d->axis[i], 1, 1, 1, 1, DW_VALID);
  for (int i = 0; i < axes; i++) {
    dw_axis *a = &d->axis[missing + i];
    *axis = i;
    if (mode == DW_EXPLICIT) a->before = pads[2 * i], a->after = pads[2 * i + 1];
    dw_status s = dw_axis_init(a, x->shape[1 + i], kernel->shape[i], strides[i], dilation[i], mode);
    if (s != DW_OK) return s;
  }
  return DW_OK;
}

struct dw_volume dw_volume_of(const dw_tensor *t) {
  struct dw_volume v = {.data = t->data, .image = t->strides[0], .channel = t->strides[t->rank - 1]};
  for (int i = 0; i < t->rank - 2; i++) v.step[DW_SPATIAL - t->rank + 2 + i] = t->strides[1 + i];
  return v;
}

int64_t dw_conv_taps(const dw_conv *d) { return d->axis[0].kernel * d->axis[1].kernel * d->axis[2].kernel; }

double dw_conv_work(const dw_conv *d) {
  double work = (double)d->batch * (double)d->groups * (double)d->in * (double)d->out;
  for (int i = 0; i < DW_SPATIAL; i++) work *= (double)d->axis[i].out * (double)d->axis[i].kernel;
  return work;
}

// ---- axes ---------------------------------------------------------------------------------------

int64_t dw_conv_phases(const dw_axis *a, bool back) { return back ? dw_axis_phases_back(a) : 1; }

void dw_conv_phase(struct dw_conv_axis *c, const dw_axis *a, bool back, int64_t phase) {
  dw_phase p;
  if (!back) {
    *c = (struct dw_conv_axis){.count = a->out, .to_step = 1, .in = a->in, .first = -a->before, .stride = a->stride};
    c->dilation = a->dilation, c->taps = a->kernel, c->tap_step = 1;
    c->grid = a->kernel > 1 ? gcd(a->stride, a->dilation) : a->stride;
    return;
  }
  dw_axis_phase_back(&p, a, phase);
  *c = (struct dw_conv_axis){.count = p.count, .to_first = p.to_first, .to_step = p.to_step, .in = a->out};
  c->first = p.from_first + p.first * p.from_step;
  c->stride = c->dilation = c->grid = p.from_step;
  c->taps = p.taps, c->tap_first = a->kernel - 1 - p.tap_first, c->tap_step = -p.tap_step;
}

void dw_conv_longest_phase(struct dw_conv_axis *c, const dw_axis *a, bool back) {
  dw_conv_phase(c, a, back, 0);
  if (!back) return;
  int64_t tap_step = a->stride / gcd(a->stride, a->dilation);
  c->count = parts(a->in, c->to_step), c->taps = parts(a->kernel, tap_step);
}

int64_t dw_conv_places(const struct dw_conv_axis *c, int64_t count) {
  return (count - 1) * (c->stride / c->grid) + most(0, c->taps - 1) * (c->dilation / c->grid) + 1;
}
