// depthwise_flat.c: the inner loops of depthwise convolution, of its gradient with respect to x and of that with
// respect to the kernel, where pixels are narrower than a vector and lie side by side, see DW_FLAT. Called by
// src/depthwise only. Invariant: a row is walked as one run of lanes, in which no read goes past its beginning or end.
#include <stdbool.h>

#include "depthwise.h"
#include "vec.h"

#include "depthwise_tiles.h"

#include "depthwise_rows.h"

// ---- forward ------------------------------------------------------------------------------------

// Taps, and lanes of the input row from lo to hi-1, counted from the tile's first lane and tap.
struct flat_tile {
  struct tile t; // first, so that a row_fn may come back from it
  int64_t step, taps, lo, hi;
};

// Vectors `step` lanes apart. If it is an edge, lanes on padding are left out.
INLINE void add_vectors(vec (*sum)[TILE], int r0, int r1, int count, int no_taps, int edge, const struct tile *tile,
                        const T *x, const T *const *w, unsigned skip) {
  (void)no_taps, (void)skip;
  const struct flat_tile *b = (const struct flat_tile *)tile;
  const ptrdiff_t x_col = b->t.x_col;
  int64_t lo = b->lo, hi = b->hi;
  for (int64_t t = 0; t < b->taps; t++, x += x_col, lo -= x_col, hi -= x_col) {
    vec k[2];
    UNROLL
    for (int r = r0; r < r1; r++) k[r] = load(w[r] + t * b->t.w_col);
    if (edge) {
      int64_t first = least(most(lo, 0), LANES), end = least(most(hi, 0), LANES);
      vec in = load_lanes(x, first, end);
      for (int r = r0; r < r1; r++) sum[r][0] += keep_lanes(in * k[r], first, end);
      continue;
    }
    UNROLL
    for (int m = 0; m < count; m++) {
      vec in = load(x + m * b->step);
      KEEP_VECTOR(in);
      UNROLL
      for (int r = r0; r < r1; r++) sum[r][m] += in * k[r];
    }
  }
}

INLINE void run_tile(const struct flat_tile *tile, int lines, int count, bool edge) {
  const struct flat_tile local = *tile, *b = &local; // which no store can change
  vec sum[2][TILE];
  clear_sums(sum, lines, count);
  add_rows(add_vectors, sum, lines, count, 0, edge, &b->t, b->t.x, b->t.w, 0);
  UNROLL
  for (int r = 0; r < lines; r++) {
    UNROLL
    for (int m = 0; m < count; m++) store(b->t.y + r * b->t.y_line + m * b->step, sum[r][m]);
  }
}

// One function for each size, flat_<lines>_<vectors>, and edge_<lines>.
typedef void tile_fn(const struct flat_tile *b);
#define FLAT(lines, count)                                                                                             \
  static __attribute__((noinline)) void flat_##lines##_##count(const struct flat_tile *b) {                            \
    run_tile(b, lines, count, false);                                                                                  \
  }
#define EDGE(lines)                                                                                                    \
  static __attribute__((noinline)) void edge_##lines(const struct flat_tile *b) { run_tile(b, lines, 1, true); }
#define FLATS_OF(lines)                                                                                                \
  { flat_##lines##_1, flat_##lines##_2, NULL, flat_##lines##_4 }
#define FUNCTIONS_OF(lines) FLAT(lines, 1) FLAT(lines, 2) FLAT(lines, 4) EDGE(lines)
FUNCTIONS_OF(1)
#ifdef MANY_REGISTERS
FUNCTIONS_OF(2)
static tile_fn *const tiles[ROWS][4] = {FLATS_OF(1), FLATS_OF(2)}, *const edges[ROWS] = {edge_1, edge_2};
#else
static tile_fn *const tiles[ROWS][4] = {FLATS_OF(1)}, *const edges[ROWS] = {edge_1};
#endif

// A row of lanes, whole pixels of them at a time; the last vector moves back to end with the row. Vectors of which a
// tap lies on padding are edges.
static void run_row(struct flat_tile f, const struct dw_depthwise_block *b, int64_t lines) {
  const struct dw_depthwise_axis *a = &b->cols;
  const T *x = f.t.x + a->first * b->x_col, *w = f.t.w;
  T *y = f.t.y;
  int64_t row = a->count * b->lanes, shift = a->first * b->lanes, input = a->extent * b->lanes;
  int64_t last = least(row, input - shift - (a->taps - 1) * b->lanes) - LANES; // of the vectors that are no edges
  f.step = LANES / b->lanes * b->lanes;
  f.taps = a->taps;
  for (int64_t at = 0, n = 1; at < row; at += n * f.step) {
    bool edge = at + shift < 0 || at > last;
    int64_t from = least(at, row - LANES), whole = (last - at) / f.step + 1;
    n = edge || whole < 2 ? 1 : whole < 4 ? 2 : 4;
    f.t.x = x + from;
    f.t.y = y + from;
    f.t.w = w + from % b->lanes;
    f.lo = -(from + shift);
    f.hi = input - (from + shift);
    (edge ? edges[lines - 1] : tiles[lines - 1][n - 1])(&f);
    if (from < at) return;
  }
}

static void forward(const struct dw_depthwise_block *b) {
  struct flat_tile f = {.t = tile_of(b)};
  for (int64_t m = 0, lines; m < b->rows.count; m += lines) {
    lines = least(ROWS, b->rows.count - m);
    place_strided_rows(&f.t, b, m, lines);
    run_row(f, b, lines);
  }
}

// ---- the gradient with respect to the kernel ----------------------------------------------------

// Vectors of whole pixels, `step` lanes apart; what is in the lanes after them is not used.
struct flat {
  int64_t row, step, pixel; // lanes
  int64_t input, shift;     // lanes of an input row, and from an output to the input of its first tap
  int64_t x_row, kernel_rows, extent;
};

enum { FLAT_TAPS = 3 };

INLINE void add_flat_vector(vec *sum, vec out, const T *x, const struct flat *f, int64_t at, int taps, bool edge) {
  int64_t n = least(f->step, f->row - at), lo = -(at + f->shift), hi = f->input + lo;
  UNROLL
  for (int t = 0; t < taps; t++, x += f->pixel, lo -= f->pixel, hi -= f->pixel) {
    int64_t first = least(most(lo, 0), n), end = least(most(hi, 0), n);
    sum[t] += edge ? keep_lanes(out * load_lanes(x, first, end), first, end) : out * load(x);
  }
}

// One output row against up to GROUP kernel rows; q is the first one's input row, at which x is.
INLINE void add_flat_row(vec (*sum)[FLAT_TAPS], const T *x, const T *y, int64_t q, const struct flat *f, int taps) {
  int64_t last = least(f->row, f->input - f->shift - (taps - 1) * f->pixel) - LANES; // of the vectors that are no edges
  for (int64_t at = 0; at < f->row; at += f->step) {
    bool edge = at + f->shift < 0 || at > last;
    vec out = edge ? load_lanes(y + at, 0, least(f->step, f->row - at)) : load(y + at);
    UNROLL
    for (int i = 0; i < GROUP; i++) {
      if ((uint64_t)(q + i) >= (uint64_t)f->extent || i >= f->kernel_rows) continue;
      if (edge) {
        add_flat_vector(sum[i], out, x + i * f->x_row + at, f, at, taps, true);
      } else {
        add_flat_vector(sum[i], out, x + i * f->x_row + at, f, at, taps, false);
      }
    }
  }
}

INLINE void flat_strip(const struct dw_depthwise_block *b, const struct flat *f, int64_t i, int64_t t, int taps) {
  const T *x = (const T *)b->x + (b->rows.first + i) * b->x_row + (b->cols.first + t) * b->x_col, *y = b->y;
  T *w = (T *)b->w + i * b->w_row + t * b->w_col;
  vec sum[GROUP][FLAT_TAPS] = {{{0}}};
  for (int64_t m = 0, q = b->rows.first + i; m < b->rows.count; m++, q += b->rows.stride) {
    add_flat_row(sum, x + m * b->rows.stride * b->x_row, y + m * b->y_row, q, f, taps);
  }
  for (int64_t r = 0; r < least(GROUP, f->kernel_rows); r++) put_sums(w + r * b->w_row, b->w_col, sum[r], taps, b->add);
}

static void grad_kernel(const struct dw_depthwise_block *b) {
  struct flat f = {.row = b->cols.count * b->lanes,
                   .step = LANES / b->lanes * b->lanes,
                   .pixel = b->lanes,
                   .input = b->cols.extent * b->lanes,
                   .x_row = b->x_row,
                   .extent = b->rows.extent};
  for (int64_t i = 0; i < b->rows.taps; i += GROUP) {
    f.kernel_rows = b->rows.taps - i;
    for (int64_t t = 0; t < b->cols.taps; t += FLAT_TAPS) {
      f.shift = (b->cols.first + t) * b->lanes;
      switch (b->cols.taps - t) {
        case 1: flat_strip(b, &f, i, t, 1); break;
        case 2: flat_strip(b, &f, i, t, 2); break;
        default: flat_strip(b, &f, i, t, 3); break;
      }
    }
  }
}

const struct dw_depthwise_flat_kernels DW_NAME(depthwise_flat) = {forward, grad_kernel};
