// table.c: all kernels of one ISA. A new kernel file adds its line here and its types in the Makefile.
#include "kernels.h"

#define TABLE(family, tag) DW_JOIN(family, tag, DW_ISA)
#define KERNELS_(isa) dw_kernels_##isa
#define KERNELS(isa) KERNELS_(isa)
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

extern const struct dw_layout_kernels TABLE(layout, u8), TABLE(layout, i32), TABLE(layout, i64);
extern const struct dw_cast_kernels TABLE(cast, f32), TABLE(cast, f64), TABLE(cast, i32), TABLE(cast, i64),
    TABLE(cast, u8), TABLE(cast, b8);
extern const struct dw_elementwise_kernels TABLE(elementwise, f32), TABLE(elementwise, f64), TABLE(elementwise, i32),
    TABLE(elementwise, i64), TABLE(elementwise, u8), TABLE(elementwise, b8);
extern const struct dw_reduce_kernels TABLE(reduce, f32), TABLE(reduce, f64), TABLE(reduce, i32), TABLE(reduce, i64),
    TABLE(reduce, u8), TABLE(reduce, b8);
extern const struct dw_gather_kernels TABLE(gather, f32), TABLE(gather, f64), TABLE(gather, i32), TABLE(gather, i64),
    TABLE(gather, u8);
extern const struct dw_sort_kernels TABLE(sort, f32), TABLE(sort, f64), TABLE(sort, i32), TABLE(sort, i64),
    TABLE(sort, u8);
extern const struct dw_depthwise_kernels TABLE(depthwise, f32), TABLE(depthwise, f64);
extern const struct dw_depthwise_grad_kernels TABLE(depthwise_grad, f32), TABLE(depthwise_grad, f64);
extern const struct dw_stage_kernels TABLE(stage, f32), TABLE(stage, f64);
extern const struct dw_gemm_kernels TABLE(gemm, f32), TABLE(gemm, f64);

// ORDER dw_dtype, of which bool comes last.
#define FLOATS(family) &TABLE(family, f32), &TABLE(family, f64)
#define NUMBERS(family) FLOATS(family), &TABLE(family, i32), &TABLE(family, i64), &TABLE(family, u8)

const struct dw_kernels KERNELS(DW_ISA) = {
    .isa = TEXT(DW_ISA),
    .layout = {&TABLE(layout, u8), &TABLE(layout, i32), &TABLE(layout, i64)},
    .cast = {NUMBERS(cast), &TABLE(cast, b8)},
    .elementwise = {NUMBERS(elementwise), &TABLE(elementwise, b8)},
    .reduce = {NUMBERS(reduce), &TABLE(reduce, b8)},
    .gather = {NUMBERS(gather)},
    .sort = {NUMBERS(sort), &TABLE(sort, u8)},
    .gemm = {FLOATS(gemm)},
    .depthwise = {FLOATS(depthwise)},
    .depthwise_grad = {FLOATS(depthwise_grad)},
    .stage = {FLOATS(stage)},
};
