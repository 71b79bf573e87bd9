// gemm_plan.c: decides which path a matrix product takes, the rounds whose packed b fits into the scratch, and the
// units that fit into the caches. Called by gemm.c.
#include "gemm.h"

enum {
  PANEL_BYTES = 1 << 16, // of a panel's part that streams from the second-level cache
  ROWS_BYTES = 1 << 17,  // of the rows of a that stay there
  ROUND_BYTES = 1 << 22, // of what is packed from b at a time
  ROUND_DEPTH = 2048,    // terms in a round, when b does not fit whole
  UNIT_WORK = 1 << 18,   // multiply-adds below which a unit is not worth a call
  UNITS = 64,            // so many can be shared out evenly
  FEW_ROWS = 32,         // up to so many, inner products of many terms beat transposing b
  PLAIN_TILES = 2,       // tiles of rows up to which b is read as it lies: packing would not pay
};

// ---- geometry -----------------------------------------------------------------------------------

static struct dw_matrix matrix_of(const dw_tensor *t) {
  struct dw_matrix x = {.data = t->data, .row = t->strides[t->rank - 2], .col = t->strides[t->rank - 1]};
  for (int i = 0; i < t->rank - 2; i++) x.batch[i] = t->strides[i];
  return x;
}

// Batch axes along which b stands still become rows, where a and c allow it.
static void fold_batch(struct dw_gemm_job *j) {
  for (; j->axes > 0; j->axes--) {
    int i = j->axes - 1;
    if (j->shape[i] == 1) continue;
    bool one = j->m == 1;
    if (j->b.batch[i] != 0) break;
    bool follows = j->a.batch[i] == j->m * j->a.row && j->c.batch[i] == j->m * j->c.row;
    if (j->residual.data != NULL) follows = follows && j->residual.batch[i] == j->m * j->residual.row;
    if (!one && !follows) break;
    if (one) j->a.row = j->a.batch[i], j->c.row = j->c.batch[i], j->residual.row = j->residual.batch[i];
    j->m *= j->shape[i];
  }
  j->batch = 1;
  j->shared = true;
  for (int i = 0; i < j->axes; i++) {
    j->batch *= j->shape[i];
    if (j->shape[i] > 1 && j->b.batch[i] != 0) j->shared = false;
  }
}

// A column of c that lies without gaps is the row of the transposed product.
static void turn_column(struct dw_gemm_job *j) {
  if (j->prepacked || j->bias != NULL || j->residual.data != NULL || j->n != 1 || j->m == 1 || j->c.row != 1) return;
  struct dw_matrix a = j->a, b = j->b;
  j->a = b, j->a.row = b.col, j->a.col = b.row;
  j->b = a, j->b.row = a.col, j->b.col = a.row;
  j->n = j->m, j->m = 1;
  j->shared = j->batch == 1;
}

static void job_init(struct dw_gemm_job *j, const dw_context *cx, dw_dtype dtype) {
  *j = (struct dw_gemm_job){.cx = cx, .kernels = cx->kernels->gemm[dtype], .batch = 1, .shared = true};
  j->size = (int64_t)dw_dtype_size(dtype);
  j->layout = cx->kernels->layout[dtype == DW_FLOAT32 ? DW_SIZE4 : DW_SIZE8];
}

static void finish_with(struct dw_gemm_job *j, const dw_epilogue *e) {
  if (e->bias != NULL) j->bias = e->bias->data;
  if (e->residual != NULL) j->residual = matrix_of(e->residual);
  if (e->curve == NULL) return;
  j->curved = true, j->gated = e->curve->gated;
  j->curve[0] = e->curve->slope, j->curve[1] = e->curve->offset;
  j->curve[2] = e->curve->low, j->curve[3] = e->curve->high;
}

// ---- plan ---------------------------------------------------------------------------------------

static double multiply_adds(const struct dw_gemm_job *j, int64_t items, int64_t n, int64_t k) {
  return (double)items * (double)j->m * (double)n * ((double)k + 1); // k = 0 writes too
}

// Lines that far apart meet in the same few cache sets.
static bool collide(const struct dw_gemm_job *j, int64_t step) {
  enum { PAGE = 4096 };
  return step * j->size % PAGE == 0;
}

static int reading_of_a(const struct dw_gemm_job *j) {
  enum { WAYS = 8 }; // of the first-level cache
  bool often = j->n > 2 * j->kernels->nr;
  if (j->a.col == 1) return often && !j->dots && collide(j, j->a.row) && j->m > WAYS ? COPIED : IN_PLACE;
  if (j->dots) return COPIED;
  return often && (j->a.row != 1 || collide(j, j->a.col)) ? PACKED : IN_PLACE;
}

static int64_t depth_for(const struct dw_gemm_job *j, int64_t k) {
  return even(most(k, 1), PANEL_BYTES / (j->kernels->nr * j->size));
}

static int64_t rows_for(const struct dw_gemm_job *j, int64_t depth) {
  return most(j->kernels->mr, ROWS_BYTES / (depth * j->size) / j->kernels->mr * j->kernels->mr);
}

// So many rows are not cut into several units, which would each pack the same columns.
static int64_t late_rows(const struct dw_gemm_job *j) {
  int64_t rows = rows_for(j, depth_for(j, j->k));
  return j->n < 8 * j->kernels->nr ? rows : 2 * rows;
}

static void choose_paths(struct dw_gemm_job *j) {
  int64_t nr = j->kernels->nr;
  bool across = j->b.col == 1, down = j->b.row == 1; // how b lies
  j->dots = !j->prepacked && j->m <= FEW_ROWS && down && (!across || j->n == 1) && j->k >= 2 * nr * j->m;
  j->plain = 0;
  if (j->dots) j->plain = j->n;
  if (!j->dots && !j->prepacked && across && j->m <= PLAIN_TILES * j->kernels->mr) j->plain = j->n / nr * nr;
  j->late = !j->prepacked && j->plain < j->n && (!j->shared || j->batch == 1) && j->m <= late_rows(j);
  j->reading = reading_of_a(j);
}

static void choose_round(struct dw_gemm_job *j) {
  int64_t nr = j->kernels->nr, width = round_up(j->n - j->plain, nr);
  j->items_most = j->batch, j->n_most = j->n, j->k_most = most(j->k, 1);
  if (j->prepacked || j->late || width == 0) return;
  if (times(times(j->k, width), j->size) > ROUND_BYTES) {
    int64_t columns = most(nr, ROUND_BYTES / (ROUND_DEPTH * j->size) / nr * nr);
    j->k_most = even(j->k, ROUND_DEPTH);
    if (width > columns) j->n_most = round_up(even(j->n, columns), nr);
    width = least(width, round_up(j->n_most, nr));
  }
  int64_t bytes = j->k_most * width * j->size;
  if (!j->shared) j->items_most = most(1, least(j->batch, ROUND_BYTES / bytes));
  j->panels_bytes = (j->shared ? 1 : j->items_most) * bytes;
}

// Copied rows lie a line further apart than they are long, so that they do not collide again.
int64_t dw_gemm_copied_pitch(const struct dw_gemm_job *j) {
  return (round_up(j->depth * j->size, LINE) + LINE) / j->size;
}

// Units large enough for the caches' sake, but as many as can be shared out if there is work for them.
static void choose_unit(struct dw_gemm_job *j) {
  int64_t mr = j->kernels->mr, nr = j->kernels->nr;
  double work = multiply_adds(j, j->items_most, j->n_most, j->k_most) / UNIT_WORK;
  int64_t want = work >= UNITS ? UNITS : work > 1 ? (int64_t)work : 1;
  if (j->dots) {
    j->rows = j->m, j->depth = DOTS_DEPTH;
    j->cols = most(16, (1 << 15) / j->k);
    j->slot_bytes = j->reading == COPIED ? j->m * DOTS_DEPTH * j->size : 0;
    return;
  }
  j->depth = depth_for(j, j->k_most);
  int64_t rows = j->late ? j->m : rows_for(j, j->depth), shortest = j->late ? rows : least(rows, 4 * mr);
  int64_t blocks = most(parts(j->m, rows), least(parts(want, j->items_most), parts(j->m, shortest)));
  j->rows = parts(j->m, blocks);
  int64_t panels = parts(j->n_most, nr);
  int64_t together = j->reading == PACKED ? 32 : j->reading == COPIED ? 8 : j->m < 3 ? 4 : j->late ? 2 : 1;
  int64_t groups = most(1, least(parts(want, j->items_most * blocks), parts(panels, together)));
  int64_t longest = most(together, ROUND_BYTES / nr / j->size / j->k_most);
  j->cols = least(round_up(parts(panels, groups), together), longest) * nr;
  if (j->reading != IN_PLACE) j->rows_bytes = round_up(j->rows * dw_gemm_copied_pitch(j) * j->size, LINE);
  j->slot_bytes = j->rows_bytes + (j->late ? PACKED_TOGETHER * nr * j->depth * j->size : 0);
}

void dw_gemm_plan(struct dw_gemm_job *j, const dw_context *cx, const dw_tensor *c, const dw_tensor *a,
                  const dw_tensor *b, const dw_epilogue *e) {
  job_init(j, cx, c->dtype);
  j->prepacked = b == NULL;
  j->c = matrix_of(c), j->a = matrix_of(a);
  if (b != NULL) j->b = matrix_of(b);
  if (e != NULL) finish_with(j, e);
  j->axes = c->rank - 2;
  for (int i = 0; i < j->axes; i++) j->shape[i] = c->shape[i];
  j->m = c->shape[c->rank - 2], j->n = c->shape[c->rank - 1], j->k = a->shape[a->rank - 1];
  fold_batch(j);
  turn_column(j);
  if (j->n == 1) j->b.col = 1; // steps along an axis of one are never taken
  if (j->k == 1) j->a.col = 1;
  choose_paths(j);
  choose_round(j);
  choose_unit(j);
}

void dw_gemm_plan_panels(struct dw_gemm_job *j, const dw_context *cx, const dw_tensor *b) {
  job_init(j, cx, b->dtype);
  j->b = matrix_of(b);
  j->n_count = j->n = b->shape[1], j->k_count = j->k = b->shape[0];
}

int64_t dw_gemm_plan_round(struct dw_gemm_job *j, double *work) {
  j->items = least(j->items_most, j->batch - j->item);
  j->n_count = least(j->n_most, j->n - j->n0);
  j->k_count = least(j->k_most, j->k - j->k0);
  j->units = j->items * parts(j->m, j->rows) * parts(j->n_count, j->cols);
  *work = multiply_adds(j, j->items, j->n_count, j->k_count);
  double unit = *work / (double)j->units;
  j->units_per_task = unit < UNIT_WORK ? (int64_t)(UNIT_WORK / unit) : 1;
  return parts(j->units, j->units_per_task);
}
