// kernels.h: the table of all kernels of one ISA. Each kernels/<name>.c is compiled once for each element type and ISA
// (-DT=float -DDW_TAG=f32 -DDW_ISA=avx2 and that ISA's -m flags) and defines one constant table, whose signatures are
// in <name>.h; kernels/table.c, once for each ISA, gathers them. Kernels are serial and pure, and own only what is
// static. Steps and pitches count elements.
#ifndef DWCONV_KERNELS_H
#define DWCONV_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DW_JOIN_(a, b, c) dw_##a##_##b##_##c
#define DW_JOIN(a, b, c) DW_JOIN_(a, b, c)
#define DW_NAME(family) DW_JOIN(family, DW_TAG, DW_ISA) // dw_depthwise_f32_avx2

enum { DW_SIZE1, DW_SIZE4, DW_SIZE8, DW_SIZES };

// ORDER dw_dtype: the floats come first, bool last.
#define DW_FIELD(name, n) const struct dw_##name##_kernels *name[n];
#define DW_FIELD_FLOATS(name) DW_FIELD(name, 2)
#define DW_FIELD_NUMBERS(name) DW_FIELD(name, 5)
#define DW_FIELD_ALL(name) DW_FIELD(name, 6)
#define DW_FIELD_SIZES(name) DW_FIELD(name, DW_SIZES)
#define DW_FIELD_NONE(name)

struct dw_kernels {
  const char *isa;
#define KERNELS(name, types) DW_FIELD_##types(name)
#define FAMILY(name, types) DW_FIELD_##types(name)
#include "families.h"
};

extern const struct dw_kernels dw_kernels_base, dw_kernels_avx2, dw_kernels_avx512;

#endif
