// families.h: THE list of families. From it follow the table of kernels (kernels/kernels.h, kernels/table.c), what the
// Makefile compiles, and the rooms of the binding (binding/open.c); CONTRIBUTING.md tells how to add a family.
//     FAMILY(name, types)    has a driver, a room in the binding and kernels of its name for these types of elements
//     KERNELS(name, types)   further kernels of the family above
// Types are FLOATS, NUMBERS (those and whole numbers), ALL (those and bool), SIZES (1, 4 and 8 bytes), or NONE.
// Included several times, so without a guard; the Makefile reads it, too: one entry a line.

FAMILY(create, NONE)
FAMILY(layout, SIZES)
KERNELS(cast, ALL)
FAMILY(elementwise, ALL)
FAMILY(reduce, ALL)
FAMILY(gather, NUMBERS)
FAMILY(sort, NUMBERS)
FAMILY(random, NONE)
FAMILY(depthwise, FLOATS)
KERNELS(depthwise_spread, FLOATS)
KERNELS(depthwise_flat, FLOATS)
KERNELS(depthwise_grad, FLOATS)
KERNELS(depthwise_pack, FLOATS)
FAMILY(gemm, FLOATS)
FAMILY(conv, FLOATS)
FAMILY(softmax, FLOATS)
FAMILY(pool, FLOATS)
FAMILY(resize, ALL)
FAMILY(pad, NONE)
FAMILY(norm, FLOATS)
FAMILY(ctc, FLOATS)
FAMILY(update, FLOATS)

#undef FAMILY
#undef KERNELS
