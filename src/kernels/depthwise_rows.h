// depthwise_rows.h: the rows of a tile, the same in every way of computing one. Included by depthwise.c,
// depthwise_spread.c and depthwise_flat.c alone, after depthwise_tiles.h.
#ifndef DWCONV_DEPTHWISE_ROWS_H
#define DWCONV_DEPTHWISE_ROWS_H

// One or two output rows ("lines") of some columns. Input rows that exist are walked in order: the first of them meet
// line 0 alone, then come those that meet both lines, a gap of rows that meet none, and those that meet line 1 alone.
// Line 1 sees the kernel w_line away from where line 0 sees it.
struct tile {
  T *y;
  const T *x, *w; // at the first of these rows and the tile's first input column, and line 0's kernel row there
  ptrdiff_t y_line, y_col, x_row, x_col, w_row, w_col, w_line, w_vector; // columns are a stride apart
  int64_t first, both, gap, last, lanes;
  bool pair;
  const struct dw_depthwise_pass *passes;
  int64_t n_passes;
};

INLINE struct tile tile_of(const struct dw_depthwise_block *b) {
  return (struct tile){.y_line = b->y_row,
                       .y_col = b->y_col,
                       .x_row = b->x_row,
                       .x_col = b->cols.stride * b->x_col,
                       .w_row = b->w_row,
                       .w_col = b->cols.stride * b->w_col,
                       .w_line = -b->rows.stride * b->w_row,
                       .w_vector = b->w_vector,
                       .lanes = b->lanes,
                       .passes = b->passes};
}

// Adds one input row to the sums of lines r0 .. r1-1: w[r] is at line r's kernel row, `how` what else the way needs to
// know before it is compiled.
typedef void row_fn(vec (*sum)[TILE], int r0, int r1, int count, int taps, int how, const struct tile *b, const T *x,
                    const T *const *w, unsigned skip);

INLINE void clear_sums(vec (*sum)[TILE], int lines, int count) {
  UNROLL
  for (int r = 0; r < lines; r++) {
    UNROLL
    for (int m = 0; m < count; m++) sum[r][m] = (vec){0};
  }
}

// All input rows of a tile.
INLINE void add_rows(row_fn *add_row, vec (*sum)[TILE], int lines, int count, int taps, int how, const struct tile *b,
                     const T *x, const T *w0, unsigned skip) {
  const ptrdiff_t x_row = b->x_row, w_row = b->w_row;
  const T *w[2] = {w0, w0};
  for (int64_t n = b->first; n > 0; n--, x += x_row, w[0] += w_row) {
    add_row(sum, 0, 1, count, taps, how, b, x, w, skip);
  }
  if (lines == 1) return;
  w[1] = w[0] + b->w_line;
  for (int64_t n = b->both; n > 0; n--, x += x_row, w[0] += w_row, w[1] += w_row) {
    add_row(sum, 0, 2, count, taps, how, b, x, w, skip);
  }
  if (!LIKELY(b->gap == 0)) x += b->gap * x_row, w[1] += b->gap * w_row;
  for (int64_t n = b->last; n > 0; n--, x += x_row, w[1] += w_row) {
    add_row(sum, 1, 2, count, taps, how, b, x, w, skip);
  }
}

// Most tiles meet no column on padding. Where vectors are short, testing bits for them costs as much as their loads.
INLINE void add_padded_rows(row_fn *add_row, vec (*sum)[TILE], int lines, int count, int taps, int how,
                            const struct tile *b, const T *x, const T *w, unsigned skip) {
  if (ROWS == 1 && LIKELY(skip == 0)) {
    add_rows(add_row, sum, lines, count, taps, how, b, x, w, 0);
  } else {
    add_rows(add_row, sum, lines, count, taps, how, b, x, w, skip);
  }
}

// The kernel rows of one pass: taps neighbours a column apart.
INLINE void load_weights(vec (*k)[TAPS], int r0, int r1, int taps, const T *const *w, ptrdiff_t w_col) {
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
}

// x86 addresses reach p, p + s and p + 2*s, so one pointer serves three columns.
enum { STEP = 3 };

INLINE void store_lines(const struct tile *b, T *y, vec (*sum)[TILE], int lines, int count) {
  UNROLL
  for (int r = 0; r < lines; r++) {
    T *p = y + r * b->y_line;
    UNROLL
    for (int m = 0; m < count; m++) {
      store(p, sum[r][m]);
      p += b->y_col;
      KEEP(p);
    }
  }
}

INLINE int64_t within(int64_t a, int64_t extent) { return least(most(a, 0), extent); }

// Input rows lo .. hi-1 meet a line.
struct met {
  int64_t lo, hi;
};

// The tile begins at output row m, kernel row `tap` and the first input row that line 0 meets.
INLINE void place_rows(struct tile *t, const struct dw_depthwise_block *b, int64_t m, struct met line0,
                       struct met line1, int64_t tap) {
  t->first = least(line0.hi, line1.lo) - line0.lo;
  t->both = most(0, line0.hi - line1.lo);
  t->gap = most(0, line1.lo - line0.hi);
  t->last = line1.hi - most(line0.hi, line1.lo);
  t->y = (T *)b->y + m * b->y_row;
  t->x = (const T *)b->x + line0.lo * b->x_row;
  t->w = (const T *)b->w + tap * b->w_row;
}

// Of outputs a stride apart.
INLINE struct met rows_met(const struct dw_depthwise_block *b, int64_t m) {
  const struct dw_depthwise_axis *a = &b->rows;
  int64_t q = a->first + m * a->stride;
  return (struct met){within(q, a->extent), within(q + a->taps, a->extent)};
}

// With one line, line 1 begins where line 0 ends, so that all rows are line 0's.
INLINE void place_strided_rows(struct tile *t, const struct dw_depthwise_block *b, int64_t m, int64_t lines) {
  struct met line0 = rows_met(b, m), line1 = {line0.hi, line0.hi};
  if (lines == 2) line1 = b->w_pair != 0 ? line0 : rows_met(b, m + 1);
  place_rows(t, b, m, line0, line1, line0.lo - b->rows.first - m * b->rows.stride);
}

#endif
