// table.c: all kernels of one ISA, as families.h lists them. Every table is whole and constant.
#include "kernels.h"

#define TABLE(name, tag) DW_JOIN(name, tag, DW_ISA)
#define KERNELS_OF_(isa) dw_kernels_##isa
#define KERNELS_OF(isa) KERNELS_OF_(isa)
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

#define DECLARE(name, tag) extern const struct dw_##name##_kernels TABLE(name, tag);
#define DECLARE_FLOATS(name) DECLARE(name, f32) DECLARE(name, f64)
#define DECLARE_SIZES(name) DECLARE(name, u8) DECLARE(name, i32) DECLARE(name, i64)
#define DECLARE_NUMBERS(name) DECLARE_FLOATS(name) DECLARE_SIZES(name)
#define DECLARE_ALL(name) DECLARE_NUMBERS(name) DECLARE(name, b8)
#define DECLARE_NONE(name)
#define KERNELS(name, types) DECLARE_##types(name)
#define FAMILY(name, types) DECLARE_##types(name)
#include "families.h"

// ORDER dw_dtype; sizes go from the smallest on.
#define FLOATS(name) &TABLE(name, f32), &TABLE(name, f64)
#define NUMBERS(name) FLOATS(name), &TABLE(name, i32), &TABLE(name, i64), &TABLE(name, u8)
#define ALL(name) NUMBERS(name), &TABLE(name, b8)
#define SIZES(name) &TABLE(name, u8), &TABLE(name, i32), &TABLE(name, i64)
#define ENTRY_FLOATS(name) .name = {FLOATS(name)},
#define ENTRY_NUMBERS(name) .name = {NUMBERS(name)},
#define ENTRY_ALL(name) .name = {ALL(name)},
#define ENTRY_SIZES(name) .name = {SIZES(name)},
#define ENTRY_NONE(name)

const struct dw_kernels KERNELS_OF(DW_ISA) = {
    .isa = TEXT(DW_ISA),
#define KERNELS(name, types) ENTRY_##types(name)
#define FAMILY(name, types) ENTRY_##types(name)
#include "families.h"
};
