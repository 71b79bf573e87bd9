// depthwise_grad.c: the inner loops of the gradient of a depthwise convolution with respect to its kernel, vectorised
// over channels. Called by src/depthwise/grad.c only. Invariant: the sums of a strip stay in registers over all its
// rows, and are added to memory once; a row or column that lies on padding is passed over.
#include <stdbool.h>

#include "depthwise.h"
#include "vec.h"

#include "depthwise_tiles.h"

// Some output columns of all rows against up to GROUP kernel rows.
struct strip {
  const T *x, *y; // y at the first output row and column, x at the input row and column of their first tap
  T *w;           // at the first kernel row; each vector has its own sums there, whether it overlaps or not
  ptrdiff_t y_row, y_col, x_down, x_row, x_col, w_row, w_col;
  int64_t rows, q, down, extent, kernel_rows; // q: the input row of x; with each output row it moves by `down`
  int64_t stride, lanes;
  bool add;
  const struct dw_depthwise_pass *passes;
};

// sum[t] += one input row times the outputs y[m] that meet it in tap t.
INLINE void add_products(vec *sum, const vec *y, int count, int taps, const T *x, ptrdiff_t x_col, unsigned skip) {
  UNROLL
  for (int e = 0; e < count + taps - 1; e++) {
    KEEP(skip);
    if (LIKELY(!(skip & 1u << e))) {
      vec in = load(x);
      KEEP_VECTOR(in);
      UNROLL
      for (int m = 0; m < count; m++) {
        int t = e - m;
        if (t >= 0 && t < taps) sum[t] += in * y[m];
      }
    }
    x += x_col;
    KEEP(x);
  }
}

// Steps from an input column, row and output to the next; whether an input row lies on padding.
struct steps {
  ptrdiff_t x_col, x_row, y_col;
  uint64_t extent;
  int64_t kernel_rows;
};

// One output row: x[p] is at the input column of pass p's first tap.
INLINE void add_row(vec (*sum)[STRIP_TAPS], const struct steps *s, const T *const *x, const unsigned *skip, const T *y,
                    int64_t q, int count, int taps, int more) {
  vec out[STRIP];
  UNROLL
  for (int m = 0; m < count; m++) {
    out[m] = load(y);
    KEEP_VECTOR(out[m]);
    y += s->y_col;
    KEEP(y);
  }
  UNROLL
  for (int i = 0; i < GROUP; i++) {
    if (!LIKELY((uint64_t)(q + i) < s->extent && i < s->kernel_rows)) continue;
    add_products(sum[i], out, count, taps, x[0] + i * s->x_row, s->x_col, skip[0]);
    if (more) add_products(sum[i] + taps, out, count, more, x[1] + i * s->x_row, s->x_col, skip[1]);
  }
}

// `taps` of the first pass and `more` of the second, which is not there when `more` is 0.
INLINE void grad_strip(const struct strip *strip, int count, int taps, int more) {
  const struct strip local = *strip, *b = &local; // which no store can change
  const struct steps s = {b->stride * b->x_col, b->x_row, b->y_col, (uint64_t)b->extent, b->kernel_rows};
  const struct dw_depthwise_pass p[2] = {b->passes[0], b->passes[more ? 1 : 0]};
  const unsigned skip[2] = {p[0].skip, p[1].skip};
  const ptrdiff_t second = more ? p[1].x - p[0].x : 0, down = b->x_down, y_row = b->y_row;
  const T *x0 = b->x + p[0].x, *y0 = b->y;
  T *w = b->w;
  for (int64_t left = b->lanes, step;; left -= LANES, x0 += step, y0 += step, w += LANES) {
    vec sum[GROUP][STRIP_TAPS];
    UNROLL
    for (int i = 0; i < GROUP; i++) {
      UNROLL
      for (int t = 0; t < taps + more; t++) sum[i][t] = (vec){0};
    }
    const T *x[2] = {x0, x0 + second}, *y = y0;
    int64_t q = b->q;
    for (int64_t rows = b->rows; rows > 0; rows--, x[0] += down, x[1] += down, y += y_row, q += b->down) {
      add_row(sum, &s, x, skip, y, q, count, taps, more);
    }
    UNROLL
    for (int i = 0; i < GROUP; i++) {
      if (i >= s.kernel_rows) continue;
      T *to = w + i * b->w_row;
      put_sums(to + p[0].w, b->stride * b->w_col, sum[i], taps, b->add);
      if (more) put_sums(to + p[1].w, b->stride * b->w_col, sum[i] + taps, more, b->add);
    }
    if (left <= LANES) return;
    step = advance(left);
  }
}

// Two passes are done together where the second has one tap less: those of an odd kernel with stride 2.
#ifdef MANY_REGISTERS
enum { BOTH_TAPS = 4 };
#else
enum { BOTH_TAPS = 2 };
#endif

INLINE void grad_both(const struct strip *b, int count) {
  switch (b->passes->taps) {
    case 2: return grad_strip(b, count, 2, 1);
#ifdef MANY_REGISTERS
    case 3: return grad_strip(b, count, 3, 2);
    case 4: return grad_strip(b, count, 4, 3);
#endif
  }
}

INLINE void grad_one(const struct strip *b, int count) {
  switch (b->passes->taps) {
    case 1: return grad_strip(b, count, 1, 0);
    case 2: return grad_strip(b, count, 2, 0);
    case 3: return grad_strip(b, count, 3, 0);
#ifdef MANY_REGISTERS
    case 4: return grad_strip(b, count, 4, 0);
    case 5: return grad_strip(b, count, 5, 0);
    case 7: return grad_strip(b, count, 7, 0);
#endif
  }
}

// Functions for each size: one_<count> and both_<count>.
#define GRAD(name, count)                                                                                              \
  static __attribute__((noinline)) void name##_##count(const struct strip *b) { grad_##name(b, count); }
#define ENTRY(name, count) name##_##count,
EACH_STRIP(GRAD, one)
EACH_STRIP(GRAD, both)

typedef void strip_fn(const struct strip *b);
static strip_fn *const strips[2][STRIP] = {{EACH_STRIP(ENTRY, one)}, {EACH_STRIP(ENTRY, both)}};

// All kernel rows against the output columns at .. at+count-1.
static void grad_columns(struct strip *s, const struct dw_depthwise_block *b, int passes, int64_t at, int count) {
  const T *x = (const T *)b->x + b->rows.first * b->x_row + (b->cols.first + at * b->cols.stride) * b->x_col;
  const struct dw_depthwise_pass *list = b->passes;
  s->y = (const T *)b->y + at * b->y_col;
  for (int64_t i = 0; i < b->rows.taps; i += GROUP) {
    s->x = x + i * b->x_row;
    s->w = (T *)b->w + i * b->w_row;
    s->q = b->rows.first + i;
    s->kernel_rows = b->rows.taps - i;
    for (int p = 0; p < passes;) {
      bool both = p + 1 < passes && list[p].taps <= BOTH_TAPS && list[p + 1].taps == list[p].taps - 1;
      s->passes = list + p;
      strips[both][count - 1](s);
      p += both ? 2 : 1;
    }
  }
}

static void grad_kernel(const struct dw_depthwise_block *b) {
  struct strip s = {.y_row = b->y_row,
                    .y_col = b->y_col,
                    .x_down = b->rows.stride * b->x_row,
                    .x_row = b->x_row,
                    .x_col = b->x_col,
                    .w_row = b->w_row,
                    .w_col = b->w_col,
                    .rows = b->rows.count,
                    .down = b->rows.stride,
                    .extent = b->rows.extent,
                    .stride = b->cols.stride,
                    .lanes = b->lanes,
                    .add = b->add};
  int passes = list_passes(b, STRIP_TAPS);
  struct cut cut = cut_axis(b->cols.count, STRIP);
  for (int64_t c = 0, at = 0; c < cut.parts; at += part_size(&cut, c++)) {
    mark_padding(b, passes, at, part_size(&cut, c));
    grad_columns(&s, b, passes, at, part_size(&cut, c));
    s.add = true;
  }
}

static void sum(void *to_, const void *from_, ptrdiff_t from_pitch, int64_t parts, int64_t repeats, int64_t n) {
  T *to = to_;
  const T *from = from_;
  for (int64_t p = 0; p < parts; p++) {
    for (int64_t r = 0; r < repeats; r++) {
      const T *part = from + p * from_pitch + r * n;
      for (int64_t i = 0; i < n; i++) to[i] = p + r > 0 ? to[i] + part[i] : part[i];
    }
  }
}

const struct dw_depthwise_grad_kernels DW_NAME(depthwise_grad) = {grad_kernel, sum};
