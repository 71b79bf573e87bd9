// convolutions.h: dense and grouped convolution on guarded pages, in all three directions, from kernels and from
// panels, with all that may be done besides; a part of guard.c, included by it alone. Invariant: as there, a case is
// known by its number, and results are exact.
#ifndef DWCONV_CONVOLUTIONS_H
#define DWCONV_CONVOLUTIONS_H

// Calls visit for every pair of a pixel of y and a tap that meet inside x: the flat indices of pixels and the tap.
typedef void meeting(const struct geometry *g, const struct guarded t[TENSORS], int64_t x, int64_t tap, int64_t y);

static void each_meeting(const struct geometry *g, const struct guarded t[TENSORS], meeting *visit) {
  const struct axis *r = &g->rows, *s = &g->cols;
  for (int64_t o = 0; o < g->n * r->out * s->out; o++) {
    int64_t n = o / (r->out * s->out), i = o / s->out % r->out, j = o % s->out;
    for (int64_t tap = 0; tap < r->kernel * s->kernel; tap++) {
      int64_t h = i * r->stride + tap / s->kernel * r->dilation - r->before;
      int64_t w = j * s->stride + tap % s->kernel * s->dilation - s->before;
      if (h >= 0 && h < r->in && w >= 0 && w < s->in) visit(g, t, (n * r->in + h) * s->in + w, tap, o);
    }
  }
}

// A geometry's c and m are the channels of a group here, and `groups` is how many there are.
static int64_t groups;

static void meet(const struct geometry *g, const struct guarded t[TENSORS], int64_t x, int64_t tap, int64_t y) {
  int64_t in = groups * g->c, out = groups * g->m;
  for (int64_t o = 0; o < out; o++) {
    for (int64_t c = 0; c < g->c; c++) {
      int64_t at = x * in + o / g->m * g->c + c, k = (tap * g->c + c) * out + o;
      t[Y].plain[y * out + o] += t[X].plain[at] * t[KERNEL].plain[k];
      t[DX].plain[at] += t[G].plain[y * out + o] * t[KERNEL].plain[k];
      t[DK].plain[k] += t[G].plain[y * out + o] * t[X].plain[at];
    }
  }
}

static void conv_pack(const dw_context *cx, const dw_conv *d, const dw_tensor *kernel, bool back, bool at_end,
                      char **panels) {
  size_t bytes = dw_conv_panels(cx, d, back);
  *panels = flush_block(PACKED, (bytes + 63) / 64 * 64, at_end);
  let_write(PACKED, true);
  stain(*panels, bytes);
  dw_job j;
  dw_conv_pack_init(&j, cx, *panels, kernel, d, back);
  if (dw_run(&j, NULL) != DW_OK) fail("packing fails");
  let_write(PACKED, false);
}

static void run_conv(const dw_conv *d, struct guarded t[TENSORS], const dw_epilogue *e, bool at_end) {
  const dw_tensor *x = &t[X].t, *kernel = &t[KERNEL].t, *g = &t[G].t;
  static const char *const names[] = {"conv", "conv from panels", "conv grad_x", "conv grad_x from panels",
                                      "conv grad_kernel"};
  for (int k = 0; k < 5; k++) {
    struct guarded *to = &t[k < 2 ? Y : k < 4 ? DX : DK];
    put(to, TO, at_end);
    for (int i = 0; i < n_contexts; i++) {
      const dw_context *cx = &contexts[i];
      char *panels = NULL;
      dw_job j;
      dw_status s;
      begin(cx, names[k], at_end);
      if (k % 2 == 1) conv_pack(cx, d, kernel, k == 3, at_end, &panels);
      const dw_tensor *w = panels == NULL ? kernel : NULL;
      if (k < 2) s = dw_conv_forward_init(&j, cx, &to->t, x, w, panels, d, e);
      if (k == 2 || k == 3) s = dw_conv_grad_x_init(&j, cx, &to->t, g, w, panels, d);
      if (k == 4) s = dw_conv_grad_kernel_init(&j, cx, &to->t, g, x, d);
      check(to, run_guarded(&j, s, at_end));
    }
  }
}

static void random_conv_finish(struct finish *f, const struct geometry *g, const struct guarded *y) {
  static const dw_curve curves[] = {{1, 0, 0, 1e30, false}, {0.25, 0.5, 0, 1, true}};
  *f = (struct finish){.curve = curves[below(2)]};
  lay_out(&f->bias, g->dtype, 1, &y->t.shape[3], ROW_MAJOR);
  lay_out(&f->residual, g->dtype, 4, y->t.shape, (int)below(LAYOUTS));
  draw(&f->bias, -9, 9);
  draw(&f->residual, -9, 9);
  if (below(3) == 0) f->e.bias = &f->bias.t;
  if (below(3) == 0) f->e.residual = &f->residual.t;
  if (below(3) == 0) f->e.curve = &f->curve;
  add_text(false, "%s%s%s", f->e.bias != NULL ? ", bias" : "", f->e.residual != NULL ? ", residual" : "",
           f->e.curve != NULL ? ", curve" : "");
}

static bool conv_geometry(dw_conv *d, const struct geometry *g, const struct guarded t[TENSORS]) {
  const struct axis *r = &g->rows, *s = &g->cols;
  const int64_t pads[] = {r->before, r->after, s->before, s->after};
  int axis = 0;
  dw_status status = dw_conv_init(d, &t[X].t, &t[KERNEL].t, (int64_t[]){r->stride, s->stride},
                                  (int64_t[]){r->dilation, s->dilation}, g->mode, pads, &axis);
  if (status == DW_OK && d->axis[1].out == r->out && d->axis[2].out == s->out && d->groups == groups) return true;
  fail("conv init: %s, or other sizes than %dx%d", dw_status_text(status), (int)r->out, (int)s->out);
  return false;
}

static void conv_case(int number) {
  struct geometry g = random_geometry();
  groups = PICK(1, 1, 1, 2, 3, 5);
  g.c = PICK(1, 2, 3, 4, 7, 15, 16, 17, 33), g.m = PICK(1, 2, 3, 8, 9, 15, 16, 17, 31, 33, 66);
  if (products(&g) > 100000) g.n = 1, g.c = 1 + g.c % 3, g.m = 1 + g.m % 5;
  const int64_t x[4] = {g.n, g.rows.in, g.cols.in, groups * g.c}, y[4] = {g.n, g.rows.out, g.cols.out, groups * g.m};
  const int64_t kernel[4] = {g.rows.kernel, g.cols.kernel, g.c, groups * g.m};
  const int64_t *const shapes[TENSORS] = {[X] = x, [KERNEL] = kernel, [G] = y, [Y] = y, [DX] = x, [DK] = kernel};
  struct guarded t[TENSORS];
  int layouts[TENSORS] = {ROW_MAJOR};
  for (int i = 0; i < TENSORS; i++) {
    bool is_input = i <= G, is_kernel = i == KERNEL || i == DK;
    if (!is_kernel) layouts[i] = (int)below(is_input ? LAYOUTS : REPEATS);
    lay_out(&t[i], g.dtype, 4, shapes[i], layouts[i]);
    if (is_input) draw(&t[i], -4, 4);
  }
  describe(number, &g, t, layouts);
  struct finish f;
  random_conv_finish(&f, &g, &t[Y]);
  dw_conv d;
  bool fine = conv_geometry(&d, &g, t);
  for (int at_end = 0; at_end < 2 && fine; at_end++) {
    for (int i = X; i <= G; i++) put_input(&t[i], i, at_end);
    put_input(&f.bias, BIAS, at_end);
    put_input(&f.residual, RESIDUAL, at_end);
    if (!at_end) {
      each_meeting(&g, t, meet);
      for (int64_t i = 0; i < dw_numel(&t[Y].t); i++) t[Y].plain[i] = finished(&f, t[Y].plain[i], i, y[3]);
    }
    run_conv(&d, t, f.e.bias != NULL || f.e.residual != NULL || f.e.curve != NULL ? &f.e : NULL, at_end);
  }
  for (int i = 0; i < TENSORS; i++) free(t[i].plain);
  free(f.bias.plain);
  free(f.residual.plain);
}

#endif
