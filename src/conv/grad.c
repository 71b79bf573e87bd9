// grad.c: the driver of the gradient with respect to the kernel: for each tap, channels of x times channels of g,
// summed over all pixels that meet there. Called by the binding. Invariant: a unit owns the part of the gradient, or of
// a sum for it, that it writes; how lines are shared out among sums follows from shapes, so bits do not depend on
// threads.
#include <string.h>

#include "conv.h"

// Chosen for the caches of a Zen 4, not searched.
enum {
  LINES_BYTES = 3 << 16, // of x and g that stay in the second-level cache while all their taps are computed
  ROUND_BYTES = 1 << 23, // of g that is packed at a time
  SUMS_BYTES = 1 << 22,  // of all sums but the first
  UNIT_WORK = 1 << 21,   // multiply-adds below which a unit is not worth cutting
  UNITS = 32,            // this many can be shared out evenly
  FEW_ROWS = 128,        // up to this many rows of the gradient, g is read as it lies
  PIECE = 1 << 12        // elements of the gradient that a unit joins
};

struct gradient {
  const struct dw_gemm_kernels *kernels;
  int64_t size; // bytes of an element
  struct dw_volume x, g;
  char *dk;
  int64_t elements; // of dk
  dw_axis axis[DW_SPATIAL];
  int64_t batch, groups, in, out, lines; // lines: of one image of g

  bool merged;        // rows of taps are neighbours in x, and rows of one product
  int64_t plain;      // columns of a group, from the first, for which g is read as it lies; others come from panels
  int64_t round;      // images that are packed at once
  int64_t image, now; // the round that runs: its first image, and how many
  int64_t together;   // panels of a block
  int64_t plain_blocks, blocks; // of a group
  int64_t chunk;                // lines taken at a time
  int64_t sums;                 // that lines are shared out among
  int64_t sums_at;              // where all of them but the first are
};

static struct gradient *gradient_of(dw_job *j) { return DW_STATE(struct gradient, j); }

// ---- packing ------------------------------------------------------------------------------------
// Panels of g are (image, group, panel, line, column of the image, nr).

static int64_t packed_panels(const struct gradient *p) { return parts(p->out - p->plain, p->kernels->nr); }
static int64_t panel_elements(const struct gradient *p) {
  return times(p->lines * p->axis[DW_COLS].out, p->kernels->nr);
}

// From the beginning of g to a line's first pixel.
static int64_t line_of_g(const struct gradient *p, int64_t image, int64_t line) {
  int64_t rows = p->axis[DW_ROWS].out;
  return image * p->g.image + line / rows * p->g.step[DW_DEPTH] + line % rows * p->g.step[DW_ROWS];
}

static void pack_line_of_g(const dw_job *j, const struct gradient *p, int64_t image, int64_t line) {
  int64_t cols = p->axis[DW_COLS].out, nr = p->kernels->nr, panel = panel_elements(p), panels = packed_panels(p);
  for (int64_t group = 0; group < p->groups; group++) {
    int64_t from = line_of_g(p, p->image + image, line) + (group * p->out + p->plain) * p->g.channel;
    int64_t to = (image * p->groups + group) * panels * panel + line * cols * nr;
    p->kernels->pack_columns(j->memory + to * p->size, panel, p->g.data + from * p->size, p->g.step[DW_COLS],
                             p->g.channel, cols, p->out - p->plain);
  }
}

// Units are lines of g.
static void conv_pack_g(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct gradient *p = gradient_of(j);
  for (int64_t unit = a; unit < b; unit++) pack_line_of_g(j, p, unit / p->lines, unit % p->lines);
}

// ---- multiplying --------------------------------------------------------------------------------

// What a unit computes: some columns for one row of taps, over some lines of the round.
struct part {
  int64_t group, depth, row, column, n; // depth, row: of the kernel
  int64_t first, end;                   // lines
  bool plain;
  char *sum; // where the sum for the first tap, channel and column of the whole kernel is
};

static struct part part_of(const dw_job *j, const struct gradient *p, int64_t unit) {
  int64_t nr = p->kernels->nr, block = unit % p->blocks, lines = p->now * p->lines;
  struct part u = {.plain = block < p->plain_blocks, .sum = p->dk};
  u.column = (u.plain ? 0 : p->plain) + (block - (u.plain ? 0 : p->plain_blocks)) * p->together * nr;
  u.n = least(p->together * nr, (u.plain ? p->plain : p->out) - u.column);
  unit /= p->blocks;
  u.row = unit % p->axis[DW_ROWS].kernel, unit /= p->axis[DW_ROWS].kernel;
  u.depth = unit % p->axis[DW_DEPTH].kernel, unit /= p->axis[DW_DEPTH].kernel;
  u.group = unit % p->groups, unit /= p->groups;
  u.first = lines * unit / p->sums, u.end = lines * (unit + 1) / p->sums;
  if (unit > 0) u.sum = j->memory + p->sums_at + (unit - 1) * p->elements * p->size;
  return u;
}

// Lines that meet a row of taps inside x, as runs of terms from their first pixels.
struct lines {
  struct dw_gemm_run runs[DW_CONV_RUNS];
  int64_t count;
};

static void find_lines(const struct gradient *p, const struct part *u, int64_t first, int64_t end, struct lines *l) {
  const dw_axis *d = &p->axis[DW_DEPTH], *h = &p->axis[DW_ROWS], *w = &p->axis[DW_COLS];
  int64_t per_image = p->groups * packed_panels(p) * panel_elements(p);
  l->count = 0;
  for (int64_t i = first; i < end; i++) {
    int64_t image = i / p->lines, line = i % p->lines;
    int64_t plane = line / h->out * d->stride + u->depth * d->dilation - d->before;
    int64_t row = line % h->out * h->stride + u->row * h->dilation - h->before;
    if (plane < 0 || plane >= d->in || row < 0 || row >= h->in) continue;
    struct dw_gemm_run *run = &l->runs[l->count++];
    run->a = (p->image + image) * p->x.image + plane * p->x.step[DW_DEPTH] + row * p->x.step[DW_ROWS];
    run->b = u->plain ? line_of_g(p, p->image + image, line) : image * per_image + line * w->out * p->kernels->nr;
  }
}

// Taps of a row, neighbours in x that are rows of one product, and the columns of g that all of them meet inside x.
struct meeting {
  int64_t tap, taps, lo, hi;
};

// The sums for these taps begin with these lines, or go on with them.
static void add_lines(const dw_job *j, const struct gradient *p, const struct part *u, const struct meeting *t,
                      struct lines *l, bool begins) {
  const dw_axis *w = &p->axis[DW_COLS];
  int64_t nr = p->kernels->nr, all = p->groups * p->out, columns = most(0, t->hi - t->lo);
  int64_t tap = (u->depth * p->axis[DW_ROWS].kernel + u->row) * w->kernel + t->tap;
  struct dw_gemm_block g = {.n = u->n, .c_row = all, .runs = l->runs, .a_row = p->x.channel};
  g.m = t->taps * p->in;
  if (columns > 0) g.count = l->count, g.k = l->count * columns;
  if (g.k == 0 && !begins) return;
  for (int64_t i = 0; i < g.count; i++) l->runs[i].k = columns;
  g.c = u->sum + (tap * p->in * all + u->group * p->out + u->column) * p->size;
  if (!begins) g.start = g.c, g.start_row = all;
  int64_t pixel = g.k > 0 ? (t->tap * w->dilation - w->before + t->lo * w->stride) * p->x.step[DW_COLS] : 0;
  g.a = p->x.data + (u->group * p->in * p->x.channel + pixel) * p->size;
  g.a_k = w->stride * p->x.step[DW_COLS];
  if (u->plain) {
    g.b = p->g.data + (u->group * p->out + u->column) * p->size, g.b_k = p->g.step[DW_COLS], g.b_panel = nr;
  } else {
    int64_t panel = u->group * packed_panels(p) + (u->column - p->plain) / nr;
    g.b = j->memory + panel * panel_elements(p) * p->size, g.b_k = nr, g.b_panel = panel_elements(p);
  }
  g.b = (const char *)g.b + t->lo * g.b_k * p->size;
  p->kernels->block(&g);
}

static struct meeting meeting_of(const struct gradient *p, int64_t tap) {
  const dw_axis *w = &p->axis[DW_COLS];
  struct meeting t = {.tap = tap, .taps = 1};
  dw_inside(tap * w->dilation - w->before, w->stride, w->out, w->in, &t.lo, &t.hi);
  return t;
}

// All taps of the row: together where all of them are inside, then each where others are not.
static void add_merged(const dw_job *j, const struct gradient *p, const struct part *u, struct lines *l, bool begins) {
  int64_t taps = p->axis[DW_COLS].kernel;
  struct meeting all = {.taps = taps, .lo = meeting_of(p, 0).lo, .hi = meeting_of(p, taps - 1).hi};
  all.hi = most(all.lo, all.hi);
  add_lines(j, p, u, &all, l, begins);
  for (int64_t i = 0; i < taps; i++) {
    struct meeting before = meeting_of(p, i), after = before;
    before.hi = least(before.hi, all.lo), after.lo = most(after.lo, all.hi);
    add_lines(j, p, u, &before, l, false);
    add_lines(j, p, u, &after, l, false);
  }
}

// False: the job is to stop.
static bool add_part(const dw_job *j, const struct gradient *p, const struct part *u, int slot) {
  struct lines lines;
  int64_t first = u->first, taps = p->axis[DW_COLS].kernel;
  do { // once if there are no lines: it clears
    int64_t end = least(u->end, first + p->chunk);
    bool begins = p->image == 0 && first == u->first;
    find_lines(p, u, first, end, &lines);
    if (p->merged) add_merged(j, p, u, &lines, begins);
    for (int64_t i = 0; i < taps && !p->merged; i++) {
      struct meeting t = meeting_of(p, i);
      add_lines(j, p, u, &t, &lines, begins);
      if (dw_stopped(j->cx, slot)) return false;
    }
    if (dw_stopped(j->cx, slot)) return false;
    first = end;
  } while (first < u->end);
  return true;
}

static void conv_add(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct gradient *p = gradient_of(j);
  for (int64_t unit = a; unit < b; unit++) {
    struct part u = part_of(j, p, unit);
    if (!add_part(j, p, &u, slot)) return;
  }
}

// ---- joining the sums ---------------------------------------------------------------------------

// Units are pieces of the gradient, to which all sums but the first are added in their order.
static void conv_join(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct gradient *p = gradient_of(j);
  for (int64_t unit = a; unit < b; unit++) {
    struct dw_gemm_block g = {.m = 1, .n = least(PIECE, p->elements - unit * PIECE)};
    g.c = p->dk + unit * PIECE * p->size, g.start = g.c;
    for (int64_t i = 1; i < p->sums; i++) {
      g.bias = j->memory + p->sums_at + ((i - 1) * p->elements + unit * PIECE) * p->size;
      p->kernels->block(&g);
    }
  }
}

// ---- plan and rounds ----------------------------------------------------------------------------

static dw_pass packing(const struct gradient *p) {
  double elements = (double)p->now * (double)p->groups * (double)packed_panels(p) * (double)panel_elements(p);
  return (dw_pass){p->now * p->lines, elements * DW_WORK_MOVE, conv_pack_g};
}

static dw_pass adding(const struct gradient *p) {
  double pixels = (double)p->now * (double)p->lines * (double)p->axis[DW_COLS].out;
  int64_t rows = p->axis[DW_DEPTH].kernel * p->axis[DW_ROWS].kernel;
  return (dw_pass){p->sums * p->groups * rows * p->blocks, (double)p->elements * (pixels + 1), conv_add};
}

static dw_pass joining(const struct gradient *p) {
  double work = (double)p->elements * (double)(p->sums - 1);
  return (dw_pass){parts(p->elements, PIECE), work * DW_WORK_COMBINE, conv_join};
}

static void begin_round(dw_job *j) {
  struct gradient *p = gradient_of(j);
  p->now = least(p->round, p->batch - p->image);
  j->pass = p->plain < p->out && p->now > 0 ? packing(p) : adding(p);
}

static bool next_of_gradient(dw_job *j) {
  struct gradient *p = gradient_of(j);
  if (j->pass.run == conv_join) return false;
  if (j->pass.run == conv_pack_g) {
    j->pass = adding(p);
    return true;
  }
  p->image += p->now;
  if (p->image < p->batch) {
    begin_round(j);
  } else if (p->sums > 1) {
    j->pass = joining(p);
  } else {
    return false;
  }
  return true;
}

static int64_t count_units(const struct gradient *p) {
  return times(p->groups * p->blocks, p->axis[DW_DEPTH].kernel * p->axis[DW_ROWS].kernel);
}

static void count_blocks(struct gradient *p, int64_t together) {
  int64_t columns = together * p->kernels->nr;
  p->together = together, p->plain_blocks = parts(p->plain, columns);
  p->blocks = p->plain_blocks + parts(p->out - p->plain, columns);
}

static void choose_units(struct gradient *p, double work) {
  enum { MOST_TOGETHER = 4 };
  int64_t want = work / UNIT_WORK < UNITS ? (int64_t)(work / UNIT_WORK) + 1 : UNITS, together = MOST_TOGETHER;
  for (count_blocks(p, together); count_units(p) < want && together > 1; count_blocks(p, together)) together /= 2;
  int64_t room = SUMS_BYTES / times(p->elements, p->size) + 1;
  p->sums = most(1, least(least(room, p->round * p->lines), parts(want, count_units(p))));
  const dw_axis *h = &p->axis[DW_ROWS], *w = &p->axis[DW_COLS];
  int64_t line = least(h->stride, h->kernel) * w->in * p->in + w->out * p->together * p->kernels->nr;
  p->chunk = most(1, least(DW_CONV_RUNS, LINES_BYTES / most(1, times(line, p->size))));
}

static void plan(struct gradient *p, const dw_context *cx, const dw_tensor *dk, const dw_tensor *g, const dw_tensor *x,
                 const dw_conv *d) {
  memset(p, 0, sizeof *p);
  p->kernels = cx->kernels->gemm[d->dtype], p->size = (int64_t)dw_dtype_size(d->dtype);
  p->x = dw_volume_of(x), p->g = dw_volume_of(g), p->dk = dk->data, p->elements = dw_numel(dk);
  memcpy(p->axis, d->axis, sizeof p->axis);
  const dw_axis *w = &p->axis[DW_COLS];
  p->batch = d->batch, p->groups = d->groups, p->in = d->in, p->out = d->out;
  p->lines = d->axis[DW_DEPTH].out * d->axis[DW_ROWS].out;
  p->merged = w->dilation == 1 && p->x.channel == 1 && p->x.step[DW_COLS] == p->in && p->in < p->kernels->mr;
  bool in_place = p->g.channel == 1 && dw_conv_taps(d) * p->in <= FEW_ROWS;
  p->plain = in_place ? p->out / p->kernels->nr * p->kernels->nr : 0;
  int64_t bytes = times(times(p->groups * packed_panels(p), panel_elements(p)), p->size);
  p->round = bytes == 0 ? p->batch : most(1, least(p->batch, ROUND_BYTES / bytes));
  choose_units(p, dw_conv_work(d));
  p->sums_at = times(bytes, p->round);
}

dw_status dw_conv_grad_kernel_init(dw_job *j, const dw_context *cx, const dw_tensor *dk, const dw_tensor *g,
                                   const dw_tensor *x, const dw_conv *d) {
  struct gradient *p = gradient_of(j);
  dw_status s;
  DW_REQUIRE(dk->dtype == x->dtype && g->dtype == x->dtype && g->rank == x->rank && dw_is_contiguous(dk));
  dw_job_init(j, cx, 0, 0, NULL);
  if (dw_numel(dk) == 0) return DW_OK;
  if (dw_conv_delegate_grad_kernel(j, cx, dk, g, x, d, &s)) return s;
  if (dw_conv_grouped_grad_init(j, cx, dk, g, x, d)) return DW_OK;
  plan(p, cx, dk, g, x, d);
  begin_round(j);
  j->next = next_of_gradient;
  int64_t used = 0;
  dw_scratch_take(&used, p->sums_at);
  p->sums_at = dw_scratch_take(&used, times((p->sums - 1) * p->elements, p->size));
  return dw_scratch_tell(j, used);
}
