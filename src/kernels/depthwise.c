// depthwise.c: the inner loops of depthwise convolution and of its gradient with respect to x, vectorised over channels.
// Called by src/depthwise.c only. Invariant: a tile keeps its sums in registers and walks input columns one after the
// other; each is loaded once and used in all the taps that meet it. A row or column that lies on padding is passed over:
// its taps cost nothing and never multiply.
#include <stdbool.h>

#include "kernels.h"
#include "vec.h"

#include "passes.h"

// ---- forward ------------------------------------------------------------------------------------

// One or two output rows ("slots") of some columns. Input rows that exist are walked in order: the first of them meet
// slot 0 alone, then come those that meet both slots, a gap of rows that meet none, and those that meet slot 1 alone.
// Slot 1 sees the kernel w_slot away from where slot 0 sees it.
struct tile {
  T *y;
  const T *x, *w; // at the first of these rows and the tile's first input column, and slot 0's kernel row there
  ptrdiff_t y_slot, y_col, x_row, x_col, w_row, w_col, w_slot, w_vector; // columns are a stride apart
  int64_t first, both, gap, last, lanes;
  bool pair;
  const struct dw_depthwise_pass *passes;
  int64_t n_passes;
  int before; // of a spread tile, see FORWARD
  // Of a flat tile: vectors `flat_step` lanes apart, taps, and lanes of the input row from `flat_lo` to `flat_hi`-1,
  // counted from the tile's first lane and tap.
  int64_t flat_step, taps, flat_lo, flat_hi;
};

// Forward, output m meets tap t in input column m + t. Spread (the gradient of x with stride 2), they meet in column
// (m - t + before) / 2, where that is a whole number; `before` is never negative then.
enum { FORWARD = -1, FLAT = -2, FLAT_EDGE = -3 };

// Columns from one pointer: at it, once and twice a step behind it, which an address can say.
enum { STEP = 3 };

// sum[r][m] += one input row times kernel rows w[r], slots r0 .. r1-1.
INLINE void add_columns(vec (*sum)[TILE], int r0, int r1, int count, int taps, int before, const T *x,
                        ptrdiff_t x_col, const T *const *w, ptrdiff_t w_col, unsigned skip) {
  const int columns = before == FORWARD ? count + taps - 1 : (count - 1 + before) / 2 + 1;
  vec k[2][TAPS];
  UNROLL
  for (int r = r0; r < r1; r++) {
    const T *p = w[r];
    UNROLL
    for (int t = 0; t < taps; t++) {
      k[r][t] = load(p);
      p += w_col;
      KEEP(p);
    }
  }
  UNROLL
  for (int e = 0; e < columns; e++) {
    if (!IS_CONSTANT(skip)) KEEP(skip);
    if (LIKELY(!(skip & 1u << e))) {
      vec in = load(x + e % STEP * x_col);
      KEEP_VECTOR(in);
      UNROLL
      for (int m = 0; m < count; m++) {
        int t = before == FORWARD ? e - m : m + before - 2 * e;
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

// The same for a flat row. At an edge, where there is one vector, lanes on padding are left out.
INLINE void add_flat_row(vec (*sum)[TILE], int r0, int r1, int count, bool edge, const struct tile *b, const T *x,
                         const T *const *w) {
  int64_t lo = b->flat_lo, hi = b->flat_hi;
  for (int64_t t = 0; t < b->taps; t++, x += b->x_col, lo -= b->x_col, hi -= b->x_col) {
    vec k[2];
    UNROLL
    for (int r = r0; r < r1; r++) k[r] = load(w[r] + t * b->w_col);
    if (edge) {
      int64_t first = least(most(lo, 0), LANES), end = least(most(hi, 0), LANES);
      vec in = load_lanes(x, first, end);
      for (int r = r0; r < r1; r++) sum[r][0] += keep_lanes(in * k[r], first, end);
      continue;
    }
    UNROLL
    for (int m = 0; m < count; m++) {
      vec in = load(x + m * b->flat_step);
      KEEP_VECTOR(in);
      UNROLL
      for (int r = r0; r < r1; r++) sum[r][m] += in * k[r];
    }
  }
}

INLINE void add_row(vec (*sum)[TILE], int r0, int r1, int count, int taps, int before, const struct tile *b,
                    const T *x, const T *const *w, unsigned skip) {
  if (before == FLAT || before == FLAT_EDGE) {
    add_flat_row(sum, r0, r1, count, before == FLAT_EDGE, b, x, w);
  } else {
    add_columns(sum, r0, r1, count, taps, before, x, b->x_col, w, b->w_col, skip);
  }
}

INLINE void add_pass(vec (*sum)[TILE], int slots, int count, int taps, int before, const struct tile *b, const T *x,
                     const T *w0, unsigned skip) {
  const ptrdiff_t x_row = b->x_row, w_row = b->w_row;
  const T *w[2] = {w0, w0};
  for (int64_t n = b->first; n > 0; n--, x += x_row, w[0] += w_row) {
    add_row(sum, 0, 1, count, taps, before, b, x, w, skip);
  }
  if (slots == 1) return;
  w[1] = w[0] + b->w_slot;
  for (int64_t n = b->both; n > 0; n--, x += x_row, w[0] += w_row, w[1] += w_row) {
    add_row(sum, 0, 2, count, taps, before, b, x, w, skip);
  }
  if (!LIKELY(b->gap == 0)) x += b->gap * x_row, w[1] += b->gap * w_row;
  for (int64_t n = b->last; n > 0; n--, x += x_row, w[1] += w_row) {
    add_row(sum, 1, 2, count, taps, before, b, x, w, skip);
  }
}

// Most tiles meet no column on padding. Where vectors are short, testing bits for them costs as much as their loads.
INLINE void add_padded(vec (*sum)[TILE], int slots, int count, int taps, int before, const struct tile *b, const T *x,
                       const T *w, unsigned skip) {
  if (ROWS == 1 && LIKELY(skip == 0)) {
    add_pass(sum, slots, count, taps, before, b, x, w, 0);
  } else {
    add_pass(sum, slots, count, taps, before, b, x, w, skip);
  }
}

INLINE void store_tile(const struct tile *b, T *y, vec (*sum)[TILE], int slots, int count) {
  if (slots == 2 && b->pair) {
    UNROLL
    for (int m = 0; m < count; m++, y += b->y_col) {
      store(y, ZIP_LOW(sum[0][m], sum[1][m]));
      store(y + LANES, ZIP_HIGH(sum[0][m], sum[1][m]));
    }
    return;
  }
  UNROLL
  for (int r = 0; r < slots; r++) {
    T *p = y + r * b->y_slot;
    UNROLL
    for (int m = 0; m < count; m++) {
      store(p, sum[r][m]);
      p += b->y_col;
      KEEP(p);
    }
  }
}

INLINE void add_taps(vec (*sum)[TILE], int slots, int count, const struct tile *b, const T *x, const T *w) {
  const struct dw_depthwise_pass *p = b->passes;
  for (int64_t n = b->n_passes; n > 0; n--, p++) {
#define TAPS_ARE(n)                                                                                                    \
  case n: add_padded(sum, slots, count, n, FORWARD, b, x + p->x, w + p->w, p->skip); break;
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

// A spread tile has one pass, of 3 or 5 taps; `before` is one of two numbers.
INLINE void add_spread(vec (*sum)[TILE], int slots, int count, const struct tile *b, const T *x, const T *w) {
  const struct dw_depthwise_pass *p = b->passes;
  if (p->taps == 3 && b->before == 1) {
    add_padded(sum, slots, count, 3, 1, b, x, w, p->skip);
  } else if (p->taps == 3) {
    add_padded(sum, slots, count, 3, 2, b, x, w, p->skip);
  } else if (b->before == 3) {
    add_padded(sum, slots, count, 5, 3, b, x, w, p->skip);
  } else {
    add_padded(sum, slots, count, 5, 4, b, x, w, p->skip);
  }
}

INLINE void run_tile(const struct tile *tile, int slots, int count, bool spread) {
  const struct tile local = *tile, *b = &local; // which no store can change
  const T *x = b->x, *w = b->w;
  T *y = b->y;
  for (int64_t left = b->lanes, step;; left -= LANES, x += step, y += b->pair ? 2 * step : step) {
    vec sum[2][TILE];
    UNROLL
    for (int r = 0; r < slots; r++) {
      UNROLL
      for (int m = 0; m < count; m++) sum[r][m] = (vec){0};
    }
    (spread ? add_spread : add_taps)(sum, slots, count, b, x, w);
    store_tile(b, y, sum, slots, count);
    if (left <= LANES) return;
    step = advance(left);
    w += b->w_vector != 0 ? b->w_vector : step;
  }
}

// Vectors `flat_step` lanes apart; what they share is the same in both.
INLINE void run_flat_tile(const struct tile *tile, int slots, int count, int way) {
  const struct tile local = *tile, *b = &local; // which no store can change
  vec sum[2][TILE];
  UNROLL
  for (int r = 0; r < slots; r++) {
    UNROLL
    for (int m = 0; m < count; m++) sum[r][m] = (vec){0};
  }
  add_pass(sum, slots, count, 0, way, b, b->x, b->w, 0);
  UNROLL
  for (int r = 0; r < slots; r++) {
    UNROLL
    for (int m = 0; m < count; m++) store(b->y + r * b->y_slot + m * b->flat_step, sum[r][m]);
  }
}

// One function for each size: forward_<slots>_<count> and so on.
typedef void tile_fn(const struct tile *b);
#define FUNCTIONS(slots, count)                                                                                        \
  static __attribute__((noinline)) void forward_##slots##_##count(const struct tile *b) {                              \
    run_tile(b, slots, count, false);                                                                                  \
  }                                                                                                                    \
  static __attribute__((noinline)) void spread_##slots##_##count(const struct tile *b) {                               \
    run_tile(b, slots, count, true);                                                                                   \
  }
#define FLATS(slots, count)                                                                                            \
  static __attribute__((noinline)) void flat_##slots##_##count(const struct tile *b) {                                 \
    run_flat_tile(b, slots, count, FLAT);                                                                              \
  }
#define EDGE(slots)                                                                                                    \
  static __attribute__((noinline)) void edge_##slots(const struct tile *b) { run_flat_tile(b, slots, 1, FLAT_EDGE); }
#define FORWARDS(slots, count) forward_##slots##_##count,
#define SPREADS(slots, count) spread_##slots##_##count,
#define FLATS_OF(slots) {flat_##slots##_1, flat_##slots##_2, NULL, flat_##slots##_4}
EACH_TILE(FUNCTIONS, 1)
FLATS(1, 1) FLATS(1, 2) FLATS(1, 4) EDGE(1)
#ifdef MANY_REGISTERS
EACH_TILE(FUNCTIONS, 2)
FLATS(2, 1) FLATS(2, 2) FLATS(2, 4) EDGE(2)
static tile_fn *const forward_tiles[ROWS][TILE] = {{EACH_TILE(FORWARDS, 1)}, {EACH_TILE(FORWARDS, 2)}};
static tile_fn *const spread_tiles[ROWS][TILE] = {{EACH_TILE(SPREADS, 1)}, {EACH_TILE(SPREADS, 2)}};
static tile_fn *const flat_tiles[ROWS][4] = {FLATS_OF(1), FLATS_OF(2)};
static tile_fn *const edge_tiles[ROWS] = {edge_1, edge_2};
#else
static tile_fn *const forward_tiles[ROWS][TILE] = {{EACH_TILE(FORWARDS, 1)}};
static tile_fn *const spread_tiles[ROWS][TILE] = {{EACH_TILE(SPREADS, 1)}};
static tile_fn *const flat_tiles[ROWS][4] = {FLATS_OF(1)};
static tile_fn *const edge_tiles[ROWS] = {edge_1};
#endif

// ---- rows and columns of tiles ------------------------------------------------------------------

static int64_t floor_half(int64_t a) { return a / 2 - (a % 2 < 0); }
static int64_t within(int64_t a, int64_t extent) { return least(most(a, 0), extent); }

// Input rows lo .. hi-1 meet output row m.
static int64_t rows_met(const struct dw_depthwise_block *b, int64_t m, int64_t *hi) {
  const struct dw_depthwise_axis *a = &b->rows;
  int64_t lo = a->first + m * a->stride;
  *hi = lo + a->taps;
  if (b->spread) lo = floor_half(a->first + m - a->taps + 2), *hi = floor_half(a->first + m) + 1;
  *hi = within(*hi, a->extent);
  return within(lo, a->extent);
}

// The tile's rows: output row m and, with two slots, the next, or the same under the pair's other kernel.
static void place_rows(struct tile *t, const struct dw_depthwise_block *b, int64_t m, int64_t slots) {
  int64_t hi0, lo0 = rows_met(b, m, &hi0), hi1 = hi0, lo1 = lo0, tap = lo0 - b->rows.first - m * b->rows.stride;
  if (slots == 2 && !b->pair) lo1 = rows_met(b, m + 1, &hi1);
  if (b->spread) tap = b->rows.first + m - 2 * lo0;
  t->first = least(hi0, slots == 2 ? lo1 : hi0) - lo0;
  t->both = most(0, hi0 - lo1);
  t->gap = most(0, lo1 - hi0);
  t->last = hi1 - most(hi0, lo1);
  t->y = (T *)b->y + m * b->y_row;
  t->x = (const T *)b->x + lo0 * b->x_row;
  t->w = (const T *)b->w + tap * b->w_row;
}

static void run_columns(struct tile t, const struct dw_depthwise_block *b, int64_t slots) {
  struct cut cut = cut_axis(b->cols.count, TILE);
  t.x += b->cols.first * b->x_col;
  for (int64_t c = 0, at = 0; c < cut.parts; c++) {
    int count = part_size(&cut, c);
    mark_padding(b, (int)t.n_passes, at, count);
    forward_tiles[slots - 1][count - 1](&t);
    t.y += count * t.y_col;
    t.x += count * t.x_col;
    at += count;
  }
}

static void run_spread_columns(struct tile t, const struct dw_depthwise_block *b, int64_t slots) {
  const struct dw_depthwise_axis *a = &b->cols;
  const T *x = t.x;
  struct cut cut = cut_axis(a->count, TILE);
  b->passes[0] = (struct dw_depthwise_pass){.taps = (int)a->taps};
  for (int64_t c = 0, at = 0; c < cut.parts; c++) {
    int count = part_size(&cut, c);
    int64_t q = floor_half(a->first + at - a->taps + 2); // the first input column that meets the tile
    t.before = (int)(a->first + at - 2 * q);
    t.x = x + q * t.x_col;
    b->passes[0].skip = padding(within(-q, 31), within(a->extent - q, 31));
    spread_tiles[slots - 1][count - 1](&t);
    t.y += count * t.y_col;
    at += count;
  }
}

// A row of lanes, whole pixels of them at a time; the last vector moves back to end with the row. Vectors of which a
// tap lies on padding are edges.
static void run_flat_columns(struct tile t, const struct dw_depthwise_block *b, int64_t slots) {
  const struct dw_depthwise_axis *a = &b->cols;
  const T *x = t.x + a->first * b->x_col, *w = t.w;
  T *y = t.y;
  int64_t row = a->count * b->lanes, shift = a->first * b->lanes, input = a->extent * b->lanes;
  int64_t last = least(row, input - shift - (a->taps - 1) * b->lanes) - LANES; // of the vectors that are no edges
  t.flat_step = LANES / b->lanes * b->lanes;
  t.taps = a->taps;
  for (int64_t at = 0, n = 1; at < row; at += n * t.flat_step) {
    bool edge = at + shift < 0 || at > last;
    int64_t from = least(at, row - LANES), whole = (last - at) / t.flat_step + 1;
    n = edge || whole < 2 ? 1 : whole < 4 ? 2 : 4;
    t.x = x + from;
    t.y = y + from;
    t.w = w + from % b->lanes;
    t.flat_lo = -(from + shift);
    t.flat_hi = input - (from + shift);
    (edge ? edge_tiles[slots - 1] : flat_tiles[slots - 1][n - 1])(&t);
    if (from < at) return;
  }
}

static void forward(const struct dw_depthwise_block *b) {
  struct tile t = {.y_slot = b->y_row, .y_col = b->y_col, .x_row = b->x_row, .x_col = b->cols.stride * b->x_col,
                   .w_row = b->w_row, .w_col = b->cols.stride * b->w_col, .w_slot = -b->rows.stride * b->w_row,
                   .w_vector = b->w_vector, .lanes = b->lanes, .pair = b->pair, .passes = b->passes};
  if (b->pair) t.w_slot = b->w_pair;
  if (b->spread) t.w_row = -2 * b->w_row, t.w_slot = b->w_row;
  if (!b->spread && !b->flat) t.n_passes = list_passes(b, TAPS);
  for (int64_t m = 0, slots; m < b->rows.count; m += b->pair ? 1 : slots) {
    slots = b->pair ? 2 : least(ROWS, b->rows.count - m);
    place_rows(&t, b, m, slots);
    (b->flat ? run_flat_columns : b->spread ? run_spread_columns : run_columns)(t, b, slots);
  }
}

const struct dw_depthwise_kernels DW_NAME(depthwise) = {LANES, ROWS, forward};
