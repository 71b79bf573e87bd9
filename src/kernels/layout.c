// layout.c: moving elements of one size: blocked transposition, strided copy, fill. Called by src/layout.c.
// T only stands for the size; values are never computed with.
#include <string.h>

#include "kernels.h"
#include "vec.h"

// SIDE x SIDE elements are transposed in 16-byte registers.
enum { SIDE = 16 / (int)sizeof(T) };
typedef T quad __attribute__((vector_size(16)));
typedef T quad_unaligned __attribute__((vector_size(16), aligned(sizeof(T)), may_alias));

#if defined __clang__ || __GNUC__ >= 12
#define ZIP_LOW4(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define ZIP_HIGH4(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define ZIP_LOW2(a, b) __builtin_shufflevector(a, b, 0, 2)
#define ZIP_HIGH2(a, b) __builtin_shufflevector(a, b, 1, 3)
#else
#define ZIP_LOW4(a, b) __builtin_shuffle(a, b, (quad){0, 4, 1, 5})
#define ZIP_HIGH4(a, b) __builtin_shuffle(a, b, (quad){2, 6, 3, 7})
#define ZIP_LOW2(a, b) __builtin_shuffle(a, b, (quad){0, 2})
#define ZIP_HIGH2(a, b) __builtin_shuffle(a, b, (quad){1, 3})
#endif

#if DW_SIZE == 4
INLINE void transpose_block(T *to, ptrdiff_t to_pitch, const T *from, ptrdiff_t from_pitch) {
  quad a[4], b[4];
  for (int i = 0; i < 4; i++) a[i] = *(const quad_unaligned *)(from + i * from_pitch);
  b[0] = ZIP_LOW4(a[0], a[2]), b[1] = ZIP_LOW4(a[1], a[3]);
  b[2] = ZIP_HIGH4(a[0], a[2]), b[3] = ZIP_HIGH4(a[1], a[3]);
  a[0] = ZIP_LOW4(b[0], b[1]), a[1] = ZIP_HIGH4(b[0], b[1]);
  a[2] = ZIP_LOW4(b[2], b[3]), a[3] = ZIP_HIGH4(b[2], b[3]);
  for (int i = 0; i < 4; i++) *(quad_unaligned *)(to + i * to_pitch) = a[i];
}
#elif DW_SIZE == 8
INLINE void transpose_block(T *to, ptrdiff_t to_pitch, const T *from, ptrdiff_t from_pitch) {
  quad a = *(const quad_unaligned *)from, b = *(const quad_unaligned *)(from + from_pitch);
  *(quad_unaligned *)to = ZIP_LOW2(a, b);
  *(quad_unaligned *)(to + to_pitch) = ZIP_HIGH2(a, b);
}
#else
INLINE void transpose_block(T *to, ptrdiff_t to_pitch, const T *from, ptrdiff_t from_pitch) {
  for (int c = 0; c < SIDE; c++) {
    for (int r = 0; r < SIDE; r++) to[c * to_pitch + r] = from[r * from_pitch + c];
  }
}
#endif

// `cols` (or `rows`) a small constant: the compiler shuffles whole vectors.
INLINE void split_pixels(T *to, ptrdiff_t to_pitch, const T *restrict from, int64_t rows, int cols) {
  T *restrict plane[4];
  for (int c = 0; c < cols; c++) plane[c] = to + c * to_pitch;
  for (int64_t r = 0; r < rows; r++) {
    UNROLL
    for (int c = 0; c < cols; c++) plane[c][r] = from[r * cols + c];
  }
}

INLINE void join_planes(T *restrict to, const T *from, ptrdiff_t from_pitch, int rows, int64_t cols) {
  for (int64_t c = 0; c < cols; c++) {
    UNROLL
    for (int r = 0; r < rows; r++) to[c * rows + r] = from[r * from_pitch + c];
  }
}

static void transpose_plain(T *to, ptrdiff_t to_pitch, const T *from, ptrdiff_t from_pitch, int64_t rows,
                            int64_t cols) {
  for (int64_t c = 0; c < cols; c++) {
    for (int64_t r = 0; r < rows; r++) to[c * to_pitch + r] = from[r * from_pitch + c];
  }
}

static void transpose(void *to_, ptrdiff_t to_pitch, const void *from_, ptrdiff_t from_pitch, int64_t rows,
                      int64_t cols) {
  T *to = to_;
  const T *from = from_;
  if (cols == 3 && from_pitch == 3) return split_pixels(to, to_pitch, from, rows, 3);
  if (cols == 4 && from_pitch == 4) return split_pixels(to, to_pitch, from, rows, 4);
  if (rows == 3 && to_pitch == 3) return join_planes(to, from, from_pitch, 3, cols);
  if (rows == 4 && to_pitch == 4) return join_planes(to, from, from_pitch, 4, cols);

  enum { LINE = 64 / (int)sizeof(T) }; // whole cache lines of `to` are written before moving on
  for (int64_t r = 0; r < rows; r += LINE) {
    int64_t high = rows - r < LINE ? rows - r : LINE, c = 0;
    for (; c + SIDE <= cols; c += SIDE) {
      int64_t i = 0;
      for (; i + SIDE <= high; i += SIDE) {
        transpose_block(to + c * to_pitch + r + i, to_pitch, from + (r + i) * from_pitch + c, from_pitch);
      }
      transpose_plain(to + c * to_pitch + r + i, to_pitch, from + (r + i) * from_pitch + c, from_pitch, high - i, SIDE);
    }
    transpose_plain(to + c * to_pitch + r, to_pitch, from + r * from_pitch + c, from_pitch, high, cols - c);
  }
}

static void copy(void *to_, ptrdiff_t to_step, const void *from_, ptrdiff_t from_step, int64_t n) {
  T *to = to_;
  const T *from = from_;
  if (to_step == 1 && from_step == 1) {
    memcpy(to, from, (size_t)n * sizeof(T));
    return;
  }
  for (int64_t i = 0; i < n; i++) to[i * to_step] = from[i * from_step];
}

static void fill(void *to_, ptrdiff_t to_step, const void *element, int64_t n) {
  T *to = to_, value = *(const T *)element;
  if (to_step == 1) {
    for (int64_t i = 0; i < n; i++) to[i] = value;
  } else {
    for (int64_t i = 0; i < n; i++) to[i * to_step] = value;
  }
}

static void stream(void *to_, const void *from_, int64_t n) {
  enum { LINE = 64 / (int)sizeof(T) };
  T *to = to_;
  const T *from = from_;
  for (; n > 0 && (uintptr_t)to % 64 != 0; n--) *to++ = *from++;
  for (; n >= LINE; n -= LINE, to += LINE, from += LINE) {
    UNROLL
    for (int i = 0; i < LINE; i += LANES) stream_store(to + i, load(from + i));
  }
  memcpy(to, from, (size_t)n * sizeof(T));
}

const struct dw_layout_kernels DW_NAME(layout) = {transpose, copy, fill, stream};
