#include <math.h>
#if DW_SIZE==4
#define math_exp expf
#define math_log logf
#define math_sin sinf
#define math_cos cosf
#define math_tanh tanhf
#define math_erf erff
#define math_sigmoid(x) (1/(1+expf(-(x))))
#else
#define math_exp exp
#define math_log log
#define math_sin sin
#define math_cos cos
#define math_tanh tanh
#define math_erf erf
#define math_sigmoid(x) (1/(1+exp(-(x))))
#endif
