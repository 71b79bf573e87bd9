// resize.c: a row of an image from a row of another: pixels picked, or weighed and added. Called by src/resize.c. Each
// element is one chain over its taps, in their order.
#include <string.h>

#include "resize.h"
#include "vec.h"

static void pick(void *y_, const void *x_, const struct dw_resize_taps *taps, int64_t n, int64_t lanes) {
  T *y = y_;
  const T *x = x_;
  for (int64_t i = 0; i < n; i++, y += lanes) {
    const T *from = x + taps[i].first * lanes;
    if (lanes < LANES) {
      for (int64_t l = 0; l < lanes; l++) y[l] = from[l];
    } else {
      memcpy(y, from, (size_t)lanes * sizeof(T));
    }
  }
}

#ifdef DW_IS_FLOAT
static void weigh(void *y_, const void *x_, const struct dw_resize_taps *taps, const double *weights, int64_t n,
                  int64_t lanes) {
  T *y = y_;
  for (int64_t i = 0; i < n; i++, y += lanes) {
    const T *x = (const T *)x_ + taps[i].first * lanes;
    const double *weight = weights + taps[i].weight;
    int64_t l = 0;
    for (; l + LANES <= lanes; l += LANES) {
      vec a = {0};
      for (int64_t k = 0; k < taps[i].count; k++) a += load(x + k * lanes + l) * (T)weight[k];
      store(y + l, a);
    }
    for (; l < lanes; l++) {
      T a = 0;
      for (int64_t k = 0; k < taps[i].count; k++) a += x[k * lanes + l] * (T)weight[k];
      y[l] = a;
    }
  }
}
#else
#define weigh NULL
#endif

const struct dw_resize_kernels DW_NAME(resize) = {LANES, pick, weigh};
