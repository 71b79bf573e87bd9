// grouped.c: convolutions of small groups of as many input as output channels, forward and back, whose lanes fill whole
// vectors. Called by the inits of conv.c, which does what this refuses. Invariant: a unit is a line of pixels, and owns
// it.
#include <string.h>

#include "conv.h"
#include "kernels/conv.h"

struct grouped {
  const struct dw_conv_kernels *kernels;
  struct dw_volume to, from;
  dw_axis axis[DW_SPATIAL];
  int64_t size, batch, channels, groups, taps;
  int64_t phases[DW_SPATIAL], longest[DW_SPATIAL]; // of what is written
  bool back;
  const char
      *kernel; // (taps, channel of a group, lane), which back is in the job's memory, with taps in opposite order
};

static struct grouped *grouped_of(dw_job *j) { return DW_STATE(struct grouped, j); }

// Units are taps: the channels of each group change places.
static void conv_turn(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct grouped *p = grouped_of(j);
  int64_t n = p->channels, lanes = n * p->groups, per_tap = n * lanes * p->size;
  for (int64_t tap = a; tap < b; tap++) {
    for (int64_t i = 0; i < n * lanes; i++) {
      int64_t c = i / lanes, group = i % lanes / n, o = i % n;
      memcpy(j->memory + tap * per_tap + i * p->size,
             p->kernel + (p->taps - 1 - tap) * per_tap + (o * lanes + group * n + c) * p->size, (size_t)p->size);
    }
  }
}

// A line, and where its taps are.
struct line {
  struct dw_conv_axis axis[DW_SPATIAL];
  int64_t image, index[DW_SPATIAL];
};

static struct line line_of(const struct grouped *p, int64_t unit) {
  struct line l = {0};
  for (int i = 1; i >= 0; i--) l.index[i] = unit % p->longest[i], unit /= p->longest[i];
  l.image = unit % p->batch, unit /= p->batch;
  for (int i = 0; i < DW_SPATIAL; unit /= p->phases[i++]) {
    dw_conv_phase(&l.axis[i], &p->axis[i], p->back, unit % p->phases[i]);
  }
  return l;
}

// Pixels lo..hi-1 of a line, in all lanes, with these taps of each row.
static void multiply(const struct grouped *p, const struct line *l, struct dw_conv_grouped *g, int64_t lo, int64_t hi,
                     int64_t from, int64_t to) {
  const struct dw_conv_axis *w = &l->axis[DW_COLS];
  const char *x = p->from.data + (w->first + lo * w->stride + from * w->dilation) * p->from.step[DW_COLS] * p->size;
  int64_t at = l->image * p->to.image + (w->to_first + lo * w->to_step) * p->to.step[DW_COLS];
  for (int i = 0; i < DW_COLS; i++) at += (l->axis[i].to_first + l->index[i] * l->axis[i].to_step) * p->to.step[i];
  int64_t tap = (w->tap_first + from * w->tap_step) * p->channels * p->channels * p->groups;
  if (lo >= hi) return;
  g->pixels = hi - lo, g->taps = to - from;
  for (int64_t lane = 0; lane < p->channels * p->groups; lane += p->kernels->lanes) {
    g->x = x + lane * p->size, g->kernel = p->kernel + (tap + lane) * p->size,
    g->y = p->to.data + (at + lane) * p->size;
    p->kernels->grouped(g);
  }
}

// All pixels: those at which taps are outside one by one, the others together.
static void multiply_pixels(const struct grouped *p, const struct line *l, struct dw_conv_grouped *g) {
  const struct dw_conv_axis *w = &l->axis[DW_COLS];
  for (int64_t lo = 0, hi, from, to, first; lo < w->count; lo = hi) {
    dw_inside(w->first + lo * w->stride, w->dilation, w->taps, w->in, &from, &to);
    hi = lo + 1;
    if (from == 0 && to == w->taps && to > 0) {
      dw_inside(w->first + (to - 1) * w->dilation, w->stride, w->count, w->in, &first, &hi);
    }
    multiply(p, l, g, lo, hi, from, to);
  }
}

// Rows of taps, so many at a time.
static void multiply_line(const struct grouped *p, const struct line *l) {
  const struct dw_conv_axis *d = &l->axis[DW_DEPTH], *h = &l->axis[DW_ROWS], *w = &l->axis[DW_COLS];
  int64_t per_tap = p->channels * p->channels * p->groups, image = l->image * p->from.image;
  struct dw_conv_grouped g = {.channels = (int)p->channels, .kernel_channel = p->channels * p->groups};
  g.y_pixel = w->to_step * p->to.step[DW_COLS], g.x_pixel = w->stride * p->from.step[DW_COLS];
  g.x_tap = w->dilation * p->from.step[DW_COLS], g.kernel_tap = w->tap_step * per_tap;
  for (int64_t step = 0, rows = d->taps * h->taps; step < rows || !g.add; g.add = true) {
    for (g.rows = 0; step < rows && g.rows < DW_CONV_ROWS; step++) {
      int64_t t = step / h->taps, u = step % h->taps;
      int64_t plane = d->first + l->index[DW_DEPTH] * d->stride + t * d->dilation;
      int64_t row = h->first + l->index[DW_ROWS] * h->stride + u * h->dilation;
      if (plane < 0 || plane >= d->in || row < 0 || row >= h->in) continue;
      int64_t tap = (d->tap_first + t * d->tap_step) * p->axis[DW_ROWS].kernel + h->tap_first + u * h->tap_step;
      g.row[g.rows] = image + plane * p->from.step[DW_DEPTH] + row * p->from.step[DW_ROWS];
      g.kernel_row[g.rows++] = tap * p->axis[DW_COLS].kernel * per_tap;
    }
    multiply_pixels(p, l, &g);
  }
}

static void conv_grouped(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct grouped *p = grouped_of(j);
  for (int64_t unit = a; unit < b; unit++) {
    struct line l = line_of(p, unit);
    if (l.index[0] >= l.axis[0].count || l.index[1] >= l.axis[1].count) continue;
    multiply_line(p, &l);
    if (dw_stopped(j->cx, slot)) return;
  }
}

static dw_pass multiplying(const struct grouped *p) {
  int64_t units = p->batch * p->longest[0] * p->longest[1] * p->phases[0] * p->phases[1] * p->phases[2];
  double lanes = (double)p->channels * (double)p->groups, terms = (double)p->taps * (double)p->channels + 1;
  return (dw_pass){units, (double)units * (double)p->longest[DW_COLS] * lanes * terms, conv_grouped};
}

static bool next_of_grouped(dw_job *j) {
  struct grouped *p = grouped_of(j);
  if (j->pass.run != conv_turn) return false;
  p->kernel = j->memory;
  j->pass = multiplying(p);
  return true;
}

bool dw_conv_is_grouped(const dw_conv *d, int lanes) {
  bool small = d->in == 2 || d->in == 4 || (d->in == 8 && d->dtype == DW_FLOAT32);
  return small && d->groups > 1 && d->in == d->out && d->in <= lanes && d->groups * d->in % lanes == 0;
}

bool dw_conv_grouped_init(dw_job *j, const dw_context *cx, const dw_tensor *to, const dw_tensor *from,
                          const dw_tensor *kernel, const dw_conv *d, bool back, dw_status *s) {
  struct grouped *p = grouped_of(j);
  const struct dw_conv_kernels *k = cx->kernels->conv[d->dtype];
  memset(p, 0, sizeof *p);
  p->to = dw_volume_of(to), p->from = dw_volume_of(from);
  if (!dw_conv_is_grouped(d, k->lanes) || p->to.channel != 1 || p->from.channel != 1) return false;
  p->kernels = k, p->size = (int64_t)dw_dtype_size(d->dtype), p->kernel = kernel->data, p->back = back;
  p->batch = d->batch, p->channels = d->in, p->groups = d->groups, p->taps = dw_conv_taps(d);
  memcpy(p->axis, d->axis, sizeof p->axis);
  for (int i = 0; i < DW_SPATIAL; i++) {
    struct dw_conv_axis a;
    dw_conv_longest_phase(&a, &d->axis[i], back);
    p->phases[i] = dw_conv_phases(&d->axis[i], back), p->longest[i] = a.count;
  }
  dw_job_init(j, cx, 0, 0, NULL);
  j->pass = multiplying(p);
  if (back) j->pass = (dw_pass){p->taps, (double)dw_numel(kernel) * DW_WORK_MOVE, conv_turn};
  j->next = next_of_grouped;
  int64_t used = 0;
  dw_scratch_take(&used, back ? times(dw_numel(kernel), p->size) : 0);
  *s = dw_scratch_tell(j, used);
  return true;
}
