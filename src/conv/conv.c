// conv.c: the drivers of the forward pass and of the gradient with respect to x, both of which slide a kernel along
// lines of pixels; plan.c has cut them. Called by the binding. Invariant: a unit owns the pixels and channels that it
// writes. The terms of each are added in the order of the taps, so its bits depend on shapes and strides alone.
#include "conv.h"

static struct dw_conv_lines *lines_of(dw_job *j) { return DW_STATE(struct dw_conv_lines, j); }

// Neighbouring lines of one plane of an image, in one phase.
struct band {
  int64_t number, group; // which band, and whose channels are read
  struct dw_conv_axis axis[DW_SPATIAL];
  int64_t image, plane, line, lines; // no lines: there are none
  int64_t first_tap, end_tap;        // of the taps along the depth, those inside
  int64_t row, col;                  // of x, from which on rows are packed
  char *rows, *copies;               // the thread's own memory
};

// ---- packing rows -------------------------------------------------------------------------------

// Where x has the first channel of the group at a position.
static const char *source(const struct dw_conv_lines *p, const struct band *b, int64_t depth, int64_t row,
                          int64_t col) {
  const struct dw_volume *v = &p->from;
  int64_t at = b->image * v->image + depth * v->step[DW_DEPTH] + row * v->step[DW_ROWS] + col * v->step[DW_COLS];
  return v->data + (at + b->group * p->panels.terms * v->channel) * p->panels.size;
}

// n pixels, `grid` columns apart, into packed ones.
static void copy_pixels(const struct dw_conv_lines *p, char *to, const char *from, int64_t grid, int64_t n) {
  const struct dw_layout_kernels *layout = p->panels.layout;
  int64_t terms = p->panels.terms, col = grid * p->from.step[DW_COLS], channel = p->from.channel;
  if (channel == 1 && col == terms) {
    layout->copy(to, 1, from, 1, n * terms);
  } else if (channel != 1 && col == 1) {
    layout->transpose(to, p->panels.terms, from, channel, terms, n);
  } else {
    layout->copy_rows(to, p->panels.terms, 1, from, col, channel, n, terms);
  }
}

// Packs what the band reads inside the image.
static void pack_rows(const struct dw_conv_lines *p, struct band *b) {
  const struct dw_conv_axis *d = &b->axis[DW_DEPTH], *h = &b->axis[DW_ROWS], *w = &b->axis[DW_COLS];
  int64_t first = h->first + b->line * h->stride, lo, hi, left, right;
  dw_inside(first, h->grid, dw_conv_places(h, b->lines), h->in, &lo, &hi);
  dw_inside(w->first, w->grid, dw_conv_places(w, w->count), w->in, &left, &right);
  b->row = first + lo * h->grid, b->col = w->first + left * w->grid;
  if (left >= right) return;
  for (int64_t t = b->first_tap; t < b->end_tap; t++) {
    int64_t depth = d->first + b->plane * d->stride + t * d->dilation;
    for (int64_t r = 0; r < hi - lo; r++) {
      char *to = b->rows + (t * p->plane + r * p->row) * p->panels.size;
      copy_pixels(p, to, source(p, b, depth, b->row + r * h->grid, b->col), w->grid, right - left);
    }
  }
}

// Where a position inside x is read, in elements: of tap t along the depth in packed rows, or in x as it lies.
static int64_t place(const struct dw_conv_lines *p, const struct band *b, int64_t t, int64_t row, int64_t col) {
  const struct dw_conv_axis *d = &b->axis[DW_DEPTH], *h = &b->axis[DW_ROWS], *w = &b->axis[DW_COLS];
  const struct dw_volume *v = &p->from;
  if (p->packed) {
    return t * p->plane + (row - b->row) / h->grid * p->row + (col - b->col) / w->grid * p->panels.terms;
  }
  int64_t depth = d->first + b->plane * d->stride + t * d->dilation;
  return b->image * v->image + depth * v->step[DW_DEPTH] + row * v->step[DW_ROWS] + col * v->step[DW_COLS] +
         b->group * p->panels.terms * v->channel;
}

// The distance, in elements, between columns that are so far apart in x.
static int64_t distance(const struct dw_conv_lines *p, const struct band *b, int64_t columns) {
  return p->packed ? columns / b->axis[DW_COLS].grid * p->panels.terms : columns * p->from.step[DW_COLS];
}

static void begin_band(const struct dw_conv_lines *p, struct band *b, int64_t number, int64_t group) {
  int64_t left = number / p->bands;
  b->number = number, b->group = group;
  b->line = number % p->bands * p->lines;
  b->plane = left % p->planes, left /= p->planes;
  b->image = left % p->batch, left /= p->batch;
  for (int i = 0; i < DW_SPATIAL; left /= p->phases[i++]) {
    dw_conv_phase(&b->axis[i], &p->axis[i], p->panels.back, left % p->phases[i]);
  }
  const struct dw_conv_axis *d = &b->axis[DW_DEPTH], *h = &b->axis[DW_ROWS], *w = &b->axis[DW_COLS];
  bool any = b->plane < d->count && w->count > 0;
  b->lines = any ? most(0, least(p->lines, h->count - b->line)) : 0;
  dw_inside(d->first + b->plane * d->stride, d->dilation, d->taps, d->in, &b->first_tap, &b->end_tap);
  if (p->packed && b->lines > 0 && h->taps > 0 && w->taps > 0) pack_rows(p, b);
}

// ---- multiplying --------------------------------------------------------------------------------

// Panels of all blocks before number `block`.
static int64_t panels_before(const struct dw_conv_lines *p, int64_t block) {
  return block / p->blocks * p->panels.per_group + least(block % p->blocks * p->together, p->panels.per_group);
}

// Panels of one group, and the columns that they hold.
struct columns {
  int64_t group, first, n;
  const char *panels;
};

static struct columns columns_of(const dw_job *j, const struct dw_conv_lines *p, int64_t block) {
  int64_t nr = p->panels.kernels->nr, panel = block % p->blocks * p->together;
  struct columns c = {.group = block / p->blocks, .first = panel * nr};
  int64_t at = panels_before(p, block) - (p->prepacked != NULL ? 0 : panels_before(p, p->first));
  c.n = least(p->together * nr, p->panels.columns - c.first);
  c.panels = (p->prepacked != NULL ? p->prepacked : j->memory) + at * dw_conv_panel_bytes(&p->panels);
  return c;
}

// Pixels lo..hi-1 of a line, and the taps from..to-1 of each row of taps, all of which are inside for all of them.
struct piece {
  int64_t lo, hi, from, to;
};

// Runs of the steps first..end-1 that a line of the band meets inside; gives how many.
static int64_t find_runs(const struct dw_conv_lines *p, const struct band *b, const struct piece *piece, int64_t line,
                         int64_t first, int64_t end, struct dw_gemm_run *runs) {
  const struct dw_conv_axis *d = &b->axis[DW_DEPTH], *h = &b->axis[DW_ROWS], *w = &b->axis[DW_COLS];
  int64_t terms = p->panels.terms, nr = p->panels.kernels->nr, n = 0, lo, hi;
  bool merged = w->tap_step == 1 && distance(p, b, w->dilation) == terms;
  int64_t together = merged ? piece->to - piece->from : 1;
  int64_t at = h->first + (b->line + line) * h->stride, col = w->first + piece->lo * w->stride;
  dw_inside(at, h->dilation, h->taps, h->in, &lo, &hi);
  for (int64_t step = first; step < end && terms > 0; step++) {
    int64_t t = step / h->taps, u = step % h->taps;
    if (t < b->first_tap || t >= b->end_tap || u < lo || u >= hi) continue;
    int64_t row = (d->tap_first + t * d->tap_step) * p->axis[DW_ROWS].kernel + h->tap_first + u * h->tap_step;
    for (int64_t v = piece->from; v < piece->to; v += together, n++) {
      runs[n].a = place(p, b, t, at + u * h->dilation, col + v * w->dilation);
      runs[n].b = (row * p->axis[DW_COLS].kernel + w->tap_first + v * w->tap_step) * terms * nr;
      runs[n].k = together * terms;
    }
  }
  return n;
}

// Where `v`, of the layout of what is written, has a pixel of a line, at these columns.
static char *target(const struct dw_conv_lines *p, const struct dw_volume *v, const struct band *b, int64_t line,
                    int64_t pixel, const struct columns *c) {
  const int64_t index[DW_SPATIAL] = {b->plane, b->line + line, pixel};
  int64_t at = b->image * v->image + (c->group * p->panels.columns + c->first) * v->channel;
  for (int i = 0; i < DW_SPATIAL; i++) {
    at += (b->axis[i].to_first + index[i] * b->axis[i].to_step) * v->step[i];
  }
  return v->data + at * p->panels.size;
}

// What a piece of a line begins with; copies of the residual are where the line is computed.
static void begin_piece(const struct dw_conv_lines *p, const struct band *b, const struct columns *c, int64_t line,
                        const struct piece *piece, struct dw_gemm_block *g) {
  int64_t step = b->axis[DW_COLS].to_step * p->residual.step[DW_COLS];
  if (p->bias != NULL) g->bias = p->bias + (c->group * p->panels.columns + c->first) * p->panels.size;
  if (p->residual.data == NULL) return;
  g->start = target(p, &p->residual, b, line, piece->lo, c), g->start_row = step;
  if (p->residual.channel == 1) return;
  p->panels.layout->copy_rows(g->c, g->c_row, 1, g->start, step, p->residual.channel, g->m, c->n);
  g->start = g->c, g->start_row = g->c_row;
}

// Steps first..end-1 of a piece of a line, which they begin, end, both or neither.
static void multiply_piece(const struct dw_conv_lines *p, const struct band *b, const struct columns *c, int64_t line,
                           const struct piece *piece, int64_t first, int64_t end, bool begins, bool ends) {
  struct dw_gemm_run runs[DW_CONV_RUNS];
  int64_t width = b->axis[DW_COLS].count, size = p->panels.size;
  struct dw_gemm_block g = {.m = piece->hi - piece->lo, .n = c->n, .runs = runs, .a_k = 1, .b = c->panels};
  if (g.m <= 0) return;
  g.count = find_runs(p, b, piece, line, first, end, runs);
  for (int64_t i = 0; i < g.count; i++) g.k += runs[i].k;
  g.b_k = p->panels.kernels->nr, g.b_panel = dw_conv_panel_bytes(&p->panels) / size;
  g.a = p->packed ? b->rows : p->from.data, g.a_row = distance(p, b, b->axis[DW_COLS].stride);
  g.c = p->direct ? target(p, &p->to, b, line, piece->lo, c) : b->copies + (line * width + piece->lo) * c->n * size;
  g.c_row = p->direct ? b->axis[DW_COLS].to_step * p->to.step[DW_COLS] : c->n;
  if (begins) {
    begin_piece(p, b, c, line, piece, &g);
  } else {
    g.start = g.c, g.start_row = g.c_row;
  }
  if (ends && p->curved) g.curve = p->curve, g.gated = p->gated;
  if (g.k == 0 && g.start == g.c && g.bias == NULL && g.curve == NULL) return;
  p->panels.kernels->block(&g);
}

// Pixels lo..hi-1 of those of the band that tap v finds inside.
static struct piece meeting(const struct band *b, int64_t v, int64_t lo, int64_t hi) {
  const struct dw_conv_axis *w = &b->axis[DW_COLS];
  struct piece piece = {.from = v, .to = v + 1};
  dw_inside(w->first + v * w->dilation, w->stride, w->count, w->in, &piece.lo, &piece.hi);
  piece.lo = most(piece.lo, lo), piece.hi = most(piece.lo, least(piece.hi, hi));
  return piece;
}

// Steps first..end-1 of pixels lo..hi-1 of a line: the taps that are inside for all of them begin, then the others
// follow, those together that meet the same pixels.
static void multiply_pixels(const struct dw_conv_lines *p, const struct band *b, const struct columns *c, int64_t line,
                            int64_t lo, int64_t hi, int64_t first, int64_t end, bool last) {
  int64_t taps = b->axis[DW_COLS].taps, most_taps = least(taps, DW_CONV_RUNS);
  struct piece whole = {lo, hi, taps, taps};
  for (int64_t v = 0; v < taps; v++) {
    struct piece m = meeting(b, v, lo, hi);
    if (m.lo == lo && m.hi == hi && v - least(whole.from, v) < most_taps)
      whole.from = least(whole.from, v), whole.to = v + 1;
  }
  if (whole.from == taps) whole.to = taps;
  multiply_piece(p, b, c, line, &whole, first, end, first == 0, false);
  for (int64_t v = 0; v < taps;) {
    struct piece part = meeting(b, v, lo, hi), next;
    for (v++; v < taps && v != whole.from && part.to - part.from < most_taps; v++) {
      next = meeting(b, v, lo, hi);
      if (next.lo != part.lo || next.hi != part.hi) break;
      part.to++;
    }
    bool done = part.from >= whole.from && part.to <= whole.to;
    if (!done) multiply_piece(p, b, c, line, &part, first, end, false, false);
  }
  if (last && p->curved) multiply_piece(p, b, c, line, &(struct piece){lo, hi, 0, 0}, end, end, false, true);
}

// The same for a whole line: where all taps are inside, and on both sides of that.
static void multiply_line(const struct dw_conv_lines *p, const struct band *b, const struct columns *c, int64_t line,
                          int64_t first, int64_t end, bool last) {
  const struct dw_conv_axis *w = &b->axis[DW_COLS];
  int64_t lo, hi, left, right;
  dw_inside(w->first, w->stride, w->count, w->in, &left, &hi);
  dw_inside(w->first + (w->taps - 1) * w->dilation, w->stride, w->count, w->in, &lo, &right);
  left = round_up(left, p->side), right = w->count - round_up(w->count - right, p->side);
  if (left >= right) left = right = w->count > p->side ? w->count / 2 : 0;
  const int64_t cuts[] = {0, left, right, w->count};
  for (int i = 0; i < 3; i++) {
    if (cuts[i] < cuts[i + 1]) multiply_pixels(p, b, c, line, cuts[i], cuts[i + 1], first, end, last);
  }
}

// Brings lines to where they belong.
static void copy_lines(const struct dw_conv_lines *p, const struct band *b, const struct columns *c) {
  const struct dw_conv_axis *w = &b->axis[DW_COLS];
  int64_t step = w->to_step * p->to.step[DW_COLS];
  for (int64_t line = 0; line < b->lines; line++) {
    const char *from = b->copies + line * w->count * c->n * p->panels.size;
    char *to = target(p, &p->to, b, line, 0, c);
    if (step == 1) {
      p->panels.layout->transpose(to, p->to.channel, from, c->n, w->count, c->n);
    } else {
      p->panels.layout->copy_rows(to, step, p->to.channel, from, c->n, 1, w->count, c->n);
    }
  }
}

// False: the job is to stop.
static bool multiply_band(const dw_job *j, const struct dw_conv_lines *p, const struct band *b, int64_t block,
                          int slot) {
  const double OFTEN = 1e7; // multiply-adds after which an interruption is looked for
  struct columns c = columns_of(j, p, block);
  const struct dw_conv_axis *w = &b->axis[DW_COLS];
  int64_t steps = w->taps > 0 ? b->axis[DW_DEPTH].taps * b->axis[DW_ROWS].taps : 0, first = 0;
  double done = 0, work = (double)w->count * (double)c.n * (double)w->taps * (double)p->panels.terms;
  do { // once if there are no steps: it clears
    int64_t end = least(steps, first + p->steps);
    for (int64_t line = 0; line < b->lines; line++) {
      multiply_line(p, b, &c, line, first, end, end == steps);
      done += work * (double)(end - first);
      if (done < OFTEN) continue;
      if (dw_stopped(j->cx, slot)) return false;
      done = 0;
    }
    first = end;
  } while (first < steps);
  if (!p->direct) copy_lines(p, b, &c);
  return true;
}

// Units are blocks of a band, for all bands.
static void conv_lines(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct dw_conv_lines *p = lines_of(j);
  char *own = j->memory + p->own + slot * p->own_pitch;
  struct band band = {.number = -1, .rows = own, .copies = own + p->rows_bytes};
  for (int64_t unit = a; unit < b; unit++) {
    int64_t block = p->first + unit % p->now, number = unit / p->now, group = block / p->blocks;
    if (number != band.number || group != band.group) begin_band(p, &band, number, group);
    if (band.lines > 0 && !multiply_band(j, p, &band, block, slot)) return;
  }
}

// ---- rounds -------------------------------------------------------------------------------------

static void conv_pack(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct dw_conv_lines *p = lines_of(j);
  int64_t bytes = dw_conv_panel_bytes(&p->panels), first = panels_before(p, p->first);
  for (int64_t i = a; i < b; i++) dw_conv_pack_panel(&p->panels, j->memory + i * bytes, first + i);
}

static dw_pass packing(const struct dw_conv_lines *p) {
  int64_t n = panels_before(p, p->first + p->now) - panels_before(p, p->first);
  double elements = (double)n * (double)dw_conv_panel_bytes(&p->panels) / (double)p->panels.size;
  return (dw_pass){n, elements * DW_WORK_MOVE, conv_pack};
}

static dw_pass multiplying(const struct dw_conv_lines *p) {
  int64_t bands = p->phases[0] * p->phases[1] * p->phases[2] * p->batch * p->planes * p->bands;
  double work = (double)bands * (double)(p->lines * p->width) * (double)(p->now * p->together * p->panels.kernels->nr);
  return (dw_pass){bands * p->now, work * (double)(p->panels.taps * p->panels.terms + 1), conv_lines};
}

static void begin_round(dw_job *j) {
  struct dw_conv_lines *p = lines_of(j);
  p->now = least(p->round, p->panels.groups * p->blocks - p->first);
  j->pass = p->prepacked != NULL ? multiplying(p) : packing(p);
}

static bool next_of_lines(dw_job *j) {
  struct dw_conv_lines *p = lines_of(j);
  if (j->pass.run == conv_pack) {
    j->pass = multiplying(p);
    return true;
  }
  p->first += p->now;
  if (p->first >= p->panels.groups * p->blocks) return false;
  begin_round(j);
  return true;
}

// ---- drivers ------------------------------------------------------------------------------------

static dw_status lines_init(dw_job *j, const dw_context *cx, const dw_tensor *to, const dw_tensor *from,
                            const dw_tensor *kernel, const void *panels, const dw_conv *d, bool back,
                            const dw_epilogue *e) {
  struct dw_conv_lines *p = lines_of(j);
  dw_conv_lines_plan(p, cx, to, from, kernel, panels, d, back, e);
  dw_job_init(j, cx, 0, 0, NULL);
  begin_round(j);
  j->next = next_of_lines;
  dw_pass largest = multiplying(p);
  j->slots = (int)most(dw_slots(cx, j->pass.units, j->pass.work), dw_slots(cx, largest.units, largest.work));
  int64_t used = 0;
  dw_scratch_take(&used, p->panels_bytes);
  p->own = dw_scratch_each(&used, p->own_bytes, j->slots, &p->own_pitch);
  return dw_scratch_tell(j, used);
}

dw_status dw_conv_forward_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x,
                               const dw_tensor *kernel, const void *panels, const dw_conv *d, const dw_epilogue *e) {
  dw_status s;
  DW_REQUIRE((kernel != NULL || panels != NULL) && y->dtype == x->dtype && y->rank == x->rank);
  dw_job_init(j, cx, 0, 0, NULL);
  if (dw_numel(y) == 0) return DW_OK;
  if (panels == NULL && dw_conv_delegate_forward(j, cx, y, x, kernel, d, e, &s)) return s;
  if (panels == NULL && e == NULL && dw_conv_grouped_init(j, cx, y, x, kernel, d, false, &s)) return s;
  return lines_init(j, cx, y, x, kernel, panels, d, false, e);
}

dw_status dw_conv_grad_x_init(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *g,
                              const dw_tensor *kernel, const void *panels, const dw_conv *d) {
  dw_status s;
  DW_REQUIRE((kernel != NULL || panels != NULL) && dx->dtype == g->dtype && dx->rank == g->rank);
  dw_job_init(j, cx, 0, 0, NULL);
  if (dw_numel(dx) == 0) return DW_OK;
  if (panels == NULL && dw_conv_delegate_grad_x(j, cx, dx, g, kernel, d, &s)) return s;
  if (panels == NULL && dw_conv_grouped_init(j, cx, dx, g, kernel, d, true, &s)) return s;
  return lines_init(j, cx, dx, g, kernel, panels, d, true, NULL);
}
