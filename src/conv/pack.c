// pack.c: kernels of convolutions as panels for the kernels of products. Called by conv.c, and through dwconv.h for
// kernels that are packed once. Invariant: a panel holds whole columns, and zeros after the last one.
#include "conv.h"

void dw_conv_panels_of(struct dw_conv_panels *p, const dw_context *cx, const dw_conv *d, const dw_tensor *kernel,
                       bool back) {
  *p = (struct dw_conv_panels){.kernels = cx->kernels->gemm[d->dtype], .size = (int64_t)dw_dtype_size(d->dtype)};
  p->layout = dw_layout_kernels(cx, p->size);
  p->kernel = kernel != NULL ? kernel->data : NULL;
  p->taps = dw_conv_taps(d), p->groups = d->groups, p->in = d->in, p->out = d->out, p->back = back;
  p->terms = back ? d->out : d->in, p->columns = back ? d->in : d->out;
  p->per_group = parts(p->columns, p->kernels->nr);
}

int64_t dw_conv_panel_bytes(const struct dw_conv_panels *p) {
  return times(times(p->taps, p->terms), p->kernels->nr * p->size);
}

// Forward, a panel is columns of the matrix (taps*in, groups*out).
static void pack_forward(const struct dw_conv_panels *p, char *to, int64_t group, int64_t column, int64_t n) {
  const char *from = p->kernel + (group * p->out + column) * p->size;
  int64_t depth = p->taps * p->in;
  p->kernels->pack_columns(to, depth * p->kernels->nr, from, p->groups * p->out, 1, depth, n);
}

// Back, each tap's matrix (in, groups*out) is transposed; the last tap comes first.
static void pack_back(const struct dw_conv_panels *p, char *to, int64_t group, int64_t column, int64_t n) {
  int64_t nr = p->kernels->nr, pitch = p->groups * p->out, per_tap = p->terms * nr;
  for (int64_t t = 0; t < p->taps; t++, to += per_tap * p->size) {
    const char *from = p->kernel + (((p->taps - 1 - t) * p->in + column) * pitch + group * p->out) * p->size;
    if (n == nr) p->layout->transpose(to, nr, from, pitch, nr, p->terms);
    if (n < nr) p->kernels->pack_columns(to, per_tap, from, 1, pitch, p->terms, n);
  }
}

void dw_conv_pack_panel(const struct dw_conv_panels *p, char *to, int64_t panel) {
  int64_t nr = p->kernels->nr, column = panel % p->per_group * nr;
  (p->back ? pack_back : pack_forward)(p, to, panel / p->per_group, column, least(nr, p->columns - column));
}

// ---- packed once --------------------------------------------------------------------------------

struct packing {
  struct dw_conv_panels panels;
  char *to;
};

static void conv_pack(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct packing *p = DW_STATE(struct packing, j);
  int64_t bytes = dw_conv_panel_bytes(&p->panels);
  for (int64_t i = a; i < b; i++) dw_conv_pack_panel(&p->panels, p->to + i * bytes, i);
}

size_t dw_conv_panels(const dw_context *cx, const dw_conv *d, bool back) {
  struct dw_conv_panels p;
  dw_conv_panels_of(&p, cx, d, NULL, back);
  return (size_t)times(times(p.groups, p.per_group), dw_conv_panel_bytes(&p));
}

void dw_conv_pack_init(dw_job *j, const dw_context *cx, void *panels, const dw_tensor *kernel, const dw_conv *d,
                       bool back) {
  struct packing *p = DW_STATE(struct packing, j);
  dw_conv_panels_of(&p->panels, cx, d, kernel, back);
  p->to = panels;
  int64_t n = p->panels.groups * p->panels.per_group;
  double elements = (double)n * (double)dw_conv_panel_bytes(&p->panels) / (double)p->panels.size;
  dw_job_init(j, cx, n, elements * DW_WORK_MOVE, conv_pack);
}
