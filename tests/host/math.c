// math.c: kernels/elementary.h against libm in double, compiled with the flags of a kernel, once per ISA.
// Run by tests/host_spec.lua: math.<isa> [stride]. Every stride-th float of all bit patterns is tried, so 1 tries all
// (some minutes), and all floats around those where a function changes its ways. One line per function gives
// its largest error. Invariant: an error counts in units of the last place of the float that is right, so also where
// that is denormal; where libm says 0, inf or NaN, or what rounds to inf, the result is the same, sign included.
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/elementary.h"

enum { BLOCK = 4096 };

static int failures;

// Loops like a kernel's, so that they become vector code
#define LOOP(function, name)                                                                                           \
  static void run_##name(float *restrict y, const float *restrict x, int n) {                                          \
    for (int i = 0; i < n; i++) y[i] = function(x[i]);                                                                 \
  }
LOOP(math_exp, exp)
LOOP(math_expm1, expm1)
LOOP(math_sigmoid, sigmoid)
LOOP(math_sigmoid_slope, sigmoid_slope)
LOOP(math_tanh, tanh)
LOOP(math_erf, erf)
LOOP(math_log, log)
LOOP(math_log1p, log1p)
LOOP(math_sin, near_sin)
LOOP(math_cos, near_cos)
LOOP(math_sin_far, far_sin)
LOOP(math_cos_far, far_cos)

static bool any_far(const float *x, int n) {
  int far = 0;
  for (int i = 0; i < n; i++) far |= math_is_far(x[i]);
  return far;
}

static void run_sin(float *y, const float *x, int n) { (any_far(x, n) ? run_far_sin : run_near_sin)(y, x, n); }
static void run_cos(float *y, const float *x, int n) { (any_far(x, n) ? run_far_cos : run_near_cos)(y, x, n); }

static double sigmoid(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }

static double sigmoid_slope(double x) { return exp(-fabs(x)) / pow(1 + exp(-fabs(x)), 2); }

struct function {
  const char *name;
  void (*run)(float *y, const float *x, int n);
  double (*reference)(double x);
  double limit; // ulp
  double worst;
  float worst_at;
};

static struct function functions[] = {
    {"exp", run_exp, exp, 1.1, 0, 0},    {"expm1", run_expm1, expm1, 1.4, 0, 0},
    {"log", run_log, log, 1.0, 0, 0},    {"log1p", run_log1p, log1p, 1.0, 0, 0},
    {"tanh", run_tanh, tanh, 1.4, 0, 0}, {"sigmoid", run_sigmoid, sigmoid, 1.8, 0, 0},
    {"erf", run_erf, erf, 1.4, 0, 0},    {"sin", run_sin, sin, 1.0, 0, 0},
    {"cos", run_cos, cos, 1.0, 0, 0},    {"sigmoid_slope", run_sigmoid_slope, sigmoid_slope, 4.0, 0, 0},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static void fail(const struct function *f, float x, float y, double right) {
  enum { SHOWN = 20 };
  if (failures++ < SHOWN) printf("%s(%a) = %a instead of %a\n", f->name, x, y, right);
}

// ---- errors -------------------------------------------------------------------------------------

// NaN equals NaN, zeros have signs
static bool same(float y, float right) {
  return isnan(right) ? isnan(y) : y == right && !signbit(y) == !signbit(right);
}

static double ulp(double right) {
  int e = ilogb(right);
  return ldexp(1, (e < -126 ? -126 : e) - 23);
}

static void check(struct function *f, float x, float y) {
  double right = f->reference(x);
  if (right == 0 || !isfinite((float)right)) {
    if (!same(y, (float)right)) fail(f, x, y, right);
    return;
  }
  double error = fabs(y - right) / ulp(right);
  if (!(error <= f->limit) || (y == 0 && !signbit(y) != !signbit(right))) fail(f, x, y, right);
  if (error > f->worst) f->worst = error, f->worst_at = x;
}

static void check_block(struct function *f, const float *x, int n) {
  float y[BLOCK];
  f->run(y, x, n);
  for (int i = 0; i < n; i++) check(f, x[i], y[i]);
}

// ---- inputs -------------------------------------------------------------------------------------

// `count` floats from the bit pattern `first` on
static void check_patterns(uint64_t first, uint64_t count, uint64_t stride) {
  for (uint64_t i = 0; i < count;) {
    float x[BLOCK];
    int n = 0;
    for (; n < BLOCK && i < count; n++, i++) x[n] = math_float((uint32_t)(first + i * stride));
    for (int f = 0; f < FUNCTIONS; f++) check_block(&functions[f], x, n);
  }
}

// Where a function overflows, vanishes, meets another formula or another power of two, or is hard to reduce
static void check_corners(void) {
  enum { AROUND = 300 };
  static const float corners[] = {
      0,          0x1p-126f,  0x1p-24f, 0.34657359f, 0.5f,       0.625f,    2 / 3.f,   1,
      4 / 3.f,    2,          M_PI_2,   M_PI,        4,          8.66434f,  9.010913f, 10,
      16.635532f, 17.32868f,  20,       22,          87.336544f, 88.02969f, 88.7228f,  89,
      103.2789f,  103.97208f, 104,      0x1.8p23f,   MATH_FAR,   0x1p40f,   0x1p126f,  INFINITY,
  };
  for (size_t i = 0; i < sizeof corners / sizeof *corners; i++) {
    for (int sign = 0; sign < 2; sign++) {
      uint32_t at = math_bits(sign ? -corners[i] : corners[i]);
      check_patterns((uint64_t)at - AROUND, 2 * AROUND + 1, 1);
    }
  }
}

// What C99's Annex F says, should libm not
static void check_exact(void) {
  static const struct {
    const char *name;
    float x, y;
  } exact[] = {
      {"exp", 0.f, 1},           {"exp", -0.f, 1},         {"exp", -INFINITY, 0},    {"exp", INFINITY, INFINITY},
      {"exp", 89, INFINITY},     {"expm1", -0.f, -0.f},    {"expm1", -INFINITY, -1}, {"expm1", INFINITY, INFINITY},
      {"log", 0.f, -INFINITY},   {"log", -0.f, -INFINITY}, {"log", 1, 0.f},          {"log", INFINITY, INFINITY},
      {"log", -1, NAN},          {"log", -INFINITY, NAN},  {"log1p", -0.f, -0.f},    {"log1p", -1, -INFINITY},
      {"log1p", -2, NAN},        {"log1p", 0.f, 0.f},      {"tanh", -0.f, -0.f},     {"log1p", INFINITY, INFINITY},
      {"tanh", INFINITY, 1},     {"tanh", -INFINITY, -1},  {"erf", -0.f, -0.f},      {"erf", INFINITY, 1},
      {"erf", -INFINITY, -1},    {"sigmoid", 0.f, 0.5f},   {"sigmoid", -0.f, 0.5f},  {"sigmoid", INFINITY, 1},
      {"sigmoid", -INFINITY, 0}, {"sin", -0.f, -0.f},      {"sin", INFINITY, NAN},   {"sin", -INFINITY, NAN},
      {"cos", -0.f, 1},          {"cos", INFINITY, NAN},   {"cos", -INFINITY, NAN},
  };
  for (int f = 0; f < FUNCTIONS; f++) {
    float x[BLOCK], y[BLOCK];
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++) {
      if (strcmp(exact[i].name, functions[f].name) != 0) continue;
      for (int k = 0; k < 67; k++) x[k] = exact[i].x; // whole vectors and the rest
      functions[f].run(y, x, 67);
      for (int k = 0; k < 67; k++) {
        if (!same(y[k], exact[i].y)) fail(&functions[f], x[k], y[k], exact[i].y);
      }
    }
  }
}

int main(int argc, char **argv) {
  uint64_t stride = argc > 1 ? strtoull(argv[1], NULL, 10) : 4099, all = (uint64_t)1 << 32;
  if (stride == 0) stride = 1;
  check_exact();
  check_corners();
  check_patterns(0, (all + stride - 1) / stride, stride);
  for (int f = 0; f < FUNCTIONS; f++) {
    printf("%-14s%.2f ulp at 0x%08" PRIX32 " (%a)\n", functions[f].name, functions[f].worst,
           math_bits(functions[f].worst_at), functions[f].worst_at);
  }
  printf("math: %d functions, %d failures\n", FUNCTIONS, failures);
  return failures == 0 ? 0 : 1;
}
