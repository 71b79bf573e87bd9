// depthwise_pack.c: the inner loops that bring pixels into the form that the depthwise kernels read, and back. Called
// by src/depthwise.
#include <stdbool.h>

#include "depthwise.h"
#include "vec.h"

// Lanes of a pixel that lie side by side, each once or twice, a vector at a time; 0 after them, up to a vector.
INLINE void expand_pixel(T *restrict to, const T *restrict from, int64_t lanes, int m) {
  int64_t l = 0;
  for (; l + m * LANES <= lanes; l += m * LANES) {
    vec v = load(from + l / m);
    store(to + l, m == 1 ? v : ZIP_LOW(v, v));
    if (m == 2) store(to + l + LANES, ZIP_HIGH(v, v));
  }
  for (; l < lanes; l++) to[l] = from[l / m];
  for (; l < LANES; l++) to[l] = 0;
}

// Copies of a value are stored a whole vector at a time; the next value overwrites the surplus.
INLINE void expand_values(T *to, const T *from, ptrdiff_t from_lane, int64_t first, int64_t lanes, int64_t m) {
  int64_t c = first / m, next = (c + 1) * m - first;
  for (int64_t l = 0; l < lanes; next += m) {
    vec v = all(from[c++ * from_lane]);
    int64_t end = least(next, lanes);
    for (; l < end; l += LANES) store(to + l, v);
    l = end;
  }
  for (int64_t l = lanes; l < LANES; l++) to[l] = 0;
}

// copies[q][i]: how many values after the first lane i's value is, in a vector that begins at copy q of m of a value;
// for those q that vectors from lane `first` on begin at.
static void lay_places(places *copies, int64_t m, int64_t first) {
  int64_t q = first % m;
  do {
    for (int64_t i = 0, c = 0, left = m - q; i < LANES; i++, left--) {
      if (left == 0) c++, left = m;
      copies[q][i] = (place)c;
    }
    q = (q + LANES) % m;
  } while (q != first % m);
}

// Lanes in m copies of each value. `channels`, a vector at least, is the number of values up to the last that is
// needed.
INLINE void expand_copies(T *to, const T *from, int64_t channels, int64_t first, int64_t lanes, int64_t m,
                          const places *copies) {
  int64_t c = first / m, q = first % m, whole = LANES / m, rest = LANES % m;
  for (int64_t l = 0; l < lanes; l += LANES) {
    int64_t at = least(c, channels - LANES);
    store(to + l, permute(load(from + at), copies[q] + (place)(c - at)));
    c += whole;
    q += rest;
    if (q >= m) q -= m, c++;
  }
}

static void expand(void *to_, ptrdiff_t to_pitch, const void *from_, ptrdiff_t from_step, ptrdiff_t from_lane,
                   int64_t pixels, int64_t first, int64_t lanes, int64_t m) {
  T *to = to_;
  const T *from = from_;
  bool whole = from_lane == 1 && m <= 2 && first % m == 0;
  int64_t channels = (first + lanes - 1) / m + 1;
  bool copied = from_lane == 1 && m <= LANES && channels >= LANES && lanes >= LANES;
  places copies[LANES];
  if (!whole && copied) lay_places(copies, m, first);
  for (int64_t p = 0; p < pixels; p++, to += to_pitch, from += from_step) {
    if (whole && m == 1) {
      expand_pixel(to, from + first, lanes, 1);
    } else if (whole) {
      expand_pixel(to, from + first / 2, lanes, 2);
    } else if (copied) {
      expand_copies(to, from, channels, first, lanes, m, copies);
    } else {
      expand_values(to, from, from_lane, first, lanes, m);
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
    } else if (m == 3 && to_lane == 1) { // a constant: compilers then make vector code
      fold_pixel(to, 1, from, channels, 3, false);
    } else if (m == 4 && to_lane == 1) {
      fold_pixel(to, 1, from, channels, 4, false);
    } else {
      fold_pixel(to, to_lane, from, channels, m, false);
    }
  }
}

const struct dw_depthwise_pack_kernels DW_NAME(depthwise_pack) = {expand, fold};
