// kernels.h: the table of kernel signatures. Each kernels/<family>.c is compiled once per element type
// and ISA (-DT=float -DDW_TAG=f32 -DDW_ISA=avx2 plus that ISA's -m flags) and defines one constant
// table; kernels/table.c, once per ISA, gathers them. Kernels are serial and pure, and own only what is
// static. Steps and pitches count elements.
#ifndef DWCONV_KERNELS_H
#define DWCONV_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One source serves types without a sign and types without NaN.
#pragma GCC diagnostic ignored "-Wtype-limits"
#pragma GCC diagnostic ignored "-Wtautological-compare"

#define DW_JOIN_(a, b, c) dw_##a##_##b##_##c
#define DW_JOIN(a, b, c) DW_JOIN_(a, b, c)
#define DW_NAME(family) DW_JOIN(family, DW_TAG, DW_ISA) // dw_depthwise_f32_avx2

// Moves elements of one size; the type stands for the size.
struct dw_layout_kernels {
  // to[c*to_pitch + r] = from[r*from_pitch + c] for r < rows, c < cols
  void (*transpose)(void *to, ptrdiff_t to_pitch, const void *from, ptrdiff_t from_pitch, int64_t rows, int64_t cols);
  // to[i*to_step] = from[i*from_step] for i < n
  void (*copy)(void *to, ptrdiff_t to_step, const void *from, ptrdiff_t from_step, int64_t n);
  // to[r*to_pitch + i*to_step] = from[r*from_pitch + i*from_step] for r < rows, i < n
  void (*copy_rows)(void *to, ptrdiff_t to_pitch, ptrdiff_t to_step, const void *from, ptrdiff_t from_pitch,
                    ptrdiff_t from_step, int64_t rows, int64_t n);
  void (*fill)(void *to, ptrdiff_t to_step, const void *element, int64_t n);
  // to[i] = from[i] for i < n, past the caches where the CPU can; other threads see it after a fence
  void (*stream)(void *to, const void *from, int64_t n);
  // transpose, so where the lines of `to` allow it
  void (*stream_transpose)(void *to, ptrdiff_t to_pitch, const void *from, ptrdiff_t from_pitch, int64_t rows,
                           int64_t cols);
};

// Conversion goes through a wide type: int64_t for whole numbers, double for floats. `wide` is contiguous.
struct dw_cast_kernels {
  void (*widen)(void *wide, const void *from, ptrdiff_t from_step, int64_t n);
  void (*from_i64)(void *to, ptrdiff_t to_step, const int64_t *wide, int64_t n);
  void (*from_f64)(void *to, ptrdiff_t to_step, const double *wide, int64_t n);
};

// One axis of a block in one of its phases (see dw_phase): output m and tap t meet at input q = first + m*stride + t;
// what is outside 0..extent-1 is padding, and skipped.
struct dw_depthwise_axis {
  int64_t count, first, stride, extent, taps;
};

// Neighbouring taps of a row, `at` the first, which a kernel takes together; bit e of `skip`: its input column e is
// padding. The caller lends the room for a row's list.
struct dw_depthwise_pass {
  int64_t at;
  ptrdiff_t x, w; // from the row's first tap to this one, in the input and in the kernel
  int taps;
  unsigned skip;
};

// A block of an image, whose rows and columns are r, c in the input, m, n in the output and i, t in the kernel:
//     forward:     y(m, n)  = sum over i, t of x(r, c) * w(i, t)
//     grad_kernel: w(i, t) (+)= sum over m, n of x(r, c) * y(m, n)
// each for all lanes, of which there is at least one vector unless the block is flat. Pointers are at index 0, 0, which need not exist.
struct dw_depthwise_block {
  void *y, *w; // forward only reads w, grad_kernel y
  const void *x;
  ptrdiff_t y_row, y_col, x_row, x_col, w_row, w_col;
  ptrdiff_t w_vector; // forward: from a vector of lanes to the next in w; 0 where lanes are neighbours, as they are in x
  bool pair;          // forward: multiplier 2. y has lanes 2*l and 2*l + 1 from lane l of x, with w and w + w_pair
  ptrdiff_t w_pair;
  bool spread; // forward: strides are 1/2 of an input, and output m and tap t of an axis meet at (first + m - t) / 2 where
               // that is a whole number; 3 or 5 columns of taps
  bool flat;   // pixels are narrower than a vector and lie side by side, in rows that are not; columns have stride 1.
               // w has the lanes of a tap repeated: forward for two vectors, grad_kernel for the pixels in a vector
  bool add;    // grad_kernel: to what is in w, where the vectors of lanes lie side by side and do not overlap
  struct dw_depthwise_axis rows, cols;
  int64_t lanes;
  struct dw_depthwise_pass *passes; // room for cols.taps
};

struct dw_depthwise_kernels {
  int vector; // lanes in a vector
  int rows;   // output rows computed together; a pair can be computed where there are two
  void (*forward)(const struct dw_depthwise_block *b);
};

// A multiplier above one is expand before or fold after; both also widen channels to a whole vector.
//   expand: to[p*to_pitch + l] = from[p*from_step + (first+l)/m * from_lane], l < lanes.
//           Reads any value of a pixel up to its last one, and writes pixels in order, each up to a vector more: 0 up to
//           the first vector's end, then anything
//   fold:   to[p*to_step + c*to_lane] = sum over q < m of from[p*from_pitch + c*m + q], c < channels
struct dw_stage_kernels {
  void (*expand)(void *to, ptrdiff_t to_pitch, const void *from, ptrdiff_t from_step, ptrdiff_t from_lane,
                 int64_t pixels, int64_t first, int64_t lanes, int64_t m);
  void (*fold)(void *to, ptrdiff_t to_step, ptrdiff_t to_lane, const void *from, ptrdiff_t from_pitch, int64_t pixels,
               int64_t channels, int64_t m);
};

struct dw_depthwise_grad_kernels {
  void (*grad_kernel)(const struct dw_depthwise_block *b);
  // to[i] = sum over p < parts and r < repeats, in this order, of from[p*from_pitch + r*n + i] for i < n
  void (*sum)(void *to, const void *from, ptrdiff_t from_pitch, int64_t parts, int64_t repeats, int64_t n);
};

// DW_ELEMENTWISE_add and so on, in the order of the list.
enum dw_elementwise_op {
#define OP1(kinds, name, value) DW_ELEMENTWISE_##name,
#define RARE(kinds, name, ...) DW_ELEMENTWISE_##name,
#define OP2 OP1
#define OP3 OP1
#define TEST OP1
#define CHOOSE OP1
#define ASK OP1
#include "elementwise.h"
#undef OP1
#undef RARE
#undef OP2
#undef OP3
#undef TEST
#undef CHOOSE
#undef ASK
  DW_ELEMENTWISE_OPS
};

// y[i] = op(x[0][i], ...) for i < n, all contiguous; NULL where an op is not for this element type.
struct dw_elementwise_kernels {
  void (*run[DW_ELEMENTWISE_OPS])(void *y, const void *const *x, int64_t n);
};

// Accumulators have `size` bytes, 8 at most.
struct dw_reduction_kernels {
  size_t size;
  void (*start)(void *acc, int64_t lanes);
  // acc[l] over x[l*pitch + i*step], i < n; of moments over its distance from center[l], or a power of that
  void (*rows)(void *acc, const void *x, ptrdiff_t pitch, const double *center, int64_t lanes, ptrdiff_t step, int64_t n);
  // acc[l] over x[l + i*step], i < n, likewise
  void (*columns)(void *acc, const void *x, const double *center, int64_t lanes, ptrdiff_t step, int64_t n);
  void (*join)(void *acc, const void *other, int64_t lanes); // acc[l] with other[l]
  // y[l*pitch] = acc[l], of means and moments acc[l] / count
  void (*finish)(void *y, ptrdiff_t pitch, const void *acc, int64_t lanes, double count);
};

enum { DW_BUNDLE = 256 }; // most lines at once

struct dw_reduce_kernels {
  struct dw_reduction_kernels reduction[7]; // by dw_reduction; from the mean on, only of floats
  struct dw_reduction_kernels away;         // sums of distances from the center; only of floats
  // Along `lanes` neighbouring lines, each of n >= 1 elements `pitch` apart.
  //   arg:  at[l] = the position, from 1, of the first of the least or largest; NaN is passed over; 1 if all are NaN.
  //         With done > 0 x is the lines' rest, and at[l] that of the `done` elements before it
  //   scan: y_1 = a_1, y_i = y_(i-1) + a_i, y_(i-1) * a_i, or a_i + b_i * y_(i-1), a_i where y_(i-1) is 0, whatever b_i;
  //         or the larger or lesser of y_(i-1) and a_i, once NaN always NaN; by dw_scan; y may be an operand.
  //         carry[l], 8 bytes, is where a line is; `begun`: y_(i-1) of the first element is there
  void (*arg)(int64_t *at, const void *x, ptrdiff_t pitch, int64_t done, int64_t n, int64_t lanes, bool least);
  void (*scan[5])(void *y, ptrdiff_t y_pitch, const void *const *x, const ptrdiff_t *pitch, int64_t n, int64_t lanes,
                  void *carry, bool begun);
};

// Sums by index, of which those of floats are kept in double. An accumulator is a double or an int64_t.
struct dw_gather_kernels {
  // acc[(at[i*at_pitch + l*at_step] - 1)*lanes + l] += y[i*y_pitch + l] for i < k, l < lanes
  void (*add)(void *acc, const void *y, ptrdiff_t y_pitch, const int64_t *at, ptrdiff_t at_pitch, ptrdiff_t at_step,
              int64_t k, int64_t lanes);
  // acc[l] += y[rows[i]*pitch + l] for i < count, l < lanes; rows[i] for i < known may be read, and are likely to be next
  void (*add_listed)(void *acc, const void *y, ptrdiff_t pitch, const int64_t *rows, int64_t count, int64_t known,
                     int64_t lanes);
  // The same from 0 on, all in one: x[l] = sum of y[rows[i]*pitch + l]
  void (*sum_listed)(void *x, const void *y, ptrdiff_t pitch, const int64_t *rows, int64_t count, int64_t known,
                     int64_t lanes);
  // x[i*pitch + l] = acc[i*lanes + l] for i < n, l < lanes
  void (*finish)(void *x, ptrdiff_t pitch, const void *acc, int64_t n, int64_t lanes);
};

struct dw_sort_kernels {
  // order[i] = index, from 1 on, of the i-th of keys first .. first+n-1; equal keys stay in order, NaN comes last.
  // `work` has room for n indices.
  void (*argsort)(int64_t *order, int64_t *work, const void *keys, int64_t first, int64_t n, bool descending);
  // to[i] = index from + i, i < count, of what the sorted indices in a and b merge into; of equal keys a's come first.
  void (*merge)(int64_t *to, int64_t from, int64_t count, const int64_t *a, int64_t na, const int64_t *b, int64_t nb,
                const void *keys, bool descending);
};

// A block of c = a b. b comes in panels of `nr` columns: element (p, j) of panel q is b[q*b_panel + p*b_k + j], and all
// nr columns may be read, of the last panel too; columns of c from n on are not touched.
//     c[i*c_row + j] = start[i*start_row + j] + bias[j] + sum over p < k of a[i*a_row + p*a_k] * b(p, j)
// Every element is one chain of multiply-adds in the order of p, begun with start + bias, whatever the block. Starting
// from c continues a product. At the end, x becomes clamp(curve[0]*x + curve[1], curve[2], curve[3]), times x if gated.
struct dw_gemm_block {
  void *c;
  const void *a, *b, *start, *bias; // start and bias may be NULL, for zeros
  int64_t m, n, k;
  ptrdiff_t c_row, a_row, a_k, b_k, b_panel, start_row;
  bool a_packed;       // a comes from pack_rows; a_row and a_k are not read
  const double *curve; // may be NULL
  bool gated;
};

// c[i*c_row + j] (+)= sum over p < k of a[i*a_row + p] * b[j*b_n + p] for i < m, j < n, in an order that depends on k.
struct dw_gemm_dots {
  void *c;
  const void *a, *b;
  int64_t m, n, k;
  ptrdiff_t c_row, a_row, b_n;
  bool add;
};

struct dw_gemm_kernels {
  int mr, nr; // most rows and columns of c in registers
  void (*block)(const struct dw_gemm_block *g);
  // m rows of a for `block`, in m*k elements.
  void (*pack_rows)(void *to, const void *a, ptrdiff_t a_row, ptrdiff_t a_k, int64_t m, int64_t k);
  // n columns of b in panels for `block`: b_k = nr, b_panel = `panel`; zero from column n on.
  void (*pack_columns)(void *to, ptrdiff_t panel, const void *b, ptrdiff_t b_k, ptrdiff_t b_n, int64_t k, int64_t n);
  void (*dots)(const struct dw_gemm_dots *g);
};

enum { DW_SIZE1, DW_SIZE4, DW_SIZE8, DW_SIZES };

struct dw_kernels {
  const char *isa;
  const struct dw_layout_kernels *layout[DW_SIZES];
  const struct dw_cast_kernels *cast[6];               // by dw_dtype
  const struct dw_elementwise_kernels *elementwise[6]; // by dw_dtype
  const struct dw_reduce_kernels *reduce[6];           // by dw_dtype
  const struct dw_gather_kernels *gather[6];           // by dw_dtype, but bool
  const struct dw_sort_kernels *sort[6];               // by dw_dtype
  const struct dw_gemm_kernels *gemm[2];               // float32, float64
  const struct dw_depthwise_kernels *depthwise[2];     // float32, float64
  const struct dw_depthwise_grad_kernels *depthwise_grad[2];
  const struct dw_stage_kernels *stage[2];
};

extern const struct dw_kernels dw_kernels_base, dw_kernels_avx2, dw_kernels_avx512;

#endif
