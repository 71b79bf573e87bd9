// activations.h: the activations of neural networks, of one element, and the slopes of those that have no simple one.
// Made of elementary.h's functions, so a loop over them becomes vector code as over those; for kernels, after DW_SIZE
// is defined. Invariant: at infinities they have their limits, and nothing overflows that the result does not; NaN
// stays. tests/activations_spec.lua measures their errors.
#ifndef DWCONV_ACTIVATIONS_H
#define DWCONV_ACTIVATIONS_H

#include "elementary.h"

#if DW_SIZE == 8
typedef double math_real;
MATH double math_magnitude(double x) { return fabs(x); }
MATH double math_signed(double size, double x) { return copysign(size, x); }
#else
typedef float math_real;
MATH float math_magnitude(float x) { return math_abs(x); }
MATH float math_signed(float size, float x) { return math_with_sign(size, x); }
#endif

// Beyond these the functions below are their limits to the last bit, and a factor of 0 would meet an infinite one.
#define MATH_FLAT 1000
#define MATH_LIMITS(x, y, low, high) ((x) < -MATH_FLAT ? (low) : (x) > MATH_FLAT ? (high) : (y))

// log(1 + e^x)
MATH math_real math_softplus(math_real x) { return (x < 0 ? 0 : x) + math_log1p(math_exp(-math_magnitude(x))); }

MATH math_real math_softsign(math_real x) {
  math_real size = math_magnitude(x);
  return size < INFINITY ? x / (1 + size) : x != x ? x : math_signed(1, x);
}

// scale * x, or scale * alpha * (e^x - 1) below 0, with the constants of Klambauer et al., "Self-normalizing neural
// networks", 2017.
MATH math_real math_selu(math_real x) {
  const math_real scale = (math_real)1.0507009873554804934,
                  below = (math_real)(1.0507009873554804934 * 1.6732632423543772848);
  return x > 0 ? scale * x : below * math_expm1(x);
}

// ---- x times a probability -----------------------------------------------------------------------

MATH math_real math_silu(math_real x) { return MATH_LIMITS(x, x * math_sigmoid(x), 0, x); }
MATH math_real math_silu_slope(math_real x) {
  return MATH_LIMITS(x, math_sigmoid(x) + x * math_sigmoid_slope(x), 0, 1);
}

MATH math_real math_hard_silu(math_real x) {
  math_real y = x < 3 ? x * ((x + 3) / 6) : x;
  return x <= -3 ? 0 : y;
}

// gelu's other form is x * sigmoid(u), u = 2 sqrt(2/pi) (x + 0.044715 x^3). Beyond 100, u^2 could overflow.
#define MATH_GELU_1 ((math_real)1.5957691216057307117)
#define MATH_GELU_3 ((math_real)0.071354816272600247775)

MATH math_real math_gelu_tanh(math_real x) {
  math_real y = x * math_sigmoid(x * (MATH_GELU_1 + MATH_GELU_3 * x * x));
  return x < -100 ? 0 : y;
}
MATH math_real math_gelu_tanh_slope(math_real x) {
  math_real square = x * x, u = x * (MATH_GELU_1 + MATH_GELU_3 * square);
  math_real y = math_sigmoid(u) + x * (MATH_GELU_1 + 3 * MATH_GELU_3 * square) * math_sigmoid_slope(u);
  return x < -100 ? 0 : x > 100 ? 1 : y;
}

// tanh(softplus(x)) = n / (n + rest), of e^-|x|.
struct math_mish {
  math_real e, n, rest;
};

MATH struct math_mish math_mish_parts(math_real x) {
  math_real e = math_exp(-math_magnitude(x)), twice = e + e;
  return (struct math_mish){e, x < 0 ? e * e + twice : 1 + twice, x < 0 ? 2 : twice * e};
}

MATH math_real math_mish(math_real x) {
  struct math_mish m = math_mish_parts(x);
  return MATH_LIMITS(x, x * (m.n / (m.n + m.rest)), 0, x);
}
MATH math_real math_mish_slope(math_real x) {
  struct math_mish m = math_mish_parts(x);
  math_real all = m.n + m.rest, t = m.n / all, sigmoid = (x < 0 ? m.e : 1) / (1 + m.e);
  return MATH_LIMITS(x, t + x * (m.rest / all) * (1 + t) * sigmoid, 0, 1);
}

// ---- gelu: x times the standard normal distribution's probability of less than x ------------------

// For 0 <= size: the probability of more than that, and e^(-size^2 / 2).
struct math_tail {
  math_real more, bell;
};

#if DW_SIZE == 8
#define MATH_TAIL_END 40 // from here on both are 0

MATH struct math_tail math_normal_tail(double size) {
  return (struct math_tail){0.5 * erfc(size * 0.70710678118654752440), exp(-0.5 * size * size)};
}
#else
#define MATH_TAIL_END 15

// more / bell is a polynomial of u = 1 / (1 + size / sqrt 8), fitted as those of elementary.h. size^2 is high^2, which
// is exact, and a small rest.
MATH struct math_tail math_normal_tail(float size) {
  float u = 1 / (1 + size * 0.35355338f), p = -0x1.e4e964p-6f;
  p = p * u + 0x1.2406f4p-3f;
  p = p * u + -0x1.f42f10p-3f;
  p = p * u + 0x1.1e3886p-3f;
  p = p * u + -0x1.c494d2p-7f;
  p = p * u + 0x1.9ff816p-4f;
  p = p * u + 0x1.f1a836p-4f;
  p = p * u + 0x1.212adcp-3f;
  p = p * u + 0x1.20db0ap-3f;
  float high = math_float(math_bits(size) & 0xFFFFF000), rest = (size - high) * (size + high);
  float bell = math_exp(-0.5f * (high * high)) * math_exp_reduced(-0.5f * rest);
  return (struct math_tail){bell * (p * u), bell};
}
#endif

MATH math_real math_gelu(math_real x) {
  math_real size = math_magnitude(x);
  size = size > MATH_TAIL_END ? MATH_TAIL_END : size;
  return (x < 0 ? 0 : x) - size * math_normal_tail(size).more;
}

MATH math_real math_gelu_slope(math_real x) {
  math_real size = math_magnitude(x);
  size = size > MATH_TAIL_END ? MATH_TAIL_END : size;
  struct math_tail t = math_normal_tail(size);
  return (x < 0 ? t.more : 1 - t.more) + math_signed(size, x) * t.bell * (math_real)0.39894228040143267794;
}

#endif
