// plan.c: decides which path a matrix product takes, the rounds whose packed b fits into the scratch, and the units
// that fit into the caches. Called by gemm.c.
#include "gemm.h"

// Found with `make bench BENCHES=gemm` on a Zen 4, shapes of MobileNet and squares from 64 to 1024.
enum {
  PANEL_BYTES = 1 << 16, // of a panel's part that streams from the second-level cache
  ROWS_BYTES = 1 << 17,  // of the rows of a that stay there
  ROUND_BYTES = 1 << 22, // of what is packed from b at a time
  ROUND_DEPTH = 2048,    // terms in a round, when b does not fit whole
  UNIT_WORK = 1 << 18,   // multiply-adds below which a unit is not worth a call
  UNITS = 64,            // this many can be shared out evenly
  FEW_ROWS = 32,         // up to this many, inner products of many terms beat transposing b
  PLAIN_TILES = 2,       // tiles of rows up to which b is read as it lies: packing would not pay
  NARROW_PANELS = 8,     // panels of b up to which a unit that packs for itself has the rows of one unit
  FEWEST_TILES = 4,      // tiles of rows in a unit, if there are that many
  DOTS_COLUMNS = 16,     // columns of inner products in a unit, at least
  DOTS_WORK = 1 << 15    // multiply-adds of one row of them in a unit
};

// Panels that a unit takes together: if its rows of a must be copied or packed, this many share that work.
enum { TOGETHER_PACKED = 32, TOGETHER_COPIED = 8, TOGETHER_FEW_ROWS = 4, TOGETHER_LATE = 2 };

// ---- geometry -----------------------------------------------------------------------------------

static struct dw_matrix matrix_of(const dw_tensor *t) {
  struct dw_matrix x = {.data = t->data, .row = t->strides[t->rank - 2], .col = t->strides[t->rank - 1]};
  for (int i = 0; i < t->rank - 2; i++) x.batch[i] = t->strides[i];
  return x;
}

// Batch axes along which b does not move become rows, where a and c allow it.
static void fold_batch(struct dw_gemm_plan *p) {
  for (; p->axes > 0; p->axes--) {
    int i = p->axes - 1;
    if (p->shape[i] == 1) continue;
    bool one = p->m == 1;
    if (p->b.batch[i] != 0) break;
    bool follows = p->a.batch[i] == p->m * p->a.row && p->c.batch[i] == p->m * p->c.row;
    if (p->residual.data != NULL) follows = follows && p->residual.batch[i] == p->m * p->residual.row;
    if (!one && !follows) break;
    if (one) p->a.row = p->a.batch[i], p->c.row = p->c.batch[i], p->residual.row = p->residual.batch[i];
    p->m *= p->shape[i];
  }
  p->batch = 1;
  p->shared = true;
  for (int i = 0; i < p->axes; i++) {
    p->batch *= p->shape[i];
    if (p->shape[i] > 1 && p->b.batch[i] != 0) p->shared = false;
  }
}

// A column of c that lies without gaps is the row of the transposed product.
static void turn_column(struct dw_gemm_plan *p) {
  if (p->prepacked != NULL || p->bias != NULL || p->residual.data != NULL || p->n != 1 || p->m == 1 || p->c.row != 1)
    return;
  struct dw_matrix a = p->a, b = p->b;
  p->a = b, p->a.row = b.col, p->a.col = b.row;
  p->b = a, p->b.row = a.col, p->b.col = a.row;
  p->n = p->m, p->m = 1;
  p->shared = p->batch == 1;
}

static void begin(struct dw_gemm_plan *p, const dw_context *cx, dw_dtype dtype) {
  *p = (struct dw_gemm_plan){.kernels = cx->kernels->gemm[dtype], .batch = 1, .shared = true};
  p->size = (int64_t)dw_dtype_size(dtype);
  p->layout = dw_layout_kernels(cx, p->size);
}

static void finish_with(struct dw_gemm_plan *p, const dw_epilogue *e) {
  if (e->bias != NULL) p->bias = e->bias->data;
  if (e->residual != NULL) p->residual = matrix_of(e->residual);
  if (e->curve == NULL) return;
  p->curved = true, p->gated = e->curve->gated;
  dw_curve_numbers(p->curve, e->curve);
}

// ---- plan ---------------------------------------------------------------------------------------

double dw_gemm_work(const struct dw_gemm_plan *p, int64_t items, int64_t n, int64_t k) {
  return (double)items * (double)p->m * (double)n * ((double)k + 1); // k = 0 writes too
}

// Lines that far apart meet in the same few cache sets.
static bool collide(const struct dw_gemm_plan *p, int64_t step) { return step * p->size % DW_PAGE == 0; }

static enum dw_gemm_reading reading_of_a(const struct dw_gemm_plan *p) {
  enum { WAYS = 8 }; // of the first-level cache
  bool often = p->n > 2 * p->kernels->nr;
  if (p->a.col == 1) return often && !p->dots && collide(p, p->a.row) && p->m > WAYS ? DW_COPIED : DW_IN_PLACE;
  if (p->dots) return DW_COPIED;
  return often && (p->a.row != 1 || collide(p, p->a.col)) ? DW_PACKED : DW_IN_PLACE;
}

static int64_t depth_for(const struct dw_gemm_plan *p, int64_t k) {
  return even(most(k, 1), PANEL_BYTES / (p->kernels->nr * p->size));
}

static int64_t rows_for(const struct dw_gemm_plan *p, int64_t depth) {
  return most(p->kernels->mr, ROWS_BYTES / (depth * p->size) / p->kernels->mr * p->kernels->mr);
}

// Up to this many rows are not cut into several units, each of which would pack the same columns.
static int64_t late_rows(const struct dw_gemm_plan *p) {
  int64_t rows = rows_for(p, depth_for(p, p->k));
  return p->n < NARROW_PANELS * p->kernels->nr ? rows : 2 * rows;
}

static void choose_paths(struct dw_gemm_plan *p) {
  int64_t nr = p->kernels->nr;
  bool across = p->b.col == 1, down = p->b.row == 1; // how b lies
  p->dots = p->prepacked == NULL && p->m <= FEW_ROWS && down && (!across || p->n == 1) && p->k >= 2 * nr * p->m;
  p->plain = 0;
  if (p->dots) p->plain = p->n;
  if (!p->dots && p->prepacked == NULL && across && p->m <= PLAIN_TILES * p->kernels->mr) p->plain = p->n / nr * nr;
  p->late = p->prepacked == NULL && p->plain < p->n && (!p->shared || p->batch == 1) && p->m <= late_rows(p);
  p->reading = reading_of_a(p);
}

static void choose_round(struct dw_gemm_plan *p) {
  int64_t nr = p->kernels->nr, width = round_up(p->n - p->plain, nr);
  p->items = p->batch, p->columns = p->n, p->terms = most(p->k, 1);
  if (p->prepacked != NULL || p->late || width == 0) return;
  if (times(times(p->k, width), p->size) > ROUND_BYTES) {
    int64_t columns = most(nr, ROUND_BYTES / (ROUND_DEPTH * p->size) / nr * nr);
    p->terms = even(p->k, ROUND_DEPTH);
    if (width > columns) p->columns = round_up(even(p->n, columns), nr);
    width = least(width, round_up(p->columns, nr));
  }
  int64_t bytes = p->terms * width * p->size;
  if (!p->shared) p->items = most(1, least(p->batch, ROUND_BYTES / bytes));
  p->panels_bytes = (p->shared ? 1 : p->items) * bytes;
}

// Copied rows lie a line further apart than they are long, so that they do not collide again.
int64_t dw_gemm_copied_pitch(const struct dw_gemm_plan *p) {
  return (round_up(p->depth * p->size, DW_LINE) + DW_LINE) / p->size;
}

// The fewest panels that a unit takes together.
static int64_t panels_together(const struct dw_gemm_plan *p) {
  if (p->reading == DW_PACKED) return TOGETHER_PACKED;
  if (p->reading == DW_COPIED) return TOGETHER_COPIED;
  if (p->m < 3) return TOGETHER_FEW_ROWS;
  return p->late ? TOGETHER_LATE : 1;
}

// Units are large enough for the caches, but as many as can be shared out if there is enough work.
static void choose_unit(struct dw_gemm_plan *p) {
  int64_t mr = p->kernels->mr, nr = p->kernels->nr;
  double work = dw_gemm_work(p, p->items, p->columns, p->terms) / UNIT_WORK;
  int64_t want = work >= UNITS ? UNITS : work > 1 ? (int64_t)work : 1;
  if (p->dots) {
    p->unit_rows = p->m, p->depth = DW_GEMM_DOTS_DEPTH;
    p->unit_cols = most(DOTS_COLUMNS, DOTS_WORK / p->k);
    p->own_bytes = p->reading == DW_COPIED ? p->m * DW_GEMM_DOTS_DEPTH * p->size : 0;
    return;
  }
  p->depth = depth_for(p, p->terms);
  int64_t rows = p->late ? p->m : rows_for(p, p->depth);
  int64_t shortest = p->late ? rows : least(rows, FEWEST_TILES * mr);
  int64_t blocks = most(parts(p->m, rows), least(parts(want, p->items), parts(p->m, shortest)));
  p->unit_rows = parts(p->m, blocks);
  int64_t panels = parts(p->columns, nr), together = panels_together(p);
  int64_t groups = most(1, least(parts(want, p->items * blocks), parts(panels, together)));
  int64_t longest = most(together, ROUND_BYTES / nr / p->size / p->terms);
  p->unit_cols = least(round_up(parts(panels, groups), together), longest) * nr;
  if (p->reading != DW_IN_PLACE) {
    p->rows_bytes = round_up(p->unit_rows * dw_gemm_copied_pitch(p) * p->size, DW_LINE);
  }
  p->own_bytes = p->rows_bytes + (p->late ? DW_GEMM_PACKED_TOGETHER * nr * p->depth * p->size : 0);
}

void dw_gemm_plan_init(struct dw_gemm_plan *p, const dw_context *cx, const dw_tensor *c, const dw_tensor *a,
                       const dw_tensor *b, const void *panels, const dw_epilogue *e) {
  begin(p, cx, c->dtype);
  p->prepacked = panels;
  p->c = matrix_of(c), p->a = matrix_of(a);
  if (b != NULL) p->b = matrix_of(b);
  if (e != NULL) finish_with(p, e);
  p->axes = c->rank - 2;
  for (int i = 0; i < p->axes; i++) p->shape[i] = c->shape[i];
  p->m = c->shape[c->rank - 2], p->n = c->shape[c->rank - 1], p->k = a->shape[a->rank - 1];
  fold_batch(p);
  turn_column(p);
  if (p->n == 1) p->b.col = 1; // steps along an axis of one are never taken
  if (p->k == 1) p->a.col = 1;
  choose_paths(p);
  choose_round(p);
  choose_unit(p);
}

void dw_gemm_plan_panels(struct dw_gemm_plan *p, const dw_context *cx, const dw_tensor *b) {
  begin(p, cx, b->dtype);
  p->b = matrix_of(b);
  p->n = b->shape[1], p->k = b->shape[0];
}
