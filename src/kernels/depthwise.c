// depthwise.c: the inner loops of depthwise convolution and its gradients, vectorised over channels.
// Called by src/depthwise.c only, one output row at a time. Every output is one chain of multiply-adds,
// kernel rows outside, taps inside, whatever tile it falls into: its bits depend on nothing else.
#include <stdbool.h>

#include "kernels.h"
#include "vec.h"

enum { TILE = 8 }; // outputs of a row kept in registers together

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

// Outputs lo..hi-1 of a row meet all their taps inside the image.
static int64_t interior(const struct dw_depthwise_row *r, int64_t *lo) {
  int64_t s = r->stride, last = r->extent - r->taps - r->first; // m*s <= last
  *lo = least(r->first < 0 ? (-r->first + s - 1) / s : 0, r->count);
  return last < 0 ? *lo : most(*lo, least(last / s + 1, r->count));
}

// Taps t0..t1-1 of output m are inside the image.
static int64_t inside(const struct dw_depthwise_row *r, int64_t m, int64_t *t0) {
  int64_t q = r->first + m * r->stride;
  *t0 = most(0, -q);
  return least(r->taps, r->extent - q);
}

// A pixel is walked in vectors at s = 0, LANES, ... < lanes; the last one moves back to overlap the one
// before it, rather than read or write past the pixel.
static int64_t lane(const struct dw_depthwise_row *r, int64_t s) { return least(s, r->lanes - LANES); }

// ---- forward ------------------------------------------------------------------------------------

// acc[m] += sum over t < taps of x[m*stride + t] * w[t]; every input is loaded once. All bounds constant.
INLINE void add_taps(vec *acc, const T *x, ptrdiff_t x_step, const T *w, ptrdiff_t w_step, int tile, int taps,
                     int stride) {
  vec k[8];
  UNROLL
  for (int t = 0; t < taps; t++) k[t] = load(w + t * w_step);
  UNROLL
  for (int q = 0; q < (tile - 1) * stride + taps; q++) {
    vec in = load(x);
    UNROLL
    for (int m = 0; m < tile; m++) {
      int t = q - m * stride;
      if (t >= 0 && t < taps) acc[m] += in * k[t];
    }
    x += x_step;
  }
}

// The same for one tap and any stride.
INLINE void add_tap(vec *acc, const T *x, ptrdiff_t x_step, const T *w, int tile) {
  vec k = load(w);
  UNROLL
  for (int m = 0; m < tile; m++) acc[m] += load(x + m * x_step) * k;
}

// `taps` and `stride` are constants, or 0 for "as r says".
INLINE void forward_tile(const struct dw_depthwise_row *r, int64_t m, int tile, int taps, int stride) {
  ptrdiff_t dx = r->x_step, dw = r->w_step, step = (stride ? stride : r->stride) * dx;
  ptrdiff_t at = (r->first + m * r->stride) * dx;
  for (int64_t s = 0; s < r->lanes; s += LANES) {
    int64_t v = lane(r, s);
    vec acc[TILE] = {{0}};
    for (int64_t i = 0; i < r->rows; i++) {
      const T *x = (const T *)r->x[i] + at + v, *w = (const T *)r->w[i] + v;
      if (taps && stride) {
        add_taps(acc, x, dx, w, dw, tile, taps, stride);
        continue;
      }
      int64_t t = 0;
      if (stride) {
        for (; t + 4 <= r->taps; t += 4) add_taps(acc, x + t * dx, dx, w + t * dw, dw, tile, 4, stride);
        for (; t + 2 <= r->taps; t += 2) add_taps(acc, x + t * dx, dx, w + t * dw, dw, tile, 2, stride);
      }
      for (; t < r->taps; t++) add_tap(acc, x + t * dx, step, w + t * dw, tile);
    }
    T *y = (T *)r->y + m * r->y_step + v;
    UNROLL
    for (int j = 0; j < tile; j++) store(y + j * r->y_step, acc[j]);
  }
}

// One tap of one output, for the vectors at 0 and at `second`.
INLINE void add_column(vec acc[2], const T *x0, const T *w0, ptrdiff_t second, ptrdiff_t x_at, ptrdiff_t w_at) {
  acc[0] += load(x0 + x_at) * load(w0 + w_at);
  acc[1] += load(x0 + second + x_at) * load(w0 + second + w_at);
}

// One output from taps t0 .. t0+taps-1, two vectors at a time: alone, a chain of additions would wait for itself.
// The second vector of the last pair may be the first again. `taps` is a constant, or 0 for `count`.
INLINE void forward_column(const struct dw_depthwise_row *r, int64_t m, int64_t t0, int taps, int64_t count) {
  ptrdiff_t dx = r->x_step, dw = r->w_step, at = (r->first + m * r->stride + t0) * dx;
  for (int64_t s = 0; s < r->lanes; s += 2 * LANES) {
    int64_t v = lane(r, s), second = lane(r, s + LANES) - v;
    vec acc[2] = {{0}};
    for (int64_t i = 0; i < r->rows; i++) {
      const T *x = (const T *)r->x[i] + at + v, *w = (const T *)r->w[i] + t0 * dw + v;
      if (taps) {
        UNROLL
        for (int t = 0; t < taps; t++) add_column(acc, x, w, second, t * dx, t * dw);
      } else {
        for (int64_t t = 0; t < count; t++) add_column(acc, x, w, second, t * dx, t * dw);
      }
    }
    T *y = (T *)r->y + m * r->y_step + v;
    store(y, acc[0]);
    store(y + second, acc[1]);
  }
}

static void forward_columns(const struct dw_depthwise_row *r, int64_t m, int64_t end) {
  for (; m < end; m++) {
    int64_t t0, t1 = inside(r, m, &t0);
    switch (t1 - t0) {
      case 1: forward_column(r, m, t0, 1, 0); break;
      case 2: forward_column(r, m, t0, 2, 0); break;
      case 3: forward_column(r, m, t0, 3, 0); break;
      case 4: forward_column(r, m, t0, 4, 0); break;
      case 5: forward_column(r, m, t0, 5, 0); break;
      default: forward_column(r, m, t0, 0, t1 - t0); break; // more, or none (then not even t0 is inside)
    }
  }
}

INLINE void forward_row(const struct dw_depthwise_row *r, int taps, int stride) {
  int64_t lo, hi = interior(r, &lo), m = lo;
  forward_columns(r, 0, lo);
  for (; m + TILE <= hi; m += TILE) forward_tile(r, m, TILE, taps, stride);
  if (m + TILE / 2 <= hi) forward_tile(r, m, TILE / 2, taps, stride), m += TILE / 2;
  if (m + TILE / 4 <= hi) forward_tile(r, m, TILE / 4, taps, stride), m += TILE / 4;
  forward_columns(r, m, r->count); // what is left, and the edge
}

static void forward(const struct dw_depthwise_row *r) {
  if (r->stride == 1) {
    switch (r->taps) {
      case 1: return forward_row(r, 1, 1);
      case 2: return forward_row(r, 2, 1); // half of a 3, as strides leave it to the gradient of x
      case 3: return forward_row(r, 3, 1);
      case 5: return forward_row(r, 5, 1);
      default: return forward_row(r, 0, 1);
    }
  }
  if (r->stride == 2) {
    switch (r->taps) {
      case 3: return forward_row(r, 3, 2);
      case 5: return forward_row(r, 5, 2);
      default: return forward_row(r, 0, 2);
    }
  }
  forward_row(r, 0, 0);
}

// ---- gradient of the kernel ---------------------------------------------------------------------

enum { GROUP3 = 3, GROUP5 = VECTOR_BYTES < 64 ? 2 : 4, GROUP4 = 2 }; // kernel rows summed together

// acc[i][u] += sum over m of y[m] * x[i][q(m) + u]. `edge`: taps may lie outside the image, each is asked.
INLINE void grad_span(vec acc[][5], const struct dw_depthwise_row *r, const T *const *x, const T *y, int64_t m,
                      int64_t end, int64_t t, int group, int taps, bool edge) {
  ptrdiff_t at = (r->first + m * r->stride) * r->x_step, step = r->stride * r->x_step;
  y += m * r->y_step;
  for (; m < end; m++, at += step, y += r->y_step) {
    int64_t t0 = 0, t1 = 0;
    if (edge) t1 = inside(r, m, &t0) - t, t0 -= t;
    vec g = load(y);
    UNROLL
    for (int u = 0; u < taps; u++) {
      if (edge && (u < t0 || u >= t1)) continue;
      UNROLL
      for (int i = 0; i < group; i++) acc[i][u] += g * load(x[i] + at + u * r->x_step);
    }
  }
}

// Kernel rows i0 .. i0+group-1, taps t .. t+taps-1. The sums of vector s go to w + s, not to its lane:
// what two overlapping vectors share must not be added twice.
INLINE void grad_block(const struct dw_depthwise_row *r, int64_t i0, int64_t t, int group, int taps) {
  int64_t lo, hi = interior(r, &lo);
  for (int64_t s = 0; s < r->lanes; s += LANES) {
    vec acc[4][5];
    const T *x[4], *y = (const T *)r->y + lane(r, s);
    UNROLL
    for (int i = 0; i < group; i++) {
      x[i] = (const T *)r->x[i0 + i] + t * r->x_step + lane(r, s);
      UNROLL
      for (int u = 0; u < taps; u++) acc[i][u] = (vec){0};
    }
    grad_span(acc, r, x, y, 0, lo, t, group, taps, true);
    grad_span(acc, r, x, y, lo, hi, t, group, taps, false);
    grad_span(acc, r, x, y, hi, r->count, t, group, taps, true);
    UNROLL
    for (int i = 0; i < group; i++) {
      UNROLL
      for (int u = 0; u < taps; u++) {
        T *w = (T *)r->w[i0 + i] + (t + u) * r->w_step + s;
        store(w, load(w) + acc[i][u]);
      }
    }
  }
}

INLINE void grad_taps(const struct dw_depthwise_row *r, int64_t t, int group, int taps) {
  int64_t i = 0;
  for (; i + group <= r->rows; i += group) grad_block(r, i, t, group, taps);
  if (group > 2 && i + 2 <= r->rows) grad_block(r, i, t, 2, taps), i += 2;
  for (; i < r->rows; i++) grad_block(r, i, t, 1, taps);
}

static void grad_kernel(const struct dw_depthwise_row *r) {
  if (r->taps == 3) return grad_taps(r, 0, GROUP3, 3);
  if (r->taps == 5) return grad_taps(r, 0, GROUP5, 5);
  int64_t t = 0;
  for (; t + 4 <= r->taps; t += 4) grad_taps(r, t, GROUP4, 4);
  for (; t < r->taps; t++) grad_taps(r, t, GROUP3, 1);
}

// ---- multiplier and narrow pixels ---------------------------------------------------------------

// Copies of a value are stored a whole vector at a time; the next value overwrites the surplus.
static void expand(void *to_, ptrdiff_t to_pitch, const void *from_, ptrdiff_t from_step, ptrdiff_t from_lane,
                   int64_t pixels, int64_t first, int64_t lanes, int64_t m) {
  T *to = to_;
  const T *from = from_;
  for (int64_t p = 0; p < pixels; p++, to += to_pitch, from += from_step) {
    int64_t c = first / m, next = (c + 1) * m - first;
    for (int64_t l = 0; l < lanes; next += m) {
      vec v = all(from[c++ * from_lane]);
      int64_t end = least(next, lanes);
      for (; l < end; l += LANES) store(to + l, v);
      l = end;
    }
    for (int64_t l = lanes; l < to_pitch; l++) to[l] = 0;
  }
}

INLINE void fold_by(T *to, ptrdiff_t to_step, ptrdiff_t to_lane, const T *from, ptrdiff_t from_pitch, int64_t pixels,
                    int64_t channels, int64_t m) {
  for (int64_t p = 0; p < pixels; p++, to += to_step, from += from_pitch) {
    for (int64_t c = 0; c < channels; c++) {
      T sum = from[c * m];
      for (int64_t q = 1; q < m; q++) sum += from[c * m + q];
      to[c * to_lane] = sum;
    }
  }
}

static void fold(void *to, ptrdiff_t to_step, ptrdiff_t to_lane, const void *from, ptrdiff_t from_pitch, int64_t pixels,
                 int64_t channels, int64_t m) {
  if (m == 1) return fold_by(to, to_step, to_lane, from, from_pitch, pixels, channels, 1);
  if (m == 2 && to_lane == 1) return fold_by(to, to_step, 1, from, from_pitch, pixels, channels, 2);
  fold_by(to, to_step, to_lane, from, from_pitch, pixels, channels, m);
}

static void sum(void *to_, const void *from_, ptrdiff_t from_pitch, int64_t parts, int64_t n) {
  T *to = to_;
  const T *from = from_;
  for (int64_t i = 0; i < n; i++) to[i] = from[i];
  for (int64_t p = 1; p < parts; p++) {
    for (int64_t i = 0; i < n; i++) to[i] += from[p * from_pitch + i];
  }
}

const struct dw_depthwise_kernels DW_NAME(depthwise) = {LANES, forward, grad_kernel, expand, fold, sum};
