// gemm.c: drivers of the matrix product. They decide which path a shape takes, cut it into rounds whose packed b fits
// into the scratch and units that fit into the caches, and hand blocks to the kernels. Called by the binding.
// Invariant: rounds and units follow from shapes and strides alone, never from the thread count, and a unit owns
// what it writes. Blocks along k are added in order and leave no trace in the result.
#include "dwconv.h"
#include "kernels/kernels.h"

enum {
  LINE = 64,
  PANEL_BYTES = 1 << 14, // of a panel's part that stays in the first-level cache
  ROWS_BYTES = 1 << 17,  // of the rows of a that stay in the second
  ROUND_BYTES = 1 << 22, // of what is packed from b at a time
  ROUND_DEPTH = 2048,    // terms in a round, when b does not fit whole
  UNIT_WORK = 1 << 18,   // multiply-adds below which a unit is not worth a call
  UNITS = 64,            // so many can be shared out evenly
  FEW_ROWS = 8,          // up to so many, inner products beat transposing b
  PLAIN_TILES = 2,       // tiles of rows up to which b is read as it lies: packing would not pay
  DOTS_DEPTH = 2048,     // terms of an inner product added at a time
  PACKED_TOGETHER = 4    // panels, to read b in longer runs
};
#define TOO_MUCH (INT64_C(1) << 62)

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t parts(int64_t n, int64_t size) { return (n + size - 1) / size; }
static int64_t round_up(int64_t n, int64_t unit) { return parts(n, unit) * unit; }
static int64_t even(int64_t n, int64_t size) { return n <= size ? n : parts(n, parts(n, size)); } // parts of one size

static int64_t times(int64_t a, int64_t b) {
  int64_t r;
  return __builtin_mul_overflow(a, b, &r) ? TOO_MUCH : least(r, TOO_MUCH);
}

// A matrix in memory, or one for each item of a batch. Steps count elements.
struct matrix {
  char *data;
  int64_t row, col;
  int64_t batch[DW_MAX_RANK];
};

struct job {
  const struct dw_gemm_kernels *kernels;
  const struct dw_layout_kernels *layout;
  int64_t size; // bytes of an element
  struct matrix c, a, b;
  int64_t m, n, k, batch;
  int axes; // of the batch
  int64_t shape[DW_MAX_RANK];

  bool prepacked; // the panels hold all of b
  bool shared;    // one b for all items
  bool dots;      // inner products of b as it lies
  bool pack_a;    // rows of a go through the slot
  int64_t plain;  // columns of b, from the first, read as they lie; the others come from panels

  // A round: items, columns and terms for which b is packed at once.
  int64_t items_most, n_most, k_most;
  int64_t item, items, n0, n_count, k0, k_count;
  char *panels; // (items or 1, panels, k_count, nr)
  int64_t panels_bytes;

  // A unit: rows and columns of one item; `depth` terms at a time.
  int64_t rows, cols, depth;
  int64_t units, units_per_task;
  char *slots; // one for each thread: rows of a
  int64_t slot_bytes;
};

// ---- geometry -----------------------------------------------------------------------------------

static struct matrix matrix_of(const dw_tensor *t) {
  struct matrix x = {.data = t->data, .row = t->strides[t->rank - 2], .col = t->strides[t->rank - 1]};
  for (int i = 0; i < t->rank - 2; i++) x.batch[i] = t->strides[i];
  return x;
}

static char *at(const struct job *j, const struct matrix *x, int64_t item, int64_t row, int64_t col) {
  int64_t steps = row * x->row + col * x->col;
  for (int i = j->axes - 1; i >= 0 && item > 0; item /= j->shape[i--]) steps += item % j->shape[i] * x->batch[i];
  return x->data + steps * j->size;
}

// Batch axes along which b stands still become rows, where a and c allow it.
static void fold_batch(struct job *j) {
  for (; j->axes > 0; j->axes--) {
    int i = j->axes - 1;
    if (j->shape[i] == 1) continue;
    bool one = j->m == 1;
    if (j->b.batch[i] != 0) break;
    if (!one && (j->a.batch[i] != j->m * j->a.row || j->c.batch[i] != j->m * j->c.row)) break;
    if (one) j->a.row = j->a.batch[i], j->c.row = j->c.batch[i];
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
static void turn_column(struct job *j) {
  if (j->prepacked || j->n != 1 || j->m == 1 || j->c.row != 1) return;
  struct matrix a = j->a, b = j->b;
  j->a = b, j->a.row = b.col, j->a.col = b.row;
  j->b = a, j->b.row = a.col, j->b.col = a.row;
  j->n = j->m, j->m = 1;
  j->shared = j->batch == 1;
}

static void job_init(struct job *j, const dw_context *cx, dw_dtype dtype) {
  *j = (struct job){.kernels = cx->kernels->gemm[dtype], .batch = 1, .shared = true};
  j->size = (int64_t)dw_dtype_size(dtype);
  j->layout = cx->kernels->layout[dtype == DW_FLOAT32 ? DW_SIZE4 : DW_SIZE8];
}

// `b` is NULL for panels.
static void product_init(struct job *j, const dw_context *cx, const dw_tensor *c, const dw_tensor *a,
                         const dw_tensor *b) {
  job_init(j, cx, c->dtype);
  j->prepacked = b == NULL;
  j->c = matrix_of(c), j->a = matrix_of(a);
  if (b != NULL) j->b = matrix_of(b);
  j->axes = c->rank - 2;
  for (int i = 0; i < j->axes; i++) j->shape[i] = c->shape[i];
  j->m = c->shape[c->rank - 2], j->n = c->shape[c->rank - 1], j->k = a->shape[a->rank - 1];
  if (dw_numel(c) == 0) return;
  fold_batch(j);
  turn_column(j);
  if (j->n == 1) j->b.col = 1; // steps along an axis of one are never taken
  if (j->k == 1) j->a.col = 1;
}

// ---- plan ---------------------------------------------------------------------------------------

static double multiply_adds(const struct job *j, int64_t items, int64_t n, int64_t k) {
  return (double)items * (double)j->m * (double)n * ((double)k + 1); // k = 0 writes too
}

// Lines that far apart meet in the same few cache sets.
static bool collide(const struct job *j, int64_t step) {
  enum { PAGE = 4096 };
  return step * j->size % PAGE == 0;
}

// Rows that collide are better packed, if they are read often.
static bool rows_collide(const struct job *j) {
  enum { OFTEN = 16 };
  return collide(j, j->a.row) && j->n > OFTEN * j->kernels->nr && j->m > 2 * j->kernels->mr;
}

static void choose_paths(struct job *j) {
  int64_t nr = j->kernels->nr;
  bool across = j->b.col == 1, down = j->b.row == 1; // how b lies
  j->dots = !j->prepacked && j->m <= FEW_ROWS && down && (!across || j->n == 1) && j->k >= nr * j->m;
  j->plain = 0;
  if (j->dots) j->plain = j->n;
  if (!j->dots && !j->prepacked && across && j->m <= PLAIN_TILES * j->kernels->mr) j->plain = j->n / nr * nr;
  j->pack_a = j->a.col != 1 ? j->dots || j->n > 2 * nr : !j->dots && rows_collide(j);
}

static void choose_round(struct job *j) {
  int64_t nr = j->kernels->nr, width = round_up(j->n - j->plain, nr);
  j->items_most = j->batch, j->n_most = j->n, j->k_most = most(j->k, 1);
  if (j->prepacked || width == 0) return;
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

// Units large enough for the caches' sake, but as many as can be shared out if there is work for them.
static void choose_unit(struct job *j) {
  int64_t mr = j->kernels->mr, nr = j->kernels->nr;
  double work = multiply_adds(j, j->items_most, j->n_most, j->k_most) / UNIT_WORK;
  int64_t want = work >= UNITS ? UNITS : work > 1 ? (int64_t)work : 1;
  if (j->dots) {
    j->rows = j->m, j->depth = DOTS_DEPTH;
    j->cols = most(16, (1 << 15) / j->k);
    j->slot_bytes = j->pack_a ? DOTS_DEPTH * j->size : 0;
    return;
  }
  j->depth = even(j->k_most, PANEL_BYTES / (nr * j->size));
  int64_t rows = most(mr, ROWS_BYTES / (j->depth * j->size) / mr * mr), shortest = least(rows, 8 * mr);
  int64_t blocks = most(parts(j->m, rows), least(parts(want, j->items_most), parts(j->m, shortest)));
  j->rows = least(rows, round_up(parts(j->m, blocks), mr));
  int64_t panels = parts(j->n_most, nr), together = j->pack_a ? 32 : j->m < 3 ? 4 : 1;
  int64_t groups = most(1, least(parts(want, j->items_most * blocks), parts(panels, together)));
  int64_t longest = most(together, ROUND_BYTES / nr / j->size / j->k_most);
  j->cols = least(round_up(parts(panels, groups), together), longest) * nr;
  j->slot_bytes = j->pack_a ? j->rows * j->depth * j->size : 0;
}

// ---- packing b ----------------------------------------------------------------------------------

static int64_t first_packed(const struct job *j) { return most(j->n0, j->plain); }

static int64_t round_panels(const struct job *j) {
  return parts(most(0, j->n0 + j->n_count - first_packed(j)), j->kernels->nr);
}

// Where term k of a panel of this round is.
static char *panel_at(const struct job *j, int64_t item, int64_t panel, int64_t k) {
  int64_t before = (j->shared ? 0 : (item - j->item) * round_panels(j)) + panel;
  return j->panels + (before * j->k_count + k - j->k0) * j->kernels->nr * j->size;
}

// A whole panel from columns that lie without gaps; where they collide, fewer at once than a cache set holds.
static void transpose_panel(const struct job *j, char *to, int64_t item, int64_t col) {
  int64_t nr = j->kernels->nr, together = collide(j, j->b.col) ? 8 : nr;
  for (int64_t i = 0; i < nr; i += together, to += together * j->size) {
    j->layout->transpose(to, nr, at(j, &j->b, item, j->k0, col + i), j->b.col, least(together, nr), j->k_count);
  }
}

static void pack(void *job, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct job *j = job;
  int64_t nr = j->kernels->nr, per_item = parts(round_panels(j), PACKED_TOGETHER);
  for (int64_t i = a; i < b; i++) {
    int64_t item = j->item + i / per_item, panel = i % per_item * PACKED_TOGETHER;
    int64_t col = first_packed(j) + panel * nr, n = least(PACKED_TOGETHER * nr, j->n0 + j->n_count - col);
    if (j->b.row == 1 && j->b.col != 1) {
      for (; n >= nr; n -= nr, col += nr) transpose_panel(j, panel_at(j, item, panel++, j->k0), item, col);
    }
    if (n == 0) continue;
    j->kernels->pack_columns(panel_at(j, item, panel, j->k0), j->k_count * nr, at(j, &j->b, item, j->k0, col), j->b.row,
                             j->b.col, j->k_count, n);
  }
}

static dw_status pack_round(const dw_context *cx, struct job *j) {
  int64_t panels = round_panels(j), items = j->shared ? 1 : j->items;
  double work = (double)items * (double)panels * (double)j->kernels->nr * (double)j->k_count * 2;
  return dw_parallel(cx, items * parts(panels, PACKED_TOGETHER), work, pack, j);
}

// ---- multiplying --------------------------------------------------------------------------------

// Rows of a, columns of b, and the terms, of one item.
struct part {
  int64_t item, row, m, col, n, k, depth;
  char *slot;
};

static void multiply_dots(const struct job *j, const struct part *p) {
  for (int64_t i = p->row; i < p->row + p->m; i++) {
    char *a = at(j, &j->a, p->item, i, p->k);
    if (j->pack_a) {
      j->layout->copy(p->slot, 1, a, j->a.col, p->depth);
      a = p->slot;
    }
    j->kernels->dots(at(j, &j->c, p->item, i, p->col), a, at(j, &j->b, p->item, p->k, p->col), j->b.col, p->depth, p->n,
                     p->k > 0);
  }
}

// First the columns that are read as b lies, then those from panels.
static void multiply(const struct job *j, const struct part *p) {
  int64_t nr = j->kernels->nr, plain = most(0, least(p->n, j->plain - p->col));
  struct dw_gemm_block g = {.c = at(j, &j->c, p->item, p->row, p->col), .m = p->m, .n = plain, .k = p->depth};
  g.c_row = j->c.row;
  g.add = p->k > 0;
  g.a = at(j, &j->a, p->item, p->row, p->k);
  g.a_row = j->a.row, g.a_k = j->a.col;
  if (j->pack_a) {
    j->kernels->pack_rows(p->slot, g.a, g.a_row, g.a_k, p->m, p->depth);
    g.a = p->slot;
    g.a_packed = true;
  }
  if (plain > 0) {
    g.b = at(j, &j->b, p->item, p->k, p->col);
    g.b_k = j->b.row, g.b_panel = nr;
    j->kernels->block(&g);
  }
  if (plain < p->n) {
    g.b = panel_at(j, p->item, (p->col + plain - first_packed(j)) / nr, p->k);
    g.b_k = nr, g.b_panel = nr * j->k_count;
    g.c = (char *)g.c + plain * j->size;
    g.n = p->n - plain;
    j->kernels->block(&g);
  }
}

static void run(void *job, int64_t a, int64_t b, int slot) {
  const struct job *j = job;
  int64_t row_blocks = parts(j->m, j->rows), col_blocks = parts(j->n_count, j->cols);
  int64_t end = least(b * j->units_per_task, j->units);
  for (int64_t unit = a * j->units_per_task; unit < end; unit++) {
    int64_t row = unit / col_blocks % row_blocks * j->rows, col = unit % col_blocks * j->cols;
    struct part p = {.item = j->item + unit / col_blocks / row_blocks, .row = row, .col = j->n0 + col};
    p.m = least(j->rows, j->m - row), p.n = least(j->cols, j->n_count - col);
    p.slot = j->slots + slot * j->slot_bytes;
    int64_t k = 0;
    do { // once for k = 0, which clears
      p.k = j->k0 + k;
      p.depth = least(j->depth, j->k_count - k);
      if (j->dots) {
        multiply_dots(j, &p);
      } else {
        multiply(j, &p);
      }
      k += j->depth;
    } while (k < j->k_count);
  }
}

// The round that begins at item, n0, k0: its tasks and work.
static int64_t set_round(struct job *j, double *work) {
  j->items = least(j->items_most, j->batch - j->item);
  j->n_count = least(j->n_most, j->n - j->n0);
  j->k_count = least(j->k_most, j->k - j->k0);
  j->units = j->items * parts(j->m, j->rows) * parts(j->n_count, j->cols);
  *work = multiply_adds(j, j->items, j->n_count, j->k_count);
  double unit = *work / (double)j->units;
  j->units_per_task = unit < UNIT_WORK ? (int64_t)(UNIT_WORK / unit) : 1;
  return parts(j->units, j->units_per_task);
}

static dw_status run_round(const dw_context *cx, struct job *j) {
  double work;
  int64_t tasks = set_round(j, &work);
  dw_status s = !j->prepacked && round_panels(j) > 0 ? pack_round(cx, j) : DW_OK;
  return s == DW_OK ? dw_parallel(cx, tasks, work, run, j) : s;
}

static dw_status run_rounds(const dw_context *cx, struct job *j) {
  for (j->item = 0; j->item < j->batch; j->item += j->items_most) {
    for (j->n0 = 0; j->n0 < j->n; j->n0 += j->n_most) {
      j->k0 = 0;
      do {
        dw_status s = run_round(cx, j);
        if (s != DW_OK) return s;
        j->k0 += j->k_most;
      } while (j->k0 < j->k);
    }
  }
  return DW_OK;
}

// Scratch is the panels of a round, then a slot for each thread. The first round is the largest.
static dw_status run_product(const dw_context *cx, struct job *j, char *memory, size_t *scratch) {
  choose_paths(j);
  choose_round(j);
  choose_unit(j);
  int64_t panels = round_up(j->panels_bytes, LINE);
  j->slot_bytes = round_up(j->slot_bytes, LINE);
  if (scratch != NULL) {
    double work;
    int64_t tasks = set_round(j, &work);
    *scratch = (size_t)(panels + j->slot_bytes * dw_slots(cx, tasks, work));
    return DW_OK;
  }
  if (!j->prepacked) j->panels = memory;
  j->slots = memory + (j->prepacked ? 0 : panels);
  return run_rounds(cx, j);
}

dw_status dw_matmul(const dw_context *cx, const dw_tensor *c, const dw_tensor *a, const dw_tensor *b, void *memory,
                    size_t *scratch) {
  struct job j;
  if (scratch != NULL) *scratch = 0;
  product_init(&j, cx, c, a, b);
  return dw_numel(c) == 0 ? DW_OK : run_product(cx, &j, memory, scratch);
}

// ---- b packed before ----------------------------------------------------------------------------

size_t dw_gemm_panels(const dw_context *cx, const dw_tensor *b) {
  int64_t n = round_up(b->shape[1], cx->kernels->gemm[b->dtype]->nr);
  return (size_t)times(times(b->shape[0], n), (int64_t)dw_dtype_size(b->dtype));
}

dw_status dw_gemm_pack(const dw_context *cx, void *panels, const dw_tensor *b) {
  struct job j;
  job_init(&j, cx, b->dtype);
  j.b = matrix_of(b);
  j.panels = panels;
  j.n_count = j.n = b->shape[1], j.k_count = j.k = b->shape[0];
  return pack_round(cx, &j);
}

dw_status dw_matmul_packed(const dw_context *cx, const dw_tensor *c, const dw_tensor *a, const void *panels,
                           void *memory, size_t *scratch) {
  struct job j;
  if (scratch != NULL) *scratch = 0;
  product_init(&j, cx, c, a, NULL);
  j.panels = (char *)panels; // read only
  return dw_numel(c) == 0 ? DW_OK : run_product(cx, &j, memory, scratch);
}
