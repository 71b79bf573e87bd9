// update.c: steps of optimizers, each one pass over weights, gradient and slots, in place; and sums of squares. Called
// by src/update.c. The formulas are those of tf_keras's optimizers.legacy, of its AdamW and Lion, with what depends on
// the number of the step already in the numbers. Invariant: an element reads all it needs before it writes, so the
// gradient may be the weights themselves.
#include <math.h>

#include "update.h"
#include "vec.h"

#if DW_SIZE == 4
#define EACH(name) name##f
#else
#define EACH(name) name
#endif

INLINE T root(T x) { return EACH(sqrt)(x); }
INLINE T size_of(T x) { return EACH(fabs)(x); }
INLINE T larger(T a, T b) { return a > b ? a : b; }
INLINE T sign_of(T x) { return x > 0 ? 1 : x < 0 ? -1 : x; } // of NaN NaN
INLINE T clipped(T x, T most) { return x > most ? most : x < -most ? -most : x; }

// `old` moved towards `x` by this share of the way.
INLINE T towards(T old, T x, T share) { return old + (x - old) * share; }

enum { SCALE, CLIP, DECAY, OWN };
#define NUMBER(name, i) const T name = (T)numbers[OWN + (i)]
#define SHARE(name, i) const T name = (T)(1 - numbers[OWN + (i)]) // 1 - beta, before it is rounded

// Around the lines of one element: g is its gradient, scaled and clipped; x its weight, decayed, to be changed. a, b, c
// are the slots, at i.
#define EACH_WEIGHT                                                                                                    \
  const T scale = (T)numbers[SCALE], clip = (T)numbers[CLIP], decay = (T)numbers[DECAY];                               \
  INDEPENDENT                                                                                                          \
  for (int64_t i = 0; i < n; i++) {                                                                                    \
    T g = clipped(g_[i] * scale, clip), x = w[i] - w[i] * decay;
#define END                                                                                                            \
  w[i] = x;                                                                                                            \
  }

#define STEP_OF(name, slots_, ...)                                                                                     \
  static void step_##name(void *w_, const void *gradient, void *const *slots, int64_t n, const double *numbers) {      \
    T *w = w_;                                                                                                         \
    const T *g_ = gradient;                                                                                            \
    slots_ __VA_ARGS__                                                                                                 \
  }
#define NO_SLOT (void)slots;
#define SLOT_A T *a = slots[0];
#define SLOTS_AB SLOT_A T *b = slots[1];
#define SLOTS_ABC SLOTS_AB T *c = slots[2];

// clang-format off
STEP_OF(sgd, NO_SLOT,
  NUMBER(rate, 0);
  EACH_WEIGHT
    x -= rate * g;
  END)

STEP_OF(sgd_momentum, SLOT_A,
  NUMBER(rate, 0); NUMBER(momentum, 1);
  EACH_WEIGHT
    T v = momentum * a[i] - rate * g;
    a[i] = v;
    x += v;
  END)

STEP_OF(sgd_nesterov, SLOT_A,
  NUMBER(rate, 0); NUMBER(momentum, 1);
  EACH_WEIGHT
    T way = rate * g, v = momentum * a[i] - way;
    a[i] = v;
    x += momentum * v - way;
  END)

STEP_OF(rmsprop, SLOT_A,
  NUMBER(rate, 0); SHARE(fresh, 1); NUMBER(epsilon, 2);
  EACH_WEIGHT
    T r = towards(a[i], g * g, fresh);
    a[i] = r;
    x -= rate * g / (root(r) + epsilon);
  END)

STEP_OF(rmsprop_centered, SLOTS_AB,
  NUMBER(rate, 0); SHARE(fresh, 1); NUMBER(epsilon, 2);
  EACH_WEIGHT
    T r = towards(a[i], g * g, fresh), mean = towards(b[i], g, fresh);
    a[i] = r, b[i] = mean;
    x -= rate * g / (root(r - mean * mean) + epsilon);
  END)

STEP_OF(rmsprop_momentum, SLOTS_AB,
  NUMBER(rate, 0); SHARE(fresh, 1); NUMBER(epsilon, 2); NUMBER(momentum, 3);
  EACH_WEIGHT
    T r = towards(a[i], g * g, fresh), v = momentum * b[i] + rate * g / root(r + epsilon);
    a[i] = r, b[i] = v;
    x -= v;
  END)

STEP_OF(rmsprop_centered_momentum, SLOTS_ABC,
  NUMBER(rate, 0); SHARE(fresh, 1); NUMBER(epsilon, 2); NUMBER(momentum, 3);
  EACH_WEIGHT
    T r = towards(a[i], g * g, fresh), mean = towards(b[i], g, fresh);
    T v = momentum * c[i] + rate * g / root(r - mean * mean + epsilon);
    a[i] = r, b[i] = mean, c[i] = v;
    x -= v;
  END)

STEP_OF(adagrad, SLOT_A,
  NUMBER(rate, 0); NUMBER(epsilon, 1);
  EACH_WEIGHT
    T sum = a[i] + g * g;
    a[i] = sum;
    x -= rate * g / (root(sum) + epsilon);
  END)

STEP_OF(adadelta, SLOTS_AB,
  NUMBER(rate, 0); SHARE(fresh, 1); NUMBER(epsilon, 2);
  EACH_WEIGHT
    T r = towards(a[i], g * g, fresh), u = b[i], way = g * root(u + epsilon) / root(r + epsilon);
    a[i] = r, b[i] = towards(u, way * way, fresh);
    x -= rate * way;
  END)

STEP_OF(adam, SLOTS_AB,
  NUMBER(rate, 0); SHARE(fresh_m, 1); SHARE(fresh_v, 2); NUMBER(epsilon, 3);
  EACH_WEIGHT
    T m = towards(a[i], g, fresh_m), v = towards(b[i], g * g, fresh_v);
    a[i] = m, b[i] = v;
    x -= rate * m / (root(v) + epsilon);
  END)

STEP_OF(adam_amsgrad, SLOTS_ABC,
  NUMBER(rate, 0); SHARE(fresh_m, 1); SHARE(fresh_v, 2); NUMBER(epsilon, 3);
  EACH_WEIGHT
    T m = towards(a[i], g, fresh_m), v = towards(b[i], g * g, fresh_v), most_v = larger(v, c[i]);
    a[i] = m, b[i] = v, c[i] = most_v;
    x -= rate * m / (root(most_v) + epsilon);
  END)

STEP_OF(adamax, SLOTS_AB,
  NUMBER(rate, 0); SHARE(fresh_m, 1); NUMBER(beta_2, 2); NUMBER(epsilon, 3);
  EACH_WEIGHT
    T m = towards(a[i], g, fresh_m), u = larger(size_of(g), beta_2 * b[i]);
    a[i] = m, b[i] = u;
    x -= rate * m / (u + epsilon);
  END)

STEP_OF(nadam, SLOTS_AB,
  NUMBER(share_g, 0); NUMBER(share_m, 1); SHARE(fresh_m, 2); SHARE(fresh_v, 3); NUMBER(scale_v, 4); NUMBER(epsilon, 5);
  EACH_WEIGHT
    T m = towards(a[i], g, fresh_m), v = towards(b[i], g * g, fresh_v);
    a[i] = m, b[i] = v;
    x -= (share_g * g + share_m * m) / (root(v * scale_v) + epsilon);
  END)

STEP_OF(lion, SLOT_A,
  NUMBER(rate, 0); SHARE(fresh_way, 1); SHARE(fresh_m, 2);
  EACH_WEIGHT
    T m = a[i];
    a[i] = towards(m, g, fresh_m);
    x -= rate * sign_of(towards(m, g, fresh_way));
  END)

// The usual power is 1/2.
#define FTRL(POWER)                                                                                                    \
  EACH_WEIGHT                                                                                                          \
    T old = a[i], sum = old + g * g, high = POWER(sum);                                                                \
    T z = b[i] + (g + 2 * shrinkage * x) - (high - POWER(old)) * per_rate * x;                                         \
    a[i] = sum, b[i] = z;                                                                                              \
    x = size_of(z) > l1 ? (clipped(z, l1) - z) / (high * per_rate + 2 * l2) : z - z == 0 ? 0 : z;                      \
  END

STEP_OF(ftrl, SLOTS_AB,
  const T per_rate = (T)(1 / numbers[OWN]); NUMBER(l1, 1); NUMBER(l2, 2); NUMBER(shrinkage, 3);
  FTRL(root))

#define POWER_OF(x) EACH(pow)(x, power)
STEP_OF(ftrl_power, SLOTS_AB,
  const T per_rate = (T)(1 / numbers[OWN]); NUMBER(l1, 1); NUMBER(l2, 2); NUMBER(shrinkage, 3); NUMBER(power, 4);
  FTRL(POWER_OF))

STEP_OF(average, NO_SLOT,
  SHARE(fresh, 0);
  EACH_WEIGHT
    x = towards(x, g, fresh);
  END)
// clang-format on

// Squares are added up by fours as they are, and these in double, ACROSS sums side by side, so that no addition waits
// for the last; where that is not finite, each is made in double.
static double squares(const void *x_, int64_t n) {
  enum { ACROSS = 32 };
  const T *x = x_;
  double across[ACROSS] = {0}, sum = 0;
  int64_t i = 0;
  for (; i + 4 * ACROSS <= n; i += 4 * ACROSS) {
    INDEPENDENT
    for (int k = 0; k < ACROSS; k++) {
      const T *p = x + i + k;
      T first = p[0] * p[0] + p[ACROSS] * p[ACROSS];
      across[k] += (double)(first + (p[2 * ACROSS] * p[2 * ACROSS] + p[3 * ACROSS] * p[3 * ACROSS]));
    }
  }
  for (; i < n; i++) sum += (double)x[i] * (double)x[i];
  for (int k = 0; k < ACROSS; k++) sum += across[k];
  if (sum - sum == 0) return sum;
  sum = 0;
  for (i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
  return sum;
}

const struct dw_update_kernels DW_NAME(update) = {
    .step =
        {
#define STEP(name, slots, numbers) [DW_STEP_##name] = step_##name,
#include "update_list.h"
        },
    .squares = squares,
};
