// depthwise_spread.c: the inner loops of the gradient of a depthwise convolution with respect to x where strides are 2
// and the kernel is small: all phases in one walk, see DW_SPREAD. Called by src/depthwise only. Invariant: as in
// depthwise.c.
#include <stdbool.h>

#include "depthwise.h"
#include "vec.h"

#include "depthwise_tiles.h"

#include "depthwise_rows.h"

// Output m meets tap t in input column (m - t + before) / 2, where that is a whole number; `before` is not negative.
INLINE void add_columns(vec (*sum)[TILE], int r0, int r1, int count, int taps, int before, const struct tile *b,
                        const T *x, const T *const *w, unsigned skip) {
  const ptrdiff_t x_col = b->x_col;
  vec k[2][TAPS];
  load_weights(k, r0, r1, taps, w, b->w_col);
  UNROLL
  for (int e = 0; e < (count - 1 + before) / 2 + 1; e++) {
    if (!IS_CONSTANT(skip)) KEEP(skip);
    if (LIKELY(!(skip & 1u << e))) {
      vec in = load(x + e % STEP * x_col);
      KEEP_VECTOR(in);
      UNROLL
      for (int m = 0; m < count; m++) {
        int t = m + before - 2 * e;
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

struct spread_tile {
  struct tile t;
  int before; // one of two numbers
};

// There is one pass, of 3 or 5 taps.
INLINE void add_taps(vec (*sum)[TILE], int lines, int count, const struct spread_tile *b, const T *x, const T *w) {
  const struct dw_depthwise_pass *p = b->t.passes;
  if (p->taps == 3 && b->before == 1) {
    add_padded_rows(add_columns, sum, lines, count, 3, 1, &b->t, x, w, p->skip);
  } else if (p->taps == 3) {
    add_padded_rows(add_columns, sum, lines, count, 3, 2, &b->t, x, w, p->skip);
  } else if (b->before == 3) {
    add_padded_rows(add_columns, sum, lines, count, 5, 3, &b->t, x, w, p->skip);
  } else {
    add_padded_rows(add_columns, sum, lines, count, 5, 4, &b->t, x, w, p->skip);
  }
}

INLINE void run_tile(const struct spread_tile *tile, int lines, int count) {
  const struct spread_tile local = *tile, *b = &local; // which no store can change
  const T *x = b->t.x, *w = b->t.w;
  T *y = b->t.y;
  for (int64_t left = b->t.lanes, step;; left -= LANES, x += step, y += step) {
    vec sum[2][TILE];
    clear_sums(sum, lines, count);
    add_taps(sum, lines, count, b, x, w);
    store_lines(&b->t, y, sum, lines, count);
    if (left <= LANES) return;
    step = advance(left);
    w += b->t.w_vector != 0 ? b->t.w_vector : step;
  }
}

// One function for each size: spread_<lines>_<count>.
typedef void tile_fn(const struct spread_tile *b);
#define FUNCTION(lines, count)                                                                                         \
  static __attribute__((noinline)) void spread_##lines##_##count(const struct spread_tile *b) {                        \
    run_tile(b, lines, count);                                                                                         \
  }
#define ENTRY(lines, count) spread_##lines##_##count,
EACH_TILE(FUNCTION, 1)
#ifdef MANY_REGISTERS
EACH_TILE(FUNCTION, 2)
static tile_fn *const tiles[ROWS][TILE] = {{EACH_TILE(ENTRY, 1)}, {EACH_TILE(ENTRY, 2)}};
#else
static tile_fn *const tiles[ROWS][TILE] = {{EACH_TILE(ENTRY, 1)}};
#endif

// ---- rows and columns of tiles ------------------------------------------------------------------

static int64_t floor_half(int64_t a) { return a / 2 - (a % 2 < 0); }

static struct met spread_rows_met(const struct dw_depthwise_block *b, int64_t m) {
  const struct dw_depthwise_axis *a = &b->rows;
  return (struct met){within(floor_half(a->first + m - a->taps + 2), a->extent),
                      within(floor_half(a->first + m) + 1, a->extent)};
}

static void run_columns(struct spread_tile s, const struct dw_depthwise_block *b, int64_t lines) {
  const struct dw_depthwise_axis *a = &b->cols;
  const T *x = s.t.x;
  struct cut cut = cut_axis(a->count, TILE);
  b->passes[0] = (struct dw_depthwise_pass){.taps = (int)a->taps};
  for (int64_t c = 0, at = 0; c < cut.parts; c++) {
    int count = part_size(&cut, c);
    int64_t q = floor_half(a->first + at - a->taps + 2); // the first input column that meets the tile
    s.before = (int)(a->first + at - 2 * q);
    s.t.x = x + q * s.t.x_col;
    b->passes[0].skip = padding(within(-q, 31), within(a->extent - q, 31));
    tiles[lines - 1][count - 1](&s);
    s.t.y += count * s.t.y_col;
    at += count;
  }
}

static void spread(const struct dw_depthwise_block *b) {
  struct spread_tile s = {.t = tile_of(b)};
  s.t.w_row = -2 * b->w_row, s.t.w_line = b->w_row;
  for (int64_t m = 0, lines; m < b->rows.count; m += lines) {
    lines = least(ROWS, b->rows.count - m);
    struct met line0 = spread_rows_met(b, m), line1 = {line0.hi, line0.hi};
    if (lines == 2) line1 = spread_rows_met(b, m + 1);
    place_rows(&s.t, b, m, line0, line1, b->rows.first + m - 2 * line0.lo);
    run_columns(s, b, lines);
  }
}

const struct dw_depthwise_spread_kernels DW_NAME(depthwise_spread) = {spread};
