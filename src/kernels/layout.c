// layout.c: moving elements of one size: blocked transposition, strided copy, fill. Called by src/layout.c.
// T only stands for the size; nothing is computed with the values.
#include <string.h>

#include "layout.h"
#include "vec.h"

enum { SIDE = 16 / (int)sizeof(T), LINE = 64 / (int)sizeof(T) };

// ---- blocks: rows x SIDE elements transposed in registers -----------------------------------------
// A row gives a piece of 16 bytes, and vector i has the pieces of rows i, i + SIDE, ... Zipping the first half of the
// vectors with the second log2(SIDE) times transposes every 16 bytes of lanes: vector j becomes column j.

typedef T piece __attribute__((vector_size(16)));
typedef T piece_unaligned __attribute__((vector_size(16), aligned(sizeof(T)), may_alias));
enum { PIECES = VECTOR_BYTES / 16 };

#define PAIR(i) (i), (i) + LANES
#if DW_SIZE == 8
#define LOW(at) PAIR(at)
#define HIGH(at) PAIR((at) + 1)
#elif DW_SIZE == 4
#define LOW(at) PAIR(at), PAIR((at) + 1)
#define HIGH(at) LOW((at) + 2)
#else
#define FOUR(at) PAIR(at), PAIR((at) + 1), PAIR((at) + 2), PAIR((at) + 3)
#define LOW(at) FOUR(at), FOUR((at) + 4)
#define HIGH(at) LOW((at) + 8)
#endif
#if VECTOR_BYTES == 64
#define EACH_PIECE(lanes) lanes(0), lanes(SIDE), lanes(2 * SIDE), lanes(3 * SIDE)
#elif VECTOR_BYTES == 32
#define EACH_PIECE(lanes) lanes(0), lanes(SIDE)
#else
#define EACH_PIECE(lanes) lanes(0)
#endif
#if defined __clang__ || __GNUC__ >= 12
#define ZIP(a, b, lanes) __builtin_shufflevector(a, b, EACH_PIECE(lanes))
#else
#define ZIP(a, b, lanes) __builtin_shuffle(a, b, (vec){EACH_PIECE(lanes)})
#endif

// `count` pieces, `step` apart. GCC would gather them in memory.
INLINE vec load_pieces(const T *from, ptrdiff_t step, int count) {
#if !defined __clang__ && defined __AVX2__ && !defined DW_WIDE
#define PIECE(i) _mm_loadu_si128((const __m128i *)(from + (i)*step))
#if VECTOR_BYTES == 64
  __m512i v = _mm512_castsi128_si512(PIECE(0));
  if (count > 1) v = _mm512_inserti64x2(v, PIECE(1), 1);
  if (count > 2) v = _mm512_inserti64x2(_mm512_inserti64x2(v, PIECE(2), 2), PIECE(3), 3);
#else
  __m256i v = _mm256_castsi128_si256(PIECE(0));
  if (count > 1) v = _mm256_inserti128_si256(v, PIECE(1), 1);
#endif
  return (vec)v;
#else
  vec v = {0};
  UNROLL
  for (int i = 0; i < count; i++) memcpy((char *)&v + 16 * i, from + i * step, 16);
  return v;
#endif
}

#define ROLLED _Pragma("GCC unroll 1") // unrolling many blocks would not be faster

enum { KEEP, PAST }; // whether what is written goes past the caches

INLINE void store_pieces(T *to, vec v, int count, int how) {
  if (count == PIECES) {
    how == PAST ? stream_store(to, v) : store(to, v);
  } else {
    memcpy(to, &v, (size_t)count * 16);
  }
}

// to[c*to_pitch + r] = from[r*from_pitch + c]
struct sides {
  T *to;
  const T *from;
  ptrdiff_t to_pitch, from_pitch;
};

static struct sides from_row(struct sides s, int64_t r) {
  return (struct sides){s.to + r, s.from + r * s.from_pitch, s.to_pitch, s.from_pitch};
}

// SIDE columns of `count` * SIDE rows.
INLINE void transpose_block(T *to, ptrdiff_t to_pitch, const T *from, ptrdiff_t from_pitch, int count, int how) {
  vec a[SIDE], b[SIDE];
  UNROLL
  for (int i = 0; i < SIDE; i++) a[i] = load_pieces(from + i * from_pitch, SIDE * from_pitch, count);
  UNROLL
  for (int done = 1; done < SIDE; done *= 2) {
    UNROLL
    for (int i = 0; i < SIDE / 2; i++) {
      b[2 * i] = ZIP(a[i], a[i + SIDE / 2], LOW), b[2 * i + 1] = ZIP(a[i], a[i + SIDE / 2], HIGH);
    }
    UNROLL
    for (int i = 0; i < SIDE; i++) a[i] = b[i];
  }
  UNROLL
  for (int i = 0; i < SIDE; i++) store_pieces(to + i * to_pitch, a[i], count, how);
}

// All columns of `rows`, a constant; the last ones may be written twice.
INLINE void across(struct sides s, int64_t cols, int rows, int how) {
  int count = rows < LANES ? rows / SIDE : PIECES;
  for (int64_t left = cols; left > 0; left -= SIDE) {
    if (left < SIDE) s.to -= (SIDE - left) * s.to_pitch, s.from -= SIDE - left;
    ROLLED
    for (int r = 0; r < rows; r += count * SIDE) {
      transpose_block(s.to + r, s.to_pitch, s.from + r * s.from_pitch, s.from_pitch, count, how);
    }
    s.to += SIDE * s.to_pitch, s.from += SIDE;
  }
}

// ---- few columns or rows, without gaps: the compiler shuffles whole vectors ------------------------

INLINE void split_columns(T *to, ptrdiff_t to_pitch, const T *restrict from, int64_t rows, int cols) {
  T *restrict plane[4];
  for (int c = 0; c < cols; c++) plane[c] = to + c * to_pitch;
  for (int64_t r = 0; r < rows; r++) {
    UNROLL
    for (int c = 0; c < cols; c++) plane[c][r] = from[r * cols + c];
  }
}

INLINE void join_rows(T *restrict to, const T *from, ptrdiff_t from_pitch, int rows, int64_t cols) {
  for (int64_t c = 0; c < cols; c++) {
    UNROLL
    for (int r = 0; r < rows; r++) to[c * rows + r] = from[r * from_pitch + c];
  }
}

// False when there are more, or gaps between them.
static bool transpose_few(struct sides s, int64_t rows, int64_t cols) {
  switch (s.from_pitch == cols ? cols : 0) {
    case 2: return split_columns(s.to, s.to_pitch, s.from, rows, 2), true;
    case 3: return split_columns(s.to, s.to_pitch, s.from, rows, 3), true;
    case 4: return split_columns(s.to, s.to_pitch, s.from, rows, 4), true;
  }
  switch (s.to_pitch == rows ? rows : 0) {
    case 2: return join_rows(s.to, s.from, s.from_pitch, 2, cols), true;
    case 3: return join_rows(s.to, s.from, s.from_pitch, 3, cols), true;
    case 4: return join_rows(s.to, s.from, s.from_pitch, 4, cols), true;
  }
  return false;
}

// ---- transposition --------------------------------------------------------------------------------

static void transpose_plain(struct sides s, int64_t rows, int64_t cols) {
  for (int64_t c = 0; c < cols; c++) {
    for (int64_t r = 0; r < rows; r++) s.to[c * s.to_pitch + r] = s.from[r * s.from_pitch + c];
  }
}

// A line of each column in turn is written whole, which reads `from` along its rows. Where such lines meet in few cache
// sets, several neighbours are written before the next column's, if their rows do not meet either.
static bool columns_meet(struct sides s) {
  enum { TWO_SETS = 2048, EIGHT_SETS = 512 };
  return s.to_pitch * (ptrdiff_t)sizeof(T) % TWO_SETS == 0 && s.from_pitch * (ptrdiff_t)sizeof(T) % EIGHT_SETS != 0;
}

static void transpose(void *to_, ptrdiff_t to_pitch, const void *from_, ptrdiff_t from_pitch, int64_t rows,
                      int64_t cols) {
  enum { MANY = 128 };
  struct sides s = {to_, from_, to_pitch, from_pitch};
  if (transpose_few(s, rows, cols)) return;
  if (rows < SIDE || cols < SIDE) return transpose_plain(s, rows, cols);

  int64_t r = 0;
  if (columns_meet(s)) {
    for (; r + MANY <= rows; r += MANY) across(from_row(s, r), cols, MANY, KEEP);
  }
  for (; r + LINE <= rows; r += LINE) across(from_row(s, r), cols, LINE, KEEP);
  UNROLL
  for (int few = LINE / 2; few >= SIDE; few /= 2) {
    if (r + few <= rows) across(from_row(s, r), cols, few, KEEP), r += few;
  }
  if (r < rows) across(from_row(s, rows - SIDE), cols, SIDE, KEEP); // some are written twice
}

static void stream_transpose(void *to_, ptrdiff_t to_pitch, const void *from_, ptrdiff_t from_pitch, int64_t rows,
                             int64_t cols) {
  struct sides s = {to_, from_, to_pitch, from_pitch};
  int64_t r = (int64_t)(-(uintptr_t)to_ % 64 / sizeof(T)); // where a line begins
  if (to_pitch % LINE != 0 || r + LINE > rows || cols < SIDE) r = rows;
  transpose(to_, to_pitch, from_, from_pitch, r, cols);
  for (; r + LINE <= rows; r += LINE) across(from_row(s, r), cols, LINE, PAST);
  s = from_row(s, r);
  transpose(s.to, to_pitch, s.from, from_pitch, rows - r, cols);
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

// A row by units of a constant size, at most `n`; the last overlaps the one before it.
INLINE void copy_by(int unit, T *to, const T *from, int64_t n) {
  for (int64_t j = 0; j < n; j += unit) {
    int64_t at = least(j, n - unit);
    memcpy(to + at, from + at, (size_t)unit * sizeof(T));
  }
}

INLINE void copy_elements(T *to, ptrdiff_t to_pitch, ptrdiff_t to_step, const T *from, ptrdiff_t from_pitch,
                          ptrdiff_t from_step, int64_t rows, int64_t n) {
  for (int64_t i = 0; i < rows; i++, to += to_pitch, from += from_pitch) {
    for (int64_t j = 0; j < n; j++) to[j * to_step] = from[j * from_step];
  }
}

static void copy_rows(void *to_, ptrdiff_t to_pitch, ptrdiff_t to_step, const void *from_, ptrdiff_t from_pitch,
                      ptrdiff_t from_step, int64_t rows, int64_t n) {
  T *to = to_;
  const T *from = from_;
  if (n == 3) return copy_elements(to, to_pitch, to_step, from, from_pitch, from_step, rows, 3); // colours
  if (to_step != 1 || from_step != 1 || n < SIDE) {
    return copy_elements(to, to_pitch, to_step, from, from_pitch, from_step, rows, n);
  }
  for (int64_t i = 0; i < rows; i++, to += to_pitch, from += from_pitch) {
    n >= LANES ? copy_by(LANES, to, from, n) : copy_by(SIDE, to, from, n);
  }
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
  T *to = to_;
  const T *from = from_;
  for (; n > 0 && (uintptr_t)to % 64 != 0; n--) *to++ = *from++;
  for (; n >= LINE; n -= LINE, to += LINE, from += LINE) {
    UNROLL
    for (int i = 0; i < LINE; i += LANES) stream_store(to + i, load(from + i));
  }
  memcpy(to, from, (size_t)n * sizeof(T));
}

const struct dw_layout_kernels DW_NAME(layout) = {transpose, copy, copy_rows, fill, stream, stream_transpose};
