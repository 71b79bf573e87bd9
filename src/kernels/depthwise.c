// depthwise.c: the inner loops of depthwise convolution and of its gradient with respect to x, vectorised over channels.
// Called by src/depthwise.c only. Invariant: a tile keeps its sums in registers and walks input columns one after the
// other; each is loaded once and used in all the taps that meet it. A row or column that lies on padding is passed over:
// its taps cost nothing and never multiply.
#include <stdbool.h>

#include "kernels.h"
#include "vec.h"

#include "passes.h"

// ---- forward ------------------------------------------------------------------------------------

// One or two output rows ("slots") of some columns. The second slot meets kernel row i - shift where the first meets
// row i; with shift 0 it is the same output row under another kernel, w_slot away (see dw_depthwise_block.pair).
struct tile {
  T *y;
  const T *x, *w; // at input row `from`, the tile's first input column, and kernel row `from`
  ptrdiff_t y_slot, y_col, x_row, x_col, w_row, w_col, w_slot, w_vector;
  int64_t from, to, shift, kernel_rows; // input rows `from` to `to`-1 exist, counted from the first slot's first
  int64_t stride, lanes;
  bool pair;
  const struct dw_depthwise_pass *passes;
  int n_passes;
};

// sum[r][m] += one input row times kernel rows w[r], slots r0 .. r1-1; `count` outputs, `taps` taps.
INLINE void add_row(vec (*sum)[TILE], int r0, int r1, int count, int taps, const T *x, ptrdiff_t x_col,
                    const T *const *w, ptrdiff_t w_col, unsigned skip) {
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
  for (int e = 0; e < count + taps - 1; e++) {
    KEEP(skip);
    if (!(skip & 1u << e)) {
      vec in = load(x);
      KEEP_VECTOR(in);
      UNROLL
      for (int m = 0; m < count; m++) {
        int t = e - m;
        if (t < 0 || t >= taps) continue;
        UNROLL
        for (int r = r0; r < r1; r++) sum[r][m] += in * k[r][t];
      }
    }
    x += x_col;
    KEEP(x);
  }
}

INLINE void add_pass(vec (*sum)[TILE], int slots, int count, int taps, const struct tile *b, const struct dw_depthwise_pass *p,
                     const T *x, const T *w0) {
  const ptrdiff_t x_row = b->x_row, x_col = b->stride * b->x_col, w_row = b->w_row, w_col = b->stride * b->w_col;
  const unsigned skip = p->skip;
  const T *w[2];
  int64_t i = b->from, to = b->to;
  x += p->at * b->x_col;
  w[0] = w0 + p->at * b->w_col;
  if (slots == 1) {
    for (; i < to; i++, x += x_row, w[0] += w_row) add_row(sum, 0, 1, count, taps, x, x_col, w, w_col, skip);
    return;
  }
  w[1] = w[0] + b->w_slot;
  int64_t both = least(to, b->kernel_rows), first = least(both, b->shift);
  for (; i < first; i++, x += x_row, w[0] += w_row, w[1] += w_row) {
    add_row(sum, 0, 1, count, taps, x, x_col, w, w_col, skip);
  }
  for (; i < both; i++, x += x_row, w[0] += w_row, w[1] += w_row) {
    add_row(sum, 0, 2, count, taps, x, x_col, w, w_col, skip);
  }
  if (i < b->shift) { // rows between the slots
    int64_t rows = least(to, b->shift) - i;
    i += rows, x += rows * x_row, w[1] += rows * w_row;
  }
  for (; i < to; i++, x += x_row, w[1] += w_row) add_row(sum, 1, 2, count, taps, x, x_col, w, w_col, skip);
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

INLINE void forward_tile(const struct tile *b, int slots, int count) {
  const T *x = b->x, *w = b->w;
  T *y = b->y;
  for (int64_t left = b->lanes, step;; left -= LANES, x += step, y += b->pair ? 2 * step : step) {
    vec sum[2][TILE];
    UNROLL
    for (int r = 0; r < slots; r++) {
      UNROLL
      for (int m = 0; m < count; m++) sum[r][m] = (vec){0};
    }
    const struct dw_depthwise_pass *p = b->passes;
    for (int n = b->n_passes; n > 0; n--, p++) {
      switch (p->taps) {
        case 1: add_pass(sum, slots, count, 1, b, p, x, w); break;
        case 2: add_pass(sum, slots, count, 2, b, p, x, w); break;
        case 3: add_pass(sum, slots, count, 3, b, p, x, w); break;
        case 4: add_pass(sum, slots, count, 4, b, p, x, w); break;
        case 5: add_pass(sum, slots, count, 5, b, p, x, w); break;
#ifdef MANY_REGISTERS
        case 7: add_pass(sum, slots, count, 7, b, p, x, w); break;
#endif
      }
    }
    store_tile(b, y, sum, slots, count);
    if (left <= LANES) return;
    step = advance(left);
    w += b->w_vector != 0 ? b->w_vector : step;
  }
}

// One function for each size: forward_<slots>_<count>.
#define EACH_COUNT(X, n) X(n, 1) X(n, 2) X(n, 3) X(n, 4) X(n, 5) X(n, 6) X(n, 7) X(n, 8)
#define FORWARD(slots, count)                                                                                          \
  static __attribute__((noinline)) void forward_##slots##_##count(const struct tile *b) {                              \
    forward_tile(b, slots, count);                                                                                     \
  }
#define FORWARD_ENTRY(slots, count) forward_##slots##_##count,
EACH_COUNT(FORWARD, 1)
#ifdef MANY_REGISTERS
EACH_COUNT(FORWARD, 2)
#endif

typedef void tile_fn(const struct tile *b);
static tile_fn *const forward_tiles[ROWS][TILE] = {
    {EACH_COUNT(FORWARD_ENTRY, 1)},
#ifdef MANY_REGISTERS
    {EACH_COUNT(FORWARD_ENTRY, 2)},
#endif
};

// The tile's rows: output row m and, with two slots, the next.
static void place_rows(struct tile *t, const struct dw_depthwise_block *b, int64_t m, int slots) {
  const struct dw_depthwise_axis *a = &b->rows;
  int64_t q = a->first + m * a->stride, reach = b->pair ? a->taps : (slots - 1) * a->stride + a->taps;
  t->from = most(0, -q);
  t->to = least(reach, a->extent - q);
  if (t->to < t->from) t->to = t->from;
  t->shift = b->pair ? 0 : a->stride;
  t->y = (T *)b->y + m * b->y_row;
  t->x = (const T *)b->x + (q + t->from) * b->x_row;
  t->w = (const T *)b->w + t->from * b->w_row;
}

static void forward(const struct dw_depthwise_block *b) {
  struct dw_depthwise_pass *passes = b->passes;
  struct tile t = {.y_slot = b->y_row, .y_col = b->y_col, .x_row = b->x_row, .x_col = b->x_col, .w_row = b->w_row,
                   .w_col = b->w_col, .w_vector = b->w_vector, .kernel_rows = b->rows.taps, .stride = b->cols.stride,
                   .lanes = b->lanes, .pair = b->pair, .passes = passes};
  t.w_slot = b->pair ? b->w_pair : -b->rows.stride * b->w_row;
  t.n_passes = b->rows.taps > 0 ? list_passes(passes, &b->cols, TAPS) : 0;
  struct cut cut = cut_axis(b->cols.count, TILE);
  for (int64_t m = 0, slots; m < b->rows.count; m += b->pair ? 1 : slots) {
    slots = b->pair ? ROWS : least(ROWS, b->rows.count - m);
    place_rows(&t, b, m, (int)slots);
    T *y = t.y;
    const T *x = t.x + b->cols.first * b->x_col;
    for (int64_t c = 0, at = 0; c < cut.parts; at += part_size(&cut, c++)) {
      int count = part_size(&cut, c);
      mark_padding(passes, t.n_passes, &b->cols, at, count);
      t.y = y + at * b->y_col;
      t.x = x + at * b->cols.stride * b->x_col;
      forward_tiles[slots - 1][count - 1](&t);
    }
  }
}

// ---- multiplier and narrow pixels ---------------------------------------------------------------

// Lanes of a pixel that lie side by side, each once or twice, a vector at a time; 0 behind them, to the end of the pixel.
INLINE void expand_pixel(T *restrict to, int64_t pitch, const T *restrict from, int64_t lanes, int m) {
  int64_t l = 0;
  for (; l + m * LANES <= lanes; l += m * LANES) {
    vec v = load(from + l / m);
    store(to + l, m == 1 ? v : ZIP_LOW(v, v));
    if (m == 2) store(to + l + LANES, ZIP_HIGH(v, v));
  }
  for (; l < lanes; l++) to[l] = from[l / m];
  for (; l < pitch; l++) to[l] = 0;
}

// Copies of a value are stored a whole vector at a time; the next value overwrites the surplus.
INLINE void expand_values(T *to, int64_t pitch, const T *from, ptrdiff_t from_lane, int64_t first, int64_t lanes,
                          int64_t m) {
  int64_t c = first / m, next = (c + 1) * m - first;
  for (int64_t l = 0; l < lanes; next += m) {
    vec v = all(from[c++ * from_lane]);
    int64_t end = least(next, lanes);
    for (; l < end; l += LANES) store(to + l, v);
    l = end;
  }
  for (int64_t l = lanes; l < pitch; l++) to[l] = 0;
}

static void expand(void *to_, ptrdiff_t to_pitch, const void *from_, ptrdiff_t from_step, ptrdiff_t from_lane,
                   int64_t pixels, int64_t first, int64_t lanes, int64_t m) {
  T *to = to_;
  const T *from = from_;
  bool whole = from_lane == 1 && m <= 2 && first % m == 0;
  for (int64_t p = 0; p < pixels; p++, to += to_pitch, from += from_step) {
    if (whole && m == 1) {
      expand_pixel(to, to_pitch, from + first, lanes, 1);
    } else if (whole) {
      expand_pixel(to, to_pitch, from + first / 2, lanes, 2);
    } else {
      expand_values(to, to_pitch, from, from_lane, first, lanes, m);
    }
  }
}

// The sums of m neighbouring lanes; with `pairs` m is 2, and channels are neighbours too.
INLINE void fold_pixel(T *restrict to, ptrdiff_t to_lane, const T *restrict from, int64_t channels, int64_t m,
                       bool pairs) {
  int64_t c = 0;
  for (; pairs && c + LANES <= channels; c += LANES) {
    vec a = load(from + 2 * c), b = load(from + 2 * c + LANES);
    store(to + c, EVEN(a, b) + ODD(a, b));
  }
  for (; c < channels; c++) {
    T sum = from[c * m];
    for (int64_t q = 1; q < m; q++) sum += from[c * m + q];
    to[c * to_lane] = sum;
  }
}

static void fold(void *to_, ptrdiff_t to_step, ptrdiff_t to_lane, const void *from_, ptrdiff_t from_pitch,
                 int64_t pixels, int64_t channels, int64_t m) {
  T *to = to_;
  const T *from = from_;
  for (int64_t p = 0; p < pixels; p++, to += to_step, from += from_pitch) {
    if (m == 1) {
      fold_pixel(to, to_lane, from, channels, 1, false);
    } else if (m == 2 && to_lane == 1) {
      fold_pixel(to, 1, from, channels, 2, true);
    } else {
      fold_pixel(to, to_lane, from, channels, m, false);
    }
  }
}

const struct dw_depthwise_kernels DW_NAME(depthwise) = {LANES, ROWS, forward, expand, fold};
