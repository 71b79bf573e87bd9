// pool.c: drivers of pooling and of the gradient of the average, which are one walk in two directions. Called by the
// binding. A window is computed in two steps: its rows are joined into one row, then the taps along that row.
// Invariant: a unit is one row of the result, or a block of its planes, and owns it; the order of an output's
// operations follows from the geometry alone.
#include "kernels/layout.h"
#include "pool.h"

enum { PIECE = 1 << 20 }; // taps after which an interruption is looked for
enum { EASY = 4 };        // up to this many rows of a window are added where they lie

// What a thread has: joined rows, windows that begin at each pixel of them, and packed planes.
enum { JOINED, FLAT, PACKED_FROM, PACKED_TO, BUFFERS };

typedef void reduce_fn(void *y, const void *x, const struct dw_pool_windows *w, double scale);

struct pool {
  dw_pool p;
  bool back, average, direct; // direct: pixels have enough lanes to do without joined rows
  const struct dw_pool_kernels *k;
  const struct dw_layout_kernels *layout;
  struct dw_rows to, from;
  struct dw_blocks blocks; // of planes, which are packed; none where rows are computed where they lie
  int64_t bytes;           // of an element
  int64_t at, pitch, buffer[BUFFERS];
};

// A thread at a row of the result.
struct worker {
  dw_job *job;
  const struct pool *s;
  int slot;
  char *buffer[BUFFERS];
};

static bool is_stopped(const struct worker *w) { return dw_stopped(w->job->cx, w->slot); }

static void reduce(const struct pool *s, void *y, const void *x, const struct dw_pool_windows *w, double scale) {
  if (s->average) {
    s->k->sum(y, x, w, scale);
  } else {
    s->k->largest(y, x, w);
  }
}

// ---- along a row -------------------------------------------------------------------------------------------

// A row of the result: its windows begin in `from`; the first two of `taps` are their taps on the other axes.
struct row {
  char *to;
  const char *from;
  struct dw_pool_taps taps;
  const struct dw_line *line;
  double scale; // of a sum whose taps along the row are all inside, or are not counted
  bool counted; // windows with fewer taps along the row have a scale of their own
};

static void pool_pixel(const struct worker *w, const struct row *r, int64_t m) {
  const struct pool *s = w->s;
  const struct dw_line *l = r->line;
  struct dw_span span = dw_line_span(l, m);
  int64_t pixel = s->to.lanes * s->bytes;
  struct dw_pool_windows one = {.taps = r->taps, .count = 1, .lanes = s->to.lanes};
  one.taps.taps[2] = span.taps;
  double scale = r->counted && span.taps > 0 ? r->scale * (double)l->taps / (double)span.taps : r->scale;
  reduce(s, r->to + (l->to_first + m * l->to_step) * pixel, r->from + span.first * pixel, &one, scale);
}

// Windows m .. m+n-1, all of whose taps are inside.
static void pool_inside(const struct worker *w, const struct row *r, int64_t m, int64_t n) {
  const struct pool *s = w->s;
  const struct dw_line *l = r->line;
  int64_t lanes = s->to.lanes, pixel = lanes * s->bytes;
  char *to = r->to + (l->to_first + m * l->to_step) * pixel;
  const char *from = r->from + (l->start + m * l->advance) * pixel;
  struct dw_pool_windows all = {r->taps, l->advance * lanes, l->to_step * lanes, {0}, n, lanes};
  bool gaps = l->advance > 1 || l->to_step > 1, row = r->taps.taps[0] * r->taps.taps[1] == 1;
  if (lanes < s->k->vector || (row && !gaps)) { // windows that begin at neighbours, in one go
    all.lanes = ((n - 1) * l->advance + 1) * lanes, all.count = 1;
    reduce(s, gaps ? w->buffer[FLAT] : to, from, &all, r->scale);
    if (!gaps) return;
    s->layout->copy_rows(to, l->to_step * lanes, 1, w->buffer[FLAT], l->advance * lanes, 1, n, lanes);
  } else {
    reduce(s, to, from, &all, r->scale);
  }
}

static void pool_along(const struct worker *w, const struct row *r) {
  const struct dw_line *l = r->line;
  int64_t others = r->taps.taps[0] * r->taps.taps[1], each = times(times(l->taps, l->advance), w->s->to.lanes * others);
  int64_t first, end, m = 0, piece = most(1, PIECE / most(1, each));
  dw_line_interior(l, &first, &end);
  for (; m < first; m++) pool_pixel(w, r, m);
  for (; m < end; m += piece) {
    pool_inside(w, r, m, least(piece, end - m));
    if (end - first > piece && is_stopped(w)) return;
  }
  for (m = end; m < l->count; m++) pool_pixel(w, r, m);
}

// ---- forward -----------------------------------------------------------------------------------------------

// Elements of a row that have all taps of the other axes joined at a time.
static int64_t piece_of(const struct worker *w, int64_t taps) { return most(w->s->k->vector, PIECE / most(1, taps)); }

// Joins the rows of a window. False: the job is to stop.
static bool join_rows(const struct worker *w, const char *from, const struct dw_pool_taps *taps) {
  const struct pool *s = w->s;
  int64_t n = s->from.width * s->from.lanes, piece = piece_of(w, taps->taps[0] * taps->taps[1]);
  struct dw_pool_windows rows = {.taps = *taps, .count = 1};
  rows.taps.taps[2] = 1;
  for (int64_t i = 0; i < n; i += piece) {
    rows.lanes = least(piece, n - i);
    reduce(s, w->buffer[JOINED] + i * s->bytes, from + i * s->bytes, &rows, 1);
    if (piece < n && is_stopped(w)) return false;
  }
  return true;
}

static struct row row_of(const struct worker *w, int64_t number, const struct dw_line *line) {
  const struct pool *s = w->s;
  const dw_axis *axes = s->p.axes;
  struct dw_row to = dw_row_of(&s->to, number), from = to;
  struct dw_span d = dw_pool_span(&axes[0], false, to.depth), h = dw_pool_span(&axes[1], false, to.height);
  from.depth = d.first, from.height = h.first;
  struct row r = {.to = dw_row_at(&s->to, &to), .from = dw_row_at(&s->from, &from), .line = line};
  r.taps.step[0] = s->from.step[2] / s->bytes * axes[0].dilation;
  r.taps.step[1] = s->from.step[3] / s->bytes * axes[1].dilation;
  r.taps.step[2] = s->from.lanes * axes[2].dilation;
  r.taps.taps[0] = d.taps, r.taps.taps[1] = h.taps, r.taps.taps[2] = line->taps;
  double count = (double)dw_pool_count(&s->p, 0, to.depth) * (double)dw_pool_count(&s->p, 1, to.height);
  r.scale = count > 0 ? 1 / (count * (double)axes[2].kernel) : 1, r.counted = !s->p.count_padding;
  return r;
}

static void pool_row(const struct worker *w, int64_t number, const struct dw_line *line) {
  struct row r = row_of(w, number, line);
  if (!w->s->direct && r.taps.taps[0] * r.taps.taps[1] > 1) {
    if (!join_rows(w, r.from, &r.taps)) return;
    r.from = w->buffer[JOINED];
    r.taps.taps[0] = r.taps.taps[1] = 1;
  }
  pool_along(w, &r);
}

// ---- the gradient of the average ---------------------------------------------------------------------------

// What an output's row gives to each of its taps, if all taps along it are inside.
static double share_of_row(const struct pool *s, const struct dw_row *at) {
  double count = (double)dw_pool_count(&s->p, 0, at->depth) * (double)dw_pool_count(&s->p, 1, at->height);
  return 1 / (count * (double)s->p.axes[2].kernel);
}

// Outputs near the edge of a row that have fewer taps give more to each.
static void raise_edge(const struct worker *w, const struct dw_line *l, int64_t first, int64_t end) {
  const struct pool *s = w->s;
  for (int64_t i = first; i < end; i++) {
    int64_t taps = dw_line_span(l, i).taps;
    char *at = w->buffer[JOINED] + i * s->from.lanes * s->bytes;
    double raise = taps > 0 ? (double)l->taps / (double)taps : 1;
    s->k->weigh(at, (const void *const[]){at}, &raise, 1, s->from.lanes, false);
  }
}

static void raise_edges(const struct worker *w) {
  struct dw_line l = dw_pool_line(&w->s->p.axes[2], false, 0);
  int64_t first, end;
  dw_line_interior(&l, &first, &end);
  raise_edge(w, &l, 0, first);
  raise_edge(w, &l, end, l.count);
}

// The weighted sum of the rows of outputs that a row belongs to. False: the job is to stop.
static bool weigh_rows(const struct worker *w, const struct dw_row *to, struct dw_span d, struct dw_span h,
                       const int64_t steps[2]) {
  const struct pool *s = w->s;
  const void *rows[DW_POOL_WEIGHTS];
  double weights[DW_POOL_WEIGHTS];
  int64_t n = s->from.width * s->from.lanes, all = d.taps * h.taps;
  int have = 0;
  bool add = false;
  if (all == 0) s->k->weigh(w->buffer[JOINED], rows, weights, 0, n, false);
  for (int64_t i = 0; i < all; i++) {
    struct dw_row at = *to;
    at.depth = d.first + i / h.taps * steps[0], at.height = h.first + i % h.taps * steps[1];
    rows[have] = dw_row_at(&s->from, &at);
    weights[have++] = share_of_row(s, &at);
    if (have < DW_POOL_WEIGHTS && i + 1 < all) continue;
    s->k->weigh(w->buffer[JOINED], rows, weights, have, n, add);
    have = 0, add = true;
    if (is_stopped(w)) return false;
  }
  return true;
}

static int64_t source_step(const dw_axis *a, int64_t to) {
  return dw_pool_line(a, true, to % dw_pool_lines(a, true)).step;
}

// Whether some outputs of a row have fewer taps along it than others.
static bool has_edges(const struct pool *s) {
  struct dw_line l = dw_pool_line(&s->p.axes[2], false, 0);
  int64_t first, end;
  dw_line_interior(&l, &first, &end);
  return !s->p.count_padding && (first > 0 || end < l.count);
}

// Whether the rows of outputs that a row belongs to all give it the same share: windows are then added where they lie.
static bool shares_alike(const struct pool *s, struct dw_row at, struct dw_span d, struct dw_span h,
                         const int64_t steps[2]) {
  if (!s->direct || d.taps * h.taps == 0 || d.taps > EASY || h.taps > EASY || has_edges(s)) return false;
  at.depth = d.first, at.height = h.first;
  double share = share_of_row(s, &at);
  bool alike = true;
  for (int64_t i = 0; i < d.taps; i++, at.depth += steps[0]) alike = alike && share_of_row(s, &at) == share;
  at.depth = d.first;
  for (int64_t i = 0; i < h.taps; i++, at.height += steps[1]) alike = alike && share_of_row(s, &at) == share;
  return alike;
}

static void pool_row_back(const struct worker *w, int64_t number) {
  const struct pool *s = w->s;
  const dw_axis *axes = s->p.axes;
  struct dw_row to = dw_row_of(&s->to, number);
  struct dw_span d = dw_pool_span(&axes[0], true, to.depth), h = dw_pool_span(&axes[1], true, to.height);
  int64_t steps[2] = {source_step(&axes[0], to.depth), source_step(&axes[1], to.height)};
  bool alike = shares_alike(s, to, d, h, steps);
  if (!alike && !weigh_rows(w, &to, d, h, steps)) return;
  if (!alike && !s->p.count_padding) raise_edges(w);
  struct dw_row from = to;
  from.depth = d.first, from.height = h.first;
  for (int64_t f = 0; f < dw_pool_lines(&axes[2], true); f++) {
    struct dw_line line = dw_pool_line(&axes[2], true, f);
    struct row r = {.to = dw_row_at(&s->to, &to), .from = w->buffer[JOINED], .line = &line, .scale = 1};
    r.taps = (struct dw_pool_taps){{0, 0, s->from.lanes * line.step}, {1, 1, line.taps}};
    if (alike) {
      r.from = dw_row_at(&s->from, &from), r.scale = share_of_row(s, &from);
      r.taps.step[0] = s->from.step[2] / s->bytes * steps[0], r.taps.taps[0] = d.taps;
      r.taps.step[1] = s->from.step[3] / s->bytes * steps[1], r.taps.taps[1] = h.taps;
    }
    pool_along(w, &r);
  }
}

// ---- drivers -----------------------------------------------------------------------------------------------

static struct worker worker_of(dw_job *j, int slot) {
  const struct pool *s = DW_STATE(struct pool, j);
  struct worker w = {.job = j, .s = s, .slot = slot};
  for (int i = 0; i < BUFFERS; i++) w.buffer[i] = j->memory + s->at + slot * s->pitch + s->buffer[i];
  return w;
}

static void pool_rows(const struct worker *w, int64_t first, int64_t end) {
  struct dw_line line = dw_pool_line(&w->s->p.axes[2], false, 0);
  for (int64_t number = first; number < end && !is_stopped(w); number++) {
    if (w->s->back)
      pool_row_back(w, number);
    else
      pool_row(w, number, &line);
  }
}

static void pool_units(dw_job *j, int64_t a, int64_t b, int slot) {
  struct worker w = worker_of(j, slot);
  pool_rows(&w, a, b);
}

// Units are blocks of planes.
static void pool_blocks(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct pool *s = DW_STATE(struct pool, j);
  for (int64_t u = a; u < b; u++) {
    struct worker w = worker_of(j, slot);
    struct pool packed = *s;
    int64_t image = u / s->blocks.count, block = u % s->blocks.count, n = dw_blocks_size(&s->blocks, block);
    dw_rows_packed(&packed.from, &s->from, n, w.buffer[PACKED_FROM], s->bytes);
    dw_rows_packed(&packed.to, &s->to, n, w.buffer[PACKED_TO], s->bytes);
    dw_rows_pack(&packed.from, &s->from, image, block * s->blocks.block, s->layout);
    w.s = &packed;
    pool_rows(&w, 0, dw_rows_count(&packed.to));
    if (is_stopped(&w)) return;
    dw_rows_unpack(&packed.to, &s->to, image, block * s->blocks.block, s->layout);
  }
}

static double taps_of(const dw_pool *p) {
  return (double)p->axes[0].kernel * (double)p->axes[1].kernel * (double)p->axes[2].kernel;
}

static int64_t plane_of(const struct dw_rows *r) { return times(times(r->depth, r->height), r->width); }

static dw_status pool_init(dw_job *j, const dw_context *cx, const dw_tensor *to, const dw_tensor *from,
                           const dw_pool *p, bool average, bool back) {
  struct pool *s = DW_STATE(struct pool, j);
  DW_REQUIRE(to->dtype == p->dtype && from->dtype == p->dtype);
  dw_job_init(j, cx, 0, 0, pool_units);
  if (dw_numel(to) == 0) return DW_OK;
  *s = (struct pool){.p = *p, .back = back, .average = average, .bytes = (int64_t)dw_dtype_size(p->dtype)};
  s->k = cx->kernels->pool[p->dtype];
  s->layout = dw_layout_kernels(cx, s->bytes);
  dw_rows_init(&s->to, to, p->planes);
  dw_rows_init(&s->from, from, p->planes);
  s->blocks = dw_blocks_of(&s->to, s->k->vector, times(plane_of(&s->to) + plane_of(&s->from), s->bytes));
  bool packs = s->blocks.count > 0;
  s->direct = packs || s->from.lanes >= s->k->vector;
  if (packs) j->pass.run = pool_blocks;
  j->pass.units = packs ? s->to.images * s->blocks.count : dw_rows_count(&s->to);
  j->pass.work = (back ? (double)dw_numel(from) : (double)dw_numel(to)) * taps_of(p);
  j->slots = dw_slots(cx, j->pass.units, j->pass.work);
  int64_t used = 0, each = 0, lanes = packs ? dw_blocks_size(&s->blocks, s->blocks.count - 1) : s->from.lanes;
  int64_t row = times(most(s->from.width, s->to.width), lanes * s->bytes);
  s->buffer[JOINED] = dw_scratch_take(&each, row);
  s->buffer[FLAT] = dw_scratch_take(&each, row);
  s->buffer[PACKED_FROM] = dw_scratch_take(&each, packs ? times(plane_of(&s->from), lanes * s->bytes) : 0);
  s->buffer[PACKED_TO] = dw_scratch_take(&each, packs ? times(plane_of(&s->to), lanes * s->bytes) : 0);
  s->at = dw_scratch_each(&used, each, j->slots, &s->pitch);
  return dw_scratch_tell(j, used);
}

dw_status dw_max_pool_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, const dw_pool *p) {
  return pool_init(j, cx, y, x, p, false, false);
}

dw_status dw_average_pool_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x,
                               const dw_pool *p) {
  return pool_init(j, cx, y, x, p, true, false);
}

dw_status dw_average_pool_grad_x_init(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *g,
                                      const dw_pool *p) {
  return pool_init(j, cx, dx, g, p, true, true);
}
