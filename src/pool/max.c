// max.c: drivers that find where the largest element of each window is: the gradient of max pooling, which adds g to
// that place, and the gradient of that gradient, which reads v there. Called by the binding. Invariant: a unit of the
// gradient is a band of rows of dx, or a block of its planes, and owns it: it looks at all windows that reach into the
// band, in row order, and adds only what falls inside.
#include <string.h>

#include "pool.h"

struct max_pool {
  dw_pool p;
  const struct dw_pool_kernels *k;
  struct dw_rows x, y, other; // other: dx, or v
  int64_t bytes;
  const struct dw_layout_kernels *layout;
  struct dw_blocks blocks; // of planes, which are packed; none where rows are computed where they lie
  int64_t bands;           // of a plane, along its depth, or its height where there is no depth
  int axis;                // along which bands are cut
  int64_t at, pitch, packed[3];
};

// The windows of one output row: their taps on the first two axes are given, those along the row are found here.
struct row {
  const struct max_pool *s;
  char *x, *y, *other; // x and other: where the first tap of the first two axes is
  struct dw_pool_taps taps;
  int64_t lo[2], hi[2]; // taps that may be written
};

static void max_windows(const struct row *r, int64_t source, int64_t m, int64_t count, int64_t taps) {
  const struct max_pool *s = r->s;
  int64_t lanes = s->x.lanes, pixel = lanes * s->bytes;
  struct dw_pool_windows w = {r->taps, s->p.axes[2].stride * lanes, lanes, {0}, count, lanes};
  w.taps.taps[2] = taps;
  for (int i = 0; i < 2; i++) w.along[i] = s->other.step[2 + i] / s->bytes * s->p.axes[i].dilation;
  char *x = r->x + source * pixel, *y = r->y + m * pixel, *other = r->other + source * pixel;
  if (r->hi[0] >= 0) {
    s->k->to_largest(other, y, x, &w, r->lo, r->hi);
  } else {
    s->k->at_largest(y, other, x, &w);
  }
}

static void max_row(const struct row *r) {
  struct dw_line l = dw_pool_line(&r->s->p.axes[2], false, 0);
  int64_t first, end;
  dw_line_interior(&l, &first, &end);
  for (int64_t m = 0; m < l.count; m++) {
    if (m == first && end > first) {
      max_windows(r, l.start + m * l.advance, m, end - m, l.taps);
      m = end;
      if (m == l.count) break;
    }
    struct dw_span span = dw_line_span(&l, m);
    if (span.taps > 0) max_windows(r, span.first, m, 1, span.taps);
  }
}

// The output row `at`, as far as x's `band` rows first .. end-1 are concerned, along s->axis; all of them if first < 0.
static void max_output_row(const struct max_pool *s, const struct dw_row *at, int64_t first, int64_t end) {
  const dw_axis *axes = s->p.axes;
  struct dw_span span[2] = {dw_pool_span(&axes[0], false, at->depth), dw_pool_span(&axes[1], false, at->height)};
  struct dw_row from = {at->image, at->plane, span[0].first, span[1].first};
  struct row r = {.s = s, .x = dw_row_at(&s->x, &from), .y = dw_row_at(&s->y, at)};
  r.other = dw_row_at(&s->other, &from);
  r.taps.step[0] = s->x.step[2] / s->bytes * axes[0].dilation;
  r.taps.step[1] = s->x.step[3] / s->bytes * axes[1].dilation;
  r.taps.step[2] = s->x.lanes * axes[2].dilation;
  for (int i = 0; i < 2; i++) r.taps.taps[i] = r.hi[i] = span[i].taps;
  if (r.taps.taps[0] == 0 || r.taps.taps[1] == 0) return;
  if (first < 0) {
    r.hi[0] = -1;
  } else {
    int i = s->axis;
    int64_t step = axes[i].dilation;
    r.lo[i] = first > span[i].first ? parts(first - span[i].first, step) : 0;
    r.hi[i] = end > span[i].first ? least(span[i].taps, parts(end - span[i].first, step)) : 0;
    if (r.lo[i] >= r.hi[i]) return;
  }
  max_row(&r);
}

// The outputs of an axis whose windows reach into first .. end-1: from *lo to *hi - 1.
static void outputs_near(const dw_axis *a, int64_t first, int64_t end, int64_t *lo, int64_t *hi) {
  int64_t window = (a->kernel - 1) * a->dilation + 1, below = first + a->before - window + 1;
  *lo = least(a->out, below > 0 ? parts(below, a->stride) : 0);
  *hi = most(*lo, least(a->out, (end - 1 + a->before) / a->stride + 1));
}

static void clear_rows(const struct max_pool *s, struct dw_row at) {
  memset(dw_row_at(&s->other, &at), 0, (size_t)(s->other.width * s->other.lanes * s->bytes));
}

static bool is_stopped(const dw_job *j, int slot) { return dw_stopped(j->cx, slot); }

static void run_band(const dw_job *j, const struct max_pool *s, int64_t unit, int slot) {
  int64_t rows = s->axis == 0 ? s->x.depth : s->x.height, band = unit % s->bands, plane = unit / s->bands;
  int64_t first = rows * band / s->bands, end = rows * (band + 1) / s->bands, lo[2] = {0, 0}, hi[2];
  struct dw_row at = {.image = plane / s->x.planes, .plane = plane % s->x.planes};
  hi[0] = s->p.axes[0].out, hi[1] = s->p.axes[1].out;
  outputs_near(&s->p.axes[s->axis], first, end, &lo[s->axis], &hi[s->axis]);
  for (int64_t i = first; i < end; i++) {
    int64_t inner = s->axis == 0 ? s->x.height : 1;
    for (int64_t h = 0; h < inner; h++) {
      at.depth = s->axis == 0 ? i : 0, at.height = s->axis == 0 ? h : i;
      clear_rows(s, at);
    }
  }
  for (at.depth = lo[0]; at.depth < hi[0]; at.depth++) {
    for (at.height = lo[1]; at.height < hi[1]; at.height++) {
      if (is_stopped(j, slot)) return;
      max_output_row(s, &at, first, end);
    }
  }
}

static void max_bands(dw_job *j, int64_t a, int64_t b, int slot) {
  for (int64_t u = a; u < b; u++) run_band(j, DW_STATE(struct max_pool, j), u, slot);
}

// Rows a .. b-1 of outputs. Windows without taps have no element to take, and give 0.
static void pick_rows(const dw_job *j, const struct max_pool *s, int64_t a, int64_t b, int slot) {
  for (int64_t u = a; u < b && !is_stopped(j, slot); u++) {
    struct dw_row at = dw_row_of(&s->y, u);
    memset(dw_row_at(&s->y, &at), 0, (size_t)(s->y.width * s->y.lanes * s->bytes));
    max_output_row(s, &at, -1, -1);
  }
}

static void max_rows(dw_job *j, int64_t a, int64_t b, int slot) {
  pick_rows(j, DW_STATE(struct max_pool, j), a, b, slot);
}

// Units are blocks of planes; `picks`: y is made, else `other`.
static void run_blocks(dw_job *j, int64_t a, int64_t b, int slot, bool picks) {
  const struct max_pool *s = DW_STATE(struct max_pool, j);
  const struct dw_rows *rows[3] = {&s->x, &s->y, &s->other};
  for (int64_t u = a; u < b; u++) {
    struct max_pool own = *s;
    struct dw_rows *packed[3] = {&own.x, &own.y, &own.other};
    int64_t image = u / s->blocks.count, block = u % s->blocks.count, first = block * s->blocks.block;
    int made = picks ? 1 : 2;
    own.bands = 1;
    for (int i = 0; i < 3; i++) {
      char *at = j->memory + s->at + slot * s->pitch + s->packed[i];
      dw_rows_packed(packed[i], rows[i], dw_blocks_size(&s->blocks, block), at, s->bytes);
      if (i != made) dw_rows_pack(packed[i], rows[i], image, first, s->layout);
    }
    if (picks)
      pick_rows(j, &own, 0, dw_rows_count(&own.y), slot);
    else
      run_band(j, &own, 0, slot);
    if (is_stopped(j, slot)) return;
    dw_rows_unpack(packed[made], rows[made], image, first, s->layout);
  }
}

static void grad_blocks(dw_job *j, int64_t a, int64_t b, int slot) { run_blocks(j, a, b, slot, false); }
static void pick_blocks(dw_job *j, int64_t a, int64_t b, int slot) { run_blocks(j, a, b, slot, true); }

static int64_t plane_of(const struct dw_rows *r) { return times(times(r->depth, r->height), r->width); }

static struct max_pool *max_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x,
                                 const dw_tensor *other, const dw_pool *p) {
  struct max_pool *s = DW_STATE(struct max_pool, j);
  DW_REQUIRE(x->dtype == p->dtype && y->dtype == p->dtype && dw_same_shape(x, other) && other->dtype == p->dtype);
  *s = (struct max_pool){.p = *p, .k = cx->kernels->pool[p->dtype], .bytes = (int64_t)dw_dtype_size(p->dtype)};
  s->layout = dw_layout_kernels(cx, s->bytes);
  s->axis = x->shape[1] > 1 ? 0 : 1;
  dw_rows_init(&s->x, x, p->planes);
  dw_rows_init(&s->y, y, p->planes);
  dw_rows_init(&s->other, other, p->planes);
  int64_t planes[3] = {plane_of(&s->x), plane_of(&s->y), plane_of(&s->other)};
  s->blocks = dw_blocks_of(&s->x, s->k->vector, times(planes[0] + planes[1] + planes[2], s->bytes));
  return s;
}

// Units of blocks, and the scratch that these take.
static dw_status use_blocks(dw_job *j, dw_run_units *run) {
  struct max_pool *s = DW_STATE(struct max_pool, j);
  int64_t used = 0, each = 0, lanes = dw_blocks_size(&s->blocks, s->blocks.count - 1);
  int64_t planes[3] = {plane_of(&s->x), plane_of(&s->y), plane_of(&s->other)};
  j->pass.run = run;
  j->pass.units = s->x.images * s->blocks.count;
  j->slots = dw_slots(j->cx, j->pass.units, j->pass.work);
  for (int i = 0; i < 3; i++) s->packed[i] = dw_scratch_take(&each, times(planes[i], lanes * s->bytes));
  s->at = dw_scratch_each(&used, each, j->slots, &s->pitch);
  return dw_scratch_tell(j, used);
}

static double work_of(const dw_tensor *y, const dw_pool *p) {
  return (double)dw_numel(y) * (double)p->axes[0].kernel * (double)p->axes[1].kernel * (double)p->axes[2].kernel *
         DW_WORK_COMBINE;
}

dw_status dw_max_pool_grad_x_init(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *g,
                                  const dw_tensor *x, const dw_pool *p) {
  enum { SHARES = 4 }; // bands for each thread, as their windows overlap
  dw_job_init(j, cx, 0, 0, max_bands);
  if (dw_numel(dx) == 0) return DW_OK;
  struct max_pool *s = max_init(j, cx, g, x, dx, p);
  j->pass.work = work_of(g, p) + (double)dw_numel(dx);
  if (s->blocks.count > 0) return use_blocks(j, grad_blocks);
  int64_t planes = s->x.images * s->x.planes, rows = s->axis == 0 ? s->x.depth : s->x.height;
  const dw_axis *a = &p->axes[s->axis];
  int64_t window = (a->kernel - 1) * a->dilation + 1, slots = dw_slots(cx, planes * rows, j->pass.work);
  int64_t wanted = slots > 1 ? parts(SHARES * slots, planes) : 1;
  s->bands = most(1, least(rows / most(1, least(rows, window)), wanted)); // so that few windows are in two
  j->pass.units = planes * s->bands;
  return DW_OK;
}

dw_status dw_max_pool_pick_init(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *v,
                                const dw_tensor *x, const dw_pool *p) {
  dw_job_init(j, cx, 0, 0, max_rows);
  if (dw_numel(y) == 0) return DW_OK;
  struct max_pool *s = max_init(j, cx, y, x, v, p);
  j->pass.work = work_of(y, p);
  if (s->blocks.count > 0) return use_blocks(j, pick_blocks);
  j->pass.units = dw_rows_count(&s->y);
  return DW_OK;
}
