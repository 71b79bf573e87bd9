// elementary.h: elementary functions of one element. For float they are branch-free, so that a plain loop over them
// becomes vector code with GCC and Clang at -O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math, on every ISA,
// with or without FMA, and calls nothing; for double (DW_SIZE 8) they are libm's. For kernels, after DW_SIZE is
// defined. Invariants: within 1.8 ulp (sigmoid; its slope 4, the others 1.4) for every float, denormal results too;
// zeros, infinities and NaN as in C99 Annex F. Sums are meant in the order they are written. math_sin and math_cos want
// !math_is_far(x), see there. tests/host/math.c measures all this. Coefficients are minimax fits by Remez's algorithm,
// fitted so that they are good once rounded to float.
#ifndef DWCONV_ELEMENTARY_H
#define DWCONV_ELEMENTARY_H

#include <math.h>
#include <stdint.h>

#define MATH static inline __attribute__((always_inline))

#if DW_SIZE == 8

MATH double math_exp(double x) { return exp(x); }
MATH double math_expm1(double x) { return expm1(x); }
MATH double math_log(double x) { return log(x); }
MATH double math_log1p(double x) { return log1p(x); }
MATH double math_tanh(double x) { return tanh(x); }
MATH double math_erf(double x) { return erf(x); }
MATH double math_sin(double x) { return sin(x); }
MATH double math_cos(double x) { return cos(x); }
MATH int math_is_far(double x) { return (void)x, 0; }
MATH double math_sin_far(double x) { return sin(x); }
MATH double math_cos_far(double x) { return cos(x); }

// e^-|x| cannot overflow: 1 / (1 + e^-x) for x >= 0, the same times e^x / e^x otherwise.
MATH double math_sigmoid(double x) {
  double e = exp(-fabs(x));
  return (x < 0 ? e : 1) / (1 + e);
}

// The same times e^x / (1 + e^x).
MATH double math_sigmoid_slope(double x) {
  double e = exp(-fabs(x));
  return e / ((1 + e) * (1 + e));
}

#else

// ---- bits ---------------------------------------------------------------------------------------

MATH uint32_t math_bits(float x) {
  uint32_t u;
  __builtin_memcpy(&u, &x, sizeof u);
  return u;
}

MATH float math_float(uint32_t u) {
  float x;
  __builtin_memcpy(&x, &u, sizeof x);
  return x;
}

MATH float math_abs(float x) { return math_float(math_bits(x) & 0x7FFFFFFF); }

// size >= 0 with the sign of x
MATH float math_with_sign(float size, float x) { return math_float(math_bits(size) | (math_bits(x) & 0x80000000)); }

// NaN stays NaN
MATH float math_at_most(float x, float high) { return x > high ? high : x; }

// 2^(n - 127) for 0 <= n < 256; higher bits of n, from bit 9 on, are shifted out.
MATH float math_power(uint32_t n) { return math_float(n << 23); }

// ln 2 in two parts (Cody & Waite): k * MATH_LN2_HIGH is exact for |k| < 256.
#define MATH_LN2_HIGH 0x1.62e4p-1f
#define MATH_LN2_LOW 0x1.7f7d1cp-20f

// ---- exp ----------------------------------------------------------------------------------------

// x = k ln 2 + r, |r| <= ln 2 / 2. Adding 1.5 * 2^23 rounds to a whole number and leaves it in the lowest bits.
// Where |x| is so large that k does not fit, all three are meaningless.
struct math_reduced {
  float r, tail; // r + tail is the remainder, tail below half an ulp of r
  uint32_t k;    // k + bias, with the exponent of 2^23 far above it, which math_power drops
};

MATH struct math_reduced math_reduce(float x, float bias) {
  const float round = 0x1.8p23f + bias;
  float sum = x * 0x1.715476p+0f + round, k = sum - round;
  float high = x - k * MATH_LN2_HIGH, r = high - k * MATH_LN2_LOW; // high is exact
  return (struct math_reduced){r, (high - r) - k * MATH_LN2_LOW, math_bits(sum)};
}

// (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2
MATH float math_exp_rest(float r) {
  float p = 0x1.6ace74p-10f;
  p = p * r + 0x1.122be0p-7f;
  p = p * r + 0x1.555796p-5f;
  p = p * r + 0x1.5554aap-3f;
  return p * r + 0x1.fffffep-2f;
}

MATH float math_exp_reduced(float r) { return 1 + (r + r * r * math_exp_rest(r)); }

// The scale 2^k is two factors, so that e^x may be denormal, or have k = 128, before it overflows. Limits are put in
// last, not clamped first: GCC follows a clamp's constants through the whole function and selects twice as often.
MATH float math_exp(float x) {
  struct math_reduced a = math_reduce(x, 2 * 127);
  uint32_t half = a.k >> 1;
  float y = math_exp_reduced(a.r) * math_power(half) * math_power(a.k - half);
  y = x > 89 ? INFINITY : y;
  return x < -104 ? 0 : y;
}

// e^x where neither it nor 2^k leaves the normal numbers: |x| < 87
MATH float math_exp_normal(float x) {
  struct math_reduced a = math_reduce(x, 127);
  return math_exp_reduced(a.r) * math_power(a.k);
}

// 2^k (e^r - 1) + (2^k - 1), divided by 2^rest until the end
MATH float math_expm1(float x) {
  struct math_reduced a = math_reduce(x, 2 * 127);
  uint32_t half = a.k >> 1, rest = a.k - half;
  float first = math_power(half), offset = first - math_power(2 * 127 - rest);
  float low = a.r * a.r * math_exp_rest(a.r) + a.tail;
  float y = ((offset + first * a.r) + first * low) * math_power(rest);
  y = x > 89 ? INFINITY : y;
  y = x < -20 ? -1 : y;
  return x == 0 ? x : y;
}

// ---- exp's relatives ----------------------------------------------------------------------------

// 1 / (1 + e^-x), where 1 + e^-x = (2^k + 1) + 2^k (e^r - 1), so that e^-x itself is never rounded; the fraction is
// divided by 2^rest, so that it never overflows. `lost` is there for k = 24, where 2^k + 1 is not exact.
MATH float math_sigmoid(float x) {
  struct math_reduced a = math_reduce(-x, 2 * 127);
  uint32_t half = a.k >> 1, rest = a.k - half;
  float first = math_power(half), one = math_power(2 * 127 - rest), sum = first + one, lost = one - (sum - first);
  float expm1 = a.r + a.r * a.r * math_exp_rest(a.r);
  float y = one / (sum + (first * expm1 + lost));
  y = x > 104 ? 1 : y;
  return x < -104 ? 0 : y;
}

// The derivative of sigmoid: e^-|x| / (1 + e^-|x|)^2.
MATH float math_sigmoid_slope(float x) {
  float e = math_exp(-math_abs(x));
  return e / ((1 + e) * (1 + e));
}

// An odd polynomial near zero, 1 - 2 / (e^2x + 1) elsewhere, where rounding the quotient hardly shows.
MATH float math_tanh(float x) {
  float size = math_abs(x), y = x * x, p = 0x1.1a2816p-9f;
  p = p * y + -0x1.0c5ed0p-7f;
  p = p * y + 0x1.63a550p-6f;
  p = p * y + -0x1.b9f188p-5f;
  p = p * y + 0x1.11107ap-3f;
  p = p * y + -0x1.555554p-2f;
  float near = size + size * (y * p);
  float far = 1 - 2 / (math_exp_normal(2 * math_at_most(size, 10)) + 1);
  return math_with_sign(size < 0.625f ? near : far, x);
}

// log(1 - erf x) for 1 <= x <= 4
MATH float math_log_erfc(float x) {
  float p = 0x1.852b06p-13f;
  p = p * x + -0x1.814c16p-9f;
  p = p * x + 0x1.6541f8p-6f;
  p = p * x + -0x1.a60a7ep-4f;
  p = p * x + -0x1.46c584p-1f;
  p = p * x + -0x1.2085b2p+0f;
  return p * x + -0x1.72e8d4p-12f;
}

// An odd polynomial up to 1, and 1 - e^p(x) from there on; at 4 the result is 1.
MATH float math_erf(float x) {
  float size = math_abs(x), y = x * x, p = 0x1.4771fep-14f;
  p = p * y + -0x1.a3515ep-11f;
  p = p * y + 0x1.53f224p-8f;
  p = p * y + -0x1.b7f71ap-6f;
  p = p * y + 0x1.ce2ce6p-4f;
  p = p * y + -0x1.81273ep-2f;
  p = p * y + 0x1.06eba8p-3f;
  float near = x + x * p, far = 1 - math_exp_normal(math_log_erfc(math_at_most(size, 4)));
  return size < 1 ? near : math_with_sign(far, x);
}

// ---- log ----------------------------------------------------------------------------------------

// x = 2^k m with 2/3 <= m < 4/3, of a positive normal x
MATH float math_split(float x, float *m) {
  const uint32_t lowest = 0x3F2AAAAB; // 2/3
  uint32_t u = math_bits(x) - lowest;
  *m = math_float((u & 0x007FFFFF) + lowest);
  return (float)((int32_t)u >> 23);
}

// k ln 2 + log(1 + f) + tail for -1/3 <= f < 1/3; the sum's larger part is exact in two numbers (Dekker).
MATH float math_log_sum(float k, float f, float tail) {
  float y = f * f, p = -0x1.0806a0p-3f;
  p = p * f + 0x1.1e6786p-3f;
  p = p * f + -0x1.f310c8p-4f;
  p = p * f + 0x1.1ed6fap-3f;
  p = p * f + -0x1.559dd2p-3f;
  p = p * f + 0x1.99d036p-3f;
  p = p * f + -0x1.fffef0p-3f;
  p = p * f + 0x1.555506p-2f;
  float whole = k * MATH_LN2_HIGH, sum = whole + f, lost = (whole - sum) + f;
  return sum + (lost + (k * MATH_LN2_LOW + tail + (f * y * p - 0.5f * y)));
}

// The result `y` for 0 < x < inf, and what belongs to the rest
MATH float math_log_limits(float x, float y) {
  y = x < INFINITY ? y : x;
  return x > 0 ? y : x == 0 ? -INFINITY : NAN;
}

MATH float math_log(float x) {
  int denormal = x < 0x1p-126f;
  float m, k = math_split(denormal ? x * 0x1p24f : x, &m);
  return math_log_limits(x, math_log_sum(denormal ? k - 24 : k, m - 1, 0));
}

// 1 + x = u + lost, so log(1 + x) = log u + lost / u; where u needs no scale, f is x itself.
MATH float math_log1p(float x) {
  float u = 1 + x, lost = x < 1 ? x - (u - 1) : 1 - (u - x);
  float m, k = math_split(u, &m), f = k == 0 ? x : m - 1;
  float y = math_log_sum(k, f, k == 0 ? 0 : lost / u);
  return x == 0 ? x : math_log_limits(u, y);
}

// ---- sin and cos --------------------------------------------------------------------------------

// x = k pi + r, |r| <= pi/2, in double, with pi in three parts (Cody & Waite): the products with the first two, of
// 21 bits each, are exact for |k| < 2^31 in steps of a half. Farther out only libm is right. So a caller first asks for
// a block whether any element is far, a loop of its own that is vector code too; if so, that block takes
// math_sin_far or math_cos_far, element by element.
#define MATH_FAR 0x1p32f

MATH int math_is_far(float x) { return math_abs(x) > MATH_FAR; }

MATH uint64_t math_bits64(double x) {
  uint64_t u;
  __builtin_memcpy(&u, &x, sizeof u);
  return u;
}

// (-1)^parity sin(x - k pi), of parity's lowest bit; six coefficients leave an error of 2^-35.
MATH float math_sin_reduced(double x, double k, uint64_t parity) {
  double r = ((x - k * 0x1.921fbp+1) - k * 0x1.5110bp-21) - k * 0x1.18469898cc517p-43;
  double y = r * r, p = -0x1.9a0e10aa4b18cp-26;
  p = p * y + 0x1.716ba4845e9f4p-19;
  p = p * y + -0x1.a017a8f91717ep-13;
  p = p * y + 0x1.11110b7496e37p-7;
  p = p * y + -0x1.5555554174f9bp-3;
  p = p * y + 0x1.ffffffffd1787p-1;
  p *= r;
  uint64_t u = math_bits64(p) ^ parity << 63;
  __builtin_memcpy(&p, &u, sizeof p);
  return (float)p;
}

// Adding 1.5 * 2^52 rounds to a whole number and leaves its parity in the lowest bit.
MATH float math_sin(float x) {
  const double round = 0x1.8p52;
  double sum = x * 0x1.45f306dc9c883p-2 + round;
  return math_sin_reduced(x, sum - round, math_bits64(sum));
}

// cos x = -(-1)^j sin(x - (j + 1/2) pi)
MATH float math_cos(float x) {
  const double round = 0x1.8p52;
  double sum = (x * 0x1.45f306dc9c883p-2 - 0.5) + round;
  return math_sin_reduced(x, (sum - round) + 0.5, math_bits64(sum) + 1);
}

MATH float math_sin_far(float x) { return math_is_far(x) ? sinf(x) : math_sin(x); }
MATH float math_cos_far(float x) { return math_is_far(x) ? cosf(x) : math_cos(x); }

#endif
#endif
