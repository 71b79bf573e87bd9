// resize.c: a row of an image from a row of another: pixels picked, or weighed and added. Called by src/resize.c. Each
// element is one chain over its taps, in their order.
#include <string.h>

#include "resize.h"
#include "vec.h"

enum { FEW = 4 }; // lanes up to which pixels have code of their own

// Pixels of so many lanes, which may be a constant.
INLINE void pick_pixels(T *y, const T *x, const struct dw_resize_taps *taps, int64_t n, int64_t lanes) {
  for (int64_t i = 0; i < n; i++, y += lanes) {
    const T *from = x + taps[i].first * lanes;
    for (int64_t l = 0; l < lanes; l++) y[l] = from[l];
  }
}

static void pick(void *y_, const void *x_, const struct dw_resize_taps *taps, int64_t n, int64_t lanes) {
  T *y = y_;
  const T *x = x_;
  switch (lanes) {
    case 1: return pick_pixels(y, x, taps, n, 1);
    case 2: return pick_pixels(y, x, taps, n, 2);
    case 3: return pick_pixels(y, x, taps, n, 3);
    case 4: return pick_pixels(y, x, taps, n, 4);
  }
  if (lanes < LANES) return pick_pixels(y, x, taps, n, lanes);
  for (int64_t i = 0; i < n; i++, y += lanes) memcpy(y, x + taps[i].first * lanes, (size_t)lanes * sizeof(T));
}

#ifdef DW_IS_FLOAT
// Lanes `l` and on of a pixel.
INLINE void weigh_lanes(T *y, const T *x, const double *weight, int64_t count, int64_t lanes, int64_t l) {
  for (; l < lanes; l++) {
    T a = 0;
    for (int64_t k = 0; k < count; k++) a += x[k * lanes + l] * (T)weight[k];
    y[l] = a;
  }
}

// Nearly all pixels of an image that grows are made of one or two.
INLINE void weigh_pixel(T *y, const T *x, const double *weight, int64_t count, int64_t lanes) {
  int64_t l = 0;
  if (count == 2) {
    vec first = all((T)weight[0]), second = all((T)weight[1]);
    for (; l + LANES <= lanes; l += LANES) store(y + l, load(x + l) * first + load(x + lanes + l) * second);
  } else {
    for (; l + LANES <= lanes; l += LANES) {
      vec a = {0};
      for (int64_t k = 0; k < count; k++) a += load(x + k * lanes + l) * (T)weight[k];
      store(y + l, a);
    }
  }
  weigh_lanes(y, x, weight, count, lanes, l);
}

// Pixels of a few lanes, a constant.
INLINE void weigh_few(T *y, const T *x, const struct dw_resize_taps *taps, const double *weights, int64_t n,
                      int lanes) {
  for (int64_t i = 0; i < n; i++, y += lanes) {
    const T *from = x + taps[i].first * lanes;
    const double *weight = weights + taps[i].weight;
    T a[FEW] = {0};
    for (int64_t k = 0; k < taps[i].count; k++, from += lanes) {
      UNROLL
      for (int l = 0; l < lanes; l++) a[l] += from[l] * (T)weight[k];
    }
    UNROLL
    for (int l = 0; l < lanes; l++) y[l] = a[l];
  }
}

static void weigh(void *y_, const void *x_, const struct dw_resize_taps *taps, const double *weights, int64_t n,
                  int64_t lanes) {
  T *y = y_;
  const T *x = x_;
  switch (lanes) {
    case 1: return weigh_few(y, x, taps, weights, n, 1);
    case 2: return weigh_few(y, x, taps, weights, n, 2);
    case 3: return weigh_few(y, x, taps, weights, n, 3);
    case 4: return weigh_few(y, x, taps, weights, n, 4);
  }
  for (int64_t i = 0; i < n; i++, y += lanes) {
    weigh_pixel(y, x + taps[i].first * lanes, weights + taps[i].weight, taps[i].count, lanes);
  }
}
#else
#define weigh NULL
#endif

const struct dw_resize_kernels DW_NAME(resize) = {LANES, pick, weigh};
