// delegate.c: convolutions that other families compute: a kernel of one tap is a product of matrices as they lie, and
// groups of one channel each are a depthwise convolution. Called by the inits of conv.c and grad.c, which do what these
// refuse. Invariant: nothing is copied here.
#include "conv.h"

// ---- products -----------------------------------------------------------------------------------

static bool is_point(const dw_conv *d, bool strides) {
  for (int i = 0; i < DW_SPATIAL; i++) {
    const dw_axis *a = &d->axis[i];
    if (a->kernel != 1 || a->before != 0 || a->after != 0 || (strides && a->stride != 1)) return false;
  }
  return d->groups == 1;
}

// x at every stride-th position.
static dw_tensor strided(const dw_tensor *x, const dw_conv *d) {
  dw_tensor v = *x;
  for (int i = 0; i < d->axes; i++) {
    const dw_axis *a = &d->axis[DW_SPATIAL - d->axes + i];
    dw_range_view(&v, &v, 1 + i, 0, a->stride, a->out);
  }
  return v;
}

// A matrix, the same for all items of a batch.
static dw_tensor matrix(const dw_tensor *like, void *data, int rank, int64_t rows, int64_t cols, int64_t row,
                        int64_t col) {
  dw_tensor m = {.data = data, .rank = rank, .dtype = like->dtype};
  for (int i = 0; i < rank - 2; i++) m.shape[i] = like->shape[i];
  m.shape[rank - 2] = rows, m.strides[rank - 2] = row;
  m.shape[rank - 1] = cols, m.strides[rank - 1] = col;
  return m;
}

// (n, channels, pixels), if the pixels of a channel have one step.
static bool by_channels(dw_tensor *v, const dw_tensor *t) {
  int axes[DW_MAX_RANK] = {0, t->rank - 1};
  int64_t shape[3] = {t->shape[0], t->shape[t->rank - 1], 1};
  dw_tensor turned;
  for (int i = 2; i < t->rank; i++) axes[i] = i - 1, shape[2] *= t->shape[i - 1];
  dw_permute_view(&turned, t, axes);
  return dw_reshape_view(v, &turned, 3, shape);
}

// y = x times a matrix (x's channels, y's) with these steps; y and x have the same pixels.
static bool product(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x, void *kernel, int64_t row,
                    int64_t col, const dw_epilogue *e, dw_status *s) {
  int last = y->rank - 1;
  int64_t in = x->shape[last], out = y->shape[last];
  if (y->strides[last] == 1 && (e == NULL || e->residual == NULL || e->residual->strides[last] == 1)) {
    dw_tensor b = matrix(y, kernel, y->rank, in, out, row, col);
    *s = dw_gemm_init(j, cx, y, x, &b, NULL, e);
    return true;
  }
  dw_tensor c, b, a;
  if (e != NULL || !by_channels(&c, y) || !by_channels(&b, x) || c.strides[2] != 1) return false;
  a = matrix(&c, kernel, 3, out, in, col, row);
  *s = dw_gemm_init(j, cx, &c, &a, &b, NULL, NULL);
  return true;
}

// All pixels as the rows of one matrix.
static bool by_pixels(dw_tensor *v, const dw_tensor *t) {
  int64_t channels = t->shape[t->rank - 1], pixels = 1;
  for (int i = 0; i < t->rank - 1; i++) pixels *= t->shape[i];
  return dw_reshape_view(v, t, 2, (const int64_t[]){pixels, channels});
}

static bool point_grad_kernel(dw_job *j, const dw_context *cx, const dw_tensor *dk, const dw_tensor *g,
                              const dw_tensor *x, const dw_conv *d, dw_status *s) {
  dw_tensor c, a, b;
  if (!is_point(d, true) || !by_pixels(&a, x) || !by_pixels(&b, g)) return false;
  if (!dw_reshape_view(&c, dk, 2, (const int64_t[]){d->in, d->out})) return false;
  dw_permute_view(&a, &a, (const int[]){1, 0});
  *s = dw_gemm_init(j, cx, &c, &a, &b, NULL, NULL);
  return true;
}

// ---- depthwise convolutions ---------------------------------------------------------------------

static bool is_depthwise(const dw_conv *d) { return d->axes < 3 && d->in == 1 && d->groups > 1; }

static dw_depthwise depthwise_of(const dw_conv *d) {
  return (dw_depthwise){d->dtype, d->batch, d->groups, d->out, d->axis[DW_ROWS], d->axis[DW_COLS]};
}

// A kernel ([kh,]kw,1,c*m) is (kh,kw,c,m) as it lies.
static dw_tensor depthwise_kernel(const dw_conv *d, const dw_tensor *kernel) {
  const int64_t shape[] = {d->axis[DW_ROWS].kernel, d->axis[DW_COLS].kernel, d->groups, d->out};
  dw_tensor v;
  dw_tensor_init(&v, kernel->data, d->dtype, 4, shape);
  return v;
}

// (n,w,c) as (n,1,w,c).
static dw_tensor as_rows(const dw_tensor *image) {
  dw_tensor v = *image;
  if (image->rank == 4) return v;
  v.rank = 4, v.shape[1] = 1, v.strides[1] = 0;
  for (int i = 1; i < 3; i++) v.shape[i + 1] = image->shape[i], v.strides[i + 1] = image->strides[i];
  return v;
}

// ---- all three directions -----------------------------------------------------------------------

bool dw_conv_delegate_forward(dw_job *j, const dw_context *cx, const dw_tensor *y, const dw_tensor *x,
                              const dw_tensor *kernel, const dw_conv *d, const dw_epilogue *e, dw_status *s) {
  if (is_depthwise(d) && e == NULL) {
    dw_tensor to = as_rows(y), from = as_rows(x), k = depthwise_kernel(d, kernel);
    dw_depthwise depthwise = depthwise_of(d);
    *s = dw_depthwise_forward_init(j, cx, &to, &from, &k, &depthwise);
    return true;
  }
  if (!is_point(d, false)) return false;
  dw_tensor view = strided(x, d);
  return product(j, cx, y, &view, kernel->data, d->out, 1, e, s);
}

bool dw_conv_delegate_grad_x(dw_job *j, const dw_context *cx, const dw_tensor *dx, const dw_tensor *g,
                             const dw_tensor *kernel, const dw_conv *d, dw_status *s) {
  if (is_depthwise(d)) {
    dw_tensor to = as_rows(dx), from = as_rows(g), k = depthwise_kernel(d, kernel);
    dw_depthwise depthwise = depthwise_of(d);
    *s = dw_depthwise_grad_x_init(j, cx, &to, &from, &k, &depthwise);
    return true;
  }
  return is_point(d, true) && product(j, cx, dx, g, kernel->data, 1, d->out, NULL, s);
}

bool dw_conv_delegate_grad_kernel(dw_job *j, const dw_context *cx, const dw_tensor *dk, const dw_tensor *g,
                                  const dw_tensor *x, const dw_conv *d, dw_status *s) {
  if (!is_depthwise(d)) return point_grad_kernel(j, cx, dk, g, x, d, s);
  dw_tensor from = as_rows(g), image = as_rows(x), k = depthwise_kernel(d, dk);
  dw_depthwise depthwise = depthwise_of(d);
  *s = dw_depthwise_grad_kernel_init(j, cx, &k, &from, &image, &depthwise);
  return true;
}
