// gemm.c: the inner loops of the matrix product: register tiles, packing into panels, inner products.
// Called by src/gemm.c only, one cache block at a time. Invariant: but for `dots`, an element of c is one chain of
// multiply-adds in the order of k, whatever tile or block it falls into, so its bits depend on nothing else.
#include <string.h>

#include "kernels.h"
#include "vec.h"

// Sums in registers: MR x 2 vectors, which with two vectors of b and one of a fill the register file.
#if VECTOR_BYTES == 64 || defined __aarch64__
enum { MR = 14 };
#else
enum { MR = 6 };
#endif
enum { NR = 2 * LANES };

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// ---- tiles --------------------------------------------------------------------------------------

// Where a tile of c and its operands lie; steps as in dw_gemm_block.
struct tile {
  T *c;
  const T *a, *b;
  ptrdiff_t c_row, a_row, a_k, b_k, b_panel;
  int64_t k;
  bool add;
};

// `rows` x `vecs` vectors of c, two to a panel; both constant. Rows of a are reached from every third one, so that
// their addresses fit into registers too.
INLINE void multiply(const struct tile *t, int rows, int vecs) {
  const ptrdiff_t c_row = t->c_row, a_row = t->a_row, a_k = t->a_k, b_k = t->b_k, b_panel = t->b_panel;
  T *c = t->c;
  const T *b = t->b, *a[(MR + 2) / 3];
  vec sum[MR][8];
  UNROLL
  for (int i = 0; i < rows; i++) {
    if (i % 3 == 0) a[i / 3] = t->a + i * a_row;
    UNROLL
    for (int v = 0; v < vecs; v++) {
      sum[i][v] = t->add ? load(c + i * c_row + v * LANES) : (vec){0};
    }
  }
  for (int64_t k = t->k; k > 0; k--, b += b_k) {
    vec in[8];
    UNROLL
    for (int v = 0; v < vecs; v++) in[v] = load(b + v / 2 * b_panel + v % 2 * LANES);
    UNROLL
    for (int i = 0; i < rows; i++) {
      vec x = all(a[i / 3][i % 3 * a_row]);
      UNROLL
      for (int v = 0; v < vecs; v++) sum[i][v] += x * in[v];
    }
    UNROLL
    for (int i = 0; i < rows; i += 3) a[i / 3] += a_k;
  }
  UNROLL
  for (int i = 0; i < rows; i++) {
    UNROLL
    for (int v = 0; v < vecs; v++) store(c + i * c_row + v * LANES, sum[i][v]);
  }
}

// One function for each number of rows: `name`_1 and so on.
#define TILE(name, rows, vecs)                                                                                         \
  static void name##_##rows(const struct tile *t) { multiply(t, rows, vecs); }
#define UP_TO_6(X, name, vecs)                                                                                         \
  X(name, 1, vecs) X(name, 2, vecs) X(name, 3, vecs) X(name, 4, vecs) X(name, 5, vecs) X(name, 6, vecs)
#define UP_TO_14(X, name, vecs)                                                                                        \
  UP_TO_6(X, name, vecs)                                                                                               \
  X(name, 7, vecs)                                                                                                     \
  X(name, 8, vecs)                                                                                                     \
  X(name, 9, vecs) X(name, 10, vecs) X(name, 11, vecs) X(name, 12, vecs) X(name, 13, vecs) X(name, 14, vecs)
#if VECTOR_BYTES == 64 || defined __aarch64__
#define UP_TO_MR UP_TO_14
#else
#define UP_TO_MR UP_TO_6
#endif
#define ENTRY(name, rows, vecs) name##_##rows,

UP_TO_MR(TILE, half, 1)
UP_TO_MR(TILE, whole, 2)
TILE(wide, 1, 8)
TILE(wide, 2, 4)

typedef void tile_fn(const struct tile *t);
static tile_fn *const halves[MR] = {UP_TO_MR(ENTRY, half, 1)}, *const wholes[MR] = {UP_TO_MR(ENTRY, whole, 2)};

// The first `columns` columns of a tile, computed elsewhere, since c ends there.
static void multiply_edge(const struct tile *t, tile_fn *f, int64_t rows, int64_t columns) {
  T sums[MR * NR] __attribute__((aligned(64)));
  struct tile edge = *t;
  edge.c = sums, edge.c_row = NR;
  if (t->add) {
    memset(sums, 0, (size_t)(rows * NR) * sizeof(T));
    for (int64_t i = 0; i < rows; i++) memcpy(sums + i * NR, t->c + i * t->c_row, (size_t)columns * sizeof(T));
  }
  f(&edge);
  for (int64_t i = 0; i < rows; i++) memcpy(t->c + i * t->c_row, sums + i * NR, (size_t)columns * sizeof(T));
}

// Rows of a block are cut into tiles of `low`+1 rows, `high` of them, and of `low` rows: never few after many.
struct cut {
  int64_t tiles, low, high;
};

static struct cut cut_rows(int64_t m) {
  int64_t tiles = (m + MR - 1) / MR;
  return (struct cut){tiles, m / tiles, m % tiles};
}

static void block(const struct dw_gemm_block *g) {
  struct tile t = {.c_row = g->c_row, .b_k = g->b_k, .b_panel = g->b_panel, .k = g->k, .add = g->add};
  struct cut cut = cut_rows(g->m);
  int64_t wide = g->m == 1 ? 4 : g->m == 2 ? 2 : 1; // panels side by side, where rows are too few to hide latency
  for (int64_t j = 0, panels; j < g->n; j += panels * NR) {
    int64_t columns = least(g->n - j, wide * NR);
    panels = columns == wide * NR ? wide : 1;
    columns = least(columns, panels * NR);
    tile_fn *const *f = columns <= LANES ? halves : wholes;
    bool edge = columns < NR && columns != LANES;
    t.b = (const T *)g->b + j / NR * g->b_panel;
    for (int64_t tile = 0, i = 0; tile < cut.tiles; tile++) {
      int64_t rows = cut.low + (tile < cut.high);
      t.c = (T *)g->c + i * g->c_row + j;
      t.a = (const T *)g->a + i * (g->a_packed ? g->k : g->a_row);
      t.a_row = g->a_packed ? 1 : g->a_row;
      t.a_k = g->a_packed ? rows : g->a_k;
      if (panels > 1) {
        (rows == 1 ? wide_1 : wide_2)(&t);
      } else if (edge) {
        multiply_edge(&t, f[rows - 1], rows, columns);
      } else {
        f[rows - 1](&t);
      }
      i += rows;
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

static T total(vec v) {
  T part[LANES];
  store(part, v);
  for (int n = LANES / 2; n > 0; n /= 2) {
    for (int i = 0; i < n; i++) part[i] += part[i + n];
  }
  return part[0];
}

INLINE void dot_columns(T *c, const T *a, const T *b, ptrdiff_t b_n, int64_t k, int columns, bool add) {
  vec sum[4][2] = {{{0}}};
  int64_t p = 0;
  for (; p + 2 * LANES <= k; p += 2 * LANES) {
    vec x = load(a + p), y = load(a + p + LANES);
    UNROLL
    for (int j = 0; j < columns; j++) {
      sum[j][0] += x * load(b + j * b_n + p);
      sum[j][1] += y * load(b + j * b_n + p + LANES);
    }
  }
  if (p + LANES <= k) {
    UNROLL
    for (int j = 0; j < columns; j++) sum[j][0] += load(a + p) * load(b + j * b_n + p);
    p += LANES;
  }
  UNROLL
  for (int j = 0; j < columns; j++) {
    T one = total(sum[j][0] + sum[j][1]);
    for (int64_t r = p; r < k; r++) one += a[r] * b[j * b_n + r];
    c[j] = add ? c[j] + one : one;
  }
}

static void dots(void *c_, const void *a, const void *b_, ptrdiff_t b_n, int64_t k, int64_t n, bool add) {
  T *c = c_;
  const T *b = b_;
  int64_t j = 0;
  for (; j + 4 <= n; j += 4) dot_columns(c + j, a, b + j * b_n, b_n, k, 4, add);
  for (; j < n; j++) dot_columns(c + j, a, b + j * b_n, b_n, k, 1, add);
}

const struct dw_gemm_kernels DW_NAME(gemm) = {MR, NR, block, pack_rows, pack_columns, dots};
