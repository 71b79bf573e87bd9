// depthwise_tiles.h: how depthwise kernels walk an axis, forward and for the kernel's gradient: passes of neighbouring
// taps over tiles of neighbouring outputs. Included by the kernels of depthwise alone, after vec.h.
#ifndef DWCONV_DEPTHWISE_TILES_H
#define DWCONV_DEPTHWISE_TILES_H

// A tile is ROWS x TILE outputs and passes of TAPS taps; a strip, for the kernel's gradient, is STRIP outputs against
// GROUP kernel rows in passes of STRIP_TAPS. Sums, with the weights of a kernel row (or the outputs) and one input,
// fill the register file: 32 vectors, or 16.
#define UP_TO_6(X, n) X(n, 1) X(n, 2) X(n, 3) X(n, 4) X(n, 5) X(n, 6)
#define UP_TO_8(X, n) UP_TO_6(X, n) X(n, 7) X(n, 8)
#define UP_TO_10(X, n) UP_TO_8(X, n) X(n, 9) X(n, 10)
#if VECTOR_BYTES == 64 || defined __aarch64__
#define MANY_REGISTERS
#define EACH_TILE UP_TO_8 // EACH_TILE(X, n) is X(n, 1) ... X(n, TILE)
#define EACH_STRIP UP_TO_8
enum { TILE = 8, ROWS = 2, TAPS = 7, STRIP = 8, GROUP = 3, STRIP_TAPS = 7 };
#else
#define EACH_TILE UP_TO_10
#define EACH_STRIP UP_TO_6
enum { TILE = 10, ROWS = 1, TAPS = 5, STRIP = 6, GROUP = 3, STRIP_TAPS = 3 };
#endif

// Of `left` taps, how many one pass takes: any number up to 5, or 7.
INLINE int64_t pass_taps(int64_t left, int64_t longest) {
  int64_t usual = least(longest, 5);
  if (left <= longest && left != 6) return left;
  return left < 2 * usual ? (left + 1) / 2 : usual;
}

// Taps c, c + s, c + 2s, ... of an axis with stride s meet neighbouring outputs in input columns s apart: a stride is s
// passes of stride 1, of at most `longest` taps each. None if the block has no kernel row.
INLINE int list_passes(const struct dw_depthwise_block *b, int64_t longest) {
  const struct dw_depthwise_axis *a = &b->cols;
  int n = 0;
  for (int64_t c = 0; b->rows.taps > 0 && c < least(a->stride, a->taps); c++) {
    for (int64_t t = c; t < a->taps; t += b->passes[n++].taps * a->stride) {
      int taps = (int)pass_taps((a->taps - t + a->stride - 1) / a->stride, longest);
      b->passes[n] = (struct dw_depthwise_pass){.at = t, .x = t * b->x_col, .w = t * b->w_col, .taps = taps};
    }
  }
  return n;
}

// All input columns but lo .. hi-1 lie on padding.
INLINE unsigned padding(int64_t lo, int64_t hi) { return hi > lo ? ~((1u << hi) - (1u << lo)) : ~0u; }

// For a tile of `count` outputs from output m on.
INLINE void mark_padding(const struct dw_depthwise_block *b, int passes, int64_t m, int count) {
  const struct dw_depthwise_axis *a = &b->cols;
  for (struct dw_depthwise_pass *p = b->passes; p < b->passes + passes; p++) {
    int64_t q = a->first + m * a->stride + p->at, columns = count + p->taps - 1, lo = 0, hi = 0;
    p->skip = 0;
    if (q >= 0 && q + (columns - 1) * a->stride < a->extent) continue;
    if (q < 0) lo = least((-q + a->stride - 1) / a->stride, columns);
    if (q < a->extent) hi = least((a->extent - 1 - q) / a->stride + 1, columns);
    p->skip = padding(lo, hi);
  }
}

// An axis is cut into parts of nearly one size, the larger ones first.
struct cut {
  int64_t parts, low, high;
};

INLINE struct cut cut_axis(int64_t count, int64_t size) {
  int64_t parts = (count + size - 1) / size;
  return (struct cut){parts, parts > 0 ? count / parts : 0, parts > 0 ? count % parts : 0};
}

INLINE int part_size(const struct cut *c, int64_t i) { return (int)(c->low + (i < c->high)); }

// A pixel is walked in vectors; the last one moves back to overlap the one before it, rather than read or write past
// the pixel. How far the next one is, when `left` lanes are.
INLINE int64_t advance(int64_t left) { return left < 2 * LANES ? left - LANES : LANES; }

// For the kernel's gradient: sums of neighbouring taps of w.
INLINE void put_sums(T *w, ptrdiff_t w_col, const vec *sum, int taps, bool add) {
  UNROLL
  for (int t = 0; t < taps; t++) {
    store(w, add ? load(w) + sum[t] : sum[t]);
    w += w_col;
    KEEP(w);
  }
}

#endif
