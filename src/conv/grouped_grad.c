// grouped_grad.c: the gradient with respect to the kernel for convolutions of small groups of as many input as output
// channels, whose lanes fill whole vectors. Called by the init of grad.c, which does what this refuses. Invariant: a
// unit is a row of taps in one vector of lanes, and owns its part of the gradient.
#include <string.h>

#include "conv.h"
#include "kernels/conv.h"

struct sums {
  const struct dw_conv_kernels *kernels;
  struct dw_volume x, g;
  char *dk; // (taps, channel of a group, lane)
  dw_axis axis[DW_SPATIAL];
  int64_t size, batch, channels, lanes; // lanes: of all groups
};

static struct sums *sums_of(dw_job *j) { return DW_STATE(struct sums, j); }

// A line of g and the row of x that it meets: all taps where all of them are inside, then each where others are not.
static void add_line(const struct sums *p, struct dw_conv_grouped_sums *s, const char *g, const char *x) {
  const dw_axis *w = &p->axis[DW_COLS];
  int64_t row = p->channels * p->lanes, lo, hi, left, right, none;
  dw_inside(-w->before, w->stride, w->out, w->in, &left, &none);
  dw_inside((w->kernel - 1) * w->dilation - w->before, w->stride, w->out, w->in, &none, &right);
  right = most(left, right);
  char *kernel = s->kernel;
  for (int64_t v = -1; v < w->kernel; v++) {
    for (int side = 0; side < 2; side++) {
      lo = left, hi = right;
      if (v >= 0) dw_inside(v * w->dilation - w->before, w->stride, w->out, w->in, &lo, &hi);
      if (v >= 0 && side == 0) hi = least(hi, left);
      if (v >= 0 && side == 1) lo = most(lo, right);
      if (lo >= hi || (v < 0 && side == 1)) continue;
      int64_t tap = most(v, 0), at = tap * w->dilation - w->before + lo * w->stride;
      s->taps = v < 0 ? w->kernel : 1, s->pixels = hi - lo;
      s->kernel = kernel + tap * row * p->size;
      s->g = g + lo * p->g.step[DW_COLS] * p->size, s->x = x + at * p->x.step[DW_COLS] * p->size;
      p->kernels->grouped_sums(s);
    }
  }
  s->kernel = kernel;
}

static void conv_grouped_sums(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct sums *p = sums_of(j);
  const dw_axis *d = &p->axis[DW_DEPTH], *h = &p->axis[DW_ROWS], *w = &p->axis[DW_COLS];
  int64_t blocks = p->lanes / p->kernels->lanes, per_row = w->kernel * p->channels * p->lanes;
  struct dw_conv_grouped_sums s = {.channels = (int)p->channels, .g_pixel = p->g.step[DW_COLS]};
  s.x_pixel = w->stride * p->x.step[DW_COLS], s.x_tap = w->dilation * p->x.step[DW_COLS];
  s.kernel_tap = p->channels * p->lanes, s.kernel_channel = p->lanes;
  for (int64_t unit = a; unit < b; unit++) {
    int64_t lane = unit % blocks * p->kernels->lanes, taps = unit / blocks, t = taps / h->kernel, u = taps % h->kernel;
    s.kernel = p->dk + (taps * per_row + lane) * p->size;
    s.clears = true, s.pixels = 0, s.taps = w->kernel;
    p->kernels->grouped_sums(&s);
    s.clears = false;
    for (int64_t line = 0; line < p->batch * d->out * h->out; line++) {
      int64_t row = line % h->out, plane = line / h->out % d->out, image = line / h->out / d->out;
      int64_t from = plane * d->stride + t * d->dilation - d->before,
              at = row * h->stride + u * h->dilation - h->before;
      if (from < 0 || from >= d->in || at < 0 || at >= h->in) continue;
      int64_t g = image * p->g.image + plane * p->g.step[DW_DEPTH] + row * p->g.step[DW_ROWS] + lane;
      int64_t x = image * p->x.image + from * p->x.step[DW_DEPTH] + at * p->x.step[DW_ROWS] + lane;
      add_line(p, &s, p->g.data + g * p->size, p->x.data + x * p->size);
      if (dw_stopped(j->cx, slot)) return;
    }
  }
}

bool dw_conv_grouped_grad_init(dw_job *j, const dw_context *cx, const dw_tensor *dk, const dw_tensor *g,
                               const dw_tensor *x, const dw_conv *d) {
  struct sums *p = sums_of(j);
  const struct dw_conv_kernels *k = cx->kernels->conv[d->dtype];
  *p = (struct sums){.kernels = k, .x = dw_volume_of(x), .g = dw_volume_of(g), .dk = dk->data};
  if (!dw_conv_is_grouped(d, k->lanes) || p->x.channel != 1 || p->g.channel != 1) return false;
  p->size = (int64_t)dw_dtype_size(d->dtype);
  p->batch = d->batch, p->channels = d->in, p->lanes = d->groups * d->in;
  memcpy(p->axis, d->axis, sizeof p->axis);
  int64_t rows = d->axis[DW_DEPTH].kernel * d->axis[DW_ROWS].kernel;
  dw_job_init(j, cx, rows * (p->lanes / k->lanes), dw_conv_work(d) + (double)dw_numel(dk), conv_grouped_sums);
  return true;
}
