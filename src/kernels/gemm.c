// gemm.c: the inner loops of the matrix product: register tiles, packing into panels, inner products.
// Called by src/gemm only, one cache block at a time. Invariant: but for `dots`, an element of c is one chain of
// multiply-adds in the order of k, whatever tile or block it falls into, so its bits depend on that alone.
#include <string.h>

#include "gemm.h"
#include "vec.h"

// Sums in registers: MR x 2 vectors, which with two vectors of b and one of a fill the register file.
#if VECTOR_BYTES == 64 || defined __aarch64__
enum { MR = 14 };
#else
enum { MR = 6 };
#endif
enum { NR = 2 * LANES };

// ---- tiles --------------------------------------------------------------------------------------

// Where a tile of c and its operands lie; as in dw_gemm_block.
struct tile {
  T *c;
  const T *a, *b, *start, *bias;
  ptrdiff_t c_row, a_row, a_k, b_k, b_panel, start_row;
  const struct dw_gemm_run *runs, *last; // at least one
};
typedef void tile_fn(const struct tile *t);

#define VEC vec
#define VEC_ANYWHERE vec_unaligned
#define NAMED(x) x
#include "gemm_tile.h"

#if VECTOR_BYTES > 16 // the last columns may be few
typedef T narrow __attribute__((vector_size(VECTOR_BYTES / 2)));
typedef T narrow_unaligned __attribute__((vector_size(VECTOR_BYTES / 2), aligned(sizeof(T)), may_alias));
#define VEC narrow
#define VEC_ANYWHERE narrow_unaligned
#define NAMED(x) x##_narrow
#include "gemm_tile.h"
#endif

// One function for each number of rows: `name`_1 and so on.
#define TILE(name, rows, multiply, vecs)                                                                               \
  static void name##_##rows(const struct tile *t) { multiply(t, rows, vecs); }
#define UP_TO_6(X, name, ...)                                                                                          \
  X(name, 1, __VA_ARGS__)                                                                                              \
  X(name, 2, __VA_ARGS__)                                                                                              \
  X(name, 3, __VA_ARGS__) X(name, 4, __VA_ARGS__) X(name, 5, __VA_ARGS__) X(name, 6, __VA_ARGS__)
#define UP_TO_14(X, name, ...)                                                                                         \
  UP_TO_6(X, name, __VA_ARGS__)                                                                                        \
  X(name, 7, __VA_ARGS__)                                                                                              \
  X(name, 8, __VA_ARGS__)                                                                                              \
  X(name, 9, __VA_ARGS__)                                                                                              \
  X(name, 10, __VA_ARGS__)                                                                                             \
  X(name, 11, __VA_ARGS__) X(name, 12, __VA_ARGS__) X(name, 13, __VA_ARGS__) X(name, 14, __VA_ARGS__)
#if VECTOR_BYTES == 64 || defined __aarch64__
#define UP_TO_MR UP_TO_14
#else
#define UP_TO_MR UP_TO_6
#endif
#define ENTRY(name, rows, ...) name##_##rows,

UP_TO_MR(TILE, whole, multiply, 2)
UP_TO_MR(TILE, half, multiply, 1)
TILE(wide, 1, multiply, 8)
TILE(wide, 2, multiply, 4)
static tile_fn *const wholes[MR] = {UP_TO_MR(ENTRY, whole)}, *const halves[MR] = {UP_TO_MR(ENTRY, half)};
static tile_fn *const wides[2] = {wide_1, wide_2};
#if VECTOR_BYTES > 16
UP_TO_MR(TILE, quarter, multiply_narrow, 1)
static tile_fn *const quarters[MR] = {UP_TO_MR(ENTRY, quarter)};
#endif

// ---- blocks -------------------------------------------------------------------------------------

// Tiles by their number of rows less one, and their columns.
struct kind {
  tile_fn *const *tiles;
  int64_t columns;
};

// For the first of `left` columns of m rows: the tile that wastes least, and panels side by side where rows are too few
// to hide latency.
static struct kind kind_for(int64_t m, int64_t left) {
  if (m <= 2 && left >= 8 / m * LANES) return (struct kind){wides, 8 / m * LANES};
  if (left > NR - LANES / 2) return (struct kind){wholes, NR};
#if VECTOR_BYTES > 16
  if (left <= LANES / 2) return (struct kind){quarters, LANES / 2};
#endif
  return (struct kind){halves, LANES};
}

// The first `columns` columns of a tile, computed elsewhere, since c ends there.
static void multiply_edge(const struct tile *t, tile_fn *f, int64_t rows, int64_t columns) {
  T sums[MR * NR] __attribute__((aligned(64))), bias[NR] = {0};
  struct tile edge = *t;
  edge.c = sums, edge.c_row = NR;
  if (t->start != NULL) {
    memset(sums, 0, (size_t)(rows * NR) * sizeof(T));
    for (int64_t i = 0; i < rows; i++) memcpy(sums + i * NR, t->start + i * t->start_row, (size_t)columns * sizeof(T));
    edge.start = sums, edge.start_row = NR;
  }
  if (t->bias != NULL) edge.bias = memcpy(bias, t->bias, (size_t)columns * sizeof(T));
  f(&edge);
  for (int64_t i = 0; i < rows; i++) {
    const T *from = sums + i * NR;
    T *to = t->c + i * t->c_row;
    UNROLL
    for (int64_t unit = NR / 2; unit > 0; unit /= 2) {
      if ((columns & unit) == 0) continue;
      memcpy(to, from, (size_t)unit * sizeof(T));
      to += unit, from += unit;
    }
  }
}

// x becomes clamp(slope*x + offset, low, high), times x where `gated`.
INLINE void bend(T *c, ptrdiff_t c_row, int64_t rows, int64_t columns, const double *curve, bool gated) {
  const T slope = (T)curve[0], offset = (T)curve[1], low = (T)curve[2], high = (T)curve[3];
  for (int64_t i = 0; i < rows; i++) {
    T *x = c + i * c_row;
    for (int64_t j = 0; j < columns; j++) {
      T y = slope * x[j] + offset;
      y = y < low ? low : y;
      y = y > high ? high : y;
      x[j] = gated ? y * x[j] : y;
    }
  }
}

static void bend_tile(const struct dw_gemm_block *g, T *c, int64_t rows, int64_t columns) {
  if (g->gated) {
    bend(c, g->c_row, rows, columns, g->curve, true);
  } else if (columns == NR) {
    bend(c, g->c_row, rows, NR, g->curve, false);
  } else {
    bend(c, g->c_row, rows, columns, g->curve, false);
  }
}

// Rows of a block are cut into `high` tiles of `low`+1 rows and tiles of `low` rows: no small tile is left at the end.
struct cut {
  int64_t tiles, low, high;
};

static struct cut cut_rows(int64_t m) {
  int64_t tiles = (m + MR - 1) / MR;
  return (struct cut){tiles, m / tiles, m % tiles};
}

// Asks for the lines that a tile will write, and, where rows of a are of a middling length, for those that the next
// tile reads: too short to be followed by the CPU itself, too long to be fetched at once. Of pointwise convolutions of
// 300 to 74,000 pixels, whose images do not fit the caches, it takes off 3 to 25 % on a Zen 4 (make bench
// BENCHES=training); rows of 256 bytes were better left alone.
static void ask_ahead(const struct dw_gemm_block *g, const struct tile *t, int64_t rows, int64_t columns, bool next) {
  enum { LINE = 64 / (int)sizeof(T), SHORT = 512 / (int)sizeof(T), LONG = 2048 / (int)sizeof(T) };
  for (int64_t r = 0; r < rows; r++) {
    for (int64_t q = 0; q < columns; q += LINE) __builtin_prefetch(t->c + r * t->c_row + q, 1);
  }
  if (!next || g->runs != NULL || g->a_packed || g->a_k != 1 || g->k < SHORT || g->k > LONG) return;
  for (int64_t r = rows; r < 2 * rows; r++) {
    for (int64_t q = 0; q < g->k; q += LINE) __builtin_prefetch(t->a + r * t->a_row + q, 0, 2);
  }
}

static void tile(const struct dw_gemm_block *g, const struct cut *cut, int64_t number, int64_t j, struct kind kind) {
  int64_t rows = cut->low + (number < cut->high), i = number * cut->low + least(number, cut->high);
  int64_t columns = least(g->n - j, kind.columns);
  struct tile t = {.c = (T *)g->c + i * g->c_row + j, .c_row = g->c_row, .start_row = g->start_row};
  const struct dw_gemm_run all = {.k = g->k};
  t.runs = g->runs != NULL ? g->runs : &all;
  t.last = g->runs != NULL ? g->runs + g->count - 1 : &all;
  t.a = (const T *)g->a + i * (g->a_packed ? g->k : g->a_row);
  t.a_row = g->a_packed ? 1 : g->a_row;
  t.a_k = g->a_packed ? rows : g->a_k;
  t.b = (const T *)g->b + j / NR * g->b_panel + j % NR;
  t.b_k = g->b_k, t.b_panel = g->b_panel;
  if (g->start != NULL) t.start = (const T *)g->start + i * g->start_row + j;
  if (g->bias != NULL) t.bias = (const T *)g->bias + j;
  ask_ahead(g, &t, rows, columns, j == 0 && number + 1 < cut->tiles);
  if (columns < kind.columns) {
    multiply_edge(&t, kind.tiles[rows - 1], rows, columns);
  } else {
    kind.tiles[rows - 1](&t);
  }
  if (g->curve != NULL) bend_tile(g, t.c, rows, columns);
}

// c = start + bias
static void begin_only(const struct dw_gemm_block *g) {
  for (int64_t i = 0; i < g->m; i++) {
    const T *start = g->start != NULL ? (const T *)g->start + i * g->start_row : NULL, *bias = g->bias;
    T *c = (T *)g->c + i * g->c_row;
    for (int64_t j = 0; j < g->n; j++) c[j] = (start != NULL ? start[j] : 0) + (bias != NULL ? bias[j] : 0);
  }
  if (g->curve != NULL) bend_tile(g, g->c, g->m, g->n);
}

// Panels that fit into the first-level cache stay there for the rows; others are read once.
static void block(const struct dw_gemm_block *g) {
  enum { NEAR = 1 << 14 };
  struct cut cut = cut_rows(g->m);
  struct kind kind;
  if (g->k == 0) return begin_only(g);
  if (g->n * g->k * (int64_t)sizeof(T) <= NEAR) {
    for (int64_t i = 0; i < cut.tiles; i++) {
      for (int64_t j = 0; j < g->n; j += kind.columns) tile(g, &cut, i, j, kind = kind_for(g->m, g->n - j));
    }
  } else {
    for (int64_t j = 0; j < g->n; j += kind.columns) {
      kind = kind_for(g->m, g->n - j);
      for (int64_t i = 0; i < cut.tiles; i++) tile(g, &cut, i, j, kind);
    }
  }
}

// ---- packing ------------------------------------------------------------------------------------

// to[p*rows + i] = from[p*step + i*row] for p < k, i < rows; `rows` constant where it matters.
INLINE void interleave(T *restrict to, const T *restrict from, ptrdiff_t row, ptrdiff_t step, int64_t k, int rows) {
  for (int64_t p = 0; p < k; p++, to += rows, from += step) {
    for (int i = 0; i < rows; i++) to[i] = from[i * row];
  }
}

static void pack_rows(void *to_, const void *a_, ptrdiff_t a_row, ptrdiff_t a_k, int64_t m, int64_t k) {
  T *to = to_;
  const T *a = a_;
  struct cut cut = cut_rows(m);
  for (int64_t tile = 0; tile < cut.tiles; tile++) {
    int rows = (int)(cut.low + (tile < cut.high));
    if (rows == MR && a_row == 1) {
      interleave(to, a, 1, a_k, k, MR);
    } else if (rows == MR && a_k == 1) {
      interleave(to, a, a_row, 1, k, MR);
    } else {
      interleave(to, a, a_row, a_k, k, rows);
    }
    to += rows * k;
    a += rows * a_row;
  }
}

static void pack_columns(void *to_, ptrdiff_t panel, const void *b_, ptrdiff_t b_k, ptrdiff_t b_n, int64_t k,
                         int64_t n) {
  T *to = to_;
  const T *b = b_;
  int64_t whole = n / NR, rest = n % NR;
  if (b_n == 1) { // along the rows of b, as they lie in memory
    for (int64_t p = 0; p < k; p++) {
      for (int64_t q = 0; q < whole; q++) {
        const T *from = b + p * b_k + q * NR;
        store(to + q * panel + p * NR, load(from));
        store(to + q * panel + p * NR + LANES, load(from + LANES));
      }
    }
  } else {
    for (int64_t q = 0; q < whole; q++) interleave(to + q * panel, b + q * NR * b_n, b_n, b_k, k, NR);
  }
  for (int64_t p = 0; p < k && rest > 0; p++) {
    T *last = to + whole * panel + p * NR;
    for (int64_t j = 0; j < rest; j++) last[j] = b[p * b_k + (whole * NR + j) * b_n];
    for (int64_t j = rest; j < NR; j++) last[j] = 0;
  }
}

// ---- inner products -----------------------------------------------------------------------------

INLINE T total(vec v) {
  T part[LANES] __attribute__((aligned(64)));
  store(part, v);
  UNROLL
  for (int n = LANES / 2; n > 0; n /= 2) {
    UNROLL
    for (int i = 0; i < n; i++) part[i] += part[i + n];
  }
  return part[0];
}

// Rows of a against columns of b in registers, and columns for a row alone; what is left is done one by one.
#if VECTOR_BYTES == 64 || defined __aarch64__
enum { DOT_ROWS = 4, DOT_COLUMNS = 4, DOT_ALONE = 8 };
#else
enum { DOT_ROWS = 4, DOT_COLUMNS = 2, DOT_ALONE = 8 };
#endif

INLINE void dot_tile(const struct dw_gemm_dots *g, int64_t row, int64_t column, int rows, int columns) {
  const T *a = (const T *)g->a + row * g->a_row, *b = (const T *)g->b + column * g->b_n;
  T *c = (T *)g->c + row * g->c_row + column;
  vec sum[DOT_ROWS][DOT_ALONE] = {{{0}}};
  int64_t p = 0;
  for (; p + LANES <= g->k; p += LANES) {
    vec in[DOT_ROWS];
    UNROLL
    for (int i = 0; i < rows; i++) in[i] = load(a + i * g->a_row + p);
    UNROLL
    for (int j = 0; j < columns; j++) {
      vec x = load(b + j * g->b_n + p);
      UNROLL
      for (int i = 0; i < rows; i++) sum[i][j] += in[i] * x;
    }
  }
  UNROLL
  for (int i = 0; i < rows; i++) {
    UNROLL
    for (int j = 0; j < columns; j++) {
      T one = total(sum[i][j]), *to = c + i * g->c_row + j;
      for (int64_t r = p; r < g->k; r++) one += a[i * g->a_row + r] * b[j * g->b_n + r];
      *to = g->add ? *to + one : one;
    }
  }
}

static void dots(const struct dw_gemm_dots *g) {
  int64_t i = 0;
  for (int64_t j; i + DOT_ROWS <= g->m; i += DOT_ROWS) {
    for (j = 0; j + DOT_COLUMNS <= g->n; j += DOT_COLUMNS) dot_tile(g, i, j, DOT_ROWS, DOT_COLUMNS);
    for (; j < g->n; j++) dot_tile(g, i, j, DOT_ROWS, 1);
  }
  for (int64_t j; i < g->m; i++) {
    for (j = 0; j + DOT_ALONE <= g->n; j += DOT_ALONE) dot_tile(g, i, j, 1, DOT_ALONE);
    for (; j < g->n; j++) dot_tile(g, i, j, 1, 1);
  }
}

const struct dw_gemm_kernels DW_NAME(gemm) = {MR, NR, block, pack_rows, pack_columns, dots};
