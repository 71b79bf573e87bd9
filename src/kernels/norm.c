// norm.c: sums of lines and blocks, and what normalizes them. Called by src/norm.c. Invariant: distances are taken from
// a center near the mean, so a large mean costs no digits; sums are kept in double, those of floats by eights before. A
// sum that is not finite then is taken again, each number in double.
#include "norm.h"
#include "vec.h"

// ACROSS sums work side by side along a line, see reduce.c.
enum { ACROSS = 32, EIGHTS = 8 * ACROSS };

// The sum of f(0) to f(3), and to f(7), of which no addition waits for more than two others.
#define SUM4(f) ((f(0) + f(1)) + (f(2) + f(3)))
#define SUM8(f) (SUM4(f) + ((f(4) + f(5)) + (f(6) + f(7))))

INLINE double join(double *across) {
  UNROLL
  for (int half = ACROSS / 2; half > 0; half /= 2) {
    INDEPENDENT
    for (int k = 0; k < half; k++) across[k] += across[k + half];
  }
  return across[0];
}

INLINE int is_finite(double v) { return v - v == 0; }

// Lines of a few vectors are summed as T, then lane by lane.
enum { SHORT = 8 * LANES };

INLINE double sum_lanes(vec v) {
  T lane[LANES];
  store(lane, v);
  UNROLL
  for (int half = LANES / 2; half > 0; half /= 2) {
    for (int k = 0; k < half; k++) lane[k] += lane[k + half];
  }
  return (double)lane[0];
}

// ---- forward ------------------------------------------------------------------------------------

static void line_sums_exact(double *sums, const T *x, int64_t n, double c) {
  for (int64_t i = 0; i < n; i++) {
    double d = (double)x[i] - c;
    sums[0] += d, sums[1] += d * d;
  }
}

static void short_sums(double *sums, const T *x, int64_t n, T c) {
  vec s = {0}, q = {0};
  double rest[2] = {0};
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    vec d = load(x + i) - all(c);
    s += d, q += d * d;
  }
  line_sums_exact(rest, x + i, n - i, (double)c);
  double sum = sum_lanes(s) + rest[0], squares = sum_lanes(q) + rest[1];
  if (!is_finite(squares)) return line_sums_exact(sums, x, n, (double)c);
  sums[0] += sum, sums[1] += squares;
}

static void line_sums(double *sums, const void *x_, int64_t n, const void *center) {
  const T *x = x_, c = *(const T *)center;
  if (n <= SHORT) return short_sums(sums, x, n, c);
  double s[ACROSS] = {0}, q[ACROSS] = {0}, rest[2] = {0};
  int64_t i = 0;
#define D(k) (p[(k)*ACROSS] - c)
#define SQUARE(k) (D(k) * D(k))
  for (; i + EIGHTS <= n; i += EIGHTS) {
    INDEPENDENT
    for (int k = 0; k < ACROSS; k++) {
      const T *p = x + i + k;
      s[k] += (double)SUM8(D);
      q[k] += (double)SUM8(SQUARE);
    }
  }
#undef D
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
#define D(k) (p[(k)*step + l] - c[l])
  for (; r + 8 <= rows; r += 8) {
    const T *p = x + r * step;
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) {
      sums[l] += (double)SUM8(D);
      squares[l] += (double)SUM8(SQUARE);
    }
  }
#undef SQUARE
#undef D
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

// NaN stays, and a bound of NaN is none.
INLINE T bounded(T v, T low, T high) {
  v = v < low ? low : v;
  return v > high ? high : v;
}

INLINE void blocks(T *restrict y_, const T *x_, ptrdiff_t step, int64_t rows, int64_t lanes, const T *c, const T *a,
                   const T *b, const int clips, T low, T high) {
#define Y(x) (clips ? bounded(((x)-c[l]) * a[l] + b[l], low, high) : ((x)-c[l]) * a[l] + b[l])
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) { // the factors are loaded once for all four
    T *y0 = y_ + r * step, *y1 = y0 + step, *y2 = y1 + step, *y3 = y2 + step;
    const T *x0 = x_ + r * step, *x1 = x0 + step, *x2 = x1 + step, *x3 = x2 + step;
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) y0[l] = Y(x0[l]), y1[l] = Y(x1[l]), y2[l] = Y(x2[l]), y3[l] = Y(x3[l]);
  }
  for (; r < rows; r++) {
    T *y = y_ + r * step;
    const T *x = x_ + r * step;
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) y[l] = Y(x[l]);
  }
#undef Y
}

static void block(void *y, const void *x, ptrdiff_t step, int64_t rows, int64_t lanes, const void *center,
                  const void *a, const void *b, const struct dw_norm_clip *clip) {
  if (clip == NULL) return blocks(y, x, step, rows, lanes, center, a, b, 0, 0, 0);
  blocks(y, x, step, rows, lanes, center, a, b, 1, (T)clip->low, (T)clip->high);
}

// ---- gradients ----------------------------------------------------------------------------------

// The sums of a line without gamma; h is (x - c) * scale + shift.
static void plain_grad_sums(double *sums, const T *g, const T *x, int64_t n, T c, T scale, T shift) {
  double s[ACROSS] = {0}, q[ACROSS] = {0};
  int64_t i = 0;
  if (n <= SHORT) {
    vec few = {0}, products = {0};
    for (; i + LANES <= n; i += LANES) {
      few += load(g + i), products += load(g + i) * ((load(x + i) - all(c)) * all(scale) + all(shift));
    }
    s[1] = sum_lanes(few), q[1] = sum_lanes(products);
  }
#define G(k) (pg[(k)*ACROSS])
#define GH(k) (G(k) * ((px[(k)*ACROSS] - c) * scale + shift))
  for (; i + EIGHTS <= n; i += EIGHTS) {
    INDEPENDENT
    for (int k = 0; k < ACROSS; k++) {
      const T *pg = g + i + k, *px = x + i + k;
      s[k] += (double)SUM8(G);
      q[k] += (double)SUM8(GH);
    }
  }
#undef GH
#undef G
  for (; i + ACROSS <= n; i += ACROSS) {
    INDEPENDENT
    for (int k = 0; k < ACROSS; k++) {
      s[k] += (double)g[i + k];
      q[k] += (double)(g[i + k] * ((x[i + k] - c) * scale + shift));
    }
  }
  for (; i < n; i++) s[0] += (double)g[i], q[0] += (double)(g[i] * ((x[i] - c) * scale + shift));
  sums[0] += join(s), sums[1] += join(q);
}

// The same of a short line with gamma.
static void short_grad_sums(double *sums, T *d_gamma, T *d_beta, const T *g, const T *x, int64_t n,
                            const struct dw_norm_line *of) {
  const T *gamma = of->gamma, c = (T)of->center, scale = (T)of->scale, shift = (T)of->shift;
  vec s = {0}, q = {0};
  double rest[2] = {0};
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    vec part = load(g + i), product = part * ((load(x + i) - all(c)) * all(scale) + all(shift));
    store(d_gamma + i, load(d_gamma + i) + product);
    store(d_beta + i, load(d_beta + i) + part);
    s += part * load(gamma + i), q += product * load(gamma + i);
  }
  for (; i < n; i++) {
    T product = g[i] * ((x[i] - c) * scale + shift);
    d_gamma[i] += product, d_beta[i] += g[i];
    rest[0] += (double)(g[i] * gamma[i]), rest[1] += (double)(product * gamma[i]);
  }
  sums[0] += sum_lanes(s) + rest[0], sums[1] += sum_lanes(q) + rest[1];
}

static void line_grad_sums(double *sums, void *d_gamma_, void *d_beta_, const void *g_, const void *x_, int64_t n,
                           const struct dw_norm_line *of) {
  const T *g = g_, *x = x_, *gamma = of->gamma, c = (T)of->center, scale = (T)of->scale, shift = (T)of->shift;
  T *d_gamma = d_gamma_, *d_beta = d_beta_;
  if (gamma == NULL) return plain_grad_sums(sums, g, x, n, c, scale, shift);
  if (n <= SHORT) return short_grad_sums(sums, d_gamma, d_beta, g, x, n, of);
  double s[ACROSS] = {0}, q[ACROSS] = {0};
  int64_t i = 0;
  for (; i + 4 * ACROSS <= n; i += 4 * ACROSS) {
    INDEPENDENT
    for (int k = 0; k < ACROSS; k++) {
      T part[4], product[4];
      UNROLL
      for (int m = 0; m < 4; m++) {
        int64_t at = i + k + m * ACROSS;
        T gh = g[at] * ((x[at] - c) * scale + shift);
        d_gamma[at] += gh, d_beta[at] += g[at];
        part[m] = g[at] * gamma[at], product[m] = gh * gamma[at];
      }
      s[k] += (double)((part[0] + part[1]) + (part[2] + part[3]));
      q[k] += (double)((product[0] + product[1]) + (product[2] + product[3]));
    }
  }
  for (int64_t at = i; at + ACROSS <= n; at += ACROSS, i += ACROSS) {
    INDEPENDENT
    for (int k = 0; k < ACROSS; k++) {
      T gh = g[at + k] * ((x[at + k] - c) * scale + shift);
      d_gamma[at + k] += gh, d_beta[at + k] += g[at + k];
      s[k] += (double)(g[at + k] * gamma[at + k]);
      q[k] += (double)(gh * gamma[at + k]);
    }
  }
  for (; i < n; i++) {
    T gh = g[i] * ((x[i] - c) * scale + shift);
    d_gamma[i] += gh, d_beta[i] += g[i];
    s[0] += (double)(g[i] * gamma[i]), q[0] += (double)(gh * gamma[i]);
  }
  sums[0] += join(s), sums[1] += join(q);
}

static void collect(double *sums, void *few_, int64_t n) {
  T *few = few_;
  for (int64_t i = 0; i < n; i++) sums[i] += (double)few[i], few[i] = 0;
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

// g where the result lies between the bounds, else 0. The result is computed as `block` does, to the same bits.
INLINE T passed(T g, T x, T c, T a, T b, T low, T high) {
  T v = (x - c) * a + b;
  return v > low && !(v >= high) ? g : 0;
}

struct clip {
  int is;
  const T *a, *b;
  T low, high;
};

INLINE struct clip read_clip(const struct dw_norm_clip *clip) {
  if (clip == NULL) return (struct clip){0, NULL, NULL, 0, 0};
  return (struct clip){1, clip->a, clip->b, (T)clip->low, (T)clip->high};
}

// `clips` is q.is, as a constant.
#define PASSED(g, x) (clips ? passed(g, x, c[l], q.a[l], q.b[l], q.low, q.high) : (g))

INLINE void grad_sums(double *sums, double *products, const T *g_, const T *x_, ptrdiff_t step, int64_t rows,
                      int64_t lanes, const T *c, const int clips, struct clip q) {
  int64_t r = 0;
  for (int64_t l = 0; l < lanes; l++) sums[l] = products[l] = 0;
#define G(k) PASSED(g[(k)*step + l], x[(k)*step + l])
#define GD(k) (G(k) * (x[(k)*step + l] - c[l]))
  for (; r + 8 <= rows; r += 8) {
    const T *x = x_ + r * step, *g = g_ + r * step;
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) {
      sums[l] += (double)SUM8(G);
      products[l] += (double)SUM8(GD);
    }
  }
#undef GD
  for (; r < rows; r++) {
    const T *x = x_ + r * step, *g = g_ + r * step;
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) sums[l] += (double)G(0), products[l] += (double)G(0) * (double)(x[l] - c[l]);
  }
#undef G
}

static void block_grad_sums(double *sums, double *products, const void *g, const void *x, ptrdiff_t step, int64_t rows,
                            int64_t lanes, const void *center, const struct dw_norm_clip *clip) {
  const struct clip q = read_clip(clip);
  if (!q.is) return grad_sums(sums, products, g, x, step, rows, lanes, center, 0, q);
  grad_sums(sums, products, g, x, step, rows, lanes, center, 1, q);
}

INLINE void grads(T *dx_, const T *g_, const T *x_, ptrdiff_t step, int64_t rows, int64_t lanes, const T *c,
                  const T *gain, const T *slope, const T *shift, const int clips, struct clip q) {
#define DX(g, x) (PASSED(g, x) * gain[l] + (((x)-c[l]) * slope[l] + shift[l]))
  int64_t r = 0;
  for (; r + 2 <= rows; r += 2) {
    T *y0 = dx_ + r * step, *y1 = y0 + step;
    const T *x0 = x_ + r * step, *x1 = x0 + step, *g0 = g_ + r * step, *g1 = g0 + step;
    INDEPENDENT
    for (int64_t l = 0; l < lanes; l++) y0[l] = DX(g0[l], x0[l]), y1[l] = DX(g1[l], x1[l]);
  }
  if (r == rows) return;
  T *y = dx_ + r * step;
  const T *x = x_ + r * step, *g = g_ + r * step;
  INDEPENDENT
  for (int64_t l = 0; l < lanes; l++) y[l] = DX(g[l], x[l]);
#undef DX
}

static void block_grad(void *dx, const void *g, const void *x, ptrdiff_t step, int64_t rows, int64_t lanes,
                       const void *center, const void *gain, const void *slope, const void *shift,
                       const struct dw_norm_clip *clip) {
  const struct clip q = read_clip(clip);
  if (!q.is) return grads(dx, g, x, step, rows, lanes, center, gain, slope, shift, 0, q);
  grads(dx, g, x, step, rows, lanes, center, gain, slope, shift, 1, q);
}

const struct dw_norm_kernels DW_NAME(norm) = {
    .line_sums = line_sums,
    .block_sums = block_sums,
    .line = line,
    .block = block,
    .collect = collect,
    .line_grad_sums = line_grad_sums,
    .line_grad = line_grad,
    .block_grad = block_grad,
    .block_grad_sums = block_grad_sums,
};
