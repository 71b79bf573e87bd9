// pool.c: windows of pooling: their largest element, their sum, and where the largest is. Called by src/pool/. Lanes of
// a window are neighbours, and each is a chain of its own over the taps: down each column, then from column to column.
// So it does not matter where a block of lanes or a group of windows begins.
#include <float.h>

#include "pool.h"
#include "vec.h"

#define LOWEST (sizeof(T) == 4 ? (T)-FLT_MAX : (T)-DBL_MAX)

// Vectors, and windows, that are computed together; taps.
enum { BLOCK = 4, GROUP = 4, MANY = 1 << 30 };
enum { SQUARE = 3 }; // rows of the largest windows of which groups are computed

// ---- the largest and the sum -------------------------------------------------------------------------------

enum { LARGEST, SUM };

INLINE vec begin(int op) { return all(op == LARGEST ? LOWEST : 0); }
INLINE vec join(int op, vec so_far, vec x) { return op == LARGEST ? larger_lanes(x, so_far) : so_far + x; }

INLINE vec end(int op, vec a, T scale) { return op == SUM ? a * scale : a; }

// `vectors` vectors of lanes of one window.
INLINE void reduce_vectors(T *y, const T *x, const struct dw_pool_taps *t, int op, T scale, int vectors) {
  vec a[BLOCK];
  UNROLL
  for (int v = 0; v < vectors; v++) a[v] = begin(op);
  for (int64_t k = 0; k < t->taps[2]; k++, x += t->step[2]) {
    vec c[BLOCK];
    UNROLL
    for (int v = 0; v < vectors; v++) c[v] = begin(op);
    for (int64_t i = 0; i < t->taps[0]; i++) {
      const T *p = x + i * t->step[0];
      for (int64_t j = 0; j < t->taps[1]; j++, p += t->step[1]) {
        UNROLL
        for (int v = 0; v < vectors; v++) c[v] = join(op, c[v], load(p + v * LANES));
      }
    }
    UNROLL
    for (int v = 0; v < vectors; v++) a[v] = k == 0 ? c[v] : join(op, a[v], c[v]);
  }
  UNROLL
  for (int v = 0; v < vectors; v++) store(y + v * LANES, end(op, a[v], scale));
}

INLINE void reduce_lane(T *y, const T *x, const struct dw_pool_taps *t, int op, T scale) {
  T a = op == LARGEST ? LOWEST : 0;
  for (int64_t k = 0; k < t->taps[2]; k++, x += t->step[2]) {
    T c = op == LARGEST ? LOWEST : 0;
    for (int64_t i = 0; i < t->taps[0]; i++) {
      const T *p = x + i * t->step[0];
      for (int64_t j = 0; j < t->taps[1]; j++, p += t->step[1]) c = op == SUM ? c + *p : *p > c ? *p : c;
    }
    a = op == SUM ? a + c : c > a ? c : a;
  }
  *y = op == SUM ? a * scale : a;
}

// The last vector may overlap the one before it.
INLINE void reduce_window(T *y, const T *x, const struct dw_pool_taps *t, int64_t lanes, int op, T scale) {
  int64_t l = 0;
  for (; l + BLOCK * LANES <= lanes; l += BLOCK * LANES) reduce_vectors(y + l, x + l, t, op, scale, BLOCK);
  for (; l + LANES <= lanes; l += LANES) reduce_vectors(y + l, x + l, t, op, scale, 1);
  if (l < lanes && lanes >= LANES) {
    l = lanes - LANES;
    return reduce_vectors(y + l, x + l, t, op, scale, 1);
  }
  for (; l < lanes; l++) reduce_lane(y + l, x + l, t, op, scale);
}

// A vector of lanes of GROUP windows side by side, of so many rows and columns each, `stride` columns apart: columns
// that windows share are joined once.
INLINE void reduce_group(T *y, ptrdiff_t y_step, const T *x, ptrdiff_t row, ptrdiff_t col, int op, T scale, int rows,
                         int cols, int stride) {
  vec a[GROUP];
  const T *p[SQUARE];
  UNROLL
  for (int j = 0; j < rows; j++) p[j] = x + j * row;
  UNROLL
  for (int c = 0; c < (GROUP - 1) * stride + cols; c++) {
    vec next = begin(op);
    UNROLL
    for (int j = 0; j < rows; j++) {
      next = join(op, next, load(p[j]));
      p[j] += col;
      KEEP(p[j]);
    }
    UNROLL
    for (int m = 0; m < GROUP; m++) {
      if (c == m * stride) a[m] = next;
      if (c > m * stride && c < m * stride + cols) a[m] = join(op, a[m], next);
    }
  }
  UNROLL
  for (int m = 0; m < GROUP; m++) store(y + m * y_step, end(op, a[m], scale));
}

// The last group, and the last vector of lanes, may overlap the one before it.
INLINE void reduce_groups(T *y, const T *x, const struct dw_pool_windows *w, int op, T scale, int rows, int cols,
                          int stride) {
  ptrdiff_t row = w->taps.step[1], col = w->taps.step[2];
  for (int64_t next = 0; next < w->count; next += GROUP) {
    int64_t m = least(next, w->count - GROUP), l = 0;
    T *to = y + m * w->y_step;
    const T *from = x + m * w->x_step;
    for (; l + LANES <= w->lanes; l += LANES) {
      reduce_group(to + l, w->y_step, from + l, row, col, op, scale, rows, cols, stride);
    }
    if (l == w->lanes) continue;
    l = w->lanes - LANES;
    reduce_group(to + l, w->y_step, from + l, row, col, op, scale, rows, cols, stride);
  }
}

INLINE void reduce_all(T *y, const T *x, const struct dw_pool_windows *w, int op, T scale) {
  const int64_t *taps = w->taps.taps, rows = taps[0] == 1 && w->lanes >= LANES && w->count >= GROUP ? taps[1] : 0;
  int64_t kind = rows * 100 + taps[2] * 10 + w->x_step / w->taps.step[2];
  bool whole = w->x_step % w->taps.step[2] == 0 && taps[2] <= SQUARE && w->x_step <= 2 * w->taps.step[2];
  switch (whole && rows <= SQUARE ? kind : 0) { // rows, columns, stride
    case 331: return reduce_groups(y, x, w, op, scale, 3, 3, 1);
    case 231: return reduce_groups(y, x, w, op, scale, 2, 3, 1);
    case 332: return reduce_groups(y, x, w, op, scale, 3, 3, 2);
    case 232: return reduce_groups(y, x, w, op, scale, 2, 3, 2);
    case 222: return reduce_groups(y, x, w, op, scale, 2, 2, 2);
    case 131: return reduce_groups(y, x, w, op, scale, 1, 3, 1);
    case 121: return reduce_groups(y, x, w, op, scale, 1, 2, 1);
    case 111: return reduce_groups(y, x, w, op, scale, 1, 1, 1);
  }
  for (int64_t m = 0; m < w->count; m++, y += w->y_step, x += w->x_step) {
    reduce_window(y, x, &w->taps, w->lanes, op, scale);
  }
}

static void largest(void *y, const void *x, const struct dw_pool_windows *w) { reduce_all(y, x, w, LARGEST, 1); }

static void sum(void *y, const void *x, const struct dw_pool_windows *w, double scale) {
  reduce_all(y, x, w, SUM, (T)scale);
}

// ---- where the largest is ----------------------------------------------------------------------------------

INLINE vec choose(places yes, vec a, vec b) { return (vec)(((places)a & yes) | ((places)b & ~yes)); }

// Until a tap is above the lowest number, the first one counts as the largest.
INLINE vec find_value(const T *v, const T *x, const struct dw_pool_windows *w) {
  const struct dw_pool_taps *t = &w->taps;
  vec best = begin(LARGEST), value = load(v);
  for (int64_t i = 0; i < t->taps[0]; i++) {
    for (int64_t j = 0; j < t->taps[1]; j++) {
      const T *p = x + i * t->step[0] + j * t->step[1], *q = v + i * w->along[0] + j * w->along[1];
      for (int64_t k = 0; k < t->taps[2]; k++, p += t->step[2], q += t->step[2]) {
        vec next = load(p);
        value = choose(next > best, load(q), value), best = larger_lanes(next, best);
      }
    }
  }
  return value;
}

// The number of the tap.
INLINE int64_t find_tap(const T *x, const struct dw_pool_taps *t) {
  T best = LOWEST;
  int64_t number = 0, found = 0;
  for (int64_t i = 0; i < t->taps[0]; i++) {
    for (int64_t j = 0; j < t->taps[1]; j++) {
      const T *p = x + i * t->step[0] + j * t->step[1];
      for (int64_t k = 0; k < t->taps[2]; k++, p += t->step[2], number++) {
        bool above = *p > best;
        best = above ? *p : best, found = above ? number : found;
      }
    }
  }
  return found;
}

// Where that is in v or dx.
INLINE ptrdiff_t find_offset(const T *x, const struct dw_pool_windows *w) {
  const struct dw_pool_taps *t = &w->taps;
  ptrdiff_t found = 0;
  T best = LOWEST;
  for (int64_t i = 0; i < t->taps[0]; i++) {
    for (int64_t j = 0; j < t->taps[1]; j++) {
      const T *p = x + i * t->step[0] + j * t->step[1];
      ptrdiff_t at = i * w->along[0] + j * w->along[1];
      for (int64_t k = 0; k < t->taps[2]; k++, p += t->step[2], at += t->step[2]) {
        bool above = *p > best;
        best = above ? *p : best, found = above ? at : found;
      }
    }
  }
  return found;
}

static void at_largest(void *y_, const void *v_, const void *x_, const struct dw_pool_windows *w) {
  T *y = y_;
  const T *v = v_, *x = x_;
  for (int64_t m = 0; m < w->count; m++, y += w->y_step, x += w->x_step, v += w->x_step) {
    int64_t l = 0;
    for (; l + LANES <= w->lanes; l += LANES) store(y + l, find_value(v + l, x + l, w));
    for (; l < w->lanes; l++) y[l] = v[l + find_offset(x + l, w)];
  }
}

// The number of the first of the largest, in each lane.
INLINE places find_taps(const T *x, const struct dw_pool_taps *t) {
  vec best = begin(LARGEST);
  places found = {0};
  place number = 0;
  for (int64_t i = 0; i < t->taps[0]; i++) {
    for (int64_t j = 0; j < t->taps[1]; j++) {
      const T *p = x + i * t->step[0] + j * t->step[1];
      for (int64_t k = 0; k < t->taps[2]; k++, p += t->step[2], number++) {
        vec next = load(p);
        places above = next > best, here = number - (places){0};
        found = (here & above) | (found & ~above), best = larger_lanes(next, best);
      }
    }
  }
  return found;
}

INLINE void give_vector(T *dx, vec g, places found, const struct dw_pool_windows *w, const int64_t *lo,
                        const int64_t *hi) {
  const struct dw_pool_taps *t = &w->taps;
  for (int64_t i = lo[0]; i < hi[0]; i++) {
    for (int64_t j = lo[1]; j < hi[1]; j++) {
      T *p = dx + i * w->along[0] + j * w->along[1];
      place number = (place)((i * t->taps[1] + j) * t->taps[2]);
      for (int64_t k = 0; k < t->taps[2]; k++, p += t->step[2], number++) {
        places here = number - (places){0};
        store(p, load(p) + (vec)((places)g & (found == here)));
      }
    }
  }
}

// A vector of lanes of a large window, all of whose taps may be written: each lane on its own.
INLINE void give_apart(T *dx, const T *g, const T *x, const struct dw_pool_windows *w) {
  const struct dw_pool_taps *t = &w->taps;
  vec best = begin(LARGEST);
  places found = {0};
  for (int64_t i = 0; i < t->taps[0]; i++) {
    for (int64_t j = 0; j < t->taps[1]; j++) {
      const T *p = x + i * t->step[0] + j * t->step[1];
      place at = (place)(i * w->along[0] + j * w->along[1]);
      for (int64_t k = 0; k < t->taps[2]; k++, p += t->step[2], at += (place)t->step[2]) {
        vec next = load(p);
        places above = next > best, here = at - (places){0};
        found = (here & above) | (found & ~above), best = larger_lanes(next, best);
      }
    }
  }
  for (int l = 0; l < LANES; l++) dx[l + found[l]] += g[l];
}

INLINE void give_each(T *dx, const T *g, const T *x, const struct dw_pool_windows *w) {
  for (int64_t m = 0; m < w->count; m++, g += w->y_step, x += w->x_step, dx += w->x_step) {
    for (int64_t l = 0; l < w->lanes; l += LANES) give_apart(dx + l, g + l, x + l, w);
  }
}

// A vector of lanes of a window of so many rows and columns, constants, all of which may be written.
INLINE void give_square(T *dx, vec g, const T *x, const struct dw_pool_windows *w, int rows, int cols) {
  vec best = begin(LARGEST);
  places found = {0};
  ptrdiff_t row = w->taps.step[1], along = w->along[1], col = w->taps.step[2];
  UNROLL
  for (int j = 0; j < rows; j++) {
    UNROLL
    for (int k = 0; k < cols; k++) {
      vec next = load(x + j * row + k * col);
      places above = next > best, here = (place)(j * cols + k) - (places){0};
      found = (here & above) | (found & ~above), best = larger_lanes(next, best);
    }
  }
  UNROLL
  for (int j = 0; j < rows; j++) {
    UNROLL
    for (int k = 0; k < cols; k++) {
      T *p = dx + j * along + k * col;
      places here = (place)(j * cols + k) - (places){0};
      store(p, load(p) + (vec)((places)g & (found == here)));
    }
  }
}

INLINE void give_squares(T *dx, const T *g, const T *x, const struct dw_pool_windows *w, int rows, int cols) {
  for (int64_t m = 0; m < w->count; m++, g += w->y_step, x += w->x_step, dx += w->x_step) {
    for (int64_t l = 0; l < w->lanes; l += LANES) give_square(dx + l, load(g + l), x + l, w, rows, cols);
  }
}

static void to_largest(void *dx_, const void *g_, const void *x_, const struct dw_pool_windows *w, const int64_t *lo,
                       const int64_t *hi) {
  T *dx = dx_;
  const T *g = g_, *x = x_;
  const int64_t *taps = w->taps.taps;
  bool few = taps[0] * taps[1] * taps[2] < MANY; // a lane can hold the number of a tap
  bool all_taps = lo[0] == 0 && lo[1] == 0 && hi[0] == taps[0] && hi[1] == taps[1]; // may be written
  bool whole = all_taps && w->lanes % LANES == 0;
  ptrdiff_t reach = taps[0] * w->along[0] + taps[1] * w->along[1] + taps[2] * w->taps.step[2];
  if (whole && taps[0] * taps[1] * taps[2] > LANES && reach < MANY) return give_each(dx, g, x, w);
  whole = whole && taps[0] == 1;
  if (whole && taps[1] == 2 && taps[2] == 2) return give_squares(dx, g, x, w, 2, 2);
  if (whole && taps[1] == 3 && taps[2] == 3) return give_squares(dx, g, x, w, 3, 3);
  for (int64_t m = 0; m < w->count; m++, g += w->y_step, x += w->x_step, dx += w->x_step) {
    int64_t l = 0;
    for (; few && l + LANES <= w->lanes; l += LANES) {
      give_vector(dx + l, load(g + l), find_taps(x + l, &w->taps), w, lo, hi);
    }
    for (; l < w->lanes; l++) {
      if (all_taps) {
        dx[l + find_offset(x + l, w)] += g[l];
        continue;
      }
      int64_t tap = find_tap(x + l, &w->taps), row = tap / taps[2], i = row / taps[1], j = row % taps[1];
      ptrdiff_t at = i * w->along[0] + j * w->along[1] + tap % taps[2] * w->taps.step[2];
      if (i >= lo[0] && i < hi[0] && j >= lo[1] && j < hi[1]) dx[l + at] += g[l];
    }
  }
}

// ---- weighted sums of rows ---------------------------------------------------------------------------------

INLINE void weigh_vectors(T *y, const void *const *from, const vec *weight, int count, int64_t i, bool add, int n) {
  vec a[BLOCK];
  UNROLL
  for (int v = 0; v < n; v++) a[v] = add ? load(y + i + v * LANES) : (vec){0};
  for (int k = 0; k < count; k++) {
    const T *p = (const T *)from[k] + i;
    UNROLL
    for (int v = 0; v < n; v++) a[v] += load(p + v * LANES) * weight[k];
  }
  UNROLL
  for (int v = 0; v < n; v++) store(y + i + v * LANES, a[v]);
}

static void weigh(void *y_, const void *const *from, const double *weight, int count, int64_t n, bool add) {
  T *y = y_;
  int64_t i = 0;
  vec weights[DW_POOL_WEIGHTS];
  for (int k = 0; k < count; k++) weights[k] = all((T)weight[k]);
  for (; i + BLOCK * LANES <= n; i += BLOCK * LANES) weigh_vectors(y, from, weights, count, i, add, BLOCK);
  for (; i + LANES <= n; i += LANES) weigh_vectors(y, from, weights, count, i, add, 1);
  for (; i < n; i++) {
    T a = add ? y[i] : 0;
    for (int k = 0; k < count; k++) a += ((const T *)from[k])[i] * (T)weight[k];
    y[i] = a;
  }
}

const struct dw_pool_kernels DW_NAME(pool) = {LANES, largest, sum, at_largest, to_largest, weigh};
