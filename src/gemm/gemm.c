// gemm.c: drivers of the matrix product. They pack b, round by round or unit by unit, and hand blocks to the kernels,
// as plan.c has cut them. Called by the binding. Invariant: a unit owns what it writes. Blocks along k are added in
// order and leave no trace in the result.
#include "gemm.h"

struct product {
  struct dw_gemm_plan plan;
  struct dw_gemm_round round;
  char *packed;           // panels for the caller; NULL: for the round, in the job's memory
  int64_t own, own_pitch; // where the threads' own memory is
};

static struct product *product_of(dw_job *j) { return DW_STATE(struct product, j); }

static char *at(const struct dw_gemm_plan *p, const struct dw_matrix *x, int64_t item, int64_t row, int64_t col) {
  int64_t steps = row * x->row + col * x->col;
  for (int i = p->axes - 1; i >= 0 && item > 0; item /= p->shape[i--]) steps += item % p->shape[i] * x->batch[i];
  return x->data + steps * p->size;
}

// ---- packing b ----------------------------------------------------------------------------------

static int64_t first_packed(const struct product *g) { return most(g->round.col, g->plan.plain); }

static int64_t round_panels(const struct product *g) {
  return parts(most(0, g->round.col + g->round.cols - first_packed(g)), g->plan.kernels->nr);
}

// Where term k of a panel of this round is, from the beginning of the panels.
static int64_t panel_at(const struct product *g, int64_t item, int64_t panel, int64_t k) {
  int64_t before = (g->plan.shared ? 0 : (item - g->round.item) * round_panels(g)) + panel;
  return (before * g->round.terms + k - g->round.term) * g->plan.kernels->nr * g->plan.size;
}

// n columns from `col` on, `depth` of their terms from k on, into panels.
static void pack_panels(const struct dw_gemm_plan *p, char *to, int64_t item, int64_t k, int64_t depth, int64_t col,
                        int64_t n) {
  int64_t nr = p->kernels->nr, panel = depth * nr;
  if (p->b.row == 1 && p->b.col != 1) { // whole panels from columns that lie without gaps
    for (; n >= nr; n -= nr, col += nr, to += panel * p->size) {
      p->layout->transpose(to, nr, at(p, &p->b, item, k, col), p->b.col, nr, depth);
    }
  }
  if (n > 0) p->kernels->pack_columns(to, panel, at(p, &p->b, item, k, col), p->b.row, p->b.col, depth, n);
}

// Units are some panels of one item.
static void gemm_pack(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct product *g = product_of(j);
  const struct dw_gemm_round *r = &g->round;
  char *panels = g->packed != NULL ? g->packed : j->memory;
  int64_t nr = g->plan.kernels->nr, per_item = parts(round_panels(g), DW_GEMM_PACKED_TOGETHER);
  for (int64_t i = a; i < b; i++) {
    int64_t item = r->item + i / per_item, panel = i % per_item * DW_GEMM_PACKED_TOGETHER;
    int64_t col = first_packed(g) + panel * nr, n = least(DW_GEMM_PACKED_TOGETHER * nr, r->col + r->cols - col);
    pack_panels(&g->plan, panels + panel_at(g, item, panel, r->term), item, r->term, r->terms, col, n);
  }
}

static dw_pass packing(const struct product *g) {
  int64_t panels = round_panels(g), items = g->plan.shared ? 1 : g->round.items;
  double elements = (double)items * (double)panels * (double)g->plan.kernels->nr * (double)g->round.terms;
  return (dw_pass){items * parts(panels, DW_GEMM_PACKED_TOGETHER), elements * DW_WORK_MOVE, gemm_pack};
}

// ---- multiplying --------------------------------------------------------------------------------

// Rows of a, columns of b, and the terms, of one item.
struct block {
  int64_t item, row, m, col, n, k, depth;
  char *own; // the thread's own memory
};

// All of a block except its b.
static struct dw_gemm_block block_of(const struct dw_gemm_plan *p, const struct block *u) {
  struct dw_gemm_block g = {.c = at(p, &p->c, u->item, u->row, u->col), .c_row = p->c.row};
  g.m = u->m, g.n = u->n, g.k = u->depth;
  g.a = at(p, &p->a, u->item, u->row, u->k);
  g.a_row = p->a.row, g.a_k = p->a.col;
  if (u->k > 0) {
    g.start = g.c, g.start_row = g.c_row;
  } else {
    if (p->residual.data != NULL) g.start = at(p, &p->residual, u->item, u->row, u->col), g.start_row = p->residual.row;
    if (p->bias != NULL) g.bias = p->bias + u->col * p->size;
  }
  if (p->curved && u->k + u->depth == p->k) g.curve = p->curve, g.gated = p->gated;
  return g;
}

// The start, the bias and the curve are applied by blocks of depth 0.
static void multiply_dots(const struct dw_gemm_plan *p, const struct block *u) {
  struct dw_gemm_block g = block_of(p, u);
  bool begun = g.start != NULL || g.bias != NULL;
  const double *curve = g.curve;
  g.k = 0, g.curve = NULL;
  if (u->k == 0 && begun) p->kernels->block(&g);
  struct dw_gemm_dots d = {.c = g.c, .c_row = g.c_row, .a = g.a, .a_row = g.a_row, .b_n = p->b.col, .add = begun};
  d.m = u->m, d.n = u->n, d.k = u->depth;
  d.b = at(p, &p->b, u->item, u->k, u->col);
  if (p->reading == DW_COPIED) {
    for (int64_t i = 0; i < u->m; i++) {
      p->layout->copy(u->own + i * DW_GEMM_DOTS_DEPTH * p->size, 1, at(p, &p->a, u->item, u->row + i, u->k), p->a.col,
                      u->depth);
    }
    d.a = u->own, d.a_row = DW_GEMM_DOTS_DEPTH;
  }
  p->kernels->dots(&d);
  if (curve == NULL) return;
  g.start = g.c, g.start_row = g.c_row, g.bias = NULL, g.curve = curve;
  p->kernels->block(&g);
}

static void read_rows(const struct dw_gemm_plan *p, struct dw_gemm_block *g, char *slot) {
  if (p->reading == DW_COPIED) {
    p->layout->copy_rows(slot, dw_gemm_copied_pitch(p), 1, g->a, g->a_row, 1, g->m, g->k);
    g->a_row = dw_gemm_copied_pitch(p);
  } else {
    p->kernels->pack_rows(slot, g->a, g->a_row, g->a_k, g->m, g->k);
    g->a_packed = true;
  }
  g->a = slot;
}

// The first n columns of what is left of a block.
static void multiply_columns(const struct dw_gemm_plan *p, struct dw_gemm_block *g, const void *b, int64_t b_k,
                             int64_t b_panel, int64_t n) {
  int64_t left = g->n - n, bytes = n * p->size;
  if (n == 0) return;
  g->b = b, g->b_k = b_k, g->b_panel = b_panel, g->n = n;
  p->kernels->block(g);
  g->n = left, g->c = (char *)g->c + bytes;
  if (g->start != NULL) g->start = (const char *)g->start + bytes;
  if (g->bias != NULL) g->bias = (const char *)g->bias + bytes;
}

// First the columns that are read as b lies, then those from panels.
static void multiply(const struct product *g, const char *panels, const struct block *u) {
  const struct dw_gemm_plan *p = &g->plan;
  int64_t nr = p->kernels->nr, plain = most(0, least(u->n, p->plain - u->col)), col = u->col + plain;
  struct dw_gemm_block b = block_of(p, u);
  if (p->reading != DW_IN_PLACE) read_rows(p, &b, u->own);
  multiply_columns(p, &b, at(p, &p->b, u->item, u->k, u->col), p->b.row, nr, plain);
  if (!p->late) {
    const char *panel = panels + panel_at(g, u->item, (col - first_packed(g)) / nr, u->k);
    multiply_columns(p, &b, panel, nr, nr * g->round.terms, b.n);
    return;
  }
  for (int64_t n; b.n > 0; col += n) {
    n = least(b.n, DW_GEMM_PACKED_TOGETHER * nr);
    pack_panels(p, u->own + p->rows_bytes, u->item, u->k, u->depth, col, n);
    multiply_columns(p, &b, u->own + p->rows_bytes, nr, nr * u->depth, n);
  }
}

// All terms of the round, for rows and columns of one item; false: the job is to stop.
static bool multiply_unit(dw_job *j, struct block *u, int slot) {
  const double OFTEN = 1e7; // multiply-adds after which an interruption is looked for
  const struct product *g = product_of(j);
  const struct dw_gemm_plan *p = &g->plan;
  const char *panels = p->prepacked != NULL ? p->prepacked : j->memory;
  int64_t k = 0;
  double done = 0;
  do { // once if k is 0: it clears
    u->k = g->round.term + k;
    u->depth = least(p->depth, g->round.terms - k);
    if (p->dots) multiply_dots(p, u);
    if (!p->dots) multiply(g, panels, u);
    k += p->depth;
    done += (double)u->m * (double)u->n * (double)u->depth;
    if (done < OFTEN) continue; // to the condition of the loop
    if (dw_stopped(j->cx, slot)) return false;
    done = 0;
  } while (k < g->round.terms);
  return true;
}

static void gemm_multiply(dw_job *j, int64_t a, int64_t b, int slot) {
  const struct product *g = product_of(j);
  const struct dw_gemm_plan *p = &g->plan;
  const struct dw_gemm_round *r = &g->round;
  int64_t row_blocks = parts(p->m, p->unit_rows), col_blocks = parts(r->cols, p->unit_cols);
  for (int64_t unit = a; unit < b; unit++) {
    int64_t row = unit / col_blocks % row_blocks * p->unit_rows, col = unit % col_blocks * p->unit_cols;
    struct block u = {.item = r->item + unit / col_blocks / row_blocks, .row = row, .col = r->col + col};
    u.m = least(p->unit_rows, p->m - row), u.n = least(p->unit_cols, r->cols - col);
    u.own = j->memory + g->own + slot * g->own_pitch;
    if (!multiply_unit(j, &u, slot)) return;
  }
}

static dw_pass multiplying(const struct product *g) {
  const struct dw_gemm_plan *p = &g->plan;
  const struct dw_gemm_round *r = &g->round;
  int64_t units = r->items * parts(p->m, p->unit_rows) * parts(r->cols, p->unit_cols);
  return (dw_pass){units, dw_gemm_work(p, r->items, r->cols, r->terms), gemm_multiply};
}

// ---- rounds -------------------------------------------------------------------------------------
// Along the terms first, then along the columns, then along the items. A round packs b, if it has to, and multiplies.

static void begin_round(dw_job *j) {
  struct product *g = product_of(j);
  const struct dw_gemm_plan *p = &g->plan;
  struct dw_gemm_round *r = &g->round;
  r->items = least(p->items, p->batch - r->item);
  r->cols = least(p->columns, p->n - r->col);
  r->terms = least(p->terms, p->k - r->term);
  bool packs = p->prepacked == NULL && !p->late && round_panels(g) > 0;
  j->pass = packs ? packing(g) : multiplying(g);
}

static bool next_of_product(dw_job *j) {
  struct product *g = product_of(j);
  const struct dw_gemm_plan *p = &g->plan;
  struct dw_gemm_round *r = &g->round;
  if (j->pass.run == gemm_pack) {
    j->pass = multiplying(g);
    return true;
  }
  r->term += p->terms;
  if (r->term >= p->k) r->term = 0, r->col += p->columns;
  if (r->col >= p->n) r->col = 0, r->item += p->items;
  if (r->item >= p->batch) return false;
  begin_round(j);
  return true;
}

// ---- drivers ------------------------------------------------------------------------------------

size_t dw_gemm_panels(const dw_context *cx, const dw_tensor *b) {
  int64_t n = round_up(b->shape[1], cx->kernels->gemm[b->dtype]->nr);
  return (size_t)times(times(b->shape[0], n), (int64_t)dw_dtype_size(b->dtype));
}

void dw_gemm_pack_init(dw_job *j, const dw_context *cx, void *panels, const dw_tensor *b) {
  struct product *g = product_of(j);
  dw_job_init(j, cx, 0, 0, NULL);
  dw_gemm_plan_panels(&g->plan, cx, b);
  g->packed = panels;
  g->round = (struct dw_gemm_round){.items = 1, .cols = g->plan.n, .terms = g->plan.k};
  j->pass = packing(g);
}

// Scratch is the panels of a round, then each thread's own memory. The first round is the largest.
dw_status dw_gemm_init(dw_job *j, const dw_context *cx, const dw_tensor *c, const dw_tensor *a, const dw_tensor *b,
                       const void *panels, const dw_epilogue *e) {
  struct product *g = product_of(j);
  const struct dw_gemm_plan *p = &g->plan;
  DW_REQUIRE((b == NULL) != (panels == NULL) && c->rank >= 2 && a->rank == c->rank && a->dtype == c->dtype);
  DW_REQUIRE(b == NULL || (b->rank == c->rank && b->dtype == c->dtype));
  DW_REQUIRE(c->shape[c->rank - 1] <= 1 || c->strides[c->rank - 1] == 1);
  dw_job_init(j, cx, 0, 0, NULL);
  if (dw_numel(c) == 0) return DW_OK;
  dw_gemm_plan_init(&g->plan, cx, c, a, b, panels, e);
  g->packed = NULL;
  g->round = (struct dw_gemm_round){0};
  begin_round(j);
  j->next = next_of_product;
  dw_pass largest = multiplying(g);
  j->slots = (int)most(dw_slots(cx, j->pass.units, j->pass.work), dw_slots(cx, largest.units, largest.work));
  int64_t used = 0;
  dw_scratch_take(&used, p->panels_bytes);
  g->own = dw_scratch_each(&used, p->own_bytes, j->slots, &g->own_pitch);
  return dw_scratch_tell(j, used);
}
