// geometry.c: the geometry of a depthwise convolution, of all its directions. Called by the binding and by the drivers.
#include "depthwise.h"

dw_status dw_depthwise_init(dw_depthwise *d, const dw_tensor *x, const dw_tensor *kernel, const int64_t strides[2],
                            const int64_t dilation[2], dw_padding mode, const int64_t pads[4], int *axis) {
  dw_axis *axes[2] = {&d->rows, &d->cols};
  *d = (dw_depthwise){.dtype = x->dtype, .batch = x->shape[DW_N]};
  d->channels = kernel->shape[2];
  d->multiplier = kernel->shape[3];
  if (x->dtype != kernel->dtype || !dw_dtype_is_float(x->dtype)) return DW_DTYPE;
  if (x->shape[DW_C] != d->channels) return DW_CHANNELS;
  for (int i = 0; i < 2; i++) {
    *axis = i;
    if (mode == DW_EXPLICIT) axes[i]->before = pads[2 * i], axes[i]->after = pads[2 * i + 1];
    dw_status s = dw_axis_init(axes[i], x->shape[DW_H + i], kernel->shape[i], strides[i], dilation[i], mode);
    if (s != DW_OK) return s;
  }
  return DW_OK;
}

bool dw_depthwise_is_empty(const dw_depthwise *d) {
  return d->batch == 0 || d->channels == 0 || d->multiplier == 0 || d->rows.out == 0 || d->cols.out == 0;
}

double dw_depthwise_work(const dw_depthwise *d) {
  return (double)d->batch * (double)d->channels * (double)d->multiplier * (double)d->rows.out * (double)d->cols.out *
         (double)d->rows.kernel * (double)d->cols.kernel;
}

struct dw_depthwise_axis dw_phase_axis(const dw_phase *p, int64_t m, int64_t count) {
  return (struct dw_depthwise_axis){count, p->first + m * p->stride, p->stride, p->extent, p->taps};
}

void dw_clear_init(dw_job *j, const dw_context *cx, const dw_tensor *t) {
  double zero = 0;
  dw_fill_init(j, cx, t, &zero);
}
