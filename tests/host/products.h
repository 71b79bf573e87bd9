// products.h: the matrix product on guarded pages, with all that may be done besides; a part of guard.c, included by it
// alone. Invariant: as there, a case is known by its number, and results are exact.
#ifndef DWCONV_PRODUCTS_H
#define DWCONV_PRODUCTS_H

enum { A = X, B = KERNEL, PANELS = G, C = TO }; // rooms

// What is done to a product besides; curves give whole numbers, or quarters, of whole numbers.
struct finish {
  dw_epilogue e;
  dw_curve curve;
  struct guarded bias, residual;
};

static void random_finish(struct finish *f, dw_dtype dtype, const struct guarded *c) {
  static const dw_curve curves[] = {
      {1, 0, 0, 1e30, false}, {1, 0, 0, 6, false}, {0.25, 0.5, 0, 1, false}, {0.25, 0.5, 0, 1, true}};
  const int64_t *shape = c->t.shape;
  *f = (struct finish){.curve = curves[below(4)]};
  lay_out(&f->bias, dtype, 1, &shape[2], ROW_MAJOR);
  lay_out(&f->residual, dtype, 3, (int64_t[]){shape[0], shape[1], shape[2] + PICK(0, 5)}, ROW_MAJOR);
  f->residual.t.shape[2] = shape[2];
  draw(&f->bias, -9, 9);
  draw(&f->residual, -9, 9);
  if (below(2) == 0) f->e.bias = &f->bias.t;
  if (below(2) == 0) f->e.residual = &f->residual.t;
  if (below(2) == 0) f->e.curve = &f->curve;
  add_text(false, "%s%s%s", f->e.bias != NULL ? ", bias" : "", f->e.residual != NULL ? ", residual" : "",
           f->e.curve != NULL ? ", curve" : "");
}

static double finished(const struct finish *f, double x, int64_t i, int64_t n) {
  const dw_curve *k = &f->curve;
  if (f->e.bias != NULL) x += f->bias.plain[i % n];
  if (f->e.residual != NULL) x += f->residual.plain[i];
  if (f->e.curve == NULL) return x;
  double y = k->slope * x + k->offset;
  y = y < k->low ? k->low : y > k->high ? k->high : y;
  return k->gated ? x * y : y;
}

static void multiply_plainly(struct guarded *c, const struct guarded *a, const struct guarded *b,
                             const struct finish *f) {
  int64_t items = c->t.shape[0], m = c->t.shape[1], n = c->t.shape[2], k = a->t.shape[2];
  for (int64_t i = 0; i < items * m * n; i++) {
    int64_t row = i / n, item = row / m;
    double x = 0;
    for (int64_t p = 0; p < k; p++) x += a->plain[row * k + p] * b->plain[(item * k + p) * n + i % n];
    c->plain[i] = finished(f, x, i, n);
  }
}

static dw_tensor without_batch(const dw_tensor *t) {
  dw_tensor v;
  dw_select_view(&v, t, 0, 0);
  return v;
}

// The same product, with one item, from panels.
static dw_status multiply_packed(const dw_context *cx, const dw_tensor *c3, const dw_tensor *a3, const dw_tensor *b3,
                                 const dw_epilogue *e3, bool at_end) {
  dw_tensor c = without_batch(c3), a = without_batch(a3), b = without_batch(b3), residual;
  dw_epilogue e = *e3;
  if (e.residual != NULL) residual = without_batch(e.residual), e.residual = &residual;
  size_t bytes = dw_gemm_panels(cx, &b);
  char *panels = flush_block(PANELS, (bytes + 63) / 64 * 64, at_end);
  let_write(PANELS, true);
  stain(panels, bytes);
  dw_job j;
  dw_gemm_pack_init(&j, cx, panels, &b);
  dw_status s = dw_run(&j, NULL);
  let_write(PANELS, false);
  if (s == DW_OK) s = dw_gemm_init(&j, cx, &c, &a, NULL, panels, &e);
  return run_guarded(&j, s, at_end);
}

static void run_products(struct guarded *c, const dw_tensor *a, const dw_tensor *b, const dw_epilogue *e, bool at_end) {
  put(c, C, at_end);
  for (int i = 0; i < n_contexts; i++) {
    dw_job j;
    begin(&contexts[i], "matmul", at_end);
    dw_status s = dw_gemm_init(&j, &contexts[i], &c->t, a, b, NULL, e);
    check(c, run_guarded(&j, s, at_end));
    if (c->t.shape[0] != 1) continue;
    begin(&contexts[i], "matmul from panels", at_end);
    check(c, multiply_packed(&contexts[i], &c->t, a, b, e, at_end));
  }
}

static void gemm_case(int number) {
  dw_dtype dtype = below(2) == 0 ? DW_FLOAT32 : DW_FLOAT64;
  int64_t items = 1 + below(below(2) == 0 ? 1 : 4), m = PICK(0, 1, 1, 2, 3, 5, 6, 7, 13, 14, 15, 29, 40);
  int64_t n = PICK(0, 1, 1, 3, 4, 8, 9, 15, 16, 17, 24, 31, 33, 70, 130),
          k = PICK(0, 1, 2, 3, 8, 16, 17, 30, 65, 300, 1024);
  int64_t gap = PICK(0, 0, 3); // between the rows of c
  int layouts[2] = {(int)below(LAYOUTS), (int)below(LAYOUTS)};
  struct guarded a, b, c;
  struct finish f;
  lay_out(&a, dtype, 3, (int64_t[]){items, m, k}, layouts[0] == CHANNELS_FIRST ? ROW_MAJOR : layouts[0]);
  lay_out(&b, dtype, 3, (int64_t[]){items, k, n}, layouts[1] == CHANNELS_FIRST ? ROW_MAJOR : layouts[1]);
  lay_out(&c, dtype, 3, (int64_t[]){items, m, n + gap}, ROW_MAJOR);
  c.t.shape[2] = n;
  draw(&a, -4, 4);
  draw(&b, -4, 4);
  add_text(true, "case %d: %s, a ", number, dw_dtype_name(dtype));
  add_sizes(&a.t);
  add_text(false, " %s, b ", layout_names[layouts[0]]);
  add_sizes(&b.t);
  add_text(false, " %s", layout_names[layouts[1]]);
  random_finish(&f, dtype, &c);
  for (int at_end = 0; at_end < 2; at_end++) {
    put_input(&a, A, at_end);
    put_input(&b, B, at_end);
    put_input(&f.bias, BIAS, at_end);
    put_input(&f.residual, RESIDUAL, at_end);
    if (!at_end) multiply_plainly(&c, &a, &b, &f);
    run_products(&c, &a.t, &b.t, &f.e, at_end);
  }
  struct guarded *all[] = {&a, &b, &c, &f.bias, &f.residual};
  for (int i = 0; i < 5; i++) free(all[i]->plain);
}

#endif
