// elementwise.c: the loops of the ops listed in elementwise_list.h, over contiguous elements. Called by
// src/elementwise.c, which brings other layouts into this form. Result and operands are the same memory or do not
// overlap. Whole numbers wrap; divisors of 0 and negative exponents of whole numbers do not come here.
#include <math.h>

#include "activations.h"
#include "elementary.h"
#include "elementwise.h"
#include "vec.h"

#if defined DW_IS_FLOAT
#if DW_SIZE == 4
#define EACH(name) name##f
#else
#define EACH(name) name
#endif
INLINE T magnitude(T x) { return EACH(fabs)(x); }
INLINE T root(T x) { return EACH(sqrt)(x); }
INLINE T nearest_even(T x) { return EACH(rint)(x); }
INLINE T whole_below(T x) { return EACH(floor)(x); }
INLINE T whole_above(T x) { return EACH(ceil)(x); }
INLINE T whole_towards_zero(T x) { return EACH(trunc)(x); }
// a - q*b, exact where q is a / b rounded down and T holds q.
INLINE T left_over(T a, T b, T q) {
#if DW_SIZE == 4
  return (T)((double)a - (double)q * (double)b);
#else
  return fma(-q, b, a);
#endif
}
// a / b may be rounded up to a whole number that is above it: 1 / 0.1 is 10, but 0.1 goes 9 times into 1.
INLINE T floor_quotient(T a, T b) {
  T q = EACH(floor)(a / b), r = left_over(a, b, q);
  return (r < 0 && b > 0) || (r > 0 && b < 0) ? q - 1 : q;
}
INLINE T floor_remainder(T a, T b) { // of the sign of b
  T r = EACH(fmod)(a, b);
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
INLINE T to_power(T a, T b) { return EACH(pow)(a, b); }

#elif !defined DW_IS_BOOL
INLINE T magnitude(T x) { return x < 0 ? -x : x; }
INLINE T nearest_even(T x) { return x; }
INLINE T whole_below(T x) { return x; }
INLINE T whole_above(T x) { return x; }
INLINE T whole_towards_zero(T x) { return x; }
INLINE T floor_quotient(T a, T b) {
  if ((T)-1 < 0 && b == (T)-1) return -a; // the lowest number wraps
  T q = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}
INLINE T floor_remainder(T a, T b) {
  if ((T)-1 < 0 && b == (T)-1) return 0;
  T r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}
INLINE T to_power(T a, T b) {
  T p = 1;
  for (; b > 0; b /= 2, a *= a) p = b % 2 ? p * a : p;
  return p;
}
#endif

#if !defined DW_IS_BOOL
// a into low..high; low wins where they cross, and NaN on any side gives NaN.
INLINE T into(T a, T low, T high) {
  T below = a > high || high != high ? high : a;
  return below < low || low != low ? low : below;
}
#endif

// IF_FI(code) is the code when T is a float or a whole number, and so on.
#define NO(...)
#define YES(...) __VA_ARGS__
#if defined DW_IS_FLOAT
#define IF_F YES
#define IF_FI YES
#define IF_B NO
#elif defined DW_IS_BOOL
#define IF_F NO
#define IF_FI NO
#define IF_B YES
#else
#define IF_F NO
#define IF_FI YES
#define IF_B NO
#endif
#define IF_FIB YES

#define LOOP(kinds, name, R, pointers, elements, value)                                                                \
  IF_##kinds(static void run_##name(void *y_, const void *const *x_, int64_t count) {                                  \
    R *y = y_;                                                                                                         \
    pointers;                                                                                                          \
    INDEPENDENT                                                                                                        \
    for (int64_t i = 0; i < count; i++) {                                                                              \
      elements;                                                                                                        \
      y[i] = (R)(value);                                                                                               \
    }                                                                                                                  \
  })

#define POINT(S, k) const S *p##k = x_[k]
#define OP1(kinds, name, value) LOOP(kinds, name, T, POINT(T, 0), T x = p0[i], value)
// A block with a rare element in it goes through a slower loop. Nothing is written before that is known.
#define RARE(kinds, name, value, is_rare, any_value)                                                                   \
  LOOP(kinds, name##_any, T, POINT(T, 0), T x = p0[i], any_value)                                                      \
  LOOP(kinds, name##_near, T, POINT(T, 0), T x = p0[i], value)                                                         \
  IF_##kinds(static void run_##name(void *y, const void *const *x_, int64_t count) {                                   \
    const T *p0 = x_[0];                                                                                               \
    int rare = 0;                                                                                                      \
    for (int64_t i = 0; i < count; i++) {                                                                              \
      T x = p0[i];                                                                                                     \
      rare |= is_rare;                                                                                                 \
    }                                                                                                                  \
    (rare ? run_##name##_any : run_##name##_near)(y, x_, count);                                                       \
  })
#define OP2(kinds, name, value) LOOP(kinds, name, T, POINT(T, 0); POINT(T, 1), T a = p0[i]; T b = p1[i], value)
#define TEST(kinds, name, value) LOOP(kinds, name, uint8_t, POINT(T, 0); POINT(T, 1), T a = p0[i]; T b = p1[i], value)
#define ASK(kinds, name, value) LOOP(kinds, name, uint8_t, POINT(T, 0), T x = p0[i], value)
#define OP3(kinds, name, value)                                                                                        \
  LOOP(kinds, name, T, POINT(T, 0); POINT(T, 1); POINT(T, 2), T a = p0[i]; T b = p1[i]; T c = p2[i], value)
#define CHOOSE(kinds, name, value)                                                                                     \
  LOOP(kinds, name, T, POINT(uint8_t, 0); POINT(T, 1); POINT(T, 2), uint8_t c = p0[i]; T a = p1[i]; T b = p2[i], value)
#include "elementwise_list.h"
#undef OP1
#undef RARE
#undef OP2
#undef OP3
#undef TEST
#undef ASK
#undef CHOOSE

#define ENTRY(kinds, name, value) IF_##kinds([DW_ELEMENTWISE_##name] = run_##name, )
#define OP1 ENTRY
#define RARE(kinds, name, ...) ENTRY(kinds, name, )
#define OP2 ENTRY
#define OP3 ENTRY
#define TEST ENTRY
#define ASK ENTRY
#define CHOOSE ENTRY
const struct dw_elementwise_kernels DW_NAME(elementwise) = {{
#include "elementwise_list.h"
}};
