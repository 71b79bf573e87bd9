// axis.c: the arithmetic of one spatial axis, once, for every convolution and both its directions.
// Invariant: after dw_axis_init no product of its fields that a driver forms can overflow.
#include "base.h"

#define LIMIT (INT64_C(1) << 31) // strides, dilations, pads
#define LONGEST (INT64_C(1) << 40)

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }
static int64_t ceil_div(int64_t a, int64_t b) { return a / b + (a % b > 0); }

// How many of first, first + step, ... are below end.
static int64_t steps_below(int64_t end, int64_t first, int64_t step) {
  return first < end ? ceil_div(end - first, step) : 0;
}

dw_status dw_axis_init(dw_axis *a, int64_t in, int64_t kernel, int64_t stride, int64_t dilation, dw_padding mode) {
  if (kernel < 1) return DW_EMPTY_KERNEL;
  if (stride < 1) return DW_STRIDE;
  if (dilation < 1) return DW_DILATION;
  if (mode == DW_EXPLICIT && (a->before < 0 || a->after < 0)) return DW_PADDING;
  if (in > LONGEST || kernel > LONGEST || stride > LIMIT || dilation > LIMIT) return DW_TOO_LARGE;
  if (mode == DW_EXPLICIT && (a->before > LIMIT || a->after > LIMIT)) return DW_TOO_LARGE;
  int64_t window;
  if (__builtin_mul_overflow(kernel - 1, dilation, &window) || window > INT64_MAX / 4) return DW_TOO_LARGE;
  window += 1;
  if (mode == DW_CAUSAL && window > LIMIT) return DW_TOO_LARGE;

  if (mode == DW_VALID) a->before = a->after = 0;
  if (mode == DW_CAUSAL) a->before = window - 1, a->after = 0;
  if (mode == DW_SAME) {
    int64_t total = (ceil_div(in, stride) - 1) * stride + window - in;
    if (total < 0 || in == 0) total = 0;
    a->before = total / 2;
    a->after = total - a->before;
  }
  *a = (dw_axis){in, kernel, stride, dilation, a->before, a->after, 0};
  int64_t padded = in + a->before + a->after;
  if (mode == DW_SAME) {
    a->out = ceil_div(in, stride);
  } else if (padded >= window) {
    a->out = (padded - window) / stride + 1;
  } else if (in > 0) {
    return DW_WINDOW;
  }
  return DW_OK;
}

// Taps are `dilation` apart and outputs are `stride` apart: outputs dilation/gcd apart see taps on one lattice.
int64_t dw_axis_phases(const dw_axis *a) { return least(a->dilation / gcd(a->stride, a->dilation), a->out); }

void dw_axis_phase(dw_phase *p, const dw_axis *a, int64_t f) {
  int64_t g = gcd(a->stride, a->dilation), base = f * a->stride - a->before;
  p->to_first = f;
  p->to_step = a->dilation / g;
  p->count = steps_below(a->out, f, p->to_step);
  p->first = floor_div(base, a->dilation);
  p->from_first = base - p->first * a->dilation;
  p->from_step = a->dilation;
  p->extent = steps_below(a->in, p->from_first, a->dilation);
  p->stride = a->stride / g;
  p->taps = a->kernel;
  p->tap_first = 0;
  p->tap_step = 1;
}

// The x in 1..m-1 with a*x = 1 (mod m), for a prime to m; 0 for m = 1. Euclid's algorithm.
static int64_t inverse(int64_t a, int64_t m) {
  int64_t r0 = m, r1 = a % m, x0 = 0, x1 = 1;
  while (r1 > 0) {
    int64_t q = r0 / r1, r = r0 - q * r1, x = x0 - q * x1;
    r0 = r1, r1 = r, x0 = x1, x1 = x;
  }
  return m == 1 ? 0 : x0 < 0 ? x0 + m : x0;
}

// In position h meets tap u when h + before - u*dilation is a multiple of stride. For h = f + m*lcm that
// leaves taps u0, u0 + stride/gcd, ..., and out positions that fall by dilation/gcd from tap to tap;
// the taps are walked backwards, so that positions rise.
int64_t dw_axis_phases_back(const dw_axis *a) {
  return least(a->stride / gcd(a->stride, a->dilation) * a->dilation, a->in);
}

void dw_axis_phase_back(dw_phase *p, const dw_axis *a, int64_t f) {
  int64_t g = gcd(a->stride, a->dilation), tap_step = a->stride / g, from_step = a->dilation / g;
  int64_t at = f + a->before;
  *p = (dw_phase){.to_first = f, .to_step = tap_step * a->dilation, .from_step = from_step, .stride = 1};
  p->count = steps_below(a->in, f, p->to_step);
  if (at % g != 0) return; // no tap: the gradient is zero here
  int64_t u0 = at / g % tap_step * inverse(from_step, tap_step) % tap_step;
  if (u0 >= a->kernel) return;
  p->taps = steps_below(a->kernel, u0, tap_step);
  p->tap_first = u0 + (p->taps - 1) * tap_step;
  p->tap_step = -tap_step;
  int64_t base = (at - u0 * a->dilation) / a->stride - (p->taps - 1) * from_step;
  p->first = floor_div(base, from_step);
  p->from_first = base - p->first * from_step;
  p->extent = steps_below(a->out, p->from_first, from_step);
}
