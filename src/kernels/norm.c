// norm.c: sums of lines and blocks, and what normalizes them. Called by src/norm.c. Invariant: distances are taken from
// a center near the mean, so a large mean costs no digits; sums are kept in double, those of floats by fours before. A
// sum by fours that is not finite is taken again, each number in double.
#include "norm.h"
#include "vec.h"

// ACROSS sums work side by side along a line, see reduce.c.
enum { ACROSS = 32, FOURS = 4 * ACROSS };

INLINE double join(double *across) {
  UNROLL
  for (int half = ACROSS / 2; half > 0; half /= 2) {
    INDEPENDENT
    for (int k = 0; k < half; k++) across[k] += across[k + half];
  }
  return across[0];
}

INLINE int is_finite(double v) { return v - v == 0; }

// ---- forward ------------------------------------------------------------------------------------

static void line_sums_exact(double *sums, const T *x, int64_t n, double c) {
  for (int64_t i = 0; i < n; i++) {
    double d = (double)x[i] - c;
    sums[0] += d, sums[1] += d * d;
  }
}

static void line_sums(double *sums, const void *x_, int64_t n, const void *center) {
  const T *x = x_, c = *(const T *)center;
  double s[ACROSS] = {0}, q[ACROSS] = {0}, rest[2] = {0};
  int64_t i = 0;
  for (; i + FOURS <= n; i += FOURS) {
    INDEPENDENT
    for (int k = 0; k < ACROSS; k++) {
      const T *p = x + i + k;
      T d0 = p[0] - c, d1 = p[ACROSS] - c, d2 = p[2 * ACROSS] - c, d3 = p[3 * ACROSS] - c;
      s[k] += (double)((d0 + d1) + (d2 + d3));
      q[k] += (double)((d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3));
    }
  }
  for (; i + ACROSS <= n; i += ACROSS) {
    INDEPENDENT
    for (int k = 0; k < ACROSS; k++) {
      T d = x[i + k] - c;
      s[k] += (double)d;
      q[k] += (double)(d * d);
    }
  }
  line_sums_exact(rest, x + i, n - i, (double)c);
  double sum = join(s) + rest[0], squares = join(q) + rest[1];
  if (!is_finite(squares)) return line_sums_exact(sums, x, n, (double)c);
  sums[0] += sum, sums[1] += squares;
}

// Those that are not finite come again in double.
static void block_sums_exact(double *sums, double *squares, const T *x, ptrdiff_t step, int64_t rows, int64_t lanes,
                             const T *c) {
  for (int64_t l = 0; l < lanes; l++) {
    if (is_finite(squares[l])) continue;
    sums[l] = squares[l] = 0;
    for (int64_t r = 0; r < rows; r++) {
      double d = (double)x[r * step + l] - (double)c[l];
      sums[l] += d, squares[l] += d * d;
    }
  }
}

static void block_sums(double *sums, double *squares, const void *x_, ptrdiff_t step, int64_t rows, int64_t lanes,
                       const void *center) {
  const T *x = x_, *c = center;
  int64_t r = 0;
  for (int64_t l = 0; l < lanes; l++) sums[l] = squares[l] = 0;
  for (; r + 4 <= rows; r += 4) {
    const T *p0 = x + r * step, *p1 = p0 + step, *p2 = p1 + step, *p3 = p2 + step;
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) {
      T d0 = p0[l] - c[l], d1 = p1[l] - c[l], d2 = p2[l] - c[l], d3 = p3[l] - c[l];
      sums[l] += (double)((d0 + d1) + (d2 + d3));
      squares[l] += (double)((d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3));
    }
  }
  for (; r < rows; r++) {
    const T *p = x + r * step;
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) {
      T d = p[l] - c[l];
      sums[l] += (double)d;
      squares[l] += (double)(d * d);
    }
  }
  block_sums_exact(sums, squares, x, step, rows, lanes, c);
}

static void line(void *y_, const void *x_, int64_t n, const struct dw_norm_line *of, const void *beta_) {
  T *y = y_, c = (T)of->center, scale = (T)of->scale, shift = (T)of->shift;
  const T *x = x_, *gamma = of->gamma, *beta = beta_;
  if (gamma != NULL && beta != NULL) {
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) y[i] = ((x[i] - c) * scale + shift) * gamma[i] + beta[i];
  } else if (gamma != NULL) {
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) y[i] = ((x[i] - c) * scale + shift) * gamma[i];
  } else if (beta != NULL) {
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) y[i] = ((x[i] - c) * scale + shift) + beta[i];
  } else {
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) y[i] = (x[i] - c) * scale + shift;
  }
}

static void block(void *y_, const void *x_, ptrdiff_t step, int64_t rows, int64_t lanes, const void *center,
                  const void *a_, const void *b_) {
  const T *c = center, *a = a_, *b = b_;
  for (int64_t r = 0; r < rows; r++) {
    T *y = (T *)y_ + r * step;
    const T *x = (const T *)x_ + r * step;
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) y[l] = (x[l] - c[l]) * a[l] + b[l];
  }
}

// ---- gradients ----------------------------------------------------------------------------------

static void line_grad_sums(double *sums, double *d_gamma, double *d_beta, const void *g_, const void *x_, int64_t n,
                           const struct dw_norm_line *of) {
  const T *g = g_, *x = x_, *gamma = of->gamma, c = (T)of->center, scale = (T)of->scale, shift = (T)of->shift;
  double s[ACROSS] = {0}, q[ACROSS] = {0};
  int64_t i = 0;
  for (; i + ACROSS <= n; i += ACROSS) {
    INDEPENDENT
    for (int k = 0; k < ACROSS; k++) {
      double h = (double)((x[i + k] - c) * scale + shift), part = (double)g[i + k];
      if (gamma != NULL) d_gamma[i + k] += part * h, d_beta[i + k] += part, part *= (double)gamma[i + k];
      s[k] += part;
      q[k] += part * h;
    }
  }
  for (; i < n; i++) {
    double h = (double)((x[i] - c) * scale + shift), part = (double)g[i];
    if (gamma != NULL) d_gamma[i] += part * h, d_beta[i] += part, part *= (double)gamma[i];
    s[0] += part, q[0] += part * h;
  }
  double sum = join(s), products = join(q);
  if (gamma == NULL) *d_gamma += products, *d_beta += sum;
  sums[0] += sum, sums[1] += products;
}

static void line_grad(void *dx_, const void *g_, const void *x_, int64_t n, const struct dw_norm_line *of, double gain_,
                      double b_, double a_) {
  T *dx = dx_, c = (T)of->center, gain = (T)gain_, b = (T)b_, a = (T)a_;
  const T *g = g_, *x = x_, *gamma = of->gamma;
  if (gamma != NULL) {
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) dx[i] = g[i] * gamma[i] * gain + ((x[i] - c) * b + a);
  } else {
    INDEPENDENT
    for (int64_t i = 0; i < n; i++) dx[i] = g[i] * gain + ((x[i] - c) * b + a);
  }
}

static void block_grad_sums(double *sums, double *products, const void *g_, const void *x_, ptrdiff_t step,
                            int64_t rows, int64_t lanes, const void *center) {
  const T *c = center;
  int64_t r = 0;
  for (int64_t l = 0; l < lanes; l++) sums[l] = products[l] = 0;
  for (; r + 2 <= rows; r += 2) {
    const T *x0 = (const T *)x_ + r * step, *x1 = x0 + step, *g0 = (const T *)g_ + r * step, *g1 = g0 + step;
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) {
      sums[l] += (double)(g0[l] + g1[l]);
      products[l] += (double)(g0[l] * (x0[l] - c[l]) + g1[l] * (x1[l] - c[l]));
    }
  }
  for (; r < rows; r++) {
    const T *x = (const T *)x_ + r * step, *g = (const T *)g_ + r * step;
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) sums[l] += (double)g[l], products[l] += (double)g[l] * (double)(x[l] - c[l]);
  }
}

static void block_grad(void *dx_, const void *g_, const void *x_, ptrdiff_t step, int64_t rows, int64_t lanes,
                       const void *center, const void *a_, const void *b_, const void *c_) {
  const T *m = center, *a = a_, *b = b_, *c = c_;
  for (int64_t r = 0; r < rows; r++) {
    T *dx = (T *)dx_ + r * step;
    const T *x = (const T *)x_ + r * step, *g = (const T *)g_ + r * step;
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) dx[l] = g[l] * a[l] + ((x[l] - m[l]) * b[l] + c[l]);
  }
}

const struct dw_norm_kernels DW_NAME(norm) = {line_sums, block_sums,      line,      block, line_grad_sums,
                                              line_grad, block_grad_sums, block_grad};
