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
extern const struct dw_depthwise_kernels TABLE(depthwise, f32), TABLE(depthwise, f64);
extern const struct dw_gemm_kernels TABLE(gemm, f32), TABLE(gemm, f64);

const struct dw_kernels KERNELS(DW_ISA) = {
    .isa = TEXT(DW_ISA),
    .layout = {&TABLE(layout, u8), &TABLE(layout, i32), &TABLE(layout, i64)},
    .cast = {&TABLE(cast, f32), &TABLE(cast, f64), &TABLE(cast, i32), &TABLE(cast, i64), &TABLE(cast, u8),
             &TABLE(cast, b8)},                                    // ORDER dw_dtype
    .depthwise = {&TABLE(depthwise, f32), &TABLE(depthwise, f64)}, // ORDER dw_dtype
    .gemm = {&TABLE(gemm, f32), &TABLE(gemm, f64)},                // ORDER dw_dtype
};
