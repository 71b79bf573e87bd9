// elementwise_list.h: THE list of elementwise ops, one line each: for which kinds of elements (F floats, I whole
// numbers, B bool), its name, and its value as an expression of the operands' elements. src/elementwise.c takes the
// names from it, kernels/elementwise.c the loops. An op is found by name, so a line here is all that a new kernel
// takes.
//     OP1(kinds, name, value of x)      OP2(kinds, name, value of a and b)      TEST(kinds, name, truth of a and b)
//     ASK(kinds, name, truth of x)
//     RARE(kinds, name, value of x, whether that is not right, value of every x)
//     OP3(kinds, name, value of a, b and c)            CHOOSE(kinds, name, value of a and b by the truth of c)
// Included several times, so without a guard.
// clang-format off

OP1(FI,  negative,      -x)
OP1(FI,  abs,           magnitude(x))
OP1(FI,  sign,          x != x ? x : (T)((x > 0) - (x < 0)))
OP1(FI,  square,        x * x)
OP1(F,   sqrt,          x > 0 ? root(x) : x != x ? x : 0) // Keras's: clipped at 0
OP1(F,   exp,           math_exp(x))
OP1(F,   log,           math_log(x))
RARE(F,  sin,           math_sin(x), math_is_far(x), math_sin_far(x))
RARE(F,  cos,           math_cos(x), math_is_far(x), math_cos_far(x))
OP1(F,   expm1,         math_expm1(x))
OP1(F,   log1p,         math_log1p(x))
OP1(F,   tanh,          math_tanh(x))
OP1(F,   sigmoid,       math_sigmoid(x))
OP1(F,   erf,           math_erf(x))
OP1(F,   sigmoid_slope, math_sigmoid_slope(x))
OP1(F,   tanh_slope,    4 * math_sigmoid_slope(2 * x))
OP1(FI,  round,         nearest_even(x))
OP1(FI,  floor,         whole_below(x))
OP1(FI,  ceil,          whole_above(x))
OP1(FI,  trunc,         whole_towards_zero(x))
OP1(F,   rsqrt,         1 / root(x))
OP1(F,   tan,           (T)tan((double)x)) // these are libm's, element by element, and right in every digit of a float
OP1(F,   asin,          (T)asin((double)x))
OP1(F,   acos,          (T)acos((double)x))
OP1(F,   atan,          (T)atan((double)x))
OP1(F,   sinh,          (T)sinh((double)x))
OP1(F,   cosh,          (T)cosh((double)x))
OP1(FI,  relu,          x < 0 ? 0 : x)
OP1(B,   logical_not,   !x)

ASK(FIB, isnan,         x != x)
ASK(FIB, isinf,         x == x && x - x != 0)
ASK(FIB, isfinite,      x - x == 0)

OP2(FI,  add,           a + b)
OP2(FI,  subtract,      a - b)
OP2(FI,  multiply,      a * b)
OP2(F,   divide,        a / b)
OP2(F,   gradient_product,  a == 0 ? 0 : a * b) // what flows on of a gradient: 0 where it is 0, whatever b is
OP2(F,   gradient_quotient, a == 0 ? 0 : a / b)
OP2(FI,  floor_divide,  floor_quotient(a, b))
OP2(FI,  mod,           floor_remainder(a, b))
OP2(FI,  power,         to_power(a, b))
OP2(FI,  maximum,       a > b || a != a ? a : b) // NaN on either side gives NaN
OP2(FI,  minimum,       a < b || a != a ? a : b)
OP2(B,   logical_and,   a & b)
OP2(B,   logical_or,    a | b)
OP2(B,   logical_xor,   a ^ b)

TEST(FIB, equal,         a == b)
TEST(FIB, not_equal,     a != b)
TEST(FI,  greater,       a > b)
TEST(FI,  greater_equal, a >= b)
TEST(FI,  less,          a < b)
TEST(FI,  less_equal,    a <= b)

OP3(FI,  clip,          into(a, b, c))
CHOOSE(FIB, where,      c ? a : b)
