// random.c: a counter-based generator and the backend's three distributions. Element i of a tensor is a
// function of (key, counter, i) alone, so the numbers are the same for any thread count and any ISA.
#include <math.h>

#include "base/base.h"

// Philox 4x32-10: ten rounds of two 32x32 multiplications, keys raised by Weyl constants.
void dw_philox(uint32_t out[4], uint64_t key, uint64_t counter) {
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  uint32_t c0 = (uint32_t)counter, c1 = (uint32_t)(counter >> 32), c2 = 0, c3 = 0;
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)0xD2511F53 * c0, b = (uint64_t)0xCD9E8D57 * c2;
    c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
    c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)b;
    c3 = (uint32_t)a;
    k0 += 0x9E3779B9, k1 += 0xBB67AE85;
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

struct draw {
  void *data;
  bool f32;
  dw_random from;
  int64_t n, per_block; // elements, and how many of them one block of the generator makes
  double a, b;          // low and high, or mean and stddev
  void (*block)(double *v, const uint32_t u[4], const struct draw *d);
};

static double unit53(uint32_t high, uint32_t low) { // [0, 1)
  return (double)(((uint64_t)high << 32 | low) >> 11) * 0x1p-53;
}

static double between(double u, double low, double high) { return low + (high - low) * u; }

static void uniform32(double *v, const uint32_t u[4], const struct draw *d) {
  for (int i = 0; i < 4; i++) {
    float x = (float)between((u[i] >> 8) * 0x1p-24, d->a, d->b);
    v[i] = (double)(x < (float)d->b ? x : (float)d->a); // rounding may reach `high`, which is excluded
  }
}

static void uniform64(double *v, const uint32_t u[4], const struct draw *d) {
  for (int i = 0; i < 2; i++) {
    double x = between(unit53(u[2 * i], u[2 * i + 1]), d->a, d->b);
    v[i] = x < d->b ? x : d->a;
  }
}

// Box and Muller: u1 in (0, 1], u2 in [0, 1).
static void gauss(double v[2], double u1, double u2, const struct draw *d) {
  double r = sqrt(-2 * log(u1)), angle = 6.283185307179586 * u2;
  v[0] = d->a + d->b * r * cos(angle);
  v[1] = d->a + d->b * r * sin(angle);
}

static void normal32(double *v, const uint32_t u[4], const struct draw *d) {
  for (int i = 0; i < 4; i += 2) gauss(v + i, (u[i] + 1.0) * 0x1p-32, u[i + 1] * 0x1p-32, d);
}

static void normal64(double *v, const uint32_t u[4], const struct draw *d) {
  gauss(v, 1 - unit53(u[0], u[1]), unit53(u[2], u[3]), d);
}

// The normal distribution's inverse (Wichura, "Algorithm AS 241", 1988, PPND16), of p in (0, 1).
static double quantile(double p) {
  static const double centre[2][8] = {
      {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
       4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3},
      {1, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3, 2.1213794301586595867e4,
       3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3}};
  static const double tail[2][8] = {
      {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
       1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4},
      {1, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1, 1.48103976427480074590e-1,
       1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9}};
  double q = p - 0.5, away = q < 0 ? p : 1 - p;
  bool inner = fabs(q) <= 0.425; // the far tail of AS 241, beyond five sigma, is never asked for
  double r = inner ? 0.180625 - q * q : sqrt(-log(away)) - 1.6;
  const double(*c)[8] = inner ? centre : tail;
  double above = 0, below = 0;
  for (int i = 7; i >= 0; i--) above = above * r + c[0][i], below = below * r + c[1][i];
  double x = above / below;
  return inner ? q * x : q < 0 ? -x : x;
}

// Within two stddev: one number for each, by the inverse, so element i still depends on i only.
static double within(double u, const struct draw *d) {
  const double low = 0.022750131948179195; // the distribution at -2
  double x = quantile(between(u, low, 1 - low));
  return d->a + d->b * (x < -2 ? -2 : x > 2 ? 2 : x);
}

static void truncated32(double *v, const uint32_t u[4], const struct draw *d) {
  for (int i = 0; i < 4; i++) v[i] = within((u[i] + 0.5) * 0x1p-32, d);
}

static void truncated64(double *v, const uint32_t u[4], const struct draw *d) {
  for (int i = 0; i < 2; i++) v[i] = within(unit53(u[2 * i], u[2 * i + 1]), d);
}

static void draw_blocks(dw_job *j, int64_t a, int64_t b, int slot) {
  (void)slot;
  const struct draw *d = DW_STATE(struct draw, j);
  for (int64_t block = a; block < b; block++) {
    uint32_t u[4];
    double v[4];
    int64_t first = block * d->per_block, n = least(d->per_block, d->n - first);
    dw_philox(u, d->from.key, d->from.counter + (uint64_t)block);
    d->block(v, u, d);
    for (int64_t k = 0; k < n; k++) {
      if (d->f32) ((float *)d->data)[first + k] = (float)v[k];
      if (!d->f32) ((double *)d->data)[first + k] = v[k];
    }
  }
}

void dw_random_init(dw_job *j, const dw_context *cx, const dw_tensor *dst, dw_random *r, dw_distribution which,
                    double a, double b) {
  static void (*const blocks[][2])(double *, const uint32_t *, const struct draw *) = {
      [DW_UNIFORM] = {uniform64, uniform32},
      [DW_NORMAL] = {normal64, normal32},
      [DW_TRUNCATED] = {truncated64, truncated32},
  };
  DW_REQUIRE(dw_dtype_is_float(dst->dtype) && dw_is_contiguous(dst));
  bool f32 = dst->dtype == DW_FLOAT32;
  int64_t n = dw_numel(dst), per_block = f32 ? 4 : 2, all = parts(n, per_block);
  *DW_STATE(struct draw, j) = (struct draw){dst->data, f32, *r, n, per_block, a, b, blocks[which][f32]};
  dw_job_init(j, cx, all, (double)n * DW_WORK_DRAW, draw_blocks);
  r->counter += (uint64_t)all;
}
