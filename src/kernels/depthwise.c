// depthwise.c: the inner loops of depthwise convolution, vectorised over channels, and of its gradient with respect to
// x one phase at a time. Called by src/depthwise only. Invariant: a tile keeps its sums in registers and walks input
// columns one after the other; each is loaded once and used in all the taps that meet it. A row or column that lies on
// padding is passed over: its taps cost nothing and never multiply.
#include <stdbool.h>

#include "depthwise.h"
#include "vec.h"

#include "depthwise_tiles.h"

#include "depthwise_rows.h"

// Output m meets tap t in input column m + t.
INLINE void add_columns(vec (*sum)[TILE], int r0, int r1, int count, int taps, int how, const struct tile *b,
                        const T *x, const T *const *w, unsigned skip) {
  (void)how;
  const ptrdiff_t x_col = b->x_col;
  vec k[2][TAPS];
  load_weights(k, r0, r1, taps, w, b->w_col);
  UNROLL
  for (int e = 0; e < count + taps - 1; e++) {
    if (!IS_CONSTANT(skip)) KEEP(skip);
    if (LIKELY(!(skip & 1u << e))) {
      vec in = load(x + e % STEP * x_col);
      KEEP_VECTOR(in);
      UNROLL
      for (int m = 0; m < count; m++) {
        int t = e - m;
        if (t < 0 || t >= taps) continue;
        UNROLL
        for (int r = r0; r < r1; r++) sum[r][m] += in * k[r][t];
      }
    }
    if (e % STEP == STEP - 1) {
      x += STEP * x_col;
      KEEP(x);
    }
  }
}

INLINE void add_taps(vec (*sum)[TILE], int lines, int count, const struct tile *b, const T *x, const T *w) {
  const struct dw_depthwise_pass *p = b->passes;
  for (int64_t n = b->n_passes; n > 0; n--, p++) {
#define TAPS_ARE(n)                                                                                                    \
  case n: add_padded_rows(add_columns, sum, lines, count, n, 0, b, x + p->x, w + p->w, p->skip); break;
    switch (p->taps) {
      TAPS_ARE(1)
      TAPS_ARE(2)
      TAPS_ARE(3)
      TAPS_ARE(4)
      TAPS_ARE(5)
#ifdef MANY_REGISTERS
      TAPS_ARE(7)
#endif
    }
  }
}

// The lines of a pair are lanes that take turns.
INLINE void store_tile(const struct tile *b, T *y, vec (*sum)[TILE], int lines, int count) {
  if (lines == 1 || !b->pair) {
    store_lines(b, y, sum, lines, count);
    return;
  }
  UNROLL
  for (int m = 0; m < count; m++, y += b->y_col) {
    store(y, ZIP_LOW(sum[0][m], sum[1][m]));
    store(y + LANES, ZIP_HIGH(sum[0][m], sum[1][m]));
  }
}

INLINE void run_tile(const struct tile *tile, int lines, int count) {
  const struct tile local = *tile, *b = &local; // which no store can change
  const T *x = b->x, *w = b->w;
  T *y = b->y;
  for (int64_t left = b->lanes, step;; left -= LANES, x += step, y += b->pair ? 2 * step : step) {
    vec sum[2][TILE];
    clear_sums(sum, lines, count);
    add_taps(sum, lines, count, b, x, w);
    store_tile(b, y, sum, lines, count);
    if (left <= LANES) return;
    step = advance(left);
    w += b->w_vector != 0 ? b->w_vector : step;
  }
}

// One function for each size: plain_<lines>_<count>.
typedef void tile_fn(const struct tile *b);
#define FUNCTION(lines, count)                                                                                         \
  static __attribute__((noinline)) void plain_##lines##_##count(const struct tile *b) { run_tile(b, lines, count); }
#define ENTRY(lines, count) plain_##lines##_##count,
EACH_TILE(FUNCTION, 1)
#ifdef MANY_REGISTERS
EACH_TILE(FUNCTION, 2)
static tile_fn *const tiles[ROWS][TILE] = {{EACH_TILE(ENTRY, 1)}, {EACH_TILE(ENTRY, 2)}};
#else
static tile_fn *const tiles[ROWS][TILE] = {{EACH_TILE(ENTRY, 1)}};
#endif

static void run_columns(struct tile t, const struct dw_depthwise_block *b, int64_t lines) {
  struct cut cut = cut_axis(b->cols.count, TILE);
  t.x += b->cols.first * b->x_col;
  for (int64_t c = 0, at = 0; c < cut.parts; c++) {
    int count = part_size(&cut, c);
    mark_padding(b, (int)t.n_passes, at, count);
    tiles[lines - 1][count - 1](&t);
    t.y += count * t.y_col;
    t.x += count * t.x_col;
    at += count;
  }
}

static void plain(const struct dw_depthwise_block *b) {
  struct tile t = tile_of(b);
  t.n_passes = list_passes(b, TAPS);
  for (int64_t m = 0, lines; m < b->rows.count; m += lines) {
    lines = least(ROWS, b->rows.count - m);
    place_strided_rows(&t, b, m, lines);
    run_columns(t, b, lines);
  }
}

// Line 1 is the same output row under the pair's other kernel.
static void pair(const struct dw_depthwise_block *b) {
  struct tile t = tile_of(b);
  t.n_passes = list_passes(b, TAPS);
  t.pair = true;
  t.w_line = b->w_pair;
  for (int64_t m = 0; m < b->rows.count; m++) {
    place_strided_rows(&t, b, m, 2);
    run_columns(t, b, 2);
  }
}

const struct dw_depthwise_kernels DW_NAME(depthwise) = {LANES, ROWS, plain, ROWS == 2 ? pair : NULL};
