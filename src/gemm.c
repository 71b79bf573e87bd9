// gemm.c: drivers of the matrix product. They pack b, round by round or unit by unit, and hand blocks to the kernels,
// as gemm_plan.c has cut them. Called by the binding. Invariant: a unit owns what it writes. Blocks along k are added
// in order and leave no trace in the result.
#include "gemm.h"

static char *at(const struct dw_gemm_job *j, const struct dw_matrix *x, int64_t item, int64_t row, int64_t col) {
  int64_t steps = row * x->row + col * x->col;
  for (int i = j->axes - 1; i >= 0 && item > 0; item /= j->shape[i--]) steps += item % j->shape[i] * x->batch[i];
  return x->data + steps * j->size;
}

// ---- packing b ----------------------------------------------------------------------------------

static int64_t first_packed(const struct dw_gemm_job *j) { return most(j->n0, j->plain); }

static int64_t round_panels(const struct dw_gemm_job *j) {
  return parts(most(0, j->n0 + j->n_count - first_packed(j)), j->kernels->nr);
}

// Where term k of a panel of this round is.
static char *panel_at(const struct dw_gemm_job *j, int64_t item, int64_t panel, int64_t k) {
  int64_t before = (j->shared ? 0 : (item - j->item) * round_panels(j)) + panel;
  return j->panels + (before * j->k_count + k - j->k0) * j->kernels->nr * j->size;
}

// n columns from `col` on, `depth` of their terms from k on, into panels.
static void pack_panels(const struct dw_gemm_job *j, char *to, int64_t item, int64_t k, int64_t depth, int64_t col,
                        int64_t n) {
  int64_t nr = j->kernels->nr, panel = depth * nr;
  if (j->b.row == 1 && j->b.col != 1) { // whole panels from columns that lie without gaps
    for (; n >= nr; n -= nr, col += nr, to += panel * j->size) {
      j->layout->transpose(to, nr, at(j, &j->b, item, k, col), j->b.col, nr, depth);
    }
  }
  if (n > 0) j->kernels->pack_columns(to, panel, at(j, &j->b, item, k, col), j->b.row, j->b.col, depth, n);
}

static void pack(void *job, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct dw_gemm_job *j = job;
  int64_t nr = j->kernels->nr, per_item = parts(round_panels(j), PACKED_TOGETHER);
  for (int64_t i = a; i < b; i++) {
    int64_t item = j->item + i / per_item, panel = i % per_item * PACKED_TOGETHER, col = first_packed(j) + panel * nr;
    int64_t n = least(PACKED_TOGETHER * nr, j->n0 + j->n_count - col);
    pack_panels(j, panel_at(j, item, panel, j->k0), item, j->k0, j->k_count, col, n);
  }
}

static dw_status pack_round(const dw_context *cx, struct dw_gemm_job *j) {
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

// All of a block but its b.
static struct dw_gemm_block block_of(const struct dw_gemm_job *j, const struct part *p) {
  struct dw_gemm_block g = {.c = at(j, &j->c, p->item, p->row, p->col), .c_row = j->c.row};
  g.m = p->m, g.n = p->n, g.k = p->depth;
  g.a = at(j, &j->a, p->item, p->row, p->k);
  g.a_row = j->a.row, g.a_k = j->a.col;
  if (p->k > 0) {
    g.start = g.c, g.start_row = g.c_row;
  } else {
    if (j->residual.data != NULL) g.start = at(j, &j->residual, p->item, p->row, p->col), g.start_row = j->residual.row;
    if (j->bias != NULL) g.bias = j->bias + p->col * j->size;
  }
  if (j->curved && p->k + p->depth == j->k) g.curve = j->curve, g.gated = j->gated;
  return g;
}

// What is done besides is done by blocks without terms.
static void multiply_dots(const struct dw_gemm_job *j, const struct part *p) {
  struct dw_gemm_block g = block_of(j, p);
  bool begun = g.start != NULL || g.bias != NULL;
  const double *curve = g.curve;
  g.k = 0, g.curve = NULL;
  if (p->k == 0 && begun) j->kernels->block(&g);
  struct dw_gemm_dots d = {.c = g.c, .c_row = g.c_row, .a = g.a, .a_row = g.a_row, .b_n = j->b.col, .add = begun};
  d.m = p->m, d.n = p->n, d.k = p->depth;
  d.b = at(j, &j->b, p->item, p->k, p->col);
  if (j->reading == COPIED) {
    for (int64_t i = 0; i < p->m; i++) {
      j->layout->copy(p->slot + i * DOTS_DEPTH * j->size, 1, at(j, &j->a, p->item, p->row + i, p->k), j->a.col,
                      p->depth);
    }
    d.a = p->slot, d.a_row = DOTS_DEPTH;
  }
  j->kernels->dots(&d);
  if (curve == NULL) return;
  g.start = g.c, g.start_row = g.c_row, g.bias = NULL, g.curve = curve;
  j->kernels->block(&g);
}

static void read_rows(const struct dw_gemm_job *j, struct dw_gemm_block *g, char *slot) {
  if (j->reading == COPIED) {
    j->layout->copy_rows(slot, dw_gemm_copied_pitch(j), 1, g->a, g->a_row, 1, g->m, g->k);
    g->a_row = dw_gemm_copied_pitch(j);
  } else {
    j->kernels->pack_rows(slot, g->a, g->a_row, g->a_k, g->m, g->k);
    g->a_packed = true;
  }
  g->a = slot;
}

// The first n columns of what is left of a block.
static void multiply_columns(const struct dw_gemm_job *j, struct dw_gemm_block *g, const void *b, int64_t b_k,
                             int64_t b_panel, int64_t n) {
  int64_t left = g->n - n, bytes = n * j->size;
  if (n == 0) return;
  g->b = b, g->b_k = b_k, g->b_panel = b_panel, g->n = n;
  j->kernels->block(g);
  g->n = left, g->c = (char *)g->c + bytes;
  if (g->start != NULL) g->start = (const char *)g->start + bytes;
  if (g->bias != NULL) g->bias = (const char *)g->bias + bytes;
}

// First the columns that are read as b lies, then those from panels.
static void multiply(const struct dw_gemm_job *j, const struct part *p) {
  int64_t nr = j->kernels->nr, plain = most(0, least(p->n, j->plain - p->col)), col = p->col + plain;
  struct dw_gemm_block g = block_of(j, p);
  if (j->reading != IN_PLACE) read_rows(j, &g, p->slot);
  multiply_columns(j, &g, at(j, &j->b, p->item, p->k, p->col), j->b.row, nr, plain);
  if (!j->late) {
    char *panels = panel_at(j, p->item, (col - first_packed(j)) / nr, p->k);
    multiply_columns(j, &g, panels, nr, nr * j->k_count, g.n);
    return;
  }
  for (int64_t n; g.n > 0; col += n) {
    n = least(g.n, PACKED_TOGETHER * nr);
    pack_panels(j, p->slot + j->rows_bytes, p->item, p->k, p->depth, col, n);
    multiply_columns(j, &g, p->slot + j->rows_bytes, nr, nr * p->depth, n);
  }
}

static void run(void *job, int64_t a, int64_t b, int slot) {
  const double OFTEN = 1e7; // multiply-adds after which an interruption is looked for
  const struct dw_gemm_job *j = job;
  int64_t row_blocks = parts(j->m, j->rows), col_blocks = parts(j->n_count, j->cols);
  int64_t end = least(b * j->units_per_task, j->units);
  for (int64_t unit = a * j->units_per_task; unit < end; unit++) {
    int64_t row = unit / col_blocks % row_blocks * j->rows, col = unit % col_blocks * j->cols;
    struct part p = {.item = j->item + unit / col_blocks / row_blocks, .row = row, .col = j->n0 + col};
    p.m = least(j->rows, j->m - row), p.n = least(j->cols, j->n_count - col);
    p.slot = j->slots + slot * j->slot_bytes;
    int64_t k = 0;
    double done = 0;
    do { // once for k = 0, which clears
      p.k = j->k0 + k;
      p.depth = least(j->depth, j->k_count - k);
      if (j->dots) {
        multiply_dots(j, &p);
      } else {
        multiply(j, &p);
      }
      k += j->depth;
      done += (double)p.m * (double)p.n * (double)p.depth;
      if (done < OFTEN) continue; // which looks whether there is more
      if (dw_stopped(j->cx, slot)) return;
      done = 0;
    } while (k < j->k_count);
  }
}

static dw_status run_round(const dw_context *cx, struct dw_gemm_job *j) {
  double work;
  int64_t tasks = dw_gemm_plan_round(j, &work);
  dw_status s = !j->prepacked && !j->late && round_panels(j) > 0 ? pack_round(cx, j) : DW_OK;
  return s == DW_OK ? dw_parallel(cx, tasks, work, run, j) : s;
}

static dw_status run_rounds(const dw_context *cx, struct dw_gemm_job *j) {
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
static dw_status run_product(const dw_context *cx, struct dw_gemm_job *j, char *memory, size_t *scratch) {
  int64_t panels = round_up(j->panels_bytes, LINE);
  j->slot_bytes = round_up(j->slot_bytes, LINE);
  if (scratch != NULL) {
    double work;
    int64_t tasks = dw_gemm_plan_round(j, &work);
    *scratch = (size_t)(panels + j->slot_bytes * dw_slots(cx, tasks, work));
    return DW_OK;
  }
  if (!j->prepacked) j->panels = memory;
  j->slots = memory + (j->prepacked ? 0 : panels);
  return run_rounds(cx, j);
}

// ---- b packed before ----------------------------------------------------------------------------

size_t dw_gemm_panels(const dw_context *cx, const dw_tensor *b) {
  int64_t n = round_up(b->shape[1], cx->kernels->gemm[b->dtype]->nr);
  return (size_t)times(times(b->shape[0], n), (int64_t)dw_dtype_size(b->dtype));
}

dw_status dw_gemm_pack(const dw_context *cx, void *panels, const dw_tensor *b) {
  struct dw_gemm_job j;
  dw_gemm_plan_panels(&j, cx, b);
  j.panels = panels;
  return pack_round(cx, &j);
}

// ---- the product --------------------------------------------------------------------------------

dw_status dw_matmul_fused(const dw_context *cx, const dw_tensor *c, const dw_tensor *a, const dw_tensor *b,
                          const void *panels, const dw_epilogue *e, void *memory, size_t *scratch) {
  struct dw_gemm_job j;
  if (scratch != NULL) *scratch = 0;
  if (dw_numel(c) == 0) return DW_OK;
  dw_gemm_plan(&j, cx, c, a, b, e);
  j.panels = (char *)panels; // read only, and not there unless b is missing
  return run_product(cx, &j, memory, scratch);
}

dw_status dw_matmul(const dw_context *cx, const dw_tensor *c, const dw_tensor *a, const dw_tensor *b, void *memory,
                    size_t *scratch) {
  return dw_matmul_fused(cx, c, a, b, NULL, NULL, memory, scratch);
}

dw_status dw_matmul_packed(const dw_context *cx, const dw_tensor *c, const dw_tensor *a, const void *panels,
                           void *memory, size_t *scratch) {
  return dw_matmul_fused(cx, c, a, NULL, panels, NULL, memory, scratch);
}
